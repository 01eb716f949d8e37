/* One request to the sender or to its storage: where it may go, with which token and authority, in its turn (pace.h), and what the
 * answer means (schedule.h). What is fetched and delivered builds on this. */
#ifndef PLANSPOOL_SPOOLER_API_H
#define PLANSPOOL_SPOOLER_API_H

#include <stdbool.h>

#include "base/secret.h"
#include "net/http.h"
#include "spooler/pace.h"
#include "spooler/schedule.h"
#include "spooler/settings.h"

#define API_WHY 512

/* What a worker's requests share. */
struct api {
	struct loop *loop;
	struct http *http;
	struct pacer *pacer;
	/* Called before anything is done for a job: if the worker dies in it, that job is to blame. */
	void (*at_work)(struct api *api, const char *job);
};

/* Where a request may go and what it may carry. */
struct api_target {
	struct secret *url;		/* owned; NULL: unused */
	char *origin;			/* owned */
	char *ca_file;			/* owned; NULL: the system's */
	const struct secret *bearer;	/* NULL: none; borrowed from the job or the settings */
	bool storage;			/* found by a redirect: all of its URL is as good as a password */
};

/* The target of a URL of the request itself: its origin must be one of the endpoint's hosts. token is the request's own, which goes
 * first; else the host's token_file, for the paths that it is meant for. 0, or -1 with a reason that shows no query. */
int api_target(const struct endpoint_settings *endpoint, const char *url, const struct secret *token, struct api_target *out,
	char why[API_WHY]);

/* The target of a redirect found at from: the same origin (which keeps the token), or one of the endpoint's storage; never from
 * https to http. 0, or -1 with a reason that names the host to add. */
int api_redirect(const struct endpoint_settings *endpoint, const struct api_target *from, const char *location,
	struct api_target *out, char why[API_WHY]);
void api_target_clear(struct api_target *t);

struct api_answer {
	enum schedule_answer meaning;
	int status;			/* 0: no answer */
	int64_t wait_ms;		/* the wait that the sender names, never nothing; -1: none */
	const char *location;		/* NULL if none */
	bool stopped;			/* data returned false */
	const char *why;		/* for people: "503", "422: Message is too long", "could not connect: ..." */
};

struct api_request {
	const char *job;			/* its id; must stay until the end */
	const char *method;
	const struct api_target *target;	/* must stay until the end */
	const char *body;			/* NULL: none; must stay until the end */
	size_t body_len;
	enum pace_priority priority;
	int64_t total_ms;			/* limit on the whole exchange; 0: only that something must flow */
	bool (*data)(void *context, const char *data, size_t len);	/* gets the body of a 200; NULL: nobody wants it */
	void (*answered)(void *context, const struct api_answer *answer);	/* the end; never called from api_start */
	void *context;
};

struct api_call;
struct api_call *api_start(struct api *api, const struct api_request *request);
bool api_waits(const struct api_call *call);	/* it has not had its turn: nothing has been sent */
void api_cancel(struct api_call *call);	/* NULL is fine; not from data or answered */

#endif
