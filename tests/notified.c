/*
 * A service manager's ear for tests: notified SOCKET FILE
 *
 * Binds the datagram socket SOCKET, says "ready" on standard output, and appends what programs tell it (sd_notify(3))
 * to FILE: one message a line, its newlines as spaces. Runs until it is ended. Exit status 1, with a reason on
 * standard error, if it cannot listen or write.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char message[1024];
	int fd, file;

	if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 1;
	memcpy(address.sun_path, argv[1], strlen(argv[1]));
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	file = open(argv[2], O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || file < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("notified");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		ssize_t n = recv(fd, message, sizeof(message) - 1, 0);

		if (n < 0)
			continue;
		for (ssize_t i = 0; i < n; i++)
			if (message[i] == '\n')
				message[i] = ' ';
		message[n] = '\n';
		if (write(file, message, (size_t)n + 1) < 0) {
			perror("notified");
			return 1;
		}
	}
}
