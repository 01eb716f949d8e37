/* Records of nodes for policies with connections.
 *
 * Why: they can only be decided when the configuration has been read, which Terraform writes behind the resources. A
 * record is about 40 bytes and the end of the address; what is alike between nodes is stored once.
 *
 * Contract: the order of sections does not matter.
 *
 * Limits: BLOCKS_MAX blocks of a node; one with more has all blocks of its configuration. */
#include "checks/policy_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BLOCKS_MAX 64
#define CONCERNS_MAX (1u << 20)	/* more than POLICY_MAX take */

void policy_records_init(struct policy_records *r, struct policy_computed *computed)
{
	*r = (struct policy_records){ .computed = computed, .concerns = BUF_INIT(CONCERNS_MAX) };
	policy_pool_init(&r->pool, computed->store);
	policy_ledger_init(&r->ledger, computed, &r->pool);
	policy_modules_init(&r->modules, &r->pool);
}

void policy_records_free(struct policy_records *r)
{
	policy_modules_free(&r->modules);
	policy_pool_free(&r->pool);
	policy_ledger_free(&r->ledger);
	free(r->configs);
	policy_map_free(&r->kinds_by_type);
	free(r->nodes);
	free(r->kinds);
	free(r->order);
	buf_free(&r->concerns);
}

void policy_records_add(struct policy_records *r, const struct policy_node *node, uint32_t number,
	const struct policy *policy, const struct policy_leaf *leaves)
{
	struct policy_concern concern = { number, policy_ledger_add(&r->ledger, node, policy, leaves) };

	if (buf_append(&r->concerns, &concern, sizeof(concern)) != 0)
		mem_panic("too many policies concern one resource");
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

	while (slots[slot] != 0 && policy_record_at(r, (slots[slot] & ~POLICY_SEVERAL) - 1)->known.config != config)
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
			*config_slot(r, slots, size, policy_record_at(r, (first & ~POLICY_SEVERAL) - 1)->known.config) = first;
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

static void make_record(struct policy_records *r, const struct policy_node *node, struct policy_known known)
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
	k->known = known;
	k->module = module;
	k->kind = kind_of(r, &node->type) & INT32_MAX;
	k->typed = typed;
	k->rank = r->kinds[k->kind].count++;
	k->blocks = blocks_of(r, node);
	k->index = (uint32_t)(index < len ? index : len);
	enter(r, record, k->known.config);
}

void policy_records_node(struct policy_records *r, const struct policy_node *node)
{
	struct policy_known known = policy_ledger_node(&r->ledger, node);

	if (known.list != 0)
		make_record(r, node, known);
	buf_clear(&r->concerns);
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

static size_t concern_count(const struct policy_records *r, const struct policy_kind *kind)
{
	return policy_pool_length(&r->pool, kind->concerns) / sizeof(struct policy_concern);
}

int64_t policy_kind_fact(const struct policy_records *r, const struct policy_kind *kind, uint32_t policy)
{
	struct policy_concern wanted = { policy, 0 };
	const struct policy_concern *found = bsearch(&wanted, policy_pool_at(&r->pool, kind->concerns),
		concern_count(r, kind), sizeof(wanted), by_policy);

	return found != NULL ? (int64_t)found->fact : -1;
}

const struct policy_facts *policy_record_facts(const struct policy_records *r, const struct policy_record *node,
	uint32_t fact)
{
	return policy_ledger_facts(&r->ledger, node->known.list, concern_count(r, &r->kinds[node->kind]), fact);
}
