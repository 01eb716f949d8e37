/* Text that comes from elsewhere or goes to people.
 *
 * UTF-8 is judged by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. The functions that cut and
 * count take valid UTF-8; on anything else they stay within their bounds and their result means nothing.
 *
 * text_escape is what stands between a peer's bytes and a terminal or a log: control characters of ASCII and of
 * Latin-1 (C0, DEL, C1), line and paragraph separators, the controls that turn the direction of text, and bytes that
 * are not UTF-8 come out as visible escapes. The backslash itself stays, so escaping twice changes nothing; the result
 * is for reading, not for turning back.
 *
 * Durations, sizes and integers are read whole or not at all: no sign but a minus where it can be in range, no white
 * space, no overflow.
 */
#include "base/text.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/mem.h"

#define SECOND_MS INT64_C(1000)

/* The length of the character at s, 0 if there is none; its code point. */
static size_t character(const char *s, size_t n, uint32_t *code)
{
	const unsigned char *p = (const unsigned char *)s;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len;
	uint32_t c;

	if (!n)
		return 0;
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 0;
	if (!len || p[0] > 0xf4 || len > n)
		return 0;
	c = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return len;
}

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t text_utf8_valid(const char *s, size_t n)
{
	size_t i = 0, len;
	uint32_t code;

	while (i < n) {
		if ((unsigned char)s[i] < 0x80) {
			i++;
			continue;
		}
		len = character(s + i, n - i, &code);
		if (!len)
			break;
		i += len;
	}
	return i;
}

size_t text_utf8_cut(const char *s, size_t n, size_t max)
{
	if (n <= max)
		return n;
	while (max && continues(s[max]))
		max--;
	return max;
}

size_t text_utf8_length(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += !continues(s[i]);
	return count;
}

size_t text_utf8_prefix(const char *s, size_t n, size_t max)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!continues(s[i]) && !max--)
			break;
	return i;
}

static bool harmless(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code <= 0x9f))
		return false;
	if (code >= 0x2028 && code <= 0x202e)	/* separators, then embedding and override */
		return false;
	return !(code >= 0x2066 && code <= 0x2069);	/* isolates */
}

/* One character, or byte, that must not be seen as it is. */
static int escape_one(struct buf *out, unsigned char byte, size_t len, uint32_t code)
{
	char text[16];
	int n;

	if (byte == '\n' || byte == '\t' || byte == '\r')
		n = snprintf(text, sizeof(text), "\\%c", byte == '\n' ? 'n' : byte == '\t' ? 't' : 'r');
	else if (len < 2)
		n = snprintf(text, sizeof(text), "\\x%02x", byte);
	else
		n = snprintf(text, sizeof(text), "\\u%04x", (unsigned)code);
	return buf_append(out, text, (size_t)n);
}

int text_escape(struct buf *out, const char *s, size_t n)
{
	size_t start = out->len, plain = 0, i = 0;

	while (i < n) {
		uint32_t code = 0;
		size_t len = character(s + i, n - i, &code);

		if (len && harmless(code)) {
			i += len;
			continue;
		}
		if (buf_append(out, s + plain, i - plain) || escape_one(out, (unsigned char)s[i], len, code))
			goto fail;
		i += len ? len : 1;
		plain = i;
	}
	if (!buf_append(out, s + plain, n - plain))
		return 0;
fail:
	out->len = start;
	if (out->data)
		out->data[start] = '\0';
	return -1;
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* Digits and one of the units; false if it is not of that form or above max. */
static bool quantity(const char *s, const struct unit *units, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return false;
	if (p == s)
		return false;
	for (; units->name; units++) {
		if (strcmp(p, units->name) != 0)
			continue;
		if (__builtin_mul_overflow(value, units->factor, &value) || value > max)
			return false;
		*out = value;
		return true;
	}
	return false;
}

int text_duration(const char *s, int64_t *milliseconds)
{
	static const struct unit units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 3600 * 1000 }, { "d", 24 * 3600 * 1000 },
		{ NULL, 0 },
	};
	uint64_t value;

	if (!quantity(s, units, INT64_MAX, &value))
		return -1;
	*milliseconds = (int64_t)value;
	return 0;
}

int text_size(const char *s, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ "", 1 }, { "KiB", 1024 }, { "MiB", 1024 * 1024 }, { "GiB", 1024 * 1024 * 1024 }, { NULL, 0 },
	};

	return quantity(s, units, UINT64_MAX, bytes) ? 0 : -1;
}

int text_integer(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *s == '-';
	const char *p = s + negative;
	int64_t value = 0;

	if (!*p)
		return -1;
	for (; *p; p++) {
		int digit = *p - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value))
			return -1;
	}
	if (value < min || value > max)
		return -1;
	*out = value;
	return 0;
}

bool text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

#define NEAREST_MAX 64

static unsigned least_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
	return strncasecmp(&a, &b, 1) == 0;
}

/* How many letters must be put in, taken out, changed or swapped with their neighbour (optimal string alignment). */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned rows[3][NEAREST_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2], *swap;

	memset(rows, 0, sizeof(rows));
	for (size_t j = 0; j <= m; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned cost = !same_letter(a[i - 1], b[j - 1]);

			row[j] = least_of(least_of(above[j], row[j - 1]) + 1, above[j - 1] + cost);
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]))
				row[j] = least_of(row[j], before[j - 2] + 1);
		}
		swap = before;
		before = above;
		above = row;
		row = swap;
	}
	return above[m];
}

const char *text_nearest(const char *word, const char *const *list)
{
	size_t n = strnlen(word, NEAREST_MAX + 1);
	const char *best = NULL;
	unsigned best_distance = UINT_MAX;

	if (!n || n > NEAREST_MAX)
		return NULL;
	for (; *list; list++) {
		size_t m = strnlen(*list, NEAREST_MAX + 1);
		/* A third of the shorter word may be wrong: one letter of three to five, two of six to eight. */
		unsigned near_enough = (unsigned)((n < m ? n : m) / 3), d;

		if (m > NEAREST_MAX)
			continue;
		d = distance(word, n, *list, m);
		if (d <= near_enough && d < best_distance) {
			best = *list;
			best_distance = d;
		}
	}
	return best;
}

void text_time(int64_t unix_ms, char out[TEXT_TIME_SIZE])
{
	const int64_t first = INT64_C(-62167219200000), last = INT64_C(253402300799999);	/* years 0 to 9999 */
	int64_t seconds, rest;
	time_t t;
	struct tm tm;

	unix_ms = unix_ms < first ? first : unix_ms > last ? last : unix_ms;
	seconds = unix_ms / SECOND_MS;
	rest = unix_ms % SECOND_MS;
	if (rest < 0) {
		rest += SECOND_MS;
		seconds--;
	}
	t = (time_t)seconds;
	if (!gmtime_r(&t, &tm))
		mem_panic("planspool: gmtime_r fails on a year from 0 to 9999");
	/* The remainders change nothing; they let the compiler see that it fits. */
	snprintf(out, TEXT_TIME_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)(tm.tm_year + 1900) % 10000,
		(unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
		(unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100, (unsigned)rest % 1000);
}

int text_time_parse(const char *s, int64_t *unix_ms)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	int field[7] = { 0 };
	size_t f = 0;
	struct tm tm = { 0 }, back;
	time_t t;

	for (size_t i = 0; i < sizeof(form); i++) {	/* the NUL included */
		if (form[i] != 'd') {
			if (s[i] != form[i])
				return -1;
			f++;
			continue;
		}
		if (s[i] < '0' || s[i] > '9')
			return -1;
		field[f] = field[f] * 10 + (s[i] - '0');
	}
	tm.tm_year = field[0] - 1900;
	tm.tm_mon = field[1] - 1;
	tm.tm_mday = field[2];
	tm.tm_hour = field[3];
	tm.tm_min = field[4];
	tm.tm_sec = field[5];
	back = tm;
	t = timegm(&tm);
	if (tm.tm_mon != back.tm_mon || tm.tm_mday != back.tm_mday || tm.tm_hour != back.tm_hour ||
	    tm.tm_min != back.tm_min || tm.tm_sec != back.tm_sec)	/* no such day or hour */
		return -1;
	*unix_ms = (int64_t)t * SECOND_MS + field[6];
	return 0;
}
