#include "test.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "policy_random.h"

uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

unsigned below(uint64_t *state, unsigned n)
{
	return (unsigned)(draw(state) % n);
}

unsigned long random_rounds(unsigned long rounds, void (*round)(uint64_t seed, const char *folder, bool alone))
{
	const char *more = getenv("PLANSPOOL_TEST_ROUNDS"), *seed = getenv("PLANSPOOL_TEST_SEED");
	unsigned long n = more != NULL ? strtoul(more, NULL, 10) : rounds;
	char *folder = test_folder();

	if (seed != NULL) {
		round(strtoull(seed, NULL, 10), folder, true);
		n = 0;
	}
	for (unsigned long i = 0; i < n; i++)
		round(i + 1, folder, false);
	test_remove(folder);
	return n;
}

struct checkset *random_set(const char *folder, const char *policies)
{
	char *path = test_file(folder, "policies.yaml", policies, strlen(policies), 0600);
	struct faults faults = { NULL, 0, 0 };
	struct checkset *set = checkset_load_policies((const char *const[]){ path }, 1, &faults);

	if (faults.errors > 0)
		faults_print(&faults, stderr);
	assert_int_equal(faults.errors, 0);
	faults_free(&faults);
	free(path);
	return set;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *lines_of(struct outcomes *outcomes, const char *without, size_t *seen)
{
	size_t n = outcomes_kept(outcomes), lines_n = 0;
	char **lines = xcalloc(n + 1, sizeof(*lines));
	struct buf out = BUF_INIT(PLAN_MAX);

	for (size_t i = 0; i < n; i++) {
		const struct outcome *one = outcomes_at(outcomes, i);

		if (without != NULL && one->address != NULL && text_starts(one->address, without))
			continue;
		seen[one->status]++;
		lines[lines_n++] = xasprintf("%s %s %s", one->id, one->address != NULL ? one->address : "-",
			outcome_status_name(one->status));
	}
	qsort(lines, lines_n, sizeof(*lines), by_text);
	for (size_t i = 0; i < lines_n; i++) {
		buf_printf(&out, "%s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
	char *text = xstrdup(buf_text(&out));

	buf_free(&out);
	return text;
}

static void note_done(void *context)
{
	*(bool *)context = true;
}

char *random_verdicts(const struct checkset *set, const char *plan, size_t first, size_t piece, const char *without,
	size_t *seen)
{
	struct outcomes *outcomes = outcomes_new(SEVERITY_LOW, true);
	bool done = false;
	struct checkset_run *run = checkset_start(set, STAGE_POST_PLAN, PLAN_MAX, PLAN_MAX, outcomes, note_done, &done);
	size_t len = strlen(plan), at = 0, n = first;
	char *text;

	while (at < len) {
		n = n < len - at ? n : len - at;
		if (checkset_feed(run, plan + at, n) != 0)
			fail_msg("%s: %s", checkset_plan_error(run), plan);
		at += n;
		n = piece;
	}
	checkset_end(run);
	if (checkset_plan_error(run) != NULL)
		fail_msg("%s: %s", checkset_plan_error(run), plan);
	assert_true(done);
	checkset_stop(run);
	text = lines_of(outcomes, without, seen);
	outcomes_free(outcomes);
	return text;
}
