/* Allocation that cannot fail: running out of memory for small things of our own ends the process. What a peer sizes
 * goes through struct buf, which has a maximum and may refuse. */
#ifndef PLANSPOOL_BASE_MEM_H
#define PLANSPOOL_BASE_MEM_H

#include <stddef.h>

/* Each returns memory that the caller frees with free(3), never NULL. xcalloc zeroes; both check n * size. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what on standard error without allocating anything, and aborts: for what lies below the log. */
void mem_panic(const char *what) __attribute__((noreturn));

#endif
