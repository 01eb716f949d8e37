/* The schema of a callback's body as a table of rules (HashiCorp, run-tasks/runtask-result.json and its parts, and
 * the page "Run tasks integration", which names the members outcome-id and not outcome_id, needs some more of them,
 * and knows the limits of bodies in bytes).
 *
 * All violations are said, up to SAID_MAX of each sort; each names its place, as in
 * data.relationships.outcomes.data[2].attributes.url. Lengths are counted in characters where the schema has them.
 * Warnings are said of members that nobody reads, and where the schema and the documentation disagree: the schema
 * allows a body of 10,000 characters, the documentation 1 MB each and 5 MB in total; the schema's limits on lists of
 * labels are written so that they have no effect. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sim/schema.h"

#define SAID_MAX 20
#define BODY_BYTES ((size_t)1000000)
#define BODIES_BYTES ((size_t)5000000)
#define KEY_SHOWN ((size_t)80)		/* bytes of a name that is not ours */

enum kind { TEXT, URL, MARKDOWN, WORD, OBJECT, LIST, MAP };

struct rule {
	const char *name;		/* NULL ends a list of members */
	enum kind kind;
	bool needed;
	bool lenient;			/* too few or too many are only worth a warning */
	size_t max;			/* characters, items or members */
	const char *const *words;	/* WORD */
	const struct rule *inner;	/* OBJECT: its members; LIST, MAP: each item */
};

static const char *const result_types[] = { "task-results", "task_results", NULL };
static const char *const outcome_types[] = { "task-result-outcomes", NULL };
static const char *const statuses[] = { "running", "passed", "failed", NULL };
static const char *const levels[] = { "none", "info", "warning", "error", NULL };

static const struct rule label_members[] = {
	{ .name = "label", .kind = TEXT, .needed = true, .max = 32 },
	{ .name = "level", .kind = WORD, .words = levels },
	{ .name = NULL },
};
static const struct rule label = { .kind = OBJECT, .inner = label_members };
static const struct rule tag = { .kind = LIST, .lenient = true, .max = 32, .inner = &label };
static const struct rule outcome_attributes[] = {
	{ .name = "outcome-id", .kind = TEXT, .needed = true, .max = 64 },
	{ .name = "description", .kind = TEXT, .needed = true, .max = 1000 },
	{ .name = "tags", .kind = MAP, .max = 10, .inner = &tag },
	{ .name = "body", .kind = MARKDOWN, .max = 10000 },
	{ .name = "url", .kind = URL, .max = 500 },
	{ .name = NULL },
};
static const struct rule outcome_members[] = {
	{ .name = "type", .kind = WORD, .needed = true, .words = outcome_types },
	{ .name = "attributes", .kind = OBJECT, .needed = true, .inner = outcome_attributes },
	{ .name = NULL },
};
static const struct rule outcome = { .kind = OBJECT, .inner = outcome_members };
static const struct rule outcomes_members[] = {
	{ .name = "data", .kind = LIST, .needed = true, .max = 250, .inner = &outcome },
	{ .name = NULL },
};
static const struct rule relationships_members[] = {
	{ .name = "outcomes", .kind = OBJECT, .inner = outcomes_members },
	{ .name = NULL },
};
static const struct rule result_attributes[] = {
	{ .name = "status", .kind = WORD, .needed = true, .words = statuses },
	{ .name = "message", .kind = TEXT, .max = 1000 },
	{ .name = "url", .kind = URL, .max = 500 },
	{ .name = NULL },
};
static const struct rule data_members[] = {
	{ .name = "type", .kind = WORD, .needed = true, .words = result_types },
	{ .name = "attributes", .kind = OBJECT, .needed = true, .inner = result_attributes },
	{ .name = "relationships", .kind = OBJECT, .inner = relationships_members },
	{ .name = NULL },
};
static const struct rule document_members[] = {
	{ .name = "data", .kind = OBJECT, .needed = true, .inner = data_members },
	{ .name = NULL },
};
static const struct rule document_rule = { .kind = OBJECT, .inner = document_members };

#define MEMBERS_MAX 8		/* of any list above, its end included */

struct walk {
	const struct schema_report *report;
	char path[640];		/* fits the deepest place with its longest names */
	size_t path_len;
	size_t said[2];		/* violations, warnings */
	size_t bodies;		/* bytes */
};

static void check(struct walk *w, const struct rule *r, json_t *value);

static void say(struct walk *w, bool warning, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void say(struct walk *w, bool warning, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	int n;

	if (w->said[warning]++ >= SAID_MAX)
		return;
	n = snprintf(text, sizeof(text), "%s ", w->path_len > 0 ? w->path : "the document");
	va_start(arguments, format);
	vsnprintf(text + n, sizeof(text) - (size_t)n, format, arguments);
	va_end(arguments);
	w->report->say(w->report->context, warning, text);
}

static size_t enter_member(struct walk *w, const char *name)
{
	size_t before = w->path_len, n = text_utf8_cut(name, strlen(name), KEY_SHOWN);

	w->path_len += (size_t)snprintf(w->path + before, sizeof(w->path) - before, "%s%.*s", before > 0 ? "." : "",
		(int)n, name);
	return before;
}

static size_t enter_item(struct walk *w, size_t i)
{
	size_t before = w->path_len;

	w->path_len += (size_t)snprintf(w->path + before, sizeof(w->path) - before, "[%zu]", i);
	return before;
}

static void leave(struct walk *w, size_t before)
{
	w->path_len = before;
	w->path[before] = '\0';
}

/* Texts */

/* The length in characters; 0 after saying what is wrong. */
static size_t check_string(struct walk *w, json_t *value, const char *what)
{
	const char *s = json_string(value);

	if (s == NULL)
		say(w, false, "must be a %s", what);
	else if (s[0] == '\0')
		say(w, false, "is empty; leave it out if there is nothing to say");
	return s != NULL ? text_utf8_length(s, strlen(s)) : 0;
}

static void check_text(struct walk *w, const struct rule *r, json_t *value)
{
	size_t n = check_string(w, value, "text");

	if (n > r->max)
		say(w, false, "has %zu characters; at most %zu are allowed", n, r->max);
}

static void check_url(struct walk *w, const struct rule *r, json_t *value)
{
	size_t n = check_string(w, value, "URL");
	const char *s, *rest;

	if (n == 0)
		return;
	s = json_string(value);
	rest = strncmp(s, "http://", 7) == 0 ? s + 7 : strncmp(s, "https://", 8) == 0 ? s + 8 : NULL;
	if (rest == NULL)
		say(w, false, "must begin with http:// or https://; the run page breaks otherwise");
	else if (rest[0] == '\0' || strchr("/?#", rest[0]) != NULL)
		say(w, false, "names no host");
	else
		for (; *rest > 0x20 && *rest < 0x7f; rest++)
			;
	if (rest != NULL && rest > s + 8 && *rest != '\0')
		say(w, false, "has a character that a URL cannot have");
	if (n > r->max)
		say(w, false, "has %zu characters; at most %zu are allowed", n, r->max);
}

static void check_markdown(struct walk *w, const struct rule *r, json_t *value)
{
	size_t n = check_string(w, value, "markdown text"), bytes = n > 0 ? strlen(json_string(value)) : 0;

	w->bodies += bytes;
	if (bytes > BODY_BYTES)
		say(w, false, "has %zu bytes; at most 1 MB is documented", bytes);
	else if (n > r->max)
		say(w, true, "has %zu characters; the schema allows %zu, the documentation 1 MB", n, r->max);
}

static void check_word(struct walk *w, const struct rule *r, json_t *value)
{
	const char *s = json_string(value);
	char words[80] = "";
	size_t i, n = 0;

	for (i = 0; r->words[i] != NULL; i++) {
		if (s != NULL && strcmp(s, r->words[i]) == 0)
			return;
		n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s", i == 0 ? "" : r->words[i + 1] != NULL ?
			", " : " or ", r->words[i]);
	}
	if (s == NULL)
		say(w, false, "must be %s", words);
	else
		say(w, false, "must be %s, not '%.*s'", words, (int)text_utf8_cut(s, strlen(s), KEY_SHOWN), s);
}

/* Containers */

struct members {
	struct walk *w;
	const struct rule *rule;
	size_t count;
};

static bool visit_member(void *context, const char *key, json_t *value)
{
	struct members *m = context;
	const char *names[MEMBERS_MAX] = { NULL }, *near;
	size_t i, before;

	(void)value;
	for (i = 0; m->rule->inner[i].name != NULL; i++) {
		names[i] = m->rule->inner[i].name;
		if (strcmp(names[i], key) == 0)
			return true;
	}
	near = text_nearest(key, names);
	before = enter_member(m->w, key);
	say(m->w, true, near != NULL ? "is not known and will be ignored; is %s meant?" :
		"is not known and will be ignored", near);
	leave(m->w, before);
	return true;
}

static void check_object(struct walk *w, const struct rule *r, json_t *value)
{
	struct members m = { .w = w, .rule = r };
	const struct rule *inner;
	size_t before;

	if (!json_is_object(value)) {
		say(w, false, "must be an object");
		return;
	}
	json_each(value, visit_member, &m);
	for (inner = r->inner; inner->name != NULL; inner++) {
		before = enter_member(w, inner->name);
		if (json_has(value, inner->name))
			check(w, inner, json_get(value, inner->name));
		else if (inner->needed)
			say(w, false, "is missing");
		leave(w, before);
	}
}

static void check_list(struct walk *w, const struct rule *r, json_t *value)
{
	size_t i, n = json_count(value), before;

	if (!json_is_array(value)) {
		say(w, false, "must be a list");
		return;
	}
	if (n == 0)
		say(w, r->lenient, "is an empty list; leave it out if there is nothing to say");
	if (n > r->max)
		say(w, r->lenient, "has %zu items; at most %zu are allowed", n, r->max);
	for (i = 0; i < n; i++) {
		before = enter_item(w, i);
		check(w, r->inner, json_at(value, i));
		leave(w, before);
	}
}

static bool visit_tag(void *context, const char *key, json_t *value)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	struct members *m = context;
	size_t before = enter_member(m->w, key), n = strspn(key, first);

	m->count++;
	if (n == 0 || key[n + strspn(key + n, "0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] != '\0')
		say(m->w, false, "is no tag's name: letters, digits and _ are, a digit not first");
	check(m->w, m->rule->inner, value);
	leave(m->w, before);
	return true;
}

static void check_map(struct walk *w, const struct rule *r, json_t *value)
{
	struct members m = { .w = w, .rule = r };

	if (!json_is_object(value)) {
		say(w, false, "must be an object");
		return;
	}
	json_each(value, visit_tag, &m);
	if (m.count == 0)
		say(w, false, "is empty; leave it out if there is nothing to say");
	if (m.count > r->max)
		say(w, false, "has %zu tags; at most %zu are allowed", m.count, r->max);
}

static void check(struct walk *w, const struct rule *r, json_t *value)
{
	static void (*const checks[])(struct walk *w, const struct rule *r, json_t *value) = {
		[TEXT] = check_text, [URL] = check_url, [MARKDOWN] = check_markdown, [WORD] = check_word,
		[OBJECT] = check_object, [LIST] = check_list, [MAP] = check_map,
	};

	checks[r->kind](w, r, value);
}

size_t schema_check(const json_t *document, const struct schema_report *report)
{
	struct walk w = { .report = report };
	char text[80];
	size_t i;

	check(&w, &document_rule, (json_t *)(uintptr_t)document);
	if (w.bodies > BODIES_BYTES)
		say(&w, false, "has outcomes with %zu bytes of bodies; at most 5 MB is documented", w.bodies);
	for (i = 0; i < 2; i++) {
		if (w.said[i] <= SAID_MAX)
			continue;
		snprintf(text, sizeof(text), "and %zu more like these", w.said[i] - SAID_MAX);
		report->say(report->context, i == 1, text);
	}
	return w.said[0];
}
