/* A resource change (Terraform, "JSON output format", change representation) as checks use it, and marks of sensitive
 * values. */
#ifndef PLANSPOOL_PLAN_CHANGE_H
#define PLANSPOOL_PLAN_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/value.h"

/* Actions as a set. A replacement is DELETE and CREATE, in either order. */
enum change_action {
	CHANGE_NO_OP = 1, CHANGE_CREATE = 2, CHANGE_READ = 4, CHANGE_UPDATE = 8, CHANGE_DELETE = 16, CHANGE_FORGET = 32,
	CHANGE_OTHER = 64,	/* an action this version does not know */
};

struct resource_change {
	const char *address, *type, *name;	/* never NULL */
	const char *module_address;		/* "" in the root module */
	const char *provider_name;		/* "" if absent */
	bool data, managed;			/* the mode; neither for "ephemeral", which OpenTofu has too */
	const char *deposed;			/* NULL for the current object */
	const struct value *index;		/* NULL without count or for_each; number or string */
	unsigned actions;			/* enum change_action */
	const struct value *action_list;	/* as written */
	/* NULL or null if absent. */
	const struct value *before, *after, *after_unknown, *before_sensitive, *after_sensitive;
};

/* Reads an element of resource_changes. 0, or -1 with what is missing or malformed in *what (static text). */
int change_read(const struct value *element, struct resource_change *out, const char **what);

/* For who looks at the values after the change: what is missing of them (static text), or NULL. An object without after
 * that is not deleted would have nothing that could be found. */
const char *change_lacks(const struct resource_change *c);

/* Steps from the root of a value to a place in it: a member's key, or an element's index when key is NULL. */
struct value_step {
	const char *key;
	size_t len;
	size_t index;
};

/* Whether a mask (after_sensitive, after_unknown: the same shape with true leaves, or a bare boolean) marks the place,
 * something above it or something below it. */
bool change_marked(const struct value *mask, const struct value_step *steps, size_t n);

#endif
