/* planspool images: looks into a registry of machine images, and looks after it.
 *
 *	images list [BUCKET]		what is in it, as the check reads it
 *	images check PLAN		checks a plan against it; short for planspool check --images FILE PLAN
 *	images add			enters what Packer built (images_add.c)
 *	images revoke, restore		a version (images_edit.c)
 *	images sync			fetches all of it from HCP Packer (sync_main.c, images_sync.c)
 *
 * -f FILE names the registry; without it, it is images.json beside the configuration.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "checks/image_files.h"
#include "cli/images.h"
#include "cli/print.h"

/* A program of its own, see sync_main.c. */
static int run_sync(const struct cli_command *self, int argc, char **argv)
{
	const char *folder = getenv("PLANSPOOL_LIBEXEC");
	char *path = xasprintf("%s/images-sync", folder != NULL ? folder : PLANSPOOL_LIBEXEC_DIR);
	int status;

	(void)self, (void)argc;
	execv(path, argv);
	status = cli_trouble("%s: %s", path, strerror(errno));
	free(path);
	return status;
}

static const struct images_command sync_command = { .name = "sync", .run = run_sync };
static const struct images_command *const editing[] = { &images_add, &images_revoke, &images_restore, &sync_command };
#define EDITING (sizeof(editing) / sizeof(editing[0]))

static const char *state_name(enum image_state s)
{
	static const char *const names[] = {
		[IMAGE_ACTIVE] = "active", [IMAGE_INCOMPLETE] = "incomplete", [IMAGE_SCHEDULED] = "scheduled",
		[IMAGE_REVOKED] = "revoked",
	};

	return names[s];
}

/* "latest, production" */
static char *channels_of(const struct image_version *v)
{
	struct buf out = BUF_INIT(1u << 20);
	char *text;

	for (const struct image_channel *c = v->bucket->channels; c != NULL; c = c->next) {
		if (strcmp(c->fingerprint, v->fingerprint) != 0 && strcmp(c->fingerprint, v->name) != 0)
			continue;
		if (out.len > 0 && buf_append(&out, ", ", 2) != 0)
			break;
		if (buf_append(&out, c->name, strlen(c->name)) != 0)
			break;
	}
	text = xstrdup(buf_text(&out));
	buf_free(&out);
	return text;
}

static size_t count_artifacts(const struct image_version *v)
{
	size_t n = 0;

	for (const struct image_artifact *a = v->artifacts; a != NULL; a = a->next)
		n++;
	return n;
}

static void put_time(json_t *object, const char *key, int64_t ms)
{
	char text[TEXT_TIME_SIZE];

	if (ms == IMAGE_NEVER)
		return;
	text_time(ms, text);
	json_put_string(object, key, text);
}

static json_t *version_json(const struct image_version *v, int64_t now)
{
	json_t *one = json_new_object(), *artifacts = json_new_array();
	char *channels = channels_of(v);

	json_put_string(one, "bucket", v->bucket->name);
	json_put_string(one, "version", v->name);
	json_put_string(one, "fingerprint", v->fingerprint);
	json_put_string(one, "status", state_name(image_version_state(v, now)));
	put_time(one, "created_at", v->created_ms);
	put_time(one, "revoke_at", v->revoke_ms);
	if (*channels != '\0')
		json_put_string(one, "channels", channels);
	for (const struct image_artifact *a = v->artifacts; a != NULL; a = a->next) {
		json_t *artifact = json_new_object();

		json_put_string(artifact, "external_identifier", a->id);
		json_put_string(artifact, "platform", a->platform);
		json_put_string(artifact, "region", a->region);
		json_add(artifacts, artifact);
	}
	json_put(one, "artifacts", artifacts);
	free(channels);
	return one;
}

static enum print_colour colour_of(enum image_state s)
{
	return s == IMAGE_REVOKED ? PRINT_RED : s == IMAGE_ACTIVE ? PRINT_GREEN : PRINT_YELLOW;
}

static void print_version(const struct image_version *v, int64_t now, size_t width, bool artifacts)
{
	enum image_state state = image_version_state(v, now);
	char *channels = channels_of(v), when[TEXT_TIME_SIZE] = "-";
	size_t n = count_artifacts(v);

	if (v->created_ms != IMAGE_NEVER)
		text_time(v->created_ms, when);
	print_padded(v->bucket->name, width);
	fputs("  ", stdout);
	print_padded(v->name, 8);
	fputs("  ", stdout);
	print_colour(colour_of(state));
	print_padded(state_name(state), 10);
	print_colour(PRINT_PLAIN);
	printf("  %-10.10s  %zu %s", when, n, n == 1 ? "image" : "images");
	if (*channels != '\0')
		fputs("  ", stdout);
	print_text(channels);
	putchar('\n');
	if (artifacts && state != IMAGE_ACTIVE && *v->message != '\0') {
		fputs("    ", stdout);
		print_text(v->message);
		putchar('\n');
	}
	for (const struct image_artifact *a = v->artifacts; artifacts && a != NULL; a = a->next) {
		fputs("    ", stdout);
		print_padded(a->platform, 8);
		fputs("  ", stdout);
		print_padded(a->region, 14);
		fputs("  ", stdout);
		print_text(a->id);
		putchar('\n');
	}
	free(channels);
}

static int print_list(const struct image_registry *r, const char *bucket, enum cli_format format)
{
	int64_t now = images_now();
	size_t width = 6, found = 0;
	json_t *list = json_new_array();
	char *text;

	for (const struct image_bucket *b = image_registry_buckets(r); b != NULL; b = b->next)
		width = print_width(b->name) > width && print_width(b->name) < 40 ? print_width(b->name) : width;
	for (const struct image_bucket *b = image_registry_buckets(r); b != NULL; b = b->next) {
		if (bucket != NULL && strcmp(b->name, bucket) != 0)
			continue;
		found++;
		for (const struct image_version *v = b->versions; v != NULL; v = v->next) {
			if (format == CLI_JSON)
				json_add(list, version_json(v, now));
			else
				print_version(v, now, width, bucket != NULL);
		}
	}
	if (format == CLI_JSON) {
		text = json_text(list);
		puts(text);
		free(text);
	}
	json_free(list);
	if (bucket != NULL && found == 0)
		return cli_trouble("there is no bucket '%s'", bucket);
	return cli_flush(CLI_OK);
}

static int list(const struct cli_command *self, int argc, char **argv)
{
	static const struct option known[] = { { "file", 1, 0, 'f' }, { "format", 1, 0, 'F' }, CLI_OPTIONS,
		{ 0, 0, 0, 0 } };
	struct faults faults = { NULL, 0, 0 };
	enum cli_format format = CLI_TEXT;
	struct image_registry *r;
	const char *file = NULL;
	int c, status = CLI_TROUBLE;

	while ((c = getopt_long(argc, argv, ":f:hV", known, NULL)) != -1) {
		if (c == 'f')
			file = optarg;
		else if (c == 'F' && !cli_format(self, optarg, 2, &format))
			return CLI_TROUBLE;
		else if (c != 'F' && (status = cli_option(self, c, argv)) != CLI_GO_ON)
			return status;
	}
	if (argc - optind > 1)
		return cli_usage_error(self, "more than one bucket named");
	r = image_files_read(images_path(file), &faults);
	faults_print(&faults, stderr);
	faults_free(&faults);
	if (r != NULL)
		status = print_list(r, argc > optind ? argv[optind] : NULL, format);
	else
		status = CLI_TROUBLE;
	image_registry_free(r);
	return status;
}

/* The same command as planspool check, with the registry put in front. */
static int check(const struct cli_command *self, int argc, char **argv)
{
	char **all = xcalloc((size_t)argc + 4, sizeof(*all)), name[] = "check", option[] = "--images", *file = NULL;
	int n = 0, status;

	all[n++] = name;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			free(all);
			return cli_option(self, CLI_OPTION_HELP, argv);
		}
		if ((strcmp(argv[i], "-f") == 0 || strcmp(argv[i], "--file") == 0) && i + 1 < argc)
			file = argv[++i];
		else if (strncmp(argv[i], "--file=", 7) == 0)
			file = argv[i] + 7;
		else
			all[n++] = argv[i];
	}
	all[n++] = option;
	all[n] = file != NULL ? file : xstrdup(PLANSPOOL_IMAGES_FILE);
	status = command_check.run(&command_check, n + 1, all);
	if (file == NULL)
		free(all[n]);
	free(all);
	return status;
}

static const struct images_command images_list_command = {
	.name = "list", .synopsis = "[-f FILE] [--format text|json] [BUCKET]",
	.purpose = "What is in the registry; of one bucket with its images.",
	.help = "  -f, --file FILE   the registry\n  --format FORMAT   text (default) or json\n", .run = list,
};
static const struct images_command images_check_command = {
	.name = "check", .synopsis = "[-f FILE] [--format FORMAT] [--all] PLAN|-",
	.purpose = "Check a plan's images; as planspool check --images FILE.",
	.help =
		"  -f, --file FILE   the registry\n"
		"\nAll else as 'planspool check --help' says.\n",
	.run = check,
};

static const struct images_command *named(const char *name)
{
	if (strcmp(name, "list") == 0)
		return &images_list_command;
	if (strcmp(name, "check") == 0)
		return &images_check_command;
	for (size_t i = 0; i < EDITING; i++) {
		if (strcmp(editing[i]->name, name) == 0)
			return editing[i];
	}
	return NULL;
}

static int images(const struct cli_command *self, int argc, char **argv)
{
	static const char *const names[] = { "list", "check", "add", "revoke", "restore", "sync", NULL };
	const struct images_command *command;
	struct cli_command as;
	const char *near;
	char *name;
	int status;

	if (argc < 2)
		return cli_usage_error(self, "what is to be done? list, check, add, revoke, restore or sync");
	command = named(argv[1]);
	if (command == NULL && *argv[1] == '-') {
		static const struct option known[] = { CLI_OPTIONS, { 0, 0, 0, 0 } };

		status = cli_option(self, getopt_long(argc, argv, "+:hV", known, NULL), argv);
		return status != CLI_GO_ON ? status : cli_usage_error(self, "the options stand behind the command");
	}
	if (command == NULL) {
		near = text_nearest(argv[1], names);
		return near != NULL ? cli_usage_error(self, "there is no '%s', did you mean '%s'?", argv[1], near) :
			cli_usage_error(self, "there is no '%s': list, check, add, revoke, restore or sync", argv[1]);
	}
	name = xasprintf("images %s", command->name);
	as = (struct cli_command){ .name = name, .synopsis = command->synopsis, .purpose = command->purpose,
		.help = command->help };
	status = command->run(&as, argc - 1, argv + 1);
	free(name);
	return status;
}

const struct cli_command command_images = {
	.name = "images",
	.synopsis = "list|check|add|revoke|restore|sync [OPTION]...",
	.purpose = "Look into the registry of machine images, and look after it.",
	.help =
		"  list [BUCKET]                what is in it\n"
		"  check PLAN                   check a plan's images\n"
		"  add --bucket B MANIFEST      enter what Packer built (manifest post-processor)\n"
		"  revoke BUCKET VERSION        revoke a version, now or later\n"
		"  restore BUCKET VERSION       take a revocation back\n"
		"  sync                         fetch the registry from HCP Packer, or what speaks its API\n"
		"\n'planspool images COMMAND --help' says more. The registry is -f FILE, else " PLANSPOOL_IMAGES_FILE
		".\n",
	.run = images,
};
