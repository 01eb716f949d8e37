/* Web servers for tests: an ordinary one (libmicrohttpd in a thread, answers depend on the request alone, nothing
 * is shared with the test) and one that sends given bytes, right or wrong, on the test's own loop. Failures end
 * the test program. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "web.h"

#define BIG ((size_t)3 * 1024 * 1024)

struct web {
	struct MHD_Daemon *daemon;
	unsigned port;
};

static struct sockaddr_in loopback(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *header, const char *value,
	char *body, size_t n)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(n, body, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result done;

	if (header != NULL)
		MHD_add_response_header(r, header, value);
	done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

static const char *header(struct MHD_Connection *c, const char *name)
{
	const char *value = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);

	return value != NULL ? value : "-";
}

static enum MHD_Result serve(void *context, struct MHD_Connection *c, const char *url, const char *method,
	const char *version, const char *data, size_t *len, void **state)
{
	struct buf *body = *state;
	char *text;

	(void)context, (void)version;
	if (body == NULL) {
		*state = body = xcalloc(1, sizeof(*body));
		body->max = BIG;
		return MHD_YES;
	}
	if (*len > 0) {
		if (buf_append(body, data, *len) != 0)
			return MHD_NO;
		*len = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/redirect") == 0)
		return answer(c, 307, "Location", "/echo?secret=1", xstrdup(""), 0);
	if (strcmp(url, "/gzip") == 0)
		return answer(c, 200, "Content-Encoding", "gzip", xstrdup("not gzip"), 8);
	if (strcmp(url, "/big") == 0) {
		text = xmalloc(BIG);
		memset(text, 'x', BIG);
		return answer(c, 200, NULL, NULL, text, BIG);
	}
	text = xasprintf("%s %s type=%s accept=%s auth=%s expect=%s encoding=%s agent=%s body=%s", method, url,
		header(c, "Content-Type"), header(c, "Accept"), header(c, "Authorization"), header(c, "Expect"),
		header(c, "Accept-Encoding"), header(c, "User-Agent"), buf_text(body));
	return answer(c, 200, "Content-Type", "text/plain", text, strlen(text));
}

static void forget(void *context, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode code)
{
	(void)context, (void)c, (void)code;
	if (*state != NULL)
		buf_free(*state);
	free(*state);
	*state = NULL;
}

struct web *web_start(const char *key_pem, const char *certificate_pem)
{
	struct web *w = xcalloc(1, sizeof(*w));
	struct sockaddr_in a = loopback();
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key_pem },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)certificate_pem },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (key_pem == NULL)
		tls[0].option = MHD_OPTION_END;
	w->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | (key_pem != NULL ? MHD_USE_TLS : 0), 0, NULL, NULL,
		serve, NULL, MHD_OPTION_SOCK_ADDR, &a, MHD_OPTION_NOTIFY_COMPLETED, forget, NULL,
		MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (w->daemon == NULL)
		log_panic("the web server does not start");
	w->port = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	return w;
}

void web_stop(struct web *w)
{
	MHD_stop_daemon(w->daemon);
	free(w);
}

unsigned web_port(const struct web *w)
{
	return w->port;
}

/* Raw bytes */

struct client {
	struct raw *raw;
	int fd;
	struct loop_fd *watch;
};

struct raw {
	struct loop *loop;
	int fd;
	struct loop_fd *watch;
	const char *answer;
	bool hang_up;
	struct client clients[32];
	size_t count;
};

static int listen_somewhere(unsigned *port)
{
	struct sockaddr_in a = loopback();
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, 16) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		log_panic("no port to listen on");
	*port = ntohs(a.sin_port);
	return fd;
}

static void close_client(struct client *c)
{
	loop_unwatch(c->watch);
	close(c->fd);
	c->fd = -1;
}

static void on_client(void *context, int fd, unsigned events)
{
	struct client *c = context;
	char request[4096];

	(void)events;
	if (read(fd, request, sizeof(request)) <= 0) {
		close_client(c);
		return;
	}
	if (send(fd, c->raw->answer, strlen(c->raw->answer), MSG_NOSIGNAL) < 0 || c->raw->hang_up)
		close_client(c);
}

static void on_listen(void *context, int fd, unsigned events)
{
	struct raw *r = context;
	struct client *c = &r->clients[r->count++];

	(void)events;
	if (r->count > sizeof(r->clients) / sizeof(r->clients[0]))
		log_panic("too many clients");
	c->raw = r;
	c->fd = accept(fd, NULL, NULL);
	c->watch = loop_watch(r->loop, c->fd, LOOP_READ, on_client, c);
}

struct raw *raw_start(struct loop *l, const char *bytes, bool hang_up)
{
	struct raw *r = xcalloc(1, sizeof(*r));
	unsigned port;

	*r = (struct raw){ .loop = l, .answer = bytes, .hang_up = hang_up };
	r->fd = listen_somewhere(&port);
	r->watch = loop_watch(l, r->fd, LOOP_READ, on_listen, r);
	return r;
}

void raw_send(struct raw *r, const char *more)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (r->clients[i].fd >= 0 && send(r->clients[i].fd, more, strlen(more), MSG_NOSIGNAL) < 0)
			close_client(&r->clients[i]);
}

void raw_stop(struct raw *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (r->clients[i].fd >= 0)
			close_client(&r->clients[i]);
	loop_unwatch(r->watch);
	close(r->fd);
	free(r);
}

unsigned raw_port(const struct raw *r)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	if (getsockname(r->fd, (struct sockaddr *)&a, &len) != 0)
		log_panic("no port");
	return ntohs(a.sin_port);
}

unsigned closed_port(void)
{
	unsigned port;

	close(listen_somewhere(&port));
	return port;
}
