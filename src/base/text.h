/* Text that comes from elsewhere or goes to people: UTF-8, escaping, durations, sizes, spelling suggestions. */
#ifndef PLANSPOOL_BASE_TEXT_H
#define PLANSPOOL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Where the first byte is that is not UTF-8 (RFC 3629: no surrogates, no overlong forms), n if there is none. */
size_t text_utf8_valid(const char *s, size_t n);

/* The largest length <= max, and <= n, that cuts no character of valid UTF-8 s in the middle. */
size_t text_utf8_cut(const char *s, size_t n, size_t max);

/* The number of characters (code points) of valid UTF-8. */
size_t text_utf8_length(const char *s, size_t n);

/* The largest number of bytes of valid UTF-8 s that holds at most max characters. */
size_t text_utf8_prefix(const char *s, size_t n, size_t max);

/* Appends s with control characters and bytes that are not UTF-8 written as \n, \t, \xNN. 0, or -1 as buf_append. */
int text_escape(struct buf *out, const char *s, size_t n);

/* "500ms", "1s", "5m", "58m", "2h", "30d" to milliseconds. 0, or -1 if it is none or does not fit. */
int text_duration(const char *s, int64_t *milliseconds);

/* "4096", "16KiB", "1MiB", "4GiB" to bytes. 0, or -1 if it is none or does not fit. */
int text_size(const char *s, uint64_t *bytes);

/* A whole number in decimal digits within [min, max]. 0, or -1. */
int text_integer(const char *s, int64_t min, int64_t max, int64_t *out);

bool text_starts(const char *s, const char *prefix);

/* The entry of list (NULL-terminated) nearest to word, if near enough to be what was meant; else NULL. */
const char *text_nearest(const char *word, const char *const *list);

/* Wall clock time as RFC 3339 in UTC with milliseconds, "2026-11-23T06:02:01.000Z"; and back. */
#define TEXT_TIME_SIZE 32
void text_time(int64_t unix_ms, char out[TEXT_TIME_SIZE]);
int text_time_parse(const char *s, int64_t *unix_ms);	/* 0, or -1 if it is not of that form */

#endif
