/* Comparison of the policies check with Checkov's own answers: what golden*.c share. */
#ifndef PLANSPOOL_TESTS_GOLDEN_H
#define PLANSPOOL_TESTS_GOLDEN_H

#include <stdbool.h>
#include <string.h>

#include "base/json.h"

/* One address on which a case and we differ. */
struct difference {
	json_t *definition, *scope, *plan;
	const char *address;
	const char *theirs, *ours;	/* "pass", "fail", "unknown", "error"; NULL: no verdict */
	bool theirs_silent;		/* no verdict on any address */
	bool ours_has_errors;		/* on this or another address */
};

#define CONDITIONS 256

/* A condition of a definition. */
struct condition {
	json_t *block;
	const char *type, *attribute;	/* "" where it has none */
	const char *operator;		/* without jsonpath_ and not_ */
	bool jsonpath;
};

/* What a policy asks where a difference is. */
struct question {
	const struct difference *d;
	struct condition list[CONDITIONS];
	size_t count;
	bool connects, logical;
};

/* The rule of planspool-policies(5), DIFFERENCES, that explains it, or NULL. */
const char *golden_rule(const struct difference *d);
/* The rule by which a policy that Checkov accepted is refused, or NULL. silent: it gave no verdict. */
const char *golden_refusal_rule(json_t *definition, json_t *scope, bool silent);

typedef bool golden_test_fn(json_t *value);
/* Whether a value at the place that a path of a condition names, or on the way there or below it, passes a test. */
bool golden_finds(json_t *root, const char *path, golden_test_fn *test);
/* The same for everything below a value. */
bool golden_finds_below(json_t *root, golden_test_fn *test);
/* Such tests. */
bool golden_is_true(json_t *v), golden_is_null(json_t *v);
bool golden_is_unresolved(json_t *v);	/* text that Checkov takes for unresolved */
bool golden_is_numeric(json_t *v);	/* text that Python's json makes something else of than text */
bool golden_is_number(json_t *v), golden_is_zero(json_t *v);	/* text that reads so, too */
bool golden_is_list_of_lists(json_t *v), golden_has_backslash(json_t *v);


/* golden_edges.c: rules about what is connected to what (A 5). */
bool golden_constant_index(const struct question *q);
bool golden_for_each_module(const struct question *q);
bool golden_through_modules(const struct question *q);
bool golden_same_name(const struct question *q);
bool golden_text_names_resource(const struct question *q);
/* Whether a list of types (or text, or nothing: all) names that of a resource. */
bool golden_names_type(json_t *types, const json_t *resource);
/* Whether a resource can be an end of a connection that is asked for. */
bool golden_connects_type(const struct question *q, const json_t *resource);
/* The change of the resource at an address, or NULL. */
json_t *golden_change(const json_t *plan, const char *address);
/* Whether the configuration of the resource at an address computes by a reference what a path names. */
bool golden_computed(const json_t *plan, const char *address, const char *path);

static inline bool is(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

static inline bool starts(const char *s, const char *front)
{
	return strncmp(s, front, strlen(front)) == 0;
}

#endif
