/*
 * Makes a spool for tests: mkspool SPOOL KEYS [HANDLER-USER]
 *
 * Makes the spool directory SPOOL as planspoold does at its start, seal keys seal.pub and seal.key in the directory
 * KEYS unless they are there, and announces the key in the spool. So tests of the handler need no spooler. Exit
 * status 0 or 1, with a reason on standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/seal.h"
#include "base/spool.h"

int main(int argc, char **argv)
{
	struct seal_public key;
	char seal_why[SEAL_WHY], why[SPOOL_WHY];
	struct spool *spool;
	const char *id = key.id;
	char *public_file;
	int failed;

	if (argc < 3)
		return 1;
	log_open("mkspool");
	public_file = xasprintf("%s/seal.pub", argv[2]);
	if (access(public_file, F_OK))
		failed = seal_keygen(argv[2], &key, seal_why);
	else
		failed = seal_public_load(public_file, &key, seal_why);
	free(public_file);
	if (failed) {
		log_error(NULL, "%s", seal_why);
		return 1;
	}
	if (spool_make(argv[1], argv[3], why) || !(spool = spool_open(argv[1], why))) {
		log_error(NULL, "%s", why);
		return 1;
	}
	failed = spool_announce_keys(spool, &id, 1);
	if (failed)
		log_error(NULL, "cannot announce the seal key: %m");
	spool_close(spool);
	return failed ? 1 : 0;
}
