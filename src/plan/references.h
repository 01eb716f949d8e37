/* Which resources and data sources an expression of a plan's configuration leads to, through variables, outputs, and
 * for_each. What refers is a resource in the configuration, not an instance: "module.a.aws_instance.web". */
#ifndef PLANSPOOL_PLAN_REFERENCES_H
#define PLANSPOOL_PLAN_REFERENCES_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/reader.h"

struct references;

/* Keeps only what leads to addresses that begin with prefix, "data.hcp_packer_"; borrowed. */
struct references *references_new(const char *prefix);
void references_free(struct references *r);

/* A PLAN_CONFIG_RESOURCE, PLAN_CONFIG_CALL or PLAN_CONFIG_OUTPUT. */
void references_add(struct references *r, const struct plan_item *item);

/* One reference's end. */
struct reference_target {
	const char *address;	/* in the configuration, module.a.data.hcp_packer_artifact.x */
	const char *index;	/* "[0]", "[\"key\"]"; "" if none is said */
	const char *attribute;	/* what is referred to in it; "" for all of it */
};
/* Everything that a resource of the configuration leads to, each once for each way it is written. False if there was
 * too much to follow it all. */
bool references_of(struct references *r, const char *resource,
	void (*found)(void *context, const struct reference_target *target),
	void *context);

/* Calls each for every resource of the configuration that leads anywhere. */
void references_resources(const struct references *r, void (*each)(void *context, const char *resource), void *context);

#endif
