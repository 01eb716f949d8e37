/* What --answer says:
 *
 *	KIND=ANSWER[,ANSWER]...		the first requests of that kind in each run are answered so, the rest as usual
 *	ANSWER: WHAT[xN][;NAME=VALUE]...	N times
 *	WHAT: a status, drop, lost or cut
 *	NAME: retry-after and reset (headers, as they are), after (waits before it answers)
 *
 * A status of success, or of a redirect where there is something to redirect to, does what it says; any other one
 * leaves the request without effect. Which of them a kind can have is in a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sim/mood.h"

const char mood_help[] =
	"--answer KIND=ANSWER[,ANSWER]...: how the first requests of a kind are answered in each\n"
	"run; those that follow are answered as usual. May be given once a KIND:\n"
	"  plan, configuration   to the API, usually 307 and 302 (200 with --redirect none)\n"
	"  storage               to a storage URL, usually 200\n"
	"  running, final        callbacks, usually 200; 409 ends the run as canceled\n"
	"An ANSWER is a status, or one of\n"
	"  drop                  closes the connection without an answer\n"
	"  lost                  takes the callback, then closes the connection without an answer\n"
	"  cut                   200, and closes the connection halfway through the body\n"
	"then xN for N times, then any of ;retry-after=SECONDS ;reset=SECONDS (X-RateLimit-Reset)\n"
	";after=TIME (waits before it answers). For example\n"
	"  --answer plan=503,204x3,307 --answer 'final=429;retry-after=1,lost'";

static const struct {
	const char *name;
	bool callback;
} kinds[] = {
	[MOOD_PLAN] = { "plan", false },
	[MOOD_CONFIGURATION] = { "configuration", false },
	[MOOD_STORAGE] = { "storage", false },
	[MOOD_RUNNING] = { "running", true },
	[MOOD_FINAL] = { "final", true },
};

static const struct {
	const char *name;
	enum mood_end end;
	unsigned status;
	bool callback, input;
} words[] = {
	{ "drop", MOOD_DROP, 0, true, true },
	{ "lost", MOOD_LOST, 0, true, false },
	{ "cut", MOOD_CUT, 200, false, true },
};

/* From first to last: success without and with a body, redirects, errors. */
static const struct {
	unsigned first, last;
	bool callback, input;
} statuses[] = {
	{ 200, 200, true, true },
	{ 201, 203, true, false },
	{ 204, 204, true, true },
	{ 301, 303, false, true },
	{ 307, 308, false, true },
	{ 400, 599, true, true },
};

static int read_what(struct mood_answer *a, bool callback, const char *text)
{
	int64_t n;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].name, text) != 0 || !(callback ? words[i].callback : words[i].input))
			continue;
		a->end = words[i].end;
		a->status = words[i].status;
		return 0;
	}
	if (text_integer(text, 200, 599, &n) != 0)
		return -1;
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (n < statuses[i].first || n > statuses[i].last ||
			!(callback ? statuses[i].callback : statuses[i].input))
			continue;
		a->status = (unsigned)n;
		return 0;
	}
	return -1;
}

static int read_setting(struct mood_answer *a, const char *text)
{
	const char *value = strchr(text, '=');
	size_t n = value != NULL ? (size_t)(value - text) : 0;
	char **header = NULL;

	if (value == NULL)
		return -1;
	if (n == 5 && memcmp(text, "after", n) == 0)
		return text_duration(value + 1, &a->after_ms);
	if (n == 5 && memcmp(text, "reset", n) == 0)
		header = &a->reset;
	else if (n == 11 && memcmp(text, "retry-after", n) == 0)
		header = &a->retry_after;
	if (header == NULL || value[1] == '\0')
		return -1;
	free(*header);
	*header = xstrdup(value + 1);
	return 0;
}

/* text is changed. */
static int read_answer(struct mood_answer *a, bool callback, char *text)
{
	char *part, *rest = text, *times;
	int64_t n = 1;

	part = strsep(&rest, ";");
	times = strrchr(part, 'x');
	if (times != NULL)
		*times++ = '\0';
	if (times != NULL && text_integer(times, 1, 100000, &n) != 0)
		return -1;
	a->times = (size_t)n;
	if (read_what(a, callback, part) != 0)
		return -1;
	while ((part = strsep(&rest, ";")) != NULL)
		if (read_setting(a, part) != 0)
			return -1;
	return 0;
}

static void forget(struct mood *m, enum mood_kind kind)
{
	size_t i;

	for (i = 0; i < m->count[kind]; i++) {
		free(m->answers[kind][i].retry_after);
		free(m->answers[kind][i].reset);
	}
	free(m->answers[kind]);
	m->answers[kind] = NULL;
	m->count[kind] = 0;
}

int mood_set(struct mood *m, const char *text, char why[MOOD_WHY])
{
	char *copy = xstrdup(text), *rest = copy, *part, *shown;
	enum mood_kind k;
	int result = -1;

	part = strsep(&rest, "=");
	for (k = 0; k < MOOD_KINDS && strcmp(kinds[k].name, part) != 0; k++)
		;
	if (k == MOOD_KINDS || rest == NULL) {
		snprintf(why, MOOD_WHY, "%.60s does not begin with plan=, configuration=, storage=, running= or final=", text);
		goto out;
	}
	forget(m, k);
	while ((part = strsep(&rest, ",")) != NULL) {
		struct mood_answer *a;

		m->answers[k] = xreallocarray(m->answers[k], m->count[k] + 1, sizeof(*m->answers[k]));
		a = &m->answers[k][m->count[k]++];
		*a = (struct mood_answer){ .end = MOOD_ANSWER };
		shown = xstrdup(part);
		if (read_answer(a, kinds[k].callback, part) != 0) {
			snprintf(why, MOOD_WHY, "%.60s is no answer for a request of kind %s", shown, kinds[k].name);
			free(shown);
			goto out;
		}
		free(shown);
	}
	result = 0;
out:
	free(copy);
	return result;
}

void mood_free(struct mood *m)
{
	enum mood_kind k;

	for (k = 0; k < MOOD_KINDS; k++)
		forget(m, k);
}

const struct mood_answer *mood_at(const struct mood *m, enum mood_kind kind, size_t n)
{
	size_t i;

	for (i = 0; i < m->count[kind]; n -= m->answers[kind][i++].times)
		if (n < m->answers[kind][i].times)
			return &m->answers[kind][i];
	return NULL;
}
