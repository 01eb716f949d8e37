/* Run task requests: what is demanded of a payload, what may be anything, and which origins and organizations an
 * endpoint takes. */
#include "test.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "base/request.h"

static enum request_kind parse(const char *body, struct request *out, char why[REQUEST_WHY])
{
	why[0] = '\0';
	return request_parse(body, strlen(body), out, why);
}

/* ---- payloads as senders make them ---- */

static enum request_kind parse_file(const char *name, struct request *out)
{
	char *path = xasprintf("%s/%s", TEST_PAYLOADS, name), why[REQUEST_WHY] = "";
	struct buf body = BUF_INIT(1 << 20);
	enum request_kind kind;

	assert_int_equal(fsio_read_file(AT_FDCWD, path, &body), 0);
	kind = request_parse(body.data, body.len, out, why);
	buf_free(&body);
	free(path);
	assert_string_equal(why, "");
	return kind;
}

static void reads_payloads(void **state)
{
	struct request r;

	(void)state;
	assert_int_equal(parse_file("post_plan.json", &r), REQUEST_RUN_TASK);
	assert_int_equal(r.stage, STAGE_POST_PLAN);
	assert_string_equal(r.task_result_id, "taskrs-2nH5dncYoXaMVQmJ");
	assert_string_equal(r.callback_url,
		"https://app.terraform.io/api/v2/task-results/5ea8d46c-2ceb-42cd-83f2-82e54697bddd/callback");
	assert_string_equal(r.plan_url, "https://app.terraform.io/api/v2/plans/plan-6AFmRJW1PFJ7qbAh/json-output");
	assert_string_equal(r.configuration_url,
		"https://app.terraform.io/api/v2/configuration-versions/cv-ntv3HbhJqvFzamy7/download");
	assert_string_equal(r.organization, "acme");
	assert_string_equal(r.access_token, "4QEuyyxug1f2rw.atlasv1.not-a-real-token");
	request_free(&r);

	/* A sender without tokens, with a plan path of its own host and a callback whose query is the credential. */
	assert_int_equal(parse_file("post_plan-relative.json", &r), REQUEST_RUN_TASK);
	assert_string_equal(r.plan_url, "/api/v2/plans/plan-run-60ff90b1808e4483/json-output");
	assert_non_null(strstr(r.callback_url, "/callback?expires=1795406653&signature="));
	assert_null(r.configuration_url);
	assert_null(r.access_token);
	request_free(&r);

	assert_int_equal(parse_file("verification.json", &r), REQUEST_VERIFICATION);
	assert_null(r.payload);
	assert_null(r.task_result_id);
}

/* ---- the four fields ---- */

#define ID "\"task_result_id\":\"taskrs-1\""
#define URL "\"task_result_callback_url\":\"https://app.terraform.io/c\""
#define PAYLOAD "\"payload_version\":1"
#define STAGE "\"stage\":\"post_plan\""
#define PAYLOAD_WHY "must be 1"
#define STAGE_WHY "must be pre_plan, post_plan, pre_apply or post_apply"
#define ID_WHY "must be 1 to 96 of A-Z a-z 0-9 _ -"
#define A96 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *body;
	enum request_kind kind;
	const char *why;
} bodies[] = {
	{ "{" PAYLOAD "," STAGE "," ID "," URL "}", REQUEST_RUN_TASK, "" },
	{ "", REQUEST_BAD, "not JSON: byte 0: unexpected end of data" },
	{ "null", REQUEST_BAD, "not a JSON object" },
	{ "[]", REQUEST_BAD, "not a JSON object" },
	{ "\"x\"", REQUEST_BAD, "not a JSON object" },
	{ "{}", REQUEST_BAD, "payload_version: missing, " PAYLOAD_WHY },

	{ "{" STAGE "," ID "," URL "}", REQUEST_BAD, "payload_version: missing, " PAYLOAD_WHY },
	{ "{\"payload_version\":null," STAGE "," ID "," URL "}", REQUEST_BAD,
		"payload_version: malformed, " PAYLOAD_WHY },
	{ "{\"payload_version\":\"1\"," STAGE "," ID "," URL "}", REQUEST_BAD,
		"payload_version: malformed, " PAYLOAD_WHY },
	{ "{\"payload_version\":2," STAGE "," ID "," URL "}", REQUEST_BAD, "payload_version: malformed, " PAYLOAD_WHY },
	{ "{\"payload_version\":4294967297," STAGE "," ID "," URL "}", REQUEST_BAD,
		"payload_version: malformed, " PAYLOAD_WHY },
	{ "{\"payload_version\":18446744073709551615," STAGE "," ID "," URL "}", REQUEST_BAD,
		"payload_version: malformed, " PAYLOAD_WHY },
	{ "{\"payload_version\":true," STAGE "," ID "," URL "}", REQUEST_BAD,
		"payload_version: malformed, " PAYLOAD_WHY },

	{ "{" PAYLOAD "," ID "," URL "}", REQUEST_BAD, "stage: missing, " STAGE_WHY },
	{ "{" PAYLOAD ",\"stage\":null," ID "," URL "}", REQUEST_BAD, "stage: malformed, " STAGE_WHY },
	{ "{" PAYLOAD ",\"stage\":[\"post_plan\"]," ID "," URL "}", REQUEST_BAD, "stage: malformed, " STAGE_WHY },
	{ "{" PAYLOAD ",\"stage\":\"\"," ID "," URL "}", REQUEST_BAD, "stage: malformed, " STAGE_WHY },
	{ "{" PAYLOAD ",\"stage\":\"test\"," ID "," URL "}", REQUEST_BAD, "stage: malformed, " STAGE_WHY },
	{ "{" PAYLOAD ",\"stage\":\"Post_Plan\"," ID "," URL "}", REQUEST_BAD, "stage: malformed, " STAGE_WHY },
	{ "{" PAYLOAD ",\"stage\":\"post_plans\"," ID "," URL "}", REQUEST_BAD, "stage: malformed, " STAGE_WHY },
	{ "{" PAYLOAD ",\"stage\":\"post_pla\"," ID "," URL "}", REQUEST_BAD, "stage: malformed, " STAGE_WHY },
	{ "{" PAYLOAD ",\"stage\":\"post plan\"," ID "," URL "}", REQUEST_BAD, "stage: malformed, " STAGE_WHY },

	{ "{" PAYLOAD "," STAGE "," URL "}", REQUEST_BAD, "task_result_id: missing, " ID_WHY },
	{ "{" PAYLOAD "," STAGE ",\"task_result_id\":null," URL "}", REQUEST_BAD,
		"task_result_id: malformed, " ID_WHY },
	{ "{" PAYLOAD "," STAGE ",\"task_result_id\":7," URL "}", REQUEST_BAD, "task_result_id: malformed, " ID_WHY },
	{ "{" PAYLOAD "," STAGE ",\"task_result_id\":\"\"," URL "}", REQUEST_BAD,
		"task_result_id: malformed, " ID_WHY },
	{ "{" PAYLOAD "," STAGE ",\"task_result_id\":\"../x\"," URL "}", REQUEST_BAD,
		"task_result_id: malformed, " ID_WHY },
	{ "{" PAYLOAD "," STAGE ",\"task_result_id\":\"a.b\"," URL "}", REQUEST_BAD,
		"task_result_id: malformed, " ID_WHY },
	{ "{" PAYLOAD "," STAGE ",\"task_result_id\":\"a\\n\"," URL "}", REQUEST_BAD,
		"task_result_id: malformed, " ID_WHY },
	{ "{" PAYLOAD "," STAGE ",\"task_result_id\":\"\u00e9\"," URL "}", REQUEST_BAD,
		"task_result_id: malformed, " ID_WHY },
	{ "{" PAYLOAD "," STAGE ",\"task_result_id\":\"" A96 "\"," URL "}", REQUEST_RUN_TASK, "" },
	{ "{" PAYLOAD "," STAGE ",\"task_result_id\":\"" A96 "a\"," URL "}", REQUEST_BAD,
		"task_result_id: malformed, " ID_WHY },

	{ "{" PAYLOAD "," STAGE "," ID "}", REQUEST_BAD, "task_result_callback_url: missing" },
	{ "{" PAYLOAD "," STAGE "," ID ",\"task_result_callback_url\":null}", REQUEST_BAD,
		"task_result_callback_url: malformed: not a text" },
	{ "{" PAYLOAD "," STAGE "," ID ",\"task_result_callback_url\":{}}", REQUEST_BAD,
		"task_result_callback_url: malformed: not a text" },
	{ "{" PAYLOAD "," STAGE "," ID ",\"task_result_callback_url\":\"\"}", REQUEST_BAD,
		"task_result_callback_url: malformed: not a URL that begins with https:// or http://" },
	{ "{" PAYLOAD "," STAGE "," ID ",\"task_result_callback_url\":\"/c\"}", REQUEST_BAD,
		"task_result_callback_url: malformed: not a URL that begins with https:// or http://" },
	{ "{" PAYLOAD "," STAGE "," ID ",\"task_result_callback_url\":\"https://a.example/#x\"}", REQUEST_BAD,
		"task_result_callback_url: malformed: a fragment (#) is not allowed" },

	/* The same field twice: another parser might read the other one. */
	{ "{" PAYLOAD "," STAGE "," ID "," URL "," URL "}", REQUEST_BAD, "not JSON: an object has the same key twice" },
	{ "{" PAYLOAD "," STAGE "," ID "," URL "} x", REQUEST_BAD, NULL },

	/* The verification request is known by its token alone. */
	{ "{\"access_token\":\"test-token\"}", REQUEST_VERIFICATION, "" },
	{ "{\"access_token\":\"test-token\",\"payload_version\":9,\"stage\":[],\"task_result_id\":\"/\"}",
		REQUEST_VERIFICATION, "" },
	{ "{\"access_token\":\"test-token \"}", REQUEST_BAD, "payload_version: missing, " PAYLOAD_WHY },
	{ "{" PAYLOAD "," STAGE "," ID "," URL ",\"access_token\":\"two words\"}", REQUEST_BAD,
		"access_token: malformed, must be at most 16384 printable characters without spaces" },
	{ "{" PAYLOAD "," STAGE "," ID "," URL ",\"access_token\":\"line\\nend\"}", REQUEST_BAD,
		"access_token: malformed, must be at most 16384 printable characters without spaces" },
	{ "{" PAYLOAD "," STAGE "," ID "," URL ",\"access_token\":\"\u00e9\"}", REQUEST_BAD,
		"access_token: malformed, must be at most 16384 printable characters without spaces" },
	{ "{\"access_token\":[\"test-token\"]}", REQUEST_BAD, "payload_version: missing, " PAYLOAD_WHY },
	{ "[{\"access_token\":\"test-token\"}]", REQUEST_BAD, "not a JSON object" },

	/* Everything else may be of any kind. */
	{ "{" PAYLOAD "," STAGE "," ID "," URL ",\"plan_json_api_url\":7,\"organization_name\":{},\"access_token\":[],"
		"\"configuration_version_download_url\":false,\"run_created_at\":\"\",\"future\":[null]}",
		REQUEST_RUN_TASK, "" },
};

static void demands_four_fields(void **state)
{
	struct request r, none;
	char why[REQUEST_WHY];

	(void)state;
	memset(&none, 0, sizeof none);
	for (size_t i = 0; i < COUNT(bodies); i++) {
		enum request_kind kind = parse(bodies[i].body, &r, why);

		if (kind != bodies[i].kind || (bodies[i].why != NULL && strcmp(why, bodies[i].why) != 0))
			fail_msg("%s: %d, %s", bodies[i].body, kind, why);
		if (kind == REQUEST_RUN_TASK)
			request_free(&r);
		assert_memory_equal(&r, &none, sizeof r);
	}
}

static void takes_odd_types_as_absent(void **state)
{
	struct request r;
	char why[REQUEST_WHY];

	(void)state;
	assert_int_equal(parse("{" PAYLOAD "," STAGE "," ID "," URL ",\"plan_json_api_url\":7,"
		"\"organization_name\":\"\","
		"\"access_token\":\"\",\"configuration_version_download_url\":null,\"future\":{\"a\":[1.50,null]}}", &r,
		why),
		REQUEST_RUN_TASK);
	assert_null(r.plan_url);
	assert_null(r.configuration_url);
	assert_null(r.organization);
	assert_null(r.access_token);
	assert_true(json_has(r.payload, "future"));
	request_free(&r);
}

static void reads_stages(void **state)
{
	static const struct { const char *text; enum stage stage; } stages[] = {
		{ "pre_plan", STAGE_PRE_PLAN }, { "post_plan", STAGE_POST_PLAN },
		{ "pre_apply", STAGE_PRE_APPLY }, { "post_apply", STAGE_POST_APPLY },
		{ "pre-plan", STAGE_PRE_PLAN }, { "post-plan", STAGE_POST_PLAN },
		{ "pre-apply", STAGE_PRE_APPLY }, { "post-apply", STAGE_POST_APPLY },
	};
	enum stage stage;

	(void)state;
	for (size_t i = 0; i < COUNT(stages); i++) {
		assert_int_equal(stage_parse(stages[i].text, &stage), 0);
		assert_int_equal(stage, stages[i].stage);
		if (i < 4)
			assert_string_equal(stage_name(stage), stages[i].text);
	}
	assert_int_equal(stage_parse("pre", &stage), -1);
	assert_int_equal(stage_parse("pre-plan ", &stage), -1);
}

/* ---- judging ---- */

#define CALLBACK "https://app.terraform.io/api/v2/task-results/x/callback"
#define NOT_HOST(field, origin) field ": " origin " is not one of the hosts of endpoint prod"

static const struct {
	const char *callback, *plan, *configuration, *organization;
	enum stage stage;
	const char *why;	/* NULL: taken */
} judged[] = {
	{ CALLBACK, NULL, NULL, "acme", STAGE_POST_PLAN, NULL },
	{ CALLBACK, "https://app.terraform.io/p", "https://app.terraform.io/c", "globex", STAGE_POST_PLAN, NULL },
	{ "https://tfe.example.com:8443/c?a=b", "/p", "/c?x", "acme", STAGE_PRE_APPLY, NULL },
	{ "http://127.0.0.1:8080/c", "http://127.0.0.1:8080/p", NULL, "acme", STAGE_POST_PLAN, NULL },
	/* hosts are mixed freely among the endpoint's own */
	{ CALLBACK, "https://tfe.example.com:8443/p", NULL, "acme", STAGE_POST_PLAN, NULL },
	{ "https://APP.Terraform.IO/c", NULL, NULL, "acme", STAGE_POST_PLAN, NULL },
	{ "https://app.terraform.io.:443/c", NULL, NULL, "acme", STAGE_POST_PLAN, NULL },
	{ "https://app.terraform.io?c", NULL, NULL, "acme", STAGE_POST_PLAN, NULL },

	{ CALLBACK, NULL, NULL, NULL, STAGE_POST_PLAN,
		"organization_name: not one of the organizations of endpoint prod" },
	{ CALLBACK, NULL, NULL, "Acme", STAGE_POST_PLAN,
		"organization_name: not one of the organizations of endpoint prod" },
	{ CALLBACK, NULL, NULL, "acme ", STAGE_POST_PLAN,
		"organization_name: not one of the organizations of endpoint prod" },
	{ CALLBACK, NULL, NULL, "acm", STAGE_POST_PLAN,
		"organization_name: not one of the organizations of endpoint prod" },

	{ "http://app.terraform.io/c", NULL, NULL, "acme", STAGE_POST_PLAN,
		NOT_HOST("task_result_callback_url", "http://app.terraform.io") },
	{ "https://app.terraform.io:80/c", NULL, NULL, "acme", STAGE_POST_PLAN,
		NOT_HOST("task_result_callback_url", "https://app.terraform.io:80") },
	{ "https://app.terraform.io.evil.example/c", NULL, NULL, "acme", STAGE_POST_PLAN,
		NOT_HOST("task_result_callback_url", "https://app.terraform.io.evil.example") },
	{ "https://xapp.terraform.io/c", NULL, NULL, "acme", STAGE_POST_PLAN,
		NOT_HOST("task_result_callback_url", "https://xapp.terraform.io") },
	{ "https://evil.example/https://app.terraform.io/", NULL, NULL, "acme", STAGE_POST_PLAN,
		NOT_HOST("task_result_callback_url", "https://evil.example") },
	{ "https://tfe.example.com/c", NULL, NULL, "acme", STAGE_POST_PLAN,
		NOT_HOST("task_result_callback_url", "https://tfe.example.com") },
	{ "https://127.0.0.1:8080/c", NULL, NULL, "acme", STAGE_POST_PLAN,
		NOT_HOST("task_result_callback_url", "https://127.0.0.1:8080") },

	{ CALLBACK, "https://archivist.terraform.io/v1/object/x", NULL, "acme", STAGE_POST_PLAN,
		NOT_HOST("plan_json_api_url", "https://archivist.terraform.io") },
	{ CALLBACK, "//evil.example/p", NULL, "acme", STAGE_POST_PLAN,
		"plan_json_api_url: begins with // and so leaves the scheme open" },
	{ CALLBACK, "/\\evil.example/p", NULL, "acme", STAGE_POST_PLAN,
		"plan_json_api_url: byte 25 (0x5c) is not allowed in a URL" },
	{ CALLBACK, "/a/../p", NULL, "acme", STAGE_POST_PLAN,
		"plan_json_api_url: the path has a part that is . or .." },
	{ CALLBACK, "p", NULL, "acme", STAGE_POST_PLAN,
		"plan_json_api_url: neither a whole URL nor a path that begins with /" },
	{ CALLBACK, "https://app.terraform.io@evil.example/p", NULL, "acme", STAGE_POST_PLAN,
		"plan_json_api_url: user info (@) is not allowed" },
	{ CALLBACK, "file:///etc/passwd", NULL, "acme", STAGE_POST_PLAN,
		"plan_json_api_url: not a URL that begins with https:// or http://" },
	/* pre_plan has no plan, so its URL is not used */
	{ CALLBACK, "https://evil.example/p", NULL, "acme", STAGE_PRE_PLAN, NULL },
	{ CALLBACK, "https://evil.example/p", NULL, "acme", STAGE_POST_APPLY,
		NOT_HOST("plan_json_api_url", "https://evil.example") },
	{ CALLBACK, NULL, "https://evil.example/c", "acme", STAGE_PRE_PLAN,
		NOT_HOST("configuration_version_download_url", "https://evil.example") },
	{ CALLBACK, NULL, "http://[::1]/c", "acme", STAGE_PRE_PLAN,
		NOT_HOST("configuration_version_download_url", "http://[::1]") },
};

static void judges(void **state)
{
	char acme[] = "acme", globex[] = "globex", prod[] = "prod", *organizations[] = { acme, globex };
	struct config_host hosts[3];
	struct config_endpoint endpoint = { .name = prod, .organizations = organizations, .organization_count = 2,
		.hosts = hosts,
		.host_count = COUNT(hosts) };
	char why[REQUEST_WHY];

	(void)state;
	memset(hosts, 0, sizeof hosts);
	assert_int_equal(url_parse("https://app.terraform.io", &hosts[0].origin, why), 0);
	assert_int_equal(url_parse("https://tfe.example.com:8443", &hosts[1].origin, why), 0);
	assert_int_equal(url_parse("http://127.0.0.1:8080/", &hosts[2].origin, why), 0);
	for (size_t i = 0; i < COUNT(judged); i++) {
		struct request r = { .stage = judged[i].stage, .task_result_id = "x",
			.callback_url = judged[i].callback,
			.plan_url = judged[i].plan, .configuration_url = judged[i].configuration,
			.organization = judged[i].organization };
		int rc;

		why[0] = '\0';
		rc = request_judge(&r, &endpoint, why);
		if (rc != (judged[i].why == NULL ? 0 : -1) || (rc != 0 && strcmp(why, judged[i].why) != 0))
			fail_msg("row %zu: %d, %s", i, rc, why);
	}
	/* without organizations any will do, or none */
	endpoint.organization_count = 0;
	assert_int_equal(request_judge(&(struct request){ .callback_url = CALLBACK }, &endpoint, why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_payloads),
		cmocka_unit_test(demands_four_fields),
		cmocka_unit_test(takes_odd_types_as_absent),
		cmocka_unit_test(reads_stages),
		cmocka_unit_test(judges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
