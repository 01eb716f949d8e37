/* Runs the policies check over golden cases and compares with Checkov's own answers.
 *
 * A case goes the way of a job: the plan's bytes into the reader, items into the check, outcomes out. Prints the
 * agreement by group of plans, and each rule of planspool-policies(5), DIFFERENCES, with the number of verdicts that it
 * explains; a difference without a rule fails. With -v each difference is printed.
 *
 * The cases are in the folder that PLANSPOOL_POLICY_CASES names, else in ../shared/policy-cases beside the sources;
 * without them the test says that it was not run (exit status 77). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "checks/check.h"
#include "checks/outcome.h"
#include "checks/policy_run.h"
#include "plan/reader.h"
#include "golden.h"

#define PLAN_MAX (16u << 20)
#define GROUPS 32
#define RULES 64

struct tally {
	char name[96];
	unsigned long cases, agree, explained, unexplained;
};

struct golden {
	const char *dir;
	bool verbose;
	struct tally groups[GROUPS], rules[RULES];
	size_t group_count, rule_count;
	/* The plan that was read last: cases come in the order of plans. */
	char *plan_name;
	struct buf plan_text;
	json_t *plan;
};

/* Outcomes of a case. */
struct answers {
	struct outcomes *outcomes;
	bool errors;
};

static struct tally *tally_of(struct tally *list, size_t *count, size_t room, const char *name)
{
	for (size_t i = 0; i < *count; i++) {
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	}
	if (*count == room) {
		fprintf(stderr, "golden: too many groups or rules\n");
		exit(2);
	}
	snprintf(list[*count].name, sizeof(list[*count].name), "%s", name);
	return &list[(*count)++];
}

static int read_plan(struct golden *g, const char *name)
{
	char why[JSON_WHY], *path;

	if (g->plan_name != NULL && strcmp(g->plan_name, name) == 0)
		return 0;
	free(g->plan_name);
	g->plan_name = xstrdup(name);
	json_free(g->plan);
	g->plan = NULL;
	buf_clear(&g->plan_text);
	path = xasprintf("%s/plans/%s.json", g->dir, name);
	if (fsio_read_file(AT_FDCWD, path, &g->plan_text) != 0 ||
		json_parse(buf_text(&g->plan_text), g->plan_text.len, &g->plan, why) != 0) {
		fprintf(stderr, "golden: %s cannot be read\n", path);
		free(path);
		return -1;
	}
	free(path);
	return 0;
}

static struct policies *load_case(const json_t *one)
{
	json_t *root = json_new_object(), *metadata = json_new_object();
	struct policies *p = xcalloc(1, sizeof(*p));
	struct faults faults = { NULL, 0, 0 };
	char *text;
	int loaded;

	json_put_string(metadata, "id", "GOLDEN_1");
	json_put_string(metadata, "name", "a golden case");
	json_put_string(metadata, "category", "general");
	json_put(root, "metadata", metadata);
	if (json_has(one, "scope"))
		json_put(root, "scope", json_copy(json_get(one, "scope")));
	json_put(root, "definition", json_copy(json_get(one, "definition")));
	text = json_text(root);
	loaded = policy_load_text(&p->set, "golden.json", text, strlen(text), &faults);
	free(text);
	json_free(root);
	faults_free(&faults);
	if (loaded != 0) {
		policies_free(p);
		return NULL;
	}
	policies_index(p);
	return p;
}

static void finished(struct check_context *context)
{
	(void)context;
}

/* Feeds the plan in pieces, as a download does. */
static int run_case(struct golden *g, const struct policies *p, struct outcomes *outcomes)
{
	struct check_context context = { .outcomes = outcomes, .finished = finished };
	struct plan_wants wants = { .types = NULL };
	void *run = check_policies.start(p, &context);
	struct plan_reader *reader;
	int result = 0;

	check_policies.wants(p, &wants);
	wants.kinds[PLAN_END] = true;
	reader = plan_reader_new(&wants, PLAN_MAX, PLAN_MAX, check_policies.item, run);
	for (size_t at = 0; result == 0 && at < g->plan_text.len; at += 1000) {
		size_t n = g->plan_text.len - at;

		result = plan_reader_feed(reader, g->plan_text.data + at, n < 1000 ? n : 1000);
	}
	if (result == 0)
		result = plan_reader_end(reader);
	if (result != 0)
		fprintf(stderr, "golden: %s: %s\n", g->plan_name, plan_reader_error(reader));
	plan_reader_free(reader);
	check_policies.stop(run);
	return result;
}

static const char *our_verdict(enum outcome_status s)
{
	switch (s) {
	case OUTCOME_PASSED:
		return "pass";
	case OUTCOME_FAILED:
		return "fail";
	case OUTCOME_UNKNOWN:
		return "unknown";
	default:
		return "error";
	}
}

static const char *our_answer(const struct answers *a, const char *address)
{
	for (size_t i = 0; i < outcomes_kept(a->outcomes); i++) {
		const struct outcome *one = outcomes_at(a->outcomes, i);

		if (one->address != NULL && strcmp(one->address, address) == 0)
			return our_verdict(one->status);
	}
	return NULL;
}

/* One case against our answers. */
struct comparison {
	struct golden *golden;
	json_t *one, *expected;
	bool silent;		/* nothing is expected of any address */
	const struct answers *answers;
	unsigned long differences, unexplained;
};

static void differ(struct comparison *c, const char *address, const char *theirs, const char *ours)
{
	struct difference d = {
		.definition = json_get(c->one, "definition"), .scope = json_get(c->one, "scope"),
		.plan = c->golden->plan, .address = address, .theirs = theirs, .ours = ours,
		.theirs_silent = c->silent, .ours_has_errors = c->answers->errors,
	};
	const char *rule = golden_rule(&d);

	c->differences++;
	if (rule != NULL)
		tally_of(c->golden->rules, &c->golden->rule_count, RULES, rule)->cases++;
	else
		c->unexplained++;
	if (rule == NULL || c->golden->verbose) {
		char *text = json_text(d.definition);

		printf("%s: %s: Checkov %s, here %s: %s\n  %.600s\n", c->golden->plan_name, address,
			theirs != NULL ? theirs : "nothing", ours != NULL ? ours : "nothing",
			rule != NULL ? rule : "NOT EXPLAINED", text);
		free(text);
	}
}

static bool visit_expected(void *context, const char *address, json_t *value)
{
	struct comparison *c = context;
	const char *theirs = json_string(value), *ours = our_answer(c->answers, address);

	if (ours == NULL || strcmp(theirs, ours) != 0)
		differ(c, address, theirs, ours);
	return true;
}

static void compare_verdicts(struct comparison *c)
{
	if (c->expected != NULL)
		json_each(c->expected, visit_expected, c);
	for (size_t i = 0; i < outcomes_kept(c->answers->outcomes); i++) {
		const struct outcome *one = outcomes_at(c->answers->outcomes, i);

		if (one->address == NULL)
			differ(c, "-", NULL, our_verdict(one->status));
		else if (json_get_string(c->expected, one->address) == NULL)
			differ(c, one->address, NULL, our_verdict(one->status));
	}
}

/* A policy that one of us refuses. */
static void compare_refusals(struct comparison *c, bool theirs, bool ours)
{
	const char *rule = ours && !theirs ? golden_refusal_rule(json_get(c->one, "definition"),
		json_get(c->one, "scope"), c->silent) : NULL;

	if (theirs == ours)
		return;
	c->differences++;
	if (rule != NULL) {
		tally_of(c->golden->rules, &c->golden->rule_count, RULES, rule)->cases++;
		return;
	}
	char *text = json_text(json_get(c->one, "definition"));

	c->unexplained++;
	printf("%s: %s\n  %.600s\n", c->golden->plan_name, ours ? "refused here" : "accepted here", text);
	free(text);
}

static bool visit_any(void *context, const char *key, json_t *value)
{
	(void)key, (void)value;
	*(bool *)context = false;
	return false;
}

static void compare_case(struct golden *g, json_t *one)
{
	char group[32];
	size_t len = strcspn(json_get_string(one, "plan"), "_0123456789");
	json_t *expect = json_get(one, "expect");
	bool theirs = json_is_string(expect) && strcmp(json_string(expect), "POLICY_REJECTED") == 0;
	struct answers answers = { outcomes_new(SEVERITY_LOW, true), false };
	struct comparison c = { .golden = g, .one = one, .expected = json_is_object(expect) ? expect : NULL,
		.silent = true, .answers = &answers };
	struct policies *p = load_case(one);
	struct tally *t;

	json_each(c.expected, visit_any, &c.silent);
	snprintf(group, sizeof(group), "%.*s", (int)len, json_get_string(one, "plan"));
	t = tally_of(g->groups, &g->group_count, GROUPS, group);
	if (p == NULL || theirs) {
		compare_refusals(&c, theirs, p == NULL);
	} else if (run_case(g, p, answers.outcomes) != 0) {
		c.unexplained++;
	} else {
		answers.errors = outcomes_count(answers.outcomes, OUTCOME_ERROR) > 0;
		compare_verdicts(&c);
	}
	t->cases++;
	t->agree += c.differences == 0 && c.unexplained == 0;
	t->explained += c.differences > 0 && c.unexplained == 0;
	t->unexplained += c.unexplained > 0;
	if (p != NULL)
		policies_free(p);
	outcomes_free(answers.outcomes);
}

static int report(const struct golden *g)
{
	struct tally all = { "all", 0, 0, 0, 0 };

	printf("%-12s %8s %8s %10s %12s\n", "plans", "cases", "agree", "explained", "unexplained");
	for (size_t i = 0; i <= g->group_count; i++) {
		const struct tally *t = i < g->group_count ? &g->groups[i] : &all;

		printf("%-12s %8lu %8lu %10lu %12lu\n", t->name, t->cases, t->agree, t->explained, t->unexplained);
		all.cases += t->cases;
		all.agree += t->agree;
		all.explained += t->explained;
		all.unexplained += t->unexplained;
	}
	printf("verdicts that differ, by rule:\n");
	for (size_t i = 0; i < g->rule_count; i++)
		printf("%8lu  %s\n", g->rules[i].cases, g->rules[i].name);
	return all.unexplained == 0 && all.cases > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *top = getenv("srcdir") != NULL ? getenv("srcdir") : ".", *named = getenv("PLANSPOOL_POLICY_CASES");
	char *dir = named != NULL ? xstrdup(named) : xasprintf("%s/../shared/policy-cases", top);
	char *path = xasprintf("%s/cases.jsonl", dir), *line = NULL, why[JSON_WHY];
	struct golden g = { .dir = dir, .verbose = argc > 1 && strcmp(argv[1], "-v") == 0,
		.plan_text = BUF_INIT(PLAN_MAX) };
	FILE *f = fopen(path, "r");
	size_t room = 0;
	ssize_t len;
	int status = 77;

	if (f == NULL) {
		printf("golden: not run: %s: %s\n", path, strerror(errno));
		goto out;
	}
	status = 2;
	while ((len = getline(&line, &room, f)) > 0) {
		json_t *one;

		if (json_parse(line, (size_t)len - (line[len - 1] == '\n'), &one, why) != 0 ||
			json_get_string(one, "plan") == NULL || read_plan(&g, json_get_string(one, "plan")) != 0) {
			fprintf(stderr, "golden: %s: a line cannot be read\n", path);
			goto out;
		}
		compare_case(&g, one);
		json_free(one);
	}
	status = report(&g);
out:
	if (f != NULL)
		fclose(f);
	json_free(g.plan);
	buf_free(&g.plan_text);
	free(g.plan_name);
	free(line);
	free(path);
	free(dir);
	return status;
}
