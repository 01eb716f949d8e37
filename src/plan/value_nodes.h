/* How a value lies in memory: what plan/value.c reads and plan/value_parse.c makes.
 *
 * A value is a row of nodes in the order of the text: a container, then what is in it. Each node knows how many nodes
 * it spans, so the next sibling is one addition away, and a subtree is a plain range. Strings and numbers stay in the
 * text, where the closing quote or the byte behind a number becomes the NUL.
 *
 * An object of many members has an index, a hash table of its keys: that finds keys that occur twice, and later members by
 * their key, so that neither costs the square of its size, whatever the order in which they are asked for. The hash is keyed
 * with random bytes: a hostile plan can't slow the table down. */
#ifndef PLANSPOOL_PLAN_VALUE_NODES_H
#define PLANSPOOL_PLAN_VALUE_NODES_H

#include <stdint.h>
#include <string.h>

#include "plan/value.h"

/* The members of one object by their keys, with linear probing. */
struct index {
	struct index *next;		/* of the same arena */
	const unsigned char *secret;	/* the arena's */
	size_t mask;			/* the number of slots, a power of two, less one */
	uint32_t slots[];		/* a member's distance from the object in nodes; 0 is empty */
};

struct value {
	union {
		const char *text;		/* string, number */
		struct index *index;	/* object; NULL if it has few members */
	};
	const char *key;	/* NULL: not a member */
	uint32_t len;		/* of text; of a container, the number of elements or members */
	uint32_t key_len;
	uint32_t span;		/* nodes from this one to the end of what is in it */
	uint8_t type;
	bool truth;
	bool last;		/* in its container */
};
_Static_assert(sizeof(void *) > 8 || sizeof(struct value) <= 32, "nodes stay small");

/* Whether a member stands under the key. */
static inline bool value_has_key(const struct value *v, const char *key, size_t len)
{
	/* Keys of one object often begin alike (attr_1, attr_2): their last byte tells most of them apart. */
	return v->key_len == len && (len == 0 || v->key[len - 1] == key[len - 1]) && memcmp(v->key, key, len) == 0;
}

/* The slot of a key in the index of an object: its member's, or the empty one where it would be. */
uint32_t *value_slot(struct index *x, const struct value *object, const char *key, size_t len);

#endif
