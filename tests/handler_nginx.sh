#!/bin/sh
# The handler behind real nginx with TLS: the requests of requests.sh, re-reading of keys and configuration,
# many requests at once, and the end by TERM.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$src/tests/requests.sh"
need nginx curl openssl

socket=$scratch/handler.sock
start_handler() {
	"$build/planspool.fcgi" -c "$scratch/planspool.yaml" -l "unix:$socket" -m 600 -t 4 2>>"$scratch/handler.log" &
	handler_pid=$!
	pids="$pids $handler_pid"
	retry 20 test -S "$socket" || fail "the handler does not start"
}

# Whether posting FILE with KEY is answered STATUS now.
answered() {
	post /run-task/prod "$2" "$3" && [ "$status" = "$1" ]
}

bad_noticed() {
	answered 200 "$payloads/post_plan.json" prod-key-2 && grep -q 'planspool.yaml:[0-9]*:.*nonsense' "$scratch/handler.log"
}

healthy() {
	request /run-task/prod/health && [ "$status" = 200 ]
}

make_cert
make_spool
write_key "$scratch/prod.key" "$key"
write_key "$scratch/prod-old.key" old-key
write_config spool ''
start_nginx "unix:$socket"
start_handler
assert_equal "the socket's mode" 600 "$(stat -c %a "$socket")"

at='' spool=$scratch/spool handler_log=$scratch/handler.log
check_refusals
check_accepts

# --- keys and configuration change under the running handler
write_key "$scratch/prod.key" prod-key-2
kill -HUP "$handler_pid"
retry 20 answered 200 "$payloads/post_plan.json" prod-key-2 || fail "the new key is not used"
post /run-task/prod "$payloads/post_plan.json" "$key"
expect "the replaced key" 401
write_config spool 'nonsense: true'
retry 20 bad_noticed || fail "a bad configuration is not noticed"
post /run-task/prod "$payloads/post_plan.json" prod-key-2
expect "the old configuration stays in force" 200
write_config missing ''
retry 20 answered 503 "$payloads/post_plan.json" prod-key-2 || fail "the new spool is not used"
expect "no spool" 503
assert_grep "the log says what to do" 'planspoold --once' "$scratch/handler.log"
post /run-task/prod "$payloads/verification.json" prod-key-2
expect "verification without a spool" 200
request /run-task/prod/health
assert_equal "health without a spool" 503 "$status"
assert_grep "health says why" '"spool":"not writable"' "$scratch/answer"
write_config spool ''
retry 20 healthy || fail "the spool is not found again"

# --- many at once
many=40
i=0
while [ $i -lt $many ]; do
	i=$((i + 1))
	# Half of them are pairs of duplicates.
	sed "s/\"task_result_id\":\"[^\"]*\"/\"task_result_id\":\"taskrs-many-$((i / 2))\"/" "$payloads/post_plan.json" \
		>"$scratch/many-$i"
	printf 'url = "%s"\ndata-binary = "@%s"\nheader = "X-TFC-Task-Signature: %s"\n' "$url/run-task/prod" "$scratch/many-$i" \
		"$(sign "$scratch/many-$i" prod-key-2)" >>"$scratch/many.curl"
	printf 'cacert = "%s"\nheader = "Content-Type: application/json"\nwrite-out = "%%{http_code}\\n"\nnext\n' \
		"$scratch/tls.pem" >>"$scratch/many.curl"
done
sed '$d' "$scratch/many.curl" >"$scratch/many.config"
curl -s -Z --parallel-max 16 -K "$scratch/many.config" >"$scratch/many.status" 2>"$scratch/curl.log" ||
	fail "curl -Z"
assert_equal "many at once" "$many" "$(grep -c '^200$' "$scratch/many.status")"
assert_equal "jobs of many" $((many / 2 + 1)) "$(find "$scratch/spool/new" -name '*taskrs-many-*.json' | wc -l | tr -d ' ')"
assert_equal "files in tmp/" '' "$(find "$scratch/spool/tmp" -type f)"

# --- the end
kill -TERM "$handler_pid"
wait "$handler_pid" || fail "exit status after TERM: $?"
assert "its socket is gone" [ ! -e "$socket" ]
request /run-task/prod/health
assert_equal "nginx without a handler" 502 "$status"
finish
