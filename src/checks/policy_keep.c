/* Records of nodes until the configuration has been read.
 *
 * Why: whether an unknown attribute exists depends on whether the configuration computes it by a reference, and
 * connections are references; Terraform writes the configuration behind the resources. Instead of the resource, one
 * byte for each condition is kept, and for each unknown place that matters the hashes of the expressions that may
 * compute it.
 *
 * Contract: the order of sections does not matter, everything is put together at the end of the plan. A place's
 * expression is found by its path: blocks by position, where an expression that is an object stands for a list of one
 * (planspool-policies(5), UNKNOWN VALUES). For a part of an attribute (one key of a map) the attribute's expression
 * counts.
 *
 * Limits: PLACE_DEPTH steps of a path, BLOCKS_MAX blocks of a node; a node with more has all blocks of its
 * configuration. */
#include "checks/policy_keep.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define CONFIG_ADDRESS_MAX 65536
#define BLOCKS_MAX 64
#define STEPS_MAX 64

void policy_keep_init(struct policy_keep *k)
{
	*k = (struct policy_keep){ .store = policy_store_new(), .text = BUF_INIT(CONFIG_ADDRESS_MAX) };
}

void policy_keep_free(struct policy_keep *k)
{
	policy_hashes_free(&k->expressions);
	buf_free(&k->text);
	policy_store_free(k->store);
	*k = (struct policy_keep){ .store = NULL };
}

size_t policy_keep_key_length(const char *s)
{
	bool quoted = false;
	size_t n = 0;

	if (*s != '[')
		return 0;
	for (; s[n] != '\0' && (quoted || s[n] != ']'); n++) {
		if (s[n] == '\\' && quoted && s[n + 1] != '\0')
			n++;
		else if (s[n] == '"')
			quoted = !quoted;
	}
	return s[n] == ']' ? n + 1 : 0;
}

/* The length of the module's address at the start of a resource's, as module.a["k"].module.b. names, if not NULL, gets
 * it without keys. */
static size_t module_length(const char *address, struct buf *names)
{
	size_t len = 0, at = 0;

	while (strncmp(address + at, "module.", 7) == 0) {
		size_t name = at + 7, end = name + strcspn(address + name, ".["),
			key = policy_keep_key_length(address + end);

		if (address[end + key] != '.')
			break;
		if (names != NULL && (buf_append(names, ".", names->len > 0) != 0 ||
			buf_append(names, address + at, end - at) != 0))
			break;
		len = end + key;
		at = len + 1;
	}
	return len;
}

/* The address of a resource in the configuration. */
static const char *config_of_change(struct policy_keep *k, const struct resource_change *change)
{
	struct buf *text = &k->text;

	buf_clear(text);
	module_length(change->address, text);
	if (buf_append(text, ".", text->len > 0) != 0 || (change->data && buf_append(text, "data.", 5) != 0) ||
		buf_append(text, change->type, strlen(change->type)) != 0 || buf_append(text, ".", 1) != 0 ||
		buf_append(text, change->name, strlen(change->name)) != 0)
		buf_clear(text);	/* too long to be anyone's: nothing refers to it */
	return buf_text(text);
}

struct policy_kept *policy_keep_node(struct policy_keep *k, const struct policy_node *node)
{
	struct policy_kept *kept = policy_store_get(k->store, sizeof(*kept));

	kept->address = policy_store_text(k->store, node->address, strlen(node->address));
	kept->type = policy_store_word(k->store, node->type.name);
	kept->config = policy_store_word(k->store, node->change != NULL ? config_of_change(k, node->change) : "");
	kept->managed = node->type.managed;
	kept->tagged = node->type.tagged;
	size_t module = node->change != NULL ? module_length(node->address, NULL) : 0;

	kept->module_len = module < UINT16_MAX ? (uint16_t)module : 0;
	kept->number = (uint32_t)k->count++;
	if (k->last != NULL)
		k->last->next = kept;
	else
		k->first = kept;
	k->last = kept;
	return kept;
}

struct policy_pending *policy_keep_pending(struct policy_keep *k, struct policy_kept *kept, uint32_t policy,
	const uint8_t *states, size_t leaf_count)
{
	struct policy_pending *p = policy_store_get(k->store, sizeof(*p) + leaf_count);

	p->policy = policy;
	if (leaf_count > 0)
		memcpy(p->states, states, leaf_count);
	p->next = kept->pending;
	kept->pending = p;
	return p;
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

static uint64_t resource_hash(const struct policy_keep *k, const char *config)
{
	return policy_store_hash(k->store, 1, config, strlen(config));
}

void policy_keep_hash_place(struct policy_keep *k, const struct policy_node *node, const struct value *part,
	struct policy_hashed_place *out)
{
	struct value_step steps[STEPS_MAX];
	int found = find_place(node->unknown, part, steps, 0);
	uint64_t hash = node->change != NULL ? resource_hash(k, config_of_change(k, node->change)) : 0;

	out->depth = found < 0 ? 0 : found > PLACE_DEPTH ? PLACE_DEPTH : (size_t)found;
	for (size_t s = 0; s < out->depth; s++) {
		hash = steps[s].key != NULL ? policy_store_hash(k->store, hash, steps[s].key, steps[s].len) :
			policy_store_hash_index(k->store, hash, steps[s].index);
		out->hashes[s] = hash;
		policy_hashes_add(&k->expressions, hash);
	}
}

void policy_keep_places(struct policy_keep *k, struct policy_pending *pending, const struct policy_condition *c,
	const struct policy_leaf *leaf, const struct policy_node *node)
{
	for (size_t i = 0; i < leaf->place_count; i++) {
		struct policy_hashed_place hashed;

		policy_keep_hash_place(k, node, leaf->places[i], &hashed);
		struct policy_place *place = policy_store_get(k->store,
			sizeof(*place) + hashed.depth * sizeof(place->hashes[0]));

		place->leaf = (uint16_t)c->leaf;
		place->depth = (uint8_t)hashed.depth;
		memcpy(place->hashes, hashed.hashes, hashed.depth * sizeof(place->hashes[0]));
		place->next = pending->places;
		pending->places = place;
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

static const char *config_of_item(struct policy_keep *k, const struct plan_item *item, const char *name)
{
	struct buf *text = &k->text;
	bool fits = true;

	buf_clear(text);
	for (size_t i = 0; i < item->module_count && fits; i++)
		fits = buf_append(text, ".", i > 0) == 0 && buf_append(text, "module.", 7) == 0 &&
			buf_append(text, item->modules[i], strlen(item->modules[i])) == 0;
	if (fits && *name != '\0')
		fits = buf_append(text, ".", text->len > 0) == 0 && buf_append(text, name, strlen(name)) == 0;
	if (!fits)
		buf_clear(text);
	return buf_text(text);
}

const char *policy_keep_config(struct policy_keep *k, const struct plan_item *item, const char *name)
{
	return policy_store_word(k->store, config_of_item(k, item, name));
}

const char *policy_keep_config_of_node(struct policy_keep *k, const struct plan_item *item, const char *name)
{
	const char *text = config_of_item(k, item, name);

	return !k->resources_seen || policy_store_has_word(k->store, text) ? policy_store_word(k->store, text) : NULL;
}

void policy_keep_references(struct policy_keep *k, const struct plan_item *item)
{
	const char *address = value_text(value_get(item->value, "address"), NULL);

	if (address != NULL && (!k->resources_seen || k->expressions.count > 0))
		keep_expressions(k, value_get(item->value, "expressions"), resource_hash(k,
			config_of_item(k, item, address)));
}

bool policy_keep_refers(const struct policy_keep *k, const uint64_t *hashes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (policy_hashes_marked(&k->expressions, hashes[i]))
			return true;
	}
	return false;
}

enum truth policy_keep_truth(const struct policy_keep *k, const struct policy_pending *pending,
	const struct policy_condition *c)
{
	enum policy_leaf_state state = pending->states[c->leaf];
	bool all = state == LEAF_TRUE_IF_ALL || state == LEAF_FALSE_IF_ALL;

	if (!policy_leaf_depends(state))
		return policy_leaf_truth(state, false);
	for (const struct policy_place *p = pending->places; p != NULL; p = p->next) {
		if (p->leaf == c->leaf && policy_keep_refers(k, p->hashes, p->depth) != all)
			return policy_leaf_truth(state, !all);
	}
	return policy_leaf_truth(state, all);
}

uint64_t policy_keep_block(const struct policy_keep *k, uint64_t above, const char *key, size_t len, size_t index)
{
	return policy_store_hash_index(k->store, policy_store_hash(k->store, above, key, len), index);
}

struct blocks {
	uint32_t hashes[BLOCKS_MAX];
	size_t count;
	bool overflow;
};

static void find_blocks(const struct policy_keep *k, const struct value *object, uint64_t above, struct blocks *b)
{
	for (const struct value *member = value_first(object); member != NULL; member = value_next(member)) {
		size_t index = 0, len;
		const char *key = value_key(member, &len);

		if (value_type(member) != VALUE_ARRAY)
			continue;
		for (const struct value *e = value_first(member); e != NULL; e = value_next(e), index++) {
			if (value_type(e) != VALUE_OBJECT)
				continue;
			uint64_t hash = policy_keep_block(k, above, key, len, index);

			if (b->count == BLOCKS_MAX) {
				b->overflow = true;
				return;
			}
			b->hashes[b->count++] = (uint32_t)hash;
			find_blocks(k, e, hash, b);
		}
	}
}

void policy_keep_blocks(struct policy_keep *k, struct policy_kept *kept, const struct policy_node *node)
{
	struct blocks b = { .count = 0 };

	if (kept->blocks != NULL || kept->block_count > 0 || node->provider)
		return;
	find_blocks(k, node->values, 0, &b);
	if (b.overflow) {
		kept->block_count = UINT16_MAX;
		return;
	}
	uint32_t *copy = policy_store_get(k->store, b.count * sizeof(*copy) + sizeof(*copy));

	memcpy(copy, b.hashes, b.count * sizeof(*copy));
	kept->blocks = copy;
	kept->block_count = (uint16_t)b.count;
}
