/* All checks of an endpoint as one thing: loaded once, then for each plan a run into which the plan's bytes go and
 * out of which outcomes come. Used by the spooler and by "planspool check" alike. */
#ifndef PLANSPOOL_CHECKS_CHECKSET_H
#define PLANSPOOL_CHECKS_CHECKSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "base/faults.h"
#include "base/request.h"
#include "checks/outcome.h"

struct checkset;
struct policy;
struct checkset_run;

/* Loads the checks of an endpoint. It may wait for files that someone is just writing, until then on the monotonic clock; 0: it
 * does not. A check that cannot be loaded adds errors to faults, and is kept as one that could not run: each run then has an error
 * outcome with its first fault. Never NULL. */
struct checkset *checkset_load(const struct config *config, const struct config_endpoint *endpoint,
	int64_t wait_until_ms, struct faults *faults);

/* For the command line without a configuration: one policies check over these files and folders; none at all when n
 * is 0. */
struct checkset *checkset_load_policies(const char *const *paths, size_t n, struct faults *faults);
/* The same as one check more of a set that no run uses yet. */
void checkset_add_policies(struct checkset *set, const char *const *paths, size_t n, struct faults *faults);
/* As checkset_add_policies, an images check over these registry files. */
void checkset_add_images(struct checkset *set, const char *const *paths, size_t n, struct faults *faults);
void checkset_free(struct checkset *set);
size_t checkset_count(const struct checkset *set);	/* checks, with those that could not be loaded */

/* Starts a run. done is called once, from checkset_end, checkset_abandon or later from the event loop, when every
 * check has finished; it may call checkset_stop. outcomes is borrowed until checkset_stop, and so is set. */
struct checkset_run *checkset_start(const struct checkset *set, enum stage stage, uint64_t max_resource,
	uint64_t max_plan, struct outcomes *outcomes, void (*done)(void *context), void *context);

/* Plan bytes as they come. 0, or -1 once the plan is unusable: the outcomes then say so, and the caller may stop
 * fetching. */
int checkset_feed(struct checkset_run *run, const char *data, size_t len);
void checkset_end(struct checkset_run *run);	/* the plan is complete */
/* There is no plan, or no whole one: plan checks end with an error outcome that gives the reason; when
 * no_plan_at_stage is true (pre_plan has no plan) they end as skipped instead. */
void checkset_abandon(struct checkset_run *run, bool no_plan_at_stage, const char *reason);
/* Why the plan is unusable ("byte 1234: ..."), NULL as long as it is not. Borrowed until restart or stop. */
const char *checkset_plan_error(const struct checkset_run *run);
/* How far it is, for people: "412 resources, 20.1 MiB". Allocated. */
char *checkset_progress(const struct checkset_run *run);
void checkset_stop(struct checkset_run *run);	/* frees, also half-way */

/* When the download starts again from the beginning (a retry after bytes were fed, or after checkset_feed returned
 * -1): forgets all outcomes and state. Not after checkset_end or checkset_abandon. */
void checkset_restart(struct checkset_run *run);

/* All policies, borrowed, in an allocated list of n; NULL and 0 if those of some check could not be loaded. */
struct policy **checkset_policies(const struct checkset *set, size_t *n);
/* The ids of policies that before runs and set does not, for people, with commas between them; NULL if there are none.
 * Allocated. */
char *checkset_removed(const struct checkset *set, const struct checkset *before);

/* 12 hexadecimal digits over the checks, what they loaded and their arguments but for the places of files: for people
 * who compare by which policies and settings two plans were judged. */
#define CHECKSET_HASH 13
const char *checkset_hash(const struct checkset *set);

#endif
