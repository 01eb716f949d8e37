/* The FastCGI server: threads that take requests from a listening socket and answer them. */
#ifndef PLANSPOOL_HANDLER_FCGI_H
#define PLANSPOOL_HANDLER_FCGI_H

#include "handler/keeper.h"

/* Call first, with one thread: the signals that fcgi_serve waits for are kept until it does. So a TERM at any time
 * leaves no socket file behind. */
void fcgi_hold_signals(void);

/* Serves until TERM, INT or USR1; HUP makes it look for a changed configuration at once. Open requests are finished,
 * the socket is neither shut down nor closed. 0, or -1 if it could not start or the socket became unusable (logged). */
int fcgi_serve(int listen_fd, unsigned threads, struct keeper *keeper);

#endif
