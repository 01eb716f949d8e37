/* Files, wholly or not at all.
 *
 * The only place that knows short reads, short writes and EINTR. Everything is relative to a directory's descriptor,
 * so that a path that is moved or replaced meanwhile cannot lead elsewhere.
 *
 * What another user may have put into a directory (a link, a fifo, a device) is refused by fsio_open_regular, and
 * without waiting for a writer. People's own files (configuration, keys) are often links, made by configuration
 * management or container volumes: fsio_open_linked follows them, and is as strict about where they end.
 *
 * fsio_create leaves either the whole, durable file or nothing, as far as this process lives; a crash in between
 * leaves a part under that name, which is why spool files are made in tmp/ and linked into place. The folder's own
 * durability is the caller's: fsio_sync on its descriptor.
 */
#include "base/fsio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE 65536

int fsio_write(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		if (w == 0) {
			errno = EIO;
			return -1;
		}
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static ssize_t read_some(int fd, void *to, size_t n)
{
	ssize_t r;

	do
		r = read(fd, to, n);
	while (r < 0 && errno == EINTR);
	return r;
}

static int read_all(int fd, struct buf *out)
{
	for (;;) {
		size_t room = out->max - out->len, n = room < READ_SIZE ? room : READ_SIZE;
		char probe = 0;
		char *to = n ? buf_reserve(out, n) : &probe;
		ssize_t r;

		if (!to)
			return -1;
		r = read_some(fd, to, n ? n : 1);
		if (r <= 0)
			return (int)r;
		if (!n) {
			errno = EMSGSIZE;
			return -1;
		}
		out->len += (size_t)r;
	}
}

int fsio_read(int fd, struct buf *out)
{
	size_t start = out->len;

	if (!read_all(fd, out))
		return 0;
	out->len = start;
	if (out->data)
		out->data[start] = '\0';
	return -1;
}

static int open_checked(int dirfd, const char *name, int more)
{
	struct stat st;
	int fd, saved;

	fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | more);
	if (fd < 0) {
		if (errno == ENXIO)	/* a socket */
			errno = EINVAL;
		return -1;
	}
	if (fstat(fd, &st))
		goto fail;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		goto fail;
	}
	return fd;
fail:
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int fsio_open_regular(int dirfd, const char *name)
{
	return open_checked(dirfd, name, O_NOFOLLOW);
}

int fsio_open_linked(const char *path)
{
	return open_checked(AT_FDCWD, path, 0);
}

static int read_file(int dirfd, const char *name, bool end, struct buf *out)
{
	int fd = fsio_open_regular(dirfd, name), result = -1, saved;
	struct stat st;

	if (fd < 0)
		return -1;
	if (!end || (fstat(fd, &st) == 0 &&
	    lseek(fd, (uintmax_t)st.st_size > out->max ? st.st_size - (off_t)out->max : 0, SEEK_SET) >= 0))
		result = fsio_read(fd, out);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

DIR *fsio_opendir(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), saved;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL && fd >= 0) {
		saved = errno;
		close(fd);
		errno = saved;
	}
	return dir;
}

size_t fsio_descriptors(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < SIZE_MAX ? (size_t)limit.rlim_cur : SIZE_MAX;
}

int fsio_read_file(int dirfd, const char *name, struct buf *out)
{
	return read_file(dirfd, name, false, out);
}

int fsio_read_end(int dirfd, const char *name, struct buf *out)
{
	return read_file(dirfd, name, true, out);
}

const char *fsio_why(int error)
{
	return error == EINVAL ? "not a regular file" : strerror(error);
}

bool fsio_unfit(int error)
{
	static const int errors[] = { ENOENT, ENOTDIR, ELOOP, EINVAL, EISDIR, ENXIO, EMSGSIZE };

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i] == error)
			return true;
	return false;
}

int fsio_create(int dirfd, const char *name, mode_t mode, const void *data, size_t n)
{
	int fd, saved, result = -1;

	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (fchmod(fd, mode) || fsio_write(fd, data, n) || fsio_sync(fd))
		goto out;
	result = 0;
out:
	saved = errno;
	if (close(fd) && !result) {	/* network file systems may report a failed write only now */
		saved = errno;
		result = -1;
	}
	if (result)
		(void)unlinkat(dirfd, name, 0);
	errno = saved;
	return result;
}

int fsio_sync(int fd)
{
	int r;

	do
		r = fsync(fd);
	while (r && errno == EINTR);
	return r;
}
