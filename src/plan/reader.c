/* Walks the few containers of a plan that the grammar (plan/grammar.h) looks into, byte by byte and fully strict;
 * everything else is a value that goes by as a whole (plan/reader_item.c) at the speed of the scanner.
 *
 * Reading is a state machine: the phase says what comes next, a stack of frames says where. A phase takes some bytes
 * of what was fed and returns how many, so a plan may be cut anywhere. What a frame holds is its place in the grammar
 * and how many keys the set of keys had before it: keys that occur twice are found in every object that is looked
 * into.
 *
 * Memory: one captured value and its tree, the hashes of the keys in the objects that are open, and the names of the
 * module calls that lead to where we are. None of it grows with the plan, but for an object of very many keys, which
 * is bounded.
 *
 * The first failure ends the reading; messages name a byte and what is wrong there, never what the plan holds. */
#include "plan/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/reader_parts.h"

#define KEY_MAX (64u << 10)
#define KEYS_MAX (256u << 10)	/* in the objects that are open at a time */

size_t reader_fail(struct plan_reader *r, uint64_t offset, const char *format, ...)
{
	va_list args;
	int n;

	if (r->failed)
		return 0;
	r->failed = true;
	n = snprintf(r->why, sizeof(r->why), "byte %llu: ", (unsigned long long)offset);
	va_start(args, format);
	vsnprintf(r->why + n, sizeof(r->why) - (size_t)n, format, args);
	va_end(args);
	return 0;
}

size_t reader_open(struct plan_reader *r, enum grammar_place inside, bool array, bool call)
{
	if (r->depth == PLAN_DEPTH)
		return reader_fail(r, r->bytes, "nested too deeply");
	if (r->depth == r->frame_cap) {
		r->frame_cap = r->frame_cap ? r->frame_cap * 2 : 8;
		r->frames = xreallocarray(r->frames, r->frame_cap, sizeof(*r->frames));
	}
	if (call) {
		if (r->module_count == r->module_cap) {
			r->module_cap = r->module_cap ? r->module_cap * 2 : 8;
			r->modules = xreallocarray(r->modules, r->module_cap, sizeof(*r->modules));
		}
		r->modules[r->module_count++] = xstrndup(r->key.data, r->key_len);
	}
	r->frames[r->depth++] = (struct frame) { .place = inside, .array = array, .call = call, .keys = r->keys.count };
	r->first = true;
	r->phase = array ? PHASE_VALUE : PHASE_KEY;
	return 0;
}

size_t reader_close(struct plan_reader *r, char bracket)
{
	const struct frame *top = &r->frames[r->depth - 1];

	if (bracket != (top->array ? ']' : '}'))
		return reader_unexpected(r, bracket,
			top->array ? "a comma or ] is due here" : "a comma or } is due here");
	keyset_cut(&r->keys, top->keys);
	if (top->call)
		free(r->modules[--r->module_count]);
	r->depth--;
	r->first = false;
	r->phase = PHASE_NEXT;
	if (!r->depth) {
		r->phase = PHASE_END;
		reader_judge(r);
	}
	return 1;
}

static size_t key(struct plan_reader *r, const char *p, size_t n)
{
	(void)n;
	if (*p == '}' && r->first)
		return reader_close(r, *p);
	if (*p != '"')
		return reader_unexpected(r, *p, "a key is due here");
	buf_clear(&r->key);
	scan_begin(&r->scan, 0);
	r->start = r->bytes;
	r->phase = PHASE_KEY_TEXT;
	return 0;
}

/* A complete key: its place in the grammar, and whether the object has it already. */
static void take_key(struct plan_reader *r)
{
	struct frame *top = &r->frames[r->depth - 1];
	struct value_fault fault;
	const struct value *v = value_parse(r->arena, r->key.data, r->key.len, 0, &fault);
	const char *text = value_text(v, &r->key_len);

	if (!v) {
		reader_fail(r, r->start + fault.offset, "%s", fault.what);
		return;
	}
	/* Without its quote, so that key.data is the text. */
	memmove(r->key.data, text, r->key_len + 1);
	text = r->key.data;
	if (memchr(text, '\0', r->key_len)) {
		reader_fail(r, r->start, "a key with a NUL in it");
		return;
	}
	r->row = grammar_find(top->place, text, r->key_len);
	if (r->row)
		r->marks |= 1u << r->row->mark;
	if (top->place == GRAMMAR_TOP)
		r->section = r->row->key;
	switch (keyset_add(&r->keys, (unsigned)r->depth, text, r->key_len)) {
	case KEYSET_NEW:
		break;
	case KEYSET_DUPLICATE:
		if (r->depth == 1)
			reader_fail(r, r->start, "duplicate section%s%s", r->section ? " " : "",
				r->section ? r->section : "");
		else
			reader_fail(r, r->start, "duplicate key");
		break;
	case KEYSET_FULL:
		reader_fail(r, r->start, "more than %u keys in one object", KEYS_MAX);
		break;
	}
}

static size_t key_text(struct plan_reader *r, const char *p, size_t n)
{
	ptrdiff_t at;
	enum scan_result result = scan_feed(&r->scan, p, n, &at);
	size_t taken = at > 0 ? (size_t)at : 0;

	if (buf_append(&r->key, p, taken) < 0)
		return reader_fail(r, r->start, "key of more than %u bytes", KEY_MAX);
	if (result == SCAN_BAD)
		return reader_fail(r, (uint64_t)((int64_t)r->bytes + at), "%s", r->scan.what);
	if (result == SCAN_DONE) {
		take_key(r);
		r->phase = PHASE_COLON;
	}
	return taken;
}

static size_t colon(struct plan_reader *r, const char *p, size_t n)
{
	(void)n;
	if (*p != ':')
		return reader_unexpected(r, *p, "a colon is due here");
	r->phase = PHASE_VALUE;
	return 1;
}

static size_t value(struct plan_reader *r, const char *p, size_t n)
{
	if (*p == ']' && r->first && r->frames[r->depth - 1].array)
		return reader_close(r, *p);
	if (*p == ']' || *p == '}' || *p == ',' || *p == ':')
		return reader_unexpected(r, *p, "a value is due here");
	return reader_begin_value(r, p, n);
}

static size_t comma(struct plan_reader *r, const char *p, size_t n)
{
	(void)n;
	if (r->depth == 1)
		r->section = NULL;
	if (*p != ',')
		return reader_close(r, *p);
	r->phase = r->frames[r->depth - 1].array ? PHASE_VALUE : PHASE_KEY;
	return 1;
}

static size_t behind_end(struct plan_reader *r, const char *p, size_t n)
{
	(void)n;
	return reader_fail(r, r->bytes, "%s", *p == '{' ? "another JSON value behind the plan: one plan at a time"
		: "something follows the plan");
}

/* In the order of enum phase. */
static const struct {
	size_t (*step)(struct plan_reader *r, const char *p, size_t n);
	bool space;	/* white space may stand before it */
} phases[] = {
	[PHASE_START] = { reader_start, true },
	[PHASE_MARK_2] = { reader_byte_order_mark, false },
	[PHASE_MARK_3] = { reader_byte_order_mark, false },
	[PHASE_KEY] = { key, true },
	[PHASE_KEY_TEXT] = { key_text, false },
	[PHASE_COLON] = { colon, true },
	[PHASE_VALUE] = { value, true },
	[PHASE_VALUE_TEXT] = { reader_value_text, false },
	[PHASE_NEXT] = { comma, true },
	[PHASE_END] = { behind_end, true },
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct plan_reader *plan_reader_new(const struct plan_wants *wants, uint64_t max_item, uint64_t max_plan,
	plan_item_fn *item, void *context)
{
	struct plan_reader *r = xcalloc(1, sizeof(*r));

	for (unsigned kind = 0; kind < PLAN_KINDS; kind++)
		r->wanted |= (unsigned)wants->kinds[kind] << kind;
	r->all_types = !wants->types;
	if (wants->types) {
		r->type_count = wants->type_count;
		r->types = xcalloc(r->type_count + 1, sizeof(*r->types));
		for (size_t i = 0; i < r->type_count; i++)
			r->types[i] = wants->types[i];
		qsort(r->types, r->type_count, sizeof(*r->types), compare_names);
	}
	r->max_plan = max_plan;
	r->item = item;
	r->context = context;
	/* Offsets within one value fit 32 bits (plan/value.c). */
	r->capture = (struct buf)BUF_INIT(max_item < UINT32_MAX ? (size_t)max_item : UINT32_MAX - 1);
	r->key = (struct buf)BUF_INIT(KEY_MAX);
	keyset_init(&r->keys, KEYS_MAX);
	r->arena = value_arena_new();
	return r;
}

void plan_reader_free(struct plan_reader *r)
{
	if (!r)
		return;
	while (r->module_count)
		free(r->modules[--r->module_count]);
	free(r->modules);
	free(r->frames);
	free(r->types);
	keyset_free(&r->keys);
	buf_free(&r->key);
	buf_free(&r->capture);
	value_arena_free(r->arena);
	free(r);
}

static size_t leading_space(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && (p[i] == ' ' || p[i] == '\t' || p[i] == '\n' || p[i] == '\r'))
		i++;
	return i;
}

int plan_reader_feed(struct plan_reader *r, const char *data, size_t len)
{
	bool too_large = len > r->max_plan - r->bytes;
	size_t left = too_large ? (size_t)(r->max_plan - r->bytes) : len;

	while (left && !r->failed) {
		size_t n = phases[r->phase].space ? leading_space(data, left) : 0;

		r->bytes += n;
		data += n;
		left -= n;
		if (!left)
			break;
		n = phases[r->phase].step(r, data, left);
		r->bytes += n;
		data += n;
		left -= n;
	}
	if (too_large)
		reader_fail(r, r->bytes, "the plan is larger than limits.plan");
	return r->failed ? -1 : 0;
}

int plan_reader_end(struct plan_reader *r)
{
	if (!r->failed && r->phase != PHASE_END) {
		r->failed = true;
		if (r->phase == PHASE_START)
			snprintf(r->why, sizeof(r->why), "the plan is empty (%llu bytes)",
				(unsigned long long)r->bytes);
		else
			snprintf(r->why, sizeof(r->why),
				"the plan ends in the middle of %s, after %llu bytes (cut short?)",
				r->section ? r->section : "its top level", (unsigned long long)r->bytes);
	}
	if (r->failed)
		return -1;
	if (!r->ended) {
		r->ended = true;
		reader_hand_out_end(r);
	}
	return 0;
}

const char *plan_reader_error(const struct plan_reader *r)
{
	return r->why;
}

uint64_t plan_reader_bytes(const struct plan_reader *r)
{
	return r->bytes;
}

uint64_t plan_reader_resources(const struct plan_reader *r)
{
	return r->resources;
}
