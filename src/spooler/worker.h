/* A worker process: one loop that carries any number of jobs, told by the supervisor which. */
#ifndef PLANSPOOL_SPOOLER_WORKER_H
#define PLANSPOOL_SPOOLER_WORKER_H

#include "base/lease.h"
#include "base/spool.h"
#include "spooler/settings.h"

/* Messages on the channel between supervisor and worker (SOCK_SEQPACKET), each one packet: a letter, and for those about a job its
 * id behind it. */
enum {
	WORKER_RUN = 'r',	/* to the worker: carry this job, from wherever it is */
	WORKER_FINISH = 'f',	/* to the worker: end when no job is left */
	WORKER_ENDED = 'e',	/* from the worker: this job is no longer mine to carry */
	WORKER_LATER = 'l',	/* from the worker: this job could not be taken up (trouble of ours); try again later */
};
#define WORKER_ALIVE_MS 1000		/* its loop goes round so often at least */
#define WORKER_MESSAGE_MAX (1 + SPOOL_ID_SIZE)

/* What a worker shows of itself in memory that it shares with the supervisor. */
struct worker_board {
	volatile int64_t alive_ms;		/* monotonic; when its loop last went round, or it turned to a job */
	char job[SPOOL_ID_SIZE];		/* the job it is working on at this moment; "" for none */
};

struct worker_start {
	const struct settings *settings;
	struct spool *spool;
	const struct lease *lease;
	struct worker_board *board;
	int channel;
	unsigned workers;	/* how many there are, for sharing a sender's limit */
};

/* Runs in the child after fork and never returns: exits with 0 when told to finish, at once when the supervisor is gone. */
void worker_run(const struct worker_start *start) __attribute__((noreturn));

#endif
