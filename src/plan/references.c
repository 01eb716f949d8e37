/* References between the parts of a configuration (Terraform, "JSON output format", expression representation).
 *
 * Contract: a source is what can refer: a resource, an input of a module call, an output of a module. References of a
 * source are kept as they are written, the longest of each (Terraform lists "data.t.n.a" and behind it "data.t.n").
 * They are followed when somebody asks:
 *
 *	TYPE.NAME, data.TYPE.NAME	an end, if it begins with the prefix
 *	var.NAME			what the module call gives it, in the module above
 *	module.NAME.OUTPUT		the output, in the module below; module.NAME alone is all of its outputs
 *	each.*, count.*			what for_each or count of the same resource refers to
 *
 * Others lead nowhere. The format has no local values and leaves out dynamic blocks: what goes through them can't be
 * found here.
 *
 * Two references to one data source with different indices are two ends; instances of modules are not told apart.
 *
 * Limits: BUDGET references are followed for each configuration; circles end by themselves, as a source is visited once
 * for each question. */
#include "plan/references.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "plan/address.h"

#define BUDGET 20000000
#define NAME_MAX_BYTES 65536
#define DEPTH_MAX 200		/* of sources through which one reference goes */

struct source {
	char *name;		/* module.a.aws_x.y, module.a#input.x, module.a#output.x, #output.x */
	char **references;
	size_t count;
	unsigned long visited;	/* number of the question */
};

struct references {
	const char *prefix;
	struct source *sources;
	size_t count, room;
	bool sorted;
	unsigned long question, budget;
};

struct references *references_new(const char *prefix)
{
	struct references *r = xcalloc(1, sizeof(*r));

	r->prefix = prefix;
	r->budget = BUDGET;
	return r;
}

void references_free(struct references *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++) {
		for (size_t k = 0; k < r->sources[i].count; k++)
			free(r->sources[i].references[k]);
		free(r->sources[i].references);
		free(r->sources[i].name);
	}
	free(r->sources);
	free(r);
}

/* module.a.module.b of an item, with more behind it. Allocated. */
static char *name_in(const struct plan_item *item, const char *between, const char *name)
{
	struct buf text = BUF_INIT(NAME_MAX_BYTES);
	bool fits = true;
	char *copy;

	for (size_t i = 0; i < item->module_count && fits; i++)
		fits = buf_append(&text, ".module.", i > 0 ? 8 : 0) == 0 &&
			buf_append(&text, "module.", i == 0 ? 7 : 0) == 0 &&
			buf_append(&text, item->modules[i], strlen(item->modules[i])) == 0;
	if (fits && *between == '.' && text.len == 0)
		between = "";
	fits = fits && buf_append(&text, between, strlen(between)) == 0 && buf_append(&text, name, strlen(name)) == 0;
	copy = xstrdup(fits ? buf_text(&text) : "");
	buf_free(&text);
	return copy;
}

/* Takes over name. */
static struct source *add_source(struct references *r, char *name)
{
	if (r->count == r->room) {
		r->room = r->room == 0 ? 64 : r->room * 2;
		r->sources = xreallocarray(r->sources, r->room, sizeof(*r->sources));
	}
	r->sources[r->count] = (struct source){ .name = name };
	r->sorted = false;
	return &r->sources[r->count++];
}

/* Sources that lead nowhere are not kept. */
static void drop_empty(struct references *r)
{
	struct source *last = &r->sources[r->count - 1];

	if (last->count > 0)
		return;
	free(last->name);
	r->count--;
}

static bool leads(const struct references *r, const char *text)
{
	return text_starts(text, r->prefix) || text_starts(text, "var.") || text_starts(text, "module.");
}

static bool repeats(const char *text)
{
	return text_starts(text, "each.") || text_starts(text, "count.");
}

/* Adds what a value and all in it refers to. *each is set when it asks what for_each or count does. Depth is the
 * parser's. */
static void add_expressions(const struct references *r, struct source *s, const struct value *v, bool *each)
{
	const struct value *list = value_get(v, "references");
	const char *last = NULL;

	if (value_type(list) != VALUE_ARRAY) {
		for (const struct value *e = value_first(v); e != NULL; e = value_next(e)) {
			if (value_type(e) == VALUE_ARRAY || value_type(e) == VALUE_OBJECT)
				add_expressions(r, s, e, each);
		}
		return;
	}
	for (const struct value *e = value_first(list); e != NULL; e = value_next(e)) {
		const char *text = value_type(e) == VALUE_STRING ? value_text(e, NULL) : NULL;

		if (text == NULL || (last != NULL && address_is_front(text, last)))
			continue;
		last = text;
		*each = *each || repeats(text);
		if (!leads(r, text))
			continue;
		s->references = xreallocarray(s->references, s->count + 1, sizeof(*s->references));
		s->references[s->count++] = xstrdup(text);
	}
}

static void add_resource(struct references *r, const struct plan_item *item)
{
	const char *address = value_text(value_get(item->value, "address"), NULL);
	struct source *s;
	bool each = false, ignored = false;

	if (address == NULL)
		return;
	s = add_source(r, name_in(item, ".", address));
	add_expressions(r, s, value_get(item->value, "expressions"), &each);
	if (each) {
		add_expressions(r, s, value_get(item->value, "for_each_expression"), &ignored);
		add_expressions(r, s, value_get(item->value, "count_expression"), &ignored);
	}
	drop_empty(r);
}

static void add_call(struct references *r, const struct plan_item *item)
{
	for (const struct value *e = value_first(item->value); e != NULL; e = value_next(e)) {
		char *input = xasprintf("%s#input.%s", item->key, value_key(e, NULL)),
			*call = xasprintf("module.%s", input);
		bool ignored = false;

		add_expressions(r, add_source(r, name_in(item, ".", call)), e, &ignored);
		drop_empty(r);
		free(call);
		free(input);
	}
}

void references_add(struct references *r, const struct plan_item *item)
{
	bool ignored = false;

	switch (item->kind) {
	case PLAN_CONFIG_RESOURCE:
		add_resource(r, item);
		break;
	case PLAN_CONFIG_CALL:
		if (value_type(item->value) == VALUE_OBJECT)
			add_call(r, item);
		break;
	case PLAN_CONFIG_OUTPUT:
		add_expressions(r, add_source(r, name_in(item, "#output.", item->key)),
			value_get(item->value, "expression"),
			&ignored);
		drop_empty(r);
		break;
	default:
		break;
	}
}

static int by_name(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Of the first source whose name is not below. */
static size_t position(const struct references *r, const char *name)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(r->sources[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct following {
	struct references *r;
	void (*found)(void *context, const struct reference_target *target);
	void *context;
	bool complete;
};

static void follow_sources(struct following *f, const char *name, bool all, unsigned depth);

/* data.TYPE.NAME[INDEX].ATTRIBUTE in a module. */
static void end(struct following *f, const char *module, size_t module_len, const char *text)
{
	size_t type = strcspn(text + 5, ".") + 5, name = text[type] == '.' ? type + 1 + address_name(text + type + 1) :
		type;
	size_t index = address_key(text + name), attribute = name + index;
	struct reference_target target;
	char *address, *bracket;

	if (text[type] != '.')
		return;
	address = xasprintf("%.*s%s%.*s", (int)module_len, module, module_len > 0 ? "." : "", (int)name, text);
	bracket = xstrndup(text + name, index);
	target.address = address;
	target.index = bracket;
	target.attribute = text[attribute] == '.' ? text + attribute + 1 : "";
	f->found(f->context, &target);
	free(address);
	free(bracket);
}

/* Where the last step of module.a.module.b begins. */
static size_t last_step(const char *module, size_t len)
{
	size_t start = 0;

	for (size_t at = 0; at + 8 <= len; at++) {
		if (strncmp(module + at, ".module.", 8) == 0)
			start = at + 1;
	}
	return start;
}

/* One reference that stands in a module. */
static void follow(struct following *f, const char *module, size_t module_len, const char *text, unsigned depth)
{
	char *name;

	if (f->r->budget == 0 || depth == DEPTH_MAX) {
		f->complete = false;
		return;
	}
	f->r->budget--;
	if (text_starts(text, f->r->prefix)) {
		end(f, module, module_len, text);
	} else if (text_starts(text, "var.")) {
		name = xasprintf("%.*s#input.%.*s", (int)module_len, module, (int)address_name(text + 4), text + 4);
		if (module_len > 0)
			follow_sources(f, name, false, depth + 1);
		free(name);
	} else {
		size_t step = 7 + address_name(text + 7), at = step + address_key(text + step);
		bool one = text[at] == '.';

		name = xasprintf("%.*s%s%.*s#output.%.*s", (int)module_len, module, module_len > 0 ? "." : "",
			(int)step, text,
			one ? (int)address_name(text + at + 1) : 0, one ? text + at + 1 : "");
		follow_sources(f, name, !one, depth + 1);
		free(name);
	}
}

/* The module that a source's references stand in: an input's are the caller's. */
static size_t module_of(const char *name)
{
	size_t len = strcspn(name, "#"), at = 0;

	if (name[len] == '#') {
		if (text_starts(name + len, "#output."))
			return len;
		at = last_step(name, len);
		return at > 0 ? at - 1 : 0;
	}
	while (text_starts(name + at, "module.") && name[at + 7] != '\0')
		at += 7 + strcspn(name + at + 7, ".") + 1;
	return at > 0 ? at - 1 : 0;
}

/* All sources of that name, or whose names begin with it. */
static void follow_sources(struct following *f, const char *name, bool all, unsigned depth)
{
	struct references *r = f->r;

	for (size_t i = position(r, name); i < r->count; i++) {
		struct source *s = &r->sources[i];

		if (all ? !text_starts(s->name, name) : strcmp(s->name, name) != 0)
			break;
		if (s->visited == r->question)
			continue;
		s->visited = r->question;
		for (size_t k = 0; k < s->count; k++)
			follow(f, s->name, module_of(s->name), s->references[k], depth);
	}
}

bool references_of(struct references *r, const char *resource,
	void (*found)(void *context, const struct reference_target *target),
	void *context)
{
	struct following f = { r, found, context, true };

	if (!r->sorted && r->count > 0)
		qsort(r->sources, r->count, sizeof(*r->sources), by_name);
	r->sorted = true;
	r->question++;
	follow_sources(&f, resource, false, 0);
	return f.complete;
}

void references_resources(const struct references *r, void (*each)(void *context, const char *resource), void *context)
{
	for (size_t i = 0; i < r->count; i++) {
		if (strchr(r->sources[i].name, '#') == NULL)
			each(context, r->sources[i].name);
	}
}
