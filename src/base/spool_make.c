/*
 * Making the spool directory and the files in its root, for the spooler.
 *
 * What is missing is made, what is there gets its owner's, group's and mode's rights, and what cannot be mended is
 * said in words that a person can act on. "format" comes last: with it, everything else is there. The group of what
 * the handler may use is that of the handler's user, of which the spooler's user must then be a member (or root).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/spool_layout.h"

/* Gives one directory its owner, group and mode, or says why that cannot be. */
static int place_make(int root, const char *directory, enum spool_place p, gid_t group, char why[SPOOL_WHY])
{
	const char *name = spool_places[p].name;
	struct stat st;
	int fd = -1, rc = -1;

	if (p != ROOT && mkdirat(root, name, 0700) != 0 && errno != EEXIST)
		goto out;
	fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) != 0)
		goto out;
	if (st.st_uid != geteuid()) {
		snprintf(why, SPOOL_WHY, "%s/%s: belongs to another user (uid %u) than planspoold runs as (uid %u)",
			directory, name, (unsigned)st.st_uid, (unsigned)geteuid());
		close(fd);
		return -1;
	}
	if (spool_places[p].handler && st.st_gid != group && fchown(fd, (uid_t)-1, group) != 0) {
		snprintf(why, SPOOL_WHY,
			"%s/%s: cannot give it to group %u of the handler's user (%s): make planspoold's user a member "
			"of that group", directory, name, (unsigned)group, strerror(errno));
		close(fd);
		return -1;
	}
	if ((st.st_mode & 07777) != spool_places[p].mode && fchmod(fd, spool_places[p].mode) != 0)
		goto out;
	rc = fsio_sync(fd);
out:
	if (rc != 0)
		snprintf(why, SPOOL_WHY, "%s/%s: %s", directory, name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Replaces a small file in the spool's root, for the handler to read. */
static int root_write(int root, const char *name, const char *text, size_t len)
{
	char tmp[SPOOL_NAME_SIZE];
	struct stat st;
	int saved, rc = -1;

	spool_name_unique(tmp, name);
	if (fsio_create(root, tmp, SPOOL_FILE_MODE, text, len) != 0)
		return -1;
	if (fstat(root, &st) == 0 && fchownat(root, tmp, (uid_t)-1, st.st_gid, AT_SYMLINK_NOFOLLOW) == 0 &&
	    renameat(root, tmp, root, name) == 0)
		rc = fsio_sync(root);
	if (rc != 0) {
		saved = errno;
		(void)unlinkat(root, tmp, 0);
		errno = saved;
	}
	return rc;
}

/* Gives a file in the spool's root its rights again, when the handler's user is another than before. */
static int root_mend(int root, const char *name, gid_t group)
{
	struct stat st;

	if (fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    (st.st_gid != group && fchownat(root, name, (uid_t)-1, group, AT_SYMLINK_NOFOLLOW) != 0))
		return -1;
	return (st.st_mode & 07777) == SPOOL_FILE_MODE ? 0 : fchmodat(root, name, SPOOL_FILE_MODE, 0);
}

/* Whether files of that group that are not ours can be read, and files of ours given to it. */
static bool in_group(gid_t group)
{
	gid_t groups[NGROUPS_MAX];
	int n = getgroups(NGROUPS_MAX, groups);

	if (geteuid() == 0 || getegid() == group)
		return true;
	for (int i = 0; i < n; i++)
		if (groups[i] == group)
			return true;
	return false;
}

static int handler_group(const char *handler_user, gid_t *out, char why[SPOOL_WHY])
{
	const struct passwd *user;

	*out = getegid();
	if (handler_user == NULL)
		return 0;
	errno = 0;
	user = getpwnam(handler_user);
	if (user == NULL) {
		snprintf(why, SPOOL_WHY, "handler_user: no user '%s' on this machine", handler_user);
		return -1;
	}
	*out = user->pw_gid;
	if (!in_group(*out)) {
		snprintf(why, SPOOL_WHY,
			"handler_user: planspoold's user must be a member of group %u of '%s', to read what it accepts",
			(unsigned)*out, handler_user);
		return -1;
	}
	return 0;
}

/* A spool is never made out of a directory that has another use: a wrong 'spool:' would take its rights away. */
static int only_ours(int root, const char *directory, char why[SPOOL_WHY])
{
	DIR *dir = fsio_opendir(root, ".");
	int rc = 0;
	struct dirent *entry;

	if (dir == NULL) {
		snprintf(why, SPOOL_WHY, "%s: %s", directory, strerror(errno));
		return -1;
	}
	errno = 0;
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		bool ours = name[0] == '.' || strcmp(name, "lost+found") == 0 || strncmp(name, "format.", 7) == 0;

		for (int i = 0; i < PLACES; i++)
			ours = ours || strcmp(name, spool_places[i].name) == 0;
		if (!ours) {
			snprintf(why, SPOOL_WHY,
				"%s: is no spool and has '%.200s' in it: name an empty directory, or a new one",
				directory, name);
			rc = -1;
		}
	}
	if (rc == 0 && errno != 0) {
		snprintf(why, SPOOL_WHY, "%s: %s", directory, strerror(errno));
		rc = -1;
	}
	closedir(dir);
	return rc;
}

/* The spool's own name must not be lost either. One that was made for us (a mount point, a folder in one that we may not
 * read) is somebody else's to make durable. */
static int parent_sync(int root)
{
	int fd = openat(root, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return errno == EACCES ? 0 : -1;
	if (fsio_sync(fd) != 0 && errno != EINVAL && errno != EROFS)
		rc = -1;
	close(fd);
	return rc;
}

int spool_make(const char *directory, const char *handler_user, char why[SPOOL_WHY])
{
	char format[16];
	gid_t group;
	int root = -1, rc = -1;
	bool made;

	if (handler_group(handler_user, &group, why) != 0)
		return -1;
	if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
		snprintf(why, SPOOL_WHY, "%s: cannot be made: %s", directory, strerror(errno));
		return -1;
	}
	root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || parent_sync(root) != 0) {
		snprintf(why, SPOOL_WHY, "%s: %s", directory, strerror(errno));
		goto out;
	}
	made = spool_exists(root, "format");
	if (made ? !spool_format_known(root, directory, why) : only_ours(root, directory, why) != 0)
		goto out;
	for (int i = 0; i < PLACES; i++)
		if (place_make(root, directory, (enum spool_place)i, group, why) != 0)
			goto out;
	/* The format comes last: with it, everything else is there. */
	snprintf(format, sizeof format, "%d\n", SPOOL_FORMAT);
	rc = made ? root_mend(root, "format", group) : root_write(root, "format", format, strlen(format));
	if (rc != 0)
		snprintf(why, SPOOL_WHY, "%s/format: %s", directory, strerror(errno));
out:
	if (root >= 0)
		close(root);
	return rc;
}

int spool_announce_keys(struct spool *s, const char *const *ids, size_t n)
{
	struct buf text = BUF_INIT(65536);
	int rc;

	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s\n", ids[i]);
	rc = root_write(s->fd[ROOT], "seal-keys", buf_text(&text), text.len);
	buf_free(&text);
	return rc;
}
