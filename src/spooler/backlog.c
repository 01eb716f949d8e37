/*
 * The backlog after an outage: thousands of jobs in new/, and room for some.
 *
 * Those whose sender can still be answered come first, the oldest of them first, because their time is over soonest.
 * HCP Terraform gives up on a run task after 10 minutes without a word, and its token lives as long; after 60 nobody
 * waits for certain. What is late takes at most half of the room and what is hopeless an eighth, however many there
 * are: each may wait for a sender that does not answer, and a request that comes in now must find a place.
 *
 * For the same reason no endpoint takes all of it. An endpoint is given places as long as it holds fewer than
 * SHARE_TO_FREE times those that are free (dynamic thresholds, as in the shared memory of switches): alone it gets eight
 * ninths, the next one eight ninths of the rest, and so a sender that is down leaves places to the others, however many
 * of its jobs lie there.
 *
 * The age is that of the file in new/, which the handler wrote when it accepted the job. If the clock was set forward
 * meanwhile, all jobs look late and come in the same order; if it was set back, they look fresh.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spooler/backlog.h"

#define SHARE_TO_FREE 8

enum backlog_class backlog_class(int64_t received_ms, int64_t now_ms)
{
	int64_t age = now_ms - received_ms;

	return age < BACKLOG_LATE_MS ? BACKLOG_FRESH : age < BACKLOG_HOPELESS_MS ? BACKLOG_LATE : BACKLOG_HOPELESS;
}

void backlog_open(struct backlog *b, int64_t now_ms, size_t room)
{
	*b = (struct backlog){ .now_ms = now_ms, .room = room };
}

static struct backlog_share *share_of(struct backlog *b, const char *id)
{
	size_t len = strcspn(id, ".");
	struct backlog_share *share;

	for (size_t i = 0; i < b->share_count; i++)
		if (strncmp(b->shares[i].endpoint, id, len) == 0 && b->shares[i].endpoint[len] == '\0')
			return &b->shares[i];
	b->shares = xreallocarray(b->shares, b->share_count + 1, sizeof *b->shares);
	share = &b->shares[b->share_count++];
	*share = (struct backlog_share){ .carried = 0 };
	memcpy(share->endpoint, id, len);
	return share;
}

void backlog_carried(struct backlog *b, const char *id, enum backlog_class class)
{
	b->carried[class]++;
	share_of(b, id)->carried++;
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

/* However few places there are, what is late or hopeless comes to its turn. */
static size_t at_least_one(size_t places)
{
	return places > 0 ? places : 1;
}

void backlog_choose(struct backlog *b)
{
	const size_t limits[BACKLOG_CLASSES] = { b->room, at_least_one(b->room / 2), at_least_one(b->room / 8) };
	size_t carried[BACKLOG_CLASSES], free_places = b->room, n = 0;
	struct backlog_share *share;
	enum backlog_class class;

	if (b->n > 0)
		qsort_r(b->list, b->n, sizeof *b->list, first, b);
	memcpy(carried, b->carried, sizeof carried);
	for (int i = 0; i < BACKLOG_CLASSES; i++)
		free_places -= carried[i] < free_places ? carried[i] : free_places;
	for (size_t i = 0; i < b->share_count; i++)
		b->shares[i].chosen = 0;
	for (size_t i = 0; i < b->n; i++) {
		class = backlog_class(b->list[i].mtime_ms, b->now_ms);
		share = share_of(b, b->list[i].id);
		if (carried[class] < limits[class] && share->carried + share->chosen < SHARE_TO_FREE * free_places) {
			carried[class]++;
			share->chosen++;
			free_places--;
			b->list[n++] = b->list[i];
		} else {
			b->more = true;
		}
	}
	b->n = n;
}

void backlog_add(struct backlog *b, const struct spool_entry *entry)
{
	if (b->n == b->cap && b->cap >= 2 * b->room + 64)
		backlog_choose(b);
	if (b->n == b->cap) {
		b->cap = b->cap == 0 ? 64 : b->cap * 2;
		b->list = xreallocarray(b->list, b->cap, sizeof *b->list);
	}
	b->list[b->n++] = *entry;
}

void backlog_close(struct backlog *b)
{
	free(b->shares);
	free(b->list);
}
