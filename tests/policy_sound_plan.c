/* Plans with unknown values, and what they may turn out to be. Each thing is written twice, as the value after the
 * change and as its part of after_unknown. */
#include "test.h"

#include "base/buf.h"
#include "base/mem.h"
#include "policy_random.h"
#include "policy_sound.h"

#define RESOURCES 6
#define BLOCK_DEPTH 2
#define REFERS "{\"references\":[\"each.key\"]}"

static const char *const types[] = { "t_a", "t_b", "aws_iam_policy" };	/* the last has a document in policy */

enum kind { SCALAR, LIST, BLOCK, BLOCKS, MAP, DOCUMENT };

struct maker {
	uint64_t model, filling;
	bool unknown;		/* what is unknown is left unknown */
	bool filled;		/* this is something in the place of it */
	bool computed;		/* the configuration computes it by a reference */
	bool by_blocks;		/* if so, then each attribute of its blocks, but cidr */
	enum sound_references references;
	unsigned depth;
};

struct thing {
	struct buf after, unknown;
};

static void make(struct maker *m, enum kind kind, struct thing *t);

static void both(struct thing *t, const char *after, const char *unknown)
{
	buf_puts(&t->after, after);
	buf_puts(&t->unknown, unknown);
}

static void next(struct buf *b)
{
	if (strchr("{[", b->data[b->len - 1]) == NULL)
		buf_puts(b, ",");
}

/* Something that is unknown, of a kind that it may have. RULE: an element of a list is of the kind that the others are,
 * since Terraform has no other lists, and a block is no null. */
static void make_unknown(struct maker *m, enum kind kind, bool element, struct thing *t)
{
	static const char *const texts[] = { "\"a\"", "\"b c\"", "\"id\"" };
	static const enum kind kinds[] = { SCALAR, LIST, BLOCK, BLOCKS, MAP };

	if (m->unknown) {
		both(t, "null", "true");
		return;
	}
	struct maker f = { .model = draw(&m->filling), .filled = true, .computed = m->computed, .depth = m->depth };

	/* RULE: what a reference computes exists (A 2), so it is never null; asked for the empty text, it is the text of the
	 * reference, which is not empty and no number (B 4.1). */
	if (m->computed && m->references == SOUND_TEXT)
		both(t, PICK(&f.model, texts), "false");
	else if (!m->computed && !(element && kind == BLOCK) && below(&f.model, 4) == 0)
		both(t, "null", "false");
	else
		make(&f, !element && below(&f.model, 4) == 0 ? PICK(&f.model, kinds) : kind, t);
}

static bool is_unknown(struct maker *m)
{
	return !m->filled && below(&m->model, 3) == 0;
}

static void member(struct maker *m, const char *key, enum kind kind, struct thing *t)
{
	bool unknown = is_unknown(m), absent = below(&m->model, 2) == 0;

	next(&t->unknown);
	buf_printf(&t->unknown, "\"%s\":", key);
	if (unknown && absent && m->unknown) {
		buf_puts(&t->unknown, "true");
		return;
	}
	next(&t->after);
	buf_printf(&t->after, "\"%s\":", key);
	if (unknown)
		make_unknown(m, kind, false, t);
	else
		make(m, kind, t);
}

static void make_scalar(struct maker *m, struct thing *t)
{
	static const char *const scalars[] = { "\"a\"", "\"b\"", "\"22\"", "22", "80", "true", "false", "\"\"", "0",
		"\"0.0.0.0/0\"", "\"10.0.0.0/8\"", "\"true\"", "1.5", "\"b c\"", "\"['a']\"", "null" };

	both(t, scalars[below(&m->model, COUNT(scalars) - (m->filled && m->computed))], "false");
}

static void make_list(struct maker *m, enum kind kind, struct thing *t)
{
	static const unsigned lengths[] = { 0, 1, 1, 1, 2, 3 };
	unsigned n = PICK(&m->model, lengths);
	bool blank = !m->filled && below(&m->model, 4) == 0;
	/* RULE: text among blocks is no element, so none of these is computed where it may be asked for its text. */
	bool known = kind == BLOCK && m->computed && m->references == SOUND_TEXT;

	/* Whether they are blocks is known of no element. RULE: a single block has no index, so that .0, which exists when it
	 * is computed (A 2), would not. */
	if (blank)
		kind = (m->computed && n == 1) || below(&m->filling, 2) == 0 ? SCALAR : BLOCK;
	/* RULE: each unknown element is one element. A plan does not tell sets, of which two may turn out to be one. */
	both(t, "[", "[");
	for (unsigned i = 0; i < n; i++) {
		/* Of one element alone blank decides. */
		bool unknown = blank || (n > 1 && is_unknown(m) && !known);

		next(&t->after);
		next(&t->unknown);
		if (unknown)
			make_unknown(m, kind, true, t);
		else
			make(m, kind, t);
	}
	both(t, "]", "]");
}

static void make_block(struct maker *m, struct thing *t)
{
	static const enum kind kinds[] = { SCALAR, SCALAR, SCALAR, LIST };
	bool computed = m->computed;

	both(t, "{", "{");
	m->depth++;
	if (below(&m->model, 5) > 0)
		member(m, "port", PICK(&m->model, kinds), t);
	m->computed = computed && !m->by_blocks;
	if (below(&m->model, 5) > 0)
		member(m, "cidr", PICK(&m->model, kinds), t);
	m->computed = computed;
	/* RULE: a block has members: Terraform writes all of its type, with null if need be. */
	member(m, "x", SCALAR, t);
	if (m->depth < BLOCK_DEPTH && below(&m->model, 2) == 0)
		member(m, "in", BLOCKS, t);
	m->depth--;
	both(t, "}", "}");
}

static void make_map(struct maker *m, struct thing *t)
{
	static const char *const keys[] = { "a", "b.c", "10" };

	both(t, "{", "{");
	for (size_t i = 0; i < COUNT(keys); i++) {
		if (below(&m->model, 3) > 0)
			member(m, keys[i], SCALAR, t);
	}
	both(t, "}", "}");
}

static void make_document(struct maker *m, struct thing *t)
{
	static const char *const documents[] = { "\"\"", "\"text\"", "\"{}\"",
		"\"{\\\"S\\\":[{\\\"E\\\":\\\"a\\\",\\\"A\\\":[\\\"b\\\"]}]}\"",
		"\"{\\\"S\\\":[{\\\"E\\\":\\\"a\\\",\\\"A\\\":[\\\"a\\\",\\\"b\\\"]},{\\\"E\\\":22}]}\"" };

	both(t, PICK(&m->model, documents), "false");
}

static void make(struct maker *m, enum kind kind, struct thing *t)
{
	switch (kind) {
	case SCALAR:
		make_scalar(m, t);
		break;
	case LIST:
		make_list(m, SCALAR, t);
		break;
	case BLOCKS:
		make_list(m, BLOCK, t);
		break;
	case BLOCK:
		make_block(m, t);
		break;
	case MAP:
		make_map(m, t);
		break;
	case DOCUMENT:
		make_document(m, t);
		break;
	}
}

/* A reference to another resource, which connects, or to nothing that could be. */
static void put_reference(struct maker *m, const char *key, struct buf *expressions)
{
	unsigned other = below(&m->model, RESOURCES);
	const char *type = types[other % COUNT(types)];

	next(expressions);
	if (below(&m->model, 2) == 0)
		buf_printf(expressions, "\"%s\":{\"references\":[\"%s.r%u.id\",\"%s.r%u\"]}", key, type, other, type, other);
	else
		buf_printf(expressions, "\"%s\":" REFERS, key);
}

static void attribute(struct maker *m, const char *key, enum kind kind, struct thing *t, struct buf *expressions)
{
	m->computed = m->references != SOUND_CONSTANT && below(&m->model, 2) == 0;
	m->by_blocks = kind == BLOCKS && below(&m->model, 2) == 0;

	if (m->computed && m->by_blocks) {
		next(expressions);
#define INNER "\"port\":" REFERS ",\"cidr\":{},\"x\":" REFERS
#define OUTER "{" INNER ",\"in\":[{" INNER "},{" INNER "},{" INNER "}]}"
		buf_printf(expressions, "\"%s\":[" OUTER "," OUTER "," OUTER "]", key);
	} else if (m->computed) {
		put_reference(m, key, expressions);
	} else if (below(&m->model, 2) == 0) {
		next(expressions);
		buf_printf(expressions, "\"%s\":{\"references\":[\"var.v\",\"local.l\"]}", key);
	}
	member(m, key, kind, t);
	m->computed = m->by_blocks = false;
}

static void make_resource(struct maker *m, unsigned number, struct buf *changes, struct buf *configs)
{
	/* RULE: what is known after apply counts as changed (__change_keys__), so nothing in the place of it is what it was
	 * before: neither this text nor, in the place of fresh, null. */
	static const char *const befores[] = { "null", "{\"n\":\"was\",\"l\":[\"was\"],\"kept\":1,\"m\":{\"x\":\"was\"},"
		"\"fresh\":null}" };
	struct thing t = { BUF_INIT(PLAN_MAX), BUF_INIT(PLAN_MAX) };
	struct buf expressions = BUF_INIT(PLAN_MAX);
	const char *type = types[number % COUNT(types)];
	unsigned before = below(&m->model, COUNT(befores));

	both(&t, "{\"kept\":1", "{\"kept\":false");
	buf_puts(&expressions, "{");
	attribute(m, "n", SCALAR, &t, &expressions);
	attribute(m, "l", LIST, &t, &expressions);
	attribute(m, "ing", BLOCKS, &t, &expressions);
	attribute(m, "m", BLOCK, &t, &expressions);
	attribute(m, "tags", MAP, &t, &expressions);
	attribute(m, "policy", DOCUMENT, &t, &expressions);
	m->computed = true;
	if (m->references != SOUND_CONSTANT)
		put_reference(m, "fresh", &expressions);
	member(m, "fresh", SCALAR, &t);
	m->computed = false;
	both(&t, "}", "}");
	if (below(&m->model, 2) == 0)
		put_reference(m, "link", &expressions);
	buf_puts(&expressions, "}");
	next(changes);
	next(configs);
	buf_printf(changes, "{\"address\":\"%s.r%u\",\"mode\":\"managed\",\"type\":\"%s\",\"name\":\"r%u\",\"change\":{"
		"\"actions\":[\"%s\"],\"before\":%s,\"after\":%s,\"after_unknown\":%s}}", type, number, type, number,
		before == 0 ? "create" : "update", befores[before], t.after.data, m->unknown ? t.unknown.data : "{}");
	buf_printf(configs, "{\"address\":\"%s.r%u\",\"mode\":\"managed\",\"type\":\"%s\",\"name\":\"r%u\","
		"\"expressions\":%s}", type, number, type, number, expressions.data);
	buf_free(&t.after);
	buf_free(&t.unknown);
	buf_free(&expressions);
}

enum sound_references sound_references(uint64_t seed)
{
	return (enum sound_references)(seed % 3);
}

char *sound_plan(uint64_t seed, uint64_t filling)
{
	struct maker m = { .model = seed, .filling = seed * 1000 + filling, .unknown = filling == 0,
		.references = sound_references(seed) };
	struct buf changes = BUF_INIT(PLAN_MAX), configs = BUF_INIT(PLAN_MAX);

	buf_puts(&changes, "[");
	buf_puts(&configs, "[");
	for (unsigned i = 0; i < RESOURCES; i++)
		make_resource(&m, i, &changes, &configs);
	char *plan = xasprintf("{\"format_version\":\"1.2\",\"terraform_version\":\"1.9.0\",\"resource_changes\":%s],"
		"\"configuration\":{\"root_module\":{\"resources\":%s]}}}", changes.data, configs.data);

	buf_free(&changes);
	buf_free(&configs);
	return plan;
}
