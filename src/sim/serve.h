/* The requests to the sender: of the API and of its storage. */
#ifndef PLANSPOOL_SIM_SERVE_H
#define PLANSPOOL_SIM_SERVE_H

#include "sim/site.h"

/* For struct site_setup; sim is the struct sim. */
void serve_api(void *sim, const struct site_request *q, struct site_answer *a);
void serve_storage(void *sim, const struct site_request *q, struct site_answer *a);

#endif
