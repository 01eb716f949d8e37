/* A YAML 1.1 (or JSON) file as a tree that remembers lines, for the configuration and for policy files. Only strings,
 * sequences and mappings: what a plain scalar means (number, boolean, null) is the reader's to decide by doc_scalar.
 * Limits: 4 MiB, depth 64, 200,000 nodes (aliases count as often as they are used), 1000 anchors. Merge keys (<<) are
 * applied. Faults are duplicate keys, keys that are no scalars, NUL in a text, and every tag but !!str, !!int, !!float,
 * !!bool, !!null, !!seq and !!map. What an alias or a merge key brings is shared, with the line it was written on: the
 * tree is read-only. */
#ifndef PLANSPOOL_BASE_DOC_H
#define PLANSPOOL_BASE_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/faults.h"

enum doc_kind { DOC_SCALAR, DOC_SEQUENCE, DOC_MAPPING };

struct doc_node {
	enum doc_kind kind;
	unsigned line;			/* from 1 */
	bool quoted;			/* scalar: quoted, block style or !!str, so always a string */
	char *text;			/* scalar: its bytes, NUL-terminated, UTF-8; what its tag makes of them */
	size_t len;
	size_t count;			/* sequence: elements; mapping: pairs */
	struct doc_node **keys;		/* mapping: count scalars */
	struct doc_node **items;	/* sequence: elements; mapping: values */
};

struct doc {
	char *file;			/* as given, for messages */
	struct doc_node **roots;	/* one for each document of the file that is not empty */
	size_t count;
	struct doc_node **nodes;	/* for doc_free: every node once */
	size_t node_count;
};

/* Reads a file, or text already in memory, into a tree that the caller frees with doc_free. NULL when it cannot be read
 * or parsed: then faults has at least one error more. */
struct doc *doc_load(const char *path, struct faults *faults);
struct doc *doc_parse(const char *file, const char *text, size_t len, struct faults *faults);
void doc_free(struct doc *doc);

/* The value of a mapping's key, or NULL (also when node is NULL or no mapping). */
const struct doc_node *doc_get(const struct doc_node *node, const char *key);

/* What a scalar is by the YAML 1.1 rules of a safe loader (yes/no/on/off, 0777, 0x1f, 1_000, 1:30, 1.5, .inf, ~,
 * dates). */
enum doc_type { DOC_NULL, DOC_BOOL, DOC_INTEGER, DOC_FLOAT, DOC_STRING, DOC_DATE };
struct doc_value {
	enum doc_type type;
	bool boolean;
	int64_t integer;	/* DOC_INTEGER that fits; one that does not is DOC_FLOAT */
	double number;		/* DOC_INTEGER and DOC_FLOAT */
};
/* node is not NULL; one that is no scalar is DOC_STRING. */
enum doc_type doc_scalar(const struct doc_node *node, struct doc_value *out);

#endif
