/* Reads a pattern as Python 3.11 does (re/_parser.py there) and writes it in words that mean the same to PCRE2.
 *
 * Why not the text as it is: both dialects agree on most of it, but the rest gives other verdicts without a word
 * ([[:alpha:]], \Z, \v, x{,2}), or is something else to PCRE2 alone (\Q, \K, (*VERB), (?|). And whether a pattern
 * matches nothing, as Checkov has it of one that Python rejects, or makes the policy unusable, can only be told by who
 * knows Python's rules. So nothing is copied but letters and digits: every other character is written as its number
 * (policy_pattern_piece.c), and what PCRE2 gets to see of its own syntax was put there here.
 *
 * Foreign is what depends on the version of Python, or has no counterpart: flags in the middle, \N{name}, conditional
 * groups, lone surrogates, repeats beyond 65535, ASCII rules for a part or together with ignored case. Widths are kept
 * because Python wants those of a lookbehind to be fixed.
 *
 * Known difference: \s is Unicode's white space without the control characters 28 to 31, which Python adds. */
#include "checks/policy_pattern_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define GROUPS_MAX 1000
#define DEPTH_MAX 100

static struct width plus(struct width a, struct width b)
{
	struct width sum = { a.least + b.least, a.most + b.most };

	sum.least = sum.least < WIDTH_MAX ? sum.least : WIDTH_MAX;
	sum.most = sum.most < WIDTH_MAX ? sum.most : WIDTH_MAX;
	return sum;
}

static bool put_reference(struct reading *r, size_t number, struct width *width)
{
	if (number > r->groups)
		return pattern_wrong(r, "a reference to a group that is not there");
	if (!r->group[number].closed)
		return pattern_wrong(r, "a reference to a group that is open");
	if (r->behind > 0 && number >= r->behind)
		return pattern_wrong(r, "a reference to a group of the same lookbehind");
	buf_printf(r->out, "\\g{%zu}", number);
	*width = r->group[number].width;
	return true;
}

/* A backslash and a digit other than 0: three octal digits are a character, else it is a reference. */
static bool read_number(struct reading *r, long *code, struct width *width)
{
	const char *start = r->at;
	size_t number = 0;

	while (r->at < r->end && r->at < start + 3 && *r->at >= '0' && *r->at <= '7')
		r->at++;
	bool octal = r->at == start + 3;

	r->at = start;
	if (octal)
		return pattern_read_octal(r, 3, code);
	for (int i = 0; i < 2 && pattern_peek(r) != NOTHING && isdigit(pattern_peek(r)); i++)
		number = number * 10 + (size_t)(*r->at++ - '0');
	*code = CATEGORY;
	return put_reference(r, number, width);
}

/* Items one behind the other, of which the last may still be repeated. */
struct sequence {
	bool there, anchor, repeated;	/* what the last one is */
	struct width last, before;	/* before: of all others */
};

static void begin_item(struct sequence *s, uint64_t width)
{
	*s = (struct sequence){ .there = true, .last = { width, width }, .before = plus(s->before, s->last) };
}

static bool put_repeat(struct reading *r, struct sequence *s, uint64_t least, uint64_t most)
{
	if (!s->there || s->anchor)
		return pattern_wrong(r, "nothing to repeat");
	if (s->repeated)
		return pattern_wrong(r, "a repeat of a repeat");
	if (most < WIDTH_MAX)
		buf_printf(r->out, "{%llu,%llu}", (unsigned long long)least, (unsigned long long)most);
	else
		buf_printf(r->out, "{%llu,}", (unsigned long long)least);
	if (pattern_take(r, '?'))
		buf_puts(r->out, "?");
	else if (pattern_take(r, '+'))
		buf_puts(r->out, "+");
	s->repeated = true;
	s->last = plus((struct width){ s->last.least * least, s->last.most * most }, (struct width){ 0, 0 });
	return true;
}

static bool read_alternatives(struct reading *r, bool verbose, struct width *width);

/* What stands between the parentheses of a group, and the second one. */
static bool read_inside(struct reading *r, bool verbose, struct width *width)
{
	if (++r->depth > DEPTH_MAX)
		return pattern_foreign(r, "groups that are nested too deeply");
	if (!read_alternatives(r, verbose, width))
		return false;
	if (!pattern_take(r, ')'))
		return pattern_wrong(r, "a group without end");
	r->depth--;
	buf_puts(r->out, ")");
	return true;
}

static bool read_capture(struct reading *r, const char *name, size_t name_len, bool verbose, struct width *width)
{
	if (r->groups + 1 == GROUPS_MAX)
		return pattern_foreign(r, "too many groups");
	struct group *g = &r->group[++r->groups];

	g->name = name;
	g->name_len = name_len;
	buf_puts(r->out, "(");
	if (!read_inside(r, verbose, width))
		return false;
	g->closed = true;
	g->width = *width;
	return true;
}

/* A name, and what ends it. */
static bool read_name(struct reading *r, char end, const char **name, size_t *len)
{
	*name = r->at;
	for (; pattern_peek(r) != NOTHING && pattern_peek(r) != end; r->at++) {
		int c = pattern_peek(r);

		if (c >= 0x80)
			return pattern_foreign(r, "a name of a group that is not ASCII");
		if (c != '_' && !isalpha(c) && (!isdigit(c) || r->at == *name))
			return pattern_wrong(r, "a bad name of a group");
	}
	*len = (size_t)(r->at - *name);
	return (*len > 0 && pattern_take(r, end)) || pattern_wrong(r, "a bad name of a group");
}

static size_t find_name(const struct reading *r, const char *name, size_t len)
{
	for (size_t i = 1; i <= r->groups; i++) {
		const struct group *g = &r->group[i];

		if (g->name != NULL && g->name_len == len && memcmp(g->name, name, len) == 0)
			return i;
	}
	return 0;
}

/* Behind (?P. */
static bool read_named(struct reading *r, bool verbose, struct width *width)
{
	const char *name;
	size_t len, number;

	if (pattern_take(r, '<')) {
		if (!read_name(r, '>', &name, &len))
			return false;
		if (find_name(r, name, len) != 0)
			return pattern_wrong(r, "a name of a group that is there already");
		return read_capture(r, name, len, verbose, width);
	}
	if (!pattern_take(r, '='))
		return pattern_wrong(r, "an unknown extension (?P");
	if (!read_name(r, ')', &name, &len))
		return false;
	number = find_name(r, name, len);
	return number != 0 ? put_reference(r, number, width) : pattern_wrong(r, "an unknown name of a group");
}

/* Up to what ends a comment, which is taken. An escape is one piece there, too. false at the pattern's end. */
static bool skip_comment(struct reading *r, char end)
{
	while (pattern_peek(r) != NOTHING) {
		if (pattern_take(r, end))
			return true;
		if (pattern_take(r, '\\') && pattern_peek(r) == NOTHING)
			return pattern_wrong(r, "a backslash at the end");
		r->at++;
	}
	return false;
}

static bool read_comment(struct reading *r)
{
	return skip_comment(r, ')') || pattern_wrong(r, "a comment without end");
}

/* (?=, (?!, (?<= or (?<!, the rest of which follows. */
static bool read_assertion(struct reading *r, bool verbose, struct width *width)
{
	bool behind = pattern_take(r, '<'), outermost = r->behind == 0;
	struct width inner = { 0, 0 };

	if (pattern_peek(r) != '=' && pattern_peek(r) != '!')
		return pattern_wrong(r, "an unknown extension (?<");
	buf_printf(r->out, "(?%s%c", behind ? "<" : "", *r->at++);
	if (behind && outermost)
		r->behind = r->groups + 1;
	if (!read_inside(r, verbose, &inner))
		return false;
	if (behind && outermost)
		r->behind = 0;
	*width = (struct width){ 0, 0 };
	return !behind || inner.least == inner.most || pattern_wrong(r, "a lookbehind of no fixed width");
}

enum { FLAG_I = 1, FLAG_M = 2, FLAG_S = 4, FLAG_X = 8, FLAG_A = 16, FLAG_U = 32 };

/* Letters of flags up to one of ends, which is taken. */
static bool read_letters(struct reading *r, const char *ends, unsigned *flags, char *end)
{
	static const char names[] = "imsxau";

	for (*flags = 0;;) {
		int c = pattern_peek(r);
		const char *name = c == NOTHING || c == '\0' ? NULL : strchr(names, c);

		if (c == NOTHING || c == '\0')
			return pattern_wrong(r, "flags without end");
		r->at++;
		if (name != NULL) {
			*flags |= 1u << (name - names);
			if ((*flags & FLAG_A) && (*flags & FLAG_U))
				return pattern_wrong(r, "flags that exclude each other");
		} else if (strchr(ends, c) != NULL) {
			*end = (char)c;
			return *flags != 0 || c == '-' || pattern_wrong(r, "flags are missing");
		} else {
			return c == 't' ? pattern_foreign(r, "the flag t") : pattern_wrong(r, "an unknown flag");
		}
	}
}

static bool set_flags(struct reading *r, unsigned flags)
{
	/* Older versions of Python take them anywhere. */
	if (r->out->len > 0)
		return pattern_foreign(r, "flags that do not stand at its beginning");
	r->flags->ignore_case |= (flags & FLAG_I) != 0;
	r->flags->multiline |= (flags & FLAG_M) != 0;
	r->flags->dot_all |= (flags & FLAG_S) != 0;
	r->flags->ascii |= (flags & FLAG_A) != 0;
	r->unicode |= (flags & FLAG_U) != 0;
	r->verbose |= (flags & FLAG_X) != 0;
	r->ignores_case |= r->flags->ignore_case;
	return true;
}

/* Behind (? where flags begin. global: they were for all that follows. */
static bool read_flags(struct reading *r, bool verbose, bool *global, struct width *width)
{
	unsigned on, off = 0;
	char end;

	if (!read_letters(r, ")-:", &on, &end))
		return false;
	*global = end == ')';
	if (*global)
		return set_flags(r, on);
	if (end == '-' && !read_letters(r, ":", &off, &end))
		return false;
	if (off & (FLAG_A | FLAG_U))
		return pattern_wrong(r, "a flag that can't be turned off");
	if (on & off)
		return pattern_wrong(r, "a flag that is turned on and off");
	if (on & (FLAG_A | FLAG_U))
		return pattern_foreign(r, "the flags a and u for a part of it");
	r->ignores_case |= (on & FLAG_I) != 0;
	verbose = (verbose || (on & FLAG_X)) && !(off & FLAG_X);
	buf_printf(r->out, "(?%s%s%s-%s%s%s:", on & FLAG_I ? "i" : "", on & FLAG_M ? "m" : "", on & FLAG_S ? "s" : "",
		off & FLAG_I ? "i" : "", off & FLAG_M ? "m" : "", off & FLAG_S ? "s" : "");
	return read_inside(r, verbose, width);
}

/* Whatever begins with a parenthesis, which has been taken. */
static bool read_group(struct reading *r, bool verbose, struct sequence *s)
{
	struct width width = { 0, 0 };
	bool nothing = false, good;	/* nothing: a comment, or flags for all that follows */

	if (!pattern_take(r, '?')) {
		good = read_capture(r, NULL, 0, verbose, &width);
	} else if (pattern_take(r, 'P')) {
		good = read_named(r, verbose, &width);
	} else if (pattern_take(r, '#')) {
		nothing = true;
		good = read_comment(r);
	} else if (pattern_peek(r) == ':' || pattern_peek(r) == '>') {
		buf_puts(r->out, *r->at++ == '>' ? "(?>" : "(?:");
		good = read_inside(r, verbose, &width);
	} else if (pattern_peek(r) == '=' || pattern_peek(r) == '!' || pattern_peek(r) == '<') {
		good = read_assertion(r, verbose, &width);
	} else if (pattern_peek(r) == '(') {
		good = pattern_foreign(r, "a conditional group");
	} else {
		good = read_flags(r, verbose, &nothing, &width);
	}
	if (good && !nothing) {
		begin_item(s, 0);
		s->last = width;
	}
	return good;
}

static bool read_anchor(struct reading *r, struct sequence *s, const char *written)
{
	begin_item(s, 0);
	s->anchor = true;
	buf_puts(r->out, written);
	return true;
}

/* An escape outside of sets, whose backslash has been taken. */
static bool read_escape(struct reading *r, struct sequence *s)
{
	static const struct { char name; const char *written; } anchors[] = {
		{ 'A', "\\A" }, { 'b', "\\b" }, { 'Z', "\\z" },
		{ 'B', "(?!\\A\\z)\\B" },	/* nowhere in the empty text */
	};
	struct width width = { 1, 1 };
	int c = pattern_peek(r);
	long code;

	for (size_t i = 0; i < sizeof(anchors) / sizeof(anchors[0]); i++) {
		if (pattern_take(r, anchors[i].name))
			return read_anchor(r, s, anchors[i].written);
	}
	if (c == NOTHING)
		return pattern_wrong(r, "a backslash at the end");
	if (c == '0') {
		if (!pattern_read_octal(r, 3, &code))
			return false;
	} else if (isdigit(c)) {
		if (!read_number(r, &code, &width))
			return false;
	} else {
		code = pattern_take_character(r);
		if (c < 0x80 && isalpha(c) && !pattern_read_letter(r, (char)c, &code))
			return false;
	}
	if (code != CATEGORY)
		pattern_put_character(r, code);
	begin_item(s, 0);
	s->last = width;
	return true;
}

/* One item, or a repeat of the one before. c is its first character, which has been taken. */
static bool read_item(struct reading *r, char c, bool verbose, struct sequence *s)
{
	uint64_t least, most;
	bool repeat;

	switch (c) {
	case '*':
	case '+':
	case '?':
		return put_repeat(r, s, c == '+', c == '?' ? 1 : WIDTH_MAX);
	case '{':
		if (!pattern_read_bounds(r, &repeat, &least, &most))
			return false;
		if (repeat)
			return put_repeat(r, s, least, most);
		break;
	case '(':
		return read_group(r, verbose, s);
	case '\\':
		return read_escape(r, s);
	case '^':
	case '$':
		return read_anchor(r, s, c == '^' ? "^" : "$");
	}
	begin_item(s, 1);
	if (c == '[')
		return pattern_read_set(r);
	r->at--;
	if (pattern_take(r, '.'))
		buf_puts(r->out, ".");
	else
		pattern_put_character(r, pattern_take_character(r));
	return true;
}

/* Items up to a | or the end of what they stand in. */
static bool read_sequence(struct reading *r, bool verbose, struct width *width)
{
	struct sequence s = { .there = false };

	while (pattern_peek(r) != NOTHING && *r->at != '|' && *r->at != ')') {
		char c = *r->at++;

		verbose |= r->depth == 0 && r->verbose;
		if (verbose && c == '#') {
			if (!skip_comment(r, '\n') && r->result != PATTERN_GOOD)
				return false;
		} else if (!verbose || c == '\0' || strchr(" \t\n\r\v\f", c) == NULL) {
			if (!read_item(r, c, verbose, &s))
				return false;
		}
	}
	*width = plus(s.before, s.last);
	return true;
}

static bool read_alternatives(struct reading *r, bool verbose, struct width *width)
{
	struct width one = { 0, 0 };

	if (!read_sequence(r, verbose, width))
		return false;
	while (pattern_take(r, '|')) {
		buf_puts(r->out, "|");
		if (!read_sequence(r, verbose, &one))
			return false;
		width->least = one.least < width->least ? one.least : width->least;
		width->most = one.most > width->most ? one.most : width->most;
	}
	return true;
}

enum policy_pattern_result policy_pattern_translate(const char *pattern, size_t len, struct buf *out,
	struct policy_pattern_flags *flags, const char **why)
{
	struct reading r = { .at = pattern, .end = pattern + len, .out = out, .flags = flags,
		.group = xcalloc(GROUPS_MAX, sizeof(*r.group)) };
	struct width width;

	*flags = (struct policy_pattern_flags){ .ascii = false };
	if (read_alternatives(&r, false, &width)) {
		if (r.at < r.end)
			pattern_wrong(&r, "a parenthesis without its first");
		else if (flags->ascii && (r.ignores_case || r.unicode))
			pattern_foreign(&r, "the flag a together with i or u");
	}
	free(r.group);
	*why = r.why;
	return r.result;
}
