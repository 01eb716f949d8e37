/* The grammar of addresses and references: module.NAME[KEY].TYPE.NAME[KEY].ATTRIBUTE, where a key in quotes may hold
 * anything. */
#ifndef PLANSPOOL_PLAN_ADDRESS_H
#define PLANSPOOL_PLAN_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

/* The length of a name at the start of s: up to a dot or a bracket. */
size_t address_name(const char *s);
/* The length of a key with its brackets at the start of s; 0 if there is none. */
size_t address_key(const char *s);
/* The length of the step module.NAME[KEY] at the start of an address, if anything follows it; else 0. That of
 * module.NAME goes to *name. */
size_t address_step(const char *address, size_t *name);
/* How much of a resource's address is its modules, module.a[0].module.b; 0 in the root. */
size_t address_modules(const char *address);
/* The key at the end of an address, "" if there is none. Points into it. */
const char *address_last_key(const char *address);
/* The address in the configuration of an instance: without keys. Allocated. */
char *address_without_keys(const char *address);
/* Whether a reference is another with something cut off its end: Terraform lists a.b[1] and a.b behind a.b[1].id. */
bool address_is_front(const char *reference, const char *of);

#endif
