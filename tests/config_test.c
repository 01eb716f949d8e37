/* The configuration: texts and the exact list of faults each one has, what is in force when little is said, forms of
 * hosts, and where relative paths lead. */
#include "test.h"

#include "base/config.h"
#include "base/mem.h"

/* Faults are compared as "line: text", a line each, in the order in which they are said. */
static char *faults_of(const char *text)
{
	char *folder = test_folder(), *path = test_file(folder, "c.yaml", text, strlen(text), 0644), *all = xstrdup("");
	struct faults faults = { NULL, 0, 0 };
	struct config *c = config_load(path, &faults);

	assert_int_equal(c == NULL, faults.errors > 0);
	config_free(c);
	for (size_t i = 0; i < faults.n; i++) {
		char *line = fault_text(&faults.list[i]), *more;

		assert_memory_equal(line, path, strlen(path));
		more = xasprintf("%s%s\n", all, line + strlen(path) + 1);
		free(line);
		free(all);
		all = more;
	}
	faults_free(&faults);
	free(path);
	test_remove(folder);
	return all;
}

/* A configuration with nothing wrong; a row may put more behind it, at the top level or into its endpoint. */
#define SEAL "seal: {public_key: p, secret_key: s}\n"
#define PROD "endpoints:\n  prod:\n    checks: [changes: {}]\n"
#define GOOD SEAL PROD "    path: /run-task/prod\n    hmac_keys: k\n"

static const struct {
	const char *text, *faults;
} rows[] = {
	/* the file as a whole */
	{ GOOD, "" },
	{ "", " the file is empty\n" },
	{ "# nothing\n", " the file is empty\n" },
	{ "[a, b]\n", "1: must be one document of 'key: value' settings\n" },
	{ GOOD "---\n", "" },
	{ GOOD "---\na: b\n", "8: must be one document of 'key: value' settings\n" },
	{ "{}\n", " endpoints: is missing\n seal: is missing; make its keys with: planspool keygen seal DIR\n" },
	{ "spol: x\nworkers: none\n" GOOD "endpoint: {}\nzzz: 1\n",
		"1: unknown key 'spol' in the configuration, did you mean 'spool'?\n"
		"9: unknown key 'endpoint' in the configuration, did you mean 'endpoints'?\n"
		"10: unknown key 'zzz' in the configuration\n"
		"2: workers: must be a whole number from 1 to 256\n" },

	/* single settings */
	{ GOOD "spool: [a]\n", "7: spool: must be a text\n" },
	{ GOOD "spool: ''\n", "7: spool: must be a text\n" },
	{ GOOD "spool: ~\n", "7: spool: must be a text\n" },
	{ GOOD "handler_user: {}\n", "7: handler_user: must be a text\n" },
	{ GOOD "workers: auto\n", "" },
	{ GOOD "workers: 256\n", "" },
	{ GOOD "workers: 0\n", "7: workers: must be a whole number from 1 to 256\n" },
	{ GOOD "workers: 257\n", "7: workers: must be a whole number from 1 to 256\n" },
	{ GOOD "workers: \"2\"\n", "7: workers: must be a whole number from 1 to 256\n" },
	{ GOOD "workers: 99999999999999999999\n", "7: workers: must be a whole number from 1 to 256\n" },
	{ GOOD "scan: 1\n", "7: scan: must be a duration such as 500ms, 30s, 5m, 2h or 30d\n" },
	{ GOOD "scan: 10ms\n", "7: scan: 10ms is out of range, must be from 50 ms to 86400 s\n" },
	{ GOOD "scan: 9223372036854775807d\n", "7: scan: must be a duration such as 500ms, 30s, 5m, 2h or 30d\n" },
	{ GOOD "keep: 30d\n", "7: keep: must be a mapping of 'key: value'\n" },
	{ GOOD "keep: {doen: 1d, undelivered: 0s}\n",
		"7: unknown key 'doen' in keep, did you mean 'done'?\n"
		"7: keep.undelivered: 0s is out of range, must be from 1000 ms to 3153600000 s\n" },
	{ GOOD "limits:\n  body: 5MiB\n  plan: 4G\n  resource: -1\n  configuration: [1]\n  job: 1h\n  size: 1\n",
		"13: unknown key 'size' in limits\n"
		"8: limits.body: 5MiB is out of range, must be from 1024 to 4194304 bytes\n"
		"9: limits.plan: must be a size such as 4096, 64KiB, 16MiB or 4GiB\n"
		"10: limits.resource: must be a size such as 4096, 64KiB, 16MiB or 4GiB\n"
		"11: limits.configuration: must be a size such as 4096, 64KiB, 16MiB or 4GiB\n"
		"12: limits.job: 1h is out of range, must be from 1000 ms to 3540 s\n" },
	{ GOOD "reports: {dir: /r}\n", "7: reports: does not exist in this version of planspool\n" },

	/* seal */
	{ "seal: x\n" PROD "    path: /p\n    hmac_keys: k\n", "1: seal: must be a mapping of 'key: value'\n" },
	{ "seal:\n  public_kye: p\n" PROD "    path: /p\n    hmac_keys: k\n",
		"2: unknown key 'public_kye' in seal, did you mean 'public_key'?\n"
		"2: seal: public_key is missing\n2: seal: secret_key is missing\n" },
	{ "seal: {public_key: [a], secret_key: []}\n" PROD "    path: /p\n    hmac_keys: k\n",
		"1: seal.public_key: must be a text\n1: seal.secret_key: the list is empty\n" },
	{ "seal: {public_key: a, secret_key: [a, {}, ~]}\n" PROD "    path: /p\n    hmac_keys: k\n",
		"1: seal.secret_key: must be a text\n1: seal.secret_key: must be a text\n" },

	/* endpoints */
	{ SEAL "endpoints: {}\n", "2: endpoints: must be a mapping of names to endpoints\n" },
	{ SEAL "endpoints: [a]\n", "2: endpoints: must be a mapping of names to endpoints\n" },
	{ SEAL "endpoints:\n  prod:\n", "3: endpoint prod: must be a mapping of 'key: value'\n" },
	{ SEAL "endpoints:\n  prod: {}\n", "3: endpoint prod: path is missing\n"
		"3: endpoint prod: hmac_keys is missing (a run task without a key needs 'unsigned: true')\n"
		"3: warning: endpoint prod: has no checks, so every plan will pass\n" },
	{ SEAL "endpoints:\n  a.b: {path: /p, hmac_keys: k, checks: [changes: {}]}\n",
		"3: endpoint 'a.b': a name is 1 to 32 of A-Z a-z 0-9 _ -\n" },
	{ SEAL "endpoints:\n  ab345678901234567890123456789012: {path: /p, hmac_keys: k, checks: [changes: {}]}\n",
		"" },
	{ SEAL "endpoints:\n  abc345678901234567890123456789012: {path: /p, hmac_keys: k, checks: [changes: {}]}\n"
		"  '': {path: /q, hmac_keys: k, checks: [changes: {}]}\n",
		"3: endpoint 'abc345678901234567890123456789012': a name is 1 to 32 of A-Z a-z 0-9 _ -\n"
		"4: endpoint '': a name is 1 to 32 of A-Z a-z 0-9 _ -\n" },
	{ SEAL "endpoints:\n  a: {path: /p, hmac_keys: k, checks: [changes: {}]}\n"
		"  b: {path: /p, hmac_keys: k, checks: [changes: {}]}\n"
		"  c: {path: /p, hmac_keys: k, checks: [changes: {}]}\n",
		"4: endpoint b: has the path of endpoint a\n5: endpoint c: has the path of endpoint a\n" },
	{ SEAL "endpoints:\n  a: {path: /p, hmac_keys: k, checks: [changes: {}]}\n"
		"  a: {path: /q, hmac_keys: k, checks: [changes: {}]}\n",
		"4: key 'a' stands here a second time, first in line 3\n" },
	{ SEAL PROD "    path: run-task\n    hmac_keys: k\n",
		"5: path: 'run-task': must be a path such as /run-task/prod\n" },
	{ SEAL PROD "    path: /\n    hmac_keys: k\n", "5: path: '/': must be a path such as /run-task/prod\n" },
	{ SEAL PROD "    path: /a/\n    hmac_keys: k\n", "5: path: '/a/': must be a path such as /run-task/prod\n" },
	{ SEAL PROD "    path: /a?b\n    hmac_keys: k\n", "5: path: '/a?b': must be a path such as /run-task/prod\n" },
	{ SEAL PROD "    path: /a%20b\n    hmac_keys: k\n",
		"5: path: '/a%20b': must be a path such as /run-task/prod\n" },
	{ SEAL PROD "    path: /p\n    unsigned: true\n", "" },
	{ SEAL PROD "    path: /p\n    unsigned: false\n",
		"3: endpoint prod: hmac_keys is missing (a run task without a key needs 'unsigned: true')\n" },
	{ SEAL PROD "    path: /p\n    unsigned: 'true'\n    hmac_keys: k\n", "6: unsigned: must be true or false\n" },
	{ SEAL PROD "    path: /p\n    unsigned: true\n    hmac_keys: k\n",
		"3: endpoint prod: has hmac_keys and is unsigned: choose one\n" },
	{ SEAL PROD "    path: /p\n    hmac_keys: []\n", "6: hmac_keys: the list is empty\n" },
	{ SEAL PROD "    path: /p\n    hmac_key: k\n",
		"6: unknown key 'hmac_key' in endpoint prod, did you mean 'hmac_keys'?\n"
		"3: endpoint prod: hmac_keys is missing (a run task without a key needs 'unsigned: true')\n" },
	{ GOOD "    organizations: []\n", "7: organizations: the list is empty\n" },
	{ GOOD "    organizations: ~\n", "7: organizations: must be a text\n" },
	{ GOOD "    organizations: [acme, [x], '']\n",
		"7: organizations: must be a text\n7: organizations: must be a text\n" },
	{ GOOD "    fail_on: medium\n", "" },
	{ GOOD "    fail_on: NONE\n    on_error: Pass\n",
		"7: fail_on: 'NONE': must be INFO, LOW, MEDIUM, HIGH or CRITICAL\n"
		"8: on_error: 'Pass': must be fail or pass\n" },
	{ GOOD "    fail_on: 5\n", "7: fail_on: '5': must be INFO, LOW, MEDIUM, HIGH or CRITICAL\n" },
	{ GOOD "    faill_on: LOW\n", "7: unknown key 'faill_on' in endpoint prod, did you mean 'fail_on'?\n" },
	{ SEAL "endpoints:\n  p:\n    path: /p\n    hmac_keys: k\n    checks: {changes: {}}\n",
		"6: checks: must be a list\n" },
	{ SEAL "endpoints:\n  p:\n    path: /p\n    hmac_keys: k\n    checks: []\n",
		"3: warning: endpoint p: has no checks, so every plan will pass\n" },
	/* which kinds there are is the checks' to judge */
	{ SEAL "endpoints:\n  p:\n    path: /p\n    hmac_keys: k\n    checks:\n      - {images: {}}\n      - policies\n"
		"      - {a: 1, b: 2}\n",
		"8: checks: each must be one 'kind: arguments', such as 'policies: [FOLDER]'\n"
		"9: checks: each must be one 'kind: arguments', such as 'policies: [FOLDER]'\n" },

	/* hosts and storage */
	{ GOOD "    hosts: https://a.example\n",
		"7: hosts: must be a list of origins such as https://app.terraform.io\n" },
	{ GOOD "    hosts: []\n    storage: ~\n",
		"7: hosts: must be a list of origins such as https://app.terraform.io\n"
		"8: storage: must be a list of origins such as https://app.terraform.io\n" },
	{ GOOD "    hosts: [app.terraform.io]\n",
		"7: hosts: 'app.terraform.io': not a URL that begins with https:// or http://\n" },
	{ GOOD "    hosts: ['https://u:p@a.example', 'https://a.example/api', "
		"'https://a.example?x', 'https://a.example:0']\n",
		"7: hosts: 'https://u:p@a.example': user info (@) is not allowed\n"
		"7: hosts: 'https://a.example/api': must be an origin such as https://tfe.example.com, without a path\n"
		"7: hosts: 'https://a.example?x': must be an origin such as https://tfe.example.com, without a path\n"
		"7: hosts: 'https://a.example:0': the port is no number from 1 to 65535\n" },
	{ GOOD "    hosts:\n      - https://a.example\n      - http://a.example\n      - https://A.example.:443/\n"
		"      - https://a.example:8443\n      - {url: 'https://a.EXAMPLE'}\n",
		"10: hosts: 'https://A.example.:443/' is listed twice\n"
		"12: hosts: 'https://a.EXAMPLE' is listed twice\n" },
	{ GOOD "    hosts:\n      - {ca_file: x}\n      - {url: [x]}\n"
		"      - {url: 'https://a.example', token: t, ca_file: []}\n",
		"8: hosts: url is missing\n9: hosts: must be a text\n"
		"10: unknown key 'token' in hosts\n10: ca_file: must be a text\n" },
	{ GOOD "    storage: [{url: 'https://a.example', token_file: t}]\n",
		"7: unknown key 'token_file' in storage\n" },
	{ GOOD "    storage: [{url: 'https://a.example', ca_file: c}, 'https://a.example']\n",
		"7: storage: 'https://a.example' is listed twice\n" },
};

static void says_every_fault(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *faults = faults_of(rows[i].text);

		if (strcmp(faults, rows[i].faults) != 0) {
			print_error("row %zu:\n%s--- has ---\n%s--- not ---\n%s\n", i, rows[i].text, faults,
				rows[i].faults);
			wrong++;
		}
		free(faults);
	}
	assert_int_equal(wrong, 0);
}

/* Faults of one configuration after another are kept apart: a good one loads although the list has errors already. */
static void keeps_earlier_faults(void **state)
{
	char *folder = test_folder(), *path = test_file(folder, "c.yaml", GOOD, strlen(GOOD), 0644);
	struct faults faults = { NULL, 0, 0 };
	struct config *c;

	(void)state;
	faults_error(&faults, "other", 1, "an error");
	c = config_load(path, &faults);
	assert_non_null(c);
	assert_int_equal(faults.n, 1);
	config_free(c);
	faults_free(&faults);
	faults = (struct faults){ NULL, 0, 0 };
	assert_null(config_load(folder, &faults));
	assert_int_equal(faults.errors, 1);
	faults_free(&faults);
	free(path);
	test_remove(folder);
}

static struct config *load(const char *folder, const char *text, char **path)
{
	struct faults faults = { NULL, 0, 0 };
	struct config *c;

	*path = test_file(folder, "planspool.yaml", text, strlen(text), 0644);
	c = config_load(*path, &faults);
	faults_print(&faults, stderr);
	assert_non_null(c);
	assert_int_equal(faults.n, 0);
	faults_free(&faults);
	return c;
}

static void has_defaults(void **state)
{
	char *folder = test_folder(), *path, *want;
	struct config *c = load(folder, GOOD, &path);
	const struct config_endpoint *e = c->endpoints;

	(void)state;
	assert_string_equal(c->file, path);
	assert_string_equal(c->spool, PLANSPOOL_SPOOL_DIR);
	assert_null(c->handler_user);
	assert_int_equal(c->workers, 0);
	assert_int_equal(c->scan_ms, 1000);
	assert_int_equal(c->keep_done_ms, 30LL * 86400 * 1000);
	assert_int_equal(c->keep_undelivered_ms, 90LL * 86400 * 1000);
	assert_int_equal(c->limit_body, 1 << 20);
	assert_int_equal(c->limit_plan, 4LL << 30);
	assert_int_equal(c->limit_resource, 16 << 20);
	assert_int_equal(c->limit_configuration, 256 << 20);
	assert_int_equal(c->limit_job_ms, 58 * 60 * 1000);
	want = xasprintf("%s/p", folder);
	assert_string_equal(c->seal_public, want);
	free(want);
	assert_int_equal(c->endpoint_count, 1);
	assert_int_equal(e->host_count, 1);
	assert_string_equal(e->hosts[0].text, "https://app.terraform.io");
	assert_string_equal(e->hosts[0].origin.host, "app.terraform.io");
	assert_null(e->hosts[0].ca_file);
	assert_null(e->hosts[0].token_file);
	assert_int_equal(e->storage_count, 1);
	assert_string_equal(e->storage[0].origin.host, "archivist.terraform.io");
	assert_int_equal(e->organization_count, 0);
	assert_int_equal(e->fail_on, SEVERITY_LOW);
	assert_false(e->pass_on_error);
	assert_false(e->unsigned_requests);
	config_free(c);
	free(path);
	test_remove(folder);
}

/* The sample of the manual, but for reports. */
static const char sample[] =
	"spool: /var/spool/planspool\n"
	"seal:\n"
	"  public_key: /etc/planspool/seal.pub\n"
	"  secret_key: [/etc/planspool/seal.key, old.key]\n"
	"handler_user: planspool-web\n"
	"endpoints:\n"
	"  prod:\n"
	"    path: /run-task/prod\n"
	"    hmac_keys: [/etc/planspool/prod.key, prod-old.key]\n"
	"    hosts:\n"
	"      - https://app.terraform.io\n"
	"      - {url: \"https://tfe.example.com:8443\", ca_file: tfe-ca.pem, token_file: sub/tfe.token}\n"
	"    storage: [\"https://archivist.terraform.io\", {url: 'http://[::1]:80/', ca_file: /ca}]\n"
	"    organizations: [acme]\n"
	"    fail_on: LOW\n"
	"    on_error: pass\n"
	"    checks:\n"
	"      - policies: [/etc/planspool/policies]\n"
	"      - images: {registry: /etc/planspool/images.json, untracked: warn}\n"
	"      - changes: {max_delete: 10, protect: [aws_db_instance, aws_s3_bucket]}\n"
	"      - command: {name: conftest, run: [conftest, test, --output, sarif, \"{plan}\"], timeout: 5m}\n"
	"  open: {path: /run-task/open, unsigned: yes, checks: [changes: {}]}\n"
	"workers: 4\n"
	"scan: 250ms\n"
	"keep: {done: 1d, undelivered: 2h}\n"
	"limits: {body: 2MiB, plan: 8GiB, resource: 1MiB, configuration: 64MiB, job: 10m}\n";

static const char *below(const char *path, const char *folder)
{
	assert_memory_equal(path, folder, strlen(folder));
	return path + strlen(folder);
}

static void reads_everything(void **state)
{
	char *folder = test_folder(), *path;
	struct config *c = load(folder, sample, &path);
	const struct config_endpoint *e = config_endpoint_named(c, "prod");
	static const char *const kinds[] = { "policies", "images", "changes", "command" };

	(void)state;
	assert_string_equal(c->spool, "/var/spool/planspool");
	assert_string_equal(c->seal_public, "/etc/planspool/seal.pub");
	assert_int_equal(c->seal_secret_count, 2);
	assert_string_equal(c->seal_secret[0], "/etc/planspool/seal.key");
	assert_string_equal(below(c->seal_secret[1], folder), "/old.key");
	assert_string_equal(c->handler_user, "planspool-web");
	assert_int_equal(c->workers, 4);
	assert_int_equal(c->scan_ms, 250);
	assert_int_equal(c->keep_done_ms, 86400 * 1000);
	assert_int_equal(c->keep_undelivered_ms, 7200 * 1000);
	assert_int_equal(c->limit_body, 2 << 20);
	assert_int_equal(c->limit_plan, 8LL << 30);
	assert_int_equal(c->limit_resource, 1 << 20);
	assert_int_equal(c->limit_configuration, 64 << 20);
	assert_int_equal(c->limit_job_ms, 600 * 1000);

	assert_non_null(e);
	assert_int_equal(e->line, 7);
	assert_ptr_equal(config_endpoint_at(c, "/run-task/prod"), e);
	assert_null(config_endpoint_at(c, "/run-task/prod/"));
	assert_null(config_endpoint_named(c, "PROD"));
	assert_int_equal(e->hmac_key_count, 2);
	assert_string_equal(e->hmac_keys[0], "/etc/planspool/prod.key");
	assert_string_equal(below(e->hmac_keys[1], folder), "/prod-old.key");
	assert_int_equal(e->host_count, 2);
	assert_int_equal(e->hosts[1].origin.port, 8443);
	assert_string_equal(below(e->hosts[1].ca_file, folder), "/tfe-ca.pem");
	assert_string_equal(below(e->hosts[1].token_file, folder), "/sub/tfe.token");
	assert_int_equal(e->storage_count, 2);
	assert_false(e->storage[1].origin.https);
	assert_string_equal(e->storage[1].ca_file, "/ca");
	assert_int_equal(e->organization_count, 1);
	assert_string_equal(e->organizations[0], "acme");
	assert_true(e->pass_on_error);
	assert_int_equal(e->check_count, COUNT(kinds));
	for (size_t i = 0; i < COUNT(kinds); i++) {
		assert_string_equal(e->checks[i].kind, kinds[i]);
		assert_int_equal(e->checks[i].line, 18 + i);
		assert_int_equal(e->checks[i].arguments->kind, i == 0 ? DOC_SEQUENCE : DOC_MAPPING);
	}
	assert_true(config_endpoint_named(c, "open")->unsigned_requests);
	config_free(c);
	free(path);
	test_remove(folder);
}

static void finds_hosts_by_origin(void **state)
{
	static const struct { const char *url; int host; } urls[] = {
		{ "https://app.terraform.io/api/v2/x", 0 }, { "HTTPS://APP.terraform.io.:443/", 0 },
		{ "https://tfe.example.com:8443", 1 },
		{ "http://app.terraform.io/", -1 }, { "https://app.terraform.io:8443/", -1 },
		{ "https://app.terraform.io.evil.example/", -1 }, { "https://tfe.example.com/", -1 },
		{ "https://evil.example/app.terraform.io", -1 },
	};
	char *folder = test_folder(), *path, why[URL_WHY];
	struct config *c = load(folder, sample, &path);
	const struct config_endpoint *e = c->endpoints;

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		const struct config_host *found;
		struct url url;

		assert_int_equal(url_parse(urls[i].url, &url, why), 0);
		found = config_host_of(e->hosts, e->host_count, &url);
		assert_int_equal(found == NULL ? -1 : (int)(found - e->hosts), urls[i].host);
	}
	config_free(c);
	free(path);
	test_remove(folder);
}

static void makes_paths(void **state)
{
	static const struct { const char *config, *path, *made; } paths[] = {
		{ "/etc/planspool/planspool.yaml", "a.key", "/etc/planspool/a.key" },
		{ "/etc/planspool/planspool.yaml", "/a.key", "/a.key" },
		{ "/planspool.yaml", "a", "/a" },
		{ "planspool.yaml", "a", "a" },
		{ "./planspool.yaml", "../a", "./../a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		char *made = config_path(paths[i].config, paths[i].path);

		assert_string_equal(made, paths[i].made);
		free(made);
	}
	assert_int_equal(setenv("PLANSPOOL_CONFIG", "/x.yaml", 1), 0);
	assert_string_equal(config_default_path(), "/x.yaml");
	assert_int_equal(setenv("PLANSPOOL_CONFIG", "", 1), 0);
	assert_string_equal(config_default_path(), PLANSPOOL_CONFIG_FILE);
	assert_int_equal(unsetenv("PLANSPOOL_CONFIG"), 0);
	assert_string_equal(config_default_path(), PLANSPOOL_CONFIG_FILE);
}

static void knows_severities(void **state)
{
	static const struct { const char *text; enum severity s; const char *name; } words[] = {
		{ "INFO", SEVERITY_INFO, "INFO" }, { "low", SEVERITY_LOW, "LOW" },
		{ "Medium", SEVERITY_MEDIUM, "MEDIUM" },
		{ "MODERATE", SEVERITY_MEDIUM, "MEDIUM" }, { "HIGH", SEVERITY_HIGH, "HIGH" },
		{ "important", SEVERITY_HIGH, "HIGH" },
		{ "CRITICAL", SEVERITY_CRITICAL, "CRITICAL" }, { "OFF", SEVERITY_OFF, "OFF" },
		{ "none", SEVERITY_OFF, "OFF" },
		{ "", SEVERITY_NONE_GIVEN, "" }, { "HIGHER", SEVERITY_NONE_GIVEN, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		assert_int_equal(severity_parse(words[i].text), words[i].s);
		assert_string_equal(severity_name(words[i].s), words[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_every_fault),
		cmocka_unit_test(keeps_earlier_faults),
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(reads_everything),
		cmocka_unit_test(finds_hosts_by_origin),
		cmocka_unit_test(makes_paths),
		cmocka_unit_test(knows_severities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
