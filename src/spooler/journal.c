/*
 * The story of a job, for people and for recovery.
 *
 * Each event is one line of JSON, appended with one write. A line that a crash tore is skipped by readers. Two things
 * are decided by the log: how often a job's worker died (journal_count), and since when a job that is tried again
 * counts its deadlines (journal_last). What was answered is decided by result.json.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "spooler/journal.h"

#define DETAIL_MAX 2048
#define LOG_MAX (16u << 20)

int journal(struct spool *s, const char *id, bool durable, const char *event, const char *format, ...)
{
	char detail[DETAIL_MAX] = "", when[TEXT_TIME_SIZE], *line;
	json_t *j;
	va_list ap;
	int rc, saved;

	if (format != NULL) {
		va_start(ap, format);
		(void)vsnprintf(detail, sizeof detail, format, ap);
		va_end(ap);
		detail[text_utf8_valid(detail, strlen(detail))] = '\0';	/* a cut may have split a character */
	}
	text_time(clock_wall(), when);
	j = json_new_object();
	json_put_string(j, "time", when);
	json_put_string(j, "event", event);
	if (detail[0] != '\0')
		json_put_string(j, "detail", detail);
	line = json_text(j);
	json_free(j);
	rc = spool_log(s, id, line, durable);
	saved = errno;
	free(line);
	if (rc != 0)
		log_warn(id, "log.jsonl cannot be written: %s", strerror(saved));
	log_info(id, "%s%s%s", event, detail[0] != '\0' ? ": " : "", detail);
	errno = saved;
	return rc;
}

/* The line as an event of that name, or NULL; json_free. */
static json_t *event_of(const char *line, size_t len, const char *event)
{
	char why[JSON_WHY];
	const char *name;
	json_t *j = NULL;

	if (json_parse(line, len, &j, why) == 0 && (name = json_get_string(j, "event")) != NULL &&
	    strcmp(name, event) == 0)
		return j;
	json_free(j);
	return NULL;
}

/* Calls visit for each event of that name, in order. */
static void each_event(struct spool *s, enum spool_state state, const char *id, const char *event,
	void (*visit)(void *context, const json_t *one), void *context)
{
	struct buf text = BUF_INIT(LOG_MAX);

	/* By length: after a power failure a file may hold a run of NULs where a line was. */
	if (spool_read(s, state, id, SPOOL_LOG, &text) == 0)
		for (size_t at = 0, len; at < text.len; at += len + 1) {
			const char *line = text.data + at, *end = memchr(line, '\n', text.len - at);
			json_t *one;

			len = end == NULL ? text.len - at : (size_t)(end - line);
			one = event_of(line, len, event);
			if (one != NULL)
				visit(context, one);
			json_free(one);
		}
	buf_free(&text);
}

static void count(void *context, const json_t *one)
{
	(void)one;
	++*(unsigned *)context;
}

unsigned journal_count(struct spool *s, enum spool_state state, const char *id, const char *event)
{
	unsigned n = 0;

	each_event(s, state, id, event, count, &n);
	return n;
}

static void keep_time(void *context, const json_t *one)
{
	const char *when = json_get_string(one, "time");
	int64_t ms;

	if (when != NULL && text_time_parse(when, &ms) == 0)
		*(int64_t *)context = ms;
}

int64_t journal_last(struct spool *s, enum spool_state state, const char *id, const char *event)
{
	int64_t last = -1;

	each_event(s, state, id, event, keep_time, &last);
	return last;
}
