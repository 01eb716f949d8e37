/* The verdict, its message, and callback bodies against the rules of HashiCorp's schema for run task results
 * (structured-run-task-result-schema.json, runtask-*.json), written down here as check_* functions. */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/verdict.h"

#define BODY_BYTES_MAX 1000000

/* ---- the schema's rules ---- */

static void check_string(const json_t *object, const char *key, size_t max)
{
	const char *s = json_get_string(object, key);

	if (!json_has(object, key))
		return;
	assert_non_null(s);
	assert_true(*s != '\0');
	assert_int_equal(text_utf8_valid(s, strlen(s)), strlen(s));
	assert_true(text_utf8_length(s, strlen(s)) <= max);
}

static void check_url(const json_t *object)
{
	const char *s = json_get_string(object, "url");

	check_string(object, "url", 500);
	if (s != NULL)
		assert_true(strncmp(s, "http://", 7) == 0 || strncmp(s, "https://", 8) == 0);
}

static bool check_known(void *context, const char *key, json_t *value)
{
	const char *const *known = context;

	(void)value;
	while (*known != NULL && strcmp(*known, key) != 0)
		known++;
	assert_non_null(*known);
	return true;
}

static bool check_tag(void *context, const char *key, json_t *value)
{
	static const char *const levels[] = { "none", "info", "warning", "error" };

	*(unsigned *)context += 1;
	assert_true(strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789") == strlen(key));
	assert_true(json_count(value) >= 1);
	for (size_t i = 0; i < json_count(value); i++) {
		const char *level = json_get_string(json_at(value, i), "level");
		bool known = false;

		assert_true(json_has(json_at(value, i), "label"));
		check_string(json_at(value, i), "label", 32);
		for (size_t k = 0; k < 4; k++)
			known = known || (level != NULL && strcmp(level, levels[k]) == 0);
		assert_true(known);
	}
	return true;
}

static void check_outcome(const json_t *one)
{
	static const char *const keys[] = { "outcome-id", "description", "tags", "body", "url", NULL };
	const json_t *attributes = json_get(one, "attributes");
	unsigned tags = 0;

	assert_string_equal(json_get_string(one, "type"), "task-result-outcomes");
	json_each(attributes, check_known, (void *)(uintptr_t)keys);
	assert_true(json_has(attributes, "outcome-id"));
	check_string(attributes, "outcome-id", 64);
	check_string(attributes, "description", 1000);
	check_string(attributes, "body", 10000);
	check_url(attributes);
	json_each(json_get(attributes, "tags"), check_tag, &tags);
	assert_true(tags >= 1 && tags <= 10);
}

/* The parsed body, to be freed; *outcomes is borrowed from it and NULL if there are none. */
static json_t *check_body(const char *text, const json_t **outcomes)
{
	static const char *const statuses[] = { "running", "passed", "failed", NULL };
	char why[JSON_WHY];
	json_t *top = NULL, *data, *attributes, *relationships;
	const char *const *status = statuses;

	assert_true(strlen(text) <= BODY_BYTES_MAX);
	assert_int_equal(json_parse(text, strlen(text), &top, why), 0);
	data = json_get(top, "data");
	attributes = json_get(data, "attributes");
	assert_string_equal(json_get_string(data, "type"), "task-results");
	while (*status != NULL && strcmp(*status, json_get_string(attributes, "status")) != 0)
		status++;
	assert_non_null(*status);
	check_string(attributes, "message", 1000);
	check_url(attributes);
	relationships = json_get(data, "relationships");
	*outcomes = json_get(json_get(relationships, "outcomes"), "data");
	assert_int_equal(json_has(data, "relationships"), *outcomes != NULL);
	if (*outcomes != NULL)
		assert_true(json_count(*outcomes) >= 1 && json_count(*outcomes) <= 250);
	for (size_t i = 0; i < json_count(*outcomes); i++)
		check_outcome(json_at(*outcomes, i));
	return top;
}

static const char *attribute(const json_t *outcomes, size_t i, const char *key)
{
	return json_get_string(json_get(json_at(outcomes, i), "attributes"), key);
}

/* ---- tests ---- */

static void add(struct outcomes *o, enum outcome_status status, enum severity severity, const char *id,
	const char *address)
{
	struct outcome one = { .status = status, .severity = severity, .id = id, .address = address,
		.description = "Bucket must not be public" };

	outcomes_add(o, &one);
}

static void test_counts(void **state)
{
	static const struct {
		unsigned n[OUTCOME_STATUSES];
		unsigned resources;
		const char *expect;
		bool failed, failed_on_pass;	/* with on_error: fail, and pass */
	} table[] = {
		{ { [OUTCOME_FAILED] = 2, [OUTCOME_WARNING] = 1, [OUTCOME_PASSED] = 40 }, 120,
			"2 failed, 1 warning, 40 passed; 120 resources", true, true },
		{ { 0 }, 0, "0 passed; 0 resources", false, false },
		{ { [OUTCOME_PASSED] = 1 }, 1, "1 passed; 1 resource", false, false },
		{ { [OUTCOME_ERROR] = 2, [OUTCOME_UNKNOWN] = 2, [OUTCOME_WARNING] = 2, [OUTCOME_SKIPPED] = 2 }, 2,
			"2 errors, 2 unknown, 2 warnings, 2 skipped; 2 resources", true, false },
		{ { [OUTCOME_UNKNOWN] = 1, [OUTCOME_WARNING] = 1, [OUTCOME_SKIPPED] = 1 }, 2,
			"1 unknown, 1 warning, 1 skipped; 2 resources", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
		char *counts;

		for (enum outcome_status s = 0; s < OUTCOME_STATUSES; s++)
			for (unsigned k = 0; k < table[i].n[s]; k++)
				add(o, s, SEVERITY_NONE_GIVEN, "A", "a.b");
		outcomes_set_resources(o, table[i].resources);
		counts = verdict_counts(o);
		assert_string_equal(counts, table[i].expect);
		assert_int_equal(verdict_failed(o, false), table[i].failed);
		assert_int_equal(verdict_failed(o, true), table[i].failed_on_pass);
		free(counts);
		outcomes_free(o);
	}
}

static void test_message(void **state)
{
	struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
	char *message;

	(void)state;
	outcomes_set_resources(o, 9);
	for (int i = 0; i < 5; i++)
		add(o, OUTCOME_FAILED, SEVERITY_HIGH, "CKV2_ACME_1", (const char *const[]){
			"aws_x.y[0]", "aws_x.y[\"k\"]", "aws_x.red", "aws_x.d", "aws_x.e" }[i]);
	add(o, OUTCOME_FAILED, SEVERITY_INFO, "CKV2_ACME_2", "aws_x.y");
	outcomes_check_failed_to_run(o, "policies", "a.yaml:3: [bold]no[reset] \x1b[1m");
	outcomes_check_failed_to_run(o, "policies", "another");
	message = verdict_message(o, false, "not checked: [red]a", "3f2a9c01d4e5");
	assert_string_equal(message,
		"not checked: (red)a\n"
		"Failed: 5 failed, 2 errors, 1 warning; 9 resources.\n"
		"Failed CKV2_ACME_1 (HIGH): Bucket must not be public: "
		"aws_x.y[0], aws_x.y[\"k\"], aws_x.red and 2 more.\n"
		"Error policies: The check could not run: a.yaml:3: (bold)no(reset) \\x1b[1m and 1 more.\n"
		"Warning CKV2_ACME_2 (INFO): Bucket must not be public: aws_x.y.\n"
		"Policy set 3f2a9c01d4e5.");
	free(message);
	outcomes_clear(o);
	message = verdict_message(o, false, NULL, NULL);
	assert_string_equal(message, "Passed: 0 passed; 0 resources.");
	free(message);
	outcomes_free(o);
}

/* The worst finding does not give way to the hash, wherever the room for it ends. */
static void test_message_full(void **state)
{
	char *note = xasprintf("%0499d", 0), *checks = xasprintf("%0199d", 0);
	unsigned shown = 0, left_out = 0;

	(void)state;
	for (size_t n = 1; n < 400; n++) {
		struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
		char *id = xasprintf("%0*d", (int)(n % 80) + 1, 1), *address = xasprintf("%0*d", (int)(n / 4) + 1, 1);
		char *without, *with;

		outcomes_add_note(o, checks);
		add(o, OUTCOME_FAILED, SEVERITY_HIGH, id, address);
		add(o, OUTCOME_WARNING, SEVERITY_LOW, "B", "a.b");
		without = verdict_message(o, false, note, NULL);
		with = verdict_message(o, false, note, "3f2a9c01d4e5");
		assert_true(text_utf8_length(with, strlen(with)) <= 1000);
		assert_true((strstr(without, "\nFailed 0") != NULL) == (strstr(with, "\nFailed 0") != NULL));
		shown += strstr(with, "Policy set 3f2a9c01d4e5.") != NULL;
		left_out += strstr(with, "Policy set") == NULL;
		free(with);
		free(without);
		free(id);
		free(address);
		outcomes_free(o);
	}
	assert_true(shown > 0 && left_out > 0);
	free(note);
	free(checks);
}

static void test_message_text(void **state)
{
	static const struct {
		const char *s, *expect;
	} table[] = {
		{ "[red]x[/red] [light_red] [RESET] [_red_] [reset_bold]",
			"(red)x[/red] (light_red) (RESET) (_red_) (reset_bold)" },
		{ "a[0] a[12] a[\"red\"] a[each.key] a[] [ red]", "a[0] a[12] a[\"red\"] a[each.key] a[] [ red]" },
		{ "[[red]] [red][blue]", "[(red)] (red)(blue)" },
		{ "[red", "[red" },
		{ "a\n\tb\r\n", "a\n\\tb\\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *got = verdict_message_text(table[i].s);

		assert_string_equal(got, table[i].expect);
		free(got);
	}
}

/* However many and long: within the limit, never inside a character, the rest counted. */
static void test_message_limit(void **state)
{
	(void)state;
	for (size_t characters = 1; characters < 300; characters += 7) {
		struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
		char *message, *text, address[3 * 300 + 1];
		unsigned named = 0;

		for (size_t k = 0; k < characters; k++)
			memcpy(address + 3 * k, "\xe2\x82\xac", 4);
		for (unsigned i = 0; i < 400; i++) {
			char id[32];

			snprintf(id, sizeof(id), "POLICY_%03u", i);
			add(o, OUTCOME_FAILED, SEVERITY_HIGH, id, address);
		}
		message = verdict_message(o, false, "\xe2\x82\xac note", "3f2a9c01d4e5");
		assert_int_equal(text_utf8_valid(message, strlen(message)), strlen(message));
		assert_true(text_utf8_length(message, strlen(message)) <= 1000);
		assert_true(text_utf8_length(message, strlen(message)) > 750);
		for (char *p = message; (p = strstr(p, "POLICY_")) != NULL; p++)
			named++;
		text = xasprintf("\nAnd %u more.\nPolicy set 3f2a9c01d4e5.", 400 - named);
		assert_string_equal(message + strlen(message) - strlen(text), text);
		free(text);
		free(message);
		outcomes_free(o);
	}
}

static void test_body(void **state)
{
	struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
	struct outcome one = { .status = OUTCOME_FAILED, .severity = SEVERITY_HIGH, .id = "CKV2_ACME_1",
		.address = "aws_x.y[\"`|<b>\\n[a](http://e)\"]", .description = "Bucket must\nnot be public",
		.reason = "acl is <public>", .help = "Set **acl**.", .url = "https://e.example/guide#acl" };
	const json_t *list;
	json_t *top;
	char *text;

	(void)state;
	outcomes_add(o, &one);
	one.address = "aws_x.z";
	one.reason = NULL;
	outcomes_add(o, &one);
	add(o, OUTCOME_UNKNOWN, SEVERITY_NONE_GIVEN, "U", NULL);
	add(o, OUTCOME_PASSED, SEVERITY_HIGH, "P", "aws_x.y");
	text = verdict_body(o, false, NULL, NULL, "https://gate.example.com/reports/1");
	top = check_body(text, &list);
	assert_int_equal(json_count(list), 2);
	assert_string_equal(attribute(list, 0, "outcome-id"), "CKV2_ACME_1");
	assert_string_equal(attribute(list, 0, "description"), "Bucket must\\nnot be public (2 resources)");
	assert_string_equal(attribute(list, 0, "url"), "https://e.example/guide#acl");
	assert_string_equal(attribute(list, 0, "body"),
		"- `` aws_x.y[\"`|<b>\\n[a](http://e)\"] ``: acl is &lt;public&gt;\n- `aws_x.z`\n\nSet **acl**.");
	assert_null(attribute(list, 1, "body"));
	assert_non_null(strstr(text, "\"tags\":{\"Status\":[{\"label\":\"Failed\",\"level\":\"error\"}],"
		"\"Severity\":[{\"label\":\"High\",\"level\":\"error\"}]}"));
	assert_non_null(strstr(text, "\"status\":\"failed\""));
	assert_non_null(strstr(text, "\"url\":\"https://gate.example.com/reports/1\""));
	json_free(top);
	free(text);
	outcomes_free(o);
}

/* Outcomes that come alone: as many as there is room for, the rest counted, and one place kept for that. */
static void test_body_alone(void **state)
{
	static const unsigned table[][3] = { { 2, 2, 0 }, { 100, 100, 0 }, { 101, 101, 1 }, { 250, 101, 150 } };

	(void)state;
	for (size_t t = 0; t < sizeof(table) / sizeof(table[0]); t++) {
		struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
		struct outcome one = { .status = OUTCOME_FAILED, .id = "images.revoked", .description = "The image is revoked",
			.reason = "r", .help = "Help.", .body = "| a |\n|---|\n| b |", .alone = true,
			.tags = { { "Image", "revoked" }, { "Action", "create" } } };
		char address[40], *text, *rest;
		const json_t *list;
		json_t *top;

		for (unsigned i = 0; i < table[t][0]; i++) {
			snprintf(address, sizeof(address), "aws_instance.n[%u]", i);
			one.address = address;
			outcomes_add(o, &one);
		}
		outcomes_add_note(o, "images: 3 checked");
		text = verdict_body(o, false, NULL, NULL, NULL);
		top = check_body(text, &list);
		assert_int_equal(json_count(list), table[t][1]);
		assert_string_equal(attribute(list, 0, "description"), "The image is revoked: aws_instance.n[0]");
		assert_string_equal(attribute(list, 1, "body"), "| a |\n|---|\n| b |\n\nHelp.");
		assert_non_null(strstr(text, "\"Image\":[{\"label\":\"revoked\",\"level\":\"error\"}],\"Action\":["));
		assert_non_null(strstr(text, "; images: 3 checked."));
		rest = xasprintf("%u more outcomes are not shown (%u failed)", table[t][2], table[t][2]);
		if (table[t][2] > 0)
			assert_string_equal(attribute(list, json_count(list) - 1, "description"), rest);
		free(rest);
		json_free(top);
		free(text);
		outcomes_free(o);
	}
}

static void test_body_passed(void **state)
{
	struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
	const json_t *list;
	char *text;

	(void)state;
	add(o, OUTCOME_PASSED, SEVERITY_HIGH, "P", "aws_x.y");
	text = verdict_body(o, false, NULL, NULL, NULL);
	json_free(check_body(text, &list));
	assert_string_equal(text, "{\"data\":{\"type\":\"task-results\",\"attributes\":{\"status\":\"passed\","
		"\"message\":\"Passed: 1 passed; 0 resources.\"}}}");
	free(text);
	outcomes_free(o);
}

static void test_urls(void **state)
{
	static const struct {
		const char *url;
		bool kept;
	} table[] = {
		{ "https://e.example/a?b=c#d", true },
		{ "http://e.example", true },
		{ "HTTPS://e.example", false },
		{ "ftp://e.example/", false },
		{ "javascript:alert(1)", false },
		{ "https://e.example/a b", false },
		{ "https://e.example/\xc3\xa9", false },
		{ "https://e.example/\"onx", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
		struct outcome one = { .status = OUTCOME_FAILED, .id = "A", .url = table[i].url };
		const json_t *list;
		json_t *top;
		char *text;

		outcomes_add(o, &one);
		text = verdict_body(o, false, NULL, NULL, table[i].url);
		top = check_body(text, &list);
		assert_int_equal(attribute(list, 0, "url") != NULL, table[i].kept);
		assert_int_equal(json_has(json_get(json_get(top, "data"), "attributes"), "url"), table[i].kept);
		json_free(top);
		free(text);
		outcomes_free(o);
	}
}

static void add_groups(struct outcomes *o, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char id[32];

		snprintf(id, sizeof(id), "P%u", i);
		add(o, i % 2 ? OUTCOME_FAILED : OUTCOME_SKIPPED, SEVERITY_NONE_GIVEN, id, "a.b");
	}
}

static void test_many(void **state)
{
	static const struct {
		unsigned groups, sent;
		const char *last;
	} table[] = {
		{ 249, 249, "Bucket must not be public" },
		{ 250, 250, "Bucket must not be public" },
		{ 251, 249, NULL },
		{ 1000, 249, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
		char *text, more[64];
		const json_t *list;
		json_t *top;

		add_groups(o, table[i].groups);
		text = verdict_body(o, false, NULL, NULL, NULL);
		top = check_body(text, &list);
		if (table[i].last != NULL) {
			assert_int_equal(json_count(list), table[i].sent);
			assert_string_equal(attribute(list, table[i].sent - 1, "description"), table[i].last);
		} else {
			assert_int_equal(json_count(list), table[i].sent + 1);
			snprintf(more, sizeof(more), "%u more outcomes", table[i].groups - table[i].sent);
			assert_non_null(strstr(attribute(list, table[i].sent, "description"), more));
		}
		json_free(top);
		free(text);
		outcomes_free(o);
	}
}

/* As large as it gets in every direction. */
static void test_large(void **state)
{
	struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
	struct buf help = BUF_INIT(30000);
	char address[901], description[4000];
	char counted[80];
	unsigned with_body = 0;
	const json_t *list;
	json_t *top;
	char *text;

	(void)state;
	while (help.len < 15000)
		buf_puts(&help, "\"\\\xe2\x82\xac`");
	memset(address, '`', sizeof(address));
	address[sizeof(address) - 1] = '\0';
	for (size_t k = 0; k + 3 < sizeof(description); k += 3)
		memcpy(description + k, "\xe2\x82\xac", 4);
	for (unsigned i = 0; i < 300 * 20; i++) {
		char id[200];
		struct outcome one = { .status = OUTCOME_FAILED, .severity = SEVERITY_CRITICAL, .id = id, .address = address,
			.description = description, .reason = address, .help = help.data };

		snprintf(id, sizeof(id), "%0150u", i / 20);
		outcomes_add(o, &one);
	}
	text = verdict_body(o, false, description, NULL, NULL);
	top = check_body(text, &list);
	for (size_t i = 0; i < json_count(list); i++)
		with_body += attribute(list, i, "body") != NULL;
	assert_true(with_body > 20 && with_body < json_count(list));
	/* Of those that are shown, the last one not counted. */
	snprintf(counted, sizeof(counted), "; %zu outcomes are shown without their details", json_count(list) - 1 - with_body);
	assert_non_null(strstr(attribute(list, json_count(list) - 1, "description"), counted));
	assert_non_null(strstr(attribute(list, 0, "body"), "\n- and 1"));
	json_free(top);
	free(text);
	buf_free(&help);
	outcomes_free(o);
}

static void test_plain(void **state)
{
	const json_t *list;
	char *text = verdict_plain_body("running", "412 resources, [bold]\x01");

	(void)state;
	json_free(check_body(text, &list));
	assert_string_equal(text, "{\"data\":{\"type\":\"task-results\",\"attributes\":{\"status\":\"running\","
		"\"message\":\"412 resources, (bold)\\\\x01\"}}}");
	free(text);
	text = verdict_plain_body("passed", "");
	json_free(check_body(text, &list));
	free(text);
}

static void test_reduced(void **state)
{
	static const char *const foreign[] = { "", "{}", "[]",
		"{\"data\":{\"type\":\"x\",\"attributes\":{\"status\":\"failed\"}}}",
		"{\"data\":{\"type\":\"task-results\"}}", "{\"data\":" };
	struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
	char *body, *reduced;
	const json_t *list;

	(void)state;
	add(o, OUTCOME_FAILED, SEVERITY_HIGH, "A", "a.b");
	body = verdict_body(o, false, NULL, NULL, "https://e.example/");
	reduced = verdict_reduced(body, strlen(body), 0);
	assert_string_equal(reduced, body);
	free(reduced);
	reduced = verdict_reduced(body, strlen(body), 1);
	json_free(check_body(reduced, &list));
	assert_null(list);
	assert_non_null(strstr(reduced, "https://e.example/"));
	free(reduced);
	reduced = verdict_reduced(body, strlen(body), 2);
	json_free(check_body(reduced, &list));
	assert_null(list);
	assert_null(strstr(reduced, "https://e.example/"));
	assert_non_null(strstr(reduced, "\"status\":\"failed\",\"message\":\"Failed: 1 failed; 0 resources."));
	free(reduced);
	free(body);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		for (unsigned level = 0; level < 3; level++)
			assert_null(verdict_reduced(foreign[i], strlen(foreign[i]), level));
	outcomes_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_message_full),
		cmocka_unit_test(test_message_text),
		cmocka_unit_test(test_message_limit),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_body_alone),
		cmocka_unit_test(test_body_passed),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_reduced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
