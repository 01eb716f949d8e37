/* Values, the strict parser of one value, the scanner that must agree with it, resource changes and marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "plan/change.h"
#include "plan/keyset.h"
#include "plan/scan.h"
#include "plan/value.h"
#include "plan_transcript.h"

/* The text in memory of exactly the size that value_parse asks for. */
static char *exact(const char *text, size_t len)
{
	char *copy = xmalloc(len + 1);

	memcpy(copy, text, len);
	copy[len] = 'x';
	return copy;
}

static void reads_values(void **state)
{
	static const struct { const char *text, *expect; } cases[] = {
		{ "null", "null" }, { " true\n", "true" }, { "\t false \r", "false" },
		{ "0", "0" }, { "-0", "-0" }, { "-12.5e+3 ", "-12.5e+3" }, { "1E9", "1E9" }, { "0.10", "0.10" },
		{ "123456789012345678901234567890.000000000000000001",
			"123456789012345678901234567890.000000000000000001" },
		{ "\"\"", "\"\"" }, { "\"plain\"", "\"plain\"" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009\"" },
		{ "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"", "\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ "\"a\\u0000b\"", "\"a\\u0000b\"" }, { "\"\xf4\x8f\xbf\xbf\xed\x9f\xbf\"",
			"\"\xf4\x8f\xbf\xbf\xed\x9f\xbf\"" },
		{ "[]", "[]" }, { "{ }", "{}" }, { "[ [ ] , { } ]", "[[],{}]" },
		{ "[1,2,[3,[4]],5]", "[1,2,[3,[4]],5]" },
		{ " {\"a\" : {\"b\":[true,null]}, \"c\":\"d\" , \"\":1} ",
			"{\"a\":{\"b\":[true,null]},\"c\":\"d\",\"\":1}" },
		{ "{\"a\\u0062\":1,\"ab \":2}", "{\"ab\":1,\"ab \":2}" },
	};
	struct value_arena *a = value_arena_new();
	struct buf out = BUF_INIT(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].text);
		char *text = exact(cases[i].text, len);
		struct value_fault fault = { 0, NULL };
		const struct value *v = value_parse(a, text, len, 16, &fault);

		if (!v)
			fail_msg("%s: %s at %zu", cases[i].text, fault.what, fault.offset);
		buf_clear(&out);
		transcript_value(&out, v);
		assert_string_equal(buf_text(&out), cases[i].expect);
		assert_null(value_next(v));
		free(text);
	}
	buf_free(&out);
	value_arena_free(a);
}

static void refuses_what_is_no_json(void **state)
{
	static const struct { const char *text; size_t len, offset; const char *what; } cases[] = {
#define BAD(text, offset, what) { text, sizeof(text) - 1, offset, what }
		BAD("", 0, "ends where a value is due"), BAD("  ", 2, "ends where a value is due"),
		BAD("nul", 0, "invalid literal"), BAD("True", 0, "a value is due here"),
		BAD("truex", 4, "something follows the value"),
		BAD("1 2", 2, "something follows the value"), BAD("1\0", 1, "something follows the value"),
		BAD("\"a\" \0", 4, "something follows the value"),
		BAD("01", 0, "number with a leading zero"), BAD("-", 1, "invalid number"),
		BAD("[-a]", 2, "invalid number"),
		BAD("1.", 2, "invalid number"), BAD("1.e1", 2, "invalid number"), BAD("1e+", 3, "invalid number"),
		BAD(".5", 0, "a value is due here"), BAD("+1", 0, "a value is due here"),
		BAD("0x10", 1, "something follows the value"),
		BAD("NaN", 0, "a value is due here"), BAD("'a'", 0, "a value is due here"),
		BAD("\"abc", 4, "string without end"), BAD("\"", 1, "string without end"),
		BAD("\"a\\\"", 4, "string without end"),
		BAD("\"a\nb\"", 2, "control character in a string"),
		BAD("\"a\0b\"", 2, "control character in a string"),
		BAD("\"\\x\"", 2, "invalid escape in a string"), BAD("\"\\", 2, "invalid escape in a string"),
		BAD("\"\\u12G4\"", 5, "invalid escape in a string"), BAD("\"\\u12", 5, "invalid escape in a string"),
		BAD("\"\\ud800\"", 1, "lone surrogate in a string"),
		BAD("\"\\udc00\"", 1, "lone surrogate in a string"),
		BAD("\"\\udc00\\udc00\"", 1, "lone surrogate in a string"),
		BAD("\"x\\ud800\\u0041\"", 2, "lone surrogate in a string"),
		BAD("\"\\ud800\\n\"", 1, "lone surrogate in a string"),
		BAD("\"\x80\"", 1, "invalid UTF-8"), BAD("\"a\xc0\xaf\"", 2, "invalid UTF-8"),
		BAD("\"\xc3\"", 1, "invalid UTF-8"),
		BAD("\"\xe0\x80\x80\"", 1, "invalid UTF-8"), BAD("\"\xed\xa0\x80\"", 1, "invalid UTF-8"),
		BAD("\"\xf4\x90\x80\x80\"", 1, "invalid UTF-8"), BAD("\"\xf5\x80\x80\x80\"", 1, "invalid UTF-8"),
		BAD("\"\xe2\x82", 1, "invalid UTF-8"),
		BAD("[1,]", 3, "a value is due here"), BAD("[,1]", 1, "a value is due here"),
		BAD("[1 2]", 3, "a comma or ] is due here"),
		BAD("[1", 2, "a comma or ] is due here"), BAD("[", 1, "ends where a value is due"),
		BAD("[1}", 2, "a comma or ] is due here"),
		BAD("{1:2}", 1, "a key is due here"), BAD("{\"a\"}", 4, "a colon is due here"),
		BAD("{\"a\":}", 5, "a value is due here"),
		BAD("{\"a\":1,}", 7, "a key is due here"), BAD("{\"a\":1]", 6, "a comma or } is due here"),
		BAD("]", 0, "a value is due here"),
		BAD("{\"a\":1,\"b\":2,\"a\":3}", 13, "duplicate key"),
		BAD("{\"a\":1,\"\\u0061\":3}", 7, "duplicate key"),
		BAD("[{\"\":1,\"\":{}}]", 7, "duplicate key"),
		BAD("[[[[1]]]]", 3, "nested too deeply"),
#undef BAD
	};
	struct value_arena *a = value_arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = exact(cases[i].text, cases[i].len);
		struct value_fault fault = { 99, "none" };

		if (value_parse(a, text, cases[i].len, 3, &fault))
			fail_msg("%s: accepted", cases[i].text);
		if (strcmp(fault.what, cases[i].what) != 0 || fault.offset != cases[i].offset)
			fail_msg("%s: %s at %zu", cases[i].text, fault.what, fault.offset);
		free(text);
	}
	value_arena_free(a);
}

/* n members "k0", "k1", ... with the last one under the key given. */
static char *object_of(unsigned n, const char *last, size_t *at)
{
	struct buf b = BUF_INIT(64u << 20);
	char *text;

	buf_puts(&b, "{");
	for (unsigned i = 0; i + 1 < n; i++)
		buf_printf(&b, "\"k%u\":{\"k0\":[1]},", i);
	*at = b.len;
	buf_printf(&b, "\"%s\":0}", last);
	text = xstrdup(buf_text(&b));
	buf_free(&b);
	return text;
}

static void finds_duplicate_keys_in_objects_of_any_size(void **state)
{
	static const unsigned sizes[] = { 2, 3, 31, 32, 33, 34, 64, 65, 1000, 100000 };
	struct value_arena *a = value_arena_new();
	struct value_fault fault;
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *text = object_of(sizes[i], "other", &at), *last = NULL;
		const struct value *v = value_parse(a, text, strlen(text), 3, &fault);

		assert_non_null(v);
		assert_int_equal(value_count(v), sizes[i]);
		free(text);
		last = xasprintf("k%u", sizes[i] / 2 - 1);
		text = object_of(sizes[i], last, &at);
		assert_null(value_parse(a, text, strlen(text), 3, &fault));
		assert_string_equal(fault.what, "duplicate key");
		assert_int_equal(fault.offset, at);
		free(text);
		free(last);
	}
	value_arena_free(a);
}

/* Members are found by their keys in any order, and what is not there is not found. The budget is a hundred times of
 * what it takes, and a small part of what the square of the number would. */
static void finds_members_of_large_objects(void **state)
{
	enum { MEMBERS = 500000, SECONDS = 60 };
	struct rlimit limit, before;
	struct rusage used;
	struct buf text = BUF_INIT(16u << 20);
	struct value_arena *a = value_arena_new();
	struct value_fault fault;
	char key[32];

	(void)state;
	buf_puts(&text, "{");
	for (int i = 0; i < MEMBERS; i++)
		buf_printf(&text, "%s\"key %06d\":%d", i ? "," : "", i, i);
	buf_puts(&text, "}");
	assert_int_equal(getrusage(RUSAGE_SELF, &used), 0);
	assert_int_equal(getrlimit(RLIMIT_CPU, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)used.ru_utime.tv_sec + SECONDS;
	assert_int_equal(setrlimit(RLIMIT_CPU, &limit), 0);
	const struct value *v = value_parse(a, text.data, text.len, 8, &fault);

	assert_int_equal(value_count(v), MEMBERS);
	for (int i = MEMBERS - 1; i >= 0; i--) {
		snprintf(key, sizeof(key), "key %06d", i);
		assert_int_equal(strtol(value_text(value_get(v, key), NULL), NULL, 10), i);
		snprintf(key, sizeof(key), "kex %06d", i);
		assert_null(value_get(v, key));
	}
	assert_int_equal(setrlimit(RLIMIT_CPU, &before), 0);
	value_arena_free(a);
	buf_free(&text);
}

static void keeps_sets_of_keys_apart(void **state)
{
	struct keyset k;
	char key[16];

	(void)state;
	keyset_init(&k, 300);
	assert_int_equal(keyset_add(&k, 1, "a", 1), KEYSET_NEW);
	assert_int_equal(keyset_add(&k, 2, "a", 1), KEYSET_NEW);
	assert_int_equal(keyset_add(&k, 1, "a", 1), KEYSET_DUPLICATE);
	for (int round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 298; i++) {
			snprintf(key, sizeof(key), "k%u", i);
			assert_int_equal(keyset_add(&k, 3, key, strlen(key)), KEYSET_NEW);
			assert_int_equal(keyset_add(&k, 3, key, strlen(key)), KEYSET_DUPLICATE);
		}
		assert_int_equal(keyset_add(&k, 3, "one more", 8), KEYSET_FULL);
		keyset_cut(&k, 2);
		assert_int_equal(keyset_add(&k, 2, "a", 1), KEYSET_DUPLICATE);
	}
	keyset_free(&k);
}

static void answers_questions_about_values(void **state)
{
	char text[] = "{\"n\":12,\"s\":\"x\\u0000y\",\"t\":true,\"f\":[false,{\"deep\":[true]}],\"o\":{\"a\":false}} ";
	struct value_arena *a = value_arena_new();
	struct value_fault fault;
	const struct value *v = value_parse(a, text, sizeof(text) - 2, 8, &fault);
	size_t len;

	(void)state;
	assert_non_null(v);
	assert_int_equal(value_type(NULL), VALUE_NULL);
	assert_null(value_text(NULL, &len));
	assert_int_equal(len, 0);
	assert_int_equal(value_count(value_get(v, "n")), 0);
	assert_string_equal(value_text(value_get(v, "n"), &len), "12");
	assert_false(value_is(value_get(v, "n"), "12"));
	assert_false(value_is(value_get(v, "s"), "x"));
	assert_memory_equal(value_text(value_get(v, "s"), &len), "x\0y", 4);
	assert_int_equal(len, 3);
	assert_true(value_bool(value_get(v, "t")));
	assert_false(value_bool(value_get(v, "f")));
	assert_null(value_get(v, "missing"));
	assert_null(value_get(value_get(v, "f"), "n"));
	assert_null(value_at(v, 0));
	assert_null(value_at(value_get(v, "f"), 2));
	assert_string_equal(value_key(value_first(v), NULL), "n");
	assert_null(value_key(value_at(value_get(v, "f"), 0), &len));
	assert_true(value_any_true(value_get(v, "f")));
	assert_false(value_any_true(value_get(v, "o")));
	assert_false(value_any_true(NULL));
	value_arena_free(a);
}

static void parses_the_whole_depth_and_no_more(void **state)
{
	struct value_arena *a = value_arena_new();
	struct value_fault fault;
	char text[1100];

	(void)state;
	for (size_t depth = 511; depth <= 513; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		assert_true(!value_parse(a, text, 2 * depth, 512, &fault) == (depth == 513));
	}
	assert_int_equal(fault.offset, 512);
	value_arena_free(a);
}

static void reads_resource_changes(void **state)
{
#define HEAD "\"address\":\"m.a.b\",\"mode\":\"managed\",\"type\":\"a\",\"name\":\"b\""
	static const struct { const char *text, *what; unsigned actions; } cases[] = {
		{ "{" HEAD ",\"change\":{\"actions\":[\"delete\",\"create\"]}}", NULL, CHANGE_DELETE | CHANGE_CREATE },
		{ "{" HEAD ",\"change\":{\"actions\":[\"no-op\"]}}", NULL, CHANGE_NO_OP },
		{ "{" HEAD ",\"change\":{\"actions\":[\"forget\",\"update\",\"read\"]}}", NULL,
			CHANGE_FORGET | CHANGE_UPDATE | CHANGE_READ },
		{ "{" HEAD ",\"change\":{\"actions\":[\"Replace\"]},\"index\":null,\"deposed\":null}", NULL,
			CHANGE_OTHER },
		{ "[]", "a resource change is no object", 0 },
		{ "{\"address\":1}", "address is missing or no text", 0 },
		{ "{\"address\":\"a\\u0000\"}", "address is missing or no text", 0 },
		{ "{\"address\":\"a\",\"name\":\"b\"}", "type is missing or no text", 0 },
		{ "{\"address\":\"a\",\"type\":\"b\"}", "name is missing or no text", 0 },
		{ "{\"address\":\"a\",\"type\":\"b\",\"name\":\"c\"}", "mode is missing or no text", 0 },
#define MODE(mode) "{\"address\":\"m.a.b\",\"type\":\"a\",\"name\":\"b\",\"mode\":\"" mode "\"," \
	"\"change\":{\"actions\":[\"read\"]}}"
		{ MODE("MANAGED"), "mode is none of managed, data and ephemeral", 0 },
		{ MODE(""), "mode is none of managed, data and ephemeral", 0 },
		{ MODE("data"), NULL, CHANGE_READ }, { MODE("ephemeral"), NULL, CHANGE_READ },
		{ "{" HEAD ",\"module_address\":1}", "module_address is no text", 0 },
		{ "{" HEAD ",\"provider_name\":[]}", "provider_name is no text", 0 },
		{ "{" HEAD ",\"deposed\":0}", "deposed is no text", 0 },
		{ "{" HEAD ",\"index\":true}", "index is neither number nor text", 0 },
		{ "{" HEAD "}", "change is missing or no object", 0 },
		{ "{" HEAD ",\"change\":{}}", "change.actions is missing, empty or no array", 0 },
		{ "{" HEAD ",\"change\":{\"actions\":[]}}", "change.actions is missing, empty or no array", 0 },
		{ "{" HEAD ",\"change\":{\"actions\":[1]}}", "change.actions holds something that is no text", 0 },
		{ "{" HEAD ",\"change\":{\"actions\":[\"create\"],\"after\":[{}]}}",
			"change.before or change.after is no object", 0 },
		{ "{" HEAD ",\"change\":{\"actions\":[\"delete\"],\"before\":\"x\",\"after\":null}}",
			"change.before or change.after is no object", 0 },
	};
	struct value_arena *a = value_arena_new();
	struct value_fault fault;
	struct resource_change c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = exact(cases[i].text, strlen(cases[i].text));
		const struct value *v = value_parse(a, text, strlen(cases[i].text), 8, &fault);
		const char *what = NULL;
		int result = change_read(v, &c, &what);

		assert_int_equal(result, cases[i].what ? -1 : 0);
		if (cases[i].what) {
			assert_string_equal(what, cases[i].what);
		} else {
			assert_int_equal(c.actions, cases[i].actions);
			assert_string_equal(c.address, "m.a.b");
			assert_string_equal(c.module_address, "");
			assert_int_equal(c.managed, strstr(cases[i].text, "managed") != NULL);
			assert_int_equal(c.data, strstr(cases[i].text, "data") != NULL);
			assert_true(!c.index && !c.deposed && !c.after);
		}
		free(text);
	}
	value_arena_free(a);
#undef HEAD
}

static void knows_what_a_change_lacks(void **state)
{
	static const struct { unsigned actions; bool absent, null, object; } cases[] = {
		/* whether after may be absent, null or an object */
		{ CHANGE_CREATE, false, false, true }, { CHANGE_DELETE | CHANGE_CREATE, false, false, true },
		{ CHANGE_UPDATE, false, false, true }, { CHANGE_READ, false, false, true },
		{ CHANGE_NO_OP, false, true, true }, { CHANGE_OTHER, false, false, true },
		{ CHANGE_DELETE, true, true, true }, { CHANGE_FORGET, true, true, true },
	};
	struct value_arena *a = value_arena_new();
	struct value_fault fault;
	char text[] = "[null,{}] ";
	const struct value *v = value_parse(a, text, sizeof(text) - 2, 8, &fault);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct resource_change c = { .actions = cases[i].actions };

		assert_int_equal(change_lacks(&c) == NULL, cases[i].absent);
		c.after = value_at(v, 0);
		assert_int_equal(change_lacks(&c) == NULL, cases[i].null);
		c.after = value_at(v, 1);
		assert_int_equal(change_lacks(&c) == NULL, cases[i].object);
	}
	value_arena_free(a);
}

static void tells_marked_places(void **state)
{
	char text[] = "{\"a\":{\"b\":true,\"c\":false},\"list\":[false,{\"x\":true}],\"all\":true} ";
	static const struct { const char *path[4]; bool marked; } cases[] = {
		{ { NULL }, true }, { { "a" }, true }, { { "a", "b" }, true }, { { "a", "b", "below" }, true },
		{ { "a", "c" }, false }, { { "a", "missing" }, false }, { { "missing" }, false }, { { "list" }, true },
		{ { "list", "0" }, false }, { { "list", "1" }, true }, { { "list", "1", "x" }, true }, { { "list", "1",
			"y" }, false },
		{ { "list", "7" }, false }, { { "list", "key" }, true }, { { "a", "0" }, true }, { { "all", "0", "z" },
			true },
	};
	struct value_arena *a = value_arena_new();
	struct value_fault fault;
	const struct value *mask = value_parse(a, text, sizeof(text) - 2, 8, &fault);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct value_step steps[4];
		size_t n = 0;

		for (; n < 4 && cases[i].path[n]; n++) {
			const char *s = cases[i].path[n];
			bool index = *s >= '0' && *s <= '9';

			steps[n] = (struct value_step) { index ? NULL : s, strlen(s), index ? (size_t)(*s - '0') : 0 };
		}
		if (change_marked(mask, steps, n) != cases[i].marked)
			fail_msg("case %zu", i);
	}
	assert_false(change_marked(NULL, NULL, 0));
	value_arena_free(a);
}

/* The scanner finds the same end as the parser wherever the value stands in a block and however it is cut. */
static void scans_to_the_end_of_a_value(void **state)
{
	static const char *const values[] = {
		"{}", "[[],{\"a\":[1]}]", "\"\"", "\"a\\\\\"", "\"\\\\\\\"\\u00e9\\\\\"", "12.5", "true",
			"\"\xe2\x82\xac\xf0\x9f\x98\x80\"",
		"{\"a]}\\\"\":\"[{\",\"\xc3\xa9\":[\"\\\\\",{},[{\"x\":null}]]}",
	};
	struct scan s;
	ptrdiff_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		size_t n = strlen(values[i]);

		for (size_t cut = 0; cut <= n; cut++) {
			for (size_t tail = 0; tail < 70; tail += 3) {
				struct buf b = BUF_INIT(4096);
				enum scan_result result;

				buf_printf(&b, "%s,\"\\\x01}]{%*s", values[i], (int)tail, "");
				scan_begin(&s, 8);
				result = scan_feed(&s, b.data, cut, &at);
				if (result == SCAN_MORE) {
					result = scan_feed(&s, b.data + cut, b.len - cut, &at);
					at += (ptrdiff_t)cut;
				}
				assert_int_equal(result, SCAN_DONE);
				assert_int_equal(at, n);
				buf_free(&b);
			}
		}
	}
}

static void finds_members_in_raw_text(void **state)
{
	static const struct { const char *text, *key, *expect; } cases[] = {
		{ "{\"a\":1,\"type\":\"x\"}", "type", "x" }, { " {}", "type", NULL }, { "{\"type\":\"x", "type", NULL },
		{ "{ \"a\" : {\"type\":\"no\"} , \"type\" : \"y\\\"z\" , ", "type", "y\\\"z" }, { "{\"type\":5}",
			"type", NULL },
		{ "{\"a\":[1,2", "type", NULL }, { "{\"a\":\"\\\\\",\"type\":\"\"}", "type", "" },
		{ "{\"types\":\"x\",\"typ", "type", NULL }, { "{\"type\":\"x\",\"a\":{", "type", "x" },
		/* in doubt */
		{ "{\"type\":\"x\",\"type\":\"y\"}", "type", NULL }, { "{\"type\":\"x\",\"a\":1,\"a\":2}", "type", NULL },
		{ "{\"type\":\"x\",\"typ\\u0065\":\"y\"}", "type", NULL },
		{ "{\"type\":\"x\",\"a\":{\"type\":\"y\"}}", "type", "x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].text), n = 99;
		char *text = xmalloc(len);
		const char *found;

		memcpy(text, cases[i].text, len);
		found = scan_member(text, len, cases[i].key, &n);
		assert_true(!found == !cases[i].expect);
		if (found) {
			assert_int_equal(n, strlen(cases[i].expect));
			assert_memory_equal(found, cases[i].expect, n);
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_values),
		cmocka_unit_test(refuses_what_is_no_json),
		cmocka_unit_test(finds_duplicate_keys_in_objects_of_any_size),
		cmocka_unit_test(finds_members_of_large_objects),
		cmocka_unit_test(keeps_sets_of_keys_apart),
		cmocka_unit_test(answers_questions_about_values),
		cmocka_unit_test(parses_the_whole_depth_and_no_more),
		cmocka_unit_test(reads_resource_changes),
		cmocka_unit_test(knows_what_a_change_lacks),
		cmocka_unit_test(tells_marked_places),
		cmocka_unit_test(scans_to_the_end_of_a_value),
		cmocka_unit_test(finds_members_in_raw_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
