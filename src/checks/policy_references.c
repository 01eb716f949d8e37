/* What the configuration refers to: the references of each resource, of the inputs of module calls and of outputs, as
 * they are handed out by the reader.
 *
 * Contract: all references of a resource's expressions count, also those of known values (planspool-policies(5),
 * CONNECTIONS); those inside of a block are kept with the block, because they count only for instances that have it. Of
 * each list of references only the whole ones are kept: behind a.b[1].id Terraform also lists a.b[1] and a.b.
 *
 * A reference is kept as the hash of what it leads to in the configuration, which is the same for all instances of the
 * module that it stands in. When the resources came first, what no node comes from is not kept. */
#include "checks/policy_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "plan/address.h"

static const char input[] = "#input", output[] = "#output";

/* An input or output of a module: no address has a #. */
static uint64_t port(const struct policy_store *s, uint64_t module, const char *what, const char *name, size_t len)
{
	return policy_config_name(s, policy_config_name(s, module, what, strlen(what)), name, len);
}

/* Whether it is known that no node comes from a resource of the configuration. */
static bool has_no_node(const struct policy_graph *g, uint64_t config)
{
	return g->records->computed->resources_seen && policy_records_first(g->records, config) == 0;
}

/* What leads nowhere: the plan does not say what local values refer to. */
static bool is_nowhere(const char *text)
{
	static const char *const nowhere[] = { "local.", "each.", "count.", "path.", "self.", "terraform." };

	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		if (text_starts(text, nowhere[i]))
			return true;
	}
	return false;
}

static uint32_t how(struct policy_graph *g, const char *text, size_t len)
{
	char *copy = xstrndup(text, len);
	uint32_t number = policy_pool_share(&g->records->pool, copy, len + 1);

	free(copy);
	return number;
}

/* Reads a reference that stands in a module. false if it leads nowhere. */
static bool read_reference(struct policy_graph *g, uint64_t module, const char *text, struct policy_reference *out)
{
	const struct policy_store *s = g->records->pool.store;

	if (is_nowhere(text))
		return false;
	if (text_starts(text, "var.")) {
		out->target = port(s, module, input, text + 4, address_name(text + 4));
		out->how = how(g, text, 3);
		return module != 0;
	}
	if (text_starts(text, "module.")) {
		size_t name = 7 + address_name(text + 7), step = name + address_key(text + name);

		if (text[step] != '.')
			return false;
		out->target = port(s, policy_config_name(s, module, text, name), output, text + step + 1,
			address_name(text + step + 1));
		out->how = how(g, text, step);
		return true;
	}
	size_t type = text_starts(text, "data.") ? 5 : 0;

	type += address_name(text + type);
	if (text[type] != '.')
		return false;
	size_t name = type + 1 + address_name(text + type + 1);

	out->target = policy_config_name(s, module, text, name);
	if (has_no_node(g, out->target))
		return false;
	out->how = how(g, text + name, address_key(text + name));
	return true;
}

/* module is what the references stand in, block the hash of the block, or 0. */
static void add_references(struct policy_graph *g, uint64_t module, const struct value *list, uint32_t block)
{
	const char *last = NULL;

	for (const struct value *r = value_first(list); r != NULL; r = value_next(r)) {
		const char *text = value_type(r) == VALUE_STRING ? value_text(r, NULL) : NULL;
		struct policy_reference ref = { .block = block };

		if (text == NULL || (last != NULL && address_is_front(text, last)))
			continue;
		last = text;
		if (!read_reference(g, module, text, &ref))
			continue;
		if (g->reference_count == g->reference_room) {
			g->reference_room = g->reference_room == 0 ? 64 : g->reference_room * 2;
			g->references = xreallocarray(g->references, g->reference_room, sizeof(*g->references));
		}
		g->references[g->reference_count++] = ref;
	}
}

static void add_expressions(struct policy_graph *g, uint64_t module, const struct value *object, uint64_t above);

/* above is the hash of the block it stands in, 0 for none. Depth is the parser's. */
static void add_expression(struct policy_graph *g, uint64_t module, const struct value *e, uint64_t above,
	const char *key, size_t len)
{
	const struct policy_store *s = g->records->pool.store;
	const struct value *references = value_get(e, "references");
	size_t index = 0;

	if (value_type(references) == VALUE_ARRAY)
		add_references(g, module, references, (uint32_t)above);
	else if (value_type(e) == VALUE_OBJECT)
		add_expressions(g, module, e, policy_block_hash(s, above, key, len, 0));
	for (const struct value *block = value_type(e) == VALUE_ARRAY ? value_first(e) : NULL; block != NULL; block =
		value_next(block))
		add_expressions(g, module, block, policy_block_hash(s, above, key, len, index++));
}

static void add_expressions(struct policy_graph *g, uint64_t module, const struct value *object, uint64_t above)
{
	if (value_type(object) != VALUE_OBJECT)
		return;
	for (const struct value *member = value_first(object); member != NULL; member = value_next(member)) {
		size_t len;
		const char *key = value_key(member, &len);

		if (value_type(member) == VALUE_ARRAY || value_type(member) == VALUE_OBJECT)
			add_expression(g, module, member, above, key, len);
	}
}

static int by_all(const void *a, const void *b)
{
	const struct policy_reference *x = a, *y = b;

	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	if (x->how != y->how)
		return x->how < y->how ? -1 : 1;
	return (x->block > y->block) - (x->block < y->block);
}

/* Makes a source of the references that were added since first, each once. */
static void end_source(struct policy_graph *g, uint64_t name, size_t first)
{
	size_t n = first;

	if (g->reference_count == first)
		return;
	qsort(g->references + first, g->reference_count - first, sizeof(*g->references), by_all);
	for (size_t i = first; i < g->reference_count; i++) {
		if (n == first || by_all(&g->references[n - 1], &g->references[i]) != 0)
			g->references[n++] = g->references[i];
	}
	g->reference_count = n;
	if (g->source_count == g->source_room) {
		g->source_room = g->source_room == 0 ? 64 : g->source_room * 2;
		g->sources = xreallocarray(g->sources, g->source_room, sizeof(*g->sources));
	}
	g->sources[g->source_count++] = (struct policy_source){ name, (uint32_t)first, (uint32_t)(n - first) };
}

static void add_resource(struct policy_graph *g, const struct plan_item *item)
{
	const char *address = value_text(value_get(item->value, "address"), NULL);
	uint64_t module = policy_config_of_item(g->records->pool.store, item), name;
	size_t first = g->reference_count;

	if (address == NULL)
		return;
	name = policy_config_name(g->records->pool.store, module, address, strlen(address));
	if (has_no_node(g, name))
		return;
	add_expressions(g, module, value_get(item->value, "expressions"), 0);
	end_source(g, name, first);
}

static void add_call(struct policy_graph *g, const struct plan_item *item)
{
	const struct policy_store *s = g->records->pool.store;
	char *step = xasprintf("module.%s", item->key);
	uint64_t module = policy_config_of_item(s, item), called = policy_config_name(s, module, step, strlen(step));

	free(step);
	for (const struct value *e = value_first(item->value); e != NULL; e = value_next(e)) {
		size_t first = g->reference_count, len;
		const char *key = value_key(e, &len);

		add_expression(g, module, e, 0, "", 0);
		end_source(g, port(s, called, input, key, len), first);
	}
}

static void add_output(struct policy_graph *g, const struct plan_item *item)
{
	uint64_t module = policy_config_of_item(g->records->pool.store, item);
	size_t first = g->reference_count;

	add_expression(g, module, value_get(item->value, "expression"), 0, "", 0);
	end_source(g, port(g->records->pool.store, module, output, item->key, strlen(item->key)), first);
}

void policy_graph_config(struct policy_graph *g, const struct plan_item *item)
{
	switch (item->kind) {
	case PLAN_CONFIG_RESOURCE:
		add_resource(g, item);
		break;
	case PLAN_CONFIG_CALL:
		if (value_type(item->value) == VALUE_OBJECT)
			add_call(g, item);
		break;
	case PLAN_CONFIG_OUTPUT:
		add_output(g, item);
		break;
	default:
		break;
	}
}
