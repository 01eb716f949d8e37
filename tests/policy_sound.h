/* Plans with unknown values, and policies about them, for policy_sound_test.c. */
#ifndef PLANSPOOL_TESTS_POLICY_SOUND_H
#define PLANSPOOL_TESTS_POLICY_SOUND_H

#include <stdint.h>

/* Which references a round has: none that compute an attribute, some, some of which it may be asked for their text. */
enum sound_references { SOUND_CONSTANT, SOUND_COMPUTED, SOUND_TEXT };
enum sound_references sound_references(uint64_t seed);

/* The plan of a seed with unknown values (filling 0), or with something in their place. Allocated. */
char *sound_plan(uint64_t seed, uint64_t filling);

/* Policies for it. Allocated. */
char *sound_policies(uint64_t seed);

#endif
