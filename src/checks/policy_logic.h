/* and, or and not over the conditions of a policy, for one node (planspool-policies(5), LOGIC). */
#ifndef PLANSPOOL_CHECKS_POLICY_LOGIC_H
#define PLANSPOOL_CHECKS_POLICY_LOGIC_H

#include <stdbool.h>

#include "checks/policy.h"
#include "checks/policy_operator.h"

/* Gives the value of a condition. */
typedef enum truth policy_logic_leaf_fn(void *context, const struct policy_condition *c);

/* The value of a block without connections below. Conditions are asked for from left to right, and no more of them than
 * needed. */
enum truth policy_logic(const struct policy_block *b, policy_logic_leaf_fn *leaf, void *context);

/* The condition that made a block what it is: false (wanted FALSE), or its error or unknown. *inverted says whether an
 * odd number of nots stands above it. NULL if there is none. */
const struct policy_condition *policy_logic_culprit(const struct policy_block *b, enum truth wanted,
	policy_logic_leaf_fn *leaf, void *context, bool *inverted);

#endif
