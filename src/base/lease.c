/*
 * Leases of running spoolers.
 *
 * A lease is one small file, spoolers/<instance>, that tells people who holds it ({host, boot_id, pid, started}) and
 * spoolers that the holder lives. Its holder keeps it locked (flock) through a descriptor that its workers inherit:
 * the lock is free once the last of them is gone, at the same moment at which none of them can touch a job any more.
 * So under the same kernel (containers share it) or on a host of the same name the lock alone decides, and a reused
 * pid or a stepped clock cannot deceive: hosts that share a spool need names of their own. From another host the lock
 * may not be seen: there a lease counts as dead when its content and mtime have not changed for LEASE_DEAD_MS on the
 * observer's own monotonic clock, and a holder that could not renew it for half of that stops by itself (lease_held).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/lease.h"
#include "base/mem.h"
#include "base/text.h"

#define LEASE_SIZE_MAX 4096

/* In memory that a holder shares with its children: each of them asks lease_held for itself, and none goes on when
 * the one that renews has stopped. */
struct lease {
	int dir, fd;
	char instance[SPOOL_INSTANCE_SIZE];
	uint64_t renewals;
	int64_t renewed_ms;
	char started[TEXT_TIME_SIZE];
};

struct lease_seen {
	char instance[SPOOL_INSTANCE_SIZE];
	char *content;
	int64_t mtime_ns, since_ms;
	struct lease_seen *next;
};

struct lease_watch {
	int dir;
	char host[256], boot[64];
	struct lease_seen *seen;
};

/* Which boot of which machine this is; "" where the system does not tell. */
static void here(char host[256], char boot[64])
{
	struct buf text = BUF_INIT(63);

	if (gethostname(host, 256) != 0)
		host[0] = '\0';
	host[255] = '\0';
	boot[0] = '\0';
	if (fsio_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &text) == 0) {
		memcpy(boot, buf_text(&text), text.len + 1);
		boot[strcspn(boot, "\n")] = '\0';
	}
	buf_free(&text);
}

/* ---- our own ---- */

static char *lease_text(const struct lease *l)
{
	char host[256], boot[64], *text, *line;
	json_t *j = json_new_object();

	here(host, boot);
	json_put_string(j, "host", host);
	json_put_string(j, "boot_id", boot);
	json_put_integer(j, "pid", getpid());
	json_put_string(j, "started", l->started);
	json_put_integer(j, "renewals", (int64_t)l->renewals);
	text = json_text(j);
	json_free(j);
	line = xasprintf("%s\n", text);
	free(text);
	return line;
}

struct lease *lease_take(struct spool *s)
{
	struct lease *l = mmap(NULL, sizeof *l, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned char random[(SPOOL_INSTANCE_SIZE - 1) / 2];
	int saved;

	if (l == MAP_FAILED)
		return NULL;
	randombytes_buf(random, sizeof random);
	sodium_bin2hex(l->instance, sizeof l->instance, random, sizeof random);
	text_time(clock_wall(), l->started);
	l->dir = spool_lease_directory(s);
	l->fd = openat(l->dir, l->instance, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (l->fd >= 0 && flock(l->fd, LOCK_EX | LOCK_NB) == 0 && lease_renew(l) == 0 && fsio_sync(l->dir) == 0)
		return l;
	saved = errno;
	if (l->fd >= 0) {
		(void)unlinkat(l->dir, l->instance, 0);
		close(l->fd);
	}
	(void)munmap(l, sizeof *l);
	errno = saved;
	return NULL;
}

const char *lease_instance(const struct lease *l)
{
	return l->instance;
}

int lease_renew(struct lease *l)
{
	int64_t now = clock_boot();
	struct stat st;
	char *text;
	int rc = -1;

	/* Woken too late, after a suspension say: others may have taken over, and our workers must not be told to go
	 * on. */
	if (l->renewals > 0 && !lease_held(l)) {
		errno = ETIMEDOUT;
		return -1;
	}
	/* Whoever removed the lease took it for dead; writing to the unlinked file would deceive only ourselves. */
	if (fstat(l->fd, &st) != 0)
		return -1;
	if (st.st_nlink == 0) {
		errno = ENOENT;
		return -1;
	}
	l->renewals++;
	text = lease_text(l);
	if (lseek(l->fd, 0, SEEK_SET) == 0 && fsio_write(l->fd, text, strlen(text)) == 0 &&
	    ftruncate(l->fd, (off_t)strlen(text)) == 0 && fsio_sync(l->fd) == 0) {
		l->renewed_ms = now;	/* from before the write: the observer's clock cannot start earlier */
		rc = 0;
	}
	free(text);
	return rc;
}

bool lease_held(const struct lease *l)
{
	return clock_boot() - l->renewed_ms < LEASE_DEAD_MS / 2;
}

void lease_release(struct lease *l)
{
	if (l == NULL)
		return;
	(void)unlinkat(l->dir, l->instance, 0);
	close(l->fd);
	(void)munmap(l, sizeof *l);
}

/* ---- others' ---- */

struct lease_watch *lease_watch_new(struct spool *s)
{
	struct lease_watch *w = xcalloc(1, sizeof *w);

	w->dir = spool_lease_directory(s);
	here(w->host, w->boot);
	return w;
}

void lease_watch_free(struct lease_watch *w)
{
	struct lease_seen *seen, *next;

	if (w == NULL)
		return;
	for (seen = w->seen; seen != NULL; seen = next) {
		next = seen->next;
		free(seen->content);
		free(seen);
	}
	free(w);
}

/* Whether the lease was written under this kernel or on this host, so that its lock can be seen from here. */
static bool is_local(const struct lease_watch *w, const char *content, size_t len)
{
	char why[JSON_WHY];
	const char *host, *boot;
	json_t *j = NULL;
	bool local = false;

	if (json_parse(content, len, &j, why) == 0) {
		host = json_get_string(j, "host");
		boot = json_get_string(j, "boot_id");
		local = (host != NULL && host[0] != '\0' && strcmp(host, w->host) == 0) ||
			(boot != NULL && boot[0] != '\0' && strcmp(boot, w->boot) == 0);
	}
	json_free(j);
	return local;
}

/* How long, on our clock, the lease has looked the way it looks now. */
static int64_t unchanged_ms(struct lease_watch *w, const char *instance, const char *content, int64_t mtime_ns)
{
	int64_t now = clock_monotonic();
	struct lease_seen *seen = w->seen;

	while (seen != NULL && strcmp(seen->instance, instance) != 0)
		seen = seen->next;
	if (seen == NULL) {
		seen = xcalloc(1, sizeof *seen);
		snprintf(seen->instance, sizeof seen->instance, "%s", instance);
		seen->next = w->seen;
		w->seen = seen;
	} else if (seen->mtime_ns == mtime_ns && strcmp(seen->content, content) == 0) {
		return now - seen->since_ms;
	}
	free(seen->content);
	seen->content = xstrdup(content);
	seen->mtime_ns = mtime_ns;
	seen->since_ms = now;
	return 0;
}

bool lease_dead(struct lease_watch *w, const char *instance)
{
	struct buf content = BUF_INIT(LEASE_SIZE_MAX);
	int fd = openat(w->dir, instance, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), trouble = 0;
	struct stat st;
	bool dead = false;

	if (fd < 0) {
		dead = errno == ENOENT;
		errno = fsio_unfit(errno) ? 0 : errno;
		return dead;
	}
	if (fstat(fd, &st) != 0 || (S_ISREG(st.st_mode) && fsio_read(fd, &content) != 0)) {
		trouble = fsio_unfit(errno) ? 0 : errno;
	} else if (S_ISREG(st.st_mode) && is_local(w, buf_text(&content), content.len)) {
		dead = flock(fd, LOCK_SH | LOCK_NB) == 0;
		trouble = dead || errno == EWOULDBLOCK ? 0 : errno;
	} else if (S_ISREG(st.st_mode)) {
		dead = unchanged_ms(w, instance, buf_text(&content),
			(int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec) >= LEASE_DEAD_MS;
	}
	buf_free(&content);
	close(fd);
	errno = trouble;
	return dead;
}

/* Forgets what was seen of leases that are gone. */
static void forget(struct lease_watch *w)
{
	struct lease_seen **at = &w->seen, *seen;

	while ((seen = *at) != NULL) {
		if (faccessat(w->dir, seen->instance, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT) {
			at = &seen->next;
			continue;
		}
		*at = seen->next;
		free(seen->content);
		free(seen);
	}
}

/* A job of a dead spooler is taken over whether its lease is still there or not. */
void lease_sweep(struct lease_watch *w)
{
	DIR *dir = fsio_opendir(w->dir, ".");
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (strlen(entry->d_name) == SPOOL_INSTANCE_SIZE - 1 && lease_dead(w, entry->d_name))
			(void)unlinkat(w->dir, entry->d_name, 0);
	closedir(dir);
	forget(w);
}
