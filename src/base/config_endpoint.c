/*
 * Reading the endpoints of a configuration: one for each run task that is registered. Which URLs a request may name is
 * decided here once, as origins; checks are kept as they stand, for the checks room to read.
 */
#include <stdlib.h>
#include <string.h>

#include "base/config_read.h"
#include "base/mem.h"
#include "base/text.h"

#define DEFAULT_HOST "https://app.terraform.io"
#define DEFAULT_STORAGE "https://archivist.terraform.io"

struct reader {
	const char *file;
	struct faults *faults;
	struct config_endpoint *e;
};

/* ---- origins ---- */

/* The origin of one host or storage entry: a URL and nothing behind its authority. */
static int read_origin(struct reader *r, const struct doc_node *node, const char *key, struct config_host *out)
{
	const char *text = config_text(node, r->file, key, r->faults);
	char why[URL_WHY];

	if (text == NULL)
		return -1;
	out->text = xstrdup(text);
	if (url_parse(out->text, &out->origin, why) != 0) {
		faults_error(r->faults, r->file, node->line, "%s: '%s': %s", key, text, why);
		return -1;
	}
	if (out->origin.rest[0] != '\0' && strcmp(out->origin.rest, "/") != 0) {
		faults_error(r->faults, r->file, node->line,
			"%s: '%s': must be an origin such as https://tfe.example.com, without a path", key, text);
		return -1;
	}
	return 0;
}

static int read_host_mapping(struct reader *r, const struct doc_node *node, const char *key, bool storage,
	struct config_host *out)
{
	static const char *const host_keys[] = { "url", "ca_file", "token_file", NULL };
	static const char *const storage_keys[] = { "url", "ca_file", NULL };
	const struct doc_node *value = doc_get(node, "url");
	const char *text;
	int rc = -1;

	(void)config_keys(node, r->file, key, storage ? storage_keys : host_keys, r->faults);
	if (value == NULL)
		faults_error(r->faults, r->file, node->line, "%s: url is missing", key);
	else
		rc = read_origin(r, value, key, out);
	if ((value = doc_get(node, "ca_file")) != NULL &&
	    (text = config_text(value, r->file, "ca_file", r->faults)) != NULL)
		out->ca_file = config_path(r->file, text);
	if (!storage && (value = doc_get(node, "token_file")) != NULL &&
	    (text = config_text(value, r->file, "token_file", r->faults)) != NULL)
		out->token_file = config_path(r->file, text);
	return rc;
}

static void read_origins(struct reader *r, const struct doc_node *node, const char *key, bool storage,
	struct config_host **list, size_t *n)
{
	if (node->kind != DOC_SEQUENCE || node->count == 0) {
		faults_error(r->faults, r->file, node->line,
			"%s: must be a list of origins such as https://app.terraform.io", key);
		return;
	}
	*list = xcalloc(node->count, sizeof **list);
	for (size_t i = 0; i < node->count; i++) {
		const struct doc_node *item = node->items[i];
		struct config_host *host = &(*list)[(*n)++];
		int rc;

		rc = item->kind == DOC_MAPPING ? read_host_mapping(r, item, key, storage, host) :
			read_origin(r, item, key, host);
		if (rc == 0 && config_host_of(*list, *n - 1, &host->origin) != NULL)
			faults_error(r->faults, r->file, item->line, "%s: '%s' is listed twice", key, host->text);
	}
}

static void default_origin(const char *text, struct config_host **list, size_t *n)
{
	char why[URL_WHY];

	*list = xcalloc(1, sizeof **list);
	(*list)->text = xstrdup(text);
	if (url_parse((*list)->text, &(*list)->origin, why) == 0)
		*n = 1;
}

/* ---- the keys of an endpoint ---- */

static void read_path(struct reader *r, const struct doc_node *node)
{
	const char *text = config_text(node, r->file, "path", r->faults);

	if (text == NULL)
		return;
	if (text[0] != '/' || text[1] == '\0' || strpbrk(text, "?#% ") != NULL || text[strlen(text) - 1] == '/')
		faults_error(r->faults, r->file, node->line, "path: '%s': must be a path such as /run-task/prod", text);
	else
		r->e->path = xstrdup(text);
}

static void read_hmac_keys(struct reader *r, const struct doc_node *node)
{
	(void)config_files(node, r->file, "hmac_keys", r->faults, &r->e->hmac_keys, &r->e->hmac_key_count);
}

static void read_unsigned(struct reader *r, const struct doc_node *node)
{
	(void)config_bool(node, r->file, "unsigned", r->faults, &r->e->unsigned_requests);
}

static void read_hosts(struct reader *r, const struct doc_node *node)
{
	read_origins(r, node, "hosts", false, &r->e->hosts, &r->e->host_count);
}

static void read_storage(struct reader *r, const struct doc_node *node)
{
	read_origins(r, node, "storage", true, &r->e->storage, &r->e->storage_count);
}

static void read_organizations(struct reader *r, const struct doc_node *node)
{
	(void)config_texts(node, r->file, "organizations", r->faults, &r->e->organizations, &r->e->organization_count);
}

static void read_fail_on(struct reader *r, const struct doc_node *node)
{
	const char *text = config_text(node, r->file, "fail_on", r->faults);
	enum severity s;

	if (text == NULL)
		return;
	s = severity_parse(text);
	if (s == SEVERITY_NONE_GIVEN || s == SEVERITY_OFF)
		faults_error(r->faults, r->file, node->line,
			"fail_on: '%s': must be INFO, LOW, MEDIUM, HIGH or CRITICAL", text);
	else
		r->e->fail_on = s;
}

static void read_on_error(struct reader *r, const struct doc_node *node)
{
	const char *text = config_text(node, r->file, "on_error", r->faults);

	if (text == NULL)
		return;
	if (strcmp(text, "pass") != 0 && strcmp(text, "fail") != 0)
		faults_error(r->faults, r->file, node->line, "on_error: '%s': must be fail or pass", text);
	else
		r->e->pass_on_error = strcmp(text, "pass") == 0;
}

static void read_checks(struct reader *r, const struct doc_node *node)
{
	if (node->kind != DOC_SEQUENCE) {
		faults_error(r->faults, r->file, node->line, "checks: must be a list");
		return;
	}
	r->e->checks = xcalloc(node->count, sizeof *r->e->checks);
	for (size_t i = 0; i < node->count; i++) {
		const struct doc_node *item = node->items[i];

		if (item->kind != DOC_MAPPING || item->count != 1) {
			faults_error(r->faults, r->file, item->line,
				"checks: each must be one 'kind: arguments', such as 'policies: [FOLDER]'");
			continue;
		}
		r->e->checks[r->e->check_count++] = (struct config_check){
			.kind = xstrdup(item->keys[0]->text), .arguments = item->items[0], .line = item->keys[0]->line,
		};
	}
}

static const struct {
	const char *key;
	void (*read)(struct reader *r, const struct doc_node *node);
} keys[] = {
	{ "path", read_path },
	{ "hmac_keys", read_hmac_keys },
	{ "unsigned", read_unsigned },
	{ "hosts", read_hosts },
	{ "storage", read_storage },
	{ "organizations", read_organizations },
	{ "fail_on", read_fail_on },
	{ "on_error", read_on_error },
	{ "checks", read_checks },
};
#define KEYS (sizeof keys / sizeof *keys)

/* ---- endpoints ---- */

static bool name_valid(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

	return n > 0 && n <= CONFIG_ENDPOINT_NAME_MAX && s[n] == '\0';
}

/* What single keys cannot see. */
static void judge_endpoint(struct reader *r, const struct doc_node *node)
{
	struct config_endpoint *e = r->e;

	if (doc_get(node, "path") == NULL)
		faults_error(r->faults, r->file, e->line, "endpoint %s: path is missing", e->name);
	if (e->unsigned_requests && doc_get(node, "hmac_keys") != NULL)
		faults_error(r->faults, r->file, e->line, "endpoint %s: has hmac_keys and is unsigned: choose one",
			e->name);
	if (!e->unsigned_requests && doc_get(node, "hmac_keys") == NULL)
		faults_error(r->faults, r->file, e->line,
			"endpoint %s: hmac_keys is missing (a run task without a key needs 'unsigned: true')", e->name);
	if (e->check_count == 0 && (doc_get(node, "checks") == NULL || doc_get(node, "checks")->kind == DOC_SEQUENCE))
		faults_warn(r->faults, r->file, e->line, "endpoint %s: has no checks, so every plan will pass",
			e->name);
	if (doc_get(node, "hosts") == NULL)
		default_origin(DEFAULT_HOST, &e->hosts, &e->host_count);
	if (doc_get(node, "storage") == NULL)
		default_origin(DEFAULT_STORAGE, &e->storage, &e->storage_count);
}

static void read_endpoint(struct reader *r, const struct doc_node *node)
{
	const char *known[KEYS + 1] = { NULL };
	const struct doc_node *value;
	char *what;

	if (!name_valid(r->e->name))
		faults_error(r->faults, r->file, r->e->line, "endpoint '%s': a name is 1 to %d of A-Z a-z 0-9 _ -",
			r->e->name, CONFIG_ENDPOINT_NAME_MAX);
	for (size_t i = 0; i < KEYS; i++)
		known[i] = keys[i].key;
	what = xasprintf("endpoint %s", r->e->name);
	(void)config_keys(node, r->file, what, known, r->faults);
	free(what);
	if (node->kind != DOC_MAPPING)
		return;
	for (size_t i = 0; i < KEYS; i++)
		if ((value = doc_get(node, keys[i].key)) != NULL)
			keys[i].read(r, value);
	judge_endpoint(r, node);
}

void config_read_endpoints(const struct doc_node *node, struct config *c, const char *file, struct faults *faults)
{
	struct reader r = { file, faults, NULL };

	if (node->kind != DOC_MAPPING || node->count == 0) {
		faults_error(faults, file, node->line, "endpoints: must be a mapping of names to endpoints");
		return;
	}
	c->endpoints = xcalloc(node->count, sizeof *c->endpoints);
	for (size_t i = 0; i < node->count; i++) {
		r.e = &c->endpoints[c->endpoint_count++];
		r.e->name = xstrdup(node->keys[i]->text);
		r.e->line = node->keys[i]->line;
		r.e->fail_on = SEVERITY_LOW;
		read_endpoint(&r, node->items[i]);
		for (size_t k = 0; r.e->path != NULL && k < i; k++) {
			if (c->endpoints[k].path == NULL || strcmp(c->endpoints[k].path, r.e->path) != 0)
				continue;
			faults_error(faults, file, r.e->line, "endpoint %s: has the path of endpoint %s", r.e->name,
				c->endpoints[k].name);
			break;
		}
	}
}

static void hosts_free(struct config_host *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].text);
		free(list[i].ca_file);
		free(list[i].token_file);
	}
	free(list);
}

void config_endpoint_clear(struct config_endpoint *e)
{
	for (size_t i = 0; i < e->check_count; i++)
		free(e->checks[i].kind);
	free(e->checks);
	config_texts_free(e->hmac_keys, e->hmac_key_count);
	config_texts_free(e->organizations, e->organization_count);
	hosts_free(e->hosts, e->host_count);
	hosts_free(e->storage, e->storage_count);
	free(e->name);
	free(e->path);
}
