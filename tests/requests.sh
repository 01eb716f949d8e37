# The requests that every web server in front of the handler must pass on alike, and their answers. Sourced after
# lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154

key=prod-key-1
token='4QEuyyxug1f2rw.atlasv1.not-a-real-token'

# write_config SPOOL LINES: $scratch/planspool.yaml with the spool $scratch/SPOOL.
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

# with_field NAME VALUE: $refused with another value, as the file $scratch/body.
with_field() {
	sed "s|\"$1\":\"[^\"]*\"|\"$1\":\"$2\"|" "$refused" >"$scratch/body"
}

# The two functions below take the variables $at (what comes before /run-task in URLs), $spool and $handler_log, and
# what web servers do differently: $no_length, the answer to a request without a length and without a body, $chunked,
# the answer to one with a body in chunks (200 if the web server finds out the length), and $far_too_large, the web
# server's own.
no_length=411 chunked=200 far_too_large=413

# What is refused, and verification: none of it leaves anything behind.
check_refusals() {
	refused=$scratch/refused.json
	sed 's/"task_result_id":"[^"]*"/"task_result_id":"taskrs-refused"/' "$payloads/post_plan.json" >"$refused"
	post "$at/run-task/nothing" "$refused" "$key"
	expect "no such endpoint" 404
	post "$at/run-task/prod/" "$refused" "$key"
	expect "a path that only begins like an endpoint's" 404
	post "$at/run-task/pro" "$refused" "$key"
	expect "the beginning of an endpoint's path" 404
	request "$at/run-task/prod"
	expect "GET" 405
	assert_grep "GET" '^Allow: POST' "$scratch/headers"
	request "$at/run-task/prod" -X PUT -d x
	expect "PUT" 405
	request "$at/run-task/prod" -I
	assert_equal "HEAD" 405 "$status"
	request "$at/run-task/prod" -X POST
	expect "no length" "$no_length"
	head -c 1200000 /dev/zero >"$scratch/large"
	post "$at/run-task/prod" "$scratch/large" "$key" -H 'Expect:'
	expect "too large for the handler" 413
	post "$at/run-task/prod" "$scratch/large" "$key" -H 'Expect: 100-continue'
	expect "too large for the handler, which is asked before" 413
	head -c 2200000 /dev/zero >"$scratch/large"
	post "$at/run-task/prod" "$scratch/large" "$key" -H 'Expect:'
	assert_equal "too large for the web server" "$far_too_large" "$status"
	head -c 1048000 /dev/zero >"$scratch/large"
	post "$at/run-task/prod" "$scratch/large" "$key"
	expect "just within the limit, signed, not JSON" 400
	rm "$scratch/large"

	post "$at/run-task/prod" "$refused" ''
	expect "no signature" 401
	post "$at/run-task/prod" "$refused" '' -H 'X-TFC-Task-Signature;'
	expect "an empty signature" 401
	post "$at/run-task/prod" "$refused" wrong-key
	expect "another key" 401
	request "$at/run-task/prod" -H 'Content-Type: application/json' --data-binary "@$refused" \
		-H "X-TFC-Task-Signature: $(sign "$payloads/post_plan.json" "$key")"
	expect "signature of another body" 401
	request "$at/run-task/prod" -H 'Content-Type: application/json' --data-binary "@$refused" \
		-H "X_TFC_Task_Signature: $(sign "$refused" "$key")"
	expect "signature in a header that only looks alike in CGI" 401
	post "$at/run-task/prod" "$payloads/verification.json" "$key"
	expect "verification" 200
	post "$at/run-task/prod" "$payloads/verification.json" wrong-key
	expect "verification with another key" 401

	content_type=text/plain
	post "$at/run-task/prod" "$refused" "$key"
	expect "not JSON by its type" 415
	content_type=application/json
	printf '{"payload_version":1' >"$scratch/body"
	post "$at/run-task/prod" "$scratch/body" "$key"
	expect "not JSON" 400
	for field in payload_version stage task_result_id task_result_callback_url; do
		sed "s/\"$field\":/\"no_$field\":/" "$refused" >"$scratch/body"
		post "$at/run-task/prod" "$scratch/body" "$key"
		expect "without $field" 400
		assert_grep "without $field" "\"$field: missing" "$scratch/answer"
	done
	with_field task_result_id '../../etc/x'
	post "$at/run-task/prod" "$scratch/body" "$key"
	expect "an id that is a path" 400
	with_field organization_name other
	post "$at/run-task/prod" "$scratch/body" "$key"
	expect "another organization" 403
	for field in task_result_callback_url plan_json_api_url configuration_version_download_url; do
		sed "s|\"$field\":\"https://app.terraform.io|\"$field\":\"https://app.terraform.io.example|" "$refused" \
			>"$scratch/body"
		post "$at/run-task/prod" "$scratch/body" "$key"
		expect "$field of another host" 403
	done
	post "$at/run-task/broken" "$refused" "$key"
	expect "a key that cannot be read" 503
	assert_grep "the log says which" 'broken.*no-such.key' "$handler_log"
	assert_equal "nothing was spooled" 0 "$(jobs_new)"
}

# What is accepted, what is then on disk, and health.
check_accepts() {
	post "$at/run-task/prod" "$payloads/post_plan.json" "$key"
	expect "accepted" 200
	job=$spool/new/prod.taskrs-2nH5dncYoXaMVQmJ.json
	assert "one file for the job" [ -f "$job" ]
	assert_equal "its mode" 640 "$(stat -c %a "$job")"
	before=$(cksum "$job")
	post "$at/run-task/prod" "$payloads/post_plan.json" "$key"
	expect "duplicate" 200
	post "$at/run-task/prod" "$payloads/post_plan.json" old-key
	expect "duplicate, the other key" 200
	post "$at/run-task/prod?-c+/dev/null&x=1" "$payloads/post_plan.json" "$key"
	expect "a query is nobody's business" 200
	post "$at/run-task/%70rod" "$payloads/post_plan.json" "$key"
	expect "a path with an escaped letter" 200
	assert_equal "the job after duplicates" "$before" "$(cksum "$job")"
	assert_equal "one job" 1 "$(jobs_new)"
	post "$at/run-task/prod" "$refused" "$key" -H 'Transfer-Encoding: chunked'
	expect "chunked" "$chunked"
	post "$at/run-task/other" "$payloads/post_plan-relative.json" ''
	expect "no token, relative plan URL" 200
	# Larger than what web servers keep in memory unless they are told to.
	sed 's/"task_result_id":"[^"]*"/"task_result_id":"taskrs-large"/' "$refused" >"$scratch/body"
	printf '%200000s' '' >>"$scratch/body"
	post "$at/run-task/prod" "$scratch/body" "$key"
	expect "a large request" 200
	assert "its job" [ -f "$spool/new/prod.taskrs-large.json" ]
	assert_equal "files in tmp/" '' "$(find "$spool/tmp" -type f)"
	for secret in "$token" 'expires=' 79e6d82f266556b15b33598a7cd1ccb77f19878ef54b48d1aab65728b4d26e42; do
		assert_equal "in clear text" '' "$(grep -rlF -e "$secret" "$spool" "$scratch"/*.log || :)"
	done

	request "$at/run-task/prod/health"
	assert_equal "health without a spooler" 503 "$status"
	assert_grep "health says why" '"spool":"writable".*"spooler_seen_seconds_ago":null' "$scratch/answer"
	: >"$spool/spoolers/0123456789abcdef0123456789abcdef"
	request "$at/run-task/prod/health"
	assert_equal "health" 200 "$status"
	assert_grep "health" '"status":"ok".*"spooler_seen_seconds_ago":[0-9]' "$scratch/answer"
}
