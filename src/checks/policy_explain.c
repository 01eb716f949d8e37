/* What a policy asks, in words.
 *
 * Contract: says what the compiled policy does, not what its file seems to say: a key that is ignored does not appear.
 * 'not' is taken to the conditions below it (not all of a, b is at least one of not a, not b), for which the table of
 * operators has the phrases; that is exact, since an operator and its negation are complements and no connection
 * stands below a 'not'. Whether a missing attribute satisfies a condition is found out by applying its operator to
 * one, so it needs no words in the table.
 *
 * Several lines, two spaces for each block within a block. What comes from the policy is escaped, and a value cut, so
 * that a line of the result is a line. */
#include "checks/policy_explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "checks/policy_node.h"
#include "checks/policy_operators.h"
#include "checks/policy_path.h"
#include "checks/policy_run.h"

#define SHOWN_MAX 400			/* bytes of a value */
#define EXPLAIN_MAX (64u << 20)		/* more than the limits of a policy and of its file let grow */

struct explaining {
	const struct policy *policy;
	struct policy_scratch *scratch;
	struct buf out;
};

static void put_cut(struct buf *out, const char *text, size_t max)
{
	size_t len = strlen(text), shown = text_utf8_cut(text, len, max);

	if (text_escape(out, text, shown) == 0 && shown < len)
		buf_puts(out, "...");
}

static void put_line(struct explaining *x, unsigned depth)
{
	buf_printf(&x->out, "%*s- ", (int)(2 * depth), "");
}

static bool same_types(const struct policy_types *a, const struct policy_types *b)
{
	if (a->count != b->count || a->all != b->all || a->taggable != b->taggable)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->names[i], b->names[i]) != 0)
			return false;
	}
	return true;
}

/* "must equal 3", with what the policy names. */
static void put_phrase(struct explaining *x, const struct policy_condition *c, bool inverted)
{
	const char *phrase = inverted ? c->operator->must_not : c->operator->must, *place = strstr(phrase, "%s");

	if (place == NULL) {
		buf_puts(&x->out, phrase);
		return;
	}
	buf_printf(&x->out, "%.*s", (int)(place - phrase), phrase);
	put_cut(&x->out, c->value.source, SHOWN_MAX);
	buf_puts(&x->out, place + 2);
}

/* What a missing attribute is for it, where the phrase does not say so itself. */
static void put_missing(struct explaining *x, const struct policy_condition *c, bool inverted)
{
	const char *why = NULL;
	enum truth t;

	if (!c->operator->looks)
		return;
	t = policy_operator_apply(c->operator, &view_missing, &c->value, policy_scratch_workspace(x->scratch), &why);
	if (t == TRUTH_ERROR)
		buf_puts(&x->out, " (missing: an error)");
	else if ((t == TRUTH_TRUE) != inverted)
		buf_puts(&x->out, " (or be missing)");
}

static void put_attribute(struct explaining *x, const struct policy_condition *c, bool inverted)
{
	bool all = c->jsonpath != NULL || (c->wildcard && c->operator->every);

	if (!same_types(&c->types, &x->policy->concerns)) {
		policy_types_words(&c->types, &x->out);
		buf_puts(&x->out, ": ");
	}
	if (c->jsonpath != NULL || c->wildcard)
		buf_puts(&x->out, all != inverted ? "every value of " : "at least one value of ");
	put_cut(&x->out, c->attribute, POLICY_PATH_MAX);
	buf_puts(&x->out, c->jsonpath != NULL ? " (JSONPath) " : " ");
	put_phrase(x, c, inverted);
	put_missing(x, c, inverted);
}

static void put_filter(struct explaining *x, const struct policy_condition *c, bool restricts, bool inverted)
{
	if (restricts)
		buf_puts(&x->out, "only where ");
	if (c->node_type)
		buf_puts(&x->out, "the type of the resource");
	else
		put_cut(&x->out, c->attribute, POLICY_PATH_MAX);
	buf_puts(&x->out, restricts ? " is one of " : inverted ? " must be none of " : " must be one of ");
	put_cut(&x->out, c->value.source, SHOWN_MAX);
	if (restricts)
		buf_puts(&x->out, " is there a verdict");
}

/* Alone it is a list of types; inside of blocks Checkov does not ask it. */
static void put_resource(struct explaining *x, const struct policy_condition *c, const struct policy_block *above,
	bool inverted)
{
	bool deny = c->connection == CONNECTION_NOT_EXISTS;

	if (above == NULL) {
		buf_puts(&x->out, deny ? "these types of resources are not allowed: " :
			"only these types of resources are allowed: ");
		if (policy_types_empty(&c->types))
			buf_puts(&x->out, "none");
		else
			policy_types_words(&c->types, &x->out);
		buf_puts(&x->out, deny ? " (of others nothing is said)" : "");
	} else if (above->connects) {
		buf_puts(&x->out, "a condition about resource types, which is ignored beside connections");
	} else {
		buf_printf(&x->out, "a condition about resource types, which inside of a block is always %s",
			deny != inverted ? "true" : "false");
	}
}

/* What the conditions beside a connection do to it. */
static const char *beside(const struct policy_condition *c, const struct policy_block *above)
{
	static const char *const words[] = {
		[CONNECTION_EXISTS] = ", and to nothing that fails a condition beside this",
		[CONNECTION_NOT_EXISTS] = "; a connection to what fails a condition beside this does not count",
		[CONNECTION_ONE_EXISTS] = ", one of them at least to what passes the conditions beside this",
	};
	size_t others = 0;

	for (size_t i = 0; above != NULL && above->kind == BLOCK_AND && i < above->count; i++) {
		const struct policy_condition *other = above->children[i]->condition;

		if (other == NULL ? !above->children[i]->connects : other->kind == CONDITION_ATTRIBUTE)
			others++;
	}
	return others > 0 ? words[c->connection] : "";
}

static void put_connection(struct explaining *x, const struct policy_condition *c, const struct policy_block *above)
{
	policy_types_words(&c->types, &x->out);
	buf_puts(&x->out, c->connection == CONNECTION_NOT_EXISTS ? " must not be connected to " :
		" must be connected to ");
	policy_types_words(&c->connected, &x->out);
	buf_puts(&x->out, " (both sides are asked)");
	buf_puts(&x->out, beside(c, above));
}

static void put_condition(struct explaining *x, const struct policy_block *b, const struct policy_block *above,
	bool inverted)
{
	const struct policy_condition *c = b->condition;

	if (c->hopeless != NULL) {
		buf_puts(&x->out, "this cannot be evaluated and is an error: ");
		buf_puts(&x->out, c->hopeless);
	} else if (c->kind == CONDITION_ATTRIBUTE) {
		put_attribute(x, c, inverted);
	} else if (c->kind == CONDITION_FILTER) {
		put_filter(x, c, above != NULL && above->connects, inverted);
	} else if (c->kind == CONDITION_RESOURCE) {
		put_resource(x, c, above, inverted);
	} else {
		put_connection(x, c, above);
	}
	buf_puts(&x->out, "\n");
}

static void put_block(struct explaining *x, const struct policy_block *b, const struct policy_block *above,
	bool inverted, unsigned depth)
{
	while (b->kind == BLOCK_NOT) {
		inverted = !inverted;
		b = b->children[0];
	}
	put_line(x, depth);
	if (b->kind == BLOCK_CONDITION) {
		put_condition(x, b, above, inverted);
		return;
	}
	buf_puts(&x->out, (b->kind == BLOCK_AND) != inverted ? "all of these:\n" : "at least one of these:\n");
	for (size_t i = 0; i < b->count; i++)
		put_block(x, b->children[i], b, inverted, depth + 1);
}

/* What stands for the values that only apply will bring. */
static void put_unknown(struct explaining *x)
{
	const struct policy *p = x->policy;
	bool exists = false, looks = false;

	for (size_t i = 0; i < p->leaf_count; i++) {
		const struct policy_condition *c = p->leaves[i];

		if (c->hopeless != NULL || (c->kind != CONDITION_ATTRIBUTE && c->kind != CONDITION_FILTER))
			continue;
		looks |= c->operator->looks && !c->node_type;
		exists |= c->operator->fn == policy_op_exists;
	}
	if (!looks && !exists)
		return;
	buf_puts(&x->out, "\nWhere a value is known only after apply:\n");
	if (exists)
		buf_puts(&x->out, "- it is set if the configuration computes it by a reference; else nobody knows\n");
	if (looks)
		buf_puts(&x->out, "- what it must be or contain is not known\n");
	buf_puts(&x->out, "- a verdict that hangs on it is reported as unknown; it neither passes nor fails the run\n");
}

static void put_warnings(struct explaining *x)
{
	struct faults faults = { NULL, 0, 0 };

	policy_warn(x->policy, &faults);
	if (faults.n > 0)
		buf_puts(&x->out, "\nProbably not meant:\n");
	for (size_t i = 0; i < faults.n; i++) {
		buf_printf(&x->out, "- line %u: ", faults.list[i].line);
		put_cut(&x->out, faults.list[i].text, POLICY_PATH_MAX);
		buf_puts(&x->out, "\n");
	}
	faults_free(&faults);
}

char *policy_explain(const struct policy *p)
{
	struct explaining x = { .policy = p, .scratch = policy_scratch_new(), .out = BUF_INIT(EXPLAIN_MAX) };
	const struct policy_condition *alone = p->root->condition;
	char *text;

	if (p->severity == SEVERITY_OFF)
		buf_puts(&x.out, "Its severity says that it is not run. It would ask ");
	else
		buf_puts(&x.out, "It asks ");
	if (alone != NULL && alone->kind == CONDITION_RESOURCE) {
		buf_puts(&x.out, "of every resource");
	} else {
		buf_puts(&x.out, "of ");
		policy_types_words(&p->concerns, &x.out);
	}
	buf_puts(&x.out, ":\n");
	put_block(&x, p->root, NULL, false, 0);
	put_unknown(&x);
	put_warnings(&x);
	text = xstrdup(buf_text(&x.out));
	buf_free(&x.out);
	policy_scratch_free(x.scratch);
	return text;
}
