/* The end of a run: which images each resource has, and where they came from.
 *
 * Contract: a resource has the images at its known places, those found anywhere in it that a data source of HCP Packer
 * gave, and, if it has none of both, those of the data sources to which its expressions refer. The last is for ids that
 * can't be told from other texts, or that stand inside of them, and for data sources that are read during apply.
 *
 * Of a data source with several instances a reference means the one with the index it names, else the one with the
 * resource's own index, else all; among instances of modules those nearest to the resource.
 *
 * A data source that names a version and no image counts only where nothing else of the same version was found in the
 * resource. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checks/image_finding.h"
#include "plan/address.h"

#define REFERRED_MAX 64		/* data sources of one resource */

struct judging {
	struct image_run *run;
	struct image_counts counts;
	const struct image_resource *resource;
	uint64_t number;			/* of the resource */
	size_t found;				/* images of the resource */
	/* Data sources that the resource refers to. */
	const struct image_source *referred[REFERRED_MAX];
	size_t referred_count;
	struct policy_hashes given;		/* ids of images that were reported, with their resource */
	const struct image_source *last;	/* the data source of the resource that came up last */
	bool followed;				/* referred is known */
	bool complete;
};

/* The data source that gave an id, NULL if none did. One that the resource is known to refer to is preferred. */
static const struct image_source *source_of_text(const struct image_run *run, const char *text, bool google)
{
	const struct image_source *found = NULL;
	struct image_id id;
	uint64_t hash;

	image_normalise(text, google, &id);
	hash = image_index_hash(&run->index, RUN_SOURCE, id.key, strlen(id.key), NULL);
	for (const struct image_entry *e = NULL; (e = image_index_next(&run->index, hash, e)) != NULL &&
		found == NULL;) {
		const struct image_source *s = e->thing;
		struct image_id own;

		image_normalise(s->id, google, &own);
		if (image_scopes_agree(own.scope, id.scope))
			found = s;
		image_id_free(&own);
	}
	image_id_free(&id);
	return found;
}

static const struct image_source *source_of_match(const struct image_run *run, uint64_t match)
{
	const struct image_entry *e = image_index_next(&run->index, match, NULL);

	return e != NULL ? e->thing : NULL;
}

static size_t common(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] != '\0' && a[n] == b[n])
		n++;
	return n;
}

/* How well an instance of a data source fits to the resource: the more of the modules' address they share the
 * better. */
static size_t fit(const struct judging *j, const struct image_source *s)
{
	size_t modules = address_modules(s->address), shared = common(s->address, j->resource->address);

	return shared < modules ? shared : modules;
}

static void refer(struct judging *j, const struct image_source *s)
{
	for (size_t i = 0; i < j->referred_count; i++) {
		if (j->referred[i] == s)
			return;
	}
	if (j->referred_count < REFERRED_MAX)
		j->referred[j->referred_count++] = s;
	else
		j->complete = false;
}

/* What of a data source stands for the image. */
static bool about_image(const char *attribute)
{
	static const char *const names[] = { "", "external_identifier", "cloud_image_id", "fingerprint",
		"version_fingerprint",
		"iteration_id", "ulid", "id", "name" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], attribute) == 0)
			return true;
	}
	return false;
}

static void target_found(void *context, const struct reference_target *t)
{
	struct judging *j = context;
	struct image_run *run = j->run;
	uint64_t hash = image_index_hash(&run->index, RUN_CONFIG, t->address, strlen(t->address), NULL);
	const char *own = address_last_key(j->resource->address);
	size_t best = 0;
	bool same = false;

	if (!about_image(t->attribute))
		return;
	for (const struct image_entry *e = NULL; (e = image_index_next(&run->index, hash, e)) != NULL;) {
		const struct image_source *s = e->thing;

		best = fit(j, s) > best ? fit(j, s) : best;
		same = same || strcmp(s->index, own) == 0;
	}
	for (const struct image_entry *e = NULL; (e = image_index_next(&run->index, hash, e)) != NULL;) {
		const struct image_source *s = e->thing;

		if (fit(j, s) < best)
			continue;
		if (*t->index != '\0' ? strcmp(s->index, t->index) == 0 : !same || strcmp(s->index, own) == 0)
			refer(j, s);
	}
}

static void follow(struct judging *j)
{
	if (j->followed || j->run->sources == NULL)
		return;
	j->followed = true;
	j->complete = references_of(j->run->references, j->resource->config, target_found, j) && j->complete;
}

static bool same_version(const struct image_source *version, const struct image_source *s)
{
	return s != NULL && strcmp(s->bucket, version->bucket) == 0 &&
		strcmp(s->fingerprint, version->fingerprint) == 0;
}

static void found(struct judging *j, const struct image_use *use, const struct image_source *source)
{
	struct image_finding f = { .resource = j->resource, .use = use, .source = source };

	if (j->found++ == 0)
		j->counts.resources++;
	image_classify(j->run, &f);
	/* Without a registry there is nothing to say but what the plan says itself. */
	if (j->run->registry != NULL || f.from_plan)
		image_report(j->run, &f, &j->counts);
}

/* Where an unknown image comes from, as far as the configuration says: a data source that is read during apply. */
static const struct image_source *deferred_source(struct judging *j)
{
	follow(j);
	for (size_t i = 0; i < j->referred_count; i++) {
		if (j->referred[i]->deferred && !j->referred[i]->version)
			return j->referred[i];
	}
	return j->referred_count > 0 ? j->referred[0] : NULL;
}

/* Remembers that the resource has an image of this id; false if it was known. */
static bool first_of_id(struct judging *j, const char *id)
{
	uint64_t hash = policy_store_hash(j->run->store, j->number, id, strlen(id));

	if (policy_hashes_has(&j->given, hash))
		return false;
	policy_hashes_add(&j->given, hash);
	return true;
}

static void judge_places(struct judging *j)
{
	for (const struct image_use *u = j->resource->uses; u != NULL; u = u->next) {
		const struct image_source *s = NULL;

		if (u->kind == IMAGE_ANYWHERE)
			continue;
		if (u->text == NULL)
			s = deferred_source(j);
		else if (u->kind == IMAGE_AT_PATH)
			s = source_of_text(j->run, u->text, u->google);
		else if (u->kind == IMAGE_VSPHERE && image_sources_template(j->run, u->text) != NULL)
			s = source_of_text(j->run, image_sources_template(j->run, u->text), false);
		if (s != NULL) {
			j->last = s;
			if (s->id != NULL)
				first_of_id(j, s->id);
		}
		found(j, u, s);
	}
}

static void judge_anywhere(struct judging *j)
{
	for (const struct image_use *u = j->resource->uses; u != NULL; u = u->next) {
		const struct image_source *s = u->kind == IMAGE_ANYWHERE ? source_of_match(j->run, u->match) : NULL;

		if (s == NULL || s->version || !first_of_id(j, s->id))
			continue;
		j->last = s;
		found(j, u, s);
	}
	for (const struct image_use *u = j->resource->uses; u != NULL; u = u->next) {
		const struct image_source *s = u->kind == IMAGE_ANYWHERE ? source_of_match(j->run, u->match) : NULL;

		if (s != NULL && s->version && !same_version(s, j->last))
			found(j, u, s);
	}
}

static void judge_references(struct judging *j)
{
	bool image = false;

	if (j->found > 0)
		return;
	follow(j);
	for (size_t i = 0; i < j->referred_count; i++)
		image = image || !j->referred[i]->version;
	for (size_t i = 0; i < j->referred_count; i++) {
		if (!image || !j->referred[i]->version)
			found(j, NULL, j->referred[i]);
	}
}

static void judge_resource(struct judging *j, const struct image_resource *resource)
{
	j->resource = resource;
	j->number++;
	j->last = NULL;
	j->found = j->referred_count = 0;
	j->followed = false;
	judge_places(j);
	judge_anywhere(j);
	judge_references(j);
}

/* A resource of the configuration that refers to something, and has instances that were not kept. */
static void resource_found(void *context, const char *resource)
{
	struct judging *j = context;
	struct image_run *run = j->run;

	if (policy_hashes_has(&run->dropped, policy_store_hash(run->store, 2, resource, strlen(resource))))
		j->complete = false;
}

static void say_incomplete(struct judging *j)
{
	struct image_run *run = j->run;
	struct outcome one = { .status = OUTCOME_UNKNOWN, .id = "images",
		.description = "Not every resource could be checked for images" };

	if (run->dropped.count > 0 && run->sources != NULL)
		references_resources(run->references, resource_found, j);
	if (!j->complete) {
		one.reason =
			"the plan has more resources that may refer to data sources of HCP Packer than are kept; "
			"images whose ids "
			"stand in resources were checked";
		outcomes_add(run->outcomes, &one);
	}
	if (run->incomplete) {
		one.status = OUTCOME_WARNING;
		one.reason =
			"the plan says that it is not all: it ended with errors, or changes are deferred, or it was "
			"made with -target";
		outcomes_add(run->outcomes, &one);
	}
}

void image_judge(struct image_run *run)
{
	struct judging j = { .run = run, .complete = true };

	for (const struct image_resource *r = run->resources; r != NULL; r = r->next)
		judge_resource(&j, r);
	say_incomplete(&j);
	image_report_counts(run, &j.counts);
	policy_hashes_free(&j.given);
}
