#!/bin/sh
# A stream of jobs does not fill the disk: what has been kept long enough goes as fast as it comes, also after a time in
# which nobody tidied up, and nothing else is left behind.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

start_sender
configure
sed -i 's/^scan: .*/scan: 1d/' "$scratch/planspool.yaml"
make_spool

# count DIRECTORY: what lies in it.
count() {
	find "$spool/$1" -mindepth 1 -maxdepth 1 | wc -l
}
at_most() {
	[ "$(count "$1")" -le "$2" ]
}

# More than one round of housekeeping removes, or sets aside, and rounds are a minute apart. What is no job in new/ is more than
# one scan sets aside, and the next one comes soon however rare they are.
for place in new "done"; do
	seq -f "$spool/$place/$place-%.0f.txt" 350 | xargs touch
done
seq -f "$spool/done/prod.old-%.0f" 2500 | xargs mkdir
seq -f "$spool/undelivered/prod.old-%.0f" 2500 | xargs mkdir
touch -d '100 days ago' "$spool"/done/prod.old-* "$spool"/undelivered/prod.old-*
start_spooler
retry 40 at_most "done" 0 || fail "$(count "done") are left in done/"
retry 40 at_most undelivered 0 || fail "$(count undelivered) are left in undelivered/"
retry 40 at_most new 0 || fail "$(count new) are left in new/"
assert_equal "set aside" 700 "$(count corrupt)"
seq -f "$spool/new/late-%.0f.txt" 350 | xargs touch
retry 40 at_most new 0 || fail "$(count new) are left in new/"
rm "$spool"/corrupt/*
stop_spooler

# A stream with a short memory.
planspoold=$build/tests/planspoold_hasty
configure 'keep: {done: 1s, undelivered: 1s}'
start_spooler
rounds=${long:+40}
rounds=${rounds:-8}
round=0
most=0
while [ $((round += 1)) -le "$rounds" ]; do
	seq -f "r$round-%.0f" 250 | make_jobs "$spool"
	retry 60 at_most new 0 || fail "jobs are left in new/"
	now=$(count "done")
	[ "$now" -le "$most" ] || most=$now
done
retry 60 at_most active 0 || fail "jobs are left in active/"
retry 60 at_most "done" 0 || fail "jobs are left in done/"
echo "$((rounds * 250)) jobs, at most $most of them in done/ at the end of a round"
finals=$(grep -c '"what":"final".*"answer":200' "$sender/transcript")
assert_equal "finals" $((rounds * 250)) "$finals"
stop_spooler
for place in tmp new active "done" undelivered corrupt spoolers; do
	assert_equal "left in $place/" '' "$(ls -A "$spool/$place")"
done
finish
