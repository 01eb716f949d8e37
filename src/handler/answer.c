/*
 * What a request to the handler is answered.
 *
 * Contract: judged in this order, each step only when the ones before are satisfied: path (404), method (405), length
 * (411, 400, 413, without reading the body), the signature over the raw body (401), a verification request (200,
 * nothing is spooled), the rest (415, 400, 403), and at last the spool (503). So nothing a stranger sends is parsed,
 * and nothing but the existence of a path is told to one.
 *
 * 200 has no body, because some senders read one as the result. It is said to a run task request only when its job is
 * durable in the spool, whether by this request or by an earlier one of the same task result. Everything else that
 * could be wrong on our side is 503 with a Retry-After: the sender asks again, and nothing was accepted.
 *
 * Logged is one line for each request: outcome, endpoint, the job's id when it is known, and for refusals the reason,
 * which for a signature the client is not told. Never a body, a token or a query.
 *
 * The raw body is wiped when the answer stands. What the JSON parser copied out of it is not: see request_free.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/envelope.h"
#include "base/hmac.h"
#include "base/log.h"
#include "base/request.h"
#include "handler/answer.h"
#include "handler/health.h"

/* One POST to an endpoint on its way to an answer. */
struct post {
	struct settings *settings;
	const struct settings_endpoint *endpoint;
	const struct http_in *in;
	struct http_out *out;
	struct buf body;
	char id[SPOOL_ID_SIZE];		/* "" until it is known */
};

static void refuse_because(struct post *p, int status, const char *detail, const char *reason)
{
	const char *job = p->id[0] ? p->id : NULL;

	http_error(p->out, status, detail);
	log_warn(job, "%s: %d: %s", p->endpoint->config->name, status, reason);
}

static void refuse(struct post *p, int status, const char *detail)
{
	refuse_because(p, status, detail, detail);
}

/* For trouble on our side: the client learns that it may ask again, the log learns why. */
static void refuse_for_now(struct post *p, const char *reason)
{
	refuse_because(p, 503, "the request cannot be taken now, please send it again later", reason);
}

/* The Content-Length, which CGI gives as text: digits only. True with *length within the endpoint's limit, else
 * answered. */
static bool judge_length(struct post *p, size_t *length)
{
	const char *text = p->in->content_length;
	uint64_t limit = p->settings->config->limit_body, n = 0;
	char detail[120];

	if (!text || !*text) {
		refuse(p, 411, "a Content-Length is needed");
		return false;
	}
	if (text[strspn(text, "0123456789")] != '\0') {
		refuse(p, 400, "Content-Length: not a number");
		return false;
	}
	for (; *text && n <= limit; text++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n))
			n = UINT64_MAX;
	if (n > limit || n > SIZE_MAX / 2) {
		snprintf(detail, sizeof(detail), "the body is larger than %" PRIu64 " bytes (limits.body)", limit);
		refuse(p, 413, detail);
		return false;
	}
	*length = (size_t)n;
	return true;
}

/* Reads the body whole. Its memory is got in one piece, so that no copy is left behind by growing. */
static bool read_body(struct post *p, size_t length)
{
	char *into;

	p->body.max = length;
	into = buf_reserve(&p->body, length);
	if (!into) {
		refuse_for_now(p, "no memory for the body");
		return false;
	}
	while (p->body.len < length) {
		ssize_t n = p->in->read(p->in->context, into + p->body.len, length - p->body.len);

		if (n <= 0) {
			refuse(p, 400, "the body is shorter than its Content-Length says");
			return false;
		}
		p->body.len += (size_t)n;
	}
	into[length] = '\0';
	return true;
}

static bool judge_signature(struct post *p)
{
	const struct settings_endpoint *e = p->endpoint;
	const char *signature = p->in->signature;
	const char *detail = "the request is not signed with this endpoint's HMAC key";

	if (e->config->unsigned_requests)
		return true;
	if (e->trouble) {
		refuse_for_now(p, e->trouble);
		return false;
	}
	if (!signature || !*signature) {
		refuse_because(p, 401, detail, "no X-TFC-Task-Signature");
		return false;
	}
	if (!hmac_verify(e->keys, e->key_count, buf_text(&p->body), p->body.len, signature)) {
		refuse_because(p, 401, detail, "X-TFC-Task-Signature matches none of the endpoint's keys");
		return false;
	}
	return true;
}

/* A missing Content-Type is let pass: the body decides. */
static bool is_json(const char *content_type)
{
	static const char *const accepted[] = { "application/json", "application/vnd.api+json" };
	size_t len;

	if (!content_type || !*content_type)
		return true;
	content_type += strspn(content_type, " \t");
	len = strcspn(content_type, "; \t");
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
		if (len == strlen(accepted[i]) && strncasecmp(content_type, accepted[i], len) == 0)
			return true;
	return false;
}

/* Whether what is accepted could be sealed so that the spooler can open it. */
static bool spool_ready(struct post *p)
{
	struct settings *s = p->settings;
	char reason[200];

	if (s->seal_trouble) {
		refuse_for_now(p, s->seal_trouble);
		return false;
	}
	if (!s->spool) {
		refuse_for_now(p, s->spool_trouble);
		return false;
	}
	if (!spool_can_unseal(s->spool, s->seal.id)) {
		snprintf(reason, sizeof(reason), "the spooler has not announced that it can open the seal key %s: "
			"run planspoold (or planspoold --once) with its secret key in seal.secret_key", s->seal.id);
		refuse_for_now(p, reason);
		atomic_store(&s->spool_suspect, true);
		return false;
	}
	return true;
}

/* The one way to 200 for a job. */
static void spool_it(struct post *p, const struct request *r)
{
	const char *name = p->endpoint->config->name;
	enum spool_accepted accepted;
	char reason[200];
	char *envelope;
	size_t len;

	if (!spool_ready(p))
		return;
	envelope = envelope_make(r, name, p->id, clock_wall(), &p->settings->seal);
	len = strlen(envelope);
	if (len > SPOOL_ENVELOPE_MAX) {
		free(envelope);
		refuse(p, 413, "the request is too large for the spool");
		return;
	}
	errno = 0;
	accepted = spool_accept(p->settings->spool, p->id, envelope, len);
	if (accepted == SPOOL_REFUSED)
		snprintf(reason, sizeof(reason), "cannot write into the spool: %s", strerror(errno));
	free(envelope);
	if (accepted == SPOOL_REFUSED) {
		refuse_for_now(p, reason);
		atomic_store(&p->settings->spool_suspect, true);
		return;
	}
	p->out->status = 200;
	log_info(p->id, "%s: 200: %s, %s, %zu bytes", name, accepted == SPOOL_ACCEPTED ? "accepted" : "duplicate",
		stage_name(r->stage), p->body.len);
}

static void judge_request(struct post *p)
{
	const char *name = p->endpoint->config->name;
	char why[REQUEST_WHY];
	struct request request = { 0 };
	enum request_kind kind = request_parse(buf_text(&p->body), p->body.len, &request, why);

	if (kind == REQUEST_VERIFICATION) {
		p->out->status = 200;
		log_info(NULL, "%s: 200: verification request", name);
		return;
	}
	if (kind == REQUEST_RUN_TASK)
		spool_id(name, request.task_result_id, p->id);
	if (!is_json(p->in->content_type))
		refuse(p, 415, "the Content-Type is not application/json");
	else if (kind == REQUEST_BAD)
		refuse(p, 400, why);
	else if (request_judge(&request, p->endpoint->config, why))
		refuse(p, 403, why);
	else
		spool_it(p, &request);
	if (kind == REQUEST_RUN_TASK)
		request_free(&request);
}

static void answer_post(struct post *p)
{
	const char *method = p->in->method ? p->in->method : "";
	size_t length;

	if (strcmp(method, "POST") != 0) {
		refuse(p, 405, "run task requests are sent with POST");
		p->out->allow = "POST";
		return;
	}
	if (!judge_length(p, &length) || !read_body(p, length) || !judge_signature(p))
		return;
	judge_request(p);
}

void answer(struct settings *settings, const struct http_in *in, struct http_out *out)
{
	const char *path = in->path_info && *in->path_info ? in->path_info : in->script_name ? in->script_name : "";
	struct post post = { .settings = settings, .in = in, .out = out };
	const struct settings_endpoint *asked;

	*out = (struct http_out){ 0 };
	if (!settings) {
		http_error(out, 503, "the request cannot be taken now, please send it again later");
		log_error(NULL, "503: there is no usable configuration");
		return;
	}
	post.endpoint = settings_endpoint_at(settings, path);
	if (post.endpoint) {
		answer_post(&post);
		buf_wipe(&post.body);
	} else if ((asked = health_endpoint(settings, path)) != NULL) {
		health_answer(settings, asked, in, out);
	} else {
		http_error(out, 404, "there is no endpoint with this path");
		log_info(NULL, "404: no endpoint with the path %.200s", path);
	}
}
