/*
 * A sender that stops in the middle of what it says, for tests of the spooler: serves an API on loopback with sockets alone, since a
 * web server says its heads whole.
 *
 *	staller DIRECTORY
 *
 * DIRECTORY/stalls then holds "stall_port=N silent_port=N full_port=N": the API; one that takes connections and is silent for ever;
 * and one that takes none, as behind a firewall that drops.
 *
 * Paths are those of tests/sender.c, and plans are DIRECTORY/plan.json. How a job is answered is in its name, WHAT-HOW-N: WHAT is
 * "plan", "running" or "final", and HOW
 *
 *	stall		the first time the answer stops after N bytes until the other side hangs up
 *	drip		every time after N bytes; then a byte comes now and then
 *	lines		the same, with header lines that have no end; N is nothing
 *	endless		every time: the status is N and the body has no end
 *
 * while anything else is answered 200 and whole. Bodies of requests go to DIRECTORY/JOB.WHAT.TURN, and DIRECTORY/JOB.bytes gets how
 * long each endless answer was when the other side hung up, a line each.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"

#define REQUEST_MAX (16u << 20)
#define DRIP_MS 200
#define CALLBACK_SIZE 1000	/* of the body of an answer to a callback */
#define BACKLOG 1024

static int directory;
static struct buf plan = BUF_INIT(1u << 20);

struct asked {
	struct buf text;		/* head and body */
	char job[128];
	const char *what;
};

static void append(const char *name, const char *data, size_t len)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0 || fsio_write(fd, data, len) != 0)
		log_panic("%s cannot be written", name);
	close(fd);
}

/* ---- the request ---- */

static size_t body_length(const char *head)
{
	const char *length = strcasestr(head, "\r\nContent-Length:");

	return length == NULL ? 0 : strtoul(length + 17, NULL, 10);
}

/* Reads a request whole; false if the other side goes before. */
static bool read_request(int fd, struct asked *asked)
{
	const char *end = NULL;
	char part[16384];
	ssize_t n;

	while (end == NULL || asked->text.len < (size_t)(end + 4 - asked->text.data) + body_length(asked->text.data)) {
		n = recv(fd, part, sizeof part, 0);
		if (n <= 0 || buf_append(&asked->text, part, (size_t)n) != 0)
			return false;
		end = strstr(buf_text(&asked->text), "\r\n\r\n");
	}
	return true;
}

static const char *body(const struct asked *asked)
{
	return strstr(asked->text.data, "\r\n\r\n") + 4;
}

static void recognise(struct asked *asked)
{
	asked->what = "other";
	if (sscanf(asked->text.data, "GET /api/v2/plans/%127[^/]/", asked->job) == 1)
		asked->what = "plan";
	else if (sscanf(asked->text.data, "PATCH /api/v2/task-results/%127[^/]/", asked->job) == 1)
		asked->what = strstr(body(asked), "\"status\":\"running\"") != NULL ? "running" : "final";
}

/* ---- the answer ---- */

/* Says so much as the other side takes; false once it is gone. */
static bool say(int fd, const char *data, size_t len, size_t *said)
{
	ssize_t n;

	while (len > 0) {
		n = send(fd, data, len, MSG_NOSIGNAL);
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
		*said += (size_t)n;
	}
	return true;
}

/* False once the other side is gone. */
static bool wait_ms(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 0;
}

/* A head whose lines have no end. */
static void say_lines(int fd)
{
	size_t said = 0;

	(void)say(fd, "HTTP/1.1 200 OK\r\n", 17, &said);
	while (wait_ms(fd, DRIP_MS) && say(fd, "X-More: of them\r\n", 17, &said))
		;
}

/* A body that has no end, and how much of it was said. */
static void say_endless(int fd, const char *job, unsigned status)
{
	char head[64], name[192], bytes[32], spaces[16384];
	size_t said = 0;

	memset(spaces, ' ', sizeof spaces);
	snprintf(head, sizeof head, "HTTP/1.1 %u Endless\r\n\r\n", status);
	(void)say(fd, head, strlen(head), &said);
	while (say(fd, spaces, sizeof spaces, &said))
		;
	snprintf(name, sizeof name, "%s.bytes", job);
	snprintf(bytes, sizeof bytes, "%zu\n", said);
	append(name, bytes, strlen(bytes));
}

/* The first n bytes, and each of the others when pause_ms have passed; -1: never. */
static void say_slowly(int fd, const struct buf *text, size_t n, int pause_ms)
{
	size_t said = 0;

	if (!say(fd, text->data, n < text->len ? n : text->len, &said))
		return;
	while (said < text->len && wait_ms(fd, pause_ms) && say(fd, text->data + said, 1, &said))
		;
}

/* How often it was asked for, with this time; writes down the body. */
static unsigned write_down(const struct asked *asked)
{
	char name[192];
	int fd = -1;
	unsigned turn = 0;

	while (fd < 0) {
		snprintf(name, sizeof name, "%s.%s.%u", asked->job, asked->what, ++turn);
		fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd < 0 && errno != EEXIST)
			log_panic("%s cannot be written", name);
	}
	if (fsio_write(fd, body(asked), strlen(body(asked))) != 0)
		log_panic("%s cannot be written", name);
	close(fd);
	return turn;
}

/* A whole answer. */
static void compose(const struct asked *asked, struct buf *text)
{
	bool is_plan = strcmp(asked->what, "plan") == 0;

	buf_printf(text, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		is_plan ? plan.len : (size_t)CALLBACK_SIZE);
	if (is_plan && buf_append(text, plan.data, plan.len) != 0)
		log_panic("the plan is too large");
	if (!is_plan)
		buf_printf(text, "%*s", CALLBACK_SIZE, "");
}

static void answer(int fd, const struct asked *asked)
{
	struct buf text = BUF_INIT(2u << 20);
	char what[16], how[16];
	unsigned n, turn = write_down(asked);

	compose(asked, &text);
	if (sscanf(asked->job, "%15[a-z]-%15[a-z]-%u", what, how, &n) != 3 || strcmp(what, asked->what) != 0 ||
	    (strcmp(how, "stall") == 0 && turn > 1))
		say_slowly(fd, &text, text.len, 0);
	else if (strcmp(how, "stall") == 0)
		say_slowly(fd, &text, n, -1);
	else if (strcmp(how, "drip") == 0)
		say_slowly(fd, &text, n, DRIP_MS);
	else if (strcmp(how, "lines") == 0)
		say_lines(fd);
	else if (strcmp(how, "endless") == 0)
		say_endless(fd, asked->job, n);
	buf_free(&text);
}

static void *serve(void *context)
{
	struct asked asked = { .text = BUF_INIT(REQUEST_MAX) };
	int fd = (int)(long)context;

	if (read_request(fd, &asked)) {
		recognise(&asked);
		answer(fd, &asked);
	}
	buf_free(&asked.text);
	close(fd);
	return NULL;
}

/* ---- the whole ---- */

static int listen_at(int backlog, unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof a;

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, backlog) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		log_panic("cannot listen");
	*port = ntohs(a.sin_port);
	return fd;
}

/* Takes the only places of a queue that nobody empties. */
static void fill(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	for (int i = 0; i < 4; i++)
		(void)connect(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), (struct sockaddr *)&a, sizeof a);
}

int main(int argc, char **argv)
{
	unsigned port, silent, full;
	pthread_attr_t detached;
	pthread_t thread;
	int fd, client;
	char *ports;

	log_open("staller");
	if (argc != 2 || (directory = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    fsio_read_file(directory, "plan.json", &plan) != 0)
		log_panic("needs a DIRECTORY with plan.json");
	fd = listen_at(BACKLOG, &port);
	(void)listen_at(BACKLOG, &silent);
	(void)listen_at(0, &full);
	fill(full);
	ports = xasprintf("stall_port=%u silent_port=%u full_port=%u\n", port, silent, full);
	if (fsio_create(directory, "stalls.new", 0644, ports, strlen(ports)) != 0 ||
	    renameat(directory, "stalls.new", directory, "stalls") != 0)
		log_panic("ports cannot be written");
	free(ports);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&detached, 1u << 20);
	while ((client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		if (pthread_create(&thread, &detached, serve, (void *)(long)client) != 0)
			log_panic("no thread");
	return 1;
}
