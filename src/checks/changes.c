/* The check "changes": how much a plan may delete or replace, what it must not touch, and that it is complete.
 *
 *	changes: {max_delete: 10, max_replace: 5, protect: [aws_db_instance, "module.core.*"], require_complete: true}
 *
 * A deletion has "delete" among its actions and no "create"; a replacement has both, in either order. protect covers
 * both; max_delete counts deletions alone and max_replace replacements alone. "forget" leaves the object alive: it
 * is neither. Data sources are never deleted. Deleting a deposed object is the late end of a replacement that an
 * earlier plan showed, so it counts nowhere: a run that tidies up after a failed one must not be refused. Deferred
 * changes are not part of resource_changes, but apply will come to them: they count the same.
 *
 * An action this version does not know, and a change that cannot be read, are error outcomes: what is not understood
 * must not pass. An entry of protect is a resource type, or, with a dot, bracket or star in it, an address pattern.
 *
 * require_complete fails when the plan says "errored": true or "complete": false. Terraform before 1.8 and OpenTofu
 * do not write "complete": that is an unknown outcome, neither passed by silence nor failed for good.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/mem.h"
#include "checks/check.h"
#include "plan/change.h"

#define NO_LIMIT (-1)
#define LIMIT_MAX 1000000000
#define NAMES_SHOWN 10		/* addresses in the reason of an exceeded limit */
#define NAMES_MAX 2000		/* bytes of them */

struct changes {
	int64_t max_delete, max_replace;	/* NO_LIMIT: not given */
	char **protect;
	size_t protect_count;
	bool all_types;				/* protect: every entry is a type */
	bool require_complete;
};

enum known { NOT_SAID, SAID_FALSE, SAID_TRUE };

/* One kind of change that is counted. */
struct tally {
	int64_t n;
	struct buf names;			/* the first NAMES_SHOWN addresses */
};

struct changes_run {
	const struct changes *check;
	struct check_context *context;
	struct tally deleted, replaced;
	bool protect_failed;
	enum known complete, errored;
};

static bool is_type(const char *entry)
{
	return strpbrk(entry, ".[*") == NULL;
}

static bool counts(const struct changes *c)
{
	return c->max_delete != NO_LIMIT || c->max_replace != NO_LIMIT;
}

static void changes_unload(void *compiled)
{
	struct changes *c = compiled;

	for (size_t i = 0; i < c->protect_count; i++)
		free(c->protect[i]);
	free(c->protect);
	free(c);
}

static void load_limit(const struct doc_node *arguments, const char *file, const char *key, struct faults *faults,
	int64_t *out)
{
	const struct doc_node *node = doc_get(arguments, key);

	*out = NO_LIMIT;
	if (node != NULL)
		config_integer(node, file, key, 0, LIMIT_MAX, faults, out);
}

static void *changes_load(const struct doc_node *arguments, const char *file, int64_t wait_until_ms,
	struct faults *faults)
{
	static const char *const keys[] = { "max_delete", "max_replace", "protect", "require_complete", NULL };
	struct changes *c;
	size_t errors = faults->errors;
	const struct doc_node *node;

	(void)wait_until_ms;
	if (arguments == NULL || arguments->kind != DOC_MAPPING) {
		faults_error(faults, file, arguments != NULL ? arguments->line : 0,
			"changes: takes a mapping with max_delete, max_replace, protect or require_complete");
		return NULL;
	}
	config_keys(arguments, file, "changes", keys, faults);
	c = xcalloc(1, sizeof(*c));
	load_limit(arguments, file, "max_delete", faults, &c->max_delete);
	load_limit(arguments, file, "max_replace", faults, &c->max_replace);
	node = doc_get(arguments, "protect");
	if (node != NULL && config_texts(node, file, "protect", faults, &c->protect, &c->protect_count) == 0 &&
			c->protect_count == 0)
		faults_error(faults, file, node->line, "protect: the list is empty");
	node = doc_get(arguments, "require_complete");
	if (node != NULL)
		config_bool(node, file, "require_complete", faults, &c->require_complete);
	c->all_types = true;
	for (size_t i = 0; i < c->protect_count; i++)
		c->all_types = c->all_types && is_type(c->protect[i]);
	if (faults->errors == errors && !counts(c) && c->protect_count == 0 && !c->require_complete)
		faults_error(faults, file, arguments->line, "changes: nothing to check: give max_delete, max_replace, "
			"protect or require_complete: true");
	if (faults->errors != errors) {
		changes_unload(c);
		return NULL;
	}
	return c;
}

static void changes_wants(const void *compiled, struct plan_wants *wants)
{
	const struct changes *c = compiled;

	if (c->require_complete)
		wants->kinds[PLAN_SCALAR] = true;
	if (!counts(c) && c->protect_count == 0)
		return;
	wants->kinds[PLAN_RESOURCE_CHANGE] = true;
	wants->kinds[PLAN_DEFERRED_CHANGE] = true;
	/* With nothing but types to look for, the reader can skip all others unread. */
	if (!counts(c) && c->all_types) {
		wants->types = (const char *const *)c->protect;
		wants->type_count = c->protect_count;
	}
}

static void *changes_start(const void *compiled, struct check_context *context)
{
	struct changes_run *run = xcalloc(1, sizeof(*run));
	const struct buf names = BUF_INIT(NAMES_MAX);

	run->check = compiled;
	run->context = context;
	run->deleted.names = run->replaced.names = names;
	return run;
}

static void changes_stop(void *state)
{
	struct changes_run *run = state;

	buf_free(&run->deleted.names);
	buf_free(&run->replaced.names);
	free(run);
}

static void tally_add(struct tally *t, const char *address)
{
	size_t before = t->names.len;

	if (t->n++ >= NAMES_SHOWN)
		return;
	if ((before > 0 && buf_append(&t->names, ", ", 2) != 0) ||
			buf_append(&t->names, address, strlen(address)) != 0) {
		/* An address longer than what is left: it is counted, not named. */
		t->names.len = before;
		if (t->names.data != NULL)
			t->names.data[before] = '\0';
	}
}

static void say_error(struct changes_run *run, const char *address, char *reason)
{
	struct outcome one = { .status = OUTCOME_ERROR, .id = "changes", .address = address,
		.description = "A change could not be judged", .reason = reason };

	outcomes_add(run->context->outcomes, &one);
	free(reason);
}

static const char *protected_by(const struct changes *c, const struct resource_change *change)
{
	for (size_t i = 0; i < c->protect_count; i++) {
		const char *entry = c->protect[i];

		if (is_type(entry) ? strcmp(entry, change->type) == 0 : check_address_match(entry, change->address))
			return entry;
	}
	return NULL;
}

static void protect(struct changes_run *run, const struct resource_change *change, bool deferred)
{
	const char *entry = protected_by(run->check, change);
	struct outcome one = { .status = OUTCOME_FAILED, .id = "changes.protect", .address = change->address,
		.description = "Protected resources must not be deleted or replaced",
		.help = "Keep the resource, or take it out of `protect` in planspool's configuration." };
	char *reason;

	if (entry == NULL)
		return;
	reason = xasprintf("it would be %s%s and is protected by \"%s\"",
		change->actions & CHANGE_CREATE ? "replaced" : "deleted",
		deferred ? " (in a deferred change)" : "", entry);
	one.reason = reason;
	outcomes_add(run->context->outcomes, &one);
	free(reason);
	run->protect_failed = true;
}

/* The actions as they stand in the plan, for an error. */
static char *actions_text(const struct value *list)
{
	struct buf text = BUF_INIT(200);
	char *s;

	for (const struct value *v = value_first(list); v != NULL; v = value_next(v)) {
		const char *name = value_text(v, NULL);

		if (name == NULL || strlen(name) > 40 || text.len > 100)
			name = "...";
		buf_printf(&text, "%s%s", text.len > 0 ? ", " : "", name);
		if (text.len > 100)
			break;
	}
	s = xasprintf("this version does not know what the actions \"%s\" do", buf_text(&text));
	buf_free(&text);
	return s;
}

static void change(struct changes_run *run, const struct value *element, uint64_t offset, bool deferred)
{
	struct resource_change c;
	const char *what;

	if (change_read(element, &c, &what) != 0) {
		const struct value *address = value_get(element, "address");

		say_error(run, value_type(address) == VALUE_STRING ? value_text(address, NULL) : NULL,
			xasprintf("the resource change at byte %" PRIu64 " cannot be read: %s", offset, what));
		return;
	}
	if (c.data || c.deposed != NULL)
		return;
	if (c.actions & CHANGE_OTHER) {
		say_error(run, c.address, actions_text(c.action_list));
		return;
	}
	if (!(c.actions & CHANGE_DELETE))
		return;
	tally_add(c.actions & CHANGE_CREATE ? &run->replaced : &run->deleted, c.address);
	protect(run, &c, deferred);
}

static void scalar(struct changes_run *run, const struct plan_item *item)
{
	enum known said;

	if (item->key == NULL || value_type(item->value) != VALUE_BOOL)
		return;
	said = value_bool(item->value) ? SAID_TRUE : SAID_FALSE;
	if (strcmp(item->key, "complete") == 0)
		run->complete = said;
	else if (strcmp(item->key, "errored") == 0)
		run->errored = said;
}

static void judge_limit(struct changes_run *run, const char *id, int64_t max, const struct tally *t, const char *done)
{
	struct outcome one = { .status = OUTCOME_PASSED, .id = id };
	char *description, *reason = NULL, *help = NULL;

	if (max == NO_LIMIT)
		return;
	description = xasprintf("At most %" PRId64 " %s may be %s", max, max == 1 ? "resource" : "resources", done);
	if (t->n > max) {
		one.status = OUTCOME_FAILED;
		reason = xasprintf("%" PRId64 " would be %s: %s%s", t->n, done, buf_text(&t->names),
			t->n > NAMES_SHOWN ? ", ..." : "");
		help = xasprintf("Split the change, or raise `%s` in planspool's configuration.",
			id + strlen("changes."));
	}
	one.description = description;
	one.reason = reason;
	one.help = help;
	outcomes_add(run->context->outcomes, &one);
	free(description);
	free(reason);
	free(help);
}

static void judge_complete(struct changes_run *run)
{
	struct outcome one = { .status = OUTCOME_PASSED, .id = "changes.require_complete",
		.description = "The plan must be complete" };

	if (run->errored == SAID_TRUE) {
		one.status = OUTCOME_FAILED;
		one.reason = "the plan ended with errors, so it does not hold all changes";
		one.help = "Repair what made `terraform plan` fail and plan again.";
	} else if (run->complete == SAID_FALSE) {
		one.status = OUTCOME_FAILED;
		one.reason = "the plan says that it is not all: changes are deferred, or it was made with -target";
		one.help = "Plan again without `-target`, or apply what the deferred changes wait for first.";
	} else if (run->complete == NOT_SAID) {
		one.status = OUTCOME_UNKNOWN;
		one.reason = "the plan does not say: Terraform before 1.8 and OpenTofu never do";
	}
	outcomes_add(run->context->outcomes, &one);
}

static void judge(struct changes_run *run)
{
	const struct changes *c = run->check;

	judge_limit(run, "changes.max_delete", c->max_delete, &run->deleted, "deleted");
	judge_limit(run, "changes.max_replace", c->max_replace, &run->replaced, "replaced");
	if (c->protect_count > 0 && !run->protect_failed) {
		struct outcome one = { .status = OUTCOME_PASSED, .id = "changes.protect",
			.description = "Protected resources must not be deleted or replaced" };

		outcomes_add(run->context->outcomes, &one);
	}
	if (c->require_complete)
		judge_complete(run);
	run->context->finished(run->context);
}

static void changes_item(void *state, const struct plan_item *item)
{
	struct changes_run *run = state;

	switch (item->kind) {
	case PLAN_RESOURCE_CHANGE:
		change(run, item->value, item->offset, false);
		break;
	case PLAN_DEFERRED_CHANGE:
		change(run, value_get(item->value, "resource_change"), item->offset, true);
		break;
	case PLAN_SCALAR:
		scalar(run, item);
		break;
	case PLAN_END:
		judge(run);
		break;
	default:
		break;
	}
}

const struct check_kind check_changes = {
	.name = "changes",
	.load = changes_load,
	.unload = changes_unload,
	.wants = changes_wants,
	.start = changes_start,
	.item = changes_item,
	.stop = changes_stop,
};
