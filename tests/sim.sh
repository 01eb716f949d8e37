#!/bin/sh
# planspool-sim against a receiver that does right: exit status, what is shown. What it finds at fault is in
# sim_faults.sh.
. "${srcdir:-$(dirname "$0")/..}/tests/sim_lib.sh"
# shellcheck disable=SC2154

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
assert_grep 'JSON, its end' '"callbacks":1,"faults":\[\],"times":\{"accepted_ms":[0-9]+,"final_ms":[0-9]+\},"warnings":' \
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


# The sender's moods that need a receiver of a few lines; the others are tried in sim_moods.sh.
sim_run 'answer lost' 0 /lost --plan "$plan" --answer final=lost --json
assert_equal 'answer lost' '0 409' "$(asked final)"
assert_grep 'answer lost' '"faults":\[\].*"warnings":\[\]' "$scratch/out"
sim_run 'not taken' 1 /anew --plan "$plan" --answer final=drop --json
assert_equal 'not taken' '0 200' "$(asked final)"
sim_run 'canceled' 2 /canceled --plan "$plan" --answer running=409 --json
assert_grep 'canceled' '"status":"canceled".*"callbacks":0' "$scratch/out"
sim_run 'duplicates' 0 /pass --plan "$plan" --duplicate 3 --duplicate-later --json
assert_equal 'duplicates' '200 200 200' "$(asked duplicate)"
assert_equal 'the last duplicate' 200 "$(asked 'duplicate later')"
assert_equal 'duplicates are no runs' 200 "$(asked final)"
sim_run 'a verification twice' 0 /pass --verification --duplicate 1 --json
assert_equal 'a verification twice' '200' "$(asked duplicate)"
sim_run 'limited' 2 /limited --plan "$plan" --rate-limit 1 --timeout 1s --json
assert 'limited' [ -n "$(asked limited)" ]
# took_ms: from the request to the final callback
took_ms() {
	sed -n 's/.*"final_ms":\([0-9]*\).*/\1/p' "$scratch/out"
}
sim_run 'slow' 0 /pass --plan "$plan" --slow 200ms --json
assert 'slow: three answers before the final callback' [ "$(took_ms)" -ge 600 ]
sim_run 'one slow answer' 0 /pass --plan "$plan" --answer 'plan=307;after=500ms' --json
assert 'one slow answer' [ "$(took_ms)" -ge 500 ]
assert_equal 'one slow answer' 307 "$(asked plan)"
sim_run 'the end comes while an answer waits' 2 /limited --plan "$plan" --answer 'running=200;after=30s' --timeout 300ms
sim_run 'no answer' 2 /silent --plan "$plan" --timeout 300ms --json
assert_grep 'no answer' '"status":"errored".*"callbacks":1' "$scratch/out"
sim_run 'not accepted' 2 /refuse --plan "$plan"
assert_grep 'not accepted' 'not accepted \(503\)$' "$scratch/out"
assert_grep 'not accepted: the CLI' '^Skipping task results\.$' "$scratch/out"
sim_run 'another key' 2 /pass --plan "$plan" --hmac-key "$scratch/other-key"
assert_grep 'another key' 'not accepted \(401\)$' "$scratch/out"
sim_run 'no such key' 2 /pass --plan "$plan" --hmac-key "$scratch/no-key"
assert_grep 'no such key' "^planspool-sim: error: $scratch/no-key: No such file" "$scratch/err"
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
sim_run 'usage: port' 2 /pass --plan "$plan" --listen 127.0.0.1:65536
while read -r option; do
	sim_run "usage: $option" 2 /pass --plan "$plan" "${option%%=*}" "${option#*=}"
	assert_grep "usage: $option" "^planspool-sim: error: ${option%%=*}: " "$scratch/err"
done <<'END'
--redirect=elsewhere
--slow=fast
--rate-limit=0
--answer=plan
--answer=plans=200
--answer=plan=
--answer=plan=200,
--answer=plan=lost
--answer=plan=201
--answer=plan=99
--answer=plan=600
--answer=plan=200x0
--answer=plan=200x
--answer=running=307
--answer=final=cut
--answer=final=200;after
--answer=final=200;after=soon
--answer=final=200;later=1s
--answer=final=429;reset=
END
sim_run 'help' 0 /pass --help
assert_grep 'help' '^  --config-dir DIR ' "$scratch/out"
sim_run 'version' 0 /pass --version
assert_grep 'version' '^planspool-sim [0-9]' "$scratch/out"

finish_sim
