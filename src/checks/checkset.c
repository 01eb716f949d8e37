/* All checks of an endpoint: loading them, and what can be said of the set. Running is checkrun.c.
 *
 * The table of kinds is here: a new kind of check is one file and one row. What a kind's arguments mean is its own
 * business; here an entry of checks: is a name and a document node.
 *
 * A check that cannot be loaded (unknown kind, bad arguments, a policy that cannot be used) stays in the set with
 * its first fault: every run then says so with an error outcome, so that a broken check never looks like one that
 * passed.
 *
 * What the reader has to hand out is the union of what the checks want, computed once here. The lists of types are
 * borrowed from the compiled checks, which live as long as the set.
 */
#include "checks/checkset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/checkset_private.h"
#include "checks/policy.h"

static const struct check_kind *const kinds[] = {
	&check_changes,
	&check_images,
	&check_policies,
};
#define REMOVED_SHOWN 20	/* ids of policies */
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct check_kind *kind_named(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}

static void fault_unknown(const char *name, const char *file, unsigned line, struct faults *faults)
{
	const char *names[KINDS + 1] = { NULL };
	const char *near;

	for (size_t i = 0; i < KINDS; i++)
		names[i] = kinds[i]->name;
	near = text_nearest(name, names);
	if (near != NULL)
		faults_error(faults, file, line, "%s: this kind of check does not exist, did you mean '%s'?", name,
			near);
	else
		faults_error(faults, file, line, "%s: this kind of check does not exist in this version", name);
}

/* The first error that came after the first n faults, and how many more there are. */
static char *first_fault(const struct faults *faults, size_t n)
{
	char *first = NULL, *text;
	size_t more = 0;

	for (size_t i = n; i < faults->n; i++) {
		if (faults->list[i].warning)
			continue;
		if (first == NULL)
			first = fault_text(&faults->list[i]);
		else
			more++;
	}
	if (first == NULL)
		return xstrdup("it could not be loaded");
	if (more == 0)
		return first;
	text = xasprintf("%s (and %zu more; planspool test-config says all)", first, more);
	free(first);
	return text;
}

static void hash_text(crypto_generichash_state *h, const char *s, size_t n)
{
	uint64_t len = n;

	crypto_generichash_update(h, (const unsigned char *)&len, sizeof(len));
	crypto_generichash_update(h, (const unsigned char *)s, n);
}

/* Depth is limited by doc.h. */
static void hash_node(crypto_generichash_state *h, const struct doc_node *node)
{
	char head[48];

	snprintf(head, sizeof(head), "%d %d %zu", (int)node->kind, (int)node->quoted, node->count);
	hash_text(h, head, strlen(head));
	if (node->kind == DOC_SCALAR)
		hash_text(h, node->text, node->len);
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == DOC_MAPPING)
			hash_node(h, node->keys[i]);
		hash_node(h, node->items[i]);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts types, each of them once. Returns how many are left. */
static size_t sort_once(const char **types, size_t n)
{
	size_t kept = 0;

	qsort(types, n, sizeof(*types), by_name);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || strcmp(types[kept - 1], types[i]) != 0)
			types[kept++] = types[i];
	return kept;
}

/* The check's own sorted list of types, so that items can be dispatched by bisection. */
static void sort_types(struct checkset_check *c)
{
	size_t n = c->wants.type_count;

	if (c->wants.types == NULL)
		return;
	c->types = xcalloc(n + 1, sizeof(*c->types));
	for (size_t i = 0; i < n; i++)
		c->types[i] = c->wants.types[i];
	c->wants.type_count = sort_once(c->types, n);
	c->wants.types = c->types;
}

bool checkset_check_wants(const struct checkset_check *c, enum plan_kind kind, const char *type)
{
	if (!c->wants.kinds[kind])
		return false;
	/* A change without a legible type goes to everyone who may have wanted it. */
	if (kind != PLAN_RESOURCE_CHANGE || c->wants.types == NULL || type == NULL)
		return true;
	return bsearch(&type, c->types, c->wants.type_count, sizeof(*c->types), by_name) != NULL;
}

static void unite(struct checkset *set, const struct checkset_check *c)
{
	struct plan_wants *w = &set->wants;
	bool had_changes = w->kinds[PLAN_RESOURCE_CHANGE];
	bool had_all = had_changes && w->types == NULL;

	for (size_t i = 0; i < PLAN_KINDS; i++)
		w->kinds[i] = w->kinds[i] || c->wants.kinds[i];
	if (!c->wants.kinds[PLAN_RESOURCE_CHANGE] || had_all)
		return;
	if (c->wants.types == NULL) {
		w->types = NULL;
		w->type_count = 0;
		return;
	}
	set->types = xreallocarray(set->types, w->type_count + c->wants.type_count + 1, sizeof(*set->types));
	for (size_t i = 0; i < c->wants.type_count; i++)
		set->types[w->type_count++] = c->types[i];
	w->type_count = sort_once(set->types, w->type_count);
	w->types = set->types;
}

static void add(struct checkset *set, const char *name, const struct doc_node *arguments, const char *file,
	unsigned line, int64_t wait_until_ms, struct faults *faults)
{
	struct checkset_check *c;
	size_t before = faults->n;

	set->checks = xreallocarray(set->checks, set->count + 1, sizeof(*set->checks));
	c = &set->checks[set->count++];
	memset(c, 0, sizeof(*c));
	c->name = xstrdup(name);
	c->kind = kind_named(name);
	hash_text(&set->hashing, name, strlen(name));
	if (arguments != NULL && (c->kind == NULL || c->kind->digest == NULL))
		hash_node(&set->hashing, arguments);
	if (c->kind == NULL)
		fault_unknown(name, file, line, faults);
	else
		c->compiled = c->kind->load(arguments, file, wait_until_ms, faults);
	if (c->compiled == NULL) {
		c->fault = first_fault(faults, before);
		hash_text(&set->hashing, c->fault, strlen(c->fault));
	} else {
		uint64_t digest = c->kind->digest != NULL ? c->kind->digest(c->compiled) : 0;

		hash_text(&set->hashing, (const char *)&digest, sizeof(digest));
		c->kind->wants(c->compiled, &c->wants);
		sort_types(c);
		unite(set, c);
	}
}

/* The hash over what has been added so far. */
static void close_hash(struct checkset *set)
{
	crypto_generichash_state h = set->hashing;
	unsigned char digest[crypto_generichash_BYTES_MIN];

	crypto_generichash_final(&h, digest, sizeof(digest));
	sodium_bin2hex(set->hash, sizeof(set->hash), digest, (sizeof(set->hash) - 1) / 2);
}

static struct checkset *set_new(void)
{
	struct checkset *set = xcalloc(1, sizeof(*set));

	set->wants.kinds[PLAN_END] = true;
	crypto_generichash_init(&set->hashing, NULL, 0, crypto_generichash_BYTES_MIN);
	close_hash(set);
	return set;
}

struct checkset *checkset_load(const struct config *config, const struct config_endpoint *endpoint,
	int64_t wait_until_ms, struct faults *faults)
{
	struct checkset *set = set_new();

	for (size_t i = 0; i < endpoint->check_count; i++) {
		const struct config_check *c = &endpoint->checks[i];

		add(set, c->kind, c->arguments, config->file, c->line, wait_until_ms, faults);
	}
	close_hash(set);
	return set;
}

/* There are no lines that anyone could look up. */
static void forget_lines(struct doc_node *node)
{
	node->line = 0;
	for (size_t i = 0; i < node->count; i++)
		forget_lines(node->items[i]);
}

/* Adds a check with arguments made from the command line; takes over arguments. */
static void add_from(struct checkset *set, const struct check_kind *kind, json_t *arguments, const char *where,
	struct faults *faults)
{
	/* As the configuration would say it; JSON is YAML. */
	char *text = json_text(arguments);
	struct doc *doc = doc_parse(where, text, strlen(text), faults);

	free(text);
	json_free(arguments);
	if (doc == NULL)
		return;
	forget_lines(doc->roots[0]);
	set->docs = xreallocarray(set->docs, set->doc_count + 1, sizeof(struct doc *));
	set->docs[set->doc_count++] = doc;
	add(set, kind->name, doc->roots[0], where, 0, 0, faults);
	close_hash(set);
}

static json_t *list_of(const char *const *paths, size_t n)
{
	json_t *list = json_new_array();

	for (size_t i = 0; i < n; i++)
		json_add(list, json_new_string(paths[i]));
	return list;
}

void checkset_add_policies(struct checkset *set, const char *const *paths, size_t n, struct faults *faults)
{
	add_from(set, &check_policies, list_of(paths, n), "--policy", faults);
}

void checkset_add_images(struct checkset *set, const char *const *paths, size_t n, struct faults *faults)
{
	json_t *arguments = json_new_object();

	json_put(arguments, "registry", list_of(paths, n));
	add_from(set, &check_images, arguments, "--images", faults);
}

struct checkset *checkset_load_policies(const char *const *paths, size_t n, struct faults *faults)
{
	struct checkset *set = set_new();

	if (n > 0)
		checkset_add_policies(set, paths, n, faults);
	return set;
}

void checkset_free(struct checkset *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++) {
		struct checkset_check *c = &set->checks[i];

		if (c->compiled != NULL)
			c->kind->unload(c->compiled);
		free(c->types);
		free(c->fault);
		free(c->name);
	}
	for (size_t i = 0; i < set->doc_count; i++)
		doc_free(set->docs[i]);
	free(set->docs);
	free(set->types);
	free(set->checks);
	free(set);
}

struct policy **checkset_policies(const struct checkset *set, size_t *n)
{
	struct policy **all = xcalloc(1, sizeof(*all));

	*n = 0;
	for (size_t i = 0; i < set->count; i++) {
		const struct checkset_check *c = &set->checks[i];
		struct policy *const *list;
		size_t more;

		if (c->kind == NULL || c->kind->policies == NULL)
			continue;
		if (c->compiled == NULL) {
			free(all);
			*n = 0;
			return NULL;
		}
		list = c->kind->policies(c->compiled, &more);
		all = xreallocarray(all, *n + more + 1, sizeof(*all));
		for (size_t k = 0; k < more; k++)
			all[(*n)++] = list[k];
	}
	return all;
}

/* The ids of policies that are run, sorted; the list is the caller's, the ids are borrowed. */
static const char **ids_of(const struct checkset *set, size_t *n)
{
	size_t count;
	struct policy **all = checkset_policies(set, &count);
	const char **ids = xcalloc(count + 1, sizeof(*ids));

	*n = 0;
	for (size_t i = 0; i < count; i++)
		if (all[i]->severity != SEVERITY_OFF)
			ids[(*n)++] = all[i]->id;
	qsort(ids, *n, sizeof(*ids), by_name);
	free(all);
	return ids;
}

char *checkset_removed(const struct checkset *set, const struct checkset *before)
{
	struct buf out = BUF_INIT(REMOVED_SHOWN * 256);
	size_t n, old_n, removed = 0;
	const char **now = ids_of(set, &n), **old = ids_of(before, &old_n);
	char *text = NULL;

	for (size_t i = 0; i < old_n; i++)
		if (bsearch(&old[i], now, n, sizeof(*now), by_name) == NULL && removed++ < REMOVED_SHOWN)
			buf_printf(&out, "%s%.*s", removed > 1 ? ", " : "",
				(int)text_utf8_cut(old[i], strlen(old[i]), 200), old[i]);
	if (removed > REMOVED_SHOWN)
		buf_printf(&out, " and %zu more", removed - REMOVED_SHOWN);
	if (removed > 0)
		text = xstrdup(buf_text(&out));
	buf_free(&out);
	free(now);
	free(old);
	return text;
}

size_t checkset_count(const struct checkset *set)
{
	return set->count;
}

const char *checkset_hash(const struct checkset *set)
{
	return set->hash;
}
