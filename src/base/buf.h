/* A growable byte buffer with a hard maximum. Its bytes are always followed by a NUL that is not counted, so text in it
 * can be used as a C string. */
#ifndef PLANSPOOL_BASE_BUF_H
#define PLANSPOOL_BASE_BUF_H

#include <stddef.h>

struct buf {
	char *data;	/* NULL until something was appended */
	size_t len;	/* bytes used */
	size_t cap;	/* bytes allocated, the NUL's included */
	size_t max;	/* len never exceeds this */
};

#define BUF_INIT(maximum) { NULL, 0, 0, (maximum) }

/* Appends n bytes. 0, or -1 with errno EMSGSIZE (more than max) or ENOMEM; then the buffer is as it was. */
int buf_append(struct buf *b, const void *data, size_t n) __attribute__((warn_unused_result));

/* For text of our own that fits by construction: as buf_append, buf_puts and buf_printf end the process on failure. */
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for n more bytes and returns where they go, or NULL as buf_append fails; the caller then adds to len. */
char *buf_reserve(struct buf *b, size_t n) __attribute__((warn_unused_result));

/* The text, "" if nothing was ever appended. Owned by the buffer. */
const char *buf_text(const struct buf *b);

void buf_clear(struct buf *b);	/* forgets the bytes, keeps the memory */
void buf_free(struct buf *b);	/* frees the memory; the buffer may be used again */
void buf_wipe(struct buf *b);	/* as buf_free, and overwrites the memory first */

#endif
