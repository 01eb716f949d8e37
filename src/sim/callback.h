/* Callbacks: what they hold, and what they mean for the run. */
#ifndef PLANSPOOL_SIM_CALLBACK_H
#define PLANSPOOL_SIM_CALLBACK_H

#include "base/json.h"
#include "sim/run.h"

struct callback {		/* parts of a document, which they belong to */
	const char *status;	/* running, passed or failed */
	const char *message, *url;	/* NULL if none */
	const json_t *outcomes;	/* an array, or NULL */
};

/* document NULL: there are none. */
struct callback callback_parts(const json_t *document);

/* Answers a callback. Returns what it was: running, final or callback. */
const char *callback_answer(struct run *r, const struct site_request *q, struct site_answer *a);

#endif
