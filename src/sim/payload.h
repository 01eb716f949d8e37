/* The run task request, as HCP Terraform words it. */
#ifndef PLANSPOOL_SIM_PAYLOAD_H
#define PLANSPOOL_SIM_PAYLOAD_H

#include "sim/run.h"

/* Gives the run its ids, token and paths. */
void payload_make_ids(struct run *r);

/* Random characters of the kind HCP Terraform's ids consist of, behind a prefix. size includes the NUL. */
void payload_random_id(char *out, size_t size, const char *prefix, size_t n);

char *payload_text(const struct run *r);	/* allocated */

#endif
