/* What the commands of planspool share: how they end, how they read options, and where the configuration is. */
#ifndef PLANSPOOL_CLI_CLI_H
#define PLANSPOOL_CLI_CLI_H

#include <stdbool.h>

#include "base/config.h"
#include "base/spool.h"

/* Exit statuses, the same for every command. */
enum cli_status {
	CLI_OK = 0,		/* passed, or done */
	CLI_FAILED = 1,		/* the checks failed */
	CLI_TROUBLE = 2,	/* the command could not do its work */
	CLI_GO_ON = -1,		/* of cli_option: none of these, go on */
};

struct cli_command {
	const char *name;
	const char *synopsis;	/* what follows "planspool NAME" */
	const char *purpose;	/* one line */
	const char *help;	/* its options, for --help */
	int (*run)(const struct cli_command *self, int argc, char **argv);	/* argv[0] is the command's name */
};

extern const struct cli_command command_check, command_images, command_policies, command_list, command_show,
	command_retry, command_purge, command_keygen, command_test_config;

void cli_version(void);	/* on standard output */

/* Says what is wrong with the usage, on one line, and where help is. CLI_TROUBLE. */
int cli_usage_error(const struct cli_command *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says that something could not be done. CLI_TROUBLE. */
int cli_trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The options that every command has. c is what getopt_long returned: CLI_OK after --help or --version (done),
 * CLI_TROUBLE for what getopt found wrong (said by cli_usage_error), else CLI_GO_ON. Short options begin with ':' so
 * that getopt is silent. */
#define CLI_OPTION_HELP 'h'
#define CLI_OPTION_VERSION 'V'
#define CLI_OPTIONS { "help", 0, 0, CLI_OPTION_HELP }, { "version", 0, 0, CLI_OPTION_VERSION }
int cli_option(const struct cli_command *self, int c, char *const *argv);

enum cli_format { CLI_TEXT, CLI_JSON, CLI_SARIF, CLI_JUNIT };
/* One of the first n of these by its name; false after saying what is wrong. */
bool cli_format(const struct cli_command *self, const char *name, unsigned n, enum cli_format *out);

/* The configuration; file NULL: the default one. NULL after all its faults were printed. */
struct config *cli_config(const char *file);
/* Its endpoint of that name; name NULL: the only one. NULL after saying why not. */
const struct config_endpoint *cli_endpoint(const struct config *config, const char *name);
/* Its spool; NULL after saying why not. */
struct spool *cli_spool(const struct config *config);
/* 0, or CLI_TROUBLE when what was printed did not reach where it goes. */
int cli_flush(int status);

#endif
