/* A registry file that is edited: locked, read strictly, changed in memory, written as a whole.
 *
 * Contract: readers see the old file or the new one, never a part, as it is written beside and renamed. Two writers
 * take turns, by a lock on the folder, which leaves nothing behind. What would not be taken by the check of images is
 * not written, so that no command can break what it is to look after. A file that is a link is replaced where the link
 * leads.
 *
 * The mode of the file stays; a new one is 0644: a registry holds no secrets. Its owner becomes whoever writes it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "checks/image_registry.h"
#include "cli/images.h"

#define FILE_BYTES_MAX (size_t)(1u << 30)

const char *images_path(const char *named)
{
	return named != NULL ? named : PLANSPOOL_IMAGES_FILE;
}

int64_t images_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Whether the check would take this text; says why not. */
static bool usable(const char *path, const char *text, size_t len)
{
	struct image_registry *r = image_registry_new();
	struct faults faults = { NULL, 0, 0 };
	char *copy = xmalloc(len + 1);
	bool ok;

	memcpy(copy, text, len);
	copy[len] = '\0';
	ok = image_registry_read(r, path, copy, len, &faults) == 0;
	faults_print(&faults, stderr);
	faults_free(&faults);
	image_registry_free(r);
	return ok;
}

static int read_top(struct images_file *f, int fd)
{
	struct buf text = BUF_INIT(FILE_BYTES_MAX);
	char why[JSON_WHY];
	int status = CLI_TROUBLE;

	if (fsio_read(fd, &text) != 0)
		cli_trouble("%s: %s", f->path, strerror(errno));
	else if (!usable(f->path, buf_text(&text), text.len))
		cli_trouble("%s: not changed, as it cannot be used as it is", f->path);
	else if (json_parse(buf_text(&text), text.len, &f->top, why) != 0)
		cli_trouble("%s: %s", f->path, why);
	else
		status = CLI_GO_ON;
	buf_free(&text);
	return status;
}

static void split(struct images_file *f)
{
	const char *slash = strrchr(f->path, '/');

	f->folder = slash == NULL ? xstrdup(".") : slash == f->path ? xstrdup("/") :
		xstrndup(f->path, (size_t)(slash - f->path));
	f->name = xstrdup(slash != NULL ? slash + 1 : f->path);
}

int images_file_open(const char *path, bool missing_ok, struct images_file *f)
{
	char *real = realpath(path, NULL);
	struct stat st;
	int fd, status;

	*f = (struct images_file){ .folder_fd = -1, .mode = 0644 };
	f->path = real != NULL ? real : xstrdup(path);
	split(f);
	f->folder_fd = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->folder_fd < 0)
		return cli_trouble("%s: %s", f->folder, strerror(errno));
	while (flock(f->folder_fd, LOCK_EX) != 0) {
		/* Some network file systems lock no folders: better two writers that may meet than none. */
		if (errno == EBADF || errno == ENOLCK || errno == EOPNOTSUPP)
			break;
		if (errno != EINTR)
			return cli_trouble("%s: cannot be locked: %s", f->folder, strerror(errno));
	}
	fd = fsio_open_regular(f->folder_fd, f->name);
	if (fd < 0 && errno == ENOENT && missing_ok)
		return CLI_GO_ON;
	if (fd < 0)
		return cli_trouble("%s: %s", f->path, fsio_why(errno));
	if (fstat(fd, &st) == 0)
		f->mode = st.st_mode & 0777;
	status = read_top(f, fd);
	close(fd);
	return status;
}

int images_file_save(struct images_file *f)
{
	char *text = json_text_pretty(f->top), *whole = xasprintf("%s\n", text);
	char *beside = xasprintf(".%s.%ld", f->name, (long)getpid());
	int status = CLI_TROUBLE;

	free(text);
	if (!usable(f->path, whole, strlen(whole))) {
		cli_trouble("%s: not written, as it could not be used", f->path);
		goto out;
	}
	/* Of a process that had the same number and was killed: the lock is ours. */
	(void)unlinkat(f->folder_fd, beside, 0);
	if (fsio_create(f->folder_fd, beside, f->mode, whole, strlen(whole)) != 0) {
		cli_trouble("%s: %s", f->path, strerror(errno));
	} else if (renameat(f->folder_fd, beside, f->folder_fd, f->name) != 0) {
		cli_trouble("%s: %s", f->path, strerror(errno));
		(void)unlinkat(f->folder_fd, beside, 0);
	} else if (fsio_sync(f->folder_fd) != 0) {
		cli_trouble("%s: written, but it may be lost in a crash: %s", f->path, strerror(errno));
	} else {
		status = CLI_GO_ON;
	}
out:
	free(whole);
	free(beside);
	return status;
}

void images_file_close(struct images_file *f)
{
	json_free(f->top);
	if (f->folder_fd >= 0)
		close(f->folder_fd);
	free(f->path);
	free(f->folder);
	free(f->name);
}

static bool is_named(const json_t *object, const char *key, const char *name)
{
	const char *s = json_get_string(object, key);

	return s != NULL && strcmp(s, name) == 0;
}

json_t *images_bucket(const json_t *top, const char *name)
{
	const json_t *list = json_get(top, "buckets");

	for (size_t i = 0; i < json_count(list); i++) {
		if (is_named(json_at(list, i), "name", name))
			return json_at(list, i);
	}
	return NULL;
}

json_t *images_version(const json_t *bucket, const char *name)
{
	static const char *const keys[] = { "fingerprint", "name" };
	const json_t *list = json_get(bucket, "versions");

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		for (size_t i = 0; i < json_count(list); i++) {
			if (is_named(json_at(list, i), keys[k], name))
				return json_at(list, i);
		}
	}
	return NULL;
}

json_t *images_list(json_t *object, const char *key)
{
	if (!json_is_array(json_get(object, key)))
		json_put(object, key, json_new_array());
	return json_get(object, key);
}
