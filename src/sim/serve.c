/* What a receiver may ask the sender for:
 *
 * - plan and configuration version, from the API against the run's token: a redirect (307, 302) to an object, whose
 *   URL is good for one download within a minute. With --redirect same the object lies at the API's own origin, as
 *   Terraform Enterprise has it, with none the file is in the answer itself. An object at another origin must never
 *   see the token;
 * - to take callbacks (callback.c).
 *
 * Each answer may be another one by the sender's moods. What belongs to no run (an unknown path) is a stray. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/answer.h"
#include "sim/callback.h"
#include "sim/payload.h"
#include "sim/report.h"
#include "sim/serve.h"

#define OBJECT_MS 60000
#define SAME_ORIGIN "/_archivist"

/* What is wrong with the request's token; NULL: nothing. */
static const char *token_fault(const struct run *r, const struct site_request *q)
{
	static const char bearer[] = "Bearer ";
	const char *sent = site_header(q, "Authorization");

	if (r->sim->options->no_token)
		return NULL;
	if (sent == NULL)
		return "without the run's token: it has no Authorization header";
	if (strncmp(sent, bearer, sizeof(bearer) - 1) != 0)
		return "without the run's token: its Authorization header does not begin with Bearer";
	if (strcmp(sent + sizeof(bearer) - 1, secret_data(r->token)) != 0)
		return "without the run's token: it has another one";
	return NULL;
}

static void give(const struct object *o, struct site_answer *a)
{
	a->status = 200;
	a->content_type = o->file->content_type;
	a->fd = o->file->fd;
	a->size = o->file->size;
}

static void redirect(struct run *r, struct object *o, unsigned status, struct site_answer *a)
{
	struct sim *s = r->sim;
	bool same = s->options->redirect == REDIRECT_SAME;
	char id[64];

	payload_random_id(id, sizeof(id), "", 48);
	free(o->path);
	o->path = xasprintf("%s/v1/object/%s", same ? SAME_ORIGIN : "", id);
	o->taken = false;
	o->until = loop_now(s->loop) + a->after_ms + OBJECT_MS;
	a->status = status;
	a->location = xasprintf("%s%s", site_origin(same ? s->api : s->storage), o->path);
}

/* The file, a redirect to it, or nothing of the kind. */
static void answer_status(struct run *r, struct object *o, unsigned status, struct site_answer *a)
{
	if (a->end == SITE_DROP)
		a->status = 0;
	else if (status == 200)
		give(o, a);
	else if (status >= 300 && status < 400)
		redirect(r, o, status, a);
	else if (status >= 400)
		answer_error(a, status, NULL);
	else
		a->status = status;
}

static void note(struct run *r, const struct object *o, const char *where, const struct site_answer *a)
{
	if (a->end == SITE_DROP)
		report_line(r->sim, r, "%s asked for%s (connection closed)", o->name, where);
	else
		report_line(r->sim, r, "%s asked for%s (%u%s)", o->name, where, a->status,
			a->end == SITE_CUT ? ", cut short" : "");
}

static void answer_input(struct run *r, enum mood_kind kind, unsigned status, struct site_answer *a)
{
	struct object *o = &r->objects[kind];
	const struct mood_answer *m;

	if (o->file->fd < 0) {
		answer_error(a, 404, NULL);
	} else {
		m = answer_mood(r, kind, a);
		if (m == NULL && r->sim->options->redirect == REDIRECT_NONE)
			status = 200;
		answer_status(r, o, m != NULL ? m->status : status, a);
	}
	note(r, o, "", a);
}

static const char *answer_plan(struct run *r, const struct site_request *q, struct site_answer *a)
{
	(void)q;
	answer_input(r, MOOD_PLAN, 307, a);
	return "plan";
}

static const char *answer_configuration(struct run *r, const struct site_request *q, struct site_answer *a)
{
	(void)q;
	answer_input(r, MOOD_CONFIGURATION, 302, a);
	return "configuration";
}

static const struct {
	const char *method;
	size_t path;			/* the member of struct run */
	/* Returns what was asked for. */
	const char *(*answer)(struct run *r, const struct site_request *q, struct site_answer *a);
} routes[] = {
	{ "PATCH", offsetof(struct run, callback_path), callback_answer },
	{ "GET", offsetof(struct run, plan_path), answer_plan },
	{ "GET", offsetof(struct run, configuration_path), answer_configuration },
};

static void answer_route(struct run *r, size_t route, const struct site_request *q, struct site_answer *a)
{
	const char *what = "refused", *fault = token_fault(r, q);

	if (answer_limited(r->sim, a)) {
		report_line(r->sim, r, "%s %s above the rate limit (429)", q->method, q->path);
		what = "limited";
	} else if (strcmp(routes[route].method, q->method) != 0) {
		report_fault(r, "%s %s: the method must be %s", q->method, q->path, routes[route].method);
		answer_error(a, 405, NULL);
	} else if (fault != NULL) {
		report_fault(r, "%s %s %s", q->method, q->path, fault);
		answer_error(a, 401, NULL);
	} else {
		what = routes[route].answer(r, q, a);
	}
	report_exchange(r, what, q->method, q->len, a->end == SITE_DROP ? 0 : a->status);
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

static void answer_object(struct run *r, struct object *o, const struct site_request *q, struct site_answer *a)
{
	struct sim *s = r->sim;
	const struct mood_answer *m;

	if (s->options->redirect != REDIRECT_SAME && site_header(q, "Authorization") != NULL)
		report_fault(r, "the storage was sent an Authorization header");
	if (o->taken || loop_now(s->loop) > o->until) {
		report_line(s, r, "%s not given out again: its storage URL is used up (403)", o->name);
		a->status = 403;
	} else {
		m = answer_mood(r, MOOD_STORAGE, a);
		o->taken = a->end != SITE_DROP;
		answer_status(r, o, m != NULL ? m->status : 200, a);
		note(r, o, " at the storage", a);
	}
	report_exchange(r, "storage", q->method, q->len, a->end == SITE_DROP ? 0 : a->status);
}

/* true: it is for an object, and answered. same: it was sent to the API's origin. */
static bool answer_storage(struct sim *s, bool same, const struct site_request *q, struct site_answer *a)
{
	struct run *r = NULL;
	struct object *o = NULL;

	if (same == (s->options->redirect == REDIRECT_SAME) && strcmp(q->method, "GET") == 0)
		o = find_object(s, q->path, &r);
	if (o != NULL)
		answer_object(r, o, q, a);
	return o != NULL;
}

void serve_api(void *sim, const struct site_request *q, struct site_answer *a)
{
	struct sim *s = sim;
	size_t i, k;

	a->after_ms = s->options->slow_ms;
	for (i = 0; i < s->count; i++) {
		for (k = 0; k < sizeof(routes) / sizeof(routes[0]); k++) {
			char *path = *(char **)(void *)((char *)&s->runs[i] + routes[k].path);

			if (strcmp(path, q->path) != 0)
				continue;
			answer_route(&s->runs[i], k, q, a);
			return;
		}
	}
	if (answer_storage(s, true, q, a))
		return;
	s->strays++;
	report_line(s, NULL, "FAULT: %s %s belongs to no run", q->method, q->path);
	answer_error(a, 404, NULL);
}

void serve_storage(void *sim, const struct site_request *q, struct site_answer *a)
{
	struct sim *s = sim;

	a->after_ms = s->options->slow_ms;
	if (answer_storage(s, false, q, a))
		return;
	s->strays++;
	report_line(s, NULL, "FAULT: the storage has nothing for this %s request", q->method);
}
