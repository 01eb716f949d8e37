#!/bin/sh
# Workers and supervisors that die: every job still gets its answer, and only those are blamed that are to blame.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"
need pgrep

# shellcheck disable=SC2119
start_sender
# shellcheck disable=SC2119
configure
make_spool
planspoold=$build/tests/planspoold_crash
export "CRASH_ONCE=$scratch/crashed"

# holds EVENT COUNT JOB: that many such lines are in the log of a job.
holds() {
	[ "$(cat "$spool"/*/"prod.$3/log.jsonl" | grep -c "\"event\":\"$1\"")" -eq "$2" ]
}
# more_than LINES: the transcript has grown.
more_than() {
	[ "$(wc -l <"$sender/transcript")" -gt "$1" ]
}
workers() {
	pgrep -P "$spooler_pid"
}

# Plans that their worker dies of, beside others that are on their way in the same workers.
for kind in always once stall; do
	echo "{\"format_version\":\"1.2\",\"resource_changes\":[],\"x\":\"crash-$kind\"}" >"$sender/$kind.json"
	script "$kind" plan "200 body=$kind.json"
done
innocent=
for i in 1 2 3 4 5 6 7 8 9 10; do
	innocent="$innocent innocent$i"
	script "innocent$i" plan "200 stall=3000 until=go"
	accept_job "innocent$i"
done
# shellcheck disable=SC2119
start_spooler
for name in $innocent; do
	retry 30 asked_again "$name" plan 0 || fail "$name is not fetched"
done
accept_job crash-intake
echo '{"errors":[{"detail":"crash-answer"}]}' >"$sender/answer.json"
script answer plan "404 body=answer.json"
script curl plan "200 body=always.json type=crash-curl"
script hopeless final "404 body=answer.json"
for kind in always once stall answer curl hopeless; do
	accept_job "$kind"
done
for kind in always stall once answer curl; do
	retry 60 [ -d "$spool/done/prod.$kind" ] || fail "$kind does not end"
done
expect always failed 'ended the checking process three times'
expect stall failed 'ended the checking process three times'
expect answer failed 'ended the checking process three times'
assert "answer was blamed" holds blamed 3 answer
expect curl failed 'ended the checking process three times'
assert "curl was blamed" holds blamed 3 curl
assert_equal "deaths that nobody is blamed for" 0 "$(grep -c 'error: worker' "$scratch/spooler.log")"
expect once passed '1 passed'
assert "always was blamed" holds blamed 3 always
assert "stall was blamed" holds blamed 3 stall
assert "once was blamed" holds blamed 1 once
assert_grep "always: why" 'busy with this job was ended by signal 6' "$spool/done/prod.always/log.jsonl"
assert_grep "stall: why" 'busy with this job stood still for 5 s and was ended' "$spool/done/prod.stall/log.jsonl"
for name in $innocent; do
	assert "$name waits" [ -d "$spool/active/prod.$name" ]
	assert "$name is not blamed" holds blamed 0 "$name"
done
resumed=$(grep -l '"event":"resumed"' "$spool"/active/prod.innocent*/log.jsonl | wc -l)
assert "some went on in another worker: $resumed" [ "$resumed" -ge 5 ]

# Blamed jobs whose sender does not take the answer leave places to others that were blamed.
lone=
for i in 1 2 3 4 5 6; do
	lone="$lone lone$i"
	script "lone$i" plan "200 body=always.json"
	script "lone$i" final '503, 200 until=go'
	accept_job "lone$i"
done
for name in $lone; do
	retry 60 asked_again "$name" final 1 || fail "$name is not answered"
done
rm "$CRASH_ONCE"
script another plan "200 body=once.json"
accept_job another
retry 60 [ -d "$spool/done/prod.another" ] || fail "another waits for others that were blamed"

# A worker that is stopped while it has nothing to do is replaced.
replaced() {
	! kill -0 "$1" 2>/dev/null
}
for pid in $(workers); do
	kill -STOP "$pid" || continue
	stopped=$pid
done
retry 30 replaced "$stopped" || fail "a worker that stands still stays"
accept_job afterwards
retry 30 [ -d "$spool/done/prod.afterwards" ] || fail "nobody is there after all workers stood still"

# kill -9 of all workers, while the sender stalls.
: >"$scratch/counts"
for name in $innocent; do
	echo "$name $(how_often "$name" plan)" >>"$scratch/counts"
done
for pid in $(workers); do
	kill -9 "$pid" || :
done
while read -r name count; do
	retry 30 asked_again "$name" plan "$count" || fail "$name is not taken up again"
done <"$scratch/counts"

# What nobody can even claim is put aside after three deaths.
retry 60 [ ! -e "$spool/new/prod.crash-intake.json" ] || fail "crash-intake stays in new/"
assert_grep "crash-intake" 'prod.crash-intake: workers die of claiming it; it is corrupt/prod.crash-intake.json' "$scratch/spooler.log"
assert_equal "deaths by crash-intake" 3 "$(grep -c 'prod.crash-intake: worker [0-9]* was ended by signal 6' "$scratch/spooler.log")"

# kill -9 of the supervisor: its workers go with it, and the next one takes over.
old=$(workers)
kill -9 "$spooler_pid"
wait "$spooler_pid" || :
for pid in $old; do
	retry 10 sh -c "! kill -0 $pid" || fail "a worker outlives its supervisor"
done
: >"$sender/go"
# What cannot even be answered ends with a reason after six.
assert "hopeless is blamed" [ "$(cat "$spool"/*/prod.hopeless/log.jsonl | grep -c '"blamed"')" -ge 1 ]
# Its waits grow, and are not waited for here.
log=$spool/active/prod.hopeless/log.jsonl
while [ -f "$log" ] && [ "$(grep -c '"blamed"' "$log")" -lt 5 ]; do
	echo '{"event":"blamed"}' >>"$log"
done
run_spooler
assert_grep "hopeless" '"event":"undelivered","detail":"workers die even of answering it"' "$spool/undelivered/prod.hopeless/log.jsonl"
assert "its result is kept" [ -f "$spool/undelivered/prod.hopeless/result.json" ]
for name in $lone; do
	assert_grep "$name" 'ended the checking process three times' "$spool/done/prod.$name/result.json"
done
for name in $innocent; do
	expect "$name" passed '1 passed'
	assert "$name: taken over" holds 'taken over' 1 "$name"
	assert "$name: never blamed" holds blamed 0 "$name"
done
assert_equal "dead leases are removed" '' "$(ls "$spool/spoolers")"

# kill -9 at any moment, again and again: of each job all finals are the same, and the last was accepted.
planspoold=$build/planspoold
many=$(seq -f many%g 40)
for name in $many; do
	accept_job "$name"
done
# asked_or_done LINES: the transcript has grown, or there was only something to tidy up.
asked_or_done() {
	more_than "$1" || [ -z "$(find "$spool/new" "$spool/active" -name 'prod.many*')" ]
}
round=0
while [ -n "$(find "$spool/new" "$spool/active" -name 'prod.many*')" ] && [ $((round += 1)) -le 20 ]; do
	before=$(wc -l <"$sender/transcript")
	# shellcheck disable=SC2119
	start_spooler
	retry 20 asked_or_done "$before" || fail "nothing more is asked"
	kill -9 "$spooler_pid"
	wait "$spooler_pid" 2>/dev/null || :
done
# The workers of the one that was killed last may hold its lease for a moment more.
all_ended() {
	"$planspoold" --once 2>>"$scratch/spooler.log" && [ -z "$(find "$spool/new" "$spool/active" -name 'prod.many*')" ]
}
retry 30 all_ended || fail "left: $(ls "$spool/new" "$spool/active")"
run_spooler
for name in $many; do
	assert "$name ends in done/" [ -f "$spool/done/prod.$name/result.json" ]
	for sent in "$sender/$name".final.*; do
		cmp -s "$sent" "$spool/done/prod.$name/result.json" || fail "$name: ${sent##*/} is another result"
	done
done
expect_no_secrets
finish
