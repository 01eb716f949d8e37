/*
 * Re-reads the configuration when it or a key file changed.
 *
 * Contract: the settings in force are those of the last good configuration. On the request path, at most once a
 * second, the configuration file and every key file it names are compared (device, inode, size, times) with what they
 * were just before they were read; the spool directory with the one that is open. If anything differs, all is read
 * again, as a whole. A new configuration with errors leaves the old settings in force; its faults are logged once for
 * each change. While the spool cannot be used, every request has all of it read again: it may have been made or
 * mended just now, and that is cheap.
 *
 * The state of a file is taken before it is read, never after: a change in between then shows as a difference at the
 * next look.
 *
 * Threads: settings never change once they are published; the old ones go when the last request that uses them is
 * answered. One thread reads, outside the lock, while the others go on with what is in force.
 *
 * Limits: a file rewritten in place, to the same size, within one tick of the file system's clock is not seen. Rename
 * a new file over the old one instead.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "handler/keeper.h"

#define LOOK_MS 1000

struct stamp {
	char *path;
	bool name_only;		/* a directory: only which one it is counts */
	struct stat was;	/* all zero: it could not be looked at */
};

struct stamps {
	struct stamp *list;
	size_t n;
};

struct keeper {
	char *file;
	pthread_mutex_t lock;
	struct settings *current;
	struct stamps stamps;	/* what current was read from */
	bool reading;		/* a thread is; stamps are its own until it is done */
	int64_t looked_ms;	/* monotonic; 0: look at once */
};

static void stamp_look(const char *path, struct stat *st)
{
	if (stat(path, st))
		memset(st, 0, sizeof(*st));
}

static void stamps_add(struct stamps *s, const char *path, bool name_only)
{
	s->list = xreallocarray(s->list, s->n + 1, sizeof(*s->list));
	s->list[s->n] = (struct stamp){ .path = xstrdup(path), .name_only = name_only };
	stamp_look(path, &s->list[s->n].was);
	s->n++;
}

static void stamps_free(struct stamps *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->list[i].path);
	free(s->list);
	*s = (struct stamps){ 0 };
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool stamp_differs(const struct stamp *s)
{
	const struct stat *was = &s->was;
	struct stat is;

	stamp_look(s->path, &is);
	if (is.st_dev != was->st_dev || is.st_ino != was->st_ino)
		return true;
	if (s->name_only)
		return false;
	return is.st_size != was->st_size || is.st_mode != was->st_mode || !same_time(&is.st_mtim, &was->st_mtim) ||
		!same_time(&is.st_ctim, &was->st_ctim);
}

static bool stamps_differ(const struct stamps *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (stamp_differs(&s->list[i]))
			return true;
	return false;
}

/* Reads everything. NULL if the configuration has errors: then stamps has the configuration file alone. */
static struct settings *read_all(const char *file, struct stamps *stamps, struct faults *faults)
{
	struct config *config;

	stamps_add(stamps, file, false);
	config = config_load(file, faults);
	if (!config)
		return NULL;
	for (size_t i = 0; i < config->endpoint_count; i++)
		for (size_t k = 0; k < config->endpoints[i].hmac_key_count; k++)
			stamps_add(stamps, config->endpoints[i].hmac_keys[k], false);
	stamps_add(stamps, config->seal_public, false);
	stamps_add(stamps, config->spool, true);
	return settings_open(config);
}

struct keeper *keeper_new(const char *file, struct faults *faults)
{
	struct keeper *k = xcalloc(1, sizeof(*k));

	k->file = xstrdup(file);
	pthread_mutex_init(&k->lock, NULL);
	k->current = read_all(file, &k->stamps, faults);
	if (!k->current) {
		keeper_free(k);
		return NULL;
	}
	k->current->users = 1;
	k->looked_ms = clock_monotonic();
	return k;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	settings_free(k->current);
	stamps_free(&k->stamps);
	pthread_mutex_destroy(&k->lock);
	free(k->file);
	free(k);
}

/* The settings that replace the current ones, or NULL to keep those. Called without the lock, by one thread at a
 * time. */
static struct settings *read_again(struct keeper *k, bool changed)
{
	struct faults faults = { 0 };
	struct stamps stamps = { 0 };
	struct settings *fresh = read_all(k->file, &stamps, &faults);

	if (fresh) {
		stamps_free(&k->stamps);
		k->stamps = stamps;
		if (changed) {
			log_info(NULL, "configuration and keys read again");
			settings_log_trouble(fresh);
		}
	} else if (changed) {
		/* Only what was looked at is new; what the old configuration names is still watched. */
		for (size_t i = 1; i < k->stamps.n; i++)
			stamp_look(k->stamps.list[i].path, &k->stamps.list[i].was);
		k->stamps.list[0].was = stamps.list[0].was;
		stamps_free(&stamps);
		faults_log(&faults);
		log_error(NULL, "the configuration has errors: the one before stays in force");
	} else {
		stamps_free(&stamps);
	}
	faults_free(&faults);
	return fresh;
}

static void drop(struct settings *s)
{
	if (--s->users == 0)
		settings_free(s);
}

struct settings *keeper_take(struct keeper *k)
{
	struct settings *taken;
	int64_t now = clock_monotonic();
	bool suspect;

	pthread_mutex_lock(&k->lock);
	suspect = atomic_load(&k->current->spool_suspect);
	if (!k->reading && (!k->looked_ms || now - k->looked_ms >= LOOK_MS || suspect)) {
		struct settings *fresh = NULL;
		bool changed;

		k->reading = true;
		k->looked_ms = now;
		pthread_mutex_unlock(&k->lock);
		changed = stamps_differ(&k->stamps);
		if (changed || suspect)
			fresh = read_again(k, changed);
		pthread_mutex_lock(&k->lock);
		k->reading = false;
		if (fresh) {
			fresh->users = 1;
			drop(k->current);
			k->current = fresh;
		}
	}
	taken = k->current;
	taken->users++;
	pthread_mutex_unlock(&k->lock);
	return taken;
}

void keeper_return(struct keeper *k, struct settings *s)
{
	pthread_mutex_lock(&k->lock);
	drop(s);
	pthread_mutex_unlock(&k->lock);
}

void keeper_look(struct keeper *k)
{
	pthread_mutex_lock(&k->lock);
	k->looked_ms = 0;
	pthread_mutex_unlock(&k->lock);
}
