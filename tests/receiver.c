/* A receiver of run tasks for tests of planspool-sim: it checks the signature of each request and then does what
 * its path says, one step after the other, right or wrong.
 *
 * Usage: receiver KEY-FILE CA-FILE. Prints the address it serves on, then a line for each run. What the simulator
 * answers must be what the step expects; if it is not, that is printed with "WRONG". Runs until it is killed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hmac.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "net/http.h"
#include "net/loop.h"
#include "sim/site.h"

#define RESULT(status, message) \
	"{\"data\":{\"type\":\"task-results\",\"attributes\":{\"status\":\"" status "\",\"message\":\"" message "\"}"
#define OUTCOME(id, tags) \
	"{\"type\":\"task-result-outcomes\",\"attributes\":{" \
	"\"outcome-id\":\"" id "\",\"description\":\"About " id "\"," \
	"\"tags\":{" tags "},\"body\":\"# " id "\",\"url\":\"https://example.com/" id "\"}}"
#define RUNNING RESULT("running", "looking") "}}"
#define PASSED RESULT("passed", "all good") "}}"
#define FAILED RESULT("failed", "2 \\u001b[31mfailed") ",\"relationships\":{\"outcomes\":{\"data\":[" \
	OUTCOME("A_1", "\"Status\":[{\"label\":\"Failed\",\"level\":\"error\"}]," \
		"\"Severity\":[{\"label\":\"High\"},{\"label\":\"x\"}]") \
	"," OUTCOME("LONG_ID_22", "\"Status\":[{\"label\":\"Warned\",\"level\":\"warning\"}]") "]}}}}"

struct step {
	enum { CALLBACK, PLAN, CONFIGURATION, STORAGE } what;
	int expected;
	const char *body;
	bool other_type;	/* CALLBACK: another Content-Type */
	bool other_token;	/* another token; STORAGE: a token at all */
};

#define SEND(status, text, ...) { .what = CALLBACK, .expected = (status), .body = (text), __VA_ARGS__ }
#define GET(place, status, ...) { .what = (place), .expected = (status), __VA_ARGS__ }

static const struct mode {
	const char *path;
	unsigned status;	/* of the answer to the request */
	size_t count;
	struct step steps[8];
} modes[] = {
	{ "/pass", 200, 4, { SEND(200, RUNNING), GET(PLAN, 307), GET(STORAGE, 200), SEND(200, PASSED) } },
	{ "/fail", 200, 3, { GET(PLAN, 307), GET(STORAGE, 200), SEND(200, FAILED) } },
	{ "/configuration", 200, 3, { GET(CONFIGURATION, 302), GET(STORAGE, 200), SEND(200, PASSED) } },
	{ "/no-plan", 200, 1, { SEND(200, PASSED) } },
	{ "/again", 200, 6, { GET(PLAN, 307), GET(STORAGE, 200), GET(STORAGE, 403), GET(PLAN, 307), GET(STORAGE, 200),
		SEND(200, PASSED) } },
	{ "/leak", 200, 3, { GET(PLAN, 307), GET(STORAGE, 200, .other_token = true), SEND(200, PASSED) } },
	{ "/token", 200, 3, { GET(PLAN, 401, .other_token = true), SEND(401, PASSED, .other_token = true),
		SEND(200, PASSED) } },
	{ "/type", 200, 2, { SEND(415, PASSED, .other_type = true), SEND(200, PASSED) } },
	{ "/shape", 200, 5, { SEND(422, "{"), SEND(422, RESULT("skipped", "x") "}}"),
		SEND(422, RESULT("passed", "") "}}"),
		SEND(422, RESULT("failed", "x") ",\"relationships\":{\"outcomes\":{\"data\":[]}}}}"),
		SEND(200, PASSED) } },
	{ "/twice", 200, 4, { SEND(200, FAILED), SEND(409, FAILED), SEND(409, PASSED), SEND(409, RUNNING) } },
	{ "/silent", 200, 1, { SEND(200, RUNNING) } },
	{ "/refuse", 503, 0, { GET(PLAN, 0) } },
};

struct receiver {
	struct loop *loop;
	struct http *http;
	struct secret *key;
	const char *ca_file;
};

struct job {
	struct receiver *receiver;
	const struct mode *mode;
	size_t step;
	json_t *request;
	struct secret *token, *url, *storage;
	size_t bytes;
};

static void next(struct job *j);

static void forget(struct job *j)
{
	json_free(j->request);
	secret_free(j->token);
	secret_free(j->url);
	secret_free(j->storage);
	free(j);
}

static bool on_data(void *context, const char *data, size_t len)
{
	struct job *j = context;

	(void)data;
	j->bytes += len;
	return true;
}

static void on_done(void *context, enum http_end end, const struct http_head *head, const char *why)
{
	struct job *j = context;
	const struct step *s = &j->mode->steps[j->step];

	if (end != HTTP_ANSWERED || head->status != s->expected)
		printf("WRONG: %s, step %zu: %d instead of %d (%s)\n", j->mode->path, j->step + 1, head->status,
			s->expected, why);
	if (head->location != NULL) {
		secret_free(j->storage);
		j->storage = secret_new(head->location, strlen(head->location));
	}
	if (s->what == STORAGE && head->status == 200)
		printf("%s: %zu bytes of %s\n", j->mode->path, j->bytes, head->content_type);
	j->step++;
	next(j);
}

static void next(struct job *j)
{
	static const char *const urls[] = { [CALLBACK] = "task_result_callback_url", [PLAN] = "plan_json_api_url",
		[CONFIGURATION] = "configuration_version_download_url", [STORAGE] = NULL };
	const struct step *s = &j->mode->steps[j->step];
	struct secret *wrong = secret_new("wrong", 5);
	struct http_job job = { .method = s->what == CALLBACK ? "PATCH" : "GET", .ca_file = j->receiver->ca_file,
		.data = on_data, .done = on_done, .context = j };
	const char *url;

	if (j->step == j->mode->count) {
		secret_free(wrong);
		forget(j);
		return;
	}
	job.bearer = s->other_token ? wrong : s->what == STORAGE ? NULL : j->token;
	if (s->what == CALLBACK) {
		job.body = s->body;
		job.body_len = strlen(s->body);
		job.content_type = s->other_type ? "application/json" : "application/vnd.api+json";
	}
	job.url = j->storage;
	if (s->what != STORAGE) {
		url = json_get_string(j->request, urls[s->what]);
		if (url == NULL)
			log_panic("%s: no %s", j->mode->path, urls[s->what]);
		secret_free(j->url);
		j->url = secret_new(url, strlen(url));
		job.url = j->url;
	}
	j->bytes = 0;
	http_start(j->receiver->http, &job);
	secret_free(wrong);
}

static void start(struct receiver *r, const struct mode *mode, const struct site_request *q)
{
	struct job *j = xcalloc(1, sizeof(*j));
	char why[JSON_WHY];
	const char *token;

	j->receiver = r;
	j->mode = mode;
	if (json_parse(q->body, q->len, &j->request, why) != 0)
		log_panic("the request is no JSON: %s", why);
	printf("%s: %s %s plan %s\n", mode->path, json_get_string(j->request, "stage"),
		json_get_string(j->request, "task_result_id"),
		json_has(j->request, "plan_json_api_url") ? "offered" : "not offered");
	token = json_get_string(j->request, "access_token");
	if (token != NULL)
		j->token = secret_new(token, strlen(token));
	if (token != NULL && strcmp(token, "test-token") == 0)
		forget(j);
	else
		next(j);
}

static void on_request(void *context, const struct site_request *q, struct site_answer *a)
{
	struct receiver *r = context;
	size_t i;

	if (!hmac_verify(&r->key, 1, q->body, q->len, site_header(q, "X-TFC-Task-Signature"))) {
		a->status = 401;
		return;
	}
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]) && strcmp(modes[i].path, q->path) != 0; i++)
		;
	if (i == sizeof(modes) / sizeof(modes[0]))
		return;
	a->status = modes[i].status;
	if (a->status == 200)
		start(r, &modes[i], q);
}

int main(int argc, char **argv)
{
	struct site_setup setup = { .listen = "127.0.0.1", .answer = on_request };
	struct receiver r;
	struct site *site;
	char why[SECRET_WHY];

	log_open("receiver");
	r.key = argc == 3 ? secret_load(argv[1], why) : NULL;
	if (r.key == NULL)
		log_panic("usage: receiver KEY-FILE CA-FILE");
	setlinebuf(stdout);
	r.ca_file = argv[2];
	setup.context = &r;
	r.loop = loop_new();
	r.http = http_new(r.loop, "receiver/1");
	site = site_new(r.loop, &setup, why);
	if (site == NULL)
		log_panic("%s", why);
	printf("%s\n", site_origin(site));
	loop_run(r.loop);
	return 0;
}
