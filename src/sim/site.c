/* One origin of the simulator over libmicrohttpd, in the loop's thread: the daemon has an epoll descriptor of its
 * own, which the loop watches, and says when it wants to be run without one (MHD_get_timeout).
 *
 * Requests are collected whole before they are answered, up to BODY_MAX; a longer one is answered 413. Files are
 * sent from their descriptor, so a plan of any size costs no memory. */
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "sim/site.h"

#define BODY_MAX ((size_t)16 << 20)

struct site {
	struct MHD_Daemon *daemon;
	struct loop_fd *watch;
	struct loop_timer *timer;
	char *origin;
	struct site_setup setup;
};

struct exchange {	/* one request and its answer */
	struct buf body;
	bool too_long;
	void *sent_context;
};

const char *site_header(const struct site_request *q, const char *name)
{
	return MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
}

static struct MHD_Response *to_response(struct site_answer *a)
{
	struct MHD_Response *r = NULL;
	int fd;

	if (a->fd >= 0) {
		fd = dup(a->fd);	/* closed with the response */
		r = fd >= 0 ? MHD_create_response_from_fd64(a->size, fd) : NULL;
		if (r == NULL && fd >= 0)
			close(fd);
	} else if (a->body != NULL) {
		r = MHD_create_response_from_buffer(strlen(a->body), a->body, MHD_RESPMEM_MUST_FREE);
	} else {
		r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	}
	if (r != NULL && a->content_type != NULL)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->content_type);
	if (r != NULL && a->location != NULL)
		MHD_add_response_header(r, MHD_HTTP_HEADER_LOCATION, a->location);
	free(a->location);
	return r;
}

static enum MHD_Result answer(struct site *s, struct MHD_Connection *c, const char *method, const char *path,
	struct exchange *x)
{
	struct site_answer a = { .status = MHD_HTTP_NOT_FOUND, .fd = -1 };
	struct site_request q = { .method = method, .path = path, .body = buf_text(&x->body), .len = x->body.len,
		.connection = c };
	struct MHD_Response *r;
	enum MHD_Result result;

	if (x->too_long)
		a.status = 413;
	else
		s->setup.answer(s->setup.context, &q, &a);
	x->sent_context = a.sent_context;
	r = to_response(&a);
	if (r == NULL)
		return MHD_NO;
	result = MHD_queue_response(c, a.status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *c, const char *path, const char *method,
	const char *version, const char *data, size_t *len, void **state)
{
	struct exchange *x = *state;

	(void)version;
	if (x == NULL) {
		*state = x = xcalloc(1, sizeof(*x));
		x->body.max = BODY_MAX;
		return MHD_YES;
	}
	if (*len > 0) {
		if (buf_append(&x->body, data, *len) != 0)
			x->too_long = true;
		*len = 0;
		return MHD_YES;
	}
	return answer(context, c, method, path, x);
}

static void on_completed(void *context, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode code)
{
	struct site *s = context;
	struct exchange *x = *state;

	(void)c, (void)code;
	if (x == NULL)
		return;
	if (x->sent_context != NULL)
		s->setup.sent(s->setup.context, x->sent_context);
	buf_free(&x->body);
	free(x);
	*state = NULL;
}

static void pump(void *context)
{
	struct site *s = context;
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(s->daemon);
	if (MHD_get_timeout(s->daemon, &ms) == MHD_YES)
		loop_timer_set(s->timer, ms < INT32_MAX ? (int64_t)ms : INT32_MAX);
	else
		loop_timer_clear(s->timer);
}

static void on_ready(void *context, int fd, unsigned events)
{
	(void)fd, (void)events;
	pump(context);
}

/* Splits "ADDR[:PORT]" and looks the numeric address up. NULL if it is none. */
static struct addrinfo *parse_address(const char *text)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *out = NULL;
	const char *end = text[0] == '[' ? strchr(text, ']') : NULL, *colon = strrchr(end != NULL ? end : text, ':');
	char *host;

	if (end != NULL)
		host = xstrndup(text + 1, (size_t)(end - text - 1));
	else
		host = xstrndup(text, colon != NULL ? (size_t)(colon - text) : strlen(text));
	if (getaddrinfo(host, colon != NULL ? colon + 1 : "0", &hints, &out) != 0)
		out = NULL;
	free(host);
	return out;
}

static char *make_origin(const struct site *s, const struct addrinfo *a)
{
	const char *scheme = s->setup.key_pem != NULL ? "https" : "http";
	unsigned port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	char host[NI_MAXHOST] = "localhost";

	if (s->setup.url_host != NULL)
		return xasprintf("%s://%s:%u", scheme, s->setup.url_host, port);
	getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), NULL, 0, NI_NUMERICHOST);
	return xasprintf(a->ai_family == AF_INET6 ? "%s://[%s]:%u" : "%s://%s:%u", scheme, host, port);
}

static struct MHD_Daemon *start(struct site *s, const struct addrinfo *a)
{
	unsigned flags = MHD_USE_EPOLL | (a->ai_family == AF_INET6 ? (unsigned)MHD_USE_IPv6 : 0);
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)s->setup.key_pem },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)s->setup.certificate_pem },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (s->setup.key_pem != NULL)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, a->ai_addr,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u,
		MHD_OPTION_CONNECTION_LIMIT, 16384u, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

struct site *site_new(struct loop *l, const struct site_setup *setup, char why[160])
{
	struct site *s = xcalloc(1, sizeof(*s)), *made = NULL;
	struct addrinfo *a = parse_address(setup->listen);

	s->setup = *setup;
	if (a == NULL) {
		snprintf(why, 160, "%s is not an address ADDR[:PORT]", setup->listen);
		goto out;
	}
	s->daemon = start(s, a);
	if (s->daemon == NULL) {
		snprintf(why, 160, "cannot serve on %s: %s", setup->listen, errno != 0 ? strerror(errno) :
			"key or certificate unusable");
		goto out;
	}
	s->origin = make_origin(s, a);
	s->timer = loop_timer_new(l, pump, s);
	s->watch = loop_watch(l, MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, LOOP_READ,
		on_ready, s);
	made = s;
out:
	if (a != NULL)
		freeaddrinfo(a);
	if (made == NULL)
		free(s);
	return made;
}

void site_free(struct site *s)
{
	if (s == NULL)
		return;
	loop_unwatch(s->watch);
	loop_timer_free(s->timer);
	MHD_stop_daemon(s->daemon);
	free(s->origin);
	free(s);
}

const char *site_origin(const struct site *s)
{
	return s->origin;
}
