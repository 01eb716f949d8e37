/* Values as text and as numbers the way Python has them, in which policies were written (planspool-policies(5),
 * OPERATORS: S, num, int). */
#ifndef PLANSPOOL_CHECKS_POLICY_TEXT_H
#define PLANSPOOL_CHECKS_POLICY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "checks/policy_view.h"

#define POLICY_TEXT_MAX (64u << 20)	/* of the text form of one value */

/* S(x): the text of a string or a number as it stands, else built in buf. The text is NUL-terminated. 0, or -1 if it is
 * longer than buf may hold. */
int policy_text(const struct view *v, struct buf *buf, const char **text, size_t *len);

/* num(x): false if it is none. */
bool policy_number(const struct view *v, double *out);
bool policy_number_text(const char *text, size_t len, double *out);

/* Whether two numbers or booleans are the same, of any size: whole numbers digit by digit, others as doubles. */
bool policy_number_equal(const struct view *a, const struct view *b);
/* An order of them, not that of their size, in which the same ones are equal (0): for sorting and finding. */
int policy_number_order(const struct view *a, const struct view *b);

/* The length of the white space character, as Python's split knows them, at the beginning of a text; 0 if it is none. */
size_t policy_space(const char *text, size_t len);

/* int(x): false if it is none. One that int64 cannot hold is the nearest that it can. */
bool policy_integer(const struct view *v, int64_t *out);
bool policy_integer_text(const char *text, size_t len, int64_t *out);

/* Python's repr of a float, into buf. */
int policy_float_text(double d, struct buf *buf);

#endif
