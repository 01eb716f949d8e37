/* Progress line by line; at the end each run as HCP Terraform's run page shows it: verdict, message, link, and the
 * outcomes with their tags in aligned columns, or one JSON object a run on one line.
 *
 * Everything the receiver wrote is escaped, so that it cannot control the terminal. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "sim/callback.h"
#include "sim/report.h"

#define TEXT_MAX ((size_t)8 << 20)

static void print_escaped(FILE *out, const char *s)
{
	struct buf b = BUF_INIT(TEXT_MAX);

	if (s != NULL && text_escape(&b, s, strlen(s)) == 0)
		fputs(buf_text(&b), out);
	buf_free(&b);
}

static void print_line(struct sim *s, const struct run *r, const char *text)
{
	int64_t ms = loop_now(s->loop) - s->started;

	fprintf(s->out, "%02lld:%02lld.%03lld  ", (long long)(ms / 60000), (long long)(ms / 1000 % 60),
		(long long)(ms % 1000));
	if (r != NULL && s->count > 1)
		fprintf(s->out, "#%zu ", r->number);
	print_escaped(s->out, text);
	fputc('\n', s->out);
	fflush(s->out);
}

static char *format_text(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static char *format_text(const char *format, va_list arguments)
{
	char text[2048];

	vsnprintf(text, sizeof(text), format, arguments);
	return xstrdup(text);
}

void report_line(struct sim *s, const struct run *r, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_text(format, arguments);
	va_end(arguments);
	print_line(s, r, text);
	free(text);
}

void report_fault(struct run *r, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_text(format, arguments);
	va_end(arguments);
	json_add(r->faults, json_new_string(text));
	report_line(r->sim, r, "FAULT: %s", text);
	free(text);
}

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
	print_escaped(t->out, name);
	for (i = 0; i < json_count(labels); i++) {
		fputs(i == 0 ? ": " : ", ", t->out);
		print_escaped(t->out, json_get_string(json_at(labels, i), "label"));
		level = json_get_string(json_at(labels, i), "level");
		if (level != NULL && strcmp(level, "none") != 0)
			fprintf(t->out, " (%.10s)", level);
	}
	fputc(']', t->out);
	return true;
}

static void print_outcomes(FILE *out, const json_t *outcomes)
{
	size_t i, n = json_count(outcomes), width = 0, len;
	const json_t *a;
	const char *id;

	for (i = 0; i < n; i++) {
		id = json_get_string(json_get(json_at(outcomes, i), "attributes"), "outcome-id");
		len = text_utf8_length(id, strlen(id));
		width = len > width ? len : width;
	}
	for (i = 0; i < n; i++) {
		struct tag_line line = { .out = out, .indent = (int)width + 4 };

		a = json_get(json_at(outcomes, i), "attributes");
		id = json_get_string(a, "outcome-id");
		fputs("  ", out);
		print_escaped(out, id);
		fprintf(out, "%*s", (int)(width - text_utf8_length(id, strlen(id))) + 2, "");
		print_escaped(out, json_get_string(a, "description"));
		fputc('\n', out);
		json_each(json_get(a, "tags"), print_tag, &line);
		if (line.any)
			fputc('\n', out);
	}
}

/* Each line of a text indented: a message may have several. */
static void print_lines(FILE *out, const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		char *line = xstrndup(text, n);

		fputs("  ", out);
		print_escaped(out, line);
		fputc('\n', out);
		free(line);
		text += n + (text[n] == '\n');
	}
}

static void print_page(const struct run *r)
{
	const struct options *o = r->sim->options;
	struct callback c = { 0 };
	size_t i;

	callback_parts(r->final, &c);
	if (o->verification) {
		printf("\nverification: %s\n", r->status);
		return;
	}
	printf("\n%s: %s (%s, %s)\n", r->task_result_id, r->status, o->stage, o->enforcement);
	if (c.message != NULL)
		print_lines(stdout, c.message);
	if (c.url != NULL) {
		fputs("  ", stdout);
		print_escaped(stdout, c.url);
		fputc('\n', stdout);
	}
	if (json_count(c.outcomes) > 0) {
		printf("\n  %zu outcome%s\n", json_count(c.outcomes), json_count(c.outcomes) == 1 ? "" : "s");
		print_outcomes(stdout, c.outcomes);
	}
	for (i = 0; i < json_count(r->faults); i++) {
		fputs(i == 0 ? "\n  Faults of the receiver\n  - " : "  - ", stdout);
		print_escaped(stdout, json_string(json_at(r->faults, i)));
		fputc('\n', stdout);
	}
}

static void put_time(json_t *j, const char *key, int64_t ms)
{
	if (ms >= 0)
		json_put_integer(j, key, ms);
}

static void print_json(const struct run *r)
{
	json_t *j = json_new_object(), *outcomes = json_new_array(), *times = json_new_object();
	struct callback c = { 0 };
	char *text;
	size_t i;

	callback_parts(r->final, &c);
	for (i = 0; i < json_count(c.outcomes); i++)
		json_add(outcomes, json_copy(json_get(json_at(c.outcomes, i), "attributes")));
	put_time(times, "accepted_ms", r->accepted_ms);
	put_time(times, "running_ms", r->running_ms);
	put_time(times, "final_ms", r->final_ms);
	json_put_string(j, "task_result_id", r->task_result_id);
	json_put_string(j, "status", r->status);
	json_put_string(j, "message", c.message);
	json_put_string(j, "url", c.url);
	json_put(j, "outcomes", outcomes);
	json_put_integer(j, "callbacks", (int64_t)r->callbacks);
	json_put(j, "faults", json_copy(r->faults));
	json_put(j, "times", times);
	text = json_text(j);
	puts(text);
	free(text);
	json_free(j);
}

void report_run(const struct run *r)
{
	if (r->sim->options->json)
		print_json(r);
	else
		print_page(r);
}

int report_status(const struct sim *s)
{
	static const struct {
		const char *status;
		int exit;
	} exits[] = { { "passed", 0 }, { "verified", 0 }, { "failed", 1 } };
	size_t i, k;
	int worst = s->strays > 0 ? 2 : 0, one;

	for (i = 0; i < s->count; i++) {
		one = 2;
		for (k = 0; json_count(s->runs[i].faults) == 0 && k < sizeof(exits) / sizeof(exits[0]); k++)
			if (strcmp(exits[k].status, s->runs[i].status) == 0)
				one = exits[k].exit;
		worst = one > worst ? one : worst;
	}
	return worst;
}
