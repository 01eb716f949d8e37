/* The registry files of a check, kept current: read again when one of them was replaced. */
#ifndef PLANSPOOL_CHECKS_IMAGE_FILES_H
#define PLANSPOOL_CHECKS_IMAGE_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/faults.h"
#include "checks/image_registry.h"

struct image_files;

/* Takes over paths (n malloc'ed texts). Reads nothing yet. */
struct image_files *image_files_new(char **paths, size_t n);
void image_files_free(struct image_files *f);	/* no registry of it may be in use */

/* Looks whether a file was replaced and reads them all again if so. Returns the registry, to be given back by
 * image_files_release; the one read before if the files can't be used now; NULL if none ever could. *trouble is then
 * why, owned by f until the next call; NULL if all is well. */
const struct image_registry *image_files_current(struct image_files *f, const char **trouble);
void image_files_release(struct image_files *f, const struct image_registry *r);

/* What was wrong with the files when they were read last. */
const struct faults *image_files_faults(const struct image_files *f);
uint64_t image_files_digest(const struct image_files *f);	/* over what they hold */

/* Reads one file as a registry of its own, for the command line: NULL with errors in faults. */
struct image_registry *image_files_read(const char *path, struct faults *faults);

#endif
