/* Which nodes of a plan a condition is about (planspool-policies(5), RESOURCE TYPES, A 4): names of types, or all types
 * of a provider by prefix, or what has tags. Node types are written aws_s3_bucket, data.aws_ami, provider.aws. */
#ifndef PLANSPOOL_CHECKS_POLICY_TYPES_H
#define PLANSPOOL_CHECKS_POLICY_TYPES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/doc.h"
#include "base/faults.h"

/* A node as far as its type matters. */
struct policy_type {
	const char *name;	/* with data. or provider. in front */
	bool managed;
	bool tagged;		/* has an attribute tags in this plan */
};

/* Bits of clouds: aws, azure, gcp. */
struct policy_types {
	char **names;		/* sorted, each once */
	size_t count;
	unsigned all;		/* every managed type of these clouds */
	unsigned taggable;	/* those with tags */
};

/* No names and no clouds: matches every node, and adds nothing to a union. */
bool policy_types_empty(const struct policy_types *t);
bool policy_types_match(const struct policy_types *t, const struct policy_type *type);
/* Whether both name a type in common. */
bool policy_types_share(const struct policy_types *a, const struct policy_types *b);
void policy_types_add(struct policy_types *t, const struct policy_types *other);	/* the union of both */
/* Puts a name behind the others; policy_types_sort has to follow before anything else is asked. */
void policy_types_append(struct policy_types *t, const char *name);
void policy_types_sort(struct policy_types *t);
void policy_types_free(struct policy_types *t);
/* For people: "aws_vpc, aws_subnet", "aws_* with tags", "every resource, data source and provider block". */
void policy_types_words(const struct policy_types *t, struct buf *out);

/* Whether a scope's provider is one whose types are told by a prefix; also for none (NULL). */
bool policy_types_known_provider(const char *provider);

/* Reads resource_types (connected: connected_resource_types, whose keywords differ). node may be NULL. provider is
 * scope.provider or NULL. 0, or -1 with faults. */
int policy_types_read(struct policy_types *t, const struct doc_node *node, const char *provider, bool connected,
	const char *file, unsigned line, struct faults *faults);

/* The attribute of a managed type that holds a JSON document as text and is decoded (planspool-policies(5), VALUES), or
 * NULL. */
const char *policy_types_decoded(const char *type);

#endif
