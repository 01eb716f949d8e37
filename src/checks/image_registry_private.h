/* What a registry of images is inside; for image_registry.c and image_registry_read.c, which fills it. */
#ifndef PLANSPOOL_CHECKS_IMAGE_REGISTRY_PRIVATE_H
#define PLANSPOOL_CHECKS_IMAGE_REGISTRY_PRIVATE_H

#include "checks/image_index.h"
#include "checks/image_registry.h"
#include "checks/policy_store.h"

/* Kinds of keys in the index. */
enum {
	INDEX_BUCKET = 'b',	/* name: struct image_bucket */
	INDEX_VERSION = 'v',	/* bucket and fingerprint, or bucket and id: struct image_version */
	INDEX_IMAGE = 'i',	/* key of an image: struct image_name */
	INDEX_GALLERY = 'g',	/* key of a gallery image: struct image_name of a version of it */
};

/* One id of an artifact. */
struct image_name {
	const struct image_artifact *artifact;
	const char *scope;	/* NULL: not known */
};

struct image_registry {
	struct policy_store *store;
	struct image_index index;
	struct image_bucket *buckets, **last_bucket;
	uint64_t version_count;
	unsigned file_count;
	enum image_rule untracked;
	/* The file that is stale first, as far as files say when they were made and how old they may become. */
	int64_t oldest_ms;		/* IMAGE_NEVER: none says */
	int64_t stale_ms, stale_made_ms;
	char *oldest_file, *stale_file;
};

struct image_bucket *image_registry_bucket(const struct image_registry *r, const char *name);
/* Enters an artifact's external id and aliases. */
void image_registry_index(struct image_registry *r, struct image_artifact *a, const char *const *aliases, size_t n);

#endif
