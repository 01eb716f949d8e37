/* Plain CGI: one request from the environment and standard input. */
#ifndef PLANSPOOL_HANDLER_CGI_H
#define PLANSPOOL_HANDLER_CGI_H

#include "handler/settings.h"

/* Answers the request to standard output. settings NULL: 503. 0, or -1 if the answer could not be written (logged). */
int cgi_answer(struct settings *settings);

#endif
