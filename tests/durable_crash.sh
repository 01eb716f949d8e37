#!/bin/sh
# Crash anywhere: the handler while it accepts a job, and the spooler while it carries one, are killed at each of
# their system calls in turn and started again. What was answered 200 is never lost, what is sent is one final, and
# where the crash comes between publishing and sending, it is the final that was published, though the plan would then
# be judged otherwise. With PLANSPOOL_TEST_LONG=1 also at calls that change nothing, and with a second crash in the
# recovery.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

start_sender
configure
sed -i 's/^workers: .*/workers: 1/' "$scratch/planspool.yaml"
make_spool
cp -a "$spool" "$scratch/empty"

# ---- accepting ----

all=1
post_with_faults "$spool" count count
assert_grep "without a fault" '^Status: 200 ' "$scratch/response"
calls=$(faults_done "$spool")
calls=${calls% *}
assert "calls of an accept" [ "$calls" -gt 20 ]
rm -rf "$spool"
cp -a "$scratch/empty" "$spool"
names=
for n in $(seq 1 $((calls + 1))); do
	post_with_faults "$spool" "crash:$n" "a$n"
	! grep -q '^Status: 200 ' "$scratch/response" || assert "answered 200, killed at call $n" [ -f "$spool/new/prod.a$n.json" ]
	[ "$n" -gt "$calls" ] || assert_equal "killed at call $n" "$n 1" "$(faults_done "$spool")"
	accept_job "a$n"
	assert_equal "jobs after $n" "$n" "$(jobs_new)"
	names="$names a$n"
done
cp "$scratch/planspool.yaml" "$spool.yaml"
recover "$spool" || fail "recovery"
for name in $names; do
	answered_once "$spool" "$name" || fail "$name"
done
assert_equal "corrupt" '' "$(ls "$spool/corrupt")"

# ---- a job's life ----

all=$long
rm -rf "$spool"
cp -a "$scratch/empty" "$spool"
echo count | make_jobs "$spool"
spool_of "$scratch/count"
with_faults "$scratch/count" count "$build/planspoold" -c "$scratch/count.yaml" --once 2>>"$scratch/spooler.log"
calls=$(faults_done "$scratch/count")
calls=${calls% *}
assert "calls of a job's life" [ "$calls" -gt 40 ]
rm -rf "$spool"
cp -a "$scratch/empty" "$spool"

# life HOW.N: a job whose spooler, or only the worker, is killed at call N.
life() {
	how=${1%%.*} n=${1#*.} name=$how-${1#*.} s=$scratch/spool-$1
	spool_of "$s"
	echo "$name" | make_jobs "$s"
	with_faults "$s" "$how:$n" "$build/planspoold" -c "$s.yaml" --once 2>>"$s.log" || :
	[ -z "$long" ] || with_faults "$s" "$how:$((n / 2 + 1))" "$build/planspoold" -c "$s.yaml" --once 2>>"$s.log" || :
	if ! recover "$s" || ! answered_once "$s" "$name" || [ -n "$(find "$s/corrupt" "$s/undelivered" -mindepth 1)" ]; then
		cat "$s.log"
		return 1
	fi
	retry 5 rm -rf "$s" "$s".*
}
crashes='' deaths=''
for n in $(seq 1 $((calls + 3))); do
	crashes="$crashes crash.$n" deaths="$deaths die.$n"
	changing "crash-$n" "die-$n"
done
# shellcheck disable=SC2086
in_parallel 3 life $crashes
# A worker that died is replaced after a second.
# shellcheck disable=SC2086
in_parallel 16 life $deaths
finish
