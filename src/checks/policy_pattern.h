/* Regular expressions of Python's re module, which policies are written in, as PCRE2 has them. */
#ifndef PLANSPOOL_CHECKS_POLICY_PATTERN_H
#define PLANSPOOL_CHECKS_POLICY_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum policy_pattern_result {
	PATTERN_GOOD,
	PATTERN_WRONG,		/* Python rejects it */
	PATTERN_FOREIGN,	/* Python may take it, we cannot */
};

/* Flags for the whole pattern. */
struct policy_pattern_flags {
	bool ascii, ignore_case, multiline, dot_all;
};

/* Writes the pattern (UTF-8) for PCRE2 into out. *why says what is wrong, static text. */
enum policy_pattern_result policy_pattern_translate(const char *pattern, size_t len, struct buf *out,
	struct policy_pattern_flags *flags, const char **why);

#endif
