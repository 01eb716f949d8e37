/* The log: one line an event on standard error, "program: level: job: text".
 *
 * Where standard error leads (journald, a file of the web server, a terminal) is not known here, and several processes
 * and threads write to it at once. So a line is composed in memory and leaves by a single write(2) of at most PIPE_BUF
 * bytes, which the kernel does not mix with others on a pipe; on a file it is opened for appending by whoever started
 * us. A longer line is cut and says so.
 *
 * Whatever is printed is escaped as a whole: text from a peer, file names and ids can neither begin a line of their
 * own nor control a terminal. errno is as before, so that a log call may stand between a failure and its handling;
 * "%m" in a format is the caller's errno.
 *
 * Nothing here fails visibly: a log that cannot be written is no reason to stop working. log_panic is for a bug of our
 * own and ends the process with SIGABRT.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

#define LINE_MAX_BYTES 4096	/* PIPE_BUF of Linux, the newline included */
#define CUT_MARK " [cut]"

/* Set once at start: the process's own name, and whether log_debug prints. */
static const char *program_name;
static atomic_bool verbose;

void log_open(const char *program)
{
	program_name = program;
}

void log_verbose(bool on)
{
	atomic_store(&verbose, on);
}

/* The line is written whole; only a signal or a full pipe in non-blocking mode may split it. */
static void put(const char *line, size_t n)
{
	while (n) {
		ssize_t w = write(STDERR_FILENO, line, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return;
		line += w;
		n -= (size_t)w;
	}
}

static void finish(struct buf *line, bool cut)
{
	const size_t room = LINE_MAX_BYTES - sizeof(CUT_MARK);

	if (line->len > room) {
		line->len = text_utf8_cut(line->data, line->len, room);
		cut = true;
	}
	if (cut)
		buf_puts(line, CUT_MARK);
	buf_puts(line, "\n");
	put(line->data, line->len);
}

static void emit(const char *level, const char *job, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void emit(const char *level, const char *job, const char *format, va_list args)
{
	int saved = errno;
	char text[LINE_MAX_BYTES];
	/* Every byte may become "\xNN", and more than a line is thrown away again. */
	struct buf line = BUF_INIT(LINE_MAX_BYTES * 16);
	int n;
	size_t len;

	n = vsnprintf(text, sizeof(text), format, args);
	if (n < 0)
		n = 0;
	len = (size_t)n < sizeof(text) ? (size_t)n : text_utf8_cut(text, sizeof(text) - 1, sizeof(text) - 4);
	if (program_name) {
		buf_puts(&line, program_name);
		buf_puts(&line, ": ");
	}
	buf_puts(&line, level);
	buf_puts(&line, ": ");
	if (job) {
		(void)text_escape(&line, job, strnlen(job, LINE_MAX_BYTES));
		buf_puts(&line, ": ");
	}
	(void)text_escape(&line, text, len);
	finish(&line, (size_t)n >= sizeof(text));
	buf_free(&line);
	errno = saved;
}

void log_debug(const char *job, const char *format, ...)
{
	va_list args;

	if (!atomic_load(&verbose))
		return;
	va_start(args, format);
	emit("debug", job, format, args);
	va_end(args);
}

void log_info(const char *job, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit("info", job, format, args);
	va_end(args);
}

void log_warn(const char *job, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit("warning", job, format, args);
	va_end(args);
}

void log_error(const char *job, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit("error", job, format, args);
	va_end(args);
}

void log_panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit("panic", NULL, format, args);
	va_end(args);
	abort();
}
