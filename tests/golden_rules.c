/* Why the policies check differs from Checkov: by rules, never by cases. A rule is a row: the paragraph of
 * planspool-policies(5), DIFFERENCES, and a function that looks at what the policy asks and at what stands in the plan
 * at the place it asks for, so that a difference that has no reason of that kind is not explained away. The first row
 * that holds is the reason. */
#include <string.h>
#include <strings.h>

#include "golden.h"

static const char *text_or_nothing(const json_t *block, const char *key)
{
	const char *text = json_get_string(block, key);

	return text != NULL ? text : "";
}

static void read_block(struct question *q, json_t *block)
{
	static const char *const logical[] = { "and", "or", "not" };

	for (size_t i = 0; i < 3; i++) {
		json_t *list = json_get(block, logical[i]);

		if (!json_is_object(list) && json_count(list) == 0)
			continue;
		q->logical = true;
		if (json_is_object(list))
			read_block(q, list);
		for (size_t k = 0; json_is_array(list) && k < json_count(list); k++)
			read_block(q, json_at(list, k));
		return;
	}
	if (q->count == CONDITIONS)
		return;
	struct condition *c = &q->list[q->count++];

	*c = (struct condition){ block, text_or_nothing(block, "cond_type"), text_or_nothing(block, "attribute"),
		text_or_nothing(block, "operator"), false };
	c->jsonpath = starts(c->operator, "jsonpath_");
	c->operator += c->jsonpath ? strlen("jsonpath_") : 0;
	c->operator += starts(c->operator, "not_") && !starts(c->operator, "not_exists") ? strlen("not_") : 0;
	q->connects |= is(c->type, "connection");
}

/* What conditions ask. */
typedef bool asks_fn(const struct condition *c);

static bool asks_anything(const struct condition *c)
{
	return *c->attribute != '\0';
}

static bool asks_contains(const struct condition *c)
{
	return is(c->operator, "contains");
}

static bool asks_order(const struct condition *c)
{
	return starts(c->operator, "greater_than") || starts(c->operator, "less_than");
}

/* What can raise an exception, by its operator, by its path, or because it is no condition at all. */
static bool can_raise(const struct condition *c)
{
	static const char *const raising[] = { "contains", "within", "subset", "starting_with", "ending_with",
		"range_includes", "range_not_includes", "cidr_range_subset", "cidr_range_not_subset", "regex_match" };

	if (is(c->type, "connection") || is(c->type, "resource"))
		return false;
	for (size_t i = 0; i < sizeof(raising) / sizeof(raising[0]); i++) {
		if (is(c->operator, raising[i]))
			return true;
	}
	return c->jsonpath || *c->type == '\0' || strpbrk(c->attribute, "()[]\\+?") != NULL;
}

static bool some(const struct question *q, asks_fn *asks)
{
	for (size_t i = 0; i < q->count; i++) {
		if (asks(&q->list[i]))
			return true;
	}
	return false;
}

/* Whether what some condition asks for holds a value of a kind, in the resource of the difference or in any. */
enum where { HERE, ANYWHERE };

static bool finds(const struct question *q, asks_fn *asks, const char *section, golden_test_fn *test, enum where where)
{
	const json_t *changes = json_get(q->d->plan, "resource_changes");

	for (size_t i = 0; i < json_count(changes); i++) {
		json_t *change = json_at(changes, i), *values = json_get(json_get(change, "change"), section);

		if (!is(json_get_string(change, "address"), q->d->address) && (where == HERE || (q->connects &&
			!golden_connects_type(q, change))))
			continue;
		for (size_t k = 0; k < q->count; k++) {
			if (asks(&q->list[k]) && golden_finds(values, q->list[k].attribute, test))
				return true;
		}
	}
	return false;
}

/* A connection looks at other resources too. */
static enum where reach(const struct question *q)
{
	return q->connects ? ANYWHERE : HERE;
}

static bool asks_address(const struct condition *c)
{
	return is(c->attribute, "__address__");
}

static bool asks_known_text(const struct question *q, enum where where)
{
	return some(q, asks_address) || finds(q, asks_anything, "after", golden_is_unresolved, where);
}

/* A 2 */
static bool unknown_value(const struct question *q)
{
	return is(q->d->ours, "unknown") && finds(q, asks_anything, "after_unknown", golden_is_true, reach(q));
}

static bool known_text(const struct question *q)
{
	return is(q->d->theirs, "unknown") && asks_known_text(q, reach(q));
}

static bool known_text_connected(const struct question *q)
{
	return q->connects && q->d->theirs != NULL && q->d->ours != NULL && !is(q->d->ours, "unknown") &&
		asks_known_text(q, ANYWHERE);
}

/* Then what comes after it in a block is reached, or is not. */
static bool unknown_then_exception(const struct question *q)
{
	return is(q->d->ours, "error") && q->logical && some(q, can_raise) &&
		finds(q, asks_anything, "after_unknown", golden_is_true, reach(q));
}

static bool known_text_then_exception(const struct question *q)
{
	return q->d->theirs == NULL && some(q, can_raise) && asks_known_text(q, q->logical ? ANYWHERE : HERE);
}

static bool known_null(const struct question *q)
{
	if (is(q->d->ours, "unknown") || !finds(q, asks_anything, "after", golden_is_null, HERE))
		return false;
	for (size_t i = 0; i < q->count; i++) {
		if (golden_computed(q->d->plan, q->d->address, q->list[i].attribute))
			return true;
	}
	return false;
}

/* A 3 */
static bool exception(const struct question *q)
{
	return is(q->d->ours, "error") && q->d->theirs == NULL && some(q, can_raise);
}

static bool exception_connected(const struct question *q)
{
	return q->connects && some(q, can_raise) && (is(q->d->ours, "error") || q->d->ours_has_errors);
}

static bool numeric_text(const struct question *q)
{
	return (q->d->theirs == NULL || q->connects) && finds(q, asks_contains, "after", golden_is_numeric, reach(q));
}

/* Checkov drops a policy when one resource raises an exception inside of a block. */
static bool exception_elsewhere(const struct question *q)
{
	return q->d->theirs == NULL && q->d->theirs_silent && q->logical && some(q, can_raise) &&
		(q->d->ours_has_errors || q->connects || finds(q, asks_contains, "after", golden_is_numeric, ANYWHERE));
}

/* A 4 */
static bool asks_order_by_number(const struct condition *c)
{
	return asks_order(c) && golden_is_number(json_get(c->block, "value"));
}

static bool asks_order_by_zero(const struct condition *c)
{
	return asks_order(c) && golden_is_zero(json_get(c->block, "value"));
}

static bool zero(const struct question *q)
{
	return finds(q, asks_order_by_number, "after", golden_is_zero, reach(q)) ||
		finds(q, asks_order_by_zero, "after", golden_is_number, reach(q));
}

static bool asks_self(const struct condition *c)
{
	return is(c->attribute, "self") || starts(c->attribute, "self.");
}

static bool self(const struct question *q)
{
	return some(q, asks_self);
}

static bool lists_of_lists(const struct question *q)
{
	return finds(q, asks_anything, "after", golden_is_list_of_lists, reach(q));
}

static bool backslash(const struct question *q)
{
	return finds(q, asks_anything, "after", golden_has_backslash, reach(q));
}

static const char *first_type(const struct condition *c)
{
	json_t *types = json_get(c->block, "resource_types");
	const char *first = json_string(json_is_array(types) ? json_at(types, 0) : types);

	return first != NULL ? first : "";
}

static bool asks_all_of_provider(const struct condition *c)
{
	return strcasecmp(first_type(c), "all") == 0 || *first_type(c) == '\0';
}

static bool asks_taggable(const struct condition *c)
{
	return strcasecmp(first_type(c), "taggable") == 0;
}

/* Other types are in no table of Checkov's, and have no prefix here. */
static bool is_of_cloud(const char *type)
{
	return type != NULL && (starts(type, "aws_") || starts(type, "azurerm_") || starts(type, "google_"));
}

static bool types_of_provider(const struct question *q)
{
	const json_t *changes = json_get(q->d->plan, "resource_changes");

	if (!some(q, asks_taggable) && (json_get_string(q->d->scope, "provider") == NULL ||
		!some(q, asks_all_of_provider)))
		return false;
	for (size_t i = 0; i < json_count(changes); i++) {
		json_t *change = json_at(changes, i);

		if ((q->connects || is(json_get_string(change, "address"), q->d->address)) &&
			is_of_cloud(json_get_string(change, "type")))
			return true;
	}
	return false;
}

static bool asks_resource(const struct condition *c)
{
	return is(c->type, "resource");
}

static bool managed_only(const struct question *q)
{
	return !q->logical && some(q, asks_resource) && q->d->ours == NULL &&
		!is(json_get_string(golden_change(q->d->plan, q->d->address), "mode"), "managed");
}

static bool asks_provider_in_text(const struct condition *c)
{
	return json_is_string(json_get(c->block, "resource_types")) && starts(first_type(c), "provider.");
}

static bool provider_in_text(const struct question *q)
{
	return q->d->theirs == NULL && some(q, asks_provider_in_text);
}

static bool asks_connected_in_text(const struct condition *c)
{
	return is(c->type, "connection") && json_is_string(json_get(c->block, "connected_resource_types"));
}

/* For both ends of that connection; for others when it stands beside further conditions. */
static bool connected_in_text(const struct question *q)
{
	const json_t *here = golden_change(q->d->plan, q->d->address);

	for (size_t i = 0; i < q->count; i++) {
		json_t *block = q->list[i].block;

		if (asks_connected_in_text(&q->list[i]) && (q->count > 1 ||
			golden_names_type(json_get(block, "resource_types"), here) ||
			golden_names_type(json_get(block, "connected_resource_types"), here)))
			return true;
	}
	return false;
}

static bool asks_change_keys(const struct condition *c)
{
	return is(c->attribute, "__change_keys__");
}

static bool change_keys(const struct question *q)
{
	return some(q, asks_change_keys);
}

static const struct {
	const char *name;
	bool (*holds)(const struct question *q);
} rules[] = {
	{ "A 3: an exception is an error", exception },
	{ "A 2: unknown values are unknown", unknown_value },
	{ "A 2: known text is never unknown", known_text },
	{ "A 4, row 11: text that reads as a number contains text", numeric_text },
	{ "A 3: an exception on one resource takes nothing from others", exception_elsewhere },
	{ "A 2: known text is never unknown (so that nothing raises)", known_text_then_exception },
	{ "A 2: unknown values are unknown (so that something raises)", unknown_then_exception },
	{ "A 4, row 12: zero compares as a number", zero },
	{ "A 4, row 22: types of a provider go by prefix, taggable by tags", types_of_provider },
	{ "A 4, row 23: allowed types are about managed resources", managed_only },
	{ "A 4, row 24: text for connected_resource_types is a list of one", connected_in_text },
	{ "A 4, row 28: lists of lists are kept", lists_of_lists },
	{ "A 4, row 28: self is found by its name", self },
	{ "A 4, row 30: text for resource_types is a list of one", provider_in_text },
	{ "A 2: known text is never unknown (seen through a connection)", known_text_connected },
	{ "A 3: an exception is an error (seen through a connection)", exception_connected },
	{ "A 5: an index in a reference names the instance", golden_constant_index },
	{ "A 5: modules with for_each are found in the configuration", golden_for_each_module },
	{ "A 5: inputs and outputs of modules connect", golden_through_modules },
	{ "A 5: a reference means the resource of its own module", golden_same_name },
	{ "A 5: text that looks like a reference is none", golden_text_names_resource },
	{ "A 2: what is known to be null is null, whatever computes it", known_null },
	{ "A 4, row 27: backslashes are kept", backslash },
	{ "(the case names a key that its own plan has not before the change)", change_keys },
};

const char *golden_rule(const struct difference *d)
{
	struct question q = { .d = d };

	read_block(&q, d->definition);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].holds(&q))
			return rules[i].name;
	}
	return NULL;
}

static bool asks_jsonpath(const struct condition *c)
{
	return c->jsonpath;
}

static bool asks_no_attribute(const struct condition *c)
{
	return *c->attribute == '\0' && (is(c->type, "attribute") || is(c->type, "filter"));
}

static bool has_no_text(json_t *types)
{
	bool no_text = json_is_object(types);

	for (size_t i = 0; json_is_array(types) && i < json_count(types); i++)
		no_text |= json_string(json_at(types, i)) == NULL || *json_string(json_at(types, i)) == '\0';
	return no_text;
}

static bool asks_no_text_types(const struct condition *c)
{
	return has_no_text(json_get(c->block, "resource_types")) ||
		has_no_text(json_get(c->block, "connected_resource_types"));
}

static bool asks_expansion(const struct condition *c)
{
	return asks_taggable(c) || asks_all_of_provider(c);
}

/* One that is known, or none. */
static bool is_cloud(const char *provider)
{
	return provider == NULL || strcasecmp(provider, "aws") == 0 || strcasecmp(provider, "azure") == 0 ||
		strcasecmp(provider, "gcp") == 0;
}

const char *golden_refusal_rule(json_t *definition, json_t *scope, bool silent)
{
	struct question q = { .d = NULL };

	read_block(&q, definition);
	if (some(&q, asks_no_attribute))
		return "A 4, row 20: an attribute must be text";
	if (some(&q, asks_no_text_types))
		return "A 4, row 20: types must be text";
	if (!is_cloud(json_get_string(scope, "provider")) && some(&q, asks_expansion))
		return "A 4, row 22: a provider that is not known is refused";
	return silent && some(&q, asks_jsonpath) ? "A 4: a JSONPath that does not parse is refused" : NULL;
}
