/* Making the nodes of a document (doc.h), whatever they are read from. Used by doc.c alone. */
#ifndef PLANSPOOL_BASE_DOCBUILD_H
#define PLANSPOOL_BASE_DOCBUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/doc.h"
#include "base/faults.h"

#define DOC_NODES_MAX 200000
#define DOC_DEPTH_MAX 64

struct docbuild {
	struct doc *doc;
	struct faults *faults;
	size_t size;		/* nodes so far, aliases counted as often as they are used */
};

/* A growing list of nodes that are not owned. Zero is an empty one; free its list with free(3). */
struct docbuild_list {
	struct doc_node **list;
	size_t n;
};
void docbuild_push(struct docbuild_list *l, struct doc_node *node);

/* Counts n more nodes. False, with a fault, if they are too many. */
bool docbuild_count(struct docbuild *b, size_t n, unsigned line);

/* A new node, counted, that belongs to the document. NULL, with a fault, if it is one too many. */
struct doc_node *docbuild_node(struct docbuild *b, enum doc_kind kind, unsigned line);

/* docscalar.c: makes a scalar what its tag says (!!str, !!int, !!float, !!bool, !!null), as a safe loader of YAML 1.1
 * does. A fault is added for any other tag, and for a text that is none of the kind; the node stays then. */
#define DOC_TAG "tag:yaml.org,2002:"
void docbuild_tag(struct docbuild *b, struct doc_node *node, const char *tag);

/* Gives a sequence its elements; the list is empty then. */
void docbuild_sequence(struct doc_node *node, struct docbuild_list *items);

/* Gives a mapping its pairs, merge keys applied; the lists, equally long, stay the caller's. A fault is added for a
 * key that stands there twice and for a merge key without mappings; the rest is taken all the same. */
void docbuild_mapping(struct docbuild *b, struct doc_node *node, const struct docbuild_list *keys,
	const struct docbuild_list *values);

#endif
