/* What must not change a verdict: plans and policies made at random, and the same plan cut into pieces at any byte,
 * with its keys in another order at every depth, also in JSON documents that it holds as text, with sections that no
 * version of Terraform has, with resources that no policy is about. The outcomes, as a set of policy, address and
 * status, must be the same each time.
 *
 * A plan is made twice from one seed: the model decides what is in it, the order only how it is written. So a failure
 * is repeated by PLANSPOOL_TEST_SEED with the seed it names; PLANSPOOL_TEST_ROUNDS makes more of them than the few that
 * fit into every run of the tests. */
#include "test.h"

#include <stdarg.h>

#include "base/buf.h"
#include "base/mem.h"
#include "policy_random.h"

#define ROUNDS 150
#define EVERY_CUT 25		/* rounds of which one is cut at every byte */
#define POLICIES 8
#define UNRELATED "t_zz"

struct maker {
	uint64_t model, order;
	bool shuffle, sections, unrelated;
};

/* An object on its way: members as text, written in the order of the plan or in another. */
struct object {
	char *members[32];
	size_t n;
};

static void __attribute__((format(printf, 3, 4))) put(struct object *o, const char *key, const char *format, ...)
{
	struct buf text = BUF_INIT(PLAN_MAX);
	char *value = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&value, format, args) < 0)
		fail_msg("out of memory");
	va_end(args);
	buf_printf(&text, "\"%s\":%s", key, value);
	free(value);
	assert_true(o->n < COUNT(o->members));
	o->members[o->n++] = text.data;
}

/* The same with a value that is given away. */
static void give(struct object *o, const char *key, char *value)
{
	put(o, key, "%s", value);
	free(value);
}

static char *close_object(struct maker *m, struct object *o)
{
	struct buf out = BUF_INIT(PLAN_MAX);

	for (size_t i = o->n; m->shuffle && i > 1; i--) {
		size_t j = below(&m->order, (unsigned)i);
		char *member = o->members[i - 1];

		o->members[i - 1] = o->members[j];
		o->members[j] = member;
	}
	buf_puts(&out, "{");
	for (size_t i = 0; i < o->n; i++) {
		buf_printf(&out, "%s%s", i > 0 ? "," : "", o->members[i]);
		free(o->members[i]);
	}
	buf_puts(&out, "}");
	return out.data;
}

/* ---- plans ---- */

#define DOCUMENTED "aws_iam_policy"	/* a type with a JSON document in text */

static const char *const types[] = { "t_a", "t_b", DOCUMENTED, "t_c" };
static const char *const attributes[] = { "name", "size", "enabled", "link", "list" };
static const char *const members[] = { "x", "y", "10", "self" };
static const char *const scalars[] = { "\"a\"", "\"b c\"", "1", "22", "true", "false", "\"true\"", "null", "\"\"",
	"\"10.0.0.0/8\"", "[]", "[\"a\",\"b\"]", "[1,22]", "1.5", "\"\\u00e9\\n\"" };

static char *make_block(struct maker *m)
{
	struct object o = { .n = 0 };

	put(&o, "port", "%u", 21 + below(&m->model, 3));
	put(&o, "cidr", "%s", PICK(&m->model, scalars));
	return close_object(m, &o);
}

static char *make_blocks(struct maker *m)
{
	struct buf out = BUF_INIT(PLAN_MAX);
	unsigned n = below(&m->model, 4);

	buf_puts(&out, "[");
	for (unsigned i = 0; i < n; i++) {
		char *block = make_block(m);

		buf_printf(&out, "%s%s", i > 0 ? "," : "", block);
		free(block);
	}
	buf_puts(&out, "]");
	return out.data;
}

/* A map, and the part of it that is unknown: members that it has, and others. */
static char *make_map(struct maker *m, char **mask)
{
	struct object map = { .n = 0 }, unknown = { .n = 0 };

	for (size_t i = 0; i < COUNT(members); i++) {
		unsigned what = below(&m->model, 6);

		if (what < 4)
			put(&map, members[i], "%s", PICK(&m->model, scalars));
		if (what > 2)
			put(&unknown, members[i], what == 3 ? "false" : "true");
	}
	*mask = close_object(m, &unknown);
	return close_object(m, &map);
}

/* The mask of as many blocks as there may be. */
static char *make_mask_of_blocks(struct maker *m)
{
	struct buf out = BUF_INIT(PLAN_MAX);

	buf_puts(&out, "[");
	for (unsigned i = 0; i < 3; i++) {
		struct object o = { .n = 0 };

		if (below(&m->model, 4) == 0)
			put(&o, "port", "true");
		if (below(&m->model, 3) == 0)
			put(&o, "cidr", "false");
		if (below(&m->model, 8) == 0)
			put(&o, "extra", "true");
		char *block = close_object(m, &o);

		buf_printf(&out, "%s%s", i > 0 ? "," : "", block);
		free(block);
	}
	buf_puts(&out, "]");
	return out.data;
}

/* A JSON document as a string of JSON; now and then one that cannot be read. */
static char *make_document(struct maker *m)
{
	struct object o = { .n = 0 }, statement = { .n = 0 };
	struct buf out = BUF_INIT(PLAN_MAX);
	unsigned broken = below(&m->model, 8);

	put(&statement, "Effect", "\"Allow\"");
	put(&statement, "Action", "[%s]", PICK(&m->model, scalars));
	put(&statement, "Resource", "%s", PICK(&m->model, scalars));
	char *inner = close_object(m, &statement);

	put(&o, "Version", broken == 0 ? "NaN" : "1");
	put(&o, "Statement", below(&m->model, 2) == 0 ? "[%s]" : "[%s,{}]", inner);
	free(inner);
	char *text = close_object(m, &o);

	buf_puts(&out, "\"");
	for (const char *c = text; *c != '\0'; c++)
		buf_printf(&out, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
	buf_puts(&out, "\"");
	free(text);
	return out.data;
}

static char *make_before(struct maker *m)
{
	struct object o = { .n = 0 };

	if (below(&m->model, 2) == 0)
		return xstrdup("null");
	for (size_t i = 0; i < COUNT(attributes); i++)
		put(&o, attributes[i], "%s", PICK(&m->model, scalars));
	return close_object(m, &o);
}

static char *make_change(struct maker *m, const char *type, bool *gone)
{
	static const char *const actions[] = { "\"create\"", "\"update\"", "\"no-op\"", "\"delete\",\"create\"" };
	struct object o = { .n = 0 }, after = { .n = 0 }, unknown = { .n = 0 }, tags = { .n = 0 };

	*gone = below(&m->model, 10) == 0;
	for (size_t i = 0; i < COUNT(attributes); i++) {
		unsigned what = below(&m->model, 8);

		if (what == 0)
			put(&unknown, attributes[i], "true");
		else if (what > 1)
			put(&after, attributes[i], "%s", PICK(&m->model, scalars));
	}
	put(&tags, "Owner", "%s", PICK(&m->model, scalars));
	put(&tags, "Env", "\"prod\"");
	give(&after, "tags", close_object(m, &tags));
	if (below(&m->model, 3) == 0)
		put(&unknown, "tags", "{\"Name\":true}");
	give(&after, "rule", make_blocks(m));
	if (below(&m->model, 2) == 0)
		give(&unknown, "rule", make_mask_of_blocks(m));
	char *mask = NULL;

	give(&after, "map", make_map(m, &mask));
	give(&unknown, "map", mask);
	if (strcmp(type, DOCUMENTED) == 0)
		give(&after, "policy", make_document(m));
	put(&o, "actions", "[%s]", *gone ? "\"delete\"" : PICK(&m->model, actions));
	give(&o, "before", make_before(m));
	char *values = close_object(m, &after);

	put(&o, "after", "%s", *gone ? "null" : values);
	free(values);
	give(&o, "after_unknown", close_object(m, &unknown));
	put(&o, "after_sensitive", "{}");
	return close_object(m, &o);
}

static void add_item(struct buf *list, char *item)
{
	buf_printf(list, "%s%s", list->len > 1 ? "," : "", item);
	free(item);
}

/* Where the resource of a number stands: every third in a module, every fifth an instance of count, every seventh a data
 * source. Those that no policy is about stand in the root. */
struct site {
	bool module, count, data;
	const char *type;
	unsigned number;
};

static struct site site_of(const char *type, unsigned number)
{
	bool related = strcmp(type, UNRELATED) != 0;

	return (struct site){ related && number % 3 == 2, related && number % 5 == 4, related && number % 7 == 6, type,
		number };
}

static void put_names(struct object *o, const struct site *s)
{
	put(o, "mode", s->data ? "\"data\"" : "\"managed\"");
	put(o, "type", "\"%s\"", s->type);
	put(o, "name", "\"r%u\"", s->number);
}

static char *make_resource(struct maker *m, const char *type, unsigned number)
{
	struct site s = site_of(type, number);
	struct object o = { .n = 0 };
	bool gone;

	put(&o, "address", "\"%s%s%s.r%u%s\"", s.module ? "module.m." : "", s.data ? "data." : "", type, number,
		s.count ? "[1]" : "");
	if (s.module)
		put(&o, "module_address", "\"module.m\"");
	if (s.count)
		put(&o, "index", "1");
	put_names(&o, &s);
	give(&o, "change", make_change(m, type, &gone));
	return close_object(m, &o);
}

static void put_expression(struct maker *m, struct object *o, const char *key, unsigned count)
{
	unsigned what = below(&m->model, 4), other = below(&m->model, count);

	if (what == 0)
		put(o, key, "{\"references\":[\"%s.r%u.id\",\"%s.r%u\"]}", types[other % COUNT(types)], other,
			types[other % COUNT(types)], other);
	else if (what == 1)
		put(o, key, "{\"constant_value\":%s}", PICK(&m->model, scalars));
	else if (what == 2)
		put(o, key, "{\"references\":[\"var.v\"]}");
}

static char *make_config(struct maker *m, const char *type, unsigned number, unsigned count)
{
	struct site s = site_of(type, number);
	struct object o = { .n = 0 }, expressions = { .n = 0 }, block = { .n = 0 };

	for (size_t i = 0; i < COUNT(attributes); i++)
		put_expression(m, &expressions, attributes[i], count);
	put_expression(m, &expressions, "map", count);
	put_expression(m, &expressions, "tags", count);
	put_expression(m, &block, "port", count);
	put_expression(m, &block, "cidr", count);
	char *inner = close_object(m, &block);

	put(&expressions, "rule", "[%s,{}]", inner);
	free(inner);
	put(&o, "address", "\"%s%s.r%u\"", s.data ? "data." : "", type, number);
	put_names(&o, &s);
	give(&o, "expressions", close_object(m, &expressions));
	return close_object(m, &o);
}

static char *make_provider(struct maker *m, const char *alias)
{
	struct object o = { .n = 0 }, expressions = { .n = 0 };

	for (size_t i = 0; i < COUNT(attributes); i++)
		put(&expressions, attributes[i], "{\"constant_value\":%s}", PICK(&m->model, scalars));
	put(&o, "name", "\"t\"");
	if (*alias != '\0')
		put(&o, "alias", "\"%s\"", alias);
	give(&o, "expressions", close_object(m, &expressions));
	return close_object(m, &o);
}

/* The configuration of a module whose resources are these. */
static char *make_module(struct maker *m, struct object *module, char *resources)
{
	give(module, "resources", resources);
	return close_object(m, module);
}

static char *make_plan(struct maker *m)
{
	struct object top = { .n = 0 }, root = { .n = 0 }, configuration = { .n = 0 }, inner = { .n = 0 };
	struct object call = { .n = 0 }, expressions = { .n = 0 }, providers = { .n = 0 };
	struct buf changes = BUF_INIT(PLAN_MAX), configs[2] = { BUF_INIT(PLAN_MAX), BUF_INIT(PLAN_MAX) };
	unsigned count = 2 + below(&m->model, 8);

	buf_puts(&changes, "[");
	buf_puts(&configs[0], "[");
	buf_puts(&configs[1], "[");
	for (unsigned i = 0; i < count; i++) {
		struct maker other = { .model = m->order, .shuffle = false };
		const char *type = types[i % COUNT(types)];

		if (m->unrelated && below(&m->order, 2) == 0)
			add_item(&changes, make_resource(&other, UNRELATED, i));
		if (m->unrelated && below(&m->order, 2) == 0)
			add_item(&configs[0], make_config(&other, UNRELATED, i, 1));
		add_item(&changes, make_resource(m, type, i));
		add_item(&configs[site_of(type, i).module], make_config(m, type, i, count));
	}
	buf_puts(&changes, "]");
	buf_puts(&configs[0], "]");
	buf_puts(&configs[1], "]");
	put(&top, "format_version", "\"1.2\"");
	put(&top, "terraform_version", "\"1.9.0\"");
	if (m->sections) {
		put(&top, "x_new", "{\"resource_changes\":[{\"type\":\"t_a\",\"n\":%u}],\"s\":\"]}\\\"\"}",
			below(&m->order, 1000));
		put(&top, "x_list", "[[],{},null,-1.5e3,\"configuration\"]");
		put(&configuration, "x_more", "[{\"resources\":[]}]");
	}
	give(&top, "resource_changes", changes.data);
	put_expression(m, &expressions, "v", count);
	give(&call, "expressions", close_object(m, &expressions));
	give(&call, "module", make_module(m, &inner, configs[1].data));
	char *called = close_object(m, &call);

	put(&root, "module_calls", "{\"m\":%s}", called);
	free(called);
	give(&configuration, "root_module", make_module(m, &root, configs[0].data));
	give(&providers, "t", make_provider(m, ""));
	give(&providers, "t.w", make_provider(m, "w"));
	give(&configuration, "provider_config", close_object(m, &providers));
	give(&top, "configuration", close_object(m, &configuration));
	return close_object(m, &top);
}

/* ---- policies ---- */

static void write_attribute(struct buf *out, uint64_t *state, bool named)
{
	static const char *const paths[] = { "name", "size", "enabled", "link", "list", "missing", "tags.Owner", "tags.Name",
		"rule.port", "rule.*.port", "rule.*.cidr", "rule.0.cidr", "rule.*.extra", "__address__", "__change_keys__",
		"map", "map.x", "map.*", "map.self_", "tags", "rule", "policy.Statement.Action", "policy.Statement",
		"policy", "alias" };
	static const char *const jsonpaths[] = { "$.*", "$.map.*", "$.tags.*", "$.rule[*].port", "$..port", "$.map..x",
		"$.rule[?(@.port > 21)].cidr", "$.policy.Statement[*].Action", "$.*[?(@.* == 22)]", "name", "$.map" };
	static const char *const operators[] = { "equals", "not_equals", "exists", "not_exists", "is_true", "is_false",
		"is_empty", "is_not_empty", "contains", "not_contains", "within", "not_within", "starting_with",
		"regex_match", "not_regex_match", "greater_than", "less_than_or_equal", "subset", "intersects",
		"length_greater_than", "cidr_range_subset", "equals_ignore_case" };
	static const char *const values[] = { "a", "1", "22", "true", "\"true\"", "\"\"", "[a, b]", "[22, \"1\"]",
		"10.0.0.0/8", "\"^[a-z]\"", "null", "\"{'\"", "\"[{'a-z0-9: ]*x\"", "{x: 1, y: a}",
		"\"{'Action': .*'Effect'\"", "\"{'1?0?s?e?l?f?': .*'y'\"", "\"\\\\[?'?enabled.*name\"" };
	bool jsonpath = below(state, 3) == 0;

	buf_puts(out, "{cond_type: attribute, ");
	if (named || below(state, 4) > 0)
		buf_printf(out, "resource_types: [%s], ", below(state, 6) == 0 ? "provider.t" : below(state, 6) == 0 ?
			"data.t_a, data." DOCUMENTED : PICK(state, types));
	const char *path = jsonpath ? PICK(state, jsonpaths) : PICK(state, paths);

	buf_printf(out, "attribute: \"%s\", operator: %s%s, value: ", path, jsonpath ? "jsonpath_" : "",
		PICK(state, operators));
	buf_printf(out, "%s}", PICK(state, values));
}

static void write_block(struct buf *out, uint64_t *state, bool connects, unsigned depth)
{
	static const char *const joins[] = { "and", "or" };
	static const char *const links[] = { "exists", "not_exists", "one_exists" };
	unsigned n = 1 + below(state, 3), what = depth == 0 ? 0 : below(state, 4);

	if (what < 2 && !connects) {
		write_attribute(out, state, false);
		return;
	}
	if (what == 2 && !connects) {
		buf_puts(out, "{not: ");
		write_block(out, state, false, depth - 1);
		buf_puts(out, "}");
		return;
	}
	buf_printf(out, "{%s: [", PICK(state, joins));
	if (connects) {
		if (below(state, 2) == 0)
			buf_printf(out, "{cond_type: filter, attribute: resource_type, operator: within, "
				"value: [%s]}, ", PICK(state, types));
		buf_printf(out, "{cond_type: connection, resource_types: [%s], connected_resource_types: [%s], "
			"operator: %s}, ", PICK(state, types), PICK(state, types), PICK(state, links));
		if (depth > 0 && below(state, 4) == 0) {
			write_block(out, state, true, depth - 1);
			buf_puts(out, ", ");
		}
	}
	for (unsigned i = 0; i < n; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		if (connects)
			write_attribute(out, state, true);
		else
			write_block(out, state, false, depth - 1);
	}
	buf_puts(out, "]}");
}

static char *make_policies(uint64_t seed)
{
	struct buf out = BUF_INIT(PLAN_MAX);

	for (unsigned i = 0; i < POLICIES; i++) {
		buf_printf(&out, "- metadata: {id: P_%u, name: one, category: x}\n  definition: ", i);
		write_block(&out, &seed, below(&seed, 3) == 0, 3);
		buf_puts(&out, "\n");
	}
	return out.data;
}

/* ---- verdicts ---- */

static size_t seen[OUTCOME_STATUSES];

struct round {
	uint64_t seed;
	const char *policies;
	const struct checkset *set;
	char *expected;
};

static void compare(const struct round *r, const char *what, const char *plan, size_t first, size_t piece)
{
	char *got = random_verdicts(r->set, plan, first, piece, UNRELATED ".", seen);

	if (strcmp(got, r->expected) != 0) {
		/* More than a message of cmocka holds. */
		fprintf(stderr, "%s\n%s\nexpected:\n%sgot:\n%s", r->policies, plan, r->expected, got);
		fail_msg("PLANSPOOL_TEST_SEED=%llu: %s (%zu, then %zu bytes)", (unsigned long long)r->seed, what, first,
			piece);
	}
	free(got);
}

static void try_round(uint64_t seed, const char *folder, bool alone)
{
	bool every_cut = alone || seed % EVERY_CUT == 1;
	uint64_t order = seed ^ UINT64_C(0x5ca1ab1e);
	struct maker m = { .model = seed, .order = order };
	char *policies = make_policies(seed + 1), *plan = make_plan(&m);
	static const struct {
		const char *what;
		bool shuffle, sections, unrelated;
	} changes[] = {
		{ "keys in another order", true, false, false },
		{ "unknown sections", false, true, false },
		{ "unrelated resources", false, false, true },
		{ "all of them", true, true, true },
	};
	struct checkset *set = random_set(folder, policies);
	struct round r = { seed, policies, set, random_verdicts(set, plan, PLAN_MAX, PLAN_MAX, UNRELATED ".",
		seen) };

	compare(&r, "byte by byte", plan, 1, 1);
	for (size_t i = 0; i < (every_cut ? strlen(plan) : 8); i++)
		compare(&r, "cut in two", plan, every_cut ? i + 1 : 1 + draw(&order) % strlen(plan), PLAN_MAX);
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct maker again = { seed, order + i, changes[i].shuffle, changes[i].sections, changes[i].unrelated };
		char *other = make_plan(&again);

		compare(&r, changes[i].what, other, PLAN_MAX, PLAN_MAX);
		compare(&r, changes[i].what, other, 1 + draw(&order) % 64, 1 + draw(&order) % 64);
		free(other);
	}
	checkset_free(set);
	free(r.expected);
	free(policies);
	free(plan);
}

static void verdicts_stay(void **state)
{
	unsigned long n = random_rounds(ROUNDS, try_round);

	(void)state;
	/* The plans and policies must have been about something. */
	assert_true(n == 0 || (seen[OUTCOME_PASSED] > n && seen[OUTCOME_FAILED] > n && seen[OUTCOME_UNKNOWN] > n &&
		seen[OUTCOME_ERROR] > n));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(verdicts_stay) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
