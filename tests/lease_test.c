/* Leases: what shows life, what shows death, and when a holder may no longer trust its own. The clocks that lease.c
 * reads can be put forward here (the linker wraps clock_gettime), so that nothing waits. */
#include "scratch_spool.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/json.h"
#include "base/lease.h"

#define S 1000

static int64_t later_ms;	/* by how much clocks but the wall's are put forward */

int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	int rc = __real_clock_gettime(clock, t);

	if (rc == 0 && clock != CLOCK_REALTIME)
		t->tv_sec += later_ms / 1000;
	return rc;
}

static int start(void **state)
{
	later_ms = 0;
	return scratch_make(state);
}

static bool dead(const struct scratch *t, const char *instance)
{
	struct lease_watch *w = lease_watch_new(t->spool);
	bool is = lease_dead(w, instance);

	lease_watch_free(w);
	return is;
}

static json_t *content(const struct scratch *t, const char *instance)
{
	char *path = xasprintf("spoolers/%s", instance), why[JSON_WHY];
	struct buf text = BUF_INIT(4096);
	json_t *j = NULL;

	assert_int_equal(fsio_read_file(t->fd, path, &text), 0);
	assert_int_equal(json_parse(buf_text(&text), text.len, &j, why), 0);
	buf_free(&text);
	free(path);
	return j;
}

static void is_taken_renewed_released(void **state)
{
	const struct scratch *t = *state;
	struct lease *l = lease_take(t->spool), *second = lease_take(t->spool);
	char instance[SPOOL_INSTANCE_SIZE], host[256];
	json_t *j;

	assert_non_null(l);
	assert_non_null(second);
	assert_string_not_equal(lease_instance(l), lease_instance(second));
	snprintf(instance, sizeof instance, "%s", lease_instance(l));
	assert_int_equal(strlen(instance), 32);
	assert_int_equal(strspn(instance, "0123456789abcdef"), 32);
	assert_int_equal(count(t, "spoolers"), 2);
	for (int i = 1; i < 12; i++) {
		j = content(t, instance);
		assert_int_equal(json_get_integer(j, "renewals", 0), i);
		json_free(j);
		assert_int_equal(lease_renew(l), 0);
	}
	j = content(t, instance);
	assert_int_equal(gethostname(host, sizeof host), 0);
	assert_string_equal(json_get_string(j, "host"), host);
	assert_int_equal(json_get_integer(j, "pid", 0), getpid());
	assert_non_null(json_get_string(j, "boot_id"));
	assert_non_null(json_get_string(j, "started"));
	json_free(j);
	assert_false(dead(t, instance));
	assert_true(lease_held(l));
	lease_release(l);
	assert_int_equal(count(t, "spoolers"), 1);
	assert_true(dead(t, instance));
	lease_release(second);
	lease_release(NULL);
}

/* Whoever removed it took its holder for dead. */
static void is_lost_when_removed(void **state)
{
	const struct scratch *t = *state;
	struct lease *l = lease_take(t->spool);
	char *path = xasprintf("spoolers/%s", lease_instance(l));

	assert_int_equal(unlinkat(t->fd, path, 0), 0);
	assert_int_equal(lease_renew(l), -1);
	assert_int_equal(errno, ENOENT);
	assert_true(dead(t, lease_instance(l)));
	assert_false(has(t, path));
	lease_release(l);
	free(path);
}

/* After half the time others may be about to take over, and after all of it they may have: renewing does not bring
 * it back, however late the one who renews wakes up. */
static void is_lost_when_late(void **state)
{
	const struct scratch *t = *state;
	struct lease *l = lease_take(t->spool);

	later_ms = LEASE_DEAD_MS / 2 - 2 * S;
	assert_true(lease_held(l));
	assert_int_equal(lease_renew(l), 0);
	later_ms += LEASE_DEAD_MS / 2 - 2 * S;
	assert_true(lease_held(l));
	later_ms += 3 * S;
	assert_false(lease_held(l));
	assert_int_equal(lease_renew(l), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_false(lease_held(l));
	lease_release(l);
}

/* ---- the same host ---- */

/* A spooler with a worker, as processes: both live until they are killed. The pids, and the lease's name. */
struct pair {
	pid_t supervisor, worker;
	char instance[SPOOL_INSTANCE_SIZE];
};

static void pair_start(const struct scratch *t, struct pair *pair)
{
	pid_t supervisor;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	pair->supervisor = fork();
	assert_true(pair->supervisor >= 0);
	if (pair->supervisor == 0) {
		struct lease *l = lease_take(t->spool);

		if (l == NULL)
			_exit(1);
		snprintf(pair->instance, sizeof pair->instance, "%s", lease_instance(l));
		pair->worker = fork();
		if (pair->worker == 0)
			for (;;)
				pause();
		if (write(fd[1], pair, sizeof *pair) != sizeof *pair)
			_exit(1);
		for (;;)
			pause();
	}
	close(fd[1]);
	supervisor = pair->supervisor;
	assert_int_equal(read(fd[0], pair, sizeof *pair), sizeof *pair);
	pair->supervisor = supervisor;
	close(fd[0]);
}

static void is_dead_when_the_last_process_is(void **state)
{
	const struct scratch *t = *state;
	struct lease_watch *w = lease_watch_new(t->spool);
	char *path;
	struct pair pair;
	int status;

	/* the worker is ours to wait for when its parent is gone */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	memset(&pair, 0, sizeof pair);
	pair_start(t, &pair);
	path = xasprintf("spoolers/%s", pair.instance);
	assert_false(lease_dead(w, pair.instance));
	assert_int_equal(kill(pair.supervisor, SIGKILL), 0);
	assert_int_equal(waitpid(pair.supervisor, &status, 0), pair.supervisor);
	/* its worker might still write */
	assert_false(lease_dead(w, pair.instance));
	later_ms = 10 * LEASE_DEAD_MS;
	assert_false(lease_dead(w, pair.instance));
	assert_int_equal(kill(pair.worker, SIGKILL), 0);
	assert_int_equal(waitpid(pair.worker, &status, 0), pair.worker);
	assert_true(lease_dead(w, pair.instance));
	/* looking does not remove it, and does not keep it locked for the next who looks */
	assert_true(has(t, path));
	assert_true(dead(t, pair.instance));
	assert_true(lease_dead(w, pair.instance));
	lease_watch_free(w);
	free(path);
}

/* ---- another host ---- */

static const char elsewhere[] = "{\"host\":\"elsewhere\",\"boot_id\":\"no-boot-of-ours\",\"pid\":1,\"renewals\":%d}\n";

static void write_lease(const struct scratch *t, const char *text)
{
	(void)unlinkat(t->fd, "spoolers/" OTHER, 0);
	put(t, "spoolers/" OTHER, text);
}

static void is_dead_elsewhere_when_unchanged(void **state)
{
	const struct scratch *t = *state;
	struct lease_watch *w = lease_watch_new(t->spool);
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000000000 } };
	char *text = xasprintf(elsewhere, 1), *renewed = xasprintf(elsewhere, 2);

	write_lease(t, text);
	assert_false(lease_dead(w, OTHER));
	later_ms = LEASE_DEAD_MS - 2 * S;
	assert_false(lease_dead(w, OTHER));
	write_lease(t, renewed);
	assert_false(lease_dead(w, OTHER));
	later_ms += LEASE_DEAD_MS - 2 * S;
	assert_false(lease_dead(w, OTHER));
	/* the same text, written at another time */
	assert_int_equal(utimensat(t->fd, "spoolers/" OTHER, times, 0), 0);
	assert_false(lease_dead(w, OTHER));
	later_ms += LEASE_DEAD_MS - 2 * S;
	assert_false(lease_dead(w, OTHER));
	later_ms += 3 * S;
	assert_true(lease_dead(w, OTHER));
	/* whoever has just begun to look knows nothing yet */
	assert_false(dead(t, OTHER));
	lease_watch_free(w);
	free(text);
	free(renewed);
}

static void decides_by_lock_on_the_same_host(void **state)
{
	const struct scratch *t = *state;
	struct lease *own = lease_take(t->spool);
	json_t *j = content(t, lease_instance(own));
	char *text;

	/* before a reboot; and a container with another name under the same kernel */
	static const char *const changed[] = { "boot_id", "host" };

	for (size_t i = 0; i < COUNT(changed); i++) {
		json_t *copy = json_copy(j);

		json_put_string(copy, changed[i], "another");
		text = json_text(copy);
		write_lease(t, text);
		assert_true(dead(t, OTHER));
		free(text);
		json_free(copy);
	}
	/* an empty name or id is nobody's */
	write_lease(t, "{\"host\":\"\",\"boot_id\":\"\"}");
	assert_false(dead(t, OTHER));
	json_free(j);
	lease_release(own);
}

/* What was seen of a lease that is gone is not taken for what is seen of the next one of that name. */
static void forgets_what_is_gone(void **state)
{
	const struct scratch *t = *state;
	struct lease_watch *w = lease_watch_new(t->spool);
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000000000 } };
	char *text = xasprintf(elsewhere, 1);

	for (int i = 0; i < 2; i++) {
		later_ms = i * 2 * LEASE_DEAD_MS;
		write_lease(t, text);
		assert_int_equal(utimensat(t->fd, "spoolers/" OTHER, times, 0), 0);
		assert_false(lease_dead(w, OTHER));
		later_ms += LEASE_DEAD_MS + S;
		assert_true(lease_dead(w, OTHER));
		lease_sweep(w);
		assert_int_equal(faccessat(t->fd, "spoolers/" OTHER, F_OK, 0), -1);
	}
	lease_watch_free(w);
	free(text);
}

/* What is no lease, or is one only in part, is not dead at once. */
static void waits_for_what_it_cannot_read(void **state)
{
	static const struct { const char *text; bool ever; } texts[] = {
		{ "", true }, { "{\"host\":", true }, { "[]", true }, { "{}", true }, { NULL, false },
	};
	const struct scratch *t = *state;
	char *large = xcalloc(1, 5001);

	memset(large, ' ', 5000);
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct lease_watch *w = lease_watch_new(t->spool);

		later_ms = 0;
		write_lease(t, texts[i].text == NULL ? large : texts[i].text);
		assert_false(lease_dead(w, OTHER));
		later_ms = LEASE_DEAD_MS + S;
		assert_int_equal(lease_dead(w, OTHER), texts[i].ever);
		lease_watch_free(w);
	}
	assert_int_equal(unlinkat(t->fd, "spoolers/" OTHER, 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", t->fd, "spoolers/" OTHER), 0);
	assert_false(dead(t, OTHER));
	assert_int_equal(unlinkat(t->fd, "spoolers/" OTHER, 0), 0);
	folder(t, "spoolers/" OTHER);
	assert_false(dead(t, OTHER));
	assert_int_equal(unlinkat(t->fd, "spoolers/" OTHER, AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(t->fd, "spoolers/" OTHER, 0600), 0);
	assert_false(dead(t, OTHER));
	assert_int_equal(unlinkat(t->fd, "spoolers/" OTHER, 0), 0);
	assert_true(dead(t, OTHER));
	free(large);
}

int main(void)
{
#define WITH_SPOOL(test) cmocka_unit_test_setup_teardown(test, start, scratch_drop)
	const struct CMUnitTest tests[] = {
		WITH_SPOOL(is_taken_renewed_released),
		WITH_SPOOL(is_lost_when_removed),
		WITH_SPOOL(is_lost_when_late),
		WITH_SPOOL(is_dead_when_the_last_process_is),
		WITH_SPOOL(is_dead_elsewhere_when_unchanged),
		WITH_SPOOL(decides_by_lock_on_the_same_host),
		WITH_SPOOL(forgets_what_is_gone),
		WITH_SPOOL(waits_for_what_it_cannot_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
