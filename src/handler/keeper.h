/* Keeps the settings in force up to date with the files they came from, and lets threads share them. */
#ifndef PLANSPOOL_HANDLER_KEEPER_H
#define PLANSPOOL_HANDLER_KEEPER_H

#include "base/faults.h"
#include "handler/settings.h"

struct keeper;

/* Reads the configuration file for the first time. NULL if it has errors, which faults then has. Freed by
 * keeper_free, after every thread has given back what it took. */
struct keeper *keeper_new(const char *file, struct faults *faults);
void keeper_free(struct keeper *k);

/* The settings to answer one request with; given back by keeper_return. Looks for changed files at most once a
 * second, or at every call while the spool cannot be used. */
struct settings *keeper_take(struct keeper *k);
void keeper_return(struct keeper *k, struct settings *s);

/* The next keeper_take looks for changes whatever the time. */
void keeper_look(struct keeper *k);

#endif
