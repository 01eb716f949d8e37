/* Allocation that cannot fail.
 *
 * A process of ours that cannot get a few hundred bytes can do nothing useful any more: the spool holds every accepted
 * job, so the safe answer is to stop at once and be started again. These functions therefore never return NULL; they
 * write one line to standard error with write(2), because the log needs memory itself, and abort.
 *
 * What a peer sizes (bodies, plans, answers) does not belong here but into a struct buf, which has a maximum and
 * refuses. A request of zero bytes gives a pointer that may be passed to free(3) and xreallocarray. Sizes are
 * multiplied with a check for overflow, which ends the process like a failed allocation.
 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void mem_panic(const char *what)
{
	ssize_t ignored;

	ignored = write(STDERR_FILENO, what, strlen(what));
	ignored = write(STDERR_FILENO, "\n", 1);
	(void)ignored;
	abort();
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		mem_panic("planspool: out of memory");
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		mem_panic("planspool: out of memory");
	return p;
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		mem_panic("planspool: out of memory: size overflow");
	p = realloc(p, total ? total : 1);
	if (!p)
		mem_panic("planspool: out of memory");
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy;

	if (len == SIZE_MAX)
		mem_panic("planspool: out of memory: size overflow");
	copy = xmalloc(len + 1);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *xasprintf(const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		mem_panic("planspool: out of memory");
	return text;
}
