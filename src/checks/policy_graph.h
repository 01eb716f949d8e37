/* Connections between the nodes of a plan: references of the configuration, resolved to instances
 * (planspool-policies(5), CONNECTIONS, A 5). */
#ifndef PLANSPOOL_CHECKS_POLICY_GRAPH_H
#define PLANSPOOL_CHECKS_POLICY_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/policy_keep.h"
#include "plan/reader.h"

struct policy_edge {
	uint32_t from, to;	/* numbers of nodes */
};

/* References of one thing in the configuration: a resource, an input of a module call, an output. */
struct policy_reference {
	struct policy_reference *next;
	const char *text;	/* interned */
	uint32_t block;		/* hash of the block it stands in; 0: in none */
};

struct policy_source {
	const char *name;	/* interned: module.a.aws_vpc.v, module.a#input, module.a.output#name */
	struct policy_reference *references;
};

struct policy_graph {
	struct policy_keep *keep;
	struct policy_source *sources;
	size_t source_count, source_room;
	/* After policy_graph_build: */
	struct policy_kept **nodes;	/* by number */
	size_t node_count;
	struct policy_edge *edges;
	size_t edge_count, edge_room;
	bool incomplete;		/* references were too many or too tangled to follow all */
};

void policy_graph_init(struct policy_graph *g, struct policy_keep *keep);
void policy_graph_free(struct policy_graph *g);
/* policy_references.c: a resource, module call or output of the configuration. */
void policy_graph_config(struct policy_graph *g, const struct plan_item *item);
/* The interned name of an input or output of a module, as sources have it; "#" stands in no address. */
const char *policy_graph_source(struct policy_graph *g, const char *module, size_t module_len, const char *what,
	const char *name, size_t name_len);
/* All of the plan is known: finds the edges. */
void policy_graph_build(struct policy_graph *g);

#endif
