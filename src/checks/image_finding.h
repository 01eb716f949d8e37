/* What the check of machine images found out about one image of one resource. */
#ifndef PLANSPOOL_CHECKS_IMAGE_FINDING_H
#define PLANSPOOL_CHECKS_IMAGE_FINDING_H

#include "checks/image_run.h"

enum image_class {
	CLASS_REVOKED, CLASS_SCHEDULED, CLASS_INCOMPLETE, CLASS_OUTDATED, CLASS_OK, CLASS_AMBIGUOUS, CLASS_UNTRACKED,
	CLASS_MARKETPLACE, CLASS_FLOATING, CLASS_UNKNOWN, CLASSES
};

#define IMAGE_HITS_LISTED 8

struct image_finding {
	const struct image_resource *resource;
	const struct image_use *use;		/* NULL: found by reference */
	const struct image_source *source;	/* the data source it came from; NULL */
	enum image_class class;
	/* Of CLASS_AMBIGUOUS the worst of the versions: REVOKED, SCHEDULED, INCOMPLETE, OUTDATED or OK; else as
	 * class. */
	enum image_class worst;
	const char *text;			/* the id for people; NULL: none is known */
	const struct image_artifact *artifact;	/* of the worst version; NULL: not known */
	const struct image_version *version;	/* the worst; NULL: not in the registry */
	const struct image_version *hits[IMAGE_HITS_LISTED];	/* all versions that have it */
	size_t hit_count;			/* with those beyond that */
	const struct image_version *newest;	/* of the bucket, if that is newer; NULL */
	const struct image_artifact *replacement;	/* in it, for the same platform and region; NULL */
	int64_t revoke_ms;			/* IMAGE_NEVER: no date */
	bool from_plan;				/* the plan's word: the registry does not know the image */
	const char *allowed;			/* the entry of allow that lets it pass; NULL */
	const char *template_name;		/* vSphere: what the UUID stands for; NULL */
	bool moved_from_revoked;		/* the image before the change was revoked */
	const char *channel_now;		/* where the data source's channel points by now, if elsewhere; NULL */
};

const char *image_class_name(enum image_class class);

/* image_classify.c: fills in the rest from resource, use and source. */
void image_classify(struct image_run *run, struct image_finding *f);

/* image_report.c: makes an outcome of it and counts it. */
struct image_counts {
	uint64_t images, resources, newer, known;	/* known: to the registry, as one version */
	uint64_t classes[CLASSES], blocking[CLASSES];	/* blocking: those that failed */
};
void image_report(const struct image_run *run, const struct image_finding *f, struct image_counts *counts);
/* The counts as the check's note. */
void image_report_counts(const struct image_run *run, const struct image_counts *counts);

#endif
