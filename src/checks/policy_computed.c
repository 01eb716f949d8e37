/* Unknown attributes and the references that compute them.
 *
 * Why: whether an unknown attribute exists depends on whether the configuration computes it by a reference, and
 * Terraform writes the configuration behind the resources. So the unknown places that matter are asked for, and of each
 * resource that has some is kept which of them refer. Places are hashed within the resource: thousands of resources have
 * the same few, so that a resource costs an entry in a map however many of its attributes are unknown.
 *
 * Contract: the order of sections does not matter, everything is put together at the end of the plan. A place's
 * expression is found by its path: blocks by position, where an expression that is an object stands for a list of one
 * (planspool-policies(5), UNKNOWN VALUES). For a part of an attribute (one key of a map) the attribute's expression
 * counts. Of a resource that the configuration has twice, which Terraform never writes, the last counts.
 *
 * Limits: PLACE_DEPTH steps of a path. */
#include "checks/policy_computed.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "checks/policy_module.h"

#define STEPS_MAX 64

void policy_computed_init(struct policy_computed *c)
{
	*c = (struct policy_computed){ .store = policy_store_new(), .referring = BUF_INIT(SIZE_MAX / 2) };
	policy_pool_init(&c->pool, c->store);
}

void policy_computed_free(struct policy_computed *c)
{
	policy_hashes_free(&c->asked);
	policy_map_free(&c->resources);
	buf_free(&c->referring);
	policy_pool_free(&c->pool);
	policy_store_free(c->store);
	*c = (struct policy_computed){ .store = NULL };
}

/* Finds where target stands below v, as steps. The number of steps, or -1. */
static int find_place(const struct value *v, const struct value *target, struct value_step *steps, int depth)
{
	size_t index = 0;
	bool object = value_type(v) == VALUE_OBJECT;

	if (v == target)
		return depth;
	if (depth == STEPS_MAX)
		return -1;
	for (const struct value *child = value_first(v); child != NULL; child = value_next(child), index++) {
		steps[depth] = (struct value_step){ .index = index };
		if (object)
			steps[depth].key = value_key(child, &steps[depth].len);
		int found = find_place(child, target, steps, depth + 1);

		if (found >= 0)
			return found;
	}
	return -1;
}

/* The hash of an element of a list. The first is the list itself, because an expression that is an object stands for a
 * list of one: to try both ways at each level would take two to the depth. */
static uint64_t hash_element(const struct policy_computed *c, uint64_t list, size_t index)
{
	return index == 0 ? list : policy_store_hash_index(c->store, list, index);
}

void policy_computed_hash_place(struct policy_computed *c, const struct policy_node *node, const struct value *part,
	struct policy_hashed_place *out)
{
	struct value_step steps[STEPS_MAX];
	int found = find_place(node->unknown, part, steps, 0);
	uint64_t hash = 0;

	out->depth = 0;
	for (int s = 0; s < found && out->depth < PLACE_DEPTH; s++) {
		uint64_t above = hash;

		hash = steps[s].key != NULL ? policy_store_hash(c->store, above, steps[s].key, steps[s].len) :
			hash_element(c, above, steps[s].index);
		if (hash == above)
			continue;
		out->hashes[out->depth++] = hash;
		policy_hashes_add(&c->asked, hash);
	}
}

void policy_computed_ask(struct policy_computed *c, uint64_t config)
{
	uint32_t *referring = policy_map_at(&c->resources, config);

	if (*referring == 0)
		*referring = policy_pool_share(&c->pool, "", 0);
}

/* Whether a list of references has one that is neither a variable nor a local value. */
static bool refers(const struct value *references)
{
	for (const struct value *r = value_first(references); r != NULL; r = value_next(r)) {
		const char *text = value_type(r) == VALUE_STRING ? value_text(r, NULL) : NULL;

		if (text != NULL && !text_starts(text, "var.") && !text_starts(text, "local."))
			return true;
	}
	return false;
}

static void keep_expressions(struct policy_computed *c, const struct value *object, uint64_t above);

static void keep_expression(struct policy_computed *c, const struct value *e, uint64_t hash)
{
	size_t index = 0;

	if (value_type(e) == VALUE_ARRAY) {
		for (const struct value *block = value_first(e); block != NULL; block = value_next(block))
			keep_expressions(c, block, hash_element(c, hash, index++));
		return;
	}
	if (value_type(value_get(e, "references")) == VALUE_ARRAY) {
		if (refers(value_get(e, "references")) && (!c->resources_seen || policy_hashes_has(&c->asked, hash)) &&
			buf_append(&c->referring, &hash, sizeof(hash)) != 0)
			mem_panic("more references of one resource than fit");
		return;
	}
	keep_expressions(c, e, hash);
}

static void keep_expressions(struct policy_computed *c, const struct value *object, uint64_t above)
{
	if (value_type(object) != VALUE_OBJECT)
		return;
	for (const struct value *member = value_first(object); member != NULL; member = value_next(member)) {
		size_t len;
		const char *key = value_key(member, &len);

		if (value_type(member) == VALUE_ARRAY || value_type(member) == VALUE_OBJECT)
			keep_expression(c, member, policy_store_hash(c->store, above, key, len));
	}
}

static int by_hash(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void policy_computed_references(struct policy_computed *c, const struct plan_item *item)
{
	const char *address = value_text(value_get(item->value, "address"), NULL);
	uint64_t config = policy_config_of_item(c->store, item);

	if (address == NULL)
		return;
	config = policy_config_name(c->store, config, address, strlen(address));
	if (c->resources_seen && policy_map_get(&c->resources, config) == 0)
		return;
	buf_clear(&c->referring);
	keep_expressions(c, value_get(item->value, "expressions"), 0);
	if (c->referring.len > 0)
		qsort(c->referring.data, c->referring.len / sizeof(uint64_t), sizeof(uint64_t), by_hash);
	*policy_map_at(&c->resources, config) = policy_pool_share(&c->pool, buf_text(&c->referring), c->referring.len);
}

bool policy_computed_refers(const struct policy_computed *c, uint64_t config, const uint64_t *hashes, size_t count)
{
	uint32_t number = policy_map_get(&c->resources, config);

	for (size_t i = 0; number != 0 && i < count; i++) {
		if (bsearch(&hashes[i], policy_pool_at(&c->pool, number),
			policy_pool_length(&c->pool, number) / sizeof(uint64_t), sizeof(uint64_t), by_hash) != NULL)
			return true;
	}
	return false;
}
