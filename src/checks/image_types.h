/* Where in a resource its machine images stand: a table of resource types and paths. */
#ifndef PLANSPOOL_CHECKS_IMAGE_TYPES_H
#define PLANSPOOL_CHECKS_IMAGE_TYPES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/doc.h"
#include "base/faults.h"
#include "plan/change.h"

enum image_row_kind {
	ROW_ID,		/* an image's id */
	ROW_GOOGLE,	/* one of Google's: a bare name is an image or a family */
	ROW_MARKET,	/* a block with publisher, offer, sku and version */
	ROW_VSPHERE,	/* the UUID of a template, whose name is in the prior state */
};

struct image_row {
	const char *type;
	const char *path;		/* names with dots between; [] behind a list or set of blocks */
	enum image_row_kind kind;
	const char *instead;		/* a path: if it has a value, an image that is not known says nothing; NULL */
	const char *unless;		/* a path: if it has a value, this one does not count; NULL */
	const char *when;		/* "name=value": an attribute beside it must have this value; NULL */
};

/* All rows, also those of the configuration. */
struct image_types {
	struct image_row *rows;		/* by type */
	size_t count;
	char **texts;			/* of the configuration's rows */
	size_t text_count;
};

void image_types_init(struct image_types *t);
void image_types_free(struct image_types *t);
/* Adds rows from the configuration: {type: [path, ...]}. */
void image_types_read(struct image_types *t, const struct doc_node *node, const char *file, struct faults *faults);
void image_types_sort(struct image_types *t);	/* once, before image_types_find */

/* The first row of a type, others follow; NULL if there is none. *n is how many. */
const struct image_row *image_types_find(const struct image_types *t, const char *type, size_t *n);

/* One place of a row. */
struct image_place {
	const struct value *value;	/* a text; of ROW_MARKET the block; NULL when not known until apply */
	bool sensitive;
};
typedef void image_found_fn(void *context, const struct image_row *row, const struct image_place *place);

/* Calls found for each place of the row that holds an image: not for null and "". after is the resource's values,
 * unknown and sensitive are its masks, which may be NULL. */
void image_row_walk(const struct image_row *row, const struct value *after, const struct value *unknown,
	const struct value *sensitive, image_found_fn *found, void *context);

#endif
