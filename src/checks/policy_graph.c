/* The graph of a plan: what the references of the configuration (policy_references.c) mean between instances.
 *
 * Contract: a reference is resolved in the module instance it stands in:
 *
 *	TYPE.NAME, data.TYPE.NAME	of the instances in this very module instance, and with the constant index if
 *					there is one: that with the index of the resource that refers, else the first
 *	var.NAME			what the module call gives it, in the module above
 *	module.NAME.OUTPUT		what the output refers to, in the module below
 *
 * Others (local, each, count, path, self, terraform) lead nowhere: the plan does not say what local values refer to.
 * Strings in values that look like references are none (planspool-policies(5), DIFFERENCES, A 5).
 *
 * An instance is found by hashes of its resource's configuration, its module and its index, so a reference
 * costs the same whatever it leads to. For each resource an input or output is followed once in each module instance.
 *
 * Limits: HOPS variables and outputs on one way, BUDGET steps in one plan and NODE_BUDGET more for each node; more makes
 * the graph incomplete, which is said in an outcome. So a large plan may take what it takes, and a small one cannot hold
 * up others: count times references has no bound in its size. */
#include "checks/policy_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define HOPS 32
#define BUDGET 4000000
#define NODE_BUDGET 64
#define NEW_MODULE 32	/* steps that an instance costs which no node is in: it takes memory */

/* Where a reference stands: a module instance, and the index of what refers. */
struct place {
	uint32_t module;
	const char *index;
	uint64_t index_hash;
};

struct resolver {
	struct policy_graph *graph;
	const struct policy_records *records;
	struct policy_map instances;	/* number + 1 of the first node with these hashes, where there are several */
	struct policy_map followed;	/* sources and places, for one node */
	const struct policy_record *from;
	unsigned long budget;
};

/* Whether so much work may still be done. */
static bool spend(struct resolver *r, unsigned long steps)
{
	bool left = steps <= r->budget - r->graph->steps;

	r->graph->steps = left ? r->graph->steps + steps : r->budget;
	r->graph->incomplete |= !left;
	return left;
}

void policy_graph_init(struct policy_graph *g, struct policy_records *records)
{
	*g = (struct policy_graph){ .records = records };
}

/* Makes room for what comes once all edges are known. */
static void drop_configuration(struct policy_graph *g)
{
	free(g->references);
	free(g->sources);
	g->references = NULL;
	g->sources = NULL;
	g->reference_count = g->reference_room = g->source_count = g->source_room = 0;
}

void policy_graph_free(struct policy_graph *g)
{
	drop_configuration(g);
	free(g->edges);
	free(g->first);
	*g = (struct policy_graph){ .records = NULL };
}

static int by_name(const void *a, const void *b)
{
	const struct policy_source *x = a, *y = b;

	return (x->name > y->name) - (x->name < y->name);
}

static void add_edge(struct policy_graph *g, uint32_t to)
{
	if (g->edge_count == g->edge_room) {
		g->edge_room = g->edge_room == 0 ? 256 : g->edge_room * 2;
		g->edges = xreallocarray(g->edges, g->edge_room, sizeof(*g->edges));
	}
	g->edges[g->edge_count++] = to;
}

static uint64_t hash_of_index(const struct resolver *r, const char *index)
{
	return policy_store_hash(r->records->pool.store, 1, index, strlen(index));
}

/* The key of the instances of a resource in a module instance, with an index; any of them if index is 0. */
static uint64_t instances_key(const struct resolver *r, uint64_t config, uint32_t module, uint64_t index)
{
	uint64_t parts[] = { module, index };

	return policy_store_hash(r->records->pool.store, config, parts, sizeof(parts));
}

/* The first in the order of the plan stays. */
static void add_instance(struct resolver *r, uint64_t key, uint32_t node)
{
	uint32_t *first = policy_map_at(&r->instances, key);

	if (*first == 0)
		*first = node + 1;
}

static void add_instances(struct resolver *r, uint32_t node)
{
	const struct policy_record *k = policy_record_at(r->records, node);

	if ((policy_records_first(r->records, k->known.config) & POLICY_SEVERAL) == 0)
		return;
	add_instance(r, instances_key(r, k->known.config, k->module, hash_of_index(r, policy_record_index(k))), node);
	add_instance(r, instances_key(r, k->known.config, k->module, 0), node);
}

/* The instance that a reference to a resource means in this place, as its number + 1, or 0; constant is its index in
 * brackets or empty. One of another instance of the module is never meant: it would vouch for what has none. */
static uint32_t choose(struct resolver *r, uint64_t config, const struct place *p, const char *constant)
{
	uint32_t only = policy_records_first(r->records, config), found;

	if (only != 0 && (only & POLICY_SEVERAL) == 0) {
		const struct policy_record *k = policy_record_at(r->records, only - 1);

		return k->module == p->module && (*constant == '\0' || strcmp(policy_record_index(k), constant) == 0) ?
			only : 0;
	}
	if (*constant != '\0')
		return policy_map_get(&r->instances, instances_key(r, config, p->module, hash_of_index(r, constant)));
	found = policy_map_get(&r->instances, instances_key(r, config, p->module, p->index_hash));
	return found != 0 ? found : policy_map_get(&r->instances, instances_key(r, config, p->module, 0));
}

/* Whether a node has the block that a reference stands in. Inputs and outputs of modules (NULL) have no blocks to miss.
 * */
static bool has_block(const struct resolver *r, const struct policy_record *node, uint32_t block)
{
	if (block == 0 || node == NULL || node->blocks == 0)
		return true;
	const uint32_t *blocks = policy_pool_at(&r->records->pool, node->blocks);
	size_t count = policy_pool_length(&r->records->pool, node->blocks) / sizeof(*blocks);

	for (size_t i = 0; i < count; i++) {
		if (blocks[i] == block)
			return true;
	}
	return false;
}

static void follow(struct resolver *r, const struct place *p, const struct policy_reference *ref, unsigned hops);

/* Everything that a source refers to, in a place. node is the resource whose blocks count, or NULL. */
static void follow_source(struct resolver *r, const struct place *p, uint64_t name, const struct policy_record *node,
	unsigned hops)
{
	const struct policy_graph *g = r->graph;
	size_t low = 0, high = g->source_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (g->sources[middle].name < name)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < g->source_count && g->sources[low].name == name; low++) {
		const struct policy_source *s = &g->sources[low];

		for (uint32_t i = s->first; i < s->first + s->count && spend(r, 1); i++) {
			if (has_block(r, node, g->references[i].block))
				follow(r, p, &g->references[i], hops);
		}
	}
}

/* An input or output, unless it has been followed in that place. */
static void follow_port(struct resolver *r, const struct place *p, uint64_t name, unsigned hops)
{
	uint64_t parts[] = { p->module, p->index_hash };
	uint32_t *followed = policy_map_at(&r->followed, policy_store_hash(r->records->pool.store, name, parts,
		sizeof(parts)));

	if (*followed == 0) {
		*followed = 1;
		follow_source(r, p, name, NULL, hops + 1);
	}
}

/* What the call of this module gives it, seen from the module above. */
static void follow_input(struct resolver *r, const struct place *p, uint64_t name, unsigned hops)
{
	const struct policy_module *module = policy_module_at(&r->records->modules, p->module);
	const char *index = module->step + module->key;

	if (module->above != 0)
		follow_port(r, &(struct place){ module->above, index, hash_of_index(r, index) }, name, hops);
}

/* Whether the plan has, or a reference named, what a module calls by this step. */
static bool is_known(const struct resolver *r, uint32_t above, const char *step)
{
	const struct policy_modules *m = &r->records->modules;

	return policy_map_get(&m->by_instance, policy_config_name(m->pool->store,
		policy_module_at(m, above)->instance, step, strlen(step))) != 0;
}

/* What an output refers to in the module that step names; without a key it is the module that has none, unless the
 * plan has one with the index of what refers. */
static void follow_output(struct resolver *r, const struct place *p, const char *step, uint64_t name, unsigned hops)
{
	bool exact = step[strlen(step) - 1] == ']';
	char *indexed = xasprintf("%s%s", step, exact ? "" : p->index);
	const char *meant = is_known(r, p->module, indexed) ? indexed : step;
	size_t before = r->records->modules.by_instance.count;
	struct place below = *p;

	below.module = policy_module_below(&r->graph->records->modules, p->module, meant, strlen(meant));
	free(indexed);
	if (r->records->modules.by_instance.count > before && !spend(r, NEW_MODULE))
		return;
	follow_port(r, &below, name, hops);
}

static void follow(struct resolver *r, const struct place *p, const struct policy_reference *ref, unsigned hops)
{
	const char *how = policy_pool_at(&r->records->pool, ref->how);

	if (hops == HOPS) {
		r->graph->incomplete = true;
	} else if (*how == 'v') {
		follow_input(r, p, ref->target, hops);
	} else if (*how == 'm') {
		follow_output(r, p, how, ref->target, hops);
	} else {
		uint32_t to = choose(r, ref->target, p, how);

		if (to != 0 && policy_record_at(r->records, to - 1) != r->from)
			add_edge(r->graph, to - 1);
	}
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Edges of one node: each once. */
static void drop_repeated(struct policy_graph *g, size_t first)
{
	size_t n = first;

	if (g->edge_count == first)
		return;
	qsort(g->edges + first, g->edge_count - first, sizeof(*g->edges), by_number);
	for (size_t i = first; i < g->edge_count; i++) {
		if (n == first || g->edges[n - 1] != g->edges[i])
			g->edges[n++] = g->edges[i];
	}
	g->edge_count = n;
}

void policy_graph_build(struct policy_graph *g)
{
	const struct policy_records *records = g->records;
	struct resolver r = { .graph = g, .records = records, .budget = BUDGET + NODE_BUDGET * records->count };

	if (g->source_count > 0)
		qsort(g->sources, g->source_count, sizeof(*g->sources), by_name);
	for (size_t i = 0; i < records->count; i++)
		add_instances(&r, (uint32_t)i);
	g->first = xcalloc(records->count + 1, sizeof(*g->first));
	for (size_t i = 0; i < records->count; i++) {
		const struct policy_record *k = policy_record_at(records, (uint32_t)i);
		const char *index = policy_record_index(k);
		struct place p = { k->module, index, hash_of_index(&r, index) };

		g->first[i] = (uint32_t)g->edge_count;
		r.from = k;
		if (k->known.config != 0)
			follow_source(&r, &p, k->known.config, k, 0);
		drop_repeated(g, g->first[i]);
		policy_map_clear(&r.followed);
	}
	g->first[records->count] = (uint32_t)g->edge_count;
	policy_map_free(&r.instances);
	policy_map_free(&r.followed);
	drop_configuration(g);
}
