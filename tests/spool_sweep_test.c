/* The spool: scans, setting foreign things aside, and housekeeping. */
#include "scratch_spool.h"

#include <time.h>

struct seen {
	unsigned entries, foreign, stop_after;
	char names[512];
};

static bool visit(void *context, const struct spool_entry *entry)
{
	struct seen *seen = context;

	assert_true(spool_id_valid(entry->id));
	assert_in_range(entry->mtime_ms / 1000, time(NULL) - 600, time(NULL) + 600);
	return ++seen->entries != seen->stop_after;
}

static void note_foreign(void *context, const char *name)
{
	struct seen *seen = context;

	seen->foreign++;
	strcat(strcat(seen->names, name), "\n");
}

static void scans(void **state)
{
	static const char *const foreign[] = { "README", "x.json", ".hidden", "a.b.json.json", "a.b.jsonx", ".json",
		"a.b" };
	const struct scratch *t = *state;
	struct seen seen = { .stop_after = 0 };
	unsigned left = COUNT(foreign);
	char path[64], where[SPOOL_NAME_SIZE];

	for (size_t i = 0; i < COUNT(foreign); i++) {
		snprintf(path, sizeof path, "new/%s", foreign[i]);
		put(t, path, "");
	}
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "prod.taskrs-%d", i);
		assert_int_equal(accept_job(t, path), SPOOL_ACCEPTED);
	}
	assert_int_equal(spool_scan(t->spool, SPOOL_NEW, visit, note_foreign, &seen), 0);
	assert_int_equal(seen.entries, 3);
	assert_int_equal(seen.foreign, left);
	assert_int_equal(spool_scan(t->spool, SPOOL_NEW, visit, NULL, &seen), 0);
	seen = (struct seen){ .stop_after = 2 };
	assert_int_equal(spool_scan(t->spool, SPOOL_NEW, visit, NULL, &seen), 0);
	assert_int_equal(seen.entries, 2);

	for (size_t i = 0; i < COUNT(foreign); i++)
		assert_int_equal(spool_set_aside(t->spool, SPOOL_NEW, foreign[i], where), 0);
	assert_int_equal(spool_set_aside(t->spool, SPOOL_NEW, "gone", where), -1);
	assert_int_equal(count(t, "corrupt"), left);
	assert_int_equal(count(t, "new"), 3);

	/* elsewhere hidden names are ours and no jobs */
	folder(t, "active/" ID);
	folder(t, "active/.claim." ME "." ID);
	seen = (struct seen){ .stop_after = 0 };
	assert_int_equal(spool_scan(t->spool, SPOOL_ACTIVE, visit, note_foreign, &seen), 0);
	assert_int_equal(seen.entries, 1);
	assert_int_equal(seen.foreign, 0);
}

/* A name as long as the file system takes is set aside like any other. */
static void sets_long_names_aside(void **state)
{
	const struct scratch *t = *state;
	char path[4 + 255 + 1] = "new/", where[SPOOL_NAME_SIZE];

	memset(path + 4, 'x', 255);
	put(t, path, "");
	assert_int_equal(spool_set_aside(t->spool, SPOOL_NEW, path + 4, where), 0);
	put(t, path, "");
	assert_int_equal(spool_set_aside(t->spool, SPOOL_NEW, path + 4, where), 0);
	assert_int_equal(count(t, "corrupt"), 2);
}

static void age(const struct scratch *t, const char *path, int64_t now_ms, int minutes)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = now_ms / 1000 - minutes * 60 } };

	assert_int_equal(utimensat(t->fd, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void sweeps(void **state)
{
	static const struct { const char *path; bool folder; int minutes; bool stays; } things[] = {
		{ "tmp/old", false, 61, false }, { "tmp/young", false, 59, true }, { "tmp/.old", false, 61, false },
		{ "tmp/folder", true, 61, false }, { "tmp/future", false, -600, true },
		{ "new/" ID ".json", false, 6000, true },
		{ "active/.claim." ME "." ID, true, 61, false }, { "active/.claim." OTHER "." ID, true, 59, true },
		{ "active/.remove." ID, true, 61, false }, { "active/" ID, true, 6000, true },
		{ "active/.else", true, 6000, true },
		{ "done/" ID, true, 6000, true }, { "done/.remove." ID, true, 61, false },
		{ "undelivered/.remove." ID, true, 61, false }, { "corrupt/" ID, true, 6000, true },
	};
	const struct scratch *t = *state;
	int64_t now = (int64_t)time(NULL) * 1000;

	for (size_t i = 0; i < COUNT(things); i++) {
		char *inside = xasprintf("%s/request.json", things[i].path);

		if (things[i].folder) {
			folder(t, things[i].path);
			put(t, inside, "");
		} else {
			put(t, things[i].path, "");
		}
		free(inside);
		age(t, things[i].path, now, things[i].minutes);
	}
	assert_int_equal(symlinkat("/etc", t->fd, "tmp/link"), 0);
	age(t, "tmp/link", now, 61);
	assert_int_equal(spool_sweep(t->spool, now), 0);
	for (size_t i = 0; i < COUNT(things); i++)
		if (has(t, things[i].path) != things[i].stays)
			fail_msg("%s", things[i].path);
	assert_false(has(t, "tmp/link"));
	assert_int_equal(access("/etc/passwd", F_OK), 0);
}

static void removes(void **state)
{
	const struct scratch *t = *state;

	assert_int_equal(spool_remove(t->spool, SPOOL_DONE, ID), -1);
	assert_int_equal(errno, ENOENT);
	folder(t, "done/" ID);
	put(t, "done/" ID "/result.json", "x");
	folder(t, "done/" ID "/work");
	put(t, "done/" ID "/work/plan.json", "x");
	assert_int_equal(symlinkat("/etc", t->fd, "done/" ID "/work/link"), 0);
	assert_int_equal(spool_remove(t->spool, SPOOL_DONE, ID), 0);
	assert_int_equal(count(t, "done"), 0);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
}

int main(void)
{
#define WITH_SPOOL(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_drop)
	const struct CMUnitTest tests[] = {
		WITH_SPOOL(scans),
		WITH_SPOOL(sets_long_names_aside),
		WITH_SPOOL(sweeps),
		WITH_SPOOL(removes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
