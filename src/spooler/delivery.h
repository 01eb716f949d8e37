/* Telling the sender: 'running' updates while there is work, then the one final, until it is accepted. One request is under way at a
 * time, so that nothing overtakes the final. */
#ifndef PLANSPOOL_SPOOLER_DELIVERY_H
#define PLANSPOOL_SPOOLER_DELIVERY_H

#include "spooler/api.h"

struct delivery;

enum delivery_end {
	DELIVERY_ACCEPTED,	/* the final was accepted */
	DELIVERY_CLOSED,	/* 409 to anything: the result is in a final state already, or the run was cancelled */
	DELIVERY_GIVEN_UP,	/* the final cannot be delivered; why says so */
};

struct delivery_job {
	const char *job;			/* the job's id; borrowed until the end */
	const struct api_target *target;	/* of the callback URL; borrowed until the end */
	int64_t end_ms;				/* loop time after which the final is not tried again; one try is always made */
	/* Before each try of the final, for the log that must be on disk before it is sent. */
	void (*trying)(void *context, unsigned try);
	void (*note)(void *context, const char *text);
	/* The end; never called from the functions below. */
	void (*ended)(void *context, enum delivery_end end, const char *why);
	void *context;
};

struct delivery *delivery_new(struct api *api, const struct delivery_job *job);

/* Sends a 'running' body (copied), in place of one that has not been sent yet. It is tried a few times and then dropped. */
void delivery_running(struct delivery *d, const char *body);

/* Sends the final body (copied), once nothing else is under way. 422 is answered with less of it (verdict_reduced). */
void delivery_final(struct delivery *d, const char *body, size_t len);

void delivery_free(struct delivery *d);	/* also half-way; NULL is fine; not from its own functions but ended */

#endif
