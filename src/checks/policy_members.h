/* The elements of a list that a policy names, to be found among many: each resource, and each of its elements, asks for
 * them again. */
#ifndef PLANSPOOL_CHECKS_POLICY_MEMBERS_H
#define PLANSPOOL_CHECKS_POLICY_MEMBERS_H

#include <stdbool.h>

#include "checks/policy_view.h"

struct policy_members;

/* Of a list its elements, of an object its keys; NULL for all else. They point into what the view does. */
struct policy_members *policy_members_new(const struct view *container);
void policy_members_free(struct policy_members *m);
/* Whether policy_equal holds for x and one of them. */
bool policy_members_have(const struct policy_members *m, const struct view *x);

#endif
