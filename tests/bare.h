/* What the tests share that do without cmocka, so that a cross compiler and its C library are all they need. */
#ifndef PLANSPOOL_TESTS_BARE_H
#define PLANSPOOL_TESTS_BARE_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The same numbers in each run. */
static inline uint64_t random_bits(void)
{
	static uint64_t state = 1;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static inline unsigned chance(unsigned n)
{
	return (unsigned)(random_bits() >> 33) % n;
}

__attribute__((noreturn, format(printf, 1, 2))) static inline void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

#endif
