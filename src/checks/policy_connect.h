/* Policies with connections, evaluated over the whole plan (planspool-policies(5), CONNECTIONS). */
#ifndef PLANSPOOL_CHECKS_POLICY_CONNECT_H
#define PLANSPOOL_CHECKS_POLICY_CONNECT_H

#include "checks/policy.h"
#include "checks/policy_graph.h"
#include "checks/policy_report.h"

/* Reports the verdicts of one policy on all nodes that have one. number is the policy's in its set. */
void policy_connect(const struct policy *p, uint32_t number, const struct policy_graph *g,
	const struct policy_reporter *r);

#endif
