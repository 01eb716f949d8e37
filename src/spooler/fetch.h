/* Fetching an input of a run (the plan) from the API, behind redirects to storage, again and again until it is here or it is known
 * that it will not come. */
#ifndef PLANSPOOL_SPOOLER_FETCH_H
#define PLANSPOOL_SPOOLER_FETCH_H

#include "spooler/api.h"

enum fetch_end {
	FETCH_DONE,		/* the whole body went through data */
	FETCH_FAILED,		/* it will not come; why says so */
	FETCH_CLOSED,		/* 409: the result is closed, nobody waits for it */
};

struct fetch_job {
	const char *job;		/* the job's id; borrowed until the end */
	const struct endpoint_settings *endpoint;
	const char *url;		/* absolute; copied */
	const struct secret *token;	/* NULL: none; borrowed until the end */
	/* The body. restart is called before a body begins again. data returns false when it wants no more: the fetch ends as done. */
	bool (*data)(void *context, const char *data, size_t len);
	void (*restart)(void *context);
	/* Something for the job's log: "204, asked again in 2.0 s". */
	void (*note)(void *context, const char *text);
	/* The end; never called from fetch_start. */
	void (*ended)(void *context, enum fetch_end end, const char *why);
	void *context;
};

struct fetch;
struct fetch *fetch_start(struct api *api, const struct fetch_job *job);
void fetch_cancel(struct fetch *f);	/* NULL is fine; not from data, restart or ended */

#endif
