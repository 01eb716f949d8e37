/* Verdicts that wait for references of the configuration: one packed record each. */
#ifndef PLANSPOOL_CHECKS_POLICY_WAIT_H
#define PLANSPOOL_CHECKS_POLICY_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/policy_keep.h"

struct policy_waits {
	struct policy_wait_block *first, *last;
	char *address;		/* of the record that was added last */
	size_t count, size;	/* records; bytes */
};

/* A record, unpacked; points into it. */
struct policy_wait {
	const char *address;
	uint32_t policy;
	const uint8_t *states;
	const unsigned char *places;
	uint16_t place_count;
};

void policy_waits_free(struct policy_waits *w);

/* Adds a verdict of policy (its number in the set) on a node; leaves are the states of all of its conditions. */
void policy_wait_add(struct policy_waits *w, struct policy_keep *k, const struct policy_node *node, uint32_t number,
	const struct policy *policy, const struct policy_leaf *leaves);

/* Calls visit for each, in the order they were added. leaf_count gives the number of a policy's conditions. */
typedef void policy_wait_fn(void *context, const struct policy_wait *w);
typedef size_t policy_wait_leaves_fn(void *context, uint32_t policy);
void policy_waits_each(const struct policy_waits *w, policy_wait_leaves_fn *leaf_count, policy_wait_fn *visit,
	void *context);

/* The value of a condition, now that all references are known. */
enum truth policy_wait_truth(const struct policy_keep *k, const struct policy_wait *w,
	const struct policy_condition *c);

/* Why a condition is an error; "" if it is none. leaf_count is the number of the policy's conditions. */
const char *policy_wait_why(const struct policy_wait *w, size_t leaf_count, const struct policy_condition *c);

#endif
