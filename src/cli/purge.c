/* planspool purge: removes jobs that have ended, before the spooler would. What is new or active is never touched, what
 * is corrupt only when it is named.
 *
 * A job's age is that of the last change of its folder; --older-than 0s removes all. Without it, the configuration's
 * keep: decides, as it does for the spooler. Safe while spoolers run: a job is renamed away first, and what somebody
 * retries in the same moment is either retried or removed, never half of it.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"

#define BY_CONFIGURATION (-1)

struct options {
	const char *config;
	int64_t older_ms;	/* BY_CONFIGURATION: keep: decides */
	bool states[SPOOL_STATES];
};

static int64_t age_of(const struct options *o, const struct config *config, enum spool_state state)
{
	if (o->older_ms != BY_CONFIGURATION)
		return o->older_ms;
	return state == SPOOL_DONE ? config->keep_done_ms : config->keep_undelivered_ms;
}

static int run(const struct options *o)
{
	struct config *config = cli_config(o->config);
	struct spool *spool = config != NULL ? cli_spool(config) : NULL;
	int status = spool != NULL ? CLI_OK : CLI_TROUBLE;

	for (enum spool_state state = 0; spool != NULL && state < SPOOL_STATES; state++) {
		size_t removed = 0;
		int rc;

		if (!o->states[state])
			continue;
		rc = spool_purge(spool, state, clock_wall() - age_of(o, config, state), &removed);
		if (rc != 0)
			status = cli_trouble("%s/: not all could be removed: %s%s", spool_state_name(state),
				strerror(errno), errno == EACCES || errno == EPERM ?
				"; run this as the spooler's user" : "");
		printf("%s: %zu removed\n", spool_state_name(state), removed);
	}
	if (spool != NULL)
		status = cli_flush(status);
	spool_close(spool);
	config_free(config);
	return status;
}

static bool choose_state(const struct cli_command *self, const char *name, struct options *o)
{
	enum spool_state state;

	if (spool_state_parse(name, &state) != 0 || state == SPOOL_NEW || state == SPOOL_ACTIVE) {
		cli_usage_error(self, "--state %s: must be done, undelivered or corrupt", name);
		return false;
	}
	o->states[state] = true;
	return true;
}

static int purge(const struct cli_command *self, int argc, char **argv)
{
	enum { CONFIG = 'c', OLDER = 256, STATE };
	static const struct option known[] = {
		{ "config", 1, 0, CONFIG }, { "older-than", 1, 0, OLDER }, { "state", 1, 0, STATE }, CLI_OPTIONS,
		{ 0, 0, 0, 0 },
	};
	struct options o = { .older_ms = BY_CONFIGURATION };
	int c, status;

	while ((c = getopt_long(argc, argv, ":c:hV", known, NULL)) != -1) {
		switch (c) {
		case CONFIG:
			o.config = optarg;
			break;
		case OLDER:
			if (text_duration(optarg, &o.older_ms) != 0)
				return cli_usage_error(self, "--older-than %s: must be an age such as 30d, 12h or 0s",
					optarg);
			break;
		case STATE:
			if (!choose_state(self, optarg, &o))
				return CLI_TROUBLE;
			break;
		default:
			status = cli_option(self, c, argv);
			if (status != CLI_GO_ON)
				return status;
		}
	}
	if (optind != argc)
		return cli_usage_error(self, "takes no arguments: %s", argv[optind]);
	if (o.states[SPOOL_CORRUPT] && o.older_ms == BY_CONFIGURATION)
		return cli_usage_error(self, "--state corrupt needs --older-than: the configuration does not keep it");
	if (!o.states[SPOOL_DONE] && !o.states[SPOOL_UNDELIVERED] && !o.states[SPOOL_CORRUPT])
		o.states[SPOOL_DONE] = o.states[SPOOL_UNDELIVERED] = true;
	return run(&o);
}

const struct cli_command command_purge = {
	.name = "purge",
	.synopsis = "[-c FILE] [--older-than AGE] [--state done|undelivered|corrupt]...",
	.purpose = "Remove jobs that have ended and are older than an age.",
	.help =
		"  -c, --config FILE   the configuration that names the spool\n"
		"  --older-than AGE    such as 30d or 12h; default: the configuration's keep\n"
		"  --state STATE       done, undelivered (default: these two) or corrupt; may be repeated\n",
	.run = purge,
};
