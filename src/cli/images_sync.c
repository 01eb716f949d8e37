/* planspool images sync: fetches a whole registry from HCP Packer and writes it as one file.
 *
 * All or nothing: whatever fails on the way, the file stays as it was, and the exit status is 2. An empty registry does
 * not replace one that holds something unless --force says so, as an organization or project that was mistyped looks
 * just like that. max_age of the file is kept, so that one who wants to know about missed syncs says it once.
 *
 * Where: --api and --auth, else HCP_API_ADDRESS and HCP_AUTH_URL, else HashiCorp's own for HCP_GEOGRAPHY (us, eu).
 * What: --organization and --project, else HCP_ORGANIZATION_ID and HCP_PROJECT_ID. Who: --credentials FILE, JSON with
 * client_id and client_secret, at the top or under "oauth" as HashiCorp's own tools write it; else HCP_CLIENT_ID and
 * HCP_CLIENT_SECRET. They are never arguments, which other users can see.
 *
 * A bucket or version that is deleted while this runs is left out. Channels that the key may not see are not in the
 * file: the newest version of a bucket is taken from the bucket itself, as "latest" is restricted by default.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/url.h"
#include "checks/image_registry.h"
#include "cli/hcp.h"
#include "cli/images.h"
#include "cli/images_convert.h"
#include "plan/keyset.h"

struct sync {
	const char *file, *credentials;
	char *api, *auth;
	bool force;
	struct hcp_settings settings;
	struct secret *id, *secret;
	struct hcp *hcp;
	json_t *found;			/* buckets as the API has them */
	json_t *buckets;		/* as they are to be in the file */
	/* Names and fingerprints that came: a list that changes while it is paged can repeat what it had. */
	struct keyset names, fingerprints;
	/* Of the bucket that is being fetched: */
	json_t *versions;
	bool failed;
	size_t version_count, artifact_count;
};

static int parse(const struct cli_command *self, int argc, char **argv, struct sync *s)
{
	enum { API = 256, AUTH, ORGANIZATION, PROJECT, CREDENTIALS, CA_FILE, FORCE };
	static const struct option known[] = { { "file", 1, 0, 'f' }, { "api", 1, 0, API }, { "auth", 1, 0, AUTH },
		{ "organization", 1, 0, ORGANIZATION }, { "project", 1, 0, PROJECT },
		{ "credentials", 1, 0, CREDENTIALS },
		{ "ca-file", 1, 0, CA_FILE }, { "force", 0, 0, FORCE }, CLI_OPTIONS, { 0, 0, 0, 0 } };
	int c, status;

	while ((c = getopt_long(argc, argv, ":f:hV", known, NULL)) != -1) {
		const char **to = c == 'f' ? &s->file : c == ORGANIZATION ? &s->settings.organization : c == PROJECT ?
			&s->settings.project : c == CREDENTIALS ? &s->credentials :
			c == CA_FILE ? &s->settings.ca_file : NULL;

		if (to != NULL) {
			*to = optarg;
		} else if (c == API || c == AUTH) {
			char **url = c == API ? &s->api : &s->auth;

			free(*url);
			*url = xstrdup(optarg);
		} else if (c == FORCE) {
			s->force = true;
		} else {
			status = cli_option(self, c, argv);
			if (status != CLI_GO_ON)
				return status;
		}
	}
	if (argc > optind)
		return cli_usage_error(self, "takes no arguments");
	return CLI_GO_ON;
}

static const char *environment(const char *name)
{
	const char *s = getenv(name);

	return s != NULL && *s != '\0' ? s : NULL;
}

/* https://HOST, or http:// if NAME_TLS says disabled; NULL after saying what is wrong. */
static char *from_environment(const char *host, const char *tls)
{
	const char *mode = environment(tls);

	if (strstr(host, "://") != NULL)
		return xstrdup(host);
	if (mode != NULL && strcmp(mode, "insecure") == 0) {
		cli_trouble("%s=insecure: certificates are always verified here; name the authority with --ca-file",
			tls);
		return NULL;
	}
	return xasprintf("%s://%s", mode != NULL && strcmp(mode, "disabled") == 0 ? "http" : "https", host);
}

static void drop_slash(char *url)
{
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		url[--n] = '\0';
}

static int choose_urls(struct sync *s)
{
	const char *geography = environment("HCP_GEOGRAPHY"), *api = environment("HCP_API_ADDRESS"),
		*auth = environment("HCP_AUTH_URL");
	bool europe = geography != NULL && strcmp(geography, "eu") == 0;

	if (geography != NULL && !europe && strcmp(geography, "us") != 0)
		return cli_trouble("HCP_GEOGRAPHY=%s: us and eu are known", geography);
	if (s->api == NULL)
		s->api = from_environment(api != NULL ? api : europe ? "api.cloud.eu.hashicorp.com" :
			"api.cloud.hashicorp.com",
			"HCP_API_TLS");
	if (s->auth == NULL)
		s->auth = from_environment(auth != NULL ? auth : europe ? "auth.idp.eu.hashicorp.com" :
			"auth.idp.hashicorp.com",
			"HCP_AUTH_TLS");
	if (s->api == NULL || s->auth == NULL)
		return CLI_TROUBLE;
	drop_slash(s->api);
	drop_slash(s->auth);
	s->settings.api = s->api;
	s->settings.auth = s->auth;
	return CLI_GO_ON;
}

static struct secret *secret_of(const char *s)
{
	return s != NULL && *s != '\0' ? secret_new(s, strlen(s)) : NULL;
}

/* Organization and project may stand in the file too. */
static int read_credentials(struct sync *s, json_t **file)
{
	char why[SECRET_WHY], reason[JSON_WHY];
	struct secret *text = secret_load(s->credentials, why);
	const json_t *from;

	if (text == NULL)
		return cli_trouble("%s", why);
	if (json_parse(secret_data(text), secret_len(text), file, reason) != 0) {
		secret_free(text);
		/* The reason is a position; what stands there is not quoted. */
		return cli_trouble("%s: no JSON", s->credentials);
	}
	secret_free(text);
	from = json_is_object(json_get(*file, "oauth")) ? json_get(*file, "oauth") : *file;
	s->id = secret_of(json_get_string(from, "client_id"));
	s->secret = secret_of(json_get_string(from, "client_secret"));
	if (s->settings.organization == NULL)
		s->settings.organization = json_get_string(*file, "organization_id");
	if (s->settings.project == NULL)
		s->settings.project = json_get_string(*file, "project_id");
	return CLI_GO_ON;
}

static int choose_account(struct sync *s, json_t **file)
{
	if (s->credentials != NULL && read_credentials(s, file) != CLI_GO_ON)
		return CLI_TROUBLE;
	if (s->credentials == NULL) {
		s->id = secret_of(environment("HCP_CLIENT_ID"));
		s->secret = secret_of(environment("HCP_CLIENT_SECRET"));
	}
	if (s->id == NULL || s->secret == NULL)
		return cli_trouble("no client id and secret: --credentials FILE, or HCP_CLIENT_ID and "
			"HCP_CLIENT_SECRET");
	if (s->settings.organization == NULL)
		s->settings.organization = environment("HCP_ORGANIZATION_ID");
	if (s->settings.project == NULL)
		s->settings.project = environment("HCP_PROJECT_ID");
	if (s->settings.organization == NULL || s->settings.project == NULL)
		return cli_trouble("no organization and project: --organization and --project, or HCP_ORGANIZATION_ID "
			"and HCP_PROJECT_ID");
	s->settings.id = s->id;
	s->settings.secret = s->secret;
	return CLI_GO_ON;
}

static void note_bucket(void *context, const json_t *bucket)
{
	struct sync *s = context;
	const char *name = json_get_string(bucket, "name");

	if (name != NULL && keyset_add(&s->names, 0, name, strlen(name)) == KEYSET_NEW)
		json_add(s->found, json_copy(bucket));
}

/* The path of something in the bucket. Allocated. */
static char *path_in(const json_t *bucket, const char *rest)
{
	char *name = hcp_escape(json_get_string(bucket, "name")), *path = xasprintf("/buckets/%s%s", name, rest);

	free(name);
	return path;
}

static void note_version(void *context, const json_t *version)
{
	struct sync *s = context;

	const char *fingerprint = json_get_string(version, "fingerprint");

	if (fingerprint != NULL && json_get_string(version, "name") != NULL &&
		keyset_add(&s->fingerprints, 0, fingerprint, strlen(fingerprint)) == KEYSET_NEW)
		json_add(s->versions, json_copy(version));
}

/* The version for the file; NULL if it is gone. */
static json_t *convert(struct sync *s, const json_t *bucket, const json_t *version)
{
	char *fingerprint, *rest, *path;
	enum hcp_result result = HCP_OK;
	json_t *builds = NULL, *made = NULL;

	if (images_convert_lacks_builds(version)) {
		fingerprint = hcp_escape(json_get_string(version, "fingerprint"));
		rest = xasprintf("/versions/%s/builds", fingerprint);
		path = path_in(bucket, rest);
		result = hcp_get(s->hcp, path, &builds);
		free(path);
		free(rest);
		free(fingerprint);
	}
	s->failed = s->failed || (result != HCP_OK && result != HCP_ABSENT);
	if (result == HCP_OK)
		made = images_convert_version(version, builds != NULL ? json_get(builds, "builds") : NULL);
	json_free(builds);
	return made;
}

static json_t *channels(struct sync *s, const json_t *bucket, const json_t *made)
{
	char *path = path_in(bucket, "/channels");
	json_t *answer = NULL, *to = json_new_object();
	enum hcp_result result = hcp_get(s->hcp, path, &answer);
	const json_t *list = json_get(answer, "channels");

	s->failed = s->failed || result == HCP_FAILED;
	for (size_t i = 0; i < json_count(list); i++) {
		const char *name = json_get_string(json_at(list, i), "name");
		const char *fingerprint = json_get_string(json_get(json_at(list, i), "version"), "fingerprint");

		if (name != NULL && fingerprint != NULL && images_version(made, fingerprint) != NULL)
			json_put_string(to, name, fingerprint);
	}
	json_free(answer);
	free(path);
	return to;
}

static void pull_bucket(struct sync *s, const json_t *bucket)
{
	const char *latest = json_get_string(json_get(bucket, "latest_version"), "fingerprint");
	char *path = path_in(bucket, "/versions");
	json_t *made = images_convert_bucket(bucket), *list;
	enum hcp_result result;

	s->versions = json_new_array();
	keyset_cut(&s->fingerprints, 0);
	result = hcp_list(s->hcp, path, "versions", note_version, s);
	free(path);
	s->failed = s->failed || (result != HCP_OK && result != HCP_ABSENT);
	list = images_list(made, "versions");
	for (size_t i = 0; i < json_count(s->versions) && !s->failed; i++) {
		json_t *version = convert(s, bucket, json_at(s->versions, i));

		if (version == NULL)
			continue;
		s->version_count++;
		s->artifact_count += json_count(json_get(version, "artifacts"));
		json_add(list, version);
	}
	if (latest != NULL && images_version(made, latest) != NULL)
		json_put_string(made, "latest", latest);
	if (!s->failed && result == HCP_OK)
		json_put(made, "channels", channels(s, bucket, made));
	json_free(s->versions);
	s->versions = NULL;
	if (result == HCP_OK)
		json_add(s->buckets, made);
	else
		json_free(made);
}

static int pull(struct sync *s)
{
	char why[HCP_WHY];
	enum hcp_result result;

	s->hcp = hcp_new(&s->settings, why);
	if (s->hcp == NULL)
		return cli_trouble("%s", why);
	s->buckets = json_new_array();
	s->found = json_new_array();
	result = hcp_list(s->hcp, "/buckets", "buckets", note_bucket, s);
	s->failed = result != HCP_OK;
	for (size_t i = 0; i < json_count(s->found) && !s->failed; i++)
		pull_bucket(s, json_at(s->found, i));
	if (s->failed)
		return cli_trouble("%s: %s; nothing was changed", s->api, hcp_why(s->hcp));
	return CLI_GO_ON;
}

/* What the portal says of untracked images; the file's own stays where the portal says nothing. */
static void put_untracked(struct sync *s, json_t *top, const json_t *old)
{
	json_t *config = NULL;
	const char *rule = NULL;

	if (hcp_get(s->hcp, "/runtasks/config", &config) == HCP_OK)
		rule = images_convert_untracked(config);
	json_put_string(top, "on_untracked_image", rule != NULL ? rule : json_get_string(old, "on_untracked_image"));
	json_free(config);
}

static json_t *make_top(struct sync *s, const json_t *old)
{
	json_t *top = json_new_object(), *source = json_new_object();
	char now[TEXT_TIME_SIZE];

	text_time(images_now(), now);
	json_put_string(top, "format", IMAGE_FORMAT);
	json_put_string(top, "generated_at", now);
	json_put_string(top, "max_age", json_get_string(old, "max_age"));
	json_put_string(source, "kind", "hcp-packer");
	json_put_string(source, "api", s->api);
	json_put_string(source, "organization_id", s->settings.organization);
	json_put_string(source, "project_id", s->settings.project);
	json_put(top, "source", source);
	put_untracked(s, top, old);
	json_put(top, "buckets", s->buckets);
	s->buckets = NULL;
	return top;
}

static bool holds_images(const json_t *top)
{
	const json_t *buckets = json_get(top, "buckets");

	for (size_t i = 0; i < json_count(buckets); i++) {
		if (json_count(json_get(json_at(buckets, i), "versions")) > 0)
			return true;
	}
	return false;
}

static int write_file(struct sync *s)
{
	struct images_file f;
	json_t *top;
	size_t buckets = json_count(s->buckets);
	int status = images_file_open(images_path(s->file), true, &f);

	if (status != CLI_GO_ON)
		goto out;
	if (!s->force && s->version_count == 0 && holds_images(f.top)) {
		status = cli_trouble("%s: not replaced, as the project is empty and the file is not; --force does it",
			f.path);
		goto out;
	}
	top = make_top(s, f.top);
	json_free(f.top);
	f.top = top;
	status = images_file_save(&f);
	if (status == CLI_GO_ON) {
		printf("%zu %s, %zu %s, %zu %s\n", buckets, buckets == 1 ? "bucket" : "buckets", s->version_count,
			s->version_count == 1 ? "version" : "versions", s->artifact_count,
			s->artifact_count == 1 ? "image" : "images");
		status = cli_flush(CLI_OK);
	}
out:
	images_file_close(&f);
	return status;
}

static int run_sync(const struct cli_command *self, int argc, char **argv)
{
	struct sync s = { .file = NULL };
	json_t *credentials = NULL;
	int status = parse(self, argc, argv, &s);

	keyset_init(&s.names, SIZE_MAX);
	keyset_init(&s.fingerprints, SIZE_MAX);
	if (status == CLI_GO_ON)
		status = choose_urls(&s);
	if (status == CLI_GO_ON)
		status = choose_account(&s, &credentials);
	if (status == CLI_GO_ON)
		status = pull(&s);
	if (status == CLI_GO_ON)
		status = write_file(&s);
	hcp_free(s.hcp);
	json_free(s.found);
	json_free(s.buckets);
	keyset_free(&s.names);
	keyset_free(&s.fingerprints);
	json_free(credentials);
	secret_free(s.id);
	secret_free(s.secret);
	free(s.api);
	free(s.auth);
	return status;
}

const struct images_command images_sync = {
	.name = "sync",
	.synopsis = "[-f FILE] [OPTION]...",
	.purpose = "Fetch the registry from HCP Packer, or from what speaks its API.",
	.help =
		"  -f, --file FILE      the registry; made if it is not there\n"
		"  --organization ID    else HCP_ORGANIZATION_ID\n"
		"  --project ID         else HCP_PROJECT_ID\n"
		"  --credentials FILE   JSON with client_id and client_secret; else HCP_CLIENT_ID, HCP_CLIENT_SECRET\n"
		"  --api URL            base of the API; else HCP_API_ADDRESS, else HashiCorp's\n"
		"  --auth URL           base of the token's server; else HCP_AUTH_URL, else HashiCorp's\n"
		"  --ca-file FILE       the only authorities to trust\n"
		"  --force              replace a file that holds images by an empty registry\n",
	.run = run_sync,
};
