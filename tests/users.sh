#!/bin/sh
# Handler and spooler as two users, with nginx in front: plans go through, and what one user can and cannot do with
# what is the other's, an attempt a line. A third user stands for whoever else got into the handler's group. Needs
# root to become them.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need nginx curl openssl setpriv
[ -x "$build/planspool-sim" ] || { echo "$test_name: configured without the simulator"; exit 77; }
[ "$(id -u)" -eq 0 ] || { echo "$test_name: needs root"; exit 77; }

# These three are on every system, with a group of their own each.
web_user=www-data spool_user=daemon third_user=nobody
web_group=$(id -gn $web_user)
spool_is="setpriv --reuid=$spool_user --regid=$(id -g $spool_user) --groups=$(id -g $web_user)"
web_is="setpriv --reuid=$web_user --regid=$(id -g $web_user) --clear-groups"
# shellcheck disable=SC2034
third_is="setpriv --reuid=$third_user --regid=$(id -g $web_user) --clear-groups"

chmod 711 "$scratch"
mkdir "$scratch/bin" "$scratch/etc" "$scratch/run" "$scratch/var"
cp "$build/planspool.fcgi" "$build/planspoold" "$build/planspool" "$scratch/bin/"
cp -r "$src/examples/policies" "$scratch/etc/"
chmod -R a+rX "$scratch/etc" "$scratch/bin"
chown $spool_user "$scratch/var"
chown $web_user "$scratch/run"
spool=$scratch/var/spool etc=$scratch/etc

# Keys as planspool.service and planspoold.service need them: root's, each readable for the one user that needs it.
make_cert
cp "$scratch/tls.pem" "$etc/ca.pem"
"$build/planspool" keygen seal "$etc" >"$scratch/keygen.log"
"$build/planspool" keygen hmac "$etc/prod.key" >>"$scratch/keygen.log"
chgrp "$web_group" "$etc/prod.key"
chmod 640 "$etc/prod.key"
chgrp "$(id -gn $spool_user)" "$etc/seal.key"
chmod 640 "$etc/seal.key"
chmod 644 "$etc/seal.pub" "$etc/ca.pem"
# Below the ports that connections get for their own end.
api=$((20000 + $(random_port) % 12000))
storage=$((api + 1))
cat >"$etc/planspool.yaml" <<END
spool: $spool
seal: {public_key: seal.pub, secret_key: [seal.key]}
handler_user: $web_user
endpoints:
  prod:
    path: /run-task/prod
    hmac_keys: [prod.key]
    hosts:
      - {url: "https://127.0.0.1:$api", ca_file: ca.pem}
      - http://127.0.0.1:9
    storage: ["https://127.0.0.1:$storage"]
    checks: [{policies: [policies]}]
END

start_spooler() {
	$spool_is "$scratch/bin/planspoold" -c "$etc/planspool.yaml" 2>>"$scratch/planspoold.log" &
	spooler_pid=$!
	pids="$pids $spooler_pid"
}

stop_spooler() {
	kill -TERM "$spooler_pid"
	wait "$spooler_pid" || fail "planspoold: exit status $?"
}

healthy() {
	request /run-task/prod/health
	[ "$status" = 200 ]
}

# run_task PLAN STATUS
run_task() {
	ended=0
	"$build/planspool-sim" --endpoint "$url/run-task/prod" --hmac-key "$etc/prod.key" --ca-file "$scratch/tls.pem" \
		--listen "127.0.0.1:$api" --storage-listen "127.0.0.1:$storage" --tls-cert "$scratch/tls.pem" \
		--tls-key "$scratch/tls.key" --plan "$src/tests/plans/$1/plan.json" >"$scratch/sim.log" 2>&1 || ended=$?
	assert_equal "the plan $1" "$2" "$ended"
}

# can WHO COMMAND...; WHO is a word of web, spool, third.
can() {
	eval "who_is=\$$1_is"
	who=$1
	shift
	# shellcheck disable=SC2154
	$who_is "$@" >/dev/null 2>"$scratch/can.log" || fail "$who cannot: $*: $(cat "$scratch/can.log")"
}

# cannot WHO COMMAND...: it fails, and for want of rights.
cannot() {
	eval "who_is=\$$1_is"
	who=$1
	shift
	if $who_is "$@" >/dev/null 2>"$scratch/cannot.log"; then
		fail "$who can: $*"
	fi
	grep -Eq 'Permission denied|not permitted' "$scratch/cannot.log" || fail "$who: $*: $(cat "$scratch/cannot.log")"
}

# --- a full run
$web_is "$scratch/bin/planspool.fcgi" -c "$etc/planspool.yaml" -l "unix:$scratch/run/handler.sock" \
	2>"$scratch/handler.log" &
handler_pid=$!
pids="$pids $handler_pid"
start_nginx "unix:$scratch/run/handler.sock"
start_spooler
retry 20 healthy || fail "health: $status"
run_task create 1
run_task lifecycle 0
both_done() {
	[ "$(find "$spool/done" -mindepth 1 -maxdepth 1 | wc -l)" -eq 2 ]
}
retry 20 both_done || fail "not both jobs are in done/: $(ls "$spool/done")"
assert_equal "whose they are" "$spool_user" "$(find "$spool/done" -mindepth 1 -printf '%u\n' | sort -u)"
over=$(basename "$(find "$spool/done" -mindepth 1 -maxdepth 1 | head -n 1)")

# --- keys and configuration
can web cat "$etc/planspool.yaml"
can web cat "$etc/prod.key"
can web cat "$etc/seal.pub"
cannot web cat "$etc/seal.key"
cannot web cp /dev/null "$etc/seal.key"
cannot web chmod 666 "$etc/prod.key"
can spool cat "$etc/seal.key"
# It is a member of the handler's group.
can spool cat "$etc/prod.key"
cannot spool tee "$etc/prod.key"
cannot third cat "$etc/seal.key"

# --- a job that waits
stop_spooler
sed -e 's|https://app.terraform.io|http://127.0.0.1:9|g' "$payloads/post_plan.json" >"$scratch/body"
post /run-task/prod "$scratch/body" "$(cat "$etc/prod.key")"
expect "accepted" 200
waiting=prod.taskrs-2nH5dncYoXaMVQmJ
job=$spool/new/$waiting.json
assert_equal "owner, group and mode" "$web_user $web_group 640" "$(stat -c '%U %G %a' "$job")"
can spool cat "$job"
cannot spool tee "$job"
can third cat "$job"
cannot third tee "$job"
cannot third rm -f "$job"
cannot third mv "$job" "$spool/new/prod.taskrs-other.json"
cannot third mv "$job" "$spool/tmp/x"
can third cp "$job" "$spool/new/prod.taskrs-foreign.json"
# Only their owner can move them elsewhere.
can web mkdir "$spool/new/folder" "$spool/new/folder/deep" "$spool/new/prod.taskrs-folder.json" "$spool/new/prod.taskrs-folder.json/x"
cannot web rm -f "$spool/new/prod.taskrs-foreign.json"
cannot web mv "$spool/new/prod.taskrs-foreign.json" "$spool/new/prod.taskrs-mine.json"
can spool touch "$spool/new/prod.taskrs-spare.json"
cannot web rm -f "$spool/new/prod.taskrs-spare.json"
can spool rm "$spool/new/prod.taskrs-spare.json"
# The handler holds its file open while it is claimed, and writes into it afterwards.
$web_is sh -c "exec 9>>'$job'; : >'$scratch/run/open'; until [ -e '$scratch/run/claimed' ]; do sleep 0.05; done
	echo evil >&9; : >'$scratch/run/written'" &
pids="$pids $!"
retry 20 test -e "$scratch/run/open" || fail "no file held open"

# --- a job under way; it stays so, because its sender does not answer
start_spooler
active=$spool/active/$waiting
under_way() {
	[ -f "$active/request.json" ] && [ ! -e "$job" ]
}
retry 20 under_way || fail "the job is not claimed"
set_aside() {
	[ ! -e "$spool/new/prod.taskrs-foreign.json" ]
}
retry 20 set_aside || fail "a file of another user is not refused"
assert_equal "a file of another user is no job" 0 \
	"$(find "$spool" -path '*active/prod.taskrs-foreign*' | wc -l | tr -d ' ')"
assert_equal "it is kept" 1 "$(find "$spool/corrupt" -name 'prod.taskrs-foreign.json*' | wc -l | tr -d ' ')"
assert_grep "the log says why" 'taskrs-foreign.*(owner|user|belongs)' "$scratch/planspoold.log"
for name in folder prod.taskrs-folder.json; do
	retry 20 test ! -e "$spool/new/$name" || fail "new/$name stays in the way"
	assert_equal "new/$name is kept" 1 "$(find "$spool/new" -mindepth 2 -path "*/.foreign.$name.*" | wc -l | tr -d ' ')"
	assert_equal "the log names it once" 1 "$(grep -c "$name.*it is new/.foreign.$name" "$scratch/planspoold.log")"
done
before=$(cksum <"$active/request.json")
: >"$scratch/run/claimed"
retry 20 test -e "$scratch/run/written" || fail "the file that was held open is not written"
assert_equal "the job, after its file in new/ was changed" "$before" "$(cksum <"$active/request.json")"
post /run-task/prod "$scratch/body" "$(cat "$etc/prod.key")"
expect "a duplicate of a job under way" 200
assert "is not spooled again" [ ! -e "$job" ]

can web stat "$active"
can web ls -d "$active"
cannot web ls "$active"
cannot web ls "$spool/active"
cannot web cat "$active/request.json"
cannot web cat "$active/log.jsonl"
cannot web tee "$active/request.json"
cannot web touch "$active/result.json"
cannot web rm -f "$active/request.json"
cannot web mv "$active" "$spool/new/x"
cannot web mv "$active" "$spool/tmp/x"
cannot web rmdir "$active"
cannot web mkdir "$spool/active/prod.taskrs-forged"
cannot web ln -s /etc "$spool/active/prod.taskrs-forged"
cannot web chmod 777 "$active"
cannot third cat "$active/request.json"

# --- what has ended
post /run-task/prod "$scratch/body" "$(cat "$etc/prod.key")"
can web stat "$spool/done/$over"
cannot web ls "$spool/done"
cannot web ls "$spool/undelivered"
cannot web ls "$spool/corrupt"
cannot web stat "$spool/corrupt/x"
cannot web cat "$spool/done/$over/result.json"
cannot web cat "$spool/done/$over/request.json"
cannot web tee "$spool/done/$over/result.json"
cannot web rm -rf "$spool/done/$over"
cannot web mkdir "$spool/done/prod.taskrs-forged"
cannot web mkdir "$spool/undelivered/prod.taskrs-forged"

# --- the spool itself
can web cat "$spool/format"
can web cat "$spool/seal-keys"
cannot web tee "$spool/seal-keys"
cannot web mv "$spool/seal-keys" "$spool/tmp/seal-keys"
cannot web rm -f "$spool/format"
cannot web touch "$spool/x"
cannot web mv "$spool/new" "$spool/old"
cannot web rmdir "$spool/tmp"
cannot web chmod 777 "$spool/new"
can web ls "$spool/spoolers"
cannot web touch "$spool/spoolers/0123456789abcdef0123456789abcdef"
cannot web tee "$(find "$spool/spoolers" -type f | head -n 1)"
cannot web rm -f "$(find "$spool/spoolers" -type f | head -n 1)"

# --- the processes
cannot web kill -0 "$spooler_pid"
cannot spool kill -0 "$handler_pid"
cannot web cat "/proc/$spooler_pid/environ"
cannot web cat "/proc/$handler_pid/environ"
cannot spool ls "/proc/$spooler_pid/fd"

stop_spooler
kill -TERM "$handler_pid"
wait "$handler_pid" || fail "the handler: exit status $?"
finish
