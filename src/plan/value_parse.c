/* Parsing a value into the nodes of plan/value_nodes.h.
 *
 * The parser keeps its own stack of open containers instead of calling itself, so depth costs heap, not stack. The
 * nodes move while they grow; inside the parser they are known by index.
 *
 * Keys of an object are compared with each other: few ones directly, behind a filter of one bit for each of 64 rough
 * hashes, many when the object is closed, by its index. */
#include <sodium.h>
#include <stdlib.h>

#include "base/mem.h"
#include "plan/token.h"
#include "plan/value_nodes.h"

#define NODES_FIRST 64
#define NODES_KEPT 2048		/* 64 KiB */
#define MEMBERS_COMPARED 32	/* objects with more have an index */

struct level {
	uint32_t node, newest;	/* the container, and what was last put into it */
	uint64_t filter;	/* of the keys so far */
};

struct value_arena {
	struct value *nodes;
	size_t count, cap;
	struct level *levels;
	size_t level_cap;
	struct index *indexes;
	unsigned char secret[crypto_shorthash_KEYBYTES];
};

struct parser {
	struct value_arena *a;
	char *p, *end;
	char *number_end;	/* gets its NUL once the byte there has been read; NULL if none is due */
	size_t depth, max_depth;
	struct token_fault fault;
};

struct value_arena *value_arena_new(void)
{
	struct value_arena *a = xcalloc(1, sizeof(*a));

	randombytes_buf(a->secret, sizeof(a->secret));
	return a;
}

static void free_indexes(struct value_arena *a)
{
	while (a->indexes) {
		struct index *next = a->indexes->next;

		free(a->indexes);
		a->indexes = next;
	}
}

void value_arena_free(struct value_arena *a)
{
	if (!a)
		return;
	free_indexes(a);
	free(a->nodes);
	free(a->levels);
	free(a);
}

void value_arena_trim(struct value_arena *a)
{
	a->count = 0;
	free_indexes(a);
	if (a->cap <= NODES_KEPT)
		return;
	free(a->nodes);
	a->nodes = NULL;
	a->cap = 0;
}

static int wrong(struct parser *p, const char *at, const char *what)
{
	p->fault.at = at;
	p->fault.what = what;
	return -1;
}

/* The next byte that is not white space; a NUL at the end of the text, too. */
static char next(struct parser *p)
{
	char c;

	while (*p->p == ' ' || *p->p == '\t' || *p->p == '\n' || *p->p == '\r')
		p->p++;
	c = *p->p;
	if (p->number_end) {
		*p->number_end = '\0';
		p->number_end = NULL;
	}
	return c;
}

static struct value *new_node(struct parser *p, enum value_type type)
{
	struct value_arena *a = p->a;
	struct value *v;

	if (a->count == a->cap) {
		size_t cap = a->cap ? a->cap + a->cap / 2 : NODES_FIRST;

		a->nodes = xreallocarray(a->nodes, cap, sizeof(*a->nodes));
		a->cap = cap;
	}
	v = &a->nodes[a->count++];
	memset(v, 0, sizeof(*v));
	v->type = (uint8_t)type;
	v->span = 1;
	return v;
}

static int open_container(struct parser *p, struct value *v)
{
	struct value_arena *a = p->a;

	if (p->depth == p->max_depth)
		return wrong(p, p->p, "nested too deeply");
	if (p->depth == a->level_cap) {
		size_t cap = a->level_cap ? a->level_cap * 2 : 8;

		a->levels = xreallocarray(a->levels, cap, sizeof(*a->levels));
		a->level_cap = cap;
	}
	a->levels[p->depth++] = (struct level) { .node = (uint32_t)(v - a->nodes) };
	p->p++;
	return 0;
}

static int literal(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(p->p, word, n) != 0)
		return wrong(p, p->p, "invalid literal");
	p->p += n;
	return 0;
}

/* Reads a value without what is in it. */
static int begin_value(struct parser *p, const char *key, size_t key_len)
{
	char c = next(p);
	struct value *v = new_node(p, VALUE_NULL);
	size_t len;

	v->key = key;
	v->key_len = (uint32_t)key_len;
	switch (c) {
	case '{':
	case '[':
		v->type = c == '{' ? VALUE_OBJECT : VALUE_ARRAY;
		return open_container(p, v);
	case '"':
		v->type = VALUE_STRING;
		v->text = p->p + 1;
		p->p = token_string(p->p + 1, p->end, &len, &p->fault);
		v->len = (uint32_t)len;
		return p->p ? 0 : -1;
	case 't':
	case 'f':
		v->type = VALUE_BOOL;
		v->truth = c == 't';
		return literal(p, c == 't' ? "true" : "false");
	case 'n':
		return literal(p, "null");
	default:
		if (c != '-' && (c < '0' || c > '9'))
			return wrong(p, p->p, p->p == p->end ? "ends where a value is due" : "a value is due here");
		v->type = VALUE_NUMBER;
		v->text = p->p;
		p->p = token_number(p->p, &p->fault);
		if (!p->p)
			return -1;
		v->len = (uint32_t)(p->p - v->text);
		p->number_end = p->p;
		return 0;
	}
}

/* Whether an object's members before the one at index stop have the key. */
static bool has_key(const struct value_arena *a, size_t object, size_t stop, const char *key, size_t len)
{
	for (size_t i = object + 1; i < stop; i += a->nodes[i].span) {
		if (value_has_key(&a->nodes[i], key, len))
			return true;
	}
	return false;
}

static int check_key(struct parser *p, const char *key, size_t len)
{
	struct value_arena *a = p->a;
	struct level *l = &a->levels[p->depth - 1];
	unsigned rough = (unsigned)len;
	bool maybe;

	if (a->nodes[l->node].len >= MEMBERS_COMPARED)
		return 0;
	if (len)
		rough += (unsigned char)key[0] * 7u + (unsigned char)key[len / 2] * 13u +
			(unsigned char)key[len - 1] * 31u;
	maybe = l->filter >> rough % 64 & 1;
	l->filter |= (uint64_t)1 << rough % 64;
	if (maybe && has_key(a, l->node, a->count, key, len))
		return wrong(p, key - 1, "duplicate key");
	return 0;
}

/* A closed object with many members. */
static int index_members(struct parser *p, struct value *object)
{
	struct value_arena *a = p->a;
	size_t slots = 2 * MEMBERS_COMPARED;
	struct index *x;

	while (slots < 2 * (size_t)object->len)
		slots *= 2;
	x = xcalloc(1, sizeof(*x) + slots * sizeof(x->slots[0]));
	x->next = a->indexes;
	x->secret = a->secret;
	x->mask = slots - 1;
	a->indexes = object->index = x;
	for (const struct value *v = value_first(object); v; v = value_next(v)) {
		uint32_t *slot = value_slot(x, object, v->key, v->key_len);

		if (*slot)
			return wrong(p, v->key - 1, "duplicate key");
		*slot = (uint32_t)(v - object);
	}
	return 0;
}

/* Begins an element, or a member with its key, of the innermost container. */
static int begin_child(struct parser *p)
{
	struct value_arena *a = p->a;
	struct level *l = &a->levels[p->depth - 1];
	char *key = NULL;
	size_t len = 0;

	if (a->nodes[l->node].type == VALUE_OBJECT) {
		if (next(p) != '"')
			return wrong(p, p->p, "a key is due here");
		key = p->p + 1;
		p->p = token_string(key, p->end, &len, &p->fault);
		if (!p->p)
			return -1;
		if (next(p) != ':')
			return wrong(p, p->p, "a colon is due here");
		p->p++;
		if (check_key(p, key, len) < 0)
			return -1;
	}
	a->nodes[l->node].len++;
	l->newest = (uint32_t)a->count;
	return begin_value(p, key, len);
}

static int close_container(struct parser *p)
{
	struct value_arena *a = p->a;
	struct level *l = &a->levels[--p->depth];
	struct value *v = &a->nodes[l->node];

	p->p++;
	v->span = (uint32_t)(a->count - l->node);
	if (v->len)
		a->nodes[l->newest].last = true;
	return v->type == VALUE_OBJECT && v->len > MEMBERS_COMPARED ? index_members(p, v) : 0;
}

/* From one value's beginning to the next one's, or to the end of all. */
static int step(struct parser *p)
{
	const struct value_arena *a = p->a;
	const struct value *open = &a->nodes[a->levels[p->depth - 1].node];
	char c = next(p), closing = open->type == VALUE_OBJECT ? '}' : ']';

	if (c == closing)
		return close_container(p);
	/* A container without elements yet is one that was just opened: what it needs next is no comma. */
	if (open->len) {
		if (c != ',')
			return wrong(p, p->p, closing == '}' ? "a comma or } is due here" : "a comma or ] is due here");
		p->p++;
	}
	return begin_child(p);
}

const struct value *value_parse(struct value_arena *a, char *text, size_t len, unsigned depth,
	struct value_fault *fault)
{
	struct parser p = { .a = a, .p = text, .end = text + len, .max_depth = depth };
	int result = -1;

	value_arena_trim(a);
	if (len >= UINT32_MAX) {
		*fault = (struct value_fault) { 0, "a single value of 4 GiB" };
		return NULL;
	}
	text[len] = '\0';
	result = begin_value(&p, NULL, 0);
	while (result == 0 && p.depth)
		result = step(&p);
	if (result == 0 && (next(&p) != '\0' || p.p != p.end))
		result = wrong(&p, p.p, "something follows the value");
	if (result < 0) {
		*fault = (struct value_fault) { (size_t)(p.fault.at - text), p.fault.what };
		return NULL;
	}
	a->nodes[0].last = true;
	return a->nodes;
}
