/* What can be said of a version of an image: how it stands now, what is newer, and what to use instead.
 *
 * Contract: a registry is a snapshot, so the date decides, not the word: with a date that has passed a version is
 * revoked whatever its status says, with one to come it is scheduled. "revoked" without a date is revoked now,
 * "revocation_scheduled" without one is taken as revoked too, because nobody can say that it is not.
 *
 * Which of two versions is newer is decided by created_at, if both have it; else by their ULIDs, which begin with the
 * time; else by their order in the file. Names are never compared: v10 is newer than v9, and other names have no order.
 *
 * The newest version is the one the bucket names as latest, unless that can't be used; then the newest by the above. */
#include <string.h>
#include <strings.h>

#include "checks/image_registry.h"

enum image_state image_version_state(const struct image_version *v, int64_t now_ms)
{
	if (v->revoke_ms != IMAGE_NEVER)
		return v->revoke_ms <= now_ms ? IMAGE_REVOKED : IMAGE_SCHEDULED;
	switch (v->status) {
	case IMAGE_STATUS_REVOKED:
	case IMAGE_STATUS_SCHEDULED:
		return IMAGE_REVOKED;
	case IMAGE_STATUS_INCOMPLETE:
		return IMAGE_INCOMPLETE;
	default:
		return IMAGE_ACTIVE;
	}
}

/* Something with the time in front, or NULL. */
static const char *ulid_of(const struct image_version *v)
{
	if (image_is_ulid(v->id, strlen(v->id)))
		return v->id;
	return image_is_ulid(v->fingerprint, strlen(v->fingerprint)) ? v->fingerprint : NULL;
}

bool image_version_newer(const struct image_version *a, const struct image_version *b)
{
	const char *x = ulid_of(a), *y = ulid_of(b);

	if (a->created_ms != IMAGE_NEVER && b->created_ms != IMAGE_NEVER && a->created_ms != b->created_ms)
		return a->created_ms > b->created_ms;
	if (x != NULL && y != NULL && strcmp(x, y) != 0)
		return strcmp(x, y) > 0;
	return a->number > b->number;
}

const struct image_version *image_bucket_version(const struct image_bucket *b, const char *name)
{
	if (*name == '\0')
		return NULL;
	for (const struct image_version *v = b->versions; v != NULL; v = v->next) {
		if (strcmp(v->fingerprint, name) == 0)
			return v;
	}
	for (const struct image_version *v = b->versions; v != NULL; v = v->next) {
		if (strcmp(v->name, name) == 0)
			return v;
	}
	return NULL;
}

const struct image_version *image_bucket_newest(const struct image_bucket *b, int64_t now_ms)
{
	const struct image_version *best = image_bucket_version(b, b->latest);

	if (best != NULL && image_version_state(best, now_ms) == IMAGE_ACTIVE)
		return best;
	best = NULL;
	for (const struct image_version *v = b->versions; v != NULL; v = v->next) {
		if (image_version_state(v, now_ms) == IMAGE_ACTIVE && (best == NULL || image_version_newer(v, best)))
			best = v;
	}
	return best;
}

const struct image_artifact *image_version_counterpart(const struct image_version *v, const struct image_artifact *like)
{
	for (const struct image_artifact *a = v->artifacts; a != NULL; a = a->next) {
		if (strcasecmp(a->platform, like->platform) == 0 && strcasecmp(a->region, like->region) == 0)
			return a;
	}
	for (const struct image_artifact *a = v->artifacts; a != NULL; a = a->next) {
		if ((strcasecmp(a->platform, like->platform) == 0 || *a->platform == '\0' || *like->platform == '\0') &&
			(strcasecmp(a->region, like->region) == 0 || *a->region == '\0' || *like->region == '\0'))
			return a;
	}
	return NULL;
}

const char *image_bucket_channel(const struct image_bucket *b, const char *channel)
{
	for (const struct image_channel *c = b->channels; c != NULL; c = c->next) {
		if (strcmp(c->name, channel) == 0)
			return *c->fingerprint != '\0' ? c->fingerprint : NULL;
	}
	return NULL;
}
