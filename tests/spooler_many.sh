#!/bin/sh
# Several hundred runs at once, from planspool-sim through nginx and the handler to the spooler and back. The only worker
# is stopped until all are accepted, so that they are more than can be given to it at once; and no scan comes in time to
# help.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"
need nginx curl pgrep

make_cert
make_spool
api_port=$(random_port) storage_port=$(random_port)
storages="[\"https://127.0.0.1:$storage_port\"]"
hosts="[{url: \"https://127.0.0.1:$api_port\", ca_file: $scratch/tls.pem}]"
# shellcheck disable=SC2119
configure
sed -i -e 's/^workers: .*/workers: 1/' -e 's/^scan: .*/scan: 60s/' "$scratch/planspool.yaml"
"$build/planspool.fcgi" -l "unix:$scratch/handler.sock" -m 666 -t 8 2>>"$scratch/handler.log" &
pids="$pids $!"
retry 20 [ -S "$scratch/handler.sock" ] || fail "the handler does not start"
chmod 755 "$scratch"
start_nginx "unix:$scratch/handler.sock"
# shellcheck disable=SC2119
start_spooler
retry 20 pgrep -P "$spooler_pid" || fail "no worker"
worker=$(pgrep -P "$spooler_pid")
kill -STOP "$worker"

count=400
"$build/planspool-sim" --endpoint "$url/run-task/prod" --hmac-key "$scratch/prod.key" --ca-file "$scratch/tls.pem" \
	--listen "127.0.0.1:$api_port" --storage-listen "127.0.0.1:$storage_port" --tls-cert "$scratch/tls.pem" \
	--tls-key "$scratch/tls.key" --plan "$src/tests/plans/create/plan.json" --count "$count" --timeout 50s --linger 1s \
	--json >"$scratch/runs" 2>"$scratch/sim.log" &
sim_pid=$!
pids="$pids $sim_pid"
all_accepted() {
	[ "$(jobs_new)" -eq "$count" ]
}
retry 60 all_accepted || fail "not all are accepted"
kill -CONT "$worker" 2>/dev/null || :
wait "$sim_pid" || fail "planspool-sim: exit status $?: $(tail -n 3 "$scratch/sim.log" "$scratch/runs")"
assert_equal "all have passed" "$count" "$(grep -c '"status":"passed"' "$scratch/runs")"
all_done() {
	[ "$(find "$spool/done" -mindepth 1 -maxdepth 1 | wc -l)" -eq "$count" ]
}
retry 20 all_done || fail "not all are in done/"
assert_equal "no job was delivered twice" '' "$(grep -rL '"event":"deliver","detail":"try 1"' "$spool"/done/*/log.jsonl || :)"
assert_equal "no trouble" '' "$(grep -E 'error|warning|; tried again|; asked again' "$scratch/spooler.log" || :)"
# shellcheck disable=SC2119
stop_spooler
finish
