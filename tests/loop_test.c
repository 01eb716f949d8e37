/* The event loop: order, removal from within handlers, fairness between timers and descriptors, signals. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "net/loop.h"

#define MANY 1000

static int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void stop(void *context)
{
	loop_stop(context);
}

/* Descriptors */

struct end {
	struct loop *loop;
	struct end *other;
	struct loop_fd *watch;
	int fds[2];
	int calls;
	unsigned events;
};

static void open_end(struct end *e, struct loop *l, loop_fd_fn *fn)
{
	e->loop = l;
	e->calls = 0;
	assert_int_equal(pipe(e->fds), 0);
	e->watch = loop_watch(l, e->fds[0], LOOP_READ, fn, e);
}

static void close_end(struct end *e)
{
	close(e->fds[0]);
	close(e->fds[1]);
}

static void read_one(void *context, int fd, unsigned events)
{
	struct end *e = context;
	char c;

	e->calls++;
	e->events = events;
	if (events & LOOP_READ)
		assert_int_equal(read(fd, &c, 1), 1);
	loop_stop(e->loop);
}

static void reads_and_sees_hangup(void **state)
{
	struct loop *l = loop_new();
	struct end e;

	(void)state;
	open_end(&e, l, read_one);
	assert_int_equal(write(e.fds[1], "ab", 2), 2);
	loop_run(l);
	assert_int_equal(e.calls, 1);
	assert_int_equal(e.events, LOOP_READ);
	loop_run(l);	/* level-triggered: the second byte is still there */
	assert_int_equal(e.calls, 2);
	close(e.fds[1]);
	loop_run(l);
	assert_int_equal(e.events, LOOP_HANGUP);
	loop_unwatch(e.watch);
	close(e.fds[0]);
	loop_free(l);
}

static void drop_other(void *context, int fd, unsigned events)
{
	struct end *e = context;

	(void)fd, (void)events;
	e->calls++;
	loop_unwatch(e->watch);
	loop_unwatch(e->other->watch);
	close_end(e->other);
}

/* Both are ready in one turn; whichever comes first takes both away, so that the second event has no watch any more. */
static void unwatches_another_in_the_same_turn(void **state)
{
	struct loop *l = loop_new();
	struct loop_timer *t = loop_timer_new(l, stop, l);
	struct end a, b;

	(void)state;
	open_end(&a, l, drop_other);
	open_end(&b, l, drop_other);
	a.other = &b;
	b.other = &a;
	assert_int_equal(write(a.fds[1], "a", 1), 1);
	assert_int_equal(write(b.fds[1], "b", 1), 1);
	loop_timer_set(t, 0);
	loop_run(l);
	assert_int_equal(a.calls + b.calls, 1);
	close_end(a.calls == 1 ? &a : &b);
	loop_timer_free(t);
	loop_free(l);
}

static void want_write(void *context, int fd, unsigned events)
{
	struct end *e = context;

	(void)fd;
	e->events = events;
	loop_stop(e->loop);
}

static void rewatches(void **state)
{
	struct loop *l = loop_new();
	struct end e = { .loop = l };
	struct loop_timer *t = loop_timer_new(l, stop, l);

	(void)state;
	assert_int_equal(pipe(e.fds), 0);
	e.watch = loop_watch(l, e.fds[1], 0, want_write, &e);
	loop_timer_set(t, 0);
	loop_run(l);
	assert_int_equal(e.events, 0);
	loop_rewatch(e.watch, LOOP_WRITE);
	loop_run(l);
	assert_int_equal(e.events, LOOP_WRITE);
	loop_unwatch(e.watch);
	close_end(&e);
	loop_timer_free(t);
	loop_free(l);
}

/* Timers */

struct many {
	struct loop *loop;
	struct loop_timer *timers[MANY];
	int64_t due[MANY], latest[MANY];	/* it was set for a moment between these */
	size_t ran[MANY], count, expected;
};

struct one {
	struct many *all;
	size_t number;
};

static void run_one(void *context)
{
	struct one *o = context;

	o->all->ran[o->all->count++] = o->number;
	assert_true(clock_ms() >= o->all->due[o->number]);
	if (o->all->count == o->all->expected)
		loop_stop(o->all->loop);
}

static void runs_timers_in_order_and_never_early(void **state)
{
	static struct many m;
	static struct one ones[MANY];
	static const int64_t delays[] = { 7, 0, 3, 12, 3, 1, 20, 0, 5, 9, 2 };
	bool cleared[MANY] = { false };
	size_t i;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.loop = loop_new();
	for (i = 0; i < MANY; i++) {
		ones[i] = (struct one){ &m, i };
		m.timers[i] = loop_timer_new(m.loop, run_one, &ones[i]);
		loop_timer_set(m.timers[i], 50 + (int64_t)(i * 7919 % 31));
	}
	for (i = 0; i < MANY; i++) {	/* moves them, takes every seventh away */
		cleared[i] = i % 7 == 0;
		m.due[i] = clock_ms() + delays[i % 11];
		loop_timer_set(m.timers[i], delays[i % 11]);
		m.latest[i] = clock_ms() + 1 + delays[i % 11];
		if (cleared[i])
			loop_timer_clear(m.timers[i]);
		else
			m.expected++;
	}
	loop_run(m.loop);
	assert_int_equal(m.count, m.expected);
	for (i = 0; i < m.count; i++) {
		assert_false(cleared[m.ran[i]]);
		cleared[m.ran[i]] = true;	/* none twice */
		assert_true(i == 0 || m.due[m.ran[i - 1]] <= m.latest[m.ran[i]]);
	}
	for (i = 0; i < MANY; i++)
		loop_timer_free(m.timers[i]);
	loop_free(m.loop);
}

/* Of timers that are due the one set first runs first. */
static void keeps_the_order_of_equal_timers(void **state)
{
	static struct many m;
	struct one ones[5];
	size_t i;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.loop = loop_new();
	m.expected = 5;
	for (i = 0; i < 5; i++) {
		ones[i] = (struct one){ &m, i };
		m.timers[i] = loop_timer_new(m.loop, run_one, &ones[i]);
		loop_timer_set(m.timers[i], -5);
	}
	loop_run(m.loop);
	for (i = 0; i < 5; i++)
		assert_int_equal(m.ran[i], i);
	for (i = 0; i < 5; i++)
		loop_timer_free(m.timers[i]);
	loop_free(m.loop);
}

struct again {
	struct loop_timer *timer;
};

static void set_again(void *context)
{
	struct again *a = context;

	/* For ever: only the descriptor ends the loop. */
	loop_timer_set(a->timer, 0);
}

static void lets_descriptors_in_between_timers(void **state)
{
	struct loop *l = loop_new();
	struct again a = { 0 };
	struct end e;

	(void)state;
	a.timer = loop_timer_new(l, set_again, &a);
	loop_timer_set(a.timer, 0);
	open_end(&e, l, read_one);
	assert_int_equal(write(e.fds[1], "a", 1), 1);
	loop_run(l);
	assert_int_equal(e.calls, 1);
	loop_unwatch(e.watch);
	close_end(&e);
	loop_timer_free(a.timer);
	loop_free(l);
}

struct own {
	struct loop *loop;
	struct loop_timer *timer;
	int turns_asleep, turns_awake;
};

static void free_itself(void *context)
{
	struct own *o = context;

	loop_timer_free(o->timer);
	loop_stop(o->loop);
}

static void count_turn(void *context, bool awake)
{
	struct own *o = context;

	if (awake)
		o->turns_awake++;
	else
		o->turns_asleep++;
}

static void frees_a_timer_in_its_handler_and_tells_turns(void **state)
{
	struct loop *l = loop_new();
	struct own o = { .loop = l };

	(void)state;
	o.timer = loop_timer_new(l, free_itself, &o);
	loop_on_turn(l, count_turn, &o);
	loop_timer_set(o.timer, 0);
	loop_run(l);
	assert_true(o.turns_awake > 0);
	assert_int_equal(o.turns_awake, o.turns_asleep);
	loop_stop(l);
	loop_run(l);	/* returns at once */
	loop_timer_free(NULL);
	loop_free(l);
}

/* Signals */

struct heard {
	struct loop *loop;
	int signals[4];
	size_t count;
};

static void hear(void *context, int signal)
{
	struct heard *h = context;

	h->signals[h->count++] = signal;
	if (h->count == 2)
		loop_stop(h->loop);
}

static void hears_signals(void **state)
{
	struct heard h = { .loop = loop_new() };

	(void)state;
	loop_signal(h.loop, SIGHUP, hear, &h);
	loop_signal(h.loop, SIGTERM, hear, &h);
	raise(SIGHUP);
	raise(SIGTERM);
	loop_run(h.loop);
	assert_int_equal(h.count, 2);
	assert_int_equal(h.signals[0] + h.signals[1], SIGHUP + SIGTERM);
	loop_free(h.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_sees_hangup),
		cmocka_unit_test(unwatches_another_in_the_same_turn),
		cmocka_unit_test(rewatches),
		cmocka_unit_test(runs_timers_in_order_and_never_early),
		cmocka_unit_test(keeps_the_order_of_equal_timers),
		cmocka_unit_test(lets_descriptors_in_between_timers),
		cmocka_unit_test(frees_a_timer_in_its_handler_and_tells_turns),
		cmocka_unit_test(hears_signals),
	};

	log_open("loop_test");
	alarm(600);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
