/* Records of a run that have numbers instead of pointers, and maps from hashes to numbers: half the size, for what is
 * kept of each resource. */
#ifndef PLANSPOOL_CHECKS_POLICY_POOL_H
#define PLANSPOOL_CHECKS_POLICY_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/policy_store.h"

/* A map from hashes of the store to numbers. */
struct policy_map {
	uint64_t *keys;
	uint32_t *values;
	size_t size, count;
};
/* The number of a hash, to read or to set; added as 0 if it is not there. Valid until the next call. */
uint32_t *policy_map_at(struct policy_map *m, uint64_t hash);
uint32_t policy_map_get(const struct policy_map *m, uint64_t hash);	/* 0 if it is not there */
void policy_map_clear(struct policy_map *m);
void policy_map_free(struct policy_map *m);

struct policy_pool {
	struct policy_store *store;	/* which the memory belongs to */
	unsigned char **pages;
	size_t page_count, page_room, used;	/* used: bytes of the last page */
	uint32_t *shared;		/* open addressing */
	size_t shared_size, shared_count;
};
void policy_pool_init(struct policy_pool *p, struct policy_store *store);
void policy_pool_free(struct policy_pool *p);
/* Memory for a record, aligned and zeroed; its number, never 0. Numbers grow. */
uint32_t policy_pool_new(struct policy_pool *p, size_t size);
/* The number of a copy of data, the same for the same bytes. */
uint32_t policy_pool_share(struct policy_pool *p, const void *data, size_t len);
/* A record; it never moves. */
void *policy_pool_at(const struct policy_pool *p, uint32_t number);
size_t policy_pool_length(const struct policy_pool *p, uint32_t number);	/* of a shared one */

#endif
