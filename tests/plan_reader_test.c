/* The plan reader over real plans, cut everywhere, and over everything that is wrong with a plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "plan/scan.h"
#include "plan_transcript.h"

#define LARGE (1u << 20)
#define FORMAT "\"format_version\":\"1.2\""

static const char *const plans[] = { "create/plan.json", "errored/plan.json", "lifecycle/plan.json",
	"lifecycle/destroy.json" };
#define PLANS (sizeof(plans) / sizeof(plans[0]))

static void load(const char *name, struct buf *out)
{
	char *path = xasprintf("%s/%s", TEST_PLANS, name);
	FILE *f = fopen(path, "r");
	char piece[4096];
	size_t n;

	if (!f)
		fail_msg("%s: cannot be opened", path);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		assert_int_equal(buf_append(out, piece, n), 0);
	fclose(f);
	free(path);
}

static char *read_all(const char *plan, size_t len)
{
	struct plan_wants wants = transcript_all();

	return transcript(&wants, LARGE, LARGE, plan, len, NULL, NULL);
}

static size_t split_once(void *context, size_t at, size_t left)
{
	size_t cut = *(size_t *)context;

	return at < cut ? cut - at : left;
}

static size_t split_bytes(void *context, size_t at, size_t left)
{
	(void)context;
	(void)at;
	(void)left;
	return 1;
}

static size_t split_randomly(void *context, size_t at, size_t left)
{
	uint32_t *seed = context;
	size_t n;

	(void)at;
	*seed = *seed * 1664525u + 1013904223u;
	n = *seed >> 8 & 1 ? *seed >> 9 & 7 : *seed >> 9 & 255;
	return n < left ? n : left;
}

/* Under valgrind PLANSPOOL_TEST_STRIDE makes do with every so many-th place. */
static size_t coarser(size_t stride)
{
	const char *factor = getenv("PLANSPOOL_TEST_STRIDE");

	return factor == NULL ? stride : stride * strtoul(factor, NULL, 10);
}

static void check_splits(const char *plan, size_t len, uint64_t max_item, size_t stride)
{
	struct plan_wants wants = transcript_all();
	char *whole = transcript(&wants, max_item, LARGE, plan, len, NULL, NULL), *other;

	stride = coarser(stride);
	for (size_t cut = 0; cut <= len; cut += stride) {
		other = transcript(&wants, max_item, LARGE, plan, len, split_once, &cut);
		if (strcmp(other, whole) != 0)
			fail_msg("cut at %zu:\n%s\n%s", cut, other, whole);
		free(other);
	}
	other = transcript(&wants, max_item, LARGE, plan, len, split_bytes, NULL);
	assert_string_equal(other, whole);
	free(other);
	for (uint32_t seed = 1; seed <= 50; seed += (uint32_t)coarser(1)) {
		uint32_t state = seed;

		other = transcript(&wants, max_item, LARGE, plan, len, split_randomly, &state);
		if (strcmp(other, whole) != 0)
			fail_msg("random pieces, seed %u", (unsigned)seed);
		free(other);
	}
	free(whole);
}

static void reads_the_same_items_however_a_plan_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < PLANS; i++) {
		struct buf plan = BUF_INIT(LARGE);

		load(plans[i], &plan);
		check_splits(plan.data, plan.len, LARGE, 1);
		check_splits(plan.data, plan.len, 500, 7);
		buf_free(&plan);
	}
}

/* The same plan with a wrong byte at a place: always the same error, however it is cut. */
static void finds_the_same_error_however_a_plan_is_cut(void **state)
{
	static const char wrong[] = { '"', '\\', '}', ']', '{', '\x01', '\xc3', '\xff', ',', 'x' };
	struct buf plan = BUF_INIT(LARGE);

	(void)state;
	load("errored/plan.json", &plan);
	for (size_t at = 0; at < plan.len; at += coarser(13)) {
		char was = plan.data[at];

		plan.data[at] = wrong[at / 13 % sizeof(wrong)];
		check_splits(plan.data, plan.len, LARGE, 97);
		check_splits(plan.data, plan.len, 300, 97);
		plan.data[at] = was;
	}
	buf_free(&plan);
}

struct comparison {
	const struct buf *plan;
	size_t items;
};

/* The value read again by json-c, from the text and from what the accessors show: both must be the same. */
static void compare(void *context, const struct plan_item *item)
{
	struct comparison *c = context;
	struct buf seen = BUF_INIT(LARGE);
	const char *raw = c->plan->data + item->offset;
	char why[JSON_WHY], *a, *b;
	json_t *left, *right;
	struct scan s;
	ptrdiff_t at;

	if (item->kind == PLAN_END || (value_type(item->value) != VALUE_OBJECT &&
		value_type(item->value) != VALUE_ARRAY))
		return;
	scan_begin(&s, PLAN_DEPTH);
	assert_int_equal(scan_feed(&s, raw, c->plan->len - item->offset, &at), SCAN_DONE);
	transcript_value(&seen, item->value);
	assert_int_equal(json_parse(raw, (size_t)at, &left, why), 0);
	assert_int_equal(json_parse(seen.data, seen.len, &right, why), 0);
	a = json_text(left);
	b = json_text(right);
	assert_string_equal(a, b);
	free(a);
	free(b);
	json_free(left);
	json_free(right);
	buf_free(&seen);
	c->items++;
}

static void agrees_with_another_parser(void **state)
{
	struct plan_wants wants = transcript_all();

	(void)state;
	for (size_t i = 0; i < PLANS; i++) {
		struct buf plan = BUF_INIT(LARGE);
		struct comparison c = { &plan, 0 };
		struct plan_reader *r = plan_reader_new(&wants, LARGE, LARGE, compare, &c);

		load(plans[i], &plan);
		assert_int_equal(plan_reader_feed(r, plan.data, plan.len), 0);
		assert_int_equal(plan_reader_end(r), 0);
		assert_int_equal(plan_reader_bytes(r), plan.len);
		assert_true(c.items > 4);
		plan_reader_free(r);
		buf_free(&plan);
	}
}

/* Every prefix of a plan is cut short, and said to be. */
static void knows_a_plan_that_is_cut_short(void **state)
{
	struct buf plan = BUF_INIT(LARGE);
	char expect[64], *text;

	(void)state;
	load("create/plan.json", &plan);
	for (size_t len = 1; len + 1 < plan.len; len += coarser(1)) {
		text = read_all(plan.data, len);
		snprintf(expect, sizeof(expect), ", after %zu bytes (cut short?); ", len);
		if (!strstr(text, "the plan ends in the middle of ") || !strstr(text, expect))
			fail_msg("%zu: %s", len, text);
		free(text);
	}
	text = read_all(plan.data, 5000);
	assert_non_null(strstr(text,
		"ends in the middle of resource_changes, after 5000 bytes (cut short?); 2 resources"));
	free(text);
	buf_free(&plan);
}

static void hands_out_what_is_wanted_where_it_stands(void **state)
{
	static const struct { const char *plan, *expect; } cases[] = {
		{ "\xef\xbb\xbf {" FORMAT ",\"resource_changes\":[]} \n",
			"0 @22 format_version [] \"1.2\"\n9 @52 - [] null\ncomplete; 0 resources" },
		{ "{\"resource_changes\":[  ],\"format_version\":\"0.1\",\"complete\":null,\"serial\":7,\"x\":[1]}",
			"0 @42 format_version [] \"0.1\"\n0 @73 serial [] 7\n9 @83 - [] null\ncomplete; 0 resources" },
		{ "{\"configuration\":{\"root_module\":{\"module_calls\":{\"a\":{\"module\":"
			"{\"module_calls\":{\"b\\u0021\":"
			"{\"expressions\":{\"x\":1},\"module\":{\"resources\":[2],\"outputs\":{\"o\":3}}}},"
			"\"resources\":[4]},"
			"\"expressions\":{}}},\"resources\":[5]}},\"variables\":{\"v\":{}},\"format_version\":\"1.9\"}",
			"6 @105 b! [/a] {\"x\":1}\n5 @136 - [/a/b!] 2\n7 @154 o [/a/b!] 3\n5 @173 - [/a] 4\n6 @191 a "
			"[] {}\n"
			"5 @209 - [] 5\n8 @231 v [] {}\n0 @252 format_version [] \"1.9\"\n9 @258 - [] null\ncomplete; "
			"0 resources" },
		{ "{" FORMAT ",\"planned_values\":{},\"prior_state\":{\"x\":{\"values\":1},"
			"\"values\":{\"root_module\":{\"child_modules\":["
			"{\"address\":\"m\",\"resources\":[1,2],\"child_modules\":[{\"resources\":[3]}]},{}],"
			"\"resources\":[4]}}},"
			"\"deferred_changes\":[{\"reason\":\"unknown\"}]}",
			"0 @18 format_version [] \"1.2\"\n3 @146 - [] 1\n3 @148 - [] 2\n3 @182 - [] 3\n3 @205 - [] 4\n"
			"2 @231 - [] {\"reason\":\"unknown\"}\n9 @253 - [] null\ncomplete; 0 resources" },
		{ "{" FORMAT ",\"configuration\":{\"provider_config\":{\"aws\":{\"name\":\"aws\"},\"m:aws\":1}}}",
			"0 @18 format_version [] \"1.2\"\n4 @66 aws [] {\"name\":\"aws\"}\n4 @89 m:aws [] 1\n9 @93 - "
			"[] null\ncomplete; 0 resources" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = read_all(cases[i].plan, strlen(cases[i].plan));

		assert_string_equal(text, cases[i].expect);
		free(text);
		check_splits(cases[i].plan, strlen(cases[i].plan), LARGE, 1);
	}
}

static void says_what_is_wrong_and_where(void **state)
{
	static const struct { const char *plan; size_t len; const char *error; } cases[] = {
#define BAD(plan, error) { plan, sizeof(plan) - 1, error }
#define HOW "`terraform show -json PLANFILE` makes one"
#define PLAN(rest) "{" FORMAT "," rest
		/* not a plan at all */
		BAD("", "the plan is empty (0 bytes)"), BAD(" \n", "the plan is empty (2 bytes)"),
		BAD("\xff\xfe{\0", "byte 0: UTF-16, not UTF-8: convert it (in PowerShell: Out-File -Encoding utf8)"),
		BAD("\xfe\xff\0{", "byte 0: UTF-16, not UTF-8: convert it (in PowerShell: Out-File -Encoding utf8)"),
		BAD("{\0\"\0", "byte 1: UTF-16 or UTF-32, not UTF-8: convert it"),
		BAD("\0{\0\"", "byte 0: UTF-16 or UTF-32, not UTF-8: convert it"),
		BAD("\x1f\x8b\x08", "byte 0: compressed (gzip): decompress it first"),
		BAD("PK\x03\x04", "byte 0: a binary plan file or a plan for people, not JSON: " HOW),
		BAD("[]", "byte 0: an array, not an object: no plan JSON: " HOW),
		BAD(" 1", "byte 1: not an object: no plan JSON: " HOW),
		BAD("\xef\xbb{}", "byte 0: not an object: no plan JSON: " HOW),
		BAD("\xef\xbb\xbf\xef", "byte 3: not an object: no plan JSON: " HOW),
		BAD("{}", "byte 1: not a Terraform plan: no format_version: " HOW),
		BAD("{\"resource_changes\":[]}", "byte 22: not a Terraform plan: no format_version: " HOW),
		BAD("{\"@level\":\"info\"}\n{",
			"byte 16: the log stream of `terraform plan -json`, not a plan: plan with -out, then " HOW),
		BAD("{\"plan_format_version\":\"1.2\"}",
			"byte 28: a redacted plan (json-output-redacted), not a plan: json-output is needed"),
		BAD("{\"version\":4,\"lineage\":\"x\"}", "byte 26: a state file, not a plan: " HOW),
		BAD("{" FORMAT ",\"values\":{}}", "byte 35: looks like a state, not a plan: " HOW),
		BAD("{" FORMAT "}",
			"byte 23: not a Terraform plan: none of planned_values, resource_changes and configuration: "
			"" HOW),
		BAD(PLAN("\"planned_values\":{\"root_module\":{\"resources\":[{}]}}}"), "byte 75: planned_values has resources, "
			"but resource_changes has none: not a whole plan: " HOW),
		BAD(PLAN("\"planned_values\":{\"root_module\":{\"child_modules\":[{}]}}}"), "byte 79: planned_values has "
			"resources, but resource_changes has none: not a whole plan: " HOW),
		BAD(PLAN("\"resource_changes\":[],\"planned_values\":{\"root_module\":{\"resources\":[{}]}}}"),
			"byte 97: planned_values has resources, but resource_changes has none: not a whole plan: " HOW),
		BAD("{\"format_version\":\"2.0\"",
			"byte 18: plan format version 2.0 is not supported (0.x and 1.x are)"),
		BAD("{\"format_version\":\"10.1\"",
			"byte 18: plan format version 10.1 is not supported (0.x and 1.x are)"),
		BAD("{\"format_version\":\"1\"", "byte 18: format_version is not of the form \"major.minor\""),
		BAD("{\"format_version\":\"1.x\"", "byte 18: format_version is not of the form \"major.minor\""),
		BAD("{\"format_version\":[\"1.2\"]", "byte 18: format_version is not of the form \"major.minor\""),
		BAD("{\"format_version\":1.2,", "byte 18: format_version is not of the form \"major.minor\""),
		BAD(PLAN("\"resource_changes\":[]}{"),
			"byte 46: another JSON value behind the plan: one plan at a time"),
		BAD(PLAN("\"resource_changes\":[]} x"), "byte 47: something follows the plan"),
		/* walked containers */
		BAD("{,", "byte 1: a key is due here"), BAD("{]", "byte 1: a key is due here"),
		BAD("{\"a\",", "byte 4: a colon is due here"),
		BAD("{\"a\":}", "byte 5: a value is due here"), BAD("{\"a\":1]", "byte 6: a comma or } is due here"),
		BAD("{\"a\":1 \"b\"", "byte 7: a comma or } is due here"),
		BAD("{\"a\":1,}", "byte 7: a key is due here"),
		BAD("{\"resource_changes\":[,", "byte 21: a value is due here"),
		BAD("{\"resource_changes\":[}", "byte 21: a value is due here"),
		BAD("{\"resource_changes\":[{},]", "byte 24: a value is due here"),
		BAD("{\"resource_changes\":[{}}", "byte 23: a comma or ] is due here"),
		BAD("{\"resource_changes\":[{} {}", "byte 24: a comma or ] is due here"),
		BAD("{\"resource_changes\":{}", "byte 20: resource_changes is no array"),
		BAD("{\"resource_changes\":5", "byte 20: resource_changes is no array"),
		BAD("{\"resource_changes\":null", "byte 20: resource_changes is no array"),
		BAD("{\"planned_values\":null", "byte 18: planned_values is no object"),
		BAD("{\"variables\":nil,", "byte 13: invalid literal"),
		BAD("{\"prior_state\":[]", "byte 15: prior_state is no object"),
		BAD("{\"prior_state\":{\"values\":{\"root_module\":{\"child_modules\":[5",
			"byte 58: what stands here is no object"),
		BAD("{\"resource_changes\":[],\"resource_changes\":[]", "byte 23: duplicate section resource_changes"),
		BAD("{\"x\":1,\"y\":2,\"\\u0078\":1", "byte 13: duplicate section"),
		BAD("{\"variables\":{\"a\":1,\"a\":", "byte 20: duplicate key"),
		BAD("{\"prior_state\":{\"x\":{},\"x\":", "byte 23: duplicate key"),
		BAD("{\"a\\u0000\":", "byte 1: a key with a NUL in it"),
		BAD("{\"\\ud800\":", "byte 2: lone surrogate in a string"),
		BAD("{\"a\x01", "byte 3: control character in a string"), BAD("{\"\xc3\x28\"", "byte 2: invalid UTF-8"),
		BAD("{\"\\x\"", "byte 3: invalid escape in a string"),
		/* skipped values */
		BAD("{\"checks\":[1,{]", "byte 14: closing bracket of the wrong kind"),
		BAD("{\"checks\":[}", "byte 11: closing bracket of the wrong kind"),
		BAD("{\"checks\":[\"\x80\"", "byte 12: invalid UTF-8"),
		BAD("{\"checks\":[\"\xe2\x82\"", "byte 12: invalid UTF-8"),
		BAD("{\"checks\":[\"\xed\xa0\x80\"", "byte 12: invalid UTF-8"),
		BAD("{\"checks\":[\"\t\"", "byte 12: control character in a string"),
		BAD("{\"checks\":[\"\\u00zz\"", "byte 16: invalid escape in a string"),
		BAD("{\"checks\":[\"\\'", "byte 13: invalid escape in a string"),
		BAD("{\"checks\":[x", "byte 11: unexpected character"),
		BAD("{\"checks\":[\\", "byte 11: unexpected character"),
		BAD("{\"checks\":[1\xc3\xa9", "byte 12: unexpected character"),
		BAD("{\"checks\":['", "byte 11: unexpected character"),
		BAD("{\"checks\":/", "byte 10: unexpected character"),
		BAD("{\"checks\":1/", "byte 11: a comma or } is due here"),
		/* captured values */
		BAD("{\"resource_changes\":[{\"a\":1,\"a\":2}", "byte 28: duplicate key"),
		BAD("{\"resource_changes\":[{\"a\" 1}", "byte 26: a colon is due here"),
		BAD("{\"resource_changes\":[[1,2,03]", "byte 26: number with a leading zero"),
		BAD("{\"resource_changes\":[\"\\udead\"", "byte 22: lone surrogate in a string"),
		BAD("{\"resource_changes\":[{\"a\":\"\xff\"", "byte 27: invalid UTF-8"),
		BAD("{\"complete\":tru,", "byte 12: invalid literal"),
#undef PLAN
#undef BAD
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = read_all(cases[i].plan, cases[i].len), *error = strrchr(text, '\n');

		error = error ? error + 1 : text;
		*strrchr(error, ';') = '\0';
		if (strcmp(error, cases[i].error) != 0)
			fail_msg("%s:\n%s\n%s", cases[i].plan, error, cases[i].error);
		free(text);
		check_splits(cases[i].plan, cases[i].len, LARGE, 1);
	}
}

/* prefix, then arrays up to a depth of the whole document, then suffix. */
static char *nest(const char *prefix, unsigned open, unsigned depth, const char *suffix)
{
	struct buf b = BUF_INIT(LARGE);
	char *text;

	buf_puts(&b, prefix);
	for (unsigned i = open; i < depth; i++)
		buf_puts(&b, "[");
	for (unsigned i = open; i < depth; i++)
		buf_puts(&b, "]");
	buf_puts(&b, suffix);
	text = xstrdup(buf_text(&b));
	buf_free(&b);
	return text;
}

static void takes_the_whole_depth_and_no_more(void **state)
{
	static const struct { const char *prefix; unsigned open; const char *suffix; } cases[] = {
		{ "{" FORMAT ",\"resource_changes\":[],\"checks\":", 1, "}" },
		{ "{" FORMAT ",\"resource_changes\":[", 2, "]}" },
		{ "{" FORMAT ",\"configuration\":{\"root_module\":{\"resources\":[", 4, "]}}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *fits = nest(cases[i].prefix, cases[i].open, PLAN_DEPTH, cases[i].suffix);
		char *not = nest(cases[i].prefix, cases[i].open, PLAN_DEPTH + 1, cases[i].suffix), expect[80], *text;

		text = read_all(fits, strlen(fits));
		assert_non_null(strstr(text, "complete; "));
		free(text);
		text = read_all(not, strlen(not));
		snprintf(expect, sizeof(expect), "byte %zu: nested too deeply; ",
			strlen(cases[i].prefix) + PLAN_DEPTH - cases[i].open);
		assert_non_null(strstr(text, expect));
		free(text);
		free(fits);
		free(not);
	}
}

static void takes_the_whole_depth_where_it_walks(void **state)
{
	(void)state;
	/* Each child module is two levels; the root module's object is the fourth. */
	for (unsigned extra = 0; extra < 2; extra++) {
		struct buf b = BUF_INIT(LARGE);
		unsigned children = (PLAN_DEPTH - 4) / 2 + extra;
		size_t too_deep = 0;
		char expect[80], *text;

		buf_puts(&b, "{" FORMAT ",\"planned_values\":{},\"prior_state\":{\"a\":1,\"values\":{\"root_module\":{");
		for (unsigned i = 0; i < children; i++) {
			buf_puts(&b, "\"child_modules\":[{");
			too_deep = b.len - 2;
		}
		for (unsigned i = 0; i < children; i++)
			buf_puts(&b, "}]");
		buf_puts(&b, "}}}}");
		text = read_all(b.data, b.len);
		snprintf(expect, sizeof(expect), "byte %zu: nested too deeply; ", too_deep);
		assert_non_null(strstr(text, extra ? expect : "complete; "));
		free(text);
		buf_free(&b);
	}
}

static void hands_out_what_is_too_large_without_its_value(void **state)
{
	static const char plan[] = "{" FORMAT ",\"resource_changes\":["
		"{\"address\":\"a.b[\\\"c\\\"]\",\"type\":\"a\","
			"\"fill\":\"0123456789012345678901234567890123456789\"},{\"type\":\"b\"},"
		"{\"fill\":\"0123456789012345678901234567890123456789012345678901234567890123456789\",\"type\":\"b\"}],"
		"\"variables\":{\"v\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}}";
	struct plan_wants wants = transcript_all();
	const char *type = "a";
	char *text = transcript(&wants, 60, LARGE, plan, sizeof(plan) - 1, NULL, NULL);

	(void)state;
	assert_string_equal(text, "0 @18 format_version [] \"1.2\"\n1 @44 - [] oversize a.b[\"c\"] a\n"
		"1 @130 - [] {\"type\":\"b\"} (address is missing or no text)\n1 @143 - [] oversize - -\n"
		"8 @254 v [] oversize - -\n9 @328 - [] null\ncomplete; 3 resources");
	free(text);
	check_splits(plan, sizeof(plan) - 1, 60, 1);
	wants.types = &type;
	wants.type_count = 1;
	wants.kinds[PLAN_VARIABLE] = wants.kinds[PLAN_SCALAR] = false;
	text = transcript(&wants, 60, LARGE, plan, sizeof(plan) - 1, NULL, NULL);
	assert_string_equal(text,
		"1 @44 - [] oversize a.b[\"c\"] a\n1 @143 - [] oversize - -\n9 @328 - [] null\ncomplete; 3 resources");
	free(text);
}

static void keeps_the_limit_of_the_plan(void **state)
{
	static const char plan[] = "{" FORMAT ",\"resource_changes\":[]}";
	struct plan_wants wants = { .types = NULL };
	char *text = transcript(&wants, LARGE, sizeof(plan) - 1, plan, sizeof(plan) - 1, NULL, NULL);

	(void)state;
	assert_string_equal(text, "9 @46 - [] null\ncomplete; 0 resources");
	free(text);
	text = transcript(&wants, LARGE, sizeof(plan) - 2, plan, sizeof(plan) - 1, split_bytes, NULL);
	assert_string_equal(text, "byte 45: the plan is larger than limits.plan; 0 resources");
	free(text);
}

static void hands_out_the_types_that_are_asked_for(void **state)
{
	static const char plan[] = "{" FORMAT ",\"resource_changes\":[{\"type\":\"b\"},{\"x\":[],\"type\":\"a\"},"
			"{\"type\":\"ab\"},{\"type\":\"c\"},"
		"{\"typ\\u0065\":\"b\"},{\"type\":\"\\u0063\"},{\"type\":\"a\\u0000\"},{\"type\":5},7,"
			"{\"type\":\"\"}]}";
	static const char *const types[] = { "c", "a" };
	struct plan_wants wants = { .kinds = { [PLAN_RESOURCE_CHANGE] = true }, .types = types, .type_count = 2 };
	char *text = transcript(&wants, LARGE, LARGE, plan, sizeof(plan) - 1, NULL, NULL), *bytes;

	(void)state;
	assert_string_equal(text, "1 @57 - [] {\"x\":[],\"type\":\"a\"} (address is missing or no text)\n"
		"1 @91 - [] {\"type\":\"c\"} (address is missing or no text)\n"
		"1 @122 - [] {\"type\":\"c\"} (address is missing or no text)\n"
		"1 @159 - [] {\"type\":5} (address is missing or no text)\n1 @170 - [] 7 (a resource change is no "
			"object)\n"
		"9 @185 - [] null\ncomplete; 10 resources");
	bytes = transcript(&wants, LARGE, LARGE, plan, sizeof(plan) - 1, split_bytes, NULL);
	assert_string_equal(bytes, text);
	free(bytes);
	free(text);
}

/* A type that nobody asked for hides nothing: not a second one, nor another key that occurs twice. */
static void refuses_a_change_with_two_types(void **state)
{
	static const char *const changes[] = {
		"{\"type\":\"zz\",\"type\":\"a\"}", "{\"type\":\"zz\",\"typ\\u0065\":\"a\"}", "{\"mode\":1,\"type\":\"zz\",\"mode\":2}",
		"{\"type\":\"zz\",\"change\":{},\"change\":{}}", "{\"address\":\"\",\"address\":\"\",\"type\":\"zz\"}",
	};
	static const char *const types[] = { "a" };
	struct plan_wants wants = { .kinds = { [PLAN_RESOURCE_CHANGE] = true }, .types = types, .type_count = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char *plan = xasprintf("{" FORMAT ",\"resource_changes\":[%s]}", changes[i]);
		char *text = transcript(&wants, LARGE, LARGE, plan, strlen(plan), NULL, NULL);

		if (strstr(text, "duplicate key") == NULL)
			fail_msg("%s: %s", changes[i], text);
		free(text);
		free(plan);
	}
}

static void bounds_the_keys_of_an_object(void **state)
{
	struct buf b = BUF_INIT(64u << 20);
	struct plan_wants wants = { .kinds = { [PLAN_VARIABLE] = true } };
	char *text;

	(void)state;
	buf_puts(&b, "{" FORMAT ",\"variables\":{");
	for (unsigned i = 0; i < 300000; i++)
		buf_printf(&b, "\"%u\":0,", i);
	text = transcript(&wants, LARGE, UINT64_MAX, b.data, b.len, NULL, NULL);
	assert_non_null(strstr(text, ": more than 262144 keys in one object; "));
	free(text);
	buf_clear(&b);
	buf_printf(&b, "{\"%070000d\":", 0);
	text = read_all(b.data, b.len);
	assert_string_equal(text, "byte 1: key of more than 65536 bytes; 0 resources");
	free(text);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_same_items_however_a_plan_is_cut),
		cmocka_unit_test(finds_the_same_error_however_a_plan_is_cut),
		cmocka_unit_test(agrees_with_another_parser),
		cmocka_unit_test(knows_a_plan_that_is_cut_short),
		cmocka_unit_test(hands_out_what_is_wanted_where_it_stands),
		cmocka_unit_test(says_what_is_wrong_and_where),
		cmocka_unit_test(takes_the_whole_depth_and_no_more),
		cmocka_unit_test(takes_the_whole_depth_where_it_walks),
		cmocka_unit_test(hands_out_what_is_too_large_without_its_value),
		cmocka_unit_test(keeps_the_limit_of_the_plan),
		cmocka_unit_test(hands_out_the_types_that_are_asked_for),
		cmocka_unit_test(refuses_a_change_with_two_types),
		cmocka_unit_test(bounds_the_keys_of_an_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
