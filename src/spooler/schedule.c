/*
 * When to try again and what an answer means.
 *
 * Every request to the sender ends in one of a few meanings, and this table is the only place where statuses become
 * meanings. The waits follow what the sender says where it says something; else they grow with chance, so that a
 * thousand jobs that met the same trouble do not come back together. HCP Terraform's own client reads
 * X-RateLimit-Reset as seconds from now, with a fraction; Retry-After is RFC 9110, 10.2.3.
 */
#include <curl/curl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spooler/schedule.h"

int64_t schedule_backoff(int64_t previous_ms, uint32_t chance)
{
	double fraction = (double)chance / 4294967296.0, wait;

	if (previous_ms <= 0)
		wait = SCHEDULE_FIRST_MS * (0.5 + fraction / 2);
	else
		wait = (double)previous_ms * (1.5 + fraction / 2);
	return wait < SCHEDULE_LONGEST_MS ? (int64_t)wait : SCHEDULE_LONGEST_MS;
}

/* Seconds with or without a fraction, in milliseconds; -1 for anything else, and for 0: a host that refuses and says
 * so names no wait, and taking it at its word would ask it again without end. */
static int64_t seconds(const char *text)
{
	char *end;
	double s;

	if (text[0] < '0' || text[0] > '9' || text[strspn(text, "0123456789.")] != '\0')
		return -1;
	s = strtod(text, &end);
	if (*end != '\0' || s <= 0 || s > 1e9)
		return -1;
	return (int64_t)ceil(s * 1000);
}

int64_t schedule_named_wait(const struct http_head *head, int64_t unix_now)
{
	int64_t wait = -1, when;

	if (head->rate_reset != NULL)
		wait = seconds(head->rate_reset);
	if (wait < 0 && head->retry_after != NULL) {
		wait = seconds(head->retry_after);
		if (wait < 0 && (when = curl_getdate(head->retry_after, NULL)) > unix_now)
			wait = (when - unix_now) * 1000;
	}
	return wait;
}

enum schedule_answer schedule_answer(enum http_end end, int status)
{
	static const struct {
		int from, to;
		enum schedule_answer answer;
	} rows[] = {
		{ 204, 204, SCHEDULE_NOT_YET },
		{ 200, 299, SCHEDULE_DONE },
		{ 301, 303, SCHEDULE_REDIRECT },
		{ 307, 308, SCHEDULE_REDIRECT },
		{ 408, 408, SCHEDULE_LATER },
		{ 409, 409, SCHEDULE_CLOSED },
		{ 422, 422, SCHEDULE_TOO_MUCH },
		{ 425, 425, SCHEDULE_LATER },
		{ 429, 429, SCHEDULE_LATER },
		{ 400, 499, SCHEDULE_REFUSED },
	};

	if (end == HTTP_REFUSED)
		return SCHEDULE_REFUSED;
	if (end != HTTP_ANSWERED)
		return SCHEDULE_LATER;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (status >= rows[i].from && status <= rows[i].to)
			return rows[i].answer;
	return SCHEDULE_LATER;
}
