/* What a person does to the spool: retry and purge, what they refuse, what a crash in between leaves, and duplicates
 * of what is retried. */
#include "scratch_spool.h"

#include "base/clock.h"
#include "spooler/journal.h"

#define GONE "undelivered/" ID
#define BACK "active/" ID
#define RESULT "{\"data\":{\"attributes\":{\"status\":\"failed\"}}}"
#define LATER INT64_C(4000000000000)	/* long after any file was made */

/* A job whose result could not be delivered by the spooler ME. */
static void give_up(const struct scratch *t)
{
	assert_int_equal(accept_job(t, ID), SPOOL_ACCEPTED);
	assert_int_equal(claim_job(t, ID, ME), SPOOL_CLAIMED);
	assert_int_equal(spool_publish_result(t->spool, ID, RESULT, strlen(RESULT)), 0);
	assert_int_equal(spool_log(t->spool, ID, "{\"event\":\"blamed\"}", true), 0);
	assert_int_equal(spool_finish(t->spool, ID, ME, SPOOL_UNDELIVERED), 0);
}

static struct journal_story story_of(const struct scratch *t, enum spool_state state)
{
	struct journal_story story;

	assert_int_equal(journal_read(t->spool, state, ID, &story), 0);
	return story;
}

static void retries(void **state)
{
	const struct scratch *t = *state;
	char holder[SPOOL_INSTANCE_SIZE];
	int64_t now = clock_wall();

	give_up(t);
	assert_int_equal(story_of(t, SPOOL_UNDELIVERED).retried_ms, -1);
	assert_int_equal(spool_retry(t->spool, ID, now), 0);
	assert_false(has(t, GONE));
	assert_int_equal(story_of(t, SPOOL_ACTIVE).retried_ms, now);
	/* What was counted before counts no more. */
	assert_int_equal(story_of(t, SPOOL_ACTIVE).blamed, 0);
	holds(t, BACK "/request.json", BODY);
	holds(t, BACK "/result.json", RESULT);
	assert_int_equal(spool_holder(t->spool, ID, holder), 0);
	assert_string_equal(holder, ME);
	/* Its result stays the one. */
	assert_int_equal(spool_publish_result(t->spool, ID, BODY, strlen(BODY)), 1);
	holds(t, BACK "/result.json", RESULT);
	/* The one that gave it up is dead: another takes it, once. */
	assert_int_equal(spool_take_over(t->spool, ID, ME, OTHER), SPOOL_CLAIMED);
	assert_int_equal(spool_take_over(t->spool, ID, ME, OTHER), SPOOL_LOST);
	/* and the first cannot end it any more, though it was stopped while it was about to */
	assert_int_equal(spool_finish(t->spool, ID, ME, SPOOL_DONE), -1);
	assert_int_equal(errno, ENOENT);
	holds(t, BACK "/result.json", RESULT);
	assert_int_equal(spool_finish(t->spool, ID, OTHER, SPOOL_DONE), 0);
	assert_int_equal(spool_retry(t->spool, ID, now), -1);
	assert_int_equal(errno, ENOENT);
	holds(t, "done/" ID "/result.json", RESULT);
}

static void again(void **state)
{
	const struct scratch *t = *state;

	give_up(t);
	assert_int_equal(spool_retry(t->spool, ID, 1000), 0);
	assert_int_equal(spool_retry(t->spool, ID, 2000), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(story_of(t, SPOOL_ACTIVE).retried_ms, 1000);
	assert_int_equal(spool_finish(t->spool, ID, ME, SPOOL_UNDELIVERED), 0);
	assert_int_equal(spool_retry(t->spool, ID, 3000), 0);
	assert_int_equal(story_of(t, SPOOL_ACTIVE).retried_ms, 3000);
}

static void refuses(void **state)
{
	const struct scratch *t = *state;

	assert_int_equal(spool_retry(t->spool, ID, 1000), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(accept_job(t, ID), SPOOL_ACCEPTED);
	assert_int_equal(spool_retry(t->spool, ID, 1000), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(claim_job(t, ID, ME), SPOOL_CLAIMED);
	assert_int_equal(spool_retry(t->spool, ID, 1000), -1);
	assert_int_equal(errno, ENOENT);
	assert_false(has(t, BACK "/log.jsonl"));
}

/* A crash between the log and the rename: the line alone changes nothing, and the next try counts. */
static void crash(void **state)
{
	const struct scratch *t = *state;

	give_up(t);
	put(t, "log", "{\"time\":\"1970-01-01T00:00:01.000Z\",\"event\":\"retried\"}\n{\"time\":\"1970");
	assert_int_equal(renameat(t->fd, "log", t->fd, GONE "/log.jsonl"), 0);
	assert_int_equal(accept_job(t, ID), SPOOL_DUPLICATE);
	assert_int_equal(spool_retry(t->spool, ID, 2000), 0);
	assert_int_equal(story_of(t, SPOOL_ACTIVE).retried_ms, 2000);
}

/* ---- duplicates of the request ---- */

/* One in new/ from before: whoever claims it finds the retried job and drops the request. */
static void duplicate_waits(void **state)
{
	const struct scratch *t = *state;

	give_up(t);
	put(t, "new/" ID ".json", BODY);
	assert_int_equal(spool_retry(t->spool, ID, 1000), 0);
	assert_int_equal(claim_job(t, ID, OTHER), SPOOL_LOST);
	assert_false(has(t, "new/" ID ".json"));
	holds(t, BACK "/result.json", RESULT);
}

/* One that has won active/<id>, by a spooler that died before it looked: retry waits until it is dropped. */
static void duplicate_won(void **state)
{
	const struct scratch *t = *state;

	give_up(t);
	folder(t, BACK);
	put(t, BACK "/request.json", BODY);
	put(t, BACK "/claim." OTHER, "");
	assert_int_equal(spool_retry(t->spool, ID, 1000), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(story_of(t, SPOOL_UNDELIVERED).retried_ms, -1);
	assert_int_equal(spool_take_over(t->spool, ID, OTHER, ME), SPOOL_FINISHED);
	holds(t, GONE "/result.json", RESULT);
	assert_int_equal(spool_retry(t->spool, ID, 1000), 0);
	holds(t, BACK "/result.json", RESULT);
}

static void duplicate_later(void **state)
{
	const struct scratch *t = *state;

	give_up(t);
	assert_int_equal(spool_retry(t->spool, ID, 1000), 0);
	assert_int_equal(accept_job(t, ID), SPOOL_DUPLICATE);
	assert_int_equal(spool_finish(t->spool, ID, ME, SPOOL_DONE), 0);
	put(t, "new/" ID ".json", BODY);
	assert_int_equal(claim_job(t, ID, OTHER), SPOOL_FINISHED);
	holds(t, "done/" ID "/result.json", RESULT);
}

/* ---- purge ---- */

/* Makes what was last changed at this second. */
static void old(const struct scratch *t, const char *path, time_t when, bool job)
{
	const struct timespec times[2] = { { when, 0 }, { when, 0 } };
	char *inside;

	if (job) {
		folder(t, path);
		inside = xasprintf("%s/request.json", path);
		put(t, inside, BODY);
		free(inside);
		inside = xasprintf("%s/work", path);
		folder(t, inside);
		free(inside);
	} else {
		put(t, path, BODY);
	}
	assert_int_equal(utimensat(t->fd, path, times, 0), 0);
}

static void purges(void **state)
{
	static const struct {
		const char *path;
		time_t when;
		bool job, goes;
		enum spool_state state;
	} rows[] = {
		{ "done/prod.old", 1000, true, true, SPOOL_DONE },
		{ "done/prod.young", 3000, true, false, SPOOL_DONE },
		{ "done/no job", 1000, true, false, SPOOL_DONE },
		{ "done/.remove.prod.x", 1000, true, false, SPOOL_DONE },
		{ "undelivered/prod.old", 1000, true, true, SPOOL_UNDELIVERED },
		{ "undelivered/prod.young", 2000, true, false, SPOOL_UNDELIVERED },
		{ "corrupt/prod.taskrs-1.json.1-aa", 1000, false, true, SPOOL_CORRUPT },
		{ "corrupt/any name", 1999, true, true, SPOOL_CORRUPT },
		{ "corrupt/.hidden", 1999, false, true, SPOOL_CORRUPT },
		{ "corrupt/young", 3000, false, false, SPOOL_CORRUPT },
		{ "new/prod.old.json", 1000, false, false, SPOOL_NEW },
		{ "active/prod.old", 1000, true, false, SPOOL_ACTIVE },
	};
	static const enum spool_state states[] = { SPOOL_DONE, SPOOL_UNDELIVERED, SPOOL_CORRUPT };
	const struct scratch *t = *state;

	for (size_t i = 0; i < COUNT(rows); i++)
		old(t, rows[i].path, rows[i].when, rows[i].job);
	for (size_t i = 0; i < COUNT(states); i++) {
		size_t removed = 0, expected = 0;

		assert_int_equal(spool_purge(t->spool, states[i], 2000 * 1000, &removed), 0);
		for (size_t k = 0; k < COUNT(rows); k++) {
			expected += rows[k].state == states[i] && rows[k].goes;
			if (has(t, rows[k].path) != !(rows[k].goes && rows[k].state <= states[i]))
				fail_msg("%s after purging %s", rows[k].path, spool_state_name(states[i]));
		}
		assert_int_equal(removed, expected);
	}
}

/* What cannot be removed does not keep the rest, and is said. */
static void purge_goes_on(void **state)
{
	const struct scratch *t = *state;
	char deep[256] = "corrupt/a/work";
	size_t removed = 0;

	old(t, "corrupt/a", 1000, true);
	for (int i = 0; i < 40; i++) {	/* deeper than is looked into */
		strcat(deep, "/d");
		folder(t, deep);
	}
	assert_int_equal(utimensat(t->fd, "corrupt/a", (struct timespec[2]){ { 1000, 0 }, { 1000, 0 } }, 0), 0);
	old(t, "corrupt/b", 1000, false);
	assert_int_equal(spool_purge(t->spool, SPOOL_CORRUPT, LATER, &removed), -1);
	assert_int_equal(errno, ENOTEMPTY);
	assert_int_equal(removed, 1);
	assert_true(has(t, "corrupt/a"));
	assert_false(has(t, "corrupt/b"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_drop)
	static const struct CMUnitTest tests[] = {
		TEST(retries), TEST(again), TEST(refuses), TEST(crash), TEST(duplicate_waits), TEST(duplicate_won),
		TEST(duplicate_later), TEST(purges), TEST(purge_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
