/* Networks in CIDR notation, as far as the operator cidr_range_subset needs them (planspool-policies(5), OPERATORS). */
#ifndef PLANSPOOL_CHECKS_POLICY_CIDR_H
#define PLANSPOOL_CHECKS_POLICY_CIDR_H

#include <stdbool.h>
#include <stddef.h>

struct policy_net {
	int family;			/* 4 or 6 */
	unsigned prefix;		/* bits */
	unsigned char bytes[16];	/* host bits cleared */
};

/* "10.1.0.0/16", "10.0.0.1", "10.0.0.0/255.0.0.0", "10.0.0.0/0.255.255.255", "fd00::/64". 0, or -1 if it is none. */
int policy_net_parse(const char *text, size_t len, struct policy_net *out);
bool policy_net_within(const struct policy_net *inner, const struct policy_net *outer);

#endif
