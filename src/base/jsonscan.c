/* The words of JSON text: strings, numbers, true, false, null, judged by RFC 8259 before json-c sees them.
 *
 * Only words are judged, not the order in which they stand: "1 2" and "]" pass here and are json-c's to refuse. A word
 * that passes means the same to every parser: UTF-8 is RFC 3629's, escapes are whole, surrogates come in pairs,
 * numbers follow the grammar, and integers fit into int64 or uint64. NUL is refused even as an escape, because strings
 * and keys end at a NUL in C and would name something else there. A byte order mark is refused like any other stray
 * character.
 *
 * It goes over the text once, allocates nothing and reads nothing beyond its end. Members are counted on the way
 * (colons outside of strings), by which json.c finds keys that stand twice in one object.
 */
#include "base/jsonscan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool fault(struct jsonscan *s, size_t at, const char *what)
{
	s->at = at;
	s->what = what;
	return false;
}

static char peek(const struct jsonscan *s)
{
	return s->at < s->len ? s->text[s->at] : '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The four digits of \uXXXX behind s->at; -1 if they are not there. */
static long unicode_escape(const struct jsonscan *s, size_t at)
{
	long code = 0;

	if (s->len - at < 6 || s->text[at] != '\\' || s->text[at + 1] != 'u')
		return -1;
	for (size_t i = at + 2; i < at + 6; i++) {
		char c = s->text[i];
		int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
			c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (digit < 0)
			return -1;
		code = code * 16 + digit;
	}
	return code;
}

static bool scan_escape(struct jsonscan *s)
{
	long code, low;

	if (s->len - s->at < 2 || !s->text[s->at + 1] || !strchr("\"\\/bfnrtu", s->text[s->at + 1]))
		return fault(s, s->at, "invalid escape in a string");
	if (s->text[s->at + 1] != 'u') {
		s->at += 2;
		return true;
	}
	code = unicode_escape(s, s->at);
	if (code < 0)
		return fault(s, s->at, "invalid escape in a string");
	if (code == 0)
		return fault(s, s->at, "NUL in a string");
	if (code >= 0xd800 && code <= 0xdfff) {
		low = unicode_escape(s, s->at + 6 <= s->len ? s->at + 6 : s->len);
		if (code >= 0xdc00 || low < 0xdc00 || low > 0xdfff)
			return fault(s, s->at, "lone surrogate in a string");
		s->at += 6;
	}
	s->at += 6;
	return true;
}

static bool scan_string(struct jsonscan *s)
{
	size_t start = s->at++;

	while (s->at < s->len) {
		unsigned char c = (unsigned char)s->text[s->at];

		if (c == '"') {
			s->at++;
			return true;
		}
		if (c < 0x20)
			return fault(s, s->at, "control character in a string");
		if (c != '\\')
			s->at++;
		else if (!scan_escape(s))
			return false;
	}
	return fault(s, start, "string without an end");
}

static bool scan_digits(struct jsonscan *s)
{
	size_t start = s->at;

	while (is_digit(peek(s)))
		s->at++;
	return s->at > start;
}

/* Whether an integer fits into what json-c keeps integers in. */
static bool integer_fits(const char *text, size_t n)
{
	char copy[24], *end;

	if (n >= sizeof(copy))
		return false;
	memcpy(copy, text, n);
	copy[n] = '\0';
	errno = 0;
	if (copy[0] == '-')
		(void)strtoll(copy, &end, 10);
	else
		(void)strtoull(copy, &end, 10);
	return errno == 0;
}

static bool scan_number(struct jsonscan *s)
{
	size_t start = s->at;
	bool whole = true;

	s->at += peek(s) == '-';
	if (peek(s) == '0')
		s->at++;
	else if (!scan_digits(s))
		return fault(s, start, "invalid number");
	if (peek(s) == '.') {
		s->at++;
		whole = false;
		if (!scan_digits(s))
			return fault(s, start, "invalid number");
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->at++;
		whole = false;
		s->at += peek(s) == '+' || peek(s) == '-';
		if (!scan_digits(s))
			return fault(s, start, "invalid number");
	}
	if (is_digit(peek(s)))
		return fault(s, start, "invalid number");
	if (whole && !integer_fits(s->text + start, s->at - start))
		return fault(s, start, "integer too large");
	return true;
}

static bool scan_literal(struct jsonscan *s)
{
	static const char *const literals[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		size_t n = strlen(literals[i]);

		if (s->len - s->at >= n && memcmp(s->text + s->at, literals[i], n) == 0) {
			s->at += n;
			return true;
		}
	}
	return fault(s, s->at, "unexpected character");
}

bool jsonscan_words(struct jsonscan *s)
{
	s->at = text_utf8_valid(s->text, s->len);
	if (s->at < s->len)
		return fault(s, s->at, "invalid UTF-8");
	s->at = 0;
	while (s->at < s->len) {
		char c = s->text[s->at];
		bool fine = true;

		if (c == '"')
			fine = scan_string(s);
		else if (c == '-' || is_digit(c))
			fine = scan_number(s);
		else if (c && strchr(" \t\r\n[]{},:", c))
			s->members += s->text[s->at++] == ':';
		else
			fine = scan_literal(s);
		if (!fine)
			return false;
	}
	return true;
}
