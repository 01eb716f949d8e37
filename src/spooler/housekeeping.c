/*
 * Housekeeping.
 *
 *	tmp/, hidden folders	what a crash left half-made, an hour old	spool_sweep
 *	spoolers/		leases of the dead				lease_sweep
 *	done/, undelivered/	jobs older than "keep" of the configuration	here
 *
 * corrupt/ is a person's. The supervisor does this between other things, and its lease must be renewed in time: a round removes at
 * most JOBS_A_ROUND jobs of a state, and the next one, which follows soon then, goes on.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "spooler/housekeeping.h"

#define JOBS_A_ROUND 1000

struct old {
	struct spool *spool;
	enum spool_state state;
	int64_t before_ms;
	unsigned removed;
	bool more;
};

static bool remove_old(void *context, const struct spool_entry *entry)
{
	struct old *old = context;

	if (entry->mtime_ms >= old->before_ms)
		return true;
	old->more = old->removed == JOBS_A_ROUND;
	if (old->more)
		return false;
	if (spool_remove(old->spool, old->state, entry->id) == 0)
		old->removed++;
	else if (errno != ENOENT)
		log_warn(entry->id, "cannot be removed from %s/: %s", spool_state_name(old->state), strerror(errno));
	return true;
}

bool housekeeping(struct spool *spool, struct lease_watch *leases, const struct config *config)
{
	int64_t now = clock_wall();
	struct old done = { spool, SPOOL_DONE, now - config->keep_done_ms, 0, false };
	struct old undelivered = { spool, SPOOL_UNDELIVERED, now - config->keep_undelivered_ms, 0, false };

	(void)spool_sweep(spool, now);
	lease_sweep(leases);
	(void)spool_scan(spool, SPOOL_DONE, remove_old, NULL, &done);
	(void)spool_scan(spool, SPOOL_UNDELIVERED, remove_old, NULL, &undelivered);
	return done.more || undelivered.more;
}
