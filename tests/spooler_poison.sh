#!/bin/sh
# Poisonous jobs among five hundred others: one kills its worker, one hangs it. Only the first death of each disturbs the others in
# its worker, which go on in another one: from then on it runs alone. None of the others changes its verdict, or is blamed.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"
need pgrep

# Connections whose worker died wait with the others.
# shellcheck disable=SC3045
ulimit -n 4096 2>/dev/null || :
# shellcheck disable=SC2119
start_sender
# shellcheck disable=SC2119
configure
make_spool
planspoold=$build/tests/planspoold_crash

for kind in always stall; do
	echo "{\"format_version\":\"1.2\",\"resource_changes\":[],\"x\":\"crash-$kind\"}" >"$sender/$kind.json"
	script "$kind" plan "200 body=$kind.json"
done
checked=$(seq -f checked-%.0f 300)
delivered=$(seq -f delivered-%.0f 200)
for name in $checked; do
	script "$name" plan '200 stall=3000 until=go'
done
for name in $delivered; do
	script "$name" plan '200, 200 body=always.json'
	script "$name" final '200 until=go'
done

# all_asked WHAT COUNT: so many jobs were asked for it.
all_asked() {
	[ "$(grep -o "\"job\":\"[a-z]*-[0-9]*\",\"what\":\"$1\"" "$sender/transcript" | sort -u | wc -l)" -ge "$2" ]
}
# shellcheck disable=SC2086
printf '%s\n' $checked $delivered | "$build/tests/mkjobs" "$spool" "$scratch/seal.pub" "$api" || fail "mkjobs"
# shellcheck disable=SC2119
start_spooler
retry 60 all_asked plan 500 || fail "not all are fetched"
retry 60 all_asked final 200 || fail "not all are delivered"
accept_job always
accept_job stall
for kind in always stall; do
	retry 120 [ -d "$spool/done/prod.$kind" ] || fail "$kind does not end"
	expect "$kind" failed 'ended the checking process three times'
	assert_equal "$kind: deaths" 3 "$(grep -c '"event":"blamed"' "$spool/done/prod.$kind/log.jsonl")"
done
accept_job after
retry 60 [ -d "$spool/done/prod.after" ] || fail "after does not end"
expect after passed '1 passed'
assert_equal "who waits" 500 "$(find "$spool/active" -mindepth 1 -maxdepth 1 | wc -l)"
: >"$sender/go"
ended() {
	[ "$(find "$spool/done" -mindepth 1 -maxdepth 1 | wc -l)" -eq 503 ]
}
retry 120 ended || fail "left: $(find "$spool/active" -mindepth 1 -maxdepth 1 | wc -l)"
# shellcheck disable=SC2119
stop_spooler
rm -r "$spool/done/prod.always" "$spool/done/prod.stall"
assert_equal "others that are blamed" '' "$(grep '"event":"blamed"' "$spool"/done/*/log.jsonl)"
assert_equal "others that did not pass" '' "$(grep -L '"status":"passed"' "$spool"/done/*/result.json)"
for final in "$sender"/*-*.final.*; do
	name=${final##*/}
	cmp -s "$final" "$spool/done/prod.${name%%.*}/result.json" || fail "$name is another result"
done
grep -c '"event":"resumed"' "$spool"/done/*/log.jsonl | sed 's/.*://' | sort -n >"$scratch/resumed"
most=$(tail -n 1 "$scratch/resumed")
assert "one went on in another worker $most times, and first deaths are two" [ "$most" -le 2 ]
disturbed=$(awk '{ n += $1 } END { print n }' "$scratch/resumed")
echo "$disturbed times one of 500 went on in another worker, one at most $most times"
assert "the first deaths disturbed others" [ "$disturbed" -ge 100 ]

# Of two workers that carry as much, one stands still. Until it is ended, which takes half a minute, jobs are given to the other.
planspoold=$build/planspoold
waiting=$(seq -f waiting-%.0f 40)
for name in $waiting; do
	script "$name" final '200 until=later'
done
# shellcheck disable=SC2086
printf '%s\n' $waiting | "$build/tests/mkjobs" "$spool" "$scratch/seal.pub" "$api" || fail "mkjobs"
# shellcheck disable=SC2119
start_spooler
all_waiting() {
	[ "$(grep -o '"job":"waiting-[0-9]*","what":"final"' "$sender/transcript" | sort -u | wc -l)" -eq 40 ]
}
retry 60 all_waiting || fail "not all are delivered"
still=$(pgrep -P "$spooler_pid" | head -n 1)
kill -STOP "$still"
# As many as there are workers, so that one of them tells when three seconds have passed.
for name in clock-1 clock-2; do
	script "$name" final '503 retry=3, 200'
	accept_job "$name"
done
three_seconds() {
	[ -d "$spool/done/prod.clock-1" ] || [ -d "$spool/done/prod.clock-2" ]
}
retry 20 three_seconds || fail "nobody works"
seq -f beside-%.0f 20 | "$build/tests/mkjobs" "$spool" "$scratch/seal.pub" "$api" || fail "mkjobs"
all_beside() {
	[ "$(find "$spool/done" -mindepth 1 -maxdepth 1 -name 'prod.beside-*' | wc -l)" -eq 20 ]
}
retry 15 all_beside || fail "jobs wait for a worker that stands still: $(ls "$spool/active" "$spool/new")"
assert "it stands still" grep -q '^State:.*T' "/proc/$still/status"
kill -CONT "$still"
: >"$sender/later"
nothing_left() {
	[ -z "$(find "$spool/new" "$spool/active" -mindepth 1 -maxdepth 1)" ]
}
retry 60 nothing_left || fail "left: $(ls "$spool/active" "$spool/new")"
# shellcheck disable=SC2119
stop_spooler
assert_equal "undelivered or corrupt" '' "$(find "$spool/undelivered" "$spool/corrupt" -mindepth 1)"
expect_no_secrets
finish
