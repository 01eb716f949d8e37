/* Housekeeping: what is left over or has been kept long enough is removed from the spool. */
#ifndef PLANSPOOL_SPOOLER_HOUSEKEEPING_H
#define PLANSPOOL_SPOOLER_HOUSEKEEPING_H

#include <stdbool.h>

#include "base/config.h"
#include "base/lease.h"
#include "base/spool.h"

/* One round, a bounded piece of work. Trouble is logged and met again in the next round. Whether it left jobs whose
 * time is over, for a round that should follow soon. */
bool housekeeping(struct spool *spool, struct lease_watch *leases, const struct config *config);

/* Moves what is no job out of a state's directory and logs it. */
void housekeeping_set_aside(struct spool *spool, enum spool_state state, const char *name);

#endif
