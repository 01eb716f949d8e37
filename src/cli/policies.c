/* planspool policies: looks into policies without a plan.
 *
 *	policies list		which there are, with severity and place
 *	policies explain ID	what one asks, in words
 *	policies lint PATH...	everything that is wrong with policy files, or was probably not meant
 *
 * list and explain read the policies of a configuration's endpoint, or those that --policy names, or both. lint knows
 * no configuration: it is for the repository where policies are written, and its findings are its output.
 *
 * Exit status: 0 if all of them can be used (warnings do not count), 2 if one cannot, or there is none.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/checkset.h"
#include "checks/policy_explain.h"
#include "cli/cli.h"
#include "cli/print.h"

#define COLUMN_MAX 64	/* longer ones push what follows to the right */

struct options {
	const char *config, *endpoint;
	const char **paths;
	size_t path_count;
	enum cli_format format;
};

/* The options of list and of explain, which has no --format. */
static int parse(const struct cli_command *self, int argc, char **argv, bool formats, struct options *o)
{
	enum { CONFIG = 'c', ENDPOINT = 256, POLICY, FORMAT };
	static const struct option known[] = {
		{ "config", 1, 0, CONFIG }, { "endpoint", 1, 0, ENDPOINT }, { "policy", 1, 0, POLICY }, CLI_OPTIONS,
		{ "format", 1, 0, FORMAT }, { 0, 0, 0, 0 },
	}, unformatted[] = {
		{ "config", 1, 0, CONFIG }, { "endpoint", 1, 0, ENDPOINT }, { "policy", 1, 0, POLICY }, CLI_OPTIONS,
		{ 0, 0, 0, 0 },
	};
	int c, status;

	while ((c = getopt_long(argc, argv, ":c:hV", formats ? known : unformatted, NULL)) != -1) {
		switch (c) {
		case CONFIG:
			o->config = optarg;
			break;
		case ENDPOINT:
			o->endpoint = optarg;
			break;
		case POLICY:
			o->paths = xreallocarray(o->paths, o->path_count + 1, sizeof(*o->paths));
			o->paths[o->path_count++] = optarg;
			break;
		case FORMAT:
			if (!cli_format(self, optarg, CLI_JSON + 1, &o->format))
				return CLI_TROUBLE;
			break;
		default:
			status = cli_option(self, c, argv);
			if (status != CLI_GO_ON)
				return status;
		}
	}
	return CLI_GO_ON;
}

/* Files and folders, with the ids that occur twice. */
static void load_paths(struct policy_set *set, const char *const *paths, size_t n, struct faults *faults)
{
	policy_load_paths(set, paths, n, 0, faults);
	policy_set_check(set, faults);
	if (faults->errors == 0 && set->count == 0)
		faults_error(faults, paths[0], 0, "there is no policy in it%s", n > 1 ? ", nor in the others" : "");
}

struct loaded {
	struct config *config;
	struct checkset *checks;
	struct policy_set set;		/* all policies of them; they are theirs */
};

static void unload(struct loaded *l)
{
	free(l->set.policies);
	checkset_free(l->checks);
	config_free(l->config);
}

/* CLI_GO_ON, or CLI_TROUBLE after saying why. */
static int load(const struct options *o, struct loaded *l)
{
	const struct config_endpoint *endpoint = NULL;
	struct faults faults = { NULL, 0, 0 };
	int status = CLI_TROUBLE;

	if (o->config != NULL || o->endpoint != NULL || o->path_count == 0) {
		l->config = cli_config(o->config);
		endpoint = l->config != NULL ? cli_endpoint(l->config, o->endpoint) : NULL;
		if (endpoint == NULL)
			return CLI_TROUBLE;
		l->checks = checkset_load(l->config, endpoint, 0, &faults);
		if (o->path_count > 0)
			checkset_add_policies(l->checks, o->paths, o->path_count, &faults);
	} else {
		l->checks = checkset_load_policies(o->paths, o->path_count, &faults);
	}
	l->set.policies = checkset_policies(l->checks, &l->set.count);
	/* Other checks of the endpoint may be faulty: their files need not be on this machine. */
	if (l->set.policies == NULL || policy_set_check(&l->set, &faults) != 0)
		faults_print(&faults, stderr);
	else if (endpoint != NULL && l->set.count == 0)
		cli_trouble("endpoint %s of %s has no policies", endpoint->name, l->config->file);
	else
		status = CLI_GO_ON;
	faults_free(&faults);
	return status;
}

static size_t wider(size_t width, const char *text)
{
	size_t n = print_width(text);

	return n > width && n <= COLUMN_MAX ? n : width;
}

static void print_list(const struct loaded *l)
{
	const struct policy_set *set = &l->set;
	size_t id = 0, severity = 1, name = 0;

	for (size_t i = 0; i < set->count; i++) {
		id = wider(id, set->policies[i]->id);
		severity = wider(severity, severity_name(set->policies[i]->severity));
		name = wider(name, set->policies[i]->name);
	}
	for (size_t i = 0; i < set->count; i++) {
		const struct policy *p = set->policies[i];
		const char *level = severity_name(p->severity);

		print_padded(p->id, id);
		fputs("  ", stdout);
		print_padded(*level != '\0' ? level : "-", severity);
		fputs("  ", stdout);
		print_padded(p->name, name);
		fputs("  ", stdout);
		print_text(p->file);
		printf(":%u\n", p->line);
	}
	printf("\npolicy set %s\n", checkset_hash(l->checks));
}

static void print_json(const struct policy_set *set)
{
	json_t *list = json_new_array();
	char *text;

	for (size_t i = 0; i < set->count; i++) {
		const struct policy *p = set->policies[i];
		const char *level = severity_name(p->severity);
		json_t *one = json_new_object();

		json_put_string(one, "id", p->id);
		json_put_string(one, "severity", *level != '\0' ? level : NULL);
		json_put_string(one, "name", p->name);
		json_put_string(one, "file", p->file);
		json_put_integer(one, "line", p->line);
		json_add(list, one);
	}
	text = json_text(list);
	puts(text);
	free(text);
	json_free(list);
}

static int list(const struct cli_command *self, int argc, char **argv)
{
	struct options o = { .format = CLI_TEXT };
	struct loaded l = { .config = NULL };
	int status = parse(self, argc, argv, true, &o);

	if (status == CLI_GO_ON && optind != argc)
		status = cli_usage_error(self, "takes no arguments, --policy names files and folders: %s",
			argv[optind]);
	if (status == CLI_GO_ON)
		status = load(&o, &l);
	if (status == CLI_GO_ON) {
		if (o.format == CLI_JSON)
			print_json(&l.set);
		else
			print_list(&l);
		status = cli_flush(CLI_OK);
	}
	unload(&l);
	free(o.paths);
	return status;
}

static void print_policy(const struct policy *p)
{
	const char *level = severity_name(p->severity);
	char *words = policy_explain(p);

	print_colour(PRINT_BOLD);
	print_text(p->id);
	print_colour(PRINT_PLAIN);
	fputs("  ", stdout);
	print_text(p->name);
	putchar('\n');
	print_text(p->file);
	printf(":%u, %s%s\n\n", p->line, *level != '\0' ? "severity " : "no severity: a failure always counts", level);
	print_lines(words, 0);
	if (p->message != NULL) {
		puts("\nWhat to do:");
		print_lines(p->message, 2);
	}
	if (p->guideline != NULL) {
		fputs("\nGuideline: ", stdout);
		print_text(p->guideline);
		putchar('\n');
	}
	free(words);
}

static int print_named(const struct policy_set *set, const char *id)
{
	const char **ids = xcalloc(set->count + 1, sizeof(*ids)), *near;
	size_t found = 0;

	for (size_t i = 0; i < set->count; i++) {
		ids[i] = set->policies[i]->id;
		if (strcmp(ids[i], id) != 0)
			continue;
		if (found++ > 0)
			putchar('\n');
		print_policy(set->policies[i]);
	}
	near = found == 0 ? text_nearest(id, ids) : NULL;
	free(ids);
	if (near != NULL)
		return cli_trouble("there is no policy '%s', did you mean '%s'?", id, near);
	if (found == 0)
		return cli_trouble("there is no policy '%s'; 'planspool policies list' shows them", id);
	return cli_flush(CLI_OK);
}

static int explain(const struct cli_command *self, int argc, char **argv)
{
	struct options o = { .format = CLI_TEXT };
	struct loaded l = { .config = NULL };
	int status = parse(self, argc, argv, false, &o);

	if (status == CLI_GO_ON && argc - optind != 1)
		status = cli_usage_error(self, argc == optind ? "give the id of a policy" : "more than one id given");
	if (status == CLI_GO_ON)
		status = load(&o, &l);
	if (status == CLI_GO_ON)
		status = print_named(&l.set, argv[optind]);
	unload(&l);
	free(o.paths);
	return status;
}

static int lint(const struct cli_command *self, int argc, char **argv)
{
	static const struct option known[] = { CLI_OPTIONS, { 0, 0, 0, 0 } };
	struct policy_set set = { .policies = NULL };
	struct faults faults = { NULL, 0, 0 };
	size_t warnings;
	int c, status;

	while ((c = getopt_long(argc, argv, ":hV", known, NULL)) != -1) {
		status = cli_option(self, c, argv);
		if (status != CLI_GO_ON)
			return status;
	}
	if (argc == optind)
		return cli_usage_error(self, "give policy files, or folders of them");
	load_paths(&set, (const char *const *)(argv + optind), (size_t)(argc - optind), &faults);
	faults_print(&faults, stdout);
	warnings = faults.n - faults.errors;
	printf("%zu usable polic%s in %zu file%s: %zu error%s, %zu warning%s\n", set.count,
		set.count == 1 ? "y" : "ies", set.files, set.files == 1 ? "" : "s", faults.errors,
		faults.errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
	status = cli_flush(faults.errors > 0 ? CLI_TROUBLE : CLI_OK);
	faults_free(&faults);
	policy_set_free(&set);
	return status;
}

#define SOURCES \
	"  -c, --config FILE   the policies of this configuration's endpoint; default: PLANSPOOL_CONFIG,\n" \
	"                      else " PLANSPOOL_CONFIG_FILE ", unless there is a --policy\n" \
	"  --endpoint NAME     which endpoint, if it has several\n" \
	"  --policy PATH       a policy file, or a folder of them; may be repeated\n"

static const struct cli_command commands[] = {
	{ .name = "list", .synopsis = "[-c FILE] [--endpoint NAME] [--policy PATH]... [--format text|json]",
		.purpose = "Which policies there are: id, severity, name, file and line.",
		.help = SOURCES "  --format FORMAT     text (default) or json\n", .run = list },
	{ .name = "explain", .synopsis = "[-c FILE] [--endpoint NAME] [--policy PATH]... ID",
		.purpose = "What a policy asks, of which resources, in words.", .help = SOURCES, .run = explain },
	{ .name = "lint", .synopsis = "PATH...",
		.purpose = "Everything that is wrong with policy files, or was probably not meant.",
		.help = "Files, or folders of them. Warnings do not change the exit status.\n",
		.run = lint },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int policies(const struct cli_command *self, int argc, char **argv)
{
	static const struct option known[] = { CLI_OPTIONS, { 0, 0, 0, 0 } };
	const char *names[COMMANDS + 1] = { NULL }, *near;
	int status = CLI_GO_ON;

	if (argc < 2)
		return cli_usage_error(self, "what is to be done? list, explain or lint");
	for (size_t i = 0; i < COMMANDS; i++) {
		struct cli_command as = commands[i];
		char *name;

		names[i] = commands[i].name;
		if (strcmp(names[i], argv[1]) != 0)
			continue;
		name = xasprintf("%s %s", self->name, names[i]);
		as.name = name;
		status = as.run(&as, argc - 1, argv + 1);
		free(name);
		return status;
	}
	if (*argv[1] == '-') {
		status = cli_option(self, getopt_long(argc, argv, "+:hV", known, NULL), argv);
		return status != CLI_GO_ON ? status : cli_usage_error(self, "the options stand behind the command");
	}
	near = text_nearest(argv[1], names);
	return near != NULL ? cli_usage_error(self, "there is no '%s', did you mean '%s'?", argv[1], near) :
		cli_usage_error(self, "there is no '%s': list, explain or lint", argv[1]);
}

const struct cli_command command_policies = {
	.name = "policies",
	.synopsis = "list|explain|lint [OPTION]...",
	.purpose = "Look into policies: which there are, what they mean, what is wrong with them.",
	.help =
		"  list           which there are\n"
		"  explain ID     what one asks, in words\n"
		"  lint PATH...   what is wrong with policy files\n"
		"\n'planspool policies COMMAND --help' says more.\n",
	.run = policies,
};
