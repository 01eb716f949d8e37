/* GET <endpoint's path>/health. */
#ifndef PLANSPOOL_HANDLER_HEALTH_H
#define PLANSPOOL_HANDLER_HEALTH_H

#include "handler/http.h"
#include "handler/settings.h"

/* The endpoint whose health is asked for: path is its own, "/" and "health". NULL if there is none. */
const struct settings_endpoint *health_endpoint(const struct settings *settings, const char *path);

/* 200 if a request to this endpoint would be taken and a spooler has shown life in the last minute, else 503; the
 * body says which part is wrong, in words that give away nothing of the machine. The log has the reason. */
void health_answer(struct settings *settings, const struct settings_endpoint *endpoint, const struct http_in *in,
	struct http_out *out);

#endif
