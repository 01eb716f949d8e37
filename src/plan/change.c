/* Resource changes as Terraform writes them: the fields that a check needs to tell one change from another are
 * demanded, all others may be absent. A malformed element is returned with the reason, so that the caller can make an
 * error of it: it must never look like a change without findings.
 *
 * Unknown actions are kept as CHANGE_OTHER (Terraform falls through to raw names), and what the mode is is left to two
 * flags: OpenTofu has a third one, ephemeral.
 *
 * Masks have the shape of the value they belong to, with true leaves. Where shape and place do not match, as with
 * sets, the answer is the careful one: marked, if anything is marked there. */
#include "plan/change.h"

#include <string.h>

static unsigned action(const struct value *v)
{
	static const struct { const char *name; unsigned action; } actions[] = {
		{ "no-op", CHANGE_NO_OP }, { "create", CHANGE_CREATE }, { "read", CHANGE_READ },
		{ "update", CHANGE_UPDATE }, { "delete", CHANGE_DELETE }, { "forget", CHANGE_FORGET },
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (value_is(v, actions[i].name))
			return actions[i].action;
	}
	return CHANGE_OTHER;
}

/* A string without NUL; otherwise if it is absent or null; NULL if it is something else. */
static const char *text_of(const struct value *object, const char *key, const char *otherwise)
{
	const struct value *v = value_get(object, key);
	size_t len;
	const char *text = value_text(v, &len);

	if (value_type(v) == VALUE_NULL)
		return otherwise;
	return value_type(v) == VALUE_STRING && strlen(text) == len ? text : NULL;
}

static int read_names(const struct value *element, struct resource_change *out, const char **what)
{
	const struct value *deposed = value_get(element, "deposed"), *index = value_get(element, "index");
	const struct { const char **field; const char *key, *otherwise, *what; } names[] = {
		{ &out->address, "address", NULL, "address is missing or no text" },
		{ &out->type, "type", NULL, "type is missing or no text" },
		{ &out->name, "name", NULL, "name is missing or no text" },
		{ &out->module_address, "module_address", "", "module_address is no text" },
		{ &out->provider_name, "provider_name", "", "provider_name is no text" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*names[i].field = text_of(element, names[i].key, names[i].otherwise);
		if (!*names[i].field) {
			*what = names[i].what;
			return -1;
		}
	}
	if (value_type(deposed) != VALUE_NULL) {
		out->deposed = text_of(element, "deposed", NULL);
		if (!out->deposed) {
			*what = "deposed is no text";
			return -1;
		}
	}
	if (value_type(index) != VALUE_NULL) {
		if (value_type(index) != VALUE_NUMBER && value_type(index) != VALUE_STRING) {
			*what = "index is neither number nor text";
			return -1;
		}
		out->index = index;
	}
	return 0;
}

/* Something else than an object would have none of the attributes that a policy asks for. */
static bool is_state(const struct value *v)
{
	return value_type(v) == VALUE_OBJECT || value_type(v) == VALUE_NULL;
}

static int read_change(const struct value *change, struct resource_change *out, const char **what)
{
	if (value_type(change) != VALUE_OBJECT) {
		*what = "change is missing or no object";
		return -1;
	}
	out->action_list = value_get(change, "actions");
	if (value_type(out->action_list) != VALUE_ARRAY || !value_count(out->action_list)) {
		*what = "change.actions is missing, empty or no array";
		return -1;
	}
	for (const struct value *v = value_first(out->action_list); v; v = value_next(v)) {
		if (value_type(v) != VALUE_STRING) {
			*what = "change.actions holds something that is no text";
			return -1;
		}
		out->actions |= action(v);
	}
	out->before = value_get(change, "before");
	out->after = value_get(change, "after");
	if (!is_state(out->before) || !is_state(out->after)) {
		*what = "change.before or change.after is no object";
		return -1;
	}
	out->after_unknown = value_get(change, "after_unknown");
	out->before_sensitive = value_get(change, "before_sensitive");
	out->after_sensitive = value_get(change, "after_sensitive");
	return 0;
}

int change_read(const struct value *element, struct resource_change *out, const char **what)
{
	const struct value *mode = value_get(element, "mode");

	memset(out, 0, sizeof(*out));
	if (value_type(element) != VALUE_OBJECT) {
		*what = "a resource change is no object";
		return -1;
	}
	if (read_names(element, out, what) < 0)
		return -1;
	if (value_type(mode) != VALUE_STRING) {
		*what = "mode is missing or no text";
		return -1;
	}
	out->data = value_is(mode, "data");
	out->managed = value_is(mode, "managed");
	if (!out->data && !out->managed && !value_is(mode, "ephemeral")) {
		*what = "mode is none of managed, data and ephemeral";
		return -1;
	}
	return read_change(value_get(element, "change"), out, what);
}

const char *change_lacks(const struct resource_change *c)
{
	bool stays = (c->actions & (CHANGE_CREATE | CHANGE_UPDATE | CHANGE_READ | CHANGE_OTHER)) != 0;
	bool may_be_gone = (c->actions & ~(unsigned)(CHANGE_DELETE | CHANGE_FORGET)) == 0;

	/* A no-op is null of what is gone already. */
	if (value_type(c->after) == VALUE_NULL && (stays || (c->after == NULL && !may_be_gone)))
		return "change.after is missing";
	return NULL;
}

bool change_marked(const struct value *mask, const struct value_step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum value_type type = value_type(mask);

		if (type != VALUE_OBJECT && type != VALUE_ARRAY)
			return value_bool(mask);
		if ((type == VALUE_OBJECT) != (steps[i].key != NULL))
			break;
		mask = steps[i].key ? value_get_n(mask, steps[i].key, steps[i].len) : value_at(mask, steps[i].index);
		if (!mask)
			return false;
	}
	return value_any_true(mask);
}
