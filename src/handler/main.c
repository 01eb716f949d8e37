/*
 * planspool.fcgi: takes run task requests from a web server and writes them into the spool.
 *
 * It finds out by itself how it was started. With -l it opens a socket of its own and speaks FastCGI; with a
 * listening socket as descriptor 0 (spawn-fcgi, systemd, mod_fcgid) it speaks FastCGI on that; with the variables of
 * a CGI request in its environment it answers that one request. In the last case the command line is not read at all
 * (see cgi.c).
 *
 * It stays in the foreground, never opens a connection and writes nothing but the log (standard error) and the spool.
 * It leaves no core dump, because tokens pass through its memory.
 *
 * Exit status: 0 after TERM, INT or USR1 with every open request finished, and after a CGI request whatever its
 * answer; 1 if serving failed; 2 if it could not start: usage, configuration, socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
#include "base/text.h"
#include "handler/cgi.h"
#include "handler/fcgi.h"
#include "handler/keeper.h"
#include "handler/socket.h"

#define THREADS_DEFAULT 8
#define THREADS_MAX 256
#define MODE_DEFAULT 0660

struct options {
	const char *config;	/* NULL: the default */
	const char *listen;	/* NULL: descriptor 0 */
	mode_t mode;
	unsigned threads;
};

static const char usage[] =
	"usage: planspool.fcgi [-c FILE] [-t THREADS] [-l unix:/PATH [-m MODE] | -l ADDRESS:PORT]\n"
	"\n"
	"  -c FILE           configuration file (default: PLANSPOOL_CONFIG, or " PLANSPOOL_CONFIG_FILE ")\n"
	"  -l unix:/PATH     listen on a Unix socket of its own\n"
	"  -m MODE           the socket's mode, octal (default 0660)\n"
	"  -l ADDRESS:PORT   listen on a TCP port of its own, e.g. 127.0.0.1:9000\n"
	"  -t THREADS        requests answered at once (default 8)\n"
	"\n"
	"Without -l it takes a listening socket as descriptor 0 (spawn-fcgi, systemd, mod_fcgid) or\n"
	"answers one CGI request.\n";

/* Whatever is opened later must not become standard output or error, where answers and log lines would be written
 * into it. */
static void fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
			_exit(2);
}

static void forbid_core_dumps(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

/* A file that grows beyond a limit of the process is refused like one on a full disk, with 503. */
static void survive_file_limit(void)
{
	signal(SIGXFSZ, SIG_IGN);
}

static int parse_mode(const char *text, mode_t *mode)
{
	char *end;
	unsigned long n;

	if (!*text || text[strspn(text, "01234567")] != '\0')
		return -1;
	errno = 0;
	n = strtoul(text, &end, 8);
	if (errno || n > 0777)
		return -1;
	*mode = (mode_t)n;
	return 0;
}

/* -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' }, { "listen", required_argument, NULL, 'l' },
		{ "mode", required_argument, NULL, 'm' }, { "threads", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' }, { 0 },
	};
	int64_t threads;
	int c;

	while ((c = getopt_long(argc, argv, "c:l:m:t:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'l':
			o->listen = optarg;
			break;
		case 'm':
			if (parse_mode(optarg, &o->mode)) {
				fprintf(stderr, "planspool.fcgi: -m: not an octal mode: %s\n", optarg);
				return 2;
			}
			break;
		case 't':
			if (text_integer(optarg, 1, THREADS_MAX, &threads)) {
				fprintf(stderr, "planspool.fcgi: -t: not a number from 1 to %d: %s\n", THREADS_MAX,
					optarg);
				return 2;
			}
			o->threads = (unsigned)threads;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("planspool.fcgi " PACKAGE_VERSION);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "planspool.fcgi: unexpected argument: %s\n%s", argv[optind], usage);
		return 2;
	}
	return -1;
}

static int run_cgi(void)
{
	struct faults faults = { 0 };
	struct config *config = config_load(config_default_path(), &faults);
	struct settings *settings = config ? settings_open(config) : NULL;
	int status;

	if (!settings)
		faults_print(&faults, stderr);
	faults_free(&faults);
	status = cgi_answer(settings) ? 1 : 0;
	settings_free(settings);
	return status;
}

static int run_fcgi(const struct options *o)
{
	struct own_socket own = { .fd = -1 };
	struct faults faults = { 0 };
	const char *file = o->config ? o->config : config_default_path();
	struct keeper *keeper;
	char why[SOCKET_WHY];
	int status = 2;
	struct settings *settings;

	fcgi_hold_signals();
	keeper = keeper_new(file, &faults);
	faults_print(&faults, stderr);
	faults_free(&faults);
	if (!keeper)
		return 2;
	settings = keeper_take(keeper);
	settings_log_trouble(settings);
	keeper_return(keeper, settings);
	if (o->listen && socket_open(o->listen, o->mode, &own, why)) {
		log_error(NULL, "%s", why);
	} else {
		log_info(NULL, "ready: %u threads, %s, configuration %s", o->threads,
			o->listen ? o->listen : "socket given", file);
		status = fcgi_serve(o->listen ? own.fd : STDIN_FILENO, o->threads, keeper) ? 1 : 0;
		log_info(NULL, "stopped");
	}
	socket_close(&own);
	keeper_free(keeper);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = { .mode = MODE_DEFAULT, .threads = THREADS_DEFAULT };
	int status;

	fill_standard_descriptors();
	forbid_core_dumps();
	survive_file_limit();
	umask(027);
	log_open("planspool.fcgi");
	if (!socket_listens(STDIN_FILENO) && (getenv("REQUEST_METHOD") || getenv("GATEWAY_INTERFACE")))
		return run_cgi();
	status = parse_options(argc, argv, &options);
	if (status >= 0)
		return status;
	if (!options.listen && !socket_listens(STDIN_FILENO)) {
		fprintf(stderr, "planspool.fcgi: descriptor 0 is no listening socket, and this is no CGI request\n%s",
			usage);
		return 2;
	}
	return run_fcgi(&options);
}
