/* Reading policy files: folders and files, documents and lists of policies, metadata and scope.
 *
 * Contract: a folder is read with all below it, in the order of names, so that the same folder always gives the same
 * set. Files whose names end in .yaml, .yml or .json are policies; other files, and names that start with a dot, are
 * not looked at. A file that is named itself may have any name. Each document of a file, and each element of a list, is
 * a policy. Symbolic links in a folder are followed to regular files only, so a folder cannot lead in circles. Every
 * fault names file and line, and reading goes on so that all are said at once.
 *
 * Limits: POLICY_MAX policies, FILES_MAX files, FOLDER_DEPTH folders within folders; the size of a file is doc_load's
 * to limit. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "base/mem.h"
#include "checks/policy.h"

#define FILES_MAX 20000
#define FOLDER_DEPTH 32

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

static int read_metadata(struct policy *p, const struct doc_node *root, struct faults *faults)
{
	const struct doc_node *metadata = doc_get(root, "metadata"), *severity = doc_get(metadata, "severity");

	if (metadata == NULL || metadata->kind != DOC_MAPPING) {
		faults_error(faults, p->file, metadata != NULL ? metadata->line : root->line,
			"metadata is missing: it must be a mapping with id, name and category");
		return -1;
	}
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
	p->guideline = read_guideline(metadata);
	if (message != NULL)
		p->message = xstrdup(message);
	return 0;
}

static int read_scope(struct policy *p, const struct doc_node *root, struct faults *faults)
{
	const struct doc_node *scope = doc_get(root, "scope"), *provider = doc_get(scope, "provider");

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

static int read_policy(struct policy_set *set, const char *file, const struct doc_node *root, struct faults *faults)
{
	struct policy *p = xcalloc(1, sizeof(*p));
	const struct doc_node *definition = doc_get(root, "definition");
	size_t before = faults->errors;

	p->file = xstrdup(file);
	p->line = root->line;
	if (root->kind != DOC_MAPPING) {
		faults_error(faults, file, root->line, "a policy must be a mapping with metadata and definition");
		goto fail;
	}
	if (read_metadata(p, root, faults) != 0)
		goto fail;
	if (read_scope(p, root, faults) != 0)
		goto fail;
	if (definition == NULL || definition->kind != DOC_MAPPING) {
		faults_error(faults, file, definition != NULL ? definition->line : root->line,
			"definition is missing: it must be a mapping");
		goto fail;
	}
	if (policy_compile(p, definition, faults) != 0)
		goto fail;
	if (set->count == POLICY_MAX) {
		faults_error(faults, file, root->line, "more than %d policies", POLICY_MAX);
		goto fail;
	}
	policy_warn(p, faults);
	set->policies = xreallocarray(set->policies, set->count + 1, sizeof(*set->policies));
	set->policies[set->count++] = p;
	return 0;
fail:
	if (faults->errors == before)
		faults_error(faults, file, root->line, "the policy cannot be used");
	policy_free(p);
	return -1;
}

/* Puts a part of a document into a digest. */
static uint64_t digest_node(uint64_t above, const struct doc_node *node)
{
	unsigned char key[crypto_shorthash_KEYBYTES] = { (unsigned char)node->kind, node->quoted },
		out[crypto_shorthash_BYTES];

	memcpy(key + 8, &above, sizeof(above));
	crypto_shorthash(out, (const unsigned char *)(node->kind == DOC_SCALAR ? node->text : ""),
		node->kind == DOC_SCALAR ? node->len : 0, key);
	memcpy(&above, out, sizeof(above));
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == DOC_MAPPING)
			above = digest_node(above, node->keys[i]);
		above = digest_node(above, node->items[i]);
	}
	return above;
}

static int read_doc(struct policy_set *set, const struct doc *doc, struct faults *faults)
{
	int result = 0;

	for (size_t i = 0; i < doc->count; i++)
		set->digest = digest_node(set->digest, doc->roots[i]);
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

static int load_file(struct policy_set *set, const char *path, struct faults *faults)
{
	if (set->files == FILES_MAX) {
		faults_error(faults, path, 0, "more than %d policy files", FILES_MAX);
		return -1;
	}
	set->files++;
	struct doc *doc = doc_load(path, faults);

	if (doc == NULL)
		return -1;
	int result = read_doc(set, doc, faults);

	doc_free(doc);
	return result;
}

static bool is_policy_name(const char *name)
{
	static const char *const endings[] = { ".yaml", ".yml", ".json" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && strcmp(name + len - n, endings[i]) == 0)
			return true;
	}
	return false;
}

static int load_folder(struct policy_set *set, const char *path, struct faults *faults, unsigned depth);

/* An entry of a folder. */
static int load_entry(struct policy_set *set, const char *folder, const char *name, struct faults *faults,
	unsigned depth)
{
	char *path = xasprintf("%s/%s", folder, name);
	struct stat st;
	int result = 0;

	if (lstat(path, &st) != 0) {
		faults_error(faults, path, 0, "%s", strerror(errno));
		result = -1;
	} else if (S_ISDIR(st.st_mode)) {
		result = load_folder(set, path, faults, depth + 1);
	} else if (is_policy_name(name)) {
		bool link = S_ISLNK(st.st_mode), found = stat(path, &st) == 0;

		if (found && S_ISREG(st.st_mode)) {
			result = load_file(set, path, faults);
		} else if (!found || !link) {
			faults_error(faults, path, 0, "%s", found ? "not a regular file" : strerror(errno));
			result = -1;
		}
	}
	free(path);
	return result;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int load_folder(struct policy_set *set, const char *path, struct faults *faults, unsigned depth)
{
	struct dirent **entries = NULL;
	int result = 0;

	if (depth > FOLDER_DEPTH) {
		faults_error(faults, path, 0, "more than %d folders within folders", FOLDER_DEPTH);
		return -1;
	}
	int n = scandir(path, &entries, not_hidden, by_bytes);

	if (n < 0) {
		faults_error(faults, path, 0, "%s", strerror(errno));
		return -1;
	}
	for (int i = 0; i < n; i++) {
		if (load_entry(set, path, entries[i]->d_name, faults, depth) != 0)
			result = -1;
		free(entries[i]);
	}
	free(entries);
	return result;
}

int policy_load_path(struct policy_set *set, const char *path, struct faults *faults)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		faults_error(faults, path, 0, "%s", strerror(errno));
		return -1;
	}
	return S_ISDIR(st.st_mode) ? load_folder(set, path, faults, 0) : load_file(set, path, faults);
}

static int by_id(const void *a, const void *b)
{
	const struct policy *x = *(const struct policy *const *)a, *y = *(const struct policy *const *)b;
	int c = strcmp(x->id, y->id);

	if (c == 0)
		c = strcmp(x->file, y->file);
	return c != 0 ? c : (x->line > y->line) - (x->line < y->line);
}

int policy_set_check(const struct policy_set *set, struct faults *faults)
{
	struct policy **sorted = xcalloc(set->count + 1, sizeof(*sorted));
	int result = 0;

	if (set->count > 0) {
		memcpy(sorted, set->policies, set->count * sizeof(*sorted));
		qsort(sorted, set->count, sizeof(*sorted), by_id);
	}
	for (size_t i = 1; i < set->count; i++) {
		if (strcmp(sorted[i]->id, sorted[i - 1]->id) != 0)
			continue;
		faults_error(faults, sorted[i]->file, sorted[i]->line,
			"the id '%s' is also that of the policy at %s:%u", sorted[i]->id, sorted[i - 1]->file,
			sorted[i - 1]->line);
		result = -1;
	}
	free(sorted);
	return result;
}

void policy_set_free(struct policy_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		policy_free(set->policies[i]);
	free(set->policies);
	*set = (struct policy_set){ .policies = NULL };
}
