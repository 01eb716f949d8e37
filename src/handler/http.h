/* One HTTP request and its answer as plain data: what FastCGI and CGI have in common. Errors are JSON:API error
 * objects, as DESIGN promises senders of run tasks. */
#ifndef PLANSPOOL_HANDLER_HTTP_H
#define PLANSPOOL_HANDLER_HTTP_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

/* A request's variables as the web server gives them (RFC 3875): NULL or "" where there is none. The caller's. */
struct http_in {
	const char *method;		/* REQUEST_METHOD */
	const char *path_info;		/* PATH_INFO */
	const char *script_name;	/* SCRIPT_NAME */
	const char *content_length;	/* CONTENT_LENGTH, as text */
	const char *content_type;	/* CONTENT_TYPE */
	const char *signature;		/* HTTP_X_TFC_TASK_SIGNATURE */
	/* Reads up to n bytes of the body. How many, 0 at its end, or -1 with errno. */
	ssize_t (*read)(void *context, char *into, size_t n);
	void *context;
};

struct http_out {
	int status;
	const char *allow;		/* NULL: no such header */
	unsigned retry_after;		/* seconds; 0: no such header */
	const char *content_type;	/* NULL: no body */
	char *body;			/* allocated; NULL: no body */
};

/* Makes *out an error: a JSON:API error object with the status's title and this detail (cut at the first byte that is
 * not UTF-8). 503 gets a Retry-After. What *out held before is freed. */
void http_error(struct http_out *out, int status, const char *detail);

/* Appends the answer as CGI wants it: Status and the other header lines, an empty line, the body. */
void http_print(const struct http_out *out, struct buf *text);

void http_out_free(struct http_out *out);

#endif
