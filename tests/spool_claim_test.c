/* Claiming jobs: what may lie in new/, what a crash may leave at every step, and takeover. */
#include "scratch_spool.h"

#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>

#define NEW_ID "new/" ID ".json"
#define CLAIMED_FILES 2		/* the claim and request.json */

static void claims(void **state)
{
	const struct scratch *t = *state;
	char holder[SPOOL_INSTANCE_SIZE];
	struct stat st;

	assert_int_equal(claim_job(t, ID, ME), SPOOL_LOST);
	assert_int_equal(accept_job(t, ID), SPOOL_ACCEPTED);
	assert_int_equal(claim_job(t, ID, ME), SPOOL_CLAIMED);
	assert_int_equal(count(t, "new"), 0);
	assert_int_equal(count(t, "active"), 1);
	assert_int_equal(count(t, "active/" ID), CLAIMED_FILES);
	holds(t, "active/" ID "/request.json", BODY);
	assert_int_equal(fstatat(t->fd, "active/" ID, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(spool_holder(t->spool, ID, holder), 0);
	assert_string_equal(holder, ME);
	assert_int_equal(claim_job(t, ID, OTHER), SPOOL_LOST);
	assert_int_equal(spool_holder(t->spool, "prod.none", holder), -1);
	assert_int_equal(errno, ENOENT);
	folder(t, "active/prod.empty");
	assert_int_equal(spool_holder(t->spool, "prod.empty", holder), -1);
	assert_int_equal(errno, ENOENT);
}

/* ---- what is no job ---- */

static void make_link(const struct scratch *t)
{
	put(t, "format.real", BODY);
	assert_int_equal(symlinkat("../format.real", t->fd, NEW_ID), 0);
}

static void make_fifo(const struct scratch *t)
{
	assert_int_equal(mkfifoat(t->fd, NEW_ID, 0600), 0);
}

static void make_folder(const struct scratch *t)
{
	folder(t, NEW_ID);
}

static void make_size(const struct scratch *t, off_t size)
{
	int fd = openat(t->fd, NEW_ID, O_WRONLY | O_CLOEXEC);

	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void make_huge(const struct scratch *t)
{
	put(t, NEW_ID, BODY);
	make_size(t, SPOOL_ENVELOPE_MAX + 1);
}

static void make_foreign(const struct scratch *t)
{
	put(t, NEW_ID, BODY);
	assert_int_equal(fchownat(t->fd, NEW_ID, 54321, (gid_t)-1, 0), 0);
}

static const struct {
	void (*make)(const struct scratch *t);
	bool as_root;
	const char *why;
} strangers[] = {
	{ make_link, false, "new/" ID ".json: not a file that can be opened: a symbolic link" },
	{ make_fifo, false, "new/" ID ".json: not a regular file" },
	{ make_folder, false, "new/" ID ".json: not a regular file" },
	{ make_huge, false, "new/" ID ".json: larger than 8388608 bytes" },
	{ make_foreign, true, "new/" ID ".json: belongs to uid 54321, not to the handler's user (uid 0)" },
};

static void sets_strangers_aside(void **state)
{
	const struct scratch *t = *state;
	char why[SPOOL_WHY], expected[SPOOL_WHY];
	unsigned aside = 0;

	for (size_t i = 0; i < COUNT(strangers); i++) {
		if (strangers[i].as_root && geteuid() != 0)
			continue;
		strangers[i].make(t);
		why[0] = '\0';
		assert_int_equal(spool_claim(t->spool, ID, ME, geteuid(), why), SPOOL_SET_ASIDE);
		snprintf(expected, sizeof expected, "%s; it is corrupt/" ID ".json.", strangers[i].why);
		assert_memory_equal(why, expected, strlen(expected));
		assert_int_equal(count(t, "corrupt"), ++aside);
		assert_int_equal(count(t, "new"), 0);
		assert_int_equal(count(t, "active"), 0);
	}
}

/* The largest envelope is no stranger, nor an empty file: reading it is another's job. */
static void claims_any_content(void **state)
{
	const struct scratch *t = *state;
	struct stat st;

	put(t, NEW_ID, "");
	make_size(t, SPOOL_ENVELOPE_MAX);
	assert_int_equal(claim_job(t, ID, ME), SPOOL_CLAIMED);
	assert_int_equal(fstatat(t->fd, "active/" ID "/request.json", &st, 0), 0);
	assert_int_equal(st.st_size, SPOOL_ENVELOPE_MAX);
	put(t, "new/prod.empty.json", "");
	assert_int_equal(claim_job(t, "prod.empty", ME), SPOOL_CLAIMED);
	holds(t, "active/prod.empty/request.json", "");
}

/* Runs fn as a user who is neither root nor in root's group; it says where it failed, or 0. */
static void as_nobody(const struct scratch *t, int (*fn)(const char *root))
{
	const struct passwd *user = getpwnam("nobody");
	char root[4096];
	int status, failed = 100;
	pid_t pid;

	if (geteuid() != 0 || user == NULL)
		skip();
	snprintf(root, sizeof root, "%s/other", t->folder);
	assert_int_equal(chmod(t->folder, 0777), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgroups(0, NULL) == 0 && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0)
			failed = fn(root);
		_exit(failed);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int make_own_spool(const char *root)
{
	struct spool *s;
	char why[SPOOL_WHY];

	if (spool_make(root, "root", why) == 0 || strstr(why, "must be a member of group 0") == NULL)
		return 1;
	if (spool_make(root, NULL, why) != 0 || (s = spool_open(root, why)) == NULL)
		return 2;
	spool_close(s);
	return 0;
}

static int claim_unreadable(const char *root)
{
	char why[SPOOL_WHY];
	struct spool *s = spool_open(root, why);
	int failed = 0;

	if (s == NULL)
		return 1;
	if (spool_claim(s, "prod.ours", ME, 0, why) != SPOOL_TROUBLE || errno != EACCES)
		failed = 2;
	else if (spool_claim(s, "prod.nobodys", ME, 0, why) != SPOOL_SET_ASIDE)
		failed = 3;
	spool_close(s);
	return failed;
}

/* A job that only our lack of rights hides from us stays where it is, one that nobody may read is set aside. */
static void keeps_jobs_it_may_not_read(void **state)
{
	static const struct { const char *name; mode_t mode; } jobs[] =
		{ { "prod.ours.json", 0640 }, { "prod.nobodys.json", 0600 } };
	const struct scratch *t = *state;
	char *new_path;

	as_nobody(t, make_own_spool);
	new_path = xasprintf("%s/other/new", t->folder);
	for (size_t i = 0; i < COUNT(jobs); i++) {
		char *path = test_file(new_path, jobs[i].name, "", 0, jobs[i].mode);

		assert_int_equal(chown(path, 0, 0), 0);
		free(path);
	}
	free(new_path);
	as_nobody(t, claim_unreadable);
}

/* ---- what is over ---- */

static void drops_duplicates(void **state)
{
	static const char *const over[] = { "done/" ID, "undelivered/" ID };
	const struct scratch *t = *state;

	for (size_t i = 0; i < COUNT(over); i++) {
		folder(t, over[i]);
		put(t, NEW_ID, BODY);
		assert_int_equal(claim_job(t, ID, ME), SPOOL_FINISHED);
		assert_int_equal(count(t, "new"), 0);
		assert_int_equal(count(t, "active"), 0);
		/* won by one who died before looking */
		folder(t, "active/" ID);
		put(t, "active/" ID "/claim." OTHER, "");
		assert_int_equal(spool_take_over(t->spool, ID, OTHER, ME), SPOOL_FINISHED);
		assert_int_equal(count(t, "active"), 0);
		/* by ourselves */
		folder(t, "active/" ID);
		put(t, "active/" ID "/claim." ME, "");
		assert_int_equal(spool_take_over(t->spool, ID, ME, ME), SPOOL_FINISHED);
		assert_int_equal(count(t, "active"), 0);
		assert_int_equal(unlinkat(t->fd, over[i], AT_REMOVEDIR), 0);
	}
	folder(t, "corrupt/" ID);
	put(t, NEW_ID, BODY);
	assert_int_equal(claim_job(t, ID, ME), SPOOL_CLAIMED);
}

static int claim_blindly(const char *root)
{
	char why[SPOOL_WHY], *done = xasprintf("%s/done", root);
	struct spool *s = make_own_spool(root) == 0 ? spool_open(root, why) : NULL;
	int failed = 0;

	if (s == NULL)
		return 1;
	if (spool_accept(s, ID, BODY, strlen(BODY)) != SPOOL_ACCEPTED || chmod(done, 0) != 0)
		failed = 2;
	else if (spool_claim(s, ID, ME, geteuid(), why) != SPOOL_TROUBLE)
		failed = 3;
	else if (chmod(done, 0700) != 0 || spool_claim(s, ID, ME, geteuid(), why) != SPOOL_CLAIMED)
		failed = 4;
	else if (chmod(done, 0) != 0 || spool_take_over(s, ID, ME, ME) != SPOOL_TROUBLE)
		failed = 6;
	else if (chmod(done, 0700) != 0 || spool_take_over(s, ID, ME, ME) != SPOOL_CLAIMED)
		failed = 5;
	spool_close(s);
	free(done);
	return failed;
}

/* Not being able to look into done/ is never taken for not being there; and the job is not lost by it. */
static void never_guesses(void **state)
{
	as_nobody(*state, claim_blindly);
}

/* ---- crashes ---- */

/* Every step of a claim as a crash would leave it, and what the next look makes of it. */
static void redoes_interrupted_claims(void **state)
{
	const struct scratch *t = *state;

	/* a hidden folder, by us or by another, whole or half made */
	put(t, NEW_ID, BODY);
	folder(t, "active/.claim." ME "." ID);
	put(t, "active/.claim." ME "." ID "/request.json", "half");
	folder(t, "active/.claim." OTHER "." ID);
	assert_int_equal(claim_job(t, ID, ME), SPOOL_CLAIMED);
	holds(t, "active/" ID "/request.json", BODY);
	assert_false(has(t, "active/.claim." ME "." ID));
	assert_true(has(t, "active/.claim." OTHER "." ID));	/* swept an hour later */

	/* renamed, but the entry in new/ is still there */
	put(t, NEW_ID, "again");
	assert_int_equal(claim_job(t, ID, OTHER), SPOOL_LOST);
	assert_int_equal(count(t, "new"), 0);
	holds(t, "active/" ID "/request.json", BODY);
	assert_int_equal(count(t, "active/" ID), CLAIMED_FILES);
	assert_int_equal(count(t, "active"), 1);

	/* the same, taken up by whoever goes on with the job: nothing is left that would come again after its end */
	put(t, NEW_ID, "again");
	assert_int_equal(spool_take_over(t->spool, ID, ME, OTHER), SPOOL_CLAIMED);
	assert_int_equal(count(t, "new"), 0);
	holds(t, "active/" ID "/request.json", BODY);
}

static void takes_over(void **state)
{
	const struct scratch *t = *state;
	char holder[SPOOL_INSTANCE_SIZE];

	assert_int_equal(spool_take_over(t->spool, ID, OTHER, ME), SPOOL_LOST);
	put(t, NEW_ID, BODY);
	assert_int_equal(claim_job(t, ID, OTHER), SPOOL_CLAIMED);
	assert_int_equal(spool_publish_result(t->spool, ID, "final", 5), 0);
	assert_int_equal(spool_take_over(t->spool, ID, OTHER, ME), SPOOL_CLAIMED);
	assert_int_equal(spool_take_over(t->spool, ID, OTHER, "aaaa"), SPOOL_LOST);
	assert_int_equal(spool_take_over(t->spool, ID, ME, ME), SPOOL_CLAIMED);
	assert_int_equal(spool_holder(t->spool, ID, holder), 0);
	assert_string_equal(holder, ME);
	holds(t, "active/" ID "/result.json", "final");
	assert_int_equal(spool_publish_result(t->spool, ID, "another", 7), 1);
}

int main(void)
{
#define WITH_SPOOL(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_drop)
	const struct CMUnitTest tests[] = {
		WITH_SPOOL(claims),
		WITH_SPOOL(sets_strangers_aside),
		WITH_SPOOL(claims_any_content),
		WITH_SPOOL(keeps_jobs_it_may_not_read),
		WITH_SPOOL(drops_duplicates),
		WITH_SPOOL(never_guesses),
		WITH_SPOOL(redoes_interrupted_claims),
		WITH_SPOOL(takes_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
