/* Compiles the definition of a policy: blocks and conditions, every fault with file and line.
 *
 * Contract: what Checkov rejects is refused here (planspool-policies(5), CONDITIONS), and so is a JSONPath that does
 * not parse (A 4). What it accepts though it can never give a verdict (a filter alone, a condition without an
 * attribute) is warned about and then an error on each resource (A 3). Keys that are ignored are warned about.
 * Compilation goes on after a fault as far as it makes sense, so that all faults of a file are said at once.
 *
 * Limits: POLICY_DEPTH blocks within blocks. */
#include "checks/policy_compiler.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct policy_block *compile_block(struct policy_compiler *c, const struct doc_node *node, unsigned depth);

void policy_block_free(struct policy_block *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->count; i++)
		policy_block_free(b->children[i]);
	free(b->children);
	policy_condition_free(b->condition);
	policy_types_free(&b->types);
	policy_types_free(&b->connected);
	free(b);
}

/* Which types a logical block visits. */
static void join_types(struct policy_block *b)
{
	for (size_t i = 0; i < b->count; i++)
		b->connects |= b->children[i]->connects;
	for (size_t i = 0; i < b->count; i++) {
		const struct policy_block *child = b->children[i];
		bool plain = child->kind == BLOCK_CONDITION && child->condition->kind == CONDITION_ATTRIBUTE;

		if (!b->connects || child->connects || plain)
			policy_types_add(&b->types, &child->types);
		policy_types_add(&b->connected, &child->connected);
	}
}

/* The types that a filter names. */
static void append_named(struct policy_types *t, const struct policy_condition *filter)
{
	struct view_iterator it;
	struct view e;

	if (filter->value.view.type == VIEW_STRING)
		policy_types_append(t, filter->value.text);
	view_start(&it, &filter->value.view);
	while (filter->value.view.type == VIEW_LIST && view_next(&it, &filter->value.view, &e)) {
		if (e.type == VIEW_STRING)
			policy_types_append(t, e.text);
	}
}

/* Which children of an and run last. */
static void find_last(struct policy_block *b)
{
	struct policy_types named = { NULL, 0, 0, 0 };

	for (size_t i = 0; i < b->count; i++) {
		const struct policy_condition *c = b->children[i]->condition;

		if (c != NULL && c->kind == CONDITION_FILTER && c->node_type)
			append_named(&named, c);
	}
	policy_types_sort(&named);
	for (size_t i = 0; i < b->count; i++) {
		struct policy_block *child = b->children[i];

		child->last = child->connects && (policy_types_share(&child->types, &named) ||
			policy_types_share(&child->connected, &named));
	}
	policy_types_free(&named);
}

static int compile_children(struct policy_compiler *c, struct policy_block *b, const struct doc_node *list,
	unsigned depth)
{
	size_t n = list->kind == DOC_SEQUENCE ? list->count : 1;
	int result = 0;

	b->children = xcalloc(n + 1, sizeof(*b->children));
	for (size_t i = 0; i < n; i++) {
		struct policy_block *child = compile_block(c, list->kind == DOC_SEQUENCE ? list->items[i] : list,
			depth + 1);

		if (child == NULL)
			result = -1;
		else
			b->children[b->count++] = child;
	}
	if (result != 0)
		return -1;
	join_types(b);
	if (b->kind == BLOCK_AND && b->connects)
		find_last(b);
	if (b->kind != BLOCK_NOT)
		return 0;
	if (n != 1) {
		faults_error(c->faults, c->file, b->line, "'not' takes exactly one block, here are %zu", n);
		return -1;
	}
	if (b->connects) {
		faults_error(c->faults, c->file, b->line,
			"'not' cannot stand above a connection; use not_exists, or an attribute condition inside "
			"'not'");
		return -1;
	}
	return 0;
}

static const struct {
	const char *key;
	enum policy_block_kind kind;
} logical[] = { { "and", BLOCK_AND }, { "or", BLOCK_OR }, { "not", BLOCK_NOT } };

static void warn_siblings(struct policy_compiler *c, const struct doc_node *node, const char *key)
{
	for (size_t i = 0; i < node->count; i++) {
		if (strcmp(node->keys[i]->text, key) != 0)
			faults_warn(c->faults, c->file, node->keys[i]->line, "the key '%s' is ignored beside '%s'",
				node->keys[i]->text, key);
	}
}

static struct policy_block *compile_block(struct policy_compiler *c, const struct doc_node *node, unsigned depth)
{
	if (node->kind != DOC_MAPPING) {
		faults_error(c->faults, c->file, node->line, "a block must be a mapping: a condition, or and, or, not");
		return NULL;
	}
	if (depth > POLICY_DEPTH) {
		faults_error(c->faults, c->file, node->line, "blocks are nested too deeply (at most %d levels)",
			POLICY_DEPTH);
		return NULL;
	}
	struct policy_block *b = xcalloc(1, sizeof(*b));

	b->line = node->line;
	for (size_t i = 0; i < sizeof(logical) / sizeof(logical[0]); i++) {
		const struct doc_node *list = doc_get(node, logical[i].key);

		if (!policy_doc_truthy(list))
			continue;
		b->kind = logical[i].kind;
		warn_siblings(c, node, logical[i].key);
		if (list->kind == DOC_SCALAR) {
			faults_error(c->faults, c->file, list->line, "'%s' must be a list of blocks", logical[i].key);
			goto fail;
		}
		if (compile_children(c, b, list, depth) != 0)
			goto fail;
		return b;
	}
	if (policy_compile_condition(c, b, node) == 0)
		return b;
fail:
	policy_block_free(b);
	return NULL;
}

/* Where no node has the resource types of an or at the top, it sees every node, and so does a block without connections
 * below it that has nothing but filters. Adds the types that such blocks visit; false when it is every node. */
static bool add_visited(struct policy_types *t, const struct policy_block *b)
{
	if (b->kind == BLOCK_CONDITION)
		return true;
	if (!b->connects) {
		policy_types_add(t, &b->types);
		return !policy_types_empty(&b->types);
	}
	for (size_t i = 0; i < b->count; i++) {
		if (!add_visited(t, b->children[i]))
			return false;
	}
	return true;
}

/* Nodes of which something must be known: none named means all. */
static void find_concerns(struct policy *p)
{
	if (!p->root->connects) {
		if (p->root->kind != BLOCK_CONDITION || p->root->condition->kind != CONDITION_RESOURCE)
			policy_types_add(&p->concerns, &p->root->types);
		return;
	}
	if (p->root->kind == BLOCK_OR && !add_visited(&p->concerns, p->root)) {
		policy_types_free(&p->concerns);
		return;
	}
	for (size_t i = 0; i < p->leaf_count; i++) {
		const struct policy_condition *c = p->leaves[i];

		if (c->kind == CONDITION_FILTER)
			continue;
		if (policy_types_empty(&c->types) || (c->kind == CONDITION_CONNECTION &&
			policy_types_empty(&c->connected))) {
			policy_types_free(&p->concerns);
			return;
		}
		policy_types_add(&p->concerns, &c->types);
		policy_types_add(&p->concerns, &c->connected);
	}
}

int policy_compile(struct policy *p, const struct doc_node *definition, struct faults *faults)
{
	struct policy_compiler c = { p, faults, p->file };

	p->root = compile_block(&c, definition, 1);
	if (p->root == NULL)
		return -1;
	if (p->root->kind == BLOCK_CONDITION && p->root->condition->kind == CONDITION_FILTER) {
		p->root->condition->hopeless = "a filter alone decides nothing";
		faults_warn(faults, p->file, p->root->line,
			"a filter alone decides nothing: every resource it names is an error; "
			"put it into an 'and' with conditions");
	}
	for (size_t i = 0; i < p->leaf_count; i++) {
		const struct policy_condition *cond = p->leaves[i];

		p->asks_references |= cond->kind == CONDITION_ATTRIBUTE && (!cond->operator->looks ||
			(cond->value.view.type == VIEW_STRING && cond->value.text_len == 0));
	}
	find_concerns(p);
	return 0;
}
