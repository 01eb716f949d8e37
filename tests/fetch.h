/* What the tests of HTTP requests share: servers with and without TLS, and a request whose course is recorded. */
#ifndef PLANSPOOL_TESTS_FETCH_H
#define PLANSPOOL_TESTS_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/http.h"
#include "web.h"

/* A limit that only a test which hangs reaches: under valgrind on a busy machine a hundred TLS handshakes with a server in
 * the same process take most of a minute. */
#define FETCH_MS 300000

/* One request and what came of it. */
struct fetch {
	struct loop *loop;
	struct http *http;
	int *left;		/* requests to wait for; the last one stops the loop */
	struct http_job job;
	struct http_request *request, *victim;	/* victim: cancelled by the data function */
	bool stop_head, stop_data, again;
	int heads, ends;
	enum http_end end;
	int status;
	int64_t length;
	char location[64], type[64], encoding[64], retry[64], reset[64], limit[64], why[HTTP_WHY];
	struct buf body;
};

struct world {
	struct loop *loop;
	struct http *http;
	struct web *web, *tls;
	char dir[64], ca[96], other_ca[96];
	int left;
};

/* The job is set up for a GET of the URL; the caller may change it before it begins. */
void fetch_prepare(struct fetch *f, struct world *w, const char *format, ...) __attribute__((format(printf, 3, 4)));
void fetch_begin(struct fetch *f);
void fetch_run(struct fetch *f);	/* begins it and runs the loop until it has ended */
void fetch_release(struct fetch *f);

/* For cmocka: *state is a struct world. */
int world_make(void **state);
int world_end(void **state);

#endif
