/* Memory of a run: an arena, interned words, and sets of hashes.
 *
 * Contract: nothing of it is given back before the run ends, so records may point to each other freely. Hashes are
 * SipHash with a key of the run's own: a plan cannot be written so that its attributes collide.
 *
 * What a plan can make it hold is bounded by the plan's own size times a small factor; policies that ask for neither
 * references nor connections put nothing in here. */
#include "checks/policy_store.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/mem.h"

#define BLOCK_SIZE (64u << 10)

struct block {
	struct block *next;
	size_t used, size;
	max_align_t data[];
};

struct policy_store {
	struct block *blocks;
	unsigned char key[crypto_shorthash_KEYBYTES];
	/* Interned words: open addressing. */
	const char **words;
	size_t word_size, word_count;
};

struct policy_store *policy_store_new(void)
{
	struct policy_store *s = xcalloc(1, sizeof(*s));

	crypto_shorthash_keygen(s->key);
	return s;
}

void policy_store_free(struct policy_store *s)
{
	if (s == NULL)
		return;
	while (s->blocks != NULL) {
		struct block *next = s->blocks->next;

		free(s->blocks);
		s->blocks = next;
	}
	free(s->words);
	free(s);
}

void *policy_store_get(struct policy_store *s, size_t size)
{
	struct block *b = s->blocks;

	size = (size + 7) & ~(size_t)7;
	if (b == NULL || b->size - b->used < size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		b = xcalloc(1, sizeof(*b) + room);
		b->size = room;
		b->next = s->blocks;
		s->blocks = b;
	}
	void *p = (char *)b->data + b->used;

	b->used += size;
	return p;
}

const char *policy_store_text(struct policy_store *s, const char *text, size_t len)
{
	char *copy = policy_store_get(s, len + 1);

	memcpy(copy, text, len);
	return copy;
}

uint64_t policy_store_hash(const struct policy_store *s, uint64_t above, const void *data, size_t len)
{
	unsigned char out[crypto_shorthash_BYTES], key[crypto_shorthash_KEYBYTES];
	uint64_t hash;

	memcpy(key, s->key, sizeof(key));
	for (size_t i = 0; i < sizeof(above); i++)
		key[i] ^= (unsigned char)(above >> (8 * i));
	crypto_shorthash(out, data, len, key);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

uint64_t policy_store_hash_index(const struct policy_store *s, uint64_t above, size_t index)
{
	uint64_t word[2] = { UINT64_C(0x5b5d), index };

	return policy_store_hash(s, above, word, sizeof(word));
}

static void grow_words(struct policy_store *s)
{
	size_t size = s->word_size == 0 ? 64 : s->word_size * 2;
	const char **words = xcalloc(size, sizeof(*words));

	for (size_t i = 0; i < s->word_size; i++) {
		if (s->words[i] == NULL)
			continue;
		size_t slot = policy_store_hash(s, 0, s->words[i], strlen(s->words[i])) & (size - 1);

		while (words[slot] != NULL)
			slot = (slot + 1) & (size - 1);
		words[slot] = s->words[i];
	}
	free(s->words);
	s->words = words;
	s->word_size = size;
}

const char *policy_store_word(struct policy_store *s, const char *text)
{
	if (s->word_count * 2 >= s->word_size)
		grow_words(s);
	size_t len = strlen(text), slot = policy_store_hash(s, 0, text, len) & (s->word_size - 1);

	for (; s->words[slot] != NULL; slot = (slot + 1) & (s->word_size - 1)) {
		if (strcmp(s->words[slot], text) == 0)
			return s->words[slot];
	}
	s->words[slot] = policy_store_text(s, text, len);
	s->word_count++;
	return s->words[slot];
}

/* 0 is an empty slot. */
static uint64_t identity(uint64_t hash)
{
	return hash != 0 ? hash : 1;
}

/* The slot of a hash, or the empty one where it would be. */
static uint64_t *find_slot(uint64_t *slots, size_t size, uint64_t hash)
{
	size_t slot = hash & (size - 1);

	while (slots[slot] != 0 && slots[slot] != hash)
		slot = (slot + 1) & (size - 1);
	return &slots[slot];
}

void policy_hashes_add(struct policy_hashes *h, uint64_t hash)
{
	if ((h->count + 1) * 4 > h->size * 3) {
		size_t size = h->size == 0 ? 64 : h->size * 2;
		uint64_t *slots = xcalloc(size, sizeof(*slots));

		for (size_t i = 0; i < h->size; i++) {
			if (h->slots[i] != 0)
				*find_slot(slots, size, h->slots[i]) = h->slots[i];
		}
		free(h->slots);
		h->slots = slots;
		h->size = size;
	}
	uint64_t *slot = find_slot(h->slots, h->size, identity(hash));

	if (*slot == 0) {
		*slot = identity(hash);
		h->count++;
	}
}

bool policy_hashes_has(const struct policy_hashes *h, uint64_t hash)
{
	return h->size > 0 && *find_slot(h->slots, h->size, identity(hash)) != 0;
}

void policy_hashes_free(struct policy_hashes *h)
{
	free(h->slots);
	*h = (struct policy_hashes){ NULL, 0, 0 };
}
