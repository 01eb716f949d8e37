/* The result of a run task as "terraform plan" and "terraform apply" show it with HCP Terraform, without its colours:
 * name, status, message and link of the task, and the overall result; outcomes are not shown. What is worth knowing:
 *
 * - texts pass a colour interpreter that takes words such as [red] or [bold] away;
 * - only the first line of a message has the margin;
 * - of an unreachable task nothing is shown. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/callback.h"
#include "sim/report.h"
#include "sim/terraform.h"

#define MARGIN "\342\224\202 "		/* U+2502 */
#define DASH "\342\270\272"		/* U+2E3A */

size_t terraform_colour(const char *text)
{
	static const char *const plain[] = { "reset", "reset_bold", "bold", "dim", "underline", "blink_slow",
		"blink_fast", "invert", "hidden", "purple" };
	static const char *const colours[] = { "default", "black", "red", "green", "yellow", "blue", "magenta", "cyan",
		"white", "light_gray", "dark_gray", "light_red", "light_green", "light_yellow", "light_blue",
		"light_magenta", "light_cyan" };
	size_t n, i, background;

	if (text[0] != '[')
		return 0;
	n = strcspn(++text, "]");
	if (text[n] != ']')
		return 0;
	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (strlen(plain[i]) == n && memcmp(plain[i], text, n) == 0)
			return n + 2;
	background = n > 2 && text[0] == '_' && text[n - 1] == '_';
	for (i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (strlen(colours[i]) == n - 2 * background && memcmp(colours[i], text + background, n - 2 * background) == 0)
			return n + 2;
	return 0;
}

/* A line without colours, escaped. */
static void print_text(FILE *out, const char *text, size_t len)
{
	char *line = xcalloc(len + 1, 1);
	size_t i = 0, n = 0, colour;

	while (i < len) {
		colour = terraform_colour(text + i);
		if (colour > 0 && colour <= len - i)
			i += colour;
		else
			line[n++] = text[i++];
	}
	report_escaped(out, line);
	fputc('\n', out);
	free(line);
}

static void print_lines(FILE *out, const char *text)
{
	size_t n;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		print_text(out, text, n);
	}
}

/* "Failed" of "failed" */
static void print_capital(FILE *out, const char *word)
{
	fputc(word[0] >= 'a' && word[0] <= 'z' ? word[0] - 'a' + 'A' : word[0], out);
	report_escaped(out, word + 1);
}

static const char *heading(const char *stage)
{
	static const struct {
		const char *stage, *heading;
	} headings[] = { { "pre_plan", "Pre-plan" }, { "post_plan", "Post-plan" }, { "pre_apply", "Pre-apply" } };
	size_t i;

	for (i = 0; i < sizeof(headings) / sizeof(headings[0]); i++)
		if (strcmp(headings[i].stage, stage) == 0)
			return headings[i].heading;
	return "Post-apply";
}

void terraform_print(FILE *out, const struct run *r)
{
	const struct options *o = r->sim->options;
	struct callback c = callback_parts(r->final);
	bool passed = strcmp(r->status, "passed") == 0, mandatory = strcmp(o->enforcement, "mandatory") == 0;

	fprintf(out, "\n%s Tasks:\n\n", heading(o->stage));
	if (strcmp(r->status, "unreachable") == 0) {
		fputs("Skipping task results.\n", out);
		return;
	}
	fprintf(out, "All tasks completed! %d passed, %d failed\n\n", passed, !passed);
	fputs(MARGIN "planspool " DASH "   ", out);
	print_capital(out, r->status);
	if (!passed) {
		fputs(" (", out);
		print_capital(out, o->enforcement);
		fputc(')', out);
	}
	fputs("\n", out);
	if (c.message != NULL) {
		fputs(MARGIN, out);
		print_lines(out, c.message);
	}
	if (c.url != NULL) {
		fputs(MARGIN "Details: ", out);
		print_lines(out, c.url);
	}
	fputs(MARGIN "\n", out);
	if (!passed && mandatory)
		fputs("Error: the run failed because the run task, planspool, is required to succeed\n", out);
	fprintf(out, MARGIN "\n" MARGIN "Overall Result: %s\n", passed ? "Passed" : mandatory ? "Failed" :
		"Passed with advisory failures");
}
