/* Private to config*.c: reading single values, and the endpoints. The readers that checks need too are in config.h.
 * Each says the fault itself, naming the key; 0, or -1. */
#ifndef PLANSPOOL_BASE_CONFIG_READ_H
#define PLANSPOOL_BASE_CONFIG_READ_H

#include "base/config.h"

/* As config_texts, with each made a path by config_path. */
int config_files(const struct doc_node *node, const char *file, const char *key, struct faults *faults, char ***out,
	size_t *n);
int config_duration(const struct doc_node *node, const char *file, const char *key, int64_t min_ms, int64_t max_ms,
	struct faults *faults, int64_t *out);
int config_size(const struct doc_node *node, const char *file, const char *key, uint64_t min, uint64_t max,
	struct faults *faults, uint64_t *out);
void config_texts_free(char **texts, size_t n);

void config_read_endpoints(const struct doc_node *node, struct config *c, const char *file, struct faults *faults);
void config_endpoint_clear(struct config_endpoint *e);

#endif
