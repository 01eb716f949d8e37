/* Policies over whole plans: which nodes they see, logic over several types, connections through modules, sections in
 * any order, and what is decided only at the end. */
#include "test.h"

#include "base/buf.h"
#include "base/mem.h"
#include "checks/policy_leaf.h"
#include "policy_try.h"

#define CHANGE(address, type, name, more, after, unknown) \
	"{\"address\": \"" address "\", \"mode\": \"managed\", \"type\": \"" type "\", \"name\": \"" name "\"" more \
		", \"change\": " \
	"{\"actions\": [\"create\"], \"before\": null, \"after\": " after ", \"after_unknown\": " unknown "}}"
#define CONFIG(address, type, name, expressions) \
	"{\"address\": \"" address "\", \"mode\": \"managed\", \"type\": \"" type "\", \"name\": \"" name \
	"\", \"expressions\": {" expressions "}}"
#define HEAD "\"format_version\": \"1.2\", \"terraform_version\": \"1.9.0\""

struct row {
	const char *more, *definition, *verdicts;
};

static void try_rows(const struct row *rows, size_t n, const char *plan)
{
	for (size_t i = 0; i < n; i++) {
		char *got = policy_try_with(rows[i].more != NULL ? rows[i].more : "", rows[i].definition, plan, false);

		if (strcmp(got, rows[i].verdicts) != 0)
			fail_msg("%s:\n%s, expected\n%s", rows[i].definition, got, rows[i].verdicts);
		free(got);
	}
}

/* Managed resources, data sources read later, provider blocks; what is deleted or deposed is no node. */
static void nodes(void **state)
{
	static const char plan[] = "{" HEAD ", \"resource_changes\": ["
		CHANGE("aws_a.x", "aws_a", "x", "", "{\"n\": 1, \"tags\": null}", "{}") ","
		CHANGE("aws_b.y[0]", "aws_b", "y", ", \"index\": 0", "{\"n\": 2}", "{}") ","
		CHANGE("google_c.z", "google_c", "z", "", "{}", "{\"tags\": true, \"n\": true}") ","
		CHANGE("aws_a.old", "aws_a", "old", ", \"deposed\": \"ab12\"", "{\"n\": 1}", "{}") ","
		"{\"address\": \"aws_a.gone\", \"mode\": \"managed\", \"type\": \"aws_a\", \"name\": \"gone\", "
		"\"change\": {\"actions\": [\"delete\"], "
		"\"before\": {\"n\": 1}, \"after\": null, \"after_unknown\": {}}},"
		"{\"address\": \"data.aws_d.d\", \"mode\": \"data\", \"type\": \"aws_d\", \"name\": \"d\", \"change\": "
		"{\"actions\": [\"read\"], "
		"\"before\": null, \"after\": {\"n\": 3}, \"after_unknown\": {}}},"
		"{\"address\": \"aws_a.r\", \"mode\": \"managed\", \"type\": \"aws_a\", \"name\": \"r\", \"change\": "
		"{\"actions\": [\"delete\", \"create\"], "
		"\"before\": {\"n\": 9, \"m\": 1, \"o\": 1, \"p\": null, \"q\": null}, \"after\": {\"n\": 1, \"m\": 1}, "
		"\"after_unknown\": {\"o\": true, \"p\": true, \"q\": false}}}"
		"], \"configuration\": {\"provider_config\": {\"aws\": {\"name\": \"aws\", \"expressions\": {\"n\": "
		"{\"constant_value\": 1}, "
		"\"off\": {\"constant_value\": false}, \"ref\": {\"references\": [\"var.x\"]}}}, \"aws.w\": {\"name\": "
		"\"aws\", \"alias\": \"w\"}, "
		"\"module.m:aws\": {\"name\": \"aws\", \"module_address\": \"module.m\"}}, \"root_module\": {}}}";
	static const struct row rows[] = {
		{ NULL, "{cond_type: attribute, attribute: n, operator: equals, value: 1}",
			"aws.default pass, aws.w fail, aws_a.r pass, aws_a.x pass, aws_b.y[0] fail, data.aws_d.d fail, "
			"google_c.z unknown" },
		{ "scope: {provider: aws}\n",
			"{cond_type: attribute, resource_types: [all], attribute: n, operator: equals, value: 1}",
			"aws_a.r pass, aws_a.x pass, aws_b.y[0] fail" },
		{ NULL, "{cond_type: attribute, resource_types: taggable, attribute: tags, operator: exists}",
			"aws_a.x fail, google_c.z unknown" },
		{ "scope: {provider: gcp}\n",
			"{cond_type: attribute, resource_types: taggable, attribute: tags, operator: any}",
			"google_c.z pass" },
		{ NULL, "{cond_type: attribute, resource_types: [data.aws_d], attribute: n, operator: equals, value: "
			"3}", "data.aws_d.d pass" },
		{ NULL, "{cond_type: attribute, resource_types: provider.aws, attribute: alias, operator: equals, "
			"value: w}", "aws.default fail, aws.w pass" },
		{ "scope: {provider: aws}\n",
			"{cond_type: attribute, resource_types: [provider], attribute: 'off', operator: exists}",
			"aws.default fail, aws.w fail" },
		{ "scope: {provider: AWS}\n",
			"{cond_type: attribute, resource_types: [provider], attribute: n, operator: exists}",
			"aws.default pass, aws.w fail" },
		/* A filter does not ask for all types of its provider. */
		{ "scope: {provider: GITHUB}\n",
			"{and: [{cond_type: filter, attribute: resource_type, operator: within, value: [aws_b]}, {cond_type: "
			"attribute, resource_types: [aws_b], attribute: n, operator: exists}]}", "aws_b.y[0] pass" },
		{ "scope: {provider: GITHUB}\n",
			"{and: [{cond_type: connection, operator: exists, resource_types: [aws_b], connected_resource_types: "
			"[aws_a]}, {cond_type: filter, attribute: resource_type, operator: within, value: [aws_b]}]}",
			"aws_b.y[0] fail" },
		{ NULL, "{cond_type: attribute, resource_types: [aws_zz], attribute: n, operator: exists}", "" },
		{ NULL, "{cond_type: resource, operator: exists, resource_types: [aws_a, google_c]}",
			"aws_a.r pass, aws_a.x pass, aws_b.y[0] fail, google_c.z pass" },
		{ NULL, "{cond_type: resource, operator: not_exists, resource_types: [aws_b]}",
			"aws_a.r unknown, aws_a.x unknown, aws_b.y[0] fail, google_c.z unknown" },
		/* What is nothing in Python is no list of types, so all. */
		{ NULL, "{cond_type: attribute, resource_types: false, attribute: m, operator: exists}",
			"aws.default fail, aws.w fail, aws_a.r pass, aws_a.x fail, aws_b.y[0] fail, data.aws_d.d fail, "
			"google_c.z fail" },
		/* A list without types allows none, and forbids none. */
		{ NULL, "{cond_type: resource, operator: exists}",
			"aws_a.r fail, aws_a.x fail, aws_b.y[0] fail, google_c.z fail" },
		{ NULL, "{cond_type: resource, operator: not_exists, resource_types: []}",
			"aws_a.r unknown, aws_a.x unknown, aws_b.y[0] unknown, google_c.z unknown" },
		{ NULL, "{cond_type: attribute, resource_types: [aws_a], attribute: __change_actions__, operator: "
			"not_contains, value: delete}", "aws_a.r fail, aws_a.x pass" },
		{ NULL, "{cond_type: attribute, resource_types: [aws_a], attribute: __change_keys__, operator: equals, "
			"value: \"['n', 'o', 'p']\"}", "aws_a.r pass, aws_a.x fail" },
	};

	(void)state;
	try_rows(rows, COUNT(rows), plan);

	char *got = policy_try("{cond_type: resource, operator: exists}", "{" HEAD ", \"resource_changes\": ["
		CHANGE("a_t.x", "a_t", "x", "", "{}", "{}") "]}", true);

	assert_string_equal(got, "a_t.x fail (no types of resources are allowed, since the policy names none)");
	free(got);
	got = policy_try("{cond_type: attribute, resource_types: provider.t, attribute: region, operator: exists}",
		"{" HEAD ", \"resource_changes\": [" CHANGE("a_t.x", "a_t", "x", "", "{}", "{}") "], \"configuration\": "
		"{\"provider_config\": {\"t\": {\"name\": \"t\", \"expressions\": {\"region\": {\"references\": "
		"[\"var.region\"]}}}}}}", true);
	assert_string_equal(got, "t.default fail (region is missing or no constant, must be set)");
	free(got);
}

static void logic(void **state)
{
	static const char plan[] = "{" HEAD ", \"resource_changes\": ["
		CHANGE("a_t.x", "a_t", "x", "", "{\"n\": 1}", "{\"u\": true}") ","
		CHANGE("b_t.y", "b_t", "y", "", "{\"m\": \"s\"}", "{}") "]}";
#define A "{cond_type: attribute, resource_types: [a_t], attribute: n, operator: equals, value: 1}"
#define A2 "{cond_type: attribute, resource_types: [a_t], attribute: n, operator: equals, value: 2}"
#define AU "{cond_type: attribute, resource_types: [a_t], attribute: u, operator: equals, value: 1}"
#define AE "{cond_type: attribute, resource_types: [a_t], attribute: n, operator: contains, value: x}"
#define B "{cond_type: attribute, resource_types: [b_t], attribute: m, operator: equals, value: s}"
	static const struct row rows[] = {
		{ NULL, "{and: [" A ", " B "]}", "a_t.x fail, b_t.y fail" },
		{ NULL, "{or: [" A ", " B "]}", "a_t.x pass, b_t.y pass" },
		{ NULL, "{not: " A2 "}", "a_t.x pass" },
		{ NULL, "{or: [" A2 ", {not: " B "}]}", "a_t.x pass, b_t.y fail" },
		{ NULL, "{and: [" A ", " AU "]}", "a_t.x unknown" }, { NULL, "{and: [" AU ", " A2 "]}", "a_t.x fail" },
		{ NULL, "{or: [" AU ", " A "]}", "a_t.x pass" }, { NULL, "{not: " AU "}", "a_t.x unknown" },
		/* What is not reached raises nothing. */
		{ NULL, "{and: [" A2 ", " AE "]}", "a_t.x fail" }, { NULL, "{or: [" A ", " AE "]}", "a_t.x pass" },
		{ NULL, "{and: [" A ", " AE "]}", "a_t.x error" },
		{ NULL, "{and: [{cond_type: filter, attribute: resource_type, operator: within, value: [a_t]}, "
			"{cond_type: attribute, resource_types: [a_t, b_t], attribute: zz, operator: not_exists}]}",
			"a_t.x pass, b_t.y fail" },
		{ NULL, "{and: " A "}", "a_t.x pass" },
		/* What can never decide is an error for what it is about. */
		{ NULL, "{cond_type: filter, attribute: resource_type, operator: within, value: [a_t]}",
			"a_t.x error" },
		{ NULL, "{resource_types: [b_t]}", "b_t.y error" }, { NULL, "{}", "a_t.x error, b_t.y error" },
	};

	(void)state;
	try_rows(rows, COUNT(rows), plan);
}

/* Text that holds a document. */
static void documents(void **state)
{
	static const char plan[] = "{" HEAD ", \"resource_changes\": ["
		CHANGE("aws_iam_policy.p", "aws_iam_policy", "p", "",
		"{\"policy\": \"{\\\"Statement\\\": [{\\\"Effect\\\": \\\"Allow\\\", \\\"Action\\\": [\\\"s3:*\\\"], "
			"\\\"true\\\": \\\"true\\\"}]}\"}", "{}") ","
		CHANGE("aws_sqs_queue.q", "aws_sqs_queue", "q", "", "{\"policy\": \"{\\\"Statement\\\": []}\"}", "{}")
		","
		CHANGE("aws_kms_key.k", "aws_kms_key", "k", "", "{}", "{\"policy\": true}") ","
		CHANGE("aws_iam_role_policy.known", "aws_iam_role_policy", "known", "",
		"{\"policy\": \"{\\\"Statement\\\": {\\\"Action\\\": \\\"s3:*\\\"}}\"}", "{\"policy\": false}") "]}";
	static const struct row rows[] = {
		{ NULL, "{cond_type: attribute, resource_types: [aws_iam_policy, aws_sqs_queue, aws_kms_key], "
			"attribute: policy.Statement.Action, "
			"operator: equals, value: \"s3:*\"}",
			"aws_iam_policy.p pass, aws_kms_key.k unknown, aws_sqs_queue.q fail" },
		{ NULL, "{cond_type: attribute, resource_types: [aws_iam_policy], attribute: "
			"\"policy.Statement[?(@.Effect == Allow)].Action[*]\", "
			"operator: jsonpath_contains, value: \"*\"}", "aws_iam_policy.p pass" },
		{ NULL, "{cond_type: attribute, resource_types: [aws_iam_policy], attribute: policy.Statement.true, "
			"operator: is_true}", "aws_iam_policy.p fail" },
		{ NULL, "{cond_type: attribute, resource_types: [aws_iam_role_policy], attribute: policy.Statement.Action, "
			"operator: not_equals, value: \"s3:*\"}", "aws_iam_role_policy.known fail" },
	};

	(void)state;
	try_rows(rows, COUNT(rows), plan);
}

/* A document that cannot be read is an error for whoever looks at it, and never text in which nothing is found. */
static void broken_documents(void **state)
{
	static const struct {
		const char *text, *verdict;
	} rows[] = {
#define STAR "\\\"Statement\\\": [{\\\"Action\\\": [\\\"iam:*\\\"]}]"
		{ "{" STAR "}", "aws_iam_policy.p fail" },
		{ "{\\\"Id\\\": 1, \\\"Id\\\": 1, " STAR "}", "aws_iam_policy.p error" },
		{ "{\\\"x\\\": NaN, " STAR "}", "aws_iam_policy.p error" },
		{ "{\\\"x\\\": \\\"\\\\ud800\\\", " STAR "}", "aws_iam_policy.p error" },
		{ " \\n[{" STAR "},]", "aws_iam_policy.p error" },
		{ "\xef\xbb\xbf{" STAR "}", "aws_iam_policy.p error" },
		{ "no document", "aws_iam_policy.p pass" }, { "null", "aws_iam_policy.p pass" },
		{ "", "aws_iam_policy.p pass" }, { "\\u0000", "aws_iam_policy.p pass" },
	};
	static const char *const conditions[] = {
		"attribute: policy.Statement.Action, operator: not_equals",
		"attribute: \"policy.Statement[*].Action\", operator: jsonpath_not_equals",
	};
	char *got;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *plan = xasprintf("{" HEAD ", \"resource_changes\": [" CHANGE("aws_iam_policy.p", "aws_iam_policy",
			"p", "", "{\"n\": 1, \"policy\": \"%s\"}", "{}") "]}", rows[i].text);

		for (size_t c = 0; c < COUNT(conditions); c++) {
			char *definition = xasprintf("{cond_type: attribute, resource_types: [aws_iam_policy], %s, "
				"value: \"iam:*\"}", conditions[c]);

			got = policy_try(definition, plan, false);
			if (strcmp(got, rows[i].verdict) != 0)
				fail_msg("%s of %s: %s", conditions[c], rows[i].text, got);
			free(got);
			free(definition);
		}
		/* Who does not look at it has no trouble. */
		got = policy_try("{and: [{cond_type: attribute, resource_types: [aws_iam_policy], attribute: n, "
			"operator: equals, value: 2}, {cond_type: attribute, resource_types: [aws_iam_policy], "
			"attribute: policy.x, operator: exists}]}", plan, false);
		assert_string_equal(got, "aws_iam_policy.p fail");
		free(got);
		free(plan);
	}
	got = policy_try("{cond_type: attribute, resource_types: [aws_iam_policy], attribute: policy.Statement, "
		"operator: not_exists}", "{" HEAD ", \"resource_changes\": [" CHANGE("aws_iam_policy.p",
		"aws_iam_policy", "p", "", "{\"policy\": \"{\\\"a\\\": 1, \\\"a\\\": 2}\"}", "{}") "]}", true);
	assert_string_equal(got, "aws_iam_policy.p error (policy.Statement: not_exists cannot be applied: "
		"the JSON text in it cannot be read: duplicate key (byte 9))");
	free(got);
}

/* No way around the marks of sensitive values: every reason is looked through for them. */
static void secrets(void **state)
{
#define MARKED(type, name, after, sensitive) "{\"address\": \"" type "." name "\", \"mode\": \"managed\", \"type\": \"" type \
	"\", \"name\": \"" name "\", \"change\": {\"actions\": [\"create\"], \"before\": null, \"after\": " after \
	", \"after_unknown\": {}" sensitive "}}"
	static const char plan[] = "{" HEAD ", \"resource_changes\": ["
		MARKED("t_x", "a", "{\"self\": \"SECRET\", \"a.b\": \"SECRET\", \"a\": {\"b.c\": \"SECRET\"}, \"list\": [\"SECRET\", 1], "
			"\"open\": \"shown\", \"blk\": [{\"p\": \"SECRET\"}], \"two\": [1, {\"p\": \"x\"}, {\"p\": \"SECRET\"}], "
			"\"flag\": \"true\", \"m\": {\"k\": \"SECRET\"}}",
			", \"after_sensitive\": {\"self\": true, \"a.b\": true, \"a\": {\"b.c\": true}, \"list\": [true], "
			"\"blk\": [{\"p\": true}], \"two\": [false, {}, {\"p\": true}], \"flag\": true, \"m\": true}") ","
		MARKED("t_x", "all", "{\"open\": \"SECRET\", \"self\": \"SECRET\"}", ", \"after_sensitive\": true") ","
		MARKED("t_x", "unmarked", "{\"open\": \"SECRET\", \"self\": \"SECRET\"}", "") ","
		MARKED("aws_iam_policy", "p", "{\"policy\": \"{\\\"Id\\\": \\\"SECRET\\\", \\\"l\\\": [\\\"SECRET\\\"]}\"}",
			", \"after_sensitive\": {\"policy\": true}") ","
		MARKED("aws_iam_policy", "q", "{\"policy\": \"{\\\"Id\\\": \\\"seen\\\"}\"}", ", \"after_sensitive\": {}")
		"], \"configuration\": {\"provider_config\": {\"t\": {\"name\": \"t\", \"expressions\": {\"key\": "
		"{\"constant_value\": \"SECRET\"}, \"open\": {\"constant_value\": \"SECRET\"}}}}, \"root_module\": {}}}";
	static const char *const paths[] = { "self", "self_", "a.b", "a.b.c", "list.0", "list", "blk.p", "two.1.p", "m.k",
		"flag", "key", "policy.Id", "policy.l", "blk.*.p", "list.*", "open" };
	static const char *const operators[] = { "equals", "regex_match", "not_exists", "jsonpath_equals", "is_false" };
	struct buf all = BUF_INIT(1u << 20);

	(void)state;
	for (size_t p = 0; p < COUNT(paths); p++) {
		for (size_t o = 0; o < COUNT(operators); o++) {
			char *definition = xasprintf("{cond_type: attribute, attribute: \"%s\", operator: %s, value: zz}",
				paths[p], operators[o]), *got = policy_try(definition, plan, true);

			if (strstr(got, "SECRET") != NULL || strstr(got, "flag is true") != NULL)
				fail_msg("%s: %s", definition, got);
			buf_puts(&all, got);
			free(got);
			free(definition);
		}
	}
	assert_non_null(strstr(buf_text(&all), "open is \"shown\", must equal"));
	assert_non_null(strstr(buf_text(&all), "policy.Id is \"seen\", must equal"));
	assert_non_null(strstr(buf_text(&all), "t.default fail (open must equal"));
	buf_free(&all);
}

#define CHANGES "\"resource_changes\": [" \
	CHANGE("a_t.in[0]", "a_t", "in", ", \"index\": 0", "{}", "{\"x\": true}") "," \
	CHANGE("a_t.in[1]", "a_t", "in", ", \"index\": 1", "{}", "{\"x\": true}") "," \
	CHANGE("b_t.many[0]", "b_t", "many", ", \"index\": 0", "{\"ok\": true}", "{}") "," \
	CHANGE("b_t.many[1]", "b_t", "many", ", \"index\": 1", "{\"ok\": false}", "{}") "," \
	CHANGE("a_t.exact", "a_t", "exact", "", "{}", "{\"x\": true}") "," \
	CHANGE("a_t.out", "a_t", "out", "", "{}", "{\"x\": true}") "," \
	CHANGE("a_t.none", "a_t", "none", "", "{\"x\": \"b_t.many\"}", "{}") "," \
	CHANGE("module.m[\\\"k\\\"].b_t.inner", "b_t", "inner", ", \"module_address\": \"module.m[\\\"k\\\"]\"", \
	"{\"ok\": true}", "{}") "," \
	CHANGE("module.m[\\\"k\\\"].a_t.arg", "a_t", "arg", ", \"module_address\": \"module.m[\\\"k\\\"]\"", "{}", \
	"{\"x\": true}") "," \
	CHANGE("c_t.blocks", "c_t", "blocks", "", "{\"blk\": [{\"y\": 1}, {}]}", "{\"blk\": [{}, {\"x\": true}]}") "," \
	CHANGE("d_t.two", "d_t", "two", "", "{\"two\": [{}, {}]}", "{\"two\": [{\"x\": true}, {\"x\": true}]}") "]"
#define CONFIGURATION "\"configuration\": {\"root_module\": {\"resources\": [" \
	CONFIG("a_t.in", "a_t", "in", "\"x\": {\"references\": [\"b_t.many\", \"count.index\"]}") "," \
	CONFIG("b_t.many", "b_t", "many", "") "," \
	CONFIG("a_t.exact", "a_t", "exact", \
	"\"x\": {\"references\": [\"b_t.many[1].id\", \"b_t.many[1]\", \"b_t.many\"]}") "," \
	CONFIG("a_t.out", "a_t", "out", \
	"\"x\": {\"references\": [\"module.m[\\\"k\\\"].id\", \"module.m[\\\"k\\\"]\", \"module.m\"]}") "," \
	CONFIG("d_t.two", "d_t", "two", "\"two\": [{\"x\": {\"references\": [\"each.key\"]}}, {\"x\": {}}]") "," \
	CONFIG("c_t.blocks", "c_t", "blocks", \
	"\"blk\": [{}, {\"x\": {\"references\": [\"b_t.many[0].id\", \"b_t.many[0]\", \"b_t.many\"]}}, " \
		"{\"x\": {\"references\": [\"b_t.many[1].id\", \"b_t.many[1]\", \"b_t.many\"]}}]") "], " \
	"\"module_calls\": {\"m\": {\"expressions\": {\"id\": {\"references\": [\"b_t.many[0].id\", \"b_t.many[0]\", " \
	"\"b_t.many\"]}}, " \
	"\"module\": {\"outputs\": {\"id\": {\"expression\": {\"references\": [\"b_t.inner.id\", \"b_t.inner\"]}}}, " \
	"\"resources\": [" \
	CONFIG("b_t.inner", "b_t", "inner", "") "," CONFIG("a_t.arg", "a_t", "arg", \
	"\"x\": {\"references\": [\"var.id\"]}") "]}}}}}"

/* By count, by constant index, through an output, through a variable, into a for_each module; text is no reference. */
static void connections(void **state)
{
	static const char *const plans[] = {
		"{" HEAD ", " CHANGES ", " CONFIGURATION "}",
		"{" HEAD ", " CONFIGURATION ", " CHANGES "}",	/* the other way round */
	};
	static const struct row rows[] = {
		{ NULL, "{cond_type: connection, operator: exists, resource_types: [a_t], connected_resource_types: "
			"[b_t]}", "a_t.exact pass, a_t.in[0] pass, a_t.in[1] pass, a_t.none fail, a_t.out pass, "
			"b_t.many[0] pass, b_t.many[1] pass, "
			"module.m[\"k\"].a_t.arg pass, module.m[\"k\"].b_t.inner pass" },
		{ NULL, "{and: [{cond_type: filter, attribute: resource_type, operator: within, value: [a_t]}, "
			"{cond_type: connection, operator: exists, resource_types: [a_t], connected_resource_types: "
			"b_t}, "
			"{cond_type: attribute, resource_types: [b_t], attribute: ok, operator: is_true}]}",
			"a_t.exact fail, a_t.in[0] pass, a_t.in[1] fail, a_t.none fail, a_t.out pass, "
			"module.m[\"k\"].a_t.arg pass" },
		{ NULL, "{cond_type: connection, operator: not_exists, resource_types: [c_t], "
			"connected_resource_types: [b_t]}",
			"b_t.many[0] fail, b_t.many[1] pass, c_t.blocks fail, module.m[\"k\"].b_t.inner pass" },
		{ NULL, "{or: [{cond_type: connection, operator: exists, resource_types: [c_t], "
			"connected_resource_types: [b_t]}, "
			"{cond_type: attribute, resource_types: [b_t], attribute: ok, operator: is_true}]}",
			"b_t.many[0] pass, b_t.many[1] fail, c_t.blocks pass, module.m[\"k\"].b_t.inner pass" },
		{ NULL, "{and: [{cond_type: filter, attribute: resource_type, operator: within, value: [a_t]}, "
			"{cond_type: connection, operator: exists, resource_types: [a_t], connected_resource_types: "
			"[b_t]}, "
			"{cond_type: attribute, resource_types: [a_t], attribute: x, operator: exists}]}",
			"a_t.exact pass, a_t.in[0] pass, a_t.in[1] pass, a_t.none fail, a_t.out pass, "
			"module.m[\"k\"].a_t.arg unknown" },
#define ALONE "{and: [{cond_type: connection, operator: not_exists, resource_types: [d_t], " \
	"connected_resource_types: [e_t]}, "
		{ NULL, ALONE "{cond_type: attribute, resource_types: [d_t], attribute: two.*.x, operator: exists}]}",
			"d_t.two pass" },
		{ NULL, ALONE "{cond_type: attribute, resource_types: [d_t], attribute: two.*.x, operator: "
			"not_exists}]}", "d_t.two unknown" },
		{ NULL, ALONE "{cond_type: attribute, resource_types: [d_t], attribute: \"two[*].x\", operator: "
			"jsonpath_exists}]}", "d_t.two unknown" },
		{ NULL, ALONE "{cond_type: attribute, resource_types: [d_t], attribute: \"two[*].x\", "
			"operator: jsonpath_not_exists}]}", "d_t.two fail" },
		/* No connection, but existence hangs on references in the same way. */
		{ NULL, "{cond_type: attribute, resource_types: [a_t], attribute: x, operator: exists}",
			"a_t.exact pass, a_t.in[0] pass, a_t.in[1] pass, a_t.none pass, a_t.out pass, "
			"module.m[\"k\"].a_t.arg unknown" },
		{ NULL, "{cond_type: attribute, resource_types: [c_t], attribute: blk.*.x, operator: not_exists}",
			"c_t.blocks fail" },
		{ NULL, "{not: {cond_type: attribute, resource_types: [a_t], attribute: x, operator: not_exists}}",
			"a_t.exact pass, a_t.in[0] pass, a_t.in[1] pass, a_t.none pass, a_t.out pass, "
			"module.m[\"k\"].a_t.arg unknown" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(plans); i++)
		try_rows(rows, COUNT(rows), plans[i]);
}

/* Every unknown place counts, however many a policy asks about: computed by a reference are all, or all but the last. */
static void many_places(void **state)
{
	enum { MAPS = 40, KEYS = LEAF_PLACES };
	static const char *const verdicts[] = { "t_x.a pass", "t_x.a unknown" };
	struct buf after = BUF_INIT(1u << 20), mask = BUF_INIT(1u << 20), policy = BUF_INIT(1u << 20);

	(void)state;
	for (int i = 0; i < MAPS; i++) {
		buf_printf(&after, "%s\"m%d\": {}", i > 0 ? ", " : "{", i);
		buf_printf(&mask, "%s\"m%d\": {", i > 0 ? ", " : "{", i);
		for (int k = 0; k < KEYS; k++)
			buf_printf(&mask, "%s\"k%d\": true", k > 0 ? ", " : "", k);
		buf_puts(&mask, "}");
		buf_printf(&policy, "%s{cond_type: attribute, resource_types: [t_x], attribute: \"m%d.*\", "
			"operator: jsonpath_exists}", i > 0 ? ", " : "{and: [", i);
	}
	buf_puts(&after, "}");
	buf_puts(&mask, "}");
	buf_puts(&policy, "]}");
	for (int lost = 0; lost < 2; lost++) {
		struct buf expressions = BUF_INIT(1u << 20);

		for (int i = 0; i < MAPS - lost; i++)
			buf_printf(&expressions, "%s\"m%d\": {\"references\": [\"b_t.b.id\"]}", i > 0 ? ", " : "{", i);
		buf_puts(&expressions, "}");
		char *plan = policy_plan(buf_text(&after), buf_text(&mask), buf_text(&expressions));
		char *got = policy_try(buf_text(&policy), plan, false);

		assert_string_equal(got, verdicts[lost]);
		free(got);
		free(plan);
		buf_free(&expressions);
	}
	buf_free(&after);
	buf_free(&mask);
	buf_free(&policy);
}

/* The reason is what decided, by its own sense, and says what an operator cannot do. */
static void reasons(void **state)
{
#define LINKED(more) "{and: [{cond_type: connection, resource_types: [a_t], connected_resource_types: [b_t], " \
	"operator: exists}, " more "]}"
#define PUBLIC "{cond_type: attribute, resource_types: [a_t], attribute: public, operator: equals, value: true}"
	static const char plan[] = "{" HEAD ", \"resource_changes\": ["
		CHANGE("a_t.open", "a_t", "open", "", "{\"public\": true, \"n\": 5}", "{}") ","
		CHANGE("a_t.shut", "a_t", "shut", "", "{\"public\": false, \"n\": \"x5\"}", "{}") ","
		CHANGE("b_t.b", "b_t", "b", "", "{}", "{}") "], \"configuration\": {\"root_module\": {\"resources\": ["
		CONFIG("a_t.open", "a_t", "open", "\"x\": {\"references\": [\"b_t.b.id\", \"b_t.b\"]}") "]}}}";
	static const struct row rows[] = {
		{ NULL, LINKED("{not: " PUBLIC "}"), "a_t.open fail (public must not equal true), "
			"a_t.shut fail (no good connection between a_t and b_t), b_t.b fail (no good connection "
			"between a_t and b_t)" },
		{ NULL, LINKED(PUBLIC), "a_t.open pass, a_t.shut fail (public must equal true), b_t.b pass" },
		{ NULL, LINKED("{cond_type: attribute, resource_types: [a_t], attribute: n, operator: contains, "
			"value: \"5\"}"), "a_t.open error (n: contains cannot be applied: a number or boolean contains "
			"nothing), a_t.shut fail (no good connection between a_t and b_t), b_t.b error (a condition "
			"cannot be applied to what it is connected to)" },
		{ NULL, LINKED("{and: [" PUBLIC ", {cond_type: attribute, resource_types: [b_t], attribute: n, operator: "
			"exists}]}"), "a_t.open fail (n is asked of another type of resource (b_t), must be set), "
			"a_t.shut fail (public must equal true), b_t.b fail (public is asked of another type of resource "
			"(a_t), must equal true)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *got = policy_try(rows[i].definition, plan, true);

		assert_string_equal(got, rows[i].verdicts);
		free(got);
	}
}

/* An or without a node of its types sees every node, and so do the filters in it. */
static void absent(void **state)
{
	static const char plan[] = "{" HEAD ", \"resource_changes\": ["
		CHANGE("d_t.d", "d_t", "d", "", "{}", "{}") ","
		CHANGE("aws_e.e", "aws_e", "e", "", "{}", "{}") "]}";
#define NO_PAIR "{cond_type: connection, operator: exists, resource_types: [b_t], connected_resource_types: [c_t]}"
#define IS_B "{cond_type: filter, attribute: resource_type, operator: within, value: [b_t]}"
	static const struct row rows[] = {
		{ NULL, "{or: [" NO_PAIR ", {not: " IS_B "}]}", "aws_e.e pass, d_t.d pass" },
		{ NULL, "{or: [" NO_PAIR ", {and: [" IS_B "]}]}", "aws_e.e fail, d_t.d fail" },
		{ NULL, "{or: [{and: [" NO_PAIR ", {not: " IS_B "}]}]}", "" },
		{ NULL, "{or: [{or: [" NO_PAIR ", {not: " IS_B "}]}]}", "aws_e.e pass, d_t.d pass" },
		{ NULL, "{and: [" NO_PAIR ", {not: " IS_B "}]}", "" },
		{ "scope: {provider: aws}\n", "{or: [" NO_PAIR ", {not: " IS_B "}]}", "aws_e.e pass" },
	};

	(void)state;
	try_rows(rows, COUNT(rows), plan);
}

/* What cannot be evaluated for one end of a connection is an error for the other, and said so. */
static void errors(void **state)
{
	static const char plan[] = "{" HEAD ", \"resource_changes\": ["
		CHANGE("a_t.a", "a_t", "a", "", "{}", "{}") "," CHANGE("b_t.b", "b_t", "b", "", "{\"n\": 5}", "{}") "], "
		"\"configuration\": {\"root_module\": {\"resources\": ["
		CONFIG("a_t.a", "a_t", "a", "\"r\": {\"references\": [\"b_t.b.id\", \"b_t.b\"]}") "]}}}";
#define RAISING "{and: [{cond_type: filter, attribute: resource_type, operator: within, value: [a_t]}, " \
	"{cond_type: attribute, resource_types: [b_t], attribute: n, operator: contains, value: x}, " \
	"{cond_type: connection, resource_types: [a_t], connected_resource_types: [b_t], operator: "
	static const char *const operators[] = { "exists", "not_exists", "one_exists" };

	(void)state;
	for (size_t i = 0; i < COUNT(operators); i++) {
		char *definition = xasprintf(RAISING "%s}]}", operators[i]), *got = policy_try(definition, plan, true);

		assert_string_equal(got, "a_t.a error (a condition cannot be applied to what it is connected to)");
		free(got);
		free(definition);
	}
}

/* One good connection is enough, so while one is not known yet nothing has failed, neither here nor for what looks at it. */
static void one_unknown(void **state)
{
	static const char plan[] = "{" HEAD ", \"resource_changes\": ["
		CHANGE("a_t.a", "a_t", "a", "", "{}", "{}") "," CHANGE("c_t.c", "c_t", "c", "", "{}", "{}") ","
		CHANGE("b_t.bad", "b_t", "bad", "", "{\"ok\": false}", "{}") ","
		CHANGE("b_t.later", "b_t", "later", "", "{}", "{\"ok\": true}") "], "
		"\"configuration\": {\"root_module\": {\"resources\": ["
		CONFIG("a_t.a", "a_t", "a", "\"r\": {\"references\": [\"b_t.bad.id\", \"b_t.bad\", \"b_t.later.id\", "
		"\"b_t.later\"]}") "," CONFIG("c_t.c", "c_t", "c", "\"r\": {\"references\": [\"a_t.a.id\", \"a_t.a\"]}") "]}}}";
#define ONE_OK "{and: [{cond_type: attribute, resource_types: [b_t], attribute: ok, operator: is_true}, " \
	"{cond_type: connection, resource_types: [a_t], connected_resource_types: [b_t], operator: one_exists}"
	static const struct row rows[] = {
		{ NULL, ONE_OK "]}", "a_t.a unknown, b_t.bad fail, b_t.later unknown" },
		{ NULL, ONE_OK ", {cond_type: connection, resource_types: [c_t], connected_resource_types: [a_t], operator: "
			"not_exists}]}", "a_t.a unknown, b_t.bad fail, b_t.later unknown, c_t.c unknown" },
	};

	(void)state;
	try_rows(rows, COUNT(rows), plan);
}

/* References in circles end by themselves. */
static void circles(void **state)
{
	static const char plan[] = "{" HEAD ", \"resource_changes\": ["
		CHANGE("a_t.x", "a_t", "x", "", "{}", "{\"x\": true}") "], "
		"\"configuration\": {\"root_module\": {\"resources\": ["
		CONFIG("a_t.x", "a_t", "x", "\"x\": {\"references\": [\"module.m.o\"]}") "], "
		"\"module_calls\": {\"m\": {\"expressions\": {\"i\": {\"references\": [\"module.m.o\"]}}, \"module\": "
		"{\"outputs\": {\"o\": "
		"{\"expression\": {\"references\": [\"var.i\", \"var.i\"]}}}}}}}}}";
	char *got = policy_try("{cond_type: connection, operator: exists, resource_types: [a_t], "
		"connected_resource_types: [b_t]}", plan, false);

	(void)state;
	assert_string_equal(got, "a_t.x fail");
	free(got);
}

/* A change that nobody can read is an error, not silence. */
static void malformed(void **state)
{
	static const char *const rest[] = { "", ", \"change\": {\"actions\": [\"create\"]}",
		", \"change\": {\"actions\": [\"create\"], \"after\": null}" };

	(void)state;
	for (size_t i = 0; i < COUNT(rest); i++) {
		char *plan = xasprintf("{" HEAD ", \"resource_changes\": [{\"address\": \"t.x\", \"mode\": \"managed\", "
			"\"type\": \"t\", \"name\": \"x\"%s}]}", rest[i]);
		char *got = policy_try("{cond_type: attribute, attribute: n, operator: exists}", plan, false);

		assert_string_equal(got, "- error");
		free(got);
		free(plan);
	}
}

/* Of more places than are kept, none decides: neither the first nor the last in the plan. */
static void too_many_places(void **state)
{
	(void)state;
	for (int n = LEAF_PLACES; n <= LEAF_PLACES + 1; n++) {
		for (int where = 0; where < 2; where++) {
			struct buf mask = BUF_INIT(1u << 20);
			char *expressions = xasprintf("{\"k%d\": {\"references\": [\"b_t.b.id\"]}}", where == 0 ? 0 : n - 1);

			for (int i = 0; i < n; i++)
				buf_printf(&mask, "%s\"k%d\": true", i > 0 ? ", " : "{", i);
			buf_puts(&mask, "}");
			char *plan = policy_plan("{}", buf_text(&mask), expressions);
			char *got = policy_try("{cond_type: attribute, resource_types: [t_x], attribute: \"$.*\", "
				"operator: jsonpath_not_exists}", plan, false);

			assert_string_equal(got, n == LEAF_PLACES ? "t_x.a fail" : "t_x.a unknown");
			free(got);
			free(plan);
			free(expressions);
			buf_free(&mask);
		}
	}
}

/* A path that looks at very many places is an error, not a hang and not a verdict. */
static void many_steps(void **state)
{
	static const struct { size_t elements; const char *verdict; } rows[] = {
		{ 1000, "t_x.a pass" }, { 500100, "t_x.a error" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf after = BUF_INIT(2u << 20);

		for (size_t n = 0; n < rows[i].elements; n++)
			buf_puts(&after, n > 0 ? ",1" : "{\"l\": [1");
		buf_puts(&after, "]}");
		char *plan = policy_plan(buf_text(&after), "{}", "{}");
		char *got = policy_try("{cond_type: attribute, resource_types: [t_x], attribute: \"$.l[*]\", "
			"operator: jsonpath_equals, value: 1}", plan, false);

		assert_string_equal(got, rows[i].verdict);
		free(got);
		free(plan);
		buf_free(&after);
	}
}

/* A long list against a long list: in pairs they would take minutes. */
static void many_nets(void **state)
{
	enum { LENGTH = 40000 };
	struct buf after = BUF_INIT(2u << 20), definition = BUF_INIT(2u << 20);

	(void)state;
	buf_puts(&after, "{\"l\": [\"255.0.0.1\"");
	buf_puts(&definition, "{cond_type: attribute, resource_types: [t_x], attribute: l, operator: cidr_range_subset, value: [255.0.0.0/8");
	for (int i = 0; i < LENGTH; i++) {
		buf_puts(&after, ",\"255.0.0.1\"");
		buf_printf(&definition, ",10.%d.%d.0/24", i / 256, i % 256);
	}
	buf_puts(&after, "]}");
	buf_puts(&definition, "]}");
	char *plan = policy_plan(buf_text(&after), "{}", "{}");
	char *got = policy_try(buf_text(&definition), plan, false);

	assert_string_equal(got, "t_x.a pass");
	free(got);
	free(plan);
	buf_free(&after);
	buf_free(&definition);
}

static void many_ranges(void **state)
{
	enum { LENGTH = 40000 };
	struct buf after = BUF_INIT(1u << 20), definition = BUF_INIT(1u << 20);

	(void)state;
	buf_puts(&after, "{\"l\": [-1");
	buf_puts(&definition, "{cond_type: attribute, resource_types: [t_x], attribute: l, operator: range_not_includes, value: [0");
	for (int i = 0; i < LENGTH; i++) {
		buf_puts(&after, ",-1");
		buf_printf(&definition, ",%d", 2 * i);
	}
	buf_puts(&after, "]}");
	buf_puts(&definition, "]}");
	char *plan = policy_plan(buf_text(&after), "{}", "{}");
	char *got = policy_try(buf_text(&definition), plan, false);

	assert_string_equal(got, "t_x.a pass");
	free(got);
	free(plan);
	buf_free(&after);
	buf_free(&definition);
}

/* Of the matches that take many steps a condition may make so many on a resource, and as many on the next. */
static void hard_matches(void **state)
{
	static const struct { size_t elements; const char *verdict; } rows[] = { { 256, "t_x.a pass" }, { 257, "t_x.a error" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf after = BUF_INIT(1u << 20);

		for (size_t n = 0; n < rows[i].elements; n++)
			buf_puts(&after, n > 0 ? ", \"aaaaaaaaaaaaaaaaaaaaac\"" : "{\"l\": [\"aaaaaaaaaaaaaaaaaaaaac\"");
		buf_puts(&after, ", \"c\"]}");
		char *plan = policy_plan(buf_text(&after), "{}", "{}");
		char *got = policy_try("{and: [{cond_type: attribute, resource_types: [t_x], attribute: \"l[*]\", operator: "
			"jsonpath_regex_match, value: \"(a|aa)+$|a*c\"}, {cond_type: attribute, resource_types: [t_x], "
			"attribute: \"l[*]\", operator: jsonpath_regex_match, value: \"(a|aa)+$|a*c$\"}]}", plan, false);

		assert_string_equal(got, rows[i].verdict);
		free(got);
		free(plan);
		buf_free(&after);
	}
}

/* The text of each of many objects inside of each other is more than a condition may make. */
static void much_text(void **state)
{
	static const struct { int depth; const char *verdict; } rows[] = { { 100, "t_x.a pass" }, { 400, "t_x.a error" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf after = BUF_INIT(1u << 20);

		buf_puts(&after, "{\"m\": ");
		for (int n = 0; n < rows[i].depth; n++)
			buf_puts(&after, "{\"k\": ");
		buf_puts(&after, "\"");
		for (int n = 0; n < 300000; n++)
			buf_puts(&after, "a");
		buf_puts(&after, "\"");
		for (int n = 0; n <= rows[i].depth; n++)
			buf_puts(&after, "}");
		char *plan = policy_plan(buf_text(&after), "{}", "{}");
		char *got = policy_try("{cond_type: attribute, resource_types: [t_x], attribute: \"$..k\", "
			"operator: jsonpath_regex_match, value: \"[{a]\"}", plan, false);

		assert_string_equal(got, rows[i].verdict);
		free(got);
		free(plan);
		buf_free(&after);
	}
}

/* A resource of more blocks than are kept connects by all of them. */
static void many_blocks(void **state)
{
	enum { BLOCKS = 70 };

	(void)state;
	for (int present = 0; present < 2; present++) {
		struct buf plan = BUF_INIT(1u << 20);

		buf_puts(&plan, "{" HEAD ", \"resource_changes\": [" CHANGE("b_t.b", "b_t", "b", "", "{}", "{}") ","
			"{\"address\": \"a_t.a\", \"mode\": \"managed\", \"type\": \"a_t\", \"name\": \"a\", \"change\": "
			"{\"actions\": [\"create\"], \"after_unknown\": {}, \"after\": {\"blk\": [{}");
		for (int i = 1; present && i < BLOCKS; i++)
			buf_puts(&plan, ", {}");
		buf_puts(&plan, "]}}}], \"configuration\": {\"root_module\": {\"resources\": ["
			CONFIG("b_t.b", "b_t", "b", "") ", {\"address\": \"a_t.a\", \"mode\": \"managed\", \"type\": \"a_t\", "
			"\"name\": \"a\", \"expressions\": {\"blk\": [{}");
		for (int i = 1; i < BLOCKS - 1; i++)
			buf_puts(&plan, ", {}");
		buf_puts(&plan, ", {\"x\": {\"references\": [\"b_t.b.id\", \"b_t.b\"]}}]}}]}}}");
		char *got = policy_try("{cond_type: connection, operator: exists, resource_types: [a_t], "
			"connected_resource_types: [b_t]}", buf_text(&plan), false);

		assert_string_equal(got, present ? "a_t.a pass, b_t.b pass" : "a_t.a fail, b_t.b fail");
		free(got);
		buf_free(&plan);
	}
}

/* What the members of an object say together does not hang on their order. */
static void members_in_any_order(void **state)
{
	static const char *const plans[] = {
		"{\"actions\": [\"update\"], \"before\": {\"b\": 1, \"c\": 2}, \"after\": {\"m\": {\"a\": \"s\", \"b\": [22], \"k\": {\"y\": 1, "
			"\"z\": 2}}}}",
		"{\"actions\": [\"update\"], \"before\": {\"c\": 2, \"b\": 1}, \"after\": {\"m\": {\"k\": {\"z\": 2, \"y\": 1}, \"b\": [22], "
			"\"a\": \"s\"}}}",
	};
	static const char *const conditions[] = {
		"attribute: m, operator: regex_match, value: \"{'a': 's', 'b': .22., 'k': {'y': 1, 'z': 2}}$\"",
		"attribute: __change_keys__, operator: equals, value: [b, c]",
		"attribute: m, operator: contains, value: 22",
		"attribute: \"$.m.*\", operator: jsonpath_not_contains, value: 23",
		"attribute: m, operator: equals, value: {k: {y: 1, z: 2}, a: s, b: [22]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(plans) * COUNT(conditions); i++) {
		const char *condition = conditions[i / COUNT(plans)];
		char *plan = xasprintf("{" HEAD ", \"resource_changes\": [{\"address\": \"t_x.a\", \"mode\": \"managed\", "
			"\"type\": \"t_x\", \"name\": \"a\", \"change\": %s}]}", plans[i % COUNT(plans)]);
		char *definition = xasprintf("{cond_type: attribute, resource_types: [t_x], %s}", condition);
		char *got = policy_try(definition, plan, false);

		/* Of the text no one can say whether it contains a number. */
		if (strcmp(got, strstr(condition, "not_contains") != NULL ? "t_x.a error" : "t_x.a pass") != 0)
			fail_msg("%s of plan %zu: %s", condition, i % COUNT(plans), got);
		free(got);
		free(definition);
		free(plan);
	}
}

/* Masks are found by their keys at every depth, not by where they stand. */
static void masks_in_any_order(void **state)
{
	static const char *const masks[] = {
		"{\"m\": {\"a\": false, \"b\": true, \"c\": {\"x\": true}}}",
		"{\"m\": {\"c\": {\"x\": true}, \"b\": true, \"a\": false}}",
		"{\"m\": {\"b\": true, \"z\": false, \"c\": {\"y\": false, \"x\": true}}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(masks); i++) {
		char *plan = policy_plan("{\"m\": {\"a\": 1, \"b\": null, \"c\": {\"y\": 1}}}", masks[i], "{}");
		char *got = policy_try("{and: [{cond_type: attribute, resource_types: [t_x], attribute: \"$.m.*\", "
			"operator: jsonpath_not_equals, value: \"2\"}]}", plan, false);

		assert_string_equal(got, "t_x.a unknown");
		free(got);
		got = policy_try("{cond_type: attribute, resource_types: [t_x], attribute: \"$.m.*\", "
			"operator: jsonpath_not_equals, value: \"1\"}", plan, false);
		assert_string_equal(got, "t_x.a fail");
		free(got);
		free(plan);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes),
		cmocka_unit_test(logic),
		cmocka_unit_test(documents),
		cmocka_unit_test(broken_documents),
		cmocka_unit_test(secrets),
		cmocka_unit_test(connections),
		cmocka_unit_test(many_places),
		cmocka_unit_test(reasons),
		cmocka_unit_test(absent),
		cmocka_unit_test(errors),
		cmocka_unit_test(one_unknown),
		cmocka_unit_test(circles),
		cmocka_unit_test(too_many_places),
		cmocka_unit_test(many_steps),
		cmocka_unit_test(many_ranges),
		cmocka_unit_test(many_nets),
		cmocka_unit_test(hard_matches),
		cmocka_unit_test(much_text),
		cmocka_unit_test(many_blocks),
		cmocka_unit_test(members_in_any_order),
		cmocka_unit_test(masks_in_any_order),
		cmocka_unit_test(malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
