/* Applying a JSONPath to a node.
 *
 * Contract: visits every match in document order. What is unknown matches as unknown, also where a filter cannot be
 * decided or the path goes on below it. Applied to the root, a name may be a dotted path, as Checkov's flat map has it.
 *
 * Limits: WALK_STEPS places are looked at for one path and node; more is an error, never a hang. Depth is that of the
 * plan. */
#include <string.h>

#include "base/text.h"
#include "checks/policy_jsonpath.h"
#include "checks/policy_operators.h"
#include "checks/policy_path.h"
#include "checks/policy_text.h"

#define WALK_STEPS 500000

struct jsonwalk {
	struct policy_workspace *workspace;
	jsonpath_visit_fn *visit;
	void *context;
	unsigned long *steps;	/* left */
	const char **why;
};

/* All of these: 0, or -1 when the path cannot be applied. */
static int walk(const struct jsonwalk *w, const struct policy_jsonpath *p, size_t i, const struct view *v, bool root);

static int error(const struct jsonwalk *w, const char *why)
{
	*w->why = why;
	return -1;
}

/* What [*] takes as a list of one. */
static bool stands_alone(const struct view *v)
{
	double d;

	switch (v->type) {
	case VIEW_OBJECT:
		return view_count(v) > 0;
	case VIEW_STRING:
		return v->len > 0;
	case VIEW_BOOL:
		return v->boolean;
	case VIEW_NUMBER:
		return strpbrk(v->text, ".eE") == NULL && policy_number(v, &d) && d != 0;
	default:
		return false;
	}
}

/* A number that Python has as a float: true, but no list and nothing that stands for one. */
static bool is_fraction(const struct view *v)
{
	double d;

	return v->type == VIEW_NUMBER && strpbrk(v->text, ".eE") != NULL && policy_number(v, &d) && d != 0;
}

/* Bounds of a slice over n elements. */
static void slice_bounds(const struct jsonpath_step *s, int64_t n, int64_t *from, int64_t *to)
{
	*from = !s->has_from ? 0 : s->from < 0 ? s->from + n : s->from;
	*to = !s->has_to ? n : s->to < 0 ? s->to + n : s->to;
}

static int step_elements(const struct jsonwalk *w, const struct policy_jsonpath *p, size_t i, const struct view *v)
{
	const struct jsonpath_step *s = &p->steps[i];
	struct view_iterator it;
	struct view child;
	int64_t from, to;

	if (is_fraction(v))
		return error(w, "elements are asked of a number with a fraction");
	if (v->type != VIEW_LIST) {
		slice_bounds(s, 1, &from, &to);
		return stands_alone(v) && from <= 0 && to > 0 ? walk(w, p, i + 1, v, false) : 0;
	}
	slice_bounds(s, s->has_from || s->has_to ? (int64_t)view_count(v) : INT64_MAX, &from, &to);
	view_start(&it, v);
	while (view_next(&it, v, &child)) {
		if ((int64_t)it.index >= from && (int64_t)it.index < to && walk(w, p, i + 1, &child, false) != 0)
			return -1;
	}
	return 0;
}

/* The n-th character. */
static struct view character(const struct view *v, int64_t n)
{
	size_t start = 0, end;

	for (; start < v->len; start = end) {
		end = start + 1;
		while (end < v->len && ((unsigned char)v->text[end] & 0xc0) == 0x80)
			end++;
		if (n-- == 0)
			return view_text(v->text + start, end - start);
	}
	return view_missing;
}

static int step_element(const struct jsonwalk *w, const struct policy_jsonpath *p, size_t i, const struct view *v)
{
	int64_t n = p->steps[i].from;
	struct view child;

	if (v->type == VIEW_LIST) {
		n += n < 0 ? (int64_t)view_count(v) : 0;
		child = n < 0 ? view_missing : view_at(v, (size_t)n);
	} else if (v->type == VIEW_STRING) {
		n += n < 0 ? (int64_t)text_utf8_length(v->text, v->len) : 0;
		child = n < 0 ? view_missing : character(v, n);
	} else if (v->type == VIEW_OBJECT && n >= (int64_t)view_count(v)) {
		return 0;	/* Python looks at the number of members first */
	} else if (stands_alone(v) || is_fraction(v)) {
		return error(w, "an index is asked of what is no list (a single block is no list: use [*])");
	} else {
		return 0;
	}
	return child.type == VIEW_MISSING ? 0 : walk(w, p, i + 1, &child, false);
}

static int step_member(const struct jsonwalk *w, const struct policy_jsonpath *p, size_t i, const struct view *v,
	bool root)
{
	const struct jsonpath_step *s = &p->steps[i];
	bool under = false;
	struct view child = root ? policy_path_find(v, s->name, s->len, &under) : view_member(v, s->name, s->len);

	if (child.type == VIEW_MISSING) {
		child = view_unknown_block(v);
		under = child.type == VIEW_UNKNOWN;
	}
	if (under) {
		w->visit(w->context, &child, true);
		return 0;
	}
	return child.type == VIEW_MISSING ? 0 : walk(w, p, i + 1, &child, false);
}

/* Members of an object. Those of the root are all places of the node, as in Checkov's flat map. */
static int step_members(const struct jsonwalk *w, const struct policy_jsonpath *p, size_t i, const struct view *v,
	bool root)
{
	struct view_iterator it;
	struct view child = view_unknown_block(v);

	if (child.type == VIEW_UNKNOWN)
		w->visit(w->context, &child, true);
	if (v->type != VIEW_OBJECT && !(root && v->type == VIEW_LIST))
		return 0;
	view_start(&it, v);
	while (view_next(&it, v, &child)) {
		if (walk(w, p, i + 1, &child, false) != 0 || (root && step_members(w, p, i, &child, true) != 0))
			return -1;
	}
	return 0;
}

/* A comparison's matches joined by or. All are looked at, as both sides of & and | are: one that cannot be compared is an
 * error whatever the others say. */
struct comparing {
	const struct jsonpath_expression *e;
	struct policy_workspace *workspace;
	enum truth result;
	const char *why;
};

static bool in_sign(enum jsonpath_comparison c, int sign)
{
	switch (c) {
	case COMPARE_EQUAL:
		return sign == 0;
	case COMPARE_NOT_EQUAL:
		return sign != 0;
	case COMPARE_LESS:
		return sign < 0;
	case COMPARE_LESS_EQUAL:
		return sign <= 0;
	case COMPARE_GREATER:
		return sign > 0;
	default:
		return sign >= 0;
	}
}

static enum truth compare_text(const struct jsonpath_expression *e, const struct view *v, struct policy_workspace *w,
	const char **why)
{
	if (v->type != VIEW_STRING) {
		if (e->comparison == COMPARE_EQUAL || e->comparison == COMPARE_NOT_EQUAL)
			return truth_of(e->comparison == COMPARE_NOT_EQUAL);
		*why = "a filter compares text with what is no text";
		return TRUTH_ERROR;
	}
	if (e->comparison == COMPARE_MATCH)
		return policy_regex_match(e->regex, w->matcher, v->text, v->len, why);
	int sign = memcmp(v->text, e->text, v->len < e->len ? v->len : e->len);

	if (sign == 0)
		sign = v->len < e->len ? -1 : v->len > e->len;
	return truth_of(in_sign(e->comparison, sign));
}

static enum truth compare_one(const struct jsonpath_expression *e, const struct view *v, struct policy_workspace *w,
	const char **why)
{
	int64_t n;
	double d;

	if (v->type == VIEW_UNKNOWN)
		return e->comparison == COMPARE_NONE ? TRUTH_TRUE : TRUTH_UNKNOWN;
	if (e->comparison == COMPARE_NONE)
		return TRUTH_TRUE;
	if (e->literal == LITERAL_TEXT)
		return compare_text(e, v, w, why);
	if (view_absent(v) || v->type == VIEW_LIST || v->type == VIEW_OBJECT) {
		*why = "a filter compares a number with what is none";
		return TRUTH_ERROR;
	}
	if (e->comparison == COMPARE_MATCH) {
		if (e->literal == LITERAL_INTEGER && !policy_integer(v, &n))
			return TRUTH_FALSE;
		*why = "=~ needs a regular expression in quotes";
		return TRUTH_ERROR;
	}
	if (e->literal == LITERAL_INTEGER)
		return policy_integer(v, &n) ? truth_of(in_sign(e->comparison,
			(n > e->integer) - (n < e->integer))) : TRUTH_FALSE;
	return policy_number(v, &d) ? truth_of(in_sign(e->comparison, (d > e->number) - (d < e->number))) : TRUTH_FALSE;
}

static bool visit_compared(void *context, const struct view *v, bool under)
{
	struct comparing *c = context;

	if (c->result == TRUTH_ERROR)
		return true;
	enum truth t = under ? TRUTH_UNKNOWN : compare_one(c->e, v, c->workspace, &c->why);

	if (t == TRUTH_ERROR || (t != TRUTH_FALSE && c->result != TRUTH_TRUE))
		c->result = t;
	return true;
}

static enum truth decide(const struct jsonwalk *w, const struct jsonpath_expression *e, const struct view *v)
{
	if (e->kind != EXPRESSION_COMPARE) {
		enum truth decisive = e->kind == EXPRESSION_AND ? TRUTH_FALSE : TRUTH_TRUE;
		enum truth left = decide(w, e->left, v), right = decide(w, e->right, v);

		if (left == TRUTH_ERROR || left == right)
			return left;
		if (right == TRUTH_ERROR || right == decisive)
			return right;
		return left == decisive || left == TRUTH_UNKNOWN ? left : right;
	}
	struct comparing c = { e, w->workspace, TRUTH_FALSE, NULL };
	struct jsonwalk inner = { w->workspace, visit_compared, &c, w->steps, w->why };

	if (walk(&inner, e->path, 0, v, false) != 0)
		return TRUTH_ERROR;
	if (c.result == TRUTH_ERROR)
		*w->why = c.why;
	return c.result;
}

static int filter_one(const struct jsonwalk *w, const struct policy_jsonpath *p, size_t i, const struct view *v)
{
	if (v->type == VIEW_UNKNOWN) {
		w->visit(w->context, v, true);
		return 0;
	}
	switch (decide(w, p->steps[i].filter, v)) {
	case TRUTH_TRUE:
		return walk(w, p, i + 1, v, false);
	case TRUTH_UNKNOWN:
		w->visit(w->context, v, true);
		return 0;
	case TRUTH_ERROR:
		return -1;
	default:
		return 0;
	}
}

static int step_filter(const struct jsonwalk *w, const struct policy_jsonpath *p, size_t i, const struct view *v)
{
	struct view_iterator it;
	struct view child;

	if (v->type == VIEW_OBJECT)
		return filter_one(w, p, i, v);
	if (v->type != VIEW_LIST)
		return 0;
	view_start(&it, v);
	while (view_next(&it, v, &child)) {
		if (filter_one(w, p, i, &child) != 0)
			return -1;
	}
	return 0;
}

static int step(const struct jsonwalk *w, const struct policy_jsonpath *p, size_t i, const struct view *v, bool root)
{
	switch (p->steps[i].kind) {
	case STEP_MEMBER:
		return step_member(w, p, i, v, root);
	case STEP_MEMBERS:
		return step_members(w, p, i, v, root);
	case STEP_ELEMENT:
		return step_element(w, p, i, v);
	case STEP_ELEMENTS:
		return step_elements(w, p, i, v);
	case STEP_FILTER:
		return step_filter(w, p, i, v);
	}
	return 0;
}

/* A step here and everywhere below. */
static int descend(const struct jsonwalk *w, const struct policy_jsonpath *p, size_t i, const struct view *v)
{
	struct view_iterator it;
	struct view child;

	if (*w->steps == 0)
		return error(w, "the path looks at too many places");
	--*w->steps;
	if (v->type == VIEW_UNKNOWN)
		w->visit(w->context, v, true);
	if (v->type != VIEW_LIST && v->type != VIEW_OBJECT)
		return 0;
	if (!(v->type == VIEW_OBJECT && p->steps[i].kind == STEP_ELEMENT) && step(w, p, i, v, false) != 0)
		return -1;
	view_start(&it, v);
	while (view_next(&it, v, &child)) {
		if (descend(w, p, i, &child) != 0)
			return -1;
	}
	return 0;
}

static int walk(const struct jsonwalk *w, const struct policy_jsonpath *p, size_t i, const struct view *v, bool root)
{
	if (*w->steps == 0)
		return error(w, "the path looks at too many places");
	--*w->steps;
	if (i == p->count || v->type == VIEW_UNKNOWN) {
		w->visit(w->context, v, i < p->count);
		return 0;
	}
	return p->steps[i].descend ? descend(w, p, i, v) : step(w, p, i, v, root);
}

int policy_jsonpath_walk(const struct policy_jsonpath *p, const struct view *root, struct policy_workspace *workspace,
	jsonpath_visit_fn *visit, void *context, const char **why)
{
	unsigned long steps = WALK_STEPS;
	struct jsonwalk w = { workspace, visit, context, &steps, why };

	return walk(&w, p, 0, root, true);
}
