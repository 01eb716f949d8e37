/* planspool images add: makes a version of what Packer built, from the file of its manifest post-processor.
 *
 *	packer build .  &&  planspool images add --bucket ubuntu packer-manifest.json
 *
 * One run of Packer is one version: the last one in the manifest, or --run UUID. Its fingerprint is the run's UUID, its
 * name the next of v1, v2, ... unless given. What identifies an image depends on the builder: Amazon's ids are
 * "region:ami,region:ami", DigitalOcean's "region,region:id"; others stand as they are.
 *
 * A registry that does not exist is made. A version that exists is not changed.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/image_registry.h"
#include "cli/images.h"

#define MANIFEST_MAX (64u << 20)

struct adding {
	const char *file, *bucket, *version, *fingerprint, *run, *channel, *region, *project, *manifest;
};

static int parse(const struct cli_command *self, int argc, char **argv, struct adding *a)
{
	enum { BUCKET = 256, VERSION_NAME, FINGERPRINT, RUN, CHANNEL, REGION, PROJECT };
	static const struct option known[] = { { "file", 1, 0, 'f' }, { "bucket", 1, 0, BUCKET },
		{ "version", 1, 0, VERSION_NAME },
		{ "fingerprint", 1, 0, FINGERPRINT }, { "run", 1, 0, RUN }, { "channel", 1, 0, CHANNEL },
		{ "region", 1, 0, REGION },
		{ "project", 1, 0, PROJECT }, { "help", 0, 0, CLI_OPTION_HELP }, { 0, 0, 0, 0 } };
	const struct { int option; const char **to; } texts[] = {
		{ 'f', &a->file }, { BUCKET, &a->bucket }, { VERSION_NAME, &a->version },
			{ FINGERPRINT, &a->fingerprint },
		{ RUN, &a->run }, { CHANNEL, &a->channel }, { REGION, &a->region }, { PROJECT, &a->project },
	};
	int c, status;

	while ((c = getopt_long(argc, argv, ":f:hV", known, NULL)) != -1) {
		size_t i = 0;

		while (i < sizeof(texts) / sizeof(texts[0]) && texts[i].option != c)
			i++;
		if (i < sizeof(texts) / sizeof(texts[0])) {
			*texts[i].to = optarg;
			continue;
		}
		status = cli_option(self, c, argv);
		if (status != CLI_GO_ON)
			return status;
	}
	if (a->bucket == NULL || *a->bucket == '\0')
		return cli_usage_error(self, "name the bucket: --bucket NAME");
	if (argc - optind != 1)
		return cli_usage_error(self, "give the manifest that Packer wrote");
	a->manifest = argv[optind];
	return CLI_GO_ON;
}

static int read_manifest(const char *path, json_t **out)
{
	struct buf text = BUF_INIT(MANIFEST_MAX);
	char why[JSON_WHY];
	int status = CLI_TROUBLE, fd = fsio_open_linked(path);

	if (fd < 0 || fsio_read(fd, &text) != 0)
		cli_trouble("%s: %s", path, fsio_why(errno));
	else if (json_parse(buf_text(&text), text.len, out, why) != 0)
		cli_trouble("%s: %s", path, why);
	else if (!json_is_array(json_get(*out, "builds")))
		cli_trouble("%s: no manifest of Packer's: it has no builds", path);
	else
		status = CLI_GO_ON;
	if (fd >= 0)
		close(fd);
	buf_free(&text);
	return status;
}

/* Whose id is written how, by the beginning of the builder's name. */
static const struct {
	const char *builder, *platform;
	enum { AS_IS, REGION_FIRST, REGIONS_FIRST } form;
} builders[] = {
	{ "amazon", "aws", REGION_FIRST }, { "googlecompute", "gce", AS_IS }, { "azure", "azure", AS_IS },
	{ "vsphere", "vsphere", AS_IS }, { "openstack", "openstack", AS_IS },
	{ "digitalocean", "digitalocean", REGIONS_FIRST },
};

static void add_artifact(json_t *artifacts, const struct adding *a, const json_t *build, const char *platform,
	const char *region,
	const char *id)
{
	json_t *one = json_new_object(), *aliases;
	char *alias;

	json_put_string(one, "external_identifier", id);
	json_put_string(one, "platform", platform);
	json_put_string(one, "region", *region != '\0' ? region : a->region);
	json_put_string(one, "component_type", json_get_string(build, "name"));
	if (a->project != NULL && strcmp(platform, "gce") == 0) {
		alias = xasprintf("projects/%s/global/images/%s", a->project, id);
		aliases = json_new_array();
		json_add(aliases, json_new_string(alias));
		json_put(one, "aliases", aliases);
		free(alias);
	}
	json_add(artifacts, one);
}

/* "region:id,region:id" */
static void add_pairs(json_t *artifacts, const struct adding *a, const json_t *build, const char *platform,
	const char *id)
{
	char *copy = xstrdup(id), *rest = copy, *pair;

	while ((pair = strsep(&rest, ",")) != NULL) {
		char *colon = strchr(pair, ':');

		if (colon != NULL)
			*colon = '\0';
		if (*pair != '\0' || colon != NULL)
			add_artifact(artifacts, a, build, platform, colon != NULL ? pair : "",
				colon != NULL ? colon + 1 : pair);
	}
	free(copy);
}

/* "region,region:id" */
static void add_regions(json_t *artifacts, const struct adding *a, const json_t *build, const char *platform,
	const char *id)
{
	char *copy = xstrdup(id), *colon = strrchr(copy, ':'), *rest = copy, *region;

	if (colon == NULL) {
		add_artifact(artifacts, a, build, platform, "", id);
	} else {
		*colon = '\0';
		while ((region = strsep(&rest, ",")) != NULL)
			add_artifact(artifacts, a, build, platform, region, colon + 1);
	}
	free(copy);
}

static void add_build(json_t *artifacts, const struct adding *a, const json_t *build)
{
	const char *builder = json_get_string(build, "builder_type"), *id = json_get_string(build, "artifact_id");
	size_t i = 0, n = sizeof(builders) / sizeof(builders[0]);

	if (id == NULL || *id == '\0')
		return;
	while (i < n && (builder == NULL || strncmp(builders[i].builder, builder, strlen(builders[i].builder)) != 0))
		i++;
	if (i == n)
		add_artifact(artifacts, a, build, builder != NULL ? builder : "", "", id);
	else if (builders[i].form == REGION_FIRST)
		add_pairs(artifacts, a, build, builders[i].platform, id);
	else if (builders[i].form == REGIONS_FIRST)
		add_regions(artifacts, a, build, builders[i].platform, id);
	else
		add_artifact(artifacts, a, build, builders[i].platform, "", id);
}

/* The artifacts of the run, and when its last build was done. */
static json_t *collect(const struct adding *a, const json_t *manifest, const char *run, int64_t *built_s)
{
	const json_t *builds = json_get(manifest, "builds");
	json_t *artifacts = json_new_array();

	*built_s = 0;
	for (size_t i = 0; i < json_count(builds); i++) {
		const json_t *build = json_at(builds, i);
		const char *of = json_get_string(build, "packer_run_uuid");
		int64_t time = json_get_integer(build, "build_time", 0);

		if (of == NULL || strcmp(of, run) != 0)
			continue;
		add_build(artifacts, a, build);
		*built_s = time > *built_s ? time : *built_s;
	}
	return artifacts;
}

/* v1, v2, ...: one above the highest there is. Allocated. */
static char *next_name(const json_t *bucket)
{
	const json_t *versions = json_get(bucket, "versions");
	int64_t highest = 0, n;

	for (size_t i = 0; i < json_count(versions); i++) {
		const char *name = json_get_string(json_at(versions, i), "name");

		if (name != NULL && *name == 'v' && text_integer(name + 1, 0, INT32_MAX, &n) == 0 && n > highest)
			highest = n;
	}
	return xasprintf("v%" PRId64, highest + 1);
}

static json_t *bucket_for(struct images_file *f, const char *name)
{
	json_t *bucket;

	if (f->top == NULL) {
		f->top = json_new_object();
		json_put_string(f->top, "format", IMAGE_FORMAT);
	}
	bucket = images_bucket(f->top, name);
	if (bucket == NULL) {
		bucket = json_new_object();
		json_put_string(bucket, "name", name);
		json_add(images_list(f->top, "buckets"), bucket);
	}
	return bucket;
}

static int enter(const struct adding *a, struct images_file *f, const char *run, json_t *artifacts, int64_t built_s)
{
	json_t *bucket = bucket_for(f, a->bucket), *version = json_new_object(), *channels;
	char *name = a->version != NULL ? xstrdup(a->version) : next_name(bucket), when[TEXT_TIME_SIZE];
	const char *fingerprint = a->fingerprint != NULL ? a->fingerprint : run;
	size_t n = json_count(artifacts);
	int status;

	json_put_string(version, "name", name);
	json_put_string(version, "fingerprint", fingerprint);
	json_put_string(version, "status", "active");
	if (built_s > 0 && built_s < INT64_C(253402300800)) {
		text_time(built_s * 1000, when);
		json_put_string(version, "created_at", when);
	}
	json_put(version, "artifacts", artifacts);
	if (images_version(bucket, name) != NULL || images_version(bucket, fingerprint) != NULL) {
		status = cli_trouble("%s: bucket '%s' has a version %s (%s) already", f->path, a->bucket, name,
			fingerprint);
		json_free(version);
		goto out;
	}
	json_add(images_list(bucket, "versions"), version);
	if (json_get_string(bucket, "latest") != NULL)
		json_put_string(bucket, "latest", fingerprint);
	if (a->channel != NULL) {
		if (!json_is_object(json_get(bucket, "channels")))
			json_put(bucket, "channels", json_new_object());
		channels = json_get(bucket, "channels");
		json_put_string(channels, a->channel, fingerprint);
	}
	status = images_file_save(f);
	if (status == CLI_GO_ON) {
		printf("%s %s: %zu %s\n", a->bucket, name, n, n == 1 ? "image" : "images");
		status = cli_flush(CLI_OK);
	}
out:
	free(name);
	return status;
}

static int add(const struct cli_command *self, int argc, char **argv)
{
	struct adding a = { .file = NULL };
	struct images_file f;
	json_t *manifest = NULL, *artifacts;
	const char *run;
	int64_t built_s = 0;
	int status = parse(self, argc, argv, &a);

	if (status == CLI_GO_ON)
		status = read_manifest(a.manifest, &manifest);
	if (status != CLI_GO_ON) {
		json_free(manifest);
		return status;
	}
	run = a.run != NULL ? a.run : json_get_string(manifest, "last_run_uuid");
	artifacts = run != NULL ? collect(&a, manifest, run, &built_s) : json_new_array();
	if (json_count(artifacts) == 0) {
		json_free(artifacts);
		json_free(manifest);
		return cli_trouble("%s: there is no image of the run %s", a.manifest, run != NULL ? run :
			"(last_run_uuid is not given)");
	}
	status = images_file_open(images_path(a.file), true, &f);
	if (status == CLI_GO_ON)
		status = enter(&a, &f, run, artifacts, built_s);
	else
		json_free(artifacts);
	images_file_close(&f);
	json_free(manifest);
	return status;
}

const struct images_command images_add = {
	.name = "add",
	.synopsis = "[-f FILE] --bucket NAME [--version NAME] [--channel NAME] [OPTION]... MANIFEST",
	.purpose = "Enter what Packer built as a new version.",
	.help =
		"  -f, --file FILE    the registry; made if it is not there\n"
		"  --bucket NAME      the bucket; made if it is not there\n"
		"  --version NAME     the version's name; default: the next of v1, v2, ...\n"
		"  --fingerprint ID   its fingerprint; default: the UUID of Packer's run\n"
		"  --channel NAME     let this channel point to it\n"
		"  --run UUID         which run in the manifest; default: the last\n"
		"  --region NAME      the region of images whose id does not name it\n"
		"  --project ID       the project of Google images\n",
	.run = add,
};
