/* Private to spool*.c: the layout of the spool directory, whose table of states and events stands at the head of
 * spool.c. Everybody else uses spool.h. */
#ifndef PLANSPOOL_BASE_SPOOL_LAYOUT_H
#define PLANSPOOL_BASE_SPOOL_LAYOUT_H

#include <sys/stat.h>

#include "base/spool.h"

#define SPOOL_HIDDEN_FOREIGN ".foreign."	/* in new/: what could not be moved to corrupt/ */
#define SPOOL_FILE_MODE 0640

enum spool_place { ROOT, TMP, NEW, ACTIVE, DONE, UNDELIVERED, CORRUPT, SPOOLERS, PLACES };

struct spool_place_rules {
	const char *name;
	mode_t mode;
	bool handler;	/* the group is that of the handler's user */
};
extern const struct spool_place_rules spool_places[PLACES];
extern const enum spool_place spool_state_place[SPOOL_STATES];
extern const char *const spool_job_files[];	/* by enum spool_file */

struct spool {
	char *directory, *new_path;
	int fd[PLACES];		/* -1 for what this user may not open */
};

/* Formats a relative name. All parts are bounded by their own rules, so that cutting one is a bug and aborts. */
void spool_name(char out[SPOOL_NAME_SIZE], const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A name that is not in use, from a stem, time and chance. */
void spool_name_unique(char out[SPOOL_NAME_SIZE], const char *stem);
bool spool_instance_valid(const char *name);	/* whether it may be that of a lease */
bool spool_exists(int dirfd, const char *name);
int64_t spool_mtime(const struct stat *st);	/* milliseconds since 1970 */
/* Removes all that is in an open folder, but what is called spared (NULL: nothing). */
int spool_folder_empty(int folder, const char *spared);
/* Removes a folder of ours with all that is in it. What is gone already is fine. */
int spool_folder_remove(int dirfd, const char *name);
/* Appends a line to the log of job id in dirfd, after ending one that a crash tore. */
int spool_log_append(int dirfd, const char *id, const char *line, bool durable);
/* Whether the directory is a spool of our format; if not, why says so. */
bool spool_format_known(int root, const char *directory, char why[SPOOL_WHY]);

#endif
