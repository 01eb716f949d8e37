/* HTTP requests over libcurl's multi interface, driven by the loop. Redirects are never followed here: the caller
 * sees the status and the Location and decides. TLS is always verified. Proxies come from the environment, as curl
 * reads it.
 *
 * A request ends exactly once: by its done function, or by http_cancel. Its functions are called from the loop,
 * never from within http_start or http_cancel, and may start requests and cancel other ones. To end its own
 * request from head or data a function returns false; cancelling it there, or in done, where it has ended already,
 * is a bug.
 *
 * libcurl's memory is overwritten when it is freed, so that no token or URL stays behind; bodies are the caller's. */
#ifndef PLANSPOOL_NET_HTTP_H
#define PLANSPOOL_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "net/loop.h"

#define HTTP_WHY 256

struct http;		/* a client: connections, one curl multi handle */
struct http_request;	/* one request under way */

/* To be made after the last fork: curl's connections and threads must not be shared. Ignores SIGPIPE from then on.
 * Ends the process when it cannot. */
struct http *http_new(struct loop *l, const char *user_agent);
void http_free(struct http *h);	/* nothing may be under way */

struct http_head {		/* what is known when the answer's head has come; valid during the call */
	int status;
	const char *location;		/* NULL if none; as secret as the request's URL */
	const char *content_type;	/* NULL if none */
	const char *content_encoding;	/* NULL if none; none was asked for, and the body is handed over as it comes */
	int64_t content_length;		/* of the body; -1 if not said */
	const char *retry_after;	/* NULL if none: seconds or an HTTP date */
	const char *rate_reset;		/* X-RateLimit-Reset: seconds, may have a fraction; NULL if none */
	const char *rate_limit;		/* X-RateLimit-Limit: requests a second, may have a fraction; NULL if none */
};

enum http_end {
	HTTP_ANSWERED,		/* a whole answer; its status may be anything */
	HTTP_STOPPED,		/* a head or data function returned false */
	HTTP_TROUBLE,		/* transport: name, connection, timeout, cut short, a head above 64 KiB; may be tried
				 * again */
	HTTP_REFUSED,		/* TLS verification failed, or URL or token cannot be used: trying again is not
				 * likely to help, but harmless */
};

struct http_job {
	const char *method;		/* "GET", "PATCH", "POST" */
	const struct secret *url;	/* absolute, http or https */
	const char *ca_file;		/* the only authorities to trust; NULL: the system's */
	const struct secret *bearer;	/* NULL: no Authorization */
	const char *content_type;	/* for body */
	const char *body;		/* NULL: none; must stay until the end */
	size_t body_len;
	const char *accept;		/* NULL: anything */
	/* More lines, "Name: value" ("Name;" for one without a value), up to a NULL; NULL: none. */
	const char *const *headers;
	/* Limits: name lookup, connection and TLS together; without a byte in either direction once connected; the
	 * whole. 0: none (of connect_ms: 5 minutes). */
	int64_t connect_ms, idle_ms, total_ms;
	/* Called before libcurl works on what its connection has for this request, so that a watchdog knows; NULL: nobody asks. */
	void (*work)(void *context);
	/* Both may be NULL; false ends the request with HTTP_STOPPED. head is called once, before any body, and
	 * not for interim answers (1xx). */
	bool (*head)(void *context, const struct http_head *head);
	bool (*data)(void *context, const char *data, size_t len);
	/* why is for people and holds no URL, query or token; valid during the call. head is the last head, status
	 * 0 if none came. */
	void (*done)(void *context, enum http_end end, const struct http_head *head, const char *why);
	void *context;
};

/* Starts a request; the job's strings are copied unless it says otherwise. done is never called before http_start
 * returned. */
struct http_request *http_start(struct http *h, const struct http_job *job);
/* Ends it without calling done. */
void http_cancel(struct http_request *r);

#endif
