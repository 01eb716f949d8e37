/* The sender's side of run tasks, one struct run each, any number at once. The request is posted, several times if
 * that was asked for; 200 accepts it, anything else makes the run unreachable. What the receiver asks for then is
 * answered in serve.c and callback.c.
 *
 * A run is over when its final callback has been answered and all requests have been, or at the time limit (errored).
 * Whatever the receiver does against the protocol is said at once and remembered as a fault. */
#include <stdlib.h>
#include <string.h>

#include "base/hmac.h"
#include "base/mem.h"
#include "sim/payload.h"
#include "sim/report.h"
#include "sim/run.h"

#define POST_MS 30000

int64_t run_elapsed(const struct run *r)
{
	return loop_now(r->sim->loop) - r->sent_at;
}

static void on_linger(void *context)
{
	struct sim *s = context;

	loop_stop(s->loop);
}

static void settle(struct run *r, const char *status)
{
	struct sim *s = r->sim;

	if (r->over)
		return;
	r->over = true;
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
		struct run *r = &s->runs[i];

		if (r->over)
			continue;
		if (r->final != NULL && !r->final_sent)
			report_fault(r, "the final callback was not sent again although its answer was lost");
		else
			report_line(s, r, "no final callback within the time limit");
		settle(r, r->final != NULL ? r->status : "errored");
	}
}

/* Posting */

static void post_next(struct sim *s);

static bool on_body(void *context, const char *data, size_t len)
{
	struct post *p = context;

	(void)data;
	p->body += len;
	return true;
}

/* The one that counts. */
static void first_answered(struct run *r, enum http_end end, int status, const char *why)
{
	struct sim *s = r->sim;

	post_next(s);
	if (end != HTTP_ANSWERED) {
		report_line(s, r, "run task request not delivered: %s", why);
		settle(r, "unreachable");
	} else if (status != 200) {
		report_line(s, r, "run task request not accepted (%d)", status);
		if (status > 200 && status < 300)
			report_fault(r, "the request was answered %d; HCP Terraform takes nothing but 200", status);
		settle(r, "unreachable");
	} else {
		r->accepted_ms = run_elapsed(r);
		report_line(s, r, "run task request accepted (200)");
	}
}

static void duplicate_answered(struct run *r, enum http_end end, int status, const char *why)
{
	if (end != HTTP_ANSWERED)
		report_fault(r, "the same request again was not taken: %s", why);
	else if (status != 200)
		report_fault(r, "the same request again was answered %d instead of 200", status);
	else
		report_line(r->sim, r, "the same request again accepted (200)");
}

static void post(struct run *r, enum post_kind kind);

/* Ends the run when nothing is left to come. */
static void settle_if_complete(struct run *r)
{
	const struct options *o = r->sim->options;

	if (r->over || r->posts_open > 0)
		return;
	if (o->verification)
		settle(r, "verified");
	else if (r->canceled && r->final_sent)
		settle(r, "canceled");
	else if (!r->final_sent)
		return;
	else if (o->duplicate_later && r->posts[r->posts_count - 1].kind != POST_LATER)
		post(r, POST_LATER);
	else
		settle(r, r->status);
}

static void on_posted(void *context, enum http_end end, const struct http_head *head, const char *why)
{
	static const char *const names[] = { [POST_FIRST] = "request", [POST_DUPLICATE] = "duplicate",
		[POST_LATER] = "duplicate later" };
	struct post *p = context;
	struct run *r = p->run;

	p->request = NULL;
	r->posts_open--;
	report_exchange(r, names[p->kind], "POST", strlen(r->payload), end == HTTP_ANSWERED ? (unsigned)head->status : 0);
	if (end == HTTP_ANSWERED && head->status == 200 && p->body > 0)
		report_warning(r, "the answer to the request has a body; there are senders that take one for the result");
	if (p->kind == POST_FIRST)
		first_answered(r, end, head->status, why);
	else
		duplicate_answered(r, end, head->status, why);
	settle_if_complete(r);
}

static void post(struct run *r, enum post_kind kind)
{
	struct sim *s = r->sim;
	struct post *p = &r->posts[r->posts_count++];
	char hex[HMAC_HEX_SIZE] = "", *signature;
	const char *headers[] = { NULL, NULL };
	struct http_job job = { .method = "POST", .url = s->endpoint, .ca_file = s->options->ca_file,
		.content_type = "application/json", .headers = headers, .connect_ms = POST_MS, .idle_ms = POST_MS,
		.total_ms = POST_MS, .data = on_body, .done = on_posted, .context = p };

	*p = (struct post){ .run = r, .kind = kind };
	if (s->key != NULL)
		hmac_sign(s->key, r->payload, strlen(r->payload), hex);
	signature = xasprintf(s->key != NULL ? "X-TFC-Task-Signature: %s" : "X-TFC-Task-Signature;%s", hex);
	headers[0] = signature;
	job.body = r->payload;
	job.body_len = strlen(r->payload);
	r->posts_open++;
	p->request = http_start(s->http, &job);
	free(signature);
}

static void post_next(struct sim *s)
{
	struct run *r = &s->runs[s->sent];
	int64_t i;

	if (s->sent == s->count)
		return;
	s->sent++;
	r->sent_at = r->heard_at = loop_now(s->loop);
	r->payload = payload_text(r);
	r->posts = xcalloc((size_t)s->options->duplicate + 2, sizeof(*r->posts));
	if (s->options->verification)
		report_line(s, r, "verification request sent");
	else
		report_line(s, r, "run task request sent (%s, %s)", s->options->stage, r->task_result_id);
	post(r, POST_FIRST);
	for (i = 0; i < s->options->duplicate; i++)
		post(r, POST_DUPLICATE);
}

void run_answer_sent(void *sim, void *run, bool whole)
{
	struct run *r = run;

	(void)sim;
	r->final_sent = true;
	r->final_whole = r->final_whole || (whole && r->final != NULL);
	settle_if_complete(r);
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
			.final_ms = -1, .faults = json_new_array(), .warnings = json_new_array(),
			.transcript = s->options->json ? json_new_array() : NULL,
			.objects = { { .file = &s->plan, .name = "plan" },
				{ .file = &s->configuration, .name = "configuration" } } };
		payload_make_ids(r);
	}
	while (s->sent < s->count && s->sent < (size_t)s->options->parallel)
		post_next(s);
}

void run_free_all(struct sim *s)
{
	size_t i, k;

	for (i = 0; i < s->count; i++) {
		struct run *r = &s->runs[i];

		for (k = 0; k < r->posts_count; k++)
			if (r->posts[k].request != NULL)
				http_cancel(r->posts[k].request);
		free(r->posts);
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
		json_free(r->warnings);
		json_free(r->transcript);
	}
	free(s->runs);
	loop_timer_free(s->limit);
	loop_timer_free(s->linger);
}
