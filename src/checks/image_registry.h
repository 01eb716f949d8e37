/* The registry of machine images (images.json): buckets, their versions and the artifacts of each, from one file or
 * several, with an index by image id. Read once, then read-only and shared. */
#ifndef PLANSPOOL_CHECKS_IMAGE_REGISTRY_H
#define PLANSPOOL_CHECKS_IMAGE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/faults.h"
#include "checks/image_normalise.h"

#define IMAGE_NEVER INT64_MAX		/* no such time */
#define IMAGE_FORMAT "images/1"

enum image_status { IMAGE_STATUS_ACTIVE, IMAGE_STATUS_INCOMPLETE, IMAGE_STATUS_SCHEDULED, IMAGE_STATUS_REVOKED };

/* How a version stands at some time, in rising order of badness. */
enum image_state { IMAGE_ACTIVE, IMAGE_INCOMPLETE, IMAGE_SCHEDULED, IMAGE_REVOKED };

enum image_rule { IMAGE_RULE_UNSET, IMAGE_RULE_IGNORE, IMAGE_RULE_WARN, IMAGE_RULE_BLOCK };
/* "ignore", "warn", "block"; IMAGE_RULE_UNSET for anything else. */
enum image_rule image_rule_parse(const char *s);

struct image_bucket;

struct image_version {
	struct image_bucket *bucket;
	struct image_version *next;		/* of the bucket, in the order of the file */
	const char *name, *fingerprint, *id;	/* id "" if not given */
	enum image_status status;
	int64_t created_ms, revoke_ms;		/* IMAGE_NEVER: not said */
	const char *message, *author, *inherited;	/* of the revocation; "" if not given */
	struct image_artifact *artifacts, **last_artifact;
	uint64_t number;			/* order in which they came */
};

struct image_artifact {
	struct image_version *version;
	struct image_artifact *next;		/* of the version */
	const char *id;				/* external_identifier, as written */
	const char *platform, *region;		/* "" if not given */
	const char *scope;			/* subscription or project; NULL: not known */
};

struct image_channel {
	struct image_channel *next;
	const char *name;
	const char *fingerprint;		/* "" if unassigned */
};

struct image_bucket {
	struct image_bucket *next;
	const char *name;
	const char *latest;			/* a fingerprint or name; "" if not given */
	struct image_channel *channels;
	struct image_version *versions, **last_version;
	unsigned file;				/* number of the file that named it last */
};

struct image_registry;

/* One file's texts are read into a registry that may hold others: what several say of one version is united, and a
 * revocation wins. 0, or -1 with errors in faults: then the registry is of no use. */
struct image_registry *image_registry_new(void);
void image_registry_free(struct image_registry *r);
/* Takes over text (malloc'ed, len bytes and a NUL behind them) in any case. */
int image_registry_read(struct image_registry *r, const char *file, char *text, size_t len, struct faults *faults);

struct image_bucket *image_registry_buckets(const struct image_registry *r);	/* in the order of the files */
enum image_rule image_registry_untracked(const struct image_registry *r);	/* on_untracked_image, the strictest */
/* Why the registry is stale now, allocated; NULL if it is not. max_age_ms below 0: as the files say. */
char *image_registry_stale(const struct image_registry *r, int64_t now_ms, int64_t max_age_ms);

/* Artifacts that are this image, or, for an image in a gallery, versions of it (IMAGE_ARM_GALLERY). Calls found for
 * each. */
void image_registry_find(const struct image_registry *r, const struct image_id *id,
	void (*found)(void *context, const struct image_artifact *artifact), void *context);
/* A version by bucket and fingerprint, or by its ULID; NULL if there is none. */
const struct image_version *image_registry_version(const struct image_registry *r, const char *bucket,
	const char *fingerprint);

/* image_version.c */
enum image_state image_version_state(const struct image_version *v, int64_t now_ms);
bool image_version_newer(const struct image_version *a, const struct image_version *b);	/* a than b */
/* The bucket's newest version that can be used now; NULL if there is none. */
const struct image_version *image_bucket_newest(const struct image_bucket *b, int64_t now_ms);
/* The version's artifact for the same platform and region; NULL if there is none. */
const struct image_artifact *image_version_counterpart(const struct image_version *v,
	const struct image_artifact *like);
/* The fingerprint (or name) of the version that a channel points to; NULL if there is no such channel, or nothing in
 * it. */
const char *image_bucket_channel(const struct image_bucket *b, const char *channel);
/* The bucket's version of that fingerprint, else of that name; NULL if there is none. Looks at all of them. */
const struct image_version *image_bucket_version(const struct image_bucket *b, const char *fingerprint_or_name);

#endif
