/* A configuration version is a .tar.gz of a folder, its paths relative to it ("./main.tf"). The tar(1) of the
 * system makes it, once at the start, into a temporary file without a name. Nothing is left out: what the folder
 * holds, the receiver gets, links too. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "sim/archive.h"

static int open_unnamed(void)
{
	const char *dir = getenv("TMPDIR");
	char *path = xasprintf("%s/planspool-sim.XXXXXX", dir != NULL && dir[0] != '\0' ? dir : "/tmp");
	int fd = mkstemp(path);

	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}

/* 0, or -1 after saying why. */
static int run_tar(const char *folder, int out, char why[ARCHIVE_WHY])
{
	char *argv[] = { (char[]){ "tar" }, (char[]){ "-czf" }, (char[]){ "-" }, (char[]){ "-C" }, xstrdup(folder),
		(char[]){ "." }, NULL };
	posix_spawn_file_actions_t actions;
	int error, status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	error = posix_spawnp(&pid, "tar", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	free(argv[4]);
	if (error != 0) {
		snprintf(why, ARCHIVE_WHY, "tar: %s", strerror(error));
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return 0;
	snprintf(why, ARCHIVE_WHY, "tar cannot pack %s", folder);
	return -1;
}

int archive_make(const char *folder, char why[ARCHIVE_WHY])
{
	int fd = open_unnamed();

	if (fd < 0) {
		snprintf(why, ARCHIVE_WHY, "no temporary file: %s", strerror(errno));
		return -1;
	}
	if (run_tar(folder, fd, why) == 0)
		return fd;
	close(fd);
	return -1;
}
