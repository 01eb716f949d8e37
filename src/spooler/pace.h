/* Pacing of requests per host, by what each host says of itself: X-RateLimit-Limit gives the rate, 429 and 503 may
 * name a pause. A host that says nothing is not paced. Of requests that wait for the same host, finals go before
 * inputs before running; no limit is shared between hosts. */
#ifndef PLANSPOOL_SPOOLER_PACE_H
#define PLANSPOOL_SPOOLER_PACE_H

#include <stdbool.h>

#include "net/http.h"
#include "net/loop.h"

enum pace_priority { PACE_FINAL, PACE_INPUT, PACE_RUNNING, PACE_PRIORITIES };

struct pacer;

/* One request's turn, part of its owner. Zeroed before its first use. */
struct pace_turn {
	struct pace_host *host;
	struct pace_turn *next;
	enum pace_priority priority;
	void (*go)(void *context);
	void *context;
	bool waiting;
};

/* workers: how many processes share the sender's limit. */
struct pacer *pacer_new(struct loop *l, unsigned workers);
void pacer_free(struct pacer *p);	/* nothing may wait */

/* Calls go when the request to this origin ("https://host") may be sent: before pacer_wait returns, or later from
 * the loop. go may wait for other turns and forget any; its own it may free. */
void pacer_wait(struct pacer *p, struct pace_turn *turn, const char *origin, enum pace_priority priority,
	void (*go)(void *context), void *context);
/* The turn waits no longer; harmless if it does not wait. */
void pacer_forget(struct pace_turn *turn);

/* What the origin said in an answer. pause_ms: nothing is sent to it for so long; negative: no pause. */
void pacer_heard(struct pacer *p, const char *origin, const struct http_head *head, int64_t pause_ms);

#endif
