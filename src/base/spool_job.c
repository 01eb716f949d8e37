/*
 * The spooler's side of the spool: claiming a job, the files of one that is active, ending it. The table at the head of
 * spool.c says what is on disk in each state.
 *
 * What lies in new/ was written by the handler's user, and perhaps not by the handler: it is checked after opening
 * (regular file, owner, size; not the link count, which is 2 for a moment in every accept) and the spooler goes on
 * with a copy of its own. What cannot be a job is kept in corrupt/ for a person, never deleted.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/log.h"
#include "base/spool_layout.h"

/* ---- claiming ---- */

static int job_open(struct spool *s, const char *id)
{
	return openat(s->fd[ACTIVE], id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* Whether the job is in done/ or undelivered/: 1, 0, or -1 when that cannot be seen, which must never be taken for a
 * no. */
static int ended(const struct spool *s, const char *id)
{
	static const enum spool_place places[] = { DONE, UNDELIVERED };
	struct stat st;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (fstatat(s->fd[places[i]], id, &st, AT_SYMLINK_NOFOLLOW) != 0) {
			if (errno != ENOENT)
				return -1;
		} else if (S_ISDIR(st.st_mode)) {
			return 1;
		}
	}
	return 0;
}

int spool_set_aside_active(struct spool *s, const char *id)
{
	char where[SPOOL_NAME_SIZE];

	/* Of a job that ended this can only be what is left of a duplicate. */
	if (ended(s, id) > 0)
		return spool_remove(s, SPOOL_ACTIVE, id);
	return spool_set_aside(s, SPOOL_ACTIVE, id, where);
}

/* Whether a file that may not be opened lets its group read it, as the handler's do: then it is the spooler's user
 * who lacks that group, and setting jobs aside for it would lose them all. */
static bool ours_to_mend(struct spool *s, const char *name)
{
	struct stat st;
	bool ours = fstatat(s->fd[NEW], name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		(st.st_mode & S_IRGRP) != 0;

	errno = EACCES;
	return ours;
}

/* Reads new/<name> if it is what the handler writes. 0; 1 with the reason if it is not; -1. */
static int new_read(struct spool *s, const char *name, uid_t handler_uid, struct buf *out, char why[SPOOL_WHY])
{
	int fd = openat(s->fd[NEW], name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc = -1;
	struct stat st;

	if (fd < 0) {
		if ((errno != ELOOP && errno != ENXIO && errno != EACCES) || (errno == EACCES && ours_to_mend(s, name)))
			return -1;
		snprintf(why, SPOOL_WHY, "new/%s: not a file that can be opened: %s", name,
			errno == ELOOP ? "a symbolic link" : strerror(errno));
		return 1;
	}
	if (fstat(fd, &st) != 0)
		goto out;
	rc = 1;
	if (!S_ISREG(st.st_mode))
		snprintf(why, SPOOL_WHY, "new/%s: not a regular file", name);
	else if (st.st_uid != handler_uid && st.st_uid != geteuid())
		snprintf(why, SPOOL_WHY, "new/%s: belongs to uid %u, not to the handler's user (uid %u)", name,
			(unsigned)st.st_uid, (unsigned)handler_uid);
	else if ((rc = fsio_read(fd, out)) != 0 && errno == EMSGSIZE) {
		snprintf(why, SPOOL_WHY, "new/%s: larger than %u bytes", name, SPOOL_ENVELOPE_MAX);
		rc = 1;
	}
out:
	close(fd);
	return rc;
}

/* Makes the hidden folder with the claim and the copy in it, durable but for its own name. */
static int claim_prepare(struct spool *s, const char *hidden, const char *instance, const struct buf *envelope)
{
	char claim[SPOOL_NAME_SIZE];
	int fd, rc = -1;

	if (spool_folder_remove(s->fd[ACTIVE], hidden) != 0 || mkdirat(s->fd[ACTIVE], hidden, 0700) != 0)
		return -1;
	fd = openat(s->fd[ACTIVE], hidden, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	spool_name(claim, "claim.%s", instance);
	if (fsio_create(fd, "request.json", SPOOL_FILE_MODE, buf_text(envelope), envelope->len) == 0 &&
	    fsio_create(fd, claim, SPOOL_FILE_MODE, "", 0) == 0)
		rc = fsio_sync(fd);
	close(fd);
	return rc;
}

/* Removes active/<id>, which is what is left of a duplicate, if this instance still holds it. Never by its name alone: to a
 * spooler that was stopped for long the name may be that of a job which a person tried again meanwhile. All is removed by the
 * folder's descriptor, the claim last, so that after a crash it is taken over as it was; and a folder that is not empty by then
 * is another one. */
static enum spool_claimed drop_duplicate(struct spool *s, const char *id, const char *instance)
{
	char claim[SPOOL_NAME_SIZE];
	int fd = job_open(s, id);
	enum spool_claimed how = SPOOL_TROUBLE;

	if (fd < 0)
		return errno == ENOENT ? SPOOL_LOST : SPOOL_TROUBLE;
	spool_name(claim, "claim.%s", instance);
	if (!spool_exists(fd, claim)) {
		how = SPOOL_LOST;
	} else if (spool_folder_empty(fd, claim) == 0 && (unlinkat(fd, claim, 0) == 0 || errno == ENOENT)) {
		if (unlinkat(s->fd[ACTIVE], id, AT_REMOVEDIR) == 0 || errno == ENOTEMPTY || errno == EEXIST || errno == ENOENT)
			how = SPOOL_FINISHED;
	}
	close(fd);
	return how;
}

enum spool_claimed spool_claim(struct spool *s, const char *id, const char *instance, uid_t handler_uid,
	char why[SPOOL_WHY])
{
	enum spool_claimed how = SPOOL_TROUBLE;
	struct buf envelope = BUF_INIT(SPOOL_ENVELOPE_MAX);
	char name[SPOOL_NAME_SIZE], hidden[SPOOL_NAME_SIZE], where[SPOOL_NAME_SIZE];
	int rc, over, saved;

	spool_name(name, "%s.json", id);
	spool_name(hidden, ".claim.%s.%s", instance, id);
	rc = new_read(s, name, handler_uid, &envelope, why);
	if (rc != 0) {
		if (rc > 0 && spool_set_aside(s, SPOOL_NEW, name, where) == 0) {
			how = SPOOL_SET_ASIDE;
			snprintf(why + strlen(why), SPOOL_WHY - strlen(why), "; it is %s now", where);
		}
		if (rc < 0 && errno == ENOENT)
			how = SPOOL_LOST;
		goto out;
	}
	over = ended(s, id);
	if (over > 0 && (unlinkat(s->fd[NEW], name, 0) == 0 || errno == ENOENT))
		how = SPOOL_FINISHED;
	if (over != 0 || claim_prepare(s, hidden, instance, &envelope) != 0)
		goto out;
	if (renameat(s->fd[ACTIVE], hidden, s->fd[ACTIVE], id) != 0) {
		/* Somebody has the whole job, perhaps we ourselves before a crash: the entry in new/ has had its day
		 * once active/ is durable. */
		if ((errno == ENOTEMPTY || errno == EEXIST) && fsio_sync(s->fd[ACTIVE]) == 0 &&
		    (unlinkat(s->fd[NEW], name, 0) == 0 || errno == ENOENT))
			how = SPOOL_LOST;
		goto out;
	}
	/* The job may have ended since: whoever has active/<id> decides whether this is a duplicate. */
	over = ended(s, id);
	if (over > 0) {
		if (unlinkat(s->fd[NEW], name, 0) == 0 || errno == ENOENT)
			how = drop_duplicate(s, id, instance);
		goto out;
	}
	/* A spooler that lost to us may have removed the entry in new/ already. So trouble from here on leaves
	 * active/<id> where it is: it may be all that is left of the job. */
	if (over == 0 && fsio_sync(s->fd[ACTIVE]) == 0 && (unlinkat(s->fd[NEW], name, 0) == 0 || errno == ENOENT))
		how = SPOOL_CLAIMED;
out:
	saved = errno;
	if (how != SPOOL_CLAIMED)
		(void)spool_folder_remove(s->fd[ACTIVE], hidden);
	buf_free(&envelope);
	errno = saved;
	return how;
}

int spool_holder(struct spool *s, const char *id, char instance[SPOOL_INSTANCE_SIZE])
{
	DIR *dir = fsio_opendir(s->fd[ACTIVE], id);
	int rc = -1, trouble;
	struct dirent *entry;

	if (dir == NULL)
		return -1;
	errno = 0;
	while (rc != 0 && (entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "claim.", 6) == 0 && strlen(entry->d_name + 6) < SPOOL_INSTANCE_SIZE) {
			memcpy(instance, entry->d_name + 6, strlen(entry->d_name + 6) + 1);
			rc = 0;
		}
	trouble = errno;
	closedir(dir);
	/* What cannot be seen is not taken for missing: a job that nobody holds is set aside. */
	if (rc != 0 && trouble == 0) {
		(void)unlinkat(s->fd[ACTIVE], id, AT_REMOVEDIR);	/* if it is empty */
		trouble = ENOENT;
	}
	errno = trouble;
	return rc;
}

/* Removes what a crash in the middle of a claim left in new/ beside active/<id>, which is durable first. Left there, it would be
 * taken for a new job once this one has ended and is removed. */
static int leave_new(struct spool *s, const char *id)
{
	char name[SPOOL_NAME_SIZE];

	spool_name(name, "%s.json", id);
	if (!spool_exists(s->fd[NEW], name))
		return 0;
	return fsio_sync(s->fd[ACTIVE]) == 0 && (unlinkat(s->fd[NEW], name, 0) == 0 || errno == ENOENT) ? 0 : -1;
}

enum spool_claimed spool_take_over(struct spool *s, const char *id, const char *from, const char *instance)
{
	char old[SPOOL_NAME_SIZE], mine[SPOOL_NAME_SIZE];
	int over;

	spool_name(old, "%s/claim.%s", id, from);
	spool_name(mine, "%s/claim.%s", id, instance);
	if (renameat(s->fd[ACTIVE], old, s->fd[ACTIVE], mine) != 0)
		return errno == ENOENT ? SPOOL_LOST : SPOOL_TROUBLE;
	/* The last holder may have won a duplicate and not come to look whether the job had ended. */
	over = ended(s, id);
	if (over > 0)
		return drop_duplicate(s, id, instance);
	return over == 0 && leave_new(s, id) == 0 ? SPOOL_CLAIMED : SPOOL_TROUBLE;
}

int spool_release(struct spool *s, const char *id, const char *instance)
{
	char mine[SPOOL_NAME_SIZE], nobodys[SPOOL_NAME_SIZE];

	spool_name(mine, "%s/claim.%s", id, instance);
	spool_name(nobodys, "%s/claim." SPOOL_NOBODY, id);
	return renameat(s->fd[ACTIVE], mine, s->fd[ACTIVE], nobodys);
}

bool spool_shared(struct spool *s, const char *instance)
{
	DIR *dir = fsio_opendir(s->fd[SPOOLERS], ".");
	struct dirent *entry;
	bool shared = false;

	if (dir == NULL)
		return false;
	while (!shared && (entry = readdir(dir)) != NULL)
		shared = spool_instance_valid(entry->d_name) && strcmp(entry->d_name, instance) != 0;
	closedir(dir);
	return shared;
}

/* ---- a job's files ---- */

int spool_write_outcomes(struct spool *s, const char *id, const void *data, size_t n)
{
	char tmp[SPOOL_NAME_SIZE];
	int fd = job_open(s, id), rc = -1;

	if (fd < 0)
		return -1;
	spool_name_unique(tmp, "outcomes");
	if (fsio_create(fd, tmp, SPOOL_FILE_MODE, data, n) == 0) {
		rc = renameat(fd, tmp, fd, spool_job_files[SPOOL_OUTCOMES]);
		if (rc != 0)
			(void)unlinkat(fd, tmp, 0);
	}
	/* Its name becomes durable with the result's. */
	close(fd);
	return rc;
}

int spool_publish_result(struct spool *s, const char *id, const void *data, size_t n)
{
	char tmp[SPOOL_NAME_SIZE];
	int fd = job_open(s, id), rc = -1, saved;

	if (fd < 0)
		return -1;
	spool_name_unique(tmp, "result");
	if (fsio_create(fd, tmp, SPOOL_FILE_MODE, data, n) == 0) {
		if (linkat(fd, tmp, fd, spool_job_files[SPOOL_RESULT], 0) == 0)
			rc = 0;
		else if (errno == EEXIST)
			rc = 1;
		saved = errno;
		(void)unlinkat(fd, tmp, 0);
		errno = saved;
	}
	if (rc >= 0 && fsio_sync(fd) != 0)
		rc = -1;
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

static int folder_sync(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), rc, saved;

	if (fd < 0)
		return -1;
	rc = fsio_sync(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

int spool_log_append(int dirfd, const char *id, const char *line, bool durable)
{
	struct buf text = BUF_INIT(1u << 20);
	char path[SPOOL_NAME_SIZE], last;
	struct stat st;
	int fd, rc = -1, saved;

	spool_name(path, "%s/%s", id, spool_job_files[SPOOL_LOG]);
	fd = openat(dirfd, path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, SPOOL_FILE_MODE);
	if (fd < 0)
		return -1;
	/* A line that a crash tore is ended first, so that it is ignored alone. */
	if (fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n')
		buf_puts(&text, "\n");
	if (buf_append(&text, line, strlen(line)) == 0 && buf_append(&text, "\n", 1) == 0 &&
	    fsio_write(fd, text.data, text.len) == 0)
		rc = 0;
	/* The folder, too: the log may be new, and whoever is about to send a result that a process before this one
	 * published says so here first, which makes the result's name durable. */
	if (rc == 0 && durable && (fsio_sync(fd) != 0 || folder_sync(dirfd, id) != 0))
		rc = -1;
	saved = errno;
	buf_free(&text);
	close(fd);
	errno = saved;
	return rc;
}

int spool_log(struct spool *s, const char *id, const char *line, bool durable)
{
	return spool_log_append(s->fd[ACTIVE], id, line, durable);
}

int spool_finish(struct spool *s, const char *id, const char *instance, enum spool_state to)
{
	int place = spool_state_place[to];
	char mine[SPOOL_NAME_SIZE];

	if (place != DONE && place != UNDELIVERED)
		log_panic("a job cannot end in %s", spool_state_name(to));
	/* Another spooler may have taken it over while a call of ours hung, and a person tried it again since. */
	spool_name(mine, "%s/claim.%s", id, instance);
	if (faccessat(s->fd[ACTIVE], mine, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	if (renameat(s->fd[ACTIVE], id, s->fd[place], id) != 0) {
		if (errno == ENOTEMPTY)
			errno = EEXIST;
		return -1;
	}
	return fsio_sync(s->fd[place]) == 0 && fsio_sync(s->fd[ACTIVE]) == 0 ? 0 : -1;
}
