/* skip: lists of the configuration: verdicts that people have decided to live with for a while. */
#ifndef PLANSPOOL_CHECKS_POLICY_SKIP_H
#define PLANSPOOL_CHECKS_POLICY_SKIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/faults.h"

struct policy_skip {
	unsigned line;
	char *policy, *address;	/* patterns; "*" when not given */
	char *reason;
	char *until;		/* the last day, 2026-12-31; NULL: for good */
	int64_t end_ms;		/* when it no longer applies */
};

struct policy_skips {
	struct policy_skip *list;
	size_t count;
};

/* Reads a list of {policy, address, reason, until}. 0, or -1 with faults. */
int policy_skips_read(struct policy_skips *s, const struct doc_node *node, const char *file, struct faults *faults);
void policy_skips_free(struct policy_skips *s);
/* The first that applies, or NULL. */
const struct policy_skip *policy_skips_find(const struct policy_skips *s, const char *policy, const char *address,
	int64_t now_ms);

#endif
