#!/bin/sh
# Taking jobs up: what is no job, what cannot be read or opened, and jobs whose endpoint is gone.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"

# shellcheck disable=SC2119
start_sender
configure '  old:' '    path: /run-task/old' "    hmac_keys: [$scratch/prod.key]" "    hosts: [\"$api\"]" '    checks: []' \
	'  lost:' '    path: /run-task/lost' "    hmac_keys: [$scratch/prod.key]" "    hosts: [\"http://localhost:$api_port\"]" \
	'    checks: []'
make_spool
echo x >"$spool/done/prod.stray"
accept_job stray
accept_job good
accept_job broken
accept_job old endpoint=old
accept_job lost endpoint=lost "plan=http://localhost:$api_port/api/v2/plans/lost/json-output" \
	"callback=http://localhost:$api_port/api/v2/task-results/lost/callback?secret=q-lost"
accept_job rehosted endpoint=lost "plan=http://localhost:$api_port/api/v2/plans/rehosted/json-output" \
	"callback=http://localhost:$api_port/api/v2/task-results/rehosted/callback?secret=q-rehosted"
mv "$spool/new/lost.rehosted.json" "$scratch/rehosted.json"
accept_job moved
accept_job later

# One sealed with a key that the spooler will not have, as after restoring an old spool.
mkdir "$scratch/other"
"$build/tests/mkspool" "$spool" "$scratch/other"
cp "$scratch/planspool.yaml" "$scratch/saved.yaml"
sed -i "s|public_key: [^,]*|public_key: $scratch/other/seal.pub|" "$scratch/planspool.yaml"
accept_job unsealed
cp "$scratch/saved.yaml" "$scratch/planspool.yaml"

# Envelopes that are none, or not theirs.
cd "$spool/new"
sealed() {
	sed -n 's/.*"sealed":"\([^"]*\)".*/\1/p' "$1"
}
sed "s/$(sealed prod.moved.json)/$(sealed prod.later.json)/" prod.moved.json >"$scratch/moved"
mv "$scratch/moved" prod.moved.json
cp prod.good.json prod.renamed.json
head -c 200 prod.good.json >prod.torn.json
printf '{"format":1}\n' >prod.little.json
: >prod.empty.json
sed 's/"format":1/"format":2/' prod.good.json >prod.format.json
head -c 9000000 /dev/zero >prod.large.json

# What the spooler never put there.
ln -s /etc/passwd prod.link.json
ln -s ../../sender.token prod.token.json
mkfifo prod.fifo.json
mkdir -p prod.folder.json/deep
echo x >prod.folder.json/deep/x
echo x >junk
echo x >.hidden
echo x >prod.json
echo x >'prod.a b.json'
echo x >"$(printf 'prod.line\nend.json')"
echo x >"prod.$(head -c 240 /dev/zero | tr '\0' n).json"
mkfifo pipe
strange=18
if [ "$(id -u)" -eq 0 ]; then
	cp prod.good.json prod.foreign.json
	chown 65534 prod.foreign.json
	strange=$((strange + 1))
fi
# More than one scan moves.
seq -f many%.0f 250 | xargs touch
strange=$((strange + 250))
dead=claim.0123456789abcdef0123456789abcdef
mkdir ../active/prod.broken ../active/prod.broken/result.json
touch "../active/prod.broken/$dead"
mv prod.broken.json ../active/prod.broken/request.json
cd ../active
mkdir prod.unclaimed
echo x >prod.unclaimed/request.json
touch -d '2 minutes ago' prod.unclaimed
echo x >prod.file
ln -s ../../ prod.upwards
mkdir junk prod.linked
touch "prod.linked/$dead"
ln -s /etc/passwd prod.linked/request.json
mkdir -p ../done/prod.deep/1/2/3/4/5 '../done/a b'
touch -d '31 days ago' ../done/prod.deep
ln -s /etc ../undelivered/prod.link
strange=$((strange + 7))
cd "$build"

# The endpoints go while jobs of theirs wait; the origin of one is still that of another endpoint.
# shellcheck disable=SC2119
configure
script good running "200 until=go"
start_spooler --once
retry 30 grep -q '"what":"running".*"job":"good"\|"job":"good","what":"running"' "$sender/transcript" || fail "good is not taken up"
# Again, while it is being worked on, and once it has ended.
cp "$spool/active/prod.good/request.json" "$spool/new/prod.good.json"
: >"$sender/go"
wait "$spooler_pid" || fail "planspoold: exit status $?"
cp "$spool/done/prod.good/request.json" "$spool/new/prod.good.json"
run_spooler

expect good passed '1 passed'
expect_asked PATCH good 'running:200 final:200'
expect later passed '1 passed'
expect stray passed '1 passed'
assert_grep 'broken: log' '"event":"undelivered","detail":"result.json cannot be read' "$spool/undelivered/prod.broken/log.jsonl"
assert 'what is deep is removed, too' [ -z "$(find "$spool/done" -name '*deep*' -o -name '.remove*')" ]
for name in active/prod.file active/prod.upwards active/junk done/prod.stray 'done/a b' undelivered/prod.link; do
	assert_grep "$name is in the log" "$name is no job; it is corrupt/" "$scratch/spooler.log"
done
mv "$spool/done/old.old" "$spool/done/prod.old"
expect old failed 'endpoint old is no longer configured'
assert "old: no policy set is named, as none judged it" [ -z "$(grep -i 'policy set' "$folder/result.json" "$folder/log.jsonl")" ]
expect_asked GET old ''
for row in lost.lost:'endpoint lost is no longer configured' prod.unsealed:'none of the 1 secret seal keys opens it' \
	prod.moved:'belongs to another job'; do
	assert_grep "${row%%:*}: log" "\"event\":\"undelivered\",\"detail\":\"[^\"]*${row#*:}" "$spool/undelivered/${row%%:*}/log.jsonl"
	assert "${row%%:*}: its request is kept" [ -s "$spool/undelivered/${row%%:*}/request.json" ]
done
# Its endpoint is there, but has other hosts now; another endpoint has the callback's.
hosts="[\"$api\", \"http://localhost:$api_port\"]"
configure '  lost:' '    path: /run-task/lost' "    hmac_keys: [$scratch/prod.key]" "    hosts: [\"$api\"]" '    checks: []'
mv "$scratch/rehosted.json" "$spool/new/lost.rehosted.json"
run_spooler
mv "$spool/done/lost.rehosted" "$spool/done/prod.rehosted"
expect rehosted failed 'no longer one of the hosts of endpoint lost'
expect_asked GET rehosted ''
assert_equal "asked for no other job" '' "$(grep -Ev '"job":"(good|later|old|stray|rehosted)"' "$sender/transcript" || :)"

# All is kept as it was, named in the log, and nothing was followed or opened.
kept=$(find "$spool/corrupt" -mindepth 1 -maxdepth 1 | tr '\n' '?' | sed 's/line?end/line-end/' | tr '?' '\n' | wc -l)
assert_equal "kept in corrupt/" "$strange" "$kept"
assert "a folder is kept whole" [ -f "$spool"/corrupt/prod.folder.json.*/deep/x ]
assert "a link is kept as a link" [ -L "$(echo "$spool"/corrupt/prod.link.json.*)" ]
for row in torn:'.*' little:'.*' renamed:'.*' format:'.*' large:'larger than 8388608 bytes' link:'not a file that can be opened' \
	fifo:'not a regular file' empty:'.*'; do
	assert_grep "${row%%:*} is in the log" "prod[.]${row%%:*}(.json)?: .*(moved to corrupt/|${row#*:}.*; it is corrupt/)" "$scratch/spooler.log"
done
assert "a line end in a name is escaped" [ -z "$(grep '^end.json' "$scratch/spooler.log")" ]
assert_equal "another's file" '' "$(grep -rl 'root:' "$spool" || :)"
expect_no_secrets

# Keys that are no pair are told at the start, before the handler's 503 tells it.
sed -i "s|public_key: [^,]*|public_key: $scratch/other/seal.pub|" "$scratch/planspool.yaml"
"$build/planspoold" --once 2>"$scratch/pair.log" || fail "planspoold --once: exit status $?"
assert_grep 'no pair' 'seal.public_key: no secret_key is the other half of .*other/seal.pub' "$scratch/pair.log"

finish
