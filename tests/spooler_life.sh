#!/bin/sh
# The spooler's own life: reload, stop, two of them on one spool, limits of time, many jobs at once.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"
need pgrep

# shellcheck disable=SC2119
start_sender
cp "$src/tests/plans/lifecycle/destroy.json" "$sender/destroy.json"
# shellcheck disable=SC2119
configure
make_spool

accept_and_wait() {
	accept_job "$@"
	retry 30 [ -d "$spool/done/prod.$1" ] || fail "$1 does not end"
}

# --once without anything to do makes the spool and ends.
rm -r "$spool"
run_spooler
assert "made a spool" [ -d "$spool/new" ]

# HUP: the next job goes by the new checks, one on its way by the old; what is faulty changes nothing.
for name in before during after broken again; do
	script "$name" plan "200 body=destroy.json"
done
sed -i '/^during plan/d' "$sender/script"
script during plan "200 body=destroy.json stall=1000 until=reloaded"
# shellcheck disable=SC2119
start_spooler
accept_and_wait before
expect before passed '1 passed'
accept_job during
retry 30 asked_again during plan 0 || fail "during is not fetched"
checks='[{changes: {max_delete: 0}}]'
# shellcheck disable=SC2119
configure
kill -HUP "$spooler_pid"
retry 30 logged ': reloaded$' 1 || fail "not reloaded"
accept_and_wait after
expect after failed '1 failed'
assert "during is on its way" [ -d "$spool/active/prod.during" ]
: >"$sender/reloaded"
retry 30 [ -d "$spool/done/prod.during" ] || fail "during does not end"
expect during passed '1 passed'
expect_asked GET during plan:200
for faulty in "checks: [{changes: {max_delete: many}}]" "hosts: nowhere" "nonsense"; do
	# shellcheck disable=SC2119
	configure
	sed -i "s/^    checks: .*/    $faulty/" "$scratch/planspool.yaml"
	before=$(grep -c 'not reloaded' "$scratch/spooler.log" || :)
	kill -HUP "$spooler_pid"
	retry 30 logged 'not reloaded: what was in force stays' $((before + 1)) || fail "$faulty is taken"
done
# shellcheck disable=SC2119
configure
accept_and_wait broken
expect broken failed '1 failed'
for i in 1 2 3 4 5; do
	kill -HUP "$spooler_pid"
	accept_and_wait "hup$i"
done
retry 30 sh -c "[ \"\$(pgrep -P $spooler_pid | wc -l)\" -eq 2 ]" || fail "workers of old settings stay"

# However often it is reloaded while a sender keeps its jobs waiting, old workers do not pile up.
waiting=
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	script "waits$i" plan "200 stall=1000 until=enough"
	accept_job "waits$i"
	retry 30 asked_again "waits$i" plan 0 || fail "waits$i is not fetched"
	waiting="$waiting waits$i"
	before=$(grep -c ': reloaded$' "$scratch/spooler.log")
	kill -HUP "$spooler_pid"
	retry 30 logged ': reloaded$' $((before + 1)) || fail "not reloaded"
done
retry 30 sh -c "[ \"\$(pgrep -P $spooler_pid | wc -l)\" -le 10 ]" || fail "old workers pile up"
: >"$sender/enough"
for name in $waiting; do
	retry 30 [ -d "$spool/done/prod.$name" ] || fail "$name does not end"
	expect "$name" passed '1 passed'
done

# Few descriptors: fewer jobs at once, but all of them.
# shellcheck disable=SC2119
stop_spooler
few=$(seq -f few%g 80)
for name in $few; do
	script "$name" plan "200 stall=100 until=few"
	accept_job "$name"
done
few_fetched() {
	[ "$(grep -c '"job":"few[0-9]*","what":"plan"' "$sender/transcript")" -ge 8 ]
}
(
	# shellcheck disable=SC3045
	ulimit -n 48
	exec "$planspoold" 2>>"$scratch/spooler.log"
) &
spooler_pid=$!
pids="$pids $spooler_pid"
retry 30 few_fetched || fail "nothing is fetched with few descriptors"
assert "no more are taken up than can be carried" [ "$(find "$spool/active" -name 'prod.few*' | wc -l)" -le 8 ]
: >"$sender/few"
for name in $few; do
	retry 60 [ -d "$spool/done/prod.$name" ] || fail "$name does not end"
done
assert_equal "descriptors are enough" '' "$(grep 'Too many open files' "$scratch/spooler.log")"

# TERM: what can be finished is, the rest is left to the next start. A second one ends at once.
script finishes final "200 until=finish"
script stalls plan "200 stall=1000 until=never"
accept_job finishes
accept_job stalls
retry 30 asked_again finishes final 0 || fail "finishes is not delivered"
retry 30 asked_again stalls plan 0 || fail "stalls is not fetched"
kill -TERM "$spooler_pid"
retry 30 logged 'signal 15: stopping, with 2 jobs under way' 1 || fail "TERM is not heard"
accept_job late
: >"$sender/finish"
retry 30 [ -d "$spool/done/prod.finishes" ] || fail "finishes is not finished"
# shellcheck disable=SC2119
stop_spooler
assert "stalls is left" [ -d "$spool/active/prod.stalls" ]
assert "late is left" [ -f "$spool/new/prod.late.json" ]
expect_asked PATCH stalls 'running:200'
: >"$sender/script"
run_spooler
expect stalls passed '1 passed'
expect late passed '1 passed'

# limits.job counts from the acceptance: what stalls is answered, what waited too long is not even begun, and after the
# sender's hour a final is tried once.
# backdate JOB HOURS: as if it had been accepted so long ago.
backdate() {
	sed -i "s/\"received_at\":\"[^\"]*\"/\"received_at\":\"$(date -u -d "$2 hours ago" +%Y-%m-%dT%H:%M:%S.000Z)\"/" \
		"$spool/new/prod.$1.json"
}
accept_job ancient
accept_job ancient500
script ancient500 final 500
backdate ancient 2
backdate ancient500 2
limits='{job: 2s}'
# shellcheck disable=SC2119
configure
script slow plan "200 stall=1000 until=never"
script unready plan 204
accept_job slow
accept_job unready
run_spooler
expect ancient failed 'limits.job.*before it could be taken up'
expect_asked GET ancient ''
expect_asked PATCH ancient500 'final:500'
assert_grep "ancient500: log" '"event":"undelivered","detail":"500; the run.s time is over"' \
	"$spool/undelivered/prod.ancient500/log.jsonl"
expect slow failed 'limits.job. was over before the plan had come whole .0 resources, 1000 bytes so far.'
expect unready failed 'limits.job. was over before the plan had come whole .0 resources, 0 bytes so far.'
limits=

# Two on one spool: each job is done once.
# shellcheck disable=SC2119
configure
many=$(seq -f twin%g 50)
for name in $many; do
	accept_job "$name"
done
"$planspoold" --once 2>>"$scratch/twin.log" &
twin_pid=$!
pids="$pids $twin_pid"
start_spooler --once
wait "$twin_pid" || fail "the first: exit status $?"
wait "$spooler_pid" || fail "the second: exit status $?"
for name in $many; do
	expect "$name" passed '1 passed'
	expect_asked PATCH "$name" 'running:200 final:200'
done

# Two on one spool, and only one has the new key yet: what the other cannot open is left to it.
mkdir "$scratch/new-key"
"$build/tests/mkspool" "$scratch/elsewhere" "$scratch/new-key" || fail "mkspool"
cp "$scratch/planspool.yaml" "$scratch/old.yaml"
before=$(grep -c ': working on ' "$scratch/spooler.log")
start_spooler
lacks_pid=$spooler_pid
retry 30 logged ': working on ' $((before + 1)) || fail "the spooler does not start"
sed -i -e "s|public_key: [^,]*|public_key: $scratch/new-key/seal.pub|" -e "s|seal.key\]|seal.key, $scratch/new-key/seal.key]|" \
	"$scratch/planspool.yaml"
start_spooler
announced() {
	[ "$(wc -l <"$spool/seal-keys")" -eq 2 ]
}
retry 30 announced || fail "the new key is not announced: $(cat "$spool/seal-keys")"
sealed=$(seq -f sealed%g 4)
kill -STOP "$spooler_pid"
for name in $sealed; do
	accept_job "$name"
	retry 30 logged "prod.$name: left: no key" 1 || fail "$name is not left to the other"
done
kill -CONT "$spooler_pid"
for name in $sealed; do
	retry 60 [ -d "$spool/done/prod.$name" ] || fail "$name does not end: $(ls -d "$spool"/*/prod."$name")"
	expect "$name" passed '1 passed'
done
stop_spooler "$lacks_pid"
# shellcheck disable=SC2119
stop_spooler
cp "$scratch/old.yaml" "$scratch/planspool.yaml"

# What has been kept long enough goes, what has not stays.
mkdir "$spool/undelivered/prod.old"
touch -d '31 days ago' "$spool/done/prod.twin1"
touch -d '29 days ago' "$spool/done/prod.twin2"
touch -d '91 days ago' "$spool/undelivered/prod.old"
touch -d '2 hours ago' "$spool/tmp/left"
run_spooler
for gone in done/prod.twin1 undelivered/prod.old tmp/left; do
	assert "$gone is removed" [ ! -e "$spool/$gone" ]
done
assert "twin2 stays" [ -d "$spool/done/prod.twin2" ]

# A spooler that was started with other keys has replaced what the handler is told: it is told again while we run.
keys=$(cat "$spool/seal-keys")
holds_lease() {
	[ -n "$(ls "$spool/spoolers")" ]
}
start_spooler
retry 20 holds_lease || fail "the spooler does not start"
echo 0123456789abcdef >"$spool/seal-keys"
retry 30 grep -qx "$keys" "$spool/seal-keys" || fail "the seal keys are not announced again"
# shellcheck disable=SC2119
stop_spooler

assert_equal "nothing is put aside" '' "$(ls "$spool/corrupt")"
expect_no_secrets
finish
