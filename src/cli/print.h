/* Printing for people: text from elsewhere is escaped, colours only for a terminal, columns aligned by characters. */
#ifndef PLANSPOOL_CLI_PRINT_H
#define PLANSPOOL_CLI_PRINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "checks/outcome.h"

/* Prints on standard output what cannot control a terminal: escaped. NULL prints nothing. */
void print_text(const char *s);
/* Several lines of such text, each behind an indent. */
void print_lines(const char *s, unsigned indent);
/* As print_text, then spaces up to width characters. */
void print_padded(const char *s, size_t width);
size_t print_width(const char *s);

/* Colours, when standard output is a terminal that has them and NO_COLOR is not set; else they print nothing. */
enum print_colour { PRINT_PLAIN, PRINT_RED, PRINT_YELLOW, PRINT_GREEN, PRINT_CYAN, PRINT_BOLD, PRINT_DIM };
void print_colour(enum print_colour c);
enum print_colour print_status_colour(enum outcome_status s);

/* "FAILED   HIGH  ID  description" */
void print_outcome_head(enum outcome_status status, enum severity severity, size_t severity_width, const char *id,
	size_t id_width, const char *description);

/* "12s", "5m", "3h", "4d". */
#define PRINT_AGE_SIZE 24
void print_age(int64_t ms, char out[PRINT_AGE_SIZE]);

#endif
