/* Unknown attributes and the references that compute them.
 *
 * Why: whether an unknown attribute exists depends on whether the configuration computes it by a reference, and
 * Terraform writes the configuration behind the resources. So for each unknown place that matters the hashes of the
 * expressions that may compute it are asked for.
 *
 * Contract: the order of sections does not matter, everything is put together at the end of the plan. A place's
 * expression is found by its path: blocks by position, where an expression that is an object stands for a list of one
 * (planspool-policies(5), UNKNOWN VALUES). For a part of an attribute (one key of a map) the attribute's expression
 * counts.
 *
 * Limits: PLACE_DEPTH steps of a path. */
#include "checks/policy_keep.h"

#include <stdlib.h>
#include <string.h>

#include "checks/policy_module.h"

#define STEPS_MAX 64

void policy_keep_init(struct policy_keep *k)
{
	*k = (struct policy_keep){ .store = policy_store_new() };
}

void policy_keep_free(struct policy_keep *k)
{
	policy_hashes_free(&k->expressions);
	policy_store_free(k->store);
	*k = (struct policy_keep){ .store = NULL };
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

void policy_keep_hash_place(struct policy_keep *k, const struct policy_node *node, const struct value *part,
	struct policy_hashed_place *out)
{
	struct value_step steps[STEPS_MAX];
	int found = find_place(node->unknown, part, steps, 0);
	uint64_t hash = node->change != NULL ? policy_config_of_change(k->store, node->change) : 0;

	out->depth = found < 0 ? 0 : found > PLACE_DEPTH ? PLACE_DEPTH : (size_t)found;
	for (size_t s = 0; s < out->depth; s++) {
		hash = steps[s].key != NULL ? policy_store_hash(k->store, hash, steps[s].key, steps[s].len) :
			policy_store_hash_index(k->store, hash, steps[s].index);
		out->hashes[s] = hash;
		policy_hashes_add(&k->expressions, hash);
	}
}

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Whether a list of references has one that is neither a variable nor a local value. */
static bool refers(const struct value *references)
{
	for (const struct value *r = value_first(references); r != NULL; r = value_next(r)) {
		const char *text = value_type(r) == VALUE_STRING ? value_text(r, NULL) : NULL;

		if (text != NULL && !starts(text, "var.") && !starts(text, "local."))
			return true;
	}
	return false;
}

static void keep_expressions(struct policy_keep *k, const struct value *object, uint64_t above);

static void keep_expression(struct policy_keep *k, const struct value *e, uint64_t hash)
{
	size_t index = 0;

	if (value_type(e) == VALUE_ARRAY) {
		for (const struct value *block = value_first(e); block != NULL; block = value_next(block))
			keep_expressions(k, block, policy_store_hash_index(k->store, hash, index++));
		return;
	}
	if (value_type(value_get(e, "references")) == VALUE_ARRAY) {
		if (refers(value_get(e, "references"))) {
			if (!k->resources_seen)
				policy_hashes_add(&k->expressions, hash);
			policy_hashes_mark(&k->expressions, hash);
		}
		return;
	}
	/* One block: as an object, or as the only one of a list. */
	keep_expressions(k, e, hash);
	keep_expressions(k, e, policy_store_hash_index(k->store, hash, 0));
}

static void keep_expressions(struct policy_keep *k, const struct value *object, uint64_t above)
{
	if (value_type(object) != VALUE_OBJECT)
		return;
	for (const struct value *member = value_first(object); member != NULL; member = value_next(member)) {
		size_t len;
		const char *key = value_key(member, &len);

		if (value_type(member) == VALUE_ARRAY || value_type(member) == VALUE_OBJECT)
			keep_expression(k, member, policy_store_hash(k->store, above, key, len));
	}
}

void policy_keep_references(struct policy_keep *k, const struct plan_item *item)
{
	const char *address = value_text(value_get(item->value, "address"), NULL);

	if (address != NULL && (!k->resources_seen || k->expressions.count > 0))
		keep_expressions(k, value_get(item->value, "expressions"), policy_config_name(k->store,
			policy_config_of_item(k->store, item), address, strlen(address)));
}

bool policy_keep_refers(const struct policy_keep *k, const uint64_t *hashes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (policy_hashes_marked(&k->expressions, hashes[i]))
			return true;
	}
	return false;
}
