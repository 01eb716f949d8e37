/* Waiting verdicts, packed.
 *
 * Why: a plan may have some hundred thousand resources with an attribute that is known after apply and that a policy
 * wants to exist. Each such verdict waits for the configuration, so it must be small: about 25 bytes and the address,
 * which is stored once for all policies of a resource.
 *
 * A record is: policy (4 bytes), length of the address (2; 0: that of the record before), the address and a NUL, one
 * byte for each condition, for each that is an error a pointer to why, number of places (2), and for each place:
 * condition (2), depth (1), hashes (8 each). Nothing is aligned. Records do not span blocks; they are read in the order
 * they were written, which is all that is ever needed.
 *
 * Limits: addresses of ADDRESS_MAX bytes are cut. */
#include "checks/policy_wait.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define BLOCK_SIZE (64u << 10)
#define ADDRESS_MAX 60000u

_Static_assert(POLICY_LEAVES * LEAF_PLACES <= UINT16_MAX, "the number of places fits: a lost one would decide");

struct policy_wait_block {
	struct policy_wait_block *next;
	size_t used, size;
	unsigned char data[];
};

void policy_waits_free(struct policy_waits *w)
{
	while (w->first != NULL) {
		struct policy_wait_block *next = w->first->next;

		free(w->first);
		w->first = next;
	}
	free(w->address);
	*w = (struct policy_waits){ .first = NULL };
}

static unsigned char *reserve(struct policy_waits *w, size_t size)
{
	struct policy_wait_block *b = w->last;

	if (b == NULL || b->size - b->used < size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		b = xcalloc(1, sizeof(*b) + room);
		b->size = room;
		if (w->last != NULL)
			w->last->next = b;
		else
			w->first = b;
		w->last = b;
		/* The first record of a block has its address, so that nothing points across blocks. */
		free(w->address);
		w->address = NULL;
	}
	return b->data + b->used;
}

static unsigned char *put(unsigned char *at, const void *data, size_t n)
{
	memcpy(at, data, n);
	return at + n;
}

/* The places of all conditions that depend on references. */
static unsigned char *put_places(unsigned char *at, struct policy_keep *k, const struct policy_node *node,
	const struct policy *policy, const struct policy_leaf *leaves)
{
	unsigned char *number = at;
	uint16_t n = 0;

	at += sizeof(n);
	for (size_t i = 0; i < policy->leaf_count; i++) {
		uint16_t leaf = (uint16_t)i;

		for (size_t p = 0; policy_leaf_depends(leaves[i].state) && p < leaves[i].place_count; p++, n++) {
			struct policy_hashed_place place;

			policy_keep_hash_place(k, node, leaves[i].places[p], &place);
			at = put(at, &leaf, sizeof(leaf));
			*at++ = (unsigned char)place.depth;
			at = put(at, place.hashes, place.depth * sizeof(place.hashes[0]));
		}
	}
	memcpy(number, &n, sizeof(n));
	return at;
}

void policy_wait_add(struct policy_waits *w, struct policy_keep *k, const struct policy_node *node, uint32_t number,
	const struct policy *policy, const struct policy_leaf *leaves)
{
	size_t len = strlen(node->address), places = 0, errors = 0;

	if (len > ADDRESS_MAX)
		len = ADDRESS_MAX;
	for (size_t i = 0; i < policy->leaf_count; i++) {
		places += policy_leaf_depends(leaves[i].state) ? leaves[i].place_count : 0;
		errors += leaves[i].state == LEAF_ERROR;
	}
	unsigned char *at = reserve(w, 9 + len + policy->leaf_count + errors * sizeof(char *) +
		places * (3 + PLACE_DEPTH * sizeof(uint64_t))), *start = at;
	uint16_t shown = w->address != NULL && strncmp(w->address, node->address, len) == 0 &&
		w->address[len] == '\0' ? 0 : (uint16_t)len;

	at = put(at, &number, sizeof(number));
	at = put(at, &shown, sizeof(shown));
	if (shown > 0) {
		at = put(at, node->address, len);
		*at++ = '\0';
		free(w->address);
		w->address = xstrndup(node->address, len);
	}
	for (size_t i = 0; i < policy->leaf_count; i++)
		*at++ = (unsigned char)leaves[i].state;
	for (size_t i = 0; i < policy->leaf_count; i++) {
		if (leaves[i].state == LEAF_ERROR) {
			const char *why = policy_store_word(k->store, leaves[i].why != NULL ? leaves[i].why : "");

			at = put(at, &why, sizeof(why));
		}
	}
	at = put_places(at, k, node, policy, leaves);
	w->last->used += (size_t)(at - start);
	w->size += (size_t)(at - start);
	w->count++;
}

void policy_waits_each(const struct policy_waits *w, policy_wait_leaves_fn *leaf_count, policy_wait_fn *visit,
	void *context)
{
	for (const struct policy_wait_block *b = w->first; b != NULL; b = b->next) {
		struct policy_wait one = { .address = "" };
		const unsigned char *at = b->data;

		while (at < b->data + b->used) {
			uint16_t len;

			memcpy(&one.policy, at, sizeof(one.policy));
			memcpy(&len, at + 4, sizeof(len));
			at += 6;
			if (len > 0) {
				one.address = (const char *)at;
				at += len + 1u;
			}
			one.states = at;
			at += leaf_count(context, one.policy);
			for (const unsigned char *state = one.states, *end = at; state < end; state++)
				at += *state == LEAF_ERROR ? sizeof(char *) : 0;
			memcpy(&one.place_count, at, sizeof(one.place_count));
			at += sizeof(one.place_count);
			one.places = at;
			for (unsigned i = 0; i < one.place_count; i++)
				at += 3 + at[2] * sizeof(uint64_t);
			visit(context, &one);
		}
	}
}

const char *policy_wait_why(const struct policy_wait *w, size_t leaf_count, const struct policy_condition *c)
{
	const unsigned char *at = w->states + leaf_count;
	const char *why = "";

	for (size_t i = 0; i < c->leaf; i++)
		at += w->states[i] == LEAF_ERROR ? sizeof(why) : 0;
	if (w->states[c->leaf] == LEAF_ERROR)
		memcpy(&why, at, sizeof(why));
	return why;
}

enum truth policy_wait_truth(const struct policy_keep *k, const struct policy_wait *w, const struct policy_condition *c)
{
	enum policy_leaf_state state = w->states[c->leaf];
	bool all = state == LEAF_TRUE_IF_ALL || state == LEAF_FALSE_IF_ALL;
	const unsigned char *at = w->places;

	if (!policy_leaf_depends(state))
		return policy_leaf_truth(state, false);
	for (unsigned i = 0; i < w->place_count; i++) {
		uint64_t hashes[PLACE_DEPTH];
		size_t depth = at[2];
		uint16_t leaf;

		memcpy(&leaf, at, sizeof(leaf));
		memcpy(hashes, at + 3, depth * sizeof(hashes[0]));
		at += 3 + depth * sizeof(hashes[0]);
		if (leaf == c->leaf && policy_keep_refers(k, hashes, depth) != all)
			return policy_leaf_truth(state, !all);
	}
	return policy_leaf_truth(state, all);
}
