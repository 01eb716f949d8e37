/* Waiting verdicts.
 *
 * Why: a plan may have some hundred thousand resources with attributes that are known after apply and that policies want
 * to exist. Each such verdict waits for the configuration, so what is known of a resource is kept as for connections
 * (policy_facts.c): resources that are alike cost their address and a few numbers, however many policies wait. */
#include "checks/policy_wait.h"

#include <string.h>

#include "base/mem.h"

/* A resource. */
struct waiting {
	struct policy_known known;	/* a fact for each policy */
	uint32_t policies;		/* shared record: their numbers */
	char address[];
};

void policy_waits_init(struct policy_waits *w, struct policy_computed *computed)
{
	*w = (struct policy_waits){ .nodes = BUF_INIT(SIZE_MAX / 2), .policies = BUF_INIT(SIZE_MAX / 2) };
	policy_pool_init(&w->pool, computed->store);
	policy_ledger_init(&w->ledger, computed, &w->pool);
}

void policy_waits_free(struct policy_waits *w)
{
	policy_ledger_free(&w->ledger);
	policy_pool_free(&w->pool);
	buf_free(&w->nodes);
	buf_free(&w->policies);
}

static void append(struct buf *numbers, uint32_t number)
{
	if (buf_append(numbers, &number, sizeof(number)) != 0)
		mem_panic("too many verdicts wait");
}

void policy_wait_add(struct policy_waits *w, const struct policy_node *node, uint32_t number,
	const struct policy *policy, const struct policy_leaf *leaves)
{
	policy_ledger_add(&w->ledger, node, policy, leaves);
	append(&w->policies, number);
}

void policy_waits_node(struct policy_waits *w, const struct policy_node *node)
{
	struct policy_known known = policy_ledger_node(&w->ledger, node);
	size_t len = strlen(node->address);

	if (known.list == 0)
		return;
	uint32_t number = policy_pool_new(&w->pool, sizeof(struct waiting) + len + 1);
	struct waiting *new = policy_pool_at(&w->pool, number);

	new->known = known;
	new->policies = policy_pool_share(&w->pool, w->policies.data, w->policies.len);
	memcpy(new->address, node->address, len);
	append(&w->nodes, number);
	buf_clear(&w->policies);
}

static void visit_node(const struct policy_waits *w, const struct waiting *node, policy_wait_fn *visit, void *context)
{
	const uint32_t *policies = policy_pool_at(&w->pool, node->policies);
	size_t count = policy_pool_length(&w->pool, node->policies) / sizeof(*policies);

	for (size_t i = 0; i < count; i++)
		visit(context, &(struct policy_wait){ policies[i], node->address, &node->known,
			policy_ledger_facts(&w->ledger, node->known.list, count, (uint32_t)i) });
}

void policy_waits_each(const struct policy_waits *w, policy_wait_fn *visit, void *context)
{
	const uint32_t *nodes = (const uint32_t *)(const void *)w->nodes.data;

	for (size_t i = 0; i < w->nodes.len / sizeof(*nodes); i++)
		visit_node(w, policy_pool_at(&w->pool, nodes[i]), visit, context);
}
