/* Operators, paths, JSONPath and unknown values of policies: tables of what an attribute condition says of one
 * resource. */
#include "test.h"

#include "base/buf.h"
#include "policy_try.h"

static const char values[] =
"{\"s\": \"abc\", \"empty\": \"\", \"upper\": \"ÄBC\", \"n\": 5, \"zero\": 0, \"f\": 1.0, \"cents\": 0.05, \"big\": 1e3, \"t\": true, "
	"\"tt\": \"True\", \"nul\": null, \"num\": \"10\", \"l\": [\"a\", \"b\"], \"l1\": [\"a\"], \"ln\": [22, 80], "
	"\"none\": [], "
	"\"o\": {\"k\": \"v\", \"w\": \"xyz\"}, \"json\": \"['a', 'b']\", \"port\": \"20-25\", \"net\": "
	"\"10.1.0.0/16\", "
	"\"nets\": [\"10.1.0.0/16\", \"fd00::/64\"], \"tags\": {\"Name\": \"true\", \"a.b\": \"dot\", \"one\": "
	"[\"x\"]}, "
	"\"one\": [{\"p\": 22, \"c\": [\"u\", \"v\"], \"in\": [{\"k\": 1}]}], \"two\": [{\"p\": 22, \"q\": \"x\"}, "
	"{\"p\": 80}], "
	"\"lol\": [[\"a\"], [\"b\"]], \"words\": \" a b  c \", \"spaces\": "
	"\"a\\u00a0b\\u2028c\\u3000\\u001fd\", \"spaced\": \"\\u2003 5\\u00a0\", "
	"\"huge\": 9007199254740992, \"half\": 0.5, \"minus\": -0, \"exp\": 9.007199254740992e15, "
	"\"self\": 1, \"secret\": \"hidden\", "
	"\"long\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}";

struct row {
	const char *attribute, *operator, *value;	/* YAML; value NULL: none */
	const char *verdict;
};

static void try_rows(const struct row *rows, size_t n, const char *after, const char *unknown, const char *expressions)
{
	char *plan = policy_plan(after, unknown, expressions);

	for (size_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];
		char *definition = NULL, *got, *expected = NULL;

		if (asprintf(&definition,
			"{cond_type: attribute, resource_types: [t_x], attribute: \"%s\", operator: %s%s%s}",
			r->attribute, r->operator, r->value != NULL ? ", value: " : "",
			r->value != NULL ? r->value : "") < 0 || asprintf(&expected, "%s%s",
			strcmp(r->verdict, "refused") == 0 ? "" : "t_x.a ", r->verdict) < 0)
			fail_msg("out of memory");
		got = policy_try(definition, plan, false);
		if (strcmp(got, expected) != 0)
			fail_msg("%s: %s, expected %s", definition, got, expected);
		free(definition);
		free(expected);
		free(got);
	}
	free(plan);
}

static void operators(void **state)
{
	static const struct row rows[] = {
		{ "s", "equals", "abc", "pass" }, { "s", "equals", "ABC", "fail" }, { "s", "not_equals", "x", "pass" },
		{ "missing", "equals", "abc", "fail" }, { "missing", "not_equals", "abc", "pass" },
		{ "missing", "equals", "None", "pass" },
		{ "n", "equals", "\"5\"", "pass" }, { "f", "equals", "1", "fail" }, { "f", "equals", "1.0", "pass" },
		{ "cents", "equals", "0.05", "pass" }, { "cents", "equals", "0.1", "fail" },
		{ "cents", "equals", "'0.05'", "pass" }, { "cents", "within", "[0.1]", "fail" },
		{ "cents", "less_than", "0.06", "pass" }, { "cents", "not_equals", "0.0512", "pass" },
		{ "big", "equals", "1000.0", "pass" }, { "t", "equals", "\"TRUE\"", "pass" },
		{ "tt", "equals", "yes", "pass" },
		{ "l", "equals", "[a, b]", "pass" }, { "l", "equals", "[b, a]", "fail" },
		{ "o", "equals", "{w: xyz, k: v}", "pass" },
		{ "l", "equals", "\"['a', 'b']\"", "pass" }, { "ln", "equals", "[22.0, 80]", "pass" },
		{ "upper", "equals_ignore_case", "äbc", "pass" }, { "s", "not_equals_ignore_case", "ABC", "fail" },
		{ "s", "equals_ignore_case", "AB", "fail" }, { "nul", "equals_ignore_case", "none", "pass" },
		{ "s", "exists", NULL, "pass" }, { "nul", "exists", NULL, "fail" }, { "empty", "exists", NULL, "pass" },
		{ "missing", "not_exists", NULL, "pass" }, { "missing", "any", NULL, "pass" },
		{ "t", "is_true", NULL, "pass" }, { "tt", "is_true", NULL, "pass" }, { "n", "is_true", NULL, "fail" },
		{ "missing", "is_false", NULL, "pass" }, { "tags.Name", "is_true", NULL, "fail" },
		{ "none", "is_empty", NULL, "pass" }, { "n", "is_empty", NULL, "fail" },
		{ "missing", "is_not_empty", NULL, "pass" },
		{ "s", "contains", "b", "pass" }, { "l", "contains", "a", "pass" }, { "l", "contains", "ab", "fail" },
		{ "o", "contains", "k", "pass" }, { "o", "contains", "y", "pass" }, { "json", "contains", "a", "pass" },
		{ "json", "contains", "\"'a'\"", "fail" }, { "num", "contains", "\"1\"", "pass" },
		{ "n", "contains", "5", "error" },
		{ "s", "contains", "5", "error" }, { "missing", "contains", "a", "fail" },
		{ "missing", "contains", "[a]", "error" },
		{ "l", "not_contains", "z", "pass" },
		{ "s", "within", "[x, abc]", "pass" }, { "n", "within", "[\"5\"]", "fail" },
		{ "t", "within", "[1]", "pass" }, { "f", "within", "[1]", "pass" }, { "minus", "within", "[0]", "pass" },
		{ "half", "within", "[0.50]", "pass" }, { "half", "within", "[0, 1]", "fail" },
		{ "huge", "within", "[9007199254740993]", "fail" }, { "huge", "within", "[9007199254740992]", "pass" },
		{ "huge", "within", "[9007199254740992.0]", "pass" }, { "exp", "within", "[9007199254740993]", "fail" },
		{ "exp", "within", "[9007199254740992]", "pass" },
		{ "s", "within", "xabcx", "pass" }, { "n", "within", "text", "error" }, { "s", "within", "5", "error" },
		{ "s", "within", "{abc: 1}", "pass" }, { "missing", "not_within", "[a]", "pass" },
		{ "s", "starting_with", "ab", "pass" }, { "s", "ending_with", "bc", "pass" },
		{ "n", "starting_with", "5", "fail" },
		{ "s", "starting_with", "5", "error" }, { "missing", "not_ending_with", "x", "pass" },
		{ "s", "regex_match", "b", "fail" }, { "s", "regex_match", "a.c$", "pass" },
		{ "s", "regex_match", "(", "fail" },
		{ "missing", "regex_match", ".*", "pass" }, { "t", "regex_match", "True", "pass" },
		{ "long", "regex_match", "\"(a|aa)+$\"", "error" }, { "s", "not_regex_match", "(?P<x>b)", "pass" },
		{ "n", "greater_than", "4", "pass" }, { "num", "greater_than", "9", "pass" },
		{ "zero", "greater_than", "-1", "pass" },
		{ "zero", "greater_than_or_equal", "0.0", "pass" }, { "s", "less_than", "abd", "pass" },
		{ "n", "less_than_or_equal", "5", "pass" },
		{ "missing", "less_than", "5", "fail" }, { "missing", "greater_than", "5", "fail" },
		/* NaN is not greater or equal, so it is less. */
		{ "n", "less_than", "nan", "pass" }, { "n", "less_than_or_equal", "nan", "pass" },
		{ "n", "greater_than_or_equal", "nan", "fail" },
	};

	(void)state;
	try_rows(rows, COUNT(rows), values, "{}", "{}");
}

static void more_operators(void **state)
{
	static const struct row rows[] = {
		{ "l", "subset", "[a, b, c]", "pass" }, { "l", "subset", "[a]", "fail" },
		{ "o", "subset", "[k, w]", "pass" },
		{ "two", "subset", "[a]", "error" }, { "s", "subset", "5", "error" },
		{ "missing", "subset", "[a]", "fail" },
		{ "missing", "not_subset", "[a]", "pass" }, { "l", "subset", "xab", "pass" },
		{ "l", "intersects", "[b, z]", "pass" }, { "s", "intersects", "[c]", "pass" },
		{ "s", "intersects", "bc", "pass" },
		{ "o", "intersects", "[w]", "pass" }, { "n", "intersects", "[5]", "fail" },
		{ "n", "not_intersects", "[5]", "pass" }, { "l", "intersects", "{b: 1}", "pass" },
		{ "o", "intersects", "{w: 1, z: 2}", "pass" }, { "s", "not_intersects", "{ab: 1}", "pass" },
		{ "s", "length_equals", "3", "pass" }, { "upper", "length_equals", "3", "pass" },
		{ "o", "length_equals", "1", "pass" },
		{ "two", "length_equals", "2", "pass" }, { "one", "length_equals", "1", "pass" },
		{ "n", "length_equals", "1", "fail" },
		{ "missing", "length_not_equals", "1", "pass" }, { "l", "length_greater_than", "1", "pass" },
		{ "l", "length_less_than", "x", "fail" }, { "none", "length_less_than_or_equal", "0", "pass" },
		{ "words", "number_of_words_equals", "3", "pass" }, { "s", "number_of_words_greater_than_or_equal", "1",
			"pass" },
		{ "n", "number_of_words_not_equals", "1", "pass" }, { "words", "number_of_words_less_than", "\" 4 \"",
			"pass" },
		{ "s", "range_includes", "x", "pass" }, { "s", "range_includes", "{x: 1}", "fail" },
		{ "spaces", "number_of_words_equals", "4", "pass" }, { "spaced", "greater_than", "4", "pass" },
		{ "spaced", "range_includes", "5", "pass" },
		/* What int64 cannot hold is a number all the same. */
		{ "s", "range_includes", "\"123456789012345678901234567890\"", "fail" },
		{ "port", "range_includes", "\"21-123456789012345678901234567890\"", "pass" },
		{ "s", "length_less_than", "1.0e+22", "pass" },
		{ "s", "length_greater_than", "-123456789012345678901234567890", "pass" },
		{ "port", "range_includes", "22", "pass" }, { "port", "range_includes", "25-30", "pass" },
		{ "port", "range_includes", "30-25", "fail" },
		{ "port", "range_includes", "[1-2, 1-30, 3-4, 40]", "pass" }, { "port", "range_includes", "[1-2, 3-4, 30]", "fail" },
		{ "port", "range_includes", "[1.5, 22.5, 99.5]", "pass" }, { "port", "range_includes", "[1.5, 99.5]", "fail" },
		{ "ln", "range_includes", "[81, 80]", "pass" }, { "n", "range_includes", "1-2-3", "error" },
		{ "n", "range_not_includes", "6", "pass" },
		{ "net", "cidr_range_subset", "10.0.0.0/8", "pass" }, { "net", "cidr_range_subset", "10.1.0.0/17",
			"fail" },
		{ "nets", "cidr_range_subset", "[10.0.0.0/255.0.0.0, \"fd00::/8\"]", "pass" },
		{ "nets", "cidr_range_subset", "10.0.0.0/8", "fail" },
		{ "net", "cidr_range_subset", "[10.1.0.0/24, 10.0.0.0/9, 10.0.0.0/24, 10.2.0.0/16, 11.0.0.0/8]", "pass" },
		{ "nets", "cidr_range_not_subset", "10.0.0.0/8", "pass" }, { "s", "cidr_range_subset", "10.0.0.0/8",
			"error" },
		{ "net", "cidr_range_subset", "010.0.0.0/8", "error" }, { "missing", "cidr_range_subset", "10.0.0.0/8",
			"fail" },
	};

	(void)state;
	try_rows(rows, COUNT(rows), values, "{}", "{}");
}

static void paths(void **state)
{
	static const struct row rows[] = {
		{ "tags.a.b", "equals", "dot", "pass" }, { "tags.Name", "equals", "true", "pass" },
		{ "tags.one", "equals", "x", "pass" },
		{ "one.p", "equals", "22", "pass" }, { "one.0.p", "exists", NULL, "fail" },
		{ "two.p", "exists", NULL, "fail" },
		{ "two.1.p", "equals", "80", "pass" }, { "two[1].p", "exists", NULL, "fail" },
		{ "one.in.k", "equals", "1", "pass" },
		{ "one.c.1", "equals", "v", "pass" }, { "l1.0", "equals", "a", "pass" },
		{ "lol.1.0", "equals", "b", "pass" },
		{ "self", "exists", NULL, "pass" }, { "self_", "exists", NULL, "pass" },
		{ "two.01.p", "exists", NULL, "fail" },
		/* With wildcards one value is enough, also for the negated. */
		{ "two.*.p", "equals", "80", "pass" }, { "one.*.p", "equals", "22", "pass" },
		{ "two.*.p", "not_equals", "22", "pass" },
		{ "two.*.q", "not_equals", "x", "fail" }, { "two.*.p", "equals", "23", "fail" },
		{ "two.*.zz", "not_equals", "1", "pass" },
		{ "two.*.q", "not_contains", "y", "pass" }, { "l.*", "equals", "b", "pass" },
		{ "one.*.c.*", "equals", "u", "fail" },
		{ "one.*.c", "contains", "u", "pass" }, { "*.p", "exists", NULL, "fail" },
		{ "two.*.(p", "exists", NULL, "error" },
		/* A list comes before its elements, so it is first to decide, or to be an error. */
		{ "two.*", "not_subset", "[a]", "error" }, { "l.*", "not_starting_with", "[a]", "pass" },
		{ "__address__", "equals", "t_x.a", "pass" }, { "__change_actions__", "equals", "create", "pass" },
	};
	static const struct row jsonpaths[] = {
		{ "one[*].p", "jsonpath_equals", "22", "pass" }, { "two[*].p", "jsonpath_equals", "22", "fail" },
		{ "$.two[*].p", "jsonpath_within", "[22, 80]", "pass" },
		{ "two[1].p", "jsonpath_equals", "80", "pass" },
		{ "two[-1].p", "jsonpath_equals", "80", "pass" }, { "two[5].p", "jsonpath_exists", NULL, "fail" },
		{ "two[0:1].p", "jsonpath_equals", "22", "pass" }, { "one[0].p", "jsonpath_equals", "22", "error" },
		{ "two[?(@.p == 80)].p", "jsonpath_equals", "80", "pass" },
		{ "two[?(@.p > 22 & @.p < 90)].p", "jsonpath_exists", NULL, "pass" },
		{ "two[?(@.q == x)].p", "jsonpath_equals", "22", "pass" }, { "two[?(@.q != x)].p", "jsonpath_exists",
			NULL, "fail" },
		{ "two[?(@.q)].p", "jsonpath_equals", "22", "pass" },
		{ "two[?(@.q == x | @.p == 80)].p", "jsonpath_exists", NULL, "pass" },
		{ "two[?(@.q =~ '[xy]')].p", "jsonpath_equals", "22", "pass" },
		{ "two[?(@.p =~ '2')].p", "jsonpath_exists", NULL, "error" },
		{ "two[?(@.p =~ 22)].p", "jsonpath_exists", NULL, "error" },
		{ "two[?(@.q =~ 22)].p", "jsonpath_exists", NULL, "fail" },
		{ "two[?(@.zz =~ true)].p", "jsonpath_exists", NULL, "fail" },
		{ "two[?(@.p == 1 & @.p > 'a')].p", "jsonpath_exists", NULL, "error" },
		{ "two[?(@.p > 1 | @.p > 'a')].p", "jsonpath_exists", NULL, "error" },
		{ "one[?(@.* == 22)].p", "jsonpath_exists", NULL, "error" },
		/* At the root * is every place, below it every member. */
		{ "*.q", "jsonpath_equals", "x", "pass" }, { "*.k", "jsonpath_exists", NULL, "pass" },
		{ "o.*.k", "jsonpath_exists", NULL, "fail" },
		/* An index beyond the members of an object finds nothing; within them there is no such key. */
		{ "o[2]", "jsonpath_exists", NULL, "fail" }, { "o[1]", "jsonpath_exists", NULL, "error" },
		{ "f[*]", "jsonpath_exists", NULL, "error" }, { "f[0]", "jsonpath_exists", NULL, "error" },
		{ "n[*]", "jsonpath_equals", "5", "pass" },
		{ "tags['a.b']", "jsonpath_equals", "dot", "pass" }, { "o.*", "jsonpath_length_less_than", "4",
			"pass" },
		{ "one..k", "jsonpath_equals", "1", "pass" }, { "s[0]", "jsonpath_equals", "a", "pass" },
		{ "missing[*]", "jsonpath_not_equals", "1", "pass" }, { "$[bad", "jsonpath_exists", NULL, "refused" },
		{ "a.`len`", "jsonpath_exists", NULL, "refused" }, { "a,b", "jsonpath_exists", NULL, "refused" },
		{ "a[?(@.x == 1]", "jsonpath_exists", NULL, "refused" }, { "a[?(b == 1)]", "jsonpath_exists", NULL,
			"refused" },
	};

	(void)state;
	try_rows(rows, COUNT(rows), values, "{}", "{}");
	try_rows(jsonpaths, COUNT(jsonpaths), values, "{}", "{}");
}

/* What is known after apply, with and without a reference that computes it. */
static void unknown(void **state)
{
	static const char after[] =
		"{\"known\": \"aws_logs\", \"text\": \"${HOME}\", \"list\": [\"k\", null], \"tags\": {\"env\": \"p\"}, "
		"\"blk\": [{\"p\": 1}, {}], \"map\": {}, \"one\": [{}, {}], \"both\": [{}, {}], "
		"\"outer\": [{}], \"only\": [null], \"two\": [{}, {\"in\": [null]}]}";
	static const char mask[] =
		"{\"id\": true, \"key\": true, \"var\": true, \"list\": [false, true], \"tags\": {\"Name\": true}, "
		"\"blk\": [{}, {\"p\": true}], \"map\": {\"x\": true}, \"dyn\": true, "
		"\"one\": [{\"x\": true}, {\"x\": true}], \"both\": [{\"x\": true}, {\"x\": true}], "
		"\"outer\": [{\"inner\": true}], \"only\": [true], \"two\": [{}, {\"in\": [true]}]}";
	static const char expressions[] = "{\"key\": {\"references\": [\"aws_kms_key.k.arn\", \"aws_kms_key.k\"]}, "
		"\"var\": {\"references\": [\"var.x\", \"local.y\"]}, \"tags\": {\"references\": [\"t_y.z.id\"]}, "
		"\"blk\": [{\"p\": {\"constant_value\": 1}}, {\"p\": {\"references\": [\"each.value\"]}}], "
		"\"one\": [{\"x\": {\"references\": [\"a.b\"]}}, {\"x\": {\"references\": [\"var.x\"]}}], "
		"\"both\": [{\"x\": {\"references\": [\"a.b\"]}}, {\"x\": {\"references\": [\"a.b\"]}}]}";
	static const struct row rows[] = {
		{ "key", "exists", NULL, "pass" }, { "key", "not_exists", NULL, "fail" },
		{ "key", "equals", "x", "unknown" },
		{ "key", "not_equals", "x", "unknown" }, { "key", "not_equals", "\"\"", "pass" },
		{ "key", "is_empty", NULL, "unknown" },
		{ "key.sub", "exists", NULL, "unknown" }, { "key", "any", NULL, "pass" },
		{ "key.*", "exists", NULL, "unknown" }, { "key.*", "any", NULL, "unknown" },
		{ "key.*", "not_contains", "x", "unknown" }, { "key.*", "not_equals", "\"\"", "pass" },
		{ "id", "exists", NULL, "unknown" }, { "id", "not_exists", NULL, "unknown" },
		{ "id", "equals", "x", "unknown" },
		{ "var", "exists", NULL, "unknown" }, { "dyn.0.p", "equals", "1", "unknown" },
		{ "dyn.*.p", "exists", NULL, "unknown" },
		{ "known", "equals", "aws_logs", "pass" }, { "text", "equals", "x", "fail" },
		{ "missing", "exists", NULL, "fail" },
		{ "list", "contains", "k", "pass" }, { "list", "contains", "z", "unknown" },
		{ "list", "not_contains", "k", "fail" },
		{ "list", "length_equals", "2", "pass" }, { "list", "subset", "[z]", "fail" },
		{ "list", "subset", "[k]", "unknown" },
		{ "list", "equals", "[k, z]", "unknown" }, { "list.*", "equals", "z", "unknown" },
		{ "list.*", "equals", "k", "pass" },
		{ "tags.Name", "exists", NULL, "pass" }, { "tags.env", "equals", "p", "pass" },
		{ "tags.Name", "equals", "p", "unknown" },
		{ "blk.*.p", "equals", "1", "pass" }, { "blk.*.p", "equals", "2", "unknown" },
		{ "blk.1.p", "exists", NULL, "pass" },
		{ "blk[*].p", "jsonpath_equals", "1", "unknown" }, { "blk[*].p", "jsonpath_equals", "2", "fail" },
		{ "blk[?(@.p == 2)].p", "jsonpath_exists", NULL, "unknown" }, { "map.x", "exists", NULL, "unknown" },
		{ "map", "is_empty", NULL, "fail" },
		/* What a * stands for is not there, and what it would lead to is unknown. */
		{ "outer.*.inner.*.p", "not_equals", "1", "unknown" }, { "outer.*.inner.p", "exists", NULL, "unknown" },
		/* A list of one is that one if it is a block. */
		{ "only.p", "not_exists", NULL, "unknown" }, { "only.p.0", "not_equals", "1", "unknown" },
		{ "only.1", "not_exists", NULL, "pass" }, { "only", "length_equals", "1", "pass" },
		{ "only.p", "jsonpath_not_equals", "1", "unknown" }, { "only.*", "jsonpath_not_exists", NULL, "unknown" },
		{ "two.*.in.p", "not_contains", "1", "unknown" },
		/* What is below an unknown place nobody knows. */
		{ "outer..p", "jsonpath_not_equals", "1", "unknown" }, { "tags..p", "jsonpath_not_exists", NULL, "unknown" },
		{ "blk..p", "jsonpath_equals", "2", "fail" },
		/* Of several places one must be computed by a reference, or all of them. */
		{ "one.*.x", "exists", NULL, "pass" }, { "both.*.x", "exists", NULL, "pass" },
		{ "one.*.x", "not_exists", NULL, "unknown" }, { "both.*.x", "not_exists", NULL, "fail" },
		{ "one[*].x", "jsonpath_exists", NULL, "unknown" }, { "both[*].x", "jsonpath_exists", NULL, "pass" },
		{ "one[*].x", "jsonpath_not_exists", NULL, "fail" }, { "both[*].x", "jsonpath_not_exists", NULL,
			"fail" },
	};

	(void)state;
	try_rows(rows, COUNT(rows), after, mask, expressions);
}

/* Patterns mean what Python's re module makes of them, even where PCRE2 has something else; what Python rejects matches
 * nothing; what only Python may take makes the policy unusable. */
static void patterns(void **state)
{
	static const char texts[] = "{\"e\": \"é\", \"upper\": \"É\", \"line\": \"a\\n\", \"colon\": \":]\", \"xx\": \"xx\", "
		"\"brace\": \"x{,2\", \"vt\": \"\\u000b\", \"nl\": \"\\n\", \"abc\": \"abc\", \"empty\": \"\", \"two\": \"a\\nb\", "
		"\"digit\": \"٣\", \"aa\": \"abab\"}";
	static const struct {
		const char *attribute, *pattern, *verdict;
	} rows[] = {
		{ "e", "\\u00e9", "pass" }, { "e", "\\xe9$", "pass" }, { "e", "\\U000000e9", "pass" }, { "e", "(?u)é", "pass" },
		{ "upper", "(?i)é", "pass" }, { "upper", "é", "fail" }, { "e", "\\w$", "pass" }, { "e", "(?a)\\w", "fail" },
		{ "digit", "\\d", "pass" }, { "digit", "(?a)\\d", "fail" },
		{ "line", "a$", "pass" }, { "line", "a\\Z", "fail" }, { "line", "a\\n\\Z", "pass" },
		{ "line", "(?m)a\\n^", "pass" }, { "two", "a.b", "fail" }, { "two", "(?s)a.b", "pass" }, { "two", "(?m)a$", "pass" },
		{ "colon", "[[:alpha:]]", "pass" }, { "abc", "[[:alpha:]]", "fail" }, { "abc", "[]a]", "pass" },
		{ "xx", "x{,2}\\Z", "pass" }, { "brace", "x{,2", "pass" }, { "xx", "x{}", "fail" },
		{ "vt", "\\v", "pass" }, { "nl", "\\v", "fail" }, { "empty", "\\B", "fail" },
		{ "abc", "(?x) a b # c", "pass" }, { "abc", "(?i:AB)c", "pass" }, { "abc", "(?#a comment)abc", "pass" },
		{ "aa", "(?P<x>ab)(?P=x)$", "pass" }, { "aa", "(ab)\\1$", "pass" }, { "abc", "\\141", "pass" },
		{ "abc", "abc(?<=c|bc)", "fail" }, { "abc", "abc(?<=bc|.c)", "pass" }, { "abc", "a*+b", "pass" },
		/* Python rejects these. */
		{ "abc", "(", "fail" }, { "abc", "*a", "fail" }, { "abc", "(*ACCEPT)", "fail" }, { "abc", "\\h", "fail" },
		{ "abc", "\\R?", "fail" }, { "abc", "\\Ka", "fail" }, { "abc", "\\Qa\\E", "fail" }, { "abc", "\\Ga", "fail" },
		{ "abc", "\\Na", "fail" }, { "abc", "\\X", "fail" }, { "abc", "\\p{L}", "fail" }, { "abc", "(?|a)", "fail" },
		{ "abc", "(?R)?", "fail" }, { "abc", "(?<n>a)", "fail" }, { "abc", "^*a", "fail" }, { "abc", "a{3,1}", "fail" },
		{ "abc", "(?L)a", "fail" }, { "abc", "[\\d-z]", "fail" }, { "abc", "(?<=a*)", "fail" }, { "abc", "a\\1", "fail" },
		{ "abc", "a**", "fail" }, { "abc", "a)", "fail" }, { "abc", "\\u12", "fail" }, { "abc", "[c-a]", "fail" },
		{ "abc", "a\\", "fail" },
		/* Python takes these, or some version of it. */
		{ "abc", "a{0,70000}", "refused" }, { "abc", "a(?i)b", "refused" }, { "abc", "(a)?(?(1)b|c)", "refused" },
		{ "abc", "\\N{LATIN SMALL LETTER A}", "refused" }, { "abc", "\\ud800", "refused" },
		{ "abc", "(?ai)a", "refused" },
	};
	char *plan = policy_plan(texts, "{}", "{}");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int negated = 0; negated < 2; negated++) {
			char *definition = NULL, *got;
			bool pass = strcmp(rows[i].verdict, "pass") == 0, refused = strcmp(rows[i].verdict, "refused") == 0;

			if (asprintf(&definition, "{cond_type: attribute, resource_types: [t_x], attribute: %s, operator: "
				"%sregex_match, value: '%s'}", rows[i].attribute, negated ? "not_" : "", rows[i].pattern) < 0)
				fail_msg("out of memory");
			got = policy_try(definition, plan, false);
			if (strcmp(got, refused ? "refused" : pass != negated ? "t_x.a pass" : "t_x.a fail") != 0)
				fail_msg("%s: %s", definition, got);
			free(got);
			free(definition);
		}
	}
	free(plan);
}

/* Long patterns and values are taken as they are, or refused. */
static void long_values(void **state)
{
	static const struct {
		const char *operator;
		size_t count;
		const char *verdict;
	} rows[] = {
		{ "regex_match", 600, "t_x.a pass" }, { "not_regex_match", 600, "t_x.a fail" },
		{ "equals_ignore_case", 600, "t_x.a fail" }, { "regex_match", 20000, "refused" },
		{ "equals_ignore_case", 20000, "refused" },
	};
	char *plan = policy_plan("{\"s\": \"name-000599\"}", "{}", "{}");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf definition = BUF_INIT(1u << 20);

		buf_printf(&definition, "{cond_type: attribute, resource_types: [t_x], attribute: s, operator: %s, value: '",
			rows[i].operator);
		for (size_t n = 0; n < rows[i].count; n++)
			buf_printf(&definition, "%sname-%06zu", n > 0 ? "|" : "", n);
		buf_puts(&definition, "'}");
		char *got = policy_try(buf_text(&definition), plan, false);

		assert_string_equal(got, rows[i].verdict);
		free(got);
		buf_free(&definition);
	}
	free(plan);
}

/* Each of the three limits of matching is in force: what reaches it alone is an error. */
static void match_limits(void **state)
{
	static const struct {
		const char *limit;
		size_t length, groups;
		const char *pattern, *verdict;
	} rows[] = {
		{ "none", 200, 0, "(?:a|b)*$", "t_x.a pass" },
		{ "steps", 30, 0, "(?:a|aa)+[^a]", "t_x.a error" },
		{ "depth", 6000, 0, "(?:a|b)*$", "t_x.a error" },
		{ "memory", 2000, 400, "(?:a|b)*$", "t_x.a error" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf after = BUF_INIT(1u << 20), definition = BUF_INIT(1u << 20);

		buf_puts(&after, "{\"s\": \"");
		for (size_t n = 0; n < rows[i].length; n++)
			buf_puts(&after, "a");
		buf_puts(&after, "\"}");
		buf_puts(&definition, "{cond_type: attribute, resource_types: [t_x], attribute: s, operator: regex_match, "
			"value: '");
		for (size_t n = 0; n < rows[i].groups; n++)
			buf_puts(&definition, "()");
		buf_printf(&definition, "%s'}", rows[i].pattern);
		char *plan = policy_plan(buf_text(&after), "{}", "{}"), *got = policy_try(buf_text(&definition), plan, false);

		if (strcmp(got, rows[i].verdict) != 0)
			fail_msg("%s: %s", rows[i].limit, got);
		free(got);
		free(plan);
		buf_free(&definition);
		buf_free(&after);
	}
}

/* A reason says what is wrong in words, and never a sensitive value. */
static void reasons(void **state)
{
	static const struct {
		const char *condition, *expected;
	} rows[] = {
		{ "attribute: t, operator: equals, value: false", "t_x.a fail (t is true, must equal false)" },
		{ "attribute: s, operator: equals, value: x", "t_x.a fail (s is \"abc\", must equal \"x\")" },
		{ "attribute: missing.x, operator: exists", "t_x.a fail (missing.x is missing, must be set)" },
		{ "attribute: secret, operator: equals, value: x", "t_x.a fail (secret must equal \"x\")" },
		{ "attribute: secret, operator: not_exists", "t_x.a fail (secret must not be set)" },
		{ "attribute: l, operator: contains, value: z", "t_x.a fail (l must contain \"z\")" },
		{ "attribute: long, operator: is_empty", "t_x.a fail (long must be empty)" },
		{ "attribute: s, operator: regex_match, value: '^\\d{2}\"$'",
			"t_x.a fail (s is \"abc\", must match \"^\\d{2}\"$\")" },
		{ "attribute: s, operator: within, value: ['a\\b', 'c\"d']",
			"t_x.a fail (s is \"abc\", must be one of [\"a\\\\b\",\"c\\\"d\"])" },
		{ "attribute: n, operator: contains, value: z",
			"t_x.a error (n: contains cannot be applied: a number or boolean contains nothing)" },
	};
	char *plan = policy_plan(values, "{}", "{}");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *definition = NULL, *got;

		if (asprintf(&definition, "{cond_type: attribute, resource_types: [t_x], %s}", rows[i].condition) < 0)
			fail_msg("out of memory");
		got = policy_try(definition, plan, true);
		assert_string_equal(got, rows[i].expected);
		free(got);
		free(definition);
	}
	char *got = policy_try("{not: {cond_type: attribute, resource_types: [t_x], attribute: s, operator: equals, "
		"value: abc}}", plan, true);

	assert_string_equal(got, "t_x.a fail (s is \"abc\", must not equal \"abc\")");
	free(got);
	free(plan);
	/* Also when it could only be said at the end: x refers to nothing, so the second condition decides. */
	plan = policy_plan("{\"n\": 5}", "{\"x\": true}", "{}");
	got = policy_try("{or: [{cond_type: attribute, resource_types: [t_x], attribute: x, operator: exists}, "
		"{cond_type: attribute, resource_types: [t_x], attribute: y, operator: exists}, "
		"{cond_type: attribute, resource_types: [t_x], attribute: n, operator: contains, value: z}]}", plan, true);
	assert_string_equal(got,
		"t_x.a error (n: contains cannot be applied: a number or boolean contains nothing)");
	free(got);
	free(plan);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators),
		cmocka_unit_test(more_operators),
		cmocka_unit_test(paths),
		cmocka_unit_test(unknown),
		cmocka_unit_test(patterns),
		cmocka_unit_test(long_values),
		cmocka_unit_test(match_limits),
		cmocka_unit_test(reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
