/* Where in a plan (Terraform, "JSON output format") what stands: a table of the containers that are looked into, and
 * what their members are. */
#ifndef PLANSPOOL_PLAN_GRAMMAR_H
#define PLANSPOOL_PLAN_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/reader.h"

/* A container that may be looked into. */
enum grammar_place {
	GRAMMAR_TOP, GRAMMAR_PLANNED, GRAMMAR_PLANNED_MODULE, GRAMMAR_CHANGES, GRAMMAR_DEFERRED, GRAMMAR_VARIABLES,
	GRAMMAR_PRIOR, GRAMMAR_PRIOR_VALUES, GRAMMAR_PRIOR_MODULE, GRAMMAR_PRIOR_RESOURCES, GRAMMAR_PRIOR_CHILDREN,
	GRAMMAR_CONFIG, GRAMMAR_PROVIDERS, GRAMMAR_CONFIG_MODULE, GRAMMAR_CONFIG_RESOURCES, GRAMMAR_CONFIG_OUTPUTS,
	GRAMMAR_CALLS, GRAMMAR_CALL,
};

enum grammar_action {
	GRAMMAR_SKIP,
	GRAMMAR_ITEM,		/* is an item of the row's kind */
	GRAMMAR_SCALAR,		/* so is it, unless it is a container or null */
	GRAMMAR_VERSION,	/* and its format version must be a known one */
	GRAMMAR_OBJECT,		/* is looked into, if anything in it is wanted */
	GRAMMAR_ARRAY,
};

/* What the presence of a section says about the whole; HAS_CHANGE: of an element of resource_changes. */
enum grammar_mark {
	GRAMMAR_NO_MARK, GRAMMAR_HAS_VERSION, GRAMMAR_HAS_PLAN, GRAMMAR_HAS_CHANGES, GRAMMAR_HAS_CHANGE,
	GRAMMAR_HAS_PLANNED, GRAMMAR_HAS_LOG, GRAMMAR_HAS_STATE, GRAMMAR_HAS_STATE_FILE, GRAMMAR_HAS_REDACTED,
};

struct grammar_row {
	enum grammar_place place;
	const char *key;		/* NULL: any, and every element of an array */
	enum grammar_action action;
	enum plan_kind kind;		/* of an item */
	enum grammar_place inside;	/* of an object or array */
	unsigned below;			/* kinds that can be in it, one bit each */
	bool always;			/* looked into even if nothing in it is wanted, and never null */
	bool call;			/* what is inside belongs to the module call of this key */
	bool key_of_call;		/* the item's key is the innermost module call's name */
	enum grammar_mark mark;
};

/* The row for a member (key of len bytes) or element (key NULL) in a place; NULL if nobody needs it. */
const struct grammar_row *grammar_find(enum grammar_place place, const char *key, size_t len);

#endif
