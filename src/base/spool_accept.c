/*
 * The handler's side of the spool: accepting a job, and saying whether one could be accepted.
 *
 * Accepting is: write in tmp/, fsync, link(2) into new/ (an existing name is never replaced), fsync new/, unlink in
 * tmp/; only then is the sender told 200. The handler makes nothing of the layout and never reads a job back.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/spool_layout.h"

#define ROOM_BYTES (16u << 20)
#define ROOM_FILES 1000

bool spool_can_unseal(const struct spool *s, const char *seal_key_id)
{
	struct buf text = BUF_INIT(65536);
	char *rest = NULL;
	bool found = false;

	if (fsio_read_file(s->fd[ROOT], "seal-keys", &text) == 0 && text.len > 0)
		for (char *line = strtok_r(text.data, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
			if (strcmp(line, seal_key_id) == 0)
				found = true;
	buf_free(&text);
	return found;
}

/* Whether the job is known in any state but corrupt. Only saves work: the spooler decides (see spool_claim). */
static bool known(const struct spool *s, const char *id, const char *new_name)
{
	static const enum spool_place folders[] = { ACTIVE, DONE, UNDELIVERED };
	char path[SPOOL_NAME_SIZE];
	struct stat st;

	if (spool_exists(s->fd[NEW], new_name))
		return true;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		spool_name(path, "%s/%s", spool_places[folders[i]].name, id);
		if (fstatat(s->fd[ROOT], path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			return true;
	}
	return false;
}

/* Whether the file system has room for another job. What a file system does not count is not held against it. */
static bool room(const struct spool *s)
{
	struct statvfs fs;

	if (fstatvfs(s->fd[TMP], &fs) != 0)
		return true;
	return (fs.f_blocks == 0 || fs.f_frsize == 0 || fs.f_bavail >= ROOM_BYTES / fs.f_frsize) &&
		(fs.f_files == 0 || fs.f_favail >= ROOM_FILES);
}

enum spool_accepted spool_accept(struct spool *s, const char *id, const char *envelope, size_t len)
{
	enum spool_accepted how = SPOOL_REFUSED;
	char tmp[SPOOL_NAME_SIZE], name[SPOOL_NAME_SIZE];
	bool duplicate;
	int saved;

	if (s->fd[TMP] < 0 || s->fd[NEW] < 0) {
		errno = EACCES;
		return SPOOL_REFUSED;
	}
	spool_name(name, "%s.json", id);
	/* A duplicate is answered only once the first one's entry is durable. Seen in active/, its entry is either
	 * still in new/ or was removed after active/ had been fsynced; so new/ is all that must be fsynced here. */
	if (known(s, id, name))
		return fsio_sync(s->fd[NEW]) == 0 ? SPOOL_DUPLICATE : SPOOL_REFUSED;

	if (!room(s)) {
		errno = ENOSPC;
		return SPOOL_REFUSED;
	}
	spool_name_unique(tmp, id);
	if (fsio_create(s->fd[TMP], tmp, SPOOL_FILE_MODE, envelope, len) != 0)
		return SPOOL_REFUSED;
	duplicate = false;
	if (linkat(s->fd[TMP], tmp, s->fd[NEW], name, 0) != 0) {
		if (errno != EEXIST)
			goto out;
		duplicate = true;
	}
	if (fsio_sync(s->fd[NEW]) != 0)
		goto out;	/* the entry may last: then the sender's next try is a duplicate */
	how = duplicate ? SPOOL_DUPLICATE : SPOOL_ACCEPTED;
out:
	saved = errno;
	(void)unlinkat(s->fd[TMP], tmp, 0);
	errno = saved;
	return how;
}

int spool_submitter(const struct spool *s, const char *handler_user, char why[SPOOL_WHY])
{
	const struct passwd *user = handler_user == NULL ? NULL : getpwnam(handler_user);
	struct stat st;

	if (fstat(s->fd[ROOT], &st) != 0) {
		snprintf(why, SPOOL_WHY, "%s: %s", s->directory, strerror(errno));
		return -1;
	}
	if (st.st_uid == geteuid() || (user != NULL && user->pw_uid == geteuid()))
		return 0;
	if (handler_user == NULL)
		snprintf(why, SPOOL_WHY, "%s belongs to uid %u and this is uid %u, from whom the spooler would take no job: name this user "
			"as handler_user in the configuration", s->directory, (unsigned)st.st_uid, (unsigned)geteuid());
	else
		snprintf(why, SPOOL_WHY, "handler_user of the configuration is '%s' and this is uid %u, from whom the spooler would take "
			"no job", handler_user, (unsigned)geteuid());
	return -1;
}

int spool_writable(struct spool *s, char why[SPOOL_WHY])
{
	static const enum spool_place needed[] = { TMP, NEW };

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		const char *name = spool_places[needed[i]].name;

		if (s->fd[needed[i]] < 0 || faccessat(s->fd[ROOT], name, R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
			snprintf(why, SPOOL_WHY, "%s/%s: %s", s->directory, name,
				strerror(s->fd[needed[i]] < 0 ? EACCES : errno));
			return -1;
		}
	}
	if (!room(s)) {
		snprintf(why, SPOOL_WHY, "%s: less than %u MiB or %d files are left on its file system", s->directory,
			ROOM_BYTES >> 20, ROOM_FILES);
		return -1;
	}
	return 0;
}

int64_t spool_last_life(struct spool *s)
{
	int64_t latest = -1, age;
	struct dirent *entry;
	struct stat st;
	DIR *dir = fsio_opendir(s->fd[SPOOLERS], ".");

	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL)
		if (spool_instance_valid(entry->d_name) && fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && spool_mtime(&st) > latest)
			latest = spool_mtime(&st);
	closedir(dir);
	if (latest < 0)
		return -1;
	age = clock_wall() - latest;
	return age < 0 ? 0 : age;
}
