/* Data sources of HCP Packer, as the plan has them: read during the plan (prior_state) or left for apply
 * (resource_changes with the action read), of every generation of the provider.
 *
 * Contract: what a source says of its version (bucket, fingerprint, channel) is kept to find it in the registry; what
 * it says of its revocation is only the plan's word and used where the registry has none. A clean hcp_packer_version
 * has the zero time for revoke_at: that is none.
 *
 * A source is found by its image's id, at places where images stand and elsewhere, and by its address in the
 * configuration. Names of vSphere's templates are kept beside, as plans have a template's UUID where registries have
 * its name. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rfc3339.h"
#include "checks/image_run.h"
#include "plan/address.h"

#define YEAR_2_MS INT64_C(-62104060800000)

static const struct {
	const char *type;
	const char *id, *bucket, *fingerprint, *channel, *platform;	/* attributes; NULL: it has none */
} types[] = {
	{ "hcp_packer_artifact", "external_identifier", "bucket_name", "version_fingerprint", "channel_name",
		"platform" },
	{ "hcp_packer_version", NULL, "bucket_name", "fingerprint", "channel_name", NULL },
	{ "hcp_packer_image", "cloud_image_id", "bucket_name", "iteration_id", "channel", "cloud_provider" },
	{ "hcp_packer_iteration", NULL, "bucket_name", "fingerprint", "channel", NULL },
	{ "hcp_packer_image_iteration", NULL, "bucket_name", "fingerprint", "channel", NULL },
};

static const char *attribute(const struct image_run *run, const struct value *values, const char *key)
{
	size_t len;
	const char *s = key != NULL ? value_text(value_get(values, key), &len) : NULL;

	if (s == NULL || len == 0 || len > 2048 || strlen(s) != len)
		return "";
	return policy_store_word(run->store, s);
}

static int64_t revocation(const struct value *values)
{
	const char *s = value_text(value_get(values, "revoke_at"), NULL);
	int64_t ms;

	if (s == NULL || *s == '\0' || rfc3339_parse(s, &ms) != 0 || ms < YEAR_2_MS)
		return IMAGE_NEVER;
	return ms;
}

/* Enters what the source is found by. */
static void enter(struct image_run *run, const struct image_source *s)
{
	struct image_index *x = &run->index;
	struct image_id id;

	image_index_add(x, image_index_hash(x, RUN_CONFIG, s->config, strlen(s->config), NULL), RUN_CONFIG, s);
	if (s->version && image_is_ulid(s->fingerprint, strlen(s->fingerprint)))
		image_index_add(x, image_index_hash(x, RUN_MATCH, s->fingerprint, strlen(s->fingerprint), NULL),
			RUN_MATCH, s);
	if (s->id == NULL)
		return;
	/* As an image where only images stand; Google's short names are the same image with and without a project. */
	for (int google = 0; google < 2; google++) {
		image_normalise(s->id, google != 0, &id);
		if (google == 0 || id.form == IMAGE_GCP_EITHER) {
			image_index_add(x, image_index_hash(x, RUN_SOURCE, id.key, strlen(id.key), NULL), RUN_SOURCE,
				s);
			image_index_add(x, image_uses_match(run, &id), RUN_MATCH, s);
		}
		image_id_free(&id);
	}
}

static void add_template(struct image_run *run, const struct value *values)
{
	static const char *const keys[] = { "id", "uuid" };
	const char *name = attribute(run, values, "name"), *slash = strrchr(name, '/');

	name = slash != NULL ? slash + 1 : name;
	for (size_t i = 0; *name != '\0' && i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *uuid = attribute(run, values, keys[i]);
		struct image_id id;

		image_normalise(uuid, false, &id);
		if (id.form == IMAGE_UUID)
			image_index_add(&run->index, image_index_hash(&run->index, RUN_TEMPLATE, id.key, strlen(id.key),
				NULL),
				RUN_TEMPLATE, name);
		image_id_free(&id);
	}
}

const char *image_sources_template(const struct image_run *run, const char *uuid)
{
	const struct image_entry *e = NULL;
	struct image_id id;

	image_normalise(uuid, false, &id);
	e = image_index_next(&run->index, image_index_hash(&run->index, RUN_TEMPLATE, id.key, strlen(id.key), NULL),
		NULL);
	image_id_free(&id);
	return e != NULL ? e->thing : NULL;
}

void image_sources_add(struct image_run *run, const char *type, const char *address, const struct value *values,
	const struct value *unknown, const struct value *sensitive)
{
	struct image_source *s;
	size_t i = 0;
	char *config;

	if (strcmp(type, "vsphere_virtual_machine") == 0) {
		add_template(run, values);
		return;
	}
	while (i < sizeof(types) / sizeof(types[0]) && strcmp(types[i].type, type) != 0)
		i++;
	if (i == sizeof(types) / sizeof(types[0]))
		return;
	s = policy_store_get(run->store, sizeof(*s));
	config = address_without_keys(address);
	s->address = policy_store_text(run->store, address, strlen(address));
	s->config = policy_store_word(run->store, config);
	s->index = address_last_key(s->address);
	s->bucket = attribute(run, values, types[i].bucket);
	s->fingerprint = attribute(run, values, types[i].fingerprint);
	s->channel = attribute(run, values, types[i].channel);
	s->platform = attribute(run, values, types[i].platform);
	s->region = attribute(run, values, "region");
	s->revoke_ms = revocation(values);
	s->version = types[i].id == NULL;
	s->deferred = unknown != NULL;
	if (!s->version) {
		s->id = attribute(run, values, types[i].id);
		s->id = *s->id != '\0' ? s->id : NULL;
		s->sensitive = value_any_true(value_get(sensitive, types[i].id)) || value_bool(sensitive);
	} else if (*s->fingerprint == '\0') {
		s->fingerprint = attribute(run, values, strcmp(type, "hcp_packer_iteration") == 0 ? "ulid" : "id");
	}
	*run->last_source = s;
	run->last_source = &s->next;
	enter(run, s);
	free(config);
}
