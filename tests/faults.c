/*
 * A library to preload into a program under test: counts what it does to the spool, and at a call that the test chooses
 * kills it, lets the call fail, or writes down every change for a replay of power losses (tests/powerloss.c).
 *
 *	PLANSPOOL_FAULTS_ROOT	the spool; calls on other files are left alone
 *	PLANSPOOL_FAULTS_STATE	a file that the processes of one run share; the test removes it before each run and may
 *				read it afterwards: "<calls counted> <faults done>"
 *	PLANSPOOL_FAULTS	what to do, one of
 *		count		nothing but count
 *		crash:N		at call N, SIGKILL for the program and all its workers
 *		claimed		the same, right behind the renaming of a job into active/
 *		die:N		at call N, SIGKILL for the process that makes it
 *		stop:N		at call N, SIGSTOP for the program and all its workers; it may be continued
 *		fail:N:ERROR	call N fails with EIO, ENOSPC, EDQUOT, EMFILE or EINTR, or (SHORT) writes only half
 *		jobs		in the workers, the Nth call for the job prod.<letters>-ERROR-N fails with ERROR
 *	PLANSPOOL_FAULTS_ALL	count and crash look at every call; without, only at those that change something that
 *				outlives the process: names, data, and what is sent to others. A kill anywhere between
 *				two of these leaves the same behind.
 *	PLANSPOOL_FAULTS_RECORD	a file to which every change is appended; tests/record.h has its form
 *	PLANSPOOL_FAULTS_CLOCK	seconds by which the wall clock is fast; negative: slow. With a "/" in it: a file that says so, and
 *				may say something else later
 *	PLANSPOOL_FAULTS_PASSED	the same for the clock that only goes forward: a file that says how many seconds have passed unseen
 *	PLANSPOOL_FAULTS_HOST	a host name to believe in; the boot id is then another one, too
 *
 * "Call N" is counted from 1 over all processes of a run, and the fault comes before the call has any effect. Where a
 * file is, is looked up through /proc/self/fd, so that moved files are told apart by their present names.
 */
#include <dlfcn.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "record.h"

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define SHORT (-1)
#define JOBS_MAX 4096
#define STATE_SIZE 4096

enum mode { OFF, COUNT, CRASH, CLAIMED, DIE, STOP, FAIL, JOBS };

struct shared {
	char text[64];			/* for the test */
	atomic_uint calls, done;
	atomic_int leader;		/* the first process: its workers are in its process group */
	atomic_flag lock;		/* of the record */
};

struct job {
	char id[64];
	unsigned calls;
};

/* The state of this process. A library has nobody else to keep it. */
static struct {
	enum mode mode;
	unsigned at;
	int error;
	bool all;
	const char *clock, *passed;
	const char *root, *host;
	int record;
	struct shared *shared;
	struct job *jobs, *job;		/* those seen by a worker, and the one it is busy with */
	unsigned job_count;
} f = { .record = -1 };

static const struct { const char *name; int number; } errors[] = {
	{ "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT }, { "EMFILE", EMFILE }, { "EINTR", EINTR },
	{ "SHORT", SHORT },
};

static int error_number(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (strlen(errors[i].name) == len && strncmp(name, errors[i].name, len) == 0)
			return errors[i].number;
	return 0;
}

static void read_orders(const char *text)
{
	static const struct { const char *word; enum mode mode; } modes[] = {
		{ "count", COUNT }, { "crash:", CRASH }, { "claimed", CLAIMED }, { "die:", DIE }, { "stop:", STOP },
		{ "fail:", FAIL }, { "jobs", JOBS },
	};
	char *end;

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		if (strncmp(text, modes[i].word, strlen(modes[i].word)) != 0)
			continue;
		f.mode = modes[i].mode;
		f.at = (unsigned)strtoul(text + strlen(modes[i].word), &end, 10);
		if (f.mode == FAIL && *end == ':')
			f.error = error_number(end + 1, strlen(end + 1));
	}
}

__attribute__((constructor)) static void set_up(void)
{
	const char *orders = getenv("PLANSPOOL_FAULTS"), *state = getenv("PLANSPOOL_FAULTS_STATE");
	const char *record = getenv("PLANSPOOL_FAULTS_RECORD");
	int fd, none = 0;

	f.host = getenv("PLANSPOOL_FAULTS_HOST");
	f.clock = getenv("PLANSPOOL_FAULTS_CLOCK");
	f.passed = getenv("PLANSPOOL_FAULTS_PASSED");
	f.root = getenv("PLANSPOOL_FAULTS_ROOT");
	if (f.root == NULL || state == NULL)
		return;
	fd = REAL(open)(state, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || REAL(ftruncate)(fd, STATE_SIZE) != 0)
		abort();
	f.shared = mmap(NULL, STATE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (f.shared == MAP_FAILED)
		abort();
	REAL(close)(fd);
	f.all = getenv("PLANSPOOL_FAULTS_ALL") != NULL;
	if (orders != NULL)
		read_orders(orders);
	if (record != NULL)
		f.record = REAL(open)(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if ((f.mode == CRASH || f.mode == CLAIMED || f.mode == STOP) && atomic_compare_exchange_strong(&f.shared->leader, &none, getpid()))
		(void)setpgid(0, 0);
	if (f.mode == JOBS)
		atomic_compare_exchange_strong(&f.shared->leader, &none, getpid());
}

/* ---- where ---- */

struct call {
	char path[PATH_MAX];		/* below the root; "" for what is elsewhere */
	int error;			/* the call must fail so; SHORT: write half */
	bool locked;
};

/* The path of name in dirfd, or of dirfd itself if name is NULL, below the root. */
static void locate(int dirfd, const char *name, char out[PATH_MAX])
{
	char link[64], folder[PATH_MAX] = "", whole[2 * PATH_MAX];
	int saved = errno;
	size_t len;
	ssize_t n;

	out[0] = '\0';
	if (f.root == NULL || f.shared == NULL)
		return;
	if (name == NULL || name[0] != '/') {
		if (dirfd < 0)
			return;
		snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
		n = readlink(link, folder, sizeof folder - 1);
		folder[n < 0 ? 0 : n] = '\0';
	}
	snprintf(whole, sizeof whole, "%s%s%s", folder, name == NULL || folder[0] == '\0' ? "" : "/",
		name == NULL ? "" : name);
	len = strlen(f.root);
	if (strncmp(whole, f.root, len) == 0 && (whole[len] == '/' || whole[len] == '\0'))
		snprintf(out, PATH_MAX, ".%.4000s", whole + len);
	errno = saved;
}

/* ---- faults ---- */

static bool is_worker(void)
{
	return atomic_load(&f.shared->leader) != getpid();
}

/* Counts a call for the job that the path names, or for the one before if it is a directory of many. The fault or 0. */
static int job_error(const char *path)
{
	const char *name = strstr(path, "/prod."), *hidden = strstr(path, ".prod."), *id;
	char error[16];
	unsigned at;
	size_t len;
	int number;

	if (!is_worker())
		return 0;
	if (f.jobs == NULL)
		f.jobs = calloc(JOBS_MAX, sizeof *f.jobs);
	name = name != NULL ? name : hidden;
	if (name != NULL) {
		id = name + 6;
		len = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
		if (len >= sizeof f.jobs->id)
			return 0;
		for (f.job = f.jobs; f.job < f.jobs + f.job_count; f.job++)
			if (strncmp(f.job->id, id, len) == 0 && f.job->id[len] == '\0')
				break;
		if (f.job == f.jobs + f.job_count) {
			if (++f.job_count == JOBS_MAX)
				abort();
			memcpy(f.job->id, id, len);
		}
	}
	if (f.job == NULL || sscanf(f.job->id, "%*[a-z]-%15[A-Z]-%u", error, &at) != 2 || ++f.job->calls != at)
		return 0;
	number = error_number(error, strlen(error));
	atomic_fetch_add(&f.shared->done, number != 0);
	return number;
}

static void tell(void)
{
	snprintf(f.shared->text, sizeof f.shared->text, "%u %u\n", atomic_load(&f.shared->calls),
		atomic_load(&f.shared->done));
}

/* One more call that counts; the fault or 0. */
static int count(const char *path, bool change)
{
	unsigned n;

	if (f.mode == JOBS) {
		n = (unsigned)job_error(path);
		tell();
		return (int)n;
	}
	if (!change && f.mode != FAIL && !f.all)
		return 0;
	n = atomic_fetch_add(&f.shared->calls, 1) + 1;
	if (n == f.at && f.mode != COUNT)
		atomic_fetch_add(&f.shared->done, 1);
	tell();
	if (n != f.at)
		return 0;
	if (f.mode == CRASH)
		kill(-atomic_load(&f.shared->leader), SIGKILL);
	if (f.mode == CRASH || f.mode == DIE)
		raise(SIGKILL);
	if (f.mode == STOP)
		kill(-atomic_load(&f.shared->leader), SIGSTOP);
	return f.mode == FAIL ? f.error : 0;
}

/* Before a call: where it leads, and whether it must fail. True if the real one is to be made; else errno is set. */
static bool enter(struct call *c, int dirfd, const char *name, bool change)
{
	int saved = errno;

	c->error = 0;
	c->locked = false;
	locate(dirfd, name, c->path);
	if (c->path[0] != '\0' && f.mode != OFF)
		c->error = count(c->path, change);
	if (c->path[0] != '\0' && f.record >= 0) {
		while (atomic_flag_test_and_set(&f.shared->lock))
			sched_yield();
		c->locked = true;
	}
	if (c->error == SHORT)
		return true;
	errno = c->error != 0 ? c->error : saved;
	return c->error == 0;
}

/* ---- the record ---- */

static void note(enum record_kind kind, const char *path, const char *other, uint64_t offset, const void *data,
	size_t len)
{
	struct record r = {
		.kind = kind, .path_len = (uint32_t)strlen(path), .other_len = (uint32_t)strlen(other),
		.offset = offset, .data_len = (uint32_t)len,
	};
	__typeof__(&write) real_write = REAL(write);

	if (real_write(f.record, &r, sizeof r) < 0 || real_write(f.record, path, r.path_len) < 0 ||
	    real_write(f.record, other, r.other_len) < 0 || (len > 0 && real_write(f.record, data, len) < 0))
		abort();
}

/* After a call: it is written down if it was made. */
static void leave(struct call *c, bool made, enum record_kind kind, const char *other, uint64_t offset,
	const void *data, size_t len)
{
	int saved = errno;

	if (!c->locked)
		return;
	if (made)
		note(kind, c->path, other, offset, data, len);
	atomic_flag_clear(&f.shared->lock);
	errno = saved;
}

static void mark(const char *data, size_t len, const char *sign, enum record_kind kind)
{
	struct call c = { .path = "." };

	if (f.record < 0 || memmem(data, len, sign, strlen(sign)) == NULL)
		return;
	while (atomic_flag_test_and_set(&f.shared->lock))
		sched_yield();
	c.locked = true;
	leave(&c, true, kind, "", 0, NULL, 0);
}

/* ---- the calls ---- */

static int open_any(int dirfd, const char *name, int flags, mode_t mode)
{
	struct call c;
	struct stat st;
	bool there;
	int fd = -1;

	if (f.host != NULL && strcmp(name, "/proc/sys/kernel/random/boot_id") == 0)
		name = "/proc/sys/kernel/random/uuid";
	if (!enter(&c, dirfd, name, (flags & (O_CREAT | O_TRUNC)) != 0)) {
		leave(&c, false, RECORD_CREATE, "", 0, NULL, 0);
		return -1;
	}
	there = !c.locked || REAL(fstatat)(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	fd = REAL(openat)(dirfd, name, flags, mode);
	leave(&c, fd >= 0 && !there, RECORD_CREATE, "", 0, NULL, 0);
	return fd;
}

int openat(int dirfd, const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return open_any(dirfd, name, flags, mode);
}

int open(const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return open_any(AT_FDCWD, name, flags, mode);
}

ssize_t write(int fd, const void *data, size_t n)
{
	struct call c;
	ssize_t done = -1;
	off_t at;

	if (fd == STDOUT_FILENO)
		mark(data, n, "Status: 200", RECORD_ACCEPTED);
	if (enter(&c, fd, NULL, true))
		done = REAL(write)(fd, data, c.error == SHORT && n > 1 ? n / 2 : n);
	at = c.locked && done > 0 ? lseek(fd, 0, SEEK_CUR) - done : 0;
	leave(&c, done > 0, RECORD_WRITE, "", (uint64_t)at, data, done > 0 ? (size_t)done : 0);
	return done;
}

int ftruncate(int fd, off_t len)
{
	struct call c;
	int rc = enter(&c, fd, NULL, true) ? REAL(ftruncate)(fd, len) : -1;

	leave(&c, rc == 0, RECORD_TRUNCATE, "", (uint64_t)len, NULL, 0);
	return rc;
}

int fsync(int fd)
{
	struct call c;
	int rc = enter(&c, fd, NULL, false) ? REAL(fsync)(fd) : -1;

	leave(&c, rc == 0, RECORD_SYNC, "", 0, NULL, 0);
	return rc;
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	struct call c;
	char other[PATH_MAX];
	int rc = enter(&c, from_fd, from, true) ? REAL(linkat)(from_fd, from, to_fd, to, flags) : -1;

	locate(to_fd, to, other);
	leave(&c, rc == 0, RECORD_LINK, other, 0, NULL, 0);
	return rc;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	struct call c;
	char other[PATH_MAX];
	int rc = enter(&c, from_fd, from, true) ? REAL(renameat)(from_fd, from, to_fd, to) : -1;

	locate(to_fd, to, other);
	leave(&c, rc == 0, RECORD_RENAME, other, 0, NULL, 0);
	if (rc == 0 && f.mode == CLAIMED && strncmp(other, "./active/prod.", 14) == 0)
		kill(-atomic_load(&f.shared->leader), SIGKILL);
	return rc;
}

int unlinkat(int dirfd, const char *name, int flags)
{
	struct call c;
	int rc = enter(&c, dirfd, name, true) ? REAL(unlinkat)(dirfd, name, flags) : -1;

	leave(&c, rc == 0, RECORD_UNLINK, "", 0, NULL, 0);
	return rc;
}

int mkdirat(int dirfd, const char *name, mode_t mode)
{
	struct call c;
	int rc = enter(&c, dirfd, name, true) ? REAL(mkdirat)(dirfd, name, mode) : -1;

	leave(&c, rc == 0, RECORD_MKDIR, "", 0, NULL, 0);
	return rc;
}

/* Those that the programs do not use today go the same way, should they come to. */
int mkdir(const char *name, mode_t mode)
{
	return mkdirat(AT_FDCWD, name, mode);
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *name)
{
	return unlinkat(AT_FDCWD, name, 0);
}

int fdatasync(int fd)
{
	return fsync(fd);
}

/* A close that fails has closed all the same. */
int close(int fd)
{
	struct call c;
	bool go = enter(&c, fd, NULL, false);
	int saved = errno, rc = REAL(close)(fd);

	leave(&c, false, RECORD_SYNC, "", 0, NULL, 0);
	if (go)
		return rc;
	errno = saved;
	return -1;
}

/* Calls whose effects are not recorded. */
#define PLAIN(type, change, fd, name, ...) do { \
	struct call c; \
	type rc = enter(&c, fd, name, change) ? __VA_ARGS__ : (type)-1; \
	leave(&c, false, RECORD_SYNC, "", 0, NULL, 0); \
	return rc; \
} while (0)

ssize_t read(int fd, void *to, size_t n)
{
	PLAIN(ssize_t, false, fd, NULL, REAL(read)(fd, to, n));
}

ssize_t pread(int fd, void *to, size_t n, off_t at)
{
	PLAIN(ssize_t, false, fd, NULL, REAL(pread)(fd, to, n, at));
}

int fchmod(int fd, mode_t mode)
{
	PLAIN(int, true, fd, NULL, REAL(fchmod)(fd, mode));
}

int fchown(int fd, uid_t user, gid_t group)
{
	PLAIN(int, true, fd, NULL, REAL(fchown)(fd, user, group));
}

int fchownat(int fd, const char *name, uid_t user, gid_t group, int flags)
{
	PLAIN(int, true, fd, name, REAL(fchownat)(fd, name, user, group, flags));
}

int flock(int fd, int how)
{
	PLAIN(int, false, fd, NULL, REAL(flock)(fd, how));
}

int fstat(int fd, struct stat *st)
{
	PLAIN(int, false, fd, NULL, REAL(fstat)(fd, st));
}

int fstatat(int fd, const char *restrict name, struct stat *restrict st, int flags)
{
	PLAIN(int, false, fd, name, REAL(fstatat)(fd, name, st, flags));
}

struct dirent *readdir(DIR *dir)
{
	struct call c;
	struct dirent *entry = enter(&c, dirfd(dir), NULL, false) ? REAL(readdir)(dir) : NULL;

	leave(&c, false, RECORD_SYNC, "", 0, NULL, 0);
	return entry;
}

/* What is said to others and heard from them counts for kills, and never fails. */
static void on_network(void)
{
	if (f.shared != NULL && f.mode != OFF && f.mode != FAIL && f.mode != JOBS)
		(void)count("", true);
}

ssize_t send(int fd, const void *data, size_t n, int flags)
{
	mark(data, n, "\"status\":\"passed\"", RECORD_ANSWERED);
	mark(data, n, "\"status\":\"failed\"", RECORD_ANSWERED);
	on_network();
	return REAL(send)(fd, data, n, flags);
}

ssize_t recv(int fd, void *to, size_t n, int flags)
{
	on_network();
	return REAL(recv)(fd, to, n, flags);
}

/* By how many seconds a clock is fast now, as a number or a file says. */
static time_t fast(const char *said)
{
	char text[32] = "";
	ssize_t n;
	int fd;

	if (said == NULL)
		return 0;
	if (strchr(said, '/') == NULL)
		return (time_t)strtol(said, NULL, 10);
	fd = REAL(open)(said, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (n = REAL(read)(fd, text, sizeof text - 1)) <= 0)
		abort();
	REAL(close)(fd);
	return (time_t)strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int rc = REAL(clock_gettime)(clock, t);

	if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC))
		t->tv_sec += fast(clock == CLOCK_REALTIME ? f.clock : f.passed);
	return rc;
}

time_t time(time_t *t)
{
	time_t now = REAL(time)(NULL) + fast(f.clock);

	if (t != NULL)
		*t = now;
	return now;
}

int gethostname(char *name, size_t size)
{
	if (f.host == NULL)
		return REAL(gethostname)(name, size);
	snprintf(name, size, "%s", f.host);
	return 0;
}
