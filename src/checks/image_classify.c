/* Decides the class of one image: what the registry says of its id, now.
 *
 * Contract: an id is looked up by its normalised form. Hits in one version are that version; in several the image is
 * ambiguous, and the worst of them counts. Without a hit, the data source that gave the id may name its version;
 * without that, what the plan says of a revocation counts, and is said to be the plan's word. What is left is
 * untracked, or of a class that no registry can know: marketplace images, and floating ids, which stand for whatever is
 * newest at the time.
 *
 * A floating id that the registry knows (a gallery's image without a version) is still floating: which version it will
 * be is decided later, so what is said of the newest one is advice. UUIDs of vSphere's templates are joined to names
 * through the plan's data sources; without one the image is not known, which is not the same as untracked.
 *
 * The clock is the run's: all images of a plan are judged at one time. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checks/check.h"
#include "checks/image_finding.h"

const char *image_class_name(enum image_class class)
{
	static const char *const names[CLASSES] = {
		[CLASS_REVOKED] = "revoked", [CLASS_SCHEDULED] = "scheduled", [CLASS_INCOMPLETE] = "incomplete",
		[CLASS_OUTDATED] = "outdated", [CLASS_OK] = "ok", [CLASS_AMBIGUOUS] = "ambiguous",
		[CLASS_UNTRACKED] = "untracked", [CLASS_MARKETPLACE] = "marketplace", [CLASS_FLOATING] = "floating",
		[CLASS_UNKNOWN] = "unknown",
	};

	return names[class];
}

struct lookup {
	struct image_finding *f;
	int64_t now_ms;
	enum image_state state;		/* the worst so far */
};

static void hit_version(struct lookup *l, const struct image_version *v, const struct image_artifact *a)
{
	struct image_finding *f = l->f;
	enum image_state state = image_version_state(v, l->now_ms);

	for (size_t i = 0; i < f->hit_count && i < IMAGE_HITS_LISTED; i++) {
		if (f->hits[i] == v)
			return;
	}
	if (f->hit_count < IMAGE_HITS_LISTED)
		f->hits[f->hit_count] = v;
	if (f->hit_count++ == 0 || state > l->state || (state == l->state && image_version_newer(f->version, v))) {
		l->state = state;
		f->version = v;
		f->artifact = a;
	}
}

static void hit(void *context, const struct image_artifact *a)
{
	hit_version(context, a->version, a);
}

/* The newest of all that could be meant. */
static void hit_newest(void *context, const struct image_artifact *a)
{
	struct image_finding *f = context;

	if (f->version == NULL || image_version_newer(a->version, f->version)) {
		f->version = a->version;
		f->artifact = a;
	}
}

/* Asked once for each bucket, as it may have many versions. */
static const struct image_version *newest_of(struct image_run *run, const struct image_bucket *b)
{
	uint64_t hash = image_index_hash(&run->index, RUN_NEWEST, b->name, strlen(b->name), NULL);
	const struct image_entry *e = image_index_next(&run->index, hash, NULL);
	const struct image_version *newest;

	if (e != NULL)
		return e->thing;
	newest = image_bucket_newest(b, run->now_ms);
	image_index_add(&run->index, hash, RUN_NEWEST, newest);
	return newest;
}

/* What could be used instead, and where the channel of the data source points. */
static void find_newer(struct image_run *run, struct image_finding *f)
{
	const struct image_bucket *b = f->version->bucket;
	const struct image_version *newest = newest_of(run, b), *assigned = NULL;
	const char *channel = NULL;
	struct image_artifact like = { .platform = "", .region = "" };

	if (f->artifact != NULL)
		like = *f->artifact;
	else if (f->source != NULL)
		like = (struct image_artifact){ .platform = f->source->platform, .region = f->source->region };
	if (newest != NULL && newest != f->version && (f->worst == CLASS_REVOKED ||
		image_version_newer(newest, f->version))) {
		f->newest = newest;
		f->replacement = image_version_counterpart(newest, &like);
	}
	if (f->source != NULL && *f->source->channel != '\0')
		channel = image_bucket_channel(b, f->source->channel);
	if (channel != NULL)
		assigned = image_registry_version(run->registry, b->name, channel);
	if (assigned != NULL && assigned != f->version)
		f->channel_now = assigned->name;
}

static enum image_class class_of(const struct image_finding *f, enum image_state state)
{
	switch (state) {
	case IMAGE_REVOKED:
		return CLASS_REVOKED;
	case IMAGE_SCHEDULED:
		return CLASS_SCHEDULED;
	case IMAGE_INCOMPLETE:
		return CLASS_INCOMPLETE;
	default:
		return f->newest != NULL ? CLASS_OUTDATED : CLASS_OK;
	}
}

static void known(struct image_run *run, struct image_finding *f, enum image_state state)
{
	f->worst = class_of(f, state);
	find_newer(run, f);
	f->worst = class_of(f, state);
	f->class = f->hit_count > 1 ? CLASS_AMBIGUOUS : f->worst;
	f->revoke_ms = f->version->revoke_ms;
}

/* The registry does not know the image: the plan's word, if it has one. */
static bool plan_says(const struct image_run *run, struct image_finding *f)
{
	if (f->source == NULL || f->source->revoke_ms == IMAGE_NEVER)
		return false;
	f->from_plan = true;
	f->revoke_ms = f->source->revoke_ms;
	f->class = f->worst = f->revoke_ms <= run->now_ms ? CLASS_REVOKED : CLASS_SCHEDULED;
	return true;
}

static bool matches_glob(const char *pattern, const char *text, const struct image_id *id)
{
	char *google = NULL;
	bool match = check_address_match(pattern, text);

	if (!match && id != NULL && id->key[0] != 'g' && (*pattern == '/' || *pattern == '*')) {
		/* Azure ids compare without case. */
		struct image_id p;

		image_normalise(pattern, false, &p);
		if (id->form == IMAGE_ARM || id->form == IMAGE_ARM_VERSION || id->form == IMAGE_ARM_GALLERY)
			match = image_scopes_agree(p.scope, id->scope) && check_address_match(p.key, id->key);
		image_id_free(&p);
	}
	for (int family = 0; !match && family < 2 && id != NULL && strchr(id->key, '/') != NULL; family++) {
		if (id->form != IMAGE_GCP && id->form != IMAGE_GCP_FAMILY && id->form != IMAGE_GCP_EITHER)
			break;
		if ((id->form == IMAGE_GCP && family) || (id->form == IMAGE_GCP_FAMILY && !family))
			continue;
		google = xasprintf("%s%s%sglobal/images/%s%s", id->scope != NULL ? "projects/" : "",
			id->scope != NULL ? id->scope : "",
			id->scope != NULL ? "/" : "", family ? "family/" : "", strchr(id->key, '/') + 1);
		match = check_address_match(pattern, google);
		free(google);
	}
	return match;
}

static char *lower(const char *s)
{
	char *copy = xstrdup(s);

	for (char *p = copy; *p != '\0'; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
	return copy;
}

static bool matches_market(const char *pattern, const char *name)
{
	char *p = lower(pattern), *n = lower(name);
	bool match = check_address_match(p, n);

	free(p);
	free(n);
	return match;
}

static bool matches_id(const char *text, bool google, const struct image_id *id)
{
	struct image_id allowed;
	bool match;

	image_normalise(text, google, &allowed);
	match = strcmp(allowed.key, id->key) == 0 && image_scopes_agree(allowed.scope, id->scope);
	image_id_free(&allowed);
	return match;
}

/* id is NULL for a marketplace block. */
static const char *allowed_by(const struct images *check, const char *text, const struct image_id *id, bool google,
	const char *market)
{
	for (size_t i = 0; i < check->allow_count; i++) {
		const struct image_allow *a = &check->allow[i];
		bool match = false;

		if (a->kind == ALLOW_GLOB)
			match = matches_glob(a->text, text, id);
		else if (a->kind == ALLOW_MARKET)
			match = market != NULL && matches_market(a->text, market);
		else
			match = id != NULL ? matches_id(a->text, google, id) : strcmp(a->text, text) == 0;
		if (match)
			return a->text;
	}
	return NULL;
}

/* An id, with what the registry has under it. */
static void classify_id(struct image_run *run, struct image_finding *f, const char *text, bool google)
{
	struct lookup l = { f, run->now_ms, IMAGE_ACTIVE };
	const struct image_source *s = f->source;
	const struct image_version *v = NULL;
	struct image_id id;
	char *market = NULL;

	image_normalise(text, google, &id);
	if (id.form == IMAGE_LATER || id.form == IMAGE_ARM_GALLERY || id.form == IMAGE_GCP_FAMILY) {
		f->class = CLASS_FLOATING;
		if (id.form != IMAGE_LATER && run->registry != NULL)
			image_registry_find(run->registry, &id, hit_newest, f);
	} else if (id.form == IMAGE_ARM_MARKET) {
		f->class = CLASS_MARKETPLACE;
		market = image_market_name(&id);
	} else {
		if (run->registry != NULL)
			image_registry_find(run->registry, &id, hit, &l);
		if (f->hit_count == 0 && s != NULL && run->registry != NULL && *s->fingerprint != '\0')
			v = image_registry_version(run->registry, s->bucket, s->fingerprint);
		if (v != NULL)
			hit_version(&l, v, NULL);
		if (f->hit_count > 0)
			known(run, f, l.state);
		else if (!plan_says(run, f))
			f->class = id.form == IMAGE_GCP_EITHER && s == NULL ? CLASS_FLOATING : CLASS_UNTRACKED;
	}
	if (f->class == CLASS_UNTRACKED || f->class == CLASS_FLOATING || f->class == CLASS_MARKETPLACE)
		f->allowed = allowed_by(run->check, text, &id, google, market);
	free(market);
	image_id_free(&id);
}

static bool was_revoked(const struct image_run *run, const char *text, bool google)
{
	struct image_finding before = { .version = NULL };
	struct lookup l = { &before, run->now_ms, IMAGE_ACTIVE };
	struct image_id id;

	if (text == NULL || run->registry == NULL)
		return false;
	image_normalise(text, google, &id);
	image_registry_find(run->registry, &id, hit, &l);
	image_id_free(&id);
	return before.hit_count > 0 && l.state == IMAGE_REVOKED;
}

/* The version that a data source names, when no image's id is known. */
static void classify_version(struct image_run *run, struct image_finding *f)
{
	struct lookup l = { f, run->now_ms, IMAGE_ACTIVE };
	const struct image_source *s = f->source;
	const struct image_version *v = NULL;

	if (s->deferred)
		return;
	if (run->registry != NULL && *s->fingerprint != '\0')
		v = image_registry_version(run->registry, s->bucket, s->fingerprint);
	if (v != NULL) {
		hit_version(&l, v, NULL);
		known(run, f, l.state);
	} else if (!plan_says(run, f)) {
		f->class = CLASS_UNTRACKED;
	}
}

static void classify_template(struct image_run *run, struct image_finding *f)
{
	struct lookup l = { f, run->now_ms, IMAGE_ACTIVE };
	struct image_id id;

	image_normalise(f->text, false, &id);
	if (run->registry != NULL)
		image_registry_find(run->registry, &id, hit, &l);
	image_id_free(&id);
	f->template_name = image_sources_template(run, f->text);
	if (f->hit_count > 0)
		known(run, f, l.state);
	else if (f->template_name != NULL)
		classify_id(run, f, f->template_name, false);
	else
		f->class = CLASS_UNKNOWN;
}

void image_classify(struct image_run *run, struct image_finding *f)
{
	const struct image_use *u = f->use;

	f->class = f->worst = CLASS_UNKNOWN;
	f->revoke_ms = IMAGE_NEVER;
	f->text = u != NULL && u->text != NULL ? u->text : f->source != NULL ? f->source->id : NULL;
	if (f->resource->action == IMAGE_DEFERRED || (f->text == NULL && f->source == NULL))
		return;
	if (u != NULL && u->kind != IMAGE_ANYWHERE && u->text == NULL) {
		f->text = NULL;
	} else if (u != NULL && u->kind == IMAGE_MARKET) {
		f->class = CLASS_MARKETPLACE;
		f->allowed = allowed_by(run->check, f->text, NULL, false, f->text);
	} else if (f->text == NULL && f->source != NULL) {
		classify_version(run, f);
	} else if (u != NULL && u->kind == IMAGE_VSPHERE) {
		classify_template(run, f);
	} else {
		classify_id(run, f, f->text, u != NULL && u->google);
	}
	if (u != NULL && u->previous != NULL)
		f->moved_from_revoked = was_revoked(run, u->previous, u->google);
	if (f->class != CLASS_AMBIGUOUS)
		f->worst = f->class;
}
