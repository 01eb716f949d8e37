/* The small pieces of a pattern: characters, escapes, sets of characters, bounds of repeats.
 *
 * Every character but letters and digits is written as its number, so that PCRE2 finds no syntax in it. The pattern is
 * UTF-8. */
#include "checks/policy_pattern_parts.h"

#include <ctype.h>
#include <string.h>

#define REPEAT_MAX 65535

bool pattern_wrong(struct reading *r, const char *why)
{
	r->result = PATTERN_WRONG;
	r->why = why;
	return false;
}

bool pattern_foreign(struct reading *r, const char *why)
{
	r->result = PATTERN_FOREIGN;
	r->why = why;
	return false;
}

int pattern_peek(const struct reading *r)
{
	return r->at < r->end ? (unsigned char)*r->at : NOTHING;
}

bool pattern_take(struct reading *r, char c)
{
	bool there = pattern_peek(r) == (unsigned char)c;

	r->at += there;
	return there;
}

long pattern_take_character(struct reading *r)
{
	unsigned char lead = (unsigned char)*r->at++;
	long code = lead < 0x80 ? lead : lead < 0xe0 ? lead & 0x1f : lead < 0xf0 ? lead & 0x0f : lead & 0x07;

	while (lead >= 0x80 && r->at < r->end && ((unsigned char)*r->at & 0xc0) == 0x80)
		code = code << 6 | ((unsigned char)*r->at++ & 0x3f);
	return code;
}

void pattern_put_character(struct reading *r, long code)
{
	if (code < 0x80 && isalnum((int)code))
		buf_printf(r->out, "%c", (int)code);
	else
		buf_printf(r->out, "\\x{%lx}", code);
}

/* Exactly n hexadecimal digits, behind \x, \u or \U. */
static bool read_hex(struct reading *r, int n, long *code)
{
	*code = 0;
	for (int i = 0; i < n; i++) {
		int c = pattern_peek(r);

		if (c == NOTHING || !isxdigit(c))
			return pattern_wrong(r, "an escape with too few digits");
		*code = *code * 16 + (isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
		r->at++;
	}
	if (*code > 0x10ffff)
		return pattern_wrong(r, "an escape of no character");
	if (*code >= 0xd800 && *code <= 0xdfff)
		return pattern_foreign(r, "a lone surrogate");
	return true;
}

bool pattern_read_letter(struct reading *r, char c, long *code)
{
	static const char names[] = "abfnrtv", codes[] = "\a\b\f\n\r\t\v";
	const char *name = strchr(names, c);

	if (strchr("dDsSwW", c) != NULL) {
		buf_printf(r->out, "\\%c", c);
		*code = CATEGORY;
		return true;
	}
	if (name != NULL) {
		*code = codes[name - names];
		return true;
	}
	if (c == 'x' || c == 'u' || c == 'U')
		return read_hex(r, c == 'x' ? 2 : c == 'u' ? 4 : 8, code);
	if (c == 'N' && pattern_peek(r) == '{')
		return pattern_foreign(r, "\\N{...}, a character by its name");
	return pattern_wrong(r, "an unknown escape");
}

bool pattern_read_octal(struct reading *r, int max, long *code)
{
	*code = 0;
	for (int i = 0; i < max && pattern_peek(r) >= '0' && pattern_peek(r) <= '7'; i++)
		*code = *code * 8 + (*r->at++ - '0');
	return *code <= 0377 || pattern_wrong(r, "an octal escape beyond 0377");
}

static bool read_set_escape(struct reading *r, long *code)
{
	int c = pattern_peek(r);

	if (c >= '0' && c <= '7')
		return pattern_read_octal(r, 3, code);
	if (c == NOTHING || c == '8' || c == '9')
		return pattern_wrong(r, "an unknown escape");
	*code = pattern_take_character(r);
	return c >= 0x80 || !isalpha(c) || pattern_read_letter(r, (char)c, code);
}

/* One member of a set, or a range of which it is the beginning. */
static bool read_member(struct reading *r)
{
	long from, to;

	if (!pattern_take(r, '\\'))
		from = pattern_take_character(r);
	else if (!read_set_escape(r, &from))
		return false;
	if (from != CATEGORY)
		pattern_put_character(r, from);
	if (pattern_peek(r) != '-' || r->end - r->at < 2 || r->at[1] == ']')
		return true;
	r->at++;
	buf_puts(r->out, "-");
	if (!pattern_take(r, '\\'))
		to = pattern_take_character(r);
	else if (!read_set_escape(r, &to))
		return false;
	if (from == CATEGORY || to == CATEGORY || to < from)
		return pattern_wrong(r, "a range of characters that is none");
	pattern_put_character(r, to);
	return true;
}

bool pattern_read_set(struct reading *r)
{
	bool first = true;

	buf_puts(r->out, pattern_take(r, '^') ? "[^" : "[");
	for (; first || pattern_peek(r) != ']'; first = false) {
		if (pattern_peek(r) == NOTHING)
			return pattern_wrong(r, "a set of characters without end");
		if (!read_member(r))
			return false;
	}
	r->at++;
	buf_puts(r->out, "]");
	return true;
}

/* Digits, as far as it matters how many. false if there are none. */
static bool read_count(struct reading *r, uint64_t *n)
{
	const char *start = r->at;

	for (*n = 0; pattern_peek(r) != NOTHING && isdigit(pattern_peek(r)); r->at++)
		*n = *n > REPEAT_MAX ? *n : *n * 10 + (uint64_t)(*r->at - '0');
	return r->at > start;
}

bool pattern_read_bounds(struct reading *r, bool *repeat, uint64_t *least, uint64_t *most)
{
	const char *start = r->at;
	bool bounded;

	*repeat = false;
	if (pattern_peek(r) == '}')
		return true;
	bounded = read_count(r, least);
	*most = *least;
	if (pattern_take(r, ','))
		bounded = read_count(r, most);
	if (!pattern_take(r, '}')) {
		r->at = start;
		return true;
	}
	*repeat = true;
	if (*least > REPEAT_MAX || *most > REPEAT_MAX)
		return pattern_foreign(r, "a repeat of more than 65535");
	if (!bounded)
		*most = WIDTH_MAX;
	return *least <= *most || pattern_wrong(r, "a repeat whose least is more than its most");
}
