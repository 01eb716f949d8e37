/*
 * Opens the handler's own listening socket.
 *
 * Contract: a Unix socket appears with its final rights at once: it is bound under a umask that gives nobody
 * anything, and opened up by chmod, so that no client slips in before. A file that stands in the way is replaced only
 * if it is a socket and a connection to it is refused, which means that its owner is dead; anything else is an error
 * that says what is there. TCP addresses are numeric: a server should not depend on name service to start.
 *
 * Removing at the end looks first whether the path still leads to the file that was made here: a successor may have
 * replaced it.
 *
 * Limits: two servers started at the same moment over one stale file may both think that it is theirs to replace; the
 * one that binds last wins, and the other one's bind or removal finds another file.
 */
#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "handler/socket.h"

#define UNIX_PREFIX "unix:"

/* Makes way for a new socket at the address. 0, or -1 with a reason. */
static int clear_the_way(const struct sockaddr_un *address, char why[SOCKET_WHY])
{
	const char *path = address->sun_path;
	struct stat st;
	int fd, error;

	if (lstat(path, &st)) {
		if (errno == ENOENT)
			return 0;
		snprintf(why, SOCKET_WHY, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(why, SOCKET_WHY, "%s: there is a file that is no socket", path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	if (fd >= 0)
		close(fd);
	if (error != ECONNREFUSED) {
		snprintf(why, SOCKET_WHY, "%s: %s", path, error == 0 || error == EAGAIN ?
			"another program listens on it" : strerror(error));
		return -1;
	}
	if (unlink(path)) {
		snprintf(why, SOCKET_WHY, "%s: cannot remove the stale socket: %s", path, strerror(errno));
		return -1;
	}
	return 0;
}

static int open_unix(const char *path, mode_t mode, struct own_socket *out, char why[SOCKET_WHY])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	mode_t umask_before;
	int fd, bound, result = -1;

	if (*path != '/' || len >= sizeof(address.sun_path)) {
		snprintf(why, SOCKET_WHY, "%s: a socket's path is absolute and shorter than %zu bytes", path,
			sizeof(address.sun_path));
		return -1;
	}
	memcpy(address.sun_path, path, len);
	if (clear_the_way(&address, why))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		goto out;
	umask_before = umask(0777);
	bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(umask_before);
	if (bound || lstat(path, &out->made))
		goto out;
	if (chmod(path, mode) || listen(fd, SOMAXCONN)) {
		int error = errno;

		unlink(path);
		errno = error;
		goto out;
	}
	out->path = xstrdup(path);
	out->fd = fd;
	result = 0;
out:
	if (result) {
		snprintf(why, SOCKET_WHY, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	return result;
}

/* Splits "127.0.0.1:9000" or "[::1]:9000" into two allocated strings. The port is judged here: getaddrinfo
 * takes any number and cuts it to 16 bits. */
static int split_address(const char *text, char **host, char **port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	int64_t number;

	if (len == 0 || text_integer(colon + 1, 1, 65535, &number))
		return -1;
	if (text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return -1;
	}
	*host = xstrndup(text, len);
	*port = xstrdup(colon + 1);
	return 0;
}

static int open_tcp(const char *text, struct own_socket *out, char why[SOCKET_WHY])
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *found = NULL;
	char *host = NULL, *port = NULL;
	int fd = -1, on = 1, result = -1;

	if (split_address(text, &host, &port) || getaddrinfo(host, port, &hints, &found)) {
		snprintf(why, SOCKET_WHY, "%.200s: neither unix:/path nor a numeric address and port like "
			"127.0.0.1:9000", text);
		goto out;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
		bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, SOMAXCONN)) {
		snprintf(why, SOCKET_WHY, "%.200s: %s", text, strerror(errno));
		goto out;
	}
	out->fd = fd;
	result = 0;
out:
	if (result && fd >= 0)
		close(fd);
	if (found)
		freeaddrinfo(found);
	free(host);
	free(port);
	return result;
}

int socket_open(const char *address, mode_t mode, struct own_socket *out, char why[SOCKET_WHY])
{
	size_t prefix = strlen(UNIX_PREFIX);

	*out = (struct own_socket){ .fd = -1 };
	if (strncmp(address, UNIX_PREFIX, prefix) == 0)
		return open_unix(address + prefix, mode, out, why);
	return open_tcp(address, out, why);
}

void socket_close(struct own_socket *s)
{
	struct stat is;

	if (s->path && lstat(s->path, &is) == 0 && is.st_dev == s->made.st_dev && is.st_ino == s->made.st_ino)
		unlink(s->path);
	free(s->path);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct own_socket){ .fd = -1 };
}

bool socket_listens(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}
