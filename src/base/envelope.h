/* The form in which an accepted request lies in the spool: {format, received_at, endpoint, seal_key_id, sealed,
 * request}. request is the payload without its access_token and without the query of any *_url; sealed is what was
 * cut out, and the id, for the spooler alone. planspool-spool(5) documents it. */
#ifndef PLANSPOOL_BASE_ENVELOPE_H
#define PLANSPOOL_BASE_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/request.h"
#include "base/seal.h"

#define ENVELOPE_FORMAT 1
#define ENVELOPE_WHY 320

/* The text of the envelope for a request just received, allocated, with a newline at its end. id is the spool's id
 * of the job. */
char *envelope_make(const struct request *r, const char *endpoint, const char *id, int64_t received_ms,
	const struct seal_public *key);

struct envelope {
	char *endpoint;
	int64_t received_ms;		/* wall clock, milliseconds since 1970 */
	char seal_key_id[SEAL_ID_SIZE];
	struct request request;		/* without what is sealed */
	struct secret *access_token;	/* NULL: none, or not unsealed */
	/* Whole URLs, with their queries: they can be credentials, so they are secrets. NULL where the request has
	 * none. */
	struct secret *callback_url, *plan_url, *configuration_url;
};

/* Reads the public part. 0, or -1 with a reason: damaged, another format, fields missing, not the envelope of id. */
int envelope_read(const char *text, size_t len, const char *id, struct envelope *out, char why[ENVELOPE_WHY]);

/* Opens the sealed part, into the secret fields. text is what envelope_read read. 0, or -1 with a reason. */
int envelope_unseal(struct envelope *e, const char *text, size_t len, const char *id, const struct seal_secret *keys,
	size_t n, char why[ENVELOPE_WHY]);
void envelope_free(struct envelope *e);

#endif
