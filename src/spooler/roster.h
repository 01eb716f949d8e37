/* The roster: which jobs this spooler has under way, and which worker carries each. */
#ifndef PLANSPOOL_SPOOLER_ROSTER_H
#define PLANSPOOL_SPOOLER_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/spool.h"
#include "spooler/backlog.h"
#include "spooler/crew.h"

struct roster_entry {
	LIST_ENTRY(roster_entry) link;
	char id[SPOOL_ID_SIZE];
	const struct crew_worker *worker;	/* NULL: waits for one */
	bool alone;				/* was blamed: wants a worker of its own */
	unsigned deaths;			/* of workers, before it was claimed */
	enum backlog_class class;		/* when it was taken up */
	int64_t not_before_ms, wait_ms;		/* loop time, after trouble; the last wait */
};

struct roster;
struct roster *roster_new(void);
void roster_free(struct roster *r);
struct roster_entry *roster_find(struct roster *r, const char *id);		/* NULL if it is not there */
struct roster_entry *roster_add(struct roster *r, const char *id);		/* must not be there */
void roster_remove(struct roster *r, struct roster_entry *entry);
size_t roster_count(const struct roster *r);

/* Calls visit for each entry, which must not add or remove any. */
void roster_each(struct roster *r, void (*visit)(void *context, struct roster_entry *entry), void *context);

#endif
