/* Module instances, and hashes of addresses.
 *
 * Contract: there is one record for each instance that the address of a node or a reference names, and for all above
 * it. What stands in a module is found by hashes that are chained from step to step: aws_vpc.v in module.a.module.b is
 * H(H(H(0, module.a), module.b), aws_vpc.v). So no address is put together or taken apart to find something.
 *
 * An address takes one record for each of its steps: no more than a small factor of its own length. */
#include "checks/policy_module.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/address.h"

#define MODULE "module."
#define MODULE_LEN (sizeof(MODULE) - 1)

void policy_modules_init(struct policy_modules *m, struct policy_pool *pool)
{
	*m = (struct policy_modules){ .pool = pool };
	m->root = policy_pool_new(pool, sizeof(struct policy_module) + 1);
}

void policy_modules_free(struct policy_modules *m)
{
	policy_map_free(&m->by_instance);
}

const struct policy_module *policy_module_at(const struct policy_modules *m, uint32_t number)
{
	return policy_pool_at(m->pool, number);
}

uint32_t policy_module_below(struct policy_modules *m, uint32_t above, const char *step, size_t len)
{
	const struct policy_store *store = m->pool->store;
	const struct policy_module *caller = policy_module_at(m, above);
	uint64_t instance = policy_config_name(store, caller->instance, step, len);
	uint32_t *number = policy_map_at(&m->by_instance, instance);

	if (*number != 0)
		return *number;
	*number = policy_pool_new(m->pool, sizeof(struct policy_module) + len + 1);
	struct policy_module *new = policy_pool_at(m->pool, *number);

	new->key = (uint32_t)(MODULE_LEN + address_name(step + MODULE_LEN));
	new->instance = instance;
	new->config = policy_config_name(store, caller->config, step, new->key);
	new->above = above;
	new->length = caller->length + (caller->length > 0) + (uint32_t)len;
	memcpy(new->step, step, len);
	return *number;
}

uint32_t policy_module_of_address(struct policy_modules *m, const char *address, size_t *len)
{
	uint32_t module = m->root;
	size_t at = 0, step, name;

	while ((step = address_step(address + at, &name)) > 0) {
		module = policy_module_below(m, module, address + at, step);
		at += step + 1;
	}
	*len = at > 0 ? at - 1 : 0;
	return module;
}

void policy_module_address(const struct policy_modules *m, uint32_t number, struct buf *out)
{
	const struct policy_module *module = policy_module_at(m, number);
	size_t left = module->length + (module->length > 0);
	char *text = buf_reserve(out, left);

	if (text == NULL)
		mem_panic("the address of a module is too long");
	out->len += left;
	text[left] = '\0';
	for (; module->above != 0; module = policy_module_at(m, module->above)) {
		size_t len = strlen(module->step);

		text[--left] = '.';
		left -= len;
		memcpy(text + left, module->step, len);
	}
}

uint64_t policy_config_name(const struct policy_store *s, uint64_t above, const char *name, size_t len)
{
	return policy_store_hash(s, above, name, len);
}

uint64_t policy_config_of_item(const struct policy_store *s, const struct plan_item *item)
{
	uint64_t config = 0;

	for (size_t i = 0; i < item->module_count; i++) {
		char *step = xasprintf(MODULE "%s", item->modules[i]);

		config = policy_config_name(s, config, step, strlen(step));
		free(step);
	}
	return config;
}

uint64_t policy_config_of_change(const struct policy_store *s, const struct resource_change *change)
{
	char *name = xasprintf("%s%s.%s", change->data ? "data." : "", change->type, change->name);
	const char *address = change->address;
	uint64_t config = 0;
	size_t step, len;

	for (; (step = address_step(address, &len)) > 0; address += step + 1)
		config = policy_config_name(s, config, address, len);
	config = policy_config_name(s, config, name, strlen(name));
	free(name);
	return config;
}
