/*
 * Requests to the sender.
 *
 * A token goes to the origin that the configuration names and nowhere else: api_target gives it to URLs of configured hosts only, and
 * of a redirect only to the same origin. A token of ours (token_file) goes only to the paths of the API that a run task needs, and
 * not to a path that a server or a proxy might read as another one.
 *
 * Bodies of answers that nobody asked for are read up to ANSWER_MAX, so that the connection can be used again, and the reason in a
 * JSON:API error is taken from them for the log, unless it repeats something that is secret; of storage, whose URLs are secret as
 * a whole, no reason is taken.
 *
 * HCP Terraform sends X-RateLimit-Reset with every answer, so only with 429 does it say when to come back. Nobody is asked again
 * without any pause, whatever wait is named, and no pause of one request holds up the others for more than PLANSPOOL_PAUSE_MAX_MS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "spooler/api.h"

#ifndef PLANSPOOL_CONNECT_MS	/* tests have less patience */
#define PLANSPOOL_CONNECT_MS 15000
#endif
#ifndef PLANSPOOL_IDLE_MS
#define PLANSPOOL_IDLE_MS 30000
#endif
#ifndef PLANSPOOL_PAUSE_MAX_MS
#define PLANSPOOL_PAUSE_MAX_MS 60000
#endif
#define ANSWER_MAX 65536
#define DETAIL_MAX 300
#define NAMED_MIN_MS 500

/* ---- where to, with what ---- */

static bool token_file_meant_for(const struct url *url)
{
	static const char *const prefixes[] = {
		"/api/v2/plans/", "/api/v2/configuration-versions/", "/api/v2/task-results/", "/api/v2/runs/",
	};
	bool meant = false;

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		meant = meant || text_starts(url->rest, prefixes[i]);
	for (size_t i = 0; i < url->path_len; i++)
		if (url->rest[i] == '%' || url->rest[i] == ';' || strncmp(url->rest + i, "/.", 2) == 0 ||
		    strncmp(url->rest + i, "//", 2) == 0)
			return false;
	return meant;
}

static void target_fill(struct api_target *out, const char *text, const struct url *url, const char *ca_file,
	const struct secret *bearer)
{
	out->url = secret_new(text, strlen(text));
	out->origin = url_origin(url);
	out->ca_file = ca_file == NULL ? NULL : xstrdup(ca_file);
	out->bearer = bearer;
}

int api_target(const struct endpoint_settings *endpoint, const char *text, const struct secret *token, struct api_target *out,
	char why[API_WHY])
{
	const struct config_endpoint *c = endpoint->config;
	const struct config_host *host;
	char reason[URL_WHY], *origin;
	struct url url;

	memset(out, 0, sizeof *out);
	if (url_parse(text, &url, reason) != 0) {
		snprintf(why, API_WHY, "unusable URL: %s", reason);
		return -1;
	}
	host = config_host_of(c->hosts, c->host_count, &url);
	if (host == NULL) {
		origin = url_origin(&url);
		snprintf(why, API_WHY, "%s is not one of the hosts of endpoint %s", origin, c->name);
		free(origin);
		return -1;
	}
	if (token == NULL && token_file_meant_for(&url))
		token = endpoint->tokens[host - c->hosts];
	target_fill(out, text, &url, host->ca_file, token);
	return 0;
}

/* What goes along to another path of the same origin: the request's own token, a token of ours only where it is meant for. */
static const struct secret *bearer_along(const struct endpoint_settings *endpoint, const struct api_target *from, const struct url *to)
{
	for (size_t i = 0; i < endpoint->config->host_count; i++)
		if (from->bearer != NULL && from->bearer == endpoint->tokens[i] && !token_file_meant_for(to))
			return NULL;
	return from->bearer;
}

int api_redirect(const struct endpoint_settings *endpoint, const struct api_target *from, const char *location,
	struct api_target *out, char why[API_WHY])
{
	const struct config_endpoint *c = endpoint->config;
	const struct config_host *storage;
	char reason[URL_WHY], *text, *origin = NULL;
	struct url here, there;
	int rc = -1;

	memset(out, 0, sizeof *out);
	text = location == NULL ? NULL : url_resolve(secret_data(from->url), location, reason);
	if (text == NULL || url_parse(text, &there, reason) != 0 || url_parse(secret_data(from->url), &here, reason) != 0) {
		snprintf(why, API_WHY, "redirected to nowhere: %s", location == NULL ? "no Location" : reason);
		goto out;
	}
	origin = url_origin(&there);
	if (here.https && !there.https) {
		snprintf(why, API_WHY, "redirected from https to %s, which is not followed", origin);
		goto out;
	}
	storage = config_host_of(c->storage, c->storage_count, &there);
	if (url_same_origin(&here, &there)) {
		target_fill(out, text, &there, from->ca_file, bearer_along(endpoint, from, &there));
	} else if (storage != NULL) {
		target_fill(out, text, &there, storage->ca_file != NULL ? storage->ca_file : from->ca_file, NULL);
	} else {
		snprintf(why, API_WHY, "redirected to %s: add it to 'storage' of endpoint %s if it is the sender's storage", origin,
			c->name);
		goto out;
	}
	out->storage = true;
	rc = 0;
out:
	free(origin);
	free(text);
	return rc;
}

void api_target_clear(struct api_target *t)
{
	secret_free(t->url);
	free(t->origin);
	free(t->ca_file);
	memset(t, 0, sizeof *t);
}

/* ---- one call ---- */

struct api_call {
	struct api *api;
	struct api_request request;
	struct pace_turn turn;
	struct http_request *http;	/* NULL while it waits for its turn */
	struct buf error;		/* the body of an answer that nobody asked for */
	bool headed;			/* the head of the answer has come whole */
	bool wanted, stopped;
};

static void on_work(void *context)
{
	struct api_call *call = context;

	call->api->at_work(call->api, call->request.job);
}

static bool on_head(void *context, const struct http_head *head)
{
	struct api_call *call = context;

	on_work(call);
	call->headed = true;
	call->wanted = head->status == 200 && call->request.data != NULL;
	return true;
}

static bool on_data(void *context, const char *data, size_t len)
{
	struct api_call *call = context;

	on_work(call);
	if (!call->wanted)
		return buf_append(&call->error, data, len) == 0;
	if (call->request.data(call->request.context, data, len))
		return true;
	call->stopped = true;
	return false;
}

/* Whether text repeats the token or the query of the URL. */
static bool repeats_secret(const struct api_call *call, const char *text)
{
	const struct secret *bearer = call->request.target->bearer;
	const char *query = strchr(secret_data(call->request.target->url), '?');

	return (bearer != NULL && strstr(text, secret_data(bearer)) != NULL) ||
		(query != NULL && query[1] != '\0' && strstr(text, query + 1) != NULL);
}

/* The reason in a JSON:API error, or "". Owned by *parsed. */
static const char *error_detail(const struct api_call *call, json_t **parsed)
{
	char why[JSON_WHY];
	const char *detail;
	json_t *first;

	*parsed = NULL;
	if (call->error.len == 0 || call->request.target->storage ||
	    json_parse(buf_text(&call->error), call->error.len, parsed, why) != 0)
		return "";
	first = json_at(json_get(*parsed, "errors"), 0);
	detail = json_get_string(first, "detail");
	if (detail == NULL)
		detail = json_get_string(first, "title");
	return detail == NULL || repeats_secret(call, detail) ? "" : detail;
}

/* The wait that the sender names, in milliseconds; -1 for none. */
static int64_t named_wait(const struct http_head *head)
{
	struct http_head said = *head;
	int64_t wait;

	if (head->status != 429)
		said.rate_reset = NULL;
	wait = schedule_named_wait(&said, time(NULL));
	return wait >= 0 && wait < NAMED_MIN_MS ? NAMED_MIN_MS : wait;
}

static void on_done(void *context, enum http_end end, const struct http_head *head, const char *why)
{
	struct api_call *call = context;
	struct api_answer answer = { .status = head->status, .wait_ms = -1, .location = head->location, .stopped = call->stopped };
	char text[API_WHY];
	const char *detail;
	json_t *parsed;

	on_work(call);
	/* We ended it ourselves, or what was cut short is nothing that anybody wants: its status says all there is. */
	if (end == HTTP_STOPPED || (end == HTTP_TROUBLE && call->headed && !call->wanted))
		end = HTTP_ANSWERED;
	answer.meaning = schedule_answer(end, head->status);
	if (answer.meaning == SCHEDULE_LATER && head->status != 0)
		answer.wait_ms = named_wait(head);
	pacer_heard(call->api->pacer, call->request.target->origin, head,
		answer.wait_ms < PLANSPOOL_PAUSE_MAX_MS ? answer.wait_ms : PLANSPOOL_PAUSE_MAX_MS);
	detail = error_detail(call, &parsed);
	if (end != HTTP_ANSWERED)
		snprintf(text, sizeof text, "%s", why);
	else
		snprintf(text, sizeof text, "%d%s%.*s", head->status, detail[0] != '\0' ? ": " : "",
			(int)text_utf8_cut(detail, strlen(detail), DETAIL_MAX), detail);
	answer.why = text;
	call->request.answered(call->request.context, &answer);
	json_free(parsed);
	buf_free(&call->error);
	free(call);
}

static void go(void *context)
{
	struct api_call *call = context;
	const struct api_request *r = &call->request;

	on_work(call);
	call->http = http_start(call->api->http, &(struct http_job){
		.method = r->method, .url = r->target->url, .ca_file = r->target->ca_file, .bearer = r->target->bearer,
		.content_type = r->body == NULL ? NULL : "application/vnd.api+json", .body = r->body, .body_len = r->body_len,
		.connect_ms = PLANSPOOL_CONNECT_MS, .idle_ms = PLANSPOOL_IDLE_MS, .total_ms = r->total_ms,
		.work = on_work, .head = on_head, .data = on_data, .done = on_done, .context = call,
	});
}

struct api_call *api_start(struct api *api, const struct api_request *request)
{
	struct api_call *call = xcalloc(1, sizeof *call);

	call->api = api;
	call->request = *request;
	call->error = (struct buf)BUF_INIT(ANSWER_MAX);
	pacer_wait(api->pacer, &call->turn, request->target->origin, request->priority, go, call);
	return call;
}

bool api_waits(const struct api_call *call)
{
	return call->http == NULL;
}

void api_cancel(struct api_call *call)
{
	if (call == NULL)
		return;
	pacer_forget(&call->turn);
	if (call->http != NULL)
		http_cancel(call->http);
	buf_free(&call->error);
	free(call);
}
