/*
 * Fetching an input.
 *
 *	asking the API		200: the body, at once		redirect: follow it		anything else: see below
 *	at storage		200: the body			redirect: follow it (3 at most)	4xx: expired, ask the API again
 *
 * A storage URL lives for a minute and its secret is in it, so it is never asked twice: whatever goes wrong there, the API is asked
 * for a new one. Asked again, with growing waits, until the job's own deadline ends the fetch: 204 (the plan is not ready), 429,
 * 5xx, transport trouble, a body cut short. What will hardly change (401, 403, 404, 410, 422 of the API, failed TLS verification) is
 * asked at most SCHEDULE_REFUSED_TRIES times, which the first waits put well within 30 s. A redirect that is refused ends the fetch.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spooler/fetch.h"

#define REDIRECTS_MAX 3

struct fetch {
	struct api *api;
	struct fetch_job job;
	char *url;
	struct api_target api_target, at;	/* the API itself; where we were redirected to */
	struct api_call *call;
	struct loop_timer *again;
	unsigned redirects, refused;
	int64_t wait_ms;		/* the last wait of our own choice; 0: none yet */
	bool began;			/* some of a body has been handed on */
};

static void ask(struct fetch *f, const struct api_target *target);

static void fetch_free(struct fetch *f)
{
	loop_timer_free(f->again);
	api_target_clear(&f->api_target);
	api_target_clear(&f->at);
	free(f->url);
	free(f);
}

static void end(struct fetch *f, enum fetch_end how, const char *why)
{
	struct fetch_job job = f->job;

	fetch_free(f);
	job.ended(job.context, how, why);
}

static void ask_api(void *context)
{
	struct fetch *f = context;
	char why[API_WHY];

	f->api->at_work(f->api, f->job.job);
	f->redirects = 0;
	api_target_clear(&f->at);
	api_target_clear(&f->api_target);
	if (api_target(f->job.endpoint, f->url, f->job.token, &f->api_target, why) != 0)
		end(f, FETCH_FAILED, why);
	else
		ask(f, &f->api_target);
}

/* Asks the API again after a while, the sender's own wait if it named one. */
static void ask_later(struct fetch *f, const struct api_answer *answer)
{
	char note[API_WHY];
	int64_t wait_ms;

	f->wait_ms = schedule_backoff(f->wait_ms, randombytes_random());
	wait_ms = answer->wait_ms >= 0 ? answer->wait_ms : f->wait_ms;
	snprintf(note, sizeof note, "%.400s; asked again in %.1f s", answer->why, (double)wait_ms / 1000);
	f->job.note(f->job.context, note);
	loop_timer_set(f->again, wait_ms);
}

static void ask_few_times(struct fetch *f, const struct api_answer *answer)
{
	if (++f->refused >= SCHEDULE_REFUSED_TRIES)
		end(f, FETCH_FAILED, answer->why);
	else
		ask_later(f, answer);
}

static void follow(struct fetch *f, const struct api_target *from, const struct api_answer *answer)
{
	struct api_target to;
	char why[API_WHY];

	if (f->redirects == REDIRECTS_MAX) {
		end(f, FETCH_FAILED, "redirected more than 3 times");
		return;
	}
	if (api_redirect(f->job.endpoint, from, answer->location, &to, why) != 0) {
		end(f, FETCH_FAILED, why);
		return;
	}
	f->redirects++;
	api_target_clear(&f->at);
	f->at = to;
	ask(f, &f->at);
}

static void answered(void *context, const struct api_answer *answer)
{
	struct fetch *f = context;
	bool storage = f->at.url != NULL;

	f->call = NULL;
	if (answer->stopped) {
		end(f, FETCH_DONE, NULL);
		return;
	}
	switch (answer->meaning) {
	case SCHEDULE_DONE:
		if (answer->status == 200)
			end(f, FETCH_DONE, NULL);
		else
			ask_later(f, answer);
		break;
	case SCHEDULE_REDIRECT:
		follow(f, storage ? &f->at : &f->api_target, answer);
		break;
	case SCHEDULE_CLOSED:
		if (storage)
			ask_later(f, answer);
		else
			end(f, FETCH_CLOSED, answer->why);
		break;
	case SCHEDULE_REFUSED:
	case SCHEDULE_TOO_MUCH:
		if (storage && answer->status != 0)
			ask_later(f, answer);
		else
			ask_few_times(f, answer);
		break;
	case SCHEDULE_NOT_YET:
	case SCHEDULE_LATER:
		ask_later(f, answer);
		break;
	}
}

static bool body(void *context, const char *data, size_t len)
{
	struct fetch *f = context;

	f->began = true;
	return f->job.data(f->job.context, data, len);
}

static void ask(struct fetch *f, const struct api_target *target)
{
	if (f->began) {
		f->began = false;
		f->job.restart(f->job.context);
	}
	f->call = api_start(f->api, &(struct api_request){
		.job = f->job.job, .method = "GET", .target = target, .priority = PACE_INPUT, .data = body, .answered = answered, .context = f,
	});
}

struct fetch *fetch_start(struct api *api, const struct fetch_job *job)
{
	struct fetch *f = xcalloc(1, sizeof *f);

	f->api = api;
	f->job = *job;
	f->url = xstrdup(job->url);
	f->again = loop_timer_new(api->loop, ask_api, f);
	loop_timer_set(f->again, 0);
	return f;
}

void fetch_cancel(struct fetch *f)
{
	if (f == NULL)
		return;
	api_cancel(f->call);
	fetch_free(f);
}
