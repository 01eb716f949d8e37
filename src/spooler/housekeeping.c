/*
 * Housekeeping.
 *
 *	tmp/, hidden folders	what a crash left half-made, an hour old	spool_sweep
 *	spoolers/		leases of the dead				lease_sweep
 *	done/, undelivered/	jobs older than "keep" of the configuration	here
 *				what is no job, moved to corrupt/
 *
 * corrupt/ is a person's. The supervisor does this between other things, and its lease must be renewed in time: a round removes at
 * most JOBS_A_ROUND jobs of a state and as few of what is no job, and the next one, which follows soon then, goes on.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "spooler/housekeeping.h"

#define JOBS_A_ROUND 1000
#define FOREIGN_A_ROUND 100	/* each takes an fsync */

void housekeeping_set_aside(struct spool *spool, enum spool_state state, const char *name)
{
	char where[SPOOL_NAME_SIZE];

	if (spool_set_aside(spool, state, name, where) == 0)
		log_warn(NULL, "%s/%s is no job; it is %s now", spool_state_name(state), name, where);
	else if (errno != ENOENT)
		log_error(NULL, "%s/%s is no job and cannot be moved away: %s", spool_state_name(state), name, strerror(errno));
}

struct old {
	struct spool *spool;
	enum spool_state state;
	int64_t before_ms;
	unsigned removed, foreign;
	bool more;
};

static bool remove_old(void *context, const struct spool_entry *entry)
{
	struct old *old = context;

	if (entry->mtime_ms >= old->before_ms)
		return true;
	if (old->removed == JOBS_A_ROUND) {
		old->more = true;
		return false;
	}
	if (spool_remove(old->spool, old->state, entry->id) == 0)
		old->removed++;
	else if (errno != ENOENT)
		log_warn(entry->id, "cannot be removed from %s/: %s", spool_state_name(old->state), strerror(errno));
	return true;
}

static void foreign(void *context, const char *name)
{
	struct old *old = context;

	if (old->foreign++ < FOREIGN_A_ROUND)
		housekeeping_set_aside(old->spool, old->state, name);
	else
		old->more = true;
}

bool housekeeping(struct spool *spool, struct lease_watch *leases, const struct config *config)
{
	int64_t now = clock_wall();
	struct old done = { spool, SPOOL_DONE, now - config->keep_done_ms, 0, 0, false };
	struct old undelivered = { spool, SPOOL_UNDELIVERED, now - config->keep_undelivered_ms, 0, 0, false };

	(void)spool_sweep(spool, now);
	lease_sweep(leases);
	(void)spool_scan(spool, SPOOL_DONE, remove_old, foreign, &done);
	(void)spool_scan(spool, SPOOL_UNDELIVERED, remove_old, foreign, &undelivered);
	return done.more || undelivered.more;
}
