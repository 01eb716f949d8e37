/* The life of one job in a worker, from claiming to its end. */
#ifndef PLANSPOOL_SPOOLER_JOB_H
#define PLANSPOOL_SPOOLER_JOB_H

#include "base/spool.h"
#include "spooler/api.h"
#include "spooler/settings.h"
#include "spooler/worker.h"

/* What all jobs of a worker share. */
struct job_world {
	struct api api;			/* first: job_at_work gets it */
	struct spool *spool;
	const struct settings *settings;
	const char *instance;
	struct worker_board *board;
	/* A job is over for this worker (again: it could not be taken up and should be tried later). The job is freed by then. */
	void (*over)(struct job_world *world, const char *id, bool again);
};

/* Shows the supervisor that work goes on, and on which job: api.at_work of a worker. */
void job_at_work(struct api *api, const char *id);

/* Takes up a job: claims it from new/, or goes on with active/<id> if this instance holds it. From then on it lives by itself until
 * over is called for it, which may be before this returns. */
void job_take_up(struct job_world *world, const char *id);

#endif
