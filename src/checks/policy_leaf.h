/* One condition on one node. */
#ifndef PLANSPOOL_CHECKS_POLICY_LEAF_H
#define PLANSPOOL_CHECKS_POLICY_LEAF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/policy.h"
#include "checks/policy_node.h"

#define LEAF_PLACES 32	/* unknown places of one condition whose references decide; of more none is asked for */

/* A result in one byte, for records. The last four depend on references of the configuration: unknown as long as it is
 * not known whether any or all of the places are computed by a reference; then true or false. */
enum policy_leaf_state {
	LEAF_UNSET, LEAF_FALSE, LEAF_TRUE, LEAF_UNKNOWN, LEAF_ERROR,
	LEAF_TRUE_IF_ANY, LEAF_TRUE_IF_ALL, LEAF_FALSE_IF_ANY, LEAF_FALSE_IF_ALL,
};
bool policy_leaf_depends(enum policy_leaf_state s);
/* What it is when references are there, or not. */
enum truth policy_leaf_truth(enum policy_leaf_state s, bool references);

struct policy_leaf {
	enum policy_leaf_state state;
	const char *why;			/* LEAF_ERROR: static, or as long as the node */
	const struct value *places[LEAF_PLACES];	/* parts of after_unknown, when it depends */
	size_t place_count;
};

/* An attribute, filter or resource condition. */
void policy_leaf_evaluate(const struct policy_condition *c, const struct policy_node *node, struct policy_leaf *out);

#endif
