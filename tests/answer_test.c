/*
 * What the handler answers, as a table of requests against a scratch spool, and the cases in which something of ours
 * is unusable.
 */
#include "test.h"

#include <dirent.h>
#include <time.h>

#include "base/fsio.h"
#include "base/hmac.h"
#include "base/json.h"
#include "base/mem.h"
#include "handler/answer.h"
#include "handler/keeper.h"

#define KEY "prod-key"
#define OLD_KEY "old-key"

#define CALLBACK "\"task_result_callback_url\":\"https://app.terraform.io/api/v2/task-results/1/callback\""
#define HEAD "{\"payload_version\":1,\"stage\":\"post_plan\","
#define GOOD HEAD "\"task_result_id\":\"taskrs-1\",\"organization_name\":\"acme\",\"access_token\":\"s3cret\"," \
	CALLBACK "}"

static char *dir;

/* Puts a new file in the place of an old one, as people should. */
static void write_file(const char *name, const char *text, mode_t mode)
{
	char *path = xasprintf("%s/%s", dir, name), *fresh = test_file(dir, "fresh", text, strlen(text), mode);

	assert_int_equal(rename(fresh, path), 0);
	free(path);
	free(fresh);
}

static void write_config(const char *spool, const char *more)
{
	char *text = xasprintf(
		"spool: %s\n"
		"seal: {public_key: seal.pub, secret_key: [seal.key]}\n"
		"endpoints:\n"
		"  prod:\n"
		"    path: /run-task/prod\n"
		"    hmac_keys: [prod.key, old.key]\n"
		"    organizations: [acme]\n"
		"    hosts: [https://app.terraform.io]\n"
		"    checks: [{changes: {max_delete: 10}}]\n"
		"  open:\n"
		"    path: /run-task/open\n"
		"    unsigned: true\n"
		"    hosts: [\"http://127.0.0.1:38080\", https://app.terraform.io]\n"
		"    checks: [{changes: {max_delete: 10}}]\n"
		"  broken:\n"
		"    path: /run-task/broken\n"
		"    hmac_keys: [missing.key]\n"
		"    hosts: [https://app.terraform.io]\n"
		"    checks: [{changes: {max_delete: 10}}]\n"
		"limits: {body: 4KiB}\n%s", spool, more);

	write_file("planspool.yaml", text, 0600);
	free(text);
}

static void make_spool(bool announce)
{
	char *path = xasprintf("%s/spool", dir), *pub = xasprintf("%s/seal.pub", dir);
	struct seal_public key;
	char why[SPOOL_WHY], seal_why[SEAL_WHY];
	const char *id = key.id;
	struct spool *s;

	assert_int_equal(seal_public_load(pub, &key, seal_why), 0);
	assert_int_equal(spool_make(path, NULL, why), 0);
	s = spool_open(path, why);
	assert_non_null(s);
	assert_int_equal(spool_announce_keys(s, &id, announce ? 1 : 0), 0);
	spool_close(s);
	free(path);
	free(pub);
}

/* Makes it look as if a spooler showed life so many seconds ago. */
static void show_life(int seconds_ago)
{
	char *path = xasprintf("%s/spool/spoolers/0123456789abcdef0123456789abcdef", dir);
	struct timespec now[2];
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	clock_gettime(CLOCK_REALTIME, &now[0]);
	now[0].tv_sec -= seconds_ago;
	now[1] = now[0];
	assert_int_equal(futimens(fd, now), 0);
	close(fd);
	free(path);
}

static int set_up(void **state)
{
	struct seal_public key;
	char why[SEAL_WHY];

	(void)state;
	dir = test_folder();
	assert_int_equal(seal_keygen(dir, &key, why), 0);
	write_file("prod.key", KEY "\n", 0600);
	write_file("old.key", OLD_KEY, 0600);
	write_config("spool", "");
	make_spool(true);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_remove(dir);
	return 0;
}

static struct keeper *open_keeper(void)
{
	char *file = xasprintf("%s/planspool.yaml", dir);
	struct faults faults = { 0 };
	struct keeper *k = keeper_new(file, &faults);

	faults_print(&faults, stderr);
	faults_free(&faults);
	free(file);
	assert_non_null(k);
	return k;
}

static unsigned entries(const char *folder)
{
	char *path = xasprintf("%s/spool/%s", dir, folder);
	DIR *d = opendir(path);
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	free(path);
	return n;
}

/* ---- one request ---- */

enum signing { SIGNED, SIGNED_OLD, SIGNED_UPPER, UNSIGNED, EMPTY, WRONG, GARBAGE };

struct row {
	const char *name, *method, *path, *body;
	enum signing signing;
	int status;
	const char *detail;	/* what the detail, or health's body, must contain */
	const char *type;	/* Content-Type; NULL: application/json */
	const char *length;	/* Content-Length; NULL: the body's */
	size_t cut;		/* how many bytes of the body never come */
};

struct source {
	const char *at;
	size_t left;
	unsigned reads;
};

/* Gives the body in small pieces. */
static ssize_t read_piece(void *context, char *into, size_t n)
{
	struct source *s = context;

	s->reads++;
	if (n > 7)
		n = 7;
	if (n > s->left)
		n = s->left;
	memcpy(into, s->at, n);
	s->at += n;
	s->left -= n;
	return (ssize_t)n;
}

static void sign(const struct row *row, char hex[HMAC_HEX_SIZE])
{
	const char *text = row->signing == SIGNED_OLD ? OLD_KEY : row->signing == WRONG ? "another" : KEY;
	struct secret *key = secret_new(text, strlen(text));

	hmac_sign(key, row->body, strlen(row->body), hex);
	secret_free(key);
	for (char *c = hex; row->signing == SIGNED_UPPER && *c; c++)
		if (*c >= 'a' && *c <= 'f')
			*c = (char)(*c - 'a' + 'A');
	if (row->signing == EMPTY)
		hex[0] = '\0';
	if (row->signing == GARBAGE)
		hex[40] = '!';
}

static void ask(struct keeper *k, const struct row *row, struct http_out *out, struct source *source)
{
	char hex[HMAC_HEX_SIZE], length[32];
	struct http_in in = { .method = row->method, .script_name = "/cgi-bin/planspool.fcgi", .path_info = row->path,
		.content_length = row->length, .content_type = row->type ? row->type : "application/json",
		.read = read_piece, .context = source };
	struct settings *settings = keeper_take(k);

	*source = (struct source){ .at = row->body, .left = strlen(row->body) - row->cut };
	sign(row, hex);
	in.signature = row->signing == UNSIGNED ? NULL : hex;
	snprintf(length, sizeof(length), "%zu", strlen(row->body));
	if (!in.content_length)
		in.content_length = length;
	answer(settings, &in, out);
	keeper_return(k, settings);
}

/* The form that every answer has. */
static void check_form(const struct row *row, const struct http_out *out)
{
	char why[JSON_WHY], code[16];
	json_t *body, *error;

	if (out->status == 200 && strcmp(row->method, "POST") == 0) {
		assert_null(out->body);
		assert_null(out->content_type);
		return;
	}
	assert_int_equal(json_parse(out->body, strlen(out->body), &body, why), 0);
	if (strcmp(out->content_type, "application/vnd.api+json") == 0) {
		error = json_at(json_get(body, "errors"), 0);
		snprintf(code, sizeof(code), "%d", out->status);
		assert_string_equal(json_get_string(error, "status"), code);
		assert_non_null(json_get_string(error, "title"));
		assert_non_null(json_get_string(error, "detail"));
	}
	json_free(body);
	assert_true((out->status == 405) == (out->allow != NULL));
	assert_true((out->status == 503) == (out->retry_after > 0));
}

static void expect(struct keeper *k, const struct row *row)
{
	struct http_out out;
	struct source source;

	ask(k, row, &out, &source);
	if (out.status != row->status || (row->detail && (!out.body || !strstr(out.body, row->detail))))
		fail_msg("%s: expected %d %s, got %d %s", row->name, row->status, row->detail ? row->detail : "",
			out.status, out.body ? out.body : "");
	check_form(row, &out);
	if (out.status == 404 || out.status == 405 || out.status == 411 || out.status == 413)
		assert_int_equal(source.reads, 0);
	http_out_free(&out);
}

#define PROD "POST", "/run-task/prod"
#define OPEN "POST", "/run-task/open"
#define TEST_TOKEN "{\"access_token\":\"test-token\",\"stage\":\"test\",\"organization_name\":\"test-org\"}"

static const struct row rows[] = {
	/* path, method */
	{ "other path", "POST", "/run-task/other", GOOD, SIGNED, .status = 404, .detail = "path", .length = "x" },
	{ "longer path", "POST", "/run-task/prod/", GOOD, SIGNED, .status = 404, .detail = "path" },
	{ "path in another case", "POST", "/run-task/Prod", GOOD, SIGNED, .status = 404, .detail = "path" },
	{ "GET", "GET", "/run-task/prod", "", UNSIGNED, .status = 405, .detail = "POST", .length = "" },
	{ "HEAD", "HEAD", "/run-task/prod", "", UNSIGNED, .status = 405, .detail = "POST", .length = "" },
	{ "lower case", "post", "/run-task/prod", GOOD, SIGNED, .status = 405, .detail = "POST" },
	{ "no method", NULL, "/run-task/prod", GOOD, SIGNED, .status = 405, .detail = "POST" },
	/* length */
	{ "no length", PROD, GOOD, UNSIGNED, .status = 411, .detail = "Content-Length", .length = "" },
	{ "negative length", PROD, GOOD, UNSIGNED, .status = 400, .detail = "Content-Length", .length = "-1" },
	{ "signed length", PROD, GOOD, UNSIGNED, .status = 400, .detail = "Content-Length", .length = "+10" },
	{ "length with a tail", PROD, GOOD, UNSIGNED, .status = 400, .detail = "Content-Length", .length = "10 " },
	{ "one byte too long", PROD, GOOD, UNSIGNED, .status = 413, .detail = "4096", .length = "4097" },
	{ "2^64", PROD, GOOD, UNSIGNED, .status = 413, .detail = "4096", .length = "18446744073709551616" },
	{ "2^64 + 10", PROD, GOOD, UNSIGNED, .status = 413, .detail = "4096", .length = "18446744073709551626" },
	{ "very long length", PROD, GOOD, UNSIGNED,
		.status = 413, .detail = "4096", .length = "99999999999999999999999999" },
	{ "short body", PROD, GOOD, SIGNED, .status = 400, .detail = "shorter", .cut = 1 },
	{ "no body", PROD, GOOD, SIGNED, .status = 400, .detail = "shorter", .cut = sizeof(GOOD) - 1 },
	{ "longest that fits, but short", PROD, GOOD, SIGNED, .status = 400, .detail = "shorter", .length = "4096" },
	/* signature */
	{ "no signature", PROD, GOOD, UNSIGNED, .status = 401, .detail = "signed" },
	{ "empty signature", PROD, GOOD, EMPTY, .status = 401, .detail = "signed" },
	{ "another key", PROD, GOOD, WRONG, .status = 401, .detail = "signed" },
	{ "malformed signature", PROD, GOOD, GARBAGE, .status = 401, .detail = "signed" },
	{ "unsigned before it is parsed", PROD, "no JSON", UNSIGNED,
		.status = 401, .detail = "signed", .type = "text/plain" },
	{ "empty body, unsigned", PROD, "", UNSIGNED, .status = 401, .detail = "signed" },
	{ "key that is not there", "POST", "/run-task/broken", GOOD, SIGNED, .status = 503, .detail = "later" },
	{ "key that is not there, verification", "POST", "/run-task/broken", TEST_TOKEN, SIGNED,
		.status = 503, .detail = "later" },
	/* verification */
	{ "verification", PROD, TEST_TOKEN, SIGNED, .status = 200 },
	{ "verification without a signature", PROD, TEST_TOKEN, UNSIGNED, .status = 401 },
	{ "verification of an unsigned endpoint", OPEN, TEST_TOKEN, UNSIGNED, .status = 200 },
	/* the rest */
	{ "not JSON by its type", PROD, GOOD, SIGNED, .status = 415, .detail = "Content-Type", .type = "text/plain" },
	{ "nearly JSON by its type", PROD, GOOD, SIGNED,
		.status = 415, .detail = "Content-Type", .type = "application/jsonp" },
	{ "empty body", PROD, "", SIGNED, .status = 400, .detail = "JSON" },
	{ "not JSON", PROD, "{\"a\":", SIGNED, .status = 400, .detail = "JSON" },
	{ "not UTF-8", PROD, "{\"a\":\"\xff\"}", SIGNED, .status = 400, .detail = "JSON" },
	{ "two values", PROD, GOOD GOOD, SIGNED, .status = 400, .detail = "JSON" },
	{ "no object", PROD, "[]", SIGNED, .status = 400, .detail = "JSON" },
	{ "no version", PROD, "{}", SIGNED, .status = 400, .detail = "payload_version" },
	{ "version 2", PROD, "{\"payload_version\":2}", SIGNED, .status = 400, .detail = "payload_version" },
	{ "no stage", PROD, "{\"payload_version\":1}", SIGNED, .status = 400, .detail = "stage: missing" },
	{ "odd stage", PROD, "{\"payload_version\":1,\"stage\":\"test\"}", SIGNED, .status = 400, .detail = "stage" },
	{ "no id", PROD, HEAD CALLBACK "}", SIGNED, .status = 400, .detail = "task_result_id: missing" },
	{ "id with a slash", PROD, HEAD CALLBACK ",\"task_result_id\":\"../x\"}", SIGNED,
		.status = 400, .detail = "task_result_id" },
	{ "no callback", PROD, HEAD "\"task_result_id\":\"a\"}", SIGNED,
		.status = 400, .detail = "task_result_callback_url: missing" },
	{ "odd callback", PROD, HEAD "\"task_result_id\":\"a\",\"task_result_callback_url\":\"ftp://x\"}", SIGNED,
		.status = 400,
		.detail = "task_result_callback_url" },
	{ "another organization", PROD, HEAD "\"task_result_id\":\"a\",\"organization_name\":\"evil\"," CALLBACK "}",
		SIGNED,
		.status = 403,
		.detail = "organization_name" },
	{ "no organization", PROD, HEAD "\"task_result_id\":\"a\"," CALLBACK "}", SIGNED,
		.status = 403, .detail = "organization_name" },
	{ "another host", PROD, HEAD "\"task_result_id\":\"a\",\"organization_name\":\"acme\","
		"\"task_result_callback_url\":\"https://app.terraform.io.evil.example/x\"}", SIGNED,
		.status = 403, .detail = "app.terraform.io.evil" },
	{ "plan of another host", PROD, HEAD "\"task_result_id\":\"a\",\"organization_name\":\"acme\","
		"\"plan_json_api_url\":\"https://evil.example/plan\"," CALLBACK "}", SIGNED,
		.status = 403, .detail = "plan_json_api_url" },
	/* health, with no spooler ever seen */
	{ "health", "GET", "/run-task/prod/health", "", UNSIGNED,
		.status = 503, .detail = "\"spool\":\"writable\"", .length = "" },
	{ "health by POST", "POST", "/run-task/prod/health", GOOD, SIGNED, .status = 405, .detail = "GET" },
	{ "health of nothing", "GET", "/run-task/other/health", "", UNSIGNED,
		.status = 404, .detail = "path", .length = "" },
	{ "health alone", "GET", "/health", "", UNSIGNED, .status = 404, .detail = "path", .length = "" },
};

/* None of these leaves anything in the spool. */
static void test_refused(void **state)
{
	struct keeper *k = open_keeper();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(k, &rows[i]);
	assert_int_equal(entries("new"), 0);
	assert_int_equal(entries("tmp"), 0);
	keeper_free(k);
}

static const struct row accepted[] = {
	{ "accepted", PROD, GOOD, SIGNED, .status = 200 },
	{ "duplicate", PROD, GOOD, SIGNED, .status = 200 },
	{ "duplicate with the other key", PROD, GOOD, SIGNED_OLD, .status = 200 },
	{ "signature in upper case", PROD, GOOD, SIGNED_UPPER, .status = 200 },
	{ "no Content-Type", PROD, GOOD, SIGNED, .status = 200, .type = "" },
	{ "JSON:API", PROD, GOOD, SIGNED, .status = 200, .type = "Application/Vnd.API+JSON" },
	{ "with a charset", PROD, GOOD, SIGNED, .status = 200, .type = " application/json; charset=utf-8" },
};

static void test_accepted_once(void **state)
{
	struct keeper *k = open_keeper();
	char *path = xasprintf("%s/spool/new/prod.taskrs-1.json", dir);
	struct buf text = BUF_INIT(65536);
	struct stat st;

	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
		expect(k, &accepted[i]);
	assert_int_equal(entries("new"), 1);
	assert_int_equal(entries("tmp"), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(fsio_read_file(AT_FDCWD, path, &text), 0);
	assert_null(strstr(buf_text(&text), "s3cret"));
	assert_non_null(strstr(buf_text(&text), "taskrs-1"));
	buf_free(&text);
	free(path);
	keeper_free(k);
}

/* The same task result at two endpoints is two jobs, and an unsigned endpoint takes anything well-formed. */
static void test_endpoints_apart(void **state)
{
	static const struct row row = { "unsigned", OPEN, GOOD, UNSIGNED, .status = 200 };
	struct keeper *k = open_keeper();

	(void)state;
	expect(k, &accepted[0]);
	expect(k, &row);
	assert_int_equal(entries("new"), 2);
	keeper_free(k);
}

static void test_path_from_script_name(void **state)
{
	struct keeper *k = open_keeper();
	struct settings *s = keeper_take(k);
	const struct {
		const char *path_info, *script_name;
		int status;
	} paths[] = {
		{ NULL, "/run-task/prod", 411 }, { "", "/run-task/prod", 411 }, { "/run-task/prod", NULL, 411 },
		{ "/run-task/other", "/run-task/prod", 404 }, { NULL, NULL, 404 }, { "", "", 404 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct http_in in = { .method = "POST", .path_info = paths[i].path_info,
			.script_name = paths[i].script_name };
		struct http_out out;

		answer(s, &in, &out);
		assert_int_equal(out.status, paths[i].status);
		http_out_free(&out);
	}
	keeper_return(k, s);
	keeper_free(k);
}

/* ---- what is unusable, and mended ---- */

static const struct row good_row = { "good request", PROD, GOOD, SIGNED, .status = 200 };
static const struct row busy_row = { "good request, unusable spool", PROD, GOOD, SIGNED,
	.status = 503, .detail = "later" };
static const struct row verification_row = { "verification all the same", PROD, TEST_TOKEN, SIGNED, .status = 200 };
static const struct row bad_row = { "bad request", PROD, "{}", SIGNED, .status = 400 };
static const struct row health_row = { "health", "GET", "/run-task/prod/health", "", UNSIGNED,
	.status = 503, .detail = "not writable", .length = "" };
static const struct row healthy_row = { "healthy", "GET", "/run-task/prod/health", "", UNSIGNED, .status = 200,
	.detail = "{\"status\":\"ok\",\"spool\":\"writable\",\"keys\":\"usable\",\"spooler_seen_seconds_ago\":0}",
	.length = "" };

static void test_spool_missing_then_made(void **state)
{
	struct keeper *k;

	(void)state;
	test_remove(xasprintf("%s/spool", dir));
	k = open_keeper();
	expect(k, &busy_row);
	expect(k, &verification_row);
	expect(k, &bad_row);
	expect(k, &health_row);
	make_spool(true);
	expect(k, &good_row);
	assert_int_equal(entries("new"), 1);
	/* Its folders made anew behind the handler's back: refused once, then found again. */
	test_remove(xasprintf("%s/spool/new", dir));
	test_remove(xasprintf("%s/spool/tmp", dir));
	make_spool(true);
	expect(k, &busy_row);
	expect(k, &good_row);
	assert_int_equal(entries("new"), 1);
	keeper_free(k);
}

static void test_seal_key_not_announced(void **state)
{
	static const struct row health = { "health", "GET", "/run-task/prod/health", "", UNSIGNED, .status = 503,
		.detail = "\"keys\":\"not usable\"", .length = "" };
	struct keeper *k = open_keeper();

	(void)state;
	make_spool(false);
	expect(k, &busy_row);
	expect(k, &health);
	assert_int_equal(entries("new"), 0);
	make_spool(true);
	expect(k, &good_row);
	keeper_free(k);
}

static void test_seal_key_missing(void **state)
{
	char *path = xasprintf("%s/seal.pub", dir);
	struct keeper *k;

	(void)state;
	unlink(path);
	k = open_keeper();
	expect(k, &busy_row);
	expect(k, &verification_row);
	assert_int_equal(entries("new"), 0);
	keeper_free(k);
	free(path);
}

static void test_healthy(void **state)
{
	struct keeper *k = open_keeper();

	(void)state;
	show_life(0);
	expect(k, &healthy_row);
	show_life(61);
	expect(k, &(struct row){ "spooler gone", "GET", "/run-task/prod/health", "", UNSIGNED, .status = 503,
		.detail = "\"spool\":\"writable\",\"keys\":\"usable\",\"spooler_seen_seconds_ago\":61", .length = "" });
	expect(k, &good_row);
	keeper_free(k);
}

static void test_no_configuration(void **state)
{
	struct http_in in = { .method = "POST", .path_info = "/run-task/prod" };
	struct http_out out;

	(void)state;
	answer(NULL, &in, &out);
	assert_int_equal(out.status, 503);
	assert_true(out.retry_after > 0);
	http_out_free(&out);
}

/* ---- re-reading ---- */

static void test_key_rotated(void **state)
{
	static const struct row refused = { "key that was replaced", PROD, GOOD, SIGNED, .status = 401 };
	static const struct row wrong_key = { "the new key", PROD, GOOD, WRONG, .status = 200 };
	struct keeper *k = open_keeper();

	(void)state;
	expect(k, &good_row);
	write_file("prod.key", "another\n", 0600);
	keeper_look(k);
	expect(k, &refused);
	expect(k, &wrong_key);
	/* One that others can read is none. */
	write_file("prod.key", KEY "\n", 0644);
	keeper_look(k);
	expect(k, &busy_row);
	write_file("prod.key", KEY "\n", 0600);
	keeper_look(k);
	expect(k, &good_row);
	keeper_free(k);
}

static void test_bad_configuration_keeps_old(void **state)
{
	static const struct row added = { "new endpoint", "POST", "/run-task/added", GOOD, UNSIGNED, .status = 404 };
	struct keeper *k = open_keeper();
	struct settings *before = keeper_take(k), *after;

	(void)state;
	write_config("spool", "nonsense: 1\n");
	keeper_look(k);
	expect(k, &good_row);
	after = keeper_take(k);
	assert_ptr_equal(before, after);
	keeper_return(k, after);
	expect(k, &added);
	write_config("elsewhere", "");
	keeper_look(k);
	expect(k, &busy_row);
	/* What a request in progress holds stays usable. */
	assert_non_null(settings_endpoint_at(before, "/run-task/prod"));
	keeper_return(k, before);
	keeper_free(k);
}

static void test_print(void **state)
{
	struct http_out out = { .status = 200 };
	struct buf text = { 0 };

	(void)state;
	http_print(&out, &text);
	assert_string_equal(buf_text(&text), "Status: 200 OK\r\nContent-Length: 0\r\n\r\n");
	buf_free(&text);
	http_error(&out, 503, "cut \"here\"\r\nX: \xc3");
	http_print(&out, &text);
	assert_string_equal(buf_text(&text), "Status: 503 Service Unavailable\r\nRetry-After: 10\r\n"
		"Content-Type: application/vnd.api+json\r\nContent-Length: 90\r\n\r\n"
		"{\"errors\":[{\"status\":\"503\",\"title\":\"Service Unavailable\","
		"\"detail\":\"cut \\\"here\\\"\\r\\nX: \"}]}");
	buf_free(&text);
	http_out_free(&out);
}

#define WITH_SPOOL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SPOOL(test_refused),
		WITH_SPOOL(test_accepted_once),
		WITH_SPOOL(test_endpoints_apart),
		WITH_SPOOL(test_path_from_script_name),
		WITH_SPOOL(test_spool_missing_then_made),
		WITH_SPOOL(test_seal_key_not_announced),
		WITH_SPOOL(test_seal_key_missing),
		WITH_SPOOL(test_healthy),
		WITH_SPOOL(test_key_rotated),
		WITH_SPOOL(test_bad_configuration_keeps_old),
		cmocka_unit_test(test_no_configuration),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
