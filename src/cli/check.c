/* planspool check: evaluates a plan here and now, with the same checks, limits and verdict as the spooler.
 *
 * Without a configuration there are only the policies and registries of images named on the command line. With -c or
 * --endpoint an endpoint's checks run, with its fail_on and on_error, and --policy and --images add to them. The plan
 * streams through: it may be a pipe, and of any size.
 *
 * Exit status: 0 passed, 1 failed, 2 when there is no verdict: the plan cannot be read or is none, a policy cannot
 * be used. An outcome "error" or "unknown" is part of a verdict, not a status 2.
 *
 * As text, hits of one policy are shown together; as JSON every outcome is one of its own, in the form that
 * planspool's manual fixes. Without --all the first hits of each policy are shown and the rest is counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "checks/checkset.h"
#include "checks/verdict.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "cli/report.h"

/* Without a configuration; the same as its defaults. */
#define LIMIT_RESOURCE (UINT64_C(16) << 20)
#define LIMIT_PLAN (UINT64_C(4) << 30)
#define FAIL_ON SEVERITY_LOW

#define ADDRESS_WIDTH_MAX 60	/* longer ones push their reasons to the right */
#define ID_WIDTH_MAX 32

struct options {
	const char *config, *endpoint, *plan;
	const char **policies, **images;
	size_t policy_count, image_count;
	enum cli_format format;
	bool all;
};

static int parse(const struct cli_command *self, int argc, char **argv, struct options *o)
{
	enum { CONFIG = 'c', ENDPOINT = 256, POLICY, FORMAT, ALL, IMAGES };
	static const struct option known[] = {
		{ "config", 1, 0, CONFIG }, { "endpoint", 1, 0, ENDPOINT }, { "policy", 1, 0, POLICY },
		{ "format", 1, 0, FORMAT }, { "all", 0, 0, ALL }, { "images", 1, 0, IMAGES }, CLI_OPTIONS,
		{ 0, 0, 0, 0 },
	};
	int c, status;

	while ((c = getopt_long(argc, argv, ":c:hV", known, NULL)) != -1) {
		switch (c) {
		case CONFIG:
			o->config = optarg;
			break;
		case ENDPOINT:
			o->endpoint = optarg;
			break;
		case POLICY:
			o->policies = xreallocarray(o->policies, o->policy_count + 1, sizeof(*o->policies));
			o->policies[o->policy_count++] = optarg;
			break;
		case FORMAT:
			if (!cli_format(self, optarg, CLI_JUNIT + 1, &o->format))
				return CLI_TROUBLE;
			break;
		case ALL:
			o->all = true;
			break;
		case IMAGES:
			o->images = xreallocarray(o->images, o->image_count + 1, sizeof(*o->images));
			o->images[o->image_count++] = optarg;
			break;
		default:
			status = cli_option(self, c, argv);
			if (status != CLI_GO_ON)
				return status;
		}
	}
	if (argc - optind != 1)
		return cli_usage_error(self, argc == optind ? "no plan named; - is standard input"
			: "more than one plan named");
	o->plan = argv[optind];
	if (o->config == NULL && o->endpoint == NULL && o->policy_count == 0 && o->image_count == 0)
		return cli_usage_error(self, "nothing to check the plan with: give --policy PATH, --images FILE, or -c FILE");
	return CLI_GO_ON;
}

/* Everything a run of the command needs. */
struct work {
	struct config *config;
	const struct config_endpoint *endpoint;	/* NULL: none is used */
	struct checkset *set;
	struct outcomes *outcomes;
};

static int load(const struct options *o, struct work *w)
{
	struct faults faults = { NULL, 0, 0 };
	int status = CLI_TROUBLE;

	if (o->config != NULL || o->endpoint != NULL) {
		w->config = cli_config(o->config);
		if (w->config == NULL)
			return CLI_TROUBLE;
		w->endpoint = cli_endpoint(w->config, o->endpoint);
		if (w->endpoint == NULL)
			return CLI_TROUBLE;
		w->set = checkset_load(w->config, w->endpoint, 0, &faults);
		if (o->policy_count > 0)
			checkset_add_policies(w->set, o->policies, o->policy_count, &faults);
	} else {
		w->set = checkset_load_policies(o->policies, o->policy_count, &faults);
	}
	if (o->image_count > 0)
		checkset_add_images(w->set, o->images, o->image_count, &faults);
	faults_print(&faults, stderr);
	if (faults.errors == 0)
		status = CLI_GO_ON;
	faults_free(&faults);
	return status;
}

static void say_unusable(const char *plan, const char *error, const char *head, size_t head_len)
{
	if (head_len >= 2 && memcmp(head, "PK", 2) == 0)
		cli_trouble("%s: a binary plan; make JSON of it with: terraform show -json %s", plan, plan);
	else
		cli_trouble("%s: %s", plan, error);
}

/* Feeds the whole plan. CLI_GO_ON, or CLI_TROUBLE after saying why. */
static int feed(struct checkset_run *run, int fd, const char *plan)
{
	enum { PIECE = 256 * 1024 };
	char *piece = xmalloc(PIECE);
	char head[4] = "";
	size_t head_len = 0;
	int status = CLI_TROUBLE;
	ssize_t n;

	while ((n = read(fd, piece, PIECE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			cli_trouble("%s: %s", plan, strerror(errno));
			goto out;
		}
		if (head_len == 0) {
			head_len = (size_t)n < sizeof(head) ? (size_t)n : sizeof(head);
			memcpy(head, piece, head_len);
		}
		if (checkset_feed(run, piece, (size_t)n) != 0)
			break;
	}
	if (n == 0)
		checkset_end(run);
	if (checkset_plan_error(run) != NULL)
		say_unusable(plan, checkset_plan_error(run), head, head_len);
	else
		status = CLI_GO_ON;
out:
	free(piece);
	return status;
}

static void note_done(void *context)
{
	*(bool *)context = true;
}

static int run_checks(const struct options *o, struct work *w)
{
	uint64_t max_resource = w->config != NULL ? w->config->limit_resource : LIMIT_RESOURCE;
	uint64_t max_plan = w->config != NULL ? w->config->limit_plan : LIMIT_PLAN;
	bool standard = strcmp(o->plan, "-") == 0, done = false;
	int fd = standard ? STDIN_FILENO : open(o->plan, O_RDONLY | O_CLOEXEC);
	struct checkset_run *run;
	int status;

	if (fd < 0)
		return cli_trouble("%s: %s", o->plan, strerror(errno));
	w->outcomes = outcomes_new(w->endpoint != NULL ? w->endpoint->fail_on : FAIL_ON, o->all);
	run = checkset_start(w->set, STAGE_POST_PLAN, max_resource, max_plan, w->outcomes, note_done, &done);
	status = feed(run, fd, standard ? "standard input" : o->plan);
	/* Every kind of check there is finishes with the plan; nothing here waits for one that does not. */
	if (status == CLI_GO_ON && !done)
		status = cli_trouble("a check did not finish");
	checkset_stop(run);
	if (!standard)
		close(fd);
	return status;
}

static void print_json(const struct options *o, struct work *w, bool failed)
{
	json_t *top = json_new_object(), *list = json_new_array();
	char *counts = verdict_counts(w->outcomes), *text;

	json_put_string(top, "status", failed ? "failed" : "passed");
	json_put_string(top, "message", counts);
	json_put_integer(top, "resources", (int64_t)outcomes_resources(w->outcomes));
	json_put_string(top, "policy_set", checkset_hash(w->set));
	for (size_t i = 0; i < outcomes_kept(w->outcomes); i++) {
		const struct outcome *one = outcomes_at(w->outcomes, i);

		if (o->all || one->status != OUTCOME_PASSED)
			json_add(list, outcome_json(one));
	}
	json_put(top, "outcomes", list);
	text = json_text(top);
	puts(text);
	free(text);
	free(counts);
	json_free(top);
}

static size_t widest(size_t a, size_t b, size_t max)
{
	size_t n = a > b ? a : b;

	return n < max ? n : max;
}

/* The hits of one policy from i on, below its line: address, reason. Returns where the next policy begins. */
static size_t print_hits(struct outcomes *o, size_t i)
{
	const struct outcome *first = outcomes_at(o, i);
	size_t end = i, width = 0;
	uint64_t rest;

	for (; end < outcomes_kept(o); end++) {
		const struct outcome *one = outcomes_at(o, end);

		if (one->status != first->status || strcmp(one->id, first->id) != 0)
			break;
		width = widest(width, print_width(one->address), ADDRESS_WIDTH_MAX);
	}
	for (; i < end; i++) {
		const struct outcome *one = outcomes_at(o, i);

		if (one->address == NULL && one->reason == NULL)
			continue;
		fputs("    ", stdout);
		if (one->address != NULL && one->reason != NULL) {
			print_padded(one->address, width);
			fputs("  ", stdout);
		} else {
			print_text(one->address);
		}
		print_text(one->reason);
		putchar('\n');
	}
	rest = outcomes_not_kept(o, first->id, first->status);
	if (rest > 0)
		printf("    and %" PRIu64 " more (--all shows them)\n", rest);
	return end;
}

static void print_report(struct work *w, bool failed)
{
	struct outcomes *o = w->outcomes;
	size_t severity_width = 0, id_width = 0;
	char *counts = verdict_counts(o);

	for (size_t i = 0; i < outcomes_kept(o); i++) {
		const struct outcome *one = outcomes_at(o, i);

		severity_width = widest(severity_width, strlen(severity_name(one->severity)), 16);
		id_width = widest(id_width, print_width(one->id), ID_WIDTH_MAX);
	}
	for (size_t i = 0; i < outcomes_kept(o);) {
		const struct outcome *first = outcomes_at(o, i);

		print_outcome_head(first->status, first->severity, severity_width, first->id, id_width,
			first->description);
		i = print_hits(o, i);
		if (first->status != OUTCOME_PASSED) {
			print_colour(PRINT_DIM);
			print_lines(first->help, 4);
			print_lines(first->url, 4);
			print_colour(PRINT_PLAIN);
			putchar('\n');
		}
	}
	print_colour(failed ? PRINT_RED : PRINT_GREEN);
	print_text(counts);
	print_colour(PRINT_PLAIN);
	printf("; policy set %s\n", checkset_hash(w->set));
	free(counts);
}

static void print(const struct options *o, struct work *w, bool failed)
{
	const struct report report = {
		.outcomes = w->outcomes, .hash = checkset_hash(w->set), .plan = o->plan, .failed = failed, .all = o->all,
	};

	switch (o->format) {
	case CLI_TEXT:
		print_report(w, failed);
		break;
	case CLI_JSON:
		print_json(o, w, failed);
		break;
	case CLI_SARIF:
		sarif_print(&report);
		break;
	case CLI_JUNIT:
		junit_print(&report);
		break;
	}
}

static int check(const struct cli_command *self, int argc, char **argv)
{
	struct options o = { .format = CLI_TEXT };
	struct work w = { .config = NULL };
	int status = parse(self, argc, argv, &o);

	if (status == CLI_GO_ON)
		status = load(&o, &w);
	if (status == CLI_GO_ON)
		status = run_checks(&o, &w);
	if (status == CLI_GO_ON) {
		bool failed = verdict_failed(w.outcomes, w.endpoint != NULL && w.endpoint->pass_on_error);

		print(&o, &w, failed);
		status = cli_flush(failed ? CLI_FAILED : CLI_OK);
	}
	outcomes_free(w.outcomes);
	checkset_free(w.set);
	config_free(w.config);
	free(o.policies);
	free(o.images);
	return status;
}

const struct cli_command command_check = {
	.name = "check",
	.synopsis = "[-c FILE] [--endpoint NAME] [--policy PATH]... [--images FILE]... [--format text|json|sarif|junit] [--all]\n"
		"       PLAN|-",
	.purpose = "Check a plan, as terraform show -json writes it.",
	.help =
		"  -c, --config FILE   use the checks of this configuration's endpoint\n"
		"  --endpoint NAME     which endpoint, if it has several\n"
		"  --policy PATH       a policy file, or a folder of them; may be repeated\n"
		"  --images FILE       a registry of machine images; several are united\n"
		"  --format FORMAT     text (default), json, sarif (2.1.0) or junit (XML)\n"
		"  --all               show passed resources too, and every hit\n",
	.run = check,
};
