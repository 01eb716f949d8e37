/* The spool when things go wrong between two system calls: the calls that change a directory, and fsync, are wrapped
 * by the linker. Each operation is seen to make things durable in the right order; then it is killed before each of
 * its calls in turn, and each of its calls in turn fails, and every time the job must be found, once and whole, by
 * whoever comes next. */
#include "scratch_spool.h"

#include <limits.h>
#include <sys/wait.h>

#include "base/clock.h"

enum how { PLAIN, FAIL, DIE };

static struct {
	bool on;
	enum how how;
	int at, step;		/* which call fails or is never made, from 1; the call under way */
	bool cleaning;		/* the one that failed was an unlink, which alone may fail unseen */
	bool blind;		/* no folder can be read */
	char trace[1024];
	void (*meanwhile)(const char *call, const char *name);	/* called before each call; NULL: nothing happens */
} wrap;

struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);

struct dirent *__wrap_readdir(DIR *dir)
{
	if (!wrap.blind)
		return __real_readdir(dir);
	errno = EIO;
	return NULL;
}

/* The last part of a name, or of what a descriptor is; without what is made by chance. */
static const char *last_part(const char *path)
{
	static char part[NAME_MAX + 1];
	const char *slash = strrchr(path, '/');

	snprintf(part, sizeof part, "%s", slash == NULL ? path : slash + 1);
	if (strncmp(part, ".claim.", 7) == 0)
		snprintf(part, sizeof part, "hidden");
	else if (strncmp(part, "claim.", 6) == 0)
		snprintf(part, sizeof part, "claim");
	else if (strncmp(part, "result.", 7) == 0 && strcmp(part, "result.json") != 0)
		snprintf(part, sizeof part, "result.tmp");
	else if (strncmp(part, "outcomes.", 9) == 0 && strcmp(part, "outcomes.jsonl") != 0)
		snprintf(part, sizeof part, "outcomes.tmp");
	else if (strncmp(part, ID ".", strlen(ID) + 1) == 0 && strcmp(part, ID ".json") != 0)
		snprintf(part, sizeof part, "tmp");
	return part;
}

/* Notes a call; whether it is to fail. */
static bool strikes(const char *call, const char *name)
{
	bool unlinks = strcmp(call, "unlink") == 0;
	const char *part = last_part(name);
	size_t n = strlen(wrap.trace);

	if (wrap.meanwhile != NULL)
		wrap.meanwhile(call, name);
	if (!wrap.on)
		return false;
	if (unlinks && (strcmp(part, "claim") == 0 || strcmp(part, "request.json") == 0))
		part = "a file";	/* in no order */
	snprintf(wrap.trace + n, sizeof wrap.trace - n, "%s %s\n", call, part);
	if (++wrap.step != wrap.at || wrap.how == PLAIN)
		return false;
	if (wrap.how == DIE)
		_exit(0);
	wrap.cleaning = unlinks;
	errno = EIO;
	return true;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);
int __real_mkdirat(int dir, const char *name, mode_t mode);
int __wrap_mkdirat(int dir, const char *name, mode_t mode);
ssize_t __real_write(int fd, const void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n);

static const char *path_of(int fd)
{
	static char path[PATH_MAX];
	char link[64];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n < 0 ? 0 : n] = '\0';
	return path;
}

int __wrap_fsync(int fd)
{
	return strikes("fsync", path_of(fd)) ? -1 : __real_fsync(fd);
}

int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	return strikes("link", to) ? -1 : __real_linkat(from_dir, from, to_dir, to, flags);
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return strikes("rename", to) ? -1 : __real_renameat(from_dir, from, to_dir, to);
}

int __wrap_unlinkat(int dir, const char *name, int flags)
{
	return strikes("unlink", name) ? -1 : __real_unlinkat(dir, name, flags);
}

int __wrap_mkdirat(int dir, const char *name, mode_t mode)
{
	return strikes("mkdir", name) ? -1 : __real_mkdirat(dir, name, mode);
}

/* A write that is struck has written half. */
ssize_t __wrap_write(int fd, const void *data, size_t n)
{
	if (wrap.on && wrap.how == DIE && wrap.step + 1 == wrap.at)
		(void)!__real_write(fd, data, n / 2);
	return strikes("write", path_of(fd)) ? -1 : __real_write(fd, data, n);
}

/* ---- the operations ---- */

static int do_accept(struct spool *s)
{
	return spool_accept(s, ID, BODY, strlen(BODY)) == SPOOL_REFUSED ? -1 : 0;
}

/* As the spooler does it: what is ours already is taken up, else it is claimed. */
static int claim_as(struct spool *s, const char *instance)
{
	char holder[SPOOL_INSTANCE_SIZE], why[SPOOL_WHY];
	enum spool_claimed how;

	if (spool_holder(s, ID, holder) == 0)
		how = spool_take_over(s, ID, holder, instance);
	else
		how = spool_claim(s, ID, instance, geteuid(), why);
	return how == SPOOL_TROUBLE || how == SPOOL_SET_ASIDE ? -1 : 0;
}

static int do_claim(struct spool *s)
{
	return claim_as(s, ME);
}

static int do_outcomes(struct spool *s)
{
	return spool_write_outcomes(s, ID, "outcomes", 8);
}

static int do_publish(struct spool *s)
{
	return spool_publish_result(s, ID, "first", 5) < 0 ? -1 : 0;
}

static int do_log(struct spool *s)
{
	return spool_log(s, ID, "{\"event\":\"b\"}", true);
}

static int do_finish(struct spool *s)
{
	return spool_finish(s, ID, ME, SPOOL_DONE);
}

static int do_retry(struct spool *s)
{
	return spool_retry(s, ID, 0);
}

/* ---- what must be the case afterwards ---- */

static void start_with_nothing(const struct scratch *t)
{
	(void)t;
}

static void start_accepted(const struct scratch *t)
{
	assert_int_equal(accept_job(t, ID), SPOOL_ACCEPTED);
}

static void start_claimed(const struct scratch *t)
{
	start_accepted(t);
	assert_int_equal(claim_job(t, ID, ME), SPOOL_CLAIMED);
	assert_int_equal(spool_log(t->spool, ID, "{\"event\":\"a\"}", false), 0);
}

static void start_with_outcomes(const struct scratch *t)
{
	start_claimed(t);
	assert_int_equal(spool_write_outcomes(t->spool, ID, "older", 5), 0);
}

static void start_ended(const struct scratch *t)
{
	start_claimed(t);
	assert_int_equal(spool_finish(t->spool, ID, ME, SPOOL_DONE), 0);
	put(t, "new/" ID ".json", BODY);
}

static void start_undelivered(const struct scratch *t)
{
	start_claimed(t);
	assert_int_equal(spool_finish(t->spool, ID, ME, SPOOL_UNDELIVERED), 0);
}

static void text_is(const struct scratch *t, const char *path, const char *one, const char *other)
{
	struct buf got = BUF_INIT(1 << 20);

	if (!has(t, path)) {
		assert_null(other);
		return;
	}
	assert_int_equal(fsio_read_file(t->fd, path, &got), 0);
	if (strcmp(buf_text(&got), one) != 0)
		assert_string_equal(buf_text(&got), other == NULL ? one : other);
	buf_free(&got);
}

/* Nothing half-made is visible in new/, and the sender's next try is taken or known. */
static void is_accepted(const struct scratch *t)
{
	text_is(t, "new/" ID ".json", BODY, NULL);
	assert_int_not_equal(accept_job(t, ID), SPOOL_REFUSED);
	holds(t, "new/" ID ".json", BODY);
	assert_int_equal(count(t, "new"), 1);
}

/* The next spooler has the whole job, and nothing of it is left in new/. */
static void is_claimed(const struct scratch *t)
{
	char holder[SPOOL_INSTANCE_SIZE], why[SPOOL_WHY];

	assert_int_equal(claim_as(t->spool, OTHER), 0);
	if (has(t, "new/" ID ".json"))
		assert_int_equal(spool_claim(t->spool, ID, OTHER, geteuid(), why), SPOOL_LOST);
	assert_int_equal(spool_holder(t->spool, ID, holder), 0);
	assert_string_equal(holder, OTHER);
	holds(t, "active/" ID "/request.json", BODY);
	assert_int_equal(count(t, "new"), 0);
}

static void is_dropped(const struct scratch *t)
{
	assert_int_equal(claim_as(t->spool, OTHER), 0);
	assert_int_equal(claim_as(t->spool, OTHER), 0);
	assert_int_equal(count(t, "new"), 0);
	assert_false(has(t, "active/" ID));
	assert_int_equal(count(t, "done"), 1);
	assert_int_equal(count(t, "done/" ID), 3);
}

static void has_outcomes(const struct scratch *t)
{
	assert_true(has(t, "active/" ID "/outcomes.jsonl"));
	text_is(t, "active/" ID "/outcomes.jsonl", "older", "outcomes");
	assert_int_equal(do_outcomes(t->spool), 0);
	holds(t, "active/" ID "/outcomes.jsonl", "outcomes");
}

/* Whoever finds a result sends exactly it. */
static void has_one_result(const struct scratch *t)
{
	bool there = has(t, "active/" ID "/result.json");

	text_is(t, "active/" ID "/result.json", "first", NULL);
	assert_int_equal(spool_publish_result(t->spool, ID, "second", 6), there);
	holds(t, "active/" ID "/result.json", there ? "first" : "second");
}

static void is_logged(const struct scratch *t)
{
	struct buf got = BUF_INIT(1 << 20);

	assert_int_equal(spool_log(t->spool, ID, "{\"event\":\"c\"}", true), 0);
	assert_int_equal(fsio_read_file(t->fd, "active/" ID "/log.jsonl", &got), 0);
	assert_memory_equal(got.data, "{\"event\":\"a\"}\n", 14);
	assert_string_equal(got.data + got.len - 15, "\n{\"event\":\"c\"}\n");
	buf_free(&got);
}

static void is_ended(const struct scratch *t)
{
	assert_int_not_equal(has(t, "active/" ID), has(t, "done/" ID));
	if (has(t, "active/" ID))
		assert_int_equal(do_finish(t->spool), 0);
	assert_int_equal(count(t, "done/" ID), 3);
	holds(t, "done/" ID "/request.json", BODY);
}

static void is_retried(const struct scratch *t)
{
	assert_int_not_equal(has(t, "active/" ID), has(t, "undelivered/" ID));
	if (has(t, "undelivered/" ID))
		assert_int_equal(do_retry(t->spool), 0);
	assert_int_equal(count(t, "undelivered"), 0);
	is_claimed(t);
	is_logged(t);
}

static const struct {
	void (*start)(const struct scratch *t);
	int (*run)(struct spool *s);
	void (*check)(const struct scratch *t);
	const char *trace;
} operations[] = {
	{ start_with_nothing, do_accept, is_accepted,
		"write tmp\nfsync tmp\nlink " ID ".json\nfsync new\nunlink tmp\n" },
	/* a duplicate is answered only when the first one's entry lasts */
	{ start_accepted, do_accept, is_accepted, "fsync new\n" },
	{ start_accepted, do_claim, is_claimed,
		"mkdir hidden\nwrite request.json\nfsync request.json\nfsync claim\nfsync hidden\n"
		"rename " ID "\nfsync active\n"
		"unlink " ID ".json\n" },
	{ start_ended, do_claim, is_dropped, "unlink " ID ".json\n" },
	{ start_with_outcomes, do_outcomes, has_outcomes,
		"write outcomes.tmp\nfsync outcomes.tmp\nrename outcomes.jsonl\n" },
	{ start_claimed, do_publish, has_one_result,
		"write result.tmp\nfsync result.tmp\nlink result.json\nunlink result.tmp\nfsync " ID "\n" },
	{ start_claimed, do_log, is_logged, "write log.jsonl\nfsync log.jsonl\nfsync " ID "\n" },
	{ start_claimed, do_finish, is_ended, "rename " ID "\nfsync done\nfsync active\n" },
	{ start_undelivered, do_retry, is_retried,
		"write log.jsonl\nfsync log.jsonl\nfsync " ID "\nrename " ID "\nfsync active\nfsync undelivered\n" },
};

/* Runs operation i in a spool of its own; its at-th call is struck. False when it has fewer calls. */
static bool run(size_t i, enum how how, int at)
{
	void *state = NULL;
	struct scratch *t;
	int status, rc;
	bool struck;
	pid_t pid;

	scratch_make(&state);
	t = state;
	operations[i].start(t);
	memset(&wrap, 0, sizeof wrap);
	wrap.how = how;
	wrap.at = at;
	if (how == DIE) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			wrap.on = true;
			(void)operations[i].run(t->spool);
			_exit(1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		struck = WEXITSTATUS(status) == 0;
	} else {
		wrap.on = true;
		rc = operations[i].run(t->spool);
		wrap.on = false;
		struck = wrap.step >= at;
		if (how == PLAIN && strcmp(wrap.trace, operations[i].trace) != 0)
			fail_msg("operation %zu:\n%s--- not ---\n%s", i, wrap.trace, operations[i].trace);
		if (how == PLAIN)
			assert_int_equal(rc, 0);
		/* what is answered well is durable: no call that makes it so may fail unseen */
		if (how == FAIL && struck && rc == 0 && !wrap.cleaning)
			fail_msg("operation %zu does not see call %d fail:\n%s", i, at, wrap.trace);
	}
	operations[i].check(t);
	scratch_drop(&state);
	return struck;
}

static void is_durable_in_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(operations); i++)
		run(i, PLAIN, 0);
}

static void survives_failing_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(operations); i++)
		for (int at = 1; run(i, FAIL, at); at++)
			;
}

static void survives_being_killed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(operations); i++)
		for (int at = 1; run(i, DIE, at); at++)
			;
}

/* A job whose folder cannot be read has a holder all the same: one that has none is set aside. */
static void guesses_no_holder(void **state)
{
	const struct scratch *t = *state;
	char holder[SPOOL_INSTANCE_SIZE];

	assert_int_equal(accept_job(t, ID), SPOOL_ACCEPTED);
	assert_int_equal(claim_job(t, ID, ME), SPOOL_CLAIMED);
	wrap.blind = true;
	assert_int_equal(spool_holder(t->spool, ID, holder), -1);
	wrap.blind = false;
	assert_int_equal(errno, EIO);
	assert_int_equal(spool_holder(t->spool, ID, holder), 0);
	assert_string_equal(holder, ME);
}

/* What happens while a spooler that claims a duplicate is stopped: before the claim the first job ends undelivered; then another
 * spooler takes the claim over and drops the duplicate; then a person tries the job again. */
static const struct scratch *stopped_in;

static void tried_again(const char *call, const char *name)
{
	if (strcmp(call, "unlink") != 0 || strcmp(name, ID ".json") != 0)
		return;
	wrap.meanwhile = NULL;
	assert_int_equal(spool_take_over(stopped_in->spool, ID, ME, OTHER), SPOOL_FINISHED);
	assert_int_equal(spool_retry(stopped_in->spool, ID, clock_wall()), 0);
}

static void job_ends(const char *call, const char *name)
{
	if (strcmp(call, "rename") != 0 || strcmp(name, ID) != 0)
		return;
	wrap.meanwhile = NULL;
	assert_int_equal(renameat(stopped_in->fd, "ended", stopped_in->fd, "undelivered/" ID), 0);
	wrap.meanwhile = tried_again;
}

static void leaves_what_was_tried_again(void **state)
{
	const struct scratch *t = stopped_in = *state;

	assert_int_equal(accept_job(t, ID), SPOOL_ACCEPTED);
	folder(t, "ended");
	put(t, "ended/request.json", BODY);
	put(t, "ended/claim." OTHER, "");
	wrap.on = false;
	wrap.meanwhile = job_ends;
	assert_int_equal(claim_job(t, ID, ME), SPOOL_LOST);
	assert_null(wrap.meanwhile);
	holds(t, "active/" ID "/request.json", BODY);
	assert_true(has(t, "active/" ID "/claim." OTHER));
	assert_false(has(t, "new/" ID ".json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(leaves_what_was_tried_again, scratch_make, scratch_drop),
		cmocka_unit_test_setup_teardown(guesses_no_holder, scratch_make, scratch_drop),
		cmocka_unit_test(is_durable_in_order),
		cmocka_unit_test(survives_failing_calls),
		cmocka_unit_test(survives_being_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
