/* Verdicts of policies as outcomes, with reasons in words. */
#ifndef PLANSPOOL_CHECKS_POLICY_REPORT_H
#define PLANSPOOL_CHECKS_POLICY_REPORT_H

#include "checks/outcome.h"
#include "checks/policy.h"
#include "checks/policy_node.h"
#include "checks/policy_skip.h"

struct policy_reporter {
	struct outcomes *outcomes;
	const struct policy_skips *skips;
	int64_t now_ms;
};

/* One verdict. reason may be NULL. */
void policy_report(const struct policy_reporter *r, const struct policy *p, const char *address, enum truth verdict,
	const char *reason);

/* Why a condition is false (inverted: true, below a not), in allocated text. node may be NULL when it is gone: then
 * without the value. Sensitive values are never in it. */
char *policy_reason(const struct policy_condition *c, bool inverted, const struct policy_node *node);
char *policy_reason_unknown(const struct policy_condition *c);
char *policy_reason_error(const struct policy_condition *c, const char *why);

#endif
