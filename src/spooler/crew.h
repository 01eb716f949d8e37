/* The crew: worker processes, started, given jobs, watched, replaced. */
#ifndef PLANSPOOL_SPOOLER_CREW_H
#define PLANSPOOL_SPOOLER_CREW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/lease.h"
#include "base/spool.h"
#include "net/loop.h"
#include "spooler/settings.h"

struct crew;
struct crew_worker;

/* How many jobs one worker carries at most. */
unsigned crew_places(void);

struct crew_events {
	/* A worker is done with a job; again: it could not take it up for trouble of ours. */
	void (*ended)(void *context, const char *id, bool again);
	/* A worker is gone and its jobs are nobody's. blamed: the job it died of, NULL if none is to blame; how: "ended by signal 11".
	 * The worker is freed after this. */
	void (*died)(void *context, const struct crew_worker *worker, const char *blamed, const char *how);
	void *context;
};

struct crew *crew_new(struct loop *l, struct spool *spool, const struct lease *lease, const struct crew_events *events);
void crew_free(struct crew *c);		/* no worker may be left */

/* Keeps n workers for these settings from now on: those that there are finish what they carry and end, new ones are started. */
void crew_staff(struct crew *c, const struct settings *settings, unsigned n);

/* Gives a job to the worker with the least to do; alone: to one of its own, started for it. The worker, or NULL if none can take it
 * now. */
const struct crew_worker *crew_assign(struct crew *c, const char *id, bool alone);

void crew_finish(struct crew *c);	/* nobody is started any more; all finish what they carry and end */
void crew_kill(struct crew *c);		/* all end at once; no job is blamed */
size_t crew_size(const struct crew *c);	/* processes, finishing ones too */

#endif
