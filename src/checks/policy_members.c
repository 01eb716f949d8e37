/* Elements of a list by which policies ask.
 *
 * Contract: what is found is what policy_equal finds by going through the list. Scalars are sorted in an order in which
 * equal ones stand together, which costs log n comparisons for each question; a sorted list has no bad cases that a
 * plan could aim at. Lists and objects among them, which hardly any policy has, are gone through. */
#include "checks/policy_members.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checks/policy_operator.h"
#include "checks/policy_text.h"

struct policy_members {
	struct view *scalars, *containers;
	size_t scalar_count, container_count;
};

enum rank { RANK_ABSENT, RANK_NUMBER, RANK_TEXT };

static enum rank rank_of(const struct view *v)
{
	return view_absent(v) ? RANK_ABSENT : v->type == VIEW_STRING ? RANK_TEXT : RANK_NUMBER;
}

static int by_value(const void *a, const void *b)
{
	const struct view *x = a, *y = b;
	enum rank rank = rank_of(x);
	int order;

	if (rank != rank_of(y))
		return rank < rank_of(y) ? -1 : 1;
	if (rank == RANK_ABSENT)
		return 0;
	if (rank == RANK_NUMBER)
		return policy_number_order(x, y);
	order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);
	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static bool is_container(const struct view *v)
{
	return v->type == VIEW_LIST || v->type == VIEW_OBJECT;
}

struct policy_members *policy_members_new(const struct view *container)
{
	struct policy_members *m;
	struct view_iterator it;
	struct view e;
	size_t n;

	if (!is_container(container))
		return NULL;
	m = xcalloc(1, sizeof(*m));
	n = view_count(container);
	m->scalars = xcalloc(n + 1, sizeof(*m->scalars));
	m->containers = xcalloc(n + 1, sizeof(*m->containers));
	view_start(&it, container);
	while (view_next(&it, container, &e)) {
		if (container->type == VIEW_OBJECT)
			e = view_text(it.key, it.key_len);
		if (is_container(&e))
			m->containers[m->container_count++] = e;
		else
			m->scalars[m->scalar_count++] = e;
	}
	qsort(m->scalars, m->scalar_count, sizeof(*m->scalars), by_value);
	return m;
}

void policy_members_free(struct policy_members *m)
{
	if (m == NULL)
		return;
	free(m->scalars);
	free(m->containers);
	free(m);
}

bool policy_members_have(const struct policy_members *m, const struct view *x)
{
	if (x->type == VIEW_UNKNOWN)
		return false;
	if (!is_container(x))
		return bsearch(x, m->scalars, m->scalar_count, sizeof(*m->scalars), by_value) != NULL;
	for (size_t i = 0; i < m->container_count; i++) {
		if (policy_equal(&m->containers[i], x))
			return true;
	}
	return false;
}
