/* What a set of checks is inside; for checkset.c, which loads it, and checkrun.c, which runs it. */
#ifndef PLANSPOOL_CHECKS_CHECKSET_PRIVATE_H
#define PLANSPOOL_CHECKS_CHECKSET_PRIVATE_H

#include <sodium.h>

#include "checks/check.h"
#include "checks/checkset.h"

struct checkset_check {
	char *name;			/* as in the configuration; its id in outcomes */
	const struct check_kind *kind;	/* NULL: unknown */
	void *compiled;			/* NULL: could not be loaded; then fault says why */
	char *fault;
	struct plan_wants wants;
	const char **types;		/* what wants.types points to: sorted */
};

struct checkset {
	struct checkset_check *checks;
	size_t count;
	struct plan_wants wants;	/* the union */
	const char **types;		/* what wants.types points to, if it is not NULL */
	struct doc **docs;		/* arguments made from the command line */
	size_t doc_count;
	crypto_generichash_state hashing;
	char hash[CHECKSET_HASH];
};

/* Whether the check is to get an item; type is that of a resource change, NULL if it has none. */
bool checkset_check_wants(const struct checkset_check *c, enum plan_kind kind, const char *type);

#endif
