/* The event loop, over Linux's epoll, signalfd and monotonic clock. Nothing else in planspool knows these three.
 *
 * A turn waits for descriptors until the next timer is due, reads the clock once, then calls the handlers of the
 * descriptors that are ready and then those of the timers that are due. Any handler may add, change or remove
 * anything:
 *
 * - A watch that is taken away while the turn's events are being handed out is only marked; its memory is freed
 *   when the turn is over, because a later event of the same turn may still point to it.
 * - A timer that is set while timers are being run is due in the next turn at the earliest, so a timer that sets
 *   itself to 0 ms cannot keep the descriptors waiting.
 *
 * Timers never run early. libcurl depends on that: it does not set the same moment twice, so that a timer that
 * came too soon would be its last. Therefore they are kept in nanoseconds and counted from the clock, not from the
 * beginning of the turn.
 *
 * Trouble with the system here (no descriptors or memory left for epoll) ends the process: a loop that cannot
 * watch cannot do anything else either. A descriptor that cannot be watched at all is a bug of the caller. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"

#define EVENTS_A_TURN 64
#define NS_A_MS INT64_C(1000000)

struct loop_fd {
	struct loop *loop;
	LIST_ENTRY(loop_fd) link;	/* in loop->watches, then in loop->gone */
	int fd;
	unsigned events;
	bool gone;
	loop_fd_fn *fn;
	void *context;
};

LIST_HEAD(watch_list, loop_fd);

struct loop_timer {
	struct loop *loop;
	size_t slot;		/* its place in the heap plus 1; 0: not set */
	int64_t when;		/* ns */
	uint64_t order;		/* of two due at once, the one set first runs first */
	loop_timer_fn *fn;
	void *context;
};

struct signal_handler {
	loop_signal_fn *fn;
	void *context;
};

struct loop {
	int epoll, signals;	/* descriptors; signals is -1 until one is wanted */
	bool stop;
	int64_t now;		/* ns */
	struct watch_list watches, gone;
	struct loop_timer **heap;
	size_t heap_len, heap_cap;
	uint64_t order;
	sigset_t wanted;
	struct loop_fd *signal_watch;
	struct signal_handler handlers[NSIG];
	void (*on_turn)(void *context, bool awake);
	void *turn_context;
};

static void end_process(const char *what) __attribute__((noreturn));

static void end_process(const char *what)
{
	log_error(NULL, "%s: %s", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static int64_t clock_ns(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		end_process("clock_gettime");
	return (int64_t)t.tv_sec * 1000 * NS_A_MS + t.tv_nsec;
}

struct loop *loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->signals = -1;
	sigemptyset(&l->wanted);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		end_process("epoll_create1");
	l->now = clock_ns();
	return l;
}

static void free_watches(struct watch_list *list)
{
	struct loop_fd *w;

	while ((w = LIST_FIRST(list)) != NULL) {
		LIST_REMOVE(w, link);
		free(w);
	}
}

/* Without a word to epoll: in a forked child its descriptor is shared with the parent, who goes on using it. */
void loop_free(struct loop *l)
{
	free_watches(&l->watches);
	free_watches(&l->gone);
	if (l->signals >= 0)
		close(l->signals);
	close(l->epoll);
	free(l->heap);
	free(l);
}

/* Watches */

static uint32_t to_epoll(unsigned events)
{
	return (events & LOOP_READ ? (uint32_t)EPOLLIN : 0) | (events & LOOP_WRITE ? (uint32_t)EPOLLOUT : 0);
}

static unsigned from_epoll(uint32_t events)
{
	return (events & EPOLLIN ? LOOP_READ : 0) | (events & EPOLLOUT ? LOOP_WRITE : 0) |
		(events & (EPOLLHUP | EPOLLERR) ? LOOP_HANGUP : 0);
}

static void control(struct loop_fd *w, int operation)
{
	struct epoll_event e = { .events = to_epoll(w->events), .data = { .ptr = w } };

	if (epoll_ctl(w->loop->epoll, operation, w->fd, &e) == 0)
		return;
	if (errno == ENOMEM || errno == ENOSPC)
		end_process("epoll_ctl");
	log_panic("descriptor %d cannot be watched: %s", w->fd, strerror(errno));
}

struct loop_fd *loop_watch(struct loop *l, int fd, unsigned events, loop_fd_fn *fn, void *context)
{
	struct loop_fd *w = xcalloc(1, sizeof(*w));

	*w = (struct loop_fd){ .loop = l, .fd = fd, .events = events, .fn = fn, .context = context };
	control(w, EPOLL_CTL_ADD);
	LIST_INSERT_HEAD(&l->watches, w, link);
	return w;
}

void loop_rewatch(struct loop_fd *w, unsigned events)
{
	if (w->events == events)
		return;
	w->events = events;
	control(w, EPOLL_CTL_MOD);
}

void loop_unwatch(struct loop_fd *w)
{
	/* A descriptor that was closed too early has left epoll by itself. */
	if (epoll_ctl(w->loop->epoll, EPOLL_CTL_DEL, w->fd, NULL) != 0 && errno != EBADF && errno != ENOENT)
		log_panic("descriptor %d cannot be left alone: %s", w->fd, strerror(errno));
	w->gone = true;
	LIST_REMOVE(w, link);
	LIST_INSERT_HEAD(&w->loop->gone, w, link);
}

/* Timers: a binary heap, the next one due at its top. */

static bool is_before(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->when != b->when ? a->when < b->when : a->order < b->order;
}

static void put(struct loop *l, size_t i, struct loop_timer *t)
{
	l->heap[i] = t;
	t->slot = i + 1;
}

static void sift_up(struct loop *l, size_t i)
{
	struct loop_timer *t = l->heap[i];

	for (; i > 0 && is_before(t, l->heap[(i - 1) / 2]); i = (i - 1) / 2)
		put(l, i, l->heap[(i - 1) / 2]);
	put(l, i, t);
}

static void sift_down(struct loop *l, size_t i)
{
	struct loop_timer *t = l->heap[i];
	size_t child;

	for (; (child = 2 * i + 1) < l->heap_len; i = child) {
		if (child + 1 < l->heap_len && is_before(l->heap[child + 1], l->heap[child]))
			child++;
		if (!is_before(l->heap[child], t))
			break;
		put(l, i, l->heap[child]);
	}
	put(l, i, t);
}

struct loop_timer *loop_timer_new(struct loop *l, loop_timer_fn *fn, void *context)
{
	struct loop_timer *t = xcalloc(1, sizeof(*t));

	*t = (struct loop_timer){ .loop = l, .fn = fn, .context = context };
	return t;
}

void loop_timer_clear(struct loop_timer *t)
{
	struct loop *l = t->loop;
	size_t i = t->slot;
	struct loop_timer *last;

	if (i == 0)
		return;
	t->slot = 0;
	last = l->heap[--l->heap_len];
	if (last == t)
		return;
	put(l, i - 1, last);
	sift_up(l, i - 1);
	sift_down(l, last->slot - 1);
}

void loop_timer_set(struct loop_timer *t, int64_t in_ms)
{
	struct loop *l = t->loop;
	int64_t now = clock_ns();

	loop_timer_clear(t);
	if (in_ms < 0)
		in_ms = 0;
	t->when = in_ms < (INT64_MAX - now) / NS_A_MS ? now + in_ms * NS_A_MS : INT64_MAX;
	t->order = l->order++;
	if (l->heap_len == l->heap_cap) {
		l->heap_cap = l->heap_cap ? l->heap_cap * 2 : 64;
		l->heap = xreallocarray(l->heap, l->heap_cap, sizeof(*l->heap));
	}
	l->heap[l->heap_len++] = t;
	sift_up(l, l->heap_len - 1);
}

void loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	loop_timer_clear(t);
	free(t);
}

/* Signals */

static void on_signals(void *context, int fd, unsigned events)
{
	struct loop *l = context;
	struct signalfd_siginfo info;
	const struct signal_handler *h;

	(void)events;
	while (!l->stop && read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		h = &l->handlers[info.ssi_signo];
		h->fn(h->context, (int)info.ssi_signo);
	}
}

void loop_signal(struct loop *l, int signal, loop_signal_fn *fn, void *context)
{
	if (signal <= 0 || signal >= NSIG)
		log_panic("signal %d does not exist", signal);
	l->handlers[signal] = (struct signal_handler){ .fn = fn, .context = context };
	sigaddset(&l->wanted, signal);
	if (sigprocmask(SIG_BLOCK, &l->wanted, NULL) != 0)
		end_process("sigprocmask");
	l->signals = signalfd(l->signals, &l->wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signals < 0)
		end_process("signalfd");
	if (l->signal_watch == NULL)
		l->signal_watch = loop_watch(l, l->signals, LOOP_READ, on_signals, l);
}

/* The turn */

void loop_on_turn(struct loop *l, void (*fn)(void *context, bool awake), void *context)
{
	l->on_turn = fn;
	l->turn_context = context;
}

static int wait_ms(const struct loop *l)
{
	int64_t left;

	if (l->heap_len == 0)
		return -1;
	left = l->heap[0]->when - clock_ns();
	if (left <= 0)
		return 0;
	left = left / NS_A_MS + (left % NS_A_MS != 0);
	return left < INT_MAX ? (int)left : INT_MAX;
}

static void run_timers(struct loop *l)
{
	uint64_t end = l->order;

	while (!l->stop && l->heap_len > 0 && l->heap[0]->when <= l->now && l->heap[0]->order < end) {
		struct loop_timer *t = l->heap[0];

		loop_timer_clear(t);
		t->fn(t->context);
	}
}

static void turn(struct loop *l)
{
	struct epoll_event events[EVENTS_A_TURN];
	int i, n;

	if (l->on_turn != NULL)
		l->on_turn(l->turn_context, false);
	n = epoll_wait(l->epoll, events, EVENTS_A_TURN, wait_ms(l));
	if (n < 0 && errno != EINTR)
		end_process("epoll_wait");
	l->now = clock_ns();
	if (l->on_turn != NULL)
		l->on_turn(l->turn_context, true);
	for (i = 0; i < n && !l->stop; i++) {
		struct loop_fd *w = events[i].data.ptr;

		if (!w->gone)
			w->fn(w->context, w->fd, from_epoll(events[i].events));
	}
	run_timers(l);
	free_watches(&l->gone);
}

void loop_run(struct loop *l)
{
	while (!l->stop)
		turn(l);
	l->stop = false;
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}

int64_t loop_now(const struct loop *l)
{
	return l->now / NS_A_MS;
}
