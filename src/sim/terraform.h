/* What the terraform CLI shows of a task result. */
#ifndef PLANSPOOL_SIM_TERRAFORM_H
#define PLANSPOOL_SIM_TERRAFORM_H

#include <stddef.h>
#include <stdio.h>

#include "sim/run.h"

/* The length of a word in brackets at the start of the text that the CLI takes for a colour; 0 if there is none. */
size_t terraform_colour(const char *text);

void terraform_print(FILE *out, const struct run *r);

#endif
