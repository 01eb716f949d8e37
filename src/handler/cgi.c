/*
 * Plain CGI (RFC 3875).
 *
 * Contract: variables come from the process environment, the body from standard input, the answer goes to standard
 * output. The process lives for this one request, so nothing is shared or kept.
 *
 * The command line is never looked at here, nor by main when it runs as CGI: web servers hand a query without "=" to
 * a CGI program as arguments (RFC 3875, 4.4), which would let any client choose the configuration file.
 *
 * What a refusal left unread of the body is read before the end. Apache's mod_cgid uses one socket for standard input
 * and output: ended with bytes unread in it, that is a reset to Apache, which then breaks the answer off.
 *
 * Limits: at most DRAIN_MAX bytes are read so, for DRAIN_SECONDS.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/text.h"
#include "handler/answer.h"
#include "handler/cgi.h"

#define DRAIN_MAX (16 << 20)
#define DRAIN_SECONDS 10

/* context counts the bytes. */
static ssize_t read_body(void *context, char *into, size_t n)
{
	int64_t *count = context;
	ssize_t got;

	do
		got = read(STDIN_FILENO, into, n);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		*count += got;
	return got;
}

/* Reads the rest of the body, of which count bytes were read. A server need not end it with an end of file (RFC 3875,
 * 4.2), so its length decides; without one, only a request of a method that has a body is waited for. */
static void drain(const struct http_in *in, int64_t *count)
{
	const int64_t deadline = clock_monotonic() + DRAIN_SECONDS * 1000;
	int64_t length = DRAIN_MAX, left;
	char piece[16384];

	if (in->content_length && *in->content_length)
		(void)text_integer(in->content_length, 0, DRAIN_MAX, &length);
	else if (!in->method || strcmp(in->method, "POST") != 0)
		return;
	while (*count < length && (left = deadline - clock_monotonic()) > 0) {
		struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

		if (poll(&input, 1, (int)left) <= 0 || read_body(count, piece, sizeof(piece)) <= 0)
			return;
	}
}

int cgi_answer(struct settings *settings)
{
	int64_t count = 0;
	const struct http_in in = {
		.method = getenv("REQUEST_METHOD"),
		.path_info = getenv("PATH_INFO"),
		.script_name = getenv("SCRIPT_NAME"),
		.content_length = getenv("CONTENT_LENGTH"),
		.content_type = getenv("CONTENT_TYPE"),
		.signature = getenv("HTTP_X_TFC_TASK_SIGNATURE"),
		.read = read_body,
		.context = &count,
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
	drain(&in, &count);
	return written;
}
