/* Readings as text. Every piece is copied into memory of its size, so that a sanitizer sees a read beyond it. */
#include "plan_transcript.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/change.h"

static void append(struct buf *out, const char *s, size_t n)
{
	if (buf_append(out, s, n) < 0)
		abort();
}

static void string(struct buf *out, const char *s, size_t n)
{
	size_t run;

	append(out, "\"", 1);
	for (size_t i = 0; i < n; i += run) {
		run = 0;
		while (i + run < n && (unsigned char)s[i + run] >= 0x20 && s[i + run] != '"' && s[i + run] != '\\')
			run++;
		append(out, s + i, run);
		if (run)
			continue;
		if ((unsigned char)s[i] < 0x20)
			buf_printf(out, "\\u%04x", (unsigned)s[i]);
		else
			buf_printf(out, "\\%c", s[i]);
		run = 1;
	}
	append(out, "\"", 1);
}

void transcript_value(struct buf *out, const struct value *v)
{
	bool object = value_type(v) == VALUE_OBJECT;
	const char *text;
	size_t n, count = 0;

	switch (value_type(v)) {
	case VALUE_NULL:
		buf_puts(out, "null");
		return;
	case VALUE_BOOL:
		buf_puts(out, value_bool(v) ? "true" : "false");
		return;
	case VALUE_NUMBER:
		text = value_text(v, &n);
		if (strlen(text) != n)
			abort();
		buf_puts(out, text);
		return;
	case VALUE_STRING:
		text = value_text(v, &n);
		string(out, text, n);
		return;
	default:
		break;
	}
	buf_puts(out, object ? "{" : "[");
	for (const struct value *child = value_first(v); child; child = value_next(child), count++) {
		if (count)
			buf_puts(out, ",");
		text = value_key(child, &n);
		if (object) {
			string(out, text, n);
			buf_puts(out, ":");
			if (value_get_n(v, text, n) != child)
				abort();
		} else if (text || (count < 100 && value_at(v, count) != child)) {
			abort();
		}
		transcript_value(out, child);
	}
	if (count != value_count(v))
		abort();
	buf_puts(out, object ? "}" : "]");
}

static void line(void *context, const struct plan_item *item)
{
	struct buf *out = context;
	struct resource_change change;
	const char *what;

	buf_printf(out, "%d @%llu %s [", (int)item->kind, (unsigned long long)item->offset,
		item->key ? item->key : "-");
	for (size_t i = 0; i < item->module_count; i++)
		buf_printf(out, "/%s", item->modules[i]);
	buf_puts(out, "] ");
	if (item->oversize)
		buf_printf(out, "oversize %s %s", item->address ? item->address : "-", item->type ? item->type : "-");
	else
		transcript_value(out, item->value);
	if (item->kind == PLAN_RESOURCE_CHANGE && item->value && change_read(item->value, &change, &what) < 0)
		buf_printf(out, " (%s)", what);
	buf_puts(out, "\n");
}

char *transcript(const struct plan_wants *wants, uint64_t max_item, uint64_t max_plan, const char *plan, size_t len,
	transcript_piece_fn *piece, void *context)
{
	struct buf out = BUF_INIT(SIZE_MAX / 2);
	struct plan_reader *r = plan_reader_new(wants, max_item, max_plan, line, &out);
	char *copy, *text;
	int result = 0;
	size_t n;

	for (size_t at = 0; at < len && result == 0; at += n) {
		n = piece ? piece(context, at, len - at) : len - at;
		copy = xmalloc(n ? n : 1);
		memcpy(copy, plan + at, n);
		result = plan_reader_feed(r, copy, n);
		free(copy);
	}
	if (result == 0)
		result = plan_reader_end(r);
	buf_printf(&out, "%s; %llu resources", result == 0 ? "complete" : plan_reader_error(r),
		(unsigned long long)plan_reader_resources(r));
	text = xstrdup(buf_text(&out));
	plan_reader_free(r);
	buf_free(&out);
	return text;
}

struct plan_wants transcript_all(void)
{
	struct plan_wants wants = { .types = NULL };

	for (size_t i = 0; i < PLAN_KINDS; i++)
		wants.kinds[i] = true;
	return wants;
}
