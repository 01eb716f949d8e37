/* Records of nodes for policies with connections.
 *
 * Why: they can only be decided when the configuration has been read, which Terraform writes behind the resources. A
 * plan may have some hundred thousand resources and a set some dozens of such policies, so a record is small: about 40
 * bytes and the address, where everything that is alike between nodes or policies is stored once. The states of one
 * policy's conditions are a shared record, and so is the list of them for all policies, in as few bytes as their
 * number takes: a further policy costs a byte or two for each node that is like no other, and next to nothing for
 * others.
 *
 * Contract: the order of sections does not matter. Facts are: the number of extras, the extras (an unknown place on
 * which a condition depends, or why it is an error), and one byte for each condition. A place is the number of its
 * hashes, and they (policy_keep.c).
 *
 * Limits: BLOCKS_MAX blocks of a node; one with more has all blocks of its configuration. */
#include "checks/policy_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SCRATCH_MAX (64u << 20)
#define BLOCKS_MAX 64

struct extra {
	uint32_t leaf;
	uint32_t what;		/* index in places, or the record of a text */
};

struct policy_facts {
	uint32_t extra_count;
	struct extra extras[];
};

void policy_records_init(struct policy_records *r, struct policy_keep *keep)
{
	*r = (struct policy_records){ .keep = keep };
	r->concerns.max = r->facts.max = r->one.max = r->places.max = SCRATCH_MAX;
	policy_pool_init(&r->pool, keep->store);
	policy_modules_init(&r->modules, &r->pool);
}

void policy_records_free(struct policy_records *r)
{
	policy_modules_free(&r->modules);
	policy_pool_free(&r->pool);
	policy_map_free(&r->facts_by_record);
	free(r->configs);
	free(r->all_facts);
	policy_map_free(&r->kinds_by_type);
	policy_map_free(&r->placed);
	free(r->nodes);
	free(r->kinds);
	free(r->order);
	buf_free(&r->concerns);
	buf_free(&r->facts);
	buf_free(&r->one);
	buf_free(&r->places);
}

/* What is put here is bounded by the number of policies and conditions. */
static void put(struct buf *b, const void *data, size_t len)
{
	if (buf_append(b, data, len) != 0)
		mem_panic("more is known of one resource than fits");
}

/* A part of after_unknown, as the index of its hashes in places. */
static uint32_t place_index(struct policy_records *r, const struct policy_node *node, const struct value *part)
{
	uint32_t *seen = policy_map_at(&r->placed, (uintptr_t)part * UINT64_C(0x9e3779b97f4a7c15) >> 3);
	struct policy_hashed_place place;

	if (*seen != 0)
		return *seen - 1;
	policy_keep_hash_place(r->keep, node, part, &place);
	uint64_t depth = place.depth;
	uint32_t index = (uint32_t)(r->places.len / sizeof(depth));

	*seen = index + 1;
	put(&r->places, &depth, sizeof(depth));
	put(&r->places, place.hashes, place.depth * sizeof(place.hashes[0]));
	return index;
}

static void put_extra(struct policy_records *r, size_t leaf, uint32_t what)
{
	struct extra extra = { (uint32_t)leaf, what };

	put(&r->one, &extra, sizeof(extra));
}

static uint32_t fact_index(struct policy_records *r, uint32_t record)
{
	uint32_t *index = policy_map_at(&r->facts_by_record, record * UINT64_C(0x9e3779b97f4a7c15));

	if (*index == 0) {
		if (r->fact_count == r->fact_room) {
			r->fact_room = r->fact_room == 0 ? 64 : r->fact_room * 2;
			r->all_facts = xreallocarray(r->all_facts, r->fact_room, sizeof(*r->all_facts));
		}
		r->all_facts[r->fact_count++] = record;
		*index = r->fact_count;
	}
	return *index - 1;
}

/* The list of a node's facts, in 1, 2 or 4 bytes each: what the largest takes. */
static uint32_t share_facts(struct policy_records *r)
{
	const uint32_t *facts = (const uint32_t *)(const void *)r->facts.data;
	size_t count = r->facts.len / sizeof(*facts);
	uint32_t largest = 0;

	for (size_t i = 0; i < count; i++)
		largest = facts[i] > largest ? facts[i] : largest;
	if (largest > UINT16_MAX)
		return policy_pool_share(&r->pool, facts, count * sizeof(*facts));
	buf_clear(&r->one);
	for (size_t i = 0; i < count; i++) {
		uint16_t two = (uint16_t)facts[i];
		uint8_t one = (uint8_t)facts[i];

		put(&r->one, largest > UINT8_MAX ? (const void *)&two : &one, largest > UINT8_MAX ? 2 : 1);
	}
	return policy_pool_share(&r->pool, r->one.data, r->one.len);
}

void policy_records_add(struct policy_records *r, const struct policy_node *node, uint32_t number,
	const struct policy *policy, const struct policy_leaf *leaves)
{
	struct policy_facts head = { .extra_count = 0 };
	struct policy_concern concern = { number, (uint32_t)(r->facts.len / sizeof(uint32_t)) };

	buf_clear(&r->one);
	put(&r->one, &head, sizeof(head));
	for (size_t i = 0; i < policy->leaf_count; i++) {
		const struct policy_leaf *leaf = &leaves[i];

		for (size_t k = 0; policy_leaf_depends(leaf->state) && k < leaf->place_count; k++)
			put_extra(r, i, place_index(r, node, leaf->places[k]));
		if (leaf->state == LEAF_ERROR && leaf->why != NULL)
			put_extra(r, i, policy_pool_share(&r->pool, leaf->why, strlen(leaf->why) + 1));
	}
	head.extra_count = (uint32_t)((r->one.len - sizeof(head)) / sizeof(struct extra));
	memcpy(r->one.data, &head, sizeof(head));
	for (size_t i = 0; i < policy->leaf_count; i++)
		put(&r->one, &(unsigned char){ (unsigned char)leaves[i].state }, 1);

	uint32_t index = fact_index(r, policy_pool_share(&r->pool, r->one.data, r->one.len));

	put(&r->facts, &index, sizeof(index));
	put(&r->concerns, &concern, sizeof(concern));
}

static int by_policy(const void *a, const void *b)
{
	const struct policy_concern *x = a, *y = b;

	return (x->policy > y->policy) - (x->policy < y->policy);
}

/* The kind of a node; which policies concern it follows from that. */
static uint32_t kind_of(struct policy_records *r, const struct policy_type *type)
{
	uint32_t *index = policy_map_at(&r->kinds_by_type, policy_store_hash(r->pool.store,
		2u + type->managed * 2u + type->tagged, type->name, strlen(type->name)));

	if (*index != 0)
		return *index - 1;
	if (r->kind_count == r->kind_room) {
		r->kind_room = r->kind_room == 0 ? 16 : r->kind_room * 2;
		r->kinds = xreallocarray(r->kinds, r->kind_room, sizeof(*r->kinds));
	}
	qsort(r->concerns.data, r->concerns.len / sizeof(struct policy_concern), sizeof(struct policy_concern),
		by_policy);
	r->kinds[r->kind_count] = (struct policy_kind){
		.type = policy_pool_share(&r->pool, type->name, strlen(type->name) + 1),
		.managed = type->managed, .tagged = type->tagged,
		.concerns = policy_pool_share(&r->pool, r->concerns.data, r->concerns.len), .part = POLICY_NO_PART,
	};
	*index = (uint32_t)++r->kind_count;
	return *index - 1;
}

uint64_t policy_block_hash(const struct policy_store *s, uint64_t above, const char *key, size_t len, size_t index)
{
	return policy_store_hash_index(s, policy_store_hash(s, above, key, len), index);
}

struct blocks {
	uint32_t hashes[BLOCKS_MAX];
	size_t count;
	bool overflow;
};

static void find_blocks(const struct policy_store *s, const struct value *object, uint64_t above, struct blocks *b)
{
	for (const struct value *member = value_first(object); member != NULL; member = value_next(member)) {
		size_t index = 0, len;
		const char *key = value_key(member, &len);

		if (value_type(member) != VALUE_ARRAY)
			continue;
		for (const struct value *e = value_first(member); e != NULL; e = value_next(e), index++) {
			if (value_type(e) != VALUE_OBJECT)
				continue;
			if (b->count == BLOCKS_MAX) {
				b->overflow = true;
				return;
			}
			uint64_t hash = policy_block_hash(s, above, key, len, index);

			b->hashes[b->count++] = (uint32_t)hash;
			find_blocks(s, e, hash, b);
		}
	}
}

static uint32_t blocks_of(struct policy_records *r, const struct policy_node *node)
{
	struct blocks b = { .count = 0 };

	if (!node->provider)
		find_blocks(r->pool.store, node->values, 0, &b);
	return b.overflow ? 0 : policy_pool_share(&r->pool, b.hashes, b.count * sizeof(b.hashes[0]));
}

/* Where a configuration is among size slots, or the empty slot for it. */
static uint32_t *config_slot(const struct policy_records *r, uint32_t *slots, size_t size, uint64_t config)
{
	size_t slot = config & (size - 1);

	while (slots[slot] != 0 && policy_record_at(r, (slots[slot] & ~POLICY_SEVERAL) - 1)->config != config)
		slot = (slot + 1) & (size - 1);
	return &slots[slot];
}

static void grow_configs(struct policy_records *r)
{
	size_t size = r->config_size == 0 ? 64 : r->config_size * 2;
	uint32_t *slots = xcalloc(size, sizeof(*slots));

	for (size_t i = 0; i < r->config_size; i++) {
		uint32_t first = r->configs[i];

		if (first != 0)
			*config_slot(r, slots, size, policy_record_at(r, (first & ~POLICY_SEVERAL) - 1)->config) = first;
	}
	free(r->configs);
	r->configs = slots;
	r->config_size = size;
}

uint32_t policy_records_first(const struct policy_records *r, uint64_t config)
{
	return r->config_size > 0 ? *config_slot(r, r->configs, r->config_size, config) : 0;
}

/* Puts a node where its number and its configuration lead to it. */
static void enter(struct policy_records *r, uint32_t record, uint64_t config)
{
	if (r->count == r->room) {
		r->room = r->room == 0 ? 256 : r->room * 2;
		r->nodes = xreallocarray(r->nodes, r->room, sizeof(*r->nodes));
	}
	r->nodes[r->count++] = record;
	if (config == 0)
		return;
	if ((r->config_count + 1) * 4 > r->config_size * 3)
		grow_configs(r);
	uint32_t *first = config_slot(r, r->configs, r->config_size, config);

	r->config_count += *first == 0;
	*first = *first == 0 ? (uint32_t)r->count : *first | POLICY_SEVERAL;
}

static void make_record(struct policy_records *r, const struct policy_node *node)
{
	const struct resource_change *change = node->change;
	size_t module_len = 0, type_len = strlen(node->type.name), len;
	uint32_t module = change != NULL ? policy_module_of_address(&r->modules, node->address, &module_len) :
		r->modules.root;
	const char *address = node->address + module_len + (module_len > 0);
	bool typed = strncmp(address, node->type.name, type_len) == 0 && address[type_len] == '.';
	/* What stands behind TYPE.NAME; of an address that is another nobody knows. */
	size_t index = change != NULL ? strlen(change->name) + (typed ? 0 : type_len + 1) : 0;

	address += typed ? type_len + 1 : 0;
	len = strlen(address);
	uint32_t record = policy_pool_new(&r->pool, sizeof(struct policy_record) + len + 1);
	struct policy_record *k = policy_pool_at(&r->pool, record);

	memcpy(k->address, address, len);
	k->config = change != NULL ? policy_config_of_change(r->pool.store, change) : 0;
	k->module = module;
	k->kind = kind_of(r, &node->type) & INT32_MAX;
	k->typed = typed;
	k->rank = r->kinds[k->kind].count++;
	k->facts = share_facts(r);
	k->blocks = blocks_of(r, node);
	k->places = r->places.len > 0 ? policy_pool_share(&r->pool, r->places.data, r->places.len) : 0;
	k->index = (uint32_t)(index < len ? index : len);
	enter(r, record, k->config);
}

void policy_records_node(struct policy_records *r, const struct policy_node *node)
{
	if (r->facts.len == 0)
		return;
	make_record(r, node);
	buf_clear(&r->concerns);
	buf_clear(&r->facts);
	buf_clear(&r->places);
	policy_map_clear(&r->placed);
}

void policy_records_close(struct policy_records *r)
{
	uint32_t first = 0;

	for (size_t i = 0; i < r->kind_count; i++) {
		r->kinds[i].first = first;
		first += r->kinds[i].count;
	}
	r->order = xcalloc(r->count + 1, sizeof(*r->order));
	for (size_t i = 0; i < r->count; i++) {
		const struct policy_record *k = policy_record_at(r, (uint32_t)i);

		r->order[r->kinds[k->kind].first + k->rank] = (uint32_t)i;
	}
}

const struct policy_record *policy_record_at(const struct policy_records *r, uint32_t node)
{
	return policy_pool_at(&r->pool, r->nodes[node]);
}

void policy_record_address(const struct policy_records *r, const struct policy_record *node, struct buf *out)
{
	buf_clear(out);
	policy_module_address(&r->modules, node->module, out);
	if (node->typed) {
		buf_puts(out, policy_pool_at(&r->pool, r->kinds[node->kind].type));
		buf_puts(out, ".");
	}
	buf_puts(out, node->address);
}

const char *policy_record_index(const struct policy_record *node)
{
	return node->address + node->index;
}

int64_t policy_kind_fact(const struct policy_records *r, const struct policy_kind *kind, uint32_t policy)
{
	struct policy_concern wanted = { policy, 0 };
	const struct policy_concern *found = bsearch(&wanted, policy_pool_at(&r->pool, kind->concerns),
		policy_pool_length(&r->pool, kind->concerns) / sizeof(wanted), sizeof(wanted), by_policy);

	return found != NULL ? (int64_t)found->fact : -1;
}

const struct policy_facts *policy_record_facts(const struct policy_records *r, const struct policy_record *node,
	uint32_t fact)
{
	const void *facts = policy_pool_at(&r->pool, node->facts);
	size_t policies = policy_pool_length(&r->pool, r->kinds[node->kind].concerns) / sizeof(struct policy_concern);
	size_t width = policy_pool_length(&r->pool, node->facts) / policies;
	uint32_t index = width == 1 ? ((const uint8_t *)facts)[fact] : width == 2 ? ((const uint16_t *)facts)[fact] :
		((const uint32_t *)facts)[fact];

	return policy_pool_at(&r->pool, r->all_facts[index]);
}

static enum policy_leaf_state state_of(const struct policy_facts *facts, const struct policy_condition *c)
{
	return ((const unsigned char *)(facts->extras + facts->extra_count))[c->leaf];
}

enum truth policy_record_truth(const struct policy_records *r, const struct policy_record *node,
	const struct policy_facts *facts, const struct policy_condition *c)
{
	enum policy_leaf_state state = state_of(facts, c);
	bool all = state == LEAF_TRUE_IF_ALL || state == LEAF_FALSE_IF_ALL;

	if (!policy_leaf_depends(state))
		return policy_leaf_truth(state, false);
	const uint64_t *places = policy_pool_at(&r->pool, node->places);

	for (uint32_t i = 0; i < facts->extra_count; i++) {
		const uint64_t *place = places + facts->extras[i].what;

		if (facts->extras[i].leaf == c->leaf && policy_keep_refers(r->keep, place + 1, *place) != all)
			return policy_leaf_truth(state, !all);
	}
	return policy_leaf_truth(state, all);
}

const char *policy_record_why(const struct policy_records *r, const struct policy_facts *facts,
	const struct policy_condition *c)
{
	for (uint32_t i = 0; i < facts->extra_count && state_of(facts, c) == LEAF_ERROR; i++) {
		if (facts->extras[i].leaf == c->leaf)
			return policy_pool_at(&r->pool, facts->extras[i].what);
	}
	return NULL;
}
