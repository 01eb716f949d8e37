/* A growable byte buffer with a hard maximum.
 *
 * Everything that a peer sizes passes through one of these, so the maximum is the limit that the peer meets: what does
 * not fit is refused with EMSGSIZE and leaves the buffer as it was, never cut. The capacity is changed only after
 * realloc succeeded.
 *
 * One byte more than len is always allocated and is always a NUL. buf_reserve clears what it hands out, so this holds
 * as well when the caller fills less of it than asked for and adds that to len.
 *
 * Growing moves the bytes, and what realloc leaves behind is not wiped: a buffer that will hold a secret reserves all
 * it needs at first, and secrets that stay belong into secret.h.
 */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BUF_FIRST 64

static int grow(struct buf *b, size_t n)
{
	size_t need, cap;
	char *data;

	if (b->len > b->max || n > b->max - b->len || n >= SIZE_MAX - b->len) {
		errno = EMSGSIZE;
		return -1;
	}
	need = b->len + n + 1;
	if (need <= b->cap)
		return 0;
	cap = b->cap > SIZE_MAX / 2 ? SIZE_MAX : b->cap * 2;
	if (cap < BUF_FIRST)
		cap = BUF_FIRST;
	if (cap - 1 > b->max)
		cap = b->max + 1;
	if (cap < need)
		cap = need;
	data = realloc(b->data, cap);
	if (!data) {
		errno = ENOMEM;
		return -1;
	}
	b->data = data;
	b->cap = cap;
	return 0;
}

int buf_append(struct buf *b, const void *data, size_t n)
{
	if (grow(b, n))
		return -1;
	if (n)
		memcpy(b->data + b->len, data, n);
	b->len += n;
	b->data[b->len] = '\0';
	return 0;
}

void buf_puts(struct buf *b, const char *s)
{
	if (buf_append(b, s, strlen(s)))
		mem_panic("planspool: text of our own does not fit its buffer");
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0 || buf_append(b, text, (size_t)n))
		mem_panic("planspool: text of our own does not fit its buffer");
	free(text);
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (grow(b, n))
		return NULL;
	memset(b->data + b->len, 0, n + 1);
	return b->data + b->len;
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

void buf_wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_free(b);
}
