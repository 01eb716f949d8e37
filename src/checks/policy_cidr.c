/* CIDR notation: parsing as Python's ipaddress does with host bits allowed, and containment.
 *
 * Contract: text that is not exactly a network is refused: leading zeros, other shorthand of inet_aton, zone indexes,
 * white space. A bare address is a network of one. IPv4 also takes a netmask or its complement behind the slash; a mask
 * of all zeros reads as /0 and one of all ones as /32. */
#include "checks/policy_cidr.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

static uint32_t ipv4_word(const unsigned char *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Digits only. 0, or -1. */
static int parse_prefix(const char *text, unsigned max, unsigned *out)
{
	unsigned n = 0;

	if (*text == '\0' || strlen(text) > 3)
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		n = n * 10 + (unsigned)(*text - '0');
	}
	if (n > max)
		return -1;
	*out = n;
	return 0;
}

/* A netmask, or a hostmask, in dotted form. */
static int parse_mask(const char *text, unsigned *out)
{
	unsigned char b[4];

	if (inet_pton(AF_INET, text, b) != 1)
		return -1;
	uint32_t mask = ipv4_word(b), host = ~mask;

	/* A netmask's complement is one less than a power of two. */
	if ((host & (host + 1)) == 0) {
		*out = 32 - (unsigned)__builtin_popcount(host);
		return 0;
	}
	if ((mask & (mask + 1)) == 0) {
		*out = 32 - (unsigned)__builtin_popcount(mask);
		return 0;
	}
	return -1;
}

int policy_net_parse(const char *text, size_t len, struct policy_net *out)
{
	char address[128];

	if (len == 0 || len >= sizeof(address) || memchr(text, '\0', len) != NULL)
		return -1;
	memcpy(address, text, len);
	address[len] = '\0';

	char *slash = strchr(address, '/');

	if (slash != NULL)
		*slash++ = '\0';
	*out = (struct policy_net){ .family = 4, .prefix = 32 };
	if (inet_pton(AF_INET, address, out->bytes) != 1) {
		out->family = 6;
		out->prefix = 128;
		if (inet_pton(AF_INET6, address, out->bytes) != 1)
			return -1;
	}
	if (slash != NULL && parse_prefix(slash, out->prefix, &out->prefix) != 0 &&
		(out->family != 4 || parse_mask(slash, &out->prefix) != 0))
		return -1;
	for (unsigned i = 0; i < sizeof(out->bytes); i++) {
		unsigned keep = out->prefix > i * 8 ? out->prefix - i * 8 : 0;

		if (keep < 8)
			out->bytes[i] = (unsigned char)(out->bytes[i] & ~(0xffu >> keep));
	}
	return 0;
}

bool policy_net_within(const struct policy_net *inner, const struct policy_net *outer)
{
	if (inner->family != outer->family || inner->prefix < outer->prefix)
		return false;
	unsigned whole = outer->prefix / 8, rest = outer->prefix % 8;

	if (memcmp(inner->bytes, outer->bytes, whole) != 0)
		return false;
	return rest == 0 || ((inner->bytes[whole] ^ outer->bytes[whole]) & (0xff00u >> rest & 0xffu)) == 0;
}
