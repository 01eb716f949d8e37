/* The record of what a program did to a directory tree, as tests/faults.c writes it and tests/powerloss.c reads it: one
 * struct record for each change, followed by its path, its other path and its data. Paths are relative to the tree
 * ("." is its root). Only calls that succeeded are in it. */
#ifndef PLANSPOOL_TESTS_RECORD_H
#define PLANSPOOL_TESTS_RECORD_H

#include <stdint.h>

enum record_kind {
	RECORD_CREATE,		/* path is a new empty file */
	RECORD_MKDIR,		/* path is a new folder */
	RECORD_WRITE,		/* data at offset */
	RECORD_TRUNCATE,	/* to offset */
	RECORD_SYNC,		/* fsync of a file or folder */
	RECORD_LINK,		/* other is a new name of path */
	RECORD_RENAME,		/* path is now other */
	RECORD_UNLINK,		/* of a file or an empty folder */
	RECORD_ACCEPTED,	/* the sender was told 200 */
	RECORD_ANSWERED,	/* the final is about to be sent */
};

struct record {
	uint32_t kind, path_len, other_len, data_len;
	uint64_t offset;
};

#endif
