/* Callback bodies against HashiCorp's schema of run task results. */
#ifndef PLANSPOOL_SIM_SCHEMA_H
#define PLANSPOOL_SIM_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"

struct schema_report {
	/* What is wrong, or (warning) what is better avoided: one sentence that begins with the place. */
	void (*say)(void *context, bool warning, const char *text);
	void *context;
};

/* Checks a whole document. The number of violations; warnings do not count. */
size_t schema_check(const json_t *document, const struct schema_report *report);

#endif
