/* Three-valued logic over blocks, with errors as a fourth value.
 *
 * Contract: and is false if any child is false, else unknown if any is, else true; or is its dual; not swaps.
 * Evaluation goes from left to right and stops at the first false of an and, the first true of an or; an error that was
 * reached before is the result. Depth is bounded by POLICY_DEPTH at loading. */
#include "checks/policy_logic.h"

enum truth policy_logic(const struct policy_block *b, policy_logic_leaf_fn *leaf, void *context)
{
	enum truth result, stop;

	switch (b->kind) {
	case BLOCK_CONDITION:
		return leaf(context, b->condition);
	case BLOCK_NOT:
		return truth_not(policy_logic(b->children[0], leaf, context));
	case BLOCK_AND:
	case BLOCK_OR:
		break;
	}
	stop = b->kind == BLOCK_AND ? TRUTH_FALSE : TRUTH_TRUE;
	result = truth_not(stop);
	for (size_t i = 0; i < b->count; i++) {
		enum truth t = policy_logic(b->children[i], leaf, context);

		if (t == stop || t == TRUTH_ERROR)
			return t;
		if (t == TRUTH_UNKNOWN)
			result = t;
	}
	return result;
}

const struct policy_condition *policy_logic_culprit(const struct policy_block *b, enum truth wanted,
	policy_logic_leaf_fn *leaf, void *context, bool *inverted)
{
	*inverted = false;
	if (b->kind == BLOCK_CONDITION)
		return leaf(context, b->condition) == wanted ? b->condition : NULL;
	if (b->kind == BLOCK_NOT) {
		const struct policy_condition *c = policy_logic_culprit(b->children[0], truth_not(wanted), leaf,
			context, inverted);

		*inverted = !*inverted;
		return c;
	}
	for (size_t i = 0; i < b->count; i++) {
		const struct policy_condition *c;

		if (policy_logic(b->children[i], leaf, context) != wanted)
			continue;
		c = policy_logic_culprit(b->children[i], wanted, leaf, context, inverted);
		if (c != NULL)
			return c;
	}
	return NULL;
}
