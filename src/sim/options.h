/* What the simulator is told on its command line. */
#ifndef PLANSPOOL_SIM_OPTIONS_H
#define PLANSPOOL_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/mood.h"

enum redirect { REDIRECT_OTHER, REDIRECT_SAME, REDIRECT_NONE };

struct options {
	const char *endpoint, *hmac_key, *plan, *config_dir, *stage;
	const char *listen, *storage_listen, *url_host;
	const char *tls_cert, *tls_key, *ca_file;
	const char *organization, *workspace, *enforcement, *task_result_id;
	int64_t timeout_ms, linger_ms, count, parallel;
	int64_t slow_ms, plan_not_ready, duplicate, rate_limit;
	enum redirect redirect;
	struct mood mood;
	bool verification, duplicate_later, no_token, relative_plan_url, verbose, json, help, version;
};

/* Reads the command line; the texts stay where they are. 0, or -1 after saying what is wrong. options_free in either
 * case. */
int options_read(struct options *o, int argc, char **argv);
void options_free(struct options *o);
void options_help(void);

#endif
