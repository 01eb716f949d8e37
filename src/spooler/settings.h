/* Everything the spooler works by, loaded as a whole by the supervisor and never changed: configuration, checks, keys, tokens.
 * Workers inherit it when they are forked; a reload makes a new one for new workers. */
#ifndef PLANSPOOL_SPOOLER_SETTINGS_H
#define PLANSPOOL_SPOOLER_SETTINGS_H

#include <sys/types.h>

#include "base/config.h"
#include "base/seal.h"
#include "base/spool.h"
#include "base/url.h"
#include "checks/checkset.h"

struct endpoint_settings {
	const struct config_endpoint *config;
	struct checkset *checks;
	struct secret **tokens;		/* by index of hosts; NULL where a host has no token_file */
};

struct settings {
	struct config *config;
	struct endpoint_settings *endpoints;
	size_t endpoint_count;
	struct seal_secret *keys;
	size_t key_count;
	uid_t handler_uid;
};

/* NULL if the configuration, a seal key or a token cannot be used: faults says why. Checks that cannot be loaded add errors too,
 * but the settings can be used: such a check is one that could not run. */
struct settings *settings_load(const char *path, struct faults *faults);
void settings_free(struct settings *s);

const struct endpoint_settings *settings_endpoint(const struct settings *s, const char *name);
/* Any endpoint with a host of the URL's origin, or NULL: for a job whose own endpoint is gone. */
const struct endpoint_settings *settings_endpoint_for(const struct settings *s, const struct url *url);

/* Says in the log which policies the settings no longer have that those in force before had. */
void settings_compare(const struct settings *s, const struct settings *before);

/* Tells the handler, through the spool, which seal keys can be opened. 0, or -1 with errno. */
int settings_announce(const struct settings *s, struct spool *spool);
/* Whether the spool says so of all our keys. */
bool settings_announced(const struct settings *s, const struct spool *spool);

#endif
