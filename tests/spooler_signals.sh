#!/bin/sh
# Signals that come at a bad moment: HUP before anybody listens, to workers that hear nothing for a while, and while many
# workers carry jobs that must not be fetched twice; TERM with many workers, and while a spooler waits to begin.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"
need pgrep

# shellcheck disable=SC2119
start_sender
cp "$src/tests/plans/lifecycle/destroy.json" "$sender/destroy.json"
# configure_workers N
configure_workers() {
	# shellcheck disable=SC2119
	configure
	sed -i "s/^workers: .*/workers: $1/" "$scratch/planspool.yaml"
}
done_at_least() {
	[ "$(find "$spool/done" -mindepth 1 -maxdepth 1 | wc -l)" -ge "$1" ]
}
fetched_at_least() {
	[ "$(grep -c "\"job\":\"$1[0-9]*\",\"what\":\"plan\"" "$sender/transcript")" -ge "$2" ]
}
# fetched_once NAME...: each ends, passed, by what was fetched first.
fetched_once() {
	for name in "$@"; do
		retry 60 [ -d "$spool/done/prod.$name" ] || fail "$name does not end"
		expect "$name" passed '1 passed'
		expect_asked GET "$name" 'plan:200'
	done
}
configure_workers 2
make_spool

# As early as can be: from the moment at which the program is there.
started() {
	[ "$(readlink "/proc/$1/exe")" = "$(readlink -f "$planspoold")" ]
}
for _ in 1 2 3 4 5; do
	# shellcheck disable=SC2119
	start_spooler
	retry 10 started "$spooler_pid" || fail "the spooler does not start"
	until grep -q '^SigBlk:.*[1-9a-f]' "/proc/$spooler_pid/status"; do :; done
	kill -HUP "$spooler_pid"
	# shellcheck disable=SC2119
	stop_spooler
done

# More jobs than the channels to the workers hold while these stand still, and a reload: nobody goes by the old checks.
# shellcheck disable=SC2119
start_spooler
retry 30 pgrep -P "$spooler_pid" >/dev/null || fail "no workers"
for pid in $(pgrep -P "$spooler_pid"); do
	kill -STOP "$pid"
done
seq -f deaf%.0f 1200 | "$build/tests/mkjobs" "$spool" "$scratch/seal.pub" "$api" || fail "mkjobs"
checks='[{changes: {max_delete: 0}}]'
configure_workers 2
reload ': reloaded$'
for pid in $(pgrep -P "$spooler_pid"); do
	kill -CONT "$pid" 2>/dev/null || :
done
retry 60 done_at_least 1200 || fail "$(find "$spool/done" -mindepth 1 -maxdepth 1 | wc -l) of 1200 jobs end"
for i in 1 2 3 4 5 6; do
	script "new$i" plan "200 body=destroy.json"
	accept_job "new$i"
done
for i in 1 2 3 4 5 6; do
	retry 30 [ -d "$spool/done/prod.new$i" ] || fail "new$i does not end"
	expect "new$i" failed '1 failed'
done
checks='[{changes: {max_delete: 10}}]'

# Many workers, and two reloads while all of them carry a job: none of them is fetched a second time.
configure_workers 12
reload ': reloaded$'
many=$(seq -f many%.0f 24)
for name in $many; do
	script "$name" plan "200 stall=1000 until=go, 401"
	accept_job "$name"
done
retry 30 fetched_at_least many 24 || fail "not all are fetched"
reload ': reloaded$'
reload ': reloaded$'
: >"$sender/go"
# shellcheck disable=SC2086
fetched_once $many

# TERM gives all of them the time that it promises.
last=$(seq -f last%.0f 24)
for name in $last; do
	script "$name" plan "200 stall=1000 until=end"
	accept_job "$name"
done
retry 30 fetched_at_least last 24 || fail "not all are fetched"
kill -TERM "$spooler_pid"
retry 30 logged ': signal 15: stopping' 1 || fail "TERM is not heard"
: >"$sender/end"
wait "$spooler_pid" || fail "planspoold: exit status $?"
# shellcheck disable=SC2086
fetched_once $last
expect_no_secrets
finish
