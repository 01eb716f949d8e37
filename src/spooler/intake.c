/*
 * Taking up a job: from an id to everything that is needed to work on it.
 *
 * active/<id> is made ours (claimed from new/, or found to be held by this instance), the envelope is read and
 * unsealed, the endpoint and the target of the callback are found. A job that stops on the way goes where a person
 * finds it: what cannot be read is corrupt, what can be read but not called back is undelivered, each with the reason.
 * Trouble of our own (the disk) leaves it where it is, to be taken up again later, and so does a key that another spooler may have.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "spooler/intake.h"
#include "spooler/journal.h"

/* Makes sure that active/<id> is ours. */
static enum intake_end take(struct job_world *world, const char *id, bool *has_result)
{
	char holder[SPOOL_INSTANCE_SIZE], why[SPOOL_WHY] = "";
	bool held = spool_holder(world->spool, id, holder) == 0;
	bool ours = held && (strcmp(holder, world->instance) == 0 || strcmp(holder, SPOOL_NOBODY) == 0);

	if (!held && errno != ENOENT)
		goto trouble;
	/* Ours: a worker may have died, or met trouble, before it saw that the job had ended. Nobody's: we left it to another spooler,
	 * which did not take it. */
	switch (ours ? spool_take_over(world->spool, id, holder, world->instance) :
		spool_claim(world->spool, id, world->instance, world->settings->handler_uid, why)) {
	case SPOOL_CLAIMED:
		*has_result = ours && spool_has(world->spool, SPOOL_ACTIVE, id, SPOOL_RESULT);
		if (ours)
			(void)journal(world->spool, id, false, "resumed", "%s",
				*has_result ? "its result is delivered" : "it is checked again");
		else
			(void)journal(world->spool, id, false, "claimed", NULL);
		return INTAKE_READY;
	case SPOOL_FINISHED:
		log_info(id, "duplicate of a job that has ended, dropped");
		return INTAKE_OVER;
	case SPOOL_SET_ASIDE:
		log_warn(id, "no job: %s", why);
		return INTAKE_OVER;
	case SPOOL_LOST:
		return INTAKE_OVER;
	case SPOOL_TROUBLE:
		break;
	}
trouble:
	log_error(id, "cannot be claimed: %s", strerror(errno));
	return INTAKE_LATER;
}

/* What came of reading an envelope. */
enum opened { OPENED, SEALED, UNREADABLE, TROUBLE };

static enum opened open_request(struct job_world *world, const char *id, struct envelope *out, char why[ENVELOPE_WHY])
{
	const struct settings *settings = world->settings;
	struct buf text = BUF_INIT(SPOOL_ENVELOPE_MAX);
	enum opened how = UNREADABLE;

	if (spool_read(world->spool, SPOOL_ACTIVE, id, SPOOL_REQUEST, &text) != 0) {
		snprintf(why, ENVELOPE_WHY, "request.json: %s", strerror(errno));
		if (!fsio_unfit(errno))
			how = TROUBLE;
	} else if (envelope_read(buf_text(&text), text.len, id, out, why) == 0) {
		how = SEALED;
		if (envelope_unseal(out, buf_text(&text), text.len, id, settings->keys, settings->key_count, why) == 0)
			how = OPENED;
	}
	buf_free(&text);
	return how;
}

/* Finds the endpoint and where the callback goes. What is no longer configured is answered through any endpoint that still has the
 * callback's host. 0, or -1 with a reason when nobody can be called back. */
static int find_callback(const struct settings *settings, struct intake *in, char why[API_WHY])
{
	const char *callback = secret_data(in->envelope.callback_url);
	const struct endpoint_settings *own = settings_endpoint(settings, in->envelope.endpoint), *other = NULL;
	char reason[URL_WHY];
	struct url url;

	in->endpoint = own;
	if (url_parse(callback, &url, reason) == 0 &&
	    (own == NULL || config_host_of(own->config->hosts, own->config->host_count, &url) == NULL))
		other = settings_endpoint_for(settings, &url);
	if (other != NULL) {
		in->gone = own == NULL ? xasprintf("endpoint %s is no longer configured in planspool", in->envelope.endpoint) :
			xasprintf("the host of this run is no longer one of the hosts of endpoint %s in planspool",
				in->envelope.endpoint);
		in->endpoint = other;
	}
	if (in->endpoint == NULL) {
		snprintf(why, API_WHY,
			"endpoint %s is no longer configured, and no other endpoint has the callback's host",
			in->envelope.endpoint);
		return -1;
	}
	return api_target(in->endpoint, callback, in->envelope.access_token, &in->callback, why);
}

/* Whether the sender may still wait for an answer. */
static bool in_time(const struct intake *in)
{
	return clock_wall() - in->since_ms < SCHEDULE_RUN_MS;
}

/* Leaves a job that no key of ours opens to another spooler: while keys are being replaced, one may have a key that others have not
 * yet. What none of them opens comes round again until nobody waits for it. */
static enum intake_end leave(struct job_world *world, const char *id, bool said)
{
	if (!said)
		(void)journal(world->spool, id, false, "left", "no key of this spooler opens it; another one may have it");
	(void)spool_release(world->spool, id, world->instance);
	return INTAKE_LATER;
}

enum intake_end intake(struct job_world *world, const char *id, struct intake *out)
{
	enum intake_end how;
	char why[API_WHY];
	enum opened opened;
	struct journal_story story;

	memset(out, 0, sizeof *out);
	how = take(world, id, &out->has_result);
	if (how != INTAKE_READY)
		return how;
	opened = open_request(world, id, &out->envelope, why);
	if (journal_read(world->spool, SPOOL_ACTIVE, id, &story) != 0) {
		snprintf(why, sizeof why, "log.jsonl: %s", strerror(errno));
		opened = TROUBLE;
	}
	out->blamed = story.blamed;
	out->since_ms = story.retried_ms >= 0 ? story.retried_ms : out->envelope.received_ms;
	if (opened == OPENED && find_callback(world->settings, out, why) == 0)
		return INTAKE_READY;
	if (opened == TROUBLE) {
		log_error(id, "cannot be taken up: %s", why);
		how = INTAKE_LATER;
	} else if (opened == UNREADABLE) {
		log_warn(id, "moved to corrupt/: %s", why);
		how = spool_set_aside_active(world->spool, id) == 0 ? INTAKE_OVER : INTAKE_LATER;
	} else if (opened == SEALED && spool_shared(world->spool, world->instance) && in_time(out)) {
		how = leave(world, id, story.left);
	} else {
		(void)journal(world->spool, id, true, "undelivered", "%s", why);
		how = spool_finish(world->spool, id, world->instance, SPOOL_UNDELIVERED) == 0 ? INTAKE_OVER : INTAKE_LATER;
	}
	intake_clear(out);
	return how;
}

void intake_clear(struct intake *in)
{
	free(in->gone);
	api_target_clear(&in->callback);
	envelope_free(&in->envelope);
}
