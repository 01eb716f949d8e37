/* What policy_connect.c and policy_connect_report.c share: one policy over one plan. */
#ifndef PLANSPOOL_CHECKS_POLICY_CONNECT_PARTS_H
#define PLANSPOOL_CHECKS_POLICY_CONNECT_PARTS_H

#include "checks/policy_connect.h"

/* The nodes of one kind. */
struct part {
	const struct policy_kind *kind;
	uint32_t fact;		/* of the policy, in the facts of these nodes */
	uint32_t first, end;	/* numbers here */
};

struct connecting {
	const struct policy *policy;
	const struct policy_graph *graph;
	const struct policy_records *records;
	struct part *parts;
	size_t part_count;
	uint32_t n;		/* nodes */
};

/* One node, as the context of a policy_logic_leaf_fn. */
struct subject {
	const struct policy_records *records;
	const struct policy_record *node;
	const struct policy_facts *facts;
};

struct subject connecting_subject(const struct connecting *c, const struct part *part, uint32_t i);
struct policy_type connecting_type(const struct connecting *c, const struct part *part);
bool connecting_matches(const struct connecting *c, const struct policy_types *t, const struct part *part);
/* A policy_logic_leaf_fn: context is a struct subject. */
enum truth connecting_truth(void *context, const struct policy_condition *c);
/* Whether a child of a block with connections is about the attributes of single nodes. */
bool connecting_about_attributes(const struct policy_block *child);

/* policy_connect_report.c: the verdict on node i of a part, with the reason. */
void connecting_report(const struct connecting *c, const struct part *part, uint32_t i, enum truth verdict,
	const struct policy_reporter *r, struct buf *address);

#endif
