/* What the handler works with: a configuration and everything it names that the handler needs, opened. Read as a
 * whole, never changed afterwards but for one flag, so that threads may share it. */
#ifndef PLANSPOOL_HANDLER_SETTINGS_H
#define PLANSPOOL_HANDLER_SETTINGS_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/config.h"
#include "base/seal.h"
#include "base/secret.h"
#include "base/spool.h"

struct settings_endpoint {
	const struct config_endpoint *config;
	struct secret **keys;		/* all of the endpoint's HMAC keys; none if it takes unsigned requests */
	size_t key_count;
	char *trouble;			/* NULL, or why a key cannot be used: file and reason */
};

struct settings {
	struct config *config;
	struct settings_endpoint *endpoints;	/* one for each of the configuration's, in its order */
	struct seal_public seal;
	char *seal_trouble;		/* NULL, or why seal cannot be used */
	struct spool *spool;		/* NULL if it cannot be opened */
	char *spool_trouble;		/* why not, and what to do */
	atomic_bool spool_suspect;	/* it could not be used: open it anew before the next request */
	unsigned users;			/* kept by the keeper */
};

/* Opens what the configuration names and takes ownership of it. Never fails: what cannot be used is told by the
 * trouble fields, because one endpoint's key must not stop the others. Freed by settings_free (NULL is fine). */
struct settings *settings_open(struct config *config);
void settings_free(struct settings *s);

/* The endpoint with exactly this path, or NULL. */
const struct settings_endpoint *settings_endpoint_at(const struct settings *s, const char *path);

/* Logs every trouble, a line each. */
void settings_log_trouble(const struct settings *s);

#endif
