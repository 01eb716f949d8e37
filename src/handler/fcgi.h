/* The FastCGI server: threads that take requests from a listening socket and answer them. */
#ifndef PLANSPOOL_HANDLER_FCGI_H
#define PLANSPOOL_HANDLER_FCGI_H

#include "handler/keeper.h"

/* Serves until TERM, INT or USR1; HUP makes it look for a changed configuration at once. Open requests are finished,
 * the socket is neither shut down nor closed. 0, or -1 if it could not start or the socket became unusable (logged).
 * */
int fcgi_serve(int listen_fd, unsigned threads, struct keeper *keeper);

#endif
