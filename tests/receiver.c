/* A receiver of run tasks for tests of planspool-sim: it checks the signature of each request and then does what
 * its path says, one step after the other, right or wrong.
 *
 * Usage: receiver KEY-FILE CA-FILE FOLDER. Prints the address it serves on, then a line for each run. What the
 * simulator answers must be what the step expects; if it is not, that is printed with "WRONG". The path /send sends the
 * file "refused" of the folder as a callback, expecting 422, if there is one, then "taken". Runs until it is killed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fsio.h"
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

enum token { USUAL, OTHER, NONE, BASIC };

struct step {
	enum { CALLBACK, PLAN, CONFIGURATION, STORAGE } what;
	int expected;		/* 0: whatever; a callback is left out if its file is not there */
	const char *body;
	const char *file;	/* CALLBACK: the body is in this one of the folder */
	const char *type, *method;	/* instead of the usual ones */
	const char *suffix;	/* to the URL */
	enum token token;	/* USUAL is none for STORAGE */
};

#define SEND(status, text, ...) { .what = CALLBACK, .expected = (status), .body = (text), __VA_ARGS__ }
#define GET(place, status, ...) { .what = (place), .expected = (status), __VA_ARGS__ }

#define MODE(name, answer, n) { .path = (name), .status = (answer), .count = (n), .steps =

static const struct mode {
	const char *path;
	unsigned status;	/* of the answer to the request */
	size_t count;		/* 0: for a request that is answered otherwise than 200 */
	struct step steps[8];
	unsigned again;		/* the answer to the same request again; 0: the same, without any steps */
	const char *answer;	/* body of the answer */
} modes[] = {
	MODE("/pass", 200, 4) { SEND(200, RUNNING), GET(PLAN, 307), GET(STORAGE, 200), SEND(200, PASSED) } },
	MODE("/fail", 200, 3) { GET(PLAN, 307), GET(STORAGE, 200), SEND(200, FAILED) } },
	MODE("/configuration", 200, 3) { GET(CONFIGURATION, 302), GET(STORAGE, 200), SEND(200, PASSED) } },
	MODE("/no-plan", 200, 1) { SEND(200, PASSED) } },
	MODE("/again", 200, 6) { GET(PLAN, 307), GET(STORAGE, 200), GET(STORAGE, 403), GET(PLAN, 307), GET(STORAGE, 200),
		SEND(200, PASSED) } },
	MODE("/leak", 200, 3) { GET(PLAN, 307), GET(STORAGE, 200, .token = OTHER), SEND(200, PASSED) } },
	MODE("/token", 200, 3) { GET(PLAN, 401, .token = OTHER), SEND(401, PASSED, .token = OTHER), SEND(200, PASSED) } },
	MODE("/no-token", 200, 3) { GET(PLAN, 401, .token = NONE), SEND(401, PASSED, .token = NONE), SEND(200, PASSED) } },
	MODE("/basic", 200, 2) { SEND(401, PASSED, .token = BASIC), SEND(200, PASSED) } },
	MODE("/method", 200, 3) { SEND(405, PASSED, .method = "POST"), GET(PLAN, 405, .method = "POST"),
		SEND(200, PASSED) } },
	MODE("/stray", 200, 2) { SEND(404, PASSED, .suffix = "/more"), SEND(200, PASSED) } },
	MODE("/stray-object", 200, 3) { GET(PLAN, 307), GET(STORAGE, 404, .suffix = "x"), SEND(200, PASSED) } },
	MODE("/type", 200, 2) { SEND(415, PASSED, .type = "application/json"), SEND(200, PASSED) } },
	MODE("/type-longer", 200, 2) { SEND(415, PASSED, .type = "application/vnd.api+jsonp"), SEND(200, PASSED) } },
	MODE("/type-bytes", 200, 2) { SEND(415, PASSED, .type = "\377\033[31m"), SEND(200, PASSED) } },
	MODE("/type-charset", 200, 1) { SEND(200, PASSED, .type = "Application/vnd.api+json; charset=utf-8") } },
	MODE("/send", 200, 2) { SEND(422, NULL, .file = "refused"), SEND(200, NULL, .file = "taken") } },
	MODE("/superfluous", 200, 2) { SEND(200, PASSED), SEND(409, PASSED) } },
	MODE("/lost", 200, 2) { SEND(0, PASSED), SEND(409, PASSED) } },
	MODE("/changed", 200, 2) { SEND(0, PASSED), SEND(409, FAILED) } },
	MODE("/once", 200, 1) { SEND(0, PASSED) } },
	MODE("/anew", 200, 2) { SEND(0, PASSED), SEND(200, FAILED) } },
	MODE("/canceled", 200, 2) { SEND(409, RUNNING), SEND(0, PASSED) } },
	MODE("/accepted", 202, 0) { GET(PLAN, 0) } },
	MODE("/body", 200, 1) { SEND(200, PASSED) }, .answer = "{}" },
	MODE("/again-503", 200, 1) { SEND(200, PASSED) }, .again = 503 },
	MODE("/limited", 200, 4) { SEND(0, RUNNING), SEND(0, RUNNING), SEND(0, RUNNING), SEND(0, RUNNING) } },
	MODE("/twice", 200, 4) { SEND(200, FAILED), SEND(409, FAILED), SEND(409, PASSED), SEND(409, RUNNING) } },
	MODE("/silent", 200, 1) { SEND(200, RUNNING) } },
	MODE("/refuse", 503, 0) { GET(PLAN, 0) } },
};

struct receiver {
	struct loop *loop;
	struct http *http;
	struct secret *key;
	const char *ca_file, *folder;
	char last_id[128];		/* of the last request */
};

struct job {
	struct receiver *receiver;
	const struct mode *mode;
	size_t step;
	json_t *request;
	struct secret *token, *url, *storage;
	struct buf body;
	size_t bytes;
};

static void next(void *context);

static void forget(struct job *j)
{
	json_free(j->request);
	secret_free(j->token);
	secret_free(j->url);
	secret_free(j->storage);
	buf_free(&j->body);
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

	if (s->expected != 0 && (end != HTTP_ANSWERED || head->status != s->expected))
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

/* The URL of a step; owned by the job. */
static const struct secret *step_url(struct job *j, const struct step *s)
{
	static const char *const urls[] = { [CALLBACK] = "task_result_callback_url", [PLAN] = "plan_json_api_url",
		[CONFIGURATION] = "configuration_version_download_url", [STORAGE] = NULL };
	const char *url = s->what == STORAGE ? secret_data(j->storage) : json_get_string(j->request, urls[s->what]);
	char *text;

	if (url == NULL)
		log_panic("%s: no %s", j->mode->path, urls[s->what]);
	text = xasprintf("%s%s", url, s->suffix != NULL ? s->suffix : "");
	secret_free(j->url);
	j->url = secret_new(text, strlen(text));
	free(text);
	return j->url;
}

/* false: it is in a file that is not there. */
static bool step_body(struct job *j, const struct step *s, struct http_job *job)
{
	char *path;

	job->body = s->body;
	if (s->file != NULL) {
		path = xasprintf("%s/%s", j->receiver->folder, s->file);
		buf_free(&j->body);
		j->body.max = SITE_BODY_MAX * 2;
		job->body = fsio_read_file(AT_FDCWD, path, &j->body) == 0 ? buf_text(&j->body) : NULL;
		free(path);
	}
	job->body_len = job->body != NULL ? strlen(job->body) : 0;
	job->content_type = s->type != NULL ? s->type : "application/vnd.api+json";
	return job->body != NULL;
}

static void next(void *context)
{
	static const char *const basic[] = { "Authorization: Basic dXNlcjpwYXNzd29yZA==", NULL };
	struct job *j = context;
	const struct step *s = &j->mode->steps[j->step];
	struct secret *wrong;
	struct http_job job = { .method = s->what == CALLBACK ? "PATCH" : "GET", .ca_file = j->receiver->ca_file,
		.data = on_data, .done = on_done, .context = j };

	if (j->step == j->mode->count) {
		forget(j);
		return;
	}
	if (s->what == CALLBACK && !step_body(j, s, &job)) {
		j->step++;
		next(j);
		return;
	}
	if (s->method != NULL)
		job.method = s->method;
	if (s->token == BASIC)
		job.headers = basic;
	wrong = secret_new("wrong", 5);
	job.bearer = s->token == OTHER ? wrong : s->token == USUAL && s->what != STORAGE ? j->token : NULL;
	job.url = step_url(j, s);
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

/* Whether the request before was the same. */
static bool is_again(struct receiver *r, const struct site_request *q)
{
	char why[JSON_WHY];
	json_t *request = NULL;
	const char *id;
	bool again;

	if (json_parse(q->body, q->len, &request, why) != 0)
		log_panic("the request is no JSON: %s", why);
	id = json_get_string(request, "task_result_id");
	again = strcmp(r->last_id, id) == 0;
	snprintf(r->last_id, sizeof(r->last_id), "%s", id);
	json_free(request);
	return again;
}

static void on_request(void *context, const struct site_request *q, struct site_answer *a)
{
	struct receiver *r = context;
	bool again;
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
	if (modes[i].answer != NULL)
		a->body = xstrdup(modes[i].answer);
	again = is_again(r, q);
	if (again && modes[i].again != 0)
		a->status = modes[i].again;
	if (!again && modes[i].count > 0)
		start(r, &modes[i], q);
}

int main(int argc, char **argv)
{
	struct site_setup setup = { .listen = "127.0.0.1", .answer = on_request };
	struct receiver r = { 0 };
	struct site *site;
	char why[SECRET_WHY];

	log_open("receiver");
	r.key = argc == 4 ? secret_load(argv[1], why) : NULL;
	if (r.key == NULL)
		log_panic("usage: receiver KEY-FILE CA-FILE FOLDER");
	setlinebuf(stdout);
	r.ca_file = argv[2];
	r.folder = argv[3];
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
