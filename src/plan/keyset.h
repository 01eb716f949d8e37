/* Finds keys that occur twice in one object, for any number of keys and of objects open inside each other. Keeps
 * 64-bit keyed hashes (SipHash) instead of the keys; nobody outside can make two keys that share one. */
#ifndef PLANSPOOL_PLAN_KEYSET_H
#define PLANSPOOL_PLAN_KEYSET_H

#include <stddef.h>
#include <stdint.h>

struct keyset {
	uint64_t *stack;	/* the hashes in the order they came */
	size_t count, stack_cap;
	uint64_t *slots;	/* the same, as a hash table with linear probing; 0 is empty */
	size_t slot_count;	/* a power of two, or 0 */
	size_t max;
	unsigned char secret[16];
};

/* max bounds the keys that are in it at a time. */
void keyset_init(struct keyset *k, size_t max);
void keyset_free(struct keyset *k);

enum keyset_added { KEYSET_NEW, KEYSET_DUPLICATE, KEYSET_FULL };
/* level tells objects that are open at the same time from each other. */
enum keyset_added keyset_add(struct keyset *k, unsigned level, const char *key, size_t len);

/* Forgets the keys added since count was what is given: objects are closed in the reverse order of opening. */
void keyset_cut(struct keyset *k, size_t count);

#endif
