/* A hint that something new lies in a directory (inotify). Only a hint: where the system has none, or the file system is shared with
 * other hosts, the scan decides. */
#ifndef PLANSPOOL_SPOOLER_HINT_H
#define PLANSPOOL_SPOOLER_HINT_H

#include "net/loop.h"

struct hint;

/* Calls fn from the loop when entries have appeared in the directory. NULL if there is no such thing here. */
struct hint *hint_new(struct loop *l, const char *directory, void (*fn)(void *context), void *context);
void hint_free(struct hint *h);	/* NULL is fine */

#endif
