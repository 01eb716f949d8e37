/* planspool: the command line. Checks a plan here and now, looks into the spool, makes keys, tests the configuration.
 *
 * A table of commands, one file each; this one finds the command and holds what they share. Every command ends with
 * 0 (passed, done), 1 (the checks failed) or 2 (it could not do its work: usage, unreadable file, not a plan, a
 * policy that cannot be used). What a command says goes to standard output; what went wrong, with what to do, to
 * standard error.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/faults.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"

static const struct cli_command *const commands[] = {
	&command_check,
	&command_images,
	&command_policies,
	&command_list,
	&command_show,
	&command_retry,
	&command_purge,
	&command_keygen,
	&command_test_config,
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void version(void)
{
	puts("planspool " PACKAGE_VERSION);
}

static void usage(void)
{
	puts("Usage: planspool COMMAND [OPTION]...\n"
		"Checks Terraform plans against policies, and looks after the spool of run tasks.\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-12s %s\n", commands[i]->name, commands[i]->purpose);
	puts("\n'planspool COMMAND --help' says more. Exit status: 0 passed or done, 1 the checks failed,\n"
		"2 the command could not do its work.");
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
		version();
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

static const struct cli_command *named(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	const char *names[COMMANDS + 1] = { NULL };
	const char *near;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i]->name;
	near = text_nearest(name, names);
	if (near != NULL)
		cli_trouble("there is no command '%s', did you mean '%s'?", name, near);
	else
		cli_trouble("there is no command '%s'; 'planspool --help' lists them", name);
	return CLI_TROUBLE;
}

int main(int argc, char **argv)
{
	const struct cli_command *command;

	log_open("planspool");
	if (argc < 2) {
		cli_trouble("no command; 'planspool --help' lists them");
		return CLI_TROUBLE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage();
		return cli_flush(CLI_OK);
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		version();
		return cli_flush(CLI_OK);
	}
	command = named(argv[1]);
	if (command == NULL)
		return unknown(argv[1]);
	return command->run(command, argc - 1, argv + 1);
}
