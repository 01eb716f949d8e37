/* The spool: making and opening one, accepting jobs in every state, the files of a job and ending it. */
#include "scratch_spool.h"

#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <time.h>

/* ---- names ---- */

#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void knows_ids(void **state)
{
	static const struct { const char *id; bool valid; } ids[] = {
		{ ID, true }, { "a.b", true }, { A32 "." A32 A32 A32, true }, { "-._", true },
		{ "", false }, { ".", false }, { "a.", false }, { ".b", false }, { "a", false }, { "a.b.c", false },
		{ "a..b", false },
		{ A32 "a.b", false }, { "a." A32 A32 A32 "a", false }, { "a/b.c", false }, { "a.b/c", false },
		{ "a.b\n", false },
		{ "a b.c", false }, { "\xc3\xa9.b", false }, { "a.b.json", false },
	};
	char id[SPOOL_ID_SIZE];
	enum spool_state s;

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++)
		assert_int_equal(spool_id_valid(ids[i].id), ids[i].valid);
	spool_id(A32, A32 A32 A32, id);
	assert_string_equal(id, A32 "." A32 A32 A32);
	for (int i = 0; i < SPOOL_STATES; i++) {
		assert_int_equal(spool_state_parse(spool_state_name((enum spool_state)i), &s), 0);
		assert_int_equal(s, i);
	}
	assert_int_equal(spool_state_parse("tmp", &s), -1);
	assert_int_equal(spool_state_parse("", &s), -1);
}

/* ---- making and opening ---- */

static const struct { const char *name; mode_t mode; } places[] = {
	{ ".", 0750 }, { "tmp", 03770 }, { "new", 03770 }, { "active", 0710 }, { "done", 0710 },
	{ "undelivered", 0710 },
	{ "corrupt", 0700 }, { "spoolers", 0750 }, { "format", 0640 },
};

static void assert_rights(const struct scratch *t, gid_t group)
{
	struct stat st;

	for (size_t i = 0; i < COUNT(places); i++) {
		assert_int_equal(fstatat(t->fd, places[i].name, &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(st.st_mode & 07777, places[i].mode);
		assert_int_equal(st.st_uid, geteuid());
		assert_int_equal(st.st_gid, strcmp(places[i].name, "corrupt") == 0 ? getegid() : group);
	}
}

static void makes_and_mends(void **state)
{
	const struct scratch *t = *state;
	mode_t mask = umask(077);
	char why[SPOOL_WHY];

	assert_rights(t, getegid());
	assert_int_equal(unlinkat(t->fd, "undelivered", AT_REMOVEDIR), 0);
	assert_int_equal(fchmodat(t->fd, "new", 0777, 0), 0);
	assert_int_equal(spool_make(t->root, NULL, why), 0);
	assert_rights(t, getegid());
	if (geteuid() == 0) {	/* another user's group, and back */
		assert_int_equal(spool_make(t->root, "nobody", why), 0);
		assert_rights(t, getpwnam("nobody")->pw_gid);
		assert_int_equal(spool_make(t->root, NULL, why), 0);
		assert_rights(t, getegid());
	}
	umask(mask);
	holds(t, "format", "1\n");
	assert_int_equal(count(t, "."), COUNT(places) - 1);
}

static void refuses_to_make(void **state)
{
	const struct scratch *t = *state;
	char *other = xasprintf("%s/other", t->folder), *below = xasprintf("%s/no/such", t->folder), why[SPOOL_WHY];
	struct stat st;

	assert_int_equal(spool_make(t->root, "no-such-user-here", why), -1);
	assert_string_equal(why, "handler_user: no user 'no-such-user-here' on this machine");
	assert_int_equal(spool_make(below, NULL, why), -1);
	assert_non_null(strstr(why, "cannot be made: No such file or directory"));

	/* a directory with another use keeps its rights */
	assert_int_equal(mkdir(other, 0755), 0);
	assert_int_equal(chmod(other, 01777), 0);
	free(test_file(other, "thesis.txt", "x", 1, 0600));
	assert_int_equal(spool_make(other, NULL, why), -1);
	assert_non_null(strstr(why, "is no spool and has 'thesis.txt' in it"));
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_mode & 07777, 01777);

	/* a link in place of a folder is not followed */
	assert_int_equal(unlinkat(t->fd, "done", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat(other, t->fd, "done"), 0);
	assert_int_equal(spool_make(t->root, NULL, why), -1);
	assert_null(spool_open(t->root, why));

	/* the spool of another version is left as it is */
	assert_int_equal(unlinkat(t->fd, "done", 0), 0);
	assert_int_equal(unlinkat(t->fd, "format", 0), 0);
	put(t, "format", "2\n");
	assert_int_equal(spool_make(t->root, NULL, why), -1);
	assert_non_null(strstr(why, "format is not 1: this spool belongs to another version of planspool"));
	assert_false(has(t, "done"));
	free(below);
	free(other);
}

static void opens(void **state)
{
	static const struct { const char *format, *why; } formats[] = {
		{ "2\n", "belongs to another version" }, { "", "belongs to another version" },
		{ "1", "belongs to another version" },
		{ "1\n\n", "belongs to another version" }, { "x\n", "belongs to another version" },
		{ "1                                                                                  \n",
			"belongs to another version" },
		{ NULL, "planspoold --once" },
	};
	const struct scratch *t = *state;
	char *nowhere = xasprintf("%s/nowhere", t->folder), why[SPOOL_WHY];

	assert_null(spool_open(nowhere, why));
	assert_non_null(strstr(why,
		"No such file or directory; planspoold makes the spool at its start, or run: planspoold --once"));
	free(nowhere);
	for (size_t i = 0; i < COUNT(formats); i++) {
		assert_int_equal(unlinkat(t->fd, "format", 0), 0);
		if (formats[i].format != NULL)
			put(t, "format", formats[i].format);
		assert_null(spool_open(t->root, why));
		assert_non_null(strstr(why, formats[i].why));
	}
	put(t, "format", "1\n");
	assert_int_equal(unlinkat(t->fd, "spoolers", AT_REMOVEDIR), 0);
	assert_null(spool_open(t->root, why));
	assert_non_null(strstr(why, "/spoolers: No such file or directory; planspoold mends it at its start"));
	spool_close(NULL);
}

static void announces_keys(void **state)
{
	static const char *const ids[] = { "0123456789abcdef", "fedcba9876543210" };
	const struct scratch *t = *state;

	assert_false(spool_can_unseal(t->spool, ids[0]));
	assert_int_equal(spool_announce_keys(t->spool, ids, 2), 0);
	assert_true(spool_can_unseal(t->spool, ids[0]));
	assert_true(spool_can_unseal(t->spool, ids[1]));
	assert_false(spool_can_unseal(t->spool, "0123456789abcde"));
	assert_false(spool_can_unseal(t->spool, ""));
	assert_int_equal(spool_announce_keys(t->spool, ids + 1, 1), 0);
	assert_false(spool_can_unseal(t->spool, ids[0]));
	holds(t, "seal-keys", "fedcba9876543210\n");
	assert_int_equal(count(t, "."), COUNT(places));
}

static void tells_life_and_rights(void **state)
{
	const struct scratch *t = *state;
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } };
	char why[SPOOL_WHY];

	assert_int_equal(spool_writable(t->spool, why), 0);
	/* What is no lease is nobody's life. */
	put(t, "spoolers/README", "");
	put(t, "spoolers/" ME "0", "");
	folder(t, "spoolers/" OTHER);
	assert_int_equal(spool_last_life(t->spool), -1);
	assert_int_equal(unlinkat(t->fd, "spoolers/" OTHER, AT_REMOVEDIR), 0);
	put(t, "spoolers/" ME, "{}");
	assert_false(spool_shared(t->spool, ME));
	assert_true(spool_shared(t->spool, OTHER));
	times[1].tv_nsec = 0;
	times[1].tv_sec = time(NULL) - 500;
	assert_int_equal(utimensat(t->fd, "spoolers/" ME, times, 0), 0);
	assert_in_range(spool_last_life(t->spool), 499000, 560000);
	put(t, "spoolers/" OTHER, "{}");
	assert_true(spool_shared(t->spool, ME));
	assert_in_range(spool_last_life(t->spool), 0, 60000);
	times[1].tv_sec = time(NULL) + 500;
	assert_int_equal(utimensat(t->fd, "spoolers/" ME, times, 0), 0);
	assert_int_equal(spool_last_life(t->spool), 0);
}

/* ---- accepting ---- */

static void accepts(void **state)
{
	static const struct { const char *folder; enum spool_accepted how; } states[] = {
		{ "active/" ID, SPOOL_DUPLICATE }, { "done/" ID, SPOOL_DUPLICATE },
		{ "undelivered/" ID, SPOOL_DUPLICATE },
		{ "corrupt/" ID, SPOOL_ACCEPTED },
	};
	const struct scratch *t = *state;
	mode_t mask = umask(0777);
	struct stat st;

	for (size_t i = 0; i < COUNT(states); i++) {
		folder(t, states[i].folder);
		assert_int_equal(accept_job(t, ID), states[i].how);
		assert_int_equal(has(t, "new/" ID ".json"), states[i].how == SPOOL_ACCEPTED);
		assert_int_equal(unlinkat(t->fd, states[i].folder, AT_REMOVEDIR), 0);
	}
	assert_int_equal(spool_accept(t->spool, ID, "other", 5), SPOOL_DUPLICATE);
	assert_int_equal(accept_job(t, "prod.taskrs-2"), SPOOL_ACCEPTED);
	umask(mask);
	holds(t, "new/" ID ".json", BODY);
	assert_int_equal(fstatat(t->fd, "new/" ID ".json", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(count(t, "tmp"), 0);
	assert_int_equal(count(t, "new"), 2);
}

/* The handler as another user, who may do no more than it must, and reads nothing back. */
static void accepts_as_another_user(void **state)
{
	const struct scratch *t = *state;
	const struct passwd *user = getpwnam("nobody");
	char why[SPOOL_WHY];
	int status;
	pid_t pid;

	if (geteuid() != 0 || user == NULL)
		skip();
	assert_int_equal(chmod(t->folder, 0755), 0);
	assert_int_equal(spool_make(t->root, "nobody", why), 0);
	pid = fork();
	if (pid == 0) {
		struct spool *s;

		umask(0777);
		if (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
			_exit(10);
		if ((s = spool_open(t->root, why)) == NULL || spool_writable(s, why) != 0)
			_exit(11);
		if (spool_accept(s, ID, BODY, strlen(BODY)) != SPOOL_ACCEPTED ||
		    spool_accept(s, ID, BODY, 1) != SPOOL_DUPLICATE)
			_exit(12);
		if (open(t->root, O_RDONLY) < 0 || openat(t->fd, "active", O_RDONLY) >= 0 ||
		    openat(t->fd, "corrupt", O_PATH) < 0)
			_exit(13);
		if (faccessat(t->fd, "corrupt/x", F_OK, 0) == 0 || errno != EACCES)
			_exit(14);
		if (spool_remove(s, SPOOL_DONE, ID) == 0 || spool_finish(s, ID, ME, SPOOL_DONE) == 0)
			_exit(15);
		spool_close(s);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	holds(t, "new/" ID ".json", BODY);
	assert_int_equal(spool_claim(t->spool, ID, ME, user->pw_uid, why), SPOOL_CLAIMED);
}

static void refuses_to_accept(void **state)
{
	const struct scratch *t = *state;
	struct spool *s;
	char why[SPOOL_WHY];

	assert_int_equal(unlinkat(t->fd, "tmp", AT_REMOVEDIR), 0);
	assert_int_equal(accept_job(t, ID), SPOOL_REFUSED);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(spool_writable(t->spool, why), -1);
	assert_non_null(strstr(why, "/tmp: No such file or directory"));
	assert_int_equal(count(t, "new"), 0);
	assert_int_equal(spool_make(t->root, NULL, why), 0);
	s = spool_open(t->root, why);
	assert_int_equal(spool_accept(s, ID, BODY, strlen(BODY)), SPOOL_ACCEPTED);
	spool_close(s);
}

/* ---- a job's files ---- */

static void read_is(const struct scratch *t, enum spool_state state, enum spool_file file, const char *text)
{
	struct buf got = BUF_INIT(1 << 20);

	if (text == NULL) {
		assert_int_equal(spool_read(t->spool, state, ID, file, &got), -1);
		assert_int_equal(errno, ENOENT);
	} else {
		assert_int_equal(spool_read(t->spool, state, ID, file, &got), 0);
		assert_string_equal(buf_text(&got), text);
	}
	assert_int_equal(state != SPOOL_NEW && text != NULL, spool_has(t->spool, state, ID, file));
	buf_free(&got);
}

static void keeps_files(void **state)
{
	const struct scratch *t = *state;

	assert_int_equal(spool_write_outcomes(t->spool, ID, "x", 1), -1);
	assert_int_equal(spool_publish_result(t->spool, ID, "x", 1), -1);
	assert_int_equal(spool_log(t->spool, ID, "x", false), -1);
	assert_int_equal(errno, ENOENT);

	assert_int_equal(accept_job(t, ID), SPOOL_ACCEPTED);
	read_is(t, SPOOL_NEW, SPOOL_REQUEST, BODY);
	read_is(t, SPOOL_NEW, SPOOL_LOG, NULL);
	assert_int_equal(claim_job(t, ID, ME), SPOOL_CLAIMED);
	read_is(t, SPOOL_NEW, SPOOL_REQUEST, NULL);
	read_is(t, SPOOL_ACTIVE, SPOOL_REQUEST, BODY);
	read_is(t, SPOOL_ACTIVE, SPOOL_OUTCOMES, NULL);
	assert_int_equal(spool_write_outcomes(t->spool, ID, "one\n", 4), 0);
	assert_int_equal(spool_write_outcomes(t->spool, ID, "two\n", 4), 0);
	read_is(t, SPOOL_ACTIVE, SPOOL_OUTCOMES, "two\n");
	assert_int_equal(spool_publish_result(t->spool, ID, "first", 5), 0);
	assert_int_equal(spool_publish_result(t->spool, ID, "second", 6), 1);
	read_is(t, SPOOL_ACTIVE, SPOOL_RESULT, "first");
	assert_int_equal(spool_log(t->spool, ID, "{\"event\":\"a\"}", true), 0);
	assert_int_equal(spool_log(t->spool, ID, "b", false), 0);
	read_is(t, SPOOL_ACTIVE, SPOOL_LOG, "{\"event\":\"a\"}\nb\n");
	assert_int_equal(count(t, "active/" ID), 5);	/* with the claim; nothing half-made is left */
	assert_int_equal(spool_finish(t->spool, ID, ME, SPOOL_UNDELIVERED), 0);
	read_is(t, SPOOL_ACTIVE, SPOOL_RESULT, NULL);
	read_is(t, SPOOL_UNDELIVERED, SPOOL_RESULT, "first");
	assert_int_equal(count(t, "active"), 0);
}

static void ends_torn_lines(void **state)
{
	const struct scratch *t = *state;

	folder(t, "active/" ID);
	put(t, "active/" ID "/log.jsonl", "{\"event\":\"a\"}\n{\"event\":\"torn");
	assert_int_equal(spool_log(t->spool, ID, "b", true), 0);
	assert_int_equal(spool_log(t->spool, ID, "c", true), 0);
	read_is(t, SPOOL_ACTIVE, SPOOL_LOG, "{\"event\":\"a\"}\n{\"event\":\"torn\nb\nc\n");
}

/* The spooler puts aside what neither the handler's user nor its own wrote, so nobody else may answer 200. */
static void knows_who_may_submit(void **state)
{
	const struct scratch *t = *state;
	const struct passwd *other = getpwnam("nobody");
	char why[SPOOL_WHY];

	assert_int_equal(spool_submitter(t->spool, NULL, why), 0);
	assert_int_equal(spool_submitter(t->spool, "nobody", why), 0);
	if (geteuid() != 0 || other == NULL)
		skip();
	assert_int_equal(chown(t->root, other->pw_uid, (gid_t)-1), 0);
	assert_int_equal(spool_submitter(t->spool, NULL, why), -1);
	assert_non_null(strstr(why, "name this user as handler_user"));
	assert_int_equal(spool_submitter(t->spool, "nobody", why), -1);
	assert_non_null(strstr(why, "handler_user of the configuration is 'nobody' and this is uid 0"));
	assert_int_equal(spool_submitter(t->spool, "root", why), 0);
	assert_int_equal(chown(t->root, 0, (gid_t)-1), 0);
}

static void ends_jobs_once(void **state)
{
	const struct scratch *t = *state;

	assert_int_equal(spool_finish(t->spool, ID, ME, SPOOL_DONE), -1);
	assert_int_equal(errno, ENOENT);
	folder(t, "active/" ID);
	put(t, "active/" ID "/claim." ME, "");
	folder(t, "done/" ID);
	put(t, "done/" ID "/result.json", "sent");
	assert_int_equal(spool_finish(t->spool, ID, ME, SPOOL_DONE), -1);
	assert_int_equal(errno, EEXIST);
	holds(t, "done/" ID "/result.json", "sent");
	assert_true(has(t, "active/" ID "/claim." ME));
	assert_int_equal(spool_set_aside_active(t->spool, ID), 0);
	assert_int_equal(count(t, "active"), 0);
	assert_int_equal(count(t, "corrupt"), 0);
	folder(t, "active/prod.other");
	assert_int_equal(spool_set_aside_active(t->spool, "prod.other"), 0);
	assert_int_equal(count(t, "active"), 0);
	assert_int_equal(count(t, "corrupt"), 1);
}

int main(void)
{
#define WITH_SPOOL(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_drop)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_ids),
		WITH_SPOOL(makes_and_mends),
		WITH_SPOOL(refuses_to_make),
		WITH_SPOOL(opens),
		WITH_SPOOL(announces_keys),
		WITH_SPOOL(tells_life_and_rights),
		WITH_SPOOL(accepts),
		WITH_SPOOL(accepts_as_another_user),
		WITH_SPOOL(refuses_to_accept),
		WITH_SPOOL(keeps_files),
		WITH_SPOOL(ends_torn_lines),
		WITH_SPOOL(knows_who_may_submit),
		WITH_SPOOL(ends_jobs_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
