/* Operators of attribute conditions (planspool-policies(5), OPERATORS): one table row each. */
#ifndef PLANSPOOL_CHECKS_POLICY_OPERATOR_H
#define PLANSPOOL_CHECKS_POLICY_OPERATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "checks/policy_view.h"

/* Three values, and a fourth: the operator cannot be applied to this value. */
enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN, TRUTH_ERROR };
enum truth truth_not(enum truth t);
enum truth truth_of(bool b);

/* What a policy file says under value:, prepared once. */
struct policy_regex;
struct policy_nets;
struct policy_ranges;
struct policy_members;
struct policy_operand {
	char *source;			/* for people: text in quotes as it was written, all else as JSON */
	char *json;			/* what was parsed; view points into it and the arena */
	struct value_arena *arena;
	struct view view;
	char *text;			/* text form S(v) */
	size_t text_len;
	struct policy_members *members;	/* of a list or object; else NULL */
	struct policy_regex *regex;	/* for regex operators; NULL when Python rejects it */
	struct policy_ranges *ranges;	/* for range operators */
	struct policy_nets *nets;	/* for cidr operators; NULL when it does not parse */
};

/* Takes over json (allocated, NUL-terminated). -1 when it is no JSON, with what in *why. */
int policy_operand_init(struct policy_operand *v, char *json, const char **why);
void policy_operand_free(struct policy_operand *v);

/* Memory that operators use while they work: one for a run. */
struct policy_workspace {
	struct buf text, json;
	size_t text_left;	/* bytes of text that the condition may still make of containers */
	struct value_arena *arena;
	struct policy_matcher *matcher;
};

/* S(a), as policy_text (checks/policy_text.h), but within text_left: the text of each of many containers inside of each
 * other would take the square of their size. */
int policy_workspace_text(struct policy_workspace *w, const struct view *a, const char **text, size_t *len);

/* Decides whether it holds for a; *why says what cannot be done (TRUTH_ERROR), static text. */
typedef enum truth policy_operator_fn(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why);

struct policy_operator {
	const char *name;
	policy_operator_fn *fn;
	bool negated;		/* the complement of what fn says */
	bool looks;		/* at the value: unknown if that is (all but exists, not_exists and any) */
	bool every;		/* of several selected values all must satisfy it; else one is enough */
	bool valueless;		/* takes no value: */
	const char *must, *must_not;	/* for people: "must equal %s" */
	int (*prepare)(struct policy_operand *v, const char **why);	/* NULL: nothing; see policy_operators.h */
};

/* NULL if there is no operator of that name (without jsonpath_). */
const struct policy_operator *policy_operator_named(const char *name);
/* For a suggestion: the nearest name, or NULL. */
const char *policy_operator_nearest(const char *name);

/* Applies one, with negation and unknown values: parts of a that are unknown make it unknown unless the rest decides.
 * */
enum truth policy_operator_apply(const struct policy_operator *op, const struct view *a, const struct policy_operand *v,
	struct policy_workspace *w, const char **why);

/* Python's ==: lists and objects in depth, numbers by value, true as 1. */
bool policy_equal(const struct view *a, const struct view *b);

#endif
