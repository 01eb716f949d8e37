/* The check "policies": what it is compiled to, and one run of it over a plan. */
#ifndef PLANSPOOL_CHECKS_POLICY_RUN_H
#define PLANSPOOL_CHECKS_POLICY_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/check.h"
#include "checks/policy.h"
#include "checks/policy_skip.h"

/* One policy that concerns a type. */
struct policy_type_row {
	const char *type;
	uint32_t policy;
};

struct policies {
	struct policy_set set;
	struct policy_skips skips;
	struct policy_type_row *rows;	/* sorted by type */
	size_t row_count;
	uint32_t *general;		/* policies that concern types which they do not name */
	size_t general_count;
	const char **wanted;		/* types of resource changes, without data. */
	size_t wanted_count;
	bool connects, asks_references, asks_providers;
	size_t leaf_max;		/* conditions of the policy that has most */
};

/* Fills in what follows from set. */
void policies_index(struct policies *p);
void policies_free(struct policies *p);

struct policy_run;
struct policy_run *policy_run_new(const struct policies *p, struct outcomes *outcomes, int64_t now_ms);
void policy_run_free(struct policy_run *r);
/* One item of the plan. The end decides what had to wait. */
void policy_run_item(struct policy_run *r, const struct plan_item *item);

#endif
