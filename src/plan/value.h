/* One JSON value of a plan as a read-only tree: the accessor through which checks see plan data, so that what lies
 * beneath can change. Numbers keep their text. A value lives as long as the item it came with (plan/reader.h); strings
 * point into it. */
#ifndef PLANSPOOL_PLAN_VALUE_H
#define PLANSPOOL_PLAN_VALUE_H

#include <stdbool.h>
#include <stddef.h>

enum value_type { VALUE_NULL, VALUE_BOOL, VALUE_NUMBER, VALUE_STRING, VALUE_ARRAY, VALUE_OBJECT };

struct value;

/* All take NULL as null. */
enum value_type value_type(const struct value *v);
bool value_bool(const struct value *v);				/* false if it is no boolean */
/* A string's bytes (UTF-8, unescaped, may hold NUL), or a number's text as it stood; followed by a NUL. NULL for
 * others. */
const char *value_text(const struct value *v, size_t *len);	/* len may be NULL */
bool value_is(const struct value *v, const char *text);		/* a string equal to text */

size_t value_count(const struct value *v);			/* elements or members, else 0 */
const struct value *value_first(const struct value *v);		/* first element or member's value; NULL if none */
const struct value *value_next(const struct value *child);	/* the next in the same container; NULL at its end */
const char *value_key(const struct value *member, size_t *len);	/* the key a member stands under; len may be NULL */
const struct value *value_get(const struct value *object, const char *key);	/* NULL if absent or no object */
const struct value *value_get_n(const struct value *object, const char *key, size_t len);
const struct value *value_at(const struct value *array, size_t i);		/* NULL if out of range */
bool value_any_true(const struct value *v);			/* it is true, or a true is in it */

/* Whether part is container, or is in it at any depth. part may be of another tree, too. */
bool value_holds(const struct value *container, const struct value *part);

/* A parser with its memory, to be used again and again. */
struct value_arena;
struct value_arena *value_arena_new(void);
void value_arena_free(struct value_arena *a);

struct value_fault {
	size_t offset;		/* of the byte that is wrong, from the start of the text */
	const char *what;	/* "invalid UTF-8", "duplicate key", ...; static text */
};

/* Parses exactly one value of at most depth levels into the arena, which forgets what it held before. The text is
 * changed (strings are unescaped in place), must stay as long as the value, and must have room for one NUL behind its
 * len bytes. Errors: not JSON (RFC 8259), depth, invalid UTF-8, lone surrogates, duplicate keys in one object, texts
 * of 4 GiB and more. NULL with the fault. The arena takes 32 bytes for each value in the text and up to 16
 * more for each member of an object of many, and gives up what a large text took when the next one comes or
 * value_arena_trim is called. */
const struct value *value_parse(struct value_arena *a, char *text, size_t len, unsigned depth,
	struct value_fault *fault);

/* Forgets the value and gives back all but a little of the memory. */
void value_arena_trim(struct value_arena *a);

#endif
