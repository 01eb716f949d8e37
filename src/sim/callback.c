/* Callbacks (HCP Terraform, "Run tasks integration", run task callback): JSON:API documents, Content-Type
 * application/vnd.api+json (415 without), of the schema (422); any number of running ones, then one final one, which
 * ends the run. What comes later is answered 409; the same final again is in order, because the answer to the first
 * may have been lost. Between two callbacks no more than ten minutes may pass.
 *
 * Everything is checked and said, also if the sender's mood is to answer with an error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sim/answer.h"
#include "sim/callback.h"
#include "sim/report.h"
#include "sim/schema.h"
#include "sim/terraform.h"

#define PROGRESS_MS ((int64_t)10 * 60 * 1000)
#define MEDIA_TYPE "application/vnd.api+json"

struct callback callback_parts(const json_t *document)
{
	const json_t *data = json_get(document, "data"), *attributes = json_get(data, "attributes");

	return (struct callback){
		.status = json_get_string(attributes, "status"),
		.message = json_get_string(attributes, "message"),
		.url = json_get_string(attributes, "url"),
		.outcomes = json_get(json_get(json_get(data, "relationships"), "outcomes"), "data"),
	};
}

struct complaint {
	struct run *run;
	char first[512];	/* violation */
};

static void complain(void *context, bool warning, const char *text)
{
	struct complaint *c = context;

	if (warning) {
		report_warning(c->run, "callback: %s", text);
		return;
	}
	report_fault(c->run, "callback: %s", text);
	if (c->first[0] == '\0')
		snprintf(c->first, sizeof(c->first), "%.*s", (int)text_utf8_cut(text, strlen(text),
			sizeof(c->first) - 1), text);
}

/* The document, or NULL after answering. */
static json_t *read_document(struct run *r, const struct site_request *q, struct site_answer *a)
{
	const char *type = site_header(q, "Content-Type");
	size_t n = type != NULL ? strcspn(type, "; ") : 0;
	struct complaint complaint = { .run = r };
	const struct schema_report report = { .say = complain, .context = &complaint };
	char why[JSON_WHY];
	json_t *document = NULL;

	if (n != sizeof(MEDIA_TYPE) - 1 || strncasecmp(type, MEDIA_TYPE, n) != 0) {
		report_fault(r, "callback: its Content-Type must be " MEDIA_TYPE ", not %s", type != NULL ? type : "missing");
		answer_error(a, 415, NULL);
		return NULL;
	}
	if (q->too_long) {
		report_fault(r, "callback: its body is longer than %zu MiB", SITE_BODY_MAX >> 20);
		answer_error(a, 413, NULL);
		return NULL;
	}
	if (json_parse(q->body, q->len, &document, why) != 0) {
		report_fault(r, "callback: its body is no JSON: %s", why);
		answer_error(a, 422, why);
		return NULL;
	}
	if (schema_check(document, &report) == 0)
		return document;
	answer_error(a, 422, complaint.first);
	json_free(document);
	return NULL;
}

static void check_message(struct run *r, const char *message)
{
	size_t i, n;

	for (i = 0; message != NULL && message[i] != '\0'; i++) {
		n = terraform_colour(message + i);
		if (n == 0)
			continue;
		report_warning(r, "callback: the terraform CLI takes %.*s in the message for a colour and leaves it out",
			(int)n, message + i);
		i += n - 1;
	}
}

static void check_silence(struct run *r)
{
	int64_t now = loop_now(r->sim->loop), silent = now - r->heard_at;

	r->heard_at = now;
	if (silent > PROGRESS_MS)
		report_fault(r, "callback: the first for %lld minutes; HCP Terraform waits for ten",
			(long long)(silent / 60000));
}

static void answer_closed(struct run *r, bool final, const struct site_request *q, struct site_answer *a)
{
	bool same = final && r->final != NULL && strlen(r->final_text) == q->len &&
		memcmp(r->final_text, q->body, q->len) == 0;

	if (r->final == NULL)
		report_fault(r, "a callback after it was said that the run is canceled (409)");
	else if (!final)
		report_fault(r, "a running callback after the final one");
	else if (!same)
		report_fault(r, "a second final callback that differs from the first");
	else if (r->final_whole)
		report_warning(r, "the final callback was sent again although it had been accepted");
	else
		report_line(r->sim, r, "the final callback again (409)");
	answer_error(a, 409, "the task result is in a terminal state and cannot be updated");
	if (final && r->final != NULL)
		a->sent_context = r;
}

static void take(struct run *r, const struct callback *c, json_t *document, const struct site_request *q)
{
	bool final = strcmp(c->status, "running") != 0;

	r->callbacks++;
	if (!final) {
		if (r->running_ms < 0)
			r->running_ms = run_elapsed(r);
		return;
	}
	r->final_ms = run_elapsed(r);
	r->final = json_copy(document);
	r->final_text = xstrndup(q->body, q->len);
	r->status = callback_parts(r->final).status;
}

static void answer_open(struct run *r, json_t *document, const struct site_request *q, struct site_answer *a)
{
	struct callback c = callback_parts(document);
	bool final = strcmp(c.status, "running") != 0;
	const struct mood_answer *m = answer_mood(r, final ? MOOD_FINAL : MOOD_RUNNING, a);
	const char *message = c.message != NULL ? c.message : "(no message)";
	unsigned status = m != NULL ? m->status : 200;

	if (status >= 400) {
		answer_error(a, status, NULL);
		r->canceled = status == 409;
		a->sent_context = r->canceled ? r : NULL;
		report_line(r->sim, r, "%s: not taken (%u)", c.status, status);
		return;
	}
	a->status = status;
	if (m != NULL && m->end == MOOD_DROP) {
		report_line(r->sim, r, "%s: not taken (connection closed)", c.status);
		return;
	}
	report_line(r->sim, r, "%s: %.*s%s", c.status, (int)strcspn(message, "\n"), message,
		m != NULL && m->end == MOOD_LOST ? " (the answer is lost)" : "");
	take(r, &c, document, q);
	if (final && m != NULL && m->end == MOOD_LOST)
		return;
	a->sent_context = final ? r : NULL;
}

const char *callback_answer(struct run *r, const struct site_request *q, struct site_answer *a)
{
	json_t *document = read_document(r, q, a);
	struct callback c;
	bool final;

	if (document == NULL)
		return "callback";
	c = callback_parts(document);
	final = strcmp(c.status, "running") != 0;
	check_message(r, c.message);
	if (r->final != NULL || r->canceled) {
		answer_closed(r, final, q, a);
	} else {
		check_silence(r);
		answer_open(r, document, q, a);
	}
	json_free(document);
	return final ? "final" : "running";
}
