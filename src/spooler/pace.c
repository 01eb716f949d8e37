/*
 * Pacing per host.
 *
 * A host that has named a rate gets a bucket of tokens: refilled at nine tenths of its rate divided among the workers,
 * filled to at most a third of a second's worth, so that a single job's few requests are never held back. A host that
 * answered 429 gets nothing until the pause it named is over. Whoever finds no token waits in one of three queues; a
 * timer serves them in order of priority.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spooler/pace.h"

/* Rates beyond these are no host's: below, a request would wait for minutes. */
#define LIMIT_LEAST 0.01
#define LIMIT_MOST 1e6

struct pace_host {
	struct pacer *pacer;
	struct pace_host *next;
	char *origin;
	double rate;			/* requests a second that we allow ourselves; 0: not paced */
	double tokens, most;
	int64_t filled_ms, paused_until_ms;
	struct pace_turn *queue[PACE_PRIORITIES];
	struct loop_timer *timer;
	bool serving;
};

struct pacer {
	struct loop *loop;
	unsigned workers;
	struct pace_host *hosts;
};

struct pacer *pacer_new(struct loop *l, unsigned workers)
{
	struct pacer *p = xcalloc(1, sizeof *p);

	p->loop = l;
	p->workers = workers > 0 ? workers : 1;
	return p;
}

void pacer_free(struct pacer *p)
{
	struct pace_host *h, *next;

	for (h = p->hosts; h != NULL; h = next) {
		next = h->next;
		loop_timer_free(h->timer);
		free(h->origin);
		free(h);
	}
	free(p);
}

/* ---- tokens ---- */

/* Takes a token if there is one. If not, *wait_ms is when to look again. */
static bool take(struct pace_host *h, int64_t now, int64_t *wait_ms)
{
	if (h->paused_until_ms > now) {
		*wait_ms = h->paused_until_ms - now;
		return false;
	}
	if (h->rate <= 0)
		return true;
	h->tokens = fmin(h->tokens + h->rate * (double)(now - h->filled_ms) / 1000, h->most);
	h->filled_ms = now;
	if (h->tokens < 1) {
		*wait_ms = (int64_t)ceil((1 - h->tokens) / h->rate * 1000);
		return false;
	}
	h->tokens -= 1;
	return true;
}

/* The queue whose first is next; NULL if nobody waits. */
static struct pace_turn **next_queue(struct pace_host *h)
{
	for (int i = 0; i < PACE_PRIORITIES; i++)
		if (h->queue[i] != NULL)
			return &h->queue[i];
	return NULL;
}

static void serve(void *context)
{
	struct pace_host *h = context;
	struct pace_turn **queue, *turn;
	int64_t wait_ms = 0;

	/* Whom we are serving may wait for another turn: the round that is under way serves that too, however many
	 * come. */
	if (h->serving)
		return;
	h->serving = true;
	while ((queue = next_queue(h)) != NULL) {
		if (!take(h, loop_now(h->pacer->loop), &wait_ms)) {
			loop_timer_set(h->timer, wait_ms);
			break;
		}
		turn = *queue;
		*queue = turn->next;
		turn->waiting = false;
		turn->go(turn->context);
	}
	h->serving = false;
}

/* ---- hosts ---- */

static struct pace_host *host_of(struct pacer *p, const char *origin)
{
	struct pace_host *h = p->hosts;

	while (h != NULL && strcmp(h->origin, origin) != 0)
		h = h->next;
	if (h == NULL) {
		h = xcalloc(1, sizeof *h);
		h->pacer = p;
		h->origin = xstrdup(origin);
		h->timer = loop_timer_new(p->loop, serve, h);
		h->next = p->hosts;
		p->hosts = h;
	}
	return h;
}

void pacer_wait(struct pacer *p, struct pace_turn *turn, const char *origin, enum pace_priority priority,
	void (*go)(void *context), void *context)
{
	struct pace_host *h = host_of(p, origin);
	struct pace_turn **last;
	int64_t wait_ms;

	*turn = (struct pace_turn){ .host = h, .priority = priority, .go = go, .context = context };
	if (!h->serving && next_queue(h) == NULL && take(h, loop_now(p->loop), &wait_ms)) {
		go(context);
		return;
	}
	for (last = &h->queue[priority]; *last != NULL; last = &(*last)->next)
		;
	*last = turn;
	turn->waiting = true;
	serve(h);
}

void pacer_forget(struct pace_turn *turn)
{
	struct pace_turn **at;

	if (!turn->waiting)
		return;
	for (at = &turn->host->queue[turn->priority]; *at != turn; at = &(*at)->next)
		;
	*at = turn->next;
	turn->waiting = false;
}

void pacer_heard(struct pacer *p, const char *origin, const struct http_head *head, int64_t pause_ms)
{
	struct pace_host *h = host_of(p, origin);
	int64_t now = loop_now(p->loop);
	double limit;
	char *end;

	if (pause_ms >= 0 && now + pause_ms > h->paused_until_ms)
		h->paused_until_ms = now + pause_ms;
	if (head->rate_limit == NULL)
		return;
	limit = strtod(head->rate_limit, &end);
	if (end == head->rate_limit || *end != '\0' || !(limit >= LIMIT_LEAST && limit <= LIMIT_MOST))
		return;
	h->most = fmax(limit / 3 / p->workers, 1);
	if (h->rate <= 0) {	/* the answer in hand has used one of a full bucket */
		h->tokens = h->most - 1;
		h->filled_ms = now;
	}
	h->rate = limit * 0.9 / p->workers;
}
