/* The small parts of the spooler: schedule, a job's journal, the roster. */
#include "scratch_spool.h"

#include "spooler/job.h"
#include "spooler/journal.h"
#include "spooler/roster.h"
#include "spooler/schedule.h"

/* ---- schedule ---- */

static void backs_off(void **state)
{
	static const struct { int64_t previous; uint32_t chance; int64_t least, most; } waits[] = {
		{ 0, 0, 1000, 1000 }, { 0, UINT32_MAX, 1999, 2000 }, { 0, 1u << 31, 1500, 1500 }, { -5, 0, 1000, 1000 },
		{ 1000, 0, 1500, 1500 }, { 2000, UINT32_MAX, 3999, 4000 }, { 1, 0, 1, 1 },
		{ 39999, 0, 59998, 59998 }, { 40000, 0, 60000, 60000 }, { 59999, UINT32_MAX, 60000, 60000 },
		{ 60000, 0, 60000, 60000 }, { INT64_MAX, UINT32_MAX, 60000, 60000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(waits); i++)
		assert_in_range(schedule_backoff(waits[i].previous, waits[i].chance), waits[i].least, waits[i].most);
}

#define NOW 1792567680	/* Wed, 21 Oct 2026 07:28:00 GMT */

static void keeps_named_waits(void **state)
{
	static const struct { const char *reset, *retry; int64_t wait; } heads[] = {
		{ NULL, NULL, -1 },
		{ "1", NULL, 1000 }, { "0.8", NULL, 800 }, { "0.0001", NULL, 1 }, { "12.3456", NULL, 12346 },
		{ "007", NULL, 7000 },
		{ NULL, "120", 120000 }, { NULL, "1.5", 1500 }, { "2", "120", 2000 },
		/* what cannot be read leaves the other */
		{ "", "5", 5000 }, { "x", "5", 5000 }, { "-1", "5", 5000 }, { "0x10", "5", 5000 }, { "1e3", "5", 5000 },
		{ "1.2.3", "5", 5000 }, { "5s", "5", 5000 }, { "nan", "5", 5000 }, { "inf", "5", 5000 },
		{ " 4", "5", 5000 },
		{ ".5", "5", 5000 }, { "99999999999999999999", "5", 5000 },
		{ NULL, "", -1 }, { NULL, "-5", -1 }, { NULL, "soon", -1 }, { NULL, "0x10", -1 }, { NULL, "1e3", -1 },
		/* nothing to wait for is no wait: the usual one then */
		{ "0", NULL, -1 }, { "0.0", "7", 7000 }, { "0", "0", -1 },
		/* the three forms of an HTTP date */
		{ NULL, "Wed, 21 Oct 2026 07:29:30 GMT", 90000 }, { NULL, "Wednesday, 21-Oct-26 07:29:30 GMT", 90000 },
		{ NULL, "Wed Oct 21 07:29:30 2026", 90000 },
		{ NULL, "Wed, 21 Oct 2026 07:28:00 GMT", -1 }, { NULL, "Wed, 21 Oct 2015 07:28:00 GMT", -1 },
		{ NULL, "Wed, 32 Oct 2026 07:28:00 GMT", -1 }, { NULL, "Thu, 01 Jan 1970 00:00:00 GMT", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++) {
		struct http_head head = { .status = 429, .rate_reset = heads[i].reset, .retry_after = heads[i].retry };
		int64_t wait = schedule_named_wait(&head, NOW);

		if (wait != heads[i].wait)
			fail_msg("%s, %s: %lld", heads[i].reset, heads[i].retry, (long long)wait);
	}
}

static void knows_what_answers_mean(void **state)
{
	static const struct { int from, to; enum schedule_answer answer; } statuses[] = {
		{ 0, 199, SCHEDULE_LATER }, { 200, 203, SCHEDULE_DONE }, { 204, 204, SCHEDULE_NOT_YET },
		{ 205, 299, SCHEDULE_DONE },
		{ 300, 300, SCHEDULE_LATER }, { 301, 303, SCHEDULE_REDIRECT }, { 304, 306, SCHEDULE_LATER },
		{ 307, 308, SCHEDULE_REDIRECT }, { 309, 399, SCHEDULE_LATER }, { 400, 407, SCHEDULE_REFUSED },
		{ 408, 408, SCHEDULE_LATER }, { 409, 409, SCHEDULE_CLOSED }, { 410, 421, SCHEDULE_REFUSED },
		{ 422, 422, SCHEDULE_TOO_MUCH }, { 423, 424, SCHEDULE_REFUSED }, { 425, 425, SCHEDULE_LATER },
		{ 426, 428, SCHEDULE_REFUSED }, { 429, 429, SCHEDULE_LATER }, { 430, 499, SCHEDULE_REFUSED },
		{ 500, 1000, SCHEDULE_LATER }, { -1, -1, SCHEDULE_LATER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(statuses); i++)
		for (int status = statuses[i].from; status <= statuses[i].to; status++) {
			assert_int_equal(schedule_answer(HTTP_ANSWERED, status), statuses[i].answer);
			assert_int_equal(schedule_answer(HTTP_TROUBLE, status), SCHEDULE_LATER);
			assert_int_equal(schedule_answer(HTTP_REFUSED, status), SCHEDULE_REFUSED);
		}
}

/* ---- journal ---- */

static unsigned blamed(const struct scratch *t)
{
	struct journal_story story;

	assert_int_equal(journal_read(t->spool, SPOOL_ACTIVE, ID, &story), 0);
	return story.blamed;
}

static void counts_events(void **state)
{
	static const struct { const char *text; size_t len; unsigned n; } logs[] = {
		{ "", 0, 0 },
		{ "{\"event\":\"blamed\"}\n{\"event\":\"blamed\"}\n", 0, 2 },
		{ "{\"event\":\"blamed\"}", 0, 1 },
		{ "{\"event\":\"bla\n{\"event\":\"blamed\"}\n", 0, 1 },
		{ "\n\n{\"event\":\"blamed\"}\n\n", 0, 1 },
		{ "{\"event\":\"other\",\"detail\":\"blamed\"}\n\"blamed\"\nblamed\n[\"event\"]\nnull\n{\"event\":7}\n",
			0, 0 },
		{ "{\"event\":\"blamed\"}\n\0\0\0\0\0\n{\"event\":\"blamed\"}\n", 44, 2 },
		{ "{\"event\":\"blamed\"}\n{\"event\":\"blamed\"}\n{\"event\":\"retried\"}\n{\"event\":\"blamed\"}\n", 0, 1 },
		{ "\0\0{\"event\":\"blamed\"}\n{\"event\":\"blamed\"}", 39, 1 },
	};
	const struct scratch *t = *state;

	assert_int_equal(blamed(t), 0);
	for (size_t i = 0; i < COUNT(logs); i++) {
		size_t len = logs[i].len == 0 ? strlen(logs[i].text) : logs[i].len;

		folder(t, "active/" ID);
		assert_int_equal(fsio_create(t->fd, "active/" ID "/log.jsonl", 0640, logs[i].text, len), 0);
		assert_int_equal(blamed(t), logs[i].n);
		/* one more is found whatever stands before it */
		assert_int_equal(journal(t->spool, ID, true, JOURNAL_BLAMED, NULL), 0);
		assert_int_equal(blamed(t), logs[i].n + 1);
		assert_int_equal(spool_remove(t->spool, SPOOL_ACTIVE, ID), 0);
	}
}

/* A log is looked at from its end, up to a limit. */
static void bounds_the_log(void **state)
{
	const struct scratch *t = *state;
	struct buf text = BUF_INIT(32u << 20);

	for (int i = 0; i < 3; i++)
		buf_puts(&text, "{\"event\":\"blamed\"}\n");
	while (text.len < 20u << 20)
		buf_puts(&text, "{\"event\":\"callback\",\"detail\":\"500; tried again in 1.0 s\"}\n");
	folder(t, "active/" ID);
	assert_int_equal(fsio_create(t->fd, "active/" ID "/log.jsonl", 0640, text.data, text.len), 0);
	buf_free(&text);
	assert_int_equal(blamed(t), 0);
	assert_int_equal(journal(t->spool, ID, true, JOURNAL_BLAMED, NULL), 0);
	assert_int_equal(blamed(t), 1);
	assert_int_equal(spool_remove(t->spool, SPOOL_ACTIVE, ID), 0);
}

static void writes_events(void **state)
{
	const struct scratch *t = *state;
	struct buf text = BUF_INIT(1 << 20);
	char *large = xcalloc(1, 5001), why[JSON_WHY], *line, *rest;
	const char *detail;
	json_t *j;

	assert_int_equal(journal(t->spool, ID, false, "lost", NULL), -1);
	assert_int_equal(errno, ENOENT);
	folder(t, "active/" ID);
	put(t, "active/" ID "/claim." ME, "");
	for (size_t i = 0; i + 1 < 5000; i += 2)
		memcpy(large + i, "\xc3\xa9", 2);
	assert_int_equal(journal(t->spool, ID, true, "first", "a \"%s\"\n%d", "b", 1), 0);
	assert_int_equal(journal(t->spool, ID, false, "second", NULL), 0);
	assert_int_equal(journal(t->spool, ID, true, "third", "x%s", large), 0);
	assert_int_equal(journal(t->spool, ID, true, "fourth", "ok \xff rest"), 0);
	assert_int_equal(spool_finish(t->spool, ID, ME, SPOOL_DONE), 0);

	assert_int_equal(spool_read(t->spool, SPOOL_DONE, ID, SPOOL_LOG, &text), 0);
	line = strtok_r(text.data, "\n", &rest);
	assert_int_equal(json_parse(line, strlen(line), &j, why), 0);
	assert_string_equal(json_get_string(j, "event"), "first");
	assert_string_equal(json_get_string(j, "detail"), "a \"b\"\n1");
	assert_non_null(json_get_string(j, "time"));
	json_free(j);
	line = strtok_r(NULL, "\n", &rest);
	assert_int_equal(json_parse(line, strlen(line), &j, why), 0);
	assert_false(json_has(j, "detail"));
	json_free(j);
	/* cut, but not within a character */
	line = strtok_r(NULL, "\n", &rest);
	assert_int_equal(json_parse(line, strlen(line), &j, why), 0);
	detail = json_get_string(j, "detail");
	assert_in_range(strlen(detail), 1000, 2048);
	assert_int_equal(strlen(detail) % 2, 1);
	json_free(j);
	line = strtok_r(NULL, "\n", &rest);
	assert_int_equal(json_parse(line, strlen(line), &j, why), 0);
	assert_string_equal(json_get_string(j, "detail"), "ok ");
	json_free(j);
	assert_null(strtok_r(NULL, "\n", &rest));
	buf_free(&text);
	free(large);
}

/* ---- roster ---- */

static void note_entry(void *context, struct roster_entry *entry)
{
	unsigned *sum = context;

	*sum += (unsigned)strtoul(strchr(entry->id, '.') + 1, NULL, 10);
}

static void keeps_a_roster(void **state)
{
	struct roster *r = roster_new();
	char id[SPOOL_ID_SIZE];
	unsigned sum = 0;

	(void)state;
	assert_null(roster_find(r, "a.1"));
	for (int i = 1; i <= 1000; i++) {
		snprintf(id, sizeof id, "a.%d", i);
		assert_string_equal(roster_add(r, id)->id, id);
	}
	assert_int_equal(roster_count(r), 1000);
	assert_null(roster_find(r, "a.0"));
	assert_null(roster_find(r, "a.10000"));
	for (int i = 1; i <= 1000; i += 2) {
		snprintf(id, sizeof id, "a.%d", i);
		assert_string_equal(roster_find(r, id)->id, id);
		assert_null(roster_find(r, id)->worker);
		roster_remove(r, roster_find(r, id));
		assert_null(roster_find(r, id));
	}
	assert_int_equal(roster_count(r), 500);
	roster_each(r, note_entry, &sum);
	assert_int_equal(sum, 250500);
	roster_add(r, "a.1")->alone = true;
	assert_true(roster_find(r, "a.1")->alone);
	roster_free(r);
}

/* However many jobs have their turn in one turn of the loop, a worker that goes from one to the next does not stand still. */
static void shows_that_work_goes_on(void **state)
{
	struct worker_board board = { 0 };
	struct job_world world = { .board = &board };

	(void)state;
	job_at_work(&world.api, ID);
	assert_string_equal(board.job, ID);
	assert_true(board.alive_ms > 0);
}

int main(void)
{
#define WITH_SPOOL(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_drop)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backs_off),
		cmocka_unit_test(keeps_named_waits),
		cmocka_unit_test(knows_what_answers_mean),
		WITH_SPOOL(counts_events),
		WITH_SPOOL(bounds_the_log),
		WITH_SPOOL(writes_events),
		cmocka_unit_test(keeps_a_roster),
		cmocka_unit_test(shows_that_work_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
