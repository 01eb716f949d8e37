/* Compiling a definition: what policy_block.c and policy_condition.c share. */
#ifndef PLANSPOOL_CHECKS_POLICY_COMPILER_H
#define PLANSPOOL_CHECKS_POLICY_COMPILER_H

#include "checks/policy.h"

struct policy_compiler {
	struct policy *policy;
	struct faults *faults;
	const char *file;
};

/* Python's truth of a value in the file; false for NULL. */
bool policy_doc_truthy(const struct doc_node *node);

/* Warns about each key of a mapping that is not known (NULL-terminated), with the nearest one that is. */
void policy_warn_keys(const struct doc_node *node, const char *const *known, const char *file, struct faults *faults);

/* Compiles a condition into b, and counts it as a leaf of the policy. 0, or -1 with faults. */
int policy_compile_condition(struct policy_compiler *c, struct policy_block *b, const struct doc_node *node);
void policy_condition_free(struct policy_condition *c);

#endif
