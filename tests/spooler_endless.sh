#!/bin/sh
# A sender whose answers have no end: to callbacks, accepted or not, and in place of a plan. No more is read than is wanted, the
# job ends, and memory stays flat.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"
need pgrep

start_staller
hosts="[\"$stalling\"]"
storages=$hosts
limits='{plan: 1MiB}'
# shellcheck disable=SC2119
configure
make_spool

# at_once NAME...: accepts them and waits until they have ended, in done/ or undelivered/.
ended() {
	[ -z "$(find "$spool/new" "$spool/active" -name 'prod.*')" ]
}
at_once() {
	printf '%s\n' "$@" | "$build/tests/mkjobs" "$spool" "$scratch/seal.pub" "$stalling" || fail "mkjobs"
	retry 60 ended || fail "left: $(find "$spool/new" "$spool/active" -name 'prod.*')"
}

# shellcheck disable=SC2119
start_spooler
# shellcheck disable=SC2046
at_once $(seq -f usual-%.0f 20)
few=$(peak)
at_once final-endless-200 final-endless-409 final-endless-401 running-endless-200 running-endless-401 running-endless-500 plan-endless-200 \
	plan-endless-401
many=$(peak)
# shellcheck disable=SC2119
stop_spooler

echo "peak memory: $few KiB, $many KiB with endless answers"
# The memory of sanitizers tells nothing.
grep -q -e -fsanitize "$build/Makefile" || assert "memory stays flat" [ "$many" -lt $((few + 8192)) ]
for name in final-endless-200 final-endless-409 running-endless-200 running-endless-401 running-endless-500; do
	cmp -s "$sender/$name.final.1" "$spool/done/prod.$name/result.json" || fail "$name: the final is not the result in done/"
	assert_grep "$name" '"status":"passed"' "$spool/done/prod.$name/result.json"
done
assert_grep "plan-endless-200" '"status":"failed".*limits.plan' "$spool/done/prod.plan-endless-200/result.json"
assert_grep "plan-endless-401" '"status":"failed".*could not be fetched: 401' "$spool/done/prod.plan-endless-401/result.json"
assert_grep "final-endless-401" '"undelivered","detail":"401; tried three times"' "$spool/undelivered/prod.final-endless-401/log.jsonl"
# Read is what is wanted, and what lies in sockets by then.
for bytes in "$sender"/*.bytes; do
	while read -r said; do
		assert "${bytes##*/}: $said bytes" [ "$said" -lt $((24 << 20)) ]
	done <"$bytes"
done
assert_equal "endless answers were said" 8 "$(find "$sender" -name '*-endless-*.bytes' | wc -l)"
finish
