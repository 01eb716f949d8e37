/*
 * The roster of jobs under way, a tree by id (tsearch of the C library). It lives in the supervisor's memory only:
 * after a restart the spool says all of it again.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "spooler/roster.h"

struct roster {
	void *tree;
	LIST_HEAD(roster_list, roster_entry) list;
	size_t count;
};

static int compare(const void *a, const void *b)
{
	const struct roster_entry *x = a, *y = b;

	return strcmp(x->id, y->id);
}

struct roster *roster_new(void)
{
	return xcalloc(1, sizeof(struct roster));
}

void roster_free(struct roster *r)
{
	while (!LIST_EMPTY(&r->list))
		roster_remove(r, LIST_FIRST(&r->list));
	free(r);
}

struct roster_entry *roster_find(struct roster *r, const char *id)
{
	struct roster_entry key, **found;

	snprintf(key.id, sizeof key.id, "%s", id);
	found = tfind(&key, &r->tree, compare);
	return found == NULL ? NULL : *found;
}

struct roster_entry *roster_add(struct roster *r, const char *id)
{
	struct roster_entry *entry = xcalloc(1, sizeof *entry), **found;

	snprintf(entry->id, sizeof entry->id, "%s", id);
	found = tsearch(entry, &r->tree, compare);
	if (found == NULL || *found != entry)
		log_panic("a job was taken up twice");
	LIST_INSERT_HEAD(&r->list, entry, link);
	r->count++;
	return entry;
}

void roster_remove(struct roster *r, struct roster_entry *entry)
{
	(void)tdelete(entry, &r->tree, compare);
	LIST_REMOVE(entry, link);
	r->count--;
	free(entry);
}

size_t roster_count(const struct roster *r)
{
	return r->count;
}

void roster_each(struct roster *r, void (*visit)(void *context, struct roster_entry *entry), void *context)
{
	struct roster_entry *entry;

	LIST_FOREACH(entry, &r->list, link)
		visit(context, entry);
}
