/*
 * The envelope: how an accepted request lies in the spool.
 *
 * What is a credential is cut out of the payload before anything is written and sealed for the spooler: access_token,
 * and the query of every *_url at the payload's top level (the callback's query is some senders' only credential, and
 * storage URLs are secrets whole). The sealed part is {id, access_token, queries: {field: "?..."}}; the id inside it
 * ties it to this job, so that a sealed part cannot be moved into another envelope. envelope_unseal puts URLs together
 * again as secrets, byte for byte.
 *
 * Envelopes lie where the handler's user can write until they are claimed: reading one is strict.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>

#include "base/envelope.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

static const char url_suffix[] = "_url";

static bool is_url_field(const char *key)
{
	size_t len = strlen(key), suffix = sizeof url_suffix - 1;

	return len > suffix && strcmp(key + len - suffix, url_suffix) == 0;
}

/* ---- making ---- */

struct cutting {
	json_t *open, *queries;
};

/* Copies one member of the payload into the open part, less what is secret about it. */
static bool cut_member(void *context, const char *key, json_t *value)
{
	struct cutting *cut = context;
	const char *text = is_url_field(key) ? json_string(value) : NULL;
	size_t plain = text == NULL ? 0 : strcspn(text, "?#");

	if (strcmp(key, "access_token") == 0)
		return true;
	if (text != NULL && text[plain] != '\0') {
		json_put(cut->open, key, json_new_string_n(text, plain));
		json_put_string(cut->queries, key, text + plain);
	} else {
		json_put(cut->open, key, json_copy(value));
	}
	return true;
}

char *envelope_make(const struct request *r, const char *endpoint, const char *id, int64_t received_ms,
	const struct seal_public *key)
{
	struct cutting cut = { json_new_object(), json_new_object() };
	json_t *secret = json_new_object(), *envelope = json_new_object();
	char received[TEXT_TIME_SIZE], *clear, *sealed, *text, *line;

	json_each(r->payload, cut_member, &cut);
	json_put_string(secret, "id", id);
	json_put_string(secret, "access_token", r->access_token);
	json_put(secret, "queries", cut.queries);
	clear = json_text(secret);
	sealed = seal_close(key, clear, strlen(clear));
	sodium_memzero(clear, strlen(clear));
	free(clear);
	json_free(secret);

	text_time(received_ms, received);
	json_put_integer(envelope, "format", ENVELOPE_FORMAT);
	json_put_string(envelope, "received_at", received);
	json_put_string(envelope, "endpoint", endpoint);
	json_put_string(envelope, "seal_key_id", key->id);
	json_put_string(envelope, "sealed", sealed);
	json_put(envelope, "request", cut.open);
	text = json_text(envelope);
	line = xasprintf("%s\n", text);
	free(text);
	free(sealed);
	json_free(envelope);
	return line;
}

/* ---- reading ---- */

/* The parts outside of request. */
static int read_frame(const json_t *j, struct envelope *out, char why[ENVELOPE_WHY])
{
	const char *received = json_get_string(j, "received_at"), *endpoint = json_get_string(j, "endpoint");
	const char *key_id = json_get_string(j, "seal_key_id");

	if (json_get_integer(j, "format", 0) != ENVELOPE_FORMAT) {
		snprintf(why, ENVELOPE_WHY, "format: not %d, the one this version reads", ENVELOPE_FORMAT);
		return -1;
	}
	if (received == NULL || text_time_parse(received, &out->received_ms) != 0) {
		snprintf(why, ENVELOPE_WHY, "received_at: missing or malformed");
		return -1;
	}
	if (key_id == NULL || strlen(key_id) != SEAL_ID_SIZE - 1) {
		snprintf(why, ENVELOPE_WHY, "seal_key_id: missing or malformed");
		return -1;
	}
	memcpy(out->seal_key_id, key_id, SEAL_ID_SIZE);
	if (endpoint == NULL) {
		snprintf(why, ENVELOPE_WHY, "endpoint: missing");
		return -1;
	}
	out->endpoint = xstrdup(endpoint);
	return 0;
}

/* The payload must still be the request of this job. */
static int read_request(const json_t *j, const char *id, struct envelope *out, char why[ENVELOPE_WHY])
{
	char reason[REQUEST_WHY], *text, *made;
	enum request_kind kind;
	int rc = -1;

	if (!json_is_object(json_get(j, "request"))) {
		snprintf(why, ENVELOPE_WHY, "request: missing");
		return -1;
	}
	text = json_text(json_get(j, "request"));
	kind = request_parse(text, strlen(text), &out->request, reason);
	free(text);
	if (kind != REQUEST_RUN_TASK) {
		snprintf(why, ENVELOPE_WHY, "request: %s", kind == REQUEST_BAD ? reason : "a verification request");
		return -1;
	}
	made = xasprintf("%s.%s", out->endpoint, out->request.task_result_id);
	if (strcmp(made, id) == 0)
		rc = 0;
	else
		snprintf(why, ENVELOPE_WHY, "the envelope of another job");
	free(made);
	return rc;
}

int envelope_read(const char *text, size_t len, const char *id, struct envelope *out, char why[ENVELOPE_WHY])
{
	char reason[JSON_WHY];
	json_t *j = NULL;
	int rc = -1;

	memset(out, 0, sizeof *out);
	if (json_parse_enclosing(text, len, &j, reason) != 0)
		snprintf(why, ENVELOPE_WHY, "not JSON: %s", reason);
	else if (read_frame(j, out, why) == 0 && read_request(j, id, out, why) == 0)
		rc = 0;
	json_free(j);
	if (rc != 0)
		envelope_free(out);
	return rc;
}

/* Puts a URL of the request together again with what was cut off; *out stays NULL if the request has none. Anyone
 * who holds the public key can seal: -1 for what no cut ever makes, which could turn the open part into another
 * host. */
static int whole_url(const char *open, const json_t *queries, const char *field, struct secret **out)
{
	const char *query = json_get_string(queries, field);
	char *text;

	if (query != NULL && query[0] != '?' && query[0] != '#')
		return -1;
	if (open == NULL)
		return 0;
	text = xasprintf("%s%s", open, query == NULL ? "" : query);
	*out = secret_new(text, strlen(text));
	sodium_memzero(text, strlen(text));
	free(text);
	return 0;
}

static int whole_urls(struct envelope *e, const json_t *queries)
{
	const struct request *r = &e->request;

	return whole_url(r->callback_url, queries, "task_result_callback_url", &e->callback_url) == 0 &&
		whole_url(r->plan_url, queries, "plan_json_api_url", &e->plan_url) == 0 &&
		whole_url(r->configuration_url, queries, "configuration_version_download_url",
			&e->configuration_url) == 0 ? 0 : -1;
}

int envelope_unseal(struct envelope *e, const char *text, size_t len, const char *id, const struct seal_secret *keys,
	size_t n, char why[ENVELOPE_WHY])
{
	struct secret *clear = NULL;
	const char *sealed, *inner_id, *token;
	json_t *j = NULL, *inner = NULL;
	char reason[JSON_WHY];
	int rc = -1;

	if (json_parse_enclosing(text, len, &j, reason) != 0 || (sealed = json_get_string(j, "sealed")) == NULL) {
		snprintf(why, ENVELOPE_WHY, "sealed: missing");
		goto out;
	}
	clear = seal_open(keys, n, e->seal_key_id, sealed);
	if (clear == NULL) {
		snprintf(why, ENVELOPE_WHY,
			"sealed: none of the %zu secret seal keys opens it (it was sealed with key %s)", n,
			e->seal_key_id);
		goto out;
	}
	/* No reason of the parser's here: it might quote what is secret. */
	if (json_parse(secret_data(clear), secret_len(clear), &inner, reason) != 0 ||
	    (inner_id = json_get_string(inner, "id")) == NULL || strcmp(inner_id, id) != 0) {
		snprintf(why, ENVELOPE_WHY, "sealed: belongs to another job");
		goto out;
	}
	if (whole_urls(e, json_get(inner, "queries")) != 0) {
		snprintf(why, ENVELOPE_WHY, "sealed: what belongs to a URL is no query");
		goto out;
	}
	token = json_get_string(inner, "access_token");
	e->access_token = token == NULL ? NULL : secret_new(token, strlen(token));
	rc = 0;
out:
	secret_free(clear);
	json_free(inner);
	json_free(j);
	return rc;
}

void envelope_free(struct envelope *e)
{
	free(e->endpoint);
	request_free(&e->request);
	secret_free(e->access_token);
	secret_free(e->callback_url);
	secret_free(e->plan_url);
	secret_free(e->configuration_url);
	memset(e, 0, sizeof *e);
}
