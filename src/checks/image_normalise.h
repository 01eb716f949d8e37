/* Ids of machine images in the many forms in which plans and registries write them, made comparable. */
#ifndef PLANSPOOL_CHECKS_IMAGE_NORMALISE_H
#define PLANSPOOL_CHECKS_IMAGE_NORMALISE_H

#include <stdbool.h>
#include <stddef.h>

enum image_form {
	IMAGE_PLAIN,		/* nothing known: compares as it is */
	IMAGE_AWS,		/* ami-, snap-, vol- */
	IMAGE_UUID,
	IMAGE_ARM,		/* an Azure resource id: a managed image, or anything else */
	IMAGE_ARM_VERSION,	/* a version of an image in a gallery */
	IMAGE_ARM_GALLERY,	/* an image in a gallery: the newest version, whichever that is */
	IMAGE_ARM_MARKET,	/* a platform image */
	IMAGE_GCP,		/* an image by name */
	IMAGE_GCP_FAMILY,	/* the newest image of a family */
	IMAGE_GCP_EITHER,	/* a bare name: an image or a family */
	IMAGE_LATER,		/* a parameter that is resolved later: resolve:ssm:..., ssm:... */
};

struct image_id {
	enum image_form form;
	char *key;		/* two ids are the same image if the keys are equal and the scopes don't differ */
	char *scope;		/* Azure's subscription or Google's project; NULL: not said */
	size_t gallery_len;	/* IMAGE_ARM_VERSION: how much of key names the gallery image */
	bool strong;		/* found anywhere in a plan, it can be nothing but this image's id */
};

/* gcp: the text stands where Google Cloud takes an image, so a bare name is one. Freed by image_id_free. */
void image_normalise(const char *text, bool gcp, struct image_id *out);
void image_id_free(struct image_id *id);

/* Whether they are the same image, as far as one can tell. */
bool image_scopes_agree(const char *a, const char *b);

/* A quick look at any text of a plan: false if it can't be a strong id. */
bool image_may_be_strong(const char *text, size_t len);

/* 26 letters and digits of a ULID: what fingerprints of versions mostly are. */
bool image_is_ulid(const char *text, size_t len);

/* "publisher:offer:sku:version" of a platform image's id (IMAGE_ARM_MARKET), allocated. */
char *image_market_name(const struct image_id *id);

#endif
