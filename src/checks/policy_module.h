/* Module instances of a plan as a tree, and hashes of addresses in it. */
#ifndef PLANSPOOL_CHECKS_POLICY_MODULE_H
#define PLANSPOOL_CHECKS_POLICY_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "checks/policy_pool.h"
#include "plan/change.h"
#include "plan/reader.h"

struct policy_module {
	uint64_t config, instance;	/* hashes of its address, without and with keys */
	uint32_t above;			/* number of the module that calls it; 0: it is the root */
	uint32_t length;		/* of its address */
	uint32_t key;			/* where the instance key is in step */
	char step[];			/* module.NAME or module.NAME[KEY] */
};

struct policy_modules {
	struct policy_pool *pool;	/* numbers of modules are numbers there */
	struct policy_map by_instance;
	uint32_t root;
};

void policy_modules_init(struct policy_modules *m, struct policy_pool *pool);
void policy_modules_free(struct policy_modules *m);
const struct policy_module *policy_module_at(const struct policy_modules *m, uint32_t number);
/* The module at the start of a resource's address; the length that it has there goes to *len. */
uint32_t policy_module_of_address(struct policy_modules *m, const char *address, size_t *len);
/* What a module calls by one step, module.NAME[KEY] of that length, whether the plan has it or not. */
uint32_t policy_module_below(struct policy_modules *m, uint32_t above, const char *step, size_t len);
/* Appends what the addresses in a module begin with: its own and a dot, nothing for the root. */
void policy_module_address(const struct policy_modules *m, uint32_t number, struct buf *out);

/* Hashes of the configuration: of what has that name in something (TYPE.NAME of a resource, module.NAME of a call) that
 * has the hash above; of the module that an item is in; of the resource that is changed. 0 is the root module's. */
uint64_t policy_config_name(const struct policy_store *s, uint64_t above, const char *name, size_t len);
uint64_t policy_config_of_item(const struct policy_store *s, const struct plan_item *item);
uint64_t policy_config_of_change(const struct policy_store *s, const struct resource_change *change);

#endif
