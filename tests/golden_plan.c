/* Looks into the plan of a case for golden_rules.c: what stands at the place that a condition's path names.
 *
 * Contract: written apart from policy_path.c and policy_jsonwalk.c on purpose, so that their mistakes do not excuse
 * themselves. It knows paths only roughly, and where it does not (filters, "..", * over keys) everything below counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
