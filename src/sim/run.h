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

enum { OBJECT_PLAN, OBJECT_CONFIGURATION, OBJECTS };

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
	struct http_request *request;	/* while it is sent */
	bool posted, final_sent, over;
	const char *status;		/* passed, failed; errored, unreachable; verified */
	json_t *final;			/* the callback's document that ended it; NULL: none */
	char *final_text;
	size_t callbacks;
	json_t *faults;			/* of texts */
	int64_t sent_at;		/* loop_now */
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
};

/* Makes the runs and sends their requests; the loop is stopped when all are over. */
void run_start_all(struct sim *s);
void run_free_all(struct sim *s);

/* For struct site_setup; context is the struct sim. */
void run_answer_api(void *context, const struct site_request *q, struct site_answer *a);
void run_answer_storage(void *context, const struct site_request *q, struct site_answer *a);
void run_answer_sent(void *context, void *run);

#endif
