#!/bin/sh
# Clocks that are set, forwards and back by days, while jobs are on their way: deadlines of what is under way do not move,
# what comes in afterwards is answered, waits for another try go on, and no spooler takes a job from one that lives.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

planspoold=$build/tests/planspoold_hasty
start_sender
configure
make_spool
echo 0 >"$scratch/clock"

# set_clock SECONDS: for all who run with_clock.
set_clock() {
	echo "$1" >"$scratch/clock.new"
	mv "$scratch/clock.new" "$scratch/clock"
}
# with_clock HOST: a spooler with this clock; sets $spooler_pid.
with_clock() {
	LD_PRELOAD=$build/tests/faults.so PLANSPOOL_FAULTS_CLOCK=$scratch/clock PLANSPOOL_FAULTS_HOST=$1 "$planspoold" \
		2>>"$scratch/spooler.log" &
	spooler_pid=$!
	pids="$pids $spooler_pid"
}
# accept_now NAME: by the handler, with this clock.
accept_now() {
	handler_environment="LD_PRELOAD=$build/tests/faults.so PLANSPOOL_FAULTS_CLOCK=$scratch/clock ASAN_OPTIONS=$ASAN_OPTIONS"
	accept_job "$1"
	handler_environment=
}
done_soon() {
	retry 60 [ -d "$spool/done/prod.$1" ] || fail "$1 does not end after the clock was set to $(cat "$scratch/clock") s"
}
# renewals HOST: how often its lease was renewed.
renewals() {
	sed -n "s/.*\"host\":\"$1\".*\"renewals\":\([0-9]*\).*/\1/p" "$spool"/spoolers/* | head -n 1
}
renewed() {
	[ "$(renewals "$1")" -gt "$2" ]
}

with_clock alpha
day=86400
for step in $((2 * day)) $((-2 * day)) 0; do
	name=step$step
	script "$name" plan "200 stall=1000 until=go$step"
	script "$name-final" final '503, 503, 200'
	accept_now "$name"
	accept_now "$name-final"
	retry 30 asked_again "$name" plan 0 || fail "$name is not fetched"
	retry 30 asked_again "$name-final" final 0 || fail "$name-final is not delivered"
	set_clock "$step"
	: >"$sender/go$step"
	accept_now "$name-after"
	for job in "$name" "$name-final" "$name-after"; do
		done_soon "$job"
		expect "$job" passed '1 passed'
	done
done

# A sender that is away for half an hour, on both clocks, is answered when it is back; one that is away for longer than the run
# lasts is not, and the log says why.
stop_spooler
echo 0 >"$scratch/passed"
PLANSPOOL_FAULTS_PASSED=$scratch/passed
export PLANSPOOL_FAULTS_PASSED
planspoold=$build/planspoold
with_clock alpha
planspoold=$build/tests/planspoold_hasty
script away30 final '503, 503, 200'
script away61 final 503
for minutes in 30 61; do
	name=away$minutes
	accept_now "$name"
	retry 30 asked_again "$name" final 1 || fail "$name is not delivered"
	passed=$(($(cat "$scratch/passed") + minutes * 60))
	set_clock "$passed"
	echo "$passed" >"$scratch/passed.new"
	mv "$scratch/passed.new" "$scratch/passed"
done
done_soon away30
expect away30 passed '1 passed'
retry 60 [ -d "$spool/undelivered/prod.away61" ] || fail "away61 does not end"
assert_grep "away61: log" '"undelivered","detail":"503; the run.s time is over"' "$spool/undelivered/prod.away61/log.jsonl"
rm -r "$spool/undelivered/prod.away61"
unset PLANSPOOL_FAULTS_PASSED
stop_spooler
set_clock 0
with_clock alpha

# Two hosts, one job. Each sees its own clock and the other's jump while it waits for more than the lease of 3 s.
script held plan '200 stall=1000 until=release'
accept_now held
retry 30 asked_again held plan 0 || fail "held is not fetched"
with_clock beta
retry 30 renewed beta 0 || fail "beta does not start"
for step in "$day" "-$day" 0; do
	set_clock "$step"
	now=$(renewals beta)
	retry 30 renewed beta $((now + 8)) || fail "beta does not renew its lease"
	assert_equal "asked for the plan" 1 "$(how_often held plan)"
done
: >"$sender/release"
done_soon held
expect held passed '1 passed'
expect_asked PATCH held 'running:200 final:200'
assert_equal "taken over" '' "$(grep -l 'taken over' "$spool"/done/*/log.jsonl)"
assert_equal "corrupt or undelivered" '' "$(find "$spool/corrupt" "$spool/undelivered" -mindepth 1)"
finish
