/* JSON of ours and of payloads, over json-c, which no other module includes.
 *
 * json-c in its strict mode still takes much that is not JSON or changes it silently: NaN and Infinity, "1.", "-01",
 * raw control characters, overlong UTF-8, lone surrogates (replaced), keys cut at a NUL, integers clipped to 64 bits,
 * the first of two equal keys dropped. So the words of the text are judged first by jsonscan.c, and json-c does what
 * it does well: the structure, the depth and the tree.
 *
 * The depth counts a scalar as a level of its own: with JSON_DEPTH 32 a scalar may stand within 31 containers.
 * Integers that neither int64 nor uint64 can hold are refused; other numbers keep their text when they are written
 * again.
 *
 * Reading functions take what is missing or of another type as "not there". Building ends the process when memory is
 * out.
 */
#include "base/json.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/jsonscan.h"
#include "base/mem.h"

#define OUT_OF_MEMORY "planspool: out of memory for JSON"

/* How many members all objects in j have together. */
static size_t count_members(const json_t *j);

static bool add_members(void *context, const char *key, json_t *value)
{
	size_t *sum = context;

	(void)key;
	*sum += 1 + count_members(value);
	return true;
}

static size_t count_members(const json_t *j)
{
	size_t sum = 0;

	if (json_is_object(j))
		json_each(j, add_members, &sum);
	for (size_t i = 0; i < json_count(j); i++)
		sum += count_members(json_at(j, i));
	return sum;
}

static int parse_with(struct json_tokener *tokener, const struct jsonscan *s, json_t **out, char why[JSON_WHY])
{
	enum json_tokener_error e;
	json_t *j;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	j = json_tokener_parse_ex(tokener, s->text, (int)s->len);
	e = json_tokener_get_error(tokener);
	if (e == json_tokener_continue) {	/* a number ends, and an end is missed, only when no more comes */
		j = json_tokener_parse_ex(tokener, "", 1);
		e = json_tokener_get_error(tokener);
	}
	if (e != json_tokener_success) {
		size_t at = e == json_tokener_error_parse_eof ? s->len : json_tokener_get_parse_end(tokener);

		snprintf(why, JSON_WHY, "byte %zu: %s", at, json_tokener_error_desc(e));
	} else if (count_members(j) != s->members) {
		snprintf(why, JSON_WHY, "an object has the same key twice");
	} else {
		*out = j;
		return 0;
	}
	json_object_put(j);
	return -1;
}

static int parse_to_depth(const char *text, size_t len, int depth, json_t **out, char why[JSON_WHY])
{
	struct jsonscan s = { .text = text, .len = len };
	struct json_tokener *tokener;
	int result;

	*out = NULL;
	if (len > INT_MAX - 1) {
		snprintf(why, JSON_WHY, "larger than 2 GiB");
		return -1;
	}
	if (!jsonscan_words(&s)) {
		snprintf(why, JSON_WHY, "byte %zu: %s", s.at, s.what);
		return -1;
	}
	tokener = json_tokener_new_ex(depth);
	if (!tokener)
		mem_panic(OUT_OF_MEMORY);
	result = parse_with(tokener, &s, out, why);
	json_tokener_free(tokener);
	return result;
}

int json_parse(const char *text, size_t len, json_t **out, char why[JSON_WHY])
{
	return parse_to_depth(text, len, JSON_DEPTH, out, why);
}

int json_parse_enclosing(const char *text, size_t len, json_t **out, char why[JSON_WHY])
{
	return parse_to_depth(text, len, JSON_DEPTH + 1, out, why);
}

/* json-c's readers do not change a value, but only some of them say so. */
static json_t *mutable(const json_t *j)
{
	union { const json_t *in; json_t *out; } u = { .in = j };

	return u.out;
}

void json_free(json_t *j)
{
	json_object_put(j);
}

json_t *json_copy(const json_t *j)
{
	json_t *copy = NULL;

	if (j && json_object_deep_copy(mutable(j), &copy, NULL))
		mem_panic(OUT_OF_MEMORY);
	return copy;
}

bool json_is_object(const json_t *j)
{
	return json_object_is_type(j, json_type_object);
}

bool json_is_array(const json_t *j)
{
	return json_object_is_type(j, json_type_array);
}

bool json_is_string(const json_t *j)
{
	return json_object_is_type(j, json_type_string);
}

bool json_has(const json_t *object, const char *key)
{
	return json_is_object(object) && json_object_object_get_ex(object, key, NULL);
}

json_t *json_get(const json_t *object, const char *key)
{
	json_t *value = NULL;

	if (json_is_object(object))
		json_object_object_get_ex(object, key, &value);
	return value;
}

const char *json_get_string(const json_t *object, const char *key)
{
	return json_string(json_get(object, key));
}

int64_t json_get_integer(const json_t *object, const char *key, int64_t otherwise)
{
	int64_t value;

	return json_integer(json_get(object, key), &value) ? otherwise : value;
}

const char *json_string(const json_t *j)
{
	return json_is_string(j) ? json_object_get_string(mutable(j)) : NULL;
}

int json_integer(const json_t *j, int64_t *out)
{
	if (!json_object_is_type(j, json_type_int) || json_object_get_uint64(j) > INT64_MAX)
		return -1;
	*out = json_object_get_int64(j);
	return 0;
}

size_t json_count(const json_t *array)
{
	return json_is_array(array) ? json_object_array_length(array) : 0;
}

json_t *json_at(const json_t *array, size_t i)
{
	return i < json_count(array) ? json_object_array_get_idx(array, i) : NULL;
}

void json_each(const json_t *object, bool (*visit)(void *context, const char *key, json_t *value), void *context)
{
	struct json_object_iterator at, end;

	if (!json_is_object(object))
		return;
	at = json_object_iter_begin(mutable(object));
	end = json_object_iter_end(object);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		if (!visit(context, json_object_iter_peek_name(&at), json_object_iter_peek_value(&at)))
			return;
}

static json_t *made(json_t *j)
{
	if (!j)
		mem_panic(OUT_OF_MEMORY);
	return j;
}

json_t *json_new_object(void)
{
	return made(json_object_new_object());
}

json_t *json_new_array(void)
{
	return made(json_object_new_array());
}

json_t *json_new_string(const char *s)
{
	return json_new_string_n(s, strlen(s));
}

json_t *json_new_string_n(const char *s, size_t n)
{
	if (n > INT_MAX - 1)
		mem_panic(OUT_OF_MEMORY);
	return made(json_object_new_string_len(s, (int)n));
}

json_t *json_new_integer(int64_t i)
{
	return made(json_object_new_int64(i));
}

json_t *json_new_bool(bool b)
{
	return made(json_object_new_boolean(b));
}

void json_put(json_t *object, const char *key, json_t *value)
{
	if (json_object_object_add(object, key, value))
		mem_panic(OUT_OF_MEMORY);
}

void json_put_string(json_t *object, const char *key, const char *s)
{
	if (s)
		json_put(object, key, json_new_string(s));
}

void json_put_integer(json_t *object, const char *key, int64_t i)
{
	json_put(object, key, json_new_integer(i));
}

void json_put_bool(json_t *object, const char *key, bool b)
{
	json_put(object, key, json_new_bool(b));
}

void json_remove(json_t *object, const char *key)
{
	json_object_object_del(object, key);
}

void json_add(json_t *array, json_t *value)
{
	if (json_object_array_add(array, value))
		mem_panic(OUT_OF_MEMORY);
}

static char *written(const json_t *j, int flags)
{
	const char *text = json_object_to_json_string_ext(mutable(j), flags | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		mem_panic(OUT_OF_MEMORY);
	return xstrdup(text);
}

char *json_text(const json_t *j)
{
	return written(j, JSON_C_TO_STRING_PLAIN);
}

char *json_text_pretty(const json_t *j)
{
	return written(j, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}
