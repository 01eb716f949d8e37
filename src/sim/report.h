/* What the simulator says while it works, and as JSON at the end. */
#ifndef PLANSPOOL_SIM_REPORT_H
#define PLANSPOOL_SIM_REPORT_H

#include <stdio.h>

#include "sim/run.h"

/* A line of progress with the time since the start; r NULL: about no run. Texts of the receiver are escaped. */
void report_line(struct sim *s, const struct run *r, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, and remembered, once each, as a fault of the receiver in the run, or as something it had better not do. */
void report_fault(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_warning(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line of the transcript: what was asked for, the bytes of the request's body, and how it was answered (0: not at
 * all). method POST: asked by the simulator. */
void report_exchange(struct run *r, const char *what, const char *method, size_t bytes, unsigned status);

/* A text of the receiver's, so that it cannot control the terminal. NULL is none. */
void report_escaped(FILE *out, const char *text);

/* The run as one JSON object on a line of standard output. */
void report_json(const struct run *r);

/* 0, 1 or 2 for the worst of all runs. */
int report_status(const struct sim *s);

#endif
