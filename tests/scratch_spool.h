/* A spool of its own for each C test, and looking into it behind the back of spool.c. */
#ifndef PLANSPOOL_TESTS_SCRATCH_SPOOL_H
#define PLANSPOOL_TESTS_SCRATCH_SPOOL_H

#include "test.h"

#include <dirent.h>
#include <errno.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/spool.h"

#define ID "prod.taskrs-1"
#define ME "0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffffff"
#define BODY "{\"a\":1}\n"

struct scratch {
	char *folder, *root;
	int fd;			/* of root */
	struct spool *spool;
};

static inline int scratch_make(void **state)
{
	struct scratch *t = xcalloc(1, sizeof *t);
	char why[SPOOL_WHY] = "";

	secret_setup();
	t->folder = test_folder();
	t->root = xasprintf("%s/spool", t->folder);
	if (spool_make(t->root, NULL, why) != 0 || (t->spool = spool_open(t->root, why)) == NULL)
		fail_msg("%s", why);
	t->fd = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = t;
	return 0;
}

static inline int scratch_drop(void **state)
{
	struct scratch *t = *state;

	spool_close(t->spool);
	close(t->fd);
	free(t->root);
	test_remove(t->folder);
	free(t);
	return 0;
}

static inline bool has(const struct scratch *t, const char *path)
{
	return faccessat(t->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* How many entries a folder of the spool has, hidden ones too. */
static inline unsigned count(const struct scratch *t, const char *path)
{
	DIR *dir = fdopendir(openat(t->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

static inline void put(const struct scratch *t, const char *path, const char *text)
{
	assert_int_equal(fsio_create(t->fd, path, 0640, text, strlen(text)), 0);
}

static inline void folder(const struct scratch *t, const char *path)
{
	assert_int_equal(mkdirat(t->fd, path, 0700), 0);
}

static inline void holds(const struct scratch *t, const char *path, const char *text)
{
	struct buf got = BUF_INIT(1 << 20);

	assert_int_equal(fsio_read_file(t->fd, path, &got), 0);
	assert_string_equal(buf_text(&got), text);
	buf_free(&got);
}

static inline enum spool_accepted accept_job(const struct scratch *t, const char *id)
{
	return spool_accept(t->spool, id, BODY, strlen(BODY));
}

static inline enum spool_claimed claim_job(const struct scratch *t, const char *id, const char *instance)
{
	char why[SPOOL_WHY];

	return spool_claim(t->spool, id, instance, geteuid(), why);
}

#endif
