/* What the C tests share: cmocka, a scratch folder, files in it. A test program includes this and nothing of cmocka
 * itself. */
#ifndef PLANSPOOL_TESTS_TEST_H
#define PLANSPOOL_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A new folder below TMPDIR, as an allocated path; test_remove takes it away with all that is in it, and frees the
 * path. */
static inline char *test_folder(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = NULL;

	if (asprintf(&path, "%s/planspool-test.XXXXXX", tmp ? tmp : "/tmp") < 0 || !mkdtemp(path))
		fail_msg("no scratch folder");
	return path;
}

static inline int test_remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static inline void test_remove(char *path)
{
	nftw(path, test_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}

/* Writes a file of this mode and returns its path, allocated. */
static inline char *test_file(const char *folder, const char *name, const void *data, size_t len, mode_t mode)
{
	char *path = NULL;
	FILE *f;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		fail_msg("out of memory");
	f = fopen(path, "wb");
	if (!f || fwrite(data, 1, len, f) != len || fclose(f) || chmod(path, mode))
		fail_msg("%s cannot be written", path);
	return path;
}

#endif
