/* References of the configuration that decide whether an unknown attribute exists. */
#ifndef PLANSPOOL_CHECKS_POLICY_COMPUTED_H
#define PLANSPOOL_CHECKS_POLICY_COMPUTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "checks/policy_leaf.h"
#include "checks/policy_pool.h"
#include "plan/reader.h"

#define PLACE_DEPTH 6	/* steps of a place that are kept: an expression is rarely deeper */

/* An unknown place in a resource, as the hashes of the expressions that may compute it: itself and all above. They are
 * the same in every resource. */
struct policy_hashed_place {
	size_t depth;
	uint64_t hashes[PLACE_DEPTH];
};

struct policy_computed {
	struct policy_store *store;
	struct policy_pool pool;
	struct policy_hashes asked;	/* places that are asked for, in whatever resource */
	/* For each resource of the configuration the shared record of the places whose expressions refer to something,
	 * sorted. When the resources came first, only for those that are asked for, and only such places. */
	struct policy_map resources;
	struct buf referring;		/* of the one that goes by */
	bool resources_seen;
};

void policy_computed_init(struct policy_computed *c);
void policy_computed_free(struct policy_computed *c);

/* Finds and hashes the place of a part of after_unknown, and remembers that it is asked for. */
void policy_computed_hash_place(struct policy_computed *c, const struct policy_node *node, const struct value *part,
	struct policy_hashed_place *out);
/* Remembers that places are asked for in a resource (the hash of its configuration). */
void policy_computed_ask(struct policy_computed *c, uint64_t config);
/* Whether one of these expressions of a resource refers to something. */
bool policy_computed_refers(const struct policy_computed *c, uint64_t config, const uint64_t *hashes, size_t count);

/* A resource of the configuration: remembers which of its expressions refer to something (planspool-policies(5),
 * UNKNOWN VALUES). */
void policy_computed_references(struct policy_computed *c, const struct plan_item *item);

#endif
