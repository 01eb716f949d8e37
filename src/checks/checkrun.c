/* One run of a set of checks over one plan: plan bytes go in, each item that the reader hands out goes to the checks
 * that want it, outcomes come out.
 *
 * Three things can end a run: the plan was read whole (each check gets PLAN_END and finishes at once or later), the
 * plan turned out unusable (each check gets an error outcome instead, which names the byte), or there is no plan
 * (checkset_abandon). done is called once in each case, never while an item is being handed out, as the caller may
 * free the run in it.
 *
 * An item that is larger than limits.resource reaches no check: one error outcome says so, since what nobody could
 * look at must not pass. Findings made before a plan broke off stay: they are true, and the error outcomes say that
 * there is more.
 *
 * Every kind of check that exists so far looks at the plan, so "plan checks" are all of them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "checks/checkset_private.h"

struct one_run {
	struct check_context context;	/* first: what checks hold is this */
	struct checkset_run *run;
	const struct checkset_check *check;
	void *state;			/* NULL: not running */
	bool finished;
};

enum progress {
	READING,	/* bytes are expected */
	BROKEN,		/* the plan is unusable, the outcomes say so; checkset_end or checkset_abandon is to come */
	ENDED,		/* waiting for checks that have not finished */
	DONE,		/* done was called */
};

struct checkset_run {
	const struct checkset *set;
	struct plan_reader *reader;
	struct one_run *runs;		/* one for each check of the set */
	size_t pending;			/* started and not finished */
	bool unusable;			/* the reader has an error */
	enum progress progress;
	enum stage stage;
	uint64_t max_resource, max_plan;
	struct outcomes *outcomes;
	void (*done)(void *context);
	void *context;
};

static void finished(struct check_context *c)
{
	struct one_run *one = (struct one_run *)c;
	struct checkset_run *run = one->run;

	if (one->finished)
		log_panic("%s finished a run twice", one->check->name);
	one->finished = true;
	run->pending--;
	if (run->progress == ENDED && run->pending == 0) {
		run->progress = DONE;
		run->done(run->context);	/* run may be gone now */
	}
}

/* What the item is to a reader of the outcome. */
static const char *kind_text(enum plan_kind kind)
{
	switch (kind) {
	case PLAN_RESOURCE_CHANGE:
		return "resource change";
	case PLAN_DEFERRED_CHANGE:
		return "deferred resource change";
	case PLAN_PRIOR_RESOURCE:
		return "resource of the prior state";
	default:
		return "part of the configuration";
	}
}

static void say_oversize(const struct checkset_run *run, const struct plan_item *item)
{
	char *reason = xasprintf("the %s at byte %" PRIu64 " is larger than %" PRIu64 " bytes, so it was not checked",
		kind_text(item->kind), item->offset, run->max_resource);
	struct outcome one = {
		.status = OUTCOME_ERROR, .id = "limits.resource", .address = item->address,
		.description = "A resource is too large to be checked", .reason = reason,
		.help = "Raise `limits: {resource: ...}` in planspool's configuration, or make the resource smaller.",
	};

	outcomes_add(run->outcomes, &one);
	free(reason);
}

static void dispatch(void *context, const struct plan_item *item)
{
	struct checkset_run *run = context;
	const char *type = NULL;

	if (item->oversize) {
		say_oversize(run, item);
		return;
	}
	if (item->kind == PLAN_RESOURCE_CHANGE) {
		const struct value *v = value_get(item->value, "type");

		if (value_type(v) == VALUE_STRING)
			type = value_text(v, NULL);
	}
	for (size_t i = 0; i < run->set->count; i++) {
		struct one_run *one = &run->runs[i];

		if (one->state == NULL || one->finished)
			continue;
		if (item->kind == PLAN_END || checkset_check_wants(one->check, item->kind, type))
			one->check->kind->item(one->state, item);
	}
}

static void start_all(struct checkset_run *run)
{
	run->reader = plan_reader_new(&run->set->wants, run->max_resource, run->max_plan, dispatch, run);
	run->progress = READING;
	run->pending = 0;
	run->unusable = false;
	for (size_t i = 0; i < run->set->count; i++) {
		const struct checkset_check *check = &run->set->checks[i];
		struct one_run *one = &run->runs[i];

		memset(one, 0, sizeof(*one));
		one->run = run;
		one->check = check;
		if (check->compiled == NULL) {
			outcomes_check_failed_to_run(run->outcomes, check->name, "%s", check->fault);
			continue;
		}
		one->context.stage = run->stage;
		one->context.outcomes = run->outcomes;
		one->context.finished = finished;
		run->pending++;
		one->state = check->kind->start(check->compiled, &one->context);
	}
}

static void stop_all(struct checkset_run *run)
{
	for (size_t i = 0; i < run->set->count; i++) {
		struct one_run *one = &run->runs[i];

		if (one->state != NULL)
			one->check->kind->stop(one->state);
		one->state = NULL;
	}
	plan_reader_free(run->reader);
	run->reader = NULL;
}

struct checkset_run *checkset_start(const struct checkset *set, enum stage stage, uint64_t max_resource,
	uint64_t max_plan, struct outcomes *outcomes, void (*done)(void *context), void *context)
{
	struct checkset_run *run = xcalloc(1, sizeof(*run));

	run->set = set;
	run->stage = stage;
	run->max_resource = max_resource;
	run->max_plan = max_plan;
	run->outcomes = outcomes;
	run->done = done;
	run->context = context;
	run->runs = xcalloc(set->count + 1, sizeof(*run->runs));
	start_all(run);
	return run;
}

void checkset_restart(struct checkset_run *run)
{
	stop_all(run);
	outcomes_clear(run->outcomes);
	start_all(run);
}

/* The checks that have not finished end here, without having seen the whole plan: skipped, or with an error. */
static void cut_short(struct checkset_run *run, bool skipped, const char *reason)
{
	for (size_t i = 0; i < run->set->count; i++) {
		struct one_run *one = &run->runs[i];
		struct outcome skip = { .status = OUTCOME_SKIPPED, .id = one->check->name,
			.description = "The check needs a plan", .reason = reason };

		if (one->state == NULL || one->finished)
			continue;
		one->finished = true;
		run->pending--;
		if (skipped)
			outcomes_add(run->outcomes, &skip);
		else
			outcomes_check_failed_to_run(run->outcomes, one->check->name, "%s", reason);
	}
}

static void break_off(struct checkset_run *run)
{
	char *reason = xasprintf("the plan cannot be read: %s", plan_reader_error(run->reader));

	run->progress = BROKEN;
	run->unusable = true;
	outcomes_set_resources(run->outcomes, plan_reader_resources(run->reader));
	cut_short(run, false, reason);
	free(reason);
}

int checkset_feed(struct checkset_run *run, const char *data, size_t len)
{
	if (run->progress != READING)
		return -1;
	if (plan_reader_feed(run->reader, data, len) == 0)
		return 0;
	break_off(run);
	return -1;
}

/* The last step of checkset_end and checkset_abandon. */
static void end(struct checkset_run *run)
{
	run->progress = ENDED;
	if (run->pending > 0)
		return;
	run->progress = DONE;
	run->done(run->context);	/* run may be gone now */
}

void checkset_end(struct checkset_run *run)
{
	if (run->progress == READING) {
		if (plan_reader_end(run->reader) == 0)
			outcomes_set_resources(run->outcomes, plan_reader_resources(run->reader));
		else
			break_off(run);
	}
	end(run);
}

void checkset_abandon(struct checkset_run *run, bool no_plan_at_stage, const char *reason)
{
	if (run->progress == READING) {
		outcomes_set_resources(run->outcomes, plan_reader_resources(run->reader));
		cut_short(run, no_plan_at_stage, reason);
	}
	end(run);
}

const char *checkset_plan_error(const struct checkset_run *run)
{
	return run->unusable ? plan_reader_error(run->reader) : NULL;
}

char *checkset_progress(const struct checkset_run *run)
{
	uint64_t bytes = plan_reader_bytes(run->reader), n = plan_reader_resources(run->reader);
	const char *noun = n == 1 ? "resource" : "resources";

	if (bytes < 1024)
		return xasprintf("%" PRIu64 " %s, %" PRIu64 " bytes", n, noun, bytes);
	if (bytes < (UINT64_C(1) << 20))
		return xasprintf("%" PRIu64 " %s, %.1f KiB", n, noun, (double)bytes / 1024);
	if (bytes < (UINT64_C(1) << 30))
		return xasprintf("%" PRIu64 " %s, %.1f MiB", n, noun, (double)bytes / (1 << 20));
	return xasprintf("%" PRIu64 " %s, %.1f GiB", n, noun, (double)bytes / (1 << 30));
}

void checkset_stop(struct checkset_run *run)
{
	if (run == NULL)
		return;
	stop_all(run);
	free(run->runs);
	free(run);
}
