/* Outcomes (threshold, order, bounds, JSON), text inside markdown, address patterns. */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "checks/check.h"
#include "checks/markdown.h"
#include "checks/outcome.h"

static void add(struct outcomes *o, enum outcome_status status, enum severity severity, const char *id,
	const char *address)
{
	struct outcome one = { .status = status, .severity = severity, .id = id, .address = address };

	outcomes_add(o, &one);
}

static void test_threshold(void **state)
{
	static const struct {
		enum severity fail_on, severity;
		enum outcome_status given, expect;
	} table[] = {
		{ SEVERITY_LOW, SEVERITY_INFO, OUTCOME_FAILED, OUTCOME_WARNING },
		{ SEVERITY_LOW, SEVERITY_LOW, OUTCOME_FAILED, OUTCOME_FAILED },
		{ SEVERITY_INFO, SEVERITY_INFO, OUTCOME_FAILED, OUTCOME_FAILED },
		{ SEVERITY_CRITICAL, SEVERITY_HIGH, OUTCOME_FAILED, OUTCOME_WARNING },
		{ SEVERITY_CRITICAL, SEVERITY_CRITICAL, OUTCOME_FAILED, OUTCOME_FAILED },
		{ SEVERITY_CRITICAL, SEVERITY_NONE_GIVEN, OUTCOME_FAILED, OUTCOME_FAILED },
		{ SEVERITY_CRITICAL, SEVERITY_LOW, OUTCOME_ERROR, OUTCOME_ERROR },
		{ SEVERITY_CRITICAL, SEVERITY_LOW, OUTCOME_UNKNOWN, OUTCOME_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct outcomes *o = outcomes_new(table[i].fail_on, false);

		add(o, table[i].given, table[i].severity, "X", "a.b");
		assert_int_equal(outcomes_kept(o), 1);
		assert_int_equal(outcomes_at(o, 0)->status, table[i].expect);
		assert_int_equal(outcomes_count(o, table[i].expect), 1);
		outcomes_free(o);
	}
}

static void test_order(void **state)
{
	static const char *const expect[] = { "H a", "H b", "M a", "N a", "E a", "W a", "S a" };
	struct outcomes *o = outcomes_new(SEVERITY_LOW, false);

	(void)state;
	add(o, OUTCOME_SKIPPED, SEVERITY_NONE_GIVEN, "S", "a");
	add(o, OUTCOME_FAILED, SEVERITY_NONE_GIVEN, "N", "a");
	add(o, OUTCOME_FAILED, SEVERITY_MEDIUM, "M", "a");
	add(o, OUTCOME_FAILED, SEVERITY_HIGH, "H", "a");
	add(o, OUTCOME_FAILED, SEVERITY_INFO, "W", "a");
	add(o, OUTCOME_PASSED, SEVERITY_HIGH, "P", "a");
	add(o, OUTCOME_ERROR, SEVERITY_NONE_GIVEN, "E", "a");
	add(o, OUTCOME_FAILED, SEVERITY_HIGH, "H", "b");
	assert_int_equal(outcomes_kept(o), sizeof(expect) / sizeof(expect[0]));
	for (size_t i = 0; i < sizeof(expect) / sizeof(expect[0]); i++) {
		char got[32];

		snprintf(got, sizeof(got), "%s %s", outcomes_at(o, i)->id, outcomes_at(o, i)->address);
		assert_string_equal(got, expect[i]);
	}
	assert_int_equal(outcomes_count(o, OUTCOME_PASSED), 1);
	outcomes_free(o);
}

/* Hits of one id stay together even when others come between them. */
static void test_together(void **state)
{
	struct outcomes *o = outcomes_new(SEVERITY_LOW, false);

	(void)state;
	for (int i = 0; i < 50; i++) {
		add(o, OUTCOME_FAILED, SEVERITY_LOW, "B", "x");
		add(o, OUTCOME_FAILED, SEVERITY_LOW, "A", "x");
	}
	for (size_t i = 0; i < 100; i++)
		assert_string_equal(outcomes_at(o, i)->id, i < 50 ? "B" : "A");
	outcomes_free(o);
}

static void fill(struct outcomes *o, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char address[64];

		snprintf(address, sizeof(address), "aws_s3_bucket.b[%u]", i);
		add(o, OUTCOME_FAILED, SEVERITY_HIGH, "A", address);
		add(o, OUTCOME_PASSED, SEVERITY_HIGH, "A", address);
	}
}

static void test_hits_kept(void **state)
{
	struct outcomes *o = outcomes_new(SEVERITY_LOW, false);

	(void)state;
	assert_int_equal(outcomes_not_kept(o, "A", OUTCOME_FAILED), 0);
	fill(o, 1000);
	assert_int_equal(outcomes_kept(o), OUTCOME_HITS_KEPT);
	assert_int_equal(outcomes_count(o, OUTCOME_FAILED), 1000);
	assert_int_equal(outcomes_count(o, OUTCOME_PASSED), 1000);
	assert_int_equal(outcomes_not_kept(o, "A", OUTCOME_FAILED), 1000 - OUTCOME_HITS_KEPT);
	assert_int_equal(outcomes_not_kept(o, "A", OUTCOME_ERROR), 0);
	assert_int_equal(outcomes_not_kept(o, "B", OUTCOME_FAILED), 0);
	assert_string_equal(outcomes_at(o, 99)->address, "aws_s3_bucket.b[99]");

	outcomes_set_resources(o, 7);
	outcomes_clear(o);
	assert_int_equal(outcomes_kept(o), 0);
	assert_int_equal(outcomes_resources(o), 0);
	assert_int_equal(outcomes_count(o, OUTCOME_FAILED), 0);
	assert_int_equal(outcomes_not_kept(o, "A", OUTCOME_FAILED), 0);
	add(o, OUTCOME_FAILED, SEVERITY_INFO, "A", "x");	/* the threshold stays */
	assert_int_equal(outcomes_at(o, 0)->status, OUTCOME_WARNING);
	outcomes_free(o);
}

static void test_keep_all(void **state)
{
	struct outcomes *o = outcomes_new(SEVERITY_LOW, true);

	(void)state;
	fill(o, 1000);
	assert_int_equal(outcomes_kept(o), 2000);
	assert_int_equal(outcomes_not_kept(o, "A", OUTCOME_FAILED), 0);
	assert_int_equal(outcomes_at(o, 999)->status, OUTCOME_FAILED);
	assert_int_equal(outcomes_at(o, 1000)->status, OUTCOME_PASSED);
	outcomes_free(o);
}

/* Texts over all are bounded, but the first of each id is there. */
static void test_text_bound(void **state)
{
	struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
	char *reason = xmalloc(4001);
	unsigned kept_of_last = 0;

	(void)state;
	memset(reason, 'r', 4000);
	reason[4000] = '\0';
	for (unsigned i = 0; i < 100 * 100; i++) {
		char id[32];
		struct outcome one = { .status = OUTCOME_FAILED, .id = id, .reason = reason };

		snprintf(id, sizeof(id), "P%u", i / 100);
		snprintf(reason, 16, "%015u", i);
		reason[15] = 'r';
		outcomes_add(o, &one);
	}
	assert_int_equal(outcomes_count(o, OUTCOME_FAILED), 10000);
	assert_true(outcomes_kept(o) > 4000 && outcomes_kept(o) < 4400);
	for (size_t i = 0; i < outcomes_kept(o); i++)
		kept_of_last += strcmp(outcomes_at(o, i)->id, "P99") == 0;
	assert_int_equal(kept_of_last, 1);
	assert_int_equal(outcomes_not_kept(o, "P99", OUTCOME_FAILED), 99);
	free(reason);
	outcomes_free(o);
}

/* What is too long is cut between characters, what is not UTF-8 is escaped, what is empty is not there. */
static void test_texts(void **state)
{
	struct outcomes *o = outcomes_new(SEVERITY_LOW, false);
	char *address = xmalloc(9001);
	struct outcome one = { .status = OUTCOME_FAILED, .id = "", .address = address, .description = "",
		.reason = "a\xff\x1b[z" };
	const struct outcome *got;

	(void)state;
	for (size_t i = 0; i < 9000; i += 3)
		memcpy(address + i, "\xe2\x82\xac", 4);
	outcomes_add(o, &one);
	got = outcomes_at(o, 0);
	assert_string_equal(got->id, "unnamed");
	assert_null(got->description);
	assert_true(strlen(got->address) <= 4096);
	assert_int_equal(text_utf8_valid(got->address, strlen(got->address)), strlen(got->address));
	assert_string_equal(got->address + strlen(got->address) - 3, "...");
	assert_int_equal(text_utf8_valid(got->reason, strlen(got->reason)), strlen(got->reason));
	assert_null(strchr(got->reason, 0x1b));
	free(address);
	outcomes_free(o);
}

static void test_failed_to_run(void **state)
{
	struct outcomes *o = outcomes_new(SEVERITY_LOW, false);

	(void)state;
	outcomes_check_failed_to_run(o, "images", "%s:%d: no", "a.yaml", 3);
	assert_int_equal(outcomes_at(o, 0)->status, OUTCOME_ERROR);
	assert_string_equal(outcomes_at(o, 0)->id, "images");
	assert_string_equal(outcomes_at(o, 0)->reason, "a.yaml:3: no");
	outcomes_free(o);
}

static void test_json(void **state)
{
	static const struct {
		struct outcome one;
		const char *expect;
	} table[] = {
		{ { .status = OUTCOME_FAILED, .severity = SEVERITY_HIGH, .id = "A", .address = "x.y[\"k\"]",
			.description = "Be good", .reason = "it is *bad*", .help = "Set `a`.", .url = "https://e.example/" },
			"{\"id\":\"A\",\"status\":\"failed\",\"severity\":\"HIGH\",\"address\":\"x.y[\\\"k\\\"]\","
			"\"description\":\"Be good\",\"body\":\"it is \\\\*bad\\\\*\\n\\nSet `a`.\","
			"\"url\":\"https://e.example/\"}" },
		{ { .status = OUTCOME_PASSED, .id = "A" },
			"{\"id\":\"A\",\"status\":\"passed\"}" },
		{ { .status = OUTCOME_ERROR, .id = "A", .help = "Help" },
			"{\"id\":\"A\",\"status\":\"error\",\"body\":\"Help\"}" },
		{ { .status = OUTCOME_WARNING, .id = "A", .reason = "r", .help = "Help", .body = "| a |",
			.tags = { { "Image", "ok" }, { "Action", NULL }, { "Region", "eu" } } },
			"{\"id\":\"A\",\"status\":\"warning\",\"body\":\"| a |\\n\\nHelp\","
			"\"tags\":{\"Image\":\"ok\",\"Region\":\"eu\"}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		json_t *j = outcome_json(&table[i].one);
		char *text = json_text(j);

		assert_string_equal(text, table[i].expect);
		free(text);
		json_free(j);
	}
}

static void test_markdown(void **state)
{
	static const struct {
		const char *s, *text, *code;
	} table[] = {
		{ "", "", "`  `" },
		{ "aws_s3_bucket.logs[0]", "aws_s3_bucket.logs\\[0\\]", "`aws_s3_bucket.logs[0]`" },
		{ "_a_ b_c", "\\_a\\_ b_c", "`_a_ b_c`" },
		{ "a`b", "a\\`b", "`` a`b ``" },
		{ "``", "\\`\\`", "``` `` ```" },
		{ " x ", " x ", "`  x  `" },
		{ "<b>&amp;", "&lt;b&gt;&amp;amp;", "`<b>&amp;`" },
		{ "a\n# b\r\t", "a \\# b  ", "`a # b  `" },
		{ "[x](http://e)!", "\\[x\\](http\\://e)\\!", "`[x](http://e)!`" },
		{ "www.e.example", "www\\.e.example", "`www.e.example`" },
		{ "a|b~~*c\\", "a\\|b\\~\\~\\*c\\\\", "`a|b~~*c\\`" },
		{ "me@e.example", "me\\@e.example", "`me@e.example`" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct buf out = BUF_INIT(1000), back = BUF_INIT(1000), small = BUF_INIT(1);

		assert_int_equal(markdown_text(&out, table[i].s), 0);
		assert_string_equal(buf_text(&out), table[i].text);
		assert_int_equal(markdown_plain(&back, buf_text(&out)), 0);
		if (strpbrk(table[i].s, "\n\t\r") == NULL)
			assert_string_equal(buf_text(&back), table[i].s);
		buf_clear(&out);
		assert_int_equal(markdown_code(&out, table[i].s), 0);
		assert_string_equal(buf_text(&out), table[i].code);
		assert_int_equal(markdown_code(&small, table[i].s), -1);
		buf_free(&out);
		buf_free(&back);
		buf_free(&small);
	}
}

static void test_address_match(void **state)
{
	static const struct {
		const char *pattern, *address;
		bool expect;
	} table[] = {
		{ "a.b", "a.b", true },
		{ "a.b", "a.bc", false },
		{ "a.b", "a.", false },
		{ "*", "", true },
		{ "*", "anything[\"x.y\"]", true },
		{ "", "", true },
		{ "", "a", false },
		{ "a.b*", "a.b", true },
		{ "a.b*", "a.b[3]", true },
		{ "*.aws_kms_key.*", "module.m[\"k\"].aws_kms_key.main", true },
		{ "*.aws_kms_key.*", "aws_kms_key.main", false },
		{ "a*b*c", "axxbyybzc", true },
		{ "a*b*c", "axxbyybz", false },
		{ "a**c", "abc", true },
		{ "A.b", "a.b", false },
		{ "*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(check_address_match(table[i].pattern, table[i].address), table[i].expect);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_hits_kept),
		cmocka_unit_test(test_keep_all),
		cmocka_unit_test(test_text_bound),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_failed_to_run),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_address_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
