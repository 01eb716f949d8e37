/* One row for each thing in a plan that means something here; what has no row is skipped. Sections that are only known
 * by name have rows too, so that messages can name them without quoting what a plan holds.
 *
 * A module call is not an item as a whole, because the module's own resources are inside of it: its expressions are. A
 * call without expressions has no item.
 *
 * The rows of a place stand together; the first that fits counts, so one for any key stands last. */
#include "plan/grammar.h"

#include <string.h>

#define BIT(kind) (1u << (kind))
#define CONFIG_KINDS (BIT(PLAN_CONFIG_RESOURCE) | BIT(PLAN_CONFIG_OUTPUT) | BIT(PLAN_CONFIG_CALL))

/* The fields every row has; brackets around it and more fields where it is used. */
#define SKIP(p, k) .place = GRAMMAR_##p, .key = (k), .action = GRAMMAR_SKIP
#define ITEM(p, k, of) .place = GRAMMAR_##p, .key = (k), .action = GRAMMAR_ITEM, .kind = PLAN_##of
#define WALK(p, k, how, in, kinds) \
	.place = GRAMMAR_##p, .key = (k), .action = (how), .inside = GRAMMAR_##in, .below = (kinds)
#define OBJECT(p, k, in, kinds) WALK(p, k, GRAMMAR_OBJECT, in, kinds)
#define ARRAY(p, k, in, kinds) WALK(p, k, GRAMMAR_ARRAY, in, kinds)

static const struct grammar_row rows[] = {
	{ .place = GRAMMAR_TOP, .key = "format_version", .action = GRAMMAR_VERSION, .kind = PLAN_SCALAR,
		.mark = GRAMMAR_HAS_VERSION },
	{ OBJECT(TOP, "variables", VARIABLES, BIT(PLAN_VARIABLE)) },
	{ OBJECT(TOP, "planned_values", PLANNED, 0), .always = true, .mark = GRAMMAR_HAS_PLAN },
	{ SKIP(TOP, "resource_drift") },
	{ ARRAY(TOP, "resource_changes", CHANGES, BIT(PLAN_RESOURCE_CHANGE)), .always = true,
		.mark = GRAMMAR_HAS_CHANGES },
	{ ARRAY(TOP, "deferred_changes", DEFERRED, BIT(PLAN_DEFERRED_CHANGE)) },
	{ SKIP(TOP, "output_changes") },
	{ OBJECT(TOP, "prior_state", PRIOR, BIT(PLAN_PRIOR_RESOURCE)) },
	{ OBJECT(TOP, "configuration", CONFIG, BIT(PLAN_PROVIDER) | CONFIG_KINDS), .mark = GRAMMAR_HAS_PLAN },
	{ SKIP(TOP, "relevant_attributes") },
	{ SKIP(TOP, "checks") },
	{ SKIP(TOP, "action_invocations") },
	{ SKIP(TOP, "values"), .mark = GRAMMAR_HAS_STATE },
	{ SKIP(TOP, "lineage"), .mark = GRAMMAR_HAS_STATE_FILE },
	{ SKIP(TOP, "@level"), .mark = GRAMMAR_HAS_LOG },
	{ SKIP(TOP, "plan_format_version"), .mark = GRAMMAR_HAS_REDACTED },
	{ .place = GRAMMAR_TOP, .action = GRAMMAR_SCALAR, .kind = PLAN_SCALAR },
	/* Both are left out when they are empty. */
	{ OBJECT(PLANNED, "root_module", PLANNED_MODULE, 0), .always = true },
	{ SKIP(PLANNED_MODULE, "resources"), .mark = GRAMMAR_HAS_PLANNED },
	{ SKIP(PLANNED_MODULE, "child_modules"), .mark = GRAMMAR_HAS_PLANNED },
	{ ITEM(CHANGES, NULL, RESOURCE_CHANGE) },
	{ ITEM(DEFERRED, NULL, DEFERRED_CHANGE) },
	{ ITEM(VARIABLES, NULL, VARIABLE) },
	{ OBJECT(PRIOR, "values", PRIOR_VALUES, BIT(PLAN_PRIOR_RESOURCE)) },
	{ OBJECT(PRIOR_VALUES, "root_module", PRIOR_MODULE, BIT(PLAN_PRIOR_RESOURCE)) },
	{ ARRAY(PRIOR_MODULE, "resources", PRIOR_RESOURCES, BIT(PLAN_PRIOR_RESOURCE)) },
	{ ARRAY(PRIOR_MODULE, "child_modules", PRIOR_CHILDREN, BIT(PLAN_PRIOR_RESOURCE)) },
	{ ITEM(PRIOR_RESOURCES, NULL, PRIOR_RESOURCE) },
	{ OBJECT(PRIOR_CHILDREN, NULL, PRIOR_MODULE, BIT(PLAN_PRIOR_RESOURCE)) },
	{ OBJECT(CONFIG, "provider_config", PROVIDERS, BIT(PLAN_PROVIDER)) },
	{ OBJECT(CONFIG, "root_module", CONFIG_MODULE, CONFIG_KINDS) },
	{ ITEM(PROVIDERS, NULL, PROVIDER) },
	{ ARRAY(CONFIG_MODULE, "resources", CONFIG_RESOURCES, BIT(PLAN_CONFIG_RESOURCE)) },
	{ OBJECT(CONFIG_MODULE, "outputs", CONFIG_OUTPUTS, BIT(PLAN_CONFIG_OUTPUT)) },
	{ OBJECT(CONFIG_MODULE, "module_calls", CALLS, CONFIG_KINDS) },
	{ ITEM(CONFIG_RESOURCES, NULL, CONFIG_RESOURCE) },
	{ ITEM(CONFIG_OUTPUTS, NULL, CONFIG_OUTPUT) },
	{ OBJECT(CALLS, NULL, CALL, CONFIG_KINDS), .call = true },
	{ ITEM(CALL, "expressions", CONFIG_CALL), .key_of_call = true },
	{ OBJECT(CALL, "module", CONFIG_MODULE, CONFIG_KINDS) },
};

const struct grammar_row *grammar_find(enum grammar_place place, const char *key, size_t len)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct grammar_row *row = &rows[i];

		if (row->place != place)
			continue;
		if (!row->key || (key && strlen(row->key) == len && memcmp(row->key, key, len) == 0))
			return row;
	}
	return NULL;
}

