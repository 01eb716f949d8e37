/* What the simulator prints. */
#ifndef PLANSPOOL_SIM_REPORT_H
#define PLANSPOOL_SIM_REPORT_H

#include "sim/run.h"

/* A line of progress with the time since the start; r NULL: about no run. Texts of the receiver are escaped. */
void report_line(struct sim *s, const struct run *r, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, and remembered as a fault of the receiver in the run. */
void report_fault(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The run as its page would show it, or as JSON. */
void report_run(const struct run *r);

/* 0, 1 or 2 for the worst of all runs. */
int report_status(const struct sim *s);

#endif
