#!/bin/sh
# The handler behind real nginx with TLS: every row of the HTTP answers, what is on disk after an accept, re-reading
# of keys and configuration, many requests at once, and the end by TERM.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need nginx curl openssl

socket=$scratch/handler.sock
key=prod-key-1
token='4QEuyyxug1f2rw.atlasv1.not-a-real-token'

write_config() {
	cat >"$scratch/config.new" <<-END
	spool: $scratch/$1
	seal: {public_key: $scratch/seal.pub, secret_key: [$scratch/seal.key]}
	endpoints:
	  prod:
	    path: /run-task/prod
	    hmac_keys: [$scratch/prod.key, $scratch/prod-old.key]
	    organizations: [acme]
	    hosts: [https://app.terraform.io]
	    checks: [{changes: {max_delete: 10}}]
	  other:
	    path: /run-task/other
	    unsigned: true
	    hosts: ["http://127.0.0.1:38080"]
	    checks: [{changes: {max_delete: 10}}]
	  broken:
	    path: /run-task/broken
	    hmac_keys: [$scratch/no-such.key]
	    hosts: [https://app.terraform.io]
	    checks: [{changes: {max_delete: 10}}]
	$2
	END
	mv "$scratch/config.new" "$scratch/planspool.yaml"
}

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
sed 's/"task_result_id":"[^"]*"/"task_result_id":"taskrs-refused"/' "$payloads/post_plan.json" >"$scratch/refused.json"

# --- what is refused, and verification: none of it leaves anything behind
post /run-task/nothing "$scratch/refused.json" "$key"
expect "no such endpoint" 404
post /run-task/prod/ "$scratch/refused.json" "$key"
expect "a path that only begins like an endpoint's" 404
request /run-task/prod
expect "GET" 405
assert_grep "GET" '^Allow: POST' "$scratch/headers"
request /run-task/prod -X PUT -d x
expect "PUT" 405
request /run-task/prod -I
assert_equal "HEAD" 405 "$status"
request /run-task/prod -X POST
expect "no length" 411
head -c 1200000 /dev/zero >"$scratch/large"
post /run-task/prod "$scratch/large" "$key" -H 'Expect:'
expect "too large" 413
post /run-task/prod "$scratch/refused.json" ''
expect "no signature" 401
post /run-task/prod "$scratch/refused.json" wrong-key
expect "another key" 401
request /run-task/prod -H 'Content-Type: application/json' --data-binary "@$scratch/refused.json" \
	-H "X-TFC-Task-Signature: $(sign "$payloads/post_plan.json" "$key")"
expect "signature of another body" 401
post /run-task/prod "$payloads/verification.json" "$key"
expect "verification" 200
post /run-task/prod "$payloads/verification.json" wrong-key
expect "verification with another key" 401
content_type=text/plain
post /run-task/prod "$scratch/refused.json" "$key"
expect "not JSON by its type" 415
content_type=application/json
printf '{"payload_version":1' >"$scratch/body"
post /run-task/prod "$scratch/body" "$key"
expect "not JSON" 400
for field in payload_version stage task_result_id task_result_callback_url; do
	sed "s/\"$field\":/\"no_$field\":/" "$scratch/refused.json" >"$scratch/body"
	post /run-task/prod "$scratch/body" "$key"
	expect "without $field" 400
	assert_grep "without $field" "\"$field: missing" "$scratch/answer"
done
sed 's/"task_result_id":"[^"]*"/"task_result_id":"..\/..\/etc\/x"/' "$scratch/refused.json" >"$scratch/body"
post /run-task/prod "$scratch/body" "$key"
expect "an id that is a path" 400
sed 's/"organization_name":"acme"/"organization_name":"other"/' "$scratch/refused.json" >"$scratch/body"
post /run-task/prod "$scratch/body" "$key"
expect "another organization" 403
for field in task_result_callback_url plan_json_api_url configuration_version_download_url; do
	sed "s|\"$field\":\"https://app.terraform.io|\"$field\":\"https://app.terraform.io.example|" "$scratch/refused.json" \
		>"$scratch/body"
	post /run-task/prod "$scratch/body" "$key"
	expect "$field of another host" 403
done
post /run-task/broken "$scratch/refused.json" "$key"
expect "a key that cannot be read" 503
assert_grep "the log says which" 'broken.*no-such.key' "$scratch/handler.log"
assert_equal "nothing was spooled" 0 "$(jobs_new)"

# --- what is accepted, and what is then on disk
post /run-task/prod "$payloads/post_plan.json" "$key"
expect "accepted" 200
job=$scratch/spool/new/prod.taskrs-2nH5dncYoXaMVQmJ.json
assert "one file for the job" [ -f "$job" ]
assert_equal "its mode" 640 "$(stat -c %a "$job")"
before=$(cksum "$job")
post /run-task/prod "$payloads/post_plan.json" "$key"
expect "duplicate" 200
post /run-task/prod "$payloads/post_plan.json" old-key
expect "duplicate, the other key" 200
assert_equal "the job after duplicates" "$before" "$(cksum "$job")"
post /run-task/prod "$scratch/refused.json" "$key" -H 'Transfer-Encoding: chunked'
expect "chunked" 200
post /run-task/other "$payloads/post_plan-relative.json" ''
expect "no token, relative plan URL" 200
assert_equal "jobs in new/" 3 "$(jobs_new)"
assert_equal "files in tmp/" '' "$(find "$scratch/spool/tmp" -type f)"
for secret in "$token" 'expires=' 79e6d82f266556b15b33598a7cd1ccb77f19878ef54b48d1aab65728b4d26e42; do
	assert_equal "in clear text" '' "$(grep -rlF -e "$secret" "$scratch/spool" "$scratch"/*.log || :)"
done

# --- health
request /run-task/prod/health
assert_equal "health without a spooler" 503 "$status"
assert_grep "health says why" '"spool":"writable".*"spooler_seen_seconds_ago":null' "$scratch/answer"
: >"$scratch/spool/spoolers/0123456789abcdef0123456789abcdef"
request /run-task/prod/health
assert_equal "health" 200 "$status"
assert_grep "health" '"status":"ok".*"spooler_seen_seconds_ago":[0-9]' "$scratch/answer"

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
