/* Which files a set of policies is made of, found without reading them. Two looks that are alike say that nothing was
 * changed in between. */
#ifndef PLANSPOOL_CHECKS_POLICY_FILES_H
#define PLANSPOOL_CHECKS_POLICY_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/faults.h"

struct policy_files {
	char **paths;		/* the files, in the order in which they are read */
	size_t count;
	struct policy_folder { dev_t dev; ino_t ino; } *folders;	/* those looked into */
	size_t folder_count;
	uint64_t digest;	/* over the names and the identity (inode, size, times) of all of them */
	int64_t changed_ms;	/* when the latest of them was changed, by the clock of its file system */
	char *latest;		/* which that is; NULL if there is none */
};

/* One look at n files, or folders with all below them. What cannot be looked at is a fault, and missing. */
struct policy_files policy_files_look(const char *const *paths, size_t n, struct faults *faults);
void policy_files_free(struct policy_files *f);

uint64_t policy_files_digest(const char *const *paths, size_t n);	/* that of a look */
/* Waits until nothing has changed for a second, by the times of the files or, since their clock may not be ours, by
 * watching them. False if that did not come before the deadline (monotonic clock); else *digest is that of the files at
 * rest. */
bool policy_files_rest(const char *const *paths, size_t n, int64_t deadline, uint64_t *digest);
void policy_files_pause(void);	/* for a moment, between two looks */

#endif
