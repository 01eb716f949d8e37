/* The backlog: which of the jobs that were found come first, when there are more than can be carried. */
#ifndef PLANSPOOL_SPOOLER_BACKLOG_H
#define PLANSPOOL_SPOOLER_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/spool.h"

/* By age: what can become of a job. */
enum backlog_class {
	BACKLOG_FRESH,		/* its token opens the plan and the sender waits */
	BACKLOG_LATE,		/* the token has probably expired, but the run may still be waiting */
	BACKLOG_HOPELESS,	/* the run's time is over; one try, for the record */
};
#define BACKLOG_CLASSES 3

#define BACKLOG_LATE_MS (10 * 60 * 1000)
#define BACKLOG_HOPELESS_MS (60 * 60 * 1000)

/* A job that was received at received_ms by the wall clock. One from the future (a clock was set back) is fresh. */
enum backlog_class backlog_class(int64_t received_ms, int64_t now_ms);

struct backlog_share {		/* one endpoint's */
	char endpoint[CONFIG_ENDPOINT_NAME_MAX + 1];
	size_t carried, chosen;
};

struct backlog {
	int64_t now_ms;
	size_t room;			/* how many jobs can be carried in all */
	size_t carried[BACKLOG_CLASSES];
	struct backlog_share *shares;
	size_t share_count;
	struct spool_entry *list;	/* after backlog_choose: n jobs, in the order in which they come */
	size_t n, cap;
	bool more;			/* some were found that are not in the list */
};

/* room: how many jobs can be carried in all. */
void backlog_open(struct backlog *b, int64_t now_ms, size_t room);
/* Tells of a job that is carried already. All of them come before the first that was found. */
void backlog_carried(struct backlog *b, const char *id, enum backlog_class class);
/* Adds a job that was found. Memory is bounded by the room, not by the number of jobs. */
void backlog_add(struct backlog *b, const struct spool_entry *entry);
/* Leaves in the list what is taken up now. */
void backlog_choose(struct backlog *b);
void backlog_close(struct backlog *b);

#endif
