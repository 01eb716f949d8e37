/*
 * The backlog after an outage: thousands of jobs in new/, and room for some.
 *
 * Those whose sender can still be answered come first, the oldest of them first, because their time is over soonest.
 * HCP Terraform gives up on a run task after 10 minutes without a word, and its token lives as long; after 60 nobody
 * waits for certain. What is late takes at most half of the room and what is hopeless an eighth, however many there
 * are: each may wait for a sender that does not answer, and a request that comes in now must find a place.
 *
 * The age is that of the file in new/, which the handler wrote when it accepted the job. If the clock was set forward
 * meanwhile, all jobs look late and come in the same order; if it was set back, they look fresh.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spooler/backlog.h"

enum backlog_class backlog_class(int64_t received_ms, int64_t now_ms)
{
	int64_t age = now_ms - received_ms;

	return age < BACKLOG_LATE_MS ? BACKLOG_FRESH : age < BACKLOG_HOPELESS_MS ? BACKLOG_LATE : BACKLOG_HOPELESS;
}

static size_t less(size_t limit, size_t taken)
{
	return limit > taken ? limit - taken : 0;
}

void backlog_open(struct backlog *b, int64_t now_ms, size_t room, const size_t under_way[BACKLOG_CLASSES])
{
	size_t all = 0;

	for (int i = 0; i < BACKLOG_CLASSES; i++)
		all += under_way[i];
	memset(b, 0, sizeof *b);
	b->now_ms = now_ms;
	b->limits[BACKLOG_FRESH] = less(room, all);
	b->limits[BACKLOG_LATE] = less(room / 2, under_way[BACKLOG_LATE]);
	b->limits[BACKLOG_HOPELESS] = less(room / 8, under_way[BACKLOG_HOPELESS]);
}

static int first(const void *a, const void *b, void *context)
{
	const struct backlog *backlog = context;
	const struct spool_entry *x = a, *y = b;
	enum backlog_class x_class = backlog_class(x->mtime_ms, backlog->now_ms);
	enum backlog_class y_class = backlog_class(y->mtime_ms, backlog->now_ms);

	if (x_class != y_class)
		return x_class > y_class ? 1 : -1;
	if (x->mtime_ms != y->mtime_ms)
		return x->mtime_ms > y->mtime_ms ? 1 : -1;
	return strcmp(x->id, y->id);
}

void backlog_choose(struct backlog *b)
{
	size_t taken[BACKLOG_CLASSES] = { 0 }, n = 0;
	enum backlog_class class;

	if (b->n > 0)
		qsort_r(b->list, b->n, sizeof *b->list, first, b);
	for (size_t i = 0; i < b->n; i++) {
		class = backlog_class(b->list[i].mtime_ms, b->now_ms);
		if (n < b->limits[BACKLOG_FRESH] && taken[class] < b->limits[class]) {
			taken[class]++;
			b->list[n++] = b->list[i];
		} else {
			b->more = true;
		}
	}
	b->n = n;
}

void backlog_add(struct backlog *b, const struct spool_entry *entry)
{
	if (b->n == b->cap && b->cap >= 2 * b->limits[BACKLOG_FRESH] + 64)
		backlog_choose(b);
	if (b->n == b->cap) {
		b->cap = b->cap == 0 ? 64 : b->cap * 2;
		b->list = xreallocarray(b->list, b->cap, sizeof *b->list);
	}
	b->list[b->n++] = *entry;
}

void backlog_close(struct backlog *b)
{
	free(b->list);
}
