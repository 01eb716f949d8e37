/* Keys are removed only in the reverse order of adding, so clearing a slot brings the table back to what it was before
 * the key came, and linear probing needs no marks for removed ones. A larger table is filled in the order of the
 * stack, which keeps that true.
 *
 * The hash is keyed with bytes from the system's random generator: a hostile plan can neither slow the table down nor
 * make up a false duplicate. By chance, a false one would need two of n keys to share 64 bits: for a thousand keys,
 * one in 10^13.
 *
 * Memory is 24 to 40 bytes a key, given back when the last object of a large set is closed; running out of it ends the
 * process. */
#include "plan/keyset.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SLOTS_FIRST 32
#define SLOTS_KEPT 1024

void keyset_init(struct keyset *k, size_t max)
{
	memset(k, 0, sizeof(*k));
	k->max = max;
	_Static_assert(sizeof(k->secret) == crypto_shorthash_KEYBYTES, "size of the hash's key");
	randombytes_buf(k->secret, sizeof(k->secret));
}

static void forget(struct keyset *k)
{
	free(k->stack);
	free(k->slots);
	k->stack = k->slots = NULL;
	k->count = k->stack_cap = k->slot_count = 0;
}

void keyset_free(struct keyset *k)
{
	forget(k);
}

static uint64_t *slot_of(const struct keyset *k, uint64_t hash)
{
	size_t i = (size_t)hash & (k->slot_count - 1);

	while (k->slots[i] && k->slots[i] != hash)
		i = (i + 1) & (k->slot_count - 1);
	return &k->slots[i];
}

/* At most half of the slots are used. */
static void make_room(struct keyset *k)
{
	if (k->slot_count > k->count * 2)
		return;
	free(k->slots);
	k->slot_count = k->slot_count ? k->slot_count * 2 : SLOTS_FIRST;
	k->slots = xcalloc(k->slot_count, sizeof(*k->slots));
	for (size_t i = 0; i < k->count; i++)
		*slot_of(k, k->stack[i]) = k->stack[i];
	k->stack_cap = k->slot_count / 2 + 1;
	k->stack = xreallocarray(k->stack, k->stack_cap, sizeof(*k->stack));
}

enum keyset_added keyset_add(struct keyset *k, unsigned level, const char *key, size_t len)
{
	uint64_t hash, *slot;

	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key, len, k->secret);
	hash += (uint64_t)level << 32 | level;
	if (!hash)
		hash = 1;
	make_room(k);
	slot = slot_of(k, hash);
	if (*slot)
		return KEYSET_DUPLICATE;
	if (k->count >= k->max)
		return KEYSET_FULL;
	*slot = hash;
	k->stack[k->count++] = hash;
	return KEYSET_NEW;
}

void keyset_cut(struct keyset *k, size_t count)
{
	if (!count && k->slot_count > SLOTS_KEPT) {
		forget(k);
		return;
	}
	while (k->count > count)
		*slot_of(k, k->stack[--k->count]) = 0;
}
