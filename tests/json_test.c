/* JSON: what is refused that json-c would take, what is kept unchanged, reading and building. */
#include "test.h"

#include "base/json.h"

static const char *const kept[] = {
	"null", "true", "false", "0", "-1", "12", "1.0", "1.10", "-0.5", "1E5", "1e+5", "0.1e-7", "\"\"", "[]", "{}",
	"9223372036854775807", "-9223372036854775808", "18446744073709551615", "1e999", "[1,[2,{\"a\":null}]]",
	"123456789.123456789123456789", "{\"b\":1,\"a\":{\"b\":2}}", "\"http://x/y\"", "\"\xc3\xa9\xf0\x9f\x98\x80\"",
	"{\"a:b\":\",:{}[]\"}", "\"a\\\"b\\\\c\\n\\u0001\"",
};

static void keeps_what_is_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kept); i++) {
		char why[JSON_WHY] = "", *text, *padded = NULL;
		json_t *j, *copy;

		assert_true(asprintf(&padded, " \t\r\n%s\n", kept[i]) > 0);
		if (json_parse(padded, strlen(padded), &j, why))
			fail_msg("%s: %s", kept[i], why);
		copy = json_copy(j);
		json_free(j);
		text = json_text(copy);
		assert_string_equal(text, kept[i]);
		json_free(copy);
		free(text);
		free(padded);
	}
}

static void reads_escapes(void **state)
{
	static const char text[] = "\"\\/\\u00e9\\u20AC\\uD83d\\uDe00\\b\\f\\t\"";
	char why[JSON_WHY];
	json_t *j;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), &j, why), 0);
	assert_string_equal(json_string(j), "/\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\b\f\t");
	json_free(j);
}

struct refusal {
	const char *text;
	size_t len;		/* 0: strlen */
	const char *why;	/* a part of the reason */
};

static const struct refusal refusals[] = {
	{ "", 0, "byte 0: unexpected end" }, { "  ", 0, "byte 2: unexpected end" }, { "[", 0,
		"byte 1: unexpected end" },
	{ "{\"a\":", 0, "unexpected end" }, { "[1,", 0, "unexpected end" }, { "1 2", 0, "byte 2" }, { "{} x", 0,
		"byte 3" },
	{ "{}{}", 0, "byte 2" }, { "[1]\0", 4, "byte 3" }, { "\0", 1, "byte 0" }, { "[1,]", 0, "byte 3" },
	{ "{\"a\":1,}", 0, "byte 7" }, { "[,1]", 0, "byte 1" }, { "[1 2]", 0, "byte 3" }, { "]", 0, "byte 0" },
	{ "{a:1}", 0, "byte 1" }, { "{1:1}", 0, "byte 1" }, { "{\"a\" 1}", 0, "byte 5" }, { "['a']", 0, "byte 1" },
	{ "/**/1", 0, "byte 0" }, { "NaN", 0, "byte 0" }, { "[Infinity]", 0, "byte 1" }, { "-Infinity", 0,
		"invalid number" },
	{ "nul", 0, "byte 0" }, { "True", 0, "byte 0" }, { "nulll", 0, "byte 4" }, { "truefalse", 0, "byte" },
	{ "01", 0, "invalid number" }, { "-01", 0, "invalid number" }, { "1.", 0, "invalid number" },
	{ ".5", 0, "byte 0" }, { "+1", 0, "byte 0" }, { "-", 0, "invalid number" }, { "1e", 0, "invalid number" },
	{ "1.5e+", 0, "invalid number" }, { "1-2", 0, "byte 1" }, { "0x10", 0, "byte 1" }, { "1.2.3", 0, "byte 3" },
	{ "18446744073709551616", 0, "integer too large" }, { "[-9223372036854775809]", 0,
		"byte 1: integer too large" },
	{ "123456789012345678901234567890", 0, "integer too large" },
	{ "\"a", 0, "without an end" }, { "\"a\\\"", 0, "without an end" }, { "\"\\", 0, "invalid escape" },
	{ "\"\\x\"", 0, "invalid escape" }, { "\"\\u12g4\"", 0, "invalid escape" }, { "\"\\u12", 0, "invalid escape" },
	{ "\"\\\0\"", 4, "invalid escape" }, { "\"a\nb\"", 0, "byte 2: control character" },
	{ "\"\x1f\"", 0, "control character" }, { "\"a\0b\"", 5, "control character" }, { "\"\\u0000\"", 0, "NUL" },
	{ "{\"a\\u0000b\":1}", 0, "byte 3: NUL" }, { "\"\\ud800\"", 0, "lone surrogate" }, { "\"\\udc00\"", 0,
		"lone surrogate" },
	{ "\"\\ud800\\u0041\"", 0, "lone surrogate" }, { "\"\\ud800\\ud800\"", 0, "lone surrogate" },
	{ "\"\\ud83d", 0, "lone surrogate" }, { "\"\\udc00\\udc00\"", 0, "lone surrogate" }, { "\"\xc3\"", 0,
		"byte 1: invalid UTF-8" },
	{ "\"\xed\xa0\x80\"", 0, "invalid UTF-8" }, { "\"\xc0\x80\"", 0, "invalid UTF-8" }, { "\xef\xbb\xbf{}", 0,
		"byte 0" },
	{ "\f1", 0, "byte 0" }, { "[1\xc2\xa0]", 0, "byte 2" },
	{ "{\"a\":1,\"a\":1}", 0, "same key twice" }, { "[{\"x\":{\"a\":1,\"\\u0061\":2}}]", 0, "same key twice" },
};

static void refuses_the_rest(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct refusal *r = &refusals[i];
		size_t len = r->len ? r->len : strlen(r->text);
		char why[JSON_WHY] = "", *exact = malloc(len ? len : 1);
		json_t *j = (json_t *)why;

		assert_non_null(exact);
		memcpy(exact, r->text, len);	/* so that reading beyond the end is seen */
		if (!json_parse(exact, len, &j, why))
			fail_msg("taken: %s", r->text);
		assert_null(j);
		if (!strstr(why, r->why))
			fail_msg("%s: %s", r->text, why);
		free(exact);
	}
}

static void keeps_the_depth(void **state)
{
	(void)state;
	for (int depth = JSON_DEPTH - 3; depth <= JSON_DEPTH + 2; depth++) {
		char text[2 * JSON_DEPTH + 10] = "", why[JSON_WHY] = "";
		json_t *j;
		int result;

		memset(text, '[', (size_t)depth);
		text[depth] = '1';
		memset(text + depth + 1, ']', (size_t)depth);
		result = json_parse(text, strlen(text), &j, why);
		assert_int_equal(result, depth < JSON_DEPTH ? 0 : -1);
		if (result)
			assert_non_null(strstr(why, "nesting too deep"));
		json_free(j);
	}
}

static bool count(void *context, const char *key, json_t *value)
{
	size_t *n = context;

	(void)value;
	*n += 1;
	return strcmp(key, "stop") != 0;
}

static void reads(void **state)
{
	static const char text[] = "{\"s\":\"x\",\"n\":null,\"i\":-5,\"u\":18446744073709551615,\"d\":1.5,\"b\":true,"
		"\"stop\":0,\"a\":[1,\"two\",null]}";
	char why[JSON_WHY];
	const json_t *array;
	json_t *j;
	int64_t i = 7;
	size_t n = 0;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), &j, why), 0);
	assert_true(json_is_object(j) && !json_is_array(j) && !json_is_string(j));
	assert_string_equal(json_get_string(j, "s"), "x");
	assert_null(json_get_string(j, "i"));
	assert_null(json_get_string(j, "nothing"));
	assert_true(json_has(j, "n") && !json_has(j, "nothing"));
	assert_null(json_get(j, "n"));
	assert_int_equal(json_get_integer(j, "i", 0), -5);
	assert_int_equal(json_get_integer(j, "u", 3), 3);	/* no int64 */
	assert_int_equal(json_get_integer(j, "d", 3), 3);
	assert_int_equal(json_get_integer(j, "s", 3), 3);
	assert_int_equal(json_integer(json_get(j, "b"), &i), -1);
	assert_int_equal(i, 7);
	array = json_get(j, "a");
	assert_int_equal(json_count(array), 3);
	assert_string_equal(json_string(json_at(array, 1)), "two");
	assert_null(json_at(array, 2));
	assert_null(json_at(array, 3));
	assert_int_equal(json_count(j), 0);
	json_each(j, count, &n);
	assert_int_equal(n, 7);		/* up to "stop" */
	json_each(array, count, &n);
	json_each(NULL, count, &n);
	assert_int_equal(n, 7);
	assert_false(json_has(NULL, "x") || json_is_object(NULL) || json_is_string(NULL));
	assert_null(json_get(array, "x"));
	assert_null(json_string(NULL));
	json_free(j);
	json_free(NULL);
	assert_null(json_copy(NULL));
}

static void builds(void **state)
{
	json_t *o = json_new_object(), *a = json_new_array(), *copy;
	char *text;

	(void)state;
	json_put_string(o, "s", "a/b\"\n");
	json_put_string(o, "left out", NULL);
	json_put_integer(o, "i", INT64_MIN);
	json_put_bool(o, "b", false);
	json_put(o, "n", NULL);
	json_put(o, "a", a);
	json_add(a, json_new_string("x"));
	json_add(a, json_new_string_n("yz", 1));
	json_add(a, json_new_integer(2));
	json_add(a, json_new_bool(true));
	json_add(a, NULL);
	copy = json_copy(o);
	json_put_string(o, "s", "replaced");
	json_remove(o, "i");
	json_remove(o, "never there");
	text = json_text(o);
	assert_string_equal(text, "{\"s\":\"replaced\",\"b\":false,\"n\":null,\"a\":[\"x\",\"y\",2,true,null]}");
	free(text);
	json_free(o);
	text = json_text(copy);
	assert_string_equal(text, "{\"s\":\"a/b\\\"\\n\",\"i\":-9223372036854775808,\"b\":false,\"n\":null,"
		"\"a\":[\"x\",\"y\",2,true,null]}");
	free(text);
	text = json_text_pretty(json_get(copy, "a"));
	assert_non_null(strchr(text, '\n'));
	free(text);
	text = json_text(NULL);
	assert_string_equal(text, "null");
	free(text);
	json_free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_json),
		cmocka_unit_test(reads_escapes),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(keeps_the_depth),
		cmocka_unit_test(reads),
		cmocka_unit_test(builds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
