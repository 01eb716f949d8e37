/* What the service manager is told, and how often the watchdog wants to hear of the process. */
#include "test.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/log.h"
#include "base/notify.h"

/* A bound datagram socket; n is the length of the name in sun_path, which begins with NUL if it is abstract. */
static int listener(const char *name, size_t n)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, name, n);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)))
		fail_msg("no socket: %s", strerror(errno));
	return fd;
}

static const char *received(int fd, char into[256])
{
	ssize_t n = recv(fd, into, 255, 0);

	into[n < 0 ? 0 : n] = '\0';
	return into;
}

static void expect_states(int fd)
{
	static const struct {
		enum notify_state state;
		const char *message;
	} rows[] = {
		{ NOTIFY_READY, "READY=1" },
		{ NOTIFY_STOPPING, "STOPPING=1" },
		{ NOTIFY_ALIVE, "WATCHDOG=1" },
	};
	char message[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(notify(rows[i].state), 0);
		assert_string_equal(received(fd, message), rows[i].message);
		assert_string_equal(received(fd, message), "");
	}
}

static int64_t monotonic_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void states_by_path(void **state)
{
	char *folder = test_folder(), *path = NULL, message[256];
	int64_t before, said = 0;
	int fd, end = 0;

	(void)state;
	assert_true(asprintf(&path, "%s/notify", folder) > 0);
	fd = listener(path, strlen(path) + 1);
	setenv("NOTIFY_SOCKET", path, 1);
	expect_states(fd);

	before = monotonic_us();
	assert_int_equal(notify(NOTIFY_RELOADING), 0);
	received(fd, message);
	assert_int_equal(sscanf(message, "RELOADING=1\nMONOTONIC_USEC=%" SCNd64 "%n", &said, &end), 1);
	assert_int_equal(strlen(message), end);
	assert_true(said >= before && said <= monotonic_us());

	/* Nobody listens any more: told, but no trouble. */
	close(fd);
	assert_int_equal(notify(NOTIFY_READY), -1);
	unsetenv("NOTIFY_SOCKET");
	free(path);
	test_remove(folder);
}

static void states_by_abstract_name(void **state)
{
	char name[64];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@planspool-notify-%ld", (long)getpid());
	setenv("NOTIFY_SOCKET", name, 1);
	name[0] = '\0';
	fd = listener(name, 1 + strlen(name + 1));
	expect_states(fd);
	close(fd);
	unsetenv("NOTIFY_SOCKET");
}

static void nobody_to_tell(void **state)
{
	char long_name[200];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify(NOTIFY_READY), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(notify(NOTIFY_READY), 0);
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(notify(NOTIFY_READY), -1);
	setenv("NOTIFY_SOCKET", "@", 1);
	assert_int_equal(notify(NOTIFY_READY), -1);
	memset(long_name, '/', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", long_name, 1);
	assert_int_equal(notify(NOTIFY_READY), -1);
	unsetenv("NOTIFY_SOCKET");
}

static void watchdog(void **state)
{
	char own[32];
	const struct {
		const char *usec, *pid;
		int64_t every;
	} rows[] = {
		{ NULL, NULL, 0 },
		{ "60000000", NULL, 30000 },
		{ "60000000", own, 30000 },
		{ "60000000", "1", 0 },
		{ "60000000", "x", 0 },
		{ "3000", NULL, 1 },
		{ "1999", NULL, 0 },
		{ "0", NULL, 0 },
		{ "", NULL, 0 },
		{ "-1", NULL, 0 },
		{ "10s", NULL, 0 },
		{ "99999999999999999999", NULL, 0 },
	};

	(void)state;
	snprintf(own, sizeof(own), "%ld", (long)getpid());
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		if (rows[i].usec)
			setenv("WATCHDOG_USEC", rows[i].usec, 1);
		if (rows[i].pid)
			setenv("WATCHDOG_PID", rows[i].pid, 1);
		assert_int_equal(notify_watchdog_ms(), rows[i].every);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_by_path),
		cmocka_unit_test(states_by_abstract_name),
		cmocka_unit_test(nobody_to_tell),
		cmocka_unit_test(watchdog),
	};

	log_open("notify_test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
