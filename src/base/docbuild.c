/* Making the nodes of a document.
 *
 * All nodes are listed once in the document, which frees them; containers only point to them, so an alias costs
 * nothing but its place in the count. The count is what protects readers: it says how large the tree is to someone who
 * walks it, with every alias followed, and it is checked before anything is added. A few lines that expand to billions
 * (aliases of aliases) end at the first one too many.
 *
 * Merge keys work as in other YAML 1.1 loaders: a mapping's own keys win over merged ones, and the first of several
 * merged mappings over the later ones. What a merge brings in counts like nodes of its own.
 *
 * Keys that stand twice are found by sorting, so that a mapping of a hundred thousand keys takes no time worth
 * mentioning.
 */
#include "base/docbuild.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void docbuild_push(struct docbuild_list *l, struct doc_node *node)
{
	if ((l->n & (l->n - 1)) == 0)	/* full at every power of two */
		l->list = xreallocarray(l->list, l->n ? l->n * 2 : 1, sizeof(*l->list));
	l->list[l->n++] = node;
}

bool docbuild_count(struct docbuild *b, size_t n, unsigned line)
{
	if (n > DOC_NODES_MAX - b->size) {
		faults_error(b->faults, b->doc->file, line,
			"more than %d values (aliases count as often as they are used)", DOC_NODES_MAX);
		return false;
	}
	b->size += n;
	return true;
}

struct doc_node *docbuild_node(struct docbuild *b, enum doc_kind kind, unsigned line)
{
	struct docbuild_list all = { b->doc->nodes, b->doc->node_count };
	struct doc_node *node;

	if (!docbuild_count(b, 1, line))
		return NULL;
	node = xcalloc(1, sizeof(*node));
	node->kind = kind;
	node->line = line;
	docbuild_push(&all, node);
	b->doc->nodes = all.list;
	b->doc->node_count = all.n;
	return node;
}

void docbuild_sequence(struct doc_node *node, struct docbuild_list *items)
{
	node->items = items->list;
	node->count = items->n;
	items->list = NULL;
	items->n = 0;
}

struct pair {
	struct doc_node *key, *value;
	size_t position;	/* own pairs first, then the merged ones: of equal keys the first stays */
	bool own, dropped;
};

struct pairs {
	struct pair *list;
	size_t n;
};

static void add_pair(struct pairs *p, struct doc_node *key, struct doc_node *value, bool own)
{
	if ((p->n & (p->n - 1)) == 0)
		p->list = xreallocarray(p->list, p->n ? p->n * 2 : 1, sizeof(*p->list));
	p->list[p->n] = (struct pair){ .key = key, .value = value, .position = p->n, .own = own };
	p->n++;
}

static bool is_merge(const struct doc_node *key)
{
	return !key->quoted && strcmp(key->text, "<<") == 0;
}

static void merge_one(struct docbuild *b, struct pairs *p, const struct doc_node *source)
{
	if (source->kind != DOC_MAPPING) {
		faults_error(b->faults, b->doc->file, source->line,
			"a merge key (<<) takes a mapping or a list of mappings");
		return;
	}
	if (!docbuild_count(b, source->count * 2, source->line))
		return;
	for (size_t i = 0; i < source->count; i++)
		add_pair(p, source->keys[i], source->items[i], false);
}

static void merge(struct docbuild *b, struct pairs *p, const struct doc_node *value)
{
	if (value->kind != DOC_SEQUENCE) {
		merge_one(b, p, value);
		return;
	}
	for (size_t i = 0; i < value->count; i++)
		merge_one(b, p, value->items[i]);
}

static int compare_keys(const struct doc_node *a, const struct doc_node *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->text, b->text, a->len);
}

static int compare_pairs(const void *left, const void *right)
{
	const struct pair *a = *(struct pair *const *)left, *b = *(struct pair *const *)right;
	int order = compare_keys(a->key, b->key);

	return order ? order : a->position < b->position ? -1 : 1;
}

/* Marks what an earlier pair has already; a fault if both are the mapping's own. */
static void drop_repeated(struct docbuild *b, struct pairs *p)
{
	struct pair **sorted = xcalloc(p->n, sizeof(struct pair *));

	for (size_t i = 0; i < p->n; i++)
		sorted[i] = &p->list[i];
	qsort(sorted, p->n, sizeof(struct pair *), compare_pairs);
	for (size_t i = 1; i < p->n; i++) {
		struct pair *pair = sorted[i], *before = sorted[i - 1];

		if (compare_keys(pair->key, before->key) != 0)
			continue;
		pair->dropped = true;
		if (pair->own && before->own)
			faults_error(b->faults, b->doc->file, pair->key->line,
				"key '%.64s' stands here a second time, first in line %u", pair->key->text,
				before->key->line);
	}
	free(sorted);
}

static void take_pairs(struct doc_node *node, const struct pairs *p)
{
	node->keys = xcalloc(p->n, sizeof(struct doc_node *));
	node->items = xcalloc(p->n, sizeof(struct doc_node *));
	for (size_t i = 0; i < p->n; i++) {
		if (p->list[i].dropped)
			continue;
		node->keys[node->count] = p->list[i].key;
		node->items[node->count++] = p->list[i].value;
	}
}

void docbuild_mapping(struct docbuild *b, struct doc_node *node, const struct docbuild_list *keys,
	const struct docbuild_list *values)
{
	struct pairs p = { NULL, 0 };
	const struct doc_node *source = NULL;

	for (size_t i = 0; i < keys->n; i++) {
		if (!is_merge(keys->list[i])) {
			add_pair(&p, keys->list[i], values->list[i], true);
		} else if (source) {
			faults_error(b->faults, b->doc->file, keys->list[i]->line,
				"a mapping takes one merge key (<<): give it a list");
		} else {
			source = values->list[i];
		}
	}
	if (source)
		merge(b, &p, source);
	drop_repeated(b, &p);
	take_pairs(node, &p);
	free(p.list);
}
