#!/bin/sh
# planspool check --format sarif and junit: valid by the rules of both formats, also for names and reasons that are
# hostile to them, and each kind of outcome as what it is.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need jq xmllint

planspool=$build/planspool
cd "$scratch"

# A plan whose addresses hold what JSON, XML and URIs have to escape, and one of which there is too much.
change() {
	printf '{"address":"t.a[\\"%s\\"]","mode":"managed","type":"t","name":"a","change":{"actions":["create"],"before":null,' "$1"
	printf '"after":{"v":%s},"after_unknown":%s}}' "$2" "${3:-"{}"}"
}
{
	printf '{"format_version":"1.2","terraform_version":"1.9.0","complete":true,"resource_changes":['
	for name in '\u0001\u001b[31m\u007f' ']]>&<\u0027' '{0} {x} \u0000' '\ufffe\uffff\ud83d\ude00\u0085' 'tab\tend\n' 'é'; do
		change "$name" '"bad"'
		printf ','
	done
	change 'later' null '{"v":true}'
	printf ','
	change 'skipped' '"bad"'
	printf ','
	change 'good' '"good"'
	i=0
	while [ $i -lt 130 ]; do
		i=$((i + 1))
		printf ',{"address":"many.m[%d]","mode":"managed","type":"many","name":"m","change":{"actions":["create"],' $i
		printf '"before":null,"after":{"v":1},"after_unknown":{}}}'
	done
	printf ',{"address":"t.large","mode":"managed","type":"t","name":"large","x":"%3000s"}' ''
	printf ']}'
} >'a plan: 1%.json'
mkdir policies
cat >policies/a.yaml <<'END'
- metadata:
    id: A<1>
    name: 'Values "must" be {good} & ]]> nothing else'
    category: TEST
    severity: CRITICAL
    guideline: https://policies.example.com/A#1
    message: "Set `v` to\n\n    good & {sound}"
  definition: {cond_type: attribute, resource_types: [t], attribute: v, operator: equals, value: good}
- metadata: {id: LOW_1, name: Few, category: TEST, severity: LOW, guideline: 'not a link'}
  definition: {cond_type: attribute, resource_types: [many], attribute: v, operator: equals, value: 2}
- metadata: {id: NONE_1, name: Any, category: TEST}
  definition: {cond_type: attribute, resource_types: [t], attribute: v, operator: equals, value: bad}
END
make_spool
write_key prod.key key
cat >planspool.yaml <<END
spool: $scratch/spool
seal: {public_key: seal.pub, secret_key: [seal.key]}
limits: {resource: 2KiB}
endpoints:
  prod:
    path: /run-task/prod
    hmac_keys: [prod.key]
    fail_on: MEDIUM
    checks:
      - policies:
          paths: [policies]
          skip: [{policy: 'A*', address: '*skipped*', reason: 'it is <known>'}]
      - changes: {max_delete: 1, require_complete: true}
END

# check FORMAT STATUS [OPTION...]: into ./out.
check() {
	format=$1 expected=$2
	shift 2
	got=0
	"$planspool" check --format "$format" "$@" >out 2>err || got=$?
	assert_equal "$format: exit status ($(cat err))" "$expected" "$got"
}

valid_sarif() {
	broken=$(jq -r -f "$src/tests/sarif.jq" out) || fail "$1: no JSON"
	assert_equal "$1: rules of SARIF that are broken" '' "$broken"
}

valid_junit() {
	xmllint --noout --nonet --schema "$src/tests/junit.xsd" out 2>err || fail "$1: $(cat err)"
	for what in tests failures errors skipped; do
		case $what in
		tests) element=testcase ;;
		failures) element=failure ;;
		errors) element=error ;;
		skipped) element=skipped ;;
		esac
		assert_equal "$1: $what" "$(xmllint --xpath "count(//$element)" out)" "$(xmllint --xpath "string(/testsuites/@$what)" out)"
		assert_equal "$1: $what of suites" "$(xmllint --xpath "sum(//testsuite/@$what)" out)" \
			"$(xmllint --xpath "count(//$element)" out)"
	done
}

# results JQ: what is asked of the results of ./out.
results() {
	jq -r "[.runs[0].results[] | $1] | unique | join(\" \")" out
}

# ---- SARIF ----

check sarif 1 -c planspool.yaml 'a plan: 1%.json'
valid_sarif 'all kinds'
assert_equal 'the plan' 'a%20plan%3A%201%25.json' "$(results '.locations[0].physicalLocation.artifactLocation.uri')"
# shellcheck disable=SC2016
assert_equal 'kinds and levels' 'error:fail:error failed:fail:error skipped:fail:error unknown:open:none warning:fail:warning' \
	"$(results '"\(.properties.status):\(.kind):\(.level)"')"
assert_equal 'suppressed' 'skipped: it is <known>' "$(results '.suppressions[0].justification // empty')"
assert_equal 'links' 'https://policies.example.com/A#1' "$(jq -r '[.runs[0].tool.driver.rules[].helpUri // empty] | join(" ")' out)"
assert_equal 'severities' '9.5 3.0' \
	"$(jq -r '[.runs[0].tool.driver.rules[] | .properties."security-severity" // empty] | unique | reverse | join(" ")' out)"
assert_equal 'what is not listed' 'LOW_1: 30 more warning, not listed' \
	"$(jq -r '.runs[0].invocations[0].toolExecutionNotifications[].message.text' out)"
assert_equal 'the exit code' 1 "$(jq '.runs[0].invocations[0].exitCode' out)"
jq -r '.runs[0].results[] | select(.ruleId == "A<1>") | .locations[0].logicalLocations[0].fullyQualifiedName' out >addresses
assert_grep 'an address as it is' '^t\.a\["é"\]$' addresses
jq -c '[.runs[0].results[] | [.ruleId, .locations[0].logicalLocations[0].fullyQualifiedName, .partialFingerprints]]' out >first
check sarif 1 -c planspool.yaml 'a plan: 1%.json'
jq -c '[.runs[0].results[] | [.ruleId, .locations[0].logicalLocations[0].fullyQualifiedName, .partialFingerprints]]' out >second
assert 'fingerprints stay' cmp -s first second
check sarif 1 -c planspool.yaml --all "$scratch/a plan: 1%.json"
valid_sarif 'everything'
assert_grep 'an absolute path' '"uri":"file:///' out
assert_equal 'everything: listed' 130 "$(jq '[.runs[0].results[] | select(.ruleId == "LOW_1")] | length' out)"
assert_equal 'passed' 'pass:none' "$(results 'select(.properties.status == "passed") | "\(.kind):\(.level)"')"
check sarif 0 --policy policies/a.yaml "$src/tests/plans/create/plan.json"
valid_sarif 'nothing found'
assert_equal 'nothing found' 0 "$(jq '.runs[0].results | length' out)"
got=0
"$planspool" check --policy policies --format sarif - <'a plan: 1%.json' >out || got=$?
assert_equal 'standard input' 1 "$got"
valid_sarif 'standard input'
assert_equal 'standard input' stdin "$(results '.locations[0].physicalLocation.artifactLocation.uri')"

# The rules can say no: each edit of a good report breaks one.
check sarif 1 -c planspool.yaml 'a plan: 1%.json'
cp out good.sarif
while IFS='|' read -r edit rule; do
	jq "$edit" good.sarif >out
	jq -r -f "$src/tests/sarif.jq" out >broken
	assert_grep "the rules against $edit" "$rule" broken
done <<'END'
.runs[0].results[0].level = "none"|^a level belongs to what fails$
.runs[0].results[0].ruleIndex = 99|^its rule$
.runs[0].results[0].x = 1|^a result's members$
.runs[0].results[0].message.text = "a {0}"|^braces are doubled$
.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri = "a b"|^its location$
.runs[0].results[1].partialFingerprints = .runs[0].results[0].partialFingerprints|^fingerprints differ$
.runs[0].tool.driver.rules[0].shortDescription = "text"|^rules$
.version = "2.0"|^version$
END

# ---- JUnit ----

check junit 1 -c planspool.yaml 'a plan: 1%.json'
valid_junit 'all kinds'
assert_grep 'the first case' '<system-out>6 failed, [0-9]+ errors?, 2 unknown, 130 warnings, 1 skipped, 9 passed; 140 resources' out
assert_equal 'a suite' 'A<1>: Values "must" be {good} & ]]> nothing else' \
	"$(xmllint --xpath 'string(//testsuite[testcase[@classname="A<1>"]]/@name)' out)"
assert_equal 'a failure' CRITICAL "$(xmllint --xpath "string(//testcase[@name='t.a[\"é\"]' and @classname='A<1>']/failure/@type)" out)"
assert_equal 'not known yet' 2 "$(xmllint --xpath 'count(//skipped[starts-with(@message, "unknown: ")])' out)"
assert_equal 'warnings, and what is not listed' 101 "$(xmllint --xpath 'count(//testcase[@classname="LOW_1"]/skipped)' out)"
assert_equal 'an error' 1 "$(xmllint --xpath 'count(//testcase[@classname="limits.resource"]/error[@type="error"])' out)"
assert 'no control characters' [ -z "$(tr -d '\n\200-\377' <out | tr -d '[:print:]')" ]
check junit 1 -c planspool.yaml --all 'a plan: 1%.json'
valid_junit 'everything'
assert_equal 'everything: passed' 1 "$(xmllint --xpath "count(//testcase[@name='t.a[\"good\"]' and @classname='A<1>' and not(*)])" out)"
check junit 0 --policy policies/a.yaml "$src/tests/plans/create/plan.json"
valid_junit 'nothing found'
assert_equal 'nothing found' 1 "$(xmllint --xpath 'count(//testcase)' out)"
finish
