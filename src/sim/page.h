/* A run for people, at the end. */
#ifndef PLANSPOOL_SIM_PAGE_H
#define PLANSPOOL_SIM_PAGE_H

#include "sim/run.h"

/* The run as its page shows it and as the terraform CLI does, then the receiver's faults, on standard output. */
void page_print(const struct run *r);

#endif
