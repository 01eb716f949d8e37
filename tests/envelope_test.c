/* Envelopes: what goes in comes out again, nothing secret stands in the clear, and one that is damaged, or is made
 * of parts of two, is refused. */
#include "test.h"

#include "base/envelope.h"
#include "base/fsio.h"
#include "base/mem.h"

#define RECEIVED_MS INT64_C(1795406653123)
#define RESULT "\"payload_version\":1,\"stage\":\"post_plan\",\"task_result_id\":\"taskrs-1\""
#define CALLBACK "\"task_result_callback_url\":\"https://app.terraform.io/c?code=SECRET1\""
#define ID "prod.taskrs-1"

struct keys {
	char *folders[2];
	struct seal_secret secret[2];
};

static int make_keys(void **state)
{
	static struct keys keys;
	char why[SEAL_WHY];

	for (size_t i = 0; i < COUNT(keys.secret); i++) {
		struct seal_public made;
		char *path;

		keys.folders[i] = test_folder();
		assert_int_equal(seal_keygen(keys.folders[i], &made, why), 0);
		path = xasprintf("%s/seal.key", keys.folders[i]);
		assert_int_equal(seal_secret_load(path, &keys.secret[i], why), 0);
		free(path);
	}
	*state = &keys;
	return 0;
}

static int drop_keys(void **state)
{
	struct keys *keys = *state;

	for (size_t i = 0; i < COUNT(keys->secret); i++) {
		seal_secret_free(&keys->secret[i]);
		test_remove(keys->folders[i]);
	}
	return 0;
}

/* The envelope of a body, made with the first key. */
static char *make(const struct keys *keys, const char *body, size_t len, const char *id)
{
	struct request r;
	char why[REQUEST_WHY], *text;

	if (request_parse(body, len, &r, why) != REQUEST_RUN_TASK)
		fail_msg("%s", why);
	text = envelope_make(&r, "prod", id, RECEIVED_MS, &keys->secret[0].public_half);
	request_free(&r);
	return text;
}

static void assert_secret(const struct secret *s, const char *want)
{
	if (want == NULL) {
		assert_null(s);
		return;
	}
	assert_non_null(s);
	assert_string_equal(secret_data(s), want);
	assert_int_equal(secret_len(s), strlen(want));
}

/* Reads and opens; the caller frees. */
static void open_it(const struct keys *keys, const char *text, const char *id, struct envelope *out)
{
	char why[ENVELOPE_WHY] = "";

	if (envelope_read(text, strlen(text), id, out, why) != 0 ||
	    envelope_unseal(out, text, strlen(text), id, keys->secret, 1, why) != 0)
		fail_msg("%s", why);
}

/* ---- there and back ---- */

#define S200 "https://app.terraform.io/c?a=%2B%26&b=c+d&e=%C3%A9?&&=x;y&sig=SECRET1"

static const struct {
	const char *body;
	const char *token, *callback, *plan, *configuration;
} trips[] = {
	{ "{" RESULT "," CALLBACK "}", NULL, "https://app.terraform.io/c?code=SECRET1", NULL, NULL },
	{ "{" RESULT "," CALLBACK ",\"access_token\":\"SECRET2\",\"plan_json_api_url\":\"/p?x=SECRET3\","
		"\"configuration_version_download_url\":\"https://app.terraform.io/d?SECRET4\"}",
		"SECRET2", "https://app.terraform.io/c?code=SECRET1", "/p?x=SECRET3",
		"https://app.terraform.io/d?SECRET4" },
	/* byte for byte: encoded, plus, empty parts, a second question mark */
	{ "{" RESULT ",\"task_result_callback_url\":\"" S200 "\",\"plan_json_api_url\":\"https://app.terraform.io?\"}",
		NULL, S200, "https://app.terraform.io?", NULL },
	{ "{" RESULT ",\"task_result_callback_url\":\"https:\\/\\/app.terraform.io\\/c\\u003fSECRET1\"}",
		NULL, "https://app.terraform.io/c?SECRET1", NULL, NULL },
	/* what is not used is cut too; a fragment is no less secret */
	{ "{" RESULT "," CALLBACK ",\"run_app_url\":\"https://x/y?SECRET5\",\"vcs_repo_url\":\"https://x/#SECRET6\","
		"\"future_thing_url\":\"?SECRET7\"}", NULL, "https://app.terraform.io/c?code=SECRET1", NULL, NULL },
	/* odd types are no URLs and no token, and the token never stays */
	{ "{" RESULT "," CALLBACK ",\"access_token\":[\"SECRET2\"],\"plan_json_api_url\":7,"
		"\"configuration_version_download_url\":null,\"run_app_url\":{}}",
		NULL, "https://app.terraform.io/c?code=SECRET1", NULL, NULL },
	{ "{" RESULT "," CALLBACK ",\"access_token\":\"\",\"plan_json_api_url\":\"\"}",
		NULL, "https://app.terraform.io/c?code=SECRET1", NULL, NULL },
	{ "{" RESULT "," CALLBACK ",\"access_token\":\"a~!\\u0022SECRET2\"}",
		"a~!\"SECRET2", "https://app.terraform.io/c?code=SECRET1", NULL, NULL },
};

static void goes_there_and_back(void **state)
{
	const struct keys *keys = *state;

	for (size_t i = 0; i < COUNT(trips); i++) {
		char *text = make(keys, trips[i].body, strlen(trips[i].body), ID);
		struct envelope e;

		assert_null(strstr(text, "SECRET"));
		assert_null(strchr(text, '?'));
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		open_it(keys, text, ID, &e);
		assert_string_equal(e.endpoint, "prod");
		assert_int_equal(e.received_ms, RECEIVED_MS);
		assert_string_equal(e.seal_key_id, keys->secret[0].public_half.id);
		assert_int_equal(e.request.stage, STAGE_POST_PLAN);
		assert_string_equal(e.request.task_result_id, "taskrs-1");
		assert_null(e.request.access_token);
		assert_secret(e.access_token, trips[i].token);
		assert_secret(e.callback_url, trips[i].callback);
		assert_secret(e.plan_url, trips[i].plan);
		assert_secret(e.configuration_url, trips[i].configuration);
		envelope_free(&e);
		free(text);
	}
}

static void seals_payloads(void **state)
{
	static const struct { const char *file, *id; const char *const secrets[4]; } files[] = {
		{ "post_plan.json", "prod.taskrs-2nH5dncYoXaMVQmJ", { "not-a-real-token", "access_token" } },
		{ "post_plan-relative.json", "prod.taskrs-8bb50c09-329a-4e3c-8f4a-770fbc9efb9a",
			{ "expires=", "1795406653", "signature", "79e6d82f" } },
	};
	const struct keys *keys = *state;

	for (size_t i = 0; i < COUNT(files); i++) {
		char *path = xasprintf("%s/%s", TEST_PAYLOADS, files[i].file), *text;
		struct buf body = BUF_INIT(1 << 20);
		struct request r;
		struct envelope e;
		char why[REQUEST_WHY];

		assert_int_equal(fsio_read_file(AT_FDCWD, path, &body), 0);
		text = make(keys, body.data, body.len, files[i].id);
		for (size_t k = 0; k < COUNT(files[i].secrets) && files[i].secrets[k] != NULL; k++)
			assert_null(strstr(text, files[i].secrets[k]));
		open_it(keys, text, files[i].id, &e);
		assert_int_equal(request_parse(body.data, body.len, &r, why), REQUEST_RUN_TASK);
		assert_secret(e.access_token, r.access_token);
		assert_secret(e.callback_url, r.callback_url);
		assert_secret(e.plan_url, r.plan_url);
		assert_secret(e.configuration_url, r.configuration_url);
		assert_string_equal(e.request.organization, r.organization);
		request_free(&r);
		envelope_free(&e);
		free(text);
		buf_free(&body);
		free(path);
	}
}

/* Everything that was not cut stays as it was: nesting to the last allowed level, and the text of numbers. */
static void keeps_what_it_does_not_know(void **state)
{
	static const char odd[] = "\"odd\":[1.50,1e2,18446744073709551615,-0.0,null,true,\"/\\u00e9\\u0001?\"]";
	const struct keys *keys = *state;
	char deep[4 * JSON_DEPTH] = "", *body, *text, *kept;
	struct envelope e;

	for (int i = 0; i < JSON_DEPTH - 2; i++)
		strcat(deep, "[");
	strcat(deep, "1");
	for (int i = 0; i < JSON_DEPTH - 2; i++)
		strcat(deep, "]");
	body = xasprintf("{" RESULT "," CALLBACK ",\"deep\":%s,%s}", deep, odd);
	text = make(keys, body, strlen(body), ID);
	open_it(keys, text, ID, &e);
	kept = json_text(json_get(e.request.payload, "deep"));
	assert_string_equal(kept, deep);
	free(kept);
	kept = json_text(json_get(e.request.payload, "odd"));
	assert_string_equal(kept, "[1.50,1e2,18446744073709551615,-0.0,null,true,\"/\u00e9\\u0001?\"]");
	free(kept);
	envelope_free(&e);
	free(text);
	free(body);
}

/* ---- keys ---- */

static void tries_its_keys(void **state)
{
	const struct keys *keys = *state;
	struct seal_secret turned[2] = { keys->secret[1], keys->secret[0] };
	char *text = make(keys, "{" RESULT "," CALLBACK "}", strlen("{" RESULT "," CALLBACK "}"), ID),
		why[ENVELOPE_WHY];
	struct envelope e;

	assert_int_equal(envelope_read(text, strlen(text), ID, &e, why), 0);
	assert_null(e.callback_url);
	assert_int_equal(envelope_unseal(&e, text, strlen(text), ID, turned, 2, why), 0);
	assert_secret(e.callback_url, "https://app.terraform.io/c?code=SECRET1");
	envelope_free(&e);

	assert_int_equal(envelope_read(text, strlen(text), ID, &e, why), 0);
	assert_int_equal(envelope_unseal(&e, text, strlen(text), ID, &keys->secret[1], 1, why), -1);
	assert_non_null(strstr(why, "none of the 1 secret seal keys opens it"));
	assert_non_null(strstr(why, keys->secret[0].public_half.id));
	assert_int_equal(envelope_unseal(&e, text, strlen(text), ID, NULL, 0, why), -1);
	assert_null(e.callback_url);
	envelope_free(&e);
	free(text);
}

/* ---- what is refused ---- */

/* The envelope with one member replaced; NULL takes it away. */
static char *with(const char *text, const char *key, json_t *value, bool remove)
{
	char why[JSON_WHY], *changed;
	json_t *j;

	assert_int_equal(json_parse_enclosing(text, strlen(text), &j, why), 0);
	if (remove)
		json_remove(j, key);
	else
		json_put(j, key, value);
	changed = json_text(j);
	json_free(j);
	return changed;
}

static json_t *value(const char *json)
{
	char why[JSON_WHY];
	json_t *j;

	assert_int_equal(json_parse(json, strlen(json), &j, why), 0);
	return j;
}

#define GOOD "{" RESULT "," CALLBACK "}"

static const struct {
	const char *key, *json;		/* NULL: the member is taken away */
	const char *why;
} damages[] = {
	{ "format", NULL, "format: not 1, the one this version reads" },
	{ "format", "2", "format: not 1, the one this version reads" },
	{ "format", "\"1\"", "format: not 1, the one this version reads" },
	{ "received_at", NULL, "received_at: missing or malformed" },
	{ "received_at", "\"yesterday\"", "received_at: missing or malformed" },
	{ "received_at", "1795406653123", "received_at: missing or malformed" },
	{ "endpoint", NULL, "endpoint: missing" },
	{ "endpoint", "\"other\"", "the envelope of another job" },
	{ "endpoint", "\"\"", "the envelope of another job" },
	{ "seal_key_id", NULL, "seal_key_id: missing or malformed" },
	{ "seal_key_id", "\"x\"", "seal_key_id: missing or malformed" },
	{ "request", NULL, "request: missing" },
	{ "request", "[]", "request: missing" },
	{ "request", "{}", "request: payload_version: missing, must be 1" },
	{ "request", "{\"access_token\":\"test-token\"}", "request: a verification request" },
	{ "request",
		"{\"payload_version\":1,\"stage\":\"post_plan\",\"task_result_id\":\"taskrs-2\","
		"\"task_result_callback_url\":"
		"\"https://app.terraform.io/c\"}", "the envelope of another job" },
};

static void refuses_damage(void **state)
{
	const struct keys *keys = *state;
	char *text = make(keys, GOOD, strlen(GOOD), ID), why[ENVELOPE_WHY];
	struct envelope e, none;

	memset(&none, 0, sizeof none);
	for (size_t i = 0; i < COUNT(damages); i++) {
		const char *json = damages[i].json;
		char *damaged = with(text, damages[i].key, json == NULL ? NULL : value(json), json == NULL);

		assert_int_equal(envelope_read(damaged, strlen(damaged), ID, &e, why), -1);
		assert_string_equal(why, damages[i].why);
		assert_memory_equal(&e, &none, sizeof e);
		free(damaged);
	}
	assert_int_equal(envelope_read(text, strlen(text), "prod.taskrs-2", &e, why), -1);
	assert_string_equal(why, "the envelope of another job");
	/* the newline alone may be missing */
	for (size_t n = 0; n < strlen(text) - 1; n++)
		assert_int_equal(envelope_read(text, n, ID, &e, why), -1);
	assert_int_equal(envelope_read("null", 4, ID, &e, why), -1);
	free(text);
}

static char *sealed_of(const char *text)
{
	char why[JSON_WHY], *sealed;
	json_t *j;

	assert_int_equal(json_parse_enclosing(text, strlen(text), &j, why), 0);
	sealed = xstrdup(json_get_string(j, "sealed"));
	json_free(j);
	return sealed;
}

/* Unsealing an envelope with this sealed part is refused with this reason. */
static void assert_refused(const struct keys *keys, const char *text, json_t *sealed, const char *reason)
{
	char *changed = with(text, "sealed", sealed, false), why[ENVELOPE_WHY];
	struct envelope e;

	assert_int_equal(envelope_read(changed, strlen(changed), ID, &e, why), 0);
	assert_int_equal(envelope_unseal(&e, changed, strlen(changed), ID, keys->secret, 1, why), -1);
	assert_non_null(strstr(why, reason));
	assert_null(strstr(why, "SECRET"));
	assert_null(e.access_token);
	assert_null(e.callback_url);
	envelope_free(&e);
	free(changed);
}

/* Whoever has the public key can seal: what comes out of the box is judged like anything else. */
static void refuses_foreign_sealed_parts(void **state)
{
	static const struct { const char *clear, *reason; } boxes[] = {
		{ "SECRET no json", "belongs to another job" },
		{ "null", "belongs to another job" },
		{ "{\"queries\":{}}", "belongs to another job" },
		{ "{\"id\":\"prod.taskrs-2\",\"queries\":{}}", "belongs to another job" },
		/* a "query" that would make another host of the open part */
		{ "{\"id\":\"" ID "\",\"queries\":{\"task_result_callback_url\":\".evil.example/SECRET\"}}",
			"is no query" },
		{ "{\"id\":\"" ID "\",\"queries\":{\"task_result_callback_url\":\"\"}}", "is no query" },
	};
	static const char other[] =
		"{\"payload_version\":1,\"stage\":\"post_plan\",\"task_result_id\":\"taskrs-2\"," CALLBACK "}";
	const struct keys *keys = *state;
	char *text = make(keys, GOOD, strlen(GOOD), ID), *moved = make(keys, other, strlen(other), "prod.taskrs-2"),
		*sealed;

	sealed = sealed_of(moved);
	assert_refused(keys, text, json_new_string(sealed), "belongs to another job");
	free(sealed);
	free(moved);
	for (size_t i = 0; i < COUNT(boxes); i++) {
		sealed = seal_close(&keys->secret[0].public_half, boxes[i].clear, strlen(boxes[i].clear));
		assert_refused(keys, text, json_new_string(sealed), boxes[i].reason);
		free(sealed);
	}
	sealed = sealed_of(text);
	sealed[strlen(sealed) / 2] = sealed[strlen(sealed) / 2] == 'A' ? 'B' : 'A';
	assert_refused(keys, text, json_new_string(sealed), "none of the 1 secret seal keys opens it");
	sealed[10] = '\0';
	assert_refused(keys, text, json_new_string(sealed), "none of the 1 secret seal keys opens it");
	free(sealed);
	assert_refused(keys, text, json_new_string(""), "none of the 1 secret seal keys opens it");
	assert_refused(keys, text, NULL, "sealed: missing");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_there_and_back),
		cmocka_unit_test(seals_payloads),
		cmocka_unit_test(keeps_what_it_does_not_know),
		cmocka_unit_test(tries_its_keys),
		cmocka_unit_test(refuses_damage),
		cmocka_unit_test(refuses_foreign_sealed_parts),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
