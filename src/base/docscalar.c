/* What a plain scalar means, by the YAML 1.1 rules of a safe loader.
 *
 * People's policy files were written for such a loader and change their meaning under other rules: yes, on and off are
 * booleans, 0777 is octal, 1:30 is ninety, 1_000 a thousand, and 1e3 is a string, because a float needs a point (and
 * its exponent a sign). A scalar that was quoted, written as a block or tagged as a string is always a string. Another
 * tag makes a number, boolean or null also of a text that would not be one, or not of that kind, by itself: the text
 * is then rewritten to what the rules take for it.
 *
 * Nothing without a tag is refused here: what no rule takes is a string. An integer that int64 cannot hold becomes a float with the
 * nearest value. A date is recognised but not read, since no reader wants one: they say so.
 *
 * Numbers are read in the C locale; none of the programs sets another.
 */
#include "base/doc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/docbuild.h"
#include "base/mem.h"

#define DIGITS "0123456789"
#define DECIMAL DIGITS "_"

static bool one_of(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(s, *list) == 0)
			return true;
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool only(const char *s, const char *set)
{
	return s[strspn(s, set)] == '\0';
}

/* The value of a number written in C's way once underscores are gone. */
static double decimal(const char *s)
{
	char *copy = xstrdup(s), *to = copy;
	double value;

	for (; *s; s++)
		if (*s != '_')
			*to++ = *s;
	*to = '\0';
	value = strtod(copy, NULL);
	free(copy);
	return value;
}

/* The end of (:[0-5]?[0-9])+ at s, or NULL. */
static const char *sexagesimal_end(const char *s)
{
	if (*s != ':')
		return NULL;
	while (*s == ':') {
		if (!is_digit(s[1]))
			return NULL;
		s += is_digit(s[2]) && s[1] <= '5' ? 3 : 2;
		if (is_digit(*s))
			return NULL;
	}
	return s;
}

struct number {
	uint64_t whole;
	bool overflow;
	double value;
};

static void shift_in(struct number *n, unsigned base, unsigned digit)
{
	n->value = n->value * base + digit;
	if (__builtin_mul_overflow(n->whole, base, &n->whole) || __builtin_add_overflow(n->whole, digit, &n->whole))
		n->overflow = true;
}

static struct number read_digits(const char *s, unsigned base)
{
	struct number n = { 0 };

	for (; *s; s++) {
		unsigned digit = is_digit(*s) ? (unsigned)(*s - '0') : ((unsigned)*s | 0x20) - 'a' + 10;

		if (*s != '_')
			shift_in(&n, base, digit);
	}
	return n;
}

static struct number read_sexagesimal(const char *s)
{
	struct number n = { 0 };
	unsigned part = 0;
	const char *p;

	for (p = s; *p && *p != ':'; p++)
		if (*p != '_')
			shift_in(&n, 10, (unsigned)(*p - '0'));
	while (*p) {
		for (part = 0, p++; is_digit(*p); p++)
			part = part * 10 + (unsigned)(*p - '0');
		shift_in(&n, 60, part);
	}
	return n;
}

/* Whether s, without its sign, is an integer. */
static bool read_integer(const char *s, struct number *out)
{
	size_t head = strspn(s, DECIMAL);
	const char *end;

	if (s[0] == '0' && s[1] == 'b' && only(s + 2, "01_") && strpbrk(s + 2, DIGITS)) {
		*out = read_digits(s + 2, 2);
	} else if (s[0] == '0' && s[1] == 'x' && only(s + 2, DECIMAL "abcdefABCDEF") &&
		   strpbrk(s + 2, DIGITS "abcdefABCDEF")) {
		*out = read_digits(s + 2, 16);
	} else if (s[0] == '0' && only(s + 1, "01234567_")) {
		*out = read_digits(s, 8);
	} else if (s[0] >= '1' && s[0] <= '9' && !s[head]) {
		*out = read_digits(s, 10);
		out->value = decimal(s);
	} else if (s[0] >= '1' && s[0] <= '9' && (end = sexagesimal_end(s + head)) && !*end) {
		*out = read_sexagesimal(s);
	} else {
		return false;
	}
	return true;
}

static bool integer(const char *s, struct doc_value *out)
{
	bool negative = *s == '-';
	struct number n;

	if (!read_integer(s + (negative || *s == '+'), &n))
		return false;
	out->number = negative ? -n.value : n.value;
	if (n.overflow || n.whole > (uint64_t)INT64_MAX + negative) {
		out->type = DOC_FLOAT;
		return true;
	}
	out->type = DOC_INTEGER;
	out->integer = negative ? (int64_t)(0 - n.whole) : (int64_t)n.whole;
	return true;
}

/* The end of digits, and of an exponent with its sign, behind a point. */
static bool fraction_ends(const char *s)
{
	s += strspn(s, DECIMAL);
	if (*s != 'e' && *s != 'E')
		return !*s;
	return (s[1] == '-' || s[1] == '+') && is_digit(s[2]) && only(s + 2, DIGITS);
}

/* Hours, minutes and seconds with a point: 1:30.5 */
static double sexagesimal_value(const char *s)
{
	double value = 0;

	for (;;) {
		size_t n = strcspn(s, ":");
		char *part = xstrndup(s, n);

		value = value * 60 + decimal(part);
		free(part);
		if (!s[n])
			return value;
		s += n + 1;
	}
}

static bool floating(const char *s, double *out)
{
	static const char *const infinite[] = { ".inf", ".Inf", ".INF", NULL };
	static const char *const nan_words[] = { ".nan", ".NaN", ".NAN", NULL };
	bool sign = *s == '-' || *s == '+';
	const char *p = s + sign, *end;
	size_t head = strspn(p, DECIMAL);

	if (one_of(p, infinite)) {
		*out = INFINITY;
	} else if (!sign && one_of(p, nan_words)) {
		*out = NAN;
	} else if (is_digit(*p) && p[head] == '.' && fraction_ends(p + head + 1)) {
		*out = decimal(p);
	} else if (!sign && *p == '.' && is_digit(p[1]) && fraction_ends(p + 1)) {
		*out = decimal(p);
	} else if (is_digit(*p) && (end = sexagesimal_end(p + head)) && *end == '.' && only(end + 1, DECIMAL)) {
		*out = sexagesimal_value(p);
	} else {
		return false;
	}
	if (*s == '-')
		*out = -*out;
	return true;
}

/* At least min and at most max digits; what follows them, or NULL. */
static const char *digits(const char *s, size_t min, size_t max)
{
	size_t n = s ? strspn(s, DIGITS) : 0;

	return s && n >= min && n <= max ? s + n : NULL;
}

static const char *sign_of(const char *s, char c)
{
	return s && *s == c ? s + 1 : NULL;
}

/* [ \t]*(Z|[-+]hh?(:mm)?)? up to the end. */
static bool zone_ends(const char *s)
{
	const char *p = s + strspn(s, " \t");

	if (!*s || strcmp(p, "Z") == 0)
		return true;
	if (*p != '-' && *p != '+')
		return false;
	p = digits(p + 1, 1, 2);
	if (p && *p == ':')
		p = digits(p + 1, 2, 2);
	return p && !*p;
}

static bool date(const char *s)
{
	const char *month = sign_of(digits(s, 4, 4), '-'), *day = sign_of(digits(month, 1, 2), '-');
	const char *p = digits(day, 1, 2);

	if (!p)
		return false;
	if (!*p)
		return day - month == 3 && p - day == 2;
	if (*p == 'T' || *p == 't')
		p++;
	else if (*p == ' ' || *p == '\t')
		p += strspn(p, " \t");
	else
		return false;
	p = digits(sign_of(digits(sign_of(digits(p, 1, 2), ':'), 2, 2), ':'), 2, 2);
	if (!p)
		return false;
	if (*p == '.') {
		p++;
		p += strspn(p, DIGITS);
	}
	return zone_ends(p);
}

static enum doc_type resolve(const char *s, struct doc_value *out)
{
	static const char *const yes[] = { "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", NULL };
	static const char *const no[] = { "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", NULL };
	static const char *const null[] = { "", "~", "null", "Null", "NULL", NULL };

	if (one_of(s, null))
		return DOC_NULL;
	out->boolean = one_of(s, yes);
	if (out->boolean || one_of(s, no))
		return DOC_BOOL;
	if (floating(s, &out->number))
		return DOC_FLOAT;
	if (integer(s, out))
		return out->type;
	return date(s) ? DOC_DATE : DOC_STRING;
}

enum doc_type doc_scalar(const struct doc_node *node, struct doc_value *out)
{
	memset(out, 0, sizeof(*out));
	out->type = node->kind != DOC_SCALAR || node->quoted ? DOC_STRING : resolve(node->text, out);
	return out->type;
}

/* ---- tags ---- */

/* Each returns the text by which the rules above know the value, allocated; NULL if s is none of the kind. */

static char *as_null(const char *s)
{
	(void)s;
	return xstrdup("null");
}

static char *as_bool(const char *s)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0)
			return xstrdup(i % 2 ? "true" : "false");
	return NULL;
}

static char *as_integer(const char *s)
{
	struct doc_value v;

	return integer(s, &v) ? xstrdup(s) : NULL;
}

/* Also of what has no point, or no sign in its exponent. */
static char *as_float(const char *s)
{
	struct doc_value v;
	double value;
	char *end;

	if (floating(s, &value))
		return xstrdup(s);
	if (integer(s, &v)) {
		value = v.number;
	} else {
		value = strtod(s, &end);
		if (!*s || *end || !only(s, DIGITS "+-.eE"))
			return NULL;
	}
	if (isinf(value))
		return xstrdup(value < 0 ? "-.inf" : ".inf");

	return xasprintf("%.16e", value);	/* 5.0000000000000000e+00: all of a double, a point and a sign */
}

static const struct {
	const char *tag, *what;
	char *(*as)(const char *s);
} tags[] = {
	{ DOC_TAG "null", "null", as_null },
	{ DOC_TAG "bool", "a boolean", as_bool },
	{ DOC_TAG "int", "a whole number", as_integer },
	{ DOC_TAG "float", "a number", as_float },
};

void docbuild_tag(struct docbuild *b, struct doc_node *node, const char *tag)
{
	size_t i = 0;
	char *text;

	if (strcmp(tag, DOC_TAG "str") == 0) {
		node->quoted = true;
		return;
	}
	while (i < sizeof(tags) / sizeof(tags[0]) && strcmp(tags[i].tag, tag) != 0)
		i++;
	if (i == sizeof(tags) / sizeof(tags[0])) {
		faults_error(b->faults, b->doc->file, node->line, "the tag '%.64s' is not supported", tag);
		return;
	}
	text = tags[i].as(node->text);
	if (text == NULL) {
		faults_error(b->faults, b->doc->file, node->line, "'%.64s' is not %s, as its tag says", node->text,
			tags[i].what);
		return;
	}
	free(node->text);
	node->text = text;
	node->len = strlen(text);
	node->quoted = false;
}
