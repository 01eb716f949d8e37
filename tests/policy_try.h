/* Trying a policy on a plan, for the tests of the check of policies. */
#ifndef PLANSPOOL_TESTS_POLICY_TRY_H
#define PLANSPOOL_TESTS_POLICY_TRY_H

#include <stdbool.h>

/* The verdicts of a definition (YAML, one line in flow style or more) on a plan: "t_x.a pass, t_x.b fail", sorted by
 * address; with reasons "t_x.b fail (reason)". "refused" if the policy cannot be used. Allocated. */
char *policy_try(const char *definition, const char *plan, bool reasons);

/* The same with top-level keys besides, as "scope: {provider: aws}\n". */
char *policy_try_with(const char *more, const char *definition, const char *plan, bool reasons);

/* A plan with one resource t_x.a, whose values after the change and unknown parts are these, and whose configuration
 * has these expressions. Allocated. */
char *policy_plan(const char *after, const char *unknown, const char *expressions);

#endif
