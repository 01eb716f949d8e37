/* What waits for the configuration: references that decide whether an unknown attribute exists, and records of nodes
 * for policies with connections. */
#ifndef PLANSPOOL_CHECKS_POLICY_KEEP_H
#define PLANSPOOL_CHECKS_POLICY_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "checks/policy_leaf.h"
#include "plan/reader.h"
#include "checks/policy_store.h"

#define PLACE_DEPTH 6	/* steps of a place that are kept: an expression is rarely deeper */

/* An unknown place in a node, as the hashes of the expressions that may compute it: itself and all above. */
struct policy_hashed_place {
	size_t depth;
	uint64_t hashes[PLACE_DEPTH];
};

/* The same in a record. */
struct policy_place {
	struct policy_place *next;
	uint16_t leaf;
	uint8_t depth;
	uint64_t hashes[];
};

/* One policy on one node, with the states of all of the policy's conditions. */
struct policy_pending {
	struct policy_pending *next;	/* of the same node */
	struct policy_place *places;
	uint32_t policy;
	uint8_t states[];		/* enum policy_leaf_state */
};

struct policy_kept {
	struct policy_kept *next;	/* in the order of the plan */
	const char *address;
	const char *type;		/* interned, as in struct policy_type */
	const char *config;		/* interned: the address in the configuration, module.a.aws_vpc.v */
	struct policy_pending *pending;
	const uint32_t *blocks;		/* for connections: hashes of the blocks that it has */
	uint16_t module_len;		/* of the module's address at the start of address */
	uint16_t block_count;
	bool managed, tagged;
	uint32_t number;		/* from 0, in the order of the plan */
};

struct policy_keep {
	struct policy_store *store;
	struct policy_kept *first, *last;
	size_t count;
	/* Expressions that are asked for; marked are those that refer to something. When the configuration comes before
	 * the resources, all that refer are put in. */
	struct policy_hashes expressions;
	bool resources_seen;
	struct buf text;
};

void policy_keep_init(struct policy_keep *k);
void policy_keep_free(struct policy_keep *k);

/* The record of a node, made when there is none yet for this item. */
struct policy_kept *policy_keep_node(struct policy_keep *k, const struct policy_node *node);
/* Adds one policy; states has leaf_count entries and is copied. */
struct policy_pending *policy_keep_pending(struct policy_keep *k, struct policy_kept *kept, uint32_t policy,
	const uint8_t *states, size_t leaf_count);
/* Adds the places on which a condition depends. */
void policy_keep_places(struct policy_keep *k, struct policy_pending *pending, const struct policy_condition *c,
	const struct policy_leaf *leaf, const struct policy_node *node);
/* Remembers which blocks the node has. */
void policy_keep_blocks(struct policy_keep *k, struct policy_kept *kept, const struct policy_node *node);

/* Finds and hashes the place of a part of after_unknown, and remembers that its references are asked for. */
void policy_keep_hash_place(struct policy_keep *k, const struct policy_node *node, const struct value *part,
	struct policy_hashed_place *out);
/* Whether one of these expressions refers to something. */
bool policy_keep_refers(const struct policy_keep *k, const uint64_t *hashes, size_t count);

/* A resource of the configuration: remembers which of its expressions refer to something (planspool-policies(5),
 * UNKNOWN VALUES). */
void policy_keep_references(struct policy_keep *k, const struct plan_item *item);
/* The address of what a configuration item is in: module.a.module.b, and name behind it. Interned. */
const char *policy_keep_config(struct policy_keep *k, const struct plan_item *item, const char *name);
/* The same for a resource, or NULL when no node that matters comes from it. */
const char *policy_keep_config_of_node(struct policy_keep *k, const struct plan_item *item, const char *name);

/* The value of a condition, now that all references are known. */
enum truth policy_keep_truth(const struct policy_keep *k, const struct policy_pending *pending,
	const struct policy_condition *c);

/* A pending policy as the context of a policy_logic_leaf_fn. */
struct policy_then {
	const struct policy_keep *keep;
	const struct policy_pending *pending;
};

/* The length of an instance key in brackets at the start of s, 0 if there is none; keys in quotes may hold anything. */
size_t policy_keep_key_length(const char *s);

/* Hashes of blocks: of the one that stands under key at index within above (0: the resource). */
uint64_t policy_keep_block(const struct policy_keep *k, uint64_t above, const char *key, size_t len, size_t index);

#endif
