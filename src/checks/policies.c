/* The check "policies": Checkov-format YAML policies on the plan stream.
 *
 *	policies: [FILE-or-FOLDER, ...]
 *	policies: {paths: [...], skip: [{policy: ID-or-pattern, address: PATTERN, reason: TEXT, until: 2026-12-31}]}
 *
 * Paths are relative to the folder of the configuration file. Files are read when the configuration is, and never
 * again: a compiled set is read-only and shared by all jobs. A policy that cannot be used makes the set unusable, with
 * file and line of every fault, so that no policy is missed in silence.
 *
 * This file is the kind of check: arguments, what is wanted of a plan, and the index by resource type. What policies
 * mean is policy_*.c.
 *
 * Outcomes: one for each policy and resource address; id, severity, description, help and link come from the metadata.
 * An expired skip entry is a warning of each run. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/mem.h"
#include "checks/policy_run.h"

struct policies_run {
	struct check_context *context;
	struct policy_run *run;
};

static int by_type(const void *a, const void *b)
{
	const struct policy_type_row *x = a, *y = b;
	int c = strcmp(x->type, y->type);

	return c != 0 ? c : (x->policy > y->policy) - (x->policy < y->policy);
}

static bool names_types_only(const struct policy_types *t)
{
	return t->count > 0 && t->all == 0 && t->taggable == 0;
}

static void index_policy(struct policies *p, uint32_t number)
{
	const struct policy *policy = p->set.policies[number];
	const struct policy_types *t = &policy->concerns;

	if (policy->severity == SEVERITY_OFF)
		return;
	p->connects |= policy->root->connects;
	p->asks_references |= policy->asks_references;
	if (policy->leaf_count > p->leaf_max)
		p->leaf_max = policy->leaf_count;
	if (!names_types_only(t)) {
		p->general = xreallocarray(p->general, p->general_count + 1, sizeof(*p->general));
		p->general[p->general_count++] = number;
		p->asks_providers |= policy_types_empty(t);
	}
	for (size_t i = 0; i < t->count; i++) {
		const char *type = t->names[i];

		p->asks_providers |= strncmp(type, "provider.", 9) == 0;
		if (!names_types_only(t))
			continue;
		p->rows = xreallocarray(p->rows, p->row_count + 1, sizeof(*p->rows));
		p->rows[p->row_count++] = (struct policy_type_row){ type, number };
	}
}

void policies_index(struct policies *p)
{
	for (size_t i = 0; i < p->set.count; i++)
		index_policy(p, (uint32_t)i);
	if (p->row_count > 0)
		qsort(p->rows, p->row_count, sizeof(*p->rows), by_type);
	p->wanted = xcalloc(p->row_count + 1, sizeof(*p->wanted));
	for (size_t i = 0; i < p->row_count; i++) {
		const char *type = p->rows[i].type;

		if (i > 0 && strcmp(type, p->rows[i - 1].type) == 0)
			continue;
		if (strncmp(type, "provider.", 9) != 0)
			p->wanted[p->wanted_count++] = strncmp(type, "data.", 5) == 0 ? type + 5 : type;
	}
}

void policies_free(struct policies *p)
{
	policy_set_free(&p->set);
	policy_skips_free(&p->skips);
	free(p->rows);
	free(p->general);
	free(p->wanted);
	free(p);
}

static void load_paths(struct policies *p, const struct doc_node *node, const char *file, int64_t wait_until_ms,
	struct faults *faults)
{
	char **paths = NULL;
	size_t n = 0;

	if (config_texts(node, file, "policies", faults, &paths, &n) != 0)
		return;
	for (size_t i = 0; i < n; i++) {
		char *path = config_path(file, paths[i]);

		free(paths[i]);
		paths[i] = path;
	}
	if (n == 0)
		faults_error(faults, file, node->line, "policies: no file or folder is named");
	else
		policy_load_paths(&p->set, (const char *const *)paths, n, wait_until_ms, faults);
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
}

/* Entries of skip: that do nothing. */
static void warn_skips(const struct policies *p, const char *file, struct faults *faults)
{
	int64_t now_ms = clock_wall();

	for (size_t i = 0; i < p->skips.count; i++) {
		const struct policy_skip *s = &p->skips.list[i];
		size_t matches = 0;

		for (size_t k = 0; k < p->set.count; k++)
			matches += s->policy == NULL || check_address_match(s->policy, p->set.policies[k]->id);
		if (matches == 0)
			faults_warn(faults, file, s->line, "skip: no policy has an id that matches '%s'", s->policy);
		if (s->until != NULL && now_ms >= s->end_ms)
			faults_warn(faults, file, s->line, "skip: an entry ended on %s and no longer applies", s->until);
	}
}

static void *policies_load(const struct doc_node *arguments, const char *file, int64_t wait_until_ms,
	struct faults *faults)
{
	static const char *const keys[] = { "paths", "skip", NULL };
	struct policies *p = xcalloc(1, sizeof(*p));
	const struct doc_node *paths = arguments, *skip = NULL;
	size_t errors = faults->errors;

	if (arguments != NULL && arguments->kind == DOC_MAPPING) {
		paths = doc_get(arguments, "paths");
		config_keys(arguments, file, "policies", keys, faults);
		skip = doc_get(arguments, "skip");
		if (skip != NULL)
			policy_skips_read(&p->skips, skip, file, faults);
	}
	if (paths == NULL)
		faults_error(faults, file, arguments != NULL ? arguments->line : 0,
			"policies: names no files or folders (paths)");
	else
		load_paths(p, paths, file, wait_until_ms, faults);
	policy_set_check(&p->set, faults);
	if (faults->errors == errors && p->set.count == 0)
		faults_error(faults, file, paths != NULL ? paths->line : 0,
			"policies: there is no policy in the files and folders named");
	if (faults->errors != errors) {
		policies_free(p);
		return NULL;
	}
	warn_skips(p, file, faults);
	if (p->skips.count > 0)
		p->set.digest = policy_digest(p->set.digest, skip);
	policies_index(p);
	return p;
}

static void policies_unload(void *compiled)
{
	policies_free(compiled);
}

static uint64_t policies_digest(const void *compiled)
{
	const struct policies *p = compiled;

	return p->set.digest;
}

static struct policy *const *policies_policies(const void *compiled, size_t *n)
{
	const struct policies *p = compiled;

	*n = p->set.count;
	return p->set.policies;
}

static void policies_wants(const void *compiled, struct plan_wants *wants)
{
	const struct policies *p = compiled;

	wants->kinds[PLAN_RESOURCE_CHANGE] = p->general_count > 0 || p->wanted_count > 0;
	wants->kinds[PLAN_CONFIG_RESOURCE] = p->asks_references || p->connects;
	wants->kinds[PLAN_CONFIG_CALL] = p->connects;
	wants->kinds[PLAN_CONFIG_OUTPUT] = p->connects;
	wants->kinds[PLAN_PROVIDER] = p->asks_providers;
	if (p->general_count == 0) {
		wants->types = p->wanted;
		wants->type_count = p->wanted_count;
	}
}

/* Entries of skip: that no longer apply. */
static void say_expired(const struct policies *p, struct outcomes *outcomes, int64_t now_ms)
{
	for (size_t i = 0; i < p->skips.count; i++) {
		const struct policy_skip *s = &p->skips.list[i];

		if (s->until == NULL || now_ms < s->end_ms)
			continue;
		char *reason = xasprintf("policy %s, address %s: %s", s->policy != NULL ? s->policy : "*",
			s->address != NULL ? s->address : "*", s->reason);
		char *description = xasprintf("A skip ended on %s and no longer applies", s->until);
		struct outcome one = {
			.status = OUTCOME_WARNING, .id = check_policies.name, .description = description,
				.reason = reason,
			.help = "Remove the entry from `skip:` in planspool's configuration, or give it a new date.",
		};

		outcomes_add(outcomes, &one);
		free(reason);
		free(description);
	}
}

static void *policies_start(const void *compiled, struct check_context *context)
{
	struct policies_run *r = xcalloc(1, sizeof(*r));
	int64_t now_ms = (int64_t)time(NULL) * 1000;

	r->context = context;
	r->run = policy_run_new(compiled, context->outcomes, now_ms);
	say_expired(compiled, context->outcomes, now_ms);
	return r;
}

static void policies_item(void *run, const struct plan_item *item)
{
	struct policies_run *r = run;
	bool end = item->kind == PLAN_END;

	policy_run_item(r->run, item);
	if (end)
		r->context->finished(r->context);
}

static void policies_stop(void *run)
{
	struct policies_run *r = run;

	policy_run_free(r->run);
	free(r);
}

const struct check_kind check_policies = {
	.name = "policies",
	.load = policies_load,
	.unload = policies_unload,
	.policies = policies_policies,
	.digest = policies_digest,
	.wants = policies_wants,
	.start = policies_start,
	.item = policies_item,
	.stop = policies_stop,
};
