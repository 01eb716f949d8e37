/* The run task request (HCP Terraform, "Run tasks integration", request body), in the order and with the fields of
 * a real one of 2026; and the one that verifies a new run task, whose made-up names and hosts are HCP Terraform's
 * own.
 *
 * At pre_plan there is no plan, so no plan_json_api_url. Without a folder to offer the URL of the configuration is
 * null. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "sim/payload.h"

static const char verification[] =
	"{\"payload_version\":1,\"stage\":\"test\",\"access_token\":\"test-token\","
	"\"capabilities\":{\"outcomes\":true},\"configuration_version_download_url\":null,"
	"\"is_speculative\":false,\"task_result_id\":\"taskrs-xxxxxxxxxxxxxxxx\","
	"\"task_result_enforcement_level\":\"test\","
	"\"task_result_callback_url\":\"https://app.terraform.io/api/v2/task-results/"
	"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx/callback\","
	"\"run_app_url\":\"https://app.terraform.io/app/test-org/test-workspace/runs/run-xxxxxxxxxxxxxxxx\","
	"\"run_id\":\"run-xxxxxxxxxxxxxxxx\",\"run_message\":\"Test run message\","
	"\"run_created_at\":\"2021-01-01T00:00:00.000Z\",\"run_created_by\":\"test-user\","
	"\"workspace_id\":\"ws-xxxxxxxxxxxxxxxx\",\"workspace_name\":\"test-workspace\","
	"\"workspace_app_url\":\"https://app.terraform.io/app/test-org/test-workspace\","
	"\"organization_name\":\"test-org\","
	"\"plan_json_api_url\":\"https://app.terraform.io/api/v2/plans/plan-xxxxxxxxxxxxxxxx/json-output\","
	"\"vcs_repo_url\":\"https://github.com/test-org/test-repo\",\"vcs_branch\":\"main\","
	"\"vcs_pull_request_url\":\"https://github.com/test-org/test-repo/pull/1\","
	"\"vcs_commit_url\":\"https://github.com/test-org/test-repo/commit/1234567sha\"}";

void payload_random_id(char *out, size_t size, const char *prefix, size_t n)
{
	static const char letters[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	size_t used = (size_t)snprintf(out, size, "%s", prefix);

	for (; n > 0 && used + 1 < size; n--)
		out[used++] = letters[randombytes_uniform(sizeof(letters) - 1)];
	out[used] = '\0';
}

static void random_uuid(char out[40])
{
	unsigned char b[16];

	randombytes_buf(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(out, 40, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
		b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

void payload_make_ids(struct run *r)
{
	const char *given = r->sim->options->task_result_id;
	char token[128];

	if (given == NULL)
		payload_random_id(r->task_result_id, sizeof(r->task_result_id), "taskrs-", 16);
	else if (r->number == 1)
		snprintf(r->task_result_id, sizeof(r->task_result_id), "%s", given);
	else
		snprintf(r->task_result_id, sizeof(r->task_result_id), "%s-%zu", given, r->number);
	payload_random_id(r->run_id, sizeof(r->run_id), "run-", 16);
	payload_random_id(r->plan_id, sizeof(r->plan_id), "plan-", 16);
	payload_random_id(r->workspace_id, sizeof(r->workspace_id), "ws-", 16);
	payload_random_id(r->configuration_id, sizeof(r->configuration_id), "cv-", 16);
	random_uuid(r->callback_id);
	payload_random_id(token, sizeof(token), "", 14);
	payload_random_id(token + 14, sizeof(token) - 14, ".atlasv1.", 60);
	r->token = secret_new(token, strlen(token));
	r->callback_path = xasprintf("/api/v2/task-results/%s/callback", r->callback_id);
	r->plan_path = xasprintf("/api/v2/plans/%s/json-output", r->plan_id);
	r->configuration_path = xasprintf("/api/v2/configuration-versions/%s/download", r->configuration_id);
}

/* The value of key is put together from parts. */
static void put_joined(json_t *j, const char *key, const char *a, const char *b, const char *c, const char *d)
{
	char *text = xasprintf("%s%s%s%s", a, b, c, d);

	json_put_string(j, key, text);
	free(text);
}

static void put_run(json_t *j, const struct run *r, const char *app)
{
	const struct options *o = r->sim->options;
	char now[TEXT_TIME_SIZE];

	text_time(clock_wall(), now);
	put_joined(j, "run_app_url", app, o->workspace, "/runs/", r->run_id);
	json_put_string(j, "run_created_at", now);
	json_put_string(j, "run_created_by", "planspool-sim");
	json_put_string(j, "run_id", r->run_id);
	json_put_string(j, "run_message", "Triggered by planspool-sim");
}

char *payload_text(const struct run *r)
{
	const struct options *o = r->sim->options;
	const char *origin = site_origin(r->sim->api);
	char *app = xasprintf("%s/app/%s/", origin, o->organization), *text;
	json_t *j = json_new_object(), *capabilities = json_new_object();

	if (o->verification) {
		free(app);
		json_free(j);
		json_free(capabilities);
		return xstrdup(verification);
	}
	json_put_integer(j, "payload_version", 1);
	json_put_string(j, "stage", o->stage);
	if (!o->no_token)
		json_put_string(j, "access_token", secret_data(r->token));
	json_put_bool(capabilities, "outcomes", true);
	json_put(j, "capabilities", capabilities);
	json_put(j, "configuration_version_download_url", NULL);
	if (r->sim->configuration.fd >= 0)
		put_joined(j, "configuration_version_download_url", origin, r->configuration_path, "", "");
	json_put_string(j, "configuration_version_id", r->configuration_id);
	json_put_bool(j, "is_speculative", false);
	json_put_string(j, "organization_name", o->organization);
	if (strcmp(o->stage, "pre_plan") != 0)
		put_joined(j, "plan_json_api_url", o->relative_plan_url ? "" : origin, r->plan_path, "", "");
	json_put_string(j, "project_id", "prj-gFVyPJ2q2Aurn5DV");
	json_put_string(j, "project_name", "Default Project");
	put_joined(j, "project_app_url", app, "projects/DefaultProject", "", "");
	put_run(j, r, app);
	put_joined(j, "task_result_callback_url", origin, r->callback_path, "", "");
	json_put_string(j, "task_result_enforcement_level", o->enforcement);
	json_put_string(j, "task_result_id", r->task_result_id);
	json_put_string(j, "vcs_branch", "main");
	json_put(j, "vcs_commit_url", NULL);
	json_put(j, "vcs_commit_hash", NULL);
	json_put(j, "vcs_pull_request_url", NULL);
	json_put(j, "vcs_repo_url", NULL);
	put_joined(j, "workspace_app_url", app, o->workspace, "", "");
	json_put_string(j, "workspace_id", r->workspace_id);
	json_put_string(j, "workspace_name", o->workspace);
	json_put_string(j, "workspace_working_directory", "");
	text = json_text(j);
	json_free(j);
	free(app);
	return text;
}
