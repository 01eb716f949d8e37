/* The fast way through JSON that nobody wants to look into: finds where a value ends, at memory speed, in pieces split
 * anywhere. Checked: brackets match by kind and depth, escapes, control characters and UTF-8 in strings, and that what
 * stands outside of strings is made of JSON's characters. Not checked: commas, colons, the spelling of numbers and
 * literals, lone surrogates. */
#ifndef PLANSPOOL_PLAN_SCAN_H
#define PLANSPOOL_PLAN_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCAN_DEPTH 512

/* What is known about a value's beginning. */
struct scan {
	enum { SCAN_UNKNOWN, SCAN_CONTAINER, SCAN_STRING, SCAN_SCALAR } form;
	unsigned depth, limit;		/* brackets open now, and at most */
	bool in_string, escaped;	/* escaped: the last byte was a backslash that escapes the next */
	uint8_t hex_due;		/* digits of \uXXXX still to come */
	uint8_t utf8_due, utf8_seen;	/* bytes of a character still to come, and gone by */
	uint8_t utf8_low, utf8_high;	/* what the next of them may be */
	uint64_t braces[SCAN_DEPTH / 64];	/* one bit an open bracket: set for { */
	const char *what;		/* what is wrong; static text */
};

enum scan_result {
	SCAN_MORE,	/* all was taken, the value goes on */
	SCAN_DONE,	/* *at bytes were taken, the value ends there; a number or literal needs a byte behind it */
	SCAN_BAD,	/* *at is the wrong byte (below 0: a character that began in an earlier piece); what says it */
};

/* Starts at the first byte of a value in which at most limit (up to SCAN_DEPTH) brackets may be open. */
void scan_begin(struct scan *s, unsigned limit);
enum scan_result scan_feed(struct scan *s, const char *p, size_t n, ptrdiff_t *at);

/* How many bytes from p on a string takes as they are: up to a quote, a backslash, a control character, or one outside
 * ASCII. */
size_t scan_plain(const char *p, size_t n);

/* How many bytes follow the first byte of a UTF-8 character, and what the next one may be; -1 if it can't be a first
 * byte. */
int scan_utf8_lead(unsigned char c, uint8_t *low, uint8_t *high);

/* The value of a hexadecimal digit, or -1. */
int scan_hex(char c);

/* Looks for a string member in the beginning of an object, or all of it, that scan_feed has gone over. Returns its raw
 * text between the quotes, still escaped, inside text; NULL if it is not there, no string, or not there as a whole. NULL
 * also in doubt: when a key occurs twice or is written with escapes, or there are many keys. */
const char *scan_member(const char *text, size_t n, const char *key, size_t *len);

#endif
