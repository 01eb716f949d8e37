/* planspool test-config: everything about the configuration that can be wrong before the first request, said all at
 * once: the file itself, each endpoint's checks with their policies, and the files with keys, tokens and
 * authorities. What is wrong in one place does not keep it from the others, as far as the file can be read.
 *
 * Rights are judged as the user who runs it: key files of the handler and of the spooler belong to two users, so
 * this is a command for root, or for a configuration whose files one user owns. Warnings do not change the exit
 * status.
 *
 * Exit status: 0 if it can be used, 2 if not.
 */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/faults.h"
#include "base/mem.h"
#include "base/seal.h"
#include "base/secret.h"
#include "checks/checkset.h"
#include "cli/cli.h"
#include "cli/print.h"

struct test {
	const struct config *config;
	struct faults faults;
	size_t checks, keys;
};

static void test_secret(struct test *t, const struct config_endpoint *e, const char *key, const char *file)
{
	char why[SECRET_WHY];
	struct secret *secret = secret_load(file, why);

	t->keys++;
	if (secret == NULL)
		faults_error(&t->faults, t->config->file, e->line, "endpoint %s: %s: %s", e->name, key, why);
	secret_free(secret);
}

static void test_origins(struct test *t, const struct config_endpoint *e, const char *key,
	const struct config_host *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct config_host *h = &list[i];

		if (h->ca_file != NULL && access(h->ca_file, R_OK) != 0)
			faults_error(&t->faults, t->config->file, e->line, "endpoint %s: %s: ca_file %s: %s", e->name,
				key, h->ca_file, strerror(errno));
		if (h->token_file != NULL)
			test_secret(t, e, "token_file", h->token_file);
	}
}

static void test_endpoint(struct test *t, const struct config_endpoint *e)
{
	struct checkset *set = checkset_load(t->config, e, 0, &t->faults);

	t->checks += checkset_count(set);
	checkset_free(set);
	for (size_t i = 0; i < e->hmac_key_count; i++)
		test_secret(t, e, "hmac_keys", e->hmac_keys[i]);
	test_origins(t, e, "hosts", e->hosts, e->host_count);
	test_origins(t, e, "storage", e->storage, e->storage_count);
	if (e->unsigned_requests)
		faults_warn(&t->faults, t->config->file, e->line,
			"endpoint %s: unsigned: anyone who can reach it can start checks", e->name);
}

static void test_seal(struct test *t)
{
	const struct config *c = t->config;
	struct seal_public public;
	char why[SEAL_WHY];
	bool known = seal_public_load(c->seal_public, &public, why) == 0, opens = false;
	size_t loaded = 0;

	if (!known)
		faults_error(&t->faults, c->file, 0, "seal: public_key: %s", why);
	for (size_t i = 0; i < c->seal_secret_count; i++) {
		struct seal_secret secret;

		if (seal_secret_load(c->seal_secret[i], &secret, why) != 0) {
			faults_error(&t->faults, c->file, 0, "seal: secret_key: %s", why);
			continue;
		}
		loaded++;
		opens = opens || (known && strcmp(secret.public_half.id, public.id) == 0);
		seal_secret_free(&secret);
	}
	t->keys += 1 + c->seal_secret_count;
	if (known && !opens && loaded > 0 && loaded == c->seal_secret_count)
		faults_error(&t->faults, c->file, 0, "seal: no secret_key opens what public_key %s seals",
			c->seal_public);
}

static void test_user(struct test *t)
{
	const char *name = t->config->handler_user;

	if (name != NULL && getpwnam(name) == NULL)
		faults_error(&t->faults, t->config->file, 0, "handler_user: there is no user '%s'", name);
}

static int report(const struct test *t)
{
	size_t warnings = t->faults.n - t->faults.errors;

	faults_print(&t->faults, stderr);
	if (t->faults.errors > 0)
		return CLI_TROUBLE;
	print_text(t->config->file);
	printf(": ok: %zu endpoint%s, %zu check%s, %zu key%s", t->config->endpoint_count,
		t->config->endpoint_count == 1 ? "" : "s", t->checks, t->checks == 1 ? "" : "s", t->keys,
		t->keys == 1 ? "" : "s");
	if (warnings > 0)
		printf(", %zu warning%s", warnings, warnings == 1 ? "" : "s");
	putchar('\n');
	return cli_flush(CLI_OK);
}

static int test_config(const struct cli_command *self, int argc, char **argv)
{
	static const struct option known[] = { { "config", 1, 0, 'c' }, CLI_OPTIONS, { 0, 0, 0, 0 } };
	struct test t = { .keys = 0 };
	const char *file = NULL;
	struct config *config;
	int c, status;

	while ((c = getopt_long(argc, argv, ":c:hV", known, NULL)) != -1) {
		if (c == 'c') {
			file = optarg;
			continue;
		}
		status = cli_option(self, c, argv);
		if (status != CLI_GO_ON)
			return status;
	}
	if (optind != argc)
		return cli_usage_error(self, "takes no arguments, -c names the file: %s", argv[optind]);
	if (sodium_init() < 0)
		return cli_trouble("libsodium cannot be used here");
	config = config_read(file != NULL ? file : config_default_path(), &t.faults);
	t.config = config;
	if (config == NULL)
		goto out;
	if (config->seal_public != NULL)
		test_seal(&t);
	test_user(&t);
	for (size_t i = 0; i < config->endpoint_count; i++)
		test_endpoint(&t, &config->endpoints[i]);
out:
	status = report(&t);
	faults_free(&t.faults);
	config_free(config);
	return status;
}

const struct cli_command command_test_config = {
	.name = "test-config",
	.synopsis = "[-c FILE]",
	.purpose = "Test the configuration, with its checks, policies and key files.",
	.help =
		"  -c, --config FILE   which one; default: PLANSPOOL_CONFIG, else " PLANSPOOL_CONFIG_FILE "\n",
	.run = test_config,
};
