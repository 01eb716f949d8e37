/* Looks into the plan of a case for golden_rules.c: what stands at the place that a condition's path names.
 *
 * Contract: written apart from policy_path.c and policy_jsonwalk.c on purpose, so that their mistakes do not excuse
 * themselves. It knows paths only roughly, and where it does not (filters, "..", * over keys) everything below counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "golden.h"

#define NAMES 32

struct path {
	char *names[NAMES];
	size_t count;
};

static void add_name(struct path *p, const char *name, size_t len)
{
	if (p->count < NAMES)
		p->names[p->count++] = xstrndup(name, len);
}

/* The name that begins at s; the end of it. NULL where it is none: then all that is below counts. */
static const char *read_name(struct path *p, const char *s)
{
	bool bracket = *s == '[';
	size_t len;

	s += bracket;
	if (*s == '\'' || *s == '"') {
		len = strcspn(s + 1, (const char[]){ *s, '\0' });
		add_name(p, s + 1, len);
		return s[1 + len] != '\0' ? s + len + 2 : s + len + 1;
	}
	len = strcspn(s, bracket ? "]" : ".[ ");
	if (len == 0 || *s == '?')
		return NULL;
	if (bracket && memchr(s, ':', len) != NULL)
		add_name(p, "*", 1);
	else
		add_name(p, s, len);
	return s + len;
}

static void read_path(struct path *p, const char *s)
{
	s += *s == '$';
	while (s != NULL) {
		s += strspn(s, " ]");
		if (strncmp(s, "..", 2) == 0)
			return;
		s += *s == '.';
		s += strspn(s, " ");
		s = *s != '\0' ? read_name(p, s) : NULL;
	}
}

struct search {
	const struct path *path;
	size_t at;
	golden_test_fn *test;
	bool found;
};

static bool find(json_t *v, const struct path *path, size_t at, golden_test_fn *test);

static bool visit_below(void *context, const char *key, json_t *value)
{
	struct search *s = context;

	(void)key;
	s->found = find(value, s->path, s->path->count, s->test);
	return !s->found;
}

static bool find_in_list(json_t *list, const struct path *path, size_t at, golden_test_fn *test)
{
	bool alone = json_count(list) == 1;

	for (size_t i = 0; i < json_count(list); i++) {
		char index[24];

		snprintf(index, sizeof(index), "%zu", i);
		if (at < path->count && (strcmp(path->names[at], "*") == 0 || strcmp(path->names[at], index) == 0) &&
			find(json_at(list, i), path, at + 1, test))
			return true;
		if ((at == path->count || alone) && find(json_at(list, i), path, at, test))
			return true;
	}
	return false;
}

/* Names may be parts of one key with dots. */
static bool find_in_object(json_t *object, const struct path *path, size_t at, golden_test_fn *test)
{
	char key[1024] = "";

	if (at == path->count || strcmp(path->names[at], "*") == 0) {
		struct search s = { path, at, test, false };

		json_each(object, visit_below, &s);
		return s.found;
	}
	for (size_t i = at; i < path->count; i++) {
		size_t len = strlen(key);

		snprintf(key + len, sizeof(key) - len, "%s%s", i > at ? "." : "", path->names[i]);
		if (json_has(object, key) && find(json_get(object, key), path, i + 1, test))
			return true;
	}
	return false;
}

static bool find(json_t *v, const struct path *path, size_t at, golden_test_fn *test)
{
	const char *text = json_string(v);

	if (test(v))
		return true;
	if (json_is_array(v))
		return find_in_list(v, path, at, test);
	if (json_is_object(v))
		return find_in_object(v, path, at, test);
	if (text != NULL && (*text == '{' || *text == '[')) {	/* a document */
		char why[JSON_WHY];
		json_t *document;
		bool found = false;

		if (json_parse(text, strlen(text), &document, why) == 0) {
			found = !json_is_string(document) && find(document, path, at, test);
			json_free(document);
		}
		return found;
	}
	return false;
}

bool golden_finds(json_t *root, const char *path, golden_test_fn *test)
{
	struct path p = { .count = 0 };
	bool found;

	read_path(&p, path);
	found = json_is_object(root) && find_in_object(root, &p, 0, test);
	for (size_t i = 0; i < p.count; i++)
		free(p.names[i]);
	return found;
}

bool golden_finds_below(json_t *root, golden_test_fn *test)
{
	const struct path nothing = { .count = 0 };

	return find(root, &nothing, 0, test);
}

bool golden_is_true(json_t *v)
{
	char *text = json_is_object(v) || json_is_array(v) ? NULL : json_text(v);
	bool yes = is(text, "true");

	free(text);
	return yes;
}

bool golden_is_null(json_t *v)
{
	return v == NULL;
}

/* Text that Checkov takes for unresolved. */
bool golden_is_unresolved(json_t *v)
{
	static const char *const fronts[] = { "var.", "local.", "module.", "data.", "aws_", "azurerm_", "azuread_",
		"digitalocean_", "google_", "github_", "kubernetes_", "linode_", "oci_", "openstack_", "yandex_",
		"lookup(", "list(", "file(" };
	const char *s = json_string(v), *open;

	for (size_t i = 0; s != NULL && i < sizeof(fronts) / sizeof(fronts[0]); i++) {
		if (starts(s, fronts[i]))
			return true;
	}
	open = s != NULL ? strstr(s, "${") : NULL;
	return open != NULL && strchr(open, '}') != NULL;
}

/* Whether text is a number to Python: with white space around it, and _ between digits. */
static bool reads_as_number(const char *s, double *number)
{
	char digits[512], *end;
	size_t n = 0;

	for (; *s != '\0' && n + 1 < sizeof(digits); s++) {
		if (*s != '_')
			digits[n++] = *s;
	}
	while (n > 0 && strchr(" \t\r\n", digits[n - 1]) != NULL)
		n--;
	digits[n] = '\0';
	*number = strtod(digits, &end);
	return n > 0 && *end == '\0';
}

/* Text that Python's json makes something else of than text. */
bool golden_is_numeric(json_t *v)
{
	const char *s = json_string(v);
	double number;

	return s != NULL && (reads_as_number(s, &number) || is(s, "true") || is(s, "false") || is(s, "null"));
}

/* A number, a boolean, or text that reads as one. */
static bool reads_as(json_t *v, double *number)
{
	const char *s = json_string(v);
	char *text = s == NULL && !json_is_object(v) && !json_is_array(v) ? json_text(v) : NULL;
	bool reads;

	s = s != NULL ? s : text != NULL ? text : "";
	*number = strcasecmp(s, "true") == 0;
	reads = strcasecmp(s, "true") == 0 || strcasecmp(s, "false") == 0 || reads_as_number(s, number);
	free(text);
	return reads;
}

bool golden_is_number(json_t *v)
{
	double number;

	return reads_as(v, &number);
}

bool golden_is_zero(json_t *v)
{
	double number;

	return reads_as(v, &number) && number == 0;
}

bool golden_is_list_of_lists(json_t *v)
{
	bool lists = false;

	for (size_t i = 0; json_is_array(v) && i < json_count(v); i++)
		lists |= json_is_array(json_at(v, i));
	return lists;
}

bool golden_has_backslash(json_t *v)
{
	return json_string(v) != NULL && strchr(json_string(v), '\\') != NULL;
}
