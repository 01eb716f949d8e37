/* The log: one line an event on standard error: "program: level: job: text". Whatever is printed is escaped, so that a
 * peer's bytes can neither forge lines nor control a terminal. Secrets have a type of their own (secret.h) that no
 * function here takes. errno is kept. */
#ifndef PLANSPOOL_BASE_LOG_H
#define PLANSPOOL_BASE_LOG_H

#include <stdbool.h>

void log_open(const char *program);	/* once, before anything else; the name is kept, not copied */
void log_verbose(bool on);		/* whether log_debug prints; off at start */

/* job is the job's id, or NULL. */
void log_debug(const char *job, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *job, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *job, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_error(const char *job, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A bug of our own: says so and aborts. */
void log_panic(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
