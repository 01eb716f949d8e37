/* One run of the check of machine images: what is kept of a plan until all of it is known. */
#ifndef PLANSPOOL_CHECKS_IMAGE_RUN_H
#define PLANSPOOL_CHECKS_IMAGE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/image_files.h"
#include "checks/image_index.h"
#include "checks/image_registry.h"
#include "checks/image_types.h"
#include "checks/outcome.h"
#include "checks/policy_store.h"
#include "plan/change.h"
#include "plan/reader.h"
#include "plan/references.h"

#define IMAGE_SOURCES "data.hcp_packer_"

/* Images that need not be in the registry. */
struct image_allow {
	enum { ALLOW_ID, ALLOW_GLOB, ALLOW_MARKET } kind;
	char *text;
};

/* The check as configured. */
struct images {
	struct image_files *files;
	struct image_types types;
	enum image_rule untracked, marketplace, floating, incomplete;	/* IMAGE_RULE_UNSET: not given */
	struct image_allow *allow;
	size_t allow_count;
	bool trouble_warns;		/* on_registry_error: warn */
	int64_t max_age_ms;		/* below 0: as the files say */
};

enum image_action { IMAGE_CREATE, IMAGE_REPLACE, IMAGE_UPDATE, IMAGE_UNCHANGED, IMAGE_DEFERRED };

/* An image that a resource has, or may have. */
struct image_use {
	struct image_use *next;
	const char *text;		/* as in the plan; NULL: not known until apply, or IMAGE_ANYWHERE */
	const char *previous;		/* update: what was there before, if that was another image; NULL */
	uint64_t match;			/* IMAGE_ANYWHERE: hash of the id */
	enum { IMAGE_AT_PATH, IMAGE_MARKET, IMAGE_VSPHERE, IMAGE_ANYWHERE } kind;
	bool google, sensitive;
};

struct image_resource {
	struct image_resource *next;	/* in the order of the plan */
	const char *address;
	const char *config;		/* its address in the configuration */
	struct image_use *uses;
	enum image_action action;
};

/* A data source of HCP Packer. */
struct image_source {
	struct image_source *next;
	const char *address, *config;
	const char *index;		/* what stands in brackets at the end of address; "" */
	const char *id;			/* the image's id; NULL: not known, or it is a version */
	const char *bucket, *fingerprint, *channel, *platform, *region;	/* "" if not given */
	int64_t revoke_ms;		/* IMAGE_NEVER: none */
	bool version;			/* hcp_packer_version or hcp_packer_iteration: names no image */
	bool deferred;			/* read during apply */
	bool sensitive;			/* the id must not be shown */
};

struct image_run {
	const struct images *check;
	const struct image_registry *registry;	/* NULL: none can be used */
	const char *trouble;			/* why it, or a newer one, can't be; NULL */
	struct outcomes *outcomes;
	int64_t now_ms;
	struct policy_store *store;
	struct image_resource *resources, **last_resource;
	size_t bare_count;			/* kept resources without uses */
	struct policy_hashes dropped;		/* config addresses of those that were not kept */
	struct image_source *sources, **last_source;
	struct image_index index;		/* of sources, and of templates */
	struct references *references;
	bool incomplete;			/* the plan says that it is not all */
};

/* Kinds of keys in the index of a run. */
enum {
	RUN_SOURCE = 's',	/* key of an image: struct image_source */
	RUN_MATCH = 'm',	/* the same, for what was found anywhere */
	RUN_CONFIG = 'c',	/* config address: struct image_source */
	RUN_TEMPLATE = 't',	/* UUID of a template in vSphere: its name */
	RUN_NEWEST = 'n',	/* name of a bucket: its newest version, or NULL */
};

/* image_uses.c: a managed resource that will be there after the plan. */
void image_uses_add(struct image_run *run, const struct resource_change *change, bool deferred);
/* The hash under which an id that stands anywhere is looked up. */
uint64_t image_uses_match(const struct image_run *run, const struct image_id *id);

/* image_sources.c: a data source, with its values and which of them are unknown and sensitive. Others are passed
 * over. */
void image_sources_add(struct image_run *run, const char *type, const char *address, const struct value *values,
	const struct value *unknown, const struct value *sensitive);
/* The image's name at the end of a template's path in vSphere; NULL if the plan does not have it. */
const char *image_sources_template(const struct image_run *run, const char *uuid);

/* image_judge.c: all of the plan is known. */
void image_judge(struct image_run *run);

#endif
