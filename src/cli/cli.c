/* What the commands of planspool share. What a command says goes to standard output; what went wrong, with what to do, to
 * standard error. */
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/faults.h"
#include "base/text.h"

void cli_version(void)
{
	puts("planspool " PACKAGE_VERSION);
}

static void say(const char *format, va_list args)
{
	struct buf line = BUF_INIT(65536);
	char raw[8192];

	/* Arguments and file names are quoted in these: escaped like everything from elsewhere. */
	vsnprintf(raw, sizeof(raw), format, args);
	if (text_escape(&line, raw, strlen(raw)) == 0)
		fputs(buf_text(&line), stderr);
	fputc('\n', stderr);
	buf_free(&line);
}

int cli_usage_error(const struct cli_command *self, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "planspool %s: ", self->name);
	va_start(args, format);
	say(format, args);
	va_end(args);
	fprintf(stderr, "Try 'planspool %s --help'.\n", self->name);
	return CLI_TROUBLE;
}

int cli_trouble(const char *format, ...)
{
	va_list args;

	fputs("planspool: ", stderr);
	va_start(args, format);
	say(format, args);
	va_end(args);
	return CLI_TROUBLE;
}

int cli_option(const struct cli_command *self, int c, char *const *argv)
{
	switch (c) {
	case CLI_OPTION_HELP:
		printf("Usage: planspool %s %s\n%s\n\n%s", self->name, self->synopsis, self->purpose, self->help);
		return cli_flush(CLI_OK);
	case CLI_OPTION_VERSION:
		cli_version();
		return cli_flush(CLI_OK);
	case ':':
		return cli_usage_error(self, "%s needs a value", argv[optind - 1]);
	case '?':
		/* optopt is the letter of a short option, 0 for an unknown long one, else a long one's that takes no
		 * value. */
		if (optopt == 0)
			return cli_usage_error(self, "unknown option %s", argv[optind - 1]);
		if (strncmp(argv[optind - 1], "--", 2) == 0)
			return cli_usage_error(self, "this option takes no value: %s", argv[optind - 1]);
		return cli_usage_error(self, "unknown option -%c", optopt);
	default:
		return CLI_GO_ON;
	}
}

bool cli_format(const struct cli_command *self, const char *name, unsigned n, enum cli_format *out)
{
	static const char *const names[] = {
		[CLI_TEXT] = "text", [CLI_JSON] = "json", [CLI_SARIF] = "sarif", [CLI_JUNIT] = "junit",
	};

	for (unsigned i = 0; i < n; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum cli_format)i;
			return true;
		}
	}
	cli_usage_error(self, "--format %s: must be %s", name,
		n > CLI_SARIF ? "text, json, sarif or junit" : "text or json");
	return false;
}

struct config *cli_config(const char *file)
{
	struct faults faults = { NULL, 0, 0 };
	struct config *config = config_load(file != NULL ? file : config_default_path(), &faults);

	if (config == NULL)
		faults_print(&faults, stderr);
	faults_free(&faults);
	return config;
}

const struct config_endpoint *cli_endpoint(const struct config *config, const char *name)
{
	const struct config_endpoint *endpoint;

	if (name == NULL && config->endpoint_count == 1)
		return &config->endpoints[0];
	if (name == NULL) {
		cli_trouble("%s has %zu endpoints: choose one with --endpoint", config->file, config->endpoint_count);
		return NULL;
	}
	endpoint = config_endpoint_named(config, name);
	if (endpoint == NULL)
		cli_trouble("%s has no endpoint '%s'", config->file, name);
	return endpoint;
}

struct spool *cli_spool(const struct config *config)
{
	char why[SPOOL_WHY];
	struct spool *spool;

	errno = 0;
	spool = spool_open(config->spool, why);
	if (spool == NULL)
		cli_trouble("%s%s", why, errno == EACCES ? "; run this as the spooler's user" : "");
	return spool;
}

int cli_flush(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return cli_trouble("cannot write to standard output: %s", strerror(errno));
	return status;
}
