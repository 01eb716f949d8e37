/* Reading and applying skip lists:
 *
 *	skip: [{policy: CKV2_ACME_*, address: "module.legacy.*", reason: "until the move", until: 2026-12-31}]
 *
 * Contract: an entry without a policy or an address would skip everything of a policy or of a resource, which is
 * allowed for one of them; the reason must be there, since it is shown in the result. The day of until is the last one
 * on which the entry applies, in UTC; after it the entry does nothing, and each run says so. */
#include "checks/policy_skip.h"

#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/check.h"

#define DAY_MS INT64_C(86400000)

static int read_until(struct policy_skip *s, const struct doc_node *node, const char *file, struct faults *faults)
{
	if (node->kind == DOC_SCALAR && node->len == 10 && strlen(node->text) == 10) {
		char *midnight = xasprintf("%sT00:00:00.000Z", node->text);
		int parsed = text_time_parse(midnight, &s->end_ms);

		free(midnight);
		if (parsed == 0) {
			s->until = xstrdup(node->text);
			s->end_ms += DAY_MS;
			return 0;
		}
	}
	faults_error(faults, file, node->line, "until: a day is expected, as in 2026-12-31");
	return -1;
}

static int read_text(const struct doc_node *node, const char *key, const char *file, struct faults *faults, char **out)
{
	const char *text = config_text(doc_get(node, key), file, key, faults);

	if (text == NULL)
		return -1;
	*out = xstrdup(text);
	return 0;
}

static int read_entry(struct policy_skip *s, const struct doc_node *node, const char *file, struct faults *faults)
{
	static const char *const keys[] = { "policy", "address", "reason", "until", NULL };
	const struct doc_node *until = doc_get(node, "until");
	int result = 0;

	if (node->kind != DOC_MAPPING) {
		faults_error(faults, file, node->line,
			"skip: each entry is a mapping with policy, address, reason and until");
		return -1;
	}
	s->line = node->line;
	if (!config_keys(node, file, "skip", keys, faults))
		result = -1;
	if (doc_get(node, "policy") == NULL && doc_get(node, "address") == NULL) {
		faults_error(faults, file, node->line, "skip: an entry needs a policy or an address");
		result = -1;
	}
	if (doc_get(node, "policy") != NULL && read_text(node, "policy", file, faults, &s->policy) != 0)
		result = -1;
	if (doc_get(node, "address") != NULL && read_text(node, "address", file, faults, &s->address) != 0)
		result = -1;
	if (doc_get(node, "reason") == NULL) {
		faults_error(faults, file, node->line, "skip: an entry needs a reason");
		result = -1;
	} else if (read_text(node, "reason", file, faults, &s->reason) != 0) {
		result = -1;
	}
	if (until != NULL && read_until(s, until, file, faults) != 0)
		result = -1;
	return result;
}

int policy_skips_read(struct policy_skips *s, const struct doc_node *node, const char *file, struct faults *faults)
{
	int result = 0;

	if (node->kind != DOC_SEQUENCE) {
		faults_error(faults, file, node->line, "skip: a list is expected");
		return -1;
	}
	s->list = xcalloc(node->count + 1, sizeof(*s->list));
	for (size_t i = 0; i < node->count; i++) {
		if (read_entry(&s->list[s->count++], node->items[i], file, faults) != 0)
			result = -1;
	}
	return result;
}

void policy_skips_free(struct policy_skips *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->list[i].policy);
		free(s->list[i].address);
		free(s->list[i].reason);
		free(s->list[i].until);
	}
	free(s->list);
	*s = (struct policy_skips){ NULL, 0 };
}

const struct policy_skip *policy_skips_find(const struct policy_skips *s, const char *policy, const char *address,
	int64_t now_ms)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct policy_skip *e = &s->list[i];

		if ((e->until == NULL || now_ms < e->end_ms) && (e->policy == NULL ||
			check_address_match(e->policy, policy)) && (e->address == NULL ||
			(address != NULL && check_address_match(e->address, address))))
			return e;
	}
	return NULL;
}
