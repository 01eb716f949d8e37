/*
 * The service manager's side of a start, a reload and a stop.
 *
 * Contract: systemd names a datagram socket in NOTIFY_SOCKET (a path, or with a leading '@' a name in the abstract
 * namespace) and takes lines of NAME=VALUE from it; any other program that does the same is served alike. Nothing here
 * ever changes what the caller does: a manager that does not listen costs a line in the log.
 *
 * RELOADING carries the time on the monotonic clock, by which systemd 253 and later (Type=notify-reload) tells the
 * READY that ends this reload from an earlier one.
 *
 * A watchdog is meant for one process: with WATCHDOG_PID in the environment, a forked worker has none.
 *
 * Limits: a message that the manager does not take within SEND_SECONDS is lost. vsock addresses are not supported.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/notify.h"
#include "base/text.h"

#define SEND_SECONDS 2
#define MESSAGE_SIZE 80

static const char *const lines[] = {
	[NOTIFY_READY] = "READY=1",
	[NOTIFY_RELOADING] = "RELOADING=1",
	[NOTIFY_STOPPING] = "STOPPING=1",
	[NOTIFY_ALIVE] = "WATCHDOG=1",
};

/* 0 with the address and its length, or -1 with errno. */
static int address_of(const char *name, struct sockaddr_un *out, socklen_t *len)
{
	size_t n = strlen(name);

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof(out->sun_path)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(out->sun_path, name, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	if (name[0] == '@') {
		out->sun_path[0] = '\0';
		(*len)--;	/* an abstract name is as long as it is, without a NUL */
	}
	return 0;
}

static int send_to(const char *name, const char *message, size_t n)
{
	const struct timeval limit = { .tv_sec = SEND_SECONDS };
	struct sockaddr_un address;
	socklen_t len;
	int saved, fd, result = -1;

	if (address_of(name, &address, &len))
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
	    sendto(fd, message, n, MSG_NOSIGNAL, (const struct sockaddr *)&address, len) == (ssize_t)n)
		result = 0;
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

int notify(enum notify_state state)
{
	const char *name = getenv("NOTIFY_SOCKET");
	char message[MESSAGE_SIZE];
	struct timespec now;
	int n;

	if (!name || !*name)
		return 0;
	if (state == NOTIFY_RELOADING) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		n = snprintf(message, sizeof(message), "%s\nMONOTONIC_USEC=%" PRId64, lines[state],
			(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	} else {
		n = snprintf(message, sizeof(message), "%s", lines[state]);
	}
	if (n < 0 || (size_t)n >= sizeof(message))
		log_panic("a message for the service manager does not fit");
	if (send_to(name, message, (size_t)n)) {
		log_warn(NULL, "the service manager was not told %s (NOTIFY_SOCKET=%s): %s", lines[state], name,
			strerror(errno));
		return -1;
	}
	return 0;
}

int64_t notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	int64_t allowed, whose = getpid();

	if (!usec || text_integer(usec, 2000, INT64_MAX, &allowed))
		return 0;
	if (pid && text_integer(pid, 1, INT32_MAX, &whose))
		return 0;
	return whose == getpid() ? allowed / 2000 : 0;
}
