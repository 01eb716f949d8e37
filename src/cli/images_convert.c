/* Makes registry entries (images/1) of what HCP Packer's API 2023-01-01 returns.
 *
 * Contract: what the registry does not need is left out: labels, metadata, parents. Times are passed on as they are
 * written, but no time at all (null, "", the year 1) becomes null. The status loses its VERSION_; what is not done yet,
 * or has failed, is incomplete, and so is a status that this version does not know.
 *
 * Aliases: Google's artifacts have a short name, the build's labels the project and the self link. Azure's have the
 * managed image when there is one, the labels then name the version in the gallery, without its subscription; every
 * replicated region has the same id.
 */
#include "cli/images_convert.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/rfc3339.h"

#define YEAR_2_MS INT64_C(-62104060800000)

static void put_text(json_t *to, const char *key, const json_t *from, const char *from_key)
{
	const char *s = json_get_string(from, from_key);

	if (s != NULL && *s != '\0')
		json_put_string(to, key, s);
}

static void put_time(json_t *to, const char *key, const json_t *from)
{
	const char *s = json_get_string(from, key);
	int64_t ms;

	json_put(to, key, s != NULL && rfc3339_parse(s, &ms) == 0 && ms >= YEAR_2_MS ? json_new_string(s) : NULL);
}

static const char *status_of(const json_t *version)
{
	static const struct { const char *from, *to; } names[] = {
		{ "ACTIVE", "active" }, { "REVOKED", "revoked" }, { "REVOCATION_SCHEDULED", "revocation_scheduled" },
	};
	const char *s = json_get_string(version, "status");

	if (s != NULL && strncmp(s, "VERSION_", 8) == 0)
		s += 8;
	for (size_t i = 0; s != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].from, s) == 0)
			return names[i].to;
	}
	return "incomplete";
}

bool images_convert_lacks_builds(const json_t *version)
{
	return json_count(json_get(version, "builds")) == 0 && strcmp(status_of(version), "incomplete") != 0;
}

static void add_alias(json_t *aliases, char *alias)
{
	json_add(aliases, json_new_string(alias));
	free(alias);
}

static json_t *aliases_of(const json_t *build, const char *platform, const char *id)
{
	const json_t *labels = json_get(build, "labels");
	const char *link = json_get_string(labels, "self_link"), *project = json_get_string(labels, "project_id");
	const char *group = json_get_string(labels, "sig_resource_group"),
		*gallery = json_get_string(labels, "sig_name");
	const char *image = json_get_string(labels, "sig_image_name"),
		*version = json_get_string(labels, "sig_image_version");
	json_t *aliases = json_new_array();

	if (strcasecmp(platform, "gce") == 0 && link != NULL && *link != '\0')
		json_add(aliases, json_new_string(link));
	if (strcasecmp(platform, "gce") == 0 && project != NULL && *project != '\0')
		add_alias(aliases, xasprintf("projects/%s/global/images/%s", project, id));
	if (strcasecmp(platform, "azure") == 0 && group != NULL && gallery != NULL && image != NULL && version != NULL)
		add_alias(aliases,
			xasprintf("*/resourceGroups/%s/providers/Microsoft.Compute/galleries/%s/images/%s/versions/%s",
			group,
			gallery, image, version));
	return aliases;
}

static void add_artifacts(json_t *to, const json_t *build)
{
	const json_t *artifacts = json_get(build, "artifacts");
	const char *platform = json_get_string(build, "platform");

	platform = platform != NULL ? platform : "";
	for (size_t i = 0; i < json_count(artifacts); i++) {
		const json_t *artifact = json_at(artifacts, i);
		const char *id = json_get_string(artifact, "external_identifier");
		json_t *one, *aliases;

		if (id == NULL || *id == '\0')
			continue;
		one = json_new_object();
		json_put_string(one, "external_identifier", id);
		json_put_string(one, "platform", platform);
		put_text(one, "region", artifact, "region");
		put_text(one, "component_type", build, "component_type");
		put_text(one, "build_id", build, "id");
		aliases = aliases_of(build, platform, id);
		if (json_count(aliases) > 0)
			json_put(one, "aliases", aliases);
		else
			json_free(aliases);
		json_add(to, one);
	}
}

static json_t *inherited(const json_t *version)
{
	static const char *const keys[] = { "bucket_name", "version_name", "version_id", "version_fingerprint" };
	const json_t *from = json_get(version, "revocation_inherited_from");
	json_t *to = json_new_object();
	bool any = false;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		put_text(to, keys[i], from, keys[i]);
		any = any || json_has(to, keys[i]);
	}
	if (any)
		return to;
	json_free(to);
	return NULL;
}

json_t *images_convert_version(const json_t *version, const json_t *builds)
{
	json_t *to = json_new_object(), *artifacts = json_new_array(), *from = inherited(version);

	builds = builds != NULL ? builds : json_get(version, "builds");
	put_text(to, "name", version, "name");
	put_text(to, "fingerprint", version, "fingerprint");
	put_text(to, "id", version, "id");
	json_put_string(to, "status", status_of(version));
	put_time(to, "created_at", version);
	put_time(to, "revoke_at", version);
	put_text(to, "revocation_message", version, "revocation_message");
	put_text(to, "revocation_author", version, "revocation_author");
	put_text(to, "revocation_type", version, "revocation_type");
	if (from != NULL)
		json_put(to, "inherited_from", from);
	for (size_t i = 0; i < json_count(builds); i++)
		add_artifacts(artifacts, json_at(builds, i));
	json_put(to, "artifacts", artifacts);
	return to;
}

json_t *images_convert_bucket(const json_t *bucket)
{
	json_t *to = json_new_object();

	put_text(to, "name", bucket, "name");
	put_text(to, "id", bucket, "id");
	return to;
}

const char *images_convert_untracked(const json_t *config)
{
	const char *s = json_get_string(config, "on_untracked_image");

	if (s == NULL)
		s = json_get_string(json_get(config, "config"), "on_untracked_image");
	if (s == NULL)
		return NULL;
	return strcmp(s, "FAIL") == 0 ? "block" : strcmp(s, "WARN") == 0 ? "warn" : NULL;
}
