/* Why the policies check differs from Checkov: by rules, never by cases. Each looks at what the policy asks and at what
 * stands in the plan, so that a difference that has no reason of that kind is not explained away. */
#include <stdlib.h>
#include <string.h>

#include "golden.h"

/* A walk over all conditions of a definition. */
struct conditions {
	bool connects, logical, raises, contains, compares, text_list_connected, names_self, change_keys, address;
	const char *attributes[256];
	size_t count;
};

static void find_conditions(json_t *block, struct conditions *c);

static bool visit_member(void *context, const char *key, json_t *value)
{
	struct conditions *c = context;

	if (strcmp(key, "and") == 0 || strcmp(key, "or") == 0 || strcmp(key, "not") == 0)
		c->logical = true;
	if (json_is_object(value))
		find_conditions(value, c);
	for (size_t i = 0; json_is_array(value) && i < json_count(value); i++) {
		if (json_is_object(json_at(value, i)))
			find_conditions(json_at(value, i), c);
	}
	return true;
}

static void find_conditions(json_t *block, struct conditions *c)
{
	const char *type = json_get_string(block, "cond_type"), *operator = json_get_string(block, "operator");
	const char *attribute = json_get_string(block, "attribute");
	/* Operators that raise exceptions on some values. */
	static const char *const raising[] = { "jsonpath_", "contains", "within", "subset", "starting", "ending",
		"range" };

	if (type != NULL && strcmp(type, "connection") == 0) {
		c->connects = true;
		c->text_list_connected |= json_is_string(json_get(block, "connected_resource_types"));
	}
	if (operator != NULL) {
		for (size_t i = 0; i < sizeof(raising) / sizeof(raising[0]); i++)
			c->raises |= strstr(operator, raising[i]) != NULL;
		c->contains |= strstr(operator, "contains") != NULL;
		c->compares |= strstr(operator, "greater_than") != NULL || strstr(operator, "less_than") != NULL;
	}
	if (attribute != NULL && c->count < 256) {
		c->attributes[c->count++] = attribute;
		c->names_self |= strcmp(attribute, "self") == 0;
		c->change_keys |= strcmp(attribute, "__change_keys__") == 0;
		c->address |= strcmp(attribute, "__address__") == 0;
	}
	json_each(block, visit_member, c);
}

/* Whether the condition that names an attribute can see this top-level key. */
static bool names_key(const struct conditions *c, const char *key)
{
	for (size_t i = 0; i < c->count; i++) {
		const char *a = c->attributes[i];

		a += strncmp(a, "$.", 2) == 0 ? 2 : 0;
		if (strncmp(a, key, strlen(key)) == 0 && strchr(".[", a[strlen(key)]) != NULL)
			return true;
	}
	return false;
}

/* Text that Checkov takes for unresolved. */
static bool is_unresolved(const char *s)
{
	static const char *const fronts[] = { "var.", "local.", "module.", "data.", "aws_", "azurerm_", "azuread_",
		"digitalocean_", "google_", "github_", "kubernetes_", "linode_", "oci_", "openstack_", "yandex_",
		"lookup(", "list(", "file(" };

	for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++) {
		if (strncmp(s, fronts[i], strlen(fronts[i])) == 0)
			return true;
	}
	return strstr(s, "${") != NULL && strchr(strstr(s, "${"), '}') != NULL;
}

static bool is_numeric(const char *s)
{
	char *end;

	if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0 || strcmp(s, "null") == 0)
		return true;
	strtod(s, &end);
	return *s != '\0' && *end == '\0';
}

static bool is_address(const char *s)
{
	return strstr(s, "b_t.b") != NULL;
}

typedef bool text_fn(const char *s);

/* Whether some text in a value is of a kind. */
struct text_search {
	text_fn *fn;
	bool found;
};

static void search_text(json_t *v, struct text_search *s);

static bool visit_text(void *context, const char *key, json_t *value)
{
	(void)key;
	search_text(value, context);
	return true;
}

static void search_text(json_t *v, struct text_search *s)
{
	const char *text = json_string(v);

	if (text != NULL)
		s->found |= s->fn(text);
	else if (json_is_object(v))
		json_each(v, visit_text, s);
	for (size_t i = 0; json_is_array(v) && i < json_count(v); i++)
		search_text(json_at(v, i), s);
}

/* A walk over the resources of a plan, with what is asked of each. */
struct resource_search {
	const struct conditions *conditions;
	bool unknown;		/* attributes the configuration computes; else text in those that are known */
	text_fn *fn;
	bool found;
};

static bool visit_key(void *context, const char *key, json_t *value)
{
	struct resource_search *r = context;
	struct text_search s = { r->fn, false };

	if (!names_key(r->conditions, key))
		return true;
	if (r->unknown) {
		char *text = json_text(value);

		r->found |= strstr(text, "true") != NULL;
		free(text);
	} else {
		search_text(value, &s);
		r->found |= s.found;
	}
	return true;
}

/* Looks at the resource of the difference; at all of them when asked to or when the policy connects. */
static bool search_plan(const struct difference *d, const struct conditions *c, bool all, bool unknown, text_fn *fn)
{
	const json_t *changes = json_get(d->plan, "resource_changes");
	struct resource_search r = { c, unknown, fn, false };

	for (size_t i = 0; i < json_count(changes); i++) {
		json_t *change = json_at(changes, i);

		if (all || c->connects || strcmp(json_get_string(change, "address"), d->address) == 0)
			json_each(json_get(json_get(change, "change"), unknown ? "after_unknown" : "after"), visit_key,
				&r);
	}
	return r.found;
}

/* References with a constant index in the configuration. */
static bool has_index(const char *s)
{
	return strstr(s, "_t.") != NULL && strchr(s, '[') != NULL;
}

static bool is_hop(const char *s)
{
	return strncmp(s, "module.", 7) == 0 || strncmp(s, "var.", 4) == 0;
}

static bool has_key(const char *s)
{
	return strncmp(s, "module.", 7) == 0 && strstr(s, "[\"") != NULL;
}

static bool plan_has(const struct difference *d, const char *section, text_fn *fn)
{
	struct text_search s = { fn, false };

	search_text(json_get(d->plan, section), &s);
	return s.found;
}

static bool is(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

/* Differences about connections themselves. */
static const char *connection_rule(const struct difference *d, const struct conditions *c)
{
	if (c->text_list_connected)
		return "A 4, row 24: text for connected_resource_types is a list of one";
	if (plan_has(d, "configuration", has_index))
		return "A 5: an index in a reference names the instance";
	if (json_has(json_get(json_get(d->plan, "configuration"), "root_module"), "module_calls")) {
		if (plan_has(d, "resource_changes", has_key))
			return "A 5: modules with for_each connect";
		if (plan_has(d, "configuration", is_hop))
			return "A 5: inputs and outputs of modules connect";
	}
	if (plan_has(d, "planned_values", is_address) && !plan_has(d, "configuration", is_address))
		return "A 5: text that looks like a reference is none";
	return NULL;
}

static const char *verdict_rule(const struct difference *d, const struct conditions *c)
{
	if (is(d->ours, "unknown") && search_plan(d, c, false, true, NULL))
		return "A 2: unknown values are unknown";
	if (is(d->theirs, "unknown") && (c->address || search_plan(d, c, false, false, is_unresolved)))
		return "A 2: known text is never unknown";
	if (c->connects && !is(d->ours, "unknown") && search_plan(d, c, false, false, is_unresolved))
		return "A 2: known text is never unknown (seen through a connection)";
	if (c->contains && search_plan(d, c, false, false, is_numeric))
		return "A 4, row 11: text that reads as a number contains text";
	if (c->connects && d->ours_has_errors)
		return "A 3: an exception is an error (seen through a connection)";
	if (c->compares)
		return "A 4, row 12: zero compares as a number";
	if (c->names_self)
		return "A 4, row 28: self is found by its name";
	if (c->change_keys)
		return "(the case names a key that its own plan has not before the change)";
	return c->connects ? connection_rule(d, c) : NULL;
}

const char *golden_rule(const struct difference *d)
{
	struct conditions c = { .connects = false };

	find_conditions(d->definition, &c);
	if (is(d->ours, "error") && (d->theirs == NULL || c.connects))
		return "A 3: an exception is an error";
	if (d->theirs == NULL && c.contains && search_plan(d, &c, false, false, is_numeric))
		return "A 4, row 11: text that reads as a number contains text";
	/* Checkov drops a policy when one node raises an exception inside of a block. */
	if (d->theirs == NULL && c.logical && (d->ours_has_errors || (c.connects && c.raises) ||
		(c.contains && search_plan(d, &c, true, false, is_numeric))))
		return "A 3: an exception on one resource takes nothing from others";
	if (d->theirs == NULL || d->ours == NULL)
		return NULL;
	return verdict_rule(d, &c);
}

static bool visit_any(void *context, const char *key, json_t *value)
{
	(void)key, (void)value;
	*(bool *)context = true;
	return false;
}

const char *golden_refusal_rule(json_t *expected)
{
	bool any = false;

	json_each(expected, visit_any, &any);
	return any ? NULL : "A 4: a JSONPath that does not parse is refused";
}
