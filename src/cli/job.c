/* A job of the spool as list, show and retry see it.
 *
 * Reading races with the spooler, which moves jobs from state to state and never changes a file in place: a job that
 * has just moved is ENOENT, and its reader looks again or leaves it out. A damaged envelope is not the reader's
 * failure: the job is shown with the reason.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/job.h"

#define RESULT_MAX (8u << 20)

static void read_result(struct spool *spool, struct job *job)
{
	struct buf text = BUF_INIT(RESULT_MAX);
	char why[JSON_WHY];

	if (spool_read(spool, job->state, job->id, SPOOL_RESULT, &text) != 0 ||
			json_parse(buf_text(&text), text.len, &job->result, why) != 0)
		job->result = NULL;
	buf_free(&text);
}

int job_read(struct spool *spool, enum spool_state state, const char *id, struct job *out)
{
	struct buf text = BUF_INIT(SPOOL_ENVELOPE_MAX);
	int rc = -1, trouble;

	memset(out, 0, sizeof(*out));
	snprintf(out->id, sizeof(out->id), "%s", id);
	out->state = state;
	if (spool_read(spool, state, id, SPOOL_REQUEST, &text) == 0) {
		out->readable = envelope_read(buf_text(&text), text.len, id, &out->envelope, out->why) == 0;
		read_result(spool, out);
		rc = 0;
	}
	trouble = errno;
	buf_free(&text);
	errno = trouble;
	return rc;
}

int job_find(struct spool *spool, const char *id, struct job *out)
{
	/* In the order of its way: one that moves on during the look is found further on; one that was taken back,
	 * in the second turn. */
	static const enum spool_state way[SPOOL_STATES] = { SPOOL_NEW, SPOOL_ACTIVE, SPOOL_DONE, SPOOL_UNDELIVERED,
		SPOOL_CORRUPT };
	int trouble = ENOENT;

	for (unsigned turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < SPOOL_STATES; i++) {
			if (job_read(spool, way[i], id, out) == 0)
				return 0;
			if (errno != ENOENT)
				trouble = errno;
		}
	}
	if (trouble == ENOENT)
		return cli_trouble("there is no job %s in the spool; 'planspool list' shows all", id);
	return cli_trouble("%s cannot be looked for: %s%s", id, strerror(trouble),
		trouble == EACCES ? "; run this as the spooler's user" : "");
}

void job_free(struct job *job)
{
	if (job->readable)
		envelope_free(&job->envelope);
	json_free(job->result);
	job->result = NULL;
	job->readable = false;
}

const char *job_verdict(const struct job *job)
{
	return json_get_string(json_get(json_get(job->result, "data"), "attributes"), "status");
}

const char *job_text(const struct job *job, const char *key)
{
	return job->readable ? json_get_string(job->envelope.request.payload, key) : NULL;
}
