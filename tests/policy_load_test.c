/* Loading policies: faults and warnings with file, line and words; several policies in a file; folders; skip lists. */
#include "test.h"

#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/clock.h"
#include "checks/check.h"
#include "checks/checkset.h"
#include "checks/policy.h"
#include "checks/policy_run.h"
#include "checks/policy_skip.h"

/* Everything that loading text says, a line each. */
static char *say(const char *text, size_t *policies)
{
	struct policy_set set = { .policies = NULL };
	struct faults faults = { NULL, 0, 0 };
	struct buf out = BUF_INIT(1u << 20);
	int loaded = policy_load_text(&set, "p.yaml", text, strlen(text), &faults);

	policy_set_check(&set, &faults);
	for (size_t i = 0; i < faults.n; i++) {
		char *line = fault_text(&faults.list[i]);

		buf_printf(&out, "%s\n", line);
		free(line);
	}
	*policies = set.count;
	char *said = xstrdup(buf_text(&out));

	assert_true(loaded == 0 || faults.errors > 0);
	policy_set_free(&set);
	faults_free(&faults);
	buf_free(&out);
	return said;
}

#define HEAD "metadata: {id: X_1, name: x, category: c}\n"
#define COND "cond_type: attribute, resource_types: [t]"

static void faults(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ HEAD "definition: {" COND ", attribute: a, operator: equal, value: 1}",
			"p.yaml:2: unknown operator 'equal', did you mean 'equals'?\n" },
		{ HEAD "definition: {" COND ", attribute: a, operator: jsonpath_exist}",
			"p.yaml:2: unknown operator 'jsonpath_exist', did you mean 'jsonpath_exists'?\n" },
		{ HEAD "definition: {" COND ", attribute: a, operator: cidr_range_subset_attribute_solver}",
			"p.yaml:2: unknown operator 'cidr_range_subset_attribute_solver', did you mean "
			"'cidr_range_subset'?\n" },
		{ HEAD "definition: {" COND ", attribute: a}",
			"p.yaml:2: operator is missing in an attribute condition\n" },
		{ HEAD "definition: {" COND ", operator: exists}",
			"p.yaml:2: attribute is missing in an attribute condition\n" },
#define NO_TEXT " must be text (in quotes where it reads as a number, a date, true, false or null)\n"
		{ HEAD "definition: {" COND ", attribute: null, operator: exists}", "p.yaml:2: attribute" NO_TEXT },
		{ HEAD "definition: {" COND ",\n attribute: 5, operator: exists}", "p.yaml:3: attribute" NO_TEXT },
		{ HEAD "definition: {" COND ", attribute: [a], operator: exists}", "p.yaml:2: attribute" NO_TEXT },
		{ HEAD "definition: {" COND ", attribute: a, operator: yes}", "p.yaml:2: operator" NO_TEXT },
		{ HEAD "definition: {cond_type: connection, operator: null}", "p.yaml:2: operator" NO_TEXT },
		{ HEAD "definition: {cond_type: null, attribute: a, operator: exists}", "p.yaml:2: cond_type" NO_TEXT },
		{ HEAD "definition: {cond_type: [], attribute: a, operator: exists}", "p.yaml:2: cond_type" NO_TEXT },
#define TYPES(is) "definition: {cond_type: attribute, attribute: a, operator: exists, resource_types: " is "}"
#define TO(is) "definition: {cond_type: connection, operator: exists, connected_resource_types: " is "}"
		{ HEAD TYPES("[t, null]"), "p.yaml:2: a resource type must be text\n" },
		{ HEAD TYPES("5"), "p.yaml:2: resource types must be a list of types\n" },
		{ HEAD TYPES("true"), "p.yaml:2: resource types must be a list of types\n" },
		{ HEAD TO("null"), "p.yaml:2: resource types must be a list of types\n" },
		{ HEAD TO("false"), "p.yaml:2: resource types must be a list of types\n" },
		{ HEAD "definition:\n  and:\n    - {cond_type: atribute, attribute: a, operator: exists}\n    - "
			"{cond_type: connection, operator: within}\n",
			"p.yaml:4: unknown cond_type 'atribute', did you mean 'attribute'?\n"
			"p.yaml:5: unknown operator 'within' of a connection condition (known: exists, not_exists, "
			"one_exists)\n" },
		{ HEAD "definition: [a]", "p.yaml:2: definition must be a mapping, not a list\n" },
		{ HEAD "definition: a", "p.yaml:2: definition must be a mapping, not a text or a number\n" },
		{ "metadata: {id: X, name: n}\n"
			"definition: {cond_type: attribute, resource_types: 5, operator: equal, value: .inf}", "p.yaml:1: metadata.category is missing\n"
			"p.yaml:2: unknown operator 'equal', did you mean 'equals'?\n"
			"p.yaml:2: attribute is missing in an attribute condition\n"
			"p.yaml:2: the value '.inf' is not a finite number; quote it if text is meant\n"
			"p.yaml:2: resource types must be a list of types\n" },
		{ HEAD "definition: []\n---\n" HEAD "definition: []\n",
			"p.yaml:2: definition must be a mapping, not a list\n"
			"p.yaml:5: definition must be a mapping, not a list\n"
			"p.yaml:4: the id 'X_1' is also that of the policy at p.yaml:1\n" },
		{ HEAD "definition: {and: true}", "p.yaml:2: 'and' must be a list of blocks\n" },
		{ HEAD "definition: {and: [a]}",
			"p.yaml:2: a block must be a mapping: a condition, or and, or, not\n" },
		{ HEAD "definition: {not: [{" COND ", attribute: a, operator: exists}, {" COND
			", attribute: b, operator: exists}]}",
				"p.yaml:2: 'not' takes exactly one block, here are 2\n" },
		{ HEAD "definition: {not: {cond_type: connection, operator: exists, resource_types: [a], "
			"connected_resource_types: [b]}}",
			"p.yaml:2: 'not' cannot stand above a connection; use not_exists, or an attribute condition "
			"inside 'not'\n" },
		{ HEAD "definition: {" COND ", attribute: 'a[', operator: jsonpath_exists}",
			"p.yaml:2: the JSONPath 'a[' cannot be used: an index, '*', a quoted name or '?' is expected "
			"at its end\n" },
		{ HEAD "definition: {" COND ", attribute: a, operator: equals, value: 2020-01-01}",
			"p.yaml:2: the value '2020-01-01' is a date; quote it if text is meant\n" },
		{ HEAD "definition: {" COND ", attribute: a, operator: equals, value: .inf}",
			"p.yaml:2: the value '.inf' is not a finite number; quote it if text is meant\n" },
		{ HEAD "scope: {provider: [aws]}\ndefinition: {" COND ", attribute: a, operator: exists}",
			"p.yaml:2: scope.provider must be text\n" },
		{ HEAD "scope: {provider: acme}\ndefinition: {cond_type: attribute, resource_types: all, attribute: a, "
			"operator: exists}", "p.yaml:3: scope.provider 'acme' is not known for all types (known: aws, "
			"azure, gcp); name the types instead\n" },
		{ "metadata: {id: '', name: x}\ndefinition: {" COND ", attribute: a, operator: exists}",
			"p.yaml:1: metadata.id is missing\np.yaml:1: metadata.category is missing\n" },
		{ "definition: {" COND ", attribute: a, operator: exists}", "p.yaml:1: metadata is missing: it must be a mapping with id, name and "
			"category\n" },
		{ "- " HEAD "- text",
			"p.yaml:1: definition is missing: it must be a mapping\np.yaml:2: a policy must be a mapping "
			"with metadata and definition\n" },
		{ HEAD "definition: {" COND ", attribute: a, operator: exists}\n---\n" HEAD "definition: {" COND
			", attribute: a, operator: exists}",
				"p.yaml:4: the id 'X_1' is also that of the policy at p.yaml:1\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n;
		char *said = say(rows[i].text, &n);

		assert_string_equal(said, rows[i].said);
		free(said);
	}
}

static void warnings(void **state)
{
	static const struct {
		const char *definition, *part;
	} rows[] = {
		{ "{" COND ", attribute: a.*.b.*, operator: equals, value: 1}",
			"either every * stands for an index or none does" },
		{ "{" COND ", attribute: a.*.b, operator: not_equals, value: 1}", "is true if some value differs" },
		{ "{" COND ", attribute: a, operator: within, value: ['443']}",
			"the text \"443\" never equals a number" },
		{ "{" COND ", attribute: a, operator: within, value: 5}", "needs a list as its value" },
		{ "{" COND ", attribute: a, operator: regex_match, value: '.*'}",
			"also matches when the attribute is missing" },
		{ "{" COND ", attribute: a, operator: regex_match, value: '('}",
			"does not compile, so it matches nothing: a group without end" },
		{ "{" COND ", attribute: a, operator: is_false}", "is true for everything but true" },
		{ "{" COND ", attribute: a, operator: contains, value: [a]}", "takes one value, not a list" },
		{ "{" COND ", attribute: a, operator: cidr_range_subset, value: 10.0.0.0/33}", "needs networks" },
		{ "{" COND ", attribute: a, operator: equals}", "'equals' without a value" },
		{ "{" COND ", attribute: a, operator: equals, value: [private]}", "for one of several values write 'within'" },
		{ "{" COND ", attribute: a, operator: equals_ignore_case, value: [a]}", "needs text as its value" },
		{ "{" COND ", attribute: a, operator: less_than, value: [1]}", "needs a number or text as its value" },
		{ "{" COND ", attribute: a, operator: starting_with, value: 5}", "with this one text is an error" },
		{ "{" COND ", attribute: a, operator: exists, value: false}", "'exists' takes no value" },
		{ "{" COND ", attribute: a, operator: within, value: 'private, public-read'}", "for each part of that text" },
		{ "{" COND ", attribute: a, operator: subset, value: ab}", "looks for single characters" },
		{ "{" COND ", attribute: a, operator: intersects, value: 5}", "nothing intersects with this one" },
		{ "{" COND ", attribute: ' a', operator: exists}", "the white space around it" },
		{ "{" COND ", attribute: 'a ', operator: exists}", "the white space around it" },
		{ "{" COND ", attribute: a..b, operator: exists}", "a part between its dots is empty" },
		{ "{" COND ", attribute: .acl, operator: exists}", "a part between its dots is empty" },
		{ "{" COND ", attribute: acl., operator: exists}", "a part between its dots is empty" },
		{ "{cond_type: attribute, resource_type: [t], attribute: a, operator: exists}",
			"'resource_type' is ignored, did you mean 'resource_types'?" },
		{ "{and: [{" COND ", attribute: a, operator: exists}], or: []}",
			"the key 'or' is ignored beside 'and'" },
		{ "{and: [{" COND ", attribute: a, operator: exists}, {cond_type: attribute, resource_types: [u], "
			"attribute: a, operator: exists}]}", "joins conditions on different types (t and u)" },
		{ "{and: [{cond_type: filter, attribute: resource_type, operator: within, value: [t]}, {" COND
			", attribute: a, operator: exists}]}", "a filter does not leave resources out" },
		{ "{cond_type: connection, operator: exists, resource_types: [t]}", "no connection is ever found" },
		{ "{cond_type: filter, attribute: resource_type, operator: within, value: [t]}",
			"a filter alone decides nothing" },
		{ "{resource_types: [t], attribute: a, operator: not_exists}",
			"cond_type is missing, so this is true whatever the operator says" },
		{ "{" COND ", attribute: 'a[0].b', operator: exists}", "'a[0].b' is never found" },
		{ "{" COND ", attribute: 'a[*].b', operator: not_equals, value: 1}", "use 'jsonpath_not_equals'" },
		{ "{" COND ", attribute: $.a.b, operator: not_equals, value: 1}", "the operator for a JSONPath is 'jsonpath_not_equals'" },
		{ "{" COND ", attribute: \"tags['a']\", operator: exists}", "in a path names stand as they are, between dots" },
		{ "{" COND ", attribute: 'a[?(@.b == 1)].c', operator: not_exists}", "'jsonpath_not_exists'" },
		{ "{" COND ", attribute: '*.a', operator: not_exists}", "'*.a' is never found" },
		{ "{cond_type: attribute, resource_types: [aws_*], attribute: a, operator: exists}",
			"'aws_*' matches nothing: a type is no pattern" },
		{ "{cond_type: attribute, resource_types: [t, all], attribute: a, operator: exists}",
			"'all' matches nothing here: it must be the first" },
		{ "{cond_type: attribute, resource_types: [provider], attribute: a, operator: exists}",
			"'provider' matches nothing without a scope.provider" },
		{ "{cond_type: connection, operator: exists, resource_types: [t], connected_resource_types: [all]}",
			"write 'connected_resource_types: all', without a list" },
		{ "{and: [{cond_type: resource, resource_types: [t], operator: exists}]}", "with exists is always false" },
		{ "{or: [{cond_type: resource, resource_types: [t], operator: not_exists}]}",
			"with not_exists is always true" },
		{ "{and: [{cond_type: resource, resource_types: [t], operator: exists}, {cond_type: connection, operator: "
			"exists, resource_types: [t], connected_resource_types: [u]}]}", "beside a connection is ignored" },
		{ "{" COND ", attribute: resource_type, operator: equals, value: t}",
			"'resource_type' is not the type of the resource here" },
		{ "{" COND ", attribute: block_type_, operator: equals, value: t}", "'block_type_' is not supported" },
		{ "{" COND ", attribute: $.references_.a, operator: jsonpath_exists}", "'references_' is not supported" },
		{ "{" COND ", attribute: __change_action__, operator: equals, value: t}",
			"did you mean '__change_actions__'?" },
		{ "{" COND ", attribute: a, operator: length_greater_than, value: abc}",
			"needs a whole number as its value: with this one it is always false" },
		{ "{" COND ", attribute: a, operator: number_of_words_not_equals, value: 1.5.2}",
			"needs a whole number as its value: with this one it is always true" },
		{ "{" COND ", attribute: a, operator: range_includes, value: 1-2-3}", "this is none" },
		{ "{" COND ", attribute: a, operator: range_includes, value: [1, many]}", "this is none" },
		{ "{" COND ", attribute: a, operator: range_not_includes, value: 9-1}", "this range is empty" },
		{ "{}", "this is no condition" }, { "{and: []}", "this is no condition" },
		{ "{" COND ", attribute: \"a.*.(p\", operator: exists}",
			"the part '(p' of the path 'a.*.(p' is no name" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = xasprintf(HEAD "definition: %s", rows[i].definition), *said;
		size_t n;

		said = say(text, &n);
		if (n != 1 || strstr(said, "warning: ") == NULL || strstr(said, rows[i].part) == NULL)
			fail_msg("%s: '%s'", rows[i].definition, said);
		free(said);
		free(text);
	}
}

static void unknown_keys(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "metadata: {id: X, name: n, category: c, severty: HIGH}\ndefinition: {" COND
			", attribute: a, operator: exists}\n",
			"p.yaml:1: warning: the key 'severty' is ignored, did you mean 'severity'?\n" },
#define ONE "definition: {" COND ", attribute: a, operator: exists}\n"
		{ "metadata: {id: X, name: n, category: c, severity: [HIGH], message: {},\n guideline: {a: b}}\n" ONE,
			"p.yaml:1: warning: metadata.severity is ignored: it is no text\n"
			"p.yaml:2: warning: metadata.guideline is ignored: it is no text\n" },
		{ "metadata: {id: X, name: n, category: c, severity: OFF}\n" ONE,
			"p.yaml:1: warning: no policy is run: the severity of the only one is OFF or NONE\n" },
		{ HEAD "scop: {provider: aws}\ndefinition: {" COND ", attribute: a, operator: exists}\n",
			"p.yaml:2: warning: the key 'scop' is ignored, did you mean 'scope'?\n" },
		{ HEAD "scope: {providers: aws}\ndefinition: {" COND ", attribute: a, operator: exists}\n",
			"p.yaml:2: warning: the key 'providers' is ignored, did you mean 'provider'?\n" },
		{ HEAD "scope: aws\ndefinition: {" COND ", attribute: a, operator: exists}\n",
			"p.yaml:2: warning: scope is ignored: it must be a mapping with provider\n" },
		{ "metadata: {id: X, nmae: n, category: c}\ndefinition: {" COND ", attribute: a, operator: exists}\n",
			"p.yaml:1: warning: the key 'nmae' is ignored, did you mean 'name'?\n"
			"p.yaml:1: metadata.name is missing\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n;
		char *said = say(rows[i].text, &n);

		assert_string_equal(said, rows[i].said);
		free(said);
	}
}

/* What Checkov takes without a word loads without one, and metadata is read. */
static void metadata(void **state)
{
	static const char text[] =
		"- metadata: {id: A, name: a, category: [x], severity: important, guidelines: [\"https://a\", "
		"\"https://b\"],\n"
		"    message: \"do *this*\"}\n  definition: {" COND ", attribute: a, operator: exists}\n"
		"- metadata: {id: B, name: b, category: x, severity: none, guideline: https://c}\n"
		"  scope: {provider: AWS}\n  definition: {cond_type: attribute, attribute: a, operator: exists}\n";
	struct policy_set set = { .policies = NULL };
	struct faults f = { NULL, 0, 0 };

	(void)state;
	assert_int_equal(policy_load_text(&set, "p.yaml", text, strlen(text), &f), 0);
	assert_int_equal(f.n, 0);
	assert_int_equal(set.count, 2);
	assert_int_equal(set.policies[0]->severity, SEVERITY_HIGH);
	assert_string_equal(set.policies[0]->guideline, "https://a");
	assert_string_equal(set.policies[0]->message, "do *this*");
	assert_int_equal(set.policies[1]->severity, SEVERITY_OFF);
	assert_string_equal(set.policies[1]->guideline, "https://c");
	policy_set_free(&set);
	faults_free(&f);
}

/* Of an and the connections that are about types which one of its filters names run last. */
static void last_children(void **state)
{
	static const char *const connection = "{cond_type: connection, operator: exists, ";
	char *text = xasprintf(HEAD "definition:\n  and:\n"
		"  - {cond_type: filter, attribute: resource_type, operator: within, value: [f, e, f]}\n"
		"  - {cond_type: filter, attribute: resource_type, operator: within, value: g}\n"
		"  - {" COND ", attribute: a, operator: exists}\n"
		"  - %sresource_types: [n], connected_resource_types: [t]}\n"
		"  - %sresource_types: [t, g], connected_resource_types: [t]}\n"
		"  - %sresource_types: [t], connected_resource_types: [e]}\n"
		"  - or: [%sresource_types: [f], connected_resource_types: [t]}]\n",
		connection, connection, connection, connection);
	static const bool last[] = { false, false, false, false, true, true, true };
	struct policy_set set = { .policies = NULL };
	struct faults f = { NULL, 0, 0 };

	(void)state;
	assert_int_equal(policy_load_text(&set, "p.yaml", text, strlen(text), &f), 0);
	const struct policy_block *root = set.policies[0]->root;

	assert_int_equal(root->count, COUNT(last));
	for (size_t i = 0; i < COUNT(last); i++)
		assert_int_equal(root->children[i]->last, last[i]);
	assert_false(root->children[6]->children[0]->last);
	policy_set_free(&set);
	faults_free(&f);
	free(text);
}

/* Values are what Checkov has after its way through YAML and JSON. */
static void values(void **state)
{
	static const struct {
		const char *value, *json;
	} rows[] = {
		{ "{yes: 1, 0x10: 2, 1.5: 3, ~: 4, 'on': 5}", "{\"true\":1,\"16\":2,\"1.5\":3,\"null\":4,\"on\":5}" },
		{ "[!!int '5', !!float 5, !!bool 'yes', !!null x, !!str 5]", "[5,5.0,true,null,\"5\"]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = xasprintf(HEAD "definition: {" COND ", attribute: a, operator: equals, value: %s}",
			rows[i].value);
		struct policy_set set = { .policies = NULL };
		struct faults f = { NULL, 0, 0 };

		assert_int_equal(policy_load_text(&set, "p.yaml", text, strlen(text), &f), 0);
		assert_string_equal(set.policies[0]->leaves[0]->value.source, rows[i].json);
		policy_set_free(&set);
		faults_free(&f);
		free(text);
	}
}

static int load(struct policy_set *set, const char *path, struct faults *f)
{
	return policy_load_paths(set, &path, 1, 0, f);
}

static void put_file(const char *folder, const char *name, const char *id)
{
	char *text = xasprintf("metadata: {id: %s, name: x, category: c}\ndefinition: {" COND
		", attribute: a, operator: exists}\n", id);

	free(test_file(folder, name, text, strlen(text), 0600));
	free(text);
}

static void folders(void **state)
{
	char *folder = test_folder(), *below = xasprintf("%s/sub", folder), *link = xasprintf("%s/l.yaml", folder);
	char *circle = xasprintf("%s/sub/again", folder), *target = xasprintf("%s/away", folder);
	char *aside = test_folder(), *far = xasprintf("%s/to", folder), *lost = xasprintf("%s/lost", folder);
	struct policy_set set = { .policies = NULL };
	struct faults f = { NULL, 0, 0 };

	(void)state;
	assert_int_equal(mkdir(below, 0700), 0);
	put_file(folder, "b.yml", "B");
	put_file(folder, "a.yaml", "A");
	put_file(folder, "away", "L");
	put_file(below, "c.json.yaml", "C");
	put_file(folder, "notes.txt", "NOT");
	put_file(folder, ".hidden.yaml", "NOT");
	put_file(folder, "D.YAML", "NOT");
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(symlink("..", circle), 0);
	put_file(aside, "e.yaml", "E");
	assert_int_equal(symlink(aside, far), 0);
	assert_int_equal(load(&set, folder, &f), 0);
	assert_int_equal(f.errors, 0);
	assert_int_equal(f.n, 1);
	assert_string_equal(f.list[0].text, "ignored: the ending of a policy file is written in small letters");
	assert_int_equal(set.count, 5);
	assert_string_equal(set.policies[0]->id, "A");
	assert_string_equal(set.policies[1]->id, "B");
	assert_string_equal(set.policies[2]->id, "L");
	assert_string_equal(set.policies[3]->id, "C");
	assert_string_equal(set.policies[4]->id, "E");
	policy_set_free(&set);
	faults_free(&f);
	f = (struct faults){ NULL, 0, 0 };
	assert_int_equal(symlink("nowhere", lost), 0);
	assert_int_equal(load(&set, folder, &f), -1);
	assert_string_equal(f.list[1].file, lost);
	assert_string_equal(f.list[1].text, "a link that leads nowhere");
	faults_free(&f);
	assert_int_equal(load(&set, "/nowhere/at/all", &f), -1);
	assert_int_equal(f.errors, 1);
	policy_set_free(&set);
	faults_free(&f);
	free(below);
	free(link);
	free(circle);
	free(target);
	free(far);
	free(lost);
	test_remove(aside);
	test_remove(folder);
}

/* As Kubernetes mounts a ConfigMap, and replaces it. */
static void volume(void **state)
{
	char *folder = test_folder(), *old = xasprintf("%s/..1", folder), *new = xasprintf("%s/..2", folder);
	char *data = xasprintf("%s/..data", folder), *next = xasprintf("%s/..data_tmp", folder);
	char *link = xasprintf("%s/a.yaml", folder);
	struct policy_set set = { .policies = NULL };
	struct faults f = { NULL, 0, 0 };

	(void)state;
	assert_int_equal(mkdir(old, 0700), 0);
	assert_int_equal(mkdir(new, 0700), 0);
	put_file(old, "a.yaml", "OLD");
	put_file(new, "a.yaml", "NEW");
	assert_int_equal(symlink("..1", data), 0);
	assert_int_equal(symlink("..data/a.yaml", link), 0);
	assert_int_equal(load(&set, folder, &f), 0);
	assert_int_equal(symlink("..2", next), 0);
	assert_int_equal(rename(next, data), 0);
	assert_int_equal(load(&set, folder, &f), 0);
	assert_int_equal(set.count, 2);
	assert_string_equal(set.policies[0]->id, "OLD");
	assert_string_equal(set.policies[1]->id, "NEW");
	policy_set_free(&set);
	faults_free(&f);
	free(old);
	free(new);
	free(data);
	free(next);
	free(link);
	test_remove(folder);
}

/* Someone who writes policies while they are loaded: at each reading of a file, or at each pause, as long as there is
 * something left to write. Pauses take no time but that of these clocks. */
static struct {
	const char *folder;
	int at_reading, at_pause;	/* writes that are left */
	int pauses;
	int64_t clock_ms;		/* added to all clocks */
	bool removes;			/* takes a file away when the time is looked at, and puts it back at a pause */
} writer;

static void write_policies(int *left)
{
	static int n;
	char *id = xasprintf("N%d", ++n);

	if (*left > 0) {
		--*left;
		put_file(writer.folder, "b.yaml", *left > 0 ? id : "LAST");
	}
	free(id);
}

struct doc *__real_doc_load(const char *path, struct faults *faults);
struct doc *__wrap_doc_load(const char *path, struct faults *faults);
struct doc *__wrap_doc_load(const char *path, struct faults *faults)
{
	struct doc *doc = __real_doc_load(path, faults);

	write_policies(&writer.at_reading);
	return doc;
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)left;
	writer.pauses++;
	writer.clock_ms += time->tv_sec * 1000 + time->tv_nsec / 1000000;
	write_policies(&writer.at_pause);
	return 0;
}

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = __real_clock_gettime(clock, now);

	now->tv_sec += writer.clock_ms / 1000;
	if (writer.removes && clock == CLOCK_REALTIME) {
		char *path = xasprintf("%s/b.yaml", writer.folder);

		assert_int_equal(unlink(path), 0);
		free(path);
		writer.removes = false;
		writer.at_pause = 1;
	}
	return result;
}

static void written_meanwhile(void **state)
{
	enum { NEVER_ENDS = 1000, HOUR_MS = 3600000 };
	static const struct {
		const char *what, *second;	/* the id of the second policy; NULL: not loaded */
		int at_reading, at_pause;
		int64_t clock_ms, patience_ms;
		bool waits, removes;
	} rows[] = {
		{ "at rest", "B", 0, 0, HOUR_MS, 5000, false, false },
		{ "just written", "B", 0, 0, 0, 5000, true, false },
		{ "just written, without patience", "B", 0, 0, 0, 0, false, false },
		{ "written by a clock that is ahead", "B", 0, 0, -HOUR_MS, 5000, true, false },
		{ "changed while it is read", "LAST", 1, 0, 0, 0, true, false },
		{ "changed while both files are read", "LAST", 2, 0, 0, 0, true, false },
		{ "changed again while it is read again", "LAST", 3, 0, HOUR_MS, 5000, true, false },
		{ "changed whenever it is read", NULL, NEVER_ENDS, 0, 0, 0, true, false },
		{ "changed whenever it is read, with patience", NULL, NEVER_ENDS, 0, 0, 5000, true, false },
		{ "half written as soon as it was found at rest", "LAST", 0, 0, HOUR_MS, 5000, true, true },
		/* The clock of the files stands still here, so these are told by watching them. */
		{ "written for a while", "LAST", 0, 40, -HOUR_MS, 5000, true, false },
		{ "written for ever", NULL, 0, NEVER_ENDS, -HOUR_MS, 5000, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *folder = test_folder();
		const char *path = folder;
		struct policy_set set = { .policies = NULL };
		struct faults f = { NULL, 0, 0 };
		int loaded;

		put_file(folder, "a.yaml", "A");
		put_file(folder, "b.yaml", "B");
		writer = (typeof(writer)){ folder, rows[i].at_reading, rows[i].at_pause, 0, rows[i].clock_ms,
			rows[i].removes };
		loaded = policy_load_paths(&set, &path, 1, rows[i].patience_ms > 0 ? clock_monotonic() + rows[i].patience_ms : 0, &f);
		if (loaded != (rows[i].second != NULL ? 0 : -1) || set.count != (rows[i].second != NULL ? 2 : 0) ||
			(writer.pauses > 0) != rows[i].waits || f.errors != (rows[i].second != NULL ? 0 : 1))
			fail_msg("%s: %d, %zu policies, %zu errors, %d pauses", rows[i].what, loaded, set.count,
				f.errors, writer.pauses);
		if (rows[i].second != NULL)
			assert_string_equal(set.policies[1]->id, rows[i].second);
		else
			assert_non_null(strstr(f.list[0].text, "policies are being written here"));
		writer.clock_ms = 0;
		policy_set_free(&set);
		faults_free(&f);
		test_remove(folder);
	}
	memset(&writer, 0, sizeof(writer));
}

static size_t comparisons;

int __real_strcmp(const char *a, const char *b);
int __wrap_strcmp(const char *a, const char *b);
int __wrap_strcmp(const char *a, const char *b)
{
	comparisons++;
	return __real_strcmp(a, b);
}

/* What finding a type among many costs, and loading policies that name many: by comparisons, n log n of them. */
static void many_types(void **state)
{
	enum { POLICIES = 40, TYPES = 100, ALL = POLICIES * TYPES };
	struct buf text = BUF_INIT(1u << 20);
	struct policy_type type = { .name = "t_39_77", .managed = true };
	struct faults f = { NULL, 0, 0 };
	struct checkset *checks;
	char *folder = test_folder();
	const char *path = folder;
	size_t n;

	(void)state;
	for (int i = 0; i < POLICIES; i++) {
		buf_printf(&text, "- metadata: {id: T_%d, name: x, category: c}\n  definition: {cond_type: attribute, "
			"attribute: a, operator: exists, resource_types: [t_39_77", i);
		for (int k = 0; k < TYPES; k++)
			buf_printf(&text, ", t_%d_%d", i, k);
		buf_puts(&text, "]}\n");
	}
	free(test_file(folder, "p.yaml", buf_text(&text), text.len, 0600));
	comparisons = 0;
	checks = checkset_load_policies(&path, 1, &f);
	assert_int_equal(f.n, 0);
	assert_true(comparisons < ALL * 12 * 10);

	struct policy **policies = checkset_policies(checks, &n);

	assert_int_equal(n, POLICIES);
	for (size_t i = 0; i < n; i++) {
		comparisons = 0;
		assert_true(policy_types_match(&policies[i]->concerns, &type));
		assert_true(comparisons <= 8);
	}
	free(policies);
	checkset_free(checks);
	faults_free(&f);
	buf_free(&text);
	test_remove(folder);
}

/* Lists of policies that hold n values, asked n times: n log n comparisons of numbers. */
static void long_lists(void **state)
{
	enum { N = 2000, STEPS = 11, EACH = 4 };
	static const char *const names[] = { "within", "subset", "intersects" };
	struct buf json = BUF_INIT(1u << 20), others = BUF_INIT(1u << 20);
	struct policy_workspace w = { .text_left = 1 };
	const char *why = "";

	(void)state;
	for (int i = 0; i < N; i++) {
		buf_printf(&json, "%s%d", i > 0 ? "," : "[", i * 7 % N);
		buf_printf(&others, "%s-1%d", i > 0 ? "," : "[", i);
	}
	buf_puts(&json, "]");
	buf_puts(&others, "]");
	for (size_t i = 0; i < COUNT(names); i++) {
		struct policy_operand v, all;
		bool elements = strcmp(names[i], "within") == 0, none = strcmp(names[i], "intersects") == 0;
		const struct policy_operator *op = policy_operator_named(names[i]);
		struct view e;
		struct view_iterator it;

		assert_int_equal(policy_operand_init(&all, xstrdup(buf_text(&json)), &why), 0);
		assert_int_equal(policy_operand_init(&v, xstrdup(none ? buf_text(&others) : buf_text(&json)), &why), 0);
		comparisons = 0;
		view_start(&it, &all.view);
		while (elements && view_next(&it, &all.view, &e))
			assert_int_equal(policy_operator_apply(op, &e, &v, &w, &why), TRUTH_TRUE);
		if (!elements)
			assert_int_equal(policy_operator_apply(op, &all.view, &v, &w, &why), truth_of(!none));
		assert_true(comparisons <= N * STEPS * EACH);
		policy_operand_free(&all);
		policy_operand_free(&v);
	}
	buf_free(&json);
	buf_free(&others);
}

static uint64_t digest_of(const char *const *texts)
{
	struct policy_set set = { .policies = NULL };
	struct faults f = { NULL, 0, 0 };
	uint64_t digest;

	for (; *texts != NULL; texts++)
		assert_int_equal(policy_load_text(&set, "p.yaml", *texts, strlen(*texts), &f), 0);
	digest = set.digest;
	policy_set_free(&set);
	faults_free(&f);
	return digest;
}

/* The same rules have the same digest, in whatever files; others have another. */
static void digests(void **state)
{
#define A "{" COND ", attribute: a, operator: exists}"
#define B "{" COND ", attribute: b, operator: exists}"
#define OTHER "metadata: {id: X_2, name: x, category: c}\ndefinition: " A "\n"
	static const char *const inner[] = { HEAD "definition: {and: [{or: [" A "]}, " B "]}", NULL };
	static const char *const outer[] = { HEAD "definition: {and: [{or: [" A ", " B "]}]}", NULL };
	static const char *const pair[] = { HEAD "definition: " A "\n---\n" OTHER, NULL };
	static const char *const turned[] = { OTHER, HEAD "definition: " A "\n", NULL };

	(void)state;
	assert_true(digest_of(inner) != digest_of(outer));
	assert_true(digest_of(pair) == digest_of(turned));
	assert_true(digest_of(pair) != digest_of(turned + 1));
}

static const struct doc_node *parse(const char *text, struct doc **doc, struct faults *f)
{
	*doc = doc_parse("c.yaml", text, strlen(text), f);
	assert_non_null(*doc);
	return (*doc)->roots[0];
}

static void skips(void **state)
{
	static const char list[] =
		"- {policy: CKV_*, address: \"module.old.*\", reason: old, until: 2026-12-31}\n- {address: t.x, "
		"reason: known}\n";
	static const char wrong[] =
		"- {policy: A}\n- {reason: r}\n- {policy: A, reason: r, until: tomorrow}\n- {polcy: A, policy: A, "
		"reason: r}\n";
	int64_t end = INT64_C(1798761600000);	/* 2027-01-01T00:00:00Z */
	struct policy_skips s = { NULL, 0 };
	struct faults f = { NULL, 0, 0 };
	struct doc *doc;

	(void)state;
	assert_int_equal(policy_skips_read(&s, parse(list, &doc, &f), "c.yaml", &f), 0);
	assert_ptr_equal(policy_skips_find(&s, "CKV_1", "module.old.t.y", end - 1), &s.list[0]);
	assert_null(policy_skips_find(&s, "CKV_1", "module.old.t.y", end));
	assert_null(policy_skips_find(&s, "X_1", "module.old.t.y", 0));
	assert_ptr_equal(policy_skips_find(&s, "X_1", "t.x", end), &s.list[1]);
	assert_null(policy_skips_find(&s, "X_1", NULL, end));
	policy_skips_free(&s);
	doc_free(doc);
	assert_int_equal(policy_skips_read(&s, parse(wrong, &doc, &f), "c.yaml", &f), -1);
	assert_int_equal(f.errors, 4);
	policy_skips_free(&s);
	doc_free(doc);
	faults_free(&f);
}

/* The arguments of the check. */
static void arguments(void **state)
{
	static const char *const wrong[] = { "{skip: []}", "[]", "{paths: [/nowhere], other: 1}",
		"{paths: [/dev/null], skip: 3}" };
	struct faults f = { NULL, 0, 0 };
	struct doc *doc;
	char *folder = test_folder(), *config = xasprintf("%s/planspool.yaml", folder);
	void *compiled;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		size_t before = f.errors;

		assert_null(check_policies.load(parse(wrong[i], &doc, &f), config, 0, &f));
		assert_true(f.errors > before);
		doc_free(doc);
	}
	faults_free(&f);
	f = (struct faults){ NULL, 0, 0 };
	put_file(folder, "a.yaml", "A");
	compiled = check_policies.load(parse("a.yaml", &doc, &f), config, 0, &f);
	assert_non_null(compiled);
	uint64_t digest = check_policies.digest(compiled);

	check_policies.unload(compiled);
	put_file(folder, "a.yaml", "B");
	compiled = check_policies.load(doc->roots[0], config, 0, &f);
	assert_non_null(compiled);
	assert_true(check_policies.digest(compiled) != digest);
	check_policies.unload(compiled);
	doc_free(doc);
	faults_free(&f);
	free(config);
	test_remove(folder);
}

static void finished(struct check_context *context)
{
	(void)context;
}

/* Each run says which entries of skip have ended. */
static void expired(void **state)
{
	char *folder = test_folder(), *config = xasprintf("%s/planspool.yaml", folder);
	struct outcomes *outcomes = outcomes_new(SEVERITY_LOW, false);
	struct check_context context = { .outcomes = outcomes, .finished = finished };
	struct faults f = { NULL, 0, 0 };
	struct doc *doc;
	void *compiled, *run;

	(void)state;
	put_file(folder, "a.yaml", "A");
	compiled = check_policies.load(parse("{paths: a.yaml, skip: [{policy: A, reason: \"for a while\", until: "
		"2020-01-31}, "
		"{policy: B, reason: ever}]}", &doc, &f), config, 0, &f);
	assert_non_null(compiled);
	run = check_policies.start(compiled, &context);
	assert_int_equal(outcomes_kept(outcomes), 1);
	assert_int_equal(outcomes_at(outcomes, 0)->status, OUTCOME_WARNING);
	assert_string_equal(outcomes_at(outcomes, 0)->description, "A skip ended on 2020-01-31 and no longer applies");
	assert_string_equal(outcomes_at(outcomes, 0)->reason, "policy A, address *: for a while");
	check_policies.stop(run);
	check_policies.unload(compiled);
	outcomes_free(outcomes);
	doc_free(doc);
	faults_free(&f);
	free(config);
	test_remove(folder);
}

/* So does loading, and which never applied. */
static void useless_skips(void **state)
{
	char *folder = test_folder(), *config = xasprintf("%s/planspool.yaml", folder);
	struct faults f = { NULL, 0, 0 };
	struct doc *doc;
	void *compiled;

	(void)state;
	put_file(folder, "a.yaml", "A");
	compiled = check_policies.load(parse("paths: a.yaml\nskip:\n- {policy: A, reason: r, until: 2020-01-31}\n"
		"- {policy: B*, reason: r}\n- {address: t.a, reason: r}\n", &doc, &f), config, 0, &f);
	assert_non_null(compiled);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.list[0].line, 3);
	assert_string_equal(f.list[0].text, "skip: an entry ended on 2020-01-31 and no longer applies");
	assert_int_equal(f.list[1].line, 4);
	assert_string_equal(f.list[1].text, "skip: no policy has an id that matches 'B*'");
	check_policies.unload(compiled);
	doc_free(doc);
	faults_free(&f);
	free(config);
	test_remove(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults),
		cmocka_unit_test(warnings), cmocka_unit_test(unknown_keys),
		cmocka_unit_test(metadata), cmocka_unit_test(last_children),
		cmocka_unit_test(values),
		cmocka_unit_test(folders), cmocka_unit_test(volume), cmocka_unit_test(written_meanwhile),
		cmocka_unit_test(many_types), cmocka_unit_test(long_lists), cmocka_unit_test(digests), cmocka_unit_test(skips),
		cmocka_unit_test(arguments), cmocka_unit_test(expired), cmocka_unit_test(useless_skips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
