/* The registry of machine images in memory, and its index.
 *
 * Contract: once read it never changes, so any number of runs can look into it at a time. An artifact can be found
 * under several names: its external id, its aliases, and, if it is a version of a gallery image, under that image too.
 * Google's short names are found with and without a project: a project that an alias names belongs to the short name as
 * well, so that an image of the same name in another project is another image.
 *
 * Memory: texts are copied out of the file once, platforms and regions are shared; about 250 bytes an artifact, with
 * its names. */
#include "checks/image_registry.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "checks/image_registry_private.h"

enum image_rule image_rule_parse(const char *s)
{
	static const struct { const char *name; enum image_rule rule; } rules[] = {
		{ "ignore", IMAGE_RULE_IGNORE }, { "warn", IMAGE_RULE_WARN }, { "block", IMAGE_RULE_BLOCK },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (strcmp(rules[i].name, s) == 0)
			return rules[i].rule;
	}
	return IMAGE_RULE_UNSET;
}

struct image_registry *image_registry_new(void)
{
	struct image_registry *r = xcalloc(1, sizeof(*r));

	r->store = policy_store_new();
	image_index_init(&r->index);
	r->last_bucket = &r->buckets;
	r->oldest_ms = r->stale_ms = IMAGE_NEVER;
	return r;
}

void image_registry_free(struct image_registry *r)
{
	if (r == NULL)
		return;
	image_index_free(&r->index);
	policy_store_free(r->store);
	free(r->oldest_file);
	free(r->stale_file);
	free(r);
}

struct image_bucket *image_registry_buckets(const struct image_registry *r)
{
	return r->buckets;
}

enum image_rule image_registry_untracked(const struct image_registry *r)
{
	return r->untracked;
}

char *image_registry_stale(const struct image_registry *r, int64_t now_ms, int64_t max_age_ms)
{
	char made[TEXT_TIME_SIZE];

	if (max_age_ms >= 0 && r->oldest_ms != IMAGE_NEVER && now_ms - r->oldest_ms > max_age_ms) {
		text_time(r->oldest_ms, made);
		return xasprintf("%s was made %s, which is longer ago than max_age allows", r->oldest_file, made);
	}
	if (max_age_ms < 0 && r->stale_ms != IMAGE_NEVER && now_ms > r->stale_ms) {
		text_time(r->stale_made_ms, made);
		return xasprintf("%s was made %s, which is longer ago than its max_age allows", r->stale_file, made);
	}
	return NULL;
}

static const void *find(const struct image_registry *r, uint64_t hash, char kind)
{
	const struct image_entry *e = NULL;

	while ((e = image_index_next(&r->index, hash, e)) != NULL && e->kind != kind)
		continue;
	return e != NULL ? e->thing : NULL;
}

struct image_bucket *image_registry_bucket(const struct image_registry *r, const char *name)
{
	return (struct image_bucket *)(uintptr_t)find(r, image_index_hash(&r->index, INDEX_BUCKET, name, strlen(name),
		NULL),
		INDEX_BUCKET);
}

const struct image_version *image_registry_version(const struct image_registry *r, const char *bucket,
	const char *fingerprint)
{
	return find(r, image_index_hash(&r->index, INDEX_VERSION, bucket, strlen(bucket), fingerprint), INDEX_VERSION);
}

static void find_all(const struct image_registry *r, char kind, const struct image_id *id,
	void (*found)(void *context, const struct image_artifact *artifact), void *context)
{
	uint64_t hash = image_index_hash(&r->index, kind, id->key, strlen(id->key), NULL);

	for (const struct image_entry *e = NULL; (e = image_index_next(&r->index, hash, e)) != NULL;) {
		const struct image_name *name = e->thing;

		if (e->kind == kind && image_scopes_agree(name->scope, id->scope))
			found(context, name->artifact);
	}
}

void image_registry_find(const struct image_registry *r, const struct image_id *id,
	void (*found)(void *context, const struct image_artifact *artifact), void *context)
{
	find_all(r, INDEX_IMAGE, id, found, context);
	if (id->form == IMAGE_ARM_GALLERY)
		find_all(r, INDEX_GALLERY, id, found, context);
}

static bool is_google(const char *platform)
{
	static const char *const names[] = { "gce", "gcp", "google", "googlecompute" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(platform, names[i]) == 0)
			return true;
	}
	return false;
}

static void enter(struct image_registry *r, const struct image_artifact *a, const struct image_id *id)
{
	struct image_name *name = policy_store_get(r->store, sizeof(*name));

	name->artifact = a;
	name->scope = id->scope != NULL ? policy_store_word(r->store, id->scope) : NULL;
	image_index_add(&r->index, image_index_hash(&r->index, INDEX_IMAGE, id->key, strlen(id->key), NULL),
		INDEX_IMAGE, name);
	if (id->form == IMAGE_ARM_VERSION)
		image_index_add(&r->index, image_index_hash(&r->index, INDEX_GALLERY, id->key, id->gallery_len, NULL),
			INDEX_GALLERY,
			name);
}

/* A short name of Google's is also to be found where nothing says that it is one. */
static void enter_text(struct image_registry *r, const struct image_artifact *a, const char *text, struct image_id *id)
{
	struct image_id plain;

	enter(r, a, id);
	if (id->form != IMAGE_GCP_EITHER)
		return;
	image_normalise(text, false, &plain);
	enter(r, a, &plain);
	image_id_free(&plain);
}

void image_registry_index(struct image_registry *r, struct image_artifact *a, const char *const *aliases, size_t n)
{
	bool gcp = *a->platform == '\0' || is_google(a->platform);
	struct image_id own;

	image_normalise(a->id, gcp, &own);
	for (size_t i = 0; i < n; i++) {
		struct image_id alias;

		image_normalise(aliases[i], gcp, &alias);
		if (own.scope == NULL && alias.scope != NULL && strcmp(own.key, alias.key) == 0)
			own.scope = xstrdup(alias.scope);
		enter_text(r, a, aliases[i], &alias);
		image_id_free(&alias);
	}
	enter_text(r, a, a->id, &own);
	a->scope = own.scope != NULL ? policy_store_word(r->store, own.scope) : NULL;
	image_id_free(&own);
}
