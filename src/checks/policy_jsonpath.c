/* Parsing of JSONPath, the dialect of Python's jsonpath-ng as far as policies use it.
 *
 * Contract: names, quoted names, .*, [*], [n], [a:b], ..name, and filters [?(@.path op literal)] joined by & and |.
 * Anything else (unions, arithmetic, functions in back quotes, where) is refused with a reason, so that a policy never
 * means something else here than where it was written. A bare name must not start with true or false (the dialect's
 * lexer breaks there).
 *
 * Limits: JSONPATH_STEPS steps, JSONPATH_FILTERS filters within filters, 64 comparisons of one filter. */
#include "checks/policy_jsonpath.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checks/policy_operators.h"
#include "checks/policy_text.h"

#define COMPARISONS 64

struct parser {
	const char *at;
	unsigned filters, comparisons;
	char *why;
	size_t why_size;
};

static struct policy_jsonpath *parse_path(struct parser *p);
static struct jsonpath_expression *parse_or(struct parser *p);

static bool fail(struct parser *p, const char *what)
{
	if (*p->at == '\0')
		snprintf(p->why, p->why_size, "%s at its end", what);
	else
		snprintf(p->why, p->why_size, "%s at '%.20s'", what, p->at);
	return false;
}

static void skip_space(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n')
		p->at++;
}

static bool take(struct parser *p, const char *token)
{
	skip_space(p);
	if (strncmp(p->at, token, strlen(token)) != 0)
		return false;
	p->at += strlen(token);
	return true;
}

static bool is_name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

/* A bare or quoted name. */
static bool parse_name(struct parser *p, char **name, size_t *len)
{
	const char *start = p->at;

	if (*start == '\'' || *start == '"') {
		const char *end = strchr(start + 1, *start);

		if (end == NULL)
			return fail(p, "a quote is not closed");
		*len = (size_t)(end - start - 1);
		*name = xstrndup(start + 1, *len);
		p->at = end + 1;
		return true;
	}
	if (!is_name_start(*start))
		return fail(p, "a name is expected");
	if (strncmp(start, "true", 4) == 0 || strncmp(start, "false", 5) == 0)
		return fail(p, "a name that starts with true or false must be quoted");
	while (isalnum((unsigned char)*p->at) || *p->at == '_' || *p->at == '-')
		p->at++;
	*len = (size_t)(p->at - start);
	*name = xstrndup(start, *len);
	return true;
}

static bool parse_integer(struct parser *p, int64_t *out, bool *there)
{
	const char *start = p->at;

	if (*p->at == '-')
		p->at++;
	while (isdigit((unsigned char)*p->at))
		p->at++;
	*there = p->at != start;
	if (!*there)
		return true;
	return policy_integer_text(start, (size_t)(p->at - start), out) || fail(p, "a number is expected");
}

/* n, a:b, a:, :b or : */
static bool parse_index(struct parser *p, struct jsonpath_step *step)
{
	if (!parse_integer(p, &step->from, &step->has_from))
		return false;
	if (take(p, ":")) {
		step->kind = STEP_ELEMENTS;
		skip_space(p);
		return parse_integer(p, &step->to, &step->has_to);
	}
	step->kind = STEP_ELEMENT;
	return step->has_from || fail(p, "an index, '*', a quoted name or '?' is expected");
}

/* What stands in brackets; the opening one is taken. */
static bool parse_brackets(struct parser *p, struct jsonpath_step *step)
{
	skip_space(p);
	if (*p->at == '?') {
		p->at++;
		if (++p->filters > JSONPATH_FILTERS)
			return fail(p, "too many filters");
		step->kind = STEP_FILTER;
		step->filter = parse_or(p);
		if (step->filter == NULL)
			return false;
	} else if (*p->at == '*') {
		p->at++;
		step->kind = STEP_ELEMENTS;
	} else if (*p->at == '\'' || *p->at == '"') {
		step->kind = STEP_MEMBER;
		if (!parse_name(p, &step->name, &step->len))
			return false;
	} else if (!parse_index(p, step)) {
		return false;
	}
	return take(p, "]") || fail(p, "']' is expected");
}

static bool parse_step(struct parser *p, struct jsonpath_step *step)
{
	skip_space(p);
	if (take(p, "["))
		return parse_brackets(p, step);
	if (take(p, "*")) {
		step->kind = STEP_MEMBERS;
		return true;
	}
	step->kind = STEP_MEMBER;
	return parse_name(p, &step->name, &step->len);
}

/* Steps until something else comes. The first may stand without a dot (bare is true). */
static bool parse_steps(struct parser *p, struct policy_jsonpath *path, bool bare)
{
	for (;;) {
		bool descend = false, bracket;

		skip_space(p);
		bracket = *p->at == '[';
		if (!bracket && !bare) {
			if (*p->at != '.')
				return true;
			p->at++;
			descend = *p->at == '.';
			p->at += descend;
		} else if (bare && p->at[0] == '.' && p->at[1] == '.') {
			descend = true;
			p->at += 2;
		}
		bare = false;
		if (path->count == JSONPATH_STEPS)
			return fail(p, "too many steps");
		path->steps = xreallocarray(path->steps, path->count + 1, sizeof(*path->steps));
		path->steps[path->count] = (struct jsonpath_step){ .descend = descend };
		path->count++;
		if (!parse_step(p, &path->steps[path->count - 1]))
			return false;
	}
}

static struct policy_jsonpath *parse_path(struct parser *p)
{
	struct policy_jsonpath *path = xcalloc(1, sizeof(*path));
	bool rooted = take(p, "$") || take(p, "@");

	if (parse_steps(p, path, !rooted))
		return path;
	policy_jsonpath_free(path);
	return NULL;
}

static const struct {
	const char *token;
	enum jsonpath_comparison comparison;
} comparisons[] = {	/* longer ones first */
	{ "==", COMPARE_EQUAL }, { "=~", COMPARE_MATCH }, { "!=", COMPARE_NOT_EQUAL }, { "<=", COMPARE_LESS_EQUAL },
	{ ">=", COMPARE_GREATER_EQUAL }, { "=", COMPARE_EQUAL }, { "<", COMPARE_LESS }, { ">", COMPARE_GREATER },
};

static bool parse_number(struct parser *p, struct jsonpath_expression *e)
{
	size_t len = strspn(p->at, "-0123456789.");

	e->literal = memchr(p->at, '.', len) != NULL ? LITERAL_FLOAT : LITERAL_INTEGER;
	if (e->literal == LITERAL_FLOAT ? !policy_number_text(p->at, len, &e->number) :
		!policy_integer_text(p->at, len, &e->integer))
		return fail(p, "a number is expected");
	p->at += len;
	return true;
}

static bool parse_literal(struct parser *p, struct jsonpath_expression *e)
{
	skip_space(p);
	if (isdigit((unsigned char)*p->at) || *p->at == '-')
		return parse_number(p, e);
	for (int yes = 0; yes < 2; yes++) {
		const char *word = yes ? "true" : "false";
		size_t len = strlen(word);

		if (strncmp(p->at, word, len) == 0 && !isalnum((unsigned char)p->at[len]) && p->at[len] != '_') {
			p->at += len;
			e->literal = LITERAL_INTEGER;
			e->integer = yes;
			return true;
		}
	}
	e->literal = LITERAL_TEXT;
	return parse_name(p, &e->text, &e->len);
}

static bool parse_comparison(struct parser *p, struct jsonpath_expression *e)
{
	const char *why;

	skip_space(p);
	if (*p->at != '@')
		return fail(p, "'@' is expected");
	if (++p->comparisons > COMPARISONS)
		return fail(p, "too many comparisons");
	e->path = parse_path(p);
	if (e->path == NULL)
		return false;
	for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++) {
		if (!take(p, comparisons[i].token))
			continue;
		e->comparison = comparisons[i].comparison;
		if (!parse_literal(p, e))
			return false;
		if (e->comparison != COMPARE_MATCH || e->literal != LITERAL_TEXT)
			return true;
		return (policy_regex_new(e->text, e->len, false, &e->regex, &why) == 0 && e->regex != NULL) ||
			fail(p, "the regular expression of =~ cannot be used");
	}
	return true;
}

static void free_expression(struct jsonpath_expression *e)
{
	if (e == NULL)
		return;
	free_expression(e->left);
	free_expression(e->right);
	policy_jsonpath_free(e->path);
	policy_regex_free(e->regex);
	free(e->text);
	free(e);
}

static struct jsonpath_expression *parse_single(struct parser *p)
{
	struct jsonpath_expression *e;

	if (take(p, "(")) {
		if (++p->filters > JSONPATH_FILTERS) {
			fail(p, "too many parentheses");
			return NULL;
		}
		e = parse_or(p);
		if (e != NULL && !take(p, ")")) {
			fail(p, "')' is expected");
			free_expression(e);
			return NULL;
		}
		p->filters--;
		return e;
	}
	e = xcalloc(1, sizeof(*e));
	if (parse_comparison(p, e))
		return e;
	free_expression(e);
	return NULL;
}

static struct jsonpath_expression *join(struct jsonpath_expression *left, struct jsonpath_expression *right, bool and)
{
	struct jsonpath_expression *e = xcalloc(1, sizeof(*e));

	e->kind = and ? EXPRESSION_AND : EXPRESSION_OR;
	e->left = left;
	e->right = right;
	return e;
}

static struct jsonpath_expression *parse_and(struct parser *p)
{
	struct jsonpath_expression *e = parse_single(p);

	while (e != NULL && (take(p, "&&") || take(p, "&"))) {
		struct jsonpath_expression *right = parse_single(p);

		if (right == NULL) {
			free_expression(e);
			return NULL;
		}
		e = join(e, right, true);
	}
	return e;
}

static struct jsonpath_expression *parse_or(struct parser *p)
{
	struct jsonpath_expression *e = parse_and(p);

	while (e != NULL && (take(p, "||") || take(p, "|"))) {
		struct jsonpath_expression *right = parse_and(p);

		if (right == NULL) {
			free_expression(e);
			return NULL;
		}
		e = join(e, right, false);
	}
	return e;
}

struct policy_jsonpath *policy_jsonpath_parse(const char *text, char *why, size_t why_size)
{
	struct parser p = { .at = text, .why = why, .why_size = why_size };
	struct policy_jsonpath *path = parse_path(&p);

	if (path == NULL)
		return NULL;
	skip_space(&p);
	if (*p.at == '\0')
		return path;
	fail(&p, "what follows is not understood");
	policy_jsonpath_free(path);
	return NULL;
}

void policy_jsonpath_free(struct policy_jsonpath *path)
{
	if (path == NULL)
		return;
	for (size_t i = 0; i < path->count; i++) {
		free(path->steps[i].name);
		free_expression(path->steps[i].filter);
	}
	free(path->steps);
	free(path);
}
