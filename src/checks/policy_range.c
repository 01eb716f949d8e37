/* Operators about ranges: of numbers (planspool-policies(5), OPERATORS) and of addresses (OPERATORS).
 *
 * Contract: "20-25" is all whole numbers from 20 to 25; ranges are compared as ranges, never written out. What the
 * policy says and what the attribute holds may both be a single value or a list; of two long lists each number costs
 * the logarithm of the other's length. */
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

/* What the policy says. The ranges are sorted and none meets another, so that the last which starts before a number
 * ends is the one that may hold it. */
struct policy_ranges {
	struct range *ranges;
	size_t count;
	double *fractions;	/* numbers that are written with a fraction, sorted */
	size_t fraction_count;
	bool none;		/* something that is no number: equals what is none in the attribute */
	bool invalid;		/* something that looks like a range and is none */
};

void policy_ranges_free(struct policy_ranges *p)
{
	if (p == NULL)
		return;
	free(p->ranges);
	free(p->fractions);
	free(p);
}

static void add_range(struct policy_ranges *p, const struct view *v)
{
	struct range r = range_of(v);

	if (r.kind == RANGE_NUMBERS)
		p->ranges[p->count++] = r;
	else if (r.kind == RANGE_FLOAT)
		p->fractions[p->fraction_count++] = r.number;
	p->none |= r.kind == RANGE_NONE;
	p->invalid |= r.kind == RANGE_INVALID;
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

static int by_number(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void join_ranges(struct policy_ranges *p)
{
	size_t n = 0;

	qsort(p->ranges, p->count, sizeof(*p->ranges), by_start);
	for (size_t i = 0; i < p->count; i++) {
		if (n == 0 || p->ranges[i].from > p->ranges[n - 1].to)
			p->ranges[n++] = p->ranges[i];
		else if (p->ranges[i].to > p->ranges[n - 1].to)
			p->ranges[n - 1].to = p->ranges[i].to;
	}
	p->count = n;
}

int policy_prepare_ranges(struct policy_operand *v, const char **why)
{
	struct policy_ranges *p = xcalloc(1, sizeof(*p));
	bool list = v->view.type == VIEW_LIST;
	size_t n = list ? view_count(&v->view) : 1;
	struct view_iterator it;
	struct view e;

	(void)why;
	p->ranges = xcalloc(n + 1, sizeof(*p->ranges));
	p->fractions = xcalloc(n + 1, sizeof(*p->fractions));
	if (!list)
		add_range(p, &v->view);
	view_start(&it, &v->view);
	while (list && view_next(&it, &v->view, &e))
		add_range(p, &e);
	join_ranges(p);
	qsort(p->fractions, p->fraction_count, sizeof(*p->fractions), by_number);
	v->ranges = p;
	return 0;
}

/* Whether some number of the policy is from..to. */
static bool has_number(const struct policy_ranges *p, int64_t from, int64_t to)
{
	size_t low = 0, high = p->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->ranges[middle].from <= to)
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0 && p->ranges[low - 1].to >= from)
		return true;
	for (low = 0, high = p->fraction_count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (p->fractions[middle] < (double)from)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->fraction_count && p->fractions[low] <= (double)to;
}

/* One value of the attribute. */
static bool includes(const struct view *x, const struct policy_ranges *p)
{
	struct range r;
	int64_t i;

	if (view_equals_text(x, "*"))
		return p->count > 0 || p->fraction_count > 0 || p->none;
	r = range_of(x);
	if (r.written)
		return r.kind == RANGE_NUMBERS && has_number(p, r.from, r.to);
	return policy_integer(x, &i) ? has_number(p, i, i) : p->none;
}

enum truth policy_op_range(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	struct view_iterator it;
	struct view x;

	(void)w;
	if (view_absent(a))
		return TRUTH_FALSE;
	if (v->ranges->invalid) {
		*why = "the policy's value is no range";
		return TRUTH_ERROR;
	}
	if (a->type != VIEW_LIST)
		return truth_of(includes(a, v->ranges));
	view_start(&it, a);
	while (view_next(&it, a, &x)) {
		if (x.type != VIEW_UNKNOWN && includes(&x, v->ranges))
			return TRUTH_TRUE;
	}
	return TRUTH_FALSE;
}

/* Sorted, and none within another: the last that starts before an address is the one that may hold it. */
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

static int by_address(const void *a, const void *b)
{
	const struct policy_net *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	int order = memcmp(x->bytes, y->bytes, sizeof(x->bytes));

	return order != 0 ? order : (x->prefix > y->prefix) - (x->prefix < y->prefix);
}

static void join_nets(struct policy_nets *nets)
{
	size_t n = 0;

	qsort(nets->list, nets->count, sizeof(*nets->list), by_address);
	for (size_t i = 0; i < nets->count; i++) {
		if (n == 0 || !policy_net_within(&nets->list[i], &nets->list[n - 1]))
			nets->list[n++] = nets->list[i];
	}
	nets->count = n;
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
	join_nets(nets);
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
	size_t low = 0, high = nets->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_address(&nets->list[middle], &net) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return truth_of(low > 0 && policy_net_within(&net, &nets->list[low - 1]));
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
