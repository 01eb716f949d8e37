/* planspool: the command line. Checks a plan here and now, looks into the spool, makes keys, tests the configuration.
 *
 * A table of commands, one file each; this one finds the command. Every command ends with 0 (passed, done), 1 (the
 * checks failed) or 2 (it could not do its work: usage, unreadable file, not a plan, a policy that cannot be used).
 */
#include <stdio.h>
#include <string.h>

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

static void usage(void)
{
	puts("Usage: planspool COMMAND [OPTION]...\n"
		"Checks Terraform plans against policies, and looks after the spool of run tasks.\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-12s %s\n", commands[i]->name, commands[i]->purpose);
	puts("\n'planspool COMMAND --help' says more. Exit status: 0 passed or done, 1 the checks failed,\n"
		"2 the command could not do its work.");
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
		cli_version();
		return cli_flush(CLI_OK);
	}
	command = named(argv[1]);
	if (command == NULL)
		return unknown(argv[1]);
	return command->run(command, argc - 1, argv + 1);
}
