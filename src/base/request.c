/*
 * Reading a run task request, and judging what an endpoint accepts of it.
 *
 * Only what everything rests on is demanded: payload_version 1, stage, task_result_id, task_result_callback_url. All
 * else may be absent, null, of another type or unknown, and is kept in the payload: senders differ, and HCP Terraform
 * adds fields without changing payload_version. The verification request that HCP Terraform sends when a run task is
 * registered is recognised by its token before anything else is looked at, since its organization, stage and hosts are
 * made up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/request.h"
#include "base/url.h"

#define VERIFICATION_TOKEN "test-token"
#define TOKEN_MAX 16384

static const char *const stage_names[] = {
	[STAGE_PRE_PLAN] = "pre_plan",
	[STAGE_POST_PLAN] = "post_plan",
	[STAGE_PRE_APPLY] = "pre_apply",
	[STAGE_POST_APPLY] = "post_apply",
};
#define STAGES (sizeof stage_names / sizeof *stage_names)

const char *stage_name(enum stage s)
{
	return stage_names[s];
}

/* Documentation of 2022 spelled stages with hyphens; senders may still. */
static bool same_stage(const char *name, const char *s)
{
	for (; *name != '\0'; name++, s++)
		if (*s != *name && !(*name == '_' && *s == '-'))
			return false;
	return *s == '\0';
}

int stage_parse(const char *s, enum stage *out)
{
	for (size_t i = 0; i < STAGES; i++) {
		if (same_stage(stage_names[i], s)) {
			*out = (enum stage)i;
			return 0;
		}
	}
	return -1;
}

bool request_result_id_valid(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

	return n > 0 && n <= REQUEST_RESULT_ID_MAX && s[n] == '\0';
}

/* ---- reading ---- */

static const char *missing_or_malformed(const json_t *payload, const char *key)
{
	return json_has(payload, key) ? "malformed" : "missing";
}

static int read_version(struct request *r, char why[REQUEST_WHY])
{
	int64_t version;

	if (json_integer(json_get(r->payload, "payload_version"), &version) == 0 && version == 1)
		return 0;
	snprintf(why, REQUEST_WHY, "payload_version: %s, must be 1",
		missing_or_malformed(r->payload, "payload_version"));
	return -1;
}

static int read_stage(struct request *r, char why[REQUEST_WHY])
{
	const char *stage = json_get_string(r->payload, "stage");

	if (stage != NULL && stage_parse(stage, &r->stage) == 0)
		return 0;
	snprintf(why, REQUEST_WHY, "stage: %s, must be pre_plan, post_plan, pre_apply or post_apply",
		missing_or_malformed(r->payload, "stage"));
	return -1;
}

static int read_result_id(struct request *r, char why[REQUEST_WHY])
{
	r->task_result_id = json_get_string(r->payload, "task_result_id");
	if (r->task_result_id != NULL && request_result_id_valid(r->task_result_id))
		return 0;
	snprintf(why, REQUEST_WHY, "task_result_id: %s, must be 1 to %d of A-Z a-z 0-9 _ -",
		missing_or_malformed(r->payload, "task_result_id"), REQUEST_RESULT_ID_MAX);
	return -1;
}

static int read_callback_url(struct request *r, char why[REQUEST_WHY])
{
	char reason[URL_WHY] = "not a text";
	struct url url;

	r->callback_url = json_get_string(r->payload, "task_result_callback_url");
	if (r->callback_url != NULL && url_parse(r->callback_url, &url, reason) == 0)
		return 0;
	if (json_has(r->payload, "task_result_callback_url"))
		snprintf(why, REQUEST_WHY, "task_result_callback_url: malformed: %s", reason);
	else
		snprintf(why, REQUEST_WHY, "task_result_callback_url: missing");
	return -1;
}

/* An optional text: absent, null, empty and of another type are all the same. */
static const char *optional(const json_t *payload, const char *key)
{
	const char *s = json_get_string(payload, key);

	return s == NULL || s[0] == '\0' ? NULL : s;
}

/* What could never be sent in a header is refused while the sender listens. */
static int read_token(struct request *r, char why[REQUEST_WHY])
{
	r->access_token = optional(r->payload, "access_token");
	for (size_t i = 0; r->access_token != NULL && r->access_token[i] != '\0'; i++)
		if (r->access_token[i] <= ' ' || (unsigned char)r->access_token[i] > '~' || i >= TOKEN_MAX) {
			snprintf(why, REQUEST_WHY, "access_token: malformed, must be at most %d printable characters without spaces",
				TOKEN_MAX);
			return -1;
		}
	return 0;
}

enum request_kind request_parse(const char *body, size_t len, struct request *out, char why[REQUEST_WHY])
{
	static int (*const readers[])(struct request *, char *) = {
		read_version, read_stage, read_result_id, read_callback_url, read_token,
	};
	char reason[JSON_WHY];
	const char *token;

	memset(out, 0, sizeof *out);
	if (json_parse(body, len, &out->payload, reason) != 0) {
		snprintf(why, REQUEST_WHY, "not JSON: %s", reason);
		goto bad;
	}
	if (!json_is_object(out->payload)) {
		snprintf(why, REQUEST_WHY, "not a JSON object");
		goto bad;
	}
	token = json_get_string(out->payload, "access_token");
	if (token != NULL && strcmp(token, VERIFICATION_TOKEN) == 0) {
		request_free(out);
		return REQUEST_VERIFICATION;
	}
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		if (readers[i](out, why) != 0)
			goto bad;
	out->plan_url = optional(out->payload, "plan_json_api_url");
	out->configuration_url = optional(out->payload, "configuration_version_download_url");
	out->organization = optional(out->payload, "organization_name");
	return REQUEST_RUN_TASK;
bad:
	request_free(out);
	return REQUEST_BAD;
}

void request_free(struct request *r)
{
	json_free(r->payload);
	memset(r, 0, sizeof *r);
}

/* ---- judging ---- */

static bool organization_allowed(const struct request *r, const struct config_endpoint *endpoint, char why[REQUEST_WHY])
{
	if (endpoint->organization_count == 0)
		return true;
	for (size_t i = 0; r->organization != NULL && i < endpoint->organization_count; i++)
		if (strcmp(endpoint->organizations[i], r->organization) == 0)
			return true;
	snprintf(why, REQUEST_WHY, "organization_name: not one of the organizations of endpoint %s", endpoint->name);
	return false;
}

/* Whether the URL, relative to base if it is no absolute one, has an origin of the endpoint's hosts. */
static bool origin_allowed(const char *field, const char *base, const char *reference,
	const struct config_endpoint *endpoint, char why[REQUEST_WHY])
{
	char reason[URL_WHY], *text, *origin;
	bool allowed = false;
	struct url url;

	text = url_resolve(base, reference, reason);
	if (text == NULL || url_parse(text, &url, reason) != 0) {
		snprintf(why, REQUEST_WHY, "%s: %s", field, reason);
	} else if (config_host_of(endpoint->hosts, endpoint->host_count, &url) == NULL) {
		origin = url_origin(&url);
		snprintf(why, REQUEST_WHY, "%s: %.160s is not one of the hosts of endpoint %s", field, origin,
			endpoint->name);
		free(origin);
	} else {
		allowed = true;
	}
	free(text);
	return allowed;
}

int request_judge(const struct request *r, const struct config_endpoint *endpoint, char why[REQUEST_WHY])
{
	const char *base = r->callback_url;

	if (!organization_allowed(r, endpoint, why) ||
	    !origin_allowed("task_result_callback_url", base, base, endpoint, why))
		return -1;
	/* pre_plan has no plan to fetch, whatever the field says. */
	if (r->plan_url != NULL && r->stage != STAGE_PRE_PLAN &&
	    !origin_allowed("plan_json_api_url", base, r->plan_url, endpoint, why))
		return -1;
	if (r->configuration_url != NULL &&
	    !origin_allowed("configuration_version_download_url", base, r->configuration_url, endpoint, why))
		return -1;
	return 0;
}
