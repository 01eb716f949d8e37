#!/bin/sh
# A person's hands in a spool that is worked on: planspool retry and planspool purge in loops, beside a running spooler and a stream
# of jobs, half of which end undelivered and can be delivered later. Each job gets exactly one final, though every plan is judged
# otherwise when it is fetched again, and none is lost. With PLANSPOOL_TEST_LONG=1 five times as many jobs.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

planspool=$build/planspool
jobs=${long:+1000}
jobs=${jobs:-200}
start_sender
configure
make_spool

# Those that are refused are given up after three tries.
names=$(seq -f race-%.0f "$jobs")
for name in $names; do
	case $((${name#race-} % 4)) in
	0) script "$name" final '401, 401, 401, 401, 200' ;;
	1) script "$name" final '404, 404, 404, 200' ;;
	2) script "$name" final '500 retry=1, 200' ;;
	esac
done
# shellcheck disable=SC2086
changing $names
start_spooler

# retry_all: whatever is undelivered, until told to stop; it may be under way again by then.
retry_all() {
	until [ -e "$scratch/stop" ]; do
		for folder in "$spool/undelivered"/prod.*; do
			[ ! -d "$folder" ] || "$planspool" retry "${folder##*/}" >>"$scratch/retry.log" 2>&1 || :
		done
		sleep 0.1
	done
}
# purge_all: what was answered, almost at once.
purge_all() {
	until [ -e "$scratch/stop" ]; do
		"$planspool" purge --older-than 100ms --state 'done' >>"$scratch/purge.log" 2>&1 || echo failed >>"$scratch/purge.failed"
		sleep 0.1
	done
}
retry_all &
retrying=$!
purge_all &
purging=$!
retry_all &
retrying_too=$!
pids="$pids $retrying $purging $retrying_too"

# The stream.
n=0
while [ "$n" -lt "$jobs" ]; do
	seq -f race-%.0f $((n + 1)) $((n + 20)) | make_jobs "$spool"
	n=$((n + 20))
	sleep 0.2
done

# accepted: how many jobs had a final accepted.
accepted() {
	sed -n 's/.*"job":"\(race-[0-9]*\)","what":"final".*"answer":200}$/\1/p' "$sender/transcript" | sort -u | wc -l
}
all_accepted() {
	[ "$(accepted)" -eq "$jobs" ] && [ -z "$(left "$spool")" ]
}
retry 120 all_accepted || fail "$(accepted) of $jobs are answered; left: $(left "$spool") $(ls "$spool/undelivered")"
: >"$scratch/stop"
for pid in $retrying $purging $retrying_too; do
	wait "$pid" || fail "a loop: exit status $?"
done
stop_spooler
for name in $names; do
	for final in "$sender/$name".final.*; do
		cmp -s "$final" "$sender/$name.final.1" || fail "$name: two different finals"
	done
	assert_grep "$name" '"status":"passed"' "$sender/$name.final.1"
done
retried=$(grep -c 'taken back' "$scratch/retry.log")
purged=$(sed -n 's/^done: \([0-9]*\) removed$/\1/p' "$scratch/purge.log" | awk '{ n += $1 } END { print n }')
echo "$jobs jobs, $retried times retried, $purged purged"
assert "jobs were retried" [ "$retried" -ge $((jobs / 2)) ]
assert "jobs were purged" [ "$purged" -ge $((jobs / 2)) ]
assert "purge never failed" [ ! -e "$scratch/purge.failed" ]
assert_equal "left" '' "$(left "$spool")$(find "$spool/undelivered" "$spool/corrupt" -mindepth 1)"
finish
