#!/bin/sh
# planspool policies: what list, explain and lint say about policies of this test's own, with expected output.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

cd "$scratch"

# run WHAT STATUS [ARGUMENT...]: runs planspool policies; standard output is in ./out, standard error in ./err.
run() {
	what=$1 expected=$2
	shift 2
	got=0
	"$build/planspool" policies "$@" >out 2>err || got=$?
	[ "$got" -eq "$expected" ] || fail "$what: exit status $got, expected $expected: $(cat out err)"
}

# same WHAT: ./out is standard input.
same() {
	cat >expected
	diff -u expected out >difference || fail "$1: $(cat difference)"
}

mkdir good bad
cat >good/a.yaml <<'END2'
- metadata:
    id: A_1
    name: "Open\nnetworks"
    category: NETWORKING
    severity: high
    guideline: https://policies.example.com/A_1
    message: |
      Close them.
      All of them.
  definition:
    not:
      and:
        - {cond_type: attribute, resource_types: [t_net], attribute: "rule.*.port", operator: equals, value: 22}
        - or:
            - {cond_type: attribute, resource_types: [t_net], attribute: cidr, operator: within, value: ["0.0.0.0/0"]}
            - not: {cond_type: attribute, resource_types: [t_net], attribute: note, operator: exists}
- metadata: {id: A_2, name: Names, category: x}
  scope: {provider: aws}
  definition:
    or:
      - {cond_type: attribute, resource_types: taggable, attribute: tags.Name, operator: regex_match, value: "^[a-z]+$"}
      - {cond_type: attribute, resource_types: [t_other], attribute: "a[*].b", operator: jsonpath_contains, value: x}
END2
cat >good/b.json <<'END2'
{"metadata": {"id": "B_1", "name": "Volumes are backed up", "category": "x", "severity": "OFF"}, "definition": {"and": [
  {"cond_type": "filter", "attribute": "resource_type", "operator": "within", "value": ["t_volume"]},
  {"cond_type": "attribute", "resource_types": ["t_backup"], "attribute": "days", "operator": "greater_than", "value": 7},
  {"cond_type": "connection", "resource_types": ["t_volume"], "connected_resource_types": ["t_backup"], "operator": "exists"}]}}
END2
cat >good/c.yaml <<'END2'
metadata: {id: C_1, name: Few types, category: x, severity: INFO}
definition: {cond_type: resource, resource_types: [t_a, t_b], operator: exists}
---
metadata: {id: C_2, name: Nothing at all, category: x, severity: INFO}
definition: {cond_type: filter, attribute: resource_type, operator: within, value: [t_a]}
END2
cat >bad/a.yaml <<'END2'
metadata: {id: A_1, name: one, category: x}
definition: {cond_type: attribute, resource_types: [t_a], attribute: a, operator: equal, value: 1}
---
metadata: {id: A_2, name: two, category: x}
definition:
  not:
    cond_type: connection
    resource_types: [t_a]
    connected_resource_types: [t_b]
    operator: exists
END2
cat >bad/b.yaml <<'END2'
metadata: {id: B_1, name: one, category: x}
definition:
  and:
    - {cond_type: attribute, resource_types: [t_a], attribute: a, operator: is_false}
    - {cond_type: attribute, resource_types: [t_b], attribute: b, operator: exists}
---
metadata: {id: B_1, name: the same, category: x}
definition: {cond_type: attribute, resource_type: [t_a], attribute: a, operator: exists}
END2
printf 'metadata: [' >bad/c.yml

# ---- the command ----

for command in list explain lint; do
	run "help of $command" 0 "$command" --help
	assert_grep "help of $command" "^Usage: planspool policies $command " out
	run "unknown option of $command" 2 "$command" --nonsense
	assert_grep "unknown option of $command" 'unknown option --nonsense' err
done
run 'help' 0 --help
assert_grep 'help' '^  explain ID ' out
run 'no command' 2
run 'unknown command' 2 lits
assert_grep 'unknown command' "did you mean 'list'" err

# ---- list ----

run 'list' 0 list --policy good
sed -i -E 's/^policy set [0-9a-f]{12}$/policy set HASH/' out
same 'list' <<'END2'
A_1  HIGH  Open\nnetworks         good/a.yaml:1
A_2  -     Names                  good/a.yaml:17
B_1  OFF   Volumes are backed up  good/b.json:1
C_1  INFO  Few types              good/c.yaml:1
C_2  INFO  Nothing at all         good/c.yaml:4

policy set HASH
END2
run 'list as JSON' 0 list --policy good/a.yaml --format json
same 'list as JSON' <<'END2'
[{"id":"A_1","severity":"HIGH","name":"Open\nnetworks","file":"good/a.yaml","line":1},{"id":"A_2","name":"Names","file":"good/a.yaml","line":17}]
END2
run 'list of what cannot be used' 2 list --policy bad
assert_grep 'list of what cannot be used' "^bad/a\.yaml:2: unknown operator 'equal'" err
assert 'list of what cannot be used: nothing' [ ! -s out ]
run 'list with an argument' 2 list good
run 'list in another format' 2 list --policy good --format sarif
run 'list of nothing' 2 list --policy missing
run 'explain has no format' 2 explain --policy good --format json A_1

# ---- explain ----

run 'not over and, or' 0 explain --policy good A_1
same 'not over and, or' <<'END2'
A_1  Open\nnetworks
good/a.yaml:1, severity HIGH

It asks of t_net:
- at least one of these:
  - every value of rule.*.port must not equal 22 (or be missing)
  - all of these:
    - cidr must be none of ["0.0.0.0/0"] (or be missing)
    - note must be set

Where a value is known only after apply:
- it is set if the configuration computes it by a reference; else nobody knows
- what it must be or contain is not known
- a verdict that hangs on it is reported as unknown; it neither passes nor fails the run

What to do:
  Close them.
  All of them.

Guideline: https://policies.example.com/A_1
END2
run 'types and paths' 0 explain --policy good A_2
same 'types and paths' <<'END2'
A_2  Names
good/a.yaml:17, no severity: a failure always counts

It asks of t_other, aws_* with tags:
- at least one of these:
  - aws_* with tags: tags.Name must match "^[a-z]+$"
  - t_other: every value of a[*].b (JSONPath) must contain "x"

Where a value is known only after apply:
- what it must be or contain is not known
- a verdict that hangs on it is reported as unknown; it neither passes nor fails the run
END2
run 'a connection' 0 explain --policy good B_1
same 'a connection' <<'END2'
B_1  Volumes are backed up
good/b.json:1, severity OFF

Its severity says that it is not run. It would ask of t_backup, t_volume:
- all of these:
  - only where the type of the resource is one of ["t_volume"] is there a verdict
  - t_backup: days must be greater than 7
  - t_volume must be connected to t_backup (both sides are asked), and to nothing that fails a condition beside this

Where a value is known only after apply:
- what it must be or contain is not known
- a verdict that hangs on it is reported as unknown; it neither passes nor fails the run
END2
run 'allowed types' 0 explain --policy good C_1
same 'allowed types' <<'END2'
C_1  Few types
good/c.yaml:1, severity INFO

It asks of every resource:
- only these types of resources are allowed: t_a, t_b
END2
run 'what is an error' 0 explain --policy good C_2
assert_grep 'what is an error' '^- this cannot be evaluated and is an error: a filter alone decides nothing$' out
cat >warned.yaml <<'END2'
metadata: {id: WARNED_1, name: Warned of, category: x}
definition:
  and:
    - {cond_type: resource, resource_types: [t_a], operator: exists}
    - cond_type: attribute
      resource_types: [t_a]
      attribute: size
      operator: contains
      value: [1]
END2
run 'what was not meant' 0 explain --policy warned.yaml WARNED_1
same 'what was not meant' <<'END2'
WARNED_1  Warned of
warned.yaml:1, no severity: a failure always counts

It asks of t_a:
- all of these:
  - a condition about resource types, which inside of a block is always false
  - size must contain [1] (missing: an error)

Where a value is known only after apply:
- what it must be or contain is not known
- a verdict that hangs on it is reported as unknown; it neither passes nor fails the run

Probably not meant:
- line 5: 'contains' takes one value, not a list: with text or a missing attribute it is an error
- line 4: inside of a block a 'resource' condition with exists is always false; it must stand alone
END2
run 'no such policy' 2 explain --policy good Z_9
assert_grep 'no such policy' "no policy 'Z_9'; 'planspool policies list' shows them" err
run 'a slip' 2 explain --policy warned.yaml WARNDE_1
assert_grep 'a slip' "no policy 'WARNDE_1', did you mean 'WARNED_1'\?" err
run 'no id' 2 explain --policy good
run 'two ids' 2 explain --policy good A_1 A_2

# ---- a configuration ----

cat >planspool.yaml <<'END2'
spool: spool
seal: {public_key: seal.pub, secret_key: [seal.key]}
endpoints:
  one:
    path: /one
    unsigned: true
    hosts: ["https://app.example.com"]
    checks:
      - policies: {paths: [good/a.yaml]}
      - changes: {max_delete: 1}
      - policies: good/c.yaml
  two:
    path: /two
    unsigned: true
    hosts: ["https://app.example.com"]
    checks: [{policies: bad}]
  three:
    path: /three
    unsigned: true
    hosts: ["https://app.example.com"]
    checks: [{changes: {max_delete: 1}}]
END2
run 'of an endpoint' 0 list -c planspool.yaml --endpoint one
assert_equal 'of an endpoint' 'A_1 A_2 C_1 C_2' "$(sed '/^$/,$d' out | cut -d ' ' -f 1 | paste -s -d ' ' -)"
run 'of an endpoint, and others' 0 list -c planspool.yaml --endpoint one --policy good/b.json
assert_equal 'of an endpoint, and others' 'A_1 A_2 C_1 C_2 B_1' "$(sed '/^$/,$d' out | cut -d ' ' -f 1 | paste -s -d ' ' -)"
PLANSPOOL_CONFIG=$scratch/planspool.yaml
export PLANSPOOL_CONFIG
run 'explained from the configuration that is set' 0 explain --endpoint one C_1
run 'which endpoint' 2 list
assert_grep 'which endpoint' 'choose one with --endpoint' err
run 'an endpoint whose policies cannot be used' 2 list --endpoint two
assert_grep 'an endpoint whose policies cannot be used' 'bad/c\.yml:2: ' err
sed 's/- changes: {max_delete: 1}/- images: {registry: missing.json}/' planspool.yaml >other.yaml
run 'another check that cannot be used here' 0 list -c other.yaml --endpoint one
run 'an endpoint without policies' 2 list --endpoint three
assert_grep 'an endpoint without policies' 'endpoint three of .* has no policies' err
run 'an id of the endpoint twice' 2 list --endpoint one --policy good/a.yaml
assert_grep 'an id of the endpoint twice' "the id 'A_1' is also that of the policy at " err
unset PLANSPOOL_CONFIG

# ---- by which set a plan was judged ----

# set_of [ARGUMENT...]: what list says of it.
set_of() {
	"$build/planspool" policies list "$@" | tail -n 1
}
# judged_by [ARGUMENT...]: what check says of it.
judged_by() {
	"$build/planspool" check "$@" "$src/tests/plans/create/plan.json" | sed -n '$s/.*; //p'
}

of_one=$(set_of -c planspool.yaml --endpoint one)
echo "$of_one" >out
assert_grep 'the set' '^policy set [0-9a-f]{12}$' out
assert_equal 'list and check say the same' "$of_one" "$(judged_by -c planspool.yaml --endpoint one)"
assert_equal 'list and check say the same of files' "$(set_of --policy good)" "$(judged_by --policy good)"
assert_equal 'JSON' "$of_one" "policy set $("$build/planspool" check -c planspool.yaml --endpoint one --format json \
	"$src/tests/plans/create/plan.json" | jq -r .policy_set)"
assert_equal 'SARIF' "$of_one" "policy set $("$build/planspool" check -c planspool.yaml --endpoint one --format sarif \
	"$src/tests/plans/create/plan.json" | jq -r '.runs[0].properties.policySet')"
cp -r good elsewhere
assert_equal 'the place does not matter' "$(set_of --policy good)" "$(set_of --policy elsewhere)"
sed -i 's/value: 22/value: 23/' elsewhere/a.yaml
assert 'a value matters' [ "$(set_of --policy good)" != "$(set_of --policy elsewhere)" ]
sed 's/max_delete: 1/max_delete: 2/' planspool.yaml >other.yaml
assert 'other checks matter' [ "$of_one" != "$(set_of -c other.yaml --endpoint one)" ]
sed 's/paths: .good.a.yaml./&, skip: [{policy: A_1, reason: old}]/' planspool.yaml >other.yaml
assert 'what is skipped matters' [ "$of_one" != "$(set_of -c other.yaml --endpoint one)" ]

# ---- lint ----

run 'lint: errors' 2 lint bad
same 'lint: errors' <<'END2'
bad/a.yaml:2: unknown operator 'equal', did you mean 'equals'?
bad/a.yaml:6: 'not' cannot stand above a connection; use not_exists, or an attribute condition inside 'not'
bad/b.yaml:4: warning: is_false is true for everything but true, also when the attribute is missing
bad/b.yaml:5: warning: this 'and' joins conditions on different types (t_a and t_b): every resource of both fails; use 'or', or one policy for each
bad/b.yaml:8: warning: the key 'resource_type' is ignored, did you mean 'resource_types'?
bad/c.yml:2: while parsing a flow node that begins in line 2: did not find expected node content
bad/b.yaml:7: the id 'B_1' is also that of the policy at bad/b.yaml:1
2 usable policies in 3 files: 4 errors, 3 warnings
END2
run 'lint: warnings' 0 lint good
same 'lint: warnings' <<'END2'
good/c.yaml:5: warning: a filter alone decides nothing: every resource it names is an error; put it into an 'and' with conditions
5 usable policies in 3 files: 0 errors, 1 warning
END2
run 'lint: nothing wrong' 0 lint good/a.yaml good/b.json
assert_equal 'lint: nothing wrong' '3 usable policies in 2 files: 0 errors, 0 warnings' "$(cat out)"
run 'lint: an id in two paths' 2 lint good good/b.json
assert_grep 'lint: an id in two paths' "the id 'B_1' is there twice: the file is named twice" out
mkdir empty
run 'lint: no policy' 2 lint empty
assert_grep 'lint: no policy' '^empty: there is no policy in it$' out
run 'lint: not there' 2 lint missing
assert_grep 'lint: not there' '^missing: No such file' out
run 'lint: no path' 2 lint
finish
