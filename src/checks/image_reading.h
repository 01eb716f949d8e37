/* Strict reading of values in a registry file, with faults that name line, place and key. */
#ifndef PLANSPOOL_CHECKS_IMAGE_READING_H
#define PLANSPOOL_CHECKS_IMAGE_READING_H

#include <stddef.h>
#include <stdint.h>

#include "base/faults.h"
#include "checks/image_registry.h"
#include "plan/value.h"

#define IMAGE_FAULTS_SAID 20
#define IMAGE_TEXT_MAX 4096		/* bytes of any text in a registry */
#define IMAGE_YEAR_2_MS INT64_C(-62104060800000)	/* what lies before is the zero time of Go: no time at all */

struct image_reading {
	struct image_registry *r;
	const char *file;
	const char *text;
	uint32_t *line_ends;		/* offsets of \n */
	size_t line_count;
	struct faults *faults;
	size_t errors;
	/* Where the reader is, from 0; -1: not in one. */
	long bucket, version, artifact;
	unsigned line;			/* of the element it is in */
};

/* Before the text is parsed. Fills line_ends, which the caller frees. */
void image_reading_lines(struct image_reading *rd, size_t len);
unsigned image_reading_line_at(const struct image_reading *rd, size_t offset);
/* The line of a member's key, or of the first one in an element. */
unsigned image_reading_line(const struct image_reading *rd, const struct value *v);

/* Says a fault about the value of a key (v may be NULL: the element the reader is in). */
void image_reading_fault(struct image_reading *rd, const struct value *v, const char *key, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Whether it is an object; its keys must be in the NULL-terminated list. */
bool image_reading_object(struct image_reading *rd, const struct value *v, const char *key, const char *const *known);
/* A text of the object, "" if it is not given; NULL after a fault. */
const char *image_reading_text(struct image_reading *rd, const struct value *object, const char *key, bool required);
/* The same, copied into the registry; "" after a fault. */
const char *image_reading_kept(struct image_reading *rd, const struct value *object, const char *key, bool required);
/* Milliseconds; IMAGE_NEVER if it is not given, is the zero time, or after a fault. */
int64_t image_reading_time(struct image_reading *rd, const struct value *object, const char *key);
/* Labels: an object of texts that nobody uses. */
void image_reading_labels(struct image_reading *rd, const struct value *object, const char *key);
/* The first element of a list; NULL if it has none or is not given. */
const struct value *image_reading_list(struct image_reading *rd, const struct value *object, const char *key);

#endif
