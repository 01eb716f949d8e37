/* Values as they go by: what the grammar says about each, skipping, capturing, and handing out.
 *
 * A wanted value is copied into one buffer until it is complete, then parsed and handed out. Both memories are used
 * again for the next value, and given back behind a large one. Of resource changes the type is looked up in the raw
 * text first, so that a type nobody asked for costs no more than being skipped; in doubt, as when a key occurs twice, the
 * parsed value decides.
 *
 * What happens does not depend on how the plan was cut into pieces: a value is too large by its own size, and its
 * beginning, from which address and type are taken, is exactly as long as the limit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/reader_parts.h"
#include "plan/token.h"

#define CAPTURE_KEPT (64u << 10)

struct slice {
	const char *text;
	size_t len;
};

static int compare_type(const void *slice, const void *name)
{
	const struct slice *s = slice;
	const char *type = *(const char *const *)name;
	size_t len = strlen(type);
	int order = memcmp(s->text, type, s->len < len ? s->len : len);

	return order ? order : (s->len > len) - (s->len < len);
}

static bool type_wanted(const struct plan_reader *r, const char *text, size_t len)
{
	struct slice s = { text, len };

	return r->all_types || bsearch(&s, r->types, r->type_count, sizeof(*r->types), compare_type);
}

/* Whether the beginning of a resource change shows that its type is not asked for. */
static bool unwanted_type(const struct plan_reader *r, const char *text, size_t len)
{
	const char *type;
	size_t n;

	if (r->purpose != PURPOSE_ITEM || r->row->kind != PLAN_RESOURCE_CHANGE || r->all_types || !len || *text != '{')
		return false;
	type = scan_member(text, len, "type", &n);
	return type && !memchr(type, '\\', n) && !type_wanted(r, type, n);
}

static void hand_out(struct plan_reader *r, struct plan_item *item)
{
	bool inner_call = r->row->key_of_call;

	item->kind = r->row->kind;
	item->offset = r->start;
	item->modules = (const char *const *)r->modules;
	item->module_count = r->module_count - inner_call;
	if (inner_call)
		item->key = r->modules[r->module_count - 1];
	else if (!r->frames[r->depth - 1].array)
		item->key = r->key.data;
	r->item(r->context, item);
}

void reader_hand_out_end(struct plan_reader *r)
{
	struct plan_item item = { .kind = PLAN_END, .offset = r->bytes };

	r->item(r->context, &item);
}

/* The text of a string member in the captured beginning, unescaped there; NULL if it can't be read. */
static const char *captured_text(struct plan_reader *r, const struct slice *raw)
{
	char *data = r->capture.data;
	struct token_fault fault;
	size_t len;

	if (!raw->text)
		return NULL;
	return token_string(data + (raw->text - data), data + r->capture.len, &len, &fault) ? raw->text : NULL;
}

static void hand_out_oversize(struct plan_reader *r)
{
	struct slice address = { NULL, 0 }, type = { NULL, 0 };
	struct plan_item item = { .oversize = true };

	if (r->purpose != PURPOSE_ITEM) {
		reader_fail(r, r->start, "%s is larger than limits.resource", r->row->key ? r->row->key : "a value");
		return;
	}
	if (r->row->kind == PLAN_RESOURCE_CHANGE && r->capture.len && *r->capture.data == '{') {
		/* Both are found before the first is unescaped, which changes the text. */
		address.text = scan_member(r->capture.data, r->capture.len, "address", &address.len);
		type.text = scan_member(r->capture.data, r->capture.len, "type", &type.len);
		item.address = captured_text(r, &address);
		item.type = captured_text(r, &type);
		if (item.type && !type_wanted(r, item.type, strlen(item.type)))
			return;
	}
	hand_out(r, &item);
}

static void release(struct plan_reader *r)
{
	if (r->capture.cap > CAPTURE_KEPT)
		buf_free(&r->capture);
	else
		buf_clear(&r->capture);
	value_arena_trim(r->arena);
}

static void capture(struct plan_reader *r, const char *p, size_t n)
{
	size_t room = r->capture.max - r->capture.len;

	if (buf_append(&r->capture, p, n < room ? n : room) < 0) {
		reader_fail(r, r->start, "out of memory for a value of the plan");
		return;
	}
	if (n <= room)
		return;
	hand_out_oversize(r);
	release(r);
	r->purpose = PURPOSE_SKIP;
}

static void finish_value(struct plan_reader *r)
{
	const struct value *value, *type;
	struct plan_item item = { .oversize = false };
	struct value_fault fault;
	const char *text;
	size_t len;

	if (r->purpose == PURPOSE_SKIP || unwanted_type(r, r->capture.data, r->capture.len))
		return;
	value = value_parse(r->arena, r->capture.data, r->capture.len, (unsigned)(PLAN_DEPTH - r->depth), &fault);
	if (!value) {
		reader_fail(r, r->start + fault.offset, "%s", fault.what);
		return;
	}
	if (r->purpose == PURPOSE_NULL)
		return;
	if (r->purpose == PURPOSE_VERSION)
		reader_check_version(r, value);
	if (r->failed || !(r->wanted >> r->row->kind & 1))
		return;
	type = r->row->kind == PLAN_RESOURCE_CHANGE ? value_get(value, "type") : NULL;
	text = value_text(type, &len);
	if (value_type(type) == VALUE_STRING && !type_wanted(r, text, len))
		return;
	item.value = value;
	hand_out(r, &item);
}

size_t reader_value_text(struct plan_reader *r, const char *p, size_t n)
{
	ptrdiff_t at;
	enum scan_result result = scan_feed(&r->scan, p, n, &at);
	size_t taken = at > 0 ? (size_t)at : 0;

	if (result == SCAN_DONE && !r->capture.len &&
	    unwanted_type(r, p, taken < r->capture.max ? taken : r->capture.max))
		r->purpose = PURPOSE_SKIP;
	if (r->purpose != PURPOSE_SKIP)
		capture(r, p, taken);
	if (result == SCAN_BAD)
		return reader_fail(r, (uint64_t)((int64_t)r->bytes + at), "%s", r->scan.what);
	if (result == SCAN_DONE) {
		finish_value(r);
		release(r);
		r->phase = PHASE_NEXT;
	}
	return taken;
}

static enum purpose purpose_of(const struct plan_reader *r, char c)
{
	bool container = c == '{' || c == '[', wanted;

	if (!r->row)
		return PURPOSE_SKIP;
	wanted = r->wanted >> r->row->kind & 1;
	switch (r->row->action) {
	case GRAMMAR_ITEM:
		return wanted ? PURPOSE_ITEM : PURPOSE_SKIP;
	case GRAMMAR_SCALAR:
		return wanted && !container && c != 'n' ? PURPOSE_ITEM : PURPOSE_SKIP;
	case GRAMMAR_VERSION:
		return PURPOSE_VERSION;
	case GRAMMAR_OBJECT:
	case GRAMMAR_ARRAY:
		return r->row->always || (r->wanted & r->row->below) ? PURPOSE_NULL : PURPOSE_SKIP;
	case GRAMMAR_SKIP:
		break;
	}
	return PURPOSE_SKIP;
}

size_t reader_begin_value(struct plan_reader *r, const char *p, size_t n)
{
	const struct frame *top = &r->frames[r->depth - 1];

	(void)n;
	r->first = false;
	if (top->array)
		r->row = grammar_find(top->place, NULL, 0);
	if (top->place == GRAMMAR_CHANGES)
		r->resources++;
	r->purpose = purpose_of(r, *p);
	if (r->purpose == PURPOSE_NULL && *p == (r->row->action == GRAMMAR_ARRAY ? '[' : '{')) {
		reader_open(r, r->row->inside, *p == '[', r->row->call);
		return 1;
	}
	if (r->purpose == PURPOSE_NULL && (*p != 'n' || r->row->always))
		return reader_fail(r, r->bytes, "%s is no %s", r->row->key ? r->row->key : "what stands here",
			r->row->action == GRAMMAR_ARRAY ? "array" : "object");
	scan_begin(&r->scan, (unsigned)(PLAN_DEPTH - r->depth));
	r->start = r->bytes;
	r->phase = PHASE_VALUE_TEXT;
	return 0;
}
