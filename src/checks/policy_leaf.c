/* Evaluates one condition on one node: finding what its path selects, applying the operator, joining the results.
 *
 * Contract: planspool-policies(5), PATHS and OPERATORS, with unknown values known from after_unknown (A 2). A condition
 * is false for nodes of other types, but what is unknown is unknown before types are looked at, as in Checkov.
 *
 * An unknown value that the configuration computes by a reference exists; without a reference nobody knows. Since the
 * configuration comes after the resources, such a result says on which places it depends (enum policy_leaf_state) and
 * is decided later. The empty text as the policy's value asks the same in other words: not_equals "" is true for any
 * reference. */
#include "checks/policy_leaf.h"

#include <string.h>

#include "checks/policy_operators.h"
#include "checks/policy_path.h"
#include "checks/policy_text.h"

/* Stands for the text of a reference where only that there is one matters. */
static const char reference_text[] = "reference";

bool policy_leaf_depends(enum policy_leaf_state s)
{
	return s >= LEAF_TRUE_IF_ANY;
}

enum truth policy_leaf_truth(enum policy_leaf_state s, bool references)
{
	switch (s) {
	case LEAF_FALSE:
		return TRUTH_FALSE;
	case LEAF_TRUE:
		return TRUTH_TRUE;
	case LEAF_ERROR:
		return TRUTH_ERROR;
	case LEAF_TRUE_IF_ANY:
	case LEAF_TRUE_IF_ALL:
		return references ? TRUTH_TRUE : TRUTH_UNKNOWN;
	case LEAF_FALSE_IF_ANY:
	case LEAF_FALSE_IF_ALL:
		return references ? TRUTH_FALSE : TRUTH_UNKNOWN;
	default:
		return TRUTH_UNKNOWN;
	}
}

static enum policy_leaf_state state_of(enum truth t)
{
	switch (t) {
	case TRUTH_FALSE:
		return LEAF_FALSE;
	case TRUTH_TRUE:
		return LEAF_TRUE;
	case TRUTH_ERROR:
		return LEAF_ERROR;
	default:
		return LEAF_UNKNOWN;
	}
}

/* Selected values on their way to one result. */
struct joining {
	const struct policy_condition *condition;
	const struct policy_node *node;
	struct policy_leaf *out;
	bool type_fits;
	bool all;			/* must satisfy it; else one is enough */
	bool selected, decided, unknown;
	bool error;			/* of JSONPath, one could not be judged: counts unless another decides, since the order of
					 * an object's members decides nothing */
	enum truth result, if_reference;
};

/* The empty text as the policy's value: it asks of an unknown value whether a reference computes it. */
static bool asks_empty(const struct policy_condition *c)
{
	return c->value.view.type == VIEW_STRING && c->value.text_len == 0;
}

/* An unknown value whose existence is asked for. */
static void join_place(struct joining *j, const struct view *v)
{
	const struct policy_condition *c = j->condition;
	struct view text = view_text(reference_text, sizeof(reference_text) - 1);
	const char *why = NULL;
	enum truth t = policy_operator_apply(c->operator, &text, &c->value, policy_scratch_workspace(j->node->scratch),
		&why);

	if (t != TRUTH_TRUE && t != TRUTH_FALSE) {
		j->unknown = true;
		return;
	}
	j->if_reference = t;
	if (j->out->place_count < LEAF_PLACES)
		j->out->places[j->out->place_count] = v->mask;
	j->out->place_count++;
}

static bool join(void *context, const struct view *v, bool under)
{
	struct joining *j = context;
	const struct policy_condition *c = j->condition;

	j->selected = true;
	if (j->decided)
		return true;
	if (under) {
		j->unknown = true;
		return true;
	}
	if (v->type == VIEW_UNKNOWN && c->operator->fn != policy_op_any) {
		if (c->operator->looks && !asks_empty(c))
			j->unknown = true;
		else if (j->type_fits)
			join_place(j, v);
		else if (j->all)
			j->decided = true;	/* as false */
		return true;
	}
	enum truth t = TRUTH_FALSE;

	if (j->type_fits)
		t = policy_operator_apply(c->operator, v, &c->value, policy_scratch_workspace(j->node->scratch),
			&j->out->why);
	if (t == TRUTH_UNKNOWN) {
		j->unknown = true;
	} else if (t == TRUTH_ERROR && c->jsonpath != NULL) {
		j->error = true;
	} else if (t == TRUTH_ERROR || t == (j->all ? TRUTH_FALSE : TRUTH_TRUE)) {
		j->decided = true;
		j->result = t;
	}
	return true;
}

static enum policy_leaf_state joined(struct joining *j)
{
	/* Some of too many would be those that stand first. */
	bool too_many = j->out->place_count > LEAF_PLACES, places = j->out->place_count > 0 && !too_many;
	bool if_true = j->if_reference == TRUTH_TRUE;

	if (j->decided)
		return state_of(j->result);
	if (j->error)
		return LEAF_ERROR;
	if (j->all && !j->type_fits)
		return LEAF_FALSE;
	if (!places)
		return j->unknown || too_many ? LEAF_UNKNOWN : j->all ? LEAF_TRUE : LEAF_FALSE;
	/* One place decides when what it says is what ends the joining; else all of them must be known. */
	if (if_true != j->all)
		return if_true ? LEAF_TRUE_IF_ANY : LEAF_FALSE_IF_ANY;
	if (j->unknown)
		return LEAF_UNKNOWN;
	return if_true ? LEAF_TRUE_IF_ALL : LEAF_FALSE_IF_ALL;
}

/* Whether what stands before the first * is unknown: then all is, existence too. */
static bool unknown_before_star(const struct policy_condition *c, const struct view *root)
{
	bool under;

	return policy_path_find(root, c->attribute, (size_t)(strstr(c->attribute, ".*") - c->attribute), &under).type ==
		VIEW_UNKNOWN;
}

static void evaluate_attribute(const struct policy_condition *c, const struct policy_node *node,
	struct policy_leaf *out)
{
	struct joining j = {
		.condition = c, .node = node, .out = out, .type_fits = policy_types_match(&c->types, &node->type),
		.all = c->jsonpath != NULL || (c->wildcard && c->operator->every),
		.result = TRUTH_FALSE,
	};
	struct view root = view_root(node), v = view_missing;
	bool under = false;

	if (c->jsonpath != NULL) {
		if (policy_jsonpath_walk(c->jsonpath, &root, policy_scratch_workspace(node->scratch), join, &j,
			&out->why) != 0) {
			out->state = LEAF_ERROR;
			return;
		}
	} else if (c->wildcard) {
		if (!asks_empty(c) && unknown_before_star(c, &root)) {
			out->state = LEAF_UNKNOWN;
			return;
		}
		policy_path_select(&root, c->attribute, join, &j);
	} else {
		v = policy_path_find(&root, c->attribute, strlen(c->attribute), &under);
		join(&j, &v, under);
	}
	if (!j.selected)
		join(&j, &view_missing, false);
	out->state = joined(&j);
	if (!policy_leaf_depends(out->state))
		out->place_count = 0;
}

static enum truth evaluate_filter(const struct policy_condition *c, const struct policy_node *node, const char **why)
{
	struct view root = view_root(node);
	bool under = false;
	struct view v = c->node_type ? view_text(node->type.name, strlen(node->type.name)) :
		policy_path_find(&root, c->attribute, strlen(c->attribute), &under);

	if (v.type == VIEW_UNKNOWN)
		return TRUTH_UNKNOWN;
	if (!view_truthy(&v))
		return TRUTH_FALSE;
	return policy_op_within(&v, &c->value, policy_scratch_workspace(node->scratch), why);
}

/* A filter alone is an error for what it names. */
static void evaluate_hopeless(const struct policy_condition *c, const struct policy_node *node, struct policy_leaf *out)
{
	out->state = LEAF_ERROR;
	if (c->kind == CONDITION_FILTER && evaluate_filter(c, node, &out->why) != TRUTH_TRUE)
		out->state = LEAF_UNSET;
	out->why = c->hopeless;
}

void policy_leaf_evaluate(const struct policy_condition *c, const struct policy_node *node, struct policy_leaf *out)
{
	const char *trouble;

	out->state = LEAF_UNKNOWN;
	out->why = NULL;
	out->place_count = 0;
	policy_node_trouble(node);	/* what others met */
	policy_scratch_workspace(node->scratch)->text_left = POLICY_TEXT_MAX;
	policy_matcher_refill(policy_scratch_workspace(node->scratch)->matcher);
	if (c->hopeless != NULL) {
		evaluate_hopeless(c, node, out);
		return;
	}
	switch (c->kind) {
	case CONDITION_ATTRIBUTE:
		evaluate_attribute(c, node, out);
		break;
	case CONDITION_FILTER:
		out->state = state_of(evaluate_filter(c, node, &out->why));
		break;
	case CONDITION_RESOURCE:
		/* Inside of blocks: false for every node, and not_exists true (planspool-policies(5), LOGIC). */
		out->state = c->connection == CONNECTION_NOT_EXISTS ? LEAF_TRUE : LEAF_FALSE;
		break;
	case CONDITION_CONNECTION:
		break;
	}
	trouble = policy_node_trouble(node);
	if (trouble != NULL && policy_types_match(&c->types, &node->type))
		*out = (struct policy_leaf){ .state = LEAF_ERROR, .why = trouble };
}
