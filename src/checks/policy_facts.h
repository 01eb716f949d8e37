/* What the conditions of policies came to on nodes, until the references of the configuration are known. */
#ifndef PLANSPOOL_CHECKS_POLICY_FACTS_H
#define PLANSPOOL_CHECKS_POLICY_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "checks/policy_computed.h"
#include "checks/policy_pool.h"

/* One policy on one node: shared by all nodes that are alike. */
struct policy_facts;

struct policy_ledger {
	struct policy_computed *computed;
	struct policy_pool *pool;
	uint32_t *all;			/* records of all facts there are */
	uint32_t count, room;
	struct policy_map by_record;
	/* Of the node that goes by. */
	struct buf list, one, places;
	struct policy_map placed;
};

/* All that is known of a node: shared records, or 0 for no places. */
struct policy_known {
	uint64_t config;	/* hash of its address in the configuration; 0: a provider block, which has none */
	uint32_t list;		/* which facts, one for each policy */
	uint32_t places;	/* unknown ones */
};

void policy_ledger_init(struct policy_ledger *l, struct policy_computed *computed, struct policy_pool *pool);
void policy_ledger_free(struct policy_ledger *l);
/* Adds what the conditions of a policy came to on a node, in leaves. Its index among the facts of the node. */
uint32_t policy_ledger_add(struct policy_ledger *l, const struct policy_node *node, const struct policy *policy,
	const struct policy_leaf *leaves);
/* Ends the node. list is 0 if nothing was added. */
struct policy_known policy_ledger_node(struct policy_ledger *l, const struct policy_node *node);

/* The facts of a node that has count of them. */
const struct policy_facts *policy_ledger_facts(const struct policy_ledger *l, uint32_t list, size_t count, uint32_t index);
/* The value of a condition on a node, now that all references are known. */
enum truth policy_facts_truth(const struct policy_ledger *l, const struct policy_known *known,
	const struct policy_facts *facts, const struct policy_condition *c);
/* Why it is an error: NULL if nothing was said. */
const char *policy_facts_why(const struct policy_ledger *l, const struct policy_facts *facts,
	const struct policy_condition *c);

#endif
