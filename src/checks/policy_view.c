/* Views: values of a plan as policies see them.
 *
 * Contract: nothing is copied and nothing can fail; a view is made when a path leads to it. What is normalised and why
 * is in planspool-policies(5), VALUES: the text true or false is a boolean except among tags, a list with exactly one
 * object is that object, a list with several keeps only its objects. Lists of lists are kept (row 28).
 *
 * Unknown values come from after_unknown, which runs beside the value as a mask of the same shape: where the mask is
 * true the value is VIEW_UNKNOWN, whatever stands in the value (null or nothing). Members that only the mask has are
 * members as well: a map of tags with an unknown value has that key.
 *
 * In a decoded JSON document (VALUES) a list of one element is that element, and text stays text. A list found directly
 * inside a collapsed one is not collapsed again. */
#include "checks/policy_view.h"

#include <string.h>
#include <strings.h>

#include "checks/policy_node.h"

const struct view view_missing = { .type = VIEW_MISSING };

static bool mask_true(const struct value *mask)
{
	return value_type(mask) == VALUE_BOOL && value_bool(mask);
}

static bool is_tags(const char *key)
{
	return strcmp(key, "tags") == 0;
}

/* A scalar or container as it stands. */
static struct view view_as_is(const struct value *v, const struct value *mask, enum view_style style)
{
	struct view out = { .style = style, .value = v, .mask = mask };

	switch (value_type(v)) {
	case VALUE_NULL:
		out.type = VIEW_NULL;
		break;
	case VALUE_BOOL:
		out.type = VIEW_BOOL;
		out.boolean = value_bool(v);
		break;
	case VALUE_NUMBER:
		out.type = VIEW_NUMBER;
		out.text = value_text(v, &out.len);
		break;
	case VALUE_STRING:
		out.type = VIEW_STRING;
		out.text = value_text(v, &out.len);
		break;
	case VALUE_ARRAY:
		out.type = VIEW_LIST;
		break;
	case VALUE_OBJECT:
		out.type = VIEW_OBJECT;
		break;
	}
	return out;
}

struct view view_raw(const struct value *v)
{
	return v == NULL ? view_missing : view_as_is(v, NULL, VIEW_RAW);
}

struct view view_text(const char *text, size_t len)
{
	return (struct view){ .type = VIEW_STRING, .style = VIEW_RAW, .text = text, .len = len };
}

struct view view_root(const struct policy_node *node)
{
	return (struct view){ .type = VIEW_OBJECT, .style = VIEW_PLAIN, .node = node };
}

static struct view view_unknown(const struct value *mask)
{
	return (struct view){ .type = VIEW_UNKNOWN, .mask = mask };
}

/* A list that stands under key in an object that stands under the key tags or not (rules 3 to 5). */
static struct view view_list(const struct value *list, const struct value *mask, bool tags, bool parent_tags)
{
	struct view out = { .type = VIEW_LIST, .style = VIEW_ELEMENT, .tags = tags, .value = list, .mask = mask };
	const struct value *m = value_first(mask), *kept_mask = NULL, *kept = NULL;
	size_t objects = 0, unknown = 0, count = 0;

	for (const struct value *e = value_first(list); e != NULL; e = value_next(e), count++) {
		if (mask_true(m)) {
			unknown++;
		} else if (value_type(e) == VALUE_OBJECT) {
			objects++;
			kept = e;
			kept_mask = m;
		}
		m = m != NULL ? value_next(m) : NULL;
	}
	if (objects == 0) {
		if (parent_tags && count == 1) {
			const struct value *only = value_first(list), *only_mask = value_first(mask);

			return mask_true(only_mask) ? view_unknown(only_mask) : view_as_is(only, only_mask,
				VIEW_ELEMENT);
		}
		return out;
	}
	out.style = VIEW_PLAIN;
	out.blocks = true;
	if (objects + unknown == 1 && !tags) {
		out.type = VIEW_OBJECT;
		out.blocks = false;
		out.value = kept;
		out.mask = kept_mask;
	}
	return out;
}

struct view view_plain(const struct value *v, const struct value *mask, const char *key, bool parent_tags)
{
	if (mask_true(mask))
		return view_unknown(mask);
	if (v == NULL)
		return view_missing;
	if (value_type(v) == VALUE_ARRAY)
		return view_list(v, mask, is_tags(key), parent_tags);

	struct view out = view_as_is(v, mask, VIEW_PLAIN);

	out.tags = is_tags(key);
	if (out.type == VIEW_STRING && !parent_tags) {
		bool yes = out.len == 4 && strncasecmp(out.text, "true", 4) == 0;

		if (yes || (out.len == 5 && strncasecmp(out.text, "false", 5) == 0)) {
			out.type = VIEW_BOOL;
			out.boolean = yes;
		}
	}
	return out;
}

struct view view_decoded(const struct value *v)
{
	if (value_type(v) == VALUE_ARRAY && value_count(v) == 1)
		v = value_first(v);
	return view_as_is(v, NULL, VIEW_DECODED);
}

bool view_absent(const struct view *v)
{
	return v->type == VIEW_MISSING || v->type == VIEW_NULL;
}

bool view_truthy(const struct view *v)
{
	switch (v->type) {
	case VIEW_UNKNOWN:
		return true;
	case VIEW_BOOL:
		return v->boolean;
	case VIEW_NUMBER:
		/* The digits of its mantissa decide. */
		return strcspn(v->text, "123456789eE") < v->len &&
			strchr("eE", v->text[strcspn(v->text, "123456789eE")]) == NULL;
	case VIEW_STRING:
		return v->len > 0;
	case VIEW_LIST:
	case VIEW_OBJECT:
		return view_count(v) > 0;
	default:
		return false;
	}
}

bool view_equals_text(const struct view *v, const char *text)
{
	return v->type == VIEW_STRING && v->len == strlen(text) && memcmp(v->text, text, v->len) == 0;
}

/* A child of a container that is no root: element, or member under key. */
static struct view child_view(const struct view *container, const struct value *v, const struct value *mask,
	const char *key)
{
	switch (container->style) {
	case VIEW_RAW:
		return view_raw(v);
	case VIEW_DECODED:
		return v == NULL ? view_missing : view_decoded(v);
	case VIEW_ELEMENT:
		if (mask_true(mask))
			return view_unknown(mask);
		if (value_type(v) != VALUE_OBJECT)
			return v == NULL ? view_missing : view_as_is(v, mask, VIEW_ELEMENT);
		break;
	case VIEW_PLAIN:
		break;
	}
	if (container->type == VIEW_OBJECT)
		return view_plain(v, mask, key, container->tags);
	if (mask_true(mask))
		return view_unknown(mask);
	/* Members of a block see the key of its list. */
	struct view out = view_as_is(v, mask, VIEW_PLAIN);

	out.tags = container->tags;
	return out;
}

struct view view_member(const struct view *v, const char *key, size_t len)
{
	if (v->type != VIEW_OBJECT || len == 0)
		return view_missing;
	if (v->node != NULL)
		return policy_node_member(v->node, key, len);

	const struct value *found = value_get_n(v->value, key, len);
	const struct value *mask = v->mask != NULL ? value_get_n(v->mask, key, len) : NULL;

	if (found == NULL && !mask_true(mask))
		return view_missing;
	return child_view(v, found, mask, len == 4 && memcmp(key, "tags", 4) == 0 ? "tags" : "");
}

void view_start(struct view_iterator *it, const struct view *container)
{
	*it = (struct view_iterator){ .index = 0 };
	if (container->type != VIEW_LIST && container->type != VIEW_OBJECT)
		return;
	if (container->node != NULL) {
		policy_node_start(it, container->node);
		return;
	}
	it->next = value_first(container->value);
	it->mask = value_first(container->mask);
}

static bool next_element(struct view_iterator *it, const struct view *list, struct view *out)
{
	while (it->next != NULL) {
		const struct value *e = it->next, *mask = it->mask;

		it->next = value_next(e);
		it->mask = mask != NULL ? value_next(mask) : NULL;
		if (list->blocks && value_type(e) != VALUE_OBJECT && !mask_true(mask))
			continue;
		*out = child_view(list, e, mask, "");
		it->index = it->count++;
		return true;
	}
	return false;
}

/* What the mask has under the current key. Terraform sorts keys, so both mostly go in step. */
static const struct value *mask_of_member(struct view_iterator *it, const struct view *object)
{
	size_t len;
	const struct value *next = it->mask;
	const char *key = next != NULL ? value_key(next, &len) : NULL;

	if (key == NULL || len != it->key_len || memcmp(key, it->key, len) != 0)
		return value_get_n(object->mask, it->key, it->key_len);
	it->mask = value_next(next);
	return next;
}

static bool next_member(struct view_iterator *it, const struct view *object, struct view *out)
{
	for (;;) {
		if (it->next == NULL) {
			if (it->masked || object->mask == NULL)
				return false;
			it->masked = true;
			it->next = value_first(object->mask);
			continue;
		}
		const struct value *member = it->next, *mask = NULL;

		it->next = value_next(member);
		it->key = value_key(member, &it->key_len);
		if (it->key_len == 0)
			continue;
		if (it->masked) {
			if (!mask_true(member) || value_get_n(object->value, it->key, it->key_len) != NULL)
				continue;
			mask = member;
			member = NULL;
		} else if (object->mask != NULL) {
			mask = mask_of_member(it, object);
		}
		*out = child_view(object, member, mask, it->key);
		it->index = it->count++;
		return true;
	}
}

bool view_next(struct view_iterator *it, const struct view *container, struct view *out)
{
	if (container->type == VIEW_LIST)
		return next_element(it, container, out);
	if (container->type != VIEW_OBJECT)
		return false;
	if (container->node != NULL)
		return policy_node_next(it, container->node, out);
	return next_member(it, container, out);
}

struct view view_at(const struct view *v, size_t index)
{
	struct view_iterator it;
	struct view child;

	if (v->type != VIEW_LIST)
		return view_missing;
	view_start(&it, v);
	while (view_next(&it, v, &child)) {
		if (it.index == index)
			return child;
	}
	return view_missing;
}

size_t view_count(const struct view *v)
{
	struct view_iterator it;
	struct view child;

	if (v->type == VIEW_LIST && !v->blocks)
		return value_count(v->value);
	view_start(&it, v);
	while (view_next(&it, v, &child))
		continue;
	return it.count;
}

struct view view_unknown_block(const struct view *v)
{
	const struct value *first = v->type == VIEW_LIST ? value_first(v->mask) : NULL;

	return mask_true(first) && !v->tags && value_count(v->value) == 1 ? view_unknown(first) : view_missing;
}

bool view_has_unknown(const struct view *v)
{
	return v->type == VIEW_UNKNOWN || (v->mask != NULL && value_any_true(v->mask));
}
