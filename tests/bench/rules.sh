#!/bin/sh
# Writes the rules of tests/bench/rules.txt in the languages that are compared, so that all say the same.
#
#	rules.sh checkov DIRECTORY [COUNT]	a policy file for each, as planspool and Checkov read them
#	rules.sh rego FILE [COUNT]		for Conftest
#	rules.sh jq FILE [COUNT]		a filter that prints the same findings
#
# A finding is "BENCH_N ADDRESS". With COUNT above the number of rules they repeat under other ids.
set -eu
rules=$(dirname "$0")/rules.txt
language=$1 target=$2 count=${3:-20}
[ "$language" != checkov ] || mkdir -p "$target"

awk -v language="$language" -v target="$target" -v count="$count" '
function quoted(text) { return text ~ /^(true|false|[0-9]+)$/ ? text : "\"" text "\"" }

function list(text,    parts, n, i, out) {
	n = split(text, parts, ",")
	for (i = 1; i <= n; i++)
		out = out (i > 1 ? ", " : "") "\"" parts[i] "\""
	return "[" out "]"
}

# Its operator without a leading not_, and whether there was one.
function bare(op) { return substr(op, 1, 4) == "not_" ? substr(op, 5) : op }

function condition(i, attribute, op, value) {
	return "cond_type: attribute, resource_types: [" types "], attribute: " attribute ", operator: " op \
		(value == "" ? "" : ", value: " value)
}

function checkov(id, i,    file, value) {
	file = target "/BENCH_" id ".yaml"
	value = bare(op[i]) == "within" ? list(value_of[i]) : quoted(value_of[i])
	printf "metadata: {id: BENCH_%d, name: %s of every resource, category: GENERAL_SECURITY}\n", id, attribute[i] >file
	if (must[i] == "must") {
		printf "definition: {%s}\n", condition(i, attribute[i], op[i], op[i] == "exists" ? "" : value) >file
	} else {
		printf "definition:\n  or:\n    - {%s}\n    - {%s}\n", condition(i, attribute[i], "not_exists", ""),
			condition(i, attribute[i], op[i], value) >file
	}
	close(file)
}

function rego_test(i, x,    name) {
	name = bare(op[i])
	if (name == "exists") return x " != null"
	if (name == "equals") return x (name == op[i] ? " == " : " != ") quoted(value_of[i])
	if (name == "within") return (name == op[i] ? "" : "not ") x " in " list(value_of[i])
	if (name == "regex_match") return "regex.match(" quoted(value_of[i]) ", " x ")"
	if (name == "starting_with") return (name == op[i] ? "" : "not ") "startswith(" x ", " quoted(value_of[i]) ")"
	if (name == "ending_with") return "endswith(" x ", " quoted(value_of[i]) ")"
	if (name == "contains") return (name == op[i] ? "" : "not ") "contains(" x ", " quoted(value_of[i]) ")"
	if (name == "length_less_than") return "count(" x ") < " value_of[i]
	if (name == "greater_than_or_equal") return x " >= " value_of[i]
	exit 1
}

function rego(id, i) {
	printf "deny contains msg if {\n\tsome r in input.resource_changes\n\tr.change.after != null\n" \
		"\tnot ok_%d(r.change.after)\n\tmsg := sprintf(\"BENCH_%d %%s\", [r.address])\n}\n", id, id >target
	printf "ok_%d(a) if {\n\tx := a.%s\n\t%s\n}\n", id, path[i], rego_test(i, "x") >target
	if (must[i] != "must")
		printf "ok_%d(a) if not present_%d(a)\npresent_%d(a) if a.%s != null\n", id, id, id, path[i] >target
}

function jq_test(i,    name, no) {
	name = bare(op[i])
	no = name == op[i] ? "" : " | not"
	if (name == "exists") return ". != null"
	if (name == "equals") return ". == " quoted(value_of[i]) no
	if (name == "within") return "IN(" list(value_of[i]) "[])" no
	if (name == "regex_match") return "test(" quoted(value_of[i]) ")"
	if (name == "starting_with") return "startswith(" quoted(value_of[i]) ")" no
	if (name == "ending_with") return "endswith(" quoted(value_of[i]) ")" no
	if (name == "contains") return "contains(" quoted(value_of[i]) ")" no
	if (name == "length_less_than") return "length < " value_of[i]
	if (name == "greater_than_or_equal") return ". >= " value_of[i]
	exit 1
}

function jq(id, i) {
	printf ",\n\t(if ($a.%s | if . == null then %s else (%s) end) then empty else \"BENCH_%d \" + $r.address end)", path[i],
		must[i] == "must" ? "false" : "true", jq_test(i), id >target
}

/^#/ || !NF { next }
{ n++; attribute[n] = $1; path[n] = $2; must[n] = $3; op[n] = $4; value_of[n] = $5 }
END {
	types = "aws_instance, aws_s3_bucket, aws_security_group, aws_db_instance, aws_iam_role, aws_lambda_function," \
		" aws_ebs_volume, aws_subnet"
	if (language == "rego")
		printf "package main\n\nimport rego.v1\n\n" >target
	if (language == "jq")
		printf ".resource_changes[] | select(.change.after != null) | . as $r | .change.after as $a | empty" >target
	for (id = 1; id <= count; id++) {
		if (language == "checkov") checkov(id, (id - 1) % n + 1)
		if (language == "rego") rego(id, (id - 1) % n + 1)
		if (language == "jq") jq(id, (id - 1) % n + 1)
	}
}' "$rules"
