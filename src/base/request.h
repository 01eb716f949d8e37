/* A run task request (HCP Terraform, "Run tasks integration", request body): the strict part of reading one, and
 * what an endpoint accepts. Unknown fields are kept, absent ones are fine, but for the four that everything rests
 * on. */
#ifndef PLANSPOOL_BASE_REQUEST_H
#define PLANSPOOL_BASE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/config.h"
#include "base/json.h"

#define REQUEST_WHY 256
#define REQUEST_RESULT_ID_MAX 96

enum stage { STAGE_PRE_PLAN, STAGE_POST_PLAN, STAGE_PRE_APPLY, STAGE_POST_APPLY };
const char *stage_name(enum stage s);			/* "pre_plan" ... */
int stage_parse(const char *s, enum stage *out);	/* hyphens read as underscores; -1: none of the four */

struct request {
	json_t *payload;			/* owned; the strings below belong to it */
	enum stage stage;
	const char *task_result_id;
	const char *callback_url;
	const char *plan_url;			/* NULL if absent; may be relative to the callback's origin */
	const char *configuration_url;		/* NULL if absent; likewise */
	const char *organization;		/* NULL if absent */
	const char *access_token;		/* NULL if absent or empty */
};

enum request_kind { REQUEST_BAD, REQUEST_VERIFICATION, REQUEST_RUN_TASK };

/* Reads a body. REQUEST_VERIFICATION (access_token is "test-token") is decided before any other field is judged and
 * leaves *out empty. REQUEST_BAD gives a reason that names the field. Only REQUEST_RUN_TASK fills *out, freed by
 * request_free. */
enum request_kind request_parse(const char *body, size_t len, struct request *out, char why[REQUEST_WHY]);
void request_free(struct request *r);	/* wipes nothing: json-c keeps copies of its own, out of our reach */

/* Whether the endpoint accepts it: organization, and the origin of every URL that would be used. 0, or -1 with a
 * reason that names the field and the origin to add. Used by the handler at the door and by the spooler again. */
int request_judge(const struct request *r, const struct config_endpoint *endpoint, char why[REQUEST_WHY]);

bool request_result_id_valid(const char *s);	/* [A-Za-z0-9_-]{1,96} */

#endif
