/*
 * Delivery of callbacks.
 *
 *	answer			to running				to the final
 *	2xx			done					accepted
 *	409			closed: the job ends			closed: the job ends
 *	422			dropped					the same final with less: no outcomes, then message only
 *	401, 404, other 4xx	dropped					SCHEDULE_REFUSED_TRIES tries, then given up
 *	TLS verification	dropped					tried again until end_ms
 *	429, 5xx, trouble	tried again, until there is a newer	tried again until end_ms
 *				one or the final
 *
 * A wait that the sender names is kept, whatever it was named to, but for the last try, LAST_TRY_MS before end_ms: a sender that
 * asks for more patience than the run has may be back by then.
 *
 * A certificate that is not trusted today may be mended within the hour, by either side, and only the final can tell the verdict.
 *
 * The reduced bodies are made from the published result each time and never kept. A redirect of a callback is not
 * followed: it would carry the result elsewhere; it counts as trouble.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checks/verdict.h"
#include "spooler/delivery.h"

#ifndef PLANSPOOL_TOTAL_MS	/* tests have less patience */
#define PLANSPOOL_TOTAL_MS 60000	/* one exchange */
#endif
#define LAST_TRY_MS 10000

struct delivery {
	struct api *api;
	struct delivery_job job;
	char *running, *final;		/* to be sent; NULL: none */
	size_t final_len;
	char *body;			/* being sent */
	bool sending_final;
	struct api_call *call;
	struct loop_timer *again;
	int64_t not_before_ms;		/* loop time before which the sender wants to hear nothing */
	int64_t wait_ms;		/* the last wait of our own choice; 0: none yet */
	unsigned tries, refused, level;	/* of the final */
};

static void send_next(void *context);

struct delivery *delivery_new(struct api *api, const struct delivery_job *job)
{
	struct delivery *d = xcalloc(1, sizeof *d);

	d->api = api;
	d->job = *job;
	d->again = loop_timer_new(api->loop, send_next, d);
	return d;
}

void delivery_free(struct delivery *d)
{
	if (d == NULL)
		return;
	api_cancel(d->call);
	loop_timer_free(d->again);
	free(d->running);
	free(d->final);
	free(d->body);
	free(d);
}

/* As soon as the sender wants to hear anything, and in time for a last try. */
static void send_soon(struct delivery *d)
{
	int64_t now = loop_now(d->api->loop), wait_ms = d->not_before_ms - now, longest_ms = d->job.end_ms - LAST_TRY_MS - now;

	loop_timer_set(d->again, wait_ms < longest_ms ? wait_ms : longest_ms);
}

/* Tries again after a while, the sender's own wait if it named one. false if there has been the last try. */
static bool again_later(struct delivery *d, const struct api_answer *answer)
{
	char note[API_WHY];
	int64_t wait_ms, left_ms = d->job.end_ms - loop_now(d->api->loop);

	d->wait_ms = schedule_backoff(d->wait_ms, randombytes_random());
	wait_ms = answer->wait_ms >= 0 ? answer->wait_ms : d->wait_ms;
	if (wait_ms >= left_ms)
		wait_ms = left_ms - LAST_TRY_MS;
	if (wait_ms <= 0)
		return false;
	snprintf(note, sizeof note, "%.400s; tried again in %.1f s", answer->why, (double)wait_ms / 1000);
	d->job.note(d->job.context, note);
	loop_timer_set(d->again, wait_ms);
	return true;
}

static void give_up(struct delivery *d, const struct api_answer *answer, const char *because)
{
	char why[API_WHY];

	snprintf(why, sizeof why, "%.380s; %s", answer->why, because);
	d->job.ended(d->job.context, DELIVERY_GIVEN_UP, why);
}

static void final_answered(struct delivery *d, const struct api_answer *answer)
{
	switch (answer->meaning) {
	case SCHEDULE_DONE:
	case SCHEDULE_NOT_YET:
		d->job.ended(d->job.context, DELIVERY_ACCEPTED, answer->why);
		return;
	case SCHEDULE_CLOSED:
		d->job.ended(d->job.context, DELIVERY_CLOSED, answer->why);
		return;
	case SCHEDULE_TOO_MUCH:
		if (d->level < 2) {
			d->level++;
			d->job.note(d->job.context, answer->why);
			send_soon(d);
			return;
		}
		/* fall through */
	case SCHEDULE_REFUSED:
		if (answer->status != 0 && ++d->refused >= SCHEDULE_REFUSED_TRIES)
			give_up(d, answer, "tried three times");
		else if (!again_later(d, answer))
			give_up(d, answer, "the run's time is over");
		return;
	case SCHEDULE_REDIRECT:
	case SCHEDULE_LATER:
		if (!again_later(d, answer))
			give_up(d, answer, "the run's time is over");
		return;
	}
}

static void running_answered(struct delivery *d, const struct api_answer *answer)
{
	char note[API_WHY];

	if (answer->meaning == SCHEDULE_CLOSED) {
		d->job.ended(d->job.context, DELIVERY_CLOSED, answer->why);
		return;
	}
	if (answer->meaning == SCHEDULE_LATER && d->running == NULL && d->final == NULL) {
		d->running = d->body;	/* still the newest there is to say */
		d->body = NULL;
		if (!again_later(d, answer)) {
			free(d->running);
			d->running = NULL;
		}
		return;
	}
	if (answer->meaning != SCHEDULE_DONE && answer->meaning != SCHEDULE_NOT_YET) {
		snprintf(note, sizeof note, "'running' was not accepted: %.400s", answer->why);
		d->job.note(d->job.context, note);
	} else {
		d->wait_ms = 0;
	}
	if (d->running != NULL || d->final != NULL)
		send_soon(d);
}

static void answered(void *context, const struct api_answer *answer)
{
	struct delivery *d = context;

	d->call = NULL;
	if (answer->wait_ms >= 0)
		d->not_before_ms = loop_now(d->api->loop) + answer->wait_ms;
	if (d->sending_final)
		final_answered(d, answer);
	else
		running_answered(d, answer);
}

/* Makes d->body what is to be sent now. */
static void choose_body(struct delivery *d)
{
	free(d->body);
	d->sending_final = d->final != NULL;
	if (!d->sending_final) {
		d->body = d->running;
		d->running = NULL;
		return;
	}
	d->body = verdict_reduced(d->final, d->final_len, d->level);
	if (d->body == NULL)
		d->body = xstrndup(d->final, d->final_len);
}

static void send_next(void *context)
{
	struct delivery *d = context;

	if (d->call != NULL || (d->final == NULL && d->running == NULL))
		return;
	d->api->at_work(d->api, d->job.job);
	choose_body(d);
	if (d->sending_final)
		d->job.trying(d->job.context, ++d->tries);
	d->call = api_start(d->api, &(struct api_request){
		.job = d->job.job, .method = "PATCH", .target = d->job.target, .body = d->body, .body_len = strlen(d->body),
		.total_ms = PLANSPOOL_TOTAL_MS,
		.priority = d->sending_final ? PACE_FINAL : PACE_RUNNING, .answered = answered, .context = d,
	});
}

void delivery_running(struct delivery *d, const char *body)
{
	if (d->final != NULL)
		return;
	free(d->running);
	d->running = xstrdup(body);
	if (d->call == NULL)
		send_soon(d);
}

void delivery_final(struct delivery *d, const char *body, size_t len)
{
	free(d->running);
	d->running = NULL;
	d->final = xstrndup(body, len);
	d->final_len = len;
	d->wait_ms = 0;
	if (d->call != NULL && api_waits(d->call)) {
		api_cancel(d->call);
		d->call = NULL;
	}
	if (d->call == NULL)
		send_soon(d);
}
