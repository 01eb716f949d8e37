/*
 * The configuration with its keys and the spool opened.
 *
 * Contract: settings_open turns a valid configuration into what requests are answered with: the HMAC keys of each
 * endpoint, the public seal key, the spool. Each of them may be unusable by itself, with a reason for people: an
 * endpoint whose key cannot be read answers 503 alone; without a seal key or a spool nothing can be accepted, but
 * paths, methods, signatures and verification requests are still answered as always.
 *
 * An endpoint needs all of its keys. With one of several missing a good signature could not be told from a bad one,
 * and 401 is an answer that a sender does not repeat.
 *
 * Keys lie in guarded memory (base/secret.h). The secret seal key is the spooler's alone and is never opened here.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "handler/settings.h"

static void open_keys(struct settings_endpoint *e)
{
	char why[SECRET_WHY];

	e->keys = xcalloc(e->config->hmac_key_count + 1, sizeof(*e->keys));
	for (size_t i = 0; i < e->config->hmac_key_count && !e->trouble; i++) {
		e->keys[i] = secret_load(e->config->hmac_keys[i], why);
		if (e->keys[i])
			e->key_count++;
		else
			e->trouble = xasprintf("HMAC key: %s", why);
	}
}

struct settings *settings_open(struct config *config)
{
	struct settings *s = xcalloc(1, sizeof(*s));
	char seal_why[SEAL_WHY], spool_why[SPOOL_WHY];

	s->config = config;
	s->endpoints = xcalloc(config->endpoint_count + 1, sizeof(*s->endpoints));
	for (size_t i = 0; i < config->endpoint_count; i++) {
		s->endpoints[i].config = &config->endpoints[i];
		open_keys(&s->endpoints[i]);
	}
	if (seal_public_load(config->seal_public, &s->seal, seal_why))
		s->seal_trouble = xasprintf("seal key: %s", seal_why);
	s->spool = spool_open(config->spool, spool_why);
	/* What the spooler would put aside must not be answered 200. */
	if (s->spool && spool_submitter(s->spool, config->handler_user, spool_why)) {
		spool_close(s->spool);
		s->spool = NULL;
	}
	if (!s->spool)
		s->spool_trouble = xstrdup(spool_why);
	atomic_init(&s->spool_suspect, !s->spool);
	return s;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->config->endpoint_count; i++) {
		struct settings_endpoint *e = &s->endpoints[i];

		for (size_t k = 0; k < e->key_count; k++)
			secret_free(e->keys[k]);
		free(e->keys);
		free(e->trouble);
	}
	free(s->endpoints);
	free(s->seal_trouble);
	if (s->spool)
		spool_close(s->spool);
	free(s->spool_trouble);
	config_free(s->config);
	free(s);
}

const struct settings_endpoint *settings_endpoint_at(const struct settings *s, const char *path)
{
	const struct config_endpoint *found = config_endpoint_at(s->config, path);

	return found ? &s->endpoints[found - s->config->endpoints] : NULL;
}

void settings_log_trouble(const struct settings *s)
{
	for (size_t i = 0; i < s->config->endpoint_count; i++)
		if (s->endpoints[i].trouble)
			log_error(NULL, "endpoint %s: %s; it answers 503", s->endpoints[i].config->name,
				s->endpoints[i].trouble);
	if (s->seal_trouble)
		log_error(NULL, "%s; every endpoint answers 503", s->seal_trouble);
	if (s->spool_trouble)
		log_error(NULL, "%s; every endpoint answers 503", s->spool_trouble);
}
