/* The part of JSONPath that policies use (planspool-policies(5), JSONPATH). */
#ifndef PLANSPOOL_CHECKS_POLICY_JSONPATH_H
#define PLANSPOOL_CHECKS_POLICY_JSONPATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/policy_view.h"

#define JSONPATH_STEPS 64
#define JSONPATH_FILTERS 8	/* filters within filters */

enum jsonpath_step_kind {
	STEP_MEMBER,		/* .name */
	STEP_MEMBERS,		/* .* */
	STEP_ELEMENT,		/* [n] */
	STEP_ELEMENTS,		/* [*], [a:b] */
	STEP_FILTER,		/* [?(...)] */
};

enum jsonpath_comparison { COMPARE_NONE, COMPARE_EQUAL, COMPARE_NOT_EQUAL, COMPARE_LESS, COMPARE_LESS_EQUAL,
	COMPARE_GREATER, COMPARE_GREATER_EQUAL, COMPARE_MATCH };

enum jsonpath_literal_kind { LITERAL_TEXT, LITERAL_INTEGER, LITERAL_FLOAT };

/* What stands in a filter: and, or over comparisons. */
struct jsonpath_expression {
	enum { EXPRESSION_COMPARE, EXPRESSION_AND, EXPRESSION_OR } kind;
	struct jsonpath_expression *left, *right;
	struct policy_jsonpath *path;	/* from @ */
	enum jsonpath_comparison comparison;
	enum jsonpath_literal_kind literal;
	char *text;
	size_t len;
	int64_t integer;
	double number;
	struct policy_regex *regex;
};

struct jsonpath_step {
	enum jsonpath_step_kind kind;
	bool descend;			/* ..: here and everywhere below */
	char *name;
	size_t len;
	int64_t from, to;		/* element, elements; negative counts from the end */
	bool has_from, has_to;
	struct jsonpath_expression *filter;
};

struct policy_jsonpath {
	struct jsonpath_step *steps;
	size_t count;
};

/* NULL when it does not parse, with the reason in why. */
struct policy_jsonpath *policy_jsonpath_parse(const char *text, char *why, size_t why_size);
void policy_jsonpath_free(struct policy_jsonpath *p);

struct policy_workspace;
/* As policy_visit_fn of policy_path.h; all matches are visited. */
typedef bool jsonpath_visit_fn(void *context, const struct view *v, bool under);
/* 0, or -1 when the path cannot be applied to this node, with static text in *why. */
int policy_jsonpath_walk(const struct policy_jsonpath *p, const struct view *root, struct policy_workspace *w,
	jsonpath_visit_fn *visit, void *context, const char **why);

#endif
