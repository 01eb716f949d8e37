/* Evaluation of policies with connections: sets of nodes instead of single verdicts.
 *
 * Contract: planspool-policies(5), CONNECTIONS, over the edges of policy_graph.c. Each node has bits: passed, failed,
 * unknown, error; a node can have several until the block around decides. An error in a condition is the verdict where
 * passing would depend on it: fail comes first in an and, pass in an or.
 *
 * The conditions on attributes were evaluated when each resource went by; here only their states are looked at. Time is
 * the number of conditions times nodes and edges. Depth of blocks is bounded at loading. */
#include "checks/policy_connect.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checks/policy_logic.h"

enum { PASSED = 1, FAILED = 2, UNKNOWN = 4, ERROR = 8 };

struct connecting {
	const struct policy *policy;
	const struct policy_graph *graph;
	const struct policy_pending **pending;	/* of this policy, by node; NULL: does not concern it */
	size_t n;
};

static bool type_matches(const struct policy_types *t, const struct policy_kept *k)
{
	struct policy_type type = { k->type, k->managed, k->tagged };

	return policy_types_match(t, &type);
}

static enum truth leaf_truth(void *context, const struct policy_condition *c)
{
	const struct policy_then *then = context;

	return policy_keep_truth(then->keep, then->pending, c);
}

static uint8_t bit_of(enum truth t)
{
	return t == TRUTH_TRUE ? PASSED : t == TRUTH_FALSE ? FAILED : t == TRUTH_UNKNOWN ? UNKNOWN : ERROR;
}

/* Attribute conditions and blocks of them. */
static void run_attributes(const struct connecting *c, const struct policy_block *b, const bool *visible, uint8_t *out)
{
	for (size_t i = 0; i < c->n; i++) {
		struct policy_then then = { c->graph->keep, c->pending[i] };

		if (visible[i] && type_matches(&b->types, c->graph->nodes[i]))
			out[i] |= bit_of(policy_logic(b, leaf_truth, &then));
	}
}

/* One edge of a connection condition. before has what earlier conditions found out, or is NULL. */
static void count_edge(const struct policy_edge *e, const uint8_t *before, uint8_t *found)
{
	uint8_t seen = before != NULL ? before[e->from] | before[e->to] : 0;
	uint8_t bit = (seen & FAILED) != 0 ? FAILED : (seen & (UNKNOWN | ERROR)) != 0 ? UNKNOWN : PASSED;

	found[e->from] |= bit;
	found[e->to] |= bit;
}

static uint8_t swapped(uint8_t bits)
{
	return (uint8_t)((bits & UNKNOWN) | ((bits & PASSED) != 0 ? FAILED : 0) | ((bits & FAILED) != 0 ? PASSED : 0));
}

static void run_connection(const struct connecting *c, const struct policy_condition *cond, const bool *visible,
	const bool *edges, const uint8_t *before, uint8_t *out)
{
	bool *a = xcalloc(c->n + 1, sizeof(*a)), *b = xcalloc(c->n + 1, sizeof(*b));
	uint8_t *found = xcalloc(c->n + 1, 1);
	bool any_a = false, any_b = false;

	for (size_t i = 0; i < c->n; i++) {
		a[i] = visible[i] && type_matches(&cond->types, c->graph->nodes[i]);
		b[i] = visible[i] && type_matches(&cond->connected, c->graph->nodes[i]);
		any_a |= a[i];
		any_b |= b[i];
	}
	for (size_t i = 0; any_a && any_b && i < c->graph->edge_count; i++) {
		const struct policy_edge *e = &c->graph->edges[i];

		if (edges[e->from] && edges[e->to] && (a[e->from] ? b[e->to] : b[e->from] && a[e->to]))
			count_edge(e, before, found);
	}
	for (size_t i = 0; i < c->n; i++) {
		if (!a[i] && !b[i])
			continue;
		if ((found[i] & (PASSED | UNKNOWN)) == 0)
			found[i] |= FAILED;
		if (cond->connection == CONNECTION_NOT_EXISTS)
			found[i] = swapped(found[i]);
		else if (cond->connection == CONNECTION_ONE_EXISTS && (found[i] & PASSED) != 0)
			found[i] = PASSED;
		out[i] |= found[i];
	}
	free(a);
	free(b);
	free(found);
}

/* Types that a block or condition targets; none named: none. */
static bool targets(const struct policy_types *types, const struct policy_types *connected, const struct policy_kept *k)
{
	return (!policy_types_empty(types) && type_matches(types, k)) ||
		(!policy_types_empty(connected) && type_matches(connected, k));
}

/* Whether a child is about the types that a filter names. */
static bool is_filtered(const struct policy_block *child, const struct policy_block *around)
{
	struct policy_types named = { NULL, 0, 0, 0 };
	bool found = false;

	for (size_t i = 0; i < around->count; i++) {
		const struct policy_condition *f = around->children[i]->condition;
		struct view_iterator it;
		struct view e;

		if (f == NULL || f->kind != CONDITION_FILTER || !f->node_type)
			continue;
		if (f->value.view.type == VIEW_STRING)
			policy_types_add_name(&named, f->value.text);
		view_start(&it, &f->value.view);
		while (f->value.view.type == VIEW_LIST && view_next(&it, &f->value.view, &e)) {
			if (e.type == VIEW_STRING)
				policy_types_add_name(&named, e.text);
		}
	}
	found = policy_types_share(&child->types, &named) || policy_types_share(&child->connected, &named);
	policy_types_free(&named);
	return found;
}

static void run_block(const struct connecting *c, const struct policy_block *b, const bool *visible, uint8_t *out);

static void run_child(const struct connecting *c, const struct policy_block *child, const bool *visible, bool and,
	uint8_t *bits)
{
	uint8_t *before;

	if (child->kind != BLOCK_CONDITION) {
		run_block(c, child, visible, bits);
		return;
	}
	before = xcalloc(c->n + 1, 1);
	memcpy(before, bits, c->n);
	run_connection(c, child->condition, visible, visible, and ? before : NULL, bits);
	free(before);
}

static void run_children(const struct connecting *c, const struct policy_block *b, const bool *visible, uint8_t *bits)
{
	bool and = b->kind == BLOCK_AND;

	for (size_t i = 0; i < b->count; i++) {
		const struct policy_block *child = b->children[i];

		if (!child->connects && (child->kind != BLOCK_CONDITION ||
			child->condition->kind == CONDITION_ATTRIBUTE))
			run_attributes(c, child, visible, bits);
	}
	for (int last = 0; last < 2; last++) {
		for (size_t i = 0; i < b->count; i++) {
			const struct policy_block *child = b->children[i];

			if (child->connects && (and && is_filtered(child, b)) == (last == 1))
				run_child(c, child, visible, and, bits);
		}
	}
}

/* The one bit that is left of several. */
static uint8_t settled(uint8_t bits, bool and)
{
	static const uint8_t and_order[] = { FAILED, ERROR, UNKNOWN, PASSED },
		or_order[] = { PASSED, ERROR, UNKNOWN, FAILED };
	const uint8_t *order = and ? and_order : or_order;

	for (int i = 0; i < 4; i++) {
		if ((bits & order[i]) != 0)
			return order[i];
	}
	return 0;
}

/* What the filters of a block leave of a node's bits. */
static uint8_t filtered(const struct connecting *c, const struct policy_block *b, size_t node, uint8_t bits)
{
	struct policy_then then = { c->graph->keep, c->pending[node] };

	for (size_t i = 0; bits != 0 && i < b->count; i++) {
		const struct policy_condition *f = b->children[i]->condition;

		if (f == NULL || f->kind != CONDITION_FILTER)
			continue;
		enum truth t = leaf_truth(&then, f);

		if (t == TRUTH_FALSE)
			bits = 0;
		else if (t != TRUTH_TRUE)
			bits = bit_of(t);
	}
	return bits;
}

static void run_block(const struct connecting *c, const struct policy_block *b, const bool *visible, uint8_t *out)
{
	bool *inside = xcalloc(c->n + 1, sizeof(*inside)), any = false, and = b->kind == BLOCK_AND,
		top = b == c->policy->root;
	uint8_t *bits = xcalloc(c->n + 1, 1);

	for (size_t i = 0; i < c->n; i++) {
		inside[i] = visible[i] && (!top || targets(&b->types, &b->connected, c->graph->nodes[i]));
		any |= visible[i] && type_matches(&b->types, c->graph->nodes[i]);
	}
	/* Without a node of the resource types an and says nothing, and an or sees everything. */
	if (any || !and)
		run_children(c, b, any ? inside : visible, bits);
	for (size_t i = 0; i < c->n; i++) {
		if (bits[i] != 0)
			out[i] |= filtered(c, b, i, settled(bits[i], and));
	}
	free(inside);
	free(bits);
}

/* The condition that a failed node has most likely failed for. */
static char *reason_of(const struct connecting *c, size_t node, uint8_t bits)
{
	const struct policy_kept *k = c->graph->nodes[node];
	struct policy_then then = { c->graph->keep, c->pending[node] };
	enum truth wanted = bits == FAILED ? TRUTH_FALSE : bits == UNKNOWN ? TRUTH_UNKNOWN : TRUTH_ERROR;
	const struct policy_condition *connection = NULL;

	for (size_t i = 0; i < c->policy->leaf_count; i++) {
		const struct policy_condition *l = c->policy->leaves[i];

		if (l->kind == CONDITION_CONNECTION && connection == NULL &&
			(type_matches(&l->types, k) || type_matches(&l->connected, k)))
			connection = l;
		if (l->kind != CONDITION_ATTRIBUTE || !type_matches(&l->types, k) || leaf_truth(&then, l) != wanted)
			continue;
		return wanted == TRUTH_FALSE ? policy_reason(l, false, NULL) :
			wanted == TRUTH_UNKNOWN ? policy_reason_unknown(l) : policy_reason_error(l, NULL);
	}
	if (connection == NULL || wanted == TRUTH_ERROR)
		return NULL;
	return wanted == TRUTH_FALSE ? policy_reason(connection, false, NULL) : policy_reason_unknown(connection);
}

static void report_all(const struct connecting *c, const uint8_t *out, const struct policy_reporter *r)
{
	for (size_t i = 0; i < c->n; i++) {
		uint8_t bits = settled(out[i], true);
		char *reason;

		if (bits == 0)
			continue;
		reason = bits == PASSED ? NULL : reason_of(c, i, bits);
		policy_report(r, c->policy, c->graph->nodes[i]->address,
			bits == PASSED ? TRUTH_TRUE : bits == FAILED ? TRUTH_FALSE :
			bits == UNKNOWN ? TRUTH_UNKNOWN : TRUTH_ERROR, reason);
		free(reason);
	}
}

void policy_connect(const struct policy *p, uint32_t number, const struct policy_graph *g,
	const struct policy_reporter *r)
{
	struct connecting c = { .policy = p, .graph = g, .n = g->node_count };
	bool *visible = xcalloc(c.n + 1, sizeof(*visible)), *edges = xcalloc(c.n + 1, sizeof(*edges));
	uint8_t *out = xcalloc(c.n + 1, 1);

	c.pending = xcalloc(c.n + 1, sizeof(struct policy_pending *));
	for (size_t i = 0; i < c.n; i++) {
		for (const struct policy_pending *q = g->nodes[i]->pending; q != NULL; q = q->next) {
			if (q->policy == number)
				c.pending[i] = q;
		}
		visible[i] = c.pending[i] != NULL;
	}
	if (p->root->kind == BLOCK_CONDITION) {
		const struct policy_condition *cond = p->root->condition;

		for (size_t i = 0; i < c.n; i++)
			edges[i] = visible[i] && targets(&cond->types, &cond->connected, g->nodes[i]);
		run_connection(&c, cond, visible, edges, NULL, out);
	} else {
		run_block(&c, p->root, visible, out);
	}
	report_all(&c, out, r);
	free(c.pending);
	free(visible);
	free(edges);
	free(out);
}
