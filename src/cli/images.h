/* What the commands of planspool images share: the registry file, read for editing and written as a whole. */
#ifndef PLANSPOOL_CLI_IMAGES_H
#define PLANSPOOL_CLI_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "cli/cli.h"

/* One of planspool images' own commands. argv[0] is its name. */
struct images_command {
	const char *name;
	const char *synopsis, *purpose, *help;
	int (*run)(const struct cli_command *self, int argc, char **argv);
};
extern const struct images_command images_add, images_revoke, images_restore, images_sync;

/* A registry file that nobody else of planspool writes meanwhile. */
struct images_file {
	char *path;		/* where links lead */
	char *folder, *name;
	int folder_fd;		/* locked */
	unsigned mode;
	json_t *top;		/* what the file holds; NULL if there is none */
};

/* Locks and reads it; CLI_GO_ON, or CLI_TROUBLE after saying why. A file that is not there is an error unless
 * missing_ok. */
int images_file_open(const char *path, bool missing_ok, struct images_file *f);
/* Writes top in its place, if the check of images would take it. */
int images_file_save(struct images_file *f);
void images_file_close(struct images_file *f);

int64_t images_now(void);	/* milliseconds since 1970 */

/* The registry file that is meant: as named, or the default one. */
const char *images_path(const char *named);

/* The bucket's or version's object, by name (a version also by fingerprint); NULL if there is none. */
json_t *images_bucket(const json_t *top, const char *name);
json_t *images_version(const json_t *bucket, const char *name);
/* The array under key, made if there is none. */
json_t *images_list(json_t *object, const char *key);

#endif
