/*
 * What a power loss can leave: powerloss RECORD BEFORE OUT
 *
 * BEFORE is a copy of a directory tree, RECORD what was done to it then (tests/record.h). After each change in the
 * record the tree is built again as it may look when the power fails there: what was fsynced is there, what was not
 * may be there or not, in any combination. All combinations are too many; tried are, for each moment, none and all of
 * it, names without data and data without names, torn data, each single name alone, all but one, and the later
 * without the earlier. Trees that differ are put into OUT/1, OUT/2... and a line is printed for each:
 *
 *	NUMBER ACCEPTED ANSWERED CHANGE		1 or 0: whether the sender had been told 200, or sent a final; then the
 *						last change
 *
 * The rules are the strict ones of POSIX, not those of one file system: fsync of a file makes its data durable but
 * not its name, fsync of a folder its names but not their data. A rename is one change in both folders, durable with
 * either: no file system that keeps a journal splits it. Rights and times are not modelled.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "record.h"

#define FILE_SIZE_MAX (64u << 20)

struct node {
	bool folder;
	mode_t mode;
	struct buf now, durable;	/* a file's data */
};

/* A name in a folder; as a change: target NULL removes it. */
struct name {
	struct node *folder, *target;
	char *text;
	unsigned group;			/* of a change: both sides of a rename are one group */
};

struct names {
	struct name *list;
	size_t n, cap;
};

struct model {
	struct node *root;
	struct names now, durable, pending;
	unsigned groups;
	struct node **nodes;
	size_t node_count, node_cap;
	bool accepted, answered;
};

enum data { NONE, HALF, ALL };		/* of what was written since the last fsync */

struct variant {
	enum data data;
	enum { SOME_NONE, SOME_ALL, SOME_ONE, SOME_OTHERS, SOME_LATER } names;
	size_t at;			/* which of the pending groups, in their order */
};

/* ---- names ---- */

static struct name *names_find(const struct names *names, const struct node *folder, const char *text)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->list[i].folder == folder && strcmp(names->list[i].text, text) == 0)
			return &names->list[i];
	return NULL;
}

static void names_remove(struct names *names, struct name *name)
{
	memmove(name, name + 1, (size_t)(names->list + names->n - (name + 1)) * sizeof *name);
	names->n--;
}

static void names_add(struct names *names, const struct name *name)
{
	if (names->n == names->cap) {
		names->cap = names->cap == 0 ? 64 : names->cap * 2;
		names->list = xreallocarray(names->list, names->cap, sizeof *names->list);
	}
	names->list[names->n++] = *name;
}

static void names_apply(struct names *names, const struct name *change)
{
	struct name *there = names_find(names, change->folder, change->text);

	if (there != NULL)
		names_remove(names, there);
	if (change->target != NULL)
		names_add(names, change);
}

static struct node *node_new(struct model *m, bool folder, mode_t mode)
{
	struct node *node = xcalloc(1, sizeof *node);

	*node = (struct node){ folder, mode, BUF_INIT(FILE_SIZE_MAX), BUF_INIT(FILE_SIZE_MAX) };
	if (m->node_count == m->node_cap) {
		m->node_cap = m->node_cap == 0 ? 64 : m->node_cap * 2;
		m->nodes = xreallocarray(m->nodes, m->node_cap, sizeof *m->nodes);
	}
	return m->nodes[m->node_count++] = node;
}

/* What path is now; NULL if nothing is there. folder and last get its folder, if that is there, and its name in it. */
static struct node *walk(const struct model *m, const char *path, struct node **folder, char last[256])
{
	struct node *at = m->root;
	char *copy = xstrdup(path), *rest = NULL;
	const struct name *name;

	*folder = NULL;
	for (char *part = strtok_r(copy, "/", &rest); part != NULL; part = strtok_r(NULL, "/", &rest)) {
		if (strcmp(part, ".") == 0)
			continue;
		*folder = at;
		snprintf(last, 256, "%s", part);
		name = at == NULL ? NULL : names_find(&m->now, at, part);
		at = name == NULL ? NULL : name->target;
	}
	free(copy);
	return at;
}

/* ---- changes ---- */

/* The name path leads to target from now on, which is not durable yet. */
static void rebind(struct model *m, const char *path, struct node *target)
{
	struct name change = { .target = target, .group = m->groups };
	char last[256];

	(void)walk(m, path, &change.folder, last);
	if (change.folder == NULL)
		return;
	change.text = xstrdup(last);
	names_apply(&m->now, &change);
	names_add(&m->pending, &change);
}

/* A change that became durable makes earlier ones of the same name obsolete. */
static void commit(struct model *m, unsigned group)
{
	for (size_t i = 0; i < m->pending.n;) {
		struct name change = m->pending.list[i];

		if (change.group != group) {
			i++;
			continue;
		}
		names_apply(&m->durable, &change);
		names_remove(&m->pending, &m->pending.list[i]);
		for (size_t j = 0; j < i;) {
			if (m->pending.list[j].folder == change.folder &&
			    strcmp(m->pending.list[j].text, change.text) == 0) {
				names_remove(&m->pending, &m->pending.list[j]);
				i--;
			} else {
				j++;
			}
		}
	}
}

static void sync_node(struct model *m, struct node *node)
{
	bool found = true;

	if (!node->folder) {
		buf_clear(&node->durable);
		if (buf_append(&node->durable, node->now.data, node->now.len) != 0)
			log_panic("too large");
	}
	while (node->folder && found) {
		found = false;
		for (size_t i = 0; i < m->pending.n && !found; i++) {
			if (m->pending.list[i].folder == node) {
				commit(m, m->pending.list[i].group);
				found = true;
			}
		}
	}
}

static void write_node(struct node *node, size_t offset, const void *data, size_t len)
{
	while (node->now.len < offset + len)
		if (buf_append(&node->now, "", 1) != 0)
			log_panic("too large");
	memcpy(node->now.data + offset, data, len);
}

static void replay(struct model *m, const struct record *r, const char *path, const char *other, const char *data)
{
	struct node *folder, *node;
	char last[256];

	node = walk(m, path, &folder, last);
	if (r->kind == RECORD_RENAME && node != NULL && node == walk(m, other, &folder, last))
		return;		/* names of the same thing stay */
	m->groups++;
	m->accepted = m->accepted || r->kind == RECORD_ACCEPTED;
	m->answered = m->answered || r->kind == RECORD_ANSWERED;
	if (r->kind == RECORD_CREATE || r->kind == RECORD_MKDIR)
		rebind(m, path, node_new(m, r->kind == RECORD_MKDIR, r->kind == RECORD_MKDIR ? 0700 : 0640));
	if (node == NULL)	/* removed, but still open */
		return;
	if (r->kind == RECORD_WRITE)
		write_node(node, (size_t)r->offset, data, r->data_len);
	else if (r->kind == RECORD_TRUNCATE && r->offset < node->now.len)
		node->now.len = (size_t)r->offset;
	else if (r->kind == RECORD_SYNC)
		sync_node(m, node);
	else if (r->kind == RECORD_UNLINK)
		rebind(m, path, NULL);
	else if (r->kind == RECORD_LINK || r->kind == RECORD_RENAME)
		rebind(m, other, node);
	if (r->kind == RECORD_RENAME)
		rebind(m, path, NULL);
}

/* ---- the tree before ---- */

static void load_folder(struct model *m, struct node *folder, int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	struct stat st;
	int sub;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct name name = { .folder = folder, .text = xstrdup(entry->d_name) };

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		name.target = node_new(m, S_ISDIR(st.st_mode), st.st_mode & 07777);
		names_add(&m->now, &name);
		names_add(&m->durable, &name);
		sub = openat(fd, entry->d_name, O_RDONLY | O_CLOEXEC);
		if (S_ISDIR(st.st_mode)) {
			load_folder(m, name.target, sub);
			continue;
		}
		if (fsio_read(sub, &name.target->now) != 0)
			log_panic("%s cannot be read", entry->d_name);
		close(sub);
		sync_node(m, name.target);
	}
	if (dir == NULL)
		log_panic("a folder cannot be read: %s", strerror(errno));
	closedir(dir);
}

/* ---- the trees after ---- */

/* How many groups are pending before the one of this change, itself not counted. */
static size_t group_rank(const struct model *m, unsigned group)
{
	size_t rank = 0;
	unsigned last = 0;

	for (size_t i = 0; i < m->pending.n && m->pending.list[i].group != group; i++) {
		rank += i == 0 || m->pending.list[i].group != last;
		last = m->pending.list[i].group;
	}
	return rank;
}

static bool chosen(const struct variant *v, size_t rank)
{
	switch (v->names) {
	case SOME_NONE:
		return false;
	case SOME_ALL:
		return true;
	case SOME_ONE:
		return rank == v->at;
	case SOME_OTHERS:
		return rank != v->at;
	case SOME_LATER:
		return rank >= v->at;
	}
	return false;
}

static size_t data_len(const struct node *node, enum data data)
{
	if (data == ALL)
		return node->now.len;
	if (data == HALF && node->now.len > node->durable.len)
		return node->durable.len + (node->now.len - node->durable.len) / 2;
	return node->durable.len;
}

/* Describes a folder of a tree, and makes it if path is not NULL. */
static void put_folder(const struct names *names, const struct node *folder, enum data data, const char *path,
	struct buf *text)
{
	char *sub = NULL;

	if (path != NULL && mkdir(path, folder->mode) != 0)
		log_panic("%s: %s", path, strerror(errno));
	for (size_t i = 0; i < names->n; i++) {
		const struct name *name = &names->list[i];
		const struct node *node = name->target;
		const struct buf *source = data == NONE ? &node->durable : &node->now;

		if (name->folder != folder)
			continue;
		buf_printf(text, "%p %s %p\n", (const void *)folder, name->text, (const void *)node);
		sub = path == NULL ? NULL : xasprintf("%s/%s", path, name->text);
		if (node->folder) {
			put_folder(names, node, data, sub, text);
		} else {
			if (buf_append(text, source->data, data_len(node, data)) != 0)
				log_panic("too large");
			if (sub != NULL &&
			    fsio_create(AT_FDCWD, sub, node->mode, buf_text(source), data_len(node, data)) != 0)
				log_panic("%s: %s", sub, strerror(errno));
		}
		free(sub);
	}
}

struct trees {
	const char *out;
	unsigned n;
	struct buf *seen;
};

static int by_name(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return x->folder != y->folder ? (x->folder > y->folder) - (x->folder < y->folder) : strcmp(x->text, y->text);
}

static void put_tree(const struct model *m, const struct variant *v, struct trees *trees, const char *change)
{
	struct buf text = BUF_INIT(FILE_SIZE_MAX);
	struct names names = { NULL, 0, 0 };
	char *path;

	for (size_t i = 0; i < m->durable.n; i++)
		names_add(&names, &m->durable.list[i]);
	for (size_t i = 0; i < m->pending.n; i++)
		if (chosen(v, group_rank(m, m->pending.list[i].group)))
			names_apply(&names, &m->pending.list[i]);
	qsort(names.list, names.n, sizeof *names.list, by_name);
	buf_printf(&text, "%d %d\n", m->accepted, m->answered);
	put_folder(&names, m->root, v->data, NULL, &text);
	for (unsigned i = 0; i < trees->n; i++) {
		if (trees->seen[i].len == text.len && memcmp(trees->seen[i].data, text.data, text.len) == 0) {
			buf_free(&text);
			free(names.list);
			return;
		}
	}
	trees->seen = xreallocarray(trees->seen, trees->n + 1, sizeof *trees->seen);
	trees->seen[trees->n++] = text;
	path = xasprintf("%s/%u", trees->out, trees->n);
	put_folder(&names, m->root, v->data, path, &(struct buf)BUF_INIT(FILE_SIZE_MAX));
	printf("%u %d %d %s\n", trees->n, m->accepted, m->answered, change);
	free(path);
	free(names.list);
}

static void put_trees(const struct model *m, struct trees *trees, const char *change)
{
	size_t groups = m->pending.n == 0 ? 0 : group_rank(m, m->pending.list[m->pending.n - 1].group) + 1;

	for (enum data data = NONE; data <= ALL; data++) {
		put_tree(m, &(struct variant){ data, SOME_NONE, 0 }, trees, change);
		put_tree(m, &(struct variant){ data, SOME_ALL, 0 }, trees, change);
		for (size_t i = 0; i < groups && data != HALF; i++) {
			put_tree(m, &(struct variant){ data, SOME_ONE, i }, trees, change);
			put_tree(m, &(struct variant){ data, SOME_OTHERS, i }, trees, change);
			put_tree(m, &(struct variant){ data, SOME_LATER, i }, trees, change);
		}
	}
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = {
		"create", "mkdir", "write", "truncate", "sync", "link", "rename", "unlink", "accepted", "answered",
	};
	struct buf text = BUF_INIT(FILE_SIZE_MAX);
	struct model m = { NULL };
	struct trees trees = { 0 };
	struct record r;
	int fd;

	log_open("powerloss");
	if (argc != 4 || (fd = fsio_open_linked(argv[1])) < 0 || fsio_read(fd, &text) != 0)
		log_panic("usage: powerloss RECORD BEFORE OUT");
	close(fd);
	trees.out = argv[3];
	m.root = node_new(&m, true, 0750);
	load_folder(&m, m.root, open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	put_trees(&m, &trees, "start");
	for (size_t at = 0; at + sizeof r <= text.len; at += sizeof r + r.path_len + r.other_len + r.data_len) {
		char *path, *other, *change;

		memcpy(&r, text.data + at, sizeof r);
		path = xstrndup(text.data + at + sizeof r, r.path_len);
		other = xstrndup(text.data + at + sizeof r + r.path_len, r.other_len);
		replay(&m, &r, path, other, text.data + at + sizeof r + r.path_len + r.other_len);
		change = xasprintf("%s %s %s", kinds[r.kind], path, other);
		put_trees(&m, &trees, change);
		free(change);
		free(other);
		free(path);
	}
	return 0;
}
