/* Reads times of RFC 3339, section 5.6: "2026-11-23T06:02:01Z", "2026-11-23t06:02:01.123456789+01:00".
 *
 * Contract: the whole text must be one time. A day, hour or offset that does not exist is no time. A leap second (:60)
 * counts as the second before it. A space in place of the T is taken, as the RFC allows.
 *
 * Limits: years 0000 to 9999. Digits behind the third of a fraction are checked and cut off; there may be any number of
 * them, as one document can have milliseconds and nanoseconds side by side. */
#include "base/rfc3339.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : -1;
}

/* n digits at *p, within a range; -1 if they are not. */
static int number(const char **p, int n, int min, int max)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		int d = digit(**p);

		if (d < 0)
			return -1;
		value = value * 10 + d;
		(*p)++;
	}
	return value >= min && value <= max ? value : -1;
}

static int letter(const char **p, const char *any)
{
	if (**p == '\0' || strchr(any, **p) == NULL)
		return -1;
	(*p)++;
	return 0;
}

static int fraction(const char **p, int64_t *ms)
{
	int64_t unit = 100;

	*ms = 0;
	if (**p != '.')
		return 0;
	(*p)++;
	if (digit(**p) < 0)
		return -1;
	for (; digit(**p) >= 0; (*p)++, unit /= 10)
		*ms += digit(**p) * unit;
	return 0;
}

static int offset(const char **p, int64_t *minutes)
{
	int sign, hours, rest;

	*minutes = 0;
	if (letter(p, "Zz") == 0)
		return 0;
	sign = **p == '-' ? -1 : 1;
	if (letter(p, "+-") != 0 || (hours = number(p, 2, 0, 23)) < 0 || letter(p, ":") != 0 ||
		(rest = number(p, 2, 0, 59)) < 0)
		return -1;
	*minutes = (int64_t)sign * (hours * 60 + rest);
	return 0;
}

int rfc3339_parse(const char *s, int64_t *unix_ms)
{
	struct tm tm = { 0 };
	int64_t ms, minutes;
	int year, month, day;
	time_t t;

	if ((year = number(&s, 4, 0, 9999)) < 0 || letter(&s, "-") != 0 || (month = number(&s, 2, 1, 12)) < 0 ||
		letter(&s, "-") != 0 || (day = number(&s, 2, 1, 31)) < 0 || letter(&s, "Tt ") != 0)
		return -1;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	if ((tm.tm_hour = number(&s, 2, 0, 23)) < 0 || letter(&s, ":") != 0 || (tm.tm_min = number(&s, 2, 0, 59)) < 0 ||
		letter(&s, ":") != 0 || (tm.tm_sec = number(&s, 2, 0, 60)) < 0)
		return -1;
	if (tm.tm_sec == 60)
		tm.tm_sec = 59;
	if (fraction(&s, &ms) != 0 || offset(&s, &minutes) != 0 || *s != '\0')
		return -1;
	t = timegm(&tm);
	if (tm.tm_mday != day)	/* 30 February */
		return -1;
	*unix_ms = ((int64_t)t - minutes * 60) * 1000 + ms;
	return 0;
}
