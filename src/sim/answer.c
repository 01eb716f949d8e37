/* Parts of answers as HCP Terraform's API has them (API documentation, "Response Codes", "Rate Limiting"): errors are
 * JSON:API error objects whose status is a text, but a number with 429; X-RateLimit-Limit is in requests a second,
 * X-RateLimit-Reset in seconds from now, with a fraction.
 *
 * The rate limit counts whole seconds, over all runs together, as they belong to one user. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/answer.h"

static const char *title(unsigned status)
{
	static const struct {
		unsigned status;
		const char *title;
	} titles[] = {
		{ 400, "bad request" }, { 401, "unauthorized" }, { 403, "forbidden" }, { 404, "not found" },
		{ 405, "method not allowed" }, { 409, "conflict" }, { 413, "payload too large" },
		{ 415, "unsupported media type" }, { 422, "unprocessable entity" }, { 429, "Too many requests" },
	};
	size_t i;

	for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return status < 500 ? "refused" : "server error";
}

void answer_error(struct site_answer *a, unsigned status, const char *detail)
{
	json_t *document = json_new_object(), *errors = json_new_array(), *error = json_new_object();
	char *code = xasprintf("%u", status);

	if (status == 429)
		json_put_integer(error, "status", status);
	else
		json_put_string(error, "status", code);
	json_put_string(error, "title", title(status));
	json_put_string(error, "detail", detail);
	json_add(errors, error);
	json_put(document, "errors", errors);
	a->status = status;
	a->content_type = "application/vnd.api+json";
	a->body = json_text(document);
	json_free(document);
	free(code);
}

void answer_header(struct site_answer *a, const char *format, ...)
{
	va_list arguments;
	char text[256];
	size_t i;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (i = 0; i < SITE_HEADERS - 1 && a->headers[i] != NULL; i++)
		;
	free(a->headers[i]);
	a->headers[i] = xstrdup(text);
}

const struct mood_answer *answer_mood(struct run *r, enum mood_kind kind, struct site_answer *a)
{
	static const struct mood_answer not_ready = { .end = MOOD_ANSWER, .status = 204 };
	static const enum site_end ends[] = { [MOOD_ANSWER] = SITE_WHOLE, [MOOD_DROP] = SITE_DROP,
		[MOOD_LOST] = SITE_DROP, [MOOD_CUT] = SITE_CUT };
	const struct options *o = r->sim->options;
	size_t n = r->asked[kind]++, vain = kind == MOOD_PLAN ? (size_t)o->plan_not_ready : 0;
	const struct mood_answer *m = n < vain ? &not_ready : mood_at(&o->mood, kind, n - vain);

	if (m == NULL)
		return NULL;
	a->end = ends[m->end];
	a->after_ms += m->after_ms;
	if (m->retry_after != NULL)
		answer_header(a, "Retry-After: %s", m->retry_after);
	if (m->reset != NULL)
		answer_header(a, "X-RateLimit-Reset: %s", m->reset);
	return m;
}

bool answer_limited(struct sim *s, struct site_answer *a)
{
	int64_t now = loop_now(s->loop), limit = s->options->rate_limit;

	if (limit == 0)
		return false;
	if (now >= s->second_began + 1000) {
		s->second_began = now;
		s->second_requests = 0;
	}
	answer_header(a, "X-RateLimit-Limit: %lld", (long long)limit);
	if (++s->second_requests <= limit)
		return false;
	answer_error(a, 429, "You have exceeded the API's rate limit.");
	answer_header(a, "X-RateLimit-Reset: %.3f", (double)(s->second_began + 1000 - now) / 1000);
	return true;
}
