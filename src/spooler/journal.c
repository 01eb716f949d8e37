/*
 * The story of a job, for people and for recovery.
 *
 * Each event is one line of JSON, appended with one write. A line that a crash tore is skipped by readers. Two things
 * are decided by the log: how often a job's worker died, and since when a job that is tried again counts its
 * deadlines. What was answered is decided by result.json.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "spooler/journal.h"

#define DETAIL_MAX 2048
#define LOG_MAX (16u << 20)	/* what is looked at, from the end: more than is written from one try by hand to the next */

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

static void take(struct journal_story *story, const json_t *one)
{
	const char *event = json_get_string(one, "event"), *when = json_get_string(one, "time");
	int64_t ms;

	if (event == NULL)
		return;
	if (strcmp(event, JOURNAL_BLAMED) == 0)
		story->blamed++;
	else if (strcmp(event, "left") == 0)
		story->left = true;
	else if (strcmp(event, SPOOL_RETRIED) == 0)
		*story = (struct journal_story){
			.retried_ms = when != NULL && text_time_parse(when, &ms) == 0 ? ms : story->retried_ms };
}

int journal_read(struct spool *s, enum spool_state state, const char *id, struct journal_story *out)
{
	struct buf text = BUF_INIT(LOG_MAX);
	char why[JSON_WHY];
	int rc, saved;

	*out = (struct journal_story){ .retried_ms = -1 };
	rc = spool_read_log(s, state, id, &text);
	saved = errno;
	/* By length: after a power failure a file may hold a run of NULs where a line was. */
	for (size_t at = 0, len; rc == 0 && at < text.len; at += len + 1) {
		const char *line = text.data + at, *end = memchr(line, '\n', text.len - at);
		json_t *one = NULL;

		len = end == NULL ? text.len - at : (size_t)(end - line);
		if (json_parse(line, len, &one, why) == 0)
			take(out, one);
		json_free(one);
	}
	buf_free(&text);
	errno = saved;
	return rc == 0 || fsio_unfit(saved) ? 0 : -1;
}
