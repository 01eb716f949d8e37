/* What the tests of properties share, which make plans and policies at random: numbers from a seed, rounds, and what a
 * set of policies says of a plan. */
#ifndef PLANSPOOL_TESTS_POLICY_RANDOM_H
#define PLANSPOOL_TESTS_POLICY_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/checkset.h"

#define PLAN_MAX (4u << 20)

uint64_t draw(uint64_t *state);
unsigned below(uint64_t *state, unsigned n);
#define PICK(state, table) ((table)[below(state, COUNT(table))])

/* Calls round for the seeds 1 to rounds, or to PLANSPOOL_TEST_ROUNDS; alone for PLANSPOOL_TEST_SEED, if that is set. The
 * folder is an empty one to use. Returns how many rounds there were; 0 if one was alone. */
unsigned long random_rounds(unsigned long rounds, void (*round)(uint64_t seed, const char *folder, bool alone));

/* A set of these policies, which must be without faults. To be freed with checkset_free. */
struct checkset *random_set(const char *folder, const char *policies);

/* The verdicts of a set on a plan, which is fed in pieces of that many bytes, but first the first one: sorted lines of
 * policy, address ("-": none) and status. Addresses that start with the text without (NULL: none) are left out. Adds
 * to seen how often there was each status. Allocated. */
char *random_verdicts(const struct checkset *set, const char *plan, size_t first, size_t piece, const char *without,
	size_t *seen);

#endif
