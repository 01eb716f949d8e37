/* Processes that race for the same jobs of a spool: one wins, and nothing is lost or done twice. */
#include "scratch_spool.h"

#include <sys/wait.h>

#define NEW_ID "new/" ID ".json"
#define CLAIMED_FILES 2		/* the claim and request.json */

#define JOBS 200
#define RACERS 4

struct racer {
	const struct scratch *t;
	int go;		/* readable once all are there: its other end is closed */
	int number;
};

/* Runs fn in processes of their own, all let go at once, and adds up what they return. */
static unsigned race(const struct scratch *t, int racers, unsigned (*fn)(const struct racer *me))
{
	unsigned sum = 0;
	int gate[2], status;
	char why[SPOOL_WHY];

	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < racers; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			struct scratch own = *t;
			struct racer me = { &own, gate[0], i };
			unsigned won = 255;

			close(gate[1]);
			own.spool = spool_open(t->root, why);
			if (own.spool != NULL)
				won = fn(&me);
			spool_close(own.spool);
			_exit((int)won);
		}
	}
	close(gate[0]);
	close(gate[1]);
	while (wait(&status) > 0) {
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 255);
		sum += (unsigned)WEXITSTATUS(status);
	}
	return sum;
}

static void wait_for_all(const struct racer *me)
{
	char c;

	if (read(me->go, &c, 1) != 0)
		_exit(255);
}

static unsigned claim_all(const struct racer *me)
{
	unsigned won = 0;
	char id[SPOOL_ID_SIZE], instance[SPOOL_INSTANCE_SIZE];

	snprintf(instance, sizeof instance, "%032d", me->number);
	wait_for_all(me);
	for (int i = 0; i < JOBS; i++) {
		/* half of them from the other end, so that they meet */
		snprintf(id, sizeof id, "prod.taskrs-%d", me->number % 2 ? i : JOBS - 1 - i);
		switch (claim_job(me->t, id, instance)) {
		case SPOOL_CLAIMED:
			won++;
			break;
		case SPOOL_LOST:
			break;
		default:
			_exit(255);
		}
	}
	return won;
}

static void is_claimed_once(void **state)
{
	const struct scratch *t = *state;
	char path[300];

	for (int i = 0; i < JOBS; i++) {
		snprintf(path, sizeof path, "new/prod.taskrs-%d.json", i);
		put(t, path, BODY);
	}
	assert_int_equal(race(t, 2, claim_all), JOBS);
	assert_int_equal(count(t, "new"), 0);
	assert_int_equal(count(t, "active"), JOBS);
	for (int i = 0; i < JOBS; i++) {
		snprintf(path, sizeof path, "active/prod.taskrs-%d", i);
		assert_int_equal(count(t, path), CLAIMED_FILES);
	}
}

static unsigned accept_all(const struct racer *me)
{
	unsigned accepted = 0;
	char id[SPOOL_ID_SIZE];

	wait_for_all(me);
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof id, "prod.taskrs-%d", i);
		switch (accept_job(me->t, id)) {
		case SPOOL_ACCEPTED:
			accepted++;
			break;
		case SPOOL_DUPLICATE:
			break;
		case SPOOL_REFUSED:
			_exit(255);
		}
	}
	return accepted;
}

static void is_accepted_once(void **state)
{
	const struct scratch *t = *state;

	assert_int_equal(race(t, RACERS, accept_all), 20);
	assert_int_equal(count(t, "new"), 20);
	assert_int_equal(count(t, "tmp"), 0);
	holds(t, "new/prod.taskrs-0.json", BODY);
}

static unsigned publish(const struct racer *me)
{
	char text[2] = { (char)('0' + me->number), '\0' };

	wait_for_all(me);
	switch (spool_publish_result(me->t->spool, ID, text, 1)) {
	case 0:
		return 1;
	case 1:
		return 0;
	default:
		_exit(255);
	}
}

static void is_answered_once(void **state)
{
	const struct scratch *t = *state;

	put(t, NEW_ID, BODY);
	assert_int_equal(claim_job(t, ID, ME), SPOOL_CLAIMED);
	assert_int_equal(race(t, RACERS, publish), 1);
	assert_int_equal(count(t, "active/" ID), CLAIMED_FILES + 1);
}

static unsigned inherit(const struct racer *me)
{
	char instance[SPOOL_INSTANCE_SIZE];

	snprintf(instance, sizeof instance, "%032d", me->number);
	wait_for_all(me);
	switch (spool_take_over(me->t->spool, ID, OTHER, instance)) {
	case SPOOL_CLAIMED:
		return 1;
	case SPOOL_LOST:
		return 0;
	default:
		_exit(255);
	}
}

static void is_taken_over_once(void **state)
{
	const struct scratch *t = *state;

	put(t, NEW_ID, BODY);
	assert_int_equal(claim_job(t, ID, OTHER), SPOOL_CLAIMED);
	assert_int_equal(race(t, RACERS, inherit), 1);
	assert_int_equal(count(t, "active/" ID), CLAIMED_FILES);
}

/* Half of them retry undelivered jobs, half claim duplicates of their requests. */
static unsigned retry_all(const struct racer *me)
{
	unsigned won = 0;
	char id[SPOOL_ID_SIZE], instance[SPOOL_INSTANCE_SIZE];
	int rc;

	snprintf(instance, sizeof instance, "%032d", me->number);
	wait_for_all(me);
	for (int i = 0; i < JOBS; i++) {
		snprintf(id, sizeof id, "prod.taskrs-%d", me->number / 2 % 2 ? i : JOBS - 1 - i);
		if (me->number % 2) {
			switch (claim_job(me->t, id, instance)) {
			case SPOOL_LOST:
			case SPOOL_FINISHED:
				break;
			default:
				_exit(255);
			}
			continue;
		}
		while ((rc = spool_retry(me->t->spool, id, 1000)) != 0 && errno == EEXIST)
			continue;
		if (rc != 0 && errno != ENOENT)
			_exit(255);
		won += rc == 0;
	}
	return won;
}

static void is_retried_once(void **state)
{
	const struct scratch *t = *state;
	char path[300];

	for (int i = 0; i < JOBS; i++) {
		snprintf(path, sizeof path, "undelivered/prod.taskrs-%d", i);
		folder(t, path);
		snprintf(path, sizeof path, "undelivered/prod.taskrs-%d/result.json", i);
		put(t, path, "result");
		snprintf(path, sizeof path, "new/prod.taskrs-%d.json", i);
		put(t, path, BODY);
	}
	assert_int_equal(race(t, RACERS, retry_all), JOBS);
	assert_int_equal(count(t, "new"), 0);
	assert_int_equal(count(t, "undelivered"), 0);
	assert_int_equal(count(t, "active"), JOBS);
	for (int i = 0; i < JOBS; i++) {
		snprintf(path, sizeof path, "active/prod.taskrs-%d/result.json", i);
		holds(t, path, "result");
	}
}

int main(void)
{
#define WITH_SPOOL(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_drop)
	const struct CMUnitTest tests[] = {
		WITH_SPOOL(is_claimed_once),
		WITH_SPOOL(is_accepted_once),
		WITH_SPOOL(is_answered_once),
		WITH_SPOOL(is_taken_over_once),
		WITH_SPOOL(is_retried_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
