/* Progress line by line, with what the receiver does wrong, as it comes; at the end one JSON object a run on one
 * line, with everything: verdict, message, outcomes, faults, warnings, times, and the transcript of all requests.
 *
 * The transcript holds no token and no storage URL. Everything the receiver wrote is escaped, so that it cannot control
 * the terminal. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "sim/callback.h"
#include "sim/report.h"

#define TEXT_MAX ((size_t)8 << 20)

void report_escaped(FILE *out, const char *text)
{
	struct buf b = BUF_INIT(TEXT_MAX);

	if (text != NULL && text_escape(&b, text, strlen(text)) == 0)
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
	report_escaped(s->out, text);
	fputc('\n', s->out);
	fflush(s->out);
}

static char *format_text(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* Allocated, and UTF-8 whatever the receiver wrote. */
static char *format_text(const char *format, va_list arguments)
{
	struct buf escaped = BUF_INIT(TEXT_MAX);
	char text[2048], *result;
	size_t n;

	vsnprintf(text, sizeof(text), format, arguments);
	n = strlen(text);
	if (text_utf8_valid(text, n) == n)
		return xstrdup(text);
	result = xstrdup(text_escape(&escaped, text, n) == 0 ? buf_text(&escaped) : "");
	buf_free(&escaped);
	return result;
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

/* Takes the text. */
static void remember(struct run *r, json_t *list, const char *sort, char *text)
{
	size_t i;

	report_line(r->sim, r, "%s: %s", sort, text);
	for (i = 0; i < json_count(list); i++)
		if (strcmp(json_string(json_at(list, i)), text) == 0)
			break;
	if (i == json_count(list))
		json_add(list, json_new_string(text));
	free(text);
}

void report_fault(struct run *r, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_text(format, arguments);
	va_end(arguments);
	remember(r, r->faults, "FAULT", text);
}

void report_warning(struct run *r, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_text(format, arguments);
	va_end(arguments);
	remember(r, r->warnings, "WARNING", text);
}

void report_exchange(struct run *r, const char *what, const char *method, size_t bytes, unsigned status)
{
	json_t *j;

	if (r->transcript == NULL)
		return;
	j = json_new_object();
	json_put_integer(j, "at_ms", run_elapsed(r));
	json_put_string(j, "method", method);
	json_put_string(j, "what", what);
	json_put_integer(j, "bytes", (int64_t)bytes);
	json_put_integer(j, "status", status);
	json_add(r->transcript, j);
}

static void put_time(json_t *j, const char *key, int64_t ms)
{
	if (ms >= 0)
		json_put_integer(j, key, ms);
}

void report_json(const struct run *r)
{
	json_t *j = json_new_object(), *outcomes = json_new_array(), *times = json_new_object();
	struct callback c = callback_parts(r->final);
	char *text;
	size_t i;

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
	json_put(j, "warnings", json_copy(r->warnings));
	json_put(j, "transcript", json_copy(r->transcript));
	text = json_text(j);
	puts(text);
	free(text);
	json_free(j);
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
