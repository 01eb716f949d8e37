#!/bin/sh
# planspool from the command line: check over real plans with expected output, exit statuses, list and show over a spool made by
# hand, keys, test-config.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

plans=$src/tests/plans
planspool=$build/planspool
cd "$scratch"

# run WHAT STATUS [ARGUMENT...]: runs planspool; standard output is in ./out, with HASH for that of the policy set,
# standard error in ./err.
run() {
	what=$1 expected=$2
	shift 2
	got=0
	"$planspool" "$@" >raw 2>err || got=$?
	sed -E 's/(policy set |"policy_set":")[0-9a-f]{12}/\1HASH/' raw >out
	[ "$got" -eq "$expected" ] || fail "$what: exit status $got, expected $expected: $(cat out err)"
	case $expected in
	2) assert "$what: a reason on standard error" [ -s err ] ;;
	esac
}

# same WHAT: ./out is standard input.
same() {
	cat >expected
	diff -u expected out >difference || fail "$1: $(cat difference)"
}

# ---- the program ----

run 'help' 0 --help
assert_grep 'help names the commands' '^  test-config ' out
for command in check policies list show retry purge keygen test-config; do
	run "help of $command" 0 "$command" --help
	assert_grep "help of $command" "^Usage: planspool $command " out
	run "version of $command" 0 "$command" --version
	assert_grep "version of $command" '^planspool [0-9]' out
	run "unknown option of $command" 2 "$command" --nonsense
	assert_grep "unknown option of $command" 'unknown option --nonsense' err
done
run 'no command' 2
run 'unknown command' 2 chekc
assert_grep 'unknown command' "did you mean 'check'" err

# ---- check ----

mkdir policies
cat >policies/open.yaml <<'END'
metadata:
  id: CKV2_TEST_1
  name: Networks must not be public
  category: NETWORKING
  severity: HIGH
  guideline: https://policies.example.com/CKV2_TEST_1
definition:
  cond_type: attribute
  resource_types: [terraform_data]
  attribute: input.public
  operator: not_equals
  value: true
END
run 'a policy fails' 1 check --policy policies "$plans/create/plan.json"
assert_grep 'a policy fails' '^FAILED   HIGH  CKV2_TEST_1  Networks must not be public$' out
assert_grep 'a policy fails' '^    terraform_data\.network\["c\.d\[\\"x\\"\]"\]' out
assert_grep 'a policy fails' 'https://policies.example.com/CKV2_TEST_1' out
assert_equal 'the last line' '1 failed, 10 passed; 11 resources; policy set HASH' "$(tail -n 1 out)"
# shellcheck disable=SC2016 # a control character, not an expansion
assert 'no colours in a file' [ -z "$(tr -dc '\033' <out)" ]
cat >deny.yaml <<'END'
metadata: {id: CKV2_TEST_2, name: No certificates, category: x}
definition: {cond_type: resource, resource_types: [tls_self_signed_cert], operator: not_exists}
END
run 'of what a list of forbidden types does not name nothing is said' 0 check --policy deny.yaml "$plans/create/plan.json"
same 'of what a list of forbidden types does not name nothing is said' <<'END'
0 passed; 11 resources; policy set HASH
END
run 'but for --all' 0 check --policy deny.yaml --all "$plans/create/plan.json"
assert_equal 'but for --all' '11 unknown; 11 resources; policy set HASH' "$(tail -n 1 out)"
sed -i 's/tls_self_signed_cert/terraform_data/' deny.yaml
run 'a forbidden type' 1 check --policy deny.yaml "$plans/create/plan.json"
assert_grep 'a forbidden type' '^[0-9]+ failed; 11 resources' out
run 'a policy passes' 0 check --policy policies "$plans/lifecycle/plan.json"
run 'as JSON' 1 check --policy policies/open.yaml --format json "$plans/create/plan.json"
assert_grep 'as JSON' '^\{"status":"failed","message":"1 failed, 10 passed; 11 resources","resources":11,"policy_set":"HASH","outcomes":\[\{"id":"CKV2_TEST_1","status":"failed","severity":"HIGH","address":"terraform_data\.network\[\\"c\.d' out
assert_equal 'one object, one line' 1 "$(wc -l <out | tr -d ' ')"
run 'all' 1 check --all --format json --policy policies "$plans/create/plan.json"
assert_equal 'all: one outcome for each resource' 11 "$(grep -o '"address":' out | wc -l | tr -d ' ')"
got=0
"$planspool" check --policy policies - <"$plans/create/plan.json" >piped 2>err || got=$?
assert_equal 'standard input' 1 "$got"
run 'the same from a file' 1 check --policy policies "$plans/create/plan.json"
assert 'standard input: the same' cmp -s raw piped

run 'no plan named' 2 check --policy policies
run 'two plans' 2 check --policy policies a b
run 'nothing to check with' 2 check "$plans/create/plan.json"
run 'plan is missing' 2 check --policy policies missing.json
assert_grep 'plan is missing' 'missing\.json: No such file' err
run 'plan is a folder' 2 check --policy policies .
run 'policy is missing' 2 check --policy missing "$plans/create/plan.json"
assert 'policy is missing: no report' [ ! -s out ]
printf 'definition: {' >broken.yaml
run 'policy is broken' 2 check --policy broken.yaml "$plans/create/plan.json"
assert_grep 'policy is broken' '^broken\.yaml:[0-9]+: ' err
run 'policy that does not say enough' 2 check --policy policies --policy "$plans/create/plan.json" "$plans/create/plan.json"
run 'not JSON' 2 check --policy policies "$plans/create/main.tf"
assert_grep 'not JSON' 'byte 0: ' err
printf '{"format_version":"1.2","resource_changes":[{"address":' >cut.json
run 'cut short' 2 check --policy policies cut.json
assert_grep 'cut short' 'cut\.json: .*ends in the middle of resource_changes' err
printf 'PK\003\004' >binary
run 'a binary plan' 2 check --policy policies binary
assert_grep 'a binary plan' 'terraform show -json binary' err
run 'a format that does not exist' 2 check --policy policies --format xml "$plans/create/plan.json"
run 'a registry is missing' 2 check --images missing.json "$plans/create/plan.json"
assert_grep 'a registry is missing' '^missing\.json: No such file' err
run 'a format of check alone' 2 list --format sarif

# ---- keys ----

umask 077
run 'a key' 0 keygen hmac prod.key
assert_equal 'a key: its mode' 600 "$(stat -c %a prod.key)"
assert_grep 'a key: 64 digits' '^[0-9a-f]{64}$' prod.key
assert_equal 'a key: with its newline' 65 "$(wc -c <prod.key | tr -d ' ')"
assert 'a key is not printed' [ -z "$(grep -F "$(cat prod.key)" out err)" ]
cp prod.key copy
run 'a key is not overwritten' 2 keygen hmac prod.key
assert 'a key is not overwritten' cmp -s prod.key copy
run 'keys to seal' 0 keygen seal .
assert_equal 'keys to seal: the mode of the secret one' 600 "$(stat -c %a seal.key)"
run 'keys to seal are not overwritten' 2 keygen seal .
run 'another kind' 2 keygen tls x
run 'another key' 0 keygen hmac other.key
if cmp -s prod.key other.key; then fail 'two keys are the same'; fi

# ---- test-config ----

config() {
	cat <<END
spool: $scratch/spool
seal: {public_key: seal.pub, secret_key: [seal.key]}
endpoints:
  prod:
    path: /run-task/prod
    hmac_keys: [prod.key, other.key]
    hosts: [https://app.terraform.io]
    checks:
$1
END
}
config "      - changes: {max_delete: 1, protect: [terraform_data], require_complete: true}
      - policies: [policies]" >planspool.yaml
run 'a good configuration' 0 test-config -c planspool.yaml
same 'a good configuration' <<'END'
planspool.yaml: ok: 1 endpoint, 2 checks, 4 keys
END
config "      - pictures: {registry: images.json}
      - chnages: {max_delete: 1}
      - policies: [missing]" | sed 's/prod\.key/missing.key/' >bad.yaml
chmod 644 other.key
run 'all faults at once' 2 test-config -c bad.yaml
assert_grep 'all faults: an unknown kind' '^bad\.yaml:9: pictures: this kind of check does not exist in this version$' err
assert_grep 'all faults: a misspelled kind' "^bad\.yaml:10: chnages: .*did you mean 'changes'" err
assert_grep 'all faults: a policy' '^(bad\.yaml:11: .*)?missing: No such file' err
assert_grep 'all faults: a missing key' 'endpoint prod: hmac_keys: .*missing\.key' err
assert_grep 'all faults: a key that others can read' 'endpoint prod: hmac_keys: .*other\.key' err
chmod 600 other.key
sed 's/^spool:/sppol:/' planspool.yaml >bad.yaml
run 'a bad file' 2 test-config -c bad.yaml
assert_grep 'a bad file' '^bad\.yaml:1: ' err
PLANSPOOL_CONFIG=bad.yaml run 'the file from the environment' 2 test-config
config "      - policies: [missing]" | sed 's/^spool:/sppol:/; s/^seal:.*/seal: {public_key: missing.pub}/; s/hosts: .*/hosts: [http]/; s/prod\.key/missing.key/' >bad.yaml
run 'faults of the file, and behind them' 2 test-config -c bad.yaml
for fault in ':1: .*sppol' ':2: .*' ':7: hosts: ' 'hmac_keys: .*missing\.key' 'seal: public_key: ' 'missing: No such file'; do
	assert_grep 'faults of the file, and behind them' "$fault" err
done
run 'a file that is none' 2 test-config -c "$plans/create/main.tf"
assert_equal 'a file that is none: one fault' 1 "$(wc -l <err | tr -d ' ')"
mkdir seal2
run 'a second pair' 0 keygen seal seal2
sed 's|key: \[seal.key\]|key: [seal2/seal.key]|' planspool.yaml >bad.yaml
run 'a secret key of another pair' 2 test-config -c bad.yaml
assert_grep 'a secret key of another pair' 'no secret_key opens' err

# ---- check with a configuration ----

config "      - changes: {max_delete: 1, max_replace: 5, protect: [terraform_data], require_complete: true}" >planspool.yaml
run 'an endpoint fails' 1 check -c planspool.yaml "$plans/lifecycle/plan.json"
same 'an endpoint fails' <<'END'
FAILED   changes.protect  Protected resources must not be deleted or replaced
    terraform_data.delete_me             it would be deleted and is protected by "terraform_data"
    terraform_data.replace               it would be replaced and is protected by "terraform_data"
    terraform_data.replace_create_first  it would be replaced and is protected by "terraform_data"
    Keep the resource, or take it out of `protect` in planspool's configuration.

3 failed, 3 passed; 8 resources; policy set HASH
END
run 'an endpoint passes' 0 check -c planspool.yaml --all "$plans/create/plan.json"
same 'an endpoint passes' <<'END'
PASSED   changes.max_delete        At most 1 resource may be deleted
PASSED   changes.max_replace       At most 5 resources may be replaced
PASSED   changes.protect           Protected resources must not be deleted or replaced
PASSED   changes.require_complete  The plan must be complete
4 passed; 11 resources; policy set HASH
END
run 'a plan with errors' 1 check -c planspool.yaml --format json "$plans/errored/plan.json"
same 'a plan with errors' <<'END'
{"status":"failed","message":"1 failed, 3 passed; 1 resource","resources":1,"policy_set":"HASH","outcomes":[{"id":"changes.require_complete","status":"failed","description":"The plan must be complete","body":"the plan ended with errors, so it does not hold all changes\n\nRepair what made `terraform plan` fail and plan again."}]}
END
run 'a policy besides' 1 check -c planspool.yaml --policy policies "$plans/create/plan.json"
assert_equal 'a policy besides' '1 failed, 14 passed; 11 resources; policy set HASH' "$(tail -n 1 out)"
run 'an endpoint by name' 0 check -c planspool.yaml --endpoint prod "$plans/create/plan.json"
run 'an endpoint that is not there' 2 check -c planspool.yaml --endpoint qa "$plans/create/plan.json"
sed 's|hmac_keys:.*|&\n    fail_on: CRITICAL|' planspool.yaml >lenient.yaml
run 'a threshold' 0 check -c lenient.yaml --policy policies "$plans/create/plan.json"
assert_equal 'a threshold' '1 warning, 14 passed; 11 resources; policy set HASH' "$(tail -n 1 out)"
sed '$a limits: {resource: 1KiB}' planspool.yaml >small.yaml
printf '{"format_version":"1.2","resource_changes":[{"address":"t.large","mode":"managed","type":"t","name":"large","x":"%2000s"}]}' '' >large.json
run 'a resource too large' 1 check -c small.yaml large.json
assert_grep 'a resource too large' '^ERROR +limits\.resource ' out
assert_grep 'a resource too large' '^    t\.large +the resource change at byte 44 is larger than 1024 bytes' out
{
	sed '/^endpoints:/q' planspool.yaml
	printf '  a: {path: /a, unsigned: true, hosts: ["https://a.example"], checks: []}\n'
	printf '  b: {path: /b, unsigned: true, hosts: ["https://b.example"], checks: []}\n'
} >two.yaml
run 'two endpoints, none chosen' 2 check -c two.yaml "$plans/create/plan.json"
assert_grep 'two endpoints' 'choose one with --endpoint' err
run 'an endpoint without checks' 0 check -c two.yaml --endpoint b "$plans/create/plan.json"
run 'an endpoint without checks, no plan' 2 check -c two.yaml --endpoint b "$plans/create/main.tf"

# ---- list and show ----

run 'no spool yet' 2 list -c planspool.yaml
make_spool
run 'an empty spool' 0 list -c planspool.yaml
assert 'an empty spool' [ ! -s out ]

# envelope TASK_RESULT_ID RECEIVED_AT WORKSPACE
envelope() {
	printf '{"format":1,"received_at":"%s","endpoint":"prod","seal_key_id":"0123456789abcdef","sealed":"AAAA","request":' "$2"
	tr -d '\n' <"$payloads/post_plan.json" | sed -e "s|\"task_result_id\": *\"[^\"]*\"|\"task_result_id\":\"$1\"|" \
		-e 's|"access_token": *"[^"]*",||' -e "s|\"workspace_name\": *\"[^\"]*\"|\"workspace_name\":\"$3\"|"
	printf '}\n'
}
envelope taskrs-2 2026-01-02T00:00:00.000Z later >spool/new/prod.taskrs-2.json
mkdir spool/done/prod.taskrs-1
envelope taskrs-1 2026-01-01T00:00:00.000Z 'wor\\u001b[31mk' >spool/done/prod.taskrs-1/request.json
cat >spool/done/prod.taskrs-1/log.jsonl <<'END'
{"time":"2026-01-01T00:00:00.050Z","event":"claimed","instance":"0011"}
{"time":"2026-01-01T00:00:01.250Z","event":"delivered","status":200,"why":"as \u001b[1m said"}
{"time":"2026-01-01T00:0
END
cat >spool/done/prod.taskrs-1/outcomes.jsonl <<'END'
{"id":"A","status":"failed","severity":"HIGH","address":"t.a","description":"Be good","body":"not good\n\nDo it.","url":"https://e.example/"}
{"id":"A","status":"failed","severity":"HIGH","address":"t.b","description":"Be good","body":"x\\[0\\].\\* is \"a\\\\b&lt;\"\n\nDo it.","url":"https://e.example/"}
{"id":"changes","status":"error","description":"The check could not run","body":"why"}
END
printf '{"data":{"type":"task-results","attributes":{"status":"failed","message":"Failed: 2 failed.\\nMore."}}}' \
	>spool/done/prod.taskrs-1/result.json
mkdir spool/done/prod.taskrs-0
echo nonsense >spool/done/prod.taskrs-0/request.json
echo nonsense >spool/corrupt/prod.taskrs-3.json.1

run 'a list' 0 list -c planspool.yaml --state 'done' --format json
# shellcheck disable=SC2016 # JSON
assert_grep 'a list as JSON' '\{"id":"prod\.taskrs-1","state":"done","received_at":"2026-01-01T00:00:00\.000Z","stage":"post_plan","verdict":"failed","organization":"[^"]+","workspace":"wor\\u001b\[31mk"\}' out
run 'a list' 0 list -c planspool.yaml
sed -E 's/ +[0-9]+[smhd] +/ AGE /; s/ +/ /g' out >o && mv o out
assert_equal 'a list: its columns' 'ID STATE AGE STAGE VERDICT WORKSPACE' "$(head -n 1 out)"
assert_grep 'a list: oldest first' '^prod\.taskrs-1 done AGE post_plan failed [^ ]+/wor\\x1b\[31mk$' out
assert_grep 'a list: new' '^prod\.taskrs-2 new AGE post_plan - [^ ]+/later$' out
assert_grep 'a list: unreadable' '^prod\.taskrs-0 done AGE - - -$' out
assert_grep 'a list: corrupt' '^prod\.taskrs-3\.json\.1 corrupt ' out
assert_equal 'a list: all' 5 "$(wc -l <out | tr -d ' ')"
run 'a state that does not exist' 2 list -c planspool.yaml --state old

run 'a story' 0 show -c planspool.yaml prod.taskrs-1
sed -n '/^Log/,$p' out >o && mv o out
same 'a story' <<'END'
Log
  2026-01-01T00:00:00.050Z     +0.050s  claimed instance=0011
  2026-01-01T00:00:01.250Z     +1.250s  delivered status=200 why="as \u001b[1m said"

Outcomes
  FAILED   HIGH  A        Be good
      t.a  not good
      t.b  x[0].* is "a\b<"
      Do it.
      https://e.example/
  ERROR          changes  The check could not run
      why

Answer
  Status      failed
  Failed: 2 failed.
  More.
END
run 'a story as JSON' 0 show -c planspool.yaml prod.taskrs-1 --format json
assert_grep 'a story as JSON' '^\{"id":"prod\.taskrs-1","state":"done","endpoint":"prod",.*"log":\[\{.*"outcomes":\[\{.*"result":\{"data"' out
run 'a new job' 0 show -c planspool.yaml prod.taskrs-2
assert_grep 'a new job' '^prod\.taskrs-2  new$' out
run 'an unreadable job' 0 show -c planspool.yaml prod.taskrs-0
assert_grep 'an unreadable job' 'Request +cannot be read: ' out
run 'a job that is not there' 2 show -c planspool.yaml prod.taskrs-9
run 'not an id' 2 show -c planspool.yaml ../done
run 'two jobs' 2 show -c planspool.yaml prod.taskrs-1 prod.taskrs-2

got=0
"$planspool" list -c planspool.yaml >/dev/full 2>err || got=$?
assert_equal 'a full disk' 2 "$got"

finish
