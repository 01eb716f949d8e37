/* Policies about the plans of policy_sound_plan.c. */
#include "test.h"

#include "base/buf.h"
#include "policy_random.h"
#include "policy_sound.h"

#define POLICIES 60

static const char *const type_lists[] = { "t_a", "t_b", "aws_iam_policy", "t_a, t_b", "t_b, aws_iam_policy",
	"t_a, t_b, aws_iam_policy" };

/* Operators that have values in common which may be true of something. */
static const struct family {
	const char *operators[13], *values[8];
} families[] = {
	{ { "exists", "not_exists", "any", "is_true", "is_false", "is_empty", "is_not_empty" }, { "a", "null" } },
	{ { "equals", "not_equals", "equals_ignore_case", "not_equals_ignore_case" },
		{ "a", "\"22\"", "22", "true", "null", "[a]", "[[a, b]]" } },
	{ { "contains", "not_contains", "contains", "not_contains", "intersects", "not_intersects" },
		{ "a", "\"22\"", "22", "true", "x", "fresh", "[a, 22]" } },
	{ { "within", "not_within", "subset", "not_subset" },
		{ "[a, b]", "[\"22\", 22]", "ab", "{a: 1, x: 2}", "[a, [a]]", "[null, 22, true, 80]" } },
	{ { "starting_with", "not_starting_with", "ending_with", "not_ending_with", "regex_match", "not_regex_match" },
		{ "a", "b", "true", "\"\\\\[.*a\"", "\".*22\"" } },
	{ { "greater_than", "greater_than_or_equal", "less_than", "less_than_or_equal" }, { "22", "0", "\"22\"", "a" } },
	{ { "length_equals", "length_not_equals", "length_greater_than", "length_greater_than_or_equal", "length_less_than",
		"length_less_than_or_equal", "number_of_words_equals", "number_of_words_not_equals",
		"number_of_words_greater_than", "number_of_words_greater_than_or_equal", "number_of_words_less_than",
		"number_of_words_less_than_or_equal" }, { "1", "2", "0", "\"3\"" } },
	{ { "range_includes", "range_not_includes" }, { "\"1-30\"", "22", "[0, 80]" } },
	{ { "cidr_range_subset", "cidr_range_not_subset" }, { "0.0.0.0/0", "[10.0.0.0/8]" } },
};

/* One of a list that ends with NULL. */
static const char *pick(uint64_t *state, const char *const *list)
{
	unsigned n = 0;

	while (list[n] != NULL)
		n++;
	return list[below(state, n)];
}

static void put_attribute(struct buf *out, uint64_t *state, enum sound_references references)
{
	static const char *const paths[] = { "n", "l", "l.0", "l.*", "ing", "ing.port", "ing.*.port", "ing.*.cidr",
		"ing.*.cidr.*", "ing.0.port", "ing.1.cidr", "ing.in.port", "ing.*.in.*.port", "ing.*.in.port",
		"ing.in.*.port", "m.port", "m.cidr.0", "m.*", "m.in.*.x", "tags.a", "tags.b.c", "tags", "tags.*", "ing.*",
		"ing.x.1", "ing.0", "policy", "policy.S.A", "policy.S.*.A", "missing", "__address__", "__change_keys__",
		"__change_actions__", "fresh" };
	static const char *const jsonpaths[] = { "n", "l[*]", "l[0]", "l[1]", "l[-1]", "ing[*].port", "ing[*].cidr[*]",
		"ing.port", "ing[*].in[*].port", "ing[?(@.port == 22)].cidr", "ing[?(@.x != \"a\")].port", "$.tags.a",
		"$.tags[\"b.c\"]", "tags.*", "m.*", "$..port", "ing..x", "m..x", "ing..in", "ing..in[*].cidr", "ing[0].port",
		"ing[0:1].port", "ing[?(@.cidr)].port", "ing.*", "ing[?(@.port == 22 & @.x == \"a\")].cidr[*]",
		"ing[?(@.port >= 22)].x", "ing[?(@.x =~ \"a\")].port", "policy.S[*].A", "policy.S[?(@.E == a)].A[*]",
		"ing[*].*", "ing.*.*", "$.*" };
	bool jsonpath = below(state, 5) < 2;
	const struct family *f = &PICK(state, families), *other = below(state, 4) == 0 ? &PICK(state, families) : f;

	buf_printf(out, "{cond_type: attribute, resource_types: [%s], ", PICK(state, type_lists));
	buf_printf(out, "attribute: '%s', ", jsonpath ? PICK(state, jsonpaths) : PICK(state, paths));
	buf_printf(out, "operator: %s%s, ", jsonpath ? "jsonpath_" : "", pick(state, f->operators));
	/* RULE: the empty text asks for the text of a reference (B 4.1); see make_unknown. */
	if (references != SOUND_COMPUTED && below(state, 10) == 0)
		buf_puts(out, "value: \"\"}");
	else
		buf_printf(out, "value: %s}", pick(state, other->values));
}

static void put_filter(struct buf *out, uint64_t *state)
{
	static const char *const attributes[] = { "n", "m.port", "tags.a", "ing.port" };

	if (below(state, 3) == 0)
		buf_printf(out, "{cond_type: filter, attribute: %s, operator: within, value: [a, \"22\", 22]}",
			PICK(state, attributes));
	else
		buf_printf(out, "{cond_type: filter, attribute: resource_type, operator: within, value: [%s]}",
			PICK(state, type_lists));
}

static void put_resource(struct buf *out, uint64_t *state)
{
	buf_printf(out, "{cond_type: resource, resource_types: [%s], ", PICK(state, type_lists));
	buf_printf(out, "operator: %s}", below(state, 2) == 0 ? "exists" : "not_exists");
}

static void put_connection(struct buf *out, uint64_t *state)
{
	static const char *const links[] = { "exists", "exists", "not_exists", "one_exists" };

	buf_printf(out, "{cond_type: connection, resource_types: [%s], ", PICK(state, type_lists));
	buf_printf(out, "connected_resource_types: [%s], ", PICK(state, type_lists));
	buf_printf(out, "operator: %s}", PICK(state, links));
}

/* A block without connections. */
static void put_block(struct buf *out, uint64_t *state, enum sound_references references, unsigned depth)
{
	unsigned what = depth == 0 ? 0 : below(state, 8);

	if (what < 4) {
		put_attribute(out, state, references);
	} else if (what == 4 && below(state, 2) == 0) {
		put_resource(out, state);
	} else if (what < 6) {
		buf_puts(out, "{not: ");
		put_block(out, state, references, depth - 1);
		buf_puts(out, "}");
	} else {
		buf_puts(out, what == 6 ? "{and: [" : "{or: [");
		put_block(out, state, references, depth - 1);
		buf_puts(out, ", ");
		if (below(state, 6) == 0)
			put_filter(out, state);
		else
			put_block(out, state, references, depth - 1);
		buf_puts(out, "]}");
	}
}

static void put_connecting(struct buf *out, uint64_t *state, enum sound_references references, unsigned depth)
{
	if (depth == 0 || below(state, 4) == 0) {
		put_connection(out, state);
		return;
	}
	buf_puts(out, below(state, 2) == 0 ? "{and: [" : "{or: [");
	put_connecting(out, state, references, depth - 1);
	for (unsigned i = 0, n = 1 + below(state, 3); i < n; i++) {
		unsigned what = below(state, 5);

		buf_puts(out, ", ");
		if (what == 0)
			put_connecting(out, state, references, depth - 1);
		else if (what == 1)
			put_filter(out, state);
		else
			put_block(out, state, references, 1);
	}
	buf_puts(out, "]}");
}

char *sound_policies(uint64_t seed)
{
	uint64_t state = ~seed;
	struct buf out = BUF_INIT(PLAN_MAX);

	for (unsigned i = 0; i < POLICIES; i++) {
		buf_printf(&out, "- metadata: {id: P_%u, name: one, category: x}\n  definition: ", i);
		if (i % 3 == 0)
			put_connecting(&out, &state, sound_references(seed), 2);
		else
			put_block(&out, &state, sound_references(seed), 2);
		buf_puts(&out, "\n");
	}
	return out.data;
}
