/* Leases: one file spoolers/<instance> for each running spooler (host, boot id, pid, start time), renewed and locked
 * while it lives. On the same host a free lock means dead; elsewhere, a lease that did not change for LEASE_DEAD_MS
 * on the observer's own monotonic clock. */
#ifndef PLANSPOOL_BASE_LEASE_H
#define PLANSPOOL_BASE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/spool.h"

#ifndef PLANSPOOL_LEASE_MS		/* tests have less patience */
#define PLANSPOOL_LEASE_MS 60000
#endif
#define LEASE_DEAD_MS PLANSPOOL_LEASE_MS
#define LEASE_RENEW_MS (PLANSPOOL_LEASE_MS / 6)

struct lease;		/* our own */
struct lease_watch;	/* what was seen of others' leases, and when */

/* Makes and locks a lease with a random name. NULL with errno. Children inherit the lock with the descriptor. */
struct lease *lease_take(struct spool *s);
const char *lease_instance(const struct lease *l);
/* Rewrites the lease, so that others see life. 0, or -1 with errno: ENOENT when somebody removed it, ETIMEDOUT when
 * it is not held any more, both for good. */
int lease_renew(struct lease *l);
/* Whether the last renewal is less than half of LEASE_DEAD_MS ago, on a clock that counts suspended time. When
 * false, the holder must stop working on its jobs. */
bool lease_held(const struct lease *l);
void lease_release(struct lease *l);	/* removes the file; frees */

struct lease_watch *lease_watch_new(struct spool *s);
void lease_watch_free(struct lease_watch *w);
/* Whether the spooler of that instance is known to be dead. A lease that does not exist is dead. When false, errno is 0, or says
 * why that could not be seen. */
bool lease_dead(struct lease_watch *w, const char *instance);
/* Removes the leases of spoolers that are known to be dead. */
void lease_sweep(struct lease_watch *w);

#endif
