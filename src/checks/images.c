/* The check "images": the machine images of a plan against a registry of golden images.
 *
 *	images:
 *	  registry: /etc/planspool/images.json		# or a list of files
 *	  untracked: warn				# block or ignore; default: as the registry says, else warn
 *	  marketplace: warn				# default: as untracked
 *	  floating: warn				# default: as untracked, warn if the registry knows it
 *	  incomplete: warn				# default
 *	  allow: [{id: ami-...}, {glob: "projects/debian-*"}, {marketplace: "Canonical:*"}]
 *	  types: {my_machine: ["disk[].image"]}		# more places where images stand
 *	  max_age: 24h					# default: as the registry says
 *	  on_registry_error: fail			# or warn
 *
 * Done when the plan has been read whole: prior_state and configuration come behind the resources, and only they tell
 * which data source an id came from. What is kept until then is image_uses.c.
 *
 * A registry that cannot be read does not make the check unusable, because the file may come right at any time: each
 * run looks again, and says so as long as it is wrong. Without any registry only the plan's own word on revocations is
 * judged. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/config.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/check.h"
#include "checks/image_finding.h"

struct images_run {
	struct check_context *context;
	struct image_run run;
	bool errored, complete;
};

static void images_unload(void *compiled)
{
	struct images *c = compiled;

	image_files_free(c->files);
	image_types_free(&c->types);
	for (size_t i = 0; i < c->allow_count; i++)
		free(c->allow[i].text);
	free(c->allow);
	free(c);
}

static void load_rule(const struct doc_node *arguments, const char *file, const char *key, struct faults *faults,
	enum image_rule *out)
{
	const struct doc_node *node = doc_get(arguments, key);
	const char *s = node != NULL ? config_text(node, file, key, faults) : NULL;

	if (s == NULL)
		return;
	*out = image_rule_parse(s);
	if (*out == IMAGE_RULE_UNSET)
		faults_error(faults, file, node->line, "%s: '%s' must be warn, block or ignore", key, s);
}

static void load_allow(struct images *c, const struct doc_node *node, const char *file, struct faults *faults)
{
	static const char *const keys[] = { [ALLOW_ID] = "id", [ALLOW_GLOB] = "glob", [ALLOW_MARKET] = "marketplace",
		NULL };

	if (node->kind != DOC_SEQUENCE) {
		faults_error(faults, file, node->line,
			"allow: takes a list of {id: ...}, {glob: ...} or {marketplace: ...}");
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct doc_node *entry = node->items[i];
		const char *s;

		if (entry->kind != DOC_MAPPING || entry->count != 1) {
			faults_error(faults, file, entry->line,
				"allow: each entry is one of {id: ...}, {glob: ...} and "
				"{marketplace: ...}");
			continue;
		}
		if (!config_keys(entry, file, "allow", keys, faults) ||
			(s = config_text(entry->items[0], file, entry->keys[0]->text, faults)) == NULL)
			continue;
		c->allow = xreallocarray(c->allow, c->allow_count + 1, sizeof(*c->allow));
		for (int k = 0; keys[k] != NULL; k++) {
			if (strcmp(keys[k], entry->keys[0]->text) == 0)
				c->allow[c->allow_count].kind = k;
		}
		c->allow[c->allow_count++].text = xstrdup(s);
	}
}

static void load_files(struct images *c, const struct doc_node *arguments, const char *file, struct faults *faults)
{
	const struct doc_node *node = doc_get(arguments, "registry");
	char **paths = NULL;
	size_t n = 0;

	if (node == NULL || config_texts(node, file, "registry", faults, &paths, &n) != 0 || n == 0) {
		faults_error(faults, file, node != NULL ? node->line : arguments->line,
			"images: names no registry file (registry)");
		free(paths);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		char *path = config_path(file, paths[i]);

		free(paths[i]);
		paths[i] = path;
	}
	c->files = image_files_new(paths, n);
}

static void load_others(struct images *c, const struct doc_node *arguments, const char *file, struct faults *faults)
{
	const struct doc_node *node;
	const char *s;

	load_rule(arguments, file, "untracked", faults, &c->untracked);
	load_rule(arguments, file, "marketplace", faults, &c->marketplace);
	load_rule(arguments, file, "floating", faults, &c->floating);
	load_rule(arguments, file, "incomplete", faults, &c->incomplete);
	if ((node = doc_get(arguments, "allow")) != NULL)
		load_allow(c, node, file, faults);
	if ((node = doc_get(arguments, "types")) != NULL)
		image_types_read(&c->types, node, file, faults);
	if ((node = doc_get(arguments, "max_age")) != NULL &&
		(s = config_text(node, file, "max_age", faults)) != NULL &&
		text_duration(s, &c->max_age_ms) != 0)
		faults_error(faults, file, node->line, "max_age: '%s' is no duration: 24h, 30m", s);
	if ((node = doc_get(arguments, "on_registry_error")) == NULL ||
		(s = config_text(node, file, "on_registry_error", faults)) == NULL)
		return;
	c->trouble_warns = strcmp(s, "warn") == 0;
	if (!c->trouble_warns && strcmp(s, "fail") != 0)
		faults_error(faults, file, node->line, "on_registry_error: '%s' must be fail or warn", s);
}

/* Reads the registry for the first time. What is wrong with it is said, but the check is there. */
static void first_look(struct images *c, struct faults *faults)
{
	const char *trouble;
	const struct faults *found;

	image_files_release(c->files, image_files_current(c->files, &trouble));
	found = image_files_faults(c->files);
	for (size_t i = 0; i < found->n; i++)
		faults_error(faults, found->list[i].file, found->list[i].line, "%s", found->list[i].text);
}

static void *images_load(const struct doc_node *arguments, const char *file, int64_t wait_until_ms,
	struct faults *faults)
{
	static const char *const keys[] = { "registry", "untracked", "marketplace", "floating", "incomplete", "allow",
		"types",
		"max_age", "on_registry_error", NULL };
	size_t errors = faults->errors;
	struct images *c;

	(void)wait_until_ms;
	if (arguments == NULL || arguments->kind != DOC_MAPPING) {
		faults_error(faults, file, arguments != NULL ? arguments->line : 0,
			"images: takes a mapping: {registry: FILE, untracked: warn}");
		return NULL;
	}
	config_keys(arguments, file, "images", keys, faults);
	c = xcalloc(1, sizeof(*c));
	c->max_age_ms = -1;
	image_types_init(&c->types);
	load_files(c, arguments, file, faults);
	load_others(c, arguments, file, faults);
	image_types_sort(&c->types);
	if (faults->errors != errors) {
		images_unload(c);
		return NULL;
	}
	first_look(c, faults);
	return c;
}

static uint64_t images_digest(const void *compiled)
{
	const struct images *c = compiled;

	return image_files_digest(c->files);
}

static void images_wants(const void *compiled, struct plan_wants *wants)
{
	(void)compiled;
	wants->kinds[PLAN_SCALAR] = true;
	wants->kinds[PLAN_RESOURCE_CHANGE] = true;
	wants->kinds[PLAN_DEFERRED_CHANGE] = true;
	wants->kinds[PLAN_PRIOR_RESOURCE] = true;
	wants->kinds[PLAN_CONFIG_RESOURCE] = true;
	wants->kinds[PLAN_CONFIG_CALL] = true;
	wants->kinds[PLAN_CONFIG_OUTPUT] = true;
}

static void say_registry(const struct images_run *r)
{
	const struct image_run *run = &r->run;
	struct outcome one = { .id = "images.registry" };
	char *stale = run->registry != NULL ? image_registry_stale(run->registry, run->now_ms, run->check->max_age_ms) :
		NULL;

	if (stale != NULL) {
		one.status = OUTCOME_WARNING;
		one.description = "The registry of images is stale";
		one.reason = stale;
		one.help = "See why it is not renewed: `planspool images sync` writes it anew.";
		outcomes_add(run->outcomes, &one);
		free(stale);
	}
	if (run->trouble == NULL)
		return;
	one.status = run->check->trouble_warns || run->registry != NULL ? OUTCOME_WARNING : OUTCOME_ERROR;
	one.description =
		run->registry != NULL ? "The registry of images cannot be read; the one read before is in use" :
		"The registry of images is not available";
	one.reason = run->trouble;
	one.help = "Repair the file; `planspool images list` reads it as this check does.";
	outcomes_add(run->outcomes, &one);
}

static void *images_start(const void *compiled, struct check_context *context)
{
	struct images_run *r = xcalloc(1, sizeof(*r));
	struct image_run *run = &r->run;
	struct timespec now;

	r->context = context;
	r->complete = true;
	run->check = compiled;
	run->outcomes = context->outcomes;
	clock_gettime(CLOCK_REALTIME, &now);
	run->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	run->registry = image_files_current(run->check->files, &run->trouble);
	run->store = policy_store_new();
	run->last_resource = &run->resources;
	run->last_source = &run->sources;
	image_index_init(&run->index);
	run->references = references_new(IMAGE_SOURCES);
	say_registry(r);
	return r;
}

static void say_error(struct images_run *r, const struct value *element, const char *reason)
{
	const struct value *address = value_get(element, "address");
	struct outcome one = { .status = OUTCOME_ERROR, .id = "images", .description = "A change could not be judged",
		.address = value_type(address) == VALUE_STRING ? value_text(address, NULL) : NULL, .reason = reason };

	outcomes_add(r->run.outcomes, &one);
}

static void change(struct images_run *r, const struct value *element, bool deferred)
{
	static const unsigned staying = CHANGE_CREATE | CHANGE_UPDATE | CHANGE_NO_OP;
	struct resource_change c;
	const char *what;

	if (change_read(element, &c, &what) != 0 || (what = change_lacks(&c)) != NULL) {
		say_error(r, element, what);
	} else if (c.data && (c.actions & CHANGE_READ)) {
		image_sources_add(&r->run, c.type, c.address, c.after, c.after_unknown, c.after_sensitive);
	} else if (!c.managed || c.deposed != NULL) {
		return;
	} else if (c.actions & CHANGE_OTHER) {
		say_error(r, element, "this version does not know what the actions of this change do");
	} else if (c.actions & staying) {
		image_uses_add(&r->run, &c, deferred);
	}
}

/* A data source that was read during the plan. */
static void prior(struct images_run *r, const struct value *v)
{
	const char *type = value_text(value_get(v, "type"), NULL), *address = value_text(value_get(v, "address"), NULL);

	if (value_is(value_get(v, "mode"), "data") && type != NULL && address != NULL)
		image_sources_add(&r->run, type, address, value_get(v, "values"), NULL,
			value_get(v, "sensitive_values"));
}

static void scalar(struct images_run *r, const struct plan_item *item)
{
	if (value_type(item->value) != VALUE_BOOL || item->key == NULL)
		return;
	if (strcmp(item->key, "errored") == 0)
		r->errored = value_bool(item->value);
	else if (strcmp(item->key, "complete") == 0)
		r->complete = value_bool(item->value);
}

static void images_item(void *state, const struct plan_item *item)
{
	struct images_run *r = state;

	switch (item->kind) {
	case PLAN_RESOURCE_CHANGE:
		change(r, item->value, false);
		break;
	case PLAN_DEFERRED_CHANGE:
		change(r, value_get(item->value, "resource_change"), true);
		break;
	case PLAN_PRIOR_RESOURCE:
		prior(r, item->value);
		break;
	case PLAN_CONFIG_RESOURCE:
	case PLAN_CONFIG_CALL:
	case PLAN_CONFIG_OUTPUT:
		references_add(r->run.references, item);
		break;
	case PLAN_SCALAR:
		scalar(r, item);
		break;
	case PLAN_END:
		r->run.incomplete = r->errored || !r->complete;
		image_judge(&r->run);
		r->context->finished(r->context);
		break;
	default:
		break;
	}
}

static void images_stop(void *state)
{
	struct images_run *r = state;
	struct image_run *run = &r->run;

	image_files_release(run->check->files, run->registry);
	references_free(run->references);
	image_index_free(&run->index);
	policy_hashes_free(&run->dropped);
	policy_store_free(run->store);
	free(r);
}

const struct check_kind check_images = {
	.name = "images",
	.load = images_load,
	.unload = images_unload,
	.digest = images_digest,
	.wants = images_wants,
	.start = images_start,
	.item = images_item,
	.stop = images_stop,
};
