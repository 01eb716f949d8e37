/* One run of a set of policies over one plan.
 *
 * Contract: each resource change is evaluated when it comes and then forgotten. Only two things make a record of it: a
 * verdict that a reference in the configuration can still change, and a policy with connections that concerns it. At
 * the end of the plan these are decided. So the order of the plan's sections does not matter, and a set of policies
 * that needs neither keeps nothing.
 *
 * A change that cannot be read is an error outcome of the check: what nobody could look at must not pass. */
#include "checks/policy_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checks/policy_connect.h"
#include "checks/policy_graph.h"
#include "checks/policy_computed.h"
#include "checks/policy_leaf.h"
#include "checks/policy_logic.h"
#include "checks/policy_record.h"
#include "checks/policy_report.h"
#include "checks/policy_wait.h"

struct policy_run {
	const struct policies *policies;
	struct policy_reporter reporter;
	struct policy_scratch *scratch;
	struct policy_computed computed;
	struct policy_waits waits;
	struct policy_records records;
	struct policy_graph graph;
	struct policy_leaf *leaves;	/* of the policy that is being evaluated */
};

/* One policy on one node, now. */
struct evaluation {
	struct policy_run *run;
	const struct policy *policy;
	const struct policy_node *node;
	bool references;	/* supposes that what depends on references has them */
};

struct policy_run *policy_run_new(const struct policies *p, struct outcomes *outcomes, int64_t now_ms)
{
	struct policy_run *r = xcalloc(1, sizeof(*r));

	r->policies = p;
	r->reporter = (struct policy_reporter){ outcomes, &p->skips, now_ms };
	r->scratch = policy_scratch_new();
	policy_computed_init(&r->computed);
	policy_waits_init(&r->waits, &r->computed);
	policy_records_init(&r->records, &r->computed);
	policy_graph_init(&r->graph, &r->records);
	r->leaves = xcalloc(p->leaf_max + 1, sizeof(*r->leaves));
	return r;
}

void policy_run_free(struct policy_run *r)
{
	if (r == NULL)
		return;
	policy_graph_free(&r->graph);
	policy_records_free(&r->records);
	policy_waits_free(&r->waits);
	policy_computed_free(&r->computed);
	policy_scratch_free(r->scratch);
	free(r->leaves);
	free(r);
}

static enum truth leaf_now(void *context, const struct policy_condition *c)
{
	const struct evaluation *e = context;
	struct policy_leaf *leaf = &e->run->leaves[c->leaf];

	if (leaf->state == LEAF_UNSET)
		policy_leaf_evaluate(c, e->node, leaf);
	return policy_leaf_truth(leaf->state, e->references);
}

/* The verdict in words, and out. */
static void report_now(struct evaluation *e, enum truth verdict)
{
	bool inverted;
	char *reason = NULL;

	if (verdict != TRUTH_TRUE) {
		const struct policy_condition *c = policy_logic_culprit(e->policy->root, verdict, leaf_now, e,
			&inverted);

		if (c != NULL && verdict == TRUTH_FALSE)
			reason = policy_reason(c, inverted, e->node);
		else if (c != NULL && verdict == TRUTH_UNKNOWN)
			reason = policy_reason_unknown(c);
		else if (c != NULL)
			reason = policy_reason_error(c, e->run->leaves[c->leaf].why);
	}
	policy_report(&e->run->reporter, e->policy, e->node->address, verdict, reason);
	free(reason);
}

static bool any_depends(const struct policy_run *r, const struct policy *p)
{
	for (size_t i = 0; i < p->leaf_count; i++) {
		if (policy_leaf_depends(r->leaves[i].state))
			return true;
	}
	return false;
}

static void evaluate_all(struct evaluation *e)
{
	for (size_t i = 0; i < e->policy->leaf_count; i++)
		leaf_now(e, e->policy->leaves[i]);
}

/* A list of types that are allowed, or not (planspool-policies(5), CONDITIONS; A 4 there, row 23). Elsewhere no types
 * mean all; here an empty list has no type in it, as in Checkov. */
static void evaluate_resource(struct evaluation *e)
{
	const struct policy_condition *c = e->policy->root->condition;
	bool named = !policy_types_empty(&c->types) && policy_types_match(&c->types, &e->node->type);
	bool deny = c->connection == CONNECTION_NOT_EXISTS;
	char *reason = NULL;

	if (!e->node->type.managed && !(deny && named))
		return;
	/* Checkov's verdict on what a list of forbidden types does not name is unknown. That is nearly every resource, and
	 * tells nobody anything. */
	if (deny && !named && !outcomes_keep_all(e->run->reporter.outcomes))
		return;
	if (named != deny) {
		reason = deny ? policy_reason_unknown(c) : NULL;
		policy_report(&e->run->reporter, e->policy, e->node->address, deny ? TRUTH_UNKNOWN : TRUTH_TRUE,
			reason);
		free(reason);
		return;
	}
	reason = policy_reason(c, false, e->node);
	policy_report(&e->run->reporter, e->policy, e->node->address, TRUTH_FALSE, reason);
	free(reason);
}

static void evaluate(struct policy_run *r, uint32_t number, const struct policy_node *node)
{
	const struct policy *p = r->policies->set.policies[number];
	struct evaluation e = { r, p, node, false };

	if (p->severity == SEVERITY_OFF || !policy_types_match(&p->concerns, &node->type))
		return;
	for (size_t i = 0; i < p->leaf_count; i++)
		r->leaves[i].state = LEAF_UNSET;
	if (p->root->connects) {
		evaluate_all(&e);
		policy_records_add(&r->records, node, number, p, r->leaves);
		return;
	}
	if (p->root->kind == BLOCK_CONDITION && p->root->condition->kind == CONDITION_RESOURCE) {
		evaluate_resource(&e);
		return;
	}
	enum truth verdict = policy_logic(p->root, leaf_now, &e);

	if (p->root->kind == BLOCK_CONDITION && r->leaves[0].state == LEAF_UNSET)
		return;		/* a filter alone, about others */
	if ((verdict == TRUTH_UNKNOWN || verdict == TRUTH_ERROR) && any_depends(r, p)) {
		e.references = true;
		bool differs = policy_logic(p->root, leaf_now, &e) != verdict;

		e.references = false;
		if (differs) {
			evaluate_all(&e);
			policy_wait_add(&r->waits, node, number, p, r->leaves);
			return;
		}
	}
	report_now(&e, verdict);
}

static void on_node(struct policy_run *r, const struct policy_node *node)
{
	const struct policies *p = r->policies;
	size_t low = 0, high = p->row_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(p->rows[middle].type, node->type.name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < p->row_count && strcmp(p->rows[low].type, node->type.name) == 0; low++)
		evaluate(r, p->rows[low].policy, node);
	for (size_t i = 0; i < p->general_count; i++)
		evaluate(r, p->general[i], node);
	policy_waits_node(&r->waits, node);
	policy_records_node(&r->records, node);
}

static void on_change(struct policy_run *r, const struct plan_item *item)
{
	struct resource_change change;
	struct policy_node node;
	const char *what = "";

	r->computed.resources_seen = true;
	if (change_read(item->value, &change, &what) == 0)
		what = change_lacks(&change);
	if (what != NULL) {
		outcomes_check_failed_to_run(r->reporter.outcomes, check_policies.name,
			"a resource change at byte %llu of the plan "
			"cannot be read: %s", (unsigned long long)item->offset, what);
		return;
	}
	if (policy_node_of_change(&node, &change, r->scratch))
		on_node(r, &node);
}

/* A verdict that waited. */
struct decision {
	struct policy_run *run;
	const struct policy_wait *wait;
};

static enum truth leaf_then(void *context, const struct policy_condition *c)
{
	const struct decision *d = context;

	return policy_facts_truth(&d->run->waits.ledger, d->wait->known, d->wait->facts, c);
}

static void decide(void *context, const struct policy_wait *wait)
{
	struct decision *d = context;
	const struct policy *p = d->run->policies->set.policies[wait->policy];
	const struct policy_condition *c = NULL;
	char *reason = NULL;
	bool inverted;

	d->wait = wait;
	enum truth verdict = policy_logic(p->root, leaf_then, d);

	if (verdict != TRUTH_TRUE)
		c = policy_logic_culprit(p->root, verdict, leaf_then, d, &inverted);
	if (c != NULL)
		reason = verdict == TRUTH_FALSE ? policy_reason(c, inverted, NULL) :
			verdict == TRUTH_UNKNOWN ? policy_reason_unknown(c) :
			policy_reason_error(c, policy_facts_why(&d->run->waits.ledger, wait->facts, c));
	policy_report(&d->run->reporter, p, wait->address, verdict, reason);
	free(reason);
}

static void on_end(struct policy_run *r)
{
	const struct policy_set *set = &r->policies->set;
	struct decision d = { r, NULL };

	policy_waits_each(&r->waits, decide, &d);
	if (!r->policies->connects)
		return;
	policy_records_close(&r->records);
	policy_graph_build(&r->graph);
	for (size_t i = 0; i < set->count; i++) {
		if (set->policies[i]->root->connects && set->policies[i]->severity != SEVERITY_OFF)
			policy_connect(set->policies[i], (uint32_t)i, &r->graph, &r->reporter);
	}
	if (r->graph.incomplete)
		outcomes_check_failed_to_run(r->reporter.outcomes, check_policies.name,
			"the configuration has too many references to follow all connections");
}

void policy_run_item(struct policy_run *r, const struct plan_item *item)
{
	struct policy_node node;

	switch (item->kind) {
	case PLAN_RESOURCE_CHANGE:
		on_change(r, item);
		break;
	case PLAN_PROVIDER:
		if (policy_node_of_provider(&node, item, r->scratch))
			on_node(r, &node);
		break;
	case PLAN_CONFIG_RESOURCE:
		if (r->policies->asks_references)
			policy_computed_references(&r->computed, item);
		if (r->policies->connects)
			policy_graph_config(&r->graph, item);
		break;
	case PLAN_CONFIG_CALL:
	case PLAN_CONFIG_OUTPUT:
		if (r->policies->connects)
			policy_graph_config(&r->graph, item);
		break;
	case PLAN_END:
		on_end(r);
		break;
	default:
		break;
	}
}
