/* A client of HCP Packer's API.
 *
 * Contract: requests are made one after the other, on a loop of their own. The token comes from the client credentials
 * (OAuth 2, RFC 6749 section 4.4), is renewed RENEW_MS before it ends and once more when the API says 401, as a long
 * pull outlives it. It is sent to the API's origin only: redirects are not followed.
 *
 * 429 and 5xx and trouble on the way are tried again, TRIES times in all, after the time that Retry-After says or after
 * 1, 2, 4, 8 seconds; nothing is waited for longer than WAIT_MAX_MS, as somebody is waiting for the command. All else
 * is final.
 *
 * HCP answers 409 with code 10 for a version that it does not have.
 *
 * Limits: ANSWER_MAX bytes an answer, PAGES_MAX pages a list; a page token that comes twice ends the list as an
 * error. */
#include "cli/hcp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/url.h"
#include "net/http.h"
#include "net/loop.h"

#define TRIES 5
#define WAIT_MAX_MS 60000
#define RENEW_MS 300000
#define ANSWER_MAX (256u << 20)
#define PAGES_MAX 100000
#define PAGE_SIZE "100"
#define AUDIENCE "https://api.hashicorp.cloud"
#define TOKEN_PATH "/oauth2/token"

struct hcp {
	const struct hcp_settings *settings;
	char *prefix;			/* of every path of the API */
	struct loop *loop;
	struct http *http;
	struct loop_timer *timer;
	struct secret *token;		/* NULL: none yet */
	int64_t token_until_ms;		/* on the loop's clock */
	char why[HCP_WHY];
	/* Of the request under way: */
	struct buf body;
	int status;
	int64_t retry_after_ms;		/* below 0: not said */
	enum http_end end;
};

static void fail(struct hcp *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(struct hcp *h, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(h->why, sizeof(h->why), format, args);
	va_end(args);
}

const char *hcp_why(const struct hcp *h)
{
	return h->why;
}

static bool is_base(const char *text, char why[HCP_WHY])
{
	struct url url;
	char reason[URL_WHY];

	if (url_parse(text, &url, reason) != 0) {
		snprintf(why, HCP_WHY, "%.200s: %s", text, reason);
		return false;
	}
	if (url.path_len < strlen(url.rest) || strlen(url.rest) > 200) {
		snprintf(why, HCP_WHY, "%.200s: the base of the API has no query", text);
		return false;
	}
	return true;
}

static bool is_id(const char *s)
{
	return s != NULL && *s != '\0' && strlen(s) <= 64 &&
		strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(s);
}

static void wake(void *context)
{
	loop_stop(((struct hcp *)context)->loop);
}

struct hcp *hcp_new(const struct hcp_settings *s, char why[HCP_WHY])
{
	struct hcp *h;

	if (!is_base(s->api, why) || !is_base(s->auth, why))
		return NULL;
	if (!is_id(s->organization) || !is_id(s->project)) {
		snprintf(why, HCP_WHY, "the ids of organization and project are letters, digits, - and _");
		return NULL;
	}
	h = xcalloc(1, sizeof(*h));
	h->settings = s;
	h->prefix = xasprintf("/packer/2023-01-01/organizations/%s/projects/%s", s->organization, s->project);
	h->loop = loop_new();
	h->http = http_new(h->loop, PLANSPOOL_USER_AGENT);
	h->timer = loop_timer_new(h->loop, wake, h);
	h->body = (struct buf)BUF_INIT(ANSWER_MAX);
	return h;
}

void hcp_free(struct hcp *h)
{
	if (h == NULL)
		return;
	loop_timer_free(h->timer);
	http_free(h->http);
	loop_free(h->loop);
	secret_free(h->token);
	buf_wipe(&h->body);
	free(h->prefix);
	free(h);
}

char *hcp_escape(const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~";
	struct buf out = BUF_INIT(3 * strlen(s) + 1);
	char *text;

	for (; *s != '\0'; s++) {
		/* A dot is left as it is inside of a word only: no segment may be . or .. */
		if (strchr(plain, *s) != NULL || (*s == '.' && out.len > 0 && out.data[out.len - 1] != '.' &&
			s[1] != '\0'))
			buf_printf(&out, "%c", *s);
		else
			buf_printf(&out, "%%%02X", (unsigned char)*s);
	}
	text = xstrdup(buf_text(&out));
	buf_free(&out);
	return text;
}

static bool on_data(void *context, const char *data, size_t len)
{
	struct hcp *h = context;

	return buf_append(&h->body, data, len) == 0;
}

/* Seconds; a date is taken as not said. */
static int64_t retry_after(const struct http_head *head)
{
	int64_t s;

	if (head->retry_after != NULL && text_integer(head->retry_after, 0, 86400, &s) == 0)
		return s * 1000;
	return -1;
}

static void on_done(void *context, enum http_end end, const struct http_head *head, const char *why)
{
	struct hcp *h = context;

	h->end = end;
	h->status = head->status;
	h->retry_after_ms = retry_after(head);
	if (end == HTTP_STOPPED)
		fail(h, "an answer is larger than %u MiB", ANSWER_MAX >> 20);
	else if (end != HTTP_ANSWERED)
		fail(h, "%s", why);
	loop_stop(h->loop);
}

/* One request and its answer. */
static void ask(struct hcp *h, struct http_job *job)
{
	job->ca_file = h->settings->ca_file;
	job->accept = "application/json";
	job->connect_ms = 30000;
	job->idle_ms = 60000;
	job->total_ms = 300000;
	job->data = on_data;
	job->done = on_done;
	job->context = h;
	buf_wipe(&h->body);
	h->status = 0;
	http_start(h->http, job);
	loop_run(h->loop);
}

static bool worth_repeating(const struct hcp *h)
{
	return h->end == HTTP_TROUBLE || (h->end == HTTP_ANSWERED && (h->status == 429 || h->status >= 500));
}

/* The same until there is an answer that counts, or there were too many tries. */
static void ask_again(struct hcp *h, struct http_job *job)
{
	for (unsigned try = 0;; try++) {
		int64_t wait = INT64_C(1000) << try;

		ask(h, job);
		if (!worth_repeating(h) || try + 1 == TRIES)
			return;
		if (h->retry_after_ms >= 0)
			wait = h->retry_after_ms;
		if (wait > WAIT_MAX_MS)
			return;
		loop_timer_set(h->timer, wait);
		loop_run(h->loop);
	}
}

/* What the answer says is wrong, in fail. google.rpc.Status of the API, OAuth's error of the token's server. */
static void fail_answer(struct hcp *h, const char *what)
{
	char why[JSON_WHY];
	json_t *answer = NULL;
	const char *text = NULL;

	if (h->end != HTTP_ANSWERED) {
		char *before = xstrdup(h->why);

		fail(h, "%s: %s", what, before);
		free(before);
		return;
	}
	if (json_parse(buf_text(&h->body), h->body.len, &answer, why) == 0) {
		text = json_get_string(answer, "error_description");
		text = text != NULL ? text : json_get_string(answer, "message");
		text = text != NULL ? text : json_get_string(answer, "error");
	}
	fail(h, "%s: HTTP %d%s%.200s", what, h->status, text != NULL ? ": " : "", text != NULL ? text : "");
	json_free(answer);
}

/* Appends key=value with the value's bytes escaped; a secret's too. */
static void put_field(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, "%s%s=", out->len > 0 ? "&" : "", key);
	for (; *value != '\0'; value++)
		buf_printf(out, "%%%02X", (unsigned char)*value);
}

static int take_token(struct hcp *h)
{
	char why[JSON_WHY];
	json_t *answer = NULL;
	const char *token;
	int64_t seconds, margin;
	int rc = -1;

	if (h->end != HTTP_ANSWERED || h->status != 200) {
		fail_answer(h, "no token");
		return -1;
	}
	if (json_parse(buf_text(&h->body), h->body.len, &answer, why) != 0) {
		fail(h, "no token: the answer is no JSON");
		return -1;
	}
	token = json_get_string(answer, "access_token");
	seconds = json_get_integer(answer, "expires_in", 3600);
	if (token == NULL || *token == '\0') {
		fail(h, "no token: the answer has none");
	} else {
		margin = seconds * 500 < RENEW_MS ? seconds * 500 : RENEW_MS;
		secret_free(h->token);
		h->token = secret_new(token, strlen(token));
		h->token_until_ms = loop_now(h->loop) + seconds * 1000 - margin;
		rc = 0;
	}
	json_free(answer);
	return rc;
}

static int renew(struct hcp *h)
{
	char *url = xasprintf("%s" TOKEN_PATH, h->settings->auth);
	struct secret *address = secret_new(url, strlen(url));
	struct buf form = BUF_INIT(8 * 65536);
	struct http_job job = { .method = "POST", .url = address, .content_type = "application/x-www-form-urlencoded" };
	int rc;

	put_field(&form, "grant_type", "client_credentials");
	put_field(&form, "client_id", secret_data(h->settings->id));
	put_field(&form, "client_secret", secret_data(h->settings->secret));
	put_field(&form, "audience", AUDIENCE);
	job.body = form.data;
	job.body_len = form.len;
	ask_again(h, &job);
	rc = take_token(h);
	buf_wipe(&form);
	buf_wipe(&h->body);
	secret_free(address);
	free(url);
	return rc;
}

/* A missing version is 409 with code 10. */
static bool is_absent(const struct hcp *h)
{
	char why[JSON_WHY];
	json_t *answer = NULL;
	bool absent = h->status == 404;

	if (h->status == 409 && json_parse(buf_text(&h->body), h->body.len, &answer, why) == 0) {
		int64_t code = json_get_integer(answer, "code", 0);

		absent = code == 10 || code == 5;
	}
	json_free(answer);
	return absent;
}

enum hcp_result hcp_get(struct hcp *h, const char *path, json_t **out)
{
	char *url = xasprintf("%s%s%s", h->settings->api, h->prefix, path), why[JSON_WHY];
	struct secret *address = secret_new(url, strlen(url));
	enum hcp_result result = HCP_FAILED;
	bool renewed = false;

	*out = NULL;
	for (;;) {
		struct http_job job = { .method = "GET", .url = address };

		if ((h->token == NULL || loop_now(h->loop) >= h->token_until_ms) && renew(h) != 0)
			goto out;
		job.bearer = h->token;
		ask_again(h, &job);
		if (h->end != HTTP_ANSWERED || h->status != 401 || renewed)
			break;
		renewed = true;
		h->token_until_ms = 0;
	}
	if (h->end == HTTP_ANSWERED && is_absent(h))
		result = HCP_ABSENT;
	else if (h->end == HTTP_ANSWERED && h->status == 403)
		result = HCP_DENIED;
	if (h->end != HTTP_ANSWERED || h->status != 200)
		fail_answer(h, path);
	else if (json_parse(buf_text(&h->body), h->body.len, out, why) != 0)
		fail(h, "%s: %s", path, why);
	else
		result = HCP_OK;
out:
	secret_free(address);
	free(url);
	return result;
}

enum hcp_result hcp_list(struct hcp *h, const char *path, const char *key,
	void (*each)(void *context, const json_t *element),
	void *context)
{
	char *token = xstrdup("");
	enum hcp_result result;

	for (unsigned page = 0;; page++) {
		char *escaped = hcp_escape(token), *whole = xasprintf("%s?pagination.page_size=" PAGE_SIZE "%s%s", path,
			*escaped != '\0' ? "&pagination.next_page_token=" : "", escaped);
		const char *next;
		json_t *answer;

		free(escaped);
		result = hcp_get(h, whole, &answer);
		free(whole);
		if (result != HCP_OK)
			break;
		for (size_t i = 0; i < json_count(json_get(answer, key)); i++)
			each(context, json_at(json_get(answer, key), i));
		next = json_get_string(json_get(answer, "pagination"), "next_page_token");
		if (next != NULL && *next != '\0' && (strcmp(next, token) == 0 || page == PAGES_MAX)) {
			fail(h, "%s: the list does not end", path);
			result = HCP_FAILED;
			next = NULL;
		}
		free(token);
		token = xstrdup(next != NULL ? next : "");
		json_free(answer);
		if (*token == '\0')
			break;
	}
	free(token);
	return result;
}
