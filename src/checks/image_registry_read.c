/* Reads a registry file (images.json, format images/1) strictly: every fault is said with line and key, and a file with
 * a fault is not used at all, because half a registry would let revoked images pass.
 *
 * Contract: the file is JSON without duplicate keys; unknown keys are faults with a suggestion, as a misspelt revoke_at
 * must not pass for none. null stands for a key that is not given. Required are format, and the names and ids that
 * cannot be guessed; the fingerprint of a version is its name, its status active, unless given.
 *
 * Limits: the file is one text of the caller's; depth DEPTH; IMAGE_FAULTS_SAID faults are said. One bucket or version
 * twice in one file is a fault; in several files they are united. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "checks/image_reading.h"
#include "checks/image_registry_private.h"
#include "plan/value.h"

#define DEPTH 16

static void read_aliases(struct image_reading *rd, const struct value *v, struct image_artifact *a)
{
	const struct value *first = image_reading_list(rd, v, "aliases");
	const char **list = NULL;
	size_t n = 0;

	for (const struct value *e = first; e != NULL; e = value_next(e)) {
		size_t len;
		const char *s = value_text(e, &len);

		if (value_type(e) != VALUE_STRING || len == 0 || strlen(s) != len || len > IMAGE_TEXT_MAX) {
			image_reading_fault(rd, value_get(v, "aliases"), "aliases", "must be a list of texts");
			break;
		}
		list = xreallocarray(list, n + 1, sizeof(*list));
		list[n++] = s;
	}
	image_registry_index(rd->r, a, list, n);
	free(list);
}

static bool same_artifact(const struct image_artifact *a, const char *id, const char *platform, const char *region)
{
	return strcmp(a->id, id) == 0 && strcmp(a->platform, platform) == 0 && strcmp(a->region, region) == 0;
}

static void read_artifact(struct image_reading *rd, const struct value *v, struct image_version *version)
{
	static const char *const keys[] = { "external_identifier", "platform", "region", "component_type", "build_id",
		"aliases",
		"labels", NULL };
	const char *id, *platform, *region;
	struct image_artifact *a = version->artifacts;

	rd->line = image_reading_line(rd, v);
	if (!image_reading_object(rd, v, "", keys))
		return;
	id = image_reading_text(rd, v, "external_identifier", true);
	platform = image_reading_text(rd, v, "platform", false);
	region = image_reading_text(rd, v, "region", false);
	image_reading_text(rd, v, "component_type", false);
	image_reading_text(rd, v, "build_id", false);
	image_reading_labels(rd, v, "labels");
	if (id == NULL || platform == NULL || region == NULL)
		return;
	/* The other file's, in a version that both have. */
	while (rd->r->file_count > 1 && a != NULL && !same_artifact(a, id, platform, region))
		a = a->next;
	if (rd->r->file_count <= 1 || a == NULL) {
		a = policy_store_get(rd->r->store, sizeof(*a));
		a->version = version;
		a->id = policy_store_text(rd->r->store, id, strlen(id));
		a->platform = policy_store_word(rd->r->store, platform);
		a->region = policy_store_word(rd->r->store, region);
		*version->last_artifact = a;
		version->last_artifact = &a->next;
	}
	read_aliases(rd, v, a);
}

static enum image_status read_status(struct image_reading *rd, const struct value *v)
{
	static const struct { const char *name; enum image_status status; } names[] = {
		{ "", IMAGE_STATUS_ACTIVE }, { "active", IMAGE_STATUS_ACTIVE }, { "revoked", IMAGE_STATUS_REVOKED },
		{ "revocation_scheduled", IMAGE_STATUS_SCHEDULED }, { "incomplete", IMAGE_STATUS_INCOMPLETE },
	};
	const char *s = image_reading_text(rd, v, "status", false);

	for (size_t i = 0; s != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(s, names[i].name) == 0)
			return names[i].status;
	}
	if (s != NULL)
		image_reading_fault(rd, value_get(v, "status"), "status",
			"'%.40s' must be active, revoked, revocation_scheduled or incomplete", s);
	return IMAGE_STATUS_REVOKED;
}

/* Where a revocation was inherited from, for people. */
static const char *read_inherited(struct image_reading *rd, const struct value *v)
{
	static const char *const keys[] = { "bucket_name", "version_name", "version_id", "version_fingerprint", "href",
		NULL };
	const struct value *from = value_get(v, "inherited_from");
	const char *bucket, *version, *result;
	char *name;

	if (value_type(from) == VALUE_NULL || value_type(from) == VALUE_STRING)
		return image_reading_kept(rd, v, "inherited_from", false);
	if (!image_reading_object(rd, from, "inherited_from", keys))
		return "";
	bucket = image_reading_text(rd, from, "bucket_name", false);
	version = image_reading_text(rd, from, "version_name", false);
	if (bucket == NULL || version == NULL)
		return "";
	name = xasprintf("%s %s", bucket, version);
	result = policy_store_text(rd->r->store, name, strlen(name));
	free(name);
	return result;
}

/* How bad it is to be in that status; a revocation in any file wins. */
static void unite(struct image_version *v, enum image_status status, int64_t revoke_ms)
{
	bool sooner = revoke_ms < v->revoke_ms;

	if (status == IMAGE_STATUS_REVOKED && revoke_ms == IMAGE_NEVER && v->status != IMAGE_STATUS_REVOKED)
		v->revoke_ms = IMAGE_NEVER;
	else if (sooner && !(v->status == IMAGE_STATUS_REVOKED && v->revoke_ms == IMAGE_NEVER))
		v->revoke_ms = revoke_ms;
	if (status > v->status)
		v->status = status;
}

static struct image_version *version_for(struct image_reading *rd, struct image_bucket *b, const struct value *v,
	const char *fingerprint,
	enum image_status status, int64_t revoke_ms)
{
	struct image_registry *r = rd->r;
	struct image_version *version = (struct image_version *)(uintptr_t)image_registry_version(r, b->name,
		fingerprint);

	if (version != NULL && strcmp(version->fingerprint, fingerprint) == 0) {
		if (version->number >> 32 == r->file_count)
			image_reading_fault(rd, v, "fingerprint", "'%.60s' is there twice in this bucket", fingerprint);
		unite(version, status, revoke_ms);
		return version;
	}
	version = policy_store_get(r->store, sizeof(*version));
	version->bucket = b;
	version->fingerprint = policy_store_text(r->store, fingerprint, strlen(fingerprint));
	version->status = status;
	version->revoke_ms = revoke_ms;
	version->created_ms = IMAGE_NEVER;
	version->name = version->id = version->message = version->author = version->inherited = "";
	version->last_artifact = &version->artifacts;
	version->number = ((uint64_t)r->file_count << 32) | r->version_count++;
	*b->last_version = version;
	b->last_version = &version->next;
	image_index_add(&r->index, image_index_hash(&r->index, INDEX_VERSION, b->name, strlen(b->name), fingerprint),
		INDEX_VERSION,
		version);
	return version;
}

/* A text that the version has not got yet from another file. */
static void fill(const char **field, const char *s)
{
	if (**field == '\0')
		*field = s;
}

static void read_version(struct image_reading *rd, const struct value *v, struct image_bucket *b)
{
	static const char *const keys[] = { "name", "fingerprint", "id", "status", "created_at", "revoke_at",
		"revocation_message",
		"revocation_author", "revocation_type", "inherited_from", "artifacts", NULL };
	struct image_version *version;
	const char *name, *fingerprint;
	struct image_registry *r = rd->r;
	int64_t created;

	rd->line = image_reading_line(rd, v);
	if (!image_reading_object(rd, v, "", keys))
		return;
	name = image_reading_kept(rd, v, "name", true);
	fingerprint = image_reading_text(rd, v, "fingerprint", false);
	if (fingerprint == NULL || *name == '\0')
		return;
	version = version_for(rd, b, v, *fingerprint != '\0' ? fingerprint : name, read_status(rd, v),
		image_reading_time(rd, v, "revoke_at"));
	fill(&version->name, name);
	if (*version->id == '\0') {
		version->id = image_reading_kept(rd, v, "id", false);
		if (*version->id != '\0' && strcmp(version->id, version->fingerprint) != 0)
			image_index_add(&r->index, image_index_hash(&r->index, INDEX_VERSION, b->name, strlen(b->name),
				version->id),
				INDEX_VERSION, version);
	}
	created = image_reading_time(rd, v, "created_at");
	if (version->created_ms == IMAGE_NEVER)
		version->created_ms = created;
	fill(&version->message, image_reading_kept(rd, v, "revocation_message", false));
	fill(&version->author, image_reading_kept(rd, v, "revocation_author", false));
	fill(&version->inherited, read_inherited(rd, v));
	image_reading_text(rd, v, "revocation_type", false);
	for (const struct value *a = image_reading_list(rd, v, "artifacts"); a != NULL; a = value_next(a)) {
		rd->artifact++;
		read_artifact(rd, a, version);
	}
	rd->artifact = -1;
}

static void read_channels(struct image_reading *rd, const struct value *v, struct image_bucket *b)
{
	const struct value *channels = value_get(v, "channels");

	if (value_type(channels) != VALUE_NULL && value_type(channels) != VALUE_OBJECT)
		image_reading_fault(rd, channels, "channels", "must be an object from channels to fingerprints");
	for (const struct value *m = value_first(channels); value_type(channels) == VALUE_OBJECT &&
		m != NULL; m = value_next(m)) {
		size_t len;
		const char *name = value_key(m, &len);
		struct image_channel *c = policy_store_get(rd->r->store, sizeof(*c));

		c->name = policy_store_text(rd->r->store, name, len);
		c->fingerprint = image_reading_kept(rd, channels, name, false);
		c->next = b->channels;
		b->channels = c;
	}
}

/* What latest and channels of this file name must be there. */
static void check_names(struct image_reading *rd, const struct value *v, const struct image_bucket *b,
	const char *latest)
{
	for (const struct image_channel *c = b->channels; c != NULL; c = c->next) {
		if (*c->fingerprint != '\0' && image_registry_version(rd->r, b->name, c->fingerprint) == NULL &&
			image_bucket_version(b, c->fingerprint) == NULL)
			image_reading_fault(rd, value_get(v, "channels"), "channels",
				"channel '%.60s' names no version of this bucket: '%.60s'", c->name,
				c->fingerprint);
	}
	if (*latest != '\0' && image_bucket_version(b, latest) == NULL)
		image_reading_fault(rd, value_get(v, "latest"), "latest", "names no version of this bucket: '%.60s'",
			latest);
}

static struct image_bucket *bucket_for(struct image_reading *rd, const struct value *v, const char *name)
{
	struct image_registry *r = rd->r;
	struct image_bucket *b = image_registry_bucket(r, name);

	if (b != NULL && b->file == r->file_count)
		image_reading_fault(rd, value_get(v, "name"), "name", "the bucket '%.60s' is there twice", name);
	if (b == NULL) {
		b = policy_store_get(r->store, sizeof(*b));
		b->name = policy_store_text(r->store, name, strlen(name));
		b->latest = "";
		b->last_version = &b->versions;
		*r->last_bucket = b;
		r->last_bucket = &b->next;
		image_index_add(&r->index, image_index_hash(&r->index, INDEX_BUCKET, name, strlen(name), NULL),
			INDEX_BUCKET, b);
	}
	b->file = r->file_count;
	return b;
}

static void read_bucket(struct image_reading *rd, const struct value *v)
{
	static const char *const keys[] = { "name", "id", "labels", "latest", "channels", "versions", NULL };
	struct image_bucket *b;
	const char *name, *latest;

	rd->line = image_reading_line(rd, v);
	if (!image_reading_object(rd, v, "", keys) || (name = image_reading_text(rd, v, "name", true)) == NULL)
		return;
	b = bucket_for(rd, v, name);
	image_reading_text(rd, v, "id", false);
	image_reading_labels(rd, v, "labels");
	for (const struct value *x = image_reading_list(rd, v, "versions"); x != NULL; x = value_next(x)) {
		rd->version++;
		read_version(rd, x, b);
	}
	rd->version = -1;
	latest = image_reading_kept(rd, v, "latest", false);
	fill(&b->latest, latest);
	read_channels(rd, v, b);
	check_names(rd, v, b, latest);
}

static void read_age(struct image_reading *rd, const struct value *top)
{
	struct image_registry *r = rd->r;
	int64_t made = image_reading_time(rd, top, "generated_at"), age;
	const char *max_age = image_reading_text(rd, top, "max_age", false);

	if (made != IMAGE_NEVER && made < r->oldest_ms) {
		r->oldest_ms = made;
		free(r->oldest_file);
		r->oldest_file = xstrdup(rd->file);
	}
	if (max_age == NULL || *max_age == '\0')
		return;
	if (text_duration(max_age, &age) != 0) {
		image_reading_fault(rd, value_get(top, "max_age"), "max_age", "'%.40s' is no duration: 24h, 30m",
			max_age);
	} else if (made != IMAGE_NEVER && made + age < r->stale_ms) {
		r->stale_ms = made + age;
		r->stale_made_ms = made;
		free(r->stale_file);
		r->stale_file = xstrdup(rd->file);
	}
}

static void read_top(struct image_reading *rd, const struct value *top)
{
	static const char *const keys[] = { "format", "generated_at", "max_age", "source", "on_untracked_image",
		"restricted_channels_visible", "buckets", NULL };
	static const char *const sources[] = { "kind", "api", "organization_id", "project_id", NULL };
	const struct value *source = value_get(top, "source"), *visible = value_get(top, "restricted_channels_visible");
	const char *format, *rule;

	if (!image_reading_object(rd, top, "", keys))
		return;
	format = image_reading_text(rd, top, "format", true);
	if (format == NULL)
		return;
	if (strcmp(format, IMAGE_FORMAT) != 0) {
		image_reading_fault(rd, value_get(top, "format"), "format",
			"'%.40s' is not known, this version reads " IMAGE_FORMAT, format);
		return;
	}
	read_age(rd, top);
	if (value_type(source) != VALUE_NULL && image_reading_object(rd, source, "source", sources)) {
		for (size_t i = 0; sources[i] != NULL; i++)
			image_reading_text(rd, source, sources[i], false);
	}
	if (value_type(visible) != VALUE_NULL && value_type(visible) != VALUE_BOOL)
		image_reading_fault(rd, visible, "restricted_channels_visible", "must be true or false");
	rule = image_reading_text(rd, top, "on_untracked_image", false);
	if (rule != NULL && *rule != '\0' && image_rule_parse(rule) == IMAGE_RULE_UNSET)
		image_reading_fault(rd, value_get(top, "on_untracked_image"), "on_untracked_image",
			"'%.40s' must be warn, block or ignore", rule);
	else if (rule != NULL && image_rule_parse(rule) > rd->r->untracked)
		rd->r->untracked = image_rule_parse(rule);
	for (const struct value *b = image_reading_list(rd, top, "buckets"); b != NULL; b = value_next(b)) {
		rd->bucket++;
		read_bucket(rd, b);
	}
}

int image_registry_read(struct image_registry *r, const char *file, char *text, size_t len, struct faults *faults)
{
	struct image_reading rd = { .r = r, .file = file, .text = text, .faults = faults, .bucket = -1, .version = -1,
		.artifact = -1,
		.line = 1 };
	struct value_arena *arena = value_arena_new();
	struct value_fault bad;
	const struct value *top;

	r->file_count++;
	if (len > UINT32_MAX) {
		faults_error(faults, file, 0, "is larger than 4 GiB");
		rd.errors++;
	} else {
		image_reading_lines(&rd, len);
		top = value_parse(arena, text, len, DEPTH, &bad);
		if (top == NULL) {
			rd.errors++;
			faults_error(faults, file, image_reading_line_at(&rd, bad.offset), "%s", bad.what);
		} else {
			read_top(&rd, top);
		}
	}
	if (rd.errors > IMAGE_FAULTS_SAID)
		faults_error(faults, file, 0, "and %zu faults more", rd.errors - IMAGE_FAULTS_SAID);
	value_arena_free(arena);
	free(rd.line_ends);
	free(text);
	return rd.errors > 0 ? -1 : 0;
}
