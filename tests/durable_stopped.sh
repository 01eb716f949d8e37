#!/bin/sh
# A spooler that is stopped (SIGSTOP) with all its workers for longer than its lease lasts, beside another one on the same host: its
# jobs stay its own, since it may go on at any moment, and the other carries what is new. When it goes on it has lost its lease and
# stops by itself; then its jobs are carried by the other. No job gets two different finals, though every plan is judged otherwise
# when it is fetched again.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"
need pgrep

planspoold=$build/tests/planspoold_hasty
start_sender
configure
make_spool

# In every state that can be met: fetched, delivered and not answered yet, waiting for another try.
theirs=
for n in $(seq 15); do
	for kind in plan final again; do
		theirs="$theirs $kind-$n"
	done
	script "plan-$n" plan '200 stall=1000 until=go, 200 body=destroy.json'
	changing "final-$n" "again-$n"
	script "final-$n" final '200 until=go, 200'
	script "again-$n" final '503 retry=1, 503 retry=1, 503 retry=1, 200'
done
# shellcheck disable=SC2086
printf '%s\n' $theirs | make_jobs "$spool"
start_spooler
stopped=$spooler_pid
for n in $(seq 15); do
	retry 30 asked_again "plan-$n" plan 0 || fail "plan-$n is not fetched"
	retry 30 asked_again "final-$n" final 0 || fail "final-$n is not delivered"
	retry 30 asked_again "again-$n" final 0 || fail "again-$n is not delivered"
done
for pid in "$stopped" $(pgrep -P "$stopped"); do
	kill -STOP "$pid"
done
held=$(find "$spool/active" -mindepth 1 -maxdepth 1 | sort)

# renewed COUNT: the other's lease, which lasts three seconds, was so often; the stopped one's was not.
renewed() {
	sed -n "s/.*\"pid\":$spooler_pid,.*\"renewals\":\([0-9]*\).*/\1/p" "$spool"/spoolers/* >"$scratch/renewals"
	[ "$(cat "$scratch/renewals")" -ge "$1" ]
}
start_spooler
for round in 1 2 3 4; do
	names=$(seq -f "new-$round-%.0f" 10)
	# shellcheck disable=SC2086
	changing $names
	# shellcheck disable=SC2086
	printf '%s\n' $names | make_jobs "$spool"
	for name in $names; do
		retry 30 [ -d "$spool/done/prod.$name" ] || fail "$name does not end beside one that is stopped"
	done
	retry 30 renewed $((round * 4)) || fail "the lease is not renewed"
done
assert_equal "the stopped one's jobs" "$held" "$(find "$spool/active" -mindepth 1 -maxdepth 1 | sort)"
assert_equal "none is taken from it" '' "$(grep -l 'taken over' "$spool"/active/*/log.jsonl)"

: >"$sender/go"
# It may end its workers before they are told to go on.
kill -CONT "$stopped" $(pgrep -P "$stopped") 2>/dev/null || :
status=0
wait "$stopped" || status=$?
assert_equal "the stopped one, which lost its lease" 1 "$status"
for name in $theirs; do
	retry 60 [ -d "$spool/done/prod.$name" ] || fail "$name does not end"
done
stop_spooler
for name in $theirs $(seq -f 'new-1-%.0f' 10) $(seq -f 'new-4-%.0f' 10); do
	answered_once "$spool" "$name" || fail "$name"
done
assert_grep "its worker or it says why" 'the lease (was not renewed in time|is lost)' "$scratch/spooler.log"
assert "jobs were taken over then" [ "$(grep -l 'taken over' "$spool"/done/*/log.jsonl | wc -l)" -ge 30 ]
assert_equal "left" '' "$(left "$spool")$(find "$spool/undelivered" "$spool/corrupt" -mindepth 1)"
finish
