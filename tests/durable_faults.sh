#!/bin/sh
# Failing calls: each call that an accept and a job's life make on the spool fails once, with each error that a disk,
# a full disk, a quota or a busy machine gives, and with a short write. An accept answers 200 or 503 and leaves
# nothing half-written; a job goes on or waits, and is answered once. With PLANSPOOL_TEST_LONG=1 every error at every
# call of the job; without, each call fails with one of them.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"
need flock pgrep

step=${long:+1}
step=${step:-7}
errors='EIO ENOSPC EDQUOT EMFILE EINTR SHORT'
start_sender
configure
sed -i 's/^workers: .*/workers: 1/' "$scratch/planspool.yaml"
cp "$scratch/planspool.yaml" "$spool.yaml"
make_spool
cp -a "$spool" "$scratch/empty"
all=1

# ---- accepting ----

post_with_faults "$spool" count count
calls=$(faults_done "$spool")
calls=${calls% *}
rm -rf "$spool"
cp -a "$scratch/empty" "$spool"
names='' refused=0
for error in $errors; do
	for n in $(seq 1 "$calls"); do
		name=$error-$n
		before=$(jobs_new)
		post_with_faults "$spool" "fail:$n:$error" "$name"
		status=$(sed -n 's/^Status: \([0-9]*\) .*/\1/p' "$scratch/response" | tr -d '\r')
		case $status in
		200)
			assert "$name: in new/" [ -f "$spool/new/prod.$name.json" ]
			;;
		503)
			refused=$((refused + 1))
			assert_grep "$name" '^Retry-After: [0-9]+' "$scratch/response"
			;;
		*) fail "$name: $(cat "$scratch/response")" ;;
		esac
		# What lies in tmp/ after a fault in removing it is swept.
		left_in_tmp=$(find "$spool/tmp" -type f ! -links 2 | wc -l)
		assert "$name: nothing half-written" [ "$left_in_tmp" -eq 0 ]
		accept_job "$name"
		assert_equal "$name: one job" "$((before + 1))" "$(jobs_new)"
		names="$names $name"
	done
done
assert "some are refused" [ "$refused" -gt "$calls" ]
recover "$spool" || fail "recovery"
for name in $names; do
	answered_once "$spool" "$name" || fail "$name"
done
assert_equal "corrupt" '' "$(ls "$spool/corrupt")"

# ---- a job's life ----

# All jobs in one run: in the worker, each has a fault of its own, named in its id. No scan helps: what waits after trouble comes
# again by itself.
rm -rf "$spool"
cp -a "$scratch/empty" "$spool"
sed -i 's/^scan: .*/scan: 1d/' "$scratch/planspool.yaml"
echo count | make_jobs "$spool"
with_faults "$spool" count "$build/planspoold" --once 2>>"$scratch/spooler.log"
calls=$(faults_done "$spool")
calls=${calls% *}
assert "calls of a job's life" [ "$calls" -gt 100 ]
names='' turn=0
for n in $(seq 1 "$calls"); do
	for error in $errors; do
		turn=$((turn + 1))
		[ -n "$long" ] || [ $(((turn + n) % 6)) -eq 0 ] || continue
		names="$names life-$error-$n"
	done
done
# shellcheck disable=SC2086
changing $names
# shellcheck disable=SC2086
printf '%s\n' $names | make_jobs "$spool"
with_faults "$spool" jobs "$build/planspoold" --once 2>"$scratch/faults.log" || fail "planspoold --once: exit status $?"
assert "faults" [ "$(faults_done "$spool" | cut -d ' ' -f 2)" -gt 50 ]
recover "$spool" || fail "recovery"
for name in $names; do
	answered_once "$spool" "$name" || fail "$name: $(grep "prod.$name:" "$scratch/faults.log" "$spool.log")"
done
assert_equal "corrupt" '' "$(find "$spool/corrupt" "$spool/undelivered" -mindepth 1)"

# The same for jobs that a dead spooler left, whose first calls find out who holds them.
left_names=
for n in 1 2 3 4 5 6; do
	left_names="$left_names left-EIO-$n left-EMFILE-$n"
done
for name in $left_names; do
	script "$name" final '200 until=go, 200'
done
# shellcheck disable=SC2086
printf '%s\n' $left_names | make_jobs "$spool"
start_spooler
for name in $left_names; do
	retry 30 asked_again "$name" final 0 || fail "$name is not delivered"
done
workers=$(pgrep -P "$spooler_pid")
kill -KILL "$spooler_pid"
wait "$spooler_pid" 2>/dev/null || :
for pid in $workers; do
	retry 10 over "$pid" || fail "worker $pid lives on"
done
: >"$sender/go"
rm "$spool.state"
LD_PRELOAD=$build/tests/faults.so PLANSPOOL_FAULTS_ROOT=$spool PLANSPOOL_FAULTS_STATE=$spool.state PLANSPOOL_FAULTS=jobs \
	"$build/planspoold" 2>>"$scratch/faults.log" &
spooler_pid=$!
pids="$pids $spooler_pid"
for name in $left_names; do
	retry 30 [ -d "$spool/done/prod.$name" ] || fail "$name does not end"
	answered_once "$spool" "$name" || fail "$name: $(grep "prod.$name:" "$scratch/faults.log")"
done
stop_spooler
sed -i 's/^scan: .*/scan: 1s/' "$scratch/planspool.yaml"

# ---- the whole spooler ----

# Start, lease, scans and stop, too: it may not start, but what it does is whole, and what it leaves it tells of.
rm -rf "$spool"
cp -a "$scratch/empty" "$spool"

# nobody_holds FILE: whether nobody has it locked.
nobody_holds() {
	flock -n -s "$1" true
}

# whole_fails NAME-N: a spooler that carries one job: a new one, or (left) that of a spooler that died.
whole_fails() {
	name=$1 n=${1##*-} s=$scratch/spool-$1
	# shellcheck disable=SC2086
	set -- $errors
	shift $((n % 6))
	spool_of "$s"
	echo "$name" | make_jobs "$s"
	case $name in
	left-*)
		with_faults "$s" claimed "$build/planspoold" -c "$s.yaml" --once 2>>"$s.log" || :
		rm "$s/new/prod.$name.json"	# what it would have done next
		for lease in "$s"/spoolers/*; do
			retry 10 nobody_holds "$lease" || return 1
		done
		;;
	esac
	status=0
	with_faults "$s" "fail:$n:$1" "$build/planspoold" -c "$s.yaml" --once 2>>"$s.log" || status=$?
	if { [ "$status" -eq 0 ] && [ -n "$(left "$s")" ]; } || ! recover "$s" || ! answered_once "$s" "$name" ||
	    [ -n "$(find "$s/corrupt" "$s/undelivered" -mindepth 1)" ]; then
		cat "$s.log"
		return 1
	fi
	retry 5 rm -rf "$s" "$s".*
}
names=
n=$step
while [ "$n" -le "$calls" ]; do
	names="$names new-$n left-$n"
	n=$((n + step))
done
# shellcheck disable=SC2086
changing $names
# shellcheck disable=SC2086
in_parallel 16 whole_fails $names
finish
