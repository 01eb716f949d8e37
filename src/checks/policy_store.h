/* What a run of the policies keeps of a plan until the configuration has been read: compact records, in memory that is
 * freed as a whole. */
#ifndef PLANSPOOL_CHECKS_POLICY_STORE_H
#define PLANSPOOL_CHECKS_POLICY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory that grows in blocks and never moves. */
struct policy_store;
struct policy_store *policy_store_new(void);
void policy_store_free(struct policy_store *s);
void *policy_store_get(struct policy_store *s, size_t size);		/* aligned, zeroed, never NULL */
/* a copy with a NUL behind it */
const char *policy_store_text(struct policy_store *s, const char *text, size_t len);
const char *policy_store_word(struct policy_store *s, const char *text);	/* the same pointer for the same text */

/* Hashes with a key that is new in each store, so that no plan can be made to collide. */
uint64_t policy_store_hash(const struct policy_store *s, uint64_t above, const void *data, size_t len);
uint64_t policy_store_hash_index(const struct policy_store *s, uint64_t above, size_t index);

/* A set of such hashes. */
struct policy_hashes {
	uint64_t *slots;
	size_t size, count;
};
void policy_hashes_add(struct policy_hashes *h, uint64_t hash);
bool policy_hashes_has(const struct policy_hashes *h, uint64_t hash);
void policy_hashes_free(struct policy_hashes *h);

#endif
