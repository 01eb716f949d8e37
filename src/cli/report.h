/* Reports of "planspool check" for other programs. A format is one file; what they share is in report.c. */
#ifndef PLANSPOOL_CLI_REPORT_H
#define PLANSPOOL_CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/outcome.h"

/* A finished check of one plan. */
struct report {
	struct outcomes *outcomes;	/* nothing is added any more */
	const char *hash;		/* of the set of checks */
	const char *plan;		/* as named on the command line; "-" is standard input */
	bool failed;			/* the verdict */
	bool all;			/* passed ones are wanted too */
};

/* Outcomes by their ids: a policy, or a check. */
struct report_rule {
	const char *id;			/* borrowed, like the outcomes */
	const struct outcome *first;
	const struct outcome **list;	/* in the order of outcomes_at */
	size_t n;
};
/* The rules of what the report lists, in the order of outcomes_at; *n of them. Freed by report_rules_free. */
struct report_rule *report_rules(const struct report *r, size_t *n);
void report_rules_free(struct report_rule *rules, size_t n);
/* How many outcomes of the same address stand directly before the i-th: a check may have several findings in one resource. */
unsigned report_nth(const struct report_rule *rule, size_t i);

void sarif_print(const struct report *r);	/* sarif.c: SARIF 2.1.0, on standard output */
void junit_print(const struct report *r);	/* junit.c: JUnit XML */

#endif
