/* The table of operators, and applying one.
 *
 * Contract: a row is a name as policy files write it, the function that decides, and how the result is to be read:
 * negated rows are the exact complement of their positive one (planspool-policies(5), OPERATORS), also for missing
 * attributes, and an operator that cannot be applied to a value is TRUTH_ERROR for both.
 *
 * Unknown values (A 2): an operator that looks at the value is unknown when the value is. When only a part is, the rest
 * may decide; the column "partial" says what of the result can be trusted then. */
#include "checks/policy_operator.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "checks/policy_members.h"
#include "checks/policy_operators.h"
#include "checks/policy_text.h"

#define VALUE_DEPTH 64

/* What a result means when parts of the value are unknown. */
enum partial {
	PARTIAL_NOTHING,	/* it cannot be trusted */
	PARTIAL_ALL,		/* it does not depend on the parts */
	PARTIAL_TRUE,		/* only true can be trusted */
	PARTIAL_FALSE,		/* only false */
};

struct row {
	struct policy_operator op;
	enum partial partial;
};

enum { POSITIVE = 0, NEGATED = 1, LOOKS = 2, EVERY = 4, VALUELESS = 8 };

#define ROW(name_, fn_, flags, partial_, must_, must_not_, prepare_) \
	{ { name_, fn_, ((flags) & NEGATED) != 0, ((flags) & LOOKS) != 0, ((flags) & EVERY) != 0, \
		((flags) & VALUELESS) != 0, \
		must_, must_not_, prepare_ }, partial_ }
/* An operator and its negation. */
#define PAIR(name_, not_name, fn_, flags, partial_, must_, must_not_, prepare_) \
	ROW(name_, fn_, flags, partial_, must_, must_not_, prepare_), \
	ROW(not_name, fn_, (flags) | NEGATED, partial_, must_not_, must_, prepare_)

static const struct row rows[] = {
	PAIR("equals", "not_equals", policy_op_equals, LOOKS, PARTIAL_NOTHING, "must equal %s", "must not equal %s",
		NULL),
	PAIR("equals_ignore_case", "not_equals_ignore_case", policy_op_equals_ignore_case, LOOKS, PARTIAL_NOTHING,
		"must equal %s in any case", "must not equal %s in any case", policy_prepare_literal),
	PAIR("exists", "not_exists", policy_op_exists, VALUELESS, PARTIAL_ALL, "must be set", "must not be set", NULL),
	ROW("any", policy_op_any, VALUELESS, PARTIAL_ALL, "may be anything", "must not be there", NULL),
	PAIR("is_true", "is_false", policy_op_is_true, LOOKS | VALUELESS, PARTIAL_ALL, "must be true",
		"must not be true", NULL),
	PAIR("is_empty", "is_not_empty", policy_op_is_empty, LOOKS | VALUELESS, PARTIAL_ALL, "must be empty",
		"must not be empty", NULL),
	ROW("contains", policy_op_contains, LOOKS, PARTIAL_TRUE, "must contain %s", "must not contain %s", NULL),
	ROW("not_contains", policy_op_contains, LOOKS | NEGATED | EVERY, PARTIAL_TRUE, "must not contain %s",
		"must contain %s", NULL),
	PAIR("within", "not_within", policy_op_within, LOOKS, PARTIAL_NOTHING, "must be one of %s",
		"must be none of %s", NULL),
	PAIR("starting_with", "not_starting_with", policy_op_starting_with, LOOKS, PARTIAL_ALL, "must start with %s",
		"must not start with %s", NULL),
	PAIR("ending_with", "not_ending_with", policy_op_ending_with, LOOKS, PARTIAL_ALL, "must end with %s",
		"must not end with %s", NULL),
	PAIR("regex_match", "not_regex_match", policy_op_regex, LOOKS, PARTIAL_NOTHING, "must match %s",
		"must not match %s", policy_prepare_regex),
	ROW("greater_than", policy_op_greater, LOOKS, PARTIAL_NOTHING, "must be greater than %s",
		"must not be greater than %s", NULL),
	ROW("greater_than_or_equal", policy_op_greater_equal, LOOKS, PARTIAL_NOTHING, "must be at least %s",
		"must be less than %s", NULL),
	ROW("less_than", policy_op_less, LOOKS, PARTIAL_NOTHING, "must be less than %s", "must not be less than %s",
		NULL),
	ROW("less_than_or_equal", policy_op_less_equal, LOOKS, PARTIAL_NOTHING, "must be at most %s",
		"must be greater than %s", NULL),
	PAIR("subset", "not_subset", policy_op_subset, LOOKS, PARTIAL_FALSE, "must have nothing but %s",
		"must have something besides %s", NULL),
	PAIR("intersects", "not_intersects", policy_op_intersects, LOOKS, PARTIAL_TRUE, "must have one of %s",
		"must have none of %s", NULL),
	PAIR("length_equals", "length_not_equals", policy_op_length_equals, LOOKS, PARTIAL_ALL, "must have length %s",
		"must not have length %s", NULL),
	ROW("length_greater_than", policy_op_length_greater, LOOKS, PARTIAL_ALL, "must be longer than %s",
		"must not be longer than %s", NULL),
	ROW("length_greater_than_or_equal", policy_op_length_greater_equal, LOOKS, PARTIAL_ALL,
		"must have a length of at least %s", "must have a length below %s", NULL),
	ROW("length_less_than", policy_op_length_less, LOOKS, PARTIAL_ALL, "must have a length below %s",
		"must have a length of at least %s", NULL),
	ROW("length_less_than_or_equal", policy_op_length_less_equal, LOOKS, PARTIAL_ALL,
		"must have a length of at most %s", "must be longer than %s", NULL),
	PAIR("number_of_words_equals", "number_of_words_not_equals", policy_op_words_equals, LOOKS, PARTIAL_ALL,
		"must have %s words", "must not have %s words", NULL),
	ROW("number_of_words_greater_than", policy_op_words_greater, LOOKS, PARTIAL_ALL, "must have more than %s words",
		"must have at most %s words", NULL),
	ROW("number_of_words_greater_than_or_equal", policy_op_words_greater_equal, LOOKS, PARTIAL_ALL,
		"must have at least %s words", "must have fewer than %s words", NULL),
	ROW("number_of_words_less_than", policy_op_words_less, LOOKS, PARTIAL_ALL, "must have fewer than %s words",
		"must have at least %s words", NULL),
	ROW("number_of_words_less_than_or_equal", policy_op_words_less_equal, LOOKS, PARTIAL_ALL,
		"must have at most %s words", "must have more than %s words", NULL),
	PAIR("range_includes", "range_not_includes", policy_op_range, LOOKS, PARTIAL_TRUE, "must include %s",
		"must not include %s", policy_prepare_ranges),
	PAIR("cidr_range_subset", "cidr_range_not_subset", policy_op_cidr, LOOKS, PARTIAL_FALSE, "must be within %s",
		"must not be within %s", policy_prepare_nets),
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

enum truth truth_not(enum truth t)
{
	return t == TRUTH_TRUE ? TRUTH_FALSE : t == TRUTH_FALSE ? TRUTH_TRUE : t;
}

enum truth truth_of(bool b)
{
	return b ? TRUTH_TRUE : TRUTH_FALSE;
}

const struct policy_operator *policy_operator_named(const char *name)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].op.name, name) == 0)
			return &rows[i].op;
	}
	return NULL;
}

const char *policy_operator_nearest(const char *name)
{
	const char *names[ROWS + 1];

	for (size_t i = 0; i < ROWS; i++)
		names[i] = rows[i].op.name;
	names[ROWS] = NULL;
	return text_nearest(name, names);
}

int policy_workspace_text(struct policy_workspace *w, const struct view *a, const char **text, size_t *len)
{
	w->text.max = w->text_left;
	if (policy_text(a, &w->text, text, len) != 0) {
		w->text_left = 0;
		return -1;
	}
	w->text_left -= a->type == VIEW_STRING ? 0 : *len;
	return 0;
}

int policy_operand_init(struct policy_operand *v, char *json, const char **why)
{
	struct buf text = BUF_INIT(POLICY_TEXT_MAX);
	struct value_fault fault = { 0, "no JSON" };
	const char *s;

	/* Parsing changes the text. */
	*v = (struct policy_operand){ .source = xstrdup(json), .json = json, .arena = value_arena_new() };
	const struct value *value = value_parse(v->arena, json, strlen(json), VALUE_DEPTH, &fault);

	if (value == NULL) {
		*why = fault.what;
		policy_operand_free(v);
		return -1;
	}
	v->view = view_raw(value);
	v->members = policy_members_new(&v->view);
	if (v->view.type == VIEW_STRING) {
		free(v->source);
		v->source = xasprintf("\"%s\"", v->view.text);
	}
	if (policy_text(&v->view, &text, &s, &v->text_len) != 0) {
		*why = "too long";
		buf_free(&text);
		policy_operand_free(v);
		return -1;
	}
	v->text = xmalloc(v->text_len + 1);
	memcpy(v->text, s, v->text_len);
	v->text[v->text_len] = '\0';
	buf_free(&text);
	return 0;
}

void policy_operand_free(struct policy_operand *v)
{
	if (v->arena != NULL)
		value_arena_free(v->arena);
	policy_members_free(v->members);
	policy_regex_free(v->regex);
	policy_nets_free(v->nets);
	policy_ranges_free(v->ranges);
	free(v->source);
	free(v->json);
	free(v->text);
	*v = (struct policy_operand){ .json = NULL };
}

static enum truth trusted(enum truth t, enum partial partial)
{
	if (partial == PARTIAL_ALL || (partial == PARTIAL_TRUE && t == TRUTH_TRUE) ||
		(partial == PARTIAL_FALSE && t == TRUTH_FALSE))
		return t;
	return TRUTH_UNKNOWN;
}

enum truth policy_operator_apply(const struct policy_operator *op, const struct view *a, const struct policy_operand *v,
	struct policy_workspace *w, const char **why)
{
	const struct row *row = (const struct row *)(const void *)op;	/* op is its first member */

	if (a->type == VIEW_UNKNOWN)
		return op->fn == policy_op_any ? TRUTH_TRUE : TRUTH_UNKNOWN;

	enum truth t = op->fn(a, v, w, why);

	if (a->mask != NULL && row->partial != PARTIAL_ALL && (a->type == VIEW_LIST || a->type == VIEW_OBJECT) &&
		view_has_unknown(a))
		t = trusted(t, row->partial);
	return op->negated ? truth_not(t) : t;
}
