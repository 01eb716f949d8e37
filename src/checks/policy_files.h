/* Which files a set of policies is made of, found without reading them. Two looks that are alike say that nothing was
 * changed in between. */
#ifndef PLANSPOOL_CHECKS_POLICY_FILES_H
#define PLANSPOOL_CHECKS_POLICY_FILES_H

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

/* Adds a file, or the policy files of a folder with all below it. 0, or -1 with faults. */
int policy_files_add(struct policy_files *f, const char *path, struct faults *faults);
void policy_files_free(struct policy_files *f);

#endif
