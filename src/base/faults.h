/* What is wrong with a file that people write (configuration, policy), collected so that all of it can be said at once:
 * "policies/s3.yaml:12: unknown operator 'equal', did you mean 'equals'?" */
#ifndef PLANSPOOL_BASE_FAULTS_H
#define PLANSPOOL_BASE_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct fault {
	bool warning;	/* the file can be used all the same */
	char *file;
	unsigned line;	/* from 1; 0: the file as a whole */
	char *text;
};

struct faults {
	struct fault *list;
	size_t n;
	size_t errors;	/* how many of them are no warnings */
};

/* Both add one; the first as an error, the second as a warning. File and text are copied. */
void faults_error(struct faults *f, const char *file, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void faults_warn(struct faults *f, const char *file, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts all of from behind those of f; from is empty then. */
void faults_take(struct faults *f, struct faults *from);

/* "file:line: text" ("file:line: warning: text"), as one allocated string. */
char *fault_text(const struct fault *fault);

void faults_print(const struct faults *f, FILE *out);	/* a line each */
void faults_log(const struct faults *f);		/* likewise, into the log */
void faults_free(struct faults *f);

#endif
