/* What a policy file is once it is compiled: a tree of blocks over conditions, read-only and shared by all jobs. Made
 * by policy_load.c, policy_block.c and policy_value.c; evaluated by policy_logic.c (one resource at a time) and
 * policy_connect.c (the whole plan, for connections). */
#ifndef PLANSPOOL_CHECKS_POLICY_H
#define PLANSPOOL_CHECKS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "base/doc.h"
#include "base/faults.h"
#include "checks/policy_jsonpath.h"
#include "checks/policy_operator.h"
#include "checks/policy_types.h"

#define POLICY_DEPTH 32			/* blocks within blocks */
#define POLICY_LEAVES 512		/* conditions of one policy */
#define POLICY_MAX 10000		/* policies of one set */

enum policy_condition_kind {
	CONDITION_ATTRIBUTE,
	CONDITION_FILTER,
	CONDITION_RESOURCE,
	CONDITION_CONNECTION,
};

enum policy_connection { CONNECTION_EXISTS, CONNECTION_NOT_EXISTS, CONNECTION_ONE_EXISTS };

struct policy_condition {
	enum policy_condition_kind kind;
	unsigned line;
	size_t leaf;			/* its number within the policy, in the order of the file */
	struct policy_types types;	/* resource_types */

	/* Why it can never be evaluated, static text; NULL for all that can. Checkov takes such a condition and then
	 * raises an exception on every node, so here every node it visits is an error. */
	const char *hopeless;

	/* attribute and filter */
	char *attribute;
	bool node_type;			/* filter: the attribute is resource_type, the type of the node */
	bool wildcard;			/* attribute is a path with .* */
	struct policy_jsonpath *jsonpath;	/* attribute of a jsonpath_ operator */
	const struct policy_operator *operator;
	struct policy_operand value;	/* what value: says, prepared for the operator */

	/* resource and connection */
	enum policy_connection connection;	/* also exists and not_exists of a resource condition */
	struct policy_types connected;
};

enum policy_block_kind { BLOCK_CONDITION, BLOCK_AND, BLOCK_OR, BLOCK_NOT };

struct policy_block {
	enum policy_block_kind kind;
	unsigned line;
	bool connects;			/* a connection stands somewhere below */
	bool last;			/* connects, and is about types that a filter of the and around it names: runs last */
	struct policy_condition *condition;	/* BLOCK_CONDITION */
	struct policy_block **children;
	size_t count;
	/* Which nodes it visits (empty: every node): without connections the union over all that is below; with
	 * connections the resource types of the children as planspool-policies(5), CONNECTIONS takes them, and their
	 * connected types. */
	struct policy_types types, connected;
};

struct policy {
	char *file;
	unsigned line;
	char *id, *name, *message, *guideline;	/* the last two may be NULL */
	enum severity severity;
	char *provider;			/* scope.provider, or NULL */
	struct policy_block *root;
	struct policy_condition **leaves;	/* in the order of their numbers; they belong to the blocks */
	size_t leaf_count;
	bool asks_references;		/* a condition asks whether an attribute exists */
	struct policy_types concerns;	/* nodes of which anything must be known */
};

struct policy_set {
	struct policy **policies;
	size_t count;
	struct policy **unusable;	/* faulty ones that have an id: for policy_set_check only */
	size_t unusable_count;
	size_t files;
	uint64_t digest;	/* over all policies, in any order */
};

/* Reads policies from n files, or folders with all below them, and adds them to the set: as they were at one moment, or
 * not at all. When they were changed a moment ago it waits for whoever is writing them, until then on the monotonic
 * clock; 0: not at all. Faults are collected in faults. 0, or -1 when there was an error. */
int policy_load_paths(struct policy_set *set, const char *const *paths, size_t n, int64_t wait_until_ms,
	struct faults *faults);
/* The same for text in memory: every document, and every element of a list, is a policy. */
int policy_load_text(struct policy_set *set, const char *file, const char *text, size_t len, struct faults *faults);
/* Ids that occur twice are errors, and a set of which nothing is run is warned about. To be called once everything has
 * been added. */
int policy_set_check(const struct policy_set *set, struct faults *faults);
/* Puts a document, or a part of one, into a digest: what stands there, not how it is laid out or where it lies. */
uint64_t policy_digest(uint64_t above, const struct doc_node *node);
void policy_set_free(struct policy_set *set);	/* and everything in it, not set itself */

/* policy_block.c: compiles a definition into p (root, leaves, types). 0, or -1 with faults. */
int policy_compile(struct policy *p, const struct doc_node *definition, struct faults *faults);
void policy_block_free(struct policy_block *b);

/* policy_warn.c: says what is followed because Checkov does it, but was probably not meant (planspool-policies(5),
 * DIFFERENCES). */
void policy_warn(const struct policy *p, struct faults *faults);

/* policy_value.c: the JSON text of a value in a policy file by the rules of YAML 1.1. 0, or -1 with a fault (a date, a
 * number that is not finite, too deep). */
struct buf;
int policy_value_json(const struct doc_node *node, const char *file, struct buf *out, struct faults *faults);

#endif
