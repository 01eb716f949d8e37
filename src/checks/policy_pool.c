/* Records with numbers.
 *
 * Contract: a number is the record's place in units of UNIT bytes, over pages that are found in a table; a record that
 * does not fit into a page has several that lie behind each other. Memory is the store's and goes with it.
 *
 * Shared records have their length and a part of their hash in front. They are compared byte by byte: what is in them
 * must not have gaps.
 *
 * Limits: 2^32 units, 32 GiB; more is an error of ours, as plans are bounded long before. */
#include "checks/policy_pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define UNIT 8u
#define PAGE (64u << 10)
#define UNITS (PAGE / UNIT)

struct shared {
	uint32_t len, hash;
	unsigned char data[];
};

/* 0 is an empty slot. */
static uint64_t identity(uint64_t hash)
{
	return hash != 0 ? hash : 1;
}

static size_t find_slot(const uint64_t *keys, size_t size, uint64_t key)
{
	size_t slot = key & (size - 1);

	while (keys[slot] != 0 && keys[slot] != key)
		slot = (slot + 1) & (size - 1);
	return slot;
}

uint32_t *policy_map_at(struct policy_map *m, uint64_t hash)
{
	if ((m->count + 1) * 4 > m->size * 3) {
		size_t size = m->size == 0 ? 64 : m->size * 2;
		uint64_t *keys = xcalloc(size, sizeof(*keys));
		uint32_t *values = xcalloc(size, sizeof(*values));

		for (size_t i = 0; i < m->size; i++) {
			if (m->keys[i] == 0)
				continue;
			size_t slot = find_slot(keys, size, m->keys[i]);

			keys[slot] = m->keys[i];
			values[slot] = m->values[i];
		}
		free(m->keys);
		free(m->values);
		m->keys = keys;
		m->values = values;
		m->size = size;
	}
	size_t slot = find_slot(m->keys, m->size, identity(hash));

	if (m->keys[slot] == 0) {
		m->keys[slot] = identity(hash);
		m->count++;
	}
	return &m->values[slot];
}

uint32_t policy_map_get(const struct policy_map *m, uint64_t hash)
{
	return m->size > 0 ? m->values[find_slot(m->keys, m->size, identity(hash))] : 0;
}

void policy_map_clear(struct policy_map *m)
{
	if (m->size > 64) {	/* so that clearing costs no more than filling did */
		policy_map_free(m);
	} else if (m->count > 0) {
		memset(m->keys, 0, m->size * sizeof(*m->keys));
		memset(m->values, 0, m->size * sizeof(*m->values));
		m->count = 0;
	}
}

void policy_map_free(struct policy_map *m)
{
	free(m->keys);
	free(m->values);
	*m = (struct policy_map){ .keys = NULL };
}

void policy_pool_init(struct policy_pool *p, struct policy_store *store)
{
	*p = (struct policy_pool){ .store = store };
}

void policy_pool_free(struct policy_pool *p)
{
	free(p->pages);
	free(p->shared);
	*p = (struct policy_pool){ .store = NULL };
}

static void add_pages(struct policy_pool *p, size_t count)
{
	unsigned char *data = policy_store_get(p->store, count * PAGE);

	if (p->page_count + count > UINT32_MAX / UNITS)
		mem_panic("more than 32 GiB of records of a plan");
	while (p->page_count + count > p->page_room) {
		p->page_room = p->page_room == 0 ? 16 : p->page_room * 2;
		p->pages = xreallocarray(p->pages, p->page_room, sizeof(*p->pages));
	}
	for (size_t i = 0; i < count; i++)
		p->pages[p->page_count++] = data + i * PAGE;
}

uint32_t policy_pool_new(struct policy_pool *p, size_t size)
{
	size_t before;

	size = (size + UNIT - 1) / UNIT * UNIT;
	if (p->page_count == 0) {
		add_pages(p, 1);
		p->used = UNIT;		/* number 0 is none */
	}
	if (size > PAGE - p->used) {
		size_t count = (size + PAGE - 1) / PAGE;

		add_pages(p, count);
		p->used = size - (count - 1) * PAGE;
		return (uint32_t)((p->page_count - count) * UNITS);
	}
	before = p->used;
	p->used += size;
	return (uint32_t)((p->page_count - 1) * UNITS + before / UNIT);
}

static void *record(const struct policy_pool *p, uint32_t number)
{
	return p->pages[number / UNITS] + (size_t)(number % UNITS) * UNIT;
}

static void grow_shared(struct policy_pool *p)
{
	size_t size = p->shared_size == 0 ? 64 : p->shared_size * 2;
	uint32_t *slots = xcalloc(size, sizeof(*slots));

	for (size_t i = 0; i < p->shared_size; i++) {
		if (p->shared[i] == 0)
			continue;
		size_t slot = ((const struct shared *)record(p, p->shared[i]))->hash & (size - 1);

		while (slots[slot] != 0)
			slot = (slot + 1) & (size - 1);
		slots[slot] = p->shared[i];
	}
	free(p->shared);
	p->shared = slots;
	p->shared_size = size;
}

uint32_t policy_pool_share(struct policy_pool *p, const void *data, size_t len)
{
	uint32_t hash = (uint32_t)policy_store_hash(p->store, 0, data, len);

	if ((p->shared_count + 1) * 4 > p->shared_size * 3)
		grow_shared(p);
	size_t slot = hash & (p->shared_size - 1);

	for (; p->shared[slot] != 0; slot = (slot + 1) & (p->shared_size - 1)) {
		const struct shared *s = record(p, p->shared[slot]);

		if (s->hash == hash && s->len == len && memcmp(s->data, data, len) == 0)
			return p->shared[slot] + 1;
	}
	p->shared[slot] = policy_pool_new(p, sizeof(struct shared) + len);
	p->shared_count++;
	struct shared *s = record(p, p->shared[slot]);

	s->hash = hash;
	s->len = (uint32_t)len;
	memcpy(s->data, data, len);
	return p->shared[slot] + 1;
}

void *policy_pool_at(const struct policy_pool *p, uint32_t number)
{
	return record(p, number);
}

size_t policy_pool_length(const struct policy_pool *p, uint32_t number)
{
	return ((const struct shared *)record(p, number - 1))->len;
}
