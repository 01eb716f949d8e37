#!/bin/sh
# The handler as plain CGI, by environment and standard input alone.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need openssl

key=cgi-key
cat >"$scratch/planspool.yaml" <<END
spool: $scratch/spool
seal: {public_key: $scratch/seal.pub, secret_key: [$scratch/seal.key]}
endpoints:
  prod:
    path: /run-task/prod
    hmac_keys: [$scratch/prod.key]
    hosts: [https://app.terraform.io]
    checks: [{changes: {max_delete: 10}}]
END
write_key "$scratch/prod.key" "$key"
make_spool

# cgi METHOD PATH_INFO FILE SIGNATURE [VARIABLE=VALUE...] [-- ARGUMENT...]: sets $status.
cgi() {
	cgi_file=$3
	set -- "$@" --
	cgi_environment="REQUEST_METHOD=$1 PATH_INFO=$2 CONTENT_LENGTH=$(wc -c <"$3" | tr -d ' ') HTTP_X_TFC_TASK_SIGNATURE=$4"
	shift 4
	while [ "$1" != -- ]; do
		cgi_environment="$cgi_environment $1"
		shift
	done
	shift
	[ $# -eq 0 ] || [ "$1" != -- ] || shift
	# shellcheck disable=SC2086
	env -i GATEWAY_INTERFACE=CGI/1.1 SCRIPT_NAME=/cgi-bin/planspool.fcgi CONTENT_TYPE=application/json \
		"PLANSPOOL_CONFIG=$scratch/planspool.yaml" $cgi_environment "$build/planspool.fcgi" ${1+"$@"} \
		<"$cgi_file" >"$scratch/response" 2>>"$scratch/cgi.log" || fail "exit status $?"
	status=$(sed -n 's/^Status: \([0-9]*\) .*/\1/p;q' "$scratch/response")
	tr -d '\r' <"$scratch/response" >"$scratch/response.text"
	sed '/^$/q' "$scratch/response.text" >"$scratch/headers"
	sed '1,/^$/d' "$scratch/response.text" >"$scratch/answer"
}

body=$payloads/post_plan.json
good=$(sign "$body" "$key")

cgi POST /run-task/nothing "$body" "$good"
expect "no such endpoint" 404
cgi GET /run-task/prod "$body" "$good"
expect "GET" 405
cgi POST /run-task/prod "$body" "$good" CONTENT_LENGTH=
expect "no length" 411
cgi POST /run-task/prod "$body" "$good" CONTENT_LENGTH=9999999
expect "too large" 413
cgi POST /run-task/prod "$body" "$good" CONTENT_LENGTH=100000
expect "shorter than its length" 400
cgi POST /run-task/prod "$body" ''
expect "no signature" 401
cgi POST /run-task/prod "$body" "$good" CONTENT_TYPE=text/plain
expect "not JSON by its type" 415
cgi POST /run-task/prod "$payloads/verification.json" "$(sign "$payloads/verification.json" "$key")"
expect "verification" 200
assert_equal "nothing was spooled" 0 "$(jobs_new)"

cgi POST /run-task/prod "$body" "$good"
expect "accepted" 200
assert_equal "one job" 1 "$(jobs_new)"
assert_equal "its mode" 640 "$(stat -c %a "$scratch"/spool/new/*)"
cgi POST /run-task/prod "$body" "$good"
expect "duplicate" 200
assert_equal "still one job" 1 "$(jobs_new)"
cgi POST '' "$body" "$good" SCRIPT_NAME=/run-task/prod
expect "path in SCRIPT_NAME" 200

# A query without "=" becomes arguments; none of them counts.
cgi POST /run-task/prod "$body" "$good" -- -c /nonexistent --help
expect "arguments are not read" 200

# Descriptors that are closed do not end up as the job's file.
(
	exec 2>&-
	env -i REQUEST_METHOD=POST PATH_INFO=/run-task/prod CONTENT_LENGTH=3 "PLANSPOOL_CONFIG=$scratch/planspool.yaml" \
		"$build/planspool.fcgi" <"$body" >"$scratch/response"
) || fail "without standard error"
assert_grep "without standard error" '^Status: 401 ' "$scratch/response"

# A disk that is full in the middle of a job: 503, and nothing of it stays.
sed 's/"task_result_id":"[^"]*"/"task_result_id":"taskrs-full"/' "$body" >"$scratch/full.json"
full=$(sign "$scratch/full.json" "$key")
length=$(wc -c <"$scratch/full.json" | tr -d ' ')
(
	ulimit -f 1
	env -i REQUEST_METHOD=POST PATH_INFO=/run-task/prod "CONTENT_LENGTH=$length" "HTTP_X_TFC_TASK_SIGNATURE=$full" \
		"PLANSPOOL_CONFIG=$scratch/planspool.yaml" "$build/planspool.fcgi" <"$scratch/full.json"
) 2>&1 | cat >"$scratch/response"
assert_grep "full disk" '^Status: 503 ' "$scratch/response"
assert_grep "the log says why" 'taskrs-full: .*cannot write into the spool: File too large' "$scratch/response"
assert_equal "files in tmp/" '' "$(find "$scratch/spool/tmp" -type f)"
assert_equal "no job of it" 1 "$(jobs_new)"

mv "$scratch/spool" "$scratch/elsewhere"
cgi POST /run-task/prod "$body" "$good"
expect "no spool" 503
mv "$scratch/elsewhere" "$scratch/spool"
echo 'nonsense: 1' >>"$scratch/planspool.yaml"
cgi POST /run-task/prod "$body" "$good"
expect "bad configuration" 503
assert_grep "the log says where" 'planspool.yaml:[0-9]+:.*nonsense' "$scratch/cgi.log"
assert_equal "token in the log" '' "$(grep -F 4QEuyyxug1f2rw "$scratch/cgi.log" || :)"

# Neither CGI nor a socket.
status=0
env -i "$build/planspool.fcgi" </dev/null 2>"$scratch/usage.log" || status=$?
assert_equal "started by hand" 2 "$status"
assert_grep "started by hand" '^usage: ' "$scratch/usage.log"
finish
