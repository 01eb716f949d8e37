/* planspool keygen: makes keys. Nothing is ever overwritten, and no key is printed: what is in a terminal's history
 * is no secret.
 *
 *	keygen seal DIR    seal.pub for the handler and seal.key for the spooler
 *	keygen hmac FILE   a key for one run task: 32 random bytes as 64 hexadecimal digits, for HCP Terraform's
 *	                   "HMAC key" and for hmac_keys of the endpoint
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/seal.h"
#include "cli/cli.h"
#include "cli/print.h"

#define HMAC_KEY_BYTES 32

/* What the configuration should say, wherever it lies. Allocated. */
static char *whole_path(const char *path)
{
	char *whole = realpath(path, NULL);

	return whole != NULL ? whole : xstrdup(path);
}

static int make_seal(const char *dir)
{
	struct seal_public made;
	char why[SEAL_WHY], *where;

	if (seal_keygen(dir, &made, why) != 0)
		return cli_trouble("%s", why);
	where = whole_path(dir);
	printf("Made a key pair to seal what is secret in requests; its id is %s.\n\n  ", made.id);
	print_text(where);
	fputs("/seal.pub   for the handler, which may be read by everyone\n  ", stdout);
	print_text(where);
	fputs("/seal.key   for the spooler alone: chown it to the spooler's user, and keep a copy in a safe place\n\n"
		"In planspool.yaml:\n\n  seal:\n    public_key: ", stdout);
	print_text(where);
	fputs("/seal.pub\n    secret_key: [", stdout);
	print_text(where);
	fputs("/seal.key]\n\n"
		"To replace an older key, keep that one in secret_key, behind this, until no job is left\n"
		"that it sealed.\n", stdout);
	free(where);
	return cli_flush(CLI_OK);
}

static int make_hmac(const char *file)
{
	unsigned char key[HMAC_KEY_BYTES];
	char line[2 * HMAC_KEY_BYTES + 2];
	char *where;
	int rc, trouble;

	randombytes_buf(key, sizeof(key));
	sodium_bin2hex(line, sizeof(line), key, sizeof(key));
	line[2 * HMAC_KEY_BYTES] = '\n';
	rc = fsio_create(AT_FDCWD, file, 0600, line, 2 * HMAC_KEY_BYTES + 1);
	trouble = errno;
	sodium_memzero(key, sizeof(key));
	sodium_memzero(line, sizeof(line));
	if (rc != 0 && trouble == EEXIST)
		return cli_trouble("%s exists already, and a key is never overwritten: choose another name", file);
	if (rc != 0)
		return cli_trouble("%s: %s", file, strerror(trouble));
	where = whole_path(file);
	fputs("Made a key for one run task: ", stdout);
	print_text(where);
	fputs("\n\nNext:\n  1. chown it to the handler's user, so that only the handler can read it.\n"
		"  2. In planspool.yaml, at the run task's endpoint:  hmac_keys: [", stdout);
	print_text(where);
	fputs("]\n  3. Give its text to HCP Terraform as the run task's HMAC key:  cat ", stdout);
	print_text(where);
	fputs("\n", stdout);
	free(where);
	return cli_flush(CLI_OK);
}

static int keygen(const struct cli_command *self, int argc, char **argv)
{
	static const struct option known[] = { CLI_OPTIONS, { 0, 0, 0, 0 } };
	int c, status;

	while ((c = getopt_long(argc, argv, ":hV", known, NULL)) != -1) {
		status = cli_option(self, c, argv);
		if (status != CLI_GO_ON)
			return status;
	}
	if (argc - optind != 2)
		return cli_usage_error(self, "give 'seal DIR' or 'hmac FILE'");
	if (sodium_init() < 0)
		return cli_trouble("no random numbers can be had here");
	if (strcmp(argv[optind], "seal") == 0)
		return make_seal(argv[optind + 1]);
	if (strcmp(argv[optind], "hmac") == 0)
		return make_hmac(argv[optind + 1]);
	return cli_usage_error(self, "there is no kind of key '%s': seal or hmac", argv[optind]);
}

const struct cli_command command_keygen = {
	.name = "keygen",
	.synopsis = "seal DIR | hmac FILE",
	.purpose = "Make keys; what exists is never overwritten.",
	.help =
		"  seal DIR    DIR/seal.pub and DIR/seal.key, for what is secret in requests\n"
		"  hmac FILE   a key for a run task's signature\n",
	.run = keygen,
};
