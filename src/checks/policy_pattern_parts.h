/* What the files of the translation of patterns share. For policy_pattern*.c alone. */
#ifndef PLANSPOOL_CHECKS_POLICY_PATTERN_PARTS_H
#define PLANSPOOL_CHECKS_POLICY_PATTERN_PARTS_H

#include <stdint.h>

#include "checks/policy_pattern.h"

#define WIDTH_MAX (UINT64_C(1) << 31)	/* and beyond */
#define NOTHING (-1)		/* instead of a character: the pattern's end */
#define CATEGORY (-2)		/* instead of one: \d and the like, which has been written */

struct width {
	uint64_t least, most;
};

struct reading {
	const char *at, *end;
	struct buf *out;
	struct policy_pattern_flags *flags;
	bool verbose, unicode;	/* for the whole pattern */
	bool ignores_case;	/* somewhere */
	unsigned depth;
	size_t groups;		/* opened so far */
	size_t behind;		/* inside a lookbehind: groups opened before it, and 1 */
	struct group {
		const char *name;
		size_t name_len;
		bool closed;
		struct width width;
	} *group;		/* by number; 0 is none */
	enum policy_pattern_result result;
	const char *why;
};

/* All that read return false, with result and why set, when the pattern can't be used. */
bool pattern_wrong(struct reading *r, const char *why);
bool pattern_foreign(struct reading *r, const char *why);

int pattern_peek(const struct reading *r);		/* the next byte or NOTHING */
bool pattern_take(struct reading *r, char c);		/* whether it was there; then it is taken */
long pattern_take_character(struct reading *r);		/* there must be one */
void pattern_put_character(struct reading *r, long code);

/* An escape with a letter that stands in sets, too; c is what stands behind the backslash. */
bool pattern_read_letter(struct reading *r, char c, long *code);
bool pattern_read_octal(struct reading *r, int max, long *code);	/* of at most max digits */
bool pattern_read_set(struct reading *r);		/* whose bracket has been taken */
/* A {...} whose brace has been taken. repeat: it is one; else the brace is a character. most: WIDTH_MAX without one. */
bool pattern_read_bounds(struct reading *r, bool *repeat, uint64_t *least, uint64_t *most);

#endif
