/* Registry files on disk and the registry that was made of them.
 *
 * Contract: files are looked at (stat) when a run begins, never while one goes on. If any of them is another file than
 * the one read before (device, inode, size, time), all are read again into a new registry. If that fails the old one
 * stays in use and the reason is said in every result until the files are right; the same bad files are not read twice.
 * A run keeps the registry it began with: registries are counted, and the last user of an old one frees it.
 *
 * Workers are forked from a supervisor that has read the files: they share its registry until they read a newer one
 * themselves.
 *
 * A file that is written in place can be seen half-way: it is no JSON then, and the old registry stays. Who writes
 * files by rename, as planspool itself does, has no such moment.
 *
 * Limits: FILE_MAX bytes a file. One thread. */
#include "checks/image_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"

#define FILE_MAX (size_t)(1u << 30)

/* What tells a file from the one that had its name before. */
struct mark {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
	int error;		/* it could not be looked at */
};

/* A registry in use. */
struct loaded {
	struct loaded *next;
	struct image_registry *registry;
	size_t users;
};

struct image_files {
	char **paths;
	struct mark *marks;	/* when they were read last */
	size_t n;
	bool read;
	struct loaded *current, *all;
	struct faults faults;
	char *trouble;
	uint64_t digest;
};

struct image_files *image_files_new(char **paths, size_t n)
{
	struct image_files *f = xcalloc(1, sizeof(*f));

	f->paths = paths;
	f->n = n;
	f->marks = xcalloc(n + 1, sizeof(*f->marks));
	return f;
}

static void drop_unused(struct image_files *f)
{
	struct loaded **at = &f->all;

	while (*at != NULL) {
		struct loaded *l = *at;

		if (l->users > 0 || l == f->current) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		image_registry_free(l->registry);
		free(l);
	}
}

void image_files_free(struct image_files *f)
{
	if (f == NULL)
		return;
	f->current = NULL;
	drop_unused(f);
	if (f->all != NULL)
		log_panic("a registry of images is still in use");
	for (size_t i = 0; i < f->n; i++)
		free(f->paths[i]);
	free(f->paths);
	free(f->marks);
	faults_free(&f->faults);
	free(f->trouble);
	free(f);
}

static struct mark mark_of(int rc, const struct stat *st)
{
	struct mark m;

	memset(&m, 0, sizeof(m));
	if (rc != 0) {
		m.error = errno;
		return m;
	}
	m.device = st->st_dev;
	m.inode = st->st_ino;
	m.size = st->st_size;
	m.changed = st->st_mtim;
	return m;
}

static bool same(const struct mark *a, const struct mark *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size && a->error == b->error &&
		a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool changed(const struct image_files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct stat st;
		struct mark now = mark_of(stat(f->paths[i], &st), &st);

		if (!same(&now, &f->marks[i]))
			return true;
	}
	return false;
}

/* Reads one file into the registry; its mark is that of the file that was opened. */
static int read_one(struct image_registry *r, const char *path, struct mark *mark, crypto_generichash_state *digest,
	struct faults *faults)
{
	struct buf text = BUF_INIT(FILE_MAX);
	int fd = fsio_open_linked(path), rc = -1;
	struct stat st;

	if (fd < 0) {
		*mark = mark_of(-1, NULL);
		faults_error(faults, path, 0, "%s", fsio_why(errno));
		return -1;
	}
	*mark = mark_of(fstat(fd, &st), &st);
	if (mark->error == 0 && st.st_size > 0 && (size_t)st.st_size < FILE_MAX &&
		buf_reserve(&text, (size_t)st.st_size) == NULL)
		errno = ENOMEM;
	else
		rc = fsio_read(fd, &text);
	if (rc != 0)
		faults_error(faults, path, 0, "%s", errno == EMSGSIZE ? "is larger than 1 GiB" : strerror(errno));
	close(fd);
	if (rc == 0 && text.len == 0) {
		faults_error(faults, path, 0, "is empty");
		rc = -1;
	}
	if (rc != 0) {
		buf_free(&text);
		return -1;
	}
	if (digest != NULL)
		crypto_generichash_update(digest, (const unsigned char *)text.data, text.len);
	return image_registry_read(r, path, text.data, text.len, faults);
}

struct image_registry *image_files_read(const char *path, struct faults *faults)
{
	struct image_registry *r = image_registry_new();
	struct mark mark;

	if (read_one(r, path, &mark, NULL, faults) == 0)
		return r;
	image_registry_free(r);
	return NULL;
}

static char *first_error(const struct faults *faults)
{
	for (size_t i = 0; i < faults->n; i++) {
		if (!faults->list[i].warning)
			return fault_text(&faults->list[i]);
	}
	return xstrdup("it cannot be read");
}

static void read_all(struct image_files *f)
{
	struct image_registry *r = image_registry_new();
	unsigned char digest[sizeof(f->digest) * 2];
	crypto_generichash_state hashing;
	bool first = !f->read;
	int rc = 0;

	crypto_generichash_init(&hashing, NULL, 0, sizeof(digest));
	faults_free(&f->faults);
	memset(&f->faults, 0, sizeof(f->faults));
	free(f->trouble);
	f->trouble = NULL;
	f->read = true;
	for (size_t i = 0; i < f->n; i++)
		rc |= read_one(r, f->paths[i], &f->marks[i], &hashing, &f->faults);
	if (rc != 0) {
		image_registry_free(r);
		f->trouble = first_error(&f->faults);
		/* The first time the configuration is read, and its reader says it. */
		if (!first)
			log_error(NULL, "images: the registry cannot be used%s: %s",
				f->current != NULL ? ", the one read before stays in use" : "", f->trouble);
		return;
	}
	crypto_generichash_final(&hashing, digest, sizeof(digest));
	memcpy(&f->digest, digest, sizeof(f->digest));
	f->current = xcalloc(1, sizeof(*f->current));
	f->current->registry = r;
	f->current->next = f->all;
	f->all = f->current;
	drop_unused(f);
}

const struct image_registry *image_files_current(struct image_files *f, const char **trouble)
{
	if (!f->read || changed(f))
		read_all(f);
	*trouble = f->trouble;
	if (f->current == NULL)
		return NULL;
	f->current->users++;
	return f->current->registry;
}

void image_files_release(struct image_files *f, const struct image_registry *r)
{
	for (struct loaded *l = f->all; r != NULL && l != NULL; l = l->next) {
		if (l->registry == r)
			l->users--;
	}
	drop_unused(f);
}

const struct faults *image_files_faults(const struct image_files *f)
{
	return &f->faults;
}

uint64_t image_files_digest(const struct image_files *f)
{
	return f->digest;
}
