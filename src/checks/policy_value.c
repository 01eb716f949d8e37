/* Values in policy files, by the rules of YAML 1.1 (planspool-policies(5), FILES): yes and on are true, 0777 is 511,
 * 1:30 is 90, 1e3 is text.
 *
 * Contract: the value becomes JSON text, so that values of plans and of policies are the same kind of thing from then
 * on. Dates are refused, since nobody can tell whether text was meant; so are numbers that are not finite. Keys become
 * text: the JSON of what they are, so that yes is "true". */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checks/policy.h"
#include "checks/policy_text.h"

#define VALUE_DEPTH 32

static int put_text(struct buf *out, const char *text, size_t len)
{
	char escape[8];

	if (buf_append(out, "\"", 1) != 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		/* People see it in reasons. */
		if (c < 0x20 || c == '"' || c == '\\') {
			snprintf(escape, sizeof(escape), c < 0x20 ? "\\u%04x" : "\\%c", c);
			if (buf_append(out, escape, strlen(escape)) != 0)
				return -1;
		} else if (buf_append(out, text + i, 1) != 0) {
			return -1;
		}
	}
	return buf_append(out, "\"", 1);
}

/* The digits of a number that is written in decimal already, however large. */
static bool plain_integer(const char *text, size_t len)
{
	size_t start = text[0] == '-';

	return len > start && strspn(text + start, "0123456789") == len - start &&
		(text[start] != '0' || len == start + 1);
}

static int put_scalar(const struct doc_node *node, const char *file, struct buf *out, struct faults *faults)
{
	struct doc_value v;

	switch (doc_scalar(node, &v)) {
	case DOC_NULL:
		return buf_append(out, "null", 4);
	case DOC_BOOL:
		return v.boolean ? buf_append(out, "true", 4) : buf_append(out, "false", 5);
	case DOC_STRING:
		return put_text(out, node->text, node->len);
	case DOC_INTEGER:
		if (plain_integer(node->text, node->len))
			return buf_append(out, node->text, node->len);
		buf_printf(out, "%lld", (long long)v.integer);
		return 0;
	case DOC_FLOAT:
		if (plain_integer(node->text, node->len))
			return buf_append(out, node->text, node->len);
		if (isfinite(v.number))
			return policy_float_text(v.number, out);
		faults_error(faults, file, node->line,
			"the value '%s' is not a finite number; quote it if text is meant", node->text);
		return -1;
	case DOC_DATE:
		break;
	}
	faults_error(faults, file, node->line, "the value '%s' is a date; quote it if text is meant", node->text);
	return -1;
}

static int put_key(const struct doc_node *key, const char *file, struct buf *out, struct faults *faults)
{
	struct doc_value v;

	if (doc_scalar(key, &v) == DOC_STRING)
		return put_text(out, key->text, key->len);
	if (buf_append(out, "\"", 1) != 0 || put_scalar(key, file, out, faults) != 0)
		return -1;
	return buf_append(out, "\"", 1);
}

static int put_node(const struct doc_node *node, const char *file, struct buf *out, struct faults *faults,
	unsigned depth)
{
	bool mapping = node->kind == DOC_MAPPING;

	if (node->kind == DOC_SCALAR)
		return put_scalar(node, file, out, faults);
	if (depth == VALUE_DEPTH) {
		faults_error(faults, file, node->line, "the value is nested too deeply (at most %d levels)",
			VALUE_DEPTH);
		return -1;
	}
	if (buf_append(out, mapping ? "{" : "[", 1) != 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		if (i > 0 && buf_append(out, ",", 1) != 0)
			return -1;
		if (mapping && (put_key(node->keys[i], file, out, faults) != 0 ||
			buf_append(out, ":", 1) != 0))
			return -1;
		if (put_node(node->items[i], file, out, faults, depth + 1) != 0)
			return -1;
	}
	return buf_append(out, mapping ? "}" : "]", 1);
}

int policy_value_json(const struct doc_node *node, const char *file, struct buf *out, struct faults *faults)
{
	size_t before = faults->errors;

	if (put_node(node, file, out, faults, 0) == 0)
		return 0;
	if (faults->errors == before)
		faults_error(faults, file, node->line, "the value is too long");
	return -1;
}
