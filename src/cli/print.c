/* Printing for people, on standard output.
 *
 * Whatever comes from a plan, a request or a policy passes through print_text: control characters are shown as
 * escapes, so that no resource name can move the cursor or forge a line. Widths count characters, not bytes; wide
 * and combining characters are not looked at, as addresses and ids have none worth a table of their own.
 *
 * Colours follow what command line tools agree on: only for a terminal, never with NO_COLOR set to anything, never
 * when TERM is dumb or missing. Nothing is said by colour alone.
 */
#include "cli/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

#define TEXT_MAX (64u << 20)

/* The escaped text in out. */
static void clean(struct buf *out, const char *s, size_t n)
{
	if (text_escape(out, s, n) != 0)
		buf_puts(out, "...");
}

void print_text(const char *s)
{
	struct buf out = BUF_INIT(TEXT_MAX);

	if (s == NULL)
		return;
	clean(&out, s, strlen(s));
	fputs(buf_text(&out), stdout);
	buf_free(&out);
}

void print_lines(const char *s, unsigned indent)
{
	while (s != NULL && *s != '\0') {
		size_t n = strcspn(s, "\n");
		struct buf out = BUF_INIT(TEXT_MAX);

		clean(&out, s, n);
		if (out.len > 0)
			printf("%*s%s", (int)indent, "", buf_text(&out));
		putchar('\n');
		buf_free(&out);
		s += n + (s[n] == '\n');
	}
}

size_t print_width(const char *s)
{
	struct buf out = BUF_INIT(TEXT_MAX);
	size_t n;

	if (s == NULL)
		return 0;
	clean(&out, s, strlen(s));
	n = text_utf8_length(buf_text(&out), out.len);
	buf_free(&out);
	return n;
}

void print_padded(const char *s, size_t width)
{
	size_t n = print_width(s);

	print_text(s);
	if (n < width)
		printf("%*s", (int)(width - n), "");
}

static bool colours(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (no == NULL || *no == '\0') && term != NULL && *term != '\0' &&
		strcmp(term, "dumb") != 0;
}

void print_colour(enum print_colour c)
{
	static const char *const codes[] = {
		[PRINT_PLAIN] = "\033[0m", [PRINT_RED] = "\033[1;31m", [PRINT_YELLOW] = "\033[33m",
		[PRINT_GREEN] = "\033[32m",
		[PRINT_CYAN] = "\033[36m", [PRINT_BOLD] = "\033[1m", [PRINT_DIM] = "\033[2m",
	};

	if (colours())
		fputs(codes[c], stdout);
}

enum print_colour print_status_colour(enum outcome_status s)
{
	static const enum print_colour map[OUTCOME_STATUSES] = {
		[OUTCOME_FAILED] = PRINT_RED, [OUTCOME_ERROR] = PRINT_RED, [OUTCOME_UNKNOWN] = PRINT_YELLOW,
		[OUTCOME_WARNING] = PRINT_YELLOW, [OUTCOME_SKIPPED] = PRINT_CYAN, [OUTCOME_PASSED] = PRINT_GREEN,
	};

	return map[s];
}

void print_outcome_head(enum outcome_status status, enum severity severity, size_t severity_width, const char *id,
	size_t id_width, const char *description)
{
	static const char *const words[OUTCOME_STATUSES] = {
		[OUTCOME_FAILED] = "FAILED", [OUTCOME_ERROR] = "ERROR", [OUTCOME_UNKNOWN] = "UNKNOWN",
		[OUTCOME_WARNING] = "WARNING", [OUTCOME_SKIPPED] = "SKIPPED", [OUTCOME_PASSED] = "PASSED",
	};

	print_colour(print_status_colour(status));
	printf("%-7s", words[status]);
	print_colour(PRINT_PLAIN);
	if (severity_width > 0)
		printf("  %-*s", (int)severity_width, severity_name(severity));
	fputs("  ", stdout);
	print_colour(PRINT_BOLD);
	if (description != NULL)
		print_padded(id, id_width);
	else
		print_text(id);
	print_colour(PRINT_PLAIN);
	if (description != NULL) {
		fputs("  ", stdout);
		print_text(description);
	}
	putchar('\n');
}

void print_age(int64_t ms, char out[PRINT_AGE_SIZE])
{
	int64_t s = ms < 0 ? 0 : ms / 1000;

	if (s < 120)
		snprintf(out, PRINT_AGE_SIZE, "%" PRId64 "s", s);
	else if (s < 120 * 60)
		snprintf(out, PRINT_AGE_SIZE, "%" PRId64 "m", s / 60);
	else if (s < 48 * 3600)
		snprintf(out, PRINT_AGE_SIZE, "%" PRId64 "h", s / 3600);
	else
		snprintf(out, PRINT_AGE_SIZE, "%" PRId64 "d", s / 86400);
}
