/* Rules about connections for golden_rules.c: where the edges of a plan are others than Checkov's (A 5).
 *
 * Contract: a rule holds only if something of its kind stands in the configuration or in the addresses of resources
 * that can be an end of a connection that the policy asks for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"

static bool names(const char *type, const json_t *resource)
{
	if (is(json_get_string(resource, "mode"), "data"))
		return type != NULL && starts(type, "data.") && is(json_get_string(resource, "type"), type + 5);
	return is(type, json_get_string(resource, "type"));
}

bool golden_names_type(json_t *types, const json_t *resource)
{
	bool none = !json_is_string(types) && json_count(types) == 0;

	for (size_t i = 0; json_is_array(types) && i < json_count(types); i++) {
		if (names(json_string(json_at(types, i)), resource))
			return true;
	}
	return none || names(json_string(types), resource);
}

bool golden_connects_type(const struct question *q, const json_t *resource)
{
	for (size_t i = 0; i < q->count; i++) {
		json_t *block = q->list[i].block;

		if (is(q->list[i].type, "connection") &&
			(golden_names_type(json_get(block, "resource_types"), resource) ||
			golden_names_type(json_get(block, "connected_resource_types"), resource)))
			return true;
	}
	return false;
}

/* A resource in the configuration; child: in a module other than the root. False ends the walk. */
typedef bool resource_fn(void *context, json_t *resource, bool child);

struct configuration_walk {
	resource_fn *visit;
	void *context;
	bool on;
};

static bool visit_call(void *context, const char *key, json_t *call);

static void walk_module(struct configuration_walk *w, json_t *module, bool child)
{
	json_t *resources = json_get(module, "resources");

	for (size_t i = 0; w->on && i < json_count(resources); i++)
		w->on = w->visit(w->context, json_at(resources, i), child);
	json_each(json_get(module, "module_calls"), visit_call, w);
}

static bool visit_call(void *context, const char *key, json_t *call)
{
	struct configuration_walk *w = context;

	(void)key;
	walk_module(w, json_get(call, "module"), true);
	return w->on;
}

static void walk_configuration(const json_t *plan, resource_fn *visit, void *context)
{
	struct configuration_walk w = { visit, context, true };

	walk_module(&w, json_get(json_get(plan, "configuration"), "root_module"), false);
}

json_t *golden_change(const json_t *plan, const char *address)
{
	const json_t *changes = json_get(plan, "resource_changes");

	for (size_t i = 0; i < json_count(changes); i++) {
		if (is(json_get_string(json_at(changes, i), "address"), address))
			return json_at(changes, i);
	}
	return NULL;
}

static bool same_resource(const json_t *a, const json_t *b)
{
	return is(json_get_string(a, "type"), json_get_string(b, "type")) &&
		is(json_get_string(a, "name"), json_get_string(b, "name"));
}

static bool is_reference(json_t *v)
{
	const char *s = json_string(v);

	return s != NULL && strchr(s, '.') != NULL && !starts(s, "var.") && !starts(s, "local.");
}

struct computing {
	const json_t *change;
	const char *path;
	bool found;
};

static bool visit_computing(void *context, json_t *resource, bool child)
{
	struct computing *c = context;

	(void)child;
	c->found = same_resource(resource, c->change) &&
		golden_finds(json_get(resource, "expressions"), c->path, is_reference);
	return !c->found;
}

bool golden_computed(const json_t *plan, const char *address, const char *path)
{
	struct computing c = { golden_change(plan, address), path, false };

	walk_configuration(plan, visit_computing, &c);
	return c.found;
}

static bool has_index(json_t *v)
{
	const char *s = json_string(v);

	return s != NULL && strchr(s, '[') != NULL;
}

static bool is_output(json_t *v)
{
	return json_string(v) != NULL && starts(json_string(v), "module.");
}

static bool is_input(json_t *v)
{
	return json_string(v) != NULL && starts(json_string(v), "var.");
}

struct ends {
	const struct question *q;
	bool index, hop;
};

static bool visit_end(void *context, json_t *resource, bool child)
{
	struct ends *e = context;
	json_t *expressions = json_get(resource, "expressions");

	if (!golden_connects_type(e->q, resource))
		return true;
	e->index |= golden_finds_below(expressions, has_index);
	e->hop |= golden_finds_below(expressions, is_output) || (child && golden_finds_below(expressions, is_input));
	return true;
}

bool golden_constant_index(const struct question *q)
{
	struct ends e = { q, false, false };

	walk_configuration(q->d->plan, visit_end, &e);
	return q->connects && e.index;
}

bool golden_through_modules(const struct question *q)
{
	struct ends e = { q, false, false };

	walk_configuration(q->d->plan, visit_end, &e);
	return q->connects && e.hop;
}

/* The part of an address before the resource: module.a["k"].module.b */
static size_t module_length(const char *address)
{
	const char *s = address, *end = address;

	while (starts(s, "module.")) {
		bool key = false;

		for (s += strlen("module."); *s != '\0' && (key || *s != '.'); s++)
			key = *s == '[' || (key && *s != ']');
		end = s;
		s += *s == '.';
	}
	return (size_t)(end - address);
}

static bool module_has_key(const char *address)
{
	return memmem(address, module_length(address), "[\"", 2) != NULL;
}

/* In modules with for_each, which Checkov cannot look up in the configuration. */
bool golden_for_each_module(const struct question *q)
{
	const json_t *changes = json_get(q->d->plan, "resource_changes");

	for (size_t i = 0; q->connects && i < json_count(changes); i++) {
		if (module_has_key(json_get_string(json_at(changes, i), "address")) &&
			golden_connects_type(q, json_at(changes, i)))
			return true;
	}
	return false;
}

struct naming {
	const json_t *from, *to;
	bool found;
};

static bool visit_naming(void *context, json_t *resource, bool child)
{
	struct naming *n = context;
	char *text, name[512];

	(void)child;
	if (!same_resource(resource, n->from))
		return true;
	text = json_text(json_get(resource, "expressions"));
	snprintf(name, sizeof(name), "\"%s.%s", json_get_string(n->to, "type"), json_get_string(n->to, "name"));
	n->found |= strstr(text, name) != NULL;
	free(text);
	return true;
}

/* Whether some resource has another of the same type and name in another module. */
static bool has_twin(const json_t *changes, const json_t *one)
{
	const char *a = json_get_string(one, "address");

	for (size_t i = 0; i < json_count(changes); i++) {
		const json_t *other = json_at(changes, i);
		const char *b = json_get_string(other, "address");

		if (same_resource(one, other) && (module_length(a) != module_length(b) ||
			memcmp(a, b, module_length(a)) != 0))
			return true;
	}
	return false;
}

/* One of the resources that a name could mean, or one that names it. */
bool golden_same_name(const struct question *q)
{
	const json_t *changes = json_get(q->d->plan, "resource_changes"), *own = golden_change(q->d->plan, q->d->address);

	if (!q->connects || own == NULL)
		return false;
	for (size_t i = 0; i < json_count(changes); i++) {
		json_t *one = json_at(changes, i);
		struct naming n = { own, one, same_resource(own, one) };

		if (!golden_connects_type(q, one) || !has_twin(changes, one))
			continue;
		walk_configuration(q->d->plan, visit_naming, &n);
		if (n.found)
			return true;
	}
	return false;
}

/* Text in the values of a resource at an end of a connection that names another resource. */
bool golden_text_names_resource(const struct question *q)
{
	const json_t *changes = json_get(q->d->plan, "resource_changes");
	bool named = false;

	for (size_t i = 0; q->connects && !named && i < json_count(changes); i++) {
		json_t *one = json_at(changes, i);
		char *values = json_text(json_get(json_get(one, "change"), "after"));

		for (size_t k = 0; golden_connects_type(q, one) && k < json_count(changes); k++) {
			char name[512];

			snprintf(name, sizeof(name), "%s.%s", json_get_string(json_at(changes, k), "type"),
				json_get_string(json_at(changes, k), "name"));
			named |= k != i && strstr(values, name) != NULL;
		}
		free(values);
	}
	return named;
}
