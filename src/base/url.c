/* The one strict parser of http and https URLs.
 *
 * It decides where tokens are sent, so what it takes must mean the same to libcurl, to a server and to a person:
 * whatever two parsers are known to read differently is refused instead of interpreted. That goes beyond user info,
 * backslash and control characters: hosts that end in a number but are no dotted quad (curl reads 2130706433 and
 * 0x7f.1 as 127.0.0.1), IPv6 zones, ports with leading zeros, percent-encoded hosts, and "." or ".." as a part of the
 * path, encoded or not (curl and many servers remove them, so that the path a token is sent to would not be the path
 * that was judged).
 *
 * The host comes out in lower case, IPv6 addresses in their canonical form, and a trailing dot is dropped: equal hosts
 * are equal strings. Nothing is decoded, nothing is allocated but by the functions that say so.
 *
 * Reasons never quote the URL: its query may be a credential.
 */
#include "base/url.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define HOST_MAX 253
#define LABEL_MAX 63

static int refuse(char why[URL_WHY], const char *reason)
{
	snprintf(why, URL_WHY, "%s", reason);
	return -1;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int check_bytes(const char *text, char why[URL_WHY])
{
	size_t n = strnlen(text, URL_MAX + 1);

	if (n > URL_MAX)
		return refuse(why, "longer than 4096 bytes");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= 0x20 || c > 0x7e || c == '\\') {
			snprintf(why, URL_WHY, "byte %zu (0x%02x) is not allowed in a URL", i, c);
			return -1;
		}
		if (c == '#')
			return refuse(why, "a fragment (#) is not allowed");
	}
	return 0;
}

/* Whether a label is read as a number by parsers that know old forms of IPv4 addresses: digits, or 0x and hex digits.
 */
static bool numeric(const char *label, size_t n)
{
	bool hex = n >= 2 && label[0] == '0' && lower(label[1]) == 'x';

	for (size_t i = hex ? 2 : 0; i < n; i++)
		if (hex ? !is_hex(label[i]) : !is_digit(label[i]))
			return false;
	return n > 0;
}

/* A name, or an IPv4 address, of n bytes. */
static int take_name(const char *host, size_t n, struct url *out, char why[URL_WHY])
{
	size_t start = 0;
	bool dot = n && host[n - 1] == '.';
	struct in_addr v4;

	n -= dot;
	if (!n)
		return refuse(why, "no host");
	if (n > HOST_MAX)
		return refuse(why, "the host is longer than 253 characters");
	for (size_t i = 0; i < n; i++) {
		if (host[i] == '.') {
			if (i == start)
				return refuse(why, "the host has an empty label");
			start = i + 1;
		} else if (!is_alnum(host[i]) && host[i] != '-') {
			return refuse(why, "the host has a character other than letters, digits, '.' and '-'");
		} else if (i - start >= LABEL_MAX) {
			return refuse(why, "the host has a label longer than 63 characters");
		}
		out->host[i] = lower(host[i]);
	}
	out->host[n] = '\0';
	if (start == n)
		return refuse(why, "the host has an empty label");
	if (numeric(host + start, n - start) && (dot || inet_pton(AF_INET, out->host, &v4) != 1))
		return refuse(why, "the host ends in a number but is no IPv4 address");
	return 0;
}

/* An IPv6 address of n bytes, its brackets included. */
static int take_ipv6(const char *host, size_t n, struct url *out, char why[URL_WHY])
{
	char inner[INET6_ADDRSTRLEN], canonical[INET6_ADDRSTRLEN];
	struct in6_addr v6;

	if (n < 4 || host[n - 1] != ']' || n - 2 >= sizeof(inner))
		return refuse(why, "the host is no IPv6 address in brackets");
	memcpy(inner, host + 1, n - 2);
	inner[n - 2] = '\0';
	if (inet_pton(AF_INET6, inner, &v6) != 1 || !inet_ntop(AF_INET6, &v6, canonical, sizeof(canonical)))
		return refuse(why, "the host is no IPv6 address in brackets");
	snprintf(out->host, sizeof(out->host), "[%s]", canonical);
	return 0;
}

static int take_port(const char *port, size_t n, struct url *out, char why[URL_WHY])
{
	unsigned value = 0;

	if (!n || n > 5 || port[0] == '0')
		return refuse(why, "the port is no number from 1 to 65535");
	for (size_t i = 0; i < n; i++) {
		if (!is_digit(port[i]))
			return refuse(why, "the port is no number from 1 to 65535");
		value = value * 10 + (unsigned)(port[i] - '0');
	}
	if (value > 65535)
		return refuse(why, "the port is no number from 1 to 65535");
	out->port = value;
	return 0;
}

static int take_authority(const char *authority, size_t n, struct url *out, char why[URL_WHY])
{
	const char *colon, *end = authority + n;
	size_t host_len;

	if (memchr(authority, '@', n))
		return refuse(why, "user info (@) is not allowed");
	if (n && authority[0] == '[') {
		const char *bracket = memchr(authority, ']', n);

		if (!bracket)
			return refuse(why, "the host is no IPv6 address in brackets");
		host_len = (size_t)(bracket + 1 - authority);
		if (bracket + 1 < end && bracket[1] != ':')
			return refuse(why, "something other than a port follows the IPv6 address");
		colon = bracket + 1 < end ? bracket + 1 : NULL;
		if (take_ipv6(authority, host_len, out, why))
			return -1;
	} else {
		colon = memchr(authority, ':', n);
		host_len = colon ? (size_t)(colon - authority) : n;
		if (take_name(authority, host_len, out, why))
			return -1;
	}
	out->port = out->https ? 443 : 80;
	return colon ? take_port(colon + 1, (size_t)(end - colon - 1), out, why) : 0;
}

/* The length of the character at p if it is c, plain or percent-encoded; else 0. */
static size_t is_char(const char *p, size_t n, char c)
{
	char hex[3];

	if (n && *p == c)
		return 1;
	if (n < 3 || *p != '%')
		return 0;
	snprintf(hex, sizeof(hex), "%02x", (unsigned char)c);
	return strncasecmp(p + 1, hex, 2) == 0 ? 3 : 0;
}

/* Whether a part of the path is "." or "..", as anyone may read it who decodes the path before it is split. */
static bool has_dot_part(const char *path, size_t n)
{
	size_t dots = 0, i = 0;
	bool only_dots = true;

	while (i < n) {
		size_t slash = is_char(path + i, n - i, '/'), dot = is_char(path + i, n - i, '.');

		if (!slash)
			slash = is_char(path + i, n - i, '\\');
		if (slash) {
			if (only_dots && dots)
				return true;
			only_dots = true;
			dots = 0;
		} else if (!dot || ++dots > 2) {
			only_dots = false;
		}
		i += slash ? slash : dot ? dot : 1;
	}
	return only_dots && dots;
}

int url_parse(const char *text, struct url *out, char why[URL_WHY])
{
	const char *authority;
	size_t n;

	memset(out, 0, sizeof(*out));
	if (check_bytes(text, why))
		return -1;
	if (strncasecmp(text, "https://", 8) == 0) {
		out->https = true;
		authority = text + 8;
	} else if (strncasecmp(text, "http://", 7) == 0) {
		authority = text + 7;
	} else {
		return refuse(why, "not a URL that begins with https:// or http://");
	}
	n = strcspn(authority, "/?");
	if (take_authority(authority, n, out, why))
		return -1;
	out->rest = authority + n;
	out->path_len = strcspn(out->rest, "?");
	if (has_dot_part(out->rest, out->path_len))
		return refuse(why, "the path has a part that is . or ..");
	return 0;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->https == b->https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

char *url_origin(const struct url *u)
{
	const char *scheme = u->https ? "https" : "http";

	if (u->port == (u->https ? 443 : 80))
		return xasprintf("%s://%s", scheme, u->host);
	return xasprintf("%s://%s:%u", scheme, u->host, u->port);
}

char *url_resolve(const char *base, const char *reference, char why[URL_WHY])
{
	struct url from, to;
	char *origin, *text;

	if (url_parse(base, &from, why))
		return NULL;
	if (reference[0] != '/') {
		if (strstr(reference, "://"))
			return url_parse(reference, &to, why) ? NULL : xstrdup(reference);
		(void)refuse(why, "neither a whole URL nor a path that begins with /");
		return NULL;
	}
	if (reference[1] == '/') {
		(void)refuse(why, "begins with // and so leaves the scheme open");
		return NULL;
	}
	if (strnlen(reference, URL_MAX + 1) > URL_MAX) {
		(void)refuse(why, "longer than 4096 bytes");
		return NULL;
	}
	origin = url_origin(&from);
	text = xasprintf("%s%s", origin, reference);
	free(origin);
	if (!url_parse(text, &to, why))
		return text;
	free(text);
	return NULL;
}
