/* Reading a value: the accessors of plan/value.h over the nodes of plan/value_nodes.h. */
#include "plan/value_nodes.h"

#include <sodium.h>

enum value_type value_type(const struct value *v)
{
	return v ? (enum value_type)v->type : VALUE_NULL;
}

bool value_bool(const struct value *v)
{
	return v && v->truth;
}

const char *value_text(const struct value *v, size_t *len)
{
	bool has = v && (v->type == VALUE_STRING || v->type == VALUE_NUMBER);

	if (len)
		*len = has ? v->len : 0;
	return has ? v->text : NULL;
}

bool value_is(const struct value *v, const char *text)
{
	return v && v->type == VALUE_STRING && strlen(text) == v->len && memcmp(v->text, text, v->len) == 0;
}

static bool container(const struct value *v)
{
	return v && (v->type == VALUE_ARRAY || v->type == VALUE_OBJECT);
}

size_t value_count(const struct value *v)
{
	return container(v) ? v->len : 0;
}

const struct value *value_first(const struct value *v)
{
	return value_count(v) ? v + 1 : NULL;
}

const struct value *value_next(const struct value *child)
{
	return !child || child->last ? NULL : child + child->span;
}

const char *value_key(const struct value *member, size_t *len)
{
	if (len)
		*len = member && member->key ? member->key_len : 0;
	return member ? member->key : NULL;
}

uint32_t *value_slot(struct index *x, const struct value *object, const char *key, size_t len)
{
	uint64_t hash;
	size_t i;

	_Static_assert(sizeof(hash) == crypto_shorthash_BYTES, "size of the hash");
	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key, len, x->secret);
	for (i = hash & x->mask; x->slots[i] && !value_has_key(object + x->slots[i], key, len); i = (i + 1) & x->mask)
		continue;
	return &x->slots[i];
}

const struct value *value_get_n(const struct value *object, const char *key, size_t len)
{
	const struct value *v = value_type(object) == VALUE_OBJECT ? value_first(object) : NULL;

	if (v && object->index) {
		uint32_t distance = *value_slot(object->index, object, key, len);

		return distance ? object + distance : NULL;
	}
	while (v && !value_has_key(v, key, len))
		v = value_next(v);
	return v;
}

const struct value *value_get(const struct value *object, const char *key)
{
	return value_get_n(object, key, strlen(key));
}

const struct value *value_at(const struct value *array, size_t i)
{
	const struct value *v = value_type(array) == VALUE_ARRAY ? value_first(array) : NULL;

	while (v && i--)
		v = value_next(v);
	return v;
}

bool value_any_true(const struct value *v)
{
	for (uint32_t i = 0; v && i < v->span; i++) {
		if (v[i].truth)
			return true;
	}
	return false;
}

bool value_holds(const struct value *v, const struct value *part)
{
	uintptr_t from = (uintptr_t)v, at = (uintptr_t)part;

	return v && at >= from && at < (uintptr_t)(v + v->span);
}
