/*
 * A person's side of the spool: trying a job again, and removing what has ended.
 *
 * Both work on what no spooler works on, with the same renames as the spoolers' own moves, so that they need no lock
 * and any number of spoolers may run meanwhile.
 *
 *	retry, step				after a crash behind it
 *	----------------------------------------------------------------------------------------------
 *	"retried" into the log, fsynced		still undelivered; the line means nothing there
 *	rename undelivered/<id> to active/<id>	one of both places, as the file system recovers
 *	fsync active/, then undelivered/	active, and nothing can undo it
 *
 * The folder moves as a whole. A result.json goes with it and still decides, so that only its delivery is repeated. The
 * claim goes with it too: the spooler that gave the job up finds it in active/ under its own name, and if that one is
 * dead any other takes it over. Whoever wins active/<id> for a duplicate request while the job is in undelivered/ sees
 * it there and drops the duplicate; until then the rename is refused, since active/<id> is not empty. A duplicate that
 * comes later finds active/<id> taken.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/log.h"
#include "base/spool_layout.h"
#include "base/text.h"

/* ---- retry ---- */

static char *retried_line(int64_t now_ms)
{
	char when[TEXT_TIME_SIZE], *line;
	json_t *j = json_new_object();

	text_time(now_ms, when);
	json_put_string(j, "time", when);
	json_put_string(j, "event", SPOOL_RETRIED);
	json_put_string(j, "detail", "by hand; all deadlines count from here");
	line = json_text(j);
	json_free(j);
	return line;
}

/* The event on disk, and the folder as young as that: what is kept for a while is kept from here on. */
static int note_retry(struct spool *s, const char *id, int64_t now_ms)
{
	int fd = openat(s->fd[UNDELIVERED], id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), rc = -1, saved;
	const char *log_name = spool_job_files[SPOOL_LOG];
	char *line = retried_line(now_ms);
	struct stat st;

	if (fd >= 0 && spool_log_append(s->fd[UNDELIVERED], id, line, true) == 0 && fstat(fd, &st) == 0 &&
	    /* Made by root just now, perhaps: the spooler writes it next. */
	    (geteuid() != 0 || fchownat(fd, log_name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) == 0) &&
	    futimens(fd, NULL) == 0)
		rc = 0;
	saved = errno;
	free(line);
	if (fd >= 0)
		close(fd);
	errno = saved;
	return rc;
}

int spool_retry(struct spool *s, const char *id, int64_t now_ms)
{
	if (s->fd[ACTIVE] < 0 || s->fd[UNDELIVERED] < 0) {
		errno = EACCES;
		return -1;
	}
	/* Looked at first only to keep a log that cannot be acted on yet as it is. */
	if (spool_exists(s->fd[ACTIVE], id)) {
		errno = spool_exists(s->fd[UNDELIVERED], id) ? EEXIST : ENOENT;
		return -1;
	}
	if (note_retry(s, id, now_ms) != 0)
		return -1;
	if (renameat(s->fd[UNDELIVERED], id, s->fd[ACTIVE], id) != 0) {
		if (errno == ENOTEMPTY)
			errno = EEXIST;
		return -1;
	}
	return fsio_sync(s->fd[ACTIVE]) == 0 && fsio_sync(s->fd[UNDELIVERED]) == 0 ? 0 : -1;
}

/* ---- purge ---- */

/* What was set aside is a file or a folder, with any name. */
static int corrupt_remove(struct spool *s, const char *name, const struct stat *st)
{
	if (!S_ISDIR(st->st_mode))
		return unlinkat(s->fd[CORRUPT], name, 0);
	return spool_folder_remove(s->fd[CORRUPT], name);
}

int spool_purge(struct spool *s, enum spool_state state, int64_t before_ms, size_t *removed)
{
	enum spool_place place = spool_state_place[state];
	struct dirent *entry;
	int trouble = 0;
	struct stat st;
	DIR *dir;

	if (state == SPOOL_NEW || state == SPOOL_ACTIVE)
		log_panic("jobs in %s are not removed", spool_state_name(state));
	dir = fsio_opendir(s->fd[ROOT], spool_places[place].name);
	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    (state != SPOOL_CORRUPT && !spool_id_valid(name)) || fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    spool_mtime(&st) >= before_ms)
			continue;
		if ((state == SPOOL_CORRUPT ? corrupt_remove(s, name, &st) : spool_remove(s, state, name)) == 0)
			(*removed)++;
		else if (errno != ENOENT)
			trouble = errno;
	}
	closedir(dir);
	errno = trouble;
	return trouble == 0 ? 0 : -1;
}
