/* What the sender's answers have in common: error objects, headers, moods, the rate limit. */
#ifndef PLANSPOOL_SIM_ANSWER_H
#define PLANSPOOL_SIM_ANSWER_H

#include <stdbool.h>

#include "sim/run.h"
#include "sim/site.h"

/* A JSON:API error object; detail may be NULL. */
void answer_error(struct site_answer *a, unsigned status, const char *detail);

/* "Name: value" */
void answer_header(struct site_answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Counts the request, and sets what was asked for about its answer but the status. NULL: it is answered as usual. */
const struct mood_answer *answer_mood(struct run *r, enum mood_kind kind, struct site_answer *a);

/* Counts a request to the API. true: it was answered 429. */
bool answer_limited(struct sim *s, struct site_answer *a);

#endif
