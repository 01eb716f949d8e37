#!/bin/sh
# planspool-sim against a receiver (receiver.c) that does right and wrong things: exit status, what is shown, what
# is found at fault.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need openssl tar

sim=$build/planspool-sim
[ -x "$sim" ] || { echo 'sim: configured without it'; exit 77; }
plan=$src/tests/plans/create/plan.json
make_cert
write_key "$scratch/key" secret-key
write_key "$scratch/other-key" other-key
"$build/tests/receiver" "$scratch/key" "$scratch/tls.pem" >"$scratch/receiver.log" 2>&1 &
pids="$pids $!"
retry 20 test -s "$scratch/receiver.log" || fail "the receiver does not start"
url=$(head -n 1 "$scratch/receiver.log")

# sim_run WHAT STATUS PATH OPTION...: the output is in $scratch/out, that on standard error in $scratch/err.
sim_run() {
	run_what=$1 run_status=$2 run_path=$3
	shift 3
	got=0
	"$sim" --endpoint "$url$run_path" --hmac-key "$scratch/key" "$@" >"$scratch/out" 2>"$scratch/err" || got=$?
	assert_equal "$run_what: exit status ($(cat "$scratch/out" "$scratch/err"))" "$run_status" "$got"
}

sim_run 'passed' 0 /pass --plan "$plan"
assert_grep 'progress' '^00:0[0-9]\.[0-9]{3}  run task request accepted \(200\)$' "$scratch/out"
assert_grep 'running is shown' '  running: looking$' "$scratch/out"
size=$(wc -c <"$plan" | tr -d ' ')
assert_grep 'the plan was served' "^/pass: $size bytes of application/json\$" "$scratch/receiver.log"
assert_grep 'the verdict' '^taskrs-[A-Za-z0-9]{16}: passed \(post_plan, mandatory\)$' "$scratch/out"

sim_run 'failed' 1 /fail --plan "$plan" --enforcement advisory --task-result-id taskrs-one
assert_grep 'its id' '^taskrs-one: failed \(post_plan, advisory\)$' "$scratch/out"
assert_grep 'the message is escaped' '^  2 .x1b\[31mfailed$' "$scratch/out"
assert_grep 'outcomes are aligned' '^  A_1         About A_1$' "$scratch/out"
assert_grep 'outcomes are aligned, the longest' '^  LONG_ID_22  About LONG_ID_22$' "$scratch/out"
assert_grep 'tags' '^ +\[Status: Failed \(error\)\]  \[Severity: High, x\]$' "$scratch/out"

sim_run 'JSON' 1 /fail --plan "$plan" --json
assert_equal 'one line' 1 "$(wc -l <"$scratch/out" | tr -d ' ')"
assert_grep 'JSON, its beginning' '^\{"task_result_id":"taskrs-[^"]+","status":"failed","message":"2 .u001b' \
	"$scratch/out"
assert_grep 'JSON, outcomes' '\[31mfailed","outcomes":\[\{"outcome-id":"A_1",' "$scratch/out"
assert_grep 'JSON, its end' '"callbacks":1,"faults":\[\],"times":\{"accepted_ms":[0-9]+,"final_ms":[0-9]+\}\}$' \
	"$scratch/out"

for stage in pre_plan pre_apply post_apply; do
	sim_run "stage $stage" 0 /no-plan --plan "$plan" --stage "$stage"
	offered=offered
	[ "$stage" != pre_plan ] || offered='not offered'
	assert_grep "stage $stage" "^/no-plan: $stage taskrs-[^ ]+ plan $offered\$" "$scratch/receiver.log"
done

mkdir "$scratch/configuration"
echo 'resource' >"$scratch/configuration/main.tf"
sim_run 'configuration' 0 /configuration --plan "$plan" --config-dir "$scratch/configuration"
assert_grep 'the configuration was served' '^/configuration: [1-9][0-9]+ bytes of application/x-gzip$' \
	"$scratch/receiver.log"

sim_run 'verification' 0 /pass --verification
assert_grep 'verification' '^verification: verified$' "$scratch/out"
assert_grep 'verification' '^/pass: test taskrs-x{16} plan offered$' "$scratch/receiver.log"

sim_run 'many at once' 0 /pass --plan "$plan" --count 50 --parallel 7 --json
assert_equal 'many at once' 50 "$(grep -c '"status":"passed"' "$scratch/out")"
assert_equal 'with ids of their own' 50 "$(cut -d, -f1 "$scratch/out" | sort -u | wc -l | tr -d ' ')"

sim_run 'TLS' 0 /pass --plan "$plan" --tls-cert "$scratch/tls.pem" --tls-key "$scratch/tls.key"
sim_run 'fetched again' 0 /again --plan "$plan"
assert_grep 'a used up storage URL' 'plan not given out again' "$scratch/out"

sim_run 'token at the storage' 2 /leak --plan "$plan"
assert_grep 'token at the storage' '^  - the storage was sent an Authorization header$' "$scratch/out"
sim_run 'wrong token' 2 /token --plan "$plan" --json
assert_grep 'wrong token' '"faults":\["GET [^"]* without the run.s token","PATCH [^"]* without the run.s token"\]' \
	"$scratch/out"
sim_run 'no token wanted' 2 /leak --plan "$plan" --no-token
sim_run 'Content-Type' 2 /type --plan "$plan"
assert_grep 'Content-Type' '^  - a callback.s Content-Type is not application/vnd.api.json$' "$scratch/out"
sim_run 'shape' 2 /shape --plan "$plan" --json
assert_equal 'shape: faults' 4 "$(grep -o 'a callback cannot be used' "$scratch/out" | wc -l | tr -d ' ')"
sim_run 'after the final one' 2 /twice --plan "$plan" --linger 3s --json
assert_grep 'after the final one' \
	'"callbacks":1,"faults":\["a second final callback[^"]*","a running callback[^"]*"\]' \
	"$scratch/out"
sim_run 'no answer' 2 /silent --plan "$plan" --timeout 300ms --json
assert_grep 'no answer' '"status":"errored".*"callbacks":1' "$scratch/out"
sim_run 'not accepted' 2 /refuse --plan "$plan"
assert_grep 'not accepted' 'not accepted \(503\)$' "$scratch/out"
sim_run 'another key' 2 /pass --plan "$plan" --hmac-key "$scratch/other-key"
assert_grep 'another key' 'not accepted \(401\)$' "$scratch/out"
sim_run 'not reached' 2 /pass --plan "$plan" --endpoint "http://127.0.0.1:1/pass"
assert_grep 'not reached' 'not delivered: ' "$scratch/out"

sim_run 'usage: stage' 2 /pass --plan "$plan" --stage test
sim_run 'usage: option' 2 /pass --plan "$plan" --bogus
assert_grep 'usage: option' 'bogus is no option' "$scratch/err"
sim_run 'usage: argument' 2 /pass --plan
sim_run 'usage: flag' 2 /pass --plan "$plan" --json=yes
sim_run 'usage: number' 2 /pass --plan "$plan" --count 0
sim_run 'usage: plan' 2 /pass
sim_run 'usage: no such plan' 2 /pass --plan "$scratch/nothing"
sim_run 'usage: a folder as plan' 2 /pass --plan "$scratch"
sim_run 'usage: address' 2 /pass --plan "$plan" --listen nowhere
sim_run 'help' 0 /pass --help
assert_grep 'help' '^  --config-dir DIR ' "$scratch/out"
sim_run 'version' 0 /pass --version
assert_grep 'version' '^planspool-sim [0-9]' "$scratch/out"

if grep WRONG "$scratch/receiver.log"; then
	fail 'the receiver was answered otherwise than it expected'
fi
finish
