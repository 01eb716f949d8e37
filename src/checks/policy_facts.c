/* Facts about nodes, packed.
 *
 * Why: a plan may have some hundred thousand resources and a set some dozens of policies with connections, and each of
 * them on each resource waits for the configuration. What is alike is stored once: the states of one policy's
 * conditions are a shared record, and so is the list of them for all policies, in as few bytes as their number takes. A
 * further policy costs a byte or two for each node that is like no other, and next to nothing for others.
 *
 * Contract: facts are the number of extras, the extras (an unknown place on which a condition depends, or why it is an
 * error), and one byte for each condition. A place is the number of its hashes, and they (policy_computed.c). Places are a
 * node's, so that facts are alike where nodes are, and hashed within it, so that they are alike themselves. */
#include "checks/policy_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checks/policy_module.h"

#define SCRATCH_MAX (1u << 30)	/* far more than all conditions that a set of policies can have */
#define MIX UINT64_C(0x9e3779b97f4a7c15)	/* makes hashes of numbers and pointers */

struct extra {
	uint32_t leaf;
	uint32_t what;		/* index in places, or the record of a text */
};

struct policy_facts {
	uint32_t extra_count;
	struct extra extras[];
};

void policy_ledger_init(struct policy_ledger *l, struct policy_computed *computed, struct policy_pool *pool)
{
	*l = (struct policy_ledger){ .computed = computed, .pool = pool };
	l->list.max = l->one.max = l->places.max = SCRATCH_MAX;
}

void policy_ledger_free(struct policy_ledger *l)
{
	policy_map_free(&l->by_record);
	policy_map_free(&l->placed);
	free(l->all);
	buf_free(&l->list);
	buf_free(&l->one);
	buf_free(&l->places);
}

/* What is put here is bounded by the number of policies and conditions. */
static void put(struct buf *b, const void *data, size_t len)
{
	if (buf_append(b, data, len) != 0)
		mem_panic("more is known of one resource than fits");
}

/* A part of after_unknown, as the index of its hashes in places. */
static uint32_t place_index(struct policy_ledger *l, const struct policy_node *node, const struct value *part)
{
	uint32_t *seen = policy_map_at(&l->placed, (uintptr_t)part * MIX);
	struct policy_hashed_place place;

	if (*seen != 0)
		return *seen - 1;
	policy_computed_hash_place(l->computed, node, part, &place);
	uint64_t depth = place.depth;
	uint32_t index = (uint32_t)(l->places.len / sizeof(depth));

	*seen = index + 1;
	put(&l->places, &depth, sizeof(depth));
	put(&l->places, place.hashes, place.depth * sizeof(place.hashes[0]));
	return index;
}

static void put_extra(struct policy_ledger *l, size_t leaf, uint32_t what)
{
	struct extra extra = { (uint32_t)leaf, what };

	put(&l->one, &extra, sizeof(extra));
}

/* The states of a policy's conditions, and what they depend on, as a record. */
static uint32_t share_states(struct policy_ledger *l, const struct policy_node *node, const struct policy *policy,
	const struct policy_leaf *leaves)
{
	struct policy_facts head = { .extra_count = 0 };

	buf_clear(&l->one);
	put(&l->one, &head, sizeof(head));
	for (size_t i = 0; i < policy->leaf_count; i++) {
		const struct policy_leaf *leaf = &leaves[i];

		for (size_t k = 0; policy_leaf_depends(leaf->state) && k < leaf->place_count; k++)
			put_extra(l, i, place_index(l, node, leaf->places[k]));
		if (leaf->state == LEAF_ERROR && leaf->why != NULL)
			put_extra(l, i, policy_pool_share(l->pool, leaf->why, strlen(leaf->why) + 1));
	}
	head.extra_count = (uint32_t)((l->one.len - sizeof(head)) / sizeof(struct extra));
	memcpy(l->one.data, &head, sizeof(head));
	for (size_t i = 0; i < policy->leaf_count; i++)
		put(&l->one, &(unsigned char){ (unsigned char)leaves[i].state }, 1);
	return policy_pool_share(l->pool, l->one.data, l->one.len);
}

static uint32_t fact_index(struct policy_ledger *l, uint32_t record)
{
	uint32_t *index = policy_map_at(&l->by_record, record * MIX);

	if (*index == 0) {
		if (l->count == l->room) {
			l->room = l->room == 0 ? 64 : l->room * 2;
			l->all = xreallocarray(l->all, l->room, sizeof(*l->all));
		}
		l->all[l->count++] = record;
		*index = l->count;
	}
	return *index - 1;
}

uint32_t policy_ledger_add(struct policy_ledger *l, const struct policy_node *node, const struct policy *policy,
	const struct policy_leaf *leaves)
{
	uint32_t index = fact_index(l, share_states(l, node, policy, leaves)), at = (uint32_t)(l->list.len / sizeof(at));

	put(&l->list, &index, sizeof(index));
	return at;
}

/* The list of a node's facts, in 1, 2 or 4 bytes each: what the largest takes. */
static uint32_t share_list(struct policy_ledger *l)
{
	const uint32_t *facts = (const uint32_t *)(const void *)l->list.data;
	size_t count = l->list.len / sizeof(*facts);
	uint32_t largest = 0;

	for (size_t i = 0; i < count; i++)
		largest = facts[i] > largest ? facts[i] : largest;
	if (largest > UINT16_MAX)
		return policy_pool_share(l->pool, facts, count * sizeof(*facts));
	buf_clear(&l->one);
	for (size_t i = 0; i < count; i++) {
		uint16_t two = (uint16_t)facts[i];
		uint8_t one = (uint8_t)facts[i];

		put(&l->one, largest > UINT8_MAX ? (const void *)&two : &one, largest > UINT8_MAX ? 2 : 1);
	}
	return policy_pool_share(l->pool, l->one.data, l->one.len);
}

struct policy_known policy_ledger_node(struct policy_ledger *l, const struct policy_node *node)
{
	struct policy_known known = { 0, 0, 0 };

	if (l->list.len == 0)
		return known;
	known.config = node->change != NULL ? policy_config_of_change(l->pool->store, node->change) : 0;
	known.list = share_list(l);
	if (l->places.len > 0) {
		known.places = policy_pool_share(l->pool, l->places.data, l->places.len);
		policy_computed_ask(l->computed, known.config);
	}
	buf_clear(&l->list);
	buf_clear(&l->places);
	policy_map_clear(&l->placed);
	return known;
}

const struct policy_facts *policy_ledger_facts(const struct policy_ledger *l, uint32_t list, size_t count, uint32_t index)
{
	const void *facts = policy_pool_at(l->pool, list);
	size_t width = policy_pool_length(l->pool, list) / count;
	uint32_t which = width == 1 ? ((const uint8_t *)facts)[index] : width == 2 ? ((const uint16_t *)facts)[index] :
		((const uint32_t *)facts)[index];

	return policy_pool_at(l->pool, l->all[which]);
}

static enum policy_leaf_state state_of(const struct policy_facts *facts, const struct policy_condition *c)
{
	return ((const unsigned char *)(facts->extras + facts->extra_count))[c->leaf];
}

enum truth policy_facts_truth(const struct policy_ledger *l, const struct policy_known *known,
	const struct policy_facts *facts, const struct policy_condition *c)
{
	enum policy_leaf_state state = state_of(facts, c);
	bool all = state == LEAF_TRUE_IF_ALL || state == LEAF_FALSE_IF_ALL;

	if (!policy_leaf_depends(state))
		return policy_leaf_truth(state, false);
	const uint64_t *hashes = policy_pool_at(l->pool, known->places);

	for (uint32_t i = 0; i < facts->extra_count; i++) {
		const uint64_t *place = hashes + facts->extras[i].what;

		if (facts->extras[i].leaf == c->leaf &&
			policy_computed_refers(l->computed, known->config, place + 1, *place) != all)
			return policy_leaf_truth(state, !all);
	}
	return policy_leaf_truth(state, all);
}

const char *policy_facts_why(const struct policy_ledger *l, const struct policy_facts *facts,
	const struct policy_condition *c)
{
	for (uint32_t i = 0; i < facts->extra_count && state_of(facts, c) == LEAF_ERROR; i++) {
		if (facts->extras[i].leaf == c->leaf)
			return policy_pool_at(l->pool, facts->extras[i].what);
	}
	return NULL;
}
