/* A job of the spool as list, show and retry see it: what its files say, read without any key, and without changes. */
#ifndef PLANSPOOL_CLI_JOB_H
#define PLANSPOOL_CLI_JOB_H

#include "base/envelope.h"
#include "base/json.h"
#include "base/spool.h"

struct job {
	char id[SPOOL_ID_SIZE];
	enum spool_state state;
	bool readable;			/* envelope holds something; else why says what is wrong with it */
	struct envelope envelope;
	char why[ENVELOPE_WHY];
	json_t *result;			/* the final callback's body; NULL if there is none, or it cannot be read */
};

/* Reads a job. 0, or -1 with errno: ENOENT if it is not in that state (any more). */
int job_read(struct spool *spool, enum spool_state state, const char *id, struct job *out);
/* Looks for a job in every state. 0, or CLI_TROUBLE after saying why not: not there, or nothing may be read. */
int job_find(struct spool *spool, const char *id, struct job *out);
void job_free(struct job *job);

/* "passed" or "failed"; NULL without a result. */
const char *job_verdict(const struct job *job);
/* A text of the payload; NULL if there is none. */
const char *job_text(const struct job *job, const char *key);


#endif
