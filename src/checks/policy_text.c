/* The text form of values, and numbers in text, after Python: policies written for Checkov compare texts, so 1.0 is
 * "1.0", true is "True" and a list is "['a', 1]".
 *
 * Contract: strings are returned as they are, without a copy; everything else is written into a buffer of the caller,
 * whose maximum bounds the work. Numbers keep the text they have in the plan when they are integers of any size; others
 * are read as doubles and written in the shortest form that reads back the same.
 *
 * Limits: the repr of text inside lists escapes control characters and quotes, not unprintable characters beyond ASCII.
 * Digits of numbers in text are those of ASCII; Python takes all that Unicode calls digits. */
#include "checks/policy_text.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool is_integer_text(const char *text, size_t len)
{
	return memchr(text, '.', len) == NULL && memchr(text, 'e', len) == NULL && memchr(text, 'E', len) == NULL;
}

int policy_float_text(double d, struct buf *buf)
{
	char digits[40], out[64];

	if (isnan(d))
		return buf_append(buf, "nan", 3);
	if (isinf(d))
		return buf_append(buf, d < 0 ? "-inf" : "inf", d < 0 ? 4 : 3);
	/* The shortest of all precisions that reads back the same: d.ddde±xx. */
	for (int precision = 0; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*e", precision, d);
		if (strtod(digits, NULL) == d)
			break;
	}
	char *e = strchr(digits, 'e');
	int exponent = e != NULL ? (int)strtol(e + 1, NULL, 10) : 0;

	if (exponent < -4 || exponent >= 16)
		return buf_append(buf, digits, strlen(digits));
	const char *point = strchr(digits, '.');
	int mantissa = point != NULL ? (int)(e - point) - 1 : 0;	/* digits behind the point */
	int decimals = mantissa - exponent;

	snprintf(out, sizeof(out), "%.*f", decimals > 0 ? decimals : 1, d);
	return buf_append(buf, out, strlen(out));
}

static int put_number(const char *text, size_t len, struct buf *buf)
{
	if (is_integer_text(text, len)) {
		if (len == 2 && memcmp(text, "-0", 2) == 0)
			return buf_append(buf, "0", 1);
		return buf_append(buf, text, len);
	}
	return policy_float_text(strtod(text, NULL), buf);
}

static bool stands_for_itself(unsigned char c, char quote)
{
	return c >= 0x20 && c != 0x7f && c != '\\' && c != (unsigned char)quote;
}

/* repr of a string: in single quotes unless it has one and no double quote. */
static int put_quoted(const char *text, size_t len, struct buf *buf)
{
	char quote = memchr(text, '\'', len) != NULL && memchr(text, '"', len) == NULL ? '"' : '\'';
	char escape[8];

	if (buf_append(buf, &quote, 1) != 0)
		return -1;
	for (size_t i = 0, n; i < len; i++) {
		for (n = 0; i + n < len && stands_for_itself((unsigned char)text[i + n], quote); n++)
			continue;
		if (buf_append(buf, text + i, n) != 0)
			return -1;
		i += n;
		if (i == len)
			break;
		unsigned char c = (unsigned char)text[i];

		if (c == '\n' || c == '\r' || c == '\t')
			snprintf(escape, sizeof(escape), "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
		else
			snprintf(escape, sizeof(escape), c < 0x20 || c == 0x7f ? "\\x%02x" : "\\%c", c);
		if (buf_append(buf, escape, strlen(escape)) != 0)
			return -1;
	}
	return buf_append(buf, &quote, 1);
}

static int put_value(const struct view *v, struct buf *buf);

static int put_list(const struct view *v, struct buf *buf)
{
	struct view_iterator it;
	struct view child;

	if (buf_append(buf, "[", 1) != 0)
		return -1;
	view_start(&it, v);
	while (view_next(&it, v, &child)) {
		if ((it.index > 0 && buf_append(buf, ", ", 2) != 0) || put_value(&child, buf) != 0)
			return -1;
	}
	return buf_append(buf, "]", 1);
}

struct member {
	const char *key;
	size_t len;
	struct view view;
};

static int by_key(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = memcmp(x->key, y->key, x->len < y->len ? x->len : y->len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static int put_members(const struct member *members, size_t n, struct buf *buf)
{
	if (buf_append(buf, "{", 1) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if ((i > 0 && buf_append(buf, ", ", 2) != 0) || put_quoted(members[i].key, members[i].len, buf) != 0 ||
			buf_append(buf, ": ", 2) != 0 || put_value(&members[i].view, buf) != 0)
			return -1;
	}
	return buf_append(buf, "}", 1);
}

/* In the order of the keys, as Terraform writes them, whatever their order in the plan. */
static int put_object(const struct view *v, struct buf *buf)
{
	struct member *members = xcalloc(view_count(v) + 1, sizeof(*members));
	struct view_iterator it;
	size_t n = 0;
	int result;

	view_start(&it, v);
	while (view_next(&it, v, &members[n].view)) {
		members[n].key = it.key;
		members[n++].len = it.key_len;
	}
	qsort(members, n, sizeof(*members), by_key);
	result = put_members(members, n, buf);
	free(members);
	return result;
}

static int put_value(const struct view *v, struct buf *buf)
{
	switch (v->type) {
	case VIEW_MISSING:
	case VIEW_NULL:
	case VIEW_UNKNOWN:
		return buf_append(buf, "None", 4);
	case VIEW_BOOL:
		return v->boolean ? buf_append(buf, "True", 4) : buf_append(buf, "False", 5);
	case VIEW_NUMBER:
		return put_number(v->text, v->len, buf);
	case VIEW_STRING:
		return put_quoted(v->text, v->len, buf);
	case VIEW_LIST:
		return put_list(v, buf);
	case VIEW_OBJECT:
		break;
	}
	return put_object(v, buf);
}

int policy_text(const struct view *v, struct buf *buf, const char **text, size_t *len)
{
	if (v->type == VIEW_STRING) {
		*text = v->text;
		*len = v->len;
		return 0;
	}
	buf_clear(buf);
	if (put_value(v, buf) != 0)
		return -1;
	*text = buf_text(buf);
	*len = buf->len;
	return 0;
}

size_t policy_space(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned code;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return p[0] == ' ' || (p[0] >= '\t' && p[0] <= '\r') || (p[0] >= 0x1c && p[0] <= 0x1f);
	if (len >= 2 && p[0] == 0xc2)
		return p[1] == 0x85 || p[1] == 0xa0 ? 2 : 0;
	if (len < 3 || (p[0] & 0xf0) != 0xe0)
		return 0;
	code = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	return code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 ||
		code == 0x202f || code == 0x205f || code == 0x3000 ? 3 : 0;
}

/* The length of the white space at the end of a text; one character. */
static size_t space_before_end(const char *text, size_t len)
{
	for (size_t n = 1; n <= 3 && n <= len; n++) {
		if (policy_space(text + len - n, n) == n)
			return n;
	}
	return 0;
}

/* Without the white space around it, and with the _ that Python allows between digits taken out. The length, or 0 if
 * there is nothing, too much, or a _ elsewhere. */
static size_t trimmed(const char *text, size_t len, char *out, size_t size)
{
	size_t n = 0, space;

	while ((space = policy_space(text, len)) > 0) {
		text += space;
		len -= space;
	}
	while ((space = space_before_end(text, len)) > 0)
		len -= space;
	if (len == 0 || len >= size)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '_') {
			if (i == 0 || i + 1 == len || !isdigit((unsigned char)text[i - 1]) ||
				!isdigit((unsigned char)text[i + 1]))
				return 0;
			continue;
		}
		out[n++] = text[i];
	}
	out[n] = '\0';
	return n;
}

bool policy_number_text(const char *text, size_t len, double *out)
{
	char digits[400], *end;
	size_t n = trimmed(text, len, digits, sizeof(digits));

	/* strtod also reads hexadecimal and nan(...), Python does not. */
	if (n == 0 || strpbrk(digits, "xXpP(") != NULL || strlen(digits) != n)
		return false;
	*out = strtod(digits, &end);
	return *end == '\0' && end != digits;
}

bool policy_number(const struct view *v, double *out)
{
	if (v->type == VIEW_BOOL) {
		*out = v->boolean ? 1 : 0;
		return true;
	}
	return (v->type == VIEW_NUMBER || v->type == VIEW_STRING) && policy_number_text(v->text, v->len, out);
}

/* The digits of a whole number, in out unless they stand in the plan; NULL: it is none. */
static const char *whole_digits(const struct view *v, char *out, size_t size)
{
	double d;

	if (v->type == VIEW_BOOL)
		return v->boolean ? "1" : "0";
	if (is_integer_text(v->text, v->len))
		return strcmp(v->text, "-0") == 0 ? "0" : v->text;
	d = strtod(v->text, NULL);
	if (!isfinite(d) || d != trunc(d))
		return NULL;
	snprintf(out, size, "%.0f", d == 0 ? 0.0 : d);
	return out;
}

int policy_number_order(const struct view *a, const struct view *b)
{
	char digits[DBL_MAX_10_EXP + 8], other_digits[DBL_MAX_10_EXP + 8];
	const char *x = whole_digits(a, digits, sizeof(digits));
	const char *y = whole_digits(b, other_digits, sizeof(other_digits));

	if (x != NULL && y != NULL)
		return strcmp(x, y);
	if (x != NULL || y != NULL)
		return x != NULL ? -1 : 1;

	double p = strtod(a->text, NULL), q = strtod(b->text, NULL);

	return (p > q) - (p < q);
}

bool policy_number_equal(const struct view *a, const struct view *b)
{
	return policy_number_order(a, b) == 0;
}

bool policy_integer_text(const char *text, size_t len, int64_t *out)
{
	char digits[400], *end;
	size_t n = trimmed(text, len, digits, sizeof(digits));

	if (n == 0 || strlen(digits) != n)
		return false;
	*out = strtoll(digits, &end, 10);
	return *end == '\0' && end != digits;
}

bool policy_integer(const struct view *v, int64_t *out)
{
	if (v->type == VIEW_BOOL) {
		*out = v->boolean ? 1 : 0;
		return true;
	}
	if (v->type == VIEW_NUMBER && !is_integer_text(v->text, v->len)) {
		double d = strtod(v->text, NULL);

		*out = fabs(d) < 9e18 ? (int64_t)d : d < 0 ? INT64_MIN : INT64_MAX;
		return true;
	}
	return (v->type == VIEW_NUMBER || v->type == VIEW_STRING) && policy_integer_text(v->text, v->len, out);
}
