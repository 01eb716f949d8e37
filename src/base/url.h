/* The one strict parser of http and https URLs, used by handler and spooler alike. It decides by origin (RFC 6454),
 * never by prefix. Refused: other schemes, user info, backslash, control characters, spaces, bytes above 0x7e,
 * fragments, hosts that are not [A-Za-z0-9.-] or a bracketed IPv6 address, empty or impossible ports, numbers for hosts
 * that are no dotted quad, . or .. as a part of the path (plain or encoded), more than 4096 bytes. */
#ifndef PLANSPOOL_BASE_URL_H
#define PLANSPOOL_BASE_URL_H

#include <stdbool.h>
#include <stddef.h>

#define URL_MAX 4096
#define URL_WHY 120

struct url {
	bool https;
	char host[256];		/* lower case; IPv6 canonical, in brackets; a trailing dot is dropped */
	unsigned port;		/* the scheme's own if the URL names none */
	const char *rest;	/* path and query: from the first / or ? behind the authority on; may be "" */
	size_t path_len;	/* how much of rest is path */
};

/* 0, or -1 with a reason for people in why. The text must outlive the struct. */
int url_parse(const char *text, struct url *out, char why[URL_WHY]) __attribute__((warn_unused_result));

bool url_same_origin(const struct url *a, const struct url *b);

/* "https://host:8443" without a port that is the scheme's own. Allocated. */
char *url_origin(const struct url *u);

/* Where a reference found at base leads: an absolute URL, or one that begins with a single / and keeps base's origin
 * (RFC 3986, 4.2, path-absolute); other relative forms and // are refused. Allocated text that url_parse accepts, or
 * NULL with the reason. */
char *url_resolve(const char *base, const char *reference, char why[URL_WHY]);

#endif
