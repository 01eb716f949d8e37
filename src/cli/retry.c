/* planspool retry: takes jobs whose answer could not be delivered back to work, with new deadlines.
 *
 * A job with a result.json has been decided: exactly that is sent again. One without it (no key opened it, its endpoint
 * was gone) is checked now. The move is the spool's (spool_retry): safe while spoolers run, and whole after a crash. It
 * needs no key and no spooler; without a living one the job waits in active/.
 *
 * Every id is tried, also behind one that cannot be. Exit status: 0 if all were taken back, 2 if one was not.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/job.h"

#define BUSY_TURNS 20		/* how often a job is tried whose duplicate is just being dropped */
#define BUSY_MS 50
#define LIFE_MS 60000		/* a spooler that lives has shown it within this */

/* Why a job that is not in undelivered/ is not retried. */
static int refuse(const struct job *job)
{
	static const char *const reasons[SPOOL_STATES] = {
		[SPOOL_NEW] = "it has not been taken up yet",
		[SPOOL_ACTIVE] = "it is under way",
		[SPOOL_DONE] = "its answer was delivered, or nobody waits for it any more",
		[SPOOL_CORRUPT] = "it could not be read as a job",
	};

	return cli_trouble("%s is in %s/: %s; only jobs in undelivered/ are retried", job->id,
		spool_state_name(job->state), reasons[job->state]);
}

static int retry_one(struct spool *spool, const char *id)
{
	const struct timespec pause = { 0, BUSY_MS * 1000000L };
	struct job job;
	int status = CLI_TROUBLE, trouble = ENOENT;

	for (unsigned turn = 0; turn < BUSY_TURNS && (trouble == ENOENT || trouble == EEXIST); turn++) {
		if (job_find(spool, id, &job) != 0)
			return CLI_TROUBLE;
		if (job.state != SPOOL_UNDELIVERED) {
			status = refuse(&job);
			trouble = 0;
		} else if (spool_retry(spool, id, clock_wall()) == 0) {
			printf("%s: taken back, %s\n", id, job.result != NULL ? "its answer is delivered again" :
				"no answer was made yet: it is checked");
			status = CLI_OK;
			trouble = 0;
		} else {
			trouble = errno;
		}
		job_free(&job);
		if (trouble == EEXIST)
			(void)nanosleep(&pause, NULL);
	}
	if (trouble == EEXIST)
		return cli_trouble("%s: a duplicate of it lies in active/ until a spooler drops it: start planspoold, "
			"then try again", id);
	if (trouble != 0)
		return cli_trouble("%s cannot be taken back: %s%s", id, strerror(trouble),
			trouble == EACCES || trouble == EPERM ? "; run this as the spooler's user" : "");
	return status;
}

static int run(const char *config_file, char **ids, int count)
{
	struct config *config = cli_config(config_file);
	struct spool *spool = config != NULL ? cli_spool(config) : NULL;
	int status = spool != NULL ? CLI_OK : CLI_TROUBLE, taken = 0;
	int64_t life;

	for (int i = 0; spool != NULL && i < count; i++) {
		if (retry_one(spool, ids[i]) == CLI_OK)
			taken++;
		else
			status = CLI_TROUBLE;
	}
	if (taken > 0) {
		life = spool_last_life(spool);
		if (life < 0 || life > LIFE_MS)
			puts("No spooler has shown life in the last minute: start planspoold.");
		status = cli_flush(status);
	}
	spool_close(spool);
	config_free(config);
	return status;
}

static int retry(const struct cli_command *self, int argc, char **argv)
{
	static const struct option known[] = { { "config", 1, 0, 'c' }, CLI_OPTIONS, { 0, 0, 0, 0 } };
	const char *config = NULL;
	int c, status;

	while ((c = getopt_long(argc, argv, ":c:hV", known, NULL)) != -1) {
		if (c == 'c') {
			config = optarg;
			continue;
		}
		status = cli_option(self, c, argv);
		if (status != CLI_GO_ON)
			return status;
	}
	if (argc == optind)
		return cli_usage_error(self, "give the ids of jobs; 'planspool list --state undelivered' shows them");
	for (int i = optind; i < argc; i++)
		if (!spool_id_valid(argv[i]))
			return cli_usage_error(self, "'%s' is no id of a job: ENDPOINT.TASK_RESULT_ID", argv[i]);
	return run(config, argv + optind, argc - optind);
}

const struct cli_command command_retry = {
	.name = "retry",
	.synopsis = "[-c FILE] ID...",
	.purpose = "Try again to deliver the answers of undelivered jobs.",
	.help =
		"  -c, --config FILE   the configuration that names the spool\n",
	.run = retry,
};
