/* The supervisor: finds jobs, gives them to the crew, renews the lease, keeps house, obeys signals. */
#ifndef PLANSPOOL_SPOOLER_SUPERVISOR_H
#define PLANSPOOL_SPOOLER_SUPERVISOR_H

#include <stdbool.h>

#include "base/lease.h"
#include "base/spool.h"
#include "spooler/settings.h"

/* Works until TERM or INT, or with once until nothing is left to do. Takes settings over. The exit status. */
int supervise(const char *config_path, struct settings *settings, struct spool *spool, struct lease *lease, bool once);

#endif
