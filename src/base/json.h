/* JSON of ours and of payloads (never plan data, see plan/value.h), over json-c, which no other module includes.
 * Parsing is strict: UTF-8, depth, nothing behind the value, no NUL inside keys or strings. */
#ifndef PLANSPOOL_BASE_JSON_H
#define PLANSPOOL_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct json_object json_t;	/* an object, array, string, number, boolean; null is the NULL pointer */

#define JSON_DEPTH 32
#define JSON_WHY 160

/* Parses exactly one value. 0 with *out (NULL for null) owned by the caller; -1 with the reason, and the byte offset,
 * in why. */
int json_parse(const char *text, size_t len, json_t **out, char why[JSON_WHY])
	__attribute__((warn_unused_result));
/* The same for a text of ours that holds what json_parse took as a member: one level more. */
int json_parse_enclosing(const char *text, size_t len, json_t **out, char why[JSON_WHY])
	__attribute__((warn_unused_result));
void json_free(json_t *j);	/* drops one reference; NULL is fine */
json_t *json_copy(const json_t *j);	/* deep */

/* Reading. All take NULL, or a value of another type, as "not there". Strings belong to the value. */
bool json_is_object(const json_t *j);
bool json_is_array(const json_t *j);
bool json_is_string(const json_t *j);
bool json_has(const json_t *object, const char *key);			/* present, even if null */
json_t *json_get(const json_t *object, const char *key);		/* borrowed */
const char *json_get_string(const json_t *object, const char *key);	/* NULL if absent or no string */
int64_t json_get_integer(const json_t *object, const char *key, int64_t otherwise);
const char *json_string(const json_t *j);
int json_integer(const json_t *j, int64_t *out);			/* -1: no integer */
size_t json_count(const json_t *array);
json_t *json_at(const json_t *array, size_t i);				/* borrowed */
/* Calls visit for each member in order, until it returns false. */
void json_each(const json_t *object, bool (*visit)(void *context, const char *key, json_t *value), void *context);

/* Building. What is put into a container belongs to it. Running out of memory ends the process. */
json_t *json_new_object(void);
json_t *json_new_array(void);
json_t *json_new_string(const char *s);
json_t *json_new_string_n(const char *s, size_t n);
json_t *json_new_integer(int64_t i);
json_t *json_new_bool(bool b);
void json_put(json_t *object, const char *key, json_t *value);		/* replaces; value NULL is null */
void json_put_string(json_t *object, const char *key, const char *s);	/* s NULL: the key is left out */
void json_put_integer(json_t *object, const char *key, int64_t i);
void json_put_bool(json_t *object, const char *key, bool b);
void json_remove(json_t *object, const char *key);
void json_add(json_t *array, json_t *value);

/* The text of a value, allocated; slashes are not escaped. */
char *json_text(const json_t *j);	/* one line */
char *json_text_pretty(const json_t *j);

#endif
