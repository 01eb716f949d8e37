/* A hash table that keeps 64-bit keyed hashes (SipHash) in place of keys, as plan/keyset.c does: the chance that two of
 * a million keys share one is below one in ten million, and an attacker can't raise it. What is found is the same key
 * for all that.
 *
 * Chained: entries lie in one array in the order they came, slots hold the first of each chain. Things under one key
 * come back the last one first. */
#include "checks/image_index.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/mem.h"

_Static_assert(sizeof(((struct image_index *)0)->secret) == crypto_shorthash_KEYBYTES, "the key of SipHash");

void image_index_init(struct image_index *x)
{
	memset(x, 0, sizeof(*x));
	crypto_shorthash_keygen(x->secret);
}

void image_index_free(struct image_index *x)
{
	free(x->entries);
	free(x->slots);
	memset(x, 0, sizeof(*x));
}

static uint64_t siphash(const struct image_index *x, const void *data, size_t len)
{
	unsigned char out[crypto_shorthash_BYTES];
	uint64_t hash;

	crypto_shorthash(out, data, len, x->secret);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

uint64_t image_index_hash(const struct image_index *x, char kind, const char *text, size_t len, const char *second)
{
	uint64_t parts[3] = { siphash(x, text, len), (unsigned char)kind, 0 };

	if (second != NULL)
		parts[2] = siphash(x, second, strlen(second));
	return siphash(x, parts, sizeof(parts));
}

/* In front of its chain: one key with many things must not make adding slow. */
static void chain(struct image_index *x, uint32_t i)
{
	uint32_t *slot = &x->slots[x->entries[i].hash & (x->slot_count - 1)];

	x->entries[i].next = *slot;
	*slot = i + 1;
}

static void grow(struct image_index *x)
{
	x->room = x->room == 0 ? 64 : x->room * 2;
	x->entries = xreallocarray(x->entries, x->room, sizeof(*x->entries));
	free(x->slots);
	x->slot_count = x->room * 2;
	x->slots = xcalloc(x->slot_count, sizeof(*x->slots));
	for (size_t i = 0; i < x->count; i++)
		chain(x, (uint32_t)i);
}

void image_index_add(struct image_index *x, uint64_t hash, char kind, const void *thing)
{
	if (x->count == x->room)
		grow(x);
	x->entries[x->count] = (struct image_entry){ thing, hash, 0, kind };
	chain(x, (uint32_t)x->count++);
}

const struct image_entry *image_index_next(const struct image_index *x, uint64_t hash, const struct image_entry *after)
{
	uint32_t i;

	if (x->slot_count == 0)
		return NULL;
	i = after != NULL ? after->next : x->slots[hash & (x->slot_count - 1)];
	while (i != 0 && x->entries[i - 1].hash != hash)
		i = x->entries[i - 1].next;
	return i != 0 ? &x->entries[i - 1] : NULL;
}
