/* The body of a callback, judged as HCP Terraform's API would. */
#ifndef PLANSPOOL_SIM_CALLBACK_H
#define PLANSPOOL_SIM_CALLBACK_H

#include "base/json.h"

#define CALLBACK_WHY 200

struct callback {
	json_t *document;	/* owns the rest; the caller frees it */
	const char *status;	/* running, passed or failed */
	const char *message, *url;	/* NULL if none */
	json_t *outcomes;	/* an array, or NULL */
};

/* 0, or -1 with the reason in why; then document is NULL. */
int callback_read(const char *body, size_t len, struct callback *out, char why[CALLBACK_WHY]);

/* The parts of a document that callback_read took. */
void callback_parts(json_t *document, struct callback *out);

#endif
