/* The sender's side of run tasks, one struct run each, any number at once:
 *
 * - the request is posted; 200 accepts it, anything else makes the run unreachable;
 * - the plan is given out by the API against the run's token, as a redirect (307) to an object of the storage
 *   origin, which is good for one download within a minute and must never see the token;
 * - callbacks are taken against the token until a final one; after that they are answered 409.
 *
 * A run is over when its final callback has been answered, or at the time limit (errored). Whatever the receiver
 * does against the protocol is said at once and remembered as a fault. What belongs to no run (an unknown path) is
 * a stray. */
#include <stdlib.h>
#include <string.h>

#include "base/hmac.h"
#include "base/mem.h"
#include "sim/callback.h"
#include "sim/payload.h"
#include "sim/report.h"
#include "sim/run.h"

#define OBJECT_MS 60000
#define POST_MS 30000

static int64_t elapsed(const struct run *r)
{
	return loop_now(r->sim->loop) - r->sent_at;
}

static void on_linger(void *context)
{
	struct sim *s = context;

	loop_stop(s->loop);
}

/* Ends the run once it has been posted and answered, or at once if it got a status of its own. */
static void settle(struct run *r, const char *status)
{
	struct sim *s = r->sim;

	if (r->over || (status == NULL && !(r->posted && r->final_sent)))
		return;
	r->over = true;
	if (status != NULL)
		r->status = status;
	if (++s->over == s->count) {
		loop_timer_clear(s->limit);
		loop_timer_set(s->linger, s->options->linger_ms);
	}
}

static void on_limit(void *context)
{
	struct sim *s = context;
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (s->runs[i].over)
			continue;
		report_line(s, &s->runs[i], "no final callback within the time limit");
		settle(&s->runs[i], "errored");
	}
}

/* Posting */

static void post_next(struct sim *s);

static void on_posted(void *context, enum http_end end, const struct http_head *head, const char *why)
{
	struct run *r = context;
	struct sim *s = r->sim;

	r->posted = true;
	r->request = NULL;
	post_next(s);
	if (end != HTTP_ANSWERED) {
		report_line(s, r, "run task request not delivered: %s", why);
		settle(r, "unreachable");
	} else if (head->status != 200) {
		report_line(s, r, "run task request not accepted (%d)", head->status);
		settle(r, "unreachable");
	} else {
		r->accepted_ms = elapsed(r);
		report_line(s, r, "run task request accepted (200)");
		settle(r, s->options->verification ? "verified" : NULL);
	}
}

static void post(struct run *r)
{
	struct sim *s = r->sim;
	char hex[HMAC_HEX_SIZE] = "", *signature;
	const char *headers[] = { NULL, NULL };
	struct http_job job = { .method = "POST", .url = s->endpoint, .ca_file = s->options->ca_file,
		.content_type = "application/json", .headers = headers, .connect_ms = POST_MS, .idle_ms = POST_MS,
		.total_ms = POST_MS, .done = on_posted, .context = r };

	r->payload = payload_text(r);
	if (s->key != NULL)
		hmac_sign(s->key, r->payload, strlen(r->payload), hex);
	signature = xasprintf(s->key != NULL ? "X-TFC-Task-Signature: %s" : "X-TFC-Task-Signature;%s", hex);
	headers[0] = signature;
	job.body = r->payload;
	job.body_len = strlen(r->payload);
	r->request = http_start(s->http, &job);
	free(signature);
}

static void post_next(struct sim *s)
{
	struct run *r = &s->runs[s->sent];

	if (s->sent == s->count)
		return;
	s->sent++;
	r->sent_at = loop_now(s->loop);
	if (s->options->verification)
		report_line(s, r, "verification request sent");
	else
		report_line(s, r, "run task request sent (%s, %s)", s->options->stage, r->task_result_id);
	post(r);
}

/* Serving */

static bool has_token(const struct run *r, const struct site_request *q)
{
	static const char bearer[] = "Bearer ";
	const char *sent = site_header(q, "Authorization");

	if (r->sim->options->no_token)
		return true;
	return sent != NULL && strncmp(sent, bearer, sizeof(bearer) - 1) == 0 &&
		strcmp(sent + sizeof(bearer) - 1, secret_data(r->token)) == 0;
}

static void answer_error(struct site_answer *a, unsigned status, const char *title, const char *detail)
{
	json_t *document = json_new_object(), *errors = json_new_array(), *error = json_new_object();
	char *code = xasprintf("%u", status);

	json_put_string(error, "status", code);
	json_put_string(error, "title", title);
	json_put_string(error, "detail", detail);
	json_add(errors, error);
	json_put(document, "errors", errors);
	a->status = status;
	a->content_type = "application/vnd.api+json";
	a->body = json_text(document);
	json_free(document);
	free(code);
}

static void answer_redirect(struct run *r, struct object *o, unsigned status, struct site_answer *a)
{
	char id[64];

	if (o->file->fd < 0) {
		answer_error(a, 404, "not found", NULL);
		return;
	}
	payload_random_id(id, sizeof(id), "", 48);
	free(o->path);
	o->path = xasprintf("/v1/object/%s", id);
	o->taken = false;
	o->until = loop_now(r->sim->loop) + OBJECT_MS;
	a->status = status;
	a->location = xasprintf("%s%s", site_origin(r->sim->storage), o->path);
	report_line(r->sim, r, "%s asked for (%u)", o->name, status);
}

static void answer_plan(struct run *r, const struct site_request *q, struct site_answer *a)
{
	(void)q;
	answer_redirect(r, &r->objects[OBJECT_PLAN], 307, a);
}

static void answer_configuration(struct run *r, const struct site_request *q, struct site_answer *a)
{
	(void)q;
	answer_redirect(r, &r->objects[OBJECT_CONFIGURATION], 302, a);
}

/* What a callback means for the run. */
static void take(struct run *r, struct callback *c, const struct site_request *q, struct site_answer *a)
{
	struct sim *s = r->sim;
	bool final = strcmp(c->status, "running") != 0;
	const char *message;

	if (r->final != NULL) {
		if (!final)
			report_fault(r, "a running callback after the final one");
		else if (strlen(r->final_text) != q->len || memcmp(r->final_text, q->body, q->len) != 0)
			report_fault(r, "a second final callback that differs from the first");
		answer_error(a, 409, "conflict", "the task result is in a terminal state and cannot be updated");
		return;
	}
	r->callbacks++;
	message = c->message != NULL ? c->message : "(no message)";
	report_line(s, r, "%s: %.*s", c->status, (int)strcspn(message, "\n"), message);
	a->status = 200;
	if (!final) {
		if (r->running_ms < 0)
			r->running_ms = elapsed(r);
		return;
	}
	r->final_ms = elapsed(r);
	r->final = c->document;
	r->final_text = xstrndup(q->body, q->len);
	r->status = c->status;
	c->document = NULL;
	a->sent_context = r;
}

static void answer_callback(struct run *r, const struct site_request *q, struct site_answer *a)
{
	const char *type = site_header(q, "Content-Type");
	char why[CALLBACK_WHY];
	struct callback c;

	if (type == NULL || strncmp(type, "application/vnd.api+json", 24) != 0) {
		report_fault(r, "a callback's Content-Type is not application/vnd.api+json");
		answer_error(a, 415, "unsupported media type", NULL);
		return;
	}
	if (callback_read(q->body, q->len, &c, why) != 0) {
		report_fault(r, "a callback cannot be used: %s", why);
		answer_error(a, 422, "unprocessable entity", why);
		return;
	}
	take(r, &c, q, a);
	json_free(c.document);
}

static const struct {
	const char *method;
	size_t path;			/* the member of struct run */
	void (*answer)(struct run *r, const struct site_request *q, struct site_answer *a);
} routes[] = {
	{ "PATCH", offsetof(struct run, callback_path), answer_callback },
	{ "GET", offsetof(struct run, plan_path), answer_plan },
	{ "GET", offsetof(struct run, configuration_path), answer_configuration },
};

static void answer_route(struct run *r, size_t route, const struct site_request *q, struct site_answer *a)
{
	if (strcmp(routes[route].method, q->method) != 0) {
		report_fault(r, "%s %s: the method must be %s", q->method, q->path, routes[route].method);
		answer_error(a, 405, "method not allowed", NULL);
	} else if (!has_token(r, q)) {
		report_fault(r, "%s %s without the run's token", q->method, q->path);
		answer_error(a, 401, "unauthorized", NULL);
	} else {
		routes[route].answer(r, q, a);
	}
}

void run_answer_api(void *context, const struct site_request *q, struct site_answer *a)
{
	struct sim *s = context;
	size_t i, k;

	for (i = 0; i < s->count; i++) {
		for (k = 0; k < sizeof(routes) / sizeof(routes[0]); k++) {
			char *path = *(char **)(void *)((char *)&s->runs[i] + routes[k].path);

			if (strcmp(path, q->path) != 0)
				continue;
			answer_route(&s->runs[i], k, q, a);
			return;
		}
	}
	s->strays++;
	report_line(s, NULL, "FAULT: %s %s belongs to no run", q->method, q->path);
	answer_error(a, 404, "not found", NULL);
}

static struct object *find_object(struct sim *s, const char *path, struct run **owner)
{
	size_t i, k;

	for (i = 0; i < s->count; i++) {
		for (k = 0; k < OBJECTS; k++) {
			struct object *o = &s->runs[i].objects[k];

			if (o->path == NULL || strcmp(o->path, path) != 0)
				continue;
			*owner = &s->runs[i];
			return o;
		}
	}
	return NULL;
}

void run_answer_storage(void *context, const struct site_request *q, struct site_answer *a)
{
	struct sim *s = context;
	struct run *r = NULL;
	struct object *o = find_object(s, q->path, &r);

	if (o == NULL || strcmp(q->method, "GET") != 0) {
		s->strays++;
		report_line(s, NULL, "FAULT: the storage has nothing for this %s request", q->method);
		return;
	}
	if (site_header(q, "Authorization") != NULL)
		report_fault(r, "the storage was sent an Authorization header");
	if (o->taken || loop_now(s->loop) > o->until) {
		report_line(s, r, "%s not given out again: its storage URL is used up (403)", o->name);
		a->status = 403;
		return;
	}
	o->taken = true;
	a->status = 200;
	a->content_type = o->file->content_type;
	a->fd = o->file->fd;
	a->size = o->file->size;
	report_line(s, r, "%s given out by the storage (200)", o->name);
}

void run_answer_sent(void *context, void *run)
{
	struct run *r = run;

	(void)context;
	r->final_sent = true;
	settle(r, NULL);
}

void run_start_all(struct sim *s)
{
	size_t i;

	s->count = (size_t)s->options->count;
	s->runs = xcalloc(s->count, sizeof(*s->runs));
	s->limit = loop_timer_new(s->loop, on_limit, s);
	s->linger = loop_timer_new(s->loop, on_linger, s);
	loop_timer_set(s->limit, s->options->timeout_ms);
	s->started = loop_now(s->loop);
	for (i = 0; i < s->count; i++) {
		struct run *r = &s->runs[i];

		*r = (struct run){ .sim = s, .number = i + 1, .status = "errored", .accepted_ms = -1, .running_ms = -1,
			.final_ms = -1, .faults = json_new_array(),
			.objects = { { .file = &s->plan, .name = "plan" },
				{ .file = &s->configuration, .name = "configuration" } } };
		payload_make_ids(r);
	}
	while (s->sent < s->count && s->sent < (size_t)s->options->parallel)
		post_next(s);
}

void run_free_all(struct sim *s)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		struct run *r = &s->runs[i];

		if (r->request != NULL)
			http_cancel(r->request);
		secret_free(r->token);
		free(r->callback_path);
		free(r->plan_path);
		free(r->configuration_path);
		free(r->objects[OBJECT_PLAN].path);
		free(r->objects[OBJECT_CONFIGURATION].path);
		free(r->payload);
		free(r->final_text);
		json_free(r->final);
		json_free(r->faults);
	}
	free(s->runs);
	loop_timer_free(s->limit);
	loop_timer_free(s->linger);
}
