/* How tests/sender answers: one ANSWER of its script, words of which the first is the status. */
#ifndef PLANSPOOL_TESTS_SENDER_SCRIPT_H
#define PLANSPOOL_TESTS_SENDER_SCRIPT_H

#include <stddef.h>

struct answer {
	char *text;	/* allocated */
	int status;	/* 0: close */
};

/* The answer to what is asked for a job for the turn-th time (from 0): by DIRECTORY/script, 200 if it has no line for it. */
struct answer script_answer(int directory, const char *job, const char *what, unsigned turn);

char *script_value(const struct answer *a, const char *key);	/* of KEY=VALUE, allocated; NULL if there is none */
size_t script_number(const struct answer *a, const char *key);	/* the same as a number; SIZE_MAX if there is none */

#endif
