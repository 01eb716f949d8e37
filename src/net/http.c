/* HTTP over libcurl's multi interface. curl says which sockets it waits for (on_socket_wish) and when it wants to
 * be woken (on_timer_wish); what the loop sees is handed to curl_multi_socket_action, and what that finished is
 * then taken from curl and ended.
 *
 * Nothing is begun or ended inside of curl: its multi handle must not be touched from its own callbacks. So
 * http_start only puts a request into a queue that the next turn empties, which also keeps the promise that done
 * never comes early; and a request that is cancelled while curl is running (by another one's head or data
 * function) is marked, and taken away when curl has returned.
 *
 * Up to SPARE_MAX idle connections are kept for reuse, and never more than an eighth of all descriptors. Easy handles
 * are not: a used one still holds its last URL, and a new one costs no more than a few kilobytes of memory to fill. How
 * much is under way at once is the caller's to limit.
 *
 * A connection knows the request that it was last used for, and the request that connection: whoever is told which
 * request libcurl works on (http_job.work) is told the right one, but for what several share in HTTP/2, and for what
 * curl does when time has passed.
 *
 * Time without a byte is measured here, because curl's own (CURLOPT_LOW_SPEED_TIME) knows whole seconds only. A
 * timer looks back at when bytes last moved; moving them does not set a timer each time.
 *
 * Known limits: the system's resolver runs in a thread for each lookup that curl's cache does not answer. Before
 * curl 7.87 the end of a transfer waits for its lookup. */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/head.h"
#include "net/http.h"
#include "net/transfer.h"
#include "net/wipe.h"

#define SPARE_MAX 128	/* idle connections kept for reuse */

struct connection {
	struct http *http;
	struct loop_fd *watch;
	struct http_request *request;	/* the one it was last used for; NULL if that is gone */
};

struct http_request {
	struct http *http;
	TAILQ_ENTRY(http_request) link;
	enum { WAITING, RUNNING, DROPPED } state;	/* the list it is in */
	CURL *easy;
	struct connection *connection;	/* whose request this is; NULL for none */
	bool in_multi;
	struct curl_slist *headers;
	bool unusable;			/* it cannot be sent; error says why */
	void (*on_work)(void *context);
	bool (*on_head)(void *context, const struct http_head *head);
	bool (*on_data)(void *context, const char *data, size_t len);
	void (*on_done)(void *context, enum http_end end, const struct http_head *head, const char *why);
	void *context;
	struct head head;
	bool head_complete, head_bad, stopped;
	struct loop_timer *idle;	/* NULL: no limit */
	int64_t idle_ms;
	int64_t begun_at, moved_at;	/* loop_now; moved_at: when bytes were last seen to move */
	curl_off_t sent;		/* bytes of the body */
	char error[CURL_ERROR_SIZE];
};
_Static_assert(CURL_ERROR_SIZE >= HTTP_WHY, "a reason of ours fits too");

TAILQ_HEAD(request_list, http_request);

struct http {
	struct loop *loop;
	CURLM *multi;
	char *user_agent;
	struct loop_timer *curl_timer, *start_timer;
	struct request_list lists[DROPPED + 1];
	size_t count;			/* requests in all lists */
	size_t spare;			/* idle connections that may be kept */
	bool in_curl;
	struct http_request *calling;	/* whose function is being called */
};

static void act(struct http *h, curl_socket_t s, int events);

/* curl's wishes */

static void on_socket(void *context, int fd, unsigned events)
{
	struct connection *c = context;
	struct http_request *r = c->request;

	if (r != NULL && r->on_work != NULL && r->state == RUNNING)
		r->on_work(r->context);
	/* Someone who hung up is found by reading and writing, which give the reason. */
	act(c->http, fd, (events & (LOOP_READ | LOOP_HANGUP) ? CURL_CSELECT_IN : 0) |
		(events & (LOOP_WRITE | LOOP_HANGUP) ? CURL_CSELECT_OUT : 0));
}

/* Ties a connection and a request to each other and to nobody else; either may be NULL. */
static void tie(struct connection *c, struct http_request *r)
{
	if (c != NULL && c->request != NULL)
		c->request->connection = NULL;
	if (r != NULL && r->connection != NULL)
		r->connection->request = NULL;
	if (c != NULL)
		c->request = r;
	if (r != NULL)
		r->connection = c;
}

static int on_socket_wish(CURL *easy, curl_socket_t s, int what, void *context, void *known)
{
	struct http *h = context;
	struct connection *c = known;
	struct http_request *r = NULL;
	unsigned events = (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0);

	if (what == CURL_POLL_REMOVE) {
		if (c != NULL) {
			tie(c, NULL);
			loop_unwatch(c->watch);
			free(c);
		}
		curl_multi_assign(h->multi, s, NULL);
		return 0;
	}
	if (c != NULL) {
		loop_rewatch(c->watch, events);
	} else {
		c = xcalloc(1, sizeof *c);
		c->http = h;
		c->watch = loop_watch(h->loop, s, events, on_socket, c);
		curl_multi_assign(h->multi, s, c);
	}
	/* curl's own handles, for closing idle connections, have no request. */
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&r);
	tie(c, r);
	return 0;
}

static void on_timer(void *context)
{
	act(context, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wish(CURLM *multi, long ms, void *context)
{
	struct http *h = context;

	(void)multi;
	if (ms < 0)
		loop_timer_clear(h->curl_timer);
	else
		loop_timer_set(h->curl_timer, ms);
	return 0;
}

/* Lists and the end of a request */

static void move(struct http_request *r, int state)
{
	TAILQ_REMOVE(&r->http->lists[r->state], r, link);
	TAILQ_INSERT_TAIL(&r->http->lists[state], r, link);
	r->state = state;
}

/* Lets curl keep idle connections, beside those in use, which it counts too. */
static void bound_connections(struct http *h)
{
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)(h->count + h->spare));
}

/* Outside of curl only. */
static void release(struct http_request *r)
{
	struct http *h = r->http;

	if (r->in_multi)
		curl_multi_remove_handle(h->multi, r->easy);
	tie(NULL, r);
	TAILQ_REMOVE(&h->lists[r->state], r, link);
	h->count--;
	bound_connections(h);
	curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->headers);
	loop_timer_free(r->idle);
	head_clear(&r->head);
	free(r);
}

static void end(struct http_request *r, enum http_end how, const char *why)
{
	struct http *h = r->http;

	h->calling = r;
	r->on_done(r->context, how, &r->head.seen, why);
	h->calling = NULL;
	release(r);
}

static void finish(struct http_request *r, CURLcode code)
{
	char why[HTTP_WHY];

	if (r->stopped) {
		end(r, HTTP_STOPPED, "stopped");
	} else if (r->head_bad) {
		end(r, HTTP_TROUBLE, "the answer's headers are larger than 64 KiB or not text");
	} else if (code == CURLE_OK && !r->head_complete) {
		end(r, HTTP_TROUBLE, "no answer");
	} else if (code == CURLE_OK) {
		end(r, HTTP_ANSWERED, "answered");
	} else {
		transfer_why(code, r->error, why);
		end(r, transfer_end(code), why);
	}
}

static void reap(struct http *h)
{
	struct http_request *r;
	CURLMsg *m;
	CURLcode code;
	int left;

	while ((r = TAILQ_FIRST(&h->lists[DROPPED])) != NULL)
		release(r);
	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&r);
		finish(r, code);
	}
}

static void act(struct http *h, curl_socket_t s, int events)
{
	CURLMcode e;
	int running;

	h->in_curl = true;
	e = curl_multi_socket_action(h->multi, s, events, &running);
	h->in_curl = false;
	if (e != CURLM_OK)
		log_panic("libcurl: %s", curl_multi_strerror(e));
	reap(h);
}

/* What arrives */

static size_t on_header_line(char *line, size_t one, size_t len, void *context)
{
	struct http_request *r = context;
	bool go_on = true;

	(void)one;
	r->moved_at = loop_now(r->http->loop);
	if (r->state == DROPPED)
		return 0;
	if (r->head_complete)	/* trailers */
		return len;
	switch (head_line(&r->head, line, len)) {
	case HEAD_MORE:
		return len;
	case HEAD_BAD:
		r->head_bad = true;
		return 0;
	case HEAD_COMPLETE:
		break;
	}
	r->head_complete = true;
	if (r->on_head != NULL) {
		r->http->calling = r;
		go_on = r->on_head(r->context, &r->head.seen);
		r->http->calling = NULL;
	}
	r->stopped = !go_on;
	return go_on ? len : 0;
}

static size_t on_body(char *data, size_t one, size_t len, void *context)
{
	struct http_request *r = context;
	bool go_on = true;

	(void)one;
	r->moved_at = loop_now(r->http->loop);
	if (r->state == DROPPED)
		return 0;
	if (r->on_data != NULL && len > 0) {
		r->http->calling = r;
		go_on = r->on_data(r->context, data, len);
		r->http->calling = NULL;
	}
	r->stopped = !go_on;
	return go_on ? len : 0;
}

static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	struct http_request *r = context;

	(void)down_total, (void)down, (void)up_total;
	if (up != r->sent)
		r->moved_at = loop_now(r->http->loop);
	r->sent = up;
	return 0;
}

static void on_idle(void *context)
{
	struct http_request *r = context;
	int64_t now = loop_now(r->http->loop);
	curl_off_t connected_us = 0;
	char why[HTTP_WHY];

	/* Connecting has a limit of its own, and the request is sent as soon as that is done. */
	curl_easy_getinfo(r->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
	if (connected_us == 0)
		r->moved_at = now;
	else if (r->moved_at < r->begun_at + connected_us / 1000)
		r->moved_at = r->begun_at + connected_us / 1000;
	if (now - r->moved_at < r->idle_ms) {
		loop_timer_set(r->idle, r->idle_ms - (now - r->moved_at));
		return;
	}
	snprintf(why, sizeof(why), "no byte moved for %lld ms", (long long)r->idle_ms);
	end(r, HTTP_TROUBLE, why);
}

/* Beginning */

static void begin(struct http_request *r)
{
	struct http *h = r->http;
	CURLMcode e;

	if (r->unusable) {
		end(r, HTTP_REFUSED, r->error);
		return;
	}
	bound_connections(h);
	move(r, RUNNING);
	e = curl_multi_add_handle(h->multi, r->easy);
	if (e != CURLM_OK) {
		end(r, HTTP_TROUBLE, curl_multi_strerror(e));
		return;
	}
	r->in_multi = true;
	r->begun_at = r->moved_at = loop_now(h->loop);
	if (r->idle != NULL)
		loop_timer_set(r->idle, r->idle_ms);
}

/* Takes only what was waiting before: an end may start something that cannot be sent either, and so on for ever. */
static void on_start(void *context)
{
	struct http *h = context;
	struct http_request *r, *last = TAILQ_LAST(&h->lists[WAITING], request_list);
	bool more = true;

	while (more && (r = TAILQ_FIRST(&h->lists[WAITING])) != NULL) {
		more = r != last;
		begin(r);
	}
	if (!TAILQ_EMPTY(&h->lists[WAITING]))
		loop_timer_set(h->start_timer, 0);
}

struct http_request *http_start(struct http *h, const struct http_job *job)
{
	struct http_request *r = xcalloc(1, sizeof(*r));

	r->http = h;
	r->on_work = job->work;
	r->on_head = job->head;
	r->on_data = job->data;
	r->on_done = job->done;
	r->context = job->context;
	head_init(&r->head);
	r->easy = curl_easy_init();
	if (r->easy == NULL)
		log_panic("libcurl: out of memory");
	r->unusable = transfer_setup(r->easy, job, h->user_agent, &r->headers, r->error) != 0;
	curl_easy_setopt(r->easy, CURLOPT_PRIVATE, r);
	curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, r->error);
	curl_easy_setopt(r->easy, CURLOPT_HEADERFUNCTION, on_header_line);
	curl_easy_setopt(r->easy, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r);
	if (job->idle_ms > 0) {
		r->idle_ms = job->idle_ms;
		r->idle = loop_timer_new(h->loop, on_idle, r);
		curl_easy_setopt(r->easy, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(r->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
		curl_easy_setopt(r->easy, CURLOPT_XFERINFODATA, r);
	}
	/* Set only once for all that wait: each request more would put it off to the next turn, and with one in each turn none
	 * would ever begin. */
	if (TAILQ_EMPTY(&h->lists[WAITING]))
		loop_timer_set(h->start_timer, 0);
	r->state = WAITING;
	TAILQ_INSERT_TAIL(&h->lists[WAITING], r, link);
	h->count++;
	return r;
}

void http_cancel(struct http_request *r)
{
	if (r == r->http->calling)
		log_panic("a request cancels itself in a function of its own");
	if (r->state == DROPPED)
		log_panic("a request is cancelled twice");
	if (r->http->in_curl)
		move(r, DROPPED);
	else
		release(r);
}

struct http *http_new(struct loop *l, const char *user_agent)
{
	struct http *h = xcalloc(1, sizeof(*h));
	int i;

	wipe_curl_init();
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		log_panic("SIGPIPE cannot be ignored");
	h->loop = l;
	h->spare = fsio_descriptors() / 8 < SPARE_MAX ? fsio_descriptors() / 8 : SPARE_MAX;
	h->user_agent = xstrdup(user_agent);
	h->curl_timer = loop_timer_new(l, on_timer, h);
	h->start_timer = loop_timer_new(l, on_start, h);
	for (i = WAITING; i <= DROPPED; i++)
		TAILQ_INIT(&h->lists[i]);
	h->multi = curl_multi_init();
	if (h->multi == NULL)
		log_panic("libcurl: out of memory");
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wish);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer_wish);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	return h;
}

void http_free(struct http *h)
{
	if (h->count > 0)
		log_panic("%zu requests are still under way", h->count);
	curl_multi_cleanup(h->multi);
	loop_timer_free(h->curl_timer);
	loop_timer_free(h->start_timer);
	free(h->user_agent);
	free(h);
}
