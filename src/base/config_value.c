/*
 * Reading single values of a configuration: texts, lists, numbers, durations, sizes, and which keys may stand where.
 * Every reader says what is wrong itself, with file, line and key, so that callers only leave out what failed.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/config_read.h"
#include "base/mem.h"
#include "base/text.h"

bool config_keys(const struct doc_node *node, const char *file, const char *what, const char *const *known,
	struct faults *faults)
{
	bool all = true;

	if (node->kind != DOC_MAPPING) {
		faults_error(faults, file, node->line, "%s: must be a mapping of 'key: value'", what);
		return false;
	}
	for (size_t i = 0; i < node->count; i++) {
		const char *key = node->keys[i]->text, *near;
		size_t k = 0;

		while (known[k] != NULL && strcmp(known[k], key) != 0)
			k++;
		if (known[k] != NULL)
			continue;
		all = false;
		near = text_nearest(key, known);
		if (near != NULL)
			faults_error(faults, file, node->keys[i]->line, "unknown key '%s' in %s, did you mean '%s'?",
				key, what, near);
		else
			faults_error(faults, file, node->keys[i]->line, "unknown key '%s' in %s", key, what);
	}
	return all;
}

const char *config_text(const struct doc_node *node, const char *file, const char *key, struct faults *faults)
{
	struct doc_value value;

	if (node->kind != DOC_SCALAR || doc_scalar(node, &value) == DOC_NULL || node->len == 0)
		faults_error(faults, file, node->line, "%s: must be a text", key);
	else if (strlen(node->text) != node->len)
		faults_error(faults, file, node->line, "%s: holds a NUL character", key);
	else
		return node->text;
	return NULL;
}

void config_texts_free(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

int config_texts(const struct doc_node *node, const char *file, const char *key, struct faults *faults, char ***out,
	size_t *n)
{
	size_t count = node->kind == DOC_SEQUENCE ? node->count : 1, got = 0;
	char **texts = xcalloc(count + 1, sizeof *texts);

	if (count == 0)
		faults_error(faults, file, node->line, "%s: the list is empty", key);
	for (size_t i = 0; i < count; i++) {
		const char *text = config_text(node->kind == DOC_SEQUENCE ? node->items[i] : node, file, key, faults);

		if (text != NULL)
			texts[got++] = xstrdup(text);
	}
	if (got < count || count == 0) {
		config_texts_free(texts, got);
		return -1;
	}
	*out = texts;
	*n = got;
	return 0;
}

int config_files(const struct doc_node *node, const char *file, const char *key, struct faults *faults, char ***out,
	size_t *n)
{
	char *path;

	if (config_texts(node, file, key, faults, out, n) != 0)
		return -1;
	for (size_t i = 0; i < *n; i++) {
		path = config_path(file, (*out)[i]);
		free((*out)[i]);
		(*out)[i] = path;
	}
	return 0;
}

int config_integer(const struct doc_node *node, const char *file, const char *key, int64_t min, int64_t max,
	struct faults *faults, int64_t *out)
{
	struct doc_value value;

	if (node->kind == DOC_SCALAR && doc_scalar(node, &value) == DOC_INTEGER && value.integer >= min &&
	    value.integer <= max) {
		*out = value.integer;
		return 0;
	}
	faults_error(faults, file, node->line, "%s: must be a whole number from %" PRId64 " to %" PRId64, key, min,
		max);
	return -1;
}

int config_bool(const struct doc_node *node, const char *file, const char *key, struct faults *faults, bool *out)
{
	struct doc_value value;

	if (node->kind == DOC_SCALAR && doc_scalar(node, &value) == DOC_BOOL) {
		*out = value.boolean;
		return 0;
	}
	faults_error(faults, file, node->line, "%s: must be true or false", key);
	return -1;
}

int config_duration(const struct doc_node *node, const char *file, const char *key, int64_t min_ms, int64_t max_ms,
	struct faults *faults, int64_t *out)
{
	int64_t ms;

	if (node->kind != DOC_SCALAR || text_duration(node->text, &ms) != 0) {
		faults_error(faults, file, node->line, "%s: must be a duration such as 500ms, 30s, 5m, 2h or 30d", key);
		return -1;
	}
	if (ms < min_ms || ms > max_ms) {
		faults_error(faults, file, node->line,
			"%s: %s is out of range, must be from %" PRId64 " ms to %" PRId64 " s", key,
			node->text, min_ms, max_ms / 1000);
		return -1;
	}
	*out = ms;
	return 0;
}

int config_size(const struct doc_node *node, const char *file, const char *key, uint64_t min, uint64_t max,
	struct faults *faults, uint64_t *out)
{
	uint64_t size;

	if (node->kind != DOC_SCALAR || text_size(node->text, &size) != 0) {
		faults_error(faults, file, node->line, "%s: must be a size such as 4096, 64KiB, 16MiB or 4GiB", key);
		return -1;
	}
	if (size < min || size > max) {
		faults_error(faults, file, node->line,
			"%s: %s is out of range, must be from %" PRIu64 " to %" PRIu64 " bytes", key,
			node->text, min, max);
		return -1;
	}
	*out = size;
	return 0;
}

char *config_path(const char *config_file, const char *path)
{
	const char *slash = strrchr(config_file, '/');

	if (path[0] == '/' || slash == NULL)
		return xstrdup(path);
	return xasprintf("%.*s/%s", (int)(slash - config_file), config_file, path);
}

/* ---- severities ---- */

static const struct {
	const char *name;
	enum severity severity;
} severities[] = {
	{ "INFO", SEVERITY_INFO }, { "LOW", SEVERITY_LOW }, { "MEDIUM", SEVERITY_MEDIUM }, { "HIGH", SEVERITY_HIGH },
	{ "CRITICAL", SEVERITY_CRITICAL }, { "OFF", SEVERITY_OFF },
	/* other spellings */
	{ "NONE", SEVERITY_OFF }, { "MODERATE", SEVERITY_MEDIUM }, { "IMPORTANT", SEVERITY_HIGH },
};

enum severity severity_parse(const char *s)
{
	for (size_t i = 0; i < sizeof severities / sizeof *severities; i++)
		if (strcasecmp(s, severities[i].name) == 0)
			return severities[i].severity;
	return SEVERITY_NONE_GIVEN;
}

const char *severity_name(enum severity s)
{
	for (size_t i = 0; i < sizeof severities / sizeof *severities; i++)
		if (severities[i].severity == s)
			return severities[i].name;
	return "";
}
