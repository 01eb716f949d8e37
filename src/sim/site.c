/* One origin of the simulator over libmicrohttpd, in the loop's thread: the daemon has an epoll descriptor of its
 * own, which the loop watches, and says when it wants to be run without one (MHD_get_timeout).
 *
 * Requests are collected whole before they are answered, up to SITE_BODY_MAX; a longer one is preset to 413. Files
 * are sent from their descriptor, so a plan of any size costs no memory. While an answer waits its connection is
 * suspended. */
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "sim/site.h"

struct site {
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct loop_fd *watch;
	struct loop_timer *timer;
	char *origin;
	struct site_setup setup;
	struct exchange *waiting;
};

struct exchange {	/* one request and its answer */
	struct site *site;
	struct MHD_Connection *connection;
	struct buf body;
	bool too_long, answered;
	struct site_answer answer;
	struct loop_timer *timer;		/* while the answer waits */
	struct exchange *next, **at;		/* in site->waiting */
};

struct cut {		/* a file that ends halfway */
	int fd;
	uint64_t end;
};

const char *site_header(const struct site_request *q, const char *name)
{
	return MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
}

static ssize_t read_cut(void *context, uint64_t at, char *out, size_t max)
{
	struct cut *c = context;
	ssize_t n;

	if (at >= c->end)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	n = pread(c->fd, out, max < c->end - at ? max : (size_t)(c->end - at), (off_t)at);
	return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_cut(void *context)
{
	struct cut *c = context;

	close(c->fd);
	free(c);
}

/* Takes the descriptor. */
static struct MHD_Response *file_response(int fd, uint64_t size, bool cut)
{
	struct MHD_Response *r = NULL;
	struct cut *c;

	if (fd >= 0 && cut) {
		c = xcalloc(1, sizeof(*c));
		*c = (struct cut){ .fd = fd, .end = size / 2 };
		r = MHD_create_response_from_callback(size, 65536, read_cut, c, free_cut);
		if (r == NULL)
			free_cut(c);
	} else if (fd >= 0) {
		r = MHD_create_response_from_fd64(size, fd);
		if (r == NULL)
			close(fd);
	}
	return r;
}

/* Uses the answer up. */
static struct MHD_Response *to_response(struct site_answer *a)
{
	struct MHD_Response *r;
	char *name, *value;
	size_t i;

	if (a->fd >= 0)
		r = file_response(dup(a->fd), a->size, a->end == SITE_CUT);
	else if (a->body != NULL)
		r = MHD_create_response_from_buffer(strlen(a->body), a->body, MHD_RESPMEM_MUST_FREE);
	else
		r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	a->body = NULL;
	if (r != NULL && a->content_type != NULL)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->content_type);
	if (r != NULL && a->location != NULL)
		MHD_add_response_header(r, MHD_HTTP_HEADER_LOCATION, a->location);
	for (i = 0; r != NULL && i < SITE_HEADERS && a->headers[i] != NULL; i++) {
		value = a->headers[i];
		name = strsep(&value, ":");
		MHD_add_response_header(r, name, value != NULL ? value + strspn(value, " ") : "");
	}
	return r;
}

static void forget_answer(struct site_answer *a)
{
	size_t i;

	free(a->body);
	free(a->location);
	for (i = 0; i < SITE_HEADERS; i++)
		free(a->headers[i]);
	a->body = a->location = NULL;
	memset(a->headers, 0, sizeof(a->headers));
}

static void pump(void *context);

static void stop_waiting(struct exchange *x)
{
	loop_timer_free(x->timer);
	x->timer = NULL;
	*x->at = x->next;
	if (x->next != NULL)
		x->next->at = x->at;
	MHD_resume_connection(x->connection);
}

static void on_waited(void *context)
{
	struct exchange *x = context;
	struct site *s = x->site;

	stop_waiting(x);
	pump(s);
}

static void wait_before(struct exchange *x)
{
	struct site *s = x->site;

	MHD_suspend_connection(x->connection);
	x->next = s->waiting;
	x->at = &s->waiting;
	if (x->next != NULL)
		x->next->at = &x->next;
	s->waiting = x;
	x->timer = loop_timer_new(s->loop, on_waited, x);
	loop_timer_set(x->timer, x->answer.after_ms);
}

static enum MHD_Result send_answer(struct exchange *x)
{
	struct MHD_Response *r;
	enum MHD_Result result;

	if (x->answer.end == SITE_DROP)
		return MHD_NO;
	r = to_response(&x->answer);
	if (r == NULL)
		return MHD_NO;
	result = MHD_queue_response(x->connection, x->answer.status, r);
	MHD_destroy_response(r);
	return result;
}

static void answer(struct exchange *x, const char *method, const char *path)
{
	struct site *s = x->site;
	struct site_request q = { .method = method, .path = path, .body = buf_text(&x->body), .len = x->body.len,
		.too_long = x->too_long, .connection = x->connection };

	x->answered = true;
	x->answer = (struct site_answer){ .status = x->too_long ? 413 : 404, .fd = -1 };
	s->setup.answer(s->setup.context, &q, &x->answer);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *c, const char *path, const char *method,
	const char *version, const char *data, size_t *len, void **state)
{
	struct exchange *x = *state;

	(void)version;
	if (x == NULL) {
		*state = x = xcalloc(1, sizeof(*x));
		x->site = context;
		x->connection = c;
		x->body.max = SITE_BODY_MAX;
		return MHD_YES;
	}
	if (*len > 0) {
		if (buf_append(&x->body, data, *len) != 0)
			x->too_long = true;
		*len = 0;
		return MHD_YES;
	}
	if (!x->answered) {
		answer(x, method, path);
		if (x->answer.after_ms > 0) {
			wait_before(x);
			return MHD_YES;
		}
	}
	return send_answer(x);
}

static void on_completed(void *context, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode code)
{
	struct site *s = context;
	struct exchange *x = *state;

	(void)c;
	if (x == NULL)
		return;
	if (x->answer.sent_context != NULL)
		s->setup.sent(s->setup.context, x->answer.sent_context, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	forget_answer(&x->answer);
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

/* Splits "ADDR[:PORT]" and looks the numeric address up. NULL if it is none. getaddrinfo would cut a
 * larger port to 16 bits. */
static struct addrinfo *parse_address(const char *text)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *out = NULL;
	const char *end = text[0] == '[' ? strchr(text, ']') : NULL, *colon = strrchr(end != NULL ? end : text, ':');
	int64_t number;
	char *host;

	if (colon != NULL && text_integer(colon + 1, 0, 65535, &number) != 0)
		return NULL;
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
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (a->ai_family == AF_INET6 ? (unsigned)MHD_USE_IPv6 : 0);
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

	s->loop = l;
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
	while (s->waiting != NULL)
		stop_waiting(s->waiting);
	MHD_stop_daemon(s->daemon);
	free(s->origin);
	free(s);
}

const char *site_origin(const struct site *s)
{
	return s->origin;
}
