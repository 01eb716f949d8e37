/* Bytes that must never be seen.
 *
 * libsodium's guarded memory keeps them out of swap and core dumps, puts guard pages around them and overwrites them
 * when they are freed. Each piece of it costs two pages and four mappings, of which a process may have 65530: a token
 * and a few URLs for each of a thousand jobs would be 32 MiB. So small secrets share blocks, 64 in each, and what is
 * freed is overwritten at once; larger ones, key files being read among them, have memory of their own. Where the
 * limit of locked memory is reached libsodium goes on without the lock.
 *
 * The type is opaque and the accessor explicit, so that "%s" of a secret does not compile and every look at one can be
 * found.
 *
 * secret_load judges a key file by the descriptor it reads, not by its name: a regular file (links are followed)
 * without any permission for others. The reason it gives names the file and what to do, never what the file holds.
 *
 * Not getting guarded memory ends the process.
 */
#include "base/secret.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"

#define FILE_MAX 65536

#define SLOTS 64
#define SLOT_SIZE ((size_t)512)

struct block {
	struct block *next;
	char *memory;	/* guarded; SLOTS of SLOT_SIZE bytes */
	uint64_t used;	/* a bit for each slot, never 0 while the block is listed */
};

struct secret {
	size_t len;
	char *data;		/* guarded; len bytes and a NUL */
	struct block *block;	/* whose slot it is; NULL: memory of its own */
};

/* Shared by all secrets of the process, whichever thread makes them. */
static struct block *blocks;
static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;

void secret_setup(void)
{
	if (sodium_init() < 0)
		mem_panic("planspool: libsodium cannot be initialised");
}

static char *guarded(size_t size)
{
	char *memory = sodium_malloc(size);

	if (!memory)
		mem_panic("planspool: no guarded memory for a secret");
	return memory;
}

static void take_slot(struct secret *s)
{
	struct block *b;
	unsigned slot;

	pthread_mutex_lock(&blocks_lock);
	for (b = blocks; b && b->used == UINT64_MAX; b = b->next)
		;
	if (!b) {
		b = xcalloc(1, sizeof(*b));
		b->memory = guarded(SLOTS * SLOT_SIZE);
		b->next = blocks;
		blocks = b;
	}
	slot = (unsigned)__builtin_ctzll(~b->used);
	b->used |= UINT64_C(1) << slot;
	s->block = b;
	s->data = b->memory + slot * SLOT_SIZE;
	pthread_mutex_unlock(&blocks_lock);
}

static void give_slot_back(struct secret *s)
{
	struct block *b = s->block, **link;

	sodium_memzero(s->data, SLOT_SIZE);
	pthread_mutex_lock(&blocks_lock);
	b->used &= ~(UINT64_C(1) << ((size_t)(s->data - b->memory) / SLOT_SIZE));
	if (!b->used) {
		for (link = &blocks; *link != b; link = &(*link)->next)
			;
		*link = b->next;
		sodium_free(b->memory);
		free(b);
	}
	pthread_mutex_unlock(&blocks_lock);
}

/* Room for len bytes, all zero. */
static struct secret *room_for(size_t len)
{
	struct secret *s = xcalloc(1, sizeof(*s));

	secret_setup();
	if (len >= SIZE_MAX - 1)
		mem_panic("planspool: no guarded memory for a secret");
	s->len = len;
	if (len < SLOT_SIZE)
		take_slot(s);
	else
		s->data = guarded(len + 1);
	memset(s->data, 0, len + 1);
	return s;
}

struct secret *secret_new(const void *data, size_t len)
{
	struct secret *s = room_for(len);

	if (len)
		memcpy(s->data, data, len);
	return s;
}

struct secret *secret_room(size_t len, char **room)
{
	struct secret *s = room_for(len);

	*room = s->data;
	return s;
}

void secret_free(struct secret *s)
{
	if (!s)
		return;
	if (s->block)
		give_slot_back(s);
	else
		sodium_free(s->data);
	free(s);
}

const char *secret_data(const struct secret *s)
{
	return s->data;
}

size_t secret_len(const struct secret *s)
{
	return s->len;
}

/* Fills s from fd; false if reading failed. s->len becomes what was read. */
static bool fill(struct secret *s, int fd)
{
	size_t got = 0;

	while (got < s->len) {
		ssize_t r = read(fd, s->data + got, s->len - got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return false;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	s->len = got;
	return true;
}

static size_t without_newline(const char *data, size_t len)
{
	if (len && data[len - 1] == '\n') {
		len--;
		if (len && data[len - 1] == '\r')
			len--;
	}
	return len;
}

static struct secret *take(int fd, const char *path, char why[SECRET_WHY])
{
	struct secret *whole, *key = NULL;
	struct stat st;
	size_t len;

	if (fstat(fd, &st)) {
		snprintf(why, SECRET_WHY, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (st.st_mode & S_IRWXO) {
		snprintf(why, SECRET_WHY, "%s: others may read or change this key file (mode %04o): chmod o= it", path,
			(unsigned)(st.st_mode & 07777));
		return NULL;
	}
	whole = room_for(FILE_MAX + 1);
	if (!fill(whole, fd)) {
		snprintf(why, SECRET_WHY, "%s: %s", path, strerror(errno));
		goto out;
	}
	if (whole->len > FILE_MAX) {
		snprintf(why, SECRET_WHY, "%s: larger than %d bytes: not a key file", path, FILE_MAX);
		goto out;
	}
	len = without_newline(whole->data, whole->len);
	if (!len) {
		snprintf(why, SECRET_WHY, "%s: empty", path);
		goto out;
	}
	key = secret_new(whole->data, len);
out:
	secret_free(whole);
	return key;
}

struct secret *secret_load(const char *path, char why[SECRET_WHY])
{
	struct secret *key;
	int fd = fsio_open_linked(path);

	if (fd < 0) {
		snprintf(why, SECRET_WHY, "%s: %s", path, fsio_why(errno));
		return NULL;
	}
	key = take(fd, path, why);
	close(fd);
	return key;
}
