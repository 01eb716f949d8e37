/* Outcomes of policies, and reasons in words that people understand: "versioning.enabled is false, must equal true".
 *
 * Contract: a plan's sensitive values never get into a reason: a value is shown only if it is a scalar of at most
 * SHOWN_MAX bytes and the plan marks nothing of its attribute as sensitive. Which attribute that is, is told by where the
 * value stands in the plan, not by the path that led there: paths have other names for some, and keys may hold dots. Of
 * provider blocks, which have no marks, and of changes without marks nothing is shown. What a policy expects is the policy's own
 * text and is shown, cut. */
#include "checks/policy_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "checks/policy_operators.h"
#include "checks/policy_path.h"
#include "checks/policy_text.h"

#define SHOWN_MAX 80

static enum outcome_status status_of(enum truth verdict)
{
	switch (verdict) {
	case TRUTH_TRUE:
		return OUTCOME_PASSED;
	case TRUTH_FALSE:
		return OUTCOME_FAILED;
	case TRUTH_UNKNOWN:
		return OUTCOME_UNKNOWN;
	default:
		return OUTCOME_ERROR;
	}
}

void policy_report(const struct policy_reporter *r, const struct policy *p, const char *address, enum truth verdict,
	const char *reason)
{
	struct outcome one = {
		.status = status_of(verdict), .severity = p->severity, .id = p->id, .address = address,
			.description = p->name,
		.reason = reason, .help = p->message, .url = p->guideline,
	};
	const struct policy_skip *skip = verdict == TRUTH_TRUE ? NULL : policy_skips_find(r->skips, p->id, address,
		r->now_ms);
	char *why = NULL;

	if (skip != NULL) {
		why = skip->until != NULL ? xasprintf("skipped until %s: %s", skip->until, skip->reason) :
			xasprintf("skipped: %s", skip->reason);
		one.status = OUTCOME_SKIPPED;
		one.reason = why;
	}
	outcomes_add(r->outcomes, &one);
	free(why);
}

/* Escaped, and cut with a sign that it was. */
static void put_cut(struct buf *out, const char *text, size_t len)
{
	size_t shown = text_utf8_cut(text, len, SHOWN_MAX);

	if (text_escape(out, text, shown) == 0 && shown < len)
		buf_puts(out, "...");
}

/* The top-level attribute in which a value stands, or from whose text it was decoded; NULL: in none. */
static const char *attribute_of(const struct policy_node *node, const struct view *v, size_t *len)
{
	for (const struct value *m = value_first(node->values); m != NULL; m = value_next(m)) {
		if (value_holds(m, v->value))
			return value_key(m, len);
	}
	*len = node->decode != NULL ? strlen(node->decode) : 0;
	return v->value != NULL ? node->decode : NULL;
}

static bool may_be_shown(const struct policy_condition *c, const struct policy_node *node, const struct view *v)
{
	struct value_step step = { .index = 0 };

	if (node->provider)
		return false;
	/* Of our own making: the address, the actions, keys. */
	if (strncmp(c->attribute, "__", 2) == 0)
		return true;
	step.key = attribute_of(node, v, &step.len);
	return step.key != NULL && node->sensitive != NULL && !change_marked(node->sensitive, &step, 1);
}

/* What stands at the attribute, if it may be shown: " is false". */
static void put_value(struct buf *out, const struct policy_condition *c, const struct policy_node *node)
{
	struct view root = view_root(node), v;
	struct buf text = BUF_INIT(POLICY_TEXT_MAX);
	bool under;
	const char *s;
	size_t len;

	if (c->jsonpath != NULL || c->wildcard)
		return;
	v = policy_path_find(&root, c->attribute, strlen(c->attribute), &under);
	if (view_absent(&v)) {
		/* What a variable or a reference computes may well stand in the configuration. */
		buf_puts(out, node->provider ? " is missing or no constant" : " is missing");
	} else if (v.type != VIEW_UNKNOWN && v.type != VIEW_LIST && v.type != VIEW_OBJECT &&
		may_be_shown(c, node, &v)) {
		if (v.type == VIEW_BOOL)
			buf_puts(out, v.boolean ? " is true" : " is false");
		else if (policy_text(&v, &text, &s, &len) == 0 && len <= SHOWN_MAX) {
			buf_puts(out, v.type == VIEW_STRING ? " is \"" : " is ");
			if (text_escape(out, s, len) == 0 && v.type == VIEW_STRING)
				buf_puts(out, "\"");
		}
	}
	buf_free(&text);
}

/* What the policy wants: text in quotes, the rest as JSON. */
static void put_expected(struct buf *out, const struct policy_condition *c, const char *phrase)
{
	const char *place = strstr(phrase, "%s");

	if (place == NULL) {
		buf_puts(out, phrase);
		return;
	}
	if (buf_append(out, phrase, (size_t)(place - phrase)) != 0)
		return;
	put_cut(out, c->value.source, strlen(c->value.source));
	buf_puts(out, place + 2);
}

static char *finish(struct buf *out)
{
	char *text = xstrdup(buf_text(out));

	buf_free(out);
	return text;
}

static void put_types(struct buf *out, const struct policy_types *t)
{
	if (t->count == 0)
		buf_puts(out, t->all || t->taggable ? "a resource of the provider" : "any resource");
	for (size_t i = 0; i < t->count && i < 3; i++) {
		buf_puts(out, i > 0 ? " or " : "");
		put_cut(out, t->names[i], strlen(t->names[i]));
	}
	if (t->count > 3)
		buf_puts(out, " or others");
}

char *policy_reason(const struct policy_condition *c, bool inverted, const struct policy_node *node)
{
	struct buf out = BUF_INIT(8192);

	switch (c->kind) {
	case CONDITION_ATTRIBUTE:
		put_cut(&out, c->attribute, strlen(c->attribute));
		if (node != NULL && policy_types_match(&c->types, &node->type)) {
			put_value(&out, c, node);
		} else if (node != NULL) {
			buf_puts(&out, " is asked of another type of resource (");
			put_types(&out, &c->types);
			buf_puts(&out, ")");
		}
		buf_puts(&out, out.len > 0 && strstr(buf_text(&out), " is ") != NULL ? ", " : " ");
		put_expected(&out, c, inverted ? c->operator->must_not : c->operator->must);
		break;
	case CONDITION_FILTER:
		put_cut(&out, c->attribute, strlen(c->attribute));
		buf_puts(&out, inverted ? " must be none of " : " must be one of ");
		put_cut(&out, c->value.source, strlen(c->value.source));
		break;
	case CONDITION_RESOURCE:
		if (c->connection == CONNECTION_EXISTS && policy_types_empty(&c->types)) {
			buf_puts(&out, "no types of resources are allowed, since the policy names none");
		} else if (c->connection == CONNECTION_EXISTS) {
			buf_puts(&out, "its type is not among the allowed ones: ");
			put_types(&out, &c->types);
		} else {
			buf_puts(&out, "resources of this type are not allowed");
		}
		break;
	case CONDITION_CONNECTION:
		buf_puts(&out, c->connection == CONNECTION_NOT_EXISTS ? "must not be connected: " :
			"no good connection between ");
		put_types(&out, &c->types);
		buf_puts(&out, " and ");
		put_types(&out, &c->connected);
		break;
	}
	return finish(&out);
}

char *policy_reason_unknown(const struct policy_condition *c)
{
	struct buf out = BUF_INIT(8192);

	if (c->kind == CONDITION_RESOURCE) {
		buf_puts(&out, "a list of types that are not allowed says nothing about others");
	} else if (c->attribute != NULL) {
		put_cut(&out, c->attribute, strlen(c->attribute));
		buf_puts(&out, " is known only after apply");
	} else {
		buf_puts(&out, "what it is connected to is known only after apply");
	}
	return finish(&out);
}

char *policy_reason_error(const struct policy_condition *c, const char *why)
{
	struct buf out = BUF_INIT(8192);

	if (c->attribute != NULL)
		put_cut(&out, c->attribute, strlen(c->attribute));
	buf_puts(&out, c->attribute != NULL ? ": " : "");
	buf_puts(&out, c->operator != NULL ? c->operator->name : "the condition");
	buf_puts(&out, " cannot be applied");
	if (why != NULL && *why != '\0') {
		buf_puts(&out, ": ");
		buf_puts(&out, why);
	}
	return finish(&out);
}
