/* The push parser of plan JSON (Terraform, "JSON output format", plan representation): fed any number of bytes at a
 * time, split anywhere, it hands out one item after another and holds no more than one item. What nobody asked for is
 * skipped: brackets, strings and UTF-8 are checked there, numbers and literals are not interpreted.
 *
 * Strict about structure: depth, truncation, bytes behind the end, sections that occur twice, wrong types of sections.
 * Reads UTF-8 with or without a byte-order mark; UTF-16 and gzip are refused by name. An unknown major format_version
 * is an error. */
#ifndef PLANSPOOL_PLAN_READER_H
#define PLANSPOOL_PLAN_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/value.h"

#define PLAN_DEPTH 512
#define PLAN_WHY 256

/* Kinds of items. A check asks for a set of them. */
enum plan_kind {
	PLAN_SCALAR,		/* a top-level string, number or boolean; key is its name */
	PLAN_RESOURCE_CHANGE,	/* an element of resource_changes */
	PLAN_DEFERRED_CHANGE,	/* an element of deferred_changes: {reason, resource_change} */
	PLAN_PRIOR_RESOURCE,	/* an element of resources anywhere under prior_state.values */
	PLAN_PROVIDER,		/* a member of configuration.provider_config; key is its name */
	PLAN_CONFIG_RESOURCE,	/* an element of resources in a module of configuration; modules says which */
	PLAN_CONFIG_CALL,	/* a module call with expressions; key is its name, value the expressions */
	PLAN_CONFIG_OUTPUT,	/* an output of a module of configuration; key is its name */
	PLAN_VARIABLE,		/* a member of variables; key is its name */
	PLAN_END,		/* the plan is complete: the last item of all; value is NULL */
	PLAN_KINDS
};

struct plan_item {
	enum plan_kind kind;
	const struct value *value;	/* valid during the call; NULL when oversize */
	const char *key;		/* see above, NULL for others; UTF-8, unescaped */
	/* configuration: the names of the module calls that lead here, outermost first; of a call, without itself */
	const char *const *modules;
	size_t module_count;
	/* The item is larger than limits.resource. address and type are what could be read of it (RESOURCE_CHANGE),
	 * else NULL. */
	bool oversize;
	const char *address, *type;
	uint64_t offset;		/* of its first byte in the plan */
};

/* What is asked for. */
struct plan_wants {
	bool kinds[PLAN_KINDS];
	/* For PLAN_RESOURCE_CHANGE: hands out only these types. NULL: all. The names are borrowed by the reader. */
	const char *const *types;
	size_t type_count;
};

/* Gets the items in the order of the plan. */
typedef void plan_item_fn(void *context, const struct plan_item *item);

struct plan_reader;

/* wants is copied. max_item is limits.resource in bytes; max_plan is limits.plan. */
struct plan_reader *plan_reader_new(const struct plan_wants *wants, uint64_t max_item, uint64_t max_plan,
	plan_item_fn *item, void *context);
void plan_reader_free(struct plan_reader *r);

/* 0, or -1 once something is wrong: then plan_reader_error says what, and nothing more is handed out. */
int plan_reader_feed(struct plan_reader *r, const char *data, size_t len);
/* The plan's last byte has been fed. Hands out PLAN_END. 0, or -1 ("ends in the middle of ..."). */
int plan_reader_end(struct plan_reader *r);

/* "byte 1234: duplicate section resource_changes". Never quotes values of the plan. */
const char *plan_reader_error(const struct plan_reader *r);
uint64_t plan_reader_bytes(const struct plan_reader *r);	/* fed so far */
/* How many elements of resource_changes went by, wanted or not. */
uint64_t plan_reader_resources(const struct plan_reader *r);

#endif
