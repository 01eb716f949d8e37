# Shared by the whole-program tests of the spooler: sourced first, in place of lib.sh, which it includes.
#
# A test puts jobs into the spool through the real handler (accept_job), scripts how tests/sender answers for each of
# them (script), lets planspoold work until the spool is empty (run_spooler) and looks at what lies in the spool and
# at what the sender wrote down (expect, asked). Many jobs go through one run, so that their waits pass together.
# shellcheck shell=sh disable=SC2034,SC2094,SC2154

. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need openssl

key=spooler-key
sender=$scratch/sender
spool=$scratch/spool
planspoold=$build/planspoold
mkdir "$sender"
cp "$src/tests/plans/create/plan.json" "$sender/plan.json"
write_key "$scratch/prod.key" "$key"
write_key "$scratch/sender.token" token-of-the-file
export "PLANSPOOL_CONFIG=$scratch/planspool.yaml"

# start_sender [OPTION...]: sets $api and $storage, its origins, and $sender_pid.
start_sender() {
	rm -f "$sender/ports"
	"$build/tests/sender" -d "$sender" "$@" 2>>"$scratch/sender.log" &
	sender_pid=$!
	pids="$pids $sender_pid"
	retry 20 [ -f "$sender/ports" ] || fail "the sender does not start"
	# shellcheck disable=SC1091
	. "$sender/ports"
	api=http://127.0.0.1:$api_port
	storage=http://127.0.0.1:$storage_port
}

# start_staller: sets its origins: $stalling, which answers as tests/staller.c says; $silent and $silent_tls, which take connections
# and say nothing; and $full, which takes none.
start_staller() {
	"$build/tests/staller" "$sender" 2>>"$scratch/staller.log" &
	pids="$pids $!"
	retry 20 [ -f "$sender/stalls" ] || fail "the staller does not start"
	# shellcheck disable=SC1091
	. "$sender/stalls"
	stalling=http://127.0.0.1:$stall_port
	silent=http://127.0.0.1:$silent_port
	silent_tls=https://localhost:$silent_port
	full=http://127.0.0.1:$full_port
}

# configure [LINE...]: the configuration with one endpoint, prod; the lines are added at its end, and $hosts,
# $storages, $checks and $limits replace what is usual.
configure() {
	cat >"$scratch/planspool.yaml" <<END
spool: $spool
seal: {public_key: $scratch/seal.pub, secret_key: [$scratch/seal.key]}
workers: 2
scan: 1s
limits: ${limits:-"{job: 58m}"}
endpoints:
  prod:
    path: /run-task/prod
    hmac_keys: [$scratch/prod.key]
    hosts: ${hosts:-"[\"$api\"]"}
    storage: ${storages:-"[\"$storage\"]"}
    checks: ${checks:-"[{changes: {max_delete: 10}}]"}
END
	for line in "$@"; do
		printf '%s\n' "$line" >>"$scratch/planspool.yaml"
	done
}

# script JOB WHAT ANSWERS: how the sender answers, see tests/sender.c.
script() {
	echo "$*" >>"$sender/script"
}

# accept_job NAME [FIELD=VALUE...]: a request from this sender, through the handler as CGI. The fields are token
# (empty: none), stage, plan and callback (URLs; plan empty: none) and endpoint.
accept_job() {
	post_job "$@" || fail "handler: exit status $?"
	grep -q '^Status: 200 ' "$scratch/response" || fail "$1 is not accepted: $(cat "$scratch/response")"
}

# post_job: the same, whatever it is answered. The handler's environment has $handler_environment, too.
handler_environment=
post_job() {
	job=$1 token=token-$1 stage=post_plan endpoint=prod
	plan=$api/api/v2/plans/$1/json-output callback="$api/api/v2/task-results/$1/callback?secret=q-$1"
	shift
	for field in "$@"; do
		case ${field%%=*} in
		token) token=${field#*=} ;;
		stage) stage=${field#*=} ;;
		plan) plan=${field#*=} ;;
		callback) callback=${field#*=} ;;
		endpoint) endpoint=${field#*=} ;;
		*) fail "accept_job: $field" ;;
		esac
	done
	{
		printf '{"payload_version":1,"stage":"%s","task_result_id":"%s","organization_name":"acme"' "$stage" "$job"
		[ -z "$token" ] || printf ',"access_token":"%s"' "$token"
		[ -z "$plan" ] || printf ',"plan_json_api_url":"%s"' "$plan"
		printf ',"task_result_callback_url":"%s"}' "$callback"
	} >"$scratch/payload"
	# shellcheck disable=SC2086
	env -i GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST "PATH_INFO=/run-task/$endpoint" SCRIPT_NAME=/cgi-bin/planspool.fcgi \
		CONTENT_TYPE=application/json "CONTENT_LENGTH=$(wc -c <"$scratch/payload" | tr -d ' ')" \
		"HTTP_X_TFC_TASK_SIGNATURE=$(sign "$scratch/payload" "$key")" "PLANSPOOL_CONFIG=$PLANSPOOL_CONFIG" $handler_environment \
		"$build/planspool.fcgi" <"$scratch/payload" >"$scratch/response" 2>>"$scratch/handler.log"
}

# run_spooler: until the spool is empty.
run_spooler() {
	"$planspoold" --once 2>>"$scratch/spooler.log" || fail "planspoold --once: exit status $?"
	left=$(find "$spool/new" "$spool/active" -mindepth 1 -maxdepth 1 ! -name '.claim.*')
	assert_equal "left in the spool" '' "$left"
}

# start_spooler [OPTION...]: in the background; sets $spooler_pid.
start_spooler() {
	"$planspoold" "$@" 2>>"$scratch/spooler.log" &
	spooler_pid=$!
	pids="$pids $spooler_pid"
}

# stop_spooler [PID]: with TERM; it must end well.
stop_spooler() {
	kill -TERM "${1:-$spooler_pid}"
	wait "${1:-$spooler_pid}" || fail "planspoold: exit status $?"
}

# logged TEXT COUNT: whether the spooler said so at least so often.
logged() {
	[ "$(grep -c "$1" "$scratch/spooler.log")" -ge "$2" ]
}

# reload TEXT: HUP; the log then says so once more.
reload() {
	before=$(grep -c "$1" "$scratch/spooler.log" || :)
	kill -HUP "$spooler_pid"
	retry 30 logged "$1" $((before + 1)) || fail "HUP: the log does not say: $1"
}

# peak: the largest resident size of any process of the spooler, in KiB.
peak() {
	for pid in "$spooler_pid" $(pgrep -P "$spooler_pid"); do
		sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"
	done | sort -n | tail -n 1
}

# asked METHOD NAME: what the sender was asked for a job and how it answered, as in "plan:204 plan:307 storage:200".
asked() {
	sed -n "s/.*\"method\":\"$1\".*\"job\":\"$2\",\"what\":\"\\([a-z]*\\)\".*\"answer\":\\([0-9]*\\)}\$/\\1:\\2/p" \
		"$sender/transcript" | tr '\n' ' ' | sed 's/ $//'
}

# expect_asked METHOD NAME PATTERN: the same as an assertion; PATTERN is a whole extended regular expression.
expect_asked() {
	asked "$1" "$2" >"$scratch/asked"
	echo >>"$scratch/asked"
	assert_grep "$2: asked $1" "^$3\$" "$scratch/asked"
}

# how_often NAME WHAT: how often the sender was asked for it.
how_often() {
	grep -c "\"job\":\"$1\",\"what\":\"$2\"" "$sender/transcript" || :
}

# asked_again NAME WHAT COUNT: whether it was more often than that.
asked_again() {
	[ "$(how_often "$1" "$2")" -gt "$3" ]
}

# tokens NAME: which tokens came with a job's requests, as in "plan:job storage:none".
tokens() {
	sed -n "s/.*\"method\":\"GET\".*\"job\":\"$1\",\"what\":\"\\([a-z]*\\)\",\"token\":\"\\([a-z]*\\)\".*/\\1:\\2/p" \
		"$sender/transcript" | tr '\n' ' ' | sed 's/ $//'
}

# waited NAME WHAT: milliseconds between the first two such requests of a job.
waited() {
	# shellcheck disable=SC2046
	set -- $(sed -n "s/^{\"at\":\([0-9]*\),.*\"job\":\"$1\",\"what\":\"$2\".*/\1/p" "$sender/transcript")
	echo $(($2 - $1))
}

# expect NAME STATUS MESSAGE: the job is in done/ with all its files, its result has this status, its message matches
# the extended regular expression, and exactly one final was accepted, which was this result.
expect() {
	folder=$spool/done/prod.$1
	for file in request.json log.jsonl outcomes.jsonl result.json; do
		assert "$1: done with" [ -f "$folder/$file" ]
	done
	assert_grep "$1: status" "\"attributes\":[{]\"status\":\"$2\"" "$folder/result.json"
	sed -n 's/.*"attributes":{"status":"[a-z]*","message":"\(\([^"\\]\|\\.\)*\)".*/\1/p' "$folder/result.json" >"$scratch/message"
	assert_grep "$1: message" "$3" "$scratch/message"
	assert_equal "$1: accepted finals" 1 "$(asked PATCH "$1" | tr ' ' '\n' | grep -c '^final:20[0-9]$')"
	cmp -s "$folder/result.json" "$sender/$1.final.1" || fail "$1: what was sent is not result.json"
}

# expect_no_secrets: what every run keeps to. No token, no query and no sensitive value of the plan lies in the spool
# or in a log; each request had the content type of its kind, and no token or query that is not its own.
expect_no_secrets() {
	found=$(grep -rlE 'token-|secret=|correct horse' "$spool" "$scratch/spooler.log" "$scratch/handler.log" "$sender"/*.final.* || :)
	assert_equal "secrets in" '' "$found"
	found=$(grep -E '"token":"other"|"query":"wrong"|"type":"wrong"' "$sender/transcript" || :)
	assert_equal "wrong requests" '' "$found"
	found=$(grep '"method":"PATCH"' "$sender/transcript" | grep -Ev '"query":"right","type":"right"' || :)
	assert_equal "callbacks without query or type" '' "$found"
	found=$(grep -E 'ERROR: |runtime error|Sanitizer' "$scratch/spooler.log" || :)
	assert_equal "faults in the log" '' "$found"
}
