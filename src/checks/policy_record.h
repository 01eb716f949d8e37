/* What is kept of each node that policies with connections concern, until the configuration has been read. */
#ifndef PLANSPOOL_CHECKS_POLICY_RECORD_H
#define PLANSPOOL_CHECKS_POLICY_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "checks/policy_facts.h"
#include "checks/policy_computed.h"
#include "checks/policy_module.h"
#include "checks/policy_pool.h"

struct policy_record {
	struct policy_known known;	/* a fact for each policy of the kind */
	uint32_t module;
	uint32_t kind : 31;	/* index in kinds */
	uint32_t typed : 1;	/* address stands behind the name of the type and a dot */
	uint32_t rank;		/* among the nodes of its kind */
	uint32_t blocks;	/* shared record: hashes of those it has; 0: too many to keep, as if it had all */
	uint32_t index;		/* where the instance key starts in address */
	char address[];		/* the end of it */
};

/* Nodes that are the same to all policies as far as their type matters. */
struct policy_kind {
	uint32_t type;		/* record with the name */
	bool managed, tagged;
	uint32_t concerns;	/* shared record: struct policy_concern[], sorted by policy */
	uint32_t count, first;	/* nodes; the first of them in order */
	uint32_t part;		/* for policy_connect.c: what it is to the policy that is being evaluated */
};

struct policy_concern {
	uint32_t policy, fact;	/* fact: index in a node's facts */
};

struct policy_records {
	struct policy_computed *computed;
	struct policy_pool pool;
	struct policy_modules modules;
	struct policy_ledger ledger;
	uint32_t *nodes;		/* their records, in the order of the plan */
	size_t count, room;
	/* The first node of each resource of the configuration, as its number + 1, with POLICY_SEVERAL if there are
	 * more; open addressing. */
	uint32_t *configs;
	size_t config_count, config_size;
	struct policy_kind *kinds;
	size_t kind_count, kind_room;
	struct policy_map kinds_by_type;
	uint32_t *order;		/* numbers of nodes by kind: after policy_records_close */
	struct buf concerns;		/* of the node that goes by */
};
#define POLICY_SEVERAL UINT32_C(0x80000000)
#define POLICY_NO_PART UINT32_MAX

void policy_records_init(struct policy_records *r, struct policy_computed *computed);
void policy_records_free(struct policy_records *r);
/* Adds what the conditions of a policy (its number in the set) came to on a node, in leaves. */
void policy_records_add(struct policy_records *r, const struct policy_node *node, uint32_t number,
	const struct policy *policy, const struct policy_leaf *leaves);
/* The node is done: makes its record if anything was added. */
void policy_records_node(struct policy_records *r, const struct policy_node *node);
/* All nodes have been seen: puts them in order by kind. */
void policy_records_close(struct policy_records *r);

const struct policy_record *policy_record_at(const struct policy_records *r, uint32_t node);
/* Writes its address. */
void policy_record_address(const struct policy_records *r, const struct policy_record *node, struct buf *out);
/* Its instance key in brackets, or "". */
const char *policy_record_index(const struct policy_record *node);
/* The first node of a resource of the configuration, as in configs; 0 if it has none. */
uint32_t policy_records_first(const struct policy_records *r, uint64_t config);
/* The facts of a policy on nodes of a kind: their index, or -1 if it does not concern them. */
int64_t policy_kind_fact(const struct policy_records *r, const struct policy_kind *kind, uint32_t policy);
const struct policy_facts *policy_record_facts(const struct policy_records *r, const struct policy_record *node,
	uint32_t fact);
/* Hashes of blocks: of the one that stands under key at index within above (0: the resource). */
uint64_t policy_block_hash(const struct policy_store *s, uint64_t above, const char *key, size_t len, size_t index);

#endif
