/* Files, wholly or not at all: short reads and writes and EINTR are handled here and nowhere else. All functions
 * return 0 or a descriptor, or -1 with errno set. Descriptors are opened close-on-exec. */
#ifndef PLANSPOOL_BASE_FSIO_H
#define PLANSPOOL_BASE_FSIO_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

int fsio_write(int fd, const void *data, size_t n) __attribute__((warn_unused_result));

/* Appends everything up to the end of fd; EMSGSIZE when there is more than the buffer may hold. */
int fsio_read(int fd, struct buf *out) __attribute__((warn_unused_result));

/* Opens a regular file for reading without following a link and without waiting (fifo, device: EINVAL). */
int fsio_open_regular(int dirfd, const char *name) __attribute__((warn_unused_result));

/* Opens a file that people name (configuration, keys): the same, but links are followed. */
int fsio_open_linked(const char *path) __attribute__((warn_unused_result));

/* What this errno of the functions that open or read a file means, for people. */
const char *fsio_why(int error);

/* Reads the regular file name in dirfd. */
int fsio_read_file(int dirfd, const char *name, struct buf *out) __attribute__((warn_unused_result));

/* The same, but of a file with more than the buffer may hold only the end. */
int fsio_read_end(int dirfd, const char *name, struct buf *out) __attribute__((warn_unused_result));

/* Whether reading a file failed with this errno for what is there (nothing, no regular file, more than the buffer may
 * hold), so that another try would not help. */
bool fsio_unfit(int error);

/* Makes the file name in dirfd, which must not exist, with exactly this mode whatever the umask, writes and fsyncs it.
 * What was made is removed again on failure. The directory is not fsynced. */
int fsio_create(int dirfd, const char *name, mode_t mode, const void *data, size_t n)
	__attribute__((warn_unused_result));

/* How many descriptors this process may have open. */
size_t fsio_descriptors(void);

/* Opens the directory name in dirfd for reading, without following a link. NULL with errno. */
DIR *fsio_opendir(int dirfd, const char *name) __attribute__((warn_unused_result));

int fsio_sync(int fd) __attribute__((warn_unused_result));	/* fsync of a file or a directory */

#endif
