/* Operators about ranges: of numbers (planspool-policies(5), OPERATORS) and of addresses (OPERATORS).
 *
 * Contract: "20-25" is all whole numbers from 20 to 25; ranges are compared as ranges, never written out. What the
 * policy says and what the attribute holds may both be a single value or a list. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checks/policy_cidr.h"
#include "checks/policy_operators.h"
#include "checks/policy_text.h"

/* One value as a range. */
struct range {
	enum { RANGE_NOTHING, RANGE_NONE, RANGE_NUMBERS, RANGE_FLOAT, RANGE_INVALID } kind;
	bool written;		/* as a range, not as a single number */
	int64_t from, to;
	double number;
};

static struct range range_of(const struct view *v)
{
	struct range r = { .kind = v->type == VIEW_OBJECT ? RANGE_NOTHING : RANGE_NONE };

	if (v->type == VIEW_STRING) {
		const char *dash = memchr(v->text, '-', v->len), *end = v->text + v->len;

		if (dash != NULL && memchr(dash + 1, '-', (size_t)(end - dash - 1)) != NULL) {
			r.kind = RANGE_INVALID;
			return r;
		}
		if (dash != NULL) {
			r.written = true;
			r.kind = policy_integer_text(v->text, (size_t)(dash - v->text), &r.from) &&
				policy_integer_text(dash + 1, (size_t)(end - dash - 1), &r.to) && r.from <= r.to ?
				RANGE_NUMBERS : RANGE_NOTHING;
			return r;
		}
	}
	if (v->type == VIEW_NUMBER && strpbrk(v->text, ".eE") != NULL) {
		if (policy_number(v, &r.number))
			r.kind = RANGE_FLOAT;
	} else if (policy_integer(v, &r.from)) {
		r.kind = RANGE_NUMBERS;
		r.to = r.from;
	}
	return r;
}

/* One value of the attribute against one of the policy. */
static bool includes(const struct view *x, const struct range *m)
{
	struct range r = range_of(x);
	int64_t i;

	if (m->kind == RANGE_NOTHING || m->kind == RANGE_INVALID)
		return false;
	if (view_equals_text(x, "*"))
		return true;
	if (r.written) {
		if (r.kind != RANGE_NUMBERS)
			return false;
		if (m->kind == RANGE_NUMBERS)
			return r.from <= m->to && m->from <= r.to;
		return m->kind == RANGE_FLOAT && (double)r.from <= m->number && m->number <= (double)r.to;
	}
	if (!policy_integer(x, &i))
		return m->kind == RANGE_NONE;
	if (m->kind == RANGE_FLOAT)
		return (double)i == m->number;
	return m->kind == RANGE_NUMBERS && m->from <= i && i <= m->to;
}

/* One value of the policy against all of the attribute. */
static enum truth range_in(const struct view *a, const struct view *v, const char **why)
{
	struct range m = range_of(v);
	struct view_iterator it;
	struct view x;

	if (m.kind == RANGE_INVALID) {
		*why = "the policy's value is no range";
		return TRUTH_ERROR;
	}
	if (a->type != VIEW_LIST)
		return truth_of(includes(a, &m));
	view_start(&it, a);
	while (view_next(&it, a, &x)) {
		if (x.type != VIEW_UNKNOWN && includes(&x, &m))
			return TRUTH_TRUE;
	}
	return TRUTH_FALSE;
}

enum truth policy_op_range(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	enum truth result = TRUTH_FALSE;
	struct view_iterator it;
	struct view m;

	(void)w;
	if (view_absent(a))
		return TRUTH_FALSE;
	if (v->view.type != VIEW_LIST)
		return range_in(a, &v->view, why);
	view_start(&it, &v->view);
	while (view_next(&it, &v->view, &m)) {
		enum truth one = range_in(a, &m, why);

		if (one == TRUTH_ERROR)
			return one;
		if (one == TRUTH_TRUE)
			result = one;
	}
	return result;
}

struct policy_nets {
	struct policy_net *list;
	size_t count;
};

void policy_nets_free(struct policy_nets *n)
{
	if (n == NULL)
		return;
	free(n->list);
	free(n);
}

int policy_prepare_nets(struct policy_operand *v, const char **why)
{
	struct policy_nets *nets = xcalloc(1, sizeof(*nets));
	struct view_iterator it;
	struct view e = v->view;
	bool list = v->view.type == VIEW_LIST;

	(void)why;
	nets->list = xcalloc(list ? view_count(&v->view) + 1 : 1, sizeof(*nets->list));
	view_start(&it, &v->view);
	while (!list || view_next(&it, &v->view, &e)) {
		if (e.type != VIEW_STRING || policy_net_parse(e.text, e.len, &nets->list[nets->count]) != 0) {
			policy_nets_free(nets);
			return 0;	/* an error for each resource, not for the policy: as in Checkov */
		}
		nets->count++;
		if (!list)
			break;
	}
	v->nets = nets;
	return 0;
}

/* One network of the attribute. */
static enum truth net_in(const struct view *e, const struct policy_nets *nets, const char **why)
{
	struct policy_net net;
	int64_t number;

	/* A whole number is an address, as in Python. */
	if (e->type == VIEW_NUMBER && policy_integer(e, &number) && number >= 0 && number <= UINT32_MAX) {
		net = (struct policy_net){ .family = 4, .prefix = 32 };
		for (int i = 0; i < 4; i++)
			net.bytes[i] = (unsigned char)(number >> (24 - 8 * i));
	} else if (e->type != VIEW_STRING || policy_net_parse(e->text, e->len, &net) != 0) {
		*why = "it is no network in CIDR notation";
		return TRUTH_ERROR;
	}
	for (size_t i = 0; i < nets->count; i++) {
		if (policy_net_within(&net, &nets->list[i]))
			return TRUTH_TRUE;
	}
	return TRUTH_FALSE;
}

enum truth policy_op_cidr(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	enum truth result = TRUTH_TRUE;
	struct view_iterator it;
	struct view e;

	(void)w;
	if (!view_truthy(a))
		return TRUTH_FALSE;
	if (v->nets == NULL) {
		*why = "the policy's value is no list of networks in CIDR notation";
		return TRUTH_ERROR;
	}
	if (a->type == VIEW_STRING)
		return net_in(a, v->nets, why);
	if (a->type != VIEW_LIST) {
		*why = "it is neither text nor a list";
		return TRUTH_ERROR;
	}
	view_start(&it, a);
	while (view_next(&it, a, &e)) {
		enum truth one = e.type == VIEW_UNKNOWN ? TRUTH_TRUE : net_in(&e, v->nets, why);

		if (one == TRUTH_ERROR)
			return one;
		if (one == TRUTH_FALSE)
			result = one;
	}
	return result;
}
