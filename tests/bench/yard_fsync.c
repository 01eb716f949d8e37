/* The yardstick of accepting: threads that each write a file in DIRECTORY/tmp, fsync it, link it into DIRECTORY/new,
 * fsync that directory and unlink the first name, COUNT times in all; nothing else. Prints how many a second.
 *
 *	yard_fsync DIRECTORY THREADS COUNT BYTES */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int tmp = -1, new = -1;
static unsigned count, bytes;
static char *content;
static atomic_uint next;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void *work(void *unused)
{
	unsigned n;

	(void)unused;
	while ((n = atomic_fetch_add(&next, 1)) < count) {
		char name[32];
		int fd;

		snprintf(name, sizeof(name), "%u.json", n);
		fd = openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL, 0640);
		if (fd < 0 || write(fd, content, bytes) != (ssize_t)bytes || fsync(fd) != 0 || close(fd) != 0)
			die("writing");
		if (linkat(tmp, name, new, name, 0) != 0 || fsync(new) != 0 || unlinkat(tmp, name, 0) != 0)
			die("linking");
	}
	return NULL;
}

static int folder(const char *name)
{
	int fd;

	if (mkdir(name, 0700) != 0)
		die(name);
	fd = open(name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		die(name);
	return fd;
}

int main(int argc, char **argv)
{
	pthread_t threads[64];
	struct timespec from, to;
	unsigned n;

	if (argc != 5 || chdir(argv[1]) != 0)
		die("usage: yard_fsync DIRECTORY THREADS COUNT BYTES");
	n = (unsigned)strtoul(argv[2], NULL, 10) % 65;
	count = (unsigned)strtoul(argv[3], NULL, 10);
	bytes = (unsigned)strtoul(argv[4], NULL, 10);
	content = calloc(1, bytes + 1);
	if (!content)
		die("calloc");
	memset(content, 'x', bytes);
	tmp = folder("tmp");
	new = folder("new");
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (unsigned i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			die("a thread");
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("per_second=%.0f\n",
		count / ((double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9));
	return 0;
}
