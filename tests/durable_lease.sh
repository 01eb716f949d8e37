#!/bin/sh
# Leases: a spooler is stopped at one of its system calls for longer than its lease lasts, another one on another
# host, whose clock is twenty minutes slower, takes its job over and answers, and then the first goes on where it
# stood. The sender never gets two different finals, though the plan would be judged otherwise the second time. At
# every third call; with PLANSPOOL_TEST_LONG=1 at each.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

step=${long:+1}
step=${step:-3}
planspoold=$build/tests/planspoold_hasty
start_sender
configure
sed -i 's/^workers: .*/workers: 1/' "$scratch/planspool.yaml"
make_spool
cp -a "$spool" "$scratch/empty"

echo count | make_jobs "$spool"
with_faults "$spool" count "$planspoold" --once 2>>"$scratch/spooler.log"
calls=$(faults_done "$spool")
rm -rf "$spool"
cp -a "$scratch/empty" "$spool"

stopped() {
	[ "$(faults_done "$s" | cut -d ' ' -f 2)" = 1 ]
}

# stop_at N: a job whose spooler is stopped at call N.
stop_at() {
	name=stop-$1 s=$scratch/spool-$1
	spool_of "$s"
	echo "$name" | make_jobs "$s"
	(
		export PLANSPOOL_FAULTS_ROOT="$s" PLANSPOOL_FAULTS_STATE="$s.state" PLANSPOOL_FAULTS="stop:$1" PLANSPOOL_FAULTS_HOST=alpha \
			PLANSPOOL_FAULTS_CLOCK=600
		exec env LD_PRELOAD="$build/tests/faults.so" "$planspoold" -c "$s.yaml" --once 2>>"$s.log"
	) &
	alpha=$!
	retry 20 stopped
	LD_PRELOAD=$build/tests/faults.so PLANSPOOL_FAULTS_HOST=beta PLANSPOOL_FAULTS_CLOCK=-600 "$planspoold" -c "$s.yaml" 2>>"$s.beta" &
	beta=$!
	ended=0
	retry 20 grep -q 'working on' "$s.beta" || ended=4
	retry 60 [ -d "$s/done/prod.$name" ] || ended=1
	kill -CONT "-$alpha"
	retry 20 over "$alpha" || ended=2
	kill -KILL "-$alpha" 2>/dev/null || :
	kill -TERM "$beta"
	wait "$beta" || ended=3
	if [ "$ended" -ne 0 ] || ! answered_once "$s" "$name" ||
	    [ -n "$(find "$s/corrupt" "$s/undelivered" -mindepth 1)" ]; then
		echo "$ended $(left "$s")"
		cat "$s.log" "$s.beta"
		return 1
	fi
	retry 5 rm -rf "$s" "$s".*
}
numbers=
n=$step
while [ "$n" -le "${calls% *}" ]; do
	numbers="$numbers $n"
	changing "stop-$n"
	n=$((n + step))
done
# shellcheck disable=SC2086
in_parallel 16 stop_at $numbers
finish
