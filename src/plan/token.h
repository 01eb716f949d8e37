/* Strings and numbers of JSON (RFC 8259), read strictly and in place. The text's end must be followed by a NUL. */
#ifndef PLANSPOOL_PLAN_TOKEN_H
#define PLANSPOOL_PLAN_TOKEN_H

#include <stddef.h>

struct token_fault {
	const char *at;		/* the byte that is wrong */
	const char *what;	/* static text */
};

/* Unescapes the string whose first byte behind the opening quote is at p, where its text then is, followed by a NUL.
 * Returns where the text goes on behind the closing quote; NULL with the fault. */
char *token_string(char *p, const char *end, size_t *len, struct token_fault *fault);

/* Returns the end of the number at p; NULL with the fault. */
char *token_number(char *p, struct token_fault *fault);

#endif
