#!/bin/sh
# The backlog after an outage: ten thousand jobs lie in new/, most of them past their time, for a sender that does not
# answer. Those that can still be answered are, at once, and so are new ones; memory does not grow with the backlog.
# Then the sender answers, and so does the spooler, oldest first; with PLANSPOOL_TEST_LONG=1 until none is left.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

hopeless=9600
start_sender
configure
make_spool

all_done() {
	for name in "$@"; do
		[ -d "$spool/done/prod.$name" ] || return 1
	done
}

ended() {
	[ "$(find "$spool/done" -mindepth 1 -maxdepth 1 | wc -l)" -ge "$1" ]
}

# What the spooler needs for some hundred jobs, without a backlog.
names=$(seq -f fresh-%.0f 500)
printf '%s\n' "$names" | make_jobs "$spool"
start_spooler
# shellcheck disable=SC2086
retry 60 all_done $names || fail "without a backlog"
few=$(peak)
stop_spooler

# The oldest of the hopeless are those that would come first.
for n in $(seq 300); do
	script "hopeless-$n" final '200 until=go'
done
seq "$hopeless" | awk '{ print "hopeless-" $1, 20000 - $1 }' | make_jobs "$spool"
seq 200 | awk '{ print "late-" $1, 1800 }' | make_jobs "$spool"
names=$(seq -f young-%.0f 200)
printf '%s\n' "$names" | make_jobs "$spool"
start_spooler
# shellcheck disable=SC2086
retry 60 all_done $names || fail "the backlog blocks what can be answered"
accept_job newest
retry 30 all_done newest || fail "the backlog blocks what is new"
names=$(seq -f late-%.0f 200)
# shellcheck disable=SC2086
retry 30 all_done $names || fail "the hopeless block what is late"
assert "the hopeless wait" [ ! -d "$spool/done/prod.hopeless-$hopeless" ]
many=$(peak)
echo "peak memory: $few KiB with 500 jobs, $many KiB with $((hopeless + 400))"
# The memory of sanitizers tells nothing.
grep -q -e -fsanitize "$build/Makefile" || assert "memory stays flat" [ "$many" -lt $((few + 4096)) ]
: >"$sender/go"
last=${long:+$hopeless}
last=${last:-1000}
retry 120 ended $((last + 901)) || fail "the hopeless are not answered"
stop_spooler
answered_once "$spool" "hopeless-$((last - 300))" || fail "hopeless"
assert_equal "undelivered or corrupt" '' "$(find "$spool/undelivered" "$spool/corrupt" -mindepth 1)"
finish
