/*
 * Loading what the spooler works by.
 *
 * The configuration, the secret seal keys and the token files must be right, or there are no settings. A check that cannot be
 * loaded is only a fault: at start the daemon runs all the same, and each job says that the check could not run; at a reload the
 * supervisor keeps the settings in force when there was any fault.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "spooler/settings.h"

#define WRITERS_MS 5000		/* how long a load waits, in all, for whoever is writing policies */

static void load_keys(struct settings *s, struct faults *faults)
{
	const struct config *c = s->config;
	char why[SEAL_WHY];

	s->keys = xcalloc(c->seal_secret_count, sizeof *s->keys);
	for (size_t i = 0; i < c->seal_secret_count; i++) {
		if (seal_secret_load(c->seal_secret[i], &s->keys[s->key_count], why) == 0)
			s->key_count++;
		else
			faults_error(faults, c->file, 0, "seal.secret_key: %s", why);
	}
}

/* Said early, because otherwise only the handler's 503 tells it. The file may be on the handler's side alone. */
static void judge_public_key(const struct settings *s, struct faults *faults)
{
	const struct config *c = s->config;
	struct seal_public key;
	char why[SEAL_WHY];

	if (seal_public_load(c->seal_public, &key, why) != 0)
		return;
	for (size_t i = 0; i < s->key_count; i++)
		if (strcmp(s->keys[i].public_half.id, key.id) == 0)
			return;
	faults_warn(faults, c->file, 0, "seal.public_key: no secret_key is the other half of %s: the handler will answer 503",
		c->seal_public);
}

static void load_handler_user(struct settings *s, struct faults *faults)
{
	const struct passwd *user;

	s->handler_uid = geteuid();
	if (s->config->handler_user == NULL)
		return;
	user = getpwnam(s->config->handler_user);
	if (user != NULL)
		s->handler_uid = user->pw_uid;
	else
		faults_error(faults, s->config->file, 0, "handler_user: no user '%s' on this machine", s->config->handler_user);
}

static void load_tokens(struct endpoint_settings *e, const char *file, struct faults *faults)
{
	const struct config_endpoint *c = e->config;
	char why[SECRET_WHY];

	e->tokens = xcalloc(c->host_count, sizeof *e->tokens);
	for (size_t i = 0; i < c->host_count; i++) {
		if (c->hosts[i].token_file == NULL)
			continue;
		e->tokens[i] = secret_load(c->hosts[i].token_file, why);
		if (e->tokens[i] == NULL)
			faults_error(faults, file, c->line, "endpoint %s: token_file: %s", c->name, why);
	}
}

/* Two passes: what must be right first, so that the checks' faults can be told from the others'. */
struct settings *settings_load(const char *path, struct faults *faults)
{
	struct settings *s = xcalloc(1, sizeof *s);
	size_t before = faults->errors;
	int64_t wait_until_ms = clock_monotonic() + WRITERS_MS;

	s->config = config_load(path, faults);
	if (s->config == NULL)
		goto bad;
	load_keys(s, faults);
	judge_public_key(s, faults);
	load_handler_user(s, faults);
	s->endpoints = xcalloc(s->config->endpoint_count, sizeof *s->endpoints);
	for (size_t i = 0; i < s->config->endpoint_count; i++) {
		s->endpoints[i].config = &s->config->endpoints[i];
		s->endpoint_count++;
		load_tokens(&s->endpoints[i], s->config->file, faults);
	}
	if (faults->errors > before)
		goto bad;
	for (size_t i = 0; i < s->endpoint_count; i++)
		s->endpoints[i].checks = checkset_load(s->config, s->endpoints[i].config, wait_until_ms, faults);
	return s;
bad:
	settings_free(s);
	return NULL;
}

void settings_free(struct settings *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->endpoint_count; i++) {
		for (size_t k = 0; k < s->endpoints[i].config->host_count; k++)
			secret_free(s->endpoints[i].tokens[k]);
		free(s->endpoints[i].tokens);
		if (s->endpoints[i].checks != NULL)
			checkset_free(s->endpoints[i].checks);
	}
	free(s->endpoints);
	for (size_t i = 0; i < s->key_count; i++)
		seal_secret_free(&s->keys[i]);
	free(s->keys);
	config_free(s->config);
	free(s);
}

const struct endpoint_settings *settings_endpoint(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->endpoint_count; i++)
		if (strcmp(s->endpoints[i].config->name, name) == 0)
			return &s->endpoints[i];
	return NULL;
}

const struct endpoint_settings *settings_endpoint_for(const struct settings *s, const struct url *url)
{
	for (size_t i = 0; i < s->endpoint_count; i++)
		if (config_host_of(s->endpoints[i].config->hosts, s->endpoints[i].config->host_count, url) != NULL)
			return &s->endpoints[i];
	return NULL;
}

void settings_compare(const struct settings *s, const struct settings *before)
{
	for (size_t i = 0; i < s->endpoint_count; i++) {
		const struct endpoint_settings *e = &s->endpoints[i], *old = settings_endpoint(before, e->config->name);
		char *removed = old != NULL ? checkset_removed(e->checks, old->checks) : NULL;

		if (removed != NULL)
			log_warn(NULL, "endpoint %s: policies removed since: %s", e->config->name, removed);
		free(removed);
	}
}

int settings_announce(const struct settings *s, struct spool *spool)
{
	const char **ids = xcalloc(s->key_count, sizeof *ids);
	int rc;

	for (size_t i = 0; i < s->key_count; i++)
		ids[i] = s->keys[i].public_half.id;
	rc = spool_announce_keys(spool, ids, s->key_count);
	free(ids);
	return rc;
}

bool settings_announced(const struct settings *s, const struct spool *spool)
{
	for (size_t i = 0; i < s->key_count; i++)
		if (!spool_can_unseal(spool, s->keys[i].public_half.id))
			return false;
	return true;
}
