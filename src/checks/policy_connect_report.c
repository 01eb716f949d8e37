/* Verdicts of policies with connections in words.
 *
 * Contract: a reason names the condition on the node itself that made it what it is, in the sense it has there (below a
 * not the other way round), or else the connection. Values are gone by then, so none is shown. */
#include "checks/policy_connect_parts.h"

#include <stdlib.h>

#include "base/mem.h"
#include "checks/policy_logic.h"

/* The condition on the node's own attributes, or the filter, that made it what it is; NULL if none did. */
static const struct policy_condition *culprit(const struct connecting *c, const struct policy_block *b,
	const struct part *part, struct subject *s, enum truth wanted, bool *inverted)
{
	const struct policy_condition *found = NULL;

	*inverted = false;
	for (size_t i = 0; i < b->count && found == NULL; i++) {
		const struct policy_block *child = b->children[i];
		const struct policy_condition *f = child->condition;

		if (child->connects)
			found = culprit(c, child, part, s, wanted, inverted);
		else if (f != NULL && f->kind == CONDITION_FILTER)
			found = wanted != TRUTH_FALSE && connecting_truth(s, f) == wanted ? f : NULL;
		else if (connecting_about_attributes(child) && connecting_matches(c, &child->types, part) &&
			policy_logic(child, connecting_truth, s) == wanted)
			found = policy_logic_culprit(child, wanted, connecting_truth, s, inverted);
	}
	return found;
}

/* What a node has most likely got its verdict for: a condition on itself, or else the connection. */
static char *reason_of(const struct connecting *c, const struct part *part, struct subject *s, enum truth wanted)
{
	bool inverted;
	const struct policy_condition *found = culprit(c, c->policy->root, part, s, wanted, &inverted);
	/* So that a condition of another type is called that; its values are gone. */
	struct policy_node other = { .type = connecting_type(c, part) };

	for (size_t i = 0; i < c->policy->leaf_count && found == NULL && wanted != TRUTH_ERROR; i++) {
		const struct policy_condition *l = c->policy->leaves[i];

		if (l->kind == CONDITION_CONNECTION &&
			(connecting_matches(c, &l->types, part) || connecting_matches(c, &l->connected, part)))
			found = l;
	}
	if (found == NULL)
		return wanted == TRUTH_ERROR ? xstrdup("a condition cannot be applied to what it is connected to") : NULL;
	if (wanted == TRUTH_FALSE)
		return policy_reason(found, inverted, connecting_matches(c, &found->types, part) ? NULL : &other);
	return wanted == TRUTH_UNKNOWN ? policy_reason_unknown(found) :
		policy_reason_error(found, policy_facts_why(&s->records->ledger, s->facts, found));
}

void connecting_report(const struct connecting *c, const struct part *part, uint32_t i, enum truth verdict,
	const struct policy_reporter *r, struct buf *address)
{
	struct subject s = connecting_subject(c, part, i);
	char *reason = verdict == TRUTH_TRUE ? NULL : reason_of(c, part, &s, verdict);

	policy_record_address(c->records, s.node, address);
	policy_report(r, c->policy, buf_text(address), verdict, reason);
	free(reason);
}
