/* The graph of a plan: what the references of the configuration (policy_references.c) mean between instances.
 *
 * Contract: a reference is resolved in the module instance it stands in:
 *
 *	TYPE.NAME, data.TYPE.NAME	the instance with the constant index if there is one, else with the index of
 *					the resource that refers, else the first
 *	var.NAME			what the module call gives it, in the module above
 *	module.NAME.OUTPUT		what the output refers to, in the module below
 *
 * Others (local, each, count, path, self, terraform) lead nowhere: the plan does not say what local values refer to.
 * Strings in values that look like references are none (planspool-policies(5), DIFFERENCES, A 5).
 *
 * Limits: HOPS steps through variables and outputs, BUDGET references followed in one plan; more makes the graph
 * incomplete, which is said in an outcome. */
#include "checks/policy_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define HOPS 32
#define BUDGET 20000000
#define NAME_MAX_BYTES 65536

/* Where a reference stands: a module by its names, its instance, and the index of what refers. */
struct place {
	const char *config, *instance, *index;
	size_t config_len, instance_len, index_len;
};

struct resolver {
	struct policy_graph *graph;
	const struct policy_kept **by_config;	/* nodes sorted by the address in the configuration */
	const struct policy_kept *from;
	unsigned long budget;
};

void policy_graph_init(struct policy_graph *g, struct policy_keep *keep)
{
	*g = (struct policy_graph){ .keep = keep };
}

void policy_graph_free(struct policy_graph *g)
{
	free(g->sources);
	free(g->nodes);
	free(g->edges);
	*g = (struct policy_graph){ .keep = NULL };
}

static int by_name(const void *a, const void *b)
{
	const struct policy_source *x = a, *y = b;

	return (x->name > y->name) - (x->name < y->name);
}

static int by_config(const void *a, const void *b)
{
	const struct policy_kept *x = *(const struct policy_kept *const *)a, *y = *(const struct policy_kept *const *)b;

	if (x->config != y->config)
		return x->config < y->config ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static void add_edge(struct policy_graph *g, uint32_t from, uint32_t to)
{
	if (g->edge_count == g->edge_room) {
		g->edge_room = g->edge_room == 0 ? 256 : g->edge_room * 2;
		g->edges = xreallocarray(g->edges, g->edge_room, sizeof(*g->edges));
	}
	g->edges[g->edge_count++] = (struct policy_edge){ from, to };
}

/* The length of a name in a reference. */
static size_t name_length(const char *s)
{
	return strcspn(s, ".[");
}

/* The index of a node: what stands behind TYPE.NAME in its address. */
static const char *node_index(const struct policy_kept *k)
{
	const char *name = strrchr(k->config, '.');
	size_t at = k->module_len + (k->module_len > 0) + strlen(k->type) + (name != NULL ? strlen(name) : 0);

	return at <= strlen(k->address) ? k->address + at : "";
}

/* How many steps of the module's address a node and a place have in common. */
static size_t common_steps(const struct policy_kept *k, const struct place *p)
{
	size_t steps = 0, at = 0;

	while (at < k->module_len && at < p->instance_len) {
		size_t end = at;

		while (end < k->module_len && k->address[end] != '.')
			end += k->address[end] == '[' && policy_keep_key_length(k->address + end) > 0 ?
				policy_keep_key_length(k->address + end) : 1;
		if (end > p->instance_len || memcmp(k->address + at, p->instance + at, end - at) != 0 ||
			(end < p->instance_len && p->instance[end] != '.'))
			break;
		steps++;
		at = end + 1;
	}
	return steps;
}

/* The instance that a reference to config means, in this place; constant is its index in brackets or empty. */
static const struct policy_kept *choose(const struct resolver *r, const char *config, const struct place *p,
	const char *constant, size_t constant_len)
{
	const struct policy_kept *best = NULL;
	size_t best_score = 0, low = 0, high = r->graph->node_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->by_config[middle]->config < config)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < r->graph->node_count && r->by_config[low]->config == config; low++) {
		const struct policy_kept *k = r->by_config[low];
		const char *index = node_index(k);
		size_t len = strlen(index);

		if (constant_len > 0 && (len != constant_len || memcmp(index, constant, len) != 0))
			continue;
		size_t score = 1 + 2 * common_steps(k, p) + (len == p->index_len && memcmp(index, p->index, len) == 0);

		if (score > best_score) {
			best_score = score;
			best = k;
		}
	}
	return best;
}

static void resolve(struct resolver *r, const struct place *p, const char *text, unsigned hops);

/* Whether a node has the block that a reference stands in. Inputs and outputs of modules (NULL) have no blocks to miss.
 * */
static bool has_block(const struct policy_kept *node, uint32_t block)
{
	if (node == NULL || node->block_count == UINT16_MAX)
		return true;
	for (size_t i = 0; i < node->block_count; i++) {
		if (node->blocks[i] == block)
			return true;
	}
	return false;
}

/* Everything that a source refers to, in a place. node is the resource whose blocks count, or NULL. */
static void resolve_source(struct resolver *r, const struct place *p, const char *name, const struct policy_kept *node,
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
		for (const struct policy_reference *ref = g->sources[low].references; ref != NULL; ref = ref->next) {
			if (ref->block == 0 || has_block(node, ref->block))
				resolve(r, p, ref->text, hops);
		}
	}
}

static void resolve_resource(struct resolver *r, const struct place *p, const char *text, bool data)
{
	const char *type = text + (data ? 5 : 0), *name;
	size_t type_len = name_length(type), name_len;
	struct buf config = BUF_INIT(NAME_MAX_BYTES);

	if (type[type_len] != '.')
		return;
	name = type + type_len + 1;
	name_len = name_length(name);
	if (buf_append(&config, p->config, p->config_len) == 0 && buf_append(&config, ".", p->config_len > 0) == 0 &&
		buf_append(&config, text, (size_t)(name + name_len - text)) == 0) {
		const char *word = policy_store_word(r->graph->keep->store, buf_text(&config));
		const struct policy_kept *to = choose(r, word, p, name + name_len,
			policy_keep_key_length(name + name_len));

		if (to != NULL && to != r->from)
			add_edge(r->graph, r->from->number, to->number);
	}
	buf_free(&config);
}

/* Where the last step of a module's address starts: behind the dot before its "module". */
static size_t last_module(const char *instance, size_t len)
{
	size_t start = 0, at = 0;

	while (at < len) {
		if (strncmp(instance + at, "module.", 7) == 0 && (at == 0 || instance[at - 1] == '.')) {
			start = at;
			at += 7;
		} else if (instance[at] == '[' && policy_keep_key_length(instance + at) > 0) {
			at += policy_keep_key_length(instance + at);
		} else {
			at++;
		}
	}
	return start;
}

/* var.NAME: what the call of this module gives it, seen from the module above. */
static void resolve_variable(struct resolver *r, const struct place *p, const char *name, unsigned hops)
{
	if (p->config_len == 0)
		return;
	size_t config = last_module(p->config, p->config_len), instance = last_module(p->instance, p->instance_len);
	const char *step = p->instance + instance;
	size_t index = 7 + name_length(step + 7);
	struct place above = {
		.config = p->config, .config_len = config > 0 ? config - 1 : 0,
		.instance = p->instance, .instance_len = instance > 0 ? instance - 1 : 0,
		.index = step + index,
	};

	above.index_len = instance + index < p->instance_len ? policy_keep_key_length(above.index) : 0;
	resolve_source(r, &above, policy_graph_source(r->graph, p->config, p->config_len, "#input.", name,
		name_length(name)), NULL, hops + 1);
}

/* module.NAME.OUTPUT or module.NAME[key].OUTPUT: what the output refers to in that module. */
static void resolve_output(struct resolver *r, const struct place *p, const char *text, unsigned hops)
{
	size_t step = 7 + name_length(text + 7), key = policy_keep_key_length(text + step);
	const char *output = text + step + key;
	struct buf config = BUF_INIT(NAME_MAX_BYTES), instance = BUF_INIT(NAME_MAX_BYTES);

	if (*output != '.')
		return;
	output++;
	if (buf_append(&config, p->config, p->config_len) == 0 && buf_append(&config, ".", p->config_len > 0) == 0 &&
		buf_append(&config, text, step) == 0 && buf_append(&instance, p->instance, p->instance_len) == 0 &&
		buf_append(&instance, ".", p->instance_len > 0) == 0 && buf_append(&instance, text, step + key) == 0 &&
		(key > 0 || buf_append(&instance, p->index, p->index_len) == 0)) {
		struct place below = {
			.config = buf_text(&config), .config_len = config.len, .instance = buf_text(&instance),
			.instance_len = instance.len, .index = p->index, .index_len = p->index_len,
		};

		resolve_source(r, &below, policy_graph_source(r->graph, buf_text(&config), config.len, "#output.",
			output, name_length(output)), NULL, hops + 1);
	}
	buf_free(&config);
	buf_free(&instance);
}

static void resolve(struct resolver *r, const struct place *p, const char *text, unsigned hops)
{
	static const char *const nowhere[] = { "local.", "each.", "count.", "path.", "self.", "terraform." };

	if (hops == HOPS || r->budget == 0) {
		r->graph->incomplete = true;
		return;
	}
	r->budget--;
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		if (strncmp(text, nowhere[i], strlen(nowhere[i])) == 0)
			return;
	}
	if (strncmp(text, "var.", 4) == 0)
		resolve_variable(r, p, text + 4, hops);
	else if (strncmp(text, "module.", 7) == 0)
		resolve_output(r, p, text, hops);
	else
		resolve_resource(r, p, text, strncmp(text, "data.", 5) == 0);
}

static int by_ends(const void *a, const void *b)
{
	const struct policy_edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

static void drop_repeated(struct policy_graph *g)
{
	size_t n = 0;

	if (g->edge_count == 0)
		return;
	qsort(g->edges, g->edge_count, sizeof(*g->edges), by_ends);
	for (size_t i = 0; i < g->edge_count; i++) {
		if (n == 0 || by_ends(&g->edges[n - 1], &g->edges[i]) != 0)
			g->edges[n++] = g->edges[i];
	}
	g->edge_count = n;
}

void policy_graph_build(struct policy_graph *g)
{
	struct resolver r = { .graph = g, .budget = BUDGET };

	g->node_count = g->keep->count;
	g->nodes = xcalloc(g->node_count + 1, sizeof(*g->nodes));
	r.by_config = xcalloc(g->node_count + 1, sizeof(struct policy_kept *));
	for (struct policy_kept *k = g->keep->first; k != NULL; k = k->next) {
		g->nodes[k->number] = k;
		r.by_config[k->number] = k;
	}
	if (g->node_count > 0)
		qsort(r.by_config, g->node_count, sizeof(struct policy_kept *), by_config);
	if (g->source_count > 0)
		qsort(g->sources, g->source_count, sizeof(*g->sources), by_name);
	for (size_t i = 0; i < g->node_count; i++) {
		const struct policy_kept *k = g->nodes[i];
		const char *name = strrchr(k->config, '.');
		struct place p = { .config = k->config, .instance = k->address, .instance_len = k->module_len,
			.index = node_index(k) };

		if (name == NULL)
			continue;	/* a provider block */
		size_t own = strlen(k->type) + strlen(name), all = strlen(k->config);

		p.config_len = all > own ? all - own - 1 : 0;
		p.index_len = strlen(p.index);
		r.from = k;
		resolve_source(&r, &p, k->config, k, 0);
	}
	free(r.by_config);
	drop_repeated(g);
}
