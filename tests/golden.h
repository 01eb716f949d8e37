/* Comparison of the policies check with Checkov's own answers: what golden.c and golden_rules.c share. */
#ifndef PLANSPOOL_TESTS_GOLDEN_H
#define PLANSPOOL_TESTS_GOLDEN_H

#include <stdbool.h>

#include "base/json.h"

/* One address on which a case and we differ. */
struct difference {
	json_t *definition, *plan;
	const char *address;
	const char *theirs, *ours;	/* "pass", "fail", "unknown", "error"; NULL: no verdict */
	bool ours_has_errors;		/* on this or another address */
};

/* The rule of planspool-policies(5), DIFFERENCES, that explains it, or NULL. */
const char *golden_rule(const struct difference *d);
/* The rule by which a policy that Checkov accepted is refused, or NULL. expected: its verdicts by address. */
const char *golden_refusal_rule(json_t *expected);

#endif
