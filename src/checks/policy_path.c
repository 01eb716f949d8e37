/* Paths into a node. Checkov looks a path up in a flat map from dotted paths to values; here the path is walked
 * instead, which finds the same without the map.
 *
 * Contract: keys of a plan may contain dots, so at each object every way to cut the rest of the path is tried; each
 * place in the plan is reached by at most one way, which bounds the work by the size of the node. Recursion ends with
 * the path, which is at most POLICY_PATH_MAX bytes. A list is entered by an index only, and a list of one block is that
 * block (policy_view.c).
 *
 * Wildcards are all-or-none (planspool-policies(5), PATHS): every * an index, or every ".*" left out. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "checks/policy_path.h"

#include <stdlib.h>
#include <string.h>

/* A part that is an index as Checkov writes it. */
static bool part_index(const char *part, size_t len, size_t *index)
{
	size_t n = 0;

	if (len == 0 || len > 9 || (len > 1 && part[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (part[i] < '0' || part[i] > '9')
			return false;
		n = n * 10 + (size_t)(part[i] - '0');
	}
	*index = n;
	return true;
}

static size_t part_length(const char *path, size_t len)
{
	const char *dot = memchr(path, '.', len);

	return dot != NULL ? (size_t)(dot - path) : len;
}

struct view policy_path_find(const struct view *root, const char *path, size_t len, bool *under)
{
	struct view child;
	size_t part = part_length(path, len), index;

	*under = false;
	if (root->type == VIEW_UNKNOWN) {
		*under = true;
		return *root;
	}
	if (root->type == VIEW_LIST) {
		if (!part_index(path, part, &index)) {
			child = view_unknown_block(root);
			*under = child.type == VIEW_UNKNOWN;
			return child;
		}
		child = view_at(root, index);
		return part == len ? child : policy_path_find(&child, path + part + 1, len - part - 1, under);
	}
	if (root->type != VIEW_OBJECT)
		return view_missing;
	for (;; part += 1 + part_length(path + part + 1, len - part - 1)) {
		child = view_member(root, path, part);
		if (part == len)
			return child;
		if (child.type != VIEW_MISSING) {
			child = policy_path_find(&child, path + part + 1, len - part - 1, under);
			if (child.type != VIEW_MISSING)
				return child;
		}
	}
}

bool policy_path_wildcard(const char *path)
{
	const char *star = strstr(path, ".*");

	return star != NULL && star != path && strcspn(path, " \t\r\n\f\v") >= (size_t)(star - path);
}

const char *policy_path_bad_part(const char *path, char *part, size_t size)
{
	while (*path != '\0') {
		size_t len = strcspn(path, ".");
		int code;
		PCRE2_SIZE offset;

		if (len < size && !(len == 1 && *path == '*')) {
			pcre2_code *re = pcre2_compile((PCRE2_SPTR)path, len, PCRE2_UTF, &code, &offset, NULL);

			if (re == NULL) {
				memcpy(part, path, len);
				part[len] = '\0';
				return part;
			}
			pcre2_code_free(re);
		}
		path += len + (path[len] == '.');
	}
	return NULL;
}

struct selection {
	policy_visit_fn *visit;
	void *context;
};

static bool walk(const struct selection *s, const struct view *v, const char *path, size_t len);

/* The rest of the path behind a part, at a child. */
static bool walk_child(const struct selection *s, const struct view *child, const char *path, size_t len, size_t part)
{
	if (child->type == VIEW_MISSING)
		return true;
	if (part == len)
		return s->visit(s->context, child, false);
	return walk(s, child, path + part + 1, len - part - 1);
}

/* The * of a path: every element, or every member whose key is a number. */
static bool walk_star(const struct selection *s, const struct view *v, const char *path, size_t len)
{
	struct view_iterator it;
	struct view child;

	view_start(&it, v);
	while (view_next(&it, v, &child)) {
		if (v->type == VIEW_OBJECT && strspn(it.key, "0123456789") != it.key_len)
			continue;
		if (!walk_child(s, &child, path, len, 1))
			return false;
	}
	return true;
}

static bool walk(const struct selection *s, const struct view *v, const char *path, size_t len)
{
	size_t part = part_length(path, len), index;
	struct view child;

	if (v->type == VIEW_UNKNOWN)
		return s->visit(s->context, v, true);
	if (v->type != VIEW_LIST && v->type != VIEW_OBJECT)
		return true;
	if (part == 1 && *path == '*')
		return walk_star(s, v, path, len);
	if (v->type == VIEW_LIST) {
		if (!part_index(path, part, &index)) {
			child = view_unknown_block(v);
			return child.type == VIEW_MISSING || s->visit(s->context, &child, true);
		}
		child = view_at(v, index);
		return walk_child(s, &child, path, len, part);
	}
	for (;; part += 1 + part_length(path + part + 1, len - part - 1)) {
		child = view_member(v, path, part);
		if (!walk_child(s, &child, path, len, part))
			return false;
		if (part == len)
			return true;
	}
}

bool policy_path_select(const struct view *root, const char *path, policy_visit_fn *visit, void *context)
{
	struct selection s = { visit, context };
	char plain[POLICY_PATH_MAX];
	size_t len = 0;
	bool under;

	if (strlen(path) >= sizeof(plain))
		return true;
	for (const char *p = path; *p != '\0';) {
		if (p[0] == '.' && p[1] == '*')
			p += 2;
		else
			plain[len++] = *p++;
	}
	struct view single = policy_path_find(root, plain, len, &under);

	/* A list comes before its elements: the first value that decides ends it, and so does the first error. */
	if (single.type != VIEW_MISSING && !visit(context, &single, under))
		return false;
	return walk(&s, root, path, strlen(path));
}
