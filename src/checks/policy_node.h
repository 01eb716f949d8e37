/* One node of a plan, as policies see it: a managed resource, a data source that is read later, or a provider block. */
#ifndef PLANSPOOL_CHECKS_POLICY_NODE_H
#define PLANSPOOL_CHECKS_POLICY_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "checks/policy_operator.h"
#include "checks/policy_types.h"
#include "checks/policy_view.h"
#include "plan/change.h"
#include "plan/reader.h"
#include "plan/value.h"

struct policy_node {
	struct policy_type type;
	const char *address;
	const struct value *values, *unknown, *sensitive;
	const struct resource_change *change;	/* NULL for a provider block */
	bool provider;
	const char *alias;			/* provider block: "default" if it has none */
	const char *decode;			/* the attribute that holds a JSON document, or NULL */
	struct policy_scratch *scratch;
};

/* Memory that is used again for each node: one for a run. */
struct policy_scratch;
struct policy_scratch *policy_scratch_new(void);
void policy_scratch_free(struct policy_scratch *s);
/* What operators need of it. */
struct policy_workspace *policy_scratch_workspace(struct policy_scratch *s);

/* Fills in a node. false: the change is no node (nothing there after the change, or a deposed object). */
bool policy_node_of_change(struct policy_node *node, const struct resource_change *change,
	struct policy_scratch *scratch);
/* A member of configuration.provider_config; false if it belongs to a module. */
bool policy_node_of_provider(struct policy_node *node, const struct plan_item *item, struct policy_scratch *scratch);

/* Why something that was looked at since the last call cannot be told, or NULL. The text lives as long as the node. */
const char *policy_node_trouble(const struct policy_node *node);

/* For policy_view.c: a top-level attribute; the pseudo-attributes __address__, __change_actions__ and __change_keys__.
 * */
struct view policy_node_member(const struct policy_node *node, const char *key, size_t len);
void policy_node_start(struct view_iterator *it, const struct policy_node *node);
bool policy_node_next(struct view_iterator *it, const struct policy_node *node, struct view *out);

#endif
