/* Verdicts that wait for references of the configuration: one record for each resource that has some. */
#ifndef PLANSPOOL_CHECKS_POLICY_WAIT_H
#define PLANSPOOL_CHECKS_POLICY_WAIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "checks/policy_facts.h"

struct policy_waits {
	struct policy_pool pool;
	struct policy_ledger ledger;
	struct buf nodes;	/* numbers of their records */
	struct buf policies;	/* of the node that goes by */
};

/* One verdict. */
struct policy_wait {
	uint32_t policy;	/* its number in the set */
	const char *address;
	const struct policy_known *known;
	const struct policy_facts *facts;
};

void policy_waits_init(struct policy_waits *w, struct policy_computed *computed);
void policy_waits_free(struct policy_waits *w);

/* Adds a verdict of policy (its number in the set) on a node; leaves are the states of all of its conditions. */
void policy_wait_add(struct policy_waits *w, const struct policy_node *node, uint32_t number,
	const struct policy *policy, const struct policy_leaf *leaves);
/* The node is done: makes its record if anything was added. */
void policy_waits_node(struct policy_waits *w, const struct policy_node *node);

/* Calls visit for each, in the order they were added. */
typedef void policy_wait_fn(void *context, const struct policy_wait *w);
void policy_waits_each(const struct policy_waits *w, policy_wait_fn *visit, void *context);

#endif
