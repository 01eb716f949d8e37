/*
 * Jobs whose spooler is dead, and ours whose worker is.
 *
 * A claim names the spooler that holds the job (base/spool.h), and its lease says whether it lives (base/lease.h). One that is
 * dead loses its jobs to whoever renames the claim first. A folder without a claim is made and removed within moments: what is
 * older than NO_CLAIM_MS is no job of ours and goes to corrupt/.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "spooler/journal.h"
#include "spooler/orphan.h"

#define NO_CLAIM_MS 60000

/* holder is "" for a folder that nobody holds. */
static enum orphan look(struct spool *s, const struct lease *own, struct lease_watch *others, const struct spool_entry *entry,
	char holder[SPOOL_INSTANCE_SIZE])
{
	holder[0] = '\0';
	if (spool_holder(s, entry->id, holder) == 0) {
		if (strcmp(holder, lease_instance(own)) == 0 || lease_dead(others, holder))
			return ORPHAN_YES;
		if (errno == 0)
			return ORPHAN_NO;
	} else if (errno == ENOENT) {
		return clock_wall() - entry->mtime_ms > NO_CLAIM_MS ? ORPHAN_YES : ORPHAN_NO;
	}
	log_error(entry->id, "cannot be told whether somebody carries it: %s", strerror(errno));
	return ORPHAN_TROUBLE;
}

enum orphan orphan_is(struct spool *s, const struct lease *own, struct lease_watch *others, const struct spool_entry *entry)
{
	char holder[SPOOL_INSTANCE_SIZE];

	return look(s, own, others, entry, holder);
}

enum orphan orphan_adopt(struct spool *s, const struct lease *own, struct lease_watch *others, const struct spool_entry *entry)
{
	char holder[SPOOL_INSTANCE_SIZE];
	enum orphan orphan = look(s, own, others, entry, holder);

	if (orphan != ORPHAN_YES || strcmp(holder, lease_instance(own)) == 0)
		return orphan;
	if (holder[0] == '\0') {
		if (spool_set_aside_active(s, entry->id) == 0)
			log_warn(entry->id, "nobody holds it and nobody ever claimed it: moved to corrupt/");
		return ORPHAN_NO;
	}
	switch (spool_take_over(s, entry->id, holder, lease_instance(own))) {
	case SPOOL_CLAIMED:
		(void)journal(s, entry->id, false, "taken over", strcmp(holder, SPOOL_NOBODY) == 0 ? "another spooler left it" :
			"its spooler is dead");
		return ORPHAN_YES;
	case SPOOL_FINISHED:
		log_info(entry->id, "duplicate of a job that has ended, dropped");
		return ORPHAN_NO;
	case SPOOL_TROUBLE:
		log_error(entry->id, "cannot be taken over: %s", strerror(errno));
		return ORPHAN_TROUBLE;
	default:
		return ORPHAN_NO;
	}
}
