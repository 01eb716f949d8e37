/* What a policy does because Checkov does it, but its author probably did not mean (planspool-policies(5),
 * DIFFERENCES).
 *
 * Contract: warnings only; a policy that gets here can be used. One warning for each place and reason. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "checks/policy.h"
#include "checks/policy_operators.h"
#include "checks/policy_text.h"

#define WARN(p, line, faults, ...) faults_warn(faults, (p)->file, line, __VA_ARGS__)

static void warn_wildcard(const struct policy *p, const struct policy_condition *c, struct faults *faults)
{
	const char *star = strstr(c->attribute, ".*");

	if (strstr(star + 2, ".*") != NULL)
		WARN(p, c->line, faults,
			"'%s': either every * stands for an index or none does; where there is a single block this "
			"looks at '%.*s' without indexes", c->attribute, (int)(star - c->attribute), c->attribute);
	if (c->operator->negated && !c->operator->every)
		WARN(p, c->line, faults,
			"'%s' with * is true if some value differs; to forbid a value, put the operator without not_ "
			"into 'not'", c->operator->name);
}

/* Text that a plan has as a number or boolean. */
static bool looks_typed(const struct view *v)
{
	double d;

	return v->type == VIEW_STRING && ((v->len == 4 && strncasecmp(v->text, "true", 4) == 0) ||
		(v->len == 5 && strncasecmp(v->text, "false", 5) == 0) || policy_number_text(v->text, v->len, &d));
}

static void warn_within(const struct policy *p, const struct policy_condition *c, struct faults *faults)
{
	struct view_iterator it;
	struct view e;

	view_start(&it, &c->value.view);
	while (c->value.view.type == VIEW_LIST && view_next(&it, &c->value.view, &e)) {
		if (!looks_typed(&e))
			continue;
		WARN(p, c->line, faults,
			"'%s' compares without converting: the text \"%s\" never equals a number or boolean",
			c->operator->name, e.text);
		return;
	}
}

static void warn_regex(const struct policy *p, const struct policy_condition *c, struct faults *faults)
{
	struct policy_matcher *m;
	struct policy_regex *wrong;
	const char *why = "";

	if (c->value.regex == NULL) {
		(void)policy_regex_new(c->value.text, c->value.text_len, true, &wrong, &why);
		WARN(p, c->line, faults, "the regular expression does not compile, so it matches nothing: %s", why);
		return;
	}
	m = policy_matcher_new();
	if (policy_regex_match(c->value.regex, m, "None", 4, &why) == TRUTH_TRUE)
		WARN(p, c->line, faults,
			"the regular expression also matches when the attribute is missing (as the text None)");
	policy_matcher_free(m);
}

#define IS(type) (1u << (type))
#define CONTAINER (IS(VIEW_LIST) | IS(VIEW_OBJECT))
#define NO_LIST " needs a list as its value: with this one every resource is an error"
#define NO_TEXT " needs text as its value (in quotes where it reads as something else): with this one text is an error"
#define NO_ORDER " needs a number or text as its value: this one is compared as text"

/* Types of values that an operator takes, though it can do nothing with them, or not what they look like. */
static const struct {
	policy_operator_fn *fn;
	unsigned types;
	const char *what;
} values[] = {
	{ policy_op_equals, IS(VIEW_NULL),
		" without a value is true where the attribute is missing; write 'not_exists'" },
	{ policy_op_equals, IS(VIEW_LIST),
		" compares with the list as a whole; for one of several values write 'within'" },
	{ policy_op_equals_ignore_case, CONTAINER | IS(VIEW_NULL), " needs text as its value: this one is no text" },
	{ policy_op_regex, CONTAINER | IS(VIEW_NULL), " needs text as its value: this one is no pattern" },
	{ policy_op_starting_with, ~IS(VIEW_STRING), NO_TEXT },
	{ policy_op_ending_with, ~IS(VIEW_STRING), NO_TEXT },
	{ policy_op_greater, CONTAINER | IS(VIEW_NULL), NO_ORDER },
	{ policy_op_greater_equal, CONTAINER | IS(VIEW_NULL), NO_ORDER },
	{ policy_op_less, CONTAINER | IS(VIEW_NULL), NO_ORDER },
	{ policy_op_less_equal, CONTAINER | IS(VIEW_NULL), NO_ORDER },
	{ policy_op_contains, CONTAINER,
		" takes one value, not a list: with text or a missing attribute it is an error" },
	{ policy_op_contains, IS(VIEW_NULL), " needs a value: without one text is an error" },
	{ policy_op_within, ~(CONTAINER | IS(VIEW_STRING)), NO_LIST },
	{ policy_op_within, IS(VIEW_STRING),
		" with text is true for each part of that text; for one of several values write a list" },
	{ policy_op_subset, ~(CONTAINER | IS(VIEW_STRING)), NO_LIST },
	{ policy_op_subset, IS(VIEW_STRING), " with text looks for single characters; write a list" },
	{ policy_op_intersects, ~(CONTAINER | IS(VIEW_STRING)),
		" needs a list as its value: nothing intersects with this one" },
};

static void warn_value(const struct policy *p, const struct policy_condition *c, struct faults *faults)
{
	const struct policy_operator *op = c->operator;

	/* any is also what stands for the operator of a condition without cond_type. */
	if (op->valueless && op->fn != policy_op_any && c->value.view.type != VIEW_NULL)
		WARN(p, c->line, faults, "'%s' takes no value: this one is ignored", op->name);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (op->fn == values[i].fn && (values[i].types & IS(c->value.view.type)) != 0)
			WARN(p, c->line, faults, "'%s'%s", op->name, values[i].what);
	if (op->fn == policy_op_cidr && c->value.nets == NULL)
		WARN(p, c->line, faults,
			"'%s' needs networks as its value (10.0.0.0/8): with this one every resource is an error",
			op->name);
}

/* What counts against a number, and ranges: found out by asking them about text. */
static void warn_number(const struct policy *p, const struct policy_condition *c, struct faults *faults)
{
	static policy_operator_fn *const counting[] = { policy_op_length_equals, policy_op_length_greater,
		policy_op_length_greater_equal, policy_op_length_less, policy_op_length_less_equal,
		policy_op_words_equals, policy_op_words_greater, policy_op_words_greater_equal, policy_op_words_less,
		policy_op_words_less_equal };
	const struct view word = { .type = VIEW_STRING, .text = "x", .len = 1 };
	const struct view anything = { .type = VIEW_STRING, .text = "*", .len = 1 };
	const char *why;
	int64_t n;

	for (size_t i = 0; i < sizeof(counting) / sizeof(counting[0]); i++)
		if (c->operator->fn == counting[i] && !policy_integer(&c->value.view, &n))
			WARN(p, c->line, faults, "'%s' needs a whole number as its value: with this one it is always %s",
				c->operator->name, c->operator->negated ? "true" : "false");
	if (c->operator->fn != policy_op_range)
		return;
	if (policy_op_range(&word, &c->value, NULL, &why) != TRUTH_FALSE)
		WARN(p, c->line, faults, "'%s' needs numbers or ranges as its value (22, 20-25): this is none",
			c->operator->name);
	else if (policy_op_range(&anything, &c->value, NULL, &why) == TRUTH_FALSE)
		WARN(p, c->line, faults, "'%s' needs numbers or ranges as its value (22, 20-25): this range is empty",
			c->operator->name);
}

/* Names that Checkov gives to what is no attribute of the resource. */
static void warn_name(const struct policy *p, const struct policy_condition *c, struct faults *faults)
{
	static const char *const ours[] = { "__address__", "__change_actions__", "__change_keys__", NULL };
	static const char *const theirs[] = { "block_type_", "block_name_", "references_", "id_", "file_path_", "label_",
		"source_", "config_", "encryption_", "encryption_details_", "__file__", "__startline__", "__endline__",
		NULL };
	const char *start = c->attribute + (c->jsonpath != NULL && strncmp(c->attribute, "$.", 2) == 0 ? 2 : 0);
	char *name = xstrndup(start, strcspn(start, ".["));
	const char *nearest = strncmp(name, "__", 2) == 0 ? text_nearest(name, ours) : NULL;

	if (nearest != NULL && strcmp(nearest, name) != 0)
		WARN(p, c->line, faults, "there is no '%s', did you mean '%s'?", name, nearest);
	for (size_t i = 0; nearest == NULL && theirs[i] != NULL; i++)
		if (strcmp(theirs[i], name) == 0)
			WARN(p, c->line, faults, "'%s' is not supported: it is never there", name);
	if (strcmp(name, "resource_type") == 0 && !c->node_type)
		WARN(p, c->line, faults,
			"'resource_type' is not the type of the resource here; name the type in resource_types");
	free(name);
}

/* What is part of a path, though it hardly is of a name. */
static void warn_path(const struct policy *p, const struct policy_condition *c, struct faults *faults)
{
	static const char space[] = " \t\r\n";
	const char *path = c->attribute, *last = path + strlen(path) - 1;

	if (strchr(space, *path) != NULL || strchr(space, *last) != NULL)
		WARN(p, c->line, faults, "'%s' is hardly ever there: the white space around it belongs to the name",
			path);
	if (c->jsonpath == NULL && (*path == '.' || *last == '.' || strstr(path, "..") != NULL))
		WARN(p, c->line, faults, "'%s' is hardly ever there: a part between its dots is empty", path);
}

/* What only a JSONPath may have. */
static void warn_jsonpath(const struct policy *p, const struct policy_condition *c, struct faults *faults)
{
	const char *open = strchr(c->attribute, '[');

	if (c->jsonpath != NULL)
		return;
	if (strncmp(c->attribute, "$.", 2) == 0 || (open != NULL && open[1] != '\0' && strchr("?'\"", open[1]) != NULL))
		WARN(p, c->line, faults,
			"'%s' is never found: the operator for a JSONPath is 'jsonpath_%s'; in a path names stand as they "
			"are, between dots", c->attribute, c->operator->name);
	else if (open != NULL && open[1] != '\0' && open[1 + strspn(open + 1, "0123456789*")] == ']')
		WARN(p, c->line, faults,
			"'%s' is never found: write an index between dots (a.0.b, or a.*.b; a single block has none), or "
			"use 'jsonpath_%s'", c->attribute, c->operator->name);
	else if (strncmp(c->attribute, "*.", 2) == 0)
		WARN(p, c->line, faults, "'%s' is never found: a * stands for an index, so a name must be before it",
			c->attribute);
}

static void warn_attribute(const struct policy *p, const struct policy_condition *c, struct faults *faults)
{
	if (c->attribute == NULL)
		return;
	warn_name(p, c, faults);
	warn_path(p, c, faults);
	warn_value(p, c, faults);
	if (c->kind == CONDITION_FILTER)
		return;
	warn_jsonpath(p, c, faults);
	warn_number(p, c, faults);
	if (c->wildcard)
		warn_wildcard(p, c, faults);
	if (c->operator->fn == policy_op_within)
		warn_within(p, c, faults);
	if (c->operator->fn == policy_op_regex)
		warn_regex(p, c, faults);
	if (c->operator->fn == policy_op_is_true && c->operator->negated)
		WARN(p, c->line, faults,
			"is_false is true for everything but true, also when the attribute is missing");
}

static void warn_connection(const struct policy *p, const struct policy_condition *c, struct faults *faults)
{
	if (policy_types_empty(&c->connected))
		WARN(p, c->line, faults,
			"without connected_resource_types that name types no connection is ever found");
}

/* An and over conditions on different types: none can be true for a node of the other's type. */
static void warn_types(const struct policy *p, const struct policy_block *b, struct faults *faults)
{
	for (size_t i = 0; b->kind == BLOCK_AND && i < b->count; i++) {
		for (size_t j = i + 1; j < b->count; j++) {
			const struct policy_types *x = &b->children[i]->types, *y = &b->children[j]->types;

			if (x->count == 0 || y->count == 0 || x->all || x->taggable || y->all || y->taggable ||
				policy_types_share(x, y))
				continue;
			WARN(p, b->children[j]->line, faults,
				"this 'and' joins conditions on different types (%s and %s): every resource "
				"of both fails; use 'or', or one policy for each", x->names[0], y->names[0]);
			return;
		}
	}
}

static void warn_filter(const struct policy *p, const struct policy_block *b, struct faults *faults)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct policy_block *child = b->children[i];

		if (child->kind != BLOCK_CONDITION || child->condition->kind != CONDITION_FILTER)
			continue;
		WARN(p, child->line, faults,
			"without a connection beside it a filter does not leave resources out, it fails them%s",
			p->provider != NULL ? ", here all others of the provider" : "");
	}
}

/* Checkov asks a list of types only where it stands alone. */
static void warn_resource(const struct policy *p, const struct policy_block *b, struct faults *faults)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct policy_condition *c = b->children[i]->condition;

		if (c != NULL && c->kind == CONDITION_RESOURCE)
			WARN(p, c->line, faults, "inside of a block a 'resource' condition %s; it must stand alone",
				b->connects ? "beside a connection is ignored" :
				c->connection == CONNECTION_EXISTS ? "with exists is always false" :
				"with not_exists is always true");
	}
}

static void warn_block(const struct policy *p, const struct policy_block *b, struct faults *faults)
{
	warn_resource(p, b, faults);
	if (b->kind != BLOCK_CONDITION && !b->connects) {
		warn_types(p, b, faults);
		warn_filter(p, b, faults);
	}
	for (size_t i = 0; i < b->count; i++)
		warn_block(p, b->children[i], faults);
}

void policy_warn(const struct policy *p, struct faults *faults)
{
	for (size_t i = 0; i < p->leaf_count; i++) {
		if (p->leaves[i]->kind == CONDITION_ATTRIBUTE || p->leaves[i]->kind == CONDITION_FILTER)
			warn_attribute(p, p->leaves[i], faults);
		else if (p->leaves[i]->kind == CONDITION_CONNECTION)
			warn_connection(p, p->leaves[i], faults);
	}
	warn_block(p, p->root, faults);
}
