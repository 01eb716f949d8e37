/* Compiles one condition: attribute, filter, resource or connection.
 *
 * Contract: what Checkov rejects is refused (planspool-policies(5), CONDITIONS), with what was probably meant, and so
 * is a JSONPath that does not parse (A 4). Keys that are ignored, and a condition that can never give a verdict, are
 * warned about.
 *
 * Limits: POLICY_LEAVES conditions of a policy, paths of POLICY_PATH_MAX bytes, values of VALUE_MAX bytes. */
#include "checks/policy_compiler.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "checks/policy_path.h"

#define VALUE_MAX (1u << 20)

/* The text under a key, NULL when there is no such key. -1, with a fault, when it is no text: Checkov rejects the
 * policy then, or raises an exception on every resource. */
static int read_text(struct policy_compiler *c, const struct doc_node *node, const char *key, const char **text)
{
	const struct doc_node *value = doc_get(node, key);
	struct doc_value scalar;

	*text = NULL;
	if (value == NULL)
		return 0;
	if (value->kind != DOC_SCALAR || doc_scalar(value, &scalar) != DOC_STRING ||
		strlen(value->text) != value->len) {
		faults_error(c->faults, c->file, value->line, "%s must be text (in quotes where it reads as a number, "
			"a date, true, false or null)", key);
		return -1;
	}
	*text = value->text;
	return 0;
}

bool policy_doc_truthy(const struct doc_node *node)
{
	struct doc_value v;

	if (node == NULL)
		return false;
	if (node->kind != DOC_SCALAR)
		return node->count > 0;
	switch (doc_scalar(node, &v)) {
	case DOC_NULL:
		return false;
	case DOC_BOOL:
		return v.boolean;
	case DOC_INTEGER:
	case DOC_FLOAT:
		return v.number != 0;
	default:
		return node->len > 0;
	}
}

void policy_condition_free(struct policy_condition *c)
{
	if (c == NULL)
		return;
	policy_types_free(&c->types);
	policy_types_free(&c->connected);
	policy_jsonpath_free(c->jsonpath);
	policy_operand_free(&c->value);
	free(c->attribute);
	free(c);
}

void policy_warn_keys(const struct doc_node *node, const char *const *known, const char *file, struct faults *faults)
{
	for (size_t i = 0; i < node->count; i++) {
		const char *key = node->keys[i]->text, *nearest;
		const char *const *k = known;

		while (*k != NULL && strcmp(*k, key) != 0)
			k++;
		if (*k != NULL)
			continue;
		nearest = text_nearest(key, known);
		faults_warn(faults, file, node->keys[i]->line, "the key '%s' is ignored%s%s%s", key,
			nearest != NULL ? ", did you mean '" : "", nearest != NULL ? nearest : "",
			nearest != NULL ? "'?" : "");
	}
}

/* The operator of a condition, which must be one of a few. */
static int read_choice(struct policy_compiler *c, const struct doc_node *node, const char *kind,
	const char *const *choices)
{
	const struct doc_node *operator = doc_get(node, "operator");
	const char *text;

	if (read_text(c, node, "operator", &text) != 0)
		return -1;
	for (int i = 0; text != NULL && choices[i] != NULL; i++) {
		if (strcmp(text, choices[i]) == 0)
			return i;
	}
	if (text == NULL) {
		faults_error(c->faults, c->file, node->line, "operator is missing in a %s condition", kind);
		return -1;
	}
	const char *nearest = text_nearest(text, choices);

	struct buf known = BUF_INIT(256);

	for (int i = 0; choices[i] != NULL; i++)
		buf_printf(&known, "%s%s", i > 0 ? ", " : "", choices[i]);
	faults_error(c->faults, c->file, operator->line, "unknown operator '%s' of a %s condition%s%s%s", text, kind,
		nearest != NULL ? ", did you mean '" : " (known: ", nearest != NULL ? nearest : buf_text(&known),
		nearest != NULL ? "'?" : ")");
	buf_free(&known);
	return -1;
}

static const char *const connection_operators[] = { "exists", "not_exists", "one_exists", NULL };
static const char *const resource_operators[] = { "exists", "not_exists", NULL };
static const char *const filter_operators[] = { "within", NULL };

static int read_attribute(struct policy_compiler *c, struct policy_condition *cond, const struct doc_node *node,
	const char *kind)
{
	const char *text;

	if (read_text(c, node, "attribute", &text) != 0)
		return -1;
	if (text == NULL || *text == '\0') {
		faults_error(c->faults, c->file, node->line, "attribute is missing in %s condition", kind);
		return -1;
	}
	if (strlen(text) >= POLICY_PATH_MAX) {
		faults_error(c->faults, c->file, node->line, "attribute is longer than %d bytes", POLICY_PATH_MAX - 1);
		return -1;
	}
	cond->attribute = xstrdup(text);
	return 0;
}

static int read_value(struct policy_compiler *c, struct policy_condition *cond, const struct doc_node *node)
{
	const struct doc_node *value = doc_get(node, "value");
	struct buf json = BUF_INIT(VALUE_MAX);
	const char *why = "";

	if (value == NULL)
		buf_puts(&json, "null");
	else if (policy_value_json(value, c->file, &json, c->faults) != 0)
		goto fail;
	if (policy_operand_init(&cond->value, xstrdup(buf_text(&json)), &why) != 0) {
		faults_error(c->faults, c->file, value != NULL ? value->line : node->line,
			"the value cannot be used: %s", why);
		goto fail;
	}
	buf_free(&json);
	return 0;
fail:
	buf_free(&json);
	return -1;
}

static int unknown_operator(struct policy_compiler *c, const struct doc_node *node, const char *prefix,
	const char *name)
{
	static const char documented[] = "_attribute_solver";	/* how Checkov's documentation ends some of the names */
	char *plain = xstrdup(name), *end = strstr(plain, documented);
	const char *nearest;

	if (end != NULL)
		*end = '\0';
	nearest = policy_operator_nearest(plain);
	free(plain);
	if (nearest != NULL)
		faults_error(c->faults, c->file, node->line, "unknown operator '%s%s', did you mean '%s%s'?", prefix,
			name, prefix, nearest);
	else
		faults_error(c->faults, c->file, node->line, "unknown operator '%s%s'", prefix, name);
	return -1;
}

/* A path for the operator: JSONPath, wildcards or plain. */
static int read_path(struct policy_compiler *c, struct policy_condition *cond, const struct doc_node *node,
	bool jsonpath)
{
	char why[128], part[64];
	unsigned line = doc_get(node, "attribute")->line;

	if (jsonpath) {
		cond->jsonpath = policy_jsonpath_parse(cond->attribute, why, sizeof(why));
		if (cond->jsonpath != NULL)
			return 0;
		faults_error(c->faults, c->file, line, "the JSONPath '%s' cannot be used: %s", cond->attribute, why);
		return -1;
	}
	cond->wildcard = policy_path_wildcard(cond->attribute);
	if (cond->wildcard && policy_path_bad_part(cond->attribute, part, sizeof(part)) != NULL) {
		faults_warn(c->faults, c->file, line,
			"the part '%s' of the path '%s' is no name: every resource is an error", part, cond->attribute);
		cond->hopeless = "a part of the path is no name";
	}
	return 0;
}

static int compile_attribute(struct policy_compiler *c, struct policy_condition *cond, const struct doc_node *node,
	bool typed)
{
	const struct doc_node *operator = doc_get(node, "operator");
	const char *name = "any";
	static const char prefix[] = "jsonpath_";
	const char *why = "";
	bool jsonpath;
	int result = 0;

	cond->kind = CONDITION_ATTRIBUTE;
	if (typed && read_text(c, node, "operator", &name) != 0)
		return -1;
	if (name == NULL) {
		faults_error(c->faults, c->file, node->line, "operator is missing in an attribute condition");
		return -1;
	}
	jsonpath = strncmp(name, prefix, sizeof(prefix) - 1) == 0;
	cond->operator = policy_operator_named(jsonpath ? name + sizeof(prefix) - 1 : name);
	if (cond->operator == NULL)
		result = unknown_operator(c, operator, jsonpath ? prefix : "",
			jsonpath ? name + sizeof(prefix) - 1 : name);
	if (read_attribute(c, cond, node, "an attribute") != 0 || read_path(c, cond, node, jsonpath) != 0)
		result = -1;
	if (read_value(c, cond, node) != 0)
		return -1;
	if (cond->operator != NULL && cond->operator->prepare != NULL &&
		cond->operator->prepare(&cond->value, &why) != 0) {
		faults_error(c->faults, c->file, doc_get(node, "value") != NULL ? doc_get(node, "value")->line :
			node->line, "the value of '%s' cannot be used: %s", cond->operator->name, why);
		return -1;
	}
	return result;
}

static int compile_filter(struct policy_compiler *c, struct policy_condition *cond, const struct doc_node *node)
{
	cond->kind = CONDITION_FILTER;
	if (read_choice(c, node, "filter", filter_operators) < 0 || read_attribute(c, cond, node, "a filter") != 0 ||
		read_value(c, cond, node) != 0)
		return -1;
	cond->operator = policy_operator_named("within");
	cond->node_type = strcmp(cond->attribute, "resource_type") == 0;
	return 0;
}

static const char *const condition_keys[] = { "cond_type", "resource_types", "connected_resource_types", "attribute",
	"operator", "value", NULL };
static const char *const condition_types[] = { "attribute", "connection", "filter", "resource", NULL };

/* By cond_type. */
static int compile_kind(struct policy_compiler *c, struct policy_condition *cond, const struct doc_node *node,
	const char *type)
{
	int choice = 0;

	if (type == NULL && !policy_doc_truthy(doc_get(node, "attribute"))) {
		cond->operator = policy_operator_named("any");
		cond->hopeless = "it has neither cond_type nor attribute";
		faults_warn(c->faults, c->file, node->line,
			"this is no condition (it has neither cond_type nor attribute, and no "
			"and, or, not): every resource is an error");
		return 0;
	}
	if (type == NULL)
		faults_warn(c->faults, c->file, node->line, "cond_type is missing, so this is true whatever the operator "
			"says; write 'cond_type: attribute'");
	if (type == NULL || strcmp(type, "attribute") == 0)
		return compile_attribute(c, cond, node, type != NULL);
	if (strcmp(type, "filter") == 0)
		return compile_filter(c, cond, node);
	if (strcmp(type, "connection") == 0) {
		cond->kind = CONDITION_CONNECTION;
		choice = read_choice(c, node, "connection", connection_operators);
	} else if (strcmp(type, "resource") == 0) {
		cond->kind = CONDITION_RESOURCE;
		choice = read_choice(c, node, "resource", resource_operators);
	} else {
		const char *nearest = text_nearest(type, condition_types);

		faults_error(c->faults, c->file, doc_get(node, "cond_type")->line, "unknown cond_type '%s'%s%s%s", type,
			nearest != NULL ? ", did you mean '" : " (known: attribute, connection, filter, resource)",
			nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
		return -1;
	}
	cond->connection = (enum policy_connection)choice;
	return choice < 0 ? -1 : 0;
}

int policy_compile_condition(struct policy_compiler *c, struct policy_block *b, const struct doc_node *node)
{
	struct policy *p = c->policy;
	const struct doc_node *types = doc_get(node, "resource_types");
	const char *type;
	struct policy_condition *cond = xcalloc(1, sizeof(*cond));
	size_t errors = c->faults->errors;

	b->kind = BLOCK_CONDITION;
	b->condition = cond;
	cond->line = node->line;
	policy_warn_keys(node, condition_keys, c->file, c->faults);
	if (read_text(c, node, "cond_type", &type) == 0)
		(void)compile_kind(c, cond, node, type != NULL && *type != '\0' ? type : NULL);
	types = policy_doc_truthy(types) ? types : NULL;
	/* Nobody names the types of a filter; there a provider that is not known adds none, as in Checkov. */
	if (cond->kind != CONDITION_FILTER || types != NULL || policy_types_known_provider(p->provider))
		(void)policy_types_read(&cond->types, types, p->provider, false, c->file, node->line, c->faults);
	b->connects = cond->kind == CONDITION_CONNECTION;
	if (b->connects)
		(void)policy_types_read(&cond->connected, doc_get(node, "connected_resource_types"), p->provider, true,
			c->file, node->line, c->faults);
	/* Each of them has said what is wrong. */
	if (c->faults->errors > errors)
		return -1;
	if (p->leaf_count == POLICY_LEAVES) {
		faults_error(c->faults, c->file, node->line, "more than %d conditions in one policy", POLICY_LEAVES);
		return -1;
	}
	cond->leaf = p->leaf_count;
	p->leaves = xreallocarray(p->leaves, p->leaf_count + 1, sizeof(*p->leaves));
	p->leaves[p->leaf_count++] = cond;
	policy_types_add(&b->types, &cond->types);
	policy_types_add(&b->connected, &cond->connected);
	return 0;
}
