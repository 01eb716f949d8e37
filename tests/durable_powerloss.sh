#!/bin/sh
# Power loss: SIGKILL never loses what the kernel holds, so it cannot find a missing fsync. What an accept and a job's
# whole life do to the spool is recorded; after every change of the record the spool is built again as a power loss
# may leave it (tests/powerloss.c), and a spooler started on it. A job that was answered 200 is never lost, and when a
# final may have been sent, that one is sent again and no other. The same again when the spooler was killed before, so
# that the power fails in the recovery: at every 25th of its calls, with PLANSPOOL_TEST_LONG=1 at each.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

step=${long:+1}
step=${step:-25}
start_sender
configure
sed -i 's/^workers: .*/workers: 1/' "$scratch/planspool.yaml"
make_spool
cp -a "$spool" "$scratch/empty"

# after_power_loss NAME ANSWERED BEFORE RECORD: from each tree that a power loss may leave, the job is answered if the
# sender was told 200 ($always: it was before the record), or is not there; and answered as before (the file
# ANSWERED), if it was.
always=
after_power_loss() {
	tree_of=$1 answered_with=$2
	each_tree "$3" "$4" is_answered
}
is_answered() {
	rm -f "$sender/$tree_of".final.*
	[ "$2" = 0 ] || cp "$answered_with" "$sender/$tree_of.final.0"
	if ! recover "$spool"; then
		cat "$spool.log"
		fail "$tree_of, $3"
	elif [ "$1$always" != 0 ] || [ -e "$spool/done/prod.$tree_of" ]; then
		answered_once "$spool" "$tree_of" || fail "$tree_of, $3"
	fi
	assert_equal "$tree_of, $3" '' "$(find "$spool/corrupt" "$spool/undelivered" -mindepth 1)"
}
cp "$scratch/planspool.yaml" "$spool.yaml"

# ---- accepting ----

record=$scratch/record
post_with_faults "$spool" "count PLANSPOOL_FAULTS_RECORD=$record" accept
assert_grep "accepted" '^Status: 200 ' "$scratch/response"
after_power_loss accept /nonexistent "$scratch/empty" "$record"
assert "an accept has $trees trees" [ "$trees" -gt 5 ]
assert_grep "an accept is noticed" '^[0-9]+ 1 0' "$scratch/list"

# ---- a job's life ----

always=1
life_ends() {
	with_faults "$spool" count "$build/planspoold" --once 2>>"$scratch/spooler.log" && [ -z "$(left "$spool")" ]
}

# life NAME [CRASH]: the first spooler is killed at that call.
life() {
	rm -rf "$spool" "$record"
	cp -a "$scratch/empty" "$spool"
	echo "$1" | make_jobs "$spool"
	changing "$1"
	rm -rf "$scratch/before"
	cp -a "$spool" "$scratch/before"
	export PLANSPOOL_FAULTS_RECORD="$record"
	[ $# -eq 1 ] || with_faults "$spool" "crash:$2" "$build/planspoold" --once 2>>"$scratch/spooler.log" || :
	# Workers of one that was killed may live on for a moment.
	retry 20 life_ends || fail "$1"
	unset PLANSPOOL_FAULTS_RECORD
	answered_once "$spool" "$1" || fail "$1"
	cp "$sender/$1.final.1" "$scratch/answered"
	after_power_loss "$1" "$scratch/answered" "$scratch/before" "$record"
}
life life
assert "a job's life has $trees trees" [ "$trees" -gt 40 ]
calls=$(faults_done "$spool")
n=$step
while [ "$n" -le "${calls% *}" ]; do
	life "life-$n" "$n"
	n=$((n + step))
done
finish
