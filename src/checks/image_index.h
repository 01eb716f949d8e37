/* A table from texts to any number of things each, for the registry of images. */
#ifndef PLANSPOOL_CHECKS_IMAGE_INDEX_H
#define PLANSPOOL_CHECKS_IMAGE_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct image_entry {
	const void *thing;
	uint64_t hash;
	uint32_t next;		/* of the same slot, one above its number; 0: none */
	char kind;
};

struct image_index {
	struct image_entry *entries;
	size_t count, room;
	uint32_t *slots;	/* a power of two of them; one above the number of an entry */
	size_t slot_count;
	unsigned char secret[16];
};

void image_index_init(struct image_index *x);
void image_index_free(struct image_index *x);

/* The hash of a kind of key and its text in two parts (second may be NULL), keyed: nobody outside can make two that are
 * equal. */
uint64_t image_index_hash(const struct image_index *x, char kind, const char *text, size_t len, const char *second);
void image_index_add(struct image_index *x, uint64_t hash, char kind, const void *thing);
/* The next entry with this hash behind after (NULL: the first); NULL if there is none. */
const struct image_entry *image_index_next(const struct image_index *x, uint64_t hash, const struct image_entry *after);

#endif
