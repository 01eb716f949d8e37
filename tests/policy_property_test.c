/* What must not change a verdict: plans and policies made at random, and the same plan cut into pieces at any byte,
 * with its keys in another order, with sections that no version of Terraform has, with resources that no policy is
 * about. The outcomes, as a set of policy, address and status, must be the same each time.
 *
 * A plan is made twice from one seed: the model decides what is in it, the order only how it is written. So a failure
 * is repeated by PLANSPOOL_TEST_SEED with the seed it names; PLANSPOOL_TEST_ROUNDS makes more of them than the few that
 * fit into every run of the tests. */
#include "test.h"

#include <stdarg.h>

#include "base/buf.h"
#include "base/mem.h"
#include "checks/checkset.h"

#define ROUNDS 150
#define EVERY_CUT 25		/* rounds of which one is cut at every byte */
#define POLICIES 8
#define PLAN_MAX (4u << 20)
#define UNRELATED "t_zz"

struct maker {
	uint64_t model, order;
	bool shuffle, sections, unrelated;
};

static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static unsigned below(uint64_t *state, unsigned n)
{
	return (unsigned)(draw(state) % n);
}

#define PICK(state, table) ((table)[below(state, COUNT(table))])

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

static const char *const types[] = { "t_a", "t_b", "t_c" };
static const char *const attributes[] = { "name", "size", "enabled", "link", "list" };
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

static char *make_change(struct maker *m, bool *gone)
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
	give(&after, "rule", make_blocks(m));
	put(&o, "actions", "[%s]", *gone ? "\"delete\"" : PICK(&m->model, actions));
	put(&o, "before", "null");
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

static char *make_resource(struct maker *m, const char *type, unsigned number)
{
	struct object o = { .n = 0 };
	bool gone;

	put(&o, "address", "\"%s.r%u\"", type, number);
	put(&o, "mode", "\"managed\"");
	put(&o, "type", "\"%s\"", type);
	put(&o, "name", "\"r%u\"", number);
	give(&o, "change", make_change(m, &gone));
	return close_object(m, &o);
}

static char *make_config(struct maker *m, const char *type, unsigned number, unsigned count)
{
	struct object o = { .n = 0 }, expressions = { .n = 0 };

	for (size_t i = 0; i < COUNT(attributes); i++) {
		unsigned what = below(&m->model, 4), other = below(&m->model, count);

		if (what == 0)
			put(&expressions, attributes[i], "{\"references\":[\"%s.r%u.id\",\"%s.r%u\"]}",
				types[other % COUNT(types)], other, types[other % COUNT(types)], other);
		else if (what == 1)
			put(&expressions, attributes[i], "{\"constant_value\":%s}", PICK(&m->model, scalars));
	}
	put(&o, "address", "\"%s.r%u\"", type, number);
	put(&o, "mode", "\"managed\"");
	put(&o, "type", "\"%s\"", type);
	put(&o, "name", "\"r%u\"", number);
	give(&o, "expressions", close_object(m, &expressions));
	return close_object(m, &o);
}

static char *make_plan(struct maker *m)
{
	struct object top = { .n = 0 }, root = { .n = 0 }, configuration = { .n = 0 };
	struct buf changes = BUF_INIT(PLAN_MAX), configs = BUF_INIT(PLAN_MAX);
	unsigned count = 2 + below(&m->model, 7);

	buf_puts(&changes, "[");
	buf_puts(&configs, "[");
	for (unsigned i = 0; i < count; i++) {
		struct maker other = { .model = m->order, .shuffle = false };

		if (m->unrelated && below(&m->order, 2) == 0)
			add_item(&changes, make_resource(&other, UNRELATED, i));
		if (m->unrelated && below(&m->order, 2) == 0)
			add_item(&configs, make_config(&other, UNRELATED, i, 1));
		add_item(&changes, make_resource(m, types[i % COUNT(types)], i));
		add_item(&configs, make_config(m, types[i % COUNT(types)], i, count));
	}
	buf_puts(&changes, "]");
	buf_puts(&configs, "]");
	put(&top, "format_version", "\"1.2\"");
	put(&top, "terraform_version", "\"1.9.0\"");
	if (m->sections) {
		put(&top, "x_new", "{\"resource_changes\":[{\"type\":\"t_a\",\"n\":%u}],\"s\":\"]}\\\"\"}",
			below(&m->order, 1000));
		put(&top, "x_list", "[[],{},null,-1.5e3,\"configuration\"]");
		put(&configuration, "x_more", "[{\"resources\":[]}]");
	}
	give(&top, "resource_changes", changes.data);
	give(&root, "resources", configs.data);
	give(&configuration, "root_module", close_object(m, &root));
	give(&top, "configuration", close_object(m, &configuration));
	return close_object(m, &top);
}

/* ---- policies ---- */

static void write_attribute(struct buf *out, uint64_t *state, bool named)
{
	static const char *const paths[] = { "name", "size", "enabled", "link", "list", "missing", "tags.Owner",
		"rule.port", "rule.*.port", "rule.*.cidr", "rule.0.cidr", "__address__" };
	static const char *const operators[] = { "equals", "not_equals", "exists", "not_exists", "is_true", "is_false",
		"is_empty", "is_not_empty", "contains", "not_contains", "within", "not_within", "starting_with",
		"regex_match", "greater_than", "less_than_or_equal", "subset", "intersects", "length_greater_than",
		"cidr_range_subset", "equals_ignore_case", "jsonpath_exists", "jsonpath_equals" };
	static const char *const values[] = { "a", "1", "22", "true", "\"true\"", "\"\"", "[a, b]", "[22, \"1\"]",
		"10.0.0.0/8", "\"^[a-z]\"", "null" };

	buf_puts(out, "{cond_type: attribute, ");
	if (named || below(state, 4) > 0)
		buf_printf(out, "resource_types: [%s], ", PICK(state, types));
	const char *path = PICK(state, paths), *operator = PICK(state, operators);

	/* A path with * or an index is no JSONPath. */
	if (strpbrk(path, "*0") != NULL && strncmp(operator, "jsonpath_", 9) == 0)
		operator += 9;
	buf_printf(out, "attribute: \"%s\", operator: %s, value: %s}", path, operator, PICK(state, values));
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

static void note_done(void *context)
{
	*(bool *)context = true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *verdicts(struct outcomes *outcomes)
{
	size_t n = outcomes_kept(outcomes), lines_n = 0;
	char **lines = xcalloc(n + 1, sizeof(*lines));
	struct buf out = BUF_INIT(PLAN_MAX);

	for (size_t i = 0; i < n; i++) {
		const struct outcome *one = outcomes_at(outcomes, i);

		if (one->address != NULL && strncmp(one->address, UNRELATED ".", sizeof(UNRELATED)) == 0)
			continue;
		seen[one->status]++;
		lines[lines_n++] = xasprintf("%s %s %s", one->id, one->address != NULL ? one->address : "-",
			outcome_status_name(one->status));
	}
	qsort(lines, lines_n, sizeof(*lines), by_text);
	for (size_t i = 0; i < lines_n; i++) {
		buf_printf(&out, "%s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
	char *text = xstrdup(buf_text(&out));

	buf_free(&out);
	return text;
}

/* In pieces of that many bytes, but first the first one. */
static char *check_plan(const struct checkset *set, const char *plan, size_t first, size_t piece)
{
	struct outcomes *outcomes = outcomes_new(SEVERITY_LOW, true);
	bool done = false;
	struct checkset_run *run = checkset_start(set, STAGE_POST_PLAN, PLAN_MAX, PLAN_MAX, outcomes, note_done, &done);
	size_t len = strlen(plan), at = 0, n = first;
	char *text;

	while (at < len) {
		n = n < len - at ? n : len - at;
		if (checkset_feed(run, plan + at, n) != 0)
			fail_msg("%s: %s", checkset_plan_error(run), plan);
		at += n;
		n = piece;
	}
	checkset_end(run);
	if (checkset_plan_error(run) != NULL)
		fail_msg("%s: %s", checkset_plan_error(run), plan);
	assert_true(done);
	checkset_stop(run);
	text = verdicts(outcomes);
	outcomes_free(outcomes);
	return text;
}

struct round {
	uint64_t seed;
	const char *policies;
	const struct checkset *set;
	char *expected;
};

static void compare(const struct round *r, const char *what, const char *plan, size_t first, size_t piece)
{
	char *got = check_plan(r->set, plan, first, piece);

	if (strcmp(got, r->expected) != 0)
		fail_msg("PLANSPOOL_TEST_SEED=%llu: %s (%zu, then %zu bytes)\n%s\n%s\nexpected:\n%sgot:\n%s",
			(unsigned long long)r->seed, what, first, piece, r->policies, plan, r->expected, got);
	free(got);
}

static void try_round(uint64_t seed, const char *folder, bool every_cut)
{
	uint64_t order = seed ^ UINT64_C(0x5ca1ab1e);
	struct maker m = { .model = seed, .order = order };
	struct faults faults = { NULL, 0, 0 };
	char *policies = make_policies(seed + 1), *path = xasprintf("%s/policies.yaml", folder);
	char *plan = make_plan(&m);
	static const struct {
		const char *what;
		bool shuffle, sections, unrelated;
	} changes[] = {
		{ "keys in another order", true, false, false },
		{ "unknown sections", false, true, false },
		{ "unrelated resources", false, false, true },
		{ "all of them", true, true, true },
	};
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(policies, file) >= 0);
	assert_int_equal(fclose(file), 0);
	struct checkset *set = checkset_load_policies((const char *const[]){ path }, 1, &faults);

	if (faults.errors > 0)
		faults_print(&faults, stderr);
	assert_int_equal(faults.errors, 0);
	struct round r = { seed, policies, set, check_plan(set, plan, strlen(plan), 1) };

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
	faults_free(&faults);
	free(r.expected);
	free(policies);
	free(path);
	free(plan);
}

static void verdicts_stay(void **state)
{
	const char *rounds = getenv("PLANSPOOL_TEST_ROUNDS"), *seed = getenv("PLANSPOOL_TEST_SEED");
	unsigned long n = rounds != NULL ? strtoul(rounds, NULL, 10) : ROUNDS;
	char *folder = test_folder();

	(void)state;
	if (seed != NULL) {
		try_round(strtoull(seed, NULL, 10), folder, true);
		test_remove(folder);
		return;
	}
	for (unsigned long i = 0; i < n; i++)
		try_round(i + 1, folder, i % EVERY_CUT == 0);
	test_remove(folder);
	/* The plans and policies must have been about something. */
	assert_true(seen[OUTCOME_PASSED] > n && seen[OUTCOME_FAILED] > n && seen[OUTCOME_UNKNOWN] > n);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(verdicts_stay) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
