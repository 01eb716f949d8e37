/* What the reports for other programs share: outcomes as lists by rule. outcomes_at has the worst first, so that the
 * same id comes once for each status; a report wants an id once. Borrowed texts live as long as the outcomes. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/report.h"

/* The rule of that id, made if there is none. Ids come in runs: the one before is the likely one. */
static struct report_rule *rule_for(struct report_rule **rules, size_t *n, size_t *last, const struct outcome *one)
{
	if (*n > 0 && strcmp((*rules)[*last].id, one->id) == 0)
		return &(*rules)[*last];
	for (*last = 0; *last < *n; (*last)++)
		if (strcmp((*rules)[*last].id, one->id) == 0)
			return &(*rules)[*last];
	*rules = xreallocarray(*rules, *n + 1, sizeof(**rules));
	(*rules)[*n] = (struct report_rule){ .id = one->id, .first = one };
	return &(*rules)[(*n)++];
}

struct report_rule *report_rules(const struct report *r, size_t *n)
{
	struct report_rule *rules = xcalloc(1, sizeof(*rules));
	size_t last = 0;

	*n = 0;
	for (size_t i = 0; i < outcomes_kept(r->outcomes); i++) {
		const struct outcome *one = outcomes_at(r->outcomes, i);
		struct report_rule *rule;

		if (one->status == OUTCOME_PASSED && !r->all)
			continue;
		rule = rule_for(&rules, n, &last, one);
		/* A power of two, or none yet: room for as many again. */
		if ((rule->n & (rule->n - 1)) == 0)
			rule->list = xreallocarray(rule->list, rule->n == 0 ? 1 : 2 * rule->n, sizeof(*rule->list));
		rule->list[rule->n++] = one;
	}
	return rules;
}

static bool same_address(const struct outcome *a, const struct outcome *b)
{
	return a->address == b->address || (a->address != NULL && b->address != NULL && strcmp(a->address, b->address) == 0);
}

unsigned report_nth(const struct report_rule *rule, size_t i)
{
	unsigned n = 0;

	for (; i > 0 && same_address(rule->list[i], rule->list[i - 1]); i--)
		n++;
	return n;
}

void report_rules_free(struct report_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(rules[i].list);
	free(rules);
}
