/* Text: UTF-8, escaping, quantities, suggestions, times; and the buffer beneath. */
#include "test.h"

#include <errno.h>

#include "base/buf.h"
#include "base/rfc3339.h"
#include "base/text.h"

static void finds_invalid_utf8(void **state)
{
	static const struct { const char *text; size_t len, valid; } table[] = {
		{ "", 0, 0 },
		{ "abc\0d", 5, 5 },
		{ "\xc3\xa9", 2, 2 },
		{ "\xf0\x9f\x98\x80x", 5, 5 },
		{ "\xf4\x8f\xbf\xbf", 4, 4 },		/* U+10FFFF */
		{ "a\xf4\x90\x80\x80", 5, 1 },		/* above it */
		{ "\xf5\x80\x80\x80", 4, 0 },
		{ "\xed\x9f\xbf", 3, 3 },
		{ "\xed\xa0\x80", 3, 0 },		/* surrogate */
		{ "\xed\xbf\xbf", 3, 0 },
		{ "\xc0\x80", 2, 0 },			/* overlong */
		{ "\xc1\xbf", 2, 0 },
		{ "\xe0\x9f\xbf", 3, 0 },
		{ "\xf0\x8f\xbf\xbf", 4, 0 },
		{ "\x80", 1, 0 },
		{ "ab\xc3", 3, 2 },			/* cut off */
		{ "ab\xe2\x82", 4, 2 },
		{ "\xc3(", 2, 0 },
		{ "\xff", 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		size_t valid = text_utf8_valid(table[i].text, table[i].len);

		if (valid != table[i].valid)
			fail_msg("row %zu: %zu instead of %zu", i, valid, table[i].valid);
	}
}

static void cuts_between_characters(void **state)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";	/* of 1, 2, 3, 4 and 1 bytes */
	static const size_t by_bytes[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };
	static const size_t by_characters[] = { 0, 1, 3, 6, 10, 11, 11 };
	size_t n = sizeof(text) - 1;

	(void)state;
	for (size_t max = 0; max < COUNT(by_bytes); max++)
		assert_int_equal(text_utf8_cut(text, n, max), by_bytes[max]);
	for (size_t max = 0; max < COUNT(by_characters); max++)
		assert_int_equal(text_utf8_prefix(text, n, max), by_characters[max]);
	assert_int_equal(text_utf8_length(text, n), 5);
	assert_int_equal(text_utf8_length("", 0), 0);
}

static void escapes(void **state)
{
	static const struct { const char *text; size_t len; const char *escaped; } table[] = {
		{ "", 0, "" },
		{ "plain \\ \"text\"", 14, "plain \\ \"text\"" },
		{ "a\nb\tc\rd", 7, "a\\nb\\tc\\rd" },
		{ "\x1b[31m", 5, "\\x1b[31m" },
		{ "\0\x7f", 2, "\\x00\\x7f" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\xc2\x85\xc2\x9f\xc2\xa0", 6, "\\u0085\\u009f\xc2\xa0" },
		{ "\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xae\xe2\x80\xaf", 12, "\xe2\x80\xa7\\u2028\\u202e\xe2\x80\xaf" },
		{ "\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa", 12, "\xe2\x81\xa5\\u2066\\u2069\xe2\x81\xaa" },
		{ "x\xff\xc3", 3, "x\\xff\\xc3" },
		{ "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct buf out = BUF_INIT(100);

		assert_int_equal(text_escape(&out, table[i].text, table[i].len), 0);
		assert_string_equal(buf_text(&out), table[i].escaped);
		assert_int_equal(text_utf8_valid(buf_text(&out), out.len), out.len);
		buf_free(&out);
	}
}

static void escapes_all_or_nothing(void **state)
{
	(void)state;
	for (size_t max = 0; max < 12; max++) {
		struct buf out = BUF_INIT(max + 2);
		int result;

		buf_puts(&out, "x:");
		errno = 0;
		result = text_escape(&out, "ab\n\x01" "cdef", 8);	/* becomes 12 bytes */
		assert_int_equal(result, -1);
		assert_int_equal(errno, EMSGSIZE);
		assert_string_equal(buf_text(&out), "x:");
		assert_int_equal(out.len, 2);
		buf_free(&out);
	}
}

static void reads_durations(void **state)
{
	static const struct { const char *text; int64_t ms; } table[] = {
		{ "500ms", 500 }, { "1s", 1000 }, { "5m", 300000 }, { "58m", 3480000 }, { "2h", 7200000 },
		{ "30d", 2592000000 }, { "0s", 0 }, { "9223372036854775807ms", INT64_MAX },
		{ "9223372036854775808ms", -1 }, { "18446744073709551617ms", -1 }, { "213503982335d", -1 },
		{ "", -1 }, { "5", -1 }, { "s", -1 }, { "-1s", -1 }, { "+1s", -1 }, { " 1s", -1 }, { "1s ", -1 },
			{ "1 s", -1 },
		{ "1.5h", -1 }, { "1w", -1 }, { "1S", -1 }, { "1h30m", -1 }, { "0x1s", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		int64_t ms = -7;
		int result = text_duration(table[i].text, &ms);

		if (result != (table[i].ms < 0 ? -1 : 0) || (!result && ms != table[i].ms))
			fail_msg("'%s': %d, %lld", table[i].text, result, (long long)ms);
	}
}

static void reads_sizes(void **state)
{
	static const struct { const char *text; bool good; uint64_t bytes; } table[] = {
		{ "4096", true, 4096 }, { "0", true, 0 }, { "16KiB", true, 16384 }, { "1MiB", true, 1048576 },
		{ "4GiB", true, 4294967296 }, { "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 }, { "17179869184GiB", false, 0 }, { "", false, 0 }, { "KiB", false,
			0 },
		{ "1KB", false, 0 }, { "1kib", false, 0 }, { "-1", false, 0 }, { "1 MiB", false, 0 }, { "1.5MiB", false,
			0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		uint64_t bytes = 7;
		int result = text_size(table[i].text, &bytes);

		if (result != (table[i].good ? 0 : -1) || (!result && bytes != table[i].bytes))
			fail_msg("'%s': %d, %llu", table[i].text, result, (unsigned long long)bytes);
	}
}

static void reads_integers(void **state)
{
	static const struct { const char *text; int64_t min, max; bool good; int64_t value; } table[] = {
		{ "0", 0, 0, true, 0 }, { "10", 0, 10, true, 10 }, { "11", 0, 10, false, 0 }, { "-5", -5, 0, true, -5 },
		{ "-6", -5, 0, false, 0 }, { "-1", 0, 10, false, 0 }, { "007", 0, 10, true, 7 },
		{ "9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX },
		{ "-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN },
		{ "9223372036854775808", INT64_MIN, INT64_MAX, false, 0 },
		{ "-9223372036854775809", INT64_MIN, INT64_MAX, false, 0 },
		{ "", 0, 10, false, 0 }, { "-", -9, 9, false, 0 }, { "+1", 0, 10, false, 0 }, { " 1", 0, 10, false, 0 },
		{ "1 ", 0, 10, false, 0 }, { "1a", 0, 10, false, 0 }, { "--1", -9, 9, false, 0 }, { "1e1", 0, 100,
			false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		int64_t value = 99;
		int result = text_integer(table[i].text, table[i].min, table[i].max, &value);

		if (result != (table[i].good ? 0 : -1) || value != (table[i].good ? table[i].value : 99))
			fail_msg("'%s': %d, %lld", table[i].text, result, (long long)value);
	}
}

static void suggests(void **state)
{
	static const char *const list[] = { "equals", "not_equals", "contains", "exists", "not_exists", "within", "id",
		NULL };
	static const struct { const char *word, *meant; } table[] = {
		{ "equal", "equals" }, { "equls", "equals" }, { "euqals", "equals" }, { "EQUALS", "equals" },
		{ "notequals", "not_equals" }, { "contians", "contains" }, { "exist", "exists" }, { "not_exist",
			"not_exists" },
		{ "witin", "within" }, { "regex", NULL }, { "", NULL }, { "x", NULL }, { "ix", NULL }, { "in", NULL },
		{ "something_else_altogether", NULL },
		{ "equalsequalsequalsequalsequalsequalsequalsequalsequalsequalsequalsequals", NULL },
	};
	static const char *const none[] = { NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *meant = text_nearest(table[i].word, list);

		if ((meant == NULL) != (table[i].meant == NULL) || (meant && strcmp(meant, table[i].meant) != 0))
			fail_msg("'%s': %s", table[i].word, meant ? meant : "nothing");
	}
	assert_null(text_nearest("equals", none));
}

static void tells_time(void **state)
{
	static const struct { int64_t ms; const char *text; } table[] = {
		{ 0, "1970-01-01T00:00:00.000Z" }, { 1795413721001, "2026-11-23T06:02:01.001Z" },
		{ -1, "1969-12-31T23:59:59.999Z" }, { 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" }, { -62167219200000, "0000-01-01T00:00:00.000Z" },
	};
	static const char *const wrong[] = {
		"", "2026-11-23", "2026-11-23T06:02:01Z", "2026-11-23T06:02:01.1Z", "2026-11-23T06:02:01.001",
		"2026-11-23T06:02:01.001z", "2026-11-23t06:02:01.001Z", "2026-11-23 06:02:01.001Z",
		"2026-11-23T06:02:01.001Zx",
		"2026-11-23T06:02:01.001+00:00", "2026-02-29T00:00:00.000Z", "2026-13-01T00:00:00.000Z",
		"2026-00-01T00:00:00.000Z", "2026-01-00T00:00:00.000Z", "2026-01-01T24:00:00.000Z",
		"2026-01-01T00:60:00.000Z",
		"2026-01-01T00:00:60.000Z", "+026-01-01T00:00:00.000Z",
	};
	char text[TEXT_TIME_SIZE];
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		text_time(table[i].ms, text);
		assert_string_equal(text, table[i].text);
		assert_int_equal(text_time_parse(text, &ms), 0);
		assert_true(ms == table[i].ms);
	}
	text_time(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	text_time(INT64_MIN, text);
	assert_string_equal(text, "0000-01-01T00:00:00.000Z");
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (!text_time_parse(wrong[i], &ms))
			fail_msg("taken: %s", wrong[i]);
}

static void buffer_keeps_its_maximum(void **state)
{
	struct buf b = BUF_INIT(200);
	char bytes[201];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_append(&b, NULL, 0), 0);
	assert_int_equal(buf_append(&b, bytes, 199), 0);
	errno = 0;
	assert_int_equal(buf_append(&b, bytes, 2), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(b.len, 199);
	assert_int_equal(buf_append(&b, bytes, SIZE_MAX), -1);
	assert_null(buf_reserve(&b, 2));
	assert_int_equal(buf_append(&b, "y", 1), 0);
	assert_int_equal(b.len, 200);
	assert_true(b.cap <= 201);
	assert_string_equal(b.data + 198, "xy");
	buf_clear(&b);
	assert_string_equal(buf_text(&b), "");
	buf_printf(&b, "%d%s", 12, "ab");
	assert_string_equal(buf_text(&b), "12ab");
	buf_wipe(&b);
	assert_null(b.data);
	buf_puts(&b, "again");
	assert_string_equal(buf_text(&b), "again");
	buf_free(&b);
}

static void buffer_ends_with_nul(void **state)
{
	struct buf b = BUF_INIT(SIZE_MAX);
	char *room;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		room = buf_reserve(&b, 100);
		assert_non_null(room);
		room[0] = 'z';	/* less than was asked for */
		b.len++;
		assert_int_equal(b.data[b.len], '\0');
	}
	assert_int_equal(strlen(buf_text(&b)), 1000);
	assert_null(buf_reserve(&b, SIZE_MAX - 10));
	buf_free(&b);
}

static void test_rfc3339(void **state)
{
	static const struct { const char *text; int64_t ms; } good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-23T06:02:01Z", INT64_C(1795413721000) },
		{ "2026-11-23t06:02:01.5z", INT64_C(1795413721500) },
		{ "2026-11-23 06:02:01.123456789Z", INT64_C(1795413721123) },
		{ "2026-11-23T07:02:01.0009+01:00", INT64_C(1795413721000) },
		{ "2026-11-22T18:32:01-11:30", INT64_C(1795413721000) },
		{ "2016-12-31T23:59:60Z", INT64_C(1483228799000) },
		{ "2024-02-29T00:00:00Z", INT64_C(1709164800000) },
		{ "0001-01-01T00:00:00.000Z", INT64_C(-62135596800000) },
	};
	static const char *const bad[] = { "", "2026-11-23", "2026-11-23T06:02:01", "2026-11-23T06:02:01.Z",
		"2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-11-31T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T06:60:00Z",
		"2026-11-23T06:02:61Z",
		"2026-11-23T06:02:01+0100", "2026-11-23T06:02:01+24:00", "2026-11-23T06:02:01Zx",
		"+026-11-23T06:02:01Z", "2026-11-3T06:02:01Z" };
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(rfc3339_parse(good[i].text, &ms), 0);
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(rfc3339_parse(bad[i], &ms), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3339),
		cmocka_unit_test(finds_invalid_utf8),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(escapes),
		cmocka_unit_test(escapes_all_or_nothing),
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(reads_integers),
		cmocka_unit_test(suggests),
		cmocka_unit_test(tells_time),
		cmocka_unit_test(buffer_keeps_its_maximum),
		cmocka_unit_test(buffer_ends_with_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
