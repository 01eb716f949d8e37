/*
 * The spool directory: its layout, names, opening it and looking into it. Only spool*.c know the layout: spool_make.c
 * makes it, spool_accept.c is the handler's side, spool_job.c the spooler's, spool_admin.c a person's, and spool_tidy.c
 * removes and sets aside.
 *
 *	state		on disk							event that ends it
 *	----------------------------------------------------------------------------------------------
 *	(accepting)	tmp/<id>.<random>					link into new/, or swept
 *	new		new/<id>.json						claimed, dropped as a duplicate, or set aside
 *	(claiming)	active/.claim.<instance>.<id>/ {claim.<instance>, request.json}
 *										rename to active/<id>
 *	active		active/<id>/ {claim.<instance>, request.json, log.jsonl,	ended by job.c, or set aside
 *			outcomes.jsonl, result.json}
 *	done		done/<id>/						removed when older than keep
 *	undelivered	undelivered/<id>/					likewise, or back to active/ by retry
 *	corrupt		corrupt/<name>.<when>					a person's
 *
 * What goes on in an active job stands at the head of job.c; the table for people, with both, is in planspool-spool(5).
 *
 * Every arrow is one link or rename, fsynced before anybody relies on it. A job's folder is made complete under a
 * hidden name and renamed into active/, so that whoever sees active/<id> sees the whole job; rename refuses a folder
 * that is there already, since none is ever empty, and so one claimer wins. Only then is the entry in new/ removed: a
 * crash in between leaves both, and the next look removes the one in new/.
 *
 * What lies in tmp/ and new/ was written by the handler's user and is checked after opening; what lies elsewhere is
 * the spooler's.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/spool_layout.h"

const struct spool_place_rules spool_places[PLACES] = {
	[ROOT] = { ".", 0750, true },
	[TMP] = { "tmp", 03770, true },
	[NEW] = { "new", 03770, true },
	[ACTIVE] = { "active", 0710, true },
	[DONE] = { "done", 0710, true },
	[UNDELIVERED] = { "undelivered", 0710, true },
	[CORRUPT] = { "corrupt", 0700, false },
	[SPOOLERS] = { "spoolers", 0750, true },
};

const enum spool_place spool_state_place[SPOOL_STATES] = {
	[SPOOL_NEW] = NEW,
	[SPOOL_ACTIVE] = ACTIVE,
	[SPOOL_DONE] = DONE,
	[SPOOL_UNDELIVERED] = UNDELIVERED,
	[SPOOL_CORRUPT] = CORRUPT,
};

const char *const spool_job_files[] = {
	[SPOOL_REQUEST] = "request.json",
	[SPOOL_LOG] = "log.jsonl",
	[SPOOL_OUTCOMES] = "outcomes.jsonl",
	[SPOOL_RESULT] = "result.json",
};

/* ---- names ---- */

const char *spool_state_name(enum spool_state s)
{
	return spool_places[spool_state_place[s]].name;
}

int spool_state_parse(const char *s, enum spool_state *out)
{
	for (int i = 0; i < SPOOL_STATES; i++) {
		if (strcmp(s, spool_places[spool_state_place[i]].name) == 0) {
			*out = (enum spool_state)i;
			return 0;
		}
	}
	return -1;
}

bool spool_id_valid(const char *id)
{
	const char *dot = strchr(id, '.');
	char endpoint[CONFIG_ENDPOINT_NAME_MAX + 1];

	if (dot == NULL || (size_t)(dot - id) >= sizeof endpoint)
		return false;
	memcpy(endpoint, id, (size_t)(dot - id));
	endpoint[dot - id] = '\0';
	return request_result_id_valid(endpoint) && request_result_id_valid(dot + 1);
}

void spool_id(const char *endpoint, const char *task_result_id, char out[SPOOL_ID_SIZE])
{
	int n = snprintf(out, SPOOL_ID_SIZE, "%s.%s", endpoint, task_result_id);

	if (n < 0 || n >= SPOOL_ID_SIZE || !spool_id_valid(out))
		log_panic("not the parts of a job id");
}

void spool_name(char out[SPOOL_NAME_SIZE], const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(out, SPOOL_NAME_SIZE, format, ap);
	va_end(ap);
	if (n < 0 || n >= SPOOL_NAME_SIZE)
		log_panic("spool name too long");
}

void spool_name_unique(char out[SPOOL_NAME_SIZE], const char *stem)
{
	spool_name(out, "%.200s.%lld-%08x", stem, (long long)time(NULL), randombytes_random());
}

int64_t spool_mtime(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

bool spool_instance_valid(const char *name)
{
	return strlen(name) == SPOOL_INSTANCE_SIZE - 1 && name[strspn(name, "0123456789abcdef")] == '\0';
}

bool spool_exists(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- opening ---- */

bool spool_format_known(int root, const char *directory, char why[SPOOL_WHY])
{
	struct buf text = BUF_INIT(64);
	int rc = fsio_read_file(root, "format", &text);
	bool known = false;
	char *end;

	if (rc != 0 && errno == ENOENT) {
		snprintf(why, SPOOL_WHY,
			"%s: no spool yet (no file 'format' in it); planspoold makes it at its start, or run: "
			"planspoold --once", directory);
	} else if (rc != 0 && errno != EMSGSIZE) {
		snprintf(why, SPOOL_WHY, "%s/format: %s", directory, strerror(errno));
	} else if (rc != 0 || strtol(buf_text(&text), &end, 10) != SPOOL_FORMAT || strcmp(end, "\n") != 0) {
		snprintf(why, SPOOL_WHY, "%s: format is not %d: this spool belongs to another version of planspool",
			directory, SPOOL_FORMAT);
	} else {
		known = true;
	}
	buf_free(&text);
	return known;
}

struct spool *spool_open(const char *directory, char why[SPOOL_WHY])
{
	struct spool *s = NULL;
	int root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0) {
		snprintf(why, SPOOL_WHY, "%s: %s%s", directory, strerror(errno), errno == ENOENT ?
			"; planspoold makes the spool at its start, or run: planspoold --once" : "");
		return NULL;
	}
	if (!spool_format_known(root, directory, why)) {
		close(root);
		return NULL;
	}
	s = xcalloc(1, sizeof *s);
	s->directory = xstrdup(directory);
	s->new_path = xasprintf("%s/new", directory);
	for (int i = 0; i < PLACES; i++)
		s->fd[i] = -1;
	s->fd[ROOT] = root;
	for (int i = ROOT + 1; i < PLACES; i++) {
		s->fd[i] = openat(root, spool_places[i].name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (s->fd[i] < 0 && errno != EACCES) {
			snprintf(why, SPOOL_WHY, "%s/%s: %s; planspoold mends it at its start", directory,
				spool_places[i].name, strerror(errno));
			spool_close(s);
			return NULL;
		}
	}
	return s;
}

void spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < PLACES; i++)
		if (s->fd[i] >= 0)
			close(s->fd[i]);
	free(s->directory);
	free(s->new_path);
	free(s);
}

const char *spool_new_path(const struct spool *s)
{
	return s->new_path;
}

int spool_lease_directory(const struct spool *s)
{
	return s->fd[SPOOLERS];
}

/* ---- looking ---- */

/* The id in a directory entry's name of a state; false if it is none. */
static bool entry_id(enum spool_state state, const char *name, char id[SPOOL_ID_SIZE])
{
	size_t len = strlen(name);

	if (state == SPOOL_NEW) {
		if (len < 5 || strcmp(name + len - 5, ".json") != 0)
			return false;
		len -= 5;
	}
	if (len >= SPOOL_ID_SIZE)
		return false;
	memcpy(id, name, len);
	id[len] = '\0';
	return spool_id_valid(id);
}

int spool_scan(struct spool *s, enum spool_state state, bool (*visit)(void *context, const struct spool_entry *entry),
	void (*foreign)(void *context, const char *name), void *context)
{
	DIR *dir = fsio_opendir(s->fd[ROOT], spool_places[spool_state_place[state]].name);
	struct spool_entry found;
	struct dirent *entry;
	struct stat st;
	bool go_on = true;
	int unseen = 0, trouble;

	if (dir == NULL)
		return -1;
	errno = 0;
	while (go_on && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' && (state != SPOOL_NEW || entry->d_name[1] == '\0' ||
		    strcmp(entry->d_name, "..") == 0))
			continue;	/* ours: half-made folders */
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
			if (errno != ENOENT)	/* gone meanwhile */
				unseen = errno;
		} else if (entry_id(state, entry->d_name, found.id) && (state == SPOOL_NEW || S_ISDIR(st.st_mode))) {
			found.mtime_ms = spool_mtime(&st);
			go_on = visit(context, &found);
		} else if (foreign != NULL && !text_starts(entry->d_name, SPOOL_HIDDEN_FOREIGN)) {
			foreign(context, entry->d_name);
		}
		errno = 0;
	}
	trouble = errno != 0 ? errno : unseen;
	closedir(dir);
	errno = trouble;
	return trouble == 0 ? 0 : -1;
}

int spool_read(struct spool *s, enum spool_state state, const char *id, enum spool_file file, struct buf *out)
{
	char path[SPOOL_NAME_SIZE];

	if (state == SPOOL_NEW) {
		spool_name(path, "%s.json", id);
		return file == SPOOL_REQUEST ? fsio_read_file(s->fd[NEW], path, out) : (errno = ENOENT, -1);
	}
	spool_name(path, "%s/%s/%s", spool_places[spool_state_place[state]].name, id, spool_job_files[file]);
	return fsio_read_file(s->fd[ROOT], path, out);
}

int spool_read_log(struct spool *s, enum spool_state state, const char *id, struct buf *out)
{
	char path[SPOOL_NAME_SIZE];

	spool_name(path, "%s/%s/%s", spool_places[spool_state_place[state]].name, id, spool_job_files[SPOOL_LOG]);
	return fsio_read_end(s->fd[ROOT], path, out);
}

bool spool_has(struct spool *s, enum spool_state state, const char *id, enum spool_file file)
{
	char path[SPOOL_NAME_SIZE];

	spool_name(path, "%s/%s/%s", spool_places[spool_state_place[state]].name, id, spool_job_files[file]);
	return spool_exists(s->fd[ROOT], path);
}
