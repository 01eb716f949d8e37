/*
 * Plain CGI (RFC 3875).
 *
 * Contract: variables come from the process environment, the body from standard input, the answer goes to standard
 * output. The process lives for this one request, so nothing is shared or kept.
 *
 * The command line is never looked at here, nor by main when it runs as CGI: web servers hand a query without "=" to
 * a CGI program as arguments (RFC 3875, 4.4), which would let any client choose the configuration file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/log.h"
#include "handler/answer.h"
#include "handler/cgi.h"

static ssize_t read_body(void *context, char *into, size_t n)
{
	ssize_t got;

	(void)context;
	do
		got = read(STDIN_FILENO, into, n);
	while (got < 0 && errno == EINTR);
	return got;
}

int cgi_answer(struct settings *settings)
{
	const struct http_in in = {
		.method = getenv("REQUEST_METHOD"),
		.path_info = getenv("PATH_INFO"),
		.script_name = getenv("SCRIPT_NAME"),
		.content_length = getenv("CONTENT_LENGTH"),
		.content_type = getenv("CONTENT_TYPE"),
		.signature = getenv("HTTP_X_TFC_TASK_SIGNATURE"),
		.read = read_body,
	};
	struct http_out out;
	struct buf text = { 0 };
	int written;

	answer(settings, &in, &out);
	http_print(&out, &text);
	written = fsio_write(STDOUT_FILENO, text.data, text.len);
	if (written)
		log_warn(NULL, "cannot write the answer: %s", strerror(errno));
	buf_free(&text);
	http_out_free(&out);
	return written;
}
