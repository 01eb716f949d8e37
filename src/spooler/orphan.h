/* Orphans: jobs in active/ that no living spooler carries. */
#ifndef PLANSPOOL_SPOOLER_ORPHAN_H
#define PLANSPOOL_SPOOLER_ORPHAN_H

#include "base/lease.h"
#include "base/spool.h"

enum orphan {
	ORPHAN_NO,	/* a living spooler holds it, or it is gone */
	ORPHAN_YES,	/* we hold it, or a dead spooler does, or nobody, and for too long to be a job that is being made */
	ORPHAN_TROUBLE,	/* that cannot be seen, or it cannot be taken, for the moment; logged */
};

/* What a folder in active/ is to us who do not carry it. own: our lease. */
enum orphan orphan_is(struct spool *s, const struct lease *own, struct lease_watch *others, const struct spool_entry *entry);

/* Makes an orphan ours. YES: it is to be carried. NO: another spooler was faster, or it was a duplicate of a job that has ended, or
 * no job at all; these are dropped or set aside, and logged. */
enum orphan orphan_adopt(struct spool *s, const struct lease *own, struct lease_watch *others, const struct spool_entry *entry);

#endif
