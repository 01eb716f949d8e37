/* A policy in words, for people who ask what it means. */
#ifndef PLANSPOOL_CHECKS_POLICY_EXPLAIN_H
#define PLANSPOOL_CHECKS_POLICY_EXPLAIN_H

#include "checks/policy.h"

/* What it asks, of which resources, and what values mean that are known only after apply; then what was probably not
 * meant, if anything. Lines of text, the policy's own words in it escaped. Allocated. */
char *policy_explain(const struct policy *p);

#endif
