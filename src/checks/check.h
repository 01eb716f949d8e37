/* The check interface. A kind of check is one file and one row in the table of checkset.c. A check is compiled once
 * from its configuration and shared read-only by all jobs; what it learns about one plan is a run of its own. */
#ifndef PLANSPOOL_CHECKS_CHECK_H
#define PLANSPOOL_CHECKS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/faults.h"
#include "base/request.h"
#include "checks/outcome.h"
#include "plan/reader.h"

/* What a run of a check may know and do. */
struct check_context {
	enum stage stage;
	struct outcomes *outcomes;		/* where findings go */
	/* To be called exactly once for each run, at the end of the plan or later, from the event loop. The run may
	 * be stopped inside the call: its state must not be touched behind it. */
	void (*finished)(struct check_context *c);
};

struct policy;

struct check_kind {
	const char *name;	/* its key in the configuration, and its id in outcomes */

	/* Reads its arguments; file is the configuration's name, for faults and for paths relative to it. It may wait
	 * until wait_until_ms (monotonic; 0: not at all) for files that someone is just writing. The compiled check, or
	 * NULL with at least one error in faults. One that may become usable by itself later (its file is read again)
	 * can be returned with errors in faults: it then says so in each run. */
	void *(*load)(const struct doc_node *arguments, const char *file, int64_t wait_until_ms, struct faults *faults);
	void (*unload)(void *compiled);

	/* The policies that it goes by, n of them, borrowed; NULL for a kind that has none. */
	struct policy *const *(*policies)(const void *compiled, size_t *n);

	/* A number over all that it goes by, wherever that lies, so that results can tell two sets apart; NULL when
	 * that is its arguments. */
	uint64_t (*digest)(const void *compiled);

	/* Adds what it wants of a plan. Types set here are borrowed and must live as long as compiled. A check that
	 * wants resource changes of all types leaves types NULL. */
	void (*wants)(const void *compiled, struct plan_wants *wants);

	/* One run. start returns its state; item gets what was wanted, and always PLAN_END last when the plan was
	 * read whole, after which the check calls context->finished at once or later; stop frees the state, also
	 * half-way. */
	void *(*start)(const void *compiled, struct check_context *context);
	void (*item)(void *run, const struct plan_item *item);
	void (*stop)(void *run);
};

extern const struct check_kind check_policies;	/* policies.c */
extern const struct check_kind check_changes;	/* changes.c */
extern const struct check_kind check_images;	/* images.c */

/* check.c: whether an address matches a pattern in which * stands for any run of characters. */
bool check_address_match(const char *pattern, const char *address);

#endif
