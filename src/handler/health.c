/*
 * Whether an endpoint would take a request, and whether somebody works on what it takes.
 *
 * Contract: one JSON object. "status" is "ok" (200) or "unavailable" (503); "spool" is "writable" or "not writable";
 * "keys" (the endpoint's HMAC keys and the seal key) is "usable" or "not usable"; "spooler_seen_seconds_ago" is a
 * number, or null if no spooler was ever seen. Anyone may ask, so paths and reasons go to the log only.
 *
 * Accepting needs no running spooler: a spooler that has not been seen for a minute makes the health bad, but
 * requests are still taken and wait in the spool.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "handler/health.h"

#define SUFFIX "/health"
#define ALIVE_MS 60000

const struct settings_endpoint *health_endpoint(const struct settings *settings, const char *path)
{
	size_t len = strlen(path), suffix = strlen(SUFFIX);
	const struct settings_endpoint *found;
	char *base;

	if (len < suffix || strcmp(path + len - suffix, SUFFIX) != 0)
		return NULL;
	base = xstrndup(path, len - suffix);
	found = settings_endpoint_at(settings, base);
	free(base);
	return found;
}

static bool spool_good(struct settings *settings, const char *name)
{
	char why[SPOOL_WHY];

	if (!settings->spool) {
		log_warn(NULL, "%s: health: %s", name, settings->spool_trouble);
		return false;
	}
	if (spool_writable(settings->spool, why)) {
		log_warn(NULL, "%s: health: %s", name, why);
		atomic_store(&settings->spool_suspect, true);
		return false;
	}
	return true;
}

static bool keys_good(struct settings *settings, const struct settings_endpoint *endpoint)
{
	const char *name = endpoint->config->name;

	if (endpoint->trouble) {
		log_warn(NULL, "%s: health: %s", name, endpoint->trouble);
		return false;
	}
	if (settings->seal_trouble) {
		log_warn(NULL, "%s: health: %s", name, settings->seal_trouble);
		return false;
	}
	if (settings->spool && !spool_can_unseal(settings->spool, settings->seal.id)) {
		log_warn(NULL, "%s: health: the spool does not announce the seal key %s", name, settings->seal.id);
		atomic_store(&settings->spool_suspect, true);
		return false;
	}
	return true;
}

void health_answer(struct settings *settings, const struct settings_endpoint *endpoint, const struct http_in *in,
	struct http_out *out)
{
	const char *name = endpoint->config->name, *method = in->method ? in->method : "";
	bool spool, keys, alive;
	int64_t life = -1;
	json_t *body;

	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		http_error(out, 405, "health is asked for with GET");
		out->allow = "GET, HEAD";
		log_info(NULL, "%s: health: 405: method %.20s", name, method);
		return;
	}
	spool = spool_good(settings, name);
	keys = keys_good(settings, endpoint);
	if (settings->spool)
		life = spool_last_life(settings->spool);
	alive = life >= 0 && life < ALIVE_MS;
	if (!alive)
		log_warn(NULL, "%s: health: no spooler has shown life in the last minute: is planspoold running?",
			name);

	out->status = 200;
	if (!spool || !keys || !alive)
		http_error(out, 503, "unavailable");
	free(out->body);
	body = json_new_object();
	json_put_string(body, "status", out->status == 200 ? "ok" : "unavailable");
	json_put_string(body, "spool", spool ? "writable" : "not writable");
	json_put_string(body, "keys", keys ? "usable" : "not usable");
	if (life >= 0)
		json_put_integer(body, "spooler_seen_seconds_ago", life / 1000);
	else
		json_put(body, "spooler_seen_seconds_ago", NULL);
	out->content_type = "application/json";
	out->body = json_text(body);
	json_free(body);
}
