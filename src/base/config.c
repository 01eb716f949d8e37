/*
 * The configuration file: the settings outside of endpoints, and what both sides share of reading one.
 *
 * The file is read whole and every fault in it is said, with file, line and key; a configuration with an error is
 * none. Nothing that it names is opened here: keys are the programs' to load, each its own. Settings are rows of a
 * table: key, reader, where the value goes. config_endpoint.c reads what is under endpoints:, config_value.c has the
 * readers of single values.
 */
#include <stdlib.h>
#include <string.h>

#include "base/config_read.h"
#include "base/mem.h"

#define DAY_MS (24LL * 60 * 60 * 1000)

#define MIB (1024ULL * 1024)

static void set_defaults(struct config *c)
{
	c->scan_ms = 1000;
	c->keep_done_ms = 30 * DAY_MS;
	c->keep_undelivered_ms = 90 * DAY_MS;
	c->limit_body = 1 * MIB;
	c->limit_plan = 4096 * MIB;
	c->limit_resource = 16 * MIB;
	c->limit_configuration = 256 * MIB;
	c->limit_job_ms = 58 * 60 * 1000;
}

/* ---- single settings ---- */

static void read_spool(const struct doc_node *node, struct config *c, const char *file, struct faults *faults)
{
	const char *text = config_text(node, file, "spool", faults);

	if (text != NULL) {
		free(c->spool);
		c->spool = config_path(file, text);
	}
}

static void read_seal(const struct doc_node *node, struct config *c, const char *file, struct faults *faults)
{
	static const char *const known[] = { "public_key", "secret_key", NULL };
	const struct doc_node *public_key, *secret_key;
	const char *text;

	(void)config_keys(node, file, "seal", known, faults);
	if (node->kind != DOC_MAPPING)
		return;
	public_key = doc_get(node, "public_key");
	secret_key = doc_get(node, "secret_key");
	if (public_key == NULL)
		faults_error(faults, file, node->line, "seal: public_key is missing");
	else if ((text = config_text(public_key, file, "seal.public_key", faults)) != NULL)
		c->seal_public = config_path(file, text);
	if (secret_key == NULL)
		faults_error(faults, file, node->line, "seal: secret_key is missing");
	else
		(void)config_files(secret_key, file, "seal.secret_key", faults, &c->seal_secret, &c->seal_secret_count);
}

static void read_handler_user(const struct doc_node *node, struct config *c, const char *file, struct faults *faults)
{
	const char *text = config_text(node, file, "handler_user", faults);

	if (text != NULL)
		c->handler_user = xstrdup(text);
}

static void read_workers(const struct doc_node *node, struct config *c, const char *file, struct faults *faults)
{
	int64_t n;

	if (node->kind == DOC_SCALAR && strcmp(node->text, "auto") == 0)
		c->workers = 0;
	else if (config_integer(node, file, "workers", 1, 256, faults, &n) == 0)
		c->workers = (unsigned)n;
}

static void read_scan(const struct doc_node *node, struct config *c, const char *file, struct faults *faults)
{
	(void)config_duration(node, file, "scan", 50, DAY_MS, faults, &c->scan_ms);
}

static void read_keep(const struct doc_node *node, struct config *c, const char *file, struct faults *faults)
{
	static const char *const known[] = { "done", "undelivered", NULL };
	const struct doc_node *value;

	(void)config_keys(node, file, "keep", known, faults);
	if (node->kind != DOC_MAPPING)
		return;
	if ((value = doc_get(node, "done")) != NULL)
		(void)config_duration(value, file, "keep.done", 1000, 36500 * DAY_MS, faults, &c->keep_done_ms);
	if ((value = doc_get(node, "undelivered")) != NULL)
		(void)config_duration(value, file, "keep.undelivered", 1000, 36500 * DAY_MS, faults,
			&c->keep_undelivered_ms);
}

static void read_limits(const struct doc_node *node, struct config *c, const char *file, struct faults *faults)
{
	static const char *const known[] = { "body", "plan", "resource", "configuration", "job", NULL };
	const struct {
		const char *key, *name;
		uint64_t max, *out;
	} sizes[] = {
		{ "body", "limits.body", 4 * MIB, &c->limit_body },
		{ "plan", "limits.plan", 1ULL << 44, &c->limit_plan },
		{ "resource", "limits.resource", 1024 * MIB, &c->limit_resource },
		{ "configuration", "limits.configuration", 1ULL << 40, &c->limit_configuration },
	};
	const struct doc_node *value;

	(void)config_keys(node, file, "limits", known, faults);
	if (node->kind != DOC_MAPPING)
		return;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		if ((value = doc_get(node, sizes[i].key)) != NULL)
			(void)config_size(value, file, sizes[i].name, 1024, sizes[i].max, faults, sizes[i].out);
	/* HCP Terraform gives up after 60 minutes; the final needs some of them. */
	if ((value = doc_get(node, "job")) != NULL)
		(void)config_duration(value, file, "limits.job", 1000, 59 * 60 * 1000, faults, &c->limit_job_ms);
}

static void read_reports(const struct doc_node *node, struct config *c, const char *file, struct faults *faults)
{
	(void)c;
	faults_error(faults, file, node->line, "reports: does not exist in this version of planspool");
}

static const struct {
	const char *key;
	void (*read)(const struct doc_node *node, struct config *c, const char *file, struct faults *faults);
} settings[] = {
	{ "spool", read_spool },
	{ "seal", read_seal },
	{ "handler_user", read_handler_user },
	{ "endpoints", config_read_endpoints },
	{ "reports", read_reports },
	{ "workers", read_workers },
	{ "scan", read_scan },
	{ "keep", read_keep },
	{ "limits", read_limits },
};
#define SETTINGS (sizeof settings / sizeof *settings)

/* ---- the file ---- */

const char *config_default_path(void)
{
	const char *path = getenv("PLANSPOOL_CONFIG");

	return path != NULL && path[0] != '\0' ? path : PLANSPOOL_CONFIG_FILE;
}

/* Whether the file is one document that is a mapping. */
static const struct doc_node *root_of(const struct doc *doc, struct faults *faults)
{
	if (doc->count == 1 && doc->roots[0]->kind == DOC_MAPPING)
		return doc->roots[0];
	if (doc->count == 0)
		faults_error(faults, doc->file, 0, "the file is empty");
	else
		faults_error(faults, doc->file, doc->count > 1 ? doc->roots[1]->line : doc->roots[0]->line,
			"must be one document of 'key: value' settings");
	return NULL;
}

struct config *config_read(const char *path, struct faults *faults)
{
	const char *known[SETTINGS + 1] = { NULL };
	struct config *c = xcalloc(1, sizeof *c);
	const struct doc_node *root, *value;

	set_defaults(c);
	c->file = xstrdup(path);
	c->spool = xstrdup(PLANSPOOL_SPOOL_DIR);
	c->doc = doc_load(path, faults);
	root = c->doc == NULL ? NULL : root_of(c->doc, faults);
	if (root == NULL) {
		config_free(c);
		return NULL;
	}
	for (size_t i = 0; i < SETTINGS; i++)
		known[i] = settings[i].key;
	(void)config_keys(root, path, "the configuration", known, faults);
	for (size_t i = 0; i < SETTINGS; i++)
		if ((value = doc_get(root, settings[i].key)) != NULL)
			settings[i].read(value, c, path, faults);
	if (doc_get(root, "endpoints") == NULL)
		faults_error(faults, path, 0, "endpoints: is missing");
	if (doc_get(root, "seal") == NULL)
		faults_error(faults, path, 0, "seal: is missing; make its keys with: planspool keygen seal DIR");
	return c;
}

struct config *config_load(const char *path, struct faults *faults)
{
	size_t before = faults->errors;
	struct config *c = config_read(path, faults);

	if (faults->errors > before) {
		config_free(c);
		return NULL;
	}
	return c;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->endpoint_count; i++)
		config_endpoint_clear(&c->endpoints[i]);
	free(c->endpoints);
	config_texts_free(c->seal_secret, c->seal_secret_count);
	free(c->seal_public);
	free(c->handler_user);
	free(c->spool);
	free(c->file);
	doc_free(c->doc);
	free(c);
}

const struct config_endpoint *config_endpoint_named(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->endpoint_count; i++)
		if (strcmp(c->endpoints[i].name, name) == 0)
			return &c->endpoints[i];
	return NULL;
}

const struct config_endpoint *config_endpoint_at(const struct config *c, const char *path)
{
	for (size_t i = 0; i < c->endpoint_count; i++)
		if (strcmp(c->endpoints[i].path, path) == 0)
			return &c->endpoints[i];
	return NULL;
}

const struct config_host *config_host_of(const struct config_host *list, size_t n, const struct url *url)
{
	for (size_t i = 0; i < n; i++)
		if (url_same_origin(&list[i].origin, url))
			return &list[i];
	return NULL;
}
