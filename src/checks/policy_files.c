/* Finding policy files, and whether someone is writing them.
 *
 * Contract: a folder is looked into with all below it, in the order of names, so that the same folder always gives the
 * same set. Files whose names end in .yaml, .yml or .json are policies; other files, and names that start with a dot,
 * are not looked at. A file that is named itself may have any name.
 *
 * Links are followed, to files and to folders: what somebody put there is meant to be in force. A folder that has been
 * looked into is not looked into again, so links cannot lead in circles, and a volume of Kubernetes, whose names all
 * lead through the hidden link ..data, gives each file once. A link that leads nowhere is an error, because nobody
 * knows what is missing behind it.
 *
 * The digest takes the time of the last change of status (ctime) for the identity of a file: unlike that of the last
 * modification, no one who copies or unpacks files sets it.
 *
 * Limits: FILES_MAX files, as many folders, FOLDER_DEPTH folders within folders. */
#include "checks/policy_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/mem.h"

#define FILES_MAX 20000
#define FOLDER_DEPTH 32
#define REST_MS 1000	/* longer than a writer takes from one file to the next */
#define PAUSE_MS 50

static void digest_bytes(struct policy_files *f, const void *data, size_t n)
{
	unsigned char key[crypto_shorthash_KEYBYTES] = { 0 }, out[crypto_shorthash_BYTES];

	memcpy(key, &f->digest, sizeof(f->digest));
	crypto_shorthash(out, data, n, key);
	memcpy(&f->digest, out, sizeof(f->digest));
}

static void note(struct policy_files *f, const char *path, const struct stat *st)
{
	const int64_t identity[] = { (int64_t)st->st_dev, (int64_t)st->st_ino, (int64_t)st->st_size,
		(int64_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (int64_t)st->st_ctim.tv_sec, st->st_ctim.tv_nsec };
	int64_t changed_ms = (int64_t)st->st_ctim.tv_sec * 1000 + st->st_ctim.tv_nsec / 1000000;

	digest_bytes(f, path, strlen(path));
	digest_bytes(f, identity, sizeof(identity));
	if (f->latest != NULL && changed_ms < f->changed_ms)
		return;
	free(f->latest);
	f->latest = xstrdup(path);
	f->changed_ms = changed_ms;
}

static void add_file(struct policy_files *f, const char *path, const struct stat *st, struct faults *faults)
{
	if (f->count == FILES_MAX) {
		faults_error(faults, path, 0, "more than %d policy files", FILES_MAX);
		return;
	}
	note(f, path, st);
	if ((f->count & (f->count - 1)) == 0)	/* full at every power of two */
		f->paths = xreallocarray(f->paths, f->count > 0 ? f->count * 2 : 1, sizeof(*f->paths));
	f->paths[f->count++] = xstrdup(path);
}

/* compare is strcmp or strcasecmp. */
static bool is_policy_name(const char *name, int (*compare)(const char *, const char *))
{
	static const char *const endings[] = { ".yaml", ".yml", ".json" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && compare(name + len - n, endings[i]) == 0)
			return true;
	}
	return false;
}

static void add_folder(struct policy_files *f, const char *path, const struct stat *st, unsigned depth,
	struct faults *faults);

/* An entry of a folder. */
static void add_entry(struct policy_files *f, const char *folder, const char *name, unsigned depth,
	struct faults *faults)
{
	char *path = xasprintf("%s/%s", folder, name);
	struct stat st;

	if (stat(path, &st) != 0)
		faults_error(faults, path, 0, "%s", errno == ENOENT ? "a link that leads nowhere" : strerror(errno));
	else if (S_ISDIR(st.st_mode))
		add_folder(f, path, &st, depth + 1, faults);
	else if (is_policy_name(name, strcmp) && S_ISREG(st.st_mode))
		add_file(f, path, &st, faults);
	else if (is_policy_name(name, strcmp))
		faults_error(faults, path, 0, "not a regular file");
	else if (is_policy_name(name, strcasecmp))
		faults_warn(faults, path, 0, "ignored: the ending of a policy file is written in small letters");
	free(path);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool looked_into(const struct policy_files *f, const struct stat *st)
{
	for (size_t i = 0; i < f->folder_count; i++)
		if (f->folders[i].ino == st->st_ino && f->folders[i].dev == st->st_dev)
			return true;
	return false;
}

static void add_folder(struct policy_files *f, const char *path, const struct stat *st, unsigned depth,
	struct faults *faults)
{
	struct dirent **entries = NULL;
	int n;

	if (looked_into(f, st))
		return;
	if (depth > FOLDER_DEPTH || f->folder_count == FILES_MAX) {
		faults_error(faults, path, 0, "more than %d folders%s", depth > FOLDER_DEPTH ? FOLDER_DEPTH : FILES_MAX,
			depth > FOLDER_DEPTH ? " within folders" : "");
		return;
	}
	note(f, path, st);
	f->folders = xreallocarray(f->folders, f->folder_count + 1, sizeof(*f->folders));
	f->folders[f->folder_count++] = (struct policy_folder){ st->st_dev, st->st_ino };
	n = scandir(path, &entries, not_hidden, by_bytes);
	if (n < 0)
		faults_error(faults, path, 0, "%s", strerror(errno));
	for (int i = 0; i < n; i++) {
		add_entry(f, path, entries[i]->d_name, depth, faults);
		free(entries[i]);
	}
	free(entries);
}

static void add_named(struct policy_files *f, const char *path, struct faults *faults)
{
	struct stat st;

	if (stat(path, &st) != 0)
		faults_error(faults, path, 0, "%s", strerror(errno));
	else if (S_ISDIR(st.st_mode))
		add_folder(f, path, &st, 0, faults);
	else
		add_file(f, path, &st, faults);
}

struct policy_files policy_files_look(const char *const *paths, size_t n, struct faults *faults)
{
	struct policy_files f = { .paths = NULL };

	for (size_t i = 0; i < n; i++)
		add_named(&f, paths[i], faults);
	return f;
}

void policy_files_free(struct policy_files *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->paths[i]);
	free(f->paths);
	free(f->folders);
	free(f->latest);
	*f = (struct policy_files){ .paths = NULL };
}

/* A look whose faults are those of another one, or it differs. */
static struct policy_files look_again(const char *const *paths, size_t n)
{
	struct faults said = { NULL, 0, 0 };
	struct policy_files f = policy_files_look(paths, n, &said);

	faults_free(&said);
	return f;
}

uint64_t policy_files_digest(const char *const *paths, size_t n)
{
	struct policy_files f = look_again(paths, n);
	uint64_t digest = f.digest;

	policy_files_free(&f);
	return digest;
}

void policy_files_pause(void)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };

	(void)nanosleep(&pause, NULL);
}

bool policy_files_rest(const char *const *paths, size_t n, int64_t deadline, uint64_t *digest)
{
	int64_t since = clock_monotonic();

	for (*digest = 0;; policy_files_pause()) {
		struct policy_files f = look_again(paths, n);
		int64_t now = clock_monotonic(), age = clock_wall() - f.changed_ms;

		if (f.digest != *digest)
			since = now;
		*digest = f.digest;
		policy_files_free(&f);
		if (age >= REST_MS || now - since >= REST_MS)
			return true;
		if (now >= deadline)
			return false;
	}
}
