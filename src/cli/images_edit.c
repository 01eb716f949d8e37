/* planspool images revoke and restore: the standing of one version in a registry file.
 *
 * Revoking writes status, revoke_at, the message and who did it; with a date in the future it is a revocation to come.
 * Restoring takes all of it back. Channels stay as they are: the check looks at versions, and which one a channel
 * should have is for people to say.
 *
 * The version is named by its name or its fingerprint; a fingerprint comes first.
 */
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rfc3339.h"
#include "base/text.h"
#include "cli/images.h"

struct edit {
	const char *file, *bucket, *version;
	const char *message, *author;
	int64_t at_ms;
};

static int parse(const struct cli_command *self, int argc, char **argv, bool revoking, struct edit *e)
{
	enum { AT = 256, MESSAGE, AUTHOR };
	static const struct option known[] = { { "file", 1, 0, 'f' }, { "at", 1, 0, AT }, { "message", 1, 0, MESSAGE },
		{ "author", 1, 0, AUTHOR }, CLI_OPTIONS, { 0, 0, 0, 0 } };
	int c, status;

	e->at_ms = images_now();
	while ((c = getopt_long(argc, argv, ":f:hV", known, NULL)) != -1) {
		if (c >= AT && !revoking)
			return cli_usage_error(self, "only revoke takes --at, --message and --author");
		switch (c) {
		case 'f':
			e->file = optarg;
			break;
		case AT:
			if (rfc3339_parse(optarg, &e->at_ms) != 0)
				return cli_usage_error(self, "--at %s: no time, write 2026-08-31T12:00:00Z", optarg);
			break;
		case MESSAGE:
			e->message = optarg;
			break;
		case AUTHOR:
			e->author = optarg;
			break;
		default:
			status = cli_option(self, c, argv);
			if (status != CLI_GO_ON)
				return status;
		}
	}
	if (argc - optind != 2)
		return cli_usage_error(self, "give a bucket and a version");
	e->bucket = argv[optind];
	e->version = argv[optind + 1];
	return CLI_GO_ON;
}

static void change(json_t *version, const struct edit *e, bool revoking)
{
	const struct passwd *user = revoking && e->author == NULL ? getpwuid(getuid()) : NULL;
	const char *author = e->author != NULL ? e->author : user != NULL ? user->pw_name : "";
	char at[TEXT_TIME_SIZE];

	text_time(e->at_ms, at);
	json_put_string(version, "status", !revoking ? "active" : e->at_ms > images_now() ? "revocation_scheduled" :
		"revoked");
	json_put(version, "revoke_at", revoking ? json_new_string(at) : NULL);
	json_put_string(version, "revocation_message", revoking && e->message != NULL ? e->message : "");
	json_put_string(version, "revocation_author", revoking ? author : "");
	json_put_string(version, "revocation_type", revoking ? "MANUAL" : "");
	json_put(version, "inherited_from", NULL);
}

/* What a sync will write over. */
static void warn_synced(const struct images_file *f)
{
	const char *kind = json_get_string(json_get(f->top, "source"), "kind");

	if (kind != NULL && strcmp(kind, "hcp-packer") == 0)
		fprintf(stderr,
			"planspool: note: the next 'planspool images sync' into this file takes this change back;\n"
			"keep a registry of your own beside it: a revocation in any of them counts\n");
}

static int edit(const struct cli_command *self, int argc, char **argv, bool revoking)
{
	struct edit e = { .file = NULL };
	struct images_file f;
	json_t *bucket, *version;
	int status = parse(self, argc, argv, revoking, &e);

	if (status != CLI_GO_ON)
		return status;
	status = images_file_open(images_path(e.file), false, &f);
	if (status != CLI_GO_ON)
		goto out;
	bucket = images_bucket(f.top, e.bucket);
	version = bucket != NULL ? images_version(bucket, e.version) : NULL;
	if (version == NULL) {
		status = bucket == NULL ? cli_trouble("%s has no bucket '%s'", f.path, e.bucket) :
			cli_trouble("%s: bucket '%s' has no version '%s'", f.path, e.bucket, e.version);
		goto out;
	}
	change(version, &e, revoking);
	status = images_file_save(&f);
	if (status == CLI_GO_ON) {
		warn_synced(&f);
		status = CLI_OK;
	}
out:
	images_file_close(&f);
	return status;
}

static int run_revoke(const struct cli_command *self, int argc, char **argv)
{
	return edit(self, argc, argv, true);
}

static int run_restore(const struct cli_command *self, int argc, char **argv)
{
	return edit(self, argc, argv, false);
}

const struct images_command images_revoke = {
	.name = "revoke",
	.synopsis = "[-f FILE] [--at TIME] [--message TEXT] [--author NAME] BUCKET VERSION",
	.purpose = "Revoke a version of an image.",
	.help =
		"  -f, --file FILE   the registry\n"
		"  --at TIME         when, 2026-08-31T12:00:00Z; default: now\n"
		"  --message TEXT    why, for the people whose runs it stops\n"
		"  --author NAME     who; default: the user\n",
	.run = run_revoke,
};

const struct images_command images_restore = {
	.name = "restore",
	.synopsis = "[-f FILE] BUCKET VERSION",
	.purpose = "Take the revocation of a version back.",
	.help = "  -f, --file FILE   the registry\n",
	.run = run_restore,
};
