/* Web servers for tests, on loopback ports of their own. */
#ifndef PLANSPOOL_TESTS_WEB_H
#define PLANSPOOL_TESTS_WEB_H

#include <stdbool.h>

#include "net/loop.h"

/* An ordinary server in a thread: /echo says what it was sent, the other paths are in web.c. */
struct web;
struct web *web_start(const char *key_pem, const char *certificate_pem);	/* both NULL: no TLS */
void web_stop(struct web *w);
unsigned web_port(const struct web *w);

/* A server on the loop that sends every client the same bytes once it has sent something, whatever it was. */
struct raw;
struct raw *raw_start(struct loop *l, const char *answer, bool hang_up);
void raw_send(struct raw *r, const char *more);	/* to all clients */
void raw_stop(struct raw *r);
unsigned raw_port(const struct raw *r);

/* A port where nobody listens. */
unsigned closed_port(void);

#endif
