/* References of the configuration that decide whether an unknown attribute exists. */
#ifndef PLANSPOOL_CHECKS_POLICY_KEEP_H
#define PLANSPOOL_CHECKS_POLICY_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/policy_leaf.h"
#include "checks/policy_store.h"
#include "plan/reader.h"

#define PLACE_DEPTH 6	/* steps of a place that are kept: an expression is rarely deeper */

/* An unknown place in a node, as the hashes of the expressions that may compute it: itself and all above. */
struct policy_hashed_place {
	size_t depth;
	uint64_t hashes[PLACE_DEPTH];
};

struct policy_keep {
	struct policy_store *store;
	/* Expressions that are asked for; marked are those that refer to something. When the configuration comes before
	 * the resources, all that refer are put in. */
	struct policy_hashes expressions;
	bool resources_seen;
};

void policy_keep_init(struct policy_keep *k);
void policy_keep_free(struct policy_keep *k);

/* Finds and hashes the place of a part of after_unknown, and remembers that its references are asked for. */
void policy_keep_hash_place(struct policy_keep *k, const struct policy_node *node, const struct value *part,
	struct policy_hashed_place *out);
/* Whether one of these expressions refers to something. */
bool policy_keep_refers(const struct policy_keep *k, const uint64_t *hashes, size_t count);

/* A resource of the configuration: remembers which of its expressions refer to something (planspool-policies(5),
 * UNKNOWN VALUES). */
void policy_keep_references(struct policy_keep *k, const struct plan_item *item);

#endif
