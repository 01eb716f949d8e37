/* A run as HCP Terraform's run page shows it: verdict, message, link, and the outcomes with their tags and links in
 * aligned columns, with --verbose their bodies too; then what of it the terraform CLI shows; then what the receiver
 * did wrong. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sim/callback.h"
#include "sim/page.h"
#include "sim/report.h"
#include "sim/terraform.h"

/* " Status: Failed" for each tag, labels joined with commas, errors and warnings marked. */
struct tag_line {
	FILE *out;
	int indent;
	bool any;
};

static bool print_tag(void *context, const char *name, json_t *labels)
{
	struct tag_line *t = context;
	const char *level;
	size_t i;

	fprintf(t->out, t->any ? "  " : "%*s", t->any ? 0 : t->indent, "");
	t->any = true;
	fputc('[', t->out);
	report_escaped(t->out, name);
	for (i = 0; i < json_count(labels); i++) {
		fputs(i == 0 ? ": " : ", ", t->out);
		report_escaped(t->out, json_get_string(json_at(labels, i), "label"));
		level = json_get_string(json_at(labels, i), "level");
		if (level != NULL && strcmp(level, "none") != 0)
			fprintf(t->out, " (%.10s)", level);
	}
	fputc(']', t->out);
	return true;
}

/* Each line of a text behind a margin: a text may have several. */
static void print_lines(FILE *out, int indent, const char *margin, const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		char *line = xstrndup(text, n);

		fprintf(out, "%*s%s", indent, "", margin);
		report_escaped(out, line);
		fputc('\n', out);
		free(line);
		text += n + (text[n] == '\n');
	}
}

static void print_outcome(FILE *out, const json_t *a, int width, bool verbose)
{
	struct tag_line line = { .out = out, .indent = width + 4 };
	const char *id = json_get_string(a, "outcome-id"), *url = json_get_string(a, "url"),
		*body = json_get_string(a, "body");

	fputs("  ", out);
	report_escaped(out, id);
	fprintf(out, "%*s", width - (int)text_utf8_length(id, strlen(id)) + 2, "");
	report_escaped(out, json_get_string(a, "description"));
	fputc('\n', out);
	json_each(json_get(a, "tags"), print_tag, &line);
	if (line.any)
		fputc('\n', out);
	if (url != NULL)
		print_lines(out, width + 4, "", url);
	if (body != NULL && verbose)
		print_lines(out, width + 4, "| ", body);
}

static void print_outcomes(FILE *out, const json_t *outcomes, bool verbose)
{
	size_t i, n = json_count(outcomes), width = 0, len;
	const char *id;

	if (n > 0)
		fprintf(out, "\n  %zu outcome%s\n", n, n == 1 ? "" : "s");
	for (i = 0; i < n; i++) {
		id = json_get_string(json_get(json_at(outcomes, i), "attributes"), "outcome-id");
		len = text_utf8_length(id, strlen(id));
		width = len > width ? len : width;
	}
	for (i = 0; i < n; i++)
		print_outcome(out, json_get(json_at(outcomes, i), "attributes"), (int)width, verbose);
}

static void print_list(FILE *out, const char *heading, const json_t *texts)
{
	size_t i;

	if (json_count(texts) > 0)
		fprintf(out, "\n%s\n", heading);
	for (i = 0; i < json_count(texts); i++) {
		fputs("  - ", out);
		report_escaped(out, json_string(json_at(texts, i)));
		fputc('\n', out);
	}
}

void page_print(const struct run *r)
{
	const struct options *o = r->sim->options;
	struct callback c = callback_parts(r->final);

	if (o->verification) {
		printf("\nverification: %s\n", r->status);
	} else {
		printf("\n%s: %s (%s, %s)\n", r->task_result_id, r->status, o->stage, o->enforcement);
		print_lines(stdout, 2, "", c.message != NULL ? c.message : "");
		print_lines(stdout, 2, "", c.url != NULL ? c.url : "");
		print_outcomes(stdout, c.outcomes, o->verbose);
		puts("\nThe terraform CLI shows:");
		terraform_print(stdout, r);
	}
	print_list(stdout, "Faults of the receiver:", r->faults);
	print_list(stdout, "Warnings:", r->warnings);
}
