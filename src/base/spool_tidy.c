/*
 * Tidying the spool: what is no job is set aside for a person, what is over or was left half-made is removed.
 *
 * A folder is renamed before it is removed, so that what is half removed is never taken for a job.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/spool_layout.h"

#define SWEEP_AGE_MS (60 * 60 * 1000)
#define FOLDERS_MAX 32		/* one in the other: ours has one, a person's may have more */

/* ---- folders ---- */

static int folder_remove(int dirfd, const char *name, unsigned depth);

/* Removes all that is in a folder, but what is called spared (NULL: nothing). */
static int folder_empty(int folder, const char *spared, unsigned depth)
{
	DIR *dir = fsio_opendir(folder, ".");
	struct dirent *entry;

	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    (spared != NULL && strcmp(entry->d_name, spared) == 0))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) != 0 && (errno == EISDIR || errno == EPERM) && depth > 0)
			(void)folder_remove(dirfd(dir), entry->d_name, depth - 1);
	}
	closedir(dir);
	return 0;
}

static int folder_remove(int dirfd, const char *name, unsigned depth)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), rc;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	rc = folder_empty(fd, NULL, depth);
	close(fd);
	return rc == 0 && (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) ? 0 : -1;
}

int spool_folder_empty(int folder, const char *spared)
{
	return folder_empty(folder, spared, FOLDERS_MAX);
}

int spool_folder_remove(int dirfd, const char *name)
{
	return folder_remove(dirfd, name, FOLDERS_MAX);
}

/* ---- setting aside ---- */

int spool_set_aside(struct spool *s, enum spool_state state, const char *name, char where[SPOOL_NAME_SIZE])
{
	int from = s->fd[spool_state_place[state]];
	char unique[SPOOL_NAME_SIZE];
	enum spool_place to = CORRUPT;

	spool_name_unique(unique, name);
	spool_name(where, "corrupt/%s", unique);
	if (renameat(from, name, s->fd[ROOT], where) != 0) {
		/* Moving a folder elsewhere writes to the folder itself, which only its owner may; renaming it where it
		 * is, does not. */
		if (state != SPOOL_NEW || (errno != EACCES && errno != EPERM))
			return -1;
		to = NEW;
		spool_name(where, "new/" SPOOL_HIDDEN_FOREIGN "%s", unique);
		if (renameat(from, name, s->fd[ROOT], where) != 0)
			return -1;
	}
	return fsio_sync(s->fd[to]);
}

/* ---- removing ---- */

/* Removes a folder, renamed first: what is half removed is no job, and a claimer that was stopped while it made its hidden folder
 * does not find a half of it later. */
static int whole_remove(int dirfd, const char *name)
{
	char removed[SPOOL_NAME_SIZE];

	spool_name_unique(removed, ".remove");
	if (renameat(dirfd, name, dirfd, removed) != 0)
		return -1;
	return spool_folder_remove(dirfd, removed);
}

/* Removes what is older than SWEEP_AGE_MS in a place: files, or hidden folders. */
static int place_sweep(struct spool *s, enum spool_place place, int64_t now_ms)
{
	DIR *dir = fsio_opendir(s->fd[ROOT], spool_places[place].name);
	struct dirent *entry;
	struct stat st;

	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		bool hidden = strncmp(entry->d_name, ".claim.", 7) == 0 || strncmp(entry->d_name, ".remove.", 8) == 0;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || (place != TMP && !hidden) ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    now_ms - spool_mtime(&st) < SWEEP_AGE_MS)
			continue;
		if (!S_ISDIR(st.st_mode))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
		else if (place == TMP)
			(void)spool_folder_remove(dirfd(dir), entry->d_name);	/* a stranger's, to try */
		else
			(void)whole_remove(dirfd(dir), entry->d_name);
	}
	closedir(dir);
	return 0;
}

int spool_sweep(struct spool *s, int64_t now_ms)
{
	static const enum spool_place swept[] = { TMP, ACTIVE, DONE, UNDELIVERED };
	int rc = 0;

	for (size_t i = 0; i < sizeof swept / sizeof *swept; i++)
		if (place_sweep(s, swept[i], now_ms) != 0)
			rc = -1;
	return rc;
}

int spool_remove(struct spool *s, enum spool_state state, const char *id)
{
	return whole_remove(s->fd[spool_state_place[state]], id);
}
