/* Connections between the nodes of a plan: references of the configuration, resolved to instances
 * (planspool-policies(5), CONNECTIONS, A 5). */
#ifndef PLANSPOOL_CHECKS_POLICY_GRAPH_H
#define PLANSPOOL_CHECKS_POLICY_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/policy_record.h"
#include "plan/reader.h"

/* One reference of something in the configuration. */
struct policy_reference {
	uint64_t target;	/* hash of the resource, input or output it leads to */
	/* Shared text, how it gets there: "" or "[KEY]" to a resource, "var" to an input, "module.NAME" or
	 * "module.NAME[KEY]" to an output. */
	uint32_t how;
	uint32_t block;		/* hash of the block it stands in; 0: in none */
};

/* What refers: a resource, an input of a module call, an output. */
struct policy_source {
	uint64_t name;
	uint32_t first, count;	/* in references */
};

struct policy_graph {
	struct policy_records *records;
	struct policy_reference *references;
	size_t reference_count, reference_room;
	struct policy_source *sources;
	size_t source_count, source_room;
	/* After policy_graph_build: what node i refers to is edges[first[i]] up to edges[first[i + 1]]. */
	uint32_t *edges, *first;
	size_t edge_count, edge_room;
	unsigned long steps;	/* of work that it took */
	bool incomplete;	/* references were too many or too tangled to follow all */
};

void policy_graph_init(struct policy_graph *g, struct policy_records *records);
void policy_graph_free(struct policy_graph *g);
/* policy_references.c: a resource, module call or output of the configuration. */
void policy_graph_config(struct policy_graph *g, const struct plan_item *item);
/* All of the plan is known: finds the edges. */
void policy_graph_build(struct policy_graph *g);

#endif
