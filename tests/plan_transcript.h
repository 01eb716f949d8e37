/* For tests of the plan reader: everything that a reading hands out, as one text, so that two readings can be
 * compared. */
#ifndef PLANSPOOL_TESTS_PLAN_TRANSCRIPT_H
#define PLANSPOOL_TESTS_PLAN_TRANSCRIPT_H

#include "base/buf.h"
#include "plan/reader.h"

/* A value as compact JSON with as few escapes as possible. */
void transcript_value(struct buf *out, const struct value *v);

/* How long the piece is that begins at a byte. */
typedef size_t transcript_piece_fn(void *context, size_t at, size_t left);

/* Reads the plan in pieces (one, if piece is NULL). One line for each item, one for the end. Freed by the caller. */
char *transcript(const struct plan_wants *wants, uint64_t max_item, uint64_t max_plan, const char *plan, size_t len,
	transcript_piece_fn *piece, void *context);

/* Wants everything. */
struct plan_wants transcript_all(void);

#endif
