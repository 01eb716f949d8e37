/* Operators about membership: contains, within, subset, intersects.
 *
 * Contract: planspool-policies(5), OPERATORS. Elements are compared as Python does, without turning text into numbers
 * or the other way round. contains looks into text that holds a JSON list or object; text that reads as a number, a
 * boolean or null stays text (A 4, row 11).
 *
 * An unknown element is equal to nothing here; policy_operator_apply decides what that means for the whole. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checks/policy_members.h"
#include "checks/policy_operators.h"

#define JSON_DEPTH_MAX 64

static const char needs_text[] = "the policy's value must be text for this value";
static const char needs_scalar[] = "the policy's value must not be a list or object for this value";

static bool is_container(const struct view *v)
{
	return v->type == VIEW_LIST || v->type == VIEW_OBJECT;
}

bool policy_text_within(const char *needle, size_t needle_len, const char *text, size_t len)
{
	return needle_len == 0 || memmem(text, len, needle, needle_len) != NULL;
}

static bool has_element(const struct view *list, const struct view *x)
{
	struct view_iterator it;
	struct view e;

	view_start(&it, list);
	while (view_next(&it, list, &e)) {
		if (policy_equal(&e, x))
			return true;
	}
	return false;
}

static bool has_key(const struct view *object, const struct view *x)
{
	if (x->type != VIEW_STRING)
		return false;
	struct view member = view_member(object, x->text, x->len);

	return member.type != VIEW_MISSING;
}

/* Text that holds a JSON list, object or string once ' has become ". */
static bool as_json(const struct view *text, struct policy_workspace *w, struct view *out)
{
	struct value_fault fault;

	/* Saves the copy where it cannot be one. */
	size_t i = 0;
	while (i < text->len && (text->text[i] == ' ' || text->text[i] == '\n' || text->text[i] == '\t' ||
		text->text[i] == '\r'))
		i++;
	if (i == text->len || strchr("[{\"'", text->text[i]) == NULL)
		return false;
	buf_clear(&w->json);
	if (buf_append(&w->json, text->text, text->len) != 0)
		return false;
	for (char *quote = w->json.data; (quote = memchr(quote, '\'',
		(size_t)(w->json.data + w->json.len - quote))) != NULL;)
		*quote = '"';
	const struct value *v = value_parse(w->arena, w->json.data, w->json.len, JSON_DEPTH_MAX, &fault);

	if (v == NULL)
		return false;
	*out = view_raw(v);
	return out->type != VIEW_NULL && out->type != VIEW_BOOL && out->type != VIEW_NUMBER;
}

/* One level below an object: text holds it, a list has it, an object has it as a key. */
static enum truth object_contains(const struct view *object, const struct view *x, const char **why)
{
	enum truth result = TRUTH_FALSE;
	struct view_iterator it;
	struct view member;

	if (has_key(object, x))
		return TRUTH_TRUE;
	view_start(&it, object);
	while (view_next(&it, object, &member)) {
		if (member.type == VIEW_STRING && x->type != VIEW_STRING) {
			/* Another member may still have it, wherever it stands. */
			*why = needs_text;
			result = TRUTH_ERROR;
		} else if (member.type == VIEW_STRING) {
			if (policy_text_within(x->text, x->len, member.text, member.len))
				return TRUTH_TRUE;
		} else if (member.type == VIEW_LIST ? has_element(&member, x) : member.type == VIEW_OBJECT &&
			has_key(&member, x)) {
			return TRUTH_TRUE;
		}
	}
	return result;
}

enum truth policy_op_contains(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	const struct view *x = &v->view;
	struct view parsed;

	if (a->type == VIEW_STRING && as_json(a, w, &parsed))
		a = &parsed;
	switch (a->type) {
	case VIEW_LIST:
		return truth_of(has_element(a, x));
	case VIEW_STRING:
		if (x->type != VIEW_STRING) {
			*why = needs_text;
			return TRUTH_ERROR;
		}
		return truth_of(policy_text_within(x->text, x->len, a->text, a->len));
	case VIEW_NUMBER:
	case VIEW_BOOL:
		*why = "a number or boolean contains nothing";
		return TRUTH_ERROR;
	default:
		if (is_container(x)) {
			*why = needs_scalar;
			return TRUTH_ERROR;
		}
		return a->type == VIEW_OBJECT ? object_contains(a, x, why) : TRUTH_FALSE;
	}
}

enum truth policy_op_within(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	(void)w;
	switch (v->view.type) {
	case VIEW_LIST:
		return truth_of(policy_members_have(v->members, a));
	case VIEW_OBJECT:
		if (is_container(a)) {
			*why = "a list or object cannot be looked up";
			return TRUTH_ERROR;
		}
		return truth_of(policy_members_have(v->members, a));
	case VIEW_STRING:
		if (a->type != VIEW_STRING) {
			*why = "with text as the policy's value it must be text";
			return TRUTH_ERROR;
		}
		return truth_of(policy_text_within(a->text, a->len, v->text, v->text_len));
	default:
		*why = "the policy's value must be a list or text";
		return TRUTH_ERROR;
	}
}

static bool is_character_in(const struct view *x, const struct view *text)
{
	if (x->type != VIEW_STRING || x->len == 0)
		return false;
	for (size_t i = 1; i < x->len; i++) {
		if (((unsigned char)x->text[i] & 0xc0) != 0x80)
			return false;
	}
	return policy_text_within(x->text, x->len, text->text, text->len);
}

/* Whether x is an element of a list, a key of an object or a single character of text that the policy names. */
static bool is_in(const struct view *x, const struct policy_operand *set)
{
	return set->members != NULL ? policy_members_have(set->members, x) : is_character_in(x, &set->view);
}

enum truth policy_op_subset(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	const struct view *set = &v->view;
	struct view_iterator it;
	struct view e, key;
	bool inside = true;

	(void)w;
	if (!is_container(set) && set->type != VIEW_STRING) {
		*why = "the policy's value must be a list or text";
		return TRUTH_ERROR;
	}
	if (!is_container(a))
		return truth_of(is_in(a, v));
	view_start(&it, a);
	while (view_next(&it, a, &e)) {
		if (a->type == VIEW_OBJECT) {
			key = view_text(it.key, it.key_len);
			inside = inside && is_in(&key, v);
			continue;
		}
		if (is_container(&e)) {
			*why = "it has lists or objects as elements";
			return TRUTH_ERROR;
		}
		inside = inside && (e.type == VIEW_UNKNOWN || is_in(&e, v));
	}
	return truth_of(inside);
}

/* Of a map its keys count. */
static bool has_member_of(const struct view *a, const struct policy_members *members)
{
	struct view_iterator it;
	struct view e;

	view_start(&it, a);
	while (view_next(&it, a, &e)) {
		if (a->type == VIEW_OBJECT)
			e = view_text(it.key, it.key_len);
		if (policy_members_have(members, &e))
			return true;
	}
	return false;
}

/* The same the other way round: of text, which has no elements, and of a whole resource, which has more members than it
 * shows. */
static bool has_any_of(const struct view *a, const struct view *container)
{
	struct view_iterator it;
	struct view e;

	view_start(&it, container);
	while (view_next(&it, container, &e)) {
		if (container->type == VIEW_OBJECT)
			e = view_text(it.key, it.key_len);
		if (a->type == VIEW_STRING ? is_character_in(&e, a) : has_key(a, &e))
			return true;
	}
	return false;
}

enum truth policy_op_intersects(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	const struct view *x = &v->view;

	(void)w, (void)why;
	if (!is_container(a) && a->type != VIEW_STRING)
		return TRUTH_FALSE;
	if (is_container(x))
		return truth_of(a->type == VIEW_STRING || a->node != NULL ? has_any_of(a, x) :
			has_member_of(a, v->members));
	if (x->type != VIEW_STRING)
		return TRUTH_FALSE;
	if (a->type == VIEW_STRING)
		return truth_of(policy_text_within(x->text, x->len, a->text, a->len));
	return truth_of(a->type == VIEW_LIST ? has_element(a, x) : has_key(a, x));
}
