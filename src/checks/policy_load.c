/* Reading policy files: documents and lists of policies, metadata and scope.
 *
 * Contract: each document of a file, and each element of a list, is a policy. Every fault names file and line, and
 * reading goes on so that all are said at once.
 *
 * A set is taken whole or not at all: someone may be replacing its files (git pull, a copy) while they are read, and
 * half of the new ones, or a file cut in its middle, can be a valid set that lacks policies. So the files are looked at
 * before and after reading, and reading is repeated when the looks differ. That does not tell a writer who pauses
 * between two files: who has patience first waits until nothing has changed for a while.
 *
 * Limits: POLICY_MAX policies; which files there are is policy_files.c's to limit, the size of one doc_load's. */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/mem.h"
#include "checks/policy_compiler.h"
#include "checks/policy_files.h"

#define TRIES_MAX 10

static const char *scalar_text(const struct doc_node *node)
{
	struct doc_value v;

	if (node == NULL || node->kind != DOC_SCALAR || doc_scalar(node, &v) == DOC_NULL ||
		strlen(node->text) != node->len)
		return NULL;
	return node->text;
}

static void policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	policy_block_free(p->root);
	policy_types_free(&p->concerns);
	free(p->leaves);
	free(p->file);
	free(p->id);
	free(p->name);
	free(p->message);
	free(p->guideline);
	free(p->provider);
	free(p);
}

/* The text of a key of metadata; NULL with a fault if it must be there and is not. */
static char *required(const struct doc_node *metadata, const char *key, const struct policy *p, struct faults *faults)
{
	const char *text = scalar_text(doc_get(metadata, key));

	if (text != NULL && (*text != '\0' || strcmp(key, "id") != 0))
		return xstrdup(text);
	faults_error(faults, p->file, metadata->line, "metadata.%s is missing", key);
	return NULL;
}

/* The first of guideline: or guidelines:, as text or as a list. */
static char *read_guideline(const struct doc_node *metadata)
{
	static const char *const keys[] = { "guideline", "guidelines" };

	for (size_t i = 0; i < 2; i++) {
		const struct doc_node *node = doc_get(metadata, keys[i]);

		if (node != NULL && node->kind == DOC_SEQUENCE && node->count > 0)
			node = node->items[0];
		const char *text = scalar_text(node);

		if (text != NULL && *text != '\0')
			return xstrdup(text);
	}
	return NULL;
}

/* Says of each key that should be text, but is not, that nothing is made of it. */
static void warn_no_text(const struct policy *p, const struct doc_node *metadata, struct faults *faults)
{
	/* The last two may also be lists. */
	static const char *const keys[] = { "severity", "message", "guideline", "guidelines", NULL };

	for (size_t i = 0; keys[i] != NULL; i++) {
		const struct doc_node *node = doc_get(metadata, keys[i]), *first = node;

		if (i >= 2 && node != NULL && node->kind == DOC_SEQUENCE && node->count > 0)
			first = node->items[0];
		if (policy_doc_truthy(node) && scalar_text(first) == NULL)
			faults_warn(faults, p->file, node->line, "metadata.%s is ignored: it is no text", keys[i]);
	}
}

static int read_metadata(struct policy *p, const struct doc_node *root, struct faults *faults)
{
	/* Checkov reads frameworks, and does not use it for files. */
	static const char *const keys[] = { "id", "name", "category", "severity", "guideline", "guidelines", "message",
		"frameworks", NULL };
	const struct doc_node *metadata = doc_get(root, "metadata"), *severity = doc_get(metadata, "severity");

	if (metadata == NULL || metadata->kind != DOC_MAPPING) {
		faults_error(faults, p->file, metadata != NULL ? metadata->line : root->line,
			"metadata is missing: it must be a mapping with id, name and category");
		return -1;
	}
	policy_warn_keys(metadata, keys, p->file, faults);
	p->id = required(metadata, "id", p, faults);
	p->name = required(metadata, "name", p, faults);
	if (doc_get(metadata, "category") == NULL) {
		faults_error(faults, p->file, metadata->line, "metadata.category is missing");
		return -1;
	}
	if (p->id == NULL || p->name == NULL)
		return -1;
	const char *level = scalar_text(severity), *message = scalar_text(doc_get(metadata, "message"));

	if (level != NULL) {
		p->severity = severity_parse(level);
		if (p->severity == SEVERITY_NONE_GIVEN)
			faults_warn(faults, p->file, metadata->line,
				"severity '%s' is not known, so the policy has none", level);
	}
	warn_no_text(p, metadata, faults);
	p->guideline = read_guideline(metadata);
	if (message != NULL)
		p->message = xstrdup(message);
	return 0;
}

static int read_scope(struct policy *p, const struct doc_node *root, struct faults *faults)
{
	static const char *const keys[] = { "provider", NULL };
	const struct doc_node *scope = doc_get(root, "scope"), *provider = doc_get(scope, "provider");

	if (scope != NULL && scope->kind == DOC_MAPPING)
		policy_warn_keys(scope, keys, p->file, faults);
	else if (scope != NULL && policy_doc_truthy(scope))
		faults_warn(faults, p->file, scope->line, "scope is ignored: it must be a mapping with provider");
	if (provider == NULL)
		return 0;
	if (provider->kind != DOC_SCALAR) {
		faults_error(faults, p->file, provider->line, "scope.provider must be text");
		return -1;
	}
	const char *name = scalar_text(provider);

	if (name != NULL && *name != '\0')
		p->provider = xstrdup(name);
	return 0;
}

static int read_definition(struct policy *p, const struct doc_node *root, struct faults *faults)
{
	const struct doc_node *definition = doc_get(root, "definition");

	if (definition == NULL)
		faults_error(faults, p->file, root->line, "definition is missing: it must be a mapping");
	else if (definition->kind != DOC_MAPPING)
		faults_error(faults, p->file, definition->line, "definition must be a mapping, not %s",
			definition->kind == DOC_SEQUENCE ? "a list" : "a text or a number");
	else
		return policy_compile(p, definition, faults);
	return -1;
}

static void add_policy(struct policy ***list, size_t *n, struct policy *p)
{
	*list = xreallocarray(*list, *n + 1, sizeof(struct policy *));
	(*list)[(*n)++] = p;
}

static int read_policy(struct policy_set *set, const char *file, const struct doc_node *root, struct faults *faults)
{
	static const char *const keys[] = { "metadata", "scope", "definition", NULL };
	struct policy *p = xcalloc(1, sizeof(*p));
	size_t before = faults->errors;
	bool usable;

	/* A sum: in any order they are the same set. */
	set->digest += policy_digest(0, root);
	p->file = xstrdup(file);
	p->line = root->line;
	if (root->kind != DOC_MAPPING) {
		faults_error(faults, file, root->line, "a policy must be a mapping with metadata and definition");
		goto fail;
	}
	policy_warn_keys(root, keys, file, faults);
	usable = read_metadata(p, root, faults) == 0;
	/* Without a scope that is known the definition would be blamed for it. */
	if (read_scope(p, root, faults) != 0 || read_definition(p, root, faults) != 0 || !usable)
		goto fail;
	if (set->count == POLICY_MAX) {
		faults_error(faults, file, root->line, "more than %d policies", POLICY_MAX);
		goto fail;
	}
	policy_warn(p, faults);
	add_policy(&set->policies, &set->count, p);
	return 0;
fail:
	if (faults->errors == before)
		faults_error(faults, file, root->line, "the policy cannot be used");
	if (p->id != NULL)
		add_policy(&set->unusable, &set->unusable_count, p);
	else
		policy_free(p);
	return -1;
}

uint64_t policy_digest(uint64_t above, const struct doc_node *node)
{
	unsigned char key[crypto_shorthash_KEYBYTES] = { (unsigned char)node->kind, node->quoted },
		out[crypto_shorthash_BYTES];
	uint32_t count = (uint32_t)node->count;

	/* How many there are says where a container ends. */
	memcpy(key + 4, &count, sizeof(count));
	memcpy(key + 8, &above, sizeof(above));
	crypto_shorthash(out, (const unsigned char *)(node->kind == DOC_SCALAR ? node->text : ""),
		node->kind == DOC_SCALAR ? node->len : 0, key);
	memcpy(&above, out, sizeof(above));
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == DOC_MAPPING)
			above = policy_digest(above, node->keys[i]);
		above = policy_digest(above, node->items[i]);
	}
	return above;
}

static int read_doc(struct policy_set *set, const struct doc *doc, struct faults *faults)
{
	int result = 0;

	if (doc->count == 0)
		faults_warn(faults, doc->file, 0, "the file is empty");

	for (size_t i = 0; i < doc->count; i++) {
		const struct doc_node *root = doc->roots[i];

		if (root->kind != DOC_SEQUENCE) {
			if (read_policy(set, doc->file, root, faults) != 0)
				result = -1;
			continue;
		}
		for (size_t j = 0; j < root->count; j++) {
			if (read_policy(set, doc->file, root->items[j], faults) != 0)
				result = -1;
		}
	}
	return result;
}

int policy_load_text(struct policy_set *set, const char *file, const char *text, size_t len, struct faults *faults)
{
	struct doc *doc = doc_parse(file, text, len, faults);

	if (doc == NULL)
		return -1;
	int result = read_doc(set, doc, faults);

	doc_free(doc);
	return result;
}

static void read_files(struct policy_set *set, const struct policy_files *files, struct faults *faults)
{
	for (size_t i = 0; i < files->count; i++) {
		struct doc *doc = doc_load(files->paths[i], faults);

		set->files++;
		if (doc != NULL)
			(void)read_doc(set, doc, faults);
		doc_free(doc);
	}
}

/* Puts all of from into set. */
static void take_set(struct policy_set *set, struct policy_set *from)
{
	for (size_t i = 0; i < from->count; i++)
		add_policy(&set->policies, &set->count, from->policies[i]);
	for (size_t i = 0; i < from->unusable_count; i++)
		add_policy(&set->unusable, &set->unusable_count, from->unusable[i]);
	set->files += from->files;
	set->digest = from->digest;
	from->count = from->unusable_count = 0;
}

/* One try. False, with nothing added, if the files were changed meanwhile, or since rested was their digest (0: it is
 * not known); *latest is one that was, allocated. */
static bool read_unchanged(struct policy_set *set, const char *const *paths, size_t n, uint64_t rested,
	struct faults *faults, char **latest)
{
	struct policy_set found = { .digest = set->digest };
	struct faults said = { NULL, 0, 0 };
	struct policy_files files = policy_files_look(paths, n, &said);
	bool unchanged;

	read_files(&found, &files, &said);
	unchanged = (rested == 0 || rested == files.digest) && policy_files_digest(paths, n) == files.digest;
	if (unchanged) {
		take_set(set, &found);
		faults_take(faults, &said);
	}
	free(*latest);
	*latest = files.latest;
	files.latest = NULL;
	policy_files_free(&files);
	policy_set_free(&found);
	faults_free(&said);
	return unchanged;
}

int policy_load_paths(struct policy_set *set, const char *const *paths, size_t n, int64_t wait_until_ms,
	struct faults *faults)
{
	size_t errors = faults->errors;
	uint64_t rested = 0;
	char *latest = NULL;
	bool done = false;

	for (unsigned tries = 0; !done && tries < TRIES_MAX; tries++) {
		if (tries > 0)
			policy_files_pause();
		if (wait_until_ms > 0 && !policy_files_rest(paths, n, wait_until_ms, &rested))
			break;
		done = read_unchanged(set, paths, n, rested, faults, &latest);
	}
	if (!done)
		faults_error(faults, latest != NULL ? latest : paths[0], 0, "policies are being written here: they "
			"change while they are read, so that some could be missing");
	free(latest);
	return faults->errors > errors ? -1 : 0;
}

static int by_id(const void *a, const void *b)
{
	const struct policy *x = *(const struct policy *const *)a, *y = *(const struct policy *const *)b;
	int c = strcmp(x->id, y->id);

	if (c == 0)
		c = strcmp(x->file, y->file);
	return c != 0 ? c : (x->line > y->line) - (x->line < y->line);
}

static void warn_none_run(const struct policy_set *set, struct faults *faults)
{
	size_t off = 0;

	while (off < set->count && set->policies[off]->severity == SEVERITY_OFF)
		off++;
	if (set->count > 0 && off == set->count)
		faults_warn(faults, set->policies[0]->file, set->policies[0]->line,
			"no policy is run: the severity of %s is OFF or NONE", set->count == 1 ? "the only one" : "all of them");
}

int policy_set_check(const struct policy_set *set, struct faults *faults)
{
	size_t n = set->count + set->unusable_count;
	struct policy **sorted = xcalloc(n + 1, sizeof(*sorted));
	int result = 0;

	for (size_t i = 0; i < n; i++)
		sorted[i] = i < set->count ? set->policies[i] : set->unusable[i - set->count];
	qsort(sorted, n, sizeof(*sorted), by_id);
	for (size_t i = 1; i < n; i++) {
		const struct policy *p = sorted[i], *other = sorted[i - 1];

		if (strcmp(p->id, other->id) != 0)
			continue;
		result = -1;
		if (p->line == other->line && strcmp(p->file, other->file) == 0)
			faults_error(faults, p->file, p->line, "the id '%s' is there twice: the file is named twice",
				p->id);
		else
			faults_error(faults, p->file, p->line, "the id '%s' is also that of the policy at %s:%u", p->id,
				other->file, other->line);
	}
	if (result == 0)
		warn_none_run(set, faults);
	free(sorted);
	return result;
}

void policy_set_free(struct policy_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		policy_free(set->policies[i]);
	for (size_t i = 0; i < set->unusable_count; i++)
		policy_free(set->unusable[i]);
	free(set->policies);
	free(set->unusable);
	*set = (struct policy_set){ .policies = NULL };
}
