/* What the configuration refers to: the references of each resource, of the inputs of module calls and of outputs, as
 * they are handed out by the reader.
 *
 * Contract: all references of a resource's expressions count, also those of known values (planspool-policies(5),
 * CONNECTIONS); those inside of a block are kept with the block, because they count only for instances that have it. Of
 * each list of references only the whole ones are kept: behind a.b[1].id Terraform also lists a.b[1] and a.b.
 *
 * When the resources came first, what no node comes from is not kept. */
#include "checks/policy_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define NAME_MAX_BYTES 65536

const char *policy_graph_source(struct policy_graph *g, const char *module, size_t module_len, const char *what,
	const char *name, size_t name_len)
{
	struct buf text = BUF_INIT(NAME_MAX_BYTES);
	const char *word = "";

	if (buf_append(&text, module, module_len) == 0 && buf_append(&text, what, strlen(what)) == 0 &&
		buf_append(&text, name, name_len) == 0)
		word = policy_store_word(g->keep->store, buf_text(&text));
	buf_free(&text);
	return word;
}

static struct policy_source *add_source(struct policy_graph *g, const char *name)
{
	if (g->source_count == g->source_room) {
		g->source_room = g->source_room == 0 ? 64 : g->source_room * 2;
		g->sources = xreallocarray(g->sources, g->source_room, sizeof(*g->sources));
	}
	g->sources[g->source_count] = (struct policy_source){ name, NULL };
	return &g->sources[g->source_count++];
}

/* Whether b is a with something cut off its end: what Terraform lists behind a reference. */
static bool is_front_of(const char *b, const char *a)
{
	size_t n = strlen(b);

	return strncmp(a, b, n) == 0 && (a[n] == '.' || a[n] == '[');
}

static void add_references(struct policy_graph *g, struct policy_source *s, const struct value *list, uint32_t block)
{
	const char *last = NULL;

	for (const struct value *r = value_first(list); r != NULL; r = value_next(r)) {
		const char *text = value_type(r) == VALUE_STRING ? value_text(r, NULL) : NULL;

		if (text == NULL || (last != NULL && is_front_of(text, last)))
			continue;
		last = text;
		struct policy_reference *ref = policy_store_get(g->keep->store, sizeof(*ref));

		ref->text = policy_store_word(g->keep->store, text);
		ref->block = block;
		ref->next = s->references;
		s->references = ref;
	}
}

static void add_expressions(struct policy_graph *g, struct policy_source *s, const struct value *object,
	uint64_t above);

static void add_expression(struct policy_graph *g, struct policy_source *s, const struct value *e, uint64_t above,
	const char *key, size_t len)
{
	const struct value *references = value_get(e, "references");
	size_t index = 0;

	if (value_type(references) == VALUE_ARRAY)
		add_references(g, s, references, (uint32_t)above);
	else if (value_type(e) == VALUE_OBJECT)
		add_expressions(g, s, e, policy_keep_block(g->keep, above, key, len, 0));
	for (const struct value *block = value_type(e) == VALUE_ARRAY ? value_first(e) : NULL; block != NULL; block =
		value_next(block))
		add_expressions(g, s, block, policy_keep_block(g->keep, above, key, len, index++));
}

/* above is the hash of the block they stand in, 0 for none. */
static void add_expressions(struct policy_graph *g, struct policy_source *s, const struct value *object, uint64_t above)
{
	if (value_type(object) != VALUE_OBJECT)
		return;
	for (const struct value *member = value_first(object); member != NULL; member = value_next(member)) {
		size_t len;
		const char *key = value_key(member, &len);

		if (value_type(member) == VALUE_ARRAY || value_type(member) == VALUE_OBJECT)
			add_expression(g, s, member, above, key, len);
	}
}

static void add_call(struct policy_graph *g, const struct plan_item *item)
{
	char *call = xasprintf("module.%s", item->key);
	const char *module = policy_keep_config(g->keep, item, call);

	free(call);
	for (const struct value *e = value_first(item->value); e != NULL; e = value_next(e)) {
		size_t len;
		const char *key = value_key(e, &len);

		add_expression(g, add_source(g, policy_graph_source(g, module, strlen(module), "#input.", key, len)), e,
			0, "", 0);
	}
}

void policy_graph_config(struct policy_graph *g, const struct plan_item *item)
{
	const char *address = value_text(value_get(item->value, "address"), NULL), *name, *module;

	switch (item->kind) {
	case PLAN_CONFIG_RESOURCE:
		name = address != NULL ? policy_keep_config_of_node(g->keep, item, address) : NULL;
		if (name != NULL)
			add_expressions(g, add_source(g, name), value_get(item->value, "expressions"), 0);
		break;
	case PLAN_CONFIG_CALL:
		if (value_type(item->value) == VALUE_OBJECT)
			add_call(g, item);
		break;
	case PLAN_CONFIG_OUTPUT:
		module = policy_keep_config(g->keep, item, "");
		add_expression(g, add_source(g, policy_graph_source(g, module, strlen(module), "#output.", item->key,
			strlen(item->key))), value_get(item->value, "expression"), 0, "", 0);
		break;
	default:
		break;
	}
}
