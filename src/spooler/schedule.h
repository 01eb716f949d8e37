/* When to try again, and what an answer of the sender means: pure functions, with the clock and chance passed in. */
#ifndef PLANSPOOL_SPOOLER_SCHEDULE_H
#define PLANSPOOL_SPOOLER_SCHEDULE_H

#include <stdint.h>

#include "net/http.h"

#define SCHEDULE_RUN_MS (60 * 60 * 1000)		/* the sender's own limit on a run task */
#define SCHEDULE_FIRST_MS 2000		/* the first repetition comes after at most this */
#define SCHEDULE_LONGEST_MS 60000
#define SCHEDULE_REFUSED_TRIES 3	/* how often what will hardly change is asked for */

/* The wait before the next try: previous_ms is the wait before (0: there was none), chance any 32 random bits. The
 * first is 1 to 2 s, each later one 1.5 to 2 times the one before, up to 60 s. */
int64_t schedule_backoff(int64_t previous_ms, uint32_t chance);

/* The wait that the sender names in X-RateLimit-Reset (seconds, may have a fraction) or Retry-After (seconds or an
 * HTTP date), in milliseconds, rounded up; -1 if it names none that can be read, or one that is 0 or over already.
 * unix_now is the wall clock in seconds. */
int64_t schedule_named_wait(const struct http_head *head, int64_t unix_now);

/* What the end of a request means. */
enum schedule_answer {
	SCHEDULE_DONE,		/* 2xx: accepted, or here it is */
	SCHEDULE_NOT_YET,	/* 204: to a fetch, ask again; to a callback, accepted */
	SCHEDULE_REDIRECT,	/* 301, 302, 303, 307, 308 */
	SCHEDULE_CLOSED,	/* 409: the result is in a final state */
	SCHEDULE_TOO_MUCH,	/* 422: the sender dislikes the body, or has no plan of this kind */
	SCHEDULE_REFUSED,	/* any other 4xx, and failed TLS verification: only a few tries */
	SCHEDULE_LATER,		/* 408, 425, 429, 5xx, anything odd, transport trouble */
};
enum schedule_answer schedule_answer(enum http_end end, int status);

#endif
