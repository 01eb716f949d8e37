/* Evaluation of policies with connections: sets of nodes instead of single verdicts.
 *
 * Contract: planspool-policies(5), CONNECTIONS, over the edges of policy_graph.c. Each node has bits: passed, failed,
 * unknown, error; a node can have several until the block around decides. An error in a condition is the verdict where
 * passing would depend on it: fail comes first in an and, pass in an or.
 *
 * The conditions on attributes were evaluated when each resource went by; here only their states are looked at. A
 * policy looks at the nodes that it concerns and at their edges, and at nothing else: they get numbers of their own
 * here, one kind after the other, so that all that is about types is decided for a kind at once. Depth of blocks is
 * bounded at loading. */
#include "checks/policy_connect_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checks/policy_logic.h"

enum { PASSED = 1, FAILED = 2, UNKNOWN = 4, ERROR = 8 };

struct subject connecting_subject(const struct connecting *c, const struct part *part, uint32_t i)
{
	struct subject s = { .records = c->records };

	s.node = policy_record_at(c->records, c->records->order[part->kind->first + (i - part->first)]);
	s.facts = policy_record_facts(c->records, s.node, part->fact);
	return s;
}

struct policy_type connecting_type(const struct connecting *c, const struct part *part)
{
	return (struct policy_type){ policy_pool_at(&c->records->pool, part->kind->type), part->kind->managed,
		part->kind->tagged };
}

bool connecting_matches(const struct connecting *c, const struct policy_types *t, const struct part *part)
{
	struct policy_type type = connecting_type(c, part);

	return policy_types_match(t, &type);
}

enum truth connecting_truth(void *context, const struct policy_condition *c)
{
	const struct subject *s = context;

	return policy_facts_truth(&s->records->ledger, &s->node->known, s->facts, c);
}

static uint8_t bit_of(enum truth t)
{
	return t == TRUTH_TRUE ? PASSED : t == TRUTH_FALSE ? FAILED : t == TRUTH_UNKNOWN ? UNKNOWN : ERROR;
}

static enum truth truth_of_bits(uint8_t bits)
{
	return bits == PASSED ? TRUTH_TRUE : bits == FAILED ? TRUTH_FALSE : bits == UNKNOWN ? TRUTH_UNKNOWN :
		TRUTH_ERROR;
}

/* Attribute conditions and blocks of them. visible says it for parts, out is by node. */
static void run_attributes(const struct connecting *c, const struct policy_block *b, const bool *visible, uint8_t *out)
{
	for (size_t k = 0; k < c->part_count; k++) {
		const struct part *part = &c->parts[k];

		if (!visible[k] || !connecting_matches(c, &b->types, part))
			continue;
		for (uint32_t i = part->first; i < part->end; i++) {
			struct subject s = connecting_subject(c, part, i);

			out[i] |= bit_of(policy_logic(b, connecting_truth, &s));
		}
	}
}

/* An edge of a connection condition. before has what earlier conditions found out, or is NULL. */
static void count_edge(uint32_t from, uint32_t to, const uint8_t *before, uint8_t *found)
{
	uint8_t seen = before != NULL ? before[from] | before[to] : 0;
	uint8_t bit = (seen & FAILED) != 0 ? FAILED : (seen & ERROR) != 0 ? ERROR :
		(seen & UNKNOWN) != 0 ? UNKNOWN : PASSED;

	found[from] |= bit;
	found[to] |= bit;
}

static uint8_t swapped(uint8_t bits)
{
	return (uint8_t)((bits & (UNKNOWN | ERROR)) |
		((bits & PASSED) != 0 ? FAILED : 0) | ((bits & FAILED) != 0 ? PASSED : 0));
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

/* What the edges found of a node come to. One that is good is enough for one_exists, and one that is not known yet may be
 * the good one. */
static uint8_t connected(enum policy_connection wanted, uint8_t found)
{
	if ((found & (PASSED | UNKNOWN | ERROR)) == 0)
		found |= FAILED;
	if (wanted == CONNECTION_NOT_EXISTS)
		return swapped(found);
	return wanted == CONNECTION_ONE_EXISTS ? settled(found, false) : found;
}

/* What a connection condition sees, for each part. */
struct sides {
	const bool *linked;	/* its edges count */
	bool *a, *b;		/* it is of the resource types, of the connected ones */
};

/* The edges that start at the nodes of a part. */
static void count_edges(const struct connecting *c, size_t k, const struct sides *s, const uint8_t *before,
	uint8_t *found)
{
	const struct part *part = &c->parts[k];

	for (uint32_t i = part->first; i < part->end; i++) {
		uint32_t node = c->records->order[part->kind->first + (i - part->first)];

		for (uint32_t e = c->graph->first[node]; e < c->graph->first[node + 1]; e++) {
			const struct policy_record *to = policy_record_at(c->records, c->graph->edges[e]);
			uint32_t other = c->records->kinds[to->kind].part;

			if (other != POLICY_NO_PART && s->linked[other] &&
				(s->a[k] ? s->b[other] : s->b[k] && s->a[other]))
				count_edge(i, c->parts[other].first + to->rank, before, found);
		}
	}
}

static void run_connection(const struct connecting *c, const struct policy_condition *cond, const bool *visible,
	const bool *linked, const uint8_t *before, uint8_t *out)
{
	struct sides s = { linked, xcalloc(c->part_count + 1, sizeof(bool)), xcalloc(c->part_count + 1, sizeof(bool)) };
	uint8_t *found = xcalloc((size_t)c->n + 1, 1);

	for (size_t k = 0; k < c->part_count; k++) {
		s.a[k] = visible[k] && connecting_matches(c, &cond->types, &c->parts[k]);
		s.b[k] = visible[k] && connecting_matches(c, &cond->connected, &c->parts[k]);
	}
	for (size_t k = 0; k < c->part_count; k++) {
		if (linked[k] && (s.a[k] || s.b[k]))
			count_edges(c, k, &s, before, found);
	}
	for (size_t k = 0; k < c->part_count; k++) {
		for (uint32_t i = c->parts[k].first; (s.a[k] || s.b[k]) && i < c->parts[k].end; i++)
			out[i] |= connected(cond->connection, found[i]);
	}
	free(s.a);
	free(s.b);
	free(found);
}

/* Types that a block or condition targets; none named: none. */
static bool targets(const struct connecting *c, const struct policy_types *types, const struct policy_types *connected,
	const struct part *part)
{
	return (!policy_types_empty(types) && connecting_matches(c, types, part)) ||
		(!policy_types_empty(connected) && connecting_matches(c, connected, part));
}

bool connecting_about_attributes(const struct policy_block *child)
{
	return !child->connects && (child->kind != BLOCK_CONDITION || child->condition->kind == CONDITION_ATTRIBUTE);
}

static void run_block(const struct connecting *c, const struct policy_block *b, const bool *visible, uint8_t *out);

static void run_child(const struct connecting *c, const struct policy_block *child, const bool *visible, bool and,
	uint8_t *bits)
{
	if (child->kind != BLOCK_CONDITION) {
		run_block(c, child, visible, bits);
		return;
	}
	uint8_t *before = xmalloc((size_t)c->n + 1);

	memcpy(before, bits, c->n);
	run_connection(c, child->condition, visible, visible, and ? before : NULL, bits);
	free(before);
}

static void run_children(const struct connecting *c, const struct policy_block *b, const bool *visible, uint8_t *bits)
{
	bool and = b->kind == BLOCK_AND;

	for (size_t i = 0; i < b->count; i++) {
		if (connecting_about_attributes(b->children[i]))
			run_attributes(c, b->children[i], visible, bits);
	}
	for (int last = 0; last < 2; last++) {
		for (size_t i = 0; i < b->count; i++) {
			const struct policy_block *child = b->children[i];

			if (child->connects && child->last == (last == 1))
				run_child(c, child, visible, and, bits);
		}
	}
}

/* What the filters of a block leave of a node's bits. */
static uint8_t filtered(struct subject *s, const struct policy_block *b, uint8_t bits)
{
	for (size_t i = 0; bits != 0 && i < b->count; i++) {
		const struct policy_condition *f = b->children[i]->condition;

		if (f == NULL || f->kind != CONDITION_FILTER)
			continue;
		enum truth t = connecting_truth(s, f);

		if (t == TRUTH_FALSE)
			bits = 0;
		else if (t != TRUTH_TRUE)
			bits = bit_of(t);
	}
	return bits;
}

static void run_block(const struct connecting *c, const struct policy_block *b, const bool *visible, uint8_t *out)
{
	bool *inside = xcalloc(c->part_count + 1, sizeof(*inside)), any = false, and = b->kind == BLOCK_AND,
		top = b == c->policy->root;
	uint8_t *bits = xcalloc((size_t)c->n + 1, 1);

	for (size_t k = 0; k < c->part_count; k++) {
		inside[k] = visible[k] && (!top || targets(c, &b->types, &b->connected, &c->parts[k]));
		any |= visible[k] && connecting_matches(c, &b->types, &c->parts[k]);
	}
	/* Without a node of the resource types an and says nothing, and an or sees everything. */
	if (any || !and)
		run_children(c, b, any ? inside : visible, bits);
	for (size_t k = 0; k < c->part_count; k++) {
		for (uint32_t i = c->parts[k].first; i < c->parts[k].end; i++) {
			struct subject s = connecting_subject(c, &c->parts[k], i);

			if (bits[i] != 0)
				out[i] |= filtered(&s, b, settled(bits[i], and));
		}
	}
	free(inside);
	free(bits);
}

static void report_all(const struct connecting *c, const uint8_t *out, const struct policy_reporter *r)
{
	struct buf address = BUF_INIT(SIZE_MAX / 2);

	for (size_t k = 0; k < c->part_count; k++) {
		for (uint32_t i = c->parts[k].first; i < c->parts[k].end; i++) {
			uint8_t bits = settled(out[i], true);

			if (bits != 0)
				connecting_report(c, &c->parts[k], i, truth_of_bits(bits), r, &address);
		}
	}
	buf_free(&address);
}

/* The kinds of nodes that the policy concerns; each is told its part. */
static void find_parts(struct connecting *c, uint32_t number)
{
	const struct policy_records *records = c->records;

	c->parts = xcalloc(records->kind_count + 1, sizeof(*c->parts));
	for (size_t i = 0; i < records->kind_count; i++) {
		struct policy_kind *kind = &records->kinds[i];
		int64_t fact = policy_kind_fact(records, kind, number);

		kind->part = fact >= 0 ? (uint32_t)c->part_count : POLICY_NO_PART;
		if (fact < 0)
			continue;
		c->parts[c->part_count++] = (struct part){ kind, (uint32_t)fact, c->n, c->n + kind->count };
		c->n += kind->count;
	}
}

void policy_connect(const struct policy *p, uint32_t number, const struct policy_graph *g,
	const struct policy_reporter *r)
{
	struct connecting c = { .policy = p, .graph = g, .records = g->records };

	find_parts(&c, number);
	bool *visible = xcalloc(c.part_count + 1, sizeof(*visible)), *linked = xcalloc(c.part_count + 1, sizeof(*linked));
	uint8_t *out = xcalloc((size_t)c.n + 1, 1);

	for (size_t k = 0; k < c.part_count; k++) {
		visible[k] = true;
		linked[k] = p->root->kind == BLOCK_CONDITION &&
			targets(&c, &p->root->condition->types, &p->root->condition->connected, &c.parts[k]);
	}
	if (p->root->kind == BLOCK_CONDITION)
		run_connection(&c, p->root->condition, visible, linked, NULL, out);
	else
		run_block(&c, p->root, visible, out);
	report_all(&c, out, r);
	free(c.parts);
	free(visible);
	free(linked);
	free(out);
}
