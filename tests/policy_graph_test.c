/* Records of nodes and the graph between them: which instance a reference means, and that work and memory grow in
 * straight lines whatever the shape of the plan. */
#include "test.h"

#include "base/mem.h"
#include "checks/policy_graph.h"
#include "checks/policy_wait.h"
#include "plan/value.h"

#define POLICIES 20
#define LEVELS 30	/* of modules */

struct fixture {
	struct policy_computed keep;
	struct policy_records records;
	struct policy_graph graph;
	struct policy_scratch *scratch;
	struct value_arena *arena;
	char *text;	/* that was parsed last: values point into it */
	uint64_t random;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ .scratch = policy_scratch_new(), .arena = value_arena_new(), .random = 1 };
	policy_computed_init(&f->keep);
	policy_records_init(&f->records, &f->keep);
	policy_graph_init(&f->graph, &f->records);
}

static void end(struct fixture *f)
{
	policy_graph_free(&f->graph);
	policy_records_free(&f->records);
	policy_computed_free(&f->keep);
	policy_scratch_free(f->scratch);
	value_arena_free(f->arena);
	free(f->text);
}

static const struct value *parse(struct fixture *f, const char *json)
{
	struct value_fault fault;

	free(f->text);
	f->text = xstrdup(json);
	const struct value *v = value_parse(f->arena, f->text, strlen(json), 16, &fault);

	assert_non_null(v);
	return v;
}

/* A resource that policies concern, each with two conditions that come to anything. Takes over address. */
static void add_node(struct fixture *f, char *address, const char *type, const char *name, uint32_t policies)
{
	struct resource_change change = { .address = address, .type = type, .name = name, .managed = true,
		.after = parse(f, "{\"rule\": [{}, {}, {}]}") };
	struct policy policy = { .leaf_count = 2 };
	struct policy_node node;

	assert_true(policy_node_of_change(&node, &change, f->scratch));
	for (uint32_t i = 0; i < policies; i++) {
		struct policy_leaf leaves[2] = { { .state = LEAF_TRUE }, { .state = LEAF_FALSE } };

		f->random = f->random * UINT64_C(6364136223846793005) + 1;
		leaves[0].state = f->random >> 63 ? LEAF_TRUE : LEAF_FALSE;
		policy_records_add(&f->records, &node, i, &policy, leaves);
	}
	policy_records_node(&f->records, &node);
	free(address);
}

static void add_config(struct fixture *f, enum plan_kind kind, const char *const *modules, size_t depth, const char *key,
	const char *json)
{
	policy_graph_config(&f->graph, &(struct plan_item){ .kind = kind, .key = key, .value = parse(f, json),
		.modules = modules, .module_count = depth });
}

static void build(struct fixture *f)
{
	policy_records_close(&f->records);
	policy_graph_build(&f->graph);
}

/* The only node that one refers to. */
static uint32_t edge_of(const struct fixture *f, uint32_t node)
{
	assert_int_equal(f->graph.first[node + 1] - f->graph.first[node], 1);
	return f->graph.edges[f->graph.first[node]];
}

/* count to count: the same index, in steps that do not depend on how many there are. */
static void instances(void **state)
{
	enum { N = 5000 };
	struct fixture f;

	(void)state;
	begin(&f);
	for (int i = 0; i < N; i++)
		add_node(&f, xasprintf("a_t.x[%d]", i), "a_t", "x", 1);
	for (int i = 0; i < N; i++)
		add_node(&f, xasprintf("b_t.y[%d]", i), "b_t", "y", 1);
	add_config(&f, PLAN_CONFIG_RESOURCE, NULL, 0, NULL,
		"{\"address\": \"a_t.x\", \"expressions\": {\"b\": {\"references\": [\"b_t.y\", \"count.index\"]}}}");
	build(&f);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(edge_of(&f, i), N + i);
	assert_false(f.graph.incomplete);
	assert_true(f.graph.steps <= 3 * N);
	end(&f);
}

static uint32_t edges_of(const struct fixture *f, uint32_t node)
{
	return f->graph.first[node + 1] - f->graph.first[node];
}

/* Of instances in several instances of a module those of the module that the reference stands in, and no other: there
 * the index, then the first. */
static void own_module(void **state)
{
	static const char *const in_m[] = { "m" };
	struct fixture f;

	(void)state;
	begin(&f);
	add_node(&f, xstrdup("module.m[0].b_t.y[\"k\"]"), "b_t", "y", 1);
	add_node(&f, xstrdup("module.m[1].b_t.y[\"j\"]"), "b_t", "y", 1);
	add_node(&f, xstrdup("module.m[1].b_t.y[\"k\"]"), "b_t", "y", 1);
	add_node(&f, xstrdup("module.m[1].c_t.only[\"k\"]"), "c_t", "only", 1);
	add_node(&f, xstrdup("module.m[1].a_t.x[\"k\"]"), "a_t", "x", 1);
	add_node(&f, xstrdup("module.m[1].a_t.x[\"l\"]"), "a_t", "x", 1);
	add_node(&f, xstrdup("module.m[2].a_t.x[\"k\"]"), "a_t", "x", 1);
	add_node(&f, xstrdup("module.m[0].a_t.j"), "a_t", "j", 1);
	add_node(&f, xstrdup("module.m[1].a_t.j"), "a_t", "j", 1);
	add_node(&f, xstrdup("module.m[0].a_t.o"), "a_t", "o", 1);
	add_node(&f, xstrdup("module.m[1].a_t.o"), "a_t", "o", 1);
	add_config(&f, PLAN_CONFIG_RESOURCE, in_m, 1, NULL,
		"{\"address\": \"a_t.x\", \"expressions\": {\"b\": {\"references\": [\"b_t.y\"]}}}");
	add_config(&f, PLAN_CONFIG_RESOURCE, in_m, 1, NULL,
		"{\"address\": \"a_t.j\", \"expressions\": {\"b\": {\"references\": [\"b_t.y[\\\"j\\\"]\"]}}}");
	add_config(&f, PLAN_CONFIG_RESOURCE, in_m, 1, NULL,
		"{\"address\": \"a_t.o\", \"expressions\": {\"b\": {\"references\": [\"c_t.only\"]}}}");
	build(&f);
	assert_int_equal(edge_of(&f, 4), 2);	/* the index */
	assert_int_equal(edge_of(&f, 5), 1);	/* no such index: the first */
	assert_int_equal(edges_of(&f, 6), 0);	/* other instances of the module have some */
	assert_int_equal(edges_of(&f, 7), 0);	/* another instance has the constant index */
	assert_int_equal(edge_of(&f, 8), 1);
	assert_int_equal(edges_of(&f, 9), 0);	/* another instance has the only one */
	assert_int_equal(edge_of(&f, 10), 3);
	end(&f);
}

/* An output without a key is that of the module without one, also for what has an index itself. */
static void outputs(void **state)
{
	static const char *const in_m[] = { "m" }, *const in_n[] = { "n" };
	struct fixture f;

	(void)state;
	begin(&f);
	add_node(&f, xstrdup("module.m.b_t.y"), "b_t", "y", 1);
	add_node(&f, xstrdup("module.n[\"k\"].b_t.y"), "b_t", "y", 1);
	add_node(&f, xstrdup("module.n[\"l\"].b_t.y"), "b_t", "y", 1);
	add_node(&f, xstrdup("a_t.x[\"k\"]"), "a_t", "x", 1);
	add_node(&f, xstrdup("a_t.z[\"l\"]"), "a_t", "z", 1);
	add_node(&f, xstrdup("a_t.w[\"l\"]"), "a_t", "w", 1);
	add_config(&f, PLAN_CONFIG_RESOURCE, NULL, 0, NULL,
		"{\"address\": \"a_t.x\", \"expressions\": {\"b\": {\"references\": [\"module.m.o\"]}}}");
	add_config(&f, PLAN_CONFIG_RESOURCE, NULL, 0, NULL,
		"{\"address\": \"a_t.z\", \"expressions\": {\"b\": {\"references\": [\"module.n.o\"]}}}");
	add_config(&f, PLAN_CONFIG_RESOURCE, NULL, 0, NULL,
		"{\"address\": \"a_t.w\", \"expressions\": {\"b\": {\"references\": [\"module.n[7].o\"]}}}");
	add_config(&f, PLAN_CONFIG_OUTPUT, in_m, 1, "o", "{\"expression\": {\"references\": [\"b_t.y\"]}}");
	add_config(&f, PLAN_CONFIG_OUTPUT, in_n, 1, "o", "{\"expression\": {\"references\": [\"b_t.y\"]}}");
	build(&f);
	assert_int_equal(edge_of(&f, 3), 0);
	assert_int_equal(edge_of(&f, 4), 2);	/* if all that there is has keys, the same */
	assert_int_equal(edges_of(&f, 5), 0);
	end(&f);
}

/* Each input of LEVELS modules is given two of the level above: 2^LEVELS ways. */
static void fan_out(void **state)
{
	const char *modules[LEVELS];
	struct buf address = BUF_INIT(4096);
	struct fixture f;

	(void)state;
	begin(&f);
	for (int i = 0; i < LEVELS; i++) {
		modules[i] = "m";
		buf_puts(&address, "module.m.");
	}
	buf_puts(&address, "a_t.x");
	add_node(&f, xstrdup("b_t.y"), "b_t", "y", 1);
	add_node(&f, xstrdup(buf_text(&address)), "a_t", "x", 1);
	buf_free(&address);
	for (size_t i = 0; i < LEVELS; i++)
		add_config(&f, PLAN_CONFIG_CALL, modules, i, "m", i == 0 ?
			"{\"p\": {\"references\": [\"b_t.y.id\", \"b_t.y\"]}, \"q\": {\"references\": [\"b_t.y\"]}}" :
			"{\"p\": {\"references\": [\"var.p\", \"var.q\"]}, \"q\": {\"references\": [\"var.q\", \"var.p\"]}}");
	add_config(&f, PLAN_CONFIG_RESOURCE, modules, LEVELS, NULL,
		"{\"address\": \"a_t.x\", \"expressions\": {\"b\": {\"references\": [\"var.p\", \"var.q\"]}}}");
	build(&f);
	assert_int_equal(edge_of(&f, 1), 0);
	assert_false(f.graph.incomplete);
	assert_true(f.graph.steps <= 10 * LEVELS);
	end(&f);
}

/* count times references: what a small plan cannot be allowed is given up, and said. */
static void too_many(void **state)
{
	enum { N = 2500 };
	struct buf config = BUF_INIT(1u << 20);
	struct fixture f;

	(void)state;
	begin(&f);
	buf_puts(&config, "{\"address\": \"a_t.x\", \"expressions\": {\"b\": {\"references\": [");
	for (int i = 0; i < N; i++) {
		add_node(&f, xasprintf("a_t.x[%d]", i), "a_t", "x", 1);
		add_node(&f, xasprintf("b_t.y[%d]", i), "b_t", "y", 1);
		buf_printf(&config, "%s\"b_t.y[%d]\"", i > 0 ? ", " : "", i);
	}
	buf_puts(&config, "]}}}");
	add_config(&f, PLAN_CONFIG_RESOURCE, NULL, 0, NULL, buf_text(&config));
	build(&f);
	assert_true(f.graph.incomplete);
	assert_true(f.graph.steps < 5000000);
	buf_free(&config);
	end(&f);
}

static size_t bytes_for(uint32_t policies)
{
	enum { N = 4000 };
	struct fixture f;
	size_t bytes;

	begin(&f);
	for (int i = 0; i < N; i++) {
		char *name = xasprintf("application_load_balancer_%d", i);

		add_node(&f, xasprintf("module.environment[\"production-eu-central-1\"].module.network_services[%d]."
			"a_t.%s", i % 7, name), "a_t", name, policies);
		free(name);
	}
	bytes = f.records.pool.page_count * (64u << 10) / N;
	end(&f);
	return bytes;
}

/* A policy more costs bytes, not records. */
static void memory(void **state)
{
	size_t one = bytes_for(1), many = bytes_for(POLICIES);

	(void)state;
	assert_true(one <= 96);
	assert_true(many <= one + 2 * POLICIES);
}

/* What is kept of a resource of whose unknown attributes policies ask one each, of all the plan's that are alike; both
 * for connections and for verdicts that wait. */
static size_t bytes_of_unknown(uint32_t policies)
{
	enum { N = 4000 };
	struct buf unknown = BUF_INIT(4096);
	struct policy policy = { .leaf_count = 1 };
	struct policy_waits waits;
	struct fixture f;
	size_t bytes;

	begin(&f);
	policy_waits_init(&waits, &f.keep);
	for (uint32_t i = 0; i < policies; i++)
		buf_printf(&unknown, "%s\"u%u\": true", i == 0 ? "{" : ", ", i);
	buf_puts(&unknown, "}");
	for (int i = 0; i < N; i++) {
		char *name = xasprintf("x%d", i), *address = xasprintf("a_t.%s", name);
		struct resource_change change = { .address = address, .type = "a_t", .name = name, .managed = true };
		struct policy_node node;

		change.after = change.after_unknown = parse(&f, buf_text(&unknown));
		assert_true(policy_node_of_change(&node, &change, f.scratch));
		const struct value *part = value_first(node.unknown);

		for (uint32_t p = 0; p < policies; p++, part = value_next(part)) {
			struct policy_leaf leaf = { .state = LEAF_TRUE_IF_ANY, .places = { part }, .place_count = 1 };

			policy_records_add(&f.records, &node, p, &policy, &leaf);
			policy_wait_add(&waits, &node, p, &policy, &leaf);
		}
		policy_records_node(&f.records, &node);
		policy_waits_node(&waits, &node);
		free(name);
		free(address);
	}
	bytes = (f.records.pool.page_count + waits.pool.page_count + f.keep.pool.page_count) * (64u << 10) +
		f.keep.resources.size * (sizeof(uint64_t) + sizeof(uint32_t)) + f.keep.asked.size * sizeof(uint64_t);
	policy_waits_free(&waits);
	buf_free(&unknown);
	end(&f);
	return bytes / N;
}

/* It is the same places in each, so a policy more costs nothing. */
static void unknown_memory(void **state)
{
	size_t one = bytes_of_unknown(1), many = bytes_of_unknown(POLICIES);

	(void)state;
	assert_true(one <= 256);
	assert_true(many <= one + POLICIES);
}

/* A block within blocks that are written as objects is one place, not one for each way to read them as lists. */
static void deep_blocks(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	policy_computed_references(&f.keep, &(struct plan_item){ .kind = PLAN_CONFIG_RESOURCE, .value = parse(&f,
		"{\"address\": \"a_t.x\", \"expressions\": {\"a\": {\"b\": {\"c\": {\"d\": {\"e\": {\"f\": "
		"{\"references\": [\"b_t.y\"]}}}}}}}}") });
	assert_int_equal(f.keep.referring.len, sizeof(uint64_t));
	end(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances),
		cmocka_unit_test(own_module),
		cmocka_unit_test(outputs),
		cmocka_unit_test(fan_out),
		cmocka_unit_test(too_many),
		cmocka_unit_test(memory),
		cmocka_unit_test(unknown_memory),
		cmocka_unit_test(deep_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
