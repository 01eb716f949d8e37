/* From a request to its answer: everything the handler decides, free of FastCGI and CGI. */
#ifndef PLANSPOOL_HANDLER_ANSWER_H
#define PLANSPOOL_HANDLER_ANSWER_H

#include "handler/http.h"
#include "handler/settings.h"

/* Answers one request into *out (freed by http_out_free) and logs its outcome in one line. settings NULL means that
 * there is no usable configuration: 503. When it says 200 to a run task request, the job is durable in the spool. */
void answer(struct settings *settings, const struct http_in *in, struct http_out *out);

#endif
