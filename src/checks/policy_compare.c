/* Operators that compare one value with another: equality, order, beginnings and ends, lengths and numbers of words.
 *
 * Contract: planspool-policies(5), OPERATORS, a row of its table each; a is the attribute (missing and null are the
 * same), v what the policy says. Order compares as numbers whenever both sides are numbers or numeric text (A 4, row
 * 12), and else the text forms.
 *
 * Limits: booleans ignore case as ASCII does. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "checks/policy_operators.h"
#include "checks/policy_text.h"

static const char too_long[] = "its text is too long";

static bool is_numeric(const struct view *v)
{
	return v->type == VIEW_NUMBER || v->type == VIEW_BOOL;
}

static bool equal_lists(const struct view *a, const struct view *b)
{
	struct view_iterator ia, ib;
	struct view x, y;

	view_start(&ia, a);
	view_start(&ib, b);
	for (;;) {
		bool more = view_next(&ia, a, &x);

		if (more != view_next(&ib, b, &y))
			return false;
		if (!more)
			return true;
		if (!policy_equal(&x, &y))
			return false;
	}
}

static bool equal_objects(const struct view *a, const struct view *b)
{
	struct view_iterator ia, ib;
	struct view x, y;

	if (view_count(a) != view_count(b))
		return false;
	view_start(&ia, a);
	view_start(&ib, b);
	while (view_next(&ia, a, &x)) {
		/* Terraform sorts keys, so both mostly go in step. */
		if (!view_next(&ib, b, &y) || ia.key_len != ib.key_len || memcmp(ia.key, ib.key, ia.key_len) != 0)
			y = view_member(b, ia.key, ia.key_len);
		if (y.type == VIEW_MISSING || !policy_equal(&x, &y))
			return false;
	}
	return true;
}

bool policy_equal(const struct view *a, const struct view *b)
{
	if (view_absent(a) && view_absent(b))
		return true;
	if (is_numeric(a) && is_numeric(b))
		return policy_number_equal(a, b);
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case VIEW_STRING:
		return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
	case VIEW_LIST:
		return equal_lists(a, b);
	case VIEW_OBJECT:
		return equal_objects(a, b);
	default:
		return false;
	}
}

enum truth policy_op_equals(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	const char *text;
	size_t len;

	if ((a->type == VIEW_LIST || a->type == VIEW_OBJECT) && a->type == v->view.type)
		return truth_of(policy_equal(a, &v->view));
	if (a->type == VIEW_OBJECT || v->view.type == VIEW_OBJECT)
		return TRUTH_FALSE;
	if (policy_workspace_text(w, a, &text, &len) != 0) {
		*why = too_long;
		return TRUTH_ERROR;
	}
	if (len != v->text_len)
		return TRUTH_FALSE;
	if (a->type == VIEW_BOOL || v->view.type == VIEW_BOOL)
		return truth_of(strncasecmp(text, v->text, len) == 0);
	return truth_of(memcmp(text, v->text, len) == 0);
}

enum truth policy_op_exists(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	(void)v, (void)w, (void)why;
	return truth_of(!view_absent(a));
}

enum truth policy_op_any(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	(void)a, (void)v, (void)w, (void)why;
	return TRUTH_TRUE;
}

enum truth policy_op_is_true(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	(void)v, (void)w, (void)why;
	return truth_of(a->type == VIEW_BOOL && a->boolean);
}

enum truth policy_op_is_empty(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	(void)v, (void)w, (void)why;
	if (a->type == VIEW_STRING)
		return truth_of(a->len == 0);
	return truth_of((a->type == VIEW_LIST || a->type == VIEW_OBJECT) && view_count(a) == 0);
}

static enum truth with_end(const struct view *a, const struct policy_operand *v, bool start, const char **why)
{
	if (a->type != VIEW_STRING)
		return TRUTH_FALSE;
	if (v->view.type != VIEW_STRING) {
		*why = "the policy's value must be text";
		return TRUTH_ERROR;
	}
	if (a->len < v->text_len)
		return TRUTH_FALSE;
	return truth_of(memcmp(start ? a->text : a->text + a->len - v->text_len, v->text, v->text_len) == 0);
}

enum truth policy_op_starting_with(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	(void)w;
	return with_end(a, v, true, why);
}

enum truth policy_op_ending_with(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	(void)w;
	return with_end(a, v, false, why);
}

/* What comes out of comparing, for people who think in signs. */
enum order { ORDER_NONE = 1, ORDER_LESS = 2, ORDER_EQUAL = 4, ORDER_GREATER = 8, ORDER_ERROR = 16 };

static enum order order_of(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	double x, y;
	const char *text;
	size_t len;

	if (view_absent(a))
		return ORDER_NONE;
	/* Less is what is not greater or equal, so NaN is less than everything. */
	if (policy_number(a, &x) && policy_number(&v->view, &y))
		return x > y ? ORDER_GREATER : x == y ? ORDER_EQUAL : ORDER_LESS;
	if (policy_workspace_text(w, a, &text, &len) != 0) {
		*why = too_long;
		return ORDER_ERROR;
	}
	int sign = memcmp(text, v->text, len < v->text_len ? len : v->text_len);

	if (sign == 0)
		sign = len < v->text_len ? -1 : len > v->text_len;
	return sign < 0 ? ORDER_LESS : sign > 0 ? ORDER_GREATER : ORDER_EQUAL;
}

static enum truth in_order(enum order found, unsigned wanted)
{
	return found == ORDER_ERROR ? TRUTH_ERROR : truth_of((found & wanted) != 0);
}

enum truth policy_op_greater(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	return in_order(order_of(a, v, w, why), ORDER_GREATER);
}

enum truth policy_op_greater_equal(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	return in_order(order_of(a, v, w, why), ORDER_GREATER | ORDER_EQUAL);
}

enum truth policy_op_less(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	return in_order(order_of(a, v, w, why), ORDER_LESS);
}

enum truth policy_op_less_equal(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	return in_order(order_of(a, v, w, why), ORDER_LESS | ORDER_EQUAL);
}

/* A number of things against int(v). */
static enum truth count_against(int64_t n, const struct policy_operand *v, unsigned wanted)
{
	int64_t limit;

	if (n < 0 || !policy_integer(&v->view, &limit))
		return TRUTH_FALSE;
	return in_order(n < limit ? ORDER_LESS : n > limit ? ORDER_GREATER : ORDER_EQUAL, wanted);
}

/* Code points, elements; an object counts as one block. -1: has no length. */
static int64_t length_of(const struct view *a)
{
	switch (a->type) {
	case VIEW_STRING:
		return (int64_t)text_utf8_length(a->text, a->len);
	case VIEW_LIST:
		return (int64_t)view_count(a);
	case VIEW_OBJECT:
		return 1;
	default:
		return -1;
	}
}

static int64_t words_of(const struct view *a)
{
	int64_t n = 0;
	bool in_word = false;

	if (a->type != VIEW_STRING)
		return -1;
	for (size_t i = 0, space; i < a->len; i += space > 0 ? space : 1) {
		space = policy_space(a->text + i, a->len - i);
		n += space == 0 && !in_word;
		in_word = space == 0;
	}
	return n;
}

#define COUNT_OPERATOR(name, count, wanted) \
	enum truth name(const struct view *a, const struct policy_operand *v, struct policy_workspace *w, \
		const char **why) \
	{ \
		(void)w, (void)why; \
		return count_against(count(a), v, wanted); \
	}

COUNT_OPERATOR(policy_op_length_equals, length_of, ORDER_EQUAL)
COUNT_OPERATOR(policy_op_length_greater, length_of, ORDER_GREATER)
COUNT_OPERATOR(policy_op_length_greater_equal, length_of, ORDER_GREATER | ORDER_EQUAL)
COUNT_OPERATOR(policy_op_length_less, length_of, ORDER_LESS)
COUNT_OPERATOR(policy_op_length_less_equal, length_of, ORDER_LESS | ORDER_EQUAL)
COUNT_OPERATOR(policy_op_words_equals, words_of, ORDER_EQUAL)
COUNT_OPERATOR(policy_op_words_greater, words_of, ORDER_GREATER)
COUNT_OPERATOR(policy_op_words_greater_equal, words_of, ORDER_GREATER | ORDER_EQUAL)
COUNT_OPERATOR(policy_op_words_less, words_of, ORDER_LESS)
COUNT_OPERATOR(policy_op_words_less_equal, words_of, ORDER_LESS | ORDER_EQUAL)
