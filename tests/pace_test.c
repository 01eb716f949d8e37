/* Pacing of requests: priorities, pauses, rates, and callers that wait again, forget others or go away. */
#include "test.h"

#include "base/mem.h"
#include "spooler/pace.h"

#define HOST "https://app.terraform.io"
#define OTHER_HOST "https://tfe.example.com"

struct line;

/* One that waits: when its turn comes it notes its name, then does what it was told to. */
struct waiter {
	struct line *line;
	struct pace_turn turn;
	char name;
	void (*then)(struct waiter *w);
	struct waiter *other;
};

struct line {
	struct loop *loop;
	struct pacer *pacer;
	struct loop_timer *stop;
	char order[600];
	size_t n, last;		/* the loop is stopped after the last-th */
	unsigned depth, deepest;
};

static void stop(void *context)
{
	loop_stop(((struct line *)context)->loop);
}

static void line_start(struct line *line, unsigned workers)
{
	memset(line, 0, sizeof *line);
	line->loop = loop_new();
	line->pacer = pacer_new(line->loop, workers);
	line->stop = loop_timer_new(line->loop, stop, line);
}

static void line_end(struct line *line)
{
	pacer_free(line->pacer);
	loop_timer_free(line->stop);
	loop_free(line->loop);
}

static void go(void *context)
{
	struct waiter *w = context;
	struct line *line = w->line;

	assert_true(line->n < sizeof line->order - 1);
	line->order[line->n++] = w->name;
	if (line->n == line->last)
		loop_stop(line->loop);
	line->deepest = ++line->depth > line->deepest ? line->depth : line->deepest;
	if (w->then != NULL)
		w->then(w);
	line->depth--;
}

static void wait_at(struct waiter *w, const char *origin, enum pace_priority priority)
{
	pacer_wait(w->line->pacer, &w->turn, origin, priority, go, w);
}

/* Runs until so many have had their turn. */
static void run_until(struct line *line, size_t n)
{
	line->last = n;
	if (line->n < n)
		loop_run(line->loop);
	assert_int_equal(line->n, n);
}

static void pause_host(struct line *line, const char *origin, int64_t ms)
{
	pacer_heard(line->pacer, origin, &(struct http_head){ .status = 429 }, ms);
}

static void say_limit(struct line *line, const char *origin, const char *limit)
{
	pacer_heard(line->pacer, origin, &(struct http_head){ .status = 200, .rate_limit = limit }, -1);
}

static void goes_by_priority(void **state)
{
	static const struct { char name; enum pace_priority priority; } rows[] = {
		{ 'r', PACE_RUNNING }, { 'i', PACE_INPUT }, { 'f', PACE_FINAL }, { 'R', PACE_RUNNING },
		{ 'F', PACE_FINAL },
		{ 'I', PACE_INPUT },
	};
	struct waiter w[COUNT(rows)], other;
	struct line line;

	(void)state;
	line_start(&line, 1);
	pause_host(&line, HOST, 20);
	pause_host(&line, HOST, 0);	/* a shorter one takes nothing back */
	for (size_t i = 0; i < COUNT(rows); i++) {
		w[i] = (struct waiter){ .line = &line, .name = rows[i].name };
		wait_at(&w[i], HOST, rows[i].priority);
	}
	assert_int_equal(line.n, 0);
	/* no pause is shared between hosts; one that says nothing is not paced */
	other = (struct waiter){ .line = &line, .name = 'o' };
	wait_at(&other, OTHER_HOST, PACE_RUNNING);
	assert_string_equal(line.order, "o");
	run_until(&line, 1 + COUNT(rows));
	assert_string_equal(line.order, "ofFiIrR");
	wait_at(&other, HOST, PACE_RUNNING);
	assert_string_equal(line.order, "ofFiIrRo");
	line_end(&line);
}

static void forgets(void **state)
{
	struct waiter w[5];
	struct pace_turn never;
	struct line line;

	(void)state;
	memset(&never, 0, sizeof never);
	pacer_forget(&never);
	line_start(&line, 1);
	pause_host(&line, HOST, 10);
	/* the only one: the timer finds nobody */
	w[0] = (struct waiter){ .line = &line, .name = 'x' };
	wait_at(&w[0], HOST, PACE_FINAL);
	pacer_forget(&w[0].turn);
	pacer_forget(&w[0].turn);
	loop_timer_set(line.stop, 20);
	loop_run(line.loop);
	assert_int_equal(line.n, 0);
	/* the first, one between and the last */
	pause_host(&line, HOST, 10);
	for (size_t i = 0; i < COUNT(w); i++) {
		w[i] = (struct waiter){ .line = &line, .name = (char)('0' + i) };
		wait_at(&w[i], HOST, PACE_INPUT);
	}
	pacer_forget(&w[0].turn);
	pacer_forget(&w[2].turn);
	pacer_forget(&w[4].turn);
	wait_at(&w[0], HOST, PACE_INPUT);
	run_until(&line, 3);
	assert_string_equal(line.order, "130");
	pacer_forget(&w[1].turn);
	line_end(&line);
}

static void wait_again(struct waiter *w)
{
	w->then = NULL;
	w->name = 'a';
	wait_at(w, HOST, PACE_FINAL);
}

static void forget_other(struct waiter *w)
{
	pacer_forget(&w->other->turn);
}

static void free_self(struct waiter *w)
{
	free(w);
}

static void pause_now(struct waiter *w)
{
	pause_host(w->line, HOST, 5);
}

/* Whoever has its turn may wait again, forget others, be gone, or learn that nobody else may go now. */
static void bears_what_its_callers_do(void **state)
{
	struct line line;
	struct waiter w[4], *gone = xcalloc(1, sizeof *gone);

	(void)state;
	line_start(&line, 1);
	pause_host(&line, HOST, 5);
	w[0] = (struct waiter){ .line = &line, .name = '0', .then = wait_again };
	w[1] = (struct waiter){ .line = &line, .name = '1', .then = forget_other, .other = &w[2] };
	w[2] = (struct waiter){ .line = &line, .name = '2' };
	w[3] = (struct waiter){ .line = &line, .name = '3', .then = pause_now };
	*gone = (struct waiter){ .line = &line, .name = 'g', .then = free_self };
	wait_at(&w[0], HOST, PACE_INPUT);
	wait_at(gone, HOST, PACE_INPUT);
	wait_at(&w[1], HOST, PACE_INPUT);
	wait_at(&w[2], HOST, PACE_INPUT);
	wait_at(&w[3], HOST, PACE_RUNNING);
	run_until(&line, 5);
	assert_string_equal(line.order, "0ag13");
	wait_at(&w[2], HOST, PACE_RUNNING);
	assert_int_equal(line.n, 5);
	run_until(&line, 6);
	assert_string_equal(line.order, "0ag132");
	line_end(&line);
}

#define MANY 200

static void start_next(struct waiter *w)
{
	wait_at(w->other, HOST, PACE_FINAL);
}

/* Each that has its turn lets another wait, and a crowd takes no more of the stack than one. */
static void serves_a_crowd(void **state)
{
	struct waiter w[2 * MANY];
	struct line line;

	(void)state;
	line_start(&line, 1);
	pause_host(&line, HOST, 5);
	for (size_t i = 0; i < MANY; i++) {
		w[i] = (struct waiter){ .line = &line, .name = 'c', .then = start_next, .other = &w[MANY + i] };
		w[MANY + i] = (struct waiter){ .line = &line, .name = 'n' };
		wait_at(&w[i], HOST, PACE_RUNNING);
	}
	run_until(&line, 2 * MANY);
	assert_memory_equal(line.order, "cncncn", 6);
	assert_int_equal(line.deepest, 1);
	line_end(&line);
}

/* How many of a hundred go at once, at most. The clock stands still outside of the loop. */
static size_t at_once(const char *limit, unsigned workers)
{
	struct waiter w[100];
	struct line line;
	size_t n;

	line_start(&line, workers);
	say_limit(&line, HOST, limit);
	for (size_t i = 0; i < COUNT(w); i++) {
		w[i] = (struct waiter){ .line = &line, .name = (char)('0' + i % 10) };
		wait_at(&w[i], HOST, PACE_INPUT);
	}
	n = line.n;
	for (size_t i = 0; i < COUNT(w); i++)
		pacer_forget(&w[i].turn);
	line_end(&line);
	return n;
}

static void keeps_to_named_rates(void **state)
{
	static const struct { const char *limit; unsigned workers; size_t at_once; } rates[] = {
		/* a third of a second's worth, less the one that brought the answer */
		{ "30", 1, 9 }, { "30.0", 1, 9 }, { "240", 1, 79 }, { "240", 4, 19 }, { "30", 0, 9 },
		{ "30", 16, 0 }, { "1", 1, 0 }, { "0.01", 1, 0 },
		/* no rates */
		{ NULL, 1, 100 }, { "", 1, 100 }, { "0", 1, 100 }, { "-30", 1, 100 }, { "nan", 1, 100 },
		{ "inf", 1, 100 },
		{ "x", 1, 100 }, { "30/s", 1, 100 }, { "1e-300", 1, 100 }, { "4e-324", 1, 100 }, { "0.001", 1, 100 },
		{ "1e300", 1, 100 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++)
		if (at_once(rates[i].limit, rates[i].workers) != rates[i].at_once)
			fail_msg("%s: %zu at once", rates[i].limit, at_once(rates[i].limit, rates[i].workers));
}

static void serves_all_at_a_rate(void **state)
{
	struct waiter w[500], last;
	struct line line;

	(void)state;
	line_start(&line, 1);
	say_limit(&line, HOST, "3000");
	say_limit(&line, HOST, "600");
	for (size_t i = 0; i < 300; i++) {
		w[i] = (struct waiter){ .line = &line, .name = 'r' };
		wait_at(&w[i], HOST, PACE_RUNNING);
	}
	assert_int_equal(line.n, 200);	/* the bucket is as large as the last limit says */
	last = (struct waiter){ .line = &line, .name = 'f' };
	wait_at(&last, HOST, PACE_FINAL);
	assert_int_equal(line.n, 200);
	run_until(&line, 301);
	assert_int_equal(line.order[200], 'f');
	assert_int_equal(strspn(line.order + 201, "r"), 100);
	line_end(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_by_priority),
		cmocka_unit_test(forgets),
		cmocka_unit_test(bears_what_its_callers_do),
		cmocka_unit_test(serves_a_crowd),
		cmocka_unit_test(keeps_to_named_rates),
		cmocka_unit_test(serves_all_at_a_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
