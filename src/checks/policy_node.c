/* Nodes: what policies see of a resource change or a provider block as a whole.
 *
 * Contract: values are those after the change (planspool-policies(5), DIFFERENCES, A 1); what nothing stands behind
 * after the change, and deposed objects, are no nodes. Data sources that are read later are nodes of type data.TYPE. A
 * provider block has its constant attributes that are true in Python's sense, and alias (VALUES).
 *
 * Attributes that hold a JSON document as text are decoded when first asked for (VALUES). Text that is no document stays
 * text; one that begins as a document and cannot be read as one is trouble for whoever looks at it, because as text it
 * would have nothing that a policy forbids, while Python, which Checkov decodes with, takes NaN, keys that occur twice
 * and lone surrogates. __address__, __change_actions__ and __change_keys__ are found by name only. Arenas are used again for
 * each node. */
#include "checks/policy_node.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checks/policy_operators.h"
#include "checks/policy_text.h"

#define DOCUMENT_MAX (64u << 20)
#define INDEX_SLOTS 256	/* a power of two */
#define INDEX_MEMBERS 128	/* a resource with more attributes is searched instead */

struct policy_scratch {
	struct policy_workspace work;
	struct value_arena *decoded, *keys;
	/* Worked out when first asked for about the node that was filled in last. */
	bool document_tried, changed_tried;
	const struct value *document, *changed;
	bool document_broken, trouble;	/* trouble: it was asked for */
	/* The top-level attributes of that node by a hash of their keys; a slot counts if it has the node's number. */
	struct {
		uint32_t node;
		const struct value *member;
	} slots[INDEX_SLOTS];
	uint32_t node;
	bool indexed;
	struct buf decoded_text, keys_text, type_text, address_text, trouble_text;
};

struct policy_scratch *policy_scratch_new(void)
{
	struct policy_scratch *s = xcalloc(1, sizeof(*s));

	s->work.json.max = s->work.text_left = POLICY_TEXT_MAX;
	s->decoded_text.max = DOCUMENT_MAX;
	s->keys_text.max = SIZE_MAX;	/* it is no longer than the resource, escaped */
	s->type_text.max = s->address_text.max = s->trouble_text.max = DOCUMENT_MAX;
	s->work.arena = value_arena_new();
	s->work.matcher = policy_matcher_new();
	s->decoded = value_arena_new();
	s->keys = value_arena_new();
	return s;
}

void policy_scratch_free(struct policy_scratch *s)
{
	if (s == NULL)
		return;
	struct buf *bufs[] = { &s->work.text, &s->work.json, &s->decoded_text, &s->keys_text, &s->type_text,
		&s->address_text, &s->trouble_text };

	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_free(bufs[i]);
	value_arena_free(s->work.arena);
	policy_matcher_free(s->work.matcher);
	value_arena_free(s->decoded);
	value_arena_free(s->keys);
	free(s);
}

struct policy_workspace *policy_scratch_workspace(struct policy_scratch *s)
{
	return &s->work;
}

bool policy_node_of_change(struct policy_node *node, const struct resource_change *change,
	struct policy_scratch *scratch)
{
	if (change->deposed != NULL || value_type(change->after) != VALUE_OBJECT || (!change->managed && !change->data))
		return false;
	*node = (struct policy_node){
		.address = change->address, .values = change->after, .unknown = change->after_unknown,
		.sensitive = change->after_sensitive, .change = change, .scratch = scratch,
	};
	scratch->document_tried = scratch->changed_tried = scratch->indexed = false;
	scratch->document = scratch->changed = NULL;
	scratch->document_broken = scratch->trouble = false;
	node->type.name = change->type;
	node->type.managed = change->managed;
	if (change->data) {
		buf_clear(&scratch->type_text);
		buf_printf(&scratch->type_text, "data.%s", change->type);
		node->type.name = buf_text(&scratch->type_text);
	} else {
		node->decode = policy_types_decoded(change->type);
	}
	node->type.tagged = value_get(change->after, "tags") != NULL ||
		value_get(change->after_unknown, "tags") != NULL;
	return true;
}

bool policy_node_of_provider(struct policy_node *node, const struct plan_item *item, struct policy_scratch *scratch)
{
	const char *name = value_text(value_get(item->value, "name"), NULL);

	if (item->key == NULL || strchr(item->key, ':') != NULL || strncmp(item->key, "module.", 7) == 0 ||
		strncmp(item->key, "__", 2) == 0)
		return false;
	*node = (struct policy_node){ .provider = true, .scratch = scratch,
		.values = value_get(item->value, "expressions") };
	if (name == NULL)
		name = item->key;
	node->alias = value_text(value_get(item->value, "alias"), NULL);
	if (node->alias == NULL || *node->alias == '\0')
		node->alias = "default";
	buf_clear(&scratch->type_text);
	buf_printf(&scratch->type_text, "provider.%s", name);
	buf_clear(&scratch->address_text);
	buf_printf(&scratch->address_text, "%s.%s", name, node->alias);
	node->type.name = buf_text(&scratch->type_text);
	node->address = buf_text(&scratch->address_text);
	return true;
}

static struct view provider_attribute(const struct value *expression, const char *key)
{
	struct view v = view_plain(value_get(expression, "constant_value"), NULL, key, false);

	return view_truthy(&v) ? v : view_missing;
}

static struct view provider_member(const struct policy_node *node, const char *key, size_t len)
{
	if (len == 5 && memcmp(key, "alias", 5) == 0)
		return view_text(node->alias, strlen(node->alias));
	const struct value *expression = value_get_n(node->values, key, len);

	return expression == NULL ? view_missing : provider_attribute(expression, len == 4 &&
		memcmp(key, "tags", 4) == 0 ? "tags" : "");
}

/* Whether text is meant to be a document. A scalar has nothing in it that could be missed. */
static bool begins_document(const char *text, size_t len)
{
	size_t start = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (start < len && strchr(" \t\r\n\f\v", text[start]) != NULL && text[start] != '\0')
		start++;
	return start < len && (text[start] == '{' || text[start] == '[');
}

static void decode_document(struct policy_scratch *s, const char *text, size_t len)
{
	struct value_fault fault = { 0, "too long" };

	buf_clear(&s->decoded_text);
	if (buf_append(&s->decoded_text, text, len) == 0)
		s->document = value_parse(s->decoded, s->decoded_text.data, len, PLAN_DEPTH, &fault);
	if (s->document == NULL && begins_document(text, len)) {
		s->document_broken = true;
		buf_clear(&s->trouble_text);
		buf_printf(&s->trouble_text, "the JSON text in it cannot be read: %s (byte %zu)", fault.what,
			fault.offset);
	}
	if (value_type(s->document) == VALUE_NULL)
		s->document = NULL;
}

/* The document that an attribute of text holds; NULL if it holds none. */
static const struct value *decoded_document(struct policy_scratch *s, const struct value *text)
{
	size_t len;
	const char *bytes = value_text(text, &len);

	if (!s->document_tried && value_type(text) == VALUE_STRING && len > 0)
		decode_document(s, bytes, len);
	s->document_tried = true;
	s->trouble |= s->document_broken;
	return s->document;
}

const char *policy_node_trouble(const struct policy_node *node)
{
	struct policy_scratch *s = node->scratch;
	bool trouble = s->trouble;

	s->trouble = false;
	return trouble ? buf_text(&s->trouble_text) : NULL;
}

static size_t slot_of(const char *key, size_t len)
{
	unsigned first = (unsigned char)key[0], middle = (unsigned char)key[len / 2], last = (unsigned char)key[len - 1];

	return (first * 7u + middle * 31u + last * 13u + len) & (INDEX_SLOTS - 1);
}

static void index_values(struct policy_scratch *s, const struct value *values)
{
	s->indexed = true;
	if (++s->node == 0) {
		memset(s->slots, 0, sizeof(s->slots));
		s->node = 1;
	}
	for (const struct value *v = value_first(values); v != NULL; v = value_next(v)) {
		size_t len, slot;
		const char *key = value_key(v, &len);

		if (len == 0)
			continue;
		for (slot = slot_of(key, len); s->slots[slot].node == s->node; slot = (slot + 1) & (INDEX_SLOTS - 1))
			continue;
		s->slots[slot].node = s->node;
		s->slots[slot].member = v;
	}
}

/* A member of the values, as value_get_n finds it, but for many policies that ask. */
static const struct value *find_value(const struct policy_node *node, const char *key, size_t len)
{
	struct policy_scratch *s = node->scratch;

	if (value_count(node->values) > INDEX_MEMBERS)
		return value_get_n(node->values, key, len);
	if (!s->indexed)
		index_values(s, node->values);
	for (size_t slot = slot_of(key, len); s->slots[slot].node == s->node; slot = (slot + 1) & (INDEX_SLOTS - 1)) {
		size_t n;
		const char *found = value_key(s->slots[slot].member, &n);

		if (n == len && memcmp(found, key, len) == 0)
			return s->slots[slot].member;
	}
	return NULL;
}

/* What is unknown of a top-level attribute. */
static const struct value *mask_of(const struct policy_node *node, const char *key, size_t len)
{
	return value_type(node->unknown) == VALUE_BOOL ? node->unknown : value_get_n(node->unknown, key, len);
}

/* A top-level attribute by its key; v NULL if only the mask may have it. */
static struct view attribute_view(const struct policy_node *node, const struct value *v, const char *key, size_t len)
{
	const struct value *mask = mask_of(node, key, len);

	if (node->decode != NULL && strlen(node->decode) == len && memcmp(node->decode, key, len) == 0 &&
		!(value_type(mask) == VALUE_BOOL && value_bool(mask))) {
		const struct value *document = decoded_document(node->scratch, v);

		if (document != NULL)
			return view_decoded(document);
	}
	return view_plain(v, mask, len == 4 && memcmp(key, "tags", 4) == 0 ? "tags" : "", false);
}

static int put_json_text(struct buf *out, const char *text, size_t len)
{
	if (buf_append(out, "\"", 1) != 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == '"' || c == '\\') {
			buf_printf(out, "\\u%04x", c);
		} else if (buf_append(out, text + i, 1) != 0) {
			return -1;
		}
	}
	return buf_append(out, "\"", 1);
}

static int by_key(const void *a, const void *b)
{
	size_t len, other_len;
	const char *key = value_key(*(const struct value *const *)a, &len);
	const char *other = value_key(*(const struct value *const *)b, &other_len);
	int order = memcmp(key, other, len < other_len ? len : other_len);

	return order != 0 ? order : (len > other_len) - (len < other_len);
}

static int put_keys(struct buf *out, const struct value *const *members, size_t n)
{
	buf_puts(out, "[");
	for (size_t i = 0; i < n; i++) {
		size_t len;
		const char *key = value_key(members[i], &len);

		if (buf_append(out, ",", i > 0) != 0 || put_json_text(out, key, len) != 0)
			return -1;
	}
	return buf_append(out, "]", 1);
}

/* The keys of before whose value is another after the change, or is not known yet, as a JSON list in their order. */
static const struct value *changed_keys(const struct policy_node *node)
{
	struct policy_scratch *s = node->scratch;
	struct value_fault fault;
	const struct value *before = value_type(node->change->before) == VALUE_OBJECT ? node->change->before : NULL;
	const struct value **changed = xcalloc(value_count(before) + 1, sizeof(*changed));
	size_t n = 0;

	for (const struct value *member = value_first(before); member != NULL; member = value_next(member)) {
		size_t len;
		const char *key = value_key(member, &len);
		struct view was = view_raw(member), is = view_raw(value_get_n(node->values, key, len));

		if (value_any_true(mask_of(node, key, len)) || !policy_equal(&was, &is))
			changed[n++] = member;
	}
	qsort(changed, n, sizeof(*changed), by_key);
	buf_clear(&s->keys_text);
	bool fits = put_keys(&s->keys_text, changed, n) == 0;

	free(changed);
	return fits ? value_parse(s->keys, s->keys_text.data, s->keys_text.len, 2, &fault) : NULL;
}

static struct view pseudo_attribute(const struct policy_node *node, const char *key, size_t len)
{
	if (len == 11 && memcmp(key, "__address__", 11) == 0)
		return view_text(node->address, strlen(node->address));
	if (node->change == NULL)
		return view_missing;
	if (len == 18 && memcmp(key, "__change_actions__", 18) == 0) {
		const struct value *actions = node->change->action_list;

		return view_raw(value_count(actions) == 1 ? value_first(actions) : actions);
	}
	if (len == 15 && memcmp(key, "__change_keys__", 15) == 0) {
		struct policy_scratch *s = node->scratch;

		if (!s->changed_tried)
			s->changed = changed_keys(node);
		s->changed_tried = true;
		return view_raw(value_count(s->changed) == 1 ? value_first(s->changed) : s->changed);
	}
	return view_missing;
}

struct view policy_node_member(const struct policy_node *node, const char *key, size_t len)
{
	if (len > 2 && key[0] == '_' && key[1] == '_')
		return pseudo_attribute(node, key, len);
	if (node->provider)
		return provider_member(node, key, len);
	const struct value *v = find_value(node, key, len);

	/* Checkov stores an attribute self as self_; either name finds it (planspool-policies(5), DIFFERENCES). */
	if (v == NULL && len == 5 && memcmp(key, "self_", 5) == 0)
		return policy_node_member(node, "self", 4);
	return attribute_view(node, v, key, len);
}

void policy_node_start(struct view_iterator *it, const struct policy_node *node)
{
	it->next = value_first(node->values);
}

bool policy_node_next(struct view_iterator *it, const struct policy_node *node, struct view *out)
{
	for (;;) {
		if (it->next == NULL) {
			if (it->masked || node->unknown == NULL)
				return false;
			it->masked = true;
			it->next = value_first(node->unknown);
			continue;
		}
		const struct value *member = it->next;

		it->next = value_next(member);
		it->key = value_key(member, &it->key_len);
		if (it->key_len == 0)
			continue;
		if (it->masked && value_get_n(node->values, it->key, it->key_len) != NULL)
			continue;
		*out = node->provider ? provider_attribute(member, it->key) :
			attribute_view(node, it->masked ? NULL : member, it->key, it->key_len);
		if (out->type == VIEW_MISSING)
			continue;
		it->index = it->count++;
		return true;
	}
}
