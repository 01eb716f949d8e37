/* Outcomes: what checks found, collected for one run of the checks, with bounds. The severity threshold (fail_on) is
 * applied here: a failed outcome below it becomes a warning. */
#ifndef PLANSPOOL_CHECKS_OUTCOME_H
#define PLANSPOOL_CHECKS_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "base/json.h"

enum outcome_status {	/* worst first */
	OUTCOME_FAILED, OUTCOME_ERROR, OUTCOME_UNKNOWN, OUTCOME_WARNING, OUTCOME_SKIPPED, OUTCOME_PASSED,
	OUTCOME_STATUSES
};
const char *outcome_status_name(enum outcome_status s);	/* "failed" ... */

#define OUTCOME_TAGS 3

struct outcome_tag {
	const char *name;		/* a word; static text */
	const char *label;		/* NULL: no tag */
};

struct outcome {
	enum outcome_status status;
	enum severity severity;
	const char *id;			/* policy id, or the check's name; never NULL */
	const char *address;		/* resource address; NULL: not about one resource */
	const char *description;	/* one line: what the policy is, "Bucket must not be public" */
	const char *reason;		/* one line: why this verdict, here; NULL. No sensitive value */
	const char *help;		/* markdown: what to do; NULL */
	const char *url;		/* guideline; NULL */
	/* For checks that say more than why: */
	const char *body;		/* markdown in place of the reason, where there is room for it; NULL */
	struct outcome_tag tags[OUTCOME_TAGS];	/* besides status and severity */
	bool alone;			/* a callback shows it by itself, not with the others of its id and status */
};

#define OUTCOME_HITS_KEPT 100		/* of one id and status; the rest is counted */

struct outcomes;

/* keep_all: every outcome is kept, passed ones too (the command line's --all); else failed, error, unknown, warning
 * and skipped ones up to OUTCOME_HITS_KEPT each, and passed ones only counted. Texts over all are bounded too (16
 * MiB): beyond that only the first of each id and status is kept. */
struct outcomes *outcomes_new(enum severity fail_on, bool keep_all);
void outcomes_free(struct outcomes *o);
void outcomes_clear(struct outcomes *o);	/* as if new: the run starts over */

/* Copies; texts longer than anything legitimate are cut. Reasons and descriptions are for one line. */
void outcomes_add(struct outcomes *o, const struct outcome *one);

bool outcomes_keep_all(const struct outcomes *o);

/* Whether the texts of one more outcome of that id and status would be kept: else only its id and status count. */
bool outcomes_keeps(const struct outcomes *o, const char *id, enum outcome_status s);

/* A whole check could not run: an error outcome whose id is the check's name. */
void outcomes_check_failed_to_run(struct outcomes *o, const char *check, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What a check counted, as one short text for the message: "images: 2 revoked, 14 checked". Copied. */
void outcomes_add_note(struct outcomes *o, const char *note);
size_t outcomes_notes(const struct outcomes *o);
const char *outcomes_note(const struct outcomes *o, size_t i);

void outcomes_set_resources(struct outcomes *o, uint64_t n);	/* resource changes in the plan */
uint64_t outcomes_resources(const struct outcomes *o);
uint64_t outcomes_count(const struct outcomes *o, enum outcome_status s);	/* all, kept or not */

/* The kept ones, worst status first, then by severity, those of one id together, in the order they were added. A
 * pointer is good until the next outcome is added. */
size_t outcomes_kept(const struct outcomes *o);
const struct outcome *outcomes_at(struct outcomes *o, size_t i);
/* How many outcomes of that id and status were counted but not kept. */
uint64_t outcomes_not_kept(struct outcomes *o, const char *id, enum outcome_status s);

/* {"id", "status", "severity", "address", "description", "body", "tags", "url"}: as check --format json prints and
 * outcomes.jsonl holds. body is markdown: the outcome's own, or of reason and help; tags is {"NAME": "LABEL"}. */
json_t *outcome_json(const struct outcome *one);

/* One outcome a line, worst first, as JSON; *n is how many. Outcomes share their texts in memory but not here, so that there is a
 * bound: what does not fit into max bytes is left out. Allocated. */
char *outcomes_lines(struct outcomes *o, size_t max, size_t *n);

#endif
