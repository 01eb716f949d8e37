/*
 * FastCGI, over libfcgi.
 *
 * Contract: each of N threads takes a connection, answers the one request on it and closes it. TERM, INT and USR1 end
 * it: no thread takes another connection, every request that was taken is answered, then fcgi_serve returns.
 * Connections still waiting in the queue of a socket that was given stay there for the next server.
 *
 * Signals are blocked in all threads and taken by the main one, which then closes a pipe that every wait for a
 * connection also watches. So no signal interrupts anything: libfcgi takes an interrupted read for a broken
 * connection, and a flag set just before a blocking accept would be seen too late. That is also why libfcgi does not
 * accept: it is handed connections that were accepted here, see adopt.
 *
 * One thread at a time waits for a connection, the others for their turn: a new connection wakes one thread, not all.
 * The listening socket is set non-blocking, because other processes may share it and be faster than an accept that
 * poll announced.
 *
 * Limits: a web server that stops in the middle of a request is given up after IO_SECONDS without a byte, or
 * REQUEST_SECONDS in all. Connections are not kept open between requests; to a local web server a new one costs next
 * to nothing, and an idle one would hold a thread. FCGI_WEB_SERVER_ADDRS, if set, names the addresses that may
 * connect (FastCGI, 3.2).
 */
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/notify.h"
#include "handler/answer.h"
#include "handler/fcgi.h"

#define IO_SECONDS 30
#define REQUEST_SECONDS 60
#define BUSY_WAIT_MS 100
#define READ_PIECE 8192

struct server {
	int listen_fd;
	int stop_fd;			/* becomes readable when it is time to stop */
	const char *web_server_addrs;	/* NULL: any may connect */
	pthread_mutex_t turn;		/* whose turn it is to wait for a connection */
	bool broken;			/* under turn: the socket became unusable */
	struct keeper *keeper;
};

struct body {
	FCGX_Stream *stream;
	time_t deadline;
};

/* Whether the peer's numeric address is in the comma separated list. */
static bool allowed_peer(const char *list, const struct sockaddr *peer, socklen_t len)
{
	char host[64];
	size_t n;

	if (!list || (peer->sa_family != AF_INET && peer->sa_family != AF_INET6))
		return true;
	if (getnameinfo(peer, len, host, sizeof(host), NULL, 0, NI_NUMERICHOST))
		return false;
	for (; *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (n == strlen(host) && strncmp(list, host, n) == 0)
			return true;
	}
	log_warn(NULL, "connection from %s refused: not in FCGI_WEB_SERVER_ADDRS", host);
	return false;
}

static void prepare_connection(int fd, const struct sockaddr *peer)
{
	struct timeval limit = { .tv_sec = IO_SECONDS };
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (peer->sa_family == AF_INET || peer->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Takes one waiting connection. Its descriptor, -1 if there is none after all, -2 if the socket is unusable. */
static int take_connection(struct server *s)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);
	int fd = accept4(s->listen_fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
	struct pollfd stop = { .fd = s->stop_fd, .events = POLLIN };

	if (fd >= 0) {
		if (allowed_peer(s->web_server_addrs, (struct sockaddr *)&peer, len)) {
			prepare_connection(fd, (struct sockaddr *)&peer);
			return fd;
		}
		close(fd);
		return -1;
	}
	switch (errno) {
	case EBADF: case EINVAL: case ENOTSOCK: case EOPNOTSUPP:
		log_error(NULL, "cannot accept connections any more: %s", strerror(errno));
		return -2;
	case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM:
		log_warn(NULL, "cannot accept a connection now: %s", strerror(errno));
		poll(&stop, 1, BUSY_WAIT_MS);
		return -1;
	default:	/* gone again, or another process was faster */
		return -1;
	}
}

/* Waits for a connection. Its descriptor, or -1 when it is time to stop. */
static int next_connection(struct server *s)
{
	struct pollfd watched[] = { { .fd = s->stop_fd, .events = POLLIN }, { .fd = s->listen_fd, .events = POLLIN } };
	int fd = -1;

	pthread_mutex_lock(&s->turn);
	while (fd == -1 && !s->broken) {
		if (poll(watched, 2, -1) < 0)
			continue;
		if (watched[0].revents)
			break;
		fd = take_connection(s);
		if (fd == -2) {
			s->broken = true;
			kill(getpid(), SIGTERM);	/* the main thread ends the others */
		}
	}
	pthread_mutex_unlock(&s->turn);
	return fd < 0 ? -1 : fd;
}

static ssize_t read_body(void *context, char *into, size_t n)
{
	struct body *b = context;

	if (clock_monotonic() / 1000 >= b->deadline) {
		errno = ETIMEDOUT;
		return -1;
	}
	return FCGX_GetStr(into, n < READ_PIECE ? (int)n : READ_PIECE, b->stream);
}

static void answer_request(struct server *s, FCGX_Request *r)
{
	struct body body = { .stream = r->in, .deadline = clock_monotonic() / 1000 + REQUEST_SECONDS };
	const struct http_in in = {
		.method = FCGX_GetParam("REQUEST_METHOD", r->envp),
		.path_info = FCGX_GetParam("PATH_INFO", r->envp),
		.script_name = FCGX_GetParam("SCRIPT_NAME", r->envp),
		.content_length = FCGX_GetParam("CONTENT_LENGTH", r->envp),
		.content_type = FCGX_GetParam("CONTENT_TYPE", r->envp),
		.signature = FCGX_GetParam("HTTP_X_TFC_TASK_SIGNATURE", r->envp),
		.read = read_body,
		.context = &body,
	};
	struct settings *settings = keeper_take(s->keeper);
	struct http_out out;
	struct buf text = { 0 };

	answer(settings, &in, &out);
	keeper_return(s->keeper, settings);
	http_print(&out, &text);
	FCGX_PutStr(text.data, (int)text.len, r->out);
	buf_free(&text);
	http_out_free(&out);
}

/* Hands libfcgi a connection that was accepted already. FCGX_Accept_r goes on with a connection that the request
 * before has left open, and that is what this looks like: two fields its header would rather keep to itself. The
 * socket to accept from is -1, so that it returns after a protocol error instead of waiting for another connection. */
static void adopt(FCGX_Request *r, int fd)
{
	FCGX_InitRequest(r, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	r->ipcFd = fd;
	r->keepConnection = 1;
}

static void *work(void *context)
{
	struct server *s = context;
	FCGX_Request r;
	int fd;

	while ((fd = next_connection(s)) >= 0) {
		adopt(&r, fd);
		if (FCGX_Accept_r(&r) == 0) {
			answer_request(s, &r);
			FCGX_Finish_r(&r);
		}
		FCGX_Free(&r, 1);
	}
	return NULL;
}

/* Waits for a signal that ends the server, and shows life to a watchdog: it takes the keeper's lock for that, which
 * every request needs too. */
static void wait_for_end(struct server *s, const sigset_t *signals)
{
	const int64_t every = notify_watchdog_ms();
	const struct timespec wait = { .tv_sec = every / 1000, .tv_nsec = every % 1000 * 1000000 };
	int sig;

	for (;;) {
		sig = sigtimedwait(signals, NULL, every ? &wait : NULL);
		if (sig < 0 && errno == EINTR)
			continue;
		if (sig > 0 && sig != SIGHUP) {
			log_info(NULL, "ending: open requests are finished first");
			(void)notify(NOTIFY_STOPPING);
			return;
		}
		keeper_look(s->keeper);
		if (every)
			(void)notify(NOTIFY_ALIVE);
	}
}

static sigset_t awaited_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGHUP);
	return signals;
}

void fcgi_hold_signals(void)
{
	sigset_t signals = awaited_signals();

	pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

int fcgi_serve(int listen_fd, unsigned threads, struct keeper *keeper)
{
	struct server s = { .listen_fd = listen_fd, .keeper = keeper, .turn = PTHREAD_MUTEX_INITIALIZER,
		.web_server_addrs = getenv("FCGI_WEB_SERVER_ADDRS") };
	pthread_t *workers = xcalloc(threads, sizeof(*workers));
	int flags = fcntl(listen_fd, F_GETFL), stop[2];
	sigset_t signals = awaited_signals();
	unsigned started = 0;

	if (FCGX_Init() || flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) || pipe2(stop, O_CLOEXEC)) {
		log_error(NULL, "cannot start: %s", strerror(errno));
		free(workers);
		return -1;
	}
	signal(SIGPIPE, SIG_IGN);	/* after FCGX_Init, which sets a handler of its own */
	s.stop_fd = stop[0];
	while (started < threads && pthread_create(&workers[started], NULL, work, &s) == 0)
		started++;
	if (started == threads) {
		(void)notify(NOTIFY_READY);
		wait_for_end(&s, &signals);
	} else {
		log_error(NULL, "cannot start %u threads", threads);
	}
	close(stop[1]);
	for (unsigned i = 0; i < started; i++)
		pthread_join(workers[i], NULL);
	close(stop[0]);
	free(workers);
	return s.broken || started < threads ? -1 : 0;
}
