/* A job's log.jsonl: one event a line, enough to tell the whole story, and the same events in the daemon's log.
 * Nothing that is secret goes in: URLs appear without their queries. */
#ifndef PLANSPOOL_SPOOLER_JOURNAL_H
#define PLANSPOOL_SPOOLER_JOURNAL_H

#include <stdbool.h>

#include "base/spool.h"

/* The event that counts a death of its worker against a job, and what so many of them mean. */
#define JOURNAL_BLAMED "blamed"
#define BLAMED_FAILED 3		/* it is answered failed and not checked again */
#define BLAMED_GIVEN_UP 6	/* not even the answer can be given */

/* Appends {"time", "event", "detail"} to the log of an active job, and logs it. format may be NULL. durable: fsynced
 * before it returns. 0, or -1 with errno when the line may not be on disk. */
int journal(struct spool *s, const char *id, bool durable, const char *event, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* What of a job's log decides. Lines that are torn are ignored. */
struct journal_story {
	int64_t retried_ms;	/* when a person last tried it again, in milliseconds since 1970; -1: never */
	unsigned blamed;	/* deaths of its worker since then */
	bool left;		/* since then it was left to another spooler */
};

/* Reads it; without a log nothing has happened. 0, or -1 with errno for trouble that may pass. */
int journal_read(struct spool *s, enum spool_state state, const char *id, struct journal_story *out);

#endif
