/* The listening socket of the FastCGI server: one that was given, or one of its own. */
#ifndef PLANSPOOL_HANDLER_SOCKET_H
#define PLANSPOOL_HANDLER_SOCKET_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#define SOCKET_WHY 320

struct own_socket {
	int fd;
	char *path;		/* NULL: TCP */
	struct stat made;	/* which file it is that we made */
};

/* Opens "unix:/path" (the file gets exactly this mode) or "127.0.0.1:9000", "[::1]:9000" (numeric addresses only). A
 * socket file that nobody listens on is replaced; any other file is left alone. 0, or -1 with a reason. Closed by
 * socket_close. */
int socket_open(const char *address, mode_t mode, struct own_socket *out, char why[SOCKET_WHY]);

/* Closes it and removes its file, if that is still the one that was made. */
void socket_close(struct own_socket *s);

/* Whether the descriptor is a socket that listens. */
bool socket_listens(int fd);

#endif
