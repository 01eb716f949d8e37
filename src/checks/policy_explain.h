/* A policy in words, for people who ask what it means. */
#ifndef PLANSPOOL_CHECKS_POLICY_EXPLAIN_H
#define PLANSPOOL_CHECKS_POLICY_EXPLAIN_H

#include "base/config.h"
#include "base/faults.h"
#include "checks/policy.h"

/* What it asks, of which resources, and what values mean that are known only after apply; then what was probably not
 * meant, if anything. Lines of text, the policy's own words in it escaped. Allocated. */
char *policy_explain(const struct policy *p);

/* Adds the policies of all checks of an endpoint to the set. 0, or -1 when there was an error; faults then has it. */
int policy_explain_load(struct policy_set *set, const struct config *config, const struct config_endpoint *endpoint,
	struct faults *faults);

#endif
