/* Taking up a job: from an id to everything that is needed to work on it. */
#ifndef PLANSPOOL_SPOOLER_INTAKE_H
#define PLANSPOOL_SPOOLER_INTAKE_H

#include "base/envelope.h"
#include "spooler/job.h"

struct intake {
	struct envelope envelope;
	const struct endpoint_settings *endpoint;	/* if its own is gone, another one with the callback's host */
	char *gone;					/* what is no longer configured: failed for that; NULL: nothing */
	bool has_result;				/* there is a result.json, which decides */
	unsigned blamed;				/* how often its worker died */
	int64_t since_ms;				/* deadlines count from here: received, or tried again by a person */
	struct api_target callback;
};

enum intake_end {
	INTAKE_READY,	/* out is filled; intake_clear frees it */
	INTAKE_OVER,	/* nothing is left to do: another has it, it ended before, or it was put aside */
	INTAKE_LATER,	/* trouble of our own; it stays where it is */
};
enum intake_end intake(struct job_world *world, const char *id, struct intake *out);
void intake_clear(struct intake *in);

#endif
