/*
 * planspoold: the spooler. Reads its options and its configuration, makes the spool, takes a lease and supervises until it
 * is told to stop. Exit status: 0 after a stop or with --once when nothing is left to do, 1 when the lease was lost or
 * jobs may be left, 2 when it cannot start.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/log.h"
#include "spooler/housekeeping.h"
#include "spooler/supervisor.h"

#define EXIT_USAGE 2

static const char usage[] =
	"usage: planspoold [-c FILE] [--once] [--verbose]\n"
	"\n"
	"Takes jobs from the spool, checks their plans and reports to HCP Terraform.\n"
	"\n"
	"  -c, --config FILE   the configuration (default: PLANSPOOL_CONFIG, else " PLANSPOOL_CONFIG_FILE ")\n"
	"      --once          work until the spool is empty, then end\n"
	"  -v, --verbose       log more\n"
	"  -h, --help          show this and end\n"
	"      --version       show the version and end\n"
	"\n"
	"HUP: read everything again.  TERM, INT: finish what can be finished and end.\n"
	"planspoold(8) says more.\n";

struct options {
	const char *config;
	bool once;
};

/* -1 to go on, or an exit status. */
static int read_options(int argc, char **argv, struct options *out)
{
	enum { ONCE = 256, SHOW_VERSION };
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "once", no_argument, NULL, ONCE },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, SHOW_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	int o;

	while ((o = getopt_long(argc, argv, "c:vh", known, NULL)) != -1) {
		switch (o) {
		case 'c':
			out->config = optarg;
			break;
		case ONCE:
			out->once = true;
			break;
		case 'v':
			log_verbose(true);
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case SHOW_VERSION:
			puts("planspoold " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		default:
			fputs("try 'planspoold --help'\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "planspoold: takes no argument '%s'; try 'planspoold --help'\n", argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

/* What comes before there is a loop that listens waits for it: a reload, or the end. */
static void block_signals(sigset_t *ending)
{
	sigset_t all;

	sigemptyset(ending);
	sigaddset(ending, SIGTERM);
	sigaddset(ending, SIGINT);
	all = *ending;
	sigaddset(&all, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
}

/* Secrets stay out of core dumps; a thousand jobs need more than the usual 1024 descriptors. */
static void set_limits(void)
{
	struct rlimit none = { 0, 0 }, files;

	umask(027);
	(void)setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* Announces the keys and takes a lease. A full file system is waited out, unless once, and what has been kept long enough is
 * removed meanwhile. NULL with a log line; *status is then what to end with. */
static struct lease *enter_spool(const struct settings *settings, struct spool *spool, bool once, const sigset_t *ending,
	int *status)
{
	const struct timespec pause = { .tv_sec = 1 };
	struct lease_watch *others = lease_watch_new(spool);
	struct lease *lease = NULL;
	bool waiting = false;
	const char *what;

	while (lease == NULL) {
		what = "seal-keys cannot be written";
		if (settings_announce(settings, spool) == 0) {
			what = "no lease can be taken";
			lease = lease_take(spool);
		}
		if (lease != NULL)
			break;
		if (!waiting)
			log_error(NULL, "%s: %s: %s", settings->config->spool, what, strerror(errno));
		if (once || (errno != ENOSPC && errno != EDQUOT))
			break;
		if (!waiting)
			log_info(NULL, "waiting for room on the spool's file system");
		waiting = true;
		(void)housekeeping(spool, others, settings->config);
		if (sigtimedwait(ending, NULL, &pause) > 0) {
			log_info(NULL, "stopping");
			*status = EXIT_SUCCESS;
			break;
		}
	}
	lease_watch_free(others);
	return lease;
}

/* Makes and opens the spool and takes the lease. NULL with a log line; *status is then what to end with. */
static struct spool *open_spool(const struct settings *settings, bool once, const sigset_t *ending,
	struct lease **lease, int *status)
{
	const struct config *config = settings->config;
	char why[SPOOL_WHY];
	struct spool *spool;

	if (spool_make(config->spool, config->handler_user, why) != 0 || (spool = spool_open(config->spool, why)) == NULL) {
		log_error(NULL, "%s", why);
		return NULL;
	}
	*lease = enter_spool(settings, spool, once, ending, status);
	if (*lease != NULL)
		return spool;
	spool_close(spool);
	return NULL;
}

int main(int argc, char **argv)
{
	struct options options = { .config = config_default_path() };
	struct faults faults = { NULL, 0, 0 };
	struct settings *settings;
	struct lease *lease = NULL;
	struct spool *spool;
	sigset_t ending;
	int status;

	log_open("planspoold");
	status = read_options(argc, argv, &options);
	if (status >= 0)
		return status;
	set_limits();
	block_signals(&ending);
	settings = settings_load(options.config, &faults);
	faults_log(&faults);
	faults_free(&faults);
	if (settings == NULL)
		return EXIT_USAGE;
	status = EXIT_USAGE;
	spool = open_spool(settings, options.once, &ending, &lease, &status);
	if (spool == NULL) {
		settings_free(settings);
		return status;
	}
	status = supervise(options.config, settings, spool, lease, options.once);
	lease_release(lease);
	spool_close(spool);
	return status;
}
