#!/bin/sh
# Duplicates: the same request, many times at once and again in every state of the first, is answered 200 each time, is
# one job, and gets one final.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

start_sender
configure
make_spool

# Many at once: post_job writes the request down, but the handler does not live to accept it.
post_with_faults "$spool" crash:1 many
assert_equal "nothing is accepted" 0 "$(jobs_new)"
signature=$(sign "$scratch/payload" "$key")
posts=
for n in $(seq 40); do
	env -i GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST PATH_INFO=/run-task/prod CONTENT_TYPE=application/json \
		"CONTENT_LENGTH=$(wc -c <"$scratch/payload" | tr -d ' ')" "HTTP_X_TFC_TASK_SIGNATURE=$signature" \
		"PLANSPOOL_CONFIG=$PLANSPOOL_CONFIG" "$build/planspool.fcgi" <"$scratch/payload" >"$scratch/many.$n" 2>>"$scratch/handler.log" &
	posts="$posts $!"
done
for pid in $posts; do
	wait "$pid" || fail "handler: exit status $?"
done
assert_equal "all are answered 200" 40 "$(grep -l '^Status: 200 ' "$scratch"/many.* | wc -l | tr -d ' ')"
assert_equal "one is accepted" 1 "$(grep -c 'prod.many: prod: 200: accepted' "$scratch/handler.log")"
assert_equal "one job" 1 "$(jobs_new)"
assert_equal "nothing is left in tmp/" '' "$(ls "$spool/tmp")"

# In every state: new, being checked, being delivered, done, undelivered; before and after a crash.
script state plan '200 until=plan, 200 body=destroy.json'
script state final '500 until=final, 200'
script lost final '401'
accept_job state
accept_job state
start_spooler
retry 20 grep -q '"job":"state","what":"plan"' "$sender/transcript" || fail "the plan is not fetched"
accept_job state
: >"$sender/plan"
retry 20 grep -q '"job":"state","what":"final"' "$sender/transcript" || fail "nothing is delivered"
accept_job state
kill -KILL "$spooler_pid"
wait "$spooler_pid" 2>/dev/null || :
accept_job state
start_spooler
: >"$sender/final"
accept_job lost
retry 20 [ -d "$spool/done/prod.state" ] || fail "state is not done"
retry 30 [ -d "$spool/undelivered/prod.lost" ] || fail "lost is not undelivered"
retry 20 [ -d "$spool/done/prod.many" ] || fail "many is not done"
finals=$(cat "$sender"/*.final.* | wc -c)
accept_job state
accept_job lost
accept_job many
accept_job newer
retry 20 [ -d "$spool/done/prod.newer" ] || fail "newer is not done"
stop_spooler
assert_equal "left" '' "$(left "$spool")"
for name in many state newer; do
	answered_once "$spool" "$name" || fail "$name"
done
rm "$sender"/newer.final.*
assert_equal "finals" "$finals" "$(cat "$sender"/*.final.* | wc -c)"
finish
