/* Types of nodes: reading resource_types of a policy file, matching, and the table of attributes that hold JSON
 * documents.
 *
 * Contract: struct policy_types is plain data that policy_types_free empties. An empty one means every node; in a union
 * it adds nothing, as in Checkov (planspool-policies(5), LOGIC).
 *
 * Where Checkov has static tables of a provider's types, the prefix of the type decides here, and "taggable" means that
 * the resource has an attribute tags in this plan (A 4, row 22): so a type that is newer than a table is not forgotten.
 * A provider that is not known is an error where it would be expanded. Keywords are looked for in the first element of
 * a list only.
 *
 * A plain string instead of a list is taken as a list of one, also for connected_resource_types and for provider.aws
 * (rows 24 and 30). */
#include "checks/policy_types.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

static const struct {
	const char *name, *prefix;
	unsigned bit;
} clouds[] = {
	{ "aws", "aws_", 1 },
	{ "azure", "azurerm_", 2 },
	{ "gcp", "google_", 4 },
};
#define CLOUDS (sizeof(clouds) / sizeof(clouds[0]))
#define CLOUDS_ALL 7u

bool policy_types_empty(const struct policy_types *t)
{
	return t->count == 0 && t->all == 0 && t->taggable == 0;
}

static unsigned cloud_of(const char *type)
{
	for (size_t i = 0; i < CLOUDS; i++) {
		if (text_starts(type, clouds[i].prefix))
			return clouds[i].bit;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_name(char *const *names, size_t count, const char *name)
{
	return count > 0 && bsearch(&name, names, count, sizeof(*names), by_name) != NULL;
}

bool policy_types_match(const struct policy_types *t, const struct policy_type *type)
{
	if (policy_types_empty(t) || has_name(t->names, t->count, type->name))
		return true;
	if (!type->managed || (t->all | t->taggable) == 0)
		return false;
	unsigned cloud = cloud_of(type->name);
	return (t->all & cloud) != 0 || ((t->taggable & cloud) != 0 && type->tagged);
}

bool policy_types_share(const struct policy_types *a, const struct policy_types *b)
{
	for (size_t i = 0; i < a->count; i++) {
		if (has_name(b->names, b->count, a->names[i]))
			return true;
	}
	return false;
}

void policy_types_append(struct policy_types *t, const char *name)
{
	t->names = xreallocarray(t->names, t->count + 1, sizeof(*t->names));
	t->names[t->count++] = xstrdup(name);
}

void policy_types_sort(struct policy_types *t)
{
	size_t kept = 0;

	if (t->count > 0)
		qsort(t->names, t->count, sizeof(*t->names), by_name);
	for (size_t i = 0; i < t->count; i++) {
		if (kept > 0 && strcmp(t->names[kept - 1], t->names[i]) == 0)
			free(t->names[i]);
		else
			t->names[kept++] = t->names[i];
	}
	t->count = kept;
}

void policy_types_add(struct policy_types *t, const struct policy_types *other)
{
	size_t before = t->count;

	for (size_t i = 0; i < other->count; i++) {
		if (!has_name(t->names, before, other->names[i]))
			policy_types_append(t, other->names[i]);
	}
	if (t->count > before)
		policy_types_sort(t);
	t->all |= other->all;
	t->taggable |= other->taggable;
}

void policy_types_free(struct policy_types *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->names[i]);
	free(t->names);
	*t = (struct policy_types){ NULL, 0, 0, 0 };
}

void policy_types_words(const struct policy_types *t, struct buf *out)
{
	const char *between = "";

	if (policy_types_empty(t))
		buf_puts(out, "every resource, data source and provider block");
	for (size_t i = 0; i < t->count; i++) {
		buf_puts(out, between);
		if (text_escape(out, t->names[i], strlen(t->names[i])) != 0)
			buf_puts(out, "...");
		between = ", ";
	}
	for (size_t i = 0; i < CLOUDS; i++) {
		unsigned bit = clouds[i].bit;

		if (((t->all | t->taggable) & bit) == 0)
			continue;
		buf_printf(out, "%s%s*%s", between, clouds[i].prefix, (t->all & bit) != 0 ? "" : " with tags");
		between = ", ";
	}
}

/* The bit of the cloud of this name, or 0. */
static unsigned cloud_named(const char *provider)
{
	for (size_t i = 0; i < CLOUDS; i++) {
		if (strcasecmp(provider, clouds[i].name) == 0)
			return clouds[i].bit;
	}
	return 0;
}

bool policy_types_known_provider(const char *provider)
{
	return provider == NULL || cloud_named(provider) != 0;
}

/* The clouds that a keyword stands for: the scope's, or otherwise when there is no scope. 0, or -1 with a fault. */
static int expand(const char *keyword, const char *provider, unsigned otherwise, unsigned *out, const char *file,
	unsigned line, struct faults *faults)
{
	if (provider == NULL) {
		*out |= otherwise;
		return 0;
	}
	unsigned bit = cloud_named(provider);

	*out |= bit;
	if (bit != 0)
		return 0;
	faults_error(faults, file, line,
		"scope.provider '%s' is not known for %s (known: aws, azure, gcp); name the types instead", provider,
		keyword);
	return -1;
}

/* Names that look like more than names. */
static void warn_name(const struct doc_node *name, bool connected, const char *file, struct faults *faults)
{
	bool all = strcasecmp(name->text, "all") == 0;

	if (strpbrk(name->text, "*?") != NULL)
		faults_warn(faults, file, name->line,
			"'%s' matches nothing: a type is no pattern; name the types, or say 'all' with a scope.provider",
			name->text);
	else if (all && connected)
		faults_warn(faults, file, name->line,
			"'%s' matches nothing here: write 'connected_resource_types: all', without a list", name->text);
	else if (all || strcasecmp(name->text, "taggable") == 0)
		faults_warn(faults, file, name->line, "'%s' matches nothing here%s", name->text,
			connected ? "" : ": it must be the first of the list");
}

static bool is_text(const struct doc_node *node)
{
	struct doc_value scalar;

	return node->kind == DOC_SCALAR && doc_scalar(node, &scalar) == DOC_STRING;
}

static int read_names(struct policy_types *t, const struct doc_node *node, const char *provider, bool connected,
	const char *file, struct faults *faults)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct doc_node *name = node->items[i];

		if (!is_text(name) || name->len == 0 || strlen(name->text) != name->len) {
			faults_error(faults, file, name->line, "a resource type must be text");
			return -1;
		}
		if (strcasecmp(name->text, "provider") == 0) {
			/* Without a scope it stands for a provider without a name, which nothing matches. */
			char *full = xasprintf("provider.%s", provider != NULL ? provider : "");

			if (provider == NULL)
				faults_warn(faults, file, name->line,
					"'%s' matches nothing without a scope.provider; name the provider, as in "
					"provider.aws", name->text);
			for (char *p = full; *p != '\0'; p++)
				*p = (char)tolower((unsigned char)*p);
			policy_types_free(t);
			policy_types_append(t, full);
			free(full);
			return 0;
		}
		warn_name(name, connected, file, faults);
		policy_types_append(t, name->text);
	}
	policy_types_sort(t);
	return 0;
}

int policy_types_read(struct policy_types *t, const struct doc_node *node, const char *provider, bool connected,
	const char *file, unsigned line, struct faults *faults)
{
	if (node == NULL || (is_text(node) && node->len == 0))
		return connected ? 0 : expand("all types", provider, 0, &t->all, file, line, faults);
	if (node->kind != DOC_SEQUENCE && !is_text(node)) {
		faults_error(faults, file, node->line, "resource types must be a list of types");
		return -1;
	}

	struct doc_node single = { .kind = DOC_SEQUENCE, .line = node->line, .count = 1 };
	struct doc_node *element = NULL;

	if (node->kind == DOC_SCALAR) {
		element = xmalloc(sizeof(*element));
		*element = *node;
		single.items = &element;
		node = &single;
	}
	const struct doc_node *first = node->count > 0 ? node->items[0] : NULL;
	const char *word = first != NULL && first->kind == DOC_SCALAR ? first->text : "";
	int result;

	if (!connected && strcasecmp(word, "taggable") == 0)
		result = expand("taggable", provider, CLOUDS_ALL, &t->taggable, file, node->line, faults);
	else if (connected && first == NULL)
		result = 0;
	else if (connected ? strcmp(word, element != NULL ? "all" : "All") == 0 && node->count == 1 :
		first == NULL || strcasecmp(word, "all") == 0)
		result = expand("all types", provider, 0, &t->all, file, node->line, faults);
	else
		result = read_names(t, node, provider, connected, file, faults);
	free(element);
	return result;
}

/* Types and the attribute of each that holds a JSON document (planspool-policies(5), VALUES), sorted by type. */
static const struct {
	const char *type, *attribute;
} decoded[] = {
#include "checks/policy_decoded.h"
};

static int compare_decoded(const void *key, const void *row)
{
	return strcmp(key, *(const char *const *)row);
}

const char *policy_types_decoded(const char *type)
{
	const char *const *row = bsearch(type, decoded, sizeof(decoded) / sizeof(decoded[0]), sizeof(decoded[0]),
		compare_decoded);

	return row != NULL ? row[1] : NULL;
}
