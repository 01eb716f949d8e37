/*
 * The life of a job, as a state machine. One function sets the state, and what is done on entering one is done there.
 *
 *	state		what is going on			on disk						leaves when
 *	---------------------------------------------------------------------------------------------------------------
 *	CHECKING	'running' is said, the plan is		active/<id>: request, log			all checks finished,
 *			fetched and checked as it comes								or the deadline
 *	PUBLISHING	outcomes and result are written, again	and outcomes, soon result			the result is durable
 *			and again while that fails
 *	DELIVERING	the final is sent until accepted	and result					accepted, closed, given up
 *	(ended)		-					done/<id> or undelivered/<id>			-
 *
 * A job that is taken up again after a crash starts at CHECKING without a result, and at DELIVERING with one. 409 to anything means
 * that nobody waits for the result any more: the job goes to done/ from any state. Trouble with the disk is waited out where it
 * stands. What cannot be called back at all (no key opens it, no endpoint names its host) goes to undelivered/ with the reason.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "checks/checkset.h"
#include "checks/verdict.h"
#include "spooler/delivery.h"
#include "spooler/fetch.h"
#include "spooler/intake.h"
#include "spooler/job.h"
#include "spooler/journal.h"

#ifndef PLANSPOOL_PROGRESS_MS	/* tests have less patience */
#define PLANSPOOL_PROGRESS_MS (2 * 60 * 1000)	/* well inside the sender's 10 minutes without progress */
#endif
#define RESULT_MAX (8u << 20)
#define OUTCOMES_MAX (16u << 20)	/* of outcomes.jsonl */

enum job_state { JOB_CHECKING, JOB_PUBLISHING, JOB_DELIVERING };

struct job {
	struct job_world *world;
	char id[SPOOL_ID_SIZE];
	enum job_state state;			/* set by job_enter alone */
	struct intake in;
	struct outcomes *outcomes;
	struct checkset_run *checks;		/* NULL when no checks run */
	struct fetch *fetch;			/* NULL when nothing is fetched */
	struct delivery *delivery;
	struct loop_timer *deadline, *progress, *retry, *finished;
	bool must_fail;				/* failed whatever the outcomes say: the checks never ran as configured */
	int64_t wait_ms;			/* the last wait for the disk */
};

static void job_enter(struct job *job, enum job_state state);

/* One turn of the loop may bring a thousand jobs their turn, each with a disk to wait for: that is no standstill. */
void job_at_work(struct api *api, const char *id)
{
	struct job_world *world = (struct job_world *)api;

	snprintf(world->board->job, sizeof world->board->job, "%s", id);
	world->board->alive_ms = clock_monotonic();
}

/* Every entry from the loop into a job's code says so first: if the worker dies in it, this job is blamed. */
static struct job *enter(void *context)
{
	struct job *job = context;

	job_at_work(&job->world->api, job->id);
	return job;
}

/* ---- time ---- */

/* Milliseconds from now until limit_ms after the request was received, or tried again. A clock that was set back does not lengthen
 * it. */
static int64_t time_left(const struct job *job, int64_t limit_ms)
{
	int64_t gone = (int64_t)time(NULL) * 1000 - job->in.since_ms;

	return limit_ms - (gone > 0 ? gone : 0);
}

/* ---- the end ---- */

static void job_free(struct job *job)
{
	fetch_cancel(job->fetch);
	checkset_stop(job->checks);
	delivery_free(job->delivery);
	loop_timer_free(job->deadline);
	loop_timer_free(job->progress);
	loop_timer_free(job->retry);
	loop_timer_free(job->finished);
	outcomes_free(job->outcomes);
	intake_clear(&job->in);
	free(job);
}

static void job_over(struct job *job, bool again)
{
	struct job_world *world = job->world;
	char id[SPOOL_ID_SIZE];

	memcpy(id, job->id, sizeof id);
	job_free(job);
	world->over(world, id, again);
}

/* Moves the job's folder and is done with it. What cannot be moved now is tried again by whoever takes it up next. */
static void job_finish(struct job *job, enum spool_state to)
{
	bool moved = spool_finish(job->world->spool, job->id, job->world->instance, to) == 0;

	if (!moved) {
		log_error(job->id, "cannot be moved to %s/: %s", spool_state_name(to), strerror(errno));
		/* One that ended before decides, and this one must not be delivered for ever. */
		moved = errno == EEXIST && spool_set_aside_active(job->world->spool, job->id) == 0;
	}
	job_over(job, !moved && errno != ENOENT);
}

/* ---- delivering ---- */

static void delivery_trying(void *context, unsigned try)
{
	struct job *job = enter(context);

	/* Without this line on disk the result is still sent: it is published, and sending it twice is harmless. */
	(void)journal(job->world->spool, job->id, true, "deliver", "try %u", try);
}

static void delivery_note(void *context, const char *text)
{
	struct job *job = enter(context);

	(void)journal(job->world->spool, job->id, false, "callback", "%s", text);
}

static void delivery_ended(void *context, enum delivery_end end, const char *why)
{
	static const struct {
		const char *event;
		enum spool_state to;
	} rows[] = {
		[DELIVERY_ACCEPTED] = { "delivered", SPOOL_DONE },
		[DELIVERY_CLOSED] = { "closed by the sender", SPOOL_DONE },
		[DELIVERY_GIVEN_UP] = { "undelivered", SPOOL_UNDELIVERED },
	};
	struct job *job = enter(context);

	(void)journal(job->world->spool, job->id, true, rows[end].event, "%s", why);
	job_finish(job, rows[end].to);
}

/* Reads the published result, which decides, and sends exactly it. */
static void deliver(struct job *job)
{
	struct spool *spool = job->world->spool;
	struct buf result = BUF_INIT(RESULT_MAX);
	char why[API_WHY];
	int error;

	if (spool_read(spool, SPOOL_ACTIVE, job->id, SPOOL_RESULT, &result) == 0) {
		delivery_final(job->delivery, buf_text(&result), result.len);
		buf_free(&result);
		return;
	}
	error = errno;
	buf_free(&result);
	snprintf(why, sizeof why, "result.json cannot be read: %s", strerror(error));
	if (!spool_has(spool, SPOOL_ACTIVE, job->id, SPOOL_REQUEST)) {
		log_warn(job->id, "its folder is gone: another spooler ended it");
		job_over(job, false);
	} else if (fsio_unfit(error) || time_left(job, SCHEDULE_RUN_MS) <= 0) {
		delivery_ended(job, DELIVERY_GIVEN_UP, why);
	} else {
		log_error(job->id, "%s", why);
		job_over(job, true);
	}
}

/* ---- publishing ---- */

static void publish(void *context)
{
	struct job *job = enter(context);
	struct spool *spool = job->world->spool;
	bool pass_on_error = job->in.endpoint->config->pass_on_error && !job->must_fail;
	/* The endpoint that lends its callback to a job of a gone one did not judge it. */
	const char *checks = job->in.gone == NULL ? checkset_hash(job->in.endpoint->checks) : NULL;
	size_t kept = outcomes_kept(job->outcomes), written;
	char *outcomes = outcomes_lines(job->outcomes, OUTCOMES_MAX, &written), *body = verdict_body(job->outcomes, pass_on_error, NULL,
		checks, NULL);
	int rc = -1, saved;

	/* Outcomes of a result that is there already stay those of that result. */
	if (spool_has(spool, SPOOL_ACTIVE, job->id, SPOOL_RESULT) ||
	    spool_write_outcomes(spool, job->id, outcomes, strlen(outcomes)) == 0)
		rc = spool_publish_result(spool, job->id, body, strlen(body));
	saved = errno;
	free(outcomes);
	free(body);
	if (rc >= 0) {
		if (written < kept)
			(void)journal(spool, job->id, false, "outcomes cut", "the first %zu of %zu fit into outcomes.jsonl", written,
				kept);
		(void)journal(spool, job->id, false, "result", "%s%s%s", rc == 1 ? "published before, that one is sent" :
			verdict_failed(job->outcomes, pass_on_error) ? "failed" : "passed",
			checks != NULL ? "; policy set " : "", checks != NULL ? checks : "");
		job_enter(job, JOB_DELIVERING);
	} else if (saved == ENOENT) {
		log_warn(job->id, "its folder is gone: another spooler ended it");
		job_over(job, false);
	} else {
		log_error(job->id, "the result cannot be written: %s", strerror(saved));
		job->wait_ms = schedule_backoff(job->wait_ms, randombytes_random());
		loop_timer_set(job->retry, job->wait_ms);
	}
}

/* ---- checking ---- */

/* The message of a result whose checks never ran, as an outcome. */
static void fail_with(struct job *job, const char *reason)
{
	job->must_fail = true;
	outcomes_check_failed_to_run(job->outcomes, "planspool", "%s", reason);
}

static void say_running(struct job *job, const char *message)
{
	char *body = verdict_plain_body("running", message);

	delivery_running(job->delivery, body);
	free(body);
}

/* The sender gives up a run task that says nothing for 10 minutes. */
static void on_progress(void *context)
{
	struct job *job = enter(context);
	char *progress, *message;

	if (job->state == JOB_PUBLISHING) {
		say_running(job, "checked; the result cannot be stored yet");
	} else {
		progress = checkset_progress(job->checks);
		message = xasprintf("checking: %s so far", progress);
		say_running(job, message);
		free(message);
		free(progress);
	}
	loop_timer_set(job->progress, PLANSPOOL_PROGRESS_MS);
}

static void on_deadline(void *context)
{
	struct job *job = enter(context);
	char *progress;

	if (job->state != JOB_CHECKING)
		return;
	progress = checkset_progress(job->checks);
	(void)journal(job->world->spool, job->id, false, "deadline", "%s", progress);
	outcomes_check_failed_to_run(job->outcomes, "planspool",
		"not everything was checked: the time of the run task (limits.job) was over %s (%s so far)", job->fetch != NULL ?
		"before the plan had come whole" : "before all checks had finished", progress);
	free(progress);
	fetch_cancel(job->fetch);
	job->fetch = NULL;
	job_enter(job, JOB_PUBLISHING);
}

/* Every check has finished. The plan may still be on its way through checkset_feed, so the state changes from the loop. */
static void checks_done(void *context)
{
	struct job *job = context;

	loop_timer_clear(job->deadline);
	loop_timer_set(job->finished, 0);
}

static void on_finished(void *context)
{
	struct job *job = enter(context);

	if (job->state == JOB_CHECKING)
		job_enter(job, JOB_PUBLISHING);
}

static bool plan_data(void *context, const char *data, size_t len)
{
	struct job *job = enter(context);

	return checkset_feed(job->checks, data, len) == 0;
}

static void plan_restart(void *context)
{
	struct job *job = enter(context);

	checkset_restart(job->checks);
}

static void plan_note(void *context, const char *text)
{
	struct job *job = enter(context);

	(void)journal(job->world->spool, job->id, false, "fetch", "%s", text);
}

static void plan_ended(void *context, enum fetch_end end, const char *why)
{
	struct job *job = enter(context);
	char *reason, *progress;
	const char *unusable;

	job->fetch = NULL;
	switch (end) {
	case FETCH_DONE:
		unusable = checkset_plan_error(job->checks);
		progress = checkset_progress(job->checks);
		(void)journal(job->world->spool, job->id, false, unusable == NULL ? "fetched" : "unusable plan", "%s",
			unusable == NULL ? progress : unusable);
		free(progress);
		checkset_end(job->checks);
		break;
	case FETCH_FAILED:
		reason = xasprintf("the plan could not be fetched: %s", why);
		(void)journal(job->world->spool, job->id, false, "fetch failed", "%s", why);
		checkset_abandon(job->checks, false, reason);
		free(reason);
		break;
	case FETCH_CLOSED:
		delivery_ended(job, DELIVERY_CLOSED, why);
		break;
	}
}

/* The plan's URL, resolved against the callback's origin if it is relative. Allocated; NULL with a reason. */
static char *plan_url(const struct job *job, char why[API_WHY])
{
	char reason[URL_WHY], *url;

	if (job->in.envelope.plan_url == NULL) {
		snprintf(why, API_WHY, "the request names no plan_json_api_url");
		return NULL;
	}
	url = url_resolve(secret_data(job->in.callback.url), secret_data(job->in.envelope.plan_url), reason);
	if (url == NULL)
		snprintf(why, API_WHY, "plan_json_api_url: %s", reason);
	return url;
}

static void start_fetch(struct job *job)
{
	char why[API_WHY], *url;

	if (job->in.envelope.request.stage == STAGE_PRE_PLAN) {
		checkset_abandon(job->checks, true, "not checked: no plan at pre_plan");
		return;
	}
	url = plan_url(job, why);
	if (url == NULL) {
		checkset_abandon(job->checks, false, why);
		return;
	}
	job->fetch = fetch_start(&job->world->api, &(struct fetch_job){
		.job = job->id, .endpoint = job->in.endpoint, .url = url, .token = job->in.envelope.access_token, .data = plan_data,
		.restart = plan_restart, .note = plan_note, .ended = plan_ended, .context = job,
	});
	sodium_memzero(url, strlen(url));
	free(url);
}

static void start_checks(struct job *job)
{
	const struct config *config = job->world->settings->config;

	say_running(job, job->in.envelope.request.stage == STAGE_PRE_PLAN ? "checking" : "fetching the plan");
	job->checks = checkset_start(job->in.endpoint->checks, job->in.envelope.request.stage, config->limit_resource, config->limit_plan,
		job->outcomes, checks_done, job);
	loop_timer_set(job->progress, PLANSPOOL_PROGRESS_MS);
	start_fetch(job);
}

/* ---- states ---- */

static void job_enter(struct job *job, enum job_state state)
{
	job->state = state;
	switch (state) {
	case JOB_CHECKING:
		start_checks(job);
		break;
	case JOB_PUBLISHING:
		loop_timer_clear(job->deadline);
		loop_timer_set(job->progress, PLANSPOOL_PROGRESS_MS);
		publish(job);
		break;
	case JOB_DELIVERING:
		loop_timer_clear(job->progress);
		checkset_stop(job->checks);
		job->checks = NULL;
		deliver(job);
		break;
	}
}

/* ---- the beginning ---- */

/* Decides what the job starts with. */
static void start(struct job *job)
{
	const struct config *config = job->world->settings->config;
	char why[REQUEST_WHY];
	int64_t left = time_left(job, config->limit_job_ms);

	job->delivery = delivery_new(&job->world->api, &(struct delivery_job){
		.job = job->id, .target = &job->in.callback, .end_ms = loop_now(job->world->api.loop) + time_left(job, SCHEDULE_RUN_MS),
		.trying = delivery_trying, .note = delivery_note, .ended = delivery_ended, .context = job,
	});
	if (job->in.has_result) {
		job_enter(job, JOB_DELIVERING);
		return;
	}
	if (job->in.gone != NULL) {
		fail_with(job, job->in.gone);
	} else if (request_judge(&job->in.envelope.request, job->in.endpoint->config, why) != 0) {
		fail_with(job, why);
	} else if (job->in.blamed >= BLAMED_FAILED) {
		fail_with(job, "checking this plan ended the checking process three times; see the log of planspoold");
	} else if (left <= 0) {
		outcomes_check_failed_to_run(job->outcomes, "planspool",
			"nothing was checked: the time of the run task (limits.job) was over before it could be taken up");
	} else {
		loop_timer_set(job->deadline, left);
		job_enter(job, JOB_CHECKING);
		return;
	}
	job_enter(job, JOB_PUBLISHING);
}

void job_take_up(struct job_world *world, const char *id)
{
	struct loop *loop = world->api.loop;
	struct job *job = xcalloc(1, sizeof *job);
	enum intake_end how;

	job->world = world;
	snprintf(job->id, sizeof job->id, "%s", id);
	enter(job);
	how = intake(world, id, &job->in);
	if (how != INTAKE_READY) {
		free(job);
		world->over(world, id, how == INTAKE_LATER);
		return;
	}
	job->deadline = loop_timer_new(loop, on_deadline, job);
	job->progress = loop_timer_new(loop, on_progress, job);
	job->retry = loop_timer_new(loop, publish, job);
	job->finished = loop_timer_new(loop, on_finished, job);
	job->outcomes = outcomes_new(job->in.endpoint->config->fail_on, false);
	start(job);
}
