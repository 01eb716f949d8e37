/* Runs: what each one sent, was asked for and was told. */
#ifndef PLANSPOOL_SIM_RUN_H
#define PLANSPOOL_SIM_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/json.h"
#include "base/secret.h"
#include "net/http.h"
#include "net/loop.h"
#include "sim/mood.h"
#include "sim/options.h"
#include "sim/site.h"

struct sim;

struct file {			/* what the storage gives out */
	int fd;			/* -1: there is none */
	uint64_t size;
	const char *content_type;
};

struct object {			/* a file's temporary place on the storage origin */
	const struct file *file;
	const char *name;	/* for progress */
	char *path;		/* NULL until it was asked for */
	bool taken;
	int64_t until;		/* loop_now */
};

enum { OBJECT_PLAN = MOOD_PLAN, OBJECT_CONFIGURATION = MOOD_CONFIGURATION, OBJECTS };

enum post_kind { POST_FIRST, POST_DUPLICATE, POST_LATER };

struct post {			/* the request, sent once */
	struct run *run;
	enum post_kind kind;
	struct http_request *request;	/* while it is sent */
	size_t body;			/* bytes of the answer's body */
};

struct run {
	struct sim *sim;
	size_t number;			/* from 1 */
	char task_result_id[128];
	char run_id[32], plan_id[32], workspace_id[32], configuration_id[48];
	char callback_id[40];
	struct secret *token;
	char *callback_path, *plan_path, *configuration_path;
	struct object objects[OBJECTS];
	char *payload;			/* must stay while it is sent */
	struct post *posts;
	size_t posts_count, posts_open;
	size_t asked[MOOD_KINDS];	/* how often */
	bool final_sent, final_whole;	/* the answer to the final callback has been sent; all of it */
	bool canceled, over;
	const char *status;		/* passed, failed; canceled, errored, unreachable; verified */
	json_t *final;			/* the callback's document that ended it; NULL: none */
	char *final_text;
	size_t callbacks;
	json_t *faults, *warnings;	/* of texts */
	json_t *transcript;		/* of objects; NULL: not wanted */
	int64_t sent_at, heard_at;	/* loop_now */
	int64_t accepted_ms, running_ms, final_ms;	/* since then; -1: not yet */
};

struct sim {
	const struct options *options;
	struct loop *loop;
	struct http *http;
	struct site *api, *storage;
	struct secret *key, *endpoint;	/* key NULL: unsigned */
	struct loop_timer *limit, *linger;
	struct file plan, configuration;
	int64_t started;		/* loop_now */
	FILE *out;			/* for progress */
	struct run *runs;
	size_t count, sent, over;
	size_t strays;			/* requests that belong to no run */
	int64_t second_began, second_requests;	/* for --rate-limit */
};

/* Makes the runs and sends their requests; the loop is stopped when all are over. */
void run_start_all(struct sim *s);
void run_free_all(struct sim *s);

int64_t run_elapsed(const struct run *r);	/* milliseconds since its request was sent */

/* For struct site_setup: the answer to a final callback, or one that says that the run is canceled, has been sent. */
void run_answer_sent(void *sim, void *run, bool whole);

#endif
