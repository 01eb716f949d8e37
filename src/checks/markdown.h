/* Text from elsewhere (addresses, reasons) inside markdown of ours: whatever it holds, it shows as itself and as
 * nothing else. */
#ifndef PLANSPOOL_CHECKS_MARKDOWN_H
#define PLANSPOOL_CHECKS_MARKDOWN_H

#include "base/buf.h"

/* Each appends to out. 0, or -1 as buf_append: then something of it may have been appended. */

/* Running text on one line. */
int markdown_text(struct buf *out, const char *s);

/* Back from that, for a terminal: what markdown_text wrote as it was, but for the control characters. */
int markdown_plain(struct buf *out, const char *s);

/* A code span, `aws_s3_bucket.logs["a"]`, on one line. */
int markdown_code(struct buf *out, const char *s);

#endif
