/* One origin that the simulator serves: a libmicrohttpd daemon on the event loop. */
#ifndef PLANSPOOL_SIM_SITE_H
#define PLANSPOOL_SIM_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/loop.h"

struct site;

#define SITE_BODY_MAX ((size_t)16 << 20)

struct site_request {			/* valid during the call */
	const char *method, *path;
	const char *body;
	size_t len;
	bool too_long;			/* the body is incomplete: it is longer than SITE_BODY_MAX */
	struct MHD_Connection *connection;	/* for site_header */
};

/* The value of a header, NULL if it was not sent. */
const char *site_header(const struct site_request *q, const char *name);

enum site_end {
	SITE_WHOLE,
	SITE_CUT,			/* the connection is closed halfway through the file */
	SITE_DROP,			/* it is closed without an answer */
};

#define SITE_HEADERS 4

struct site_answer {
	enum site_end end;
	unsigned status;
	const char *content_type;	/* NULL: none */
	char *location;			/* allocated, taken over; NULL: none */
	char *body;			/* allocated, taken over; NULL: none */
	int fd;				/* a file to send instead, not taken over; -1: none */
	uint64_t size;			/* of it */
	char *headers[SITE_HEADERS];	/* more of them, "Name: value", allocated, taken over; NULL ends them */
	int64_t after_ms;		/* how long to wait before */
	void *sent_context;		/* for sent; NULL: it is not called */
};

struct site_setup {
	const char *listen;		/* "127.0.0.1", "127.0.0.1:8080", "[::1]:8080"; port 0 or none: any */
	const char *url_host;		/* for the origin's text; NULL: the address listened on */
	const char *key_pem, *certificate_pem;	/* both NULL: plain HTTP */
	/* Answers a request; *answer is preset to 404 without a body. */
	void (*answer)(void *context, const struct site_request *request, struct site_answer *answer);
	/* The answer has been sent; whole false: its connection ended before. */
	void (*sent)(void *context, void *sent_context, bool whole);
	void *context;
};

/* NULL with a reason for people in why. */
struct site *site_new(struct loop *l, const struct site_setup *setup, char why[160]);
void site_free(struct site *s);

const char *site_origin(const struct site *s);	/* "http://127.0.0.1:40001" */

#endif
