/* Regular expressions of policies, under PCRE2.
 *
 * Contract: patterns are Python's (checks/policy_pattern.h), matched from the start of the text and not anchored at its
 * end. A pattern that Python rejects matches nothing, as in Checkov; policy_warn.c says so when the policy is loaded. One
 * that Python takes and we cannot makes the policy unusable: as a pattern that matches nothing it would let pass whatever
 * a negated operator asks of.
 *
 * Hostile patterns and texts: matching has limits on steps, depth and memory. Reaching one is an error for that
 * resource, never a hang and never a verdict. Since a list may have a text in every few bytes, only some matches of a
 * condition on a resource may take so many steps; the others get what is in proportion to their text. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "checks/policy_operators.h"
#include "checks/policy_pattern.h"
#include "checks/policy_text.h"

#define PATTERN_MAX (64u << 10)
#define TRANSLATED_MAX (1u << 20)	/* a character takes ten bytes at most */
#define MATCH_STEPS 500000
#define STEPS_ALWAYS 1000	/* what any match may take, and for each byte of the text: */
#define STEPS_BYTE 16
#define HARD_MATCHES 256	/* of one condition on one resource that may take MATCH_STEPS */
#define MATCH_DEPTH 5000
#define MATCH_HEAP_KIB 8192

struct policy_regex {
	pcre2_code *code;
};

struct policy_matcher {
	pcre2_match_context *limits;
	pcre2_match_data *data;
	unsigned hard_left;
};

static struct policy_regex *compile(const char *pattern, size_t len, uint32_t options, const char **why)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code;
	int fault;
	PCRE2_SIZE offset;

	if (context == NULL)
		log_panic("out of memory");
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	code = pcre2_compile((PCRE2_SPTR)pattern, len, options | PCRE2_UTF, &fault, &offset, context);
	pcre2_compile_context_free(context);
	if (code == NULL) {
		*why = "it is too large or too complex";
		return NULL;
	}
	struct policy_regex *r = xmalloc(sizeof(*r));

	r->code = code;
	return r;
}

int policy_regex_new(const char *pattern, size_t len, bool anchored, struct policy_regex **out, const char **why)
{
	struct buf text = BUF_INIT(TRANSLATED_MAX);
	struct policy_pattern_flags flags;

	*out = NULL;
	if (len > PATTERN_MAX) {
		*why = "it is too long";
		return -1;
	}
	enum policy_pattern_result result = policy_pattern_translate(pattern, len, &text, &flags, why);

	if (result == PATTERN_GOOD)
		*out = compile(buf_text(&text), text.len, (anchored ? PCRE2_ANCHORED : 0) |
			(flags.ascii ? 0 : PCRE2_UCP) | (flags.ignore_case ? PCRE2_CASELESS : 0) |
			(flags.multiline ? PCRE2_MULTILINE | PCRE2_ALT_CIRCUMFLEX : 0) |
			(flags.dot_all ? PCRE2_DOTALL : 0), why);
	buf_free(&text);
	return *out != NULL || result == PATTERN_WRONG ? 0 : -1;
}

int policy_prepare_regex(struct policy_operand *v, const char **why)
{
	return policy_regex_new(v->text, v->text_len, true, &v->regex, why);
}

int policy_prepare_literal(struct policy_operand *v, const char **why)
{
	v->regex = compile(v->text, v->text_len, PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_LITERAL | PCRE2_CASELESS,
		why);
	return v->regex != NULL ? 0 : -1;
}

void policy_regex_free(struct policy_regex *r)
{
	if (r == NULL)
		return;
	pcre2_code_free(r->code);
	free(r);
}

void policy_matcher_refill(struct policy_matcher *m)
{
	m->hard_left = HARD_MATCHES;
}

struct policy_matcher *policy_matcher_new(void)
{
	struct policy_matcher *m = xcalloc(1, sizeof(*m));

	m->limits = pcre2_match_context_create(NULL);
	m->data = pcre2_match_data_create(1, NULL);
	if (m->limits == NULL || m->data == NULL)
		log_panic("out of memory");
	policy_matcher_refill(m);
	pcre2_set_depth_limit(m->limits, MATCH_DEPTH);
	pcre2_set_heap_limit(m->limits, MATCH_HEAP_KIB);
	return m;
}

void policy_matcher_free(struct policy_matcher *m)
{
	if (m == NULL)
		return;
	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->limits);
	free(m);
}

static int match_within(const struct policy_regex *r, struct policy_matcher *m, const char *text, size_t len,
	uint32_t steps)
{
	pcre2_set_match_limit(m->limits, steps);
	/* Plan text has been checked to be UTF-8. */
	return pcre2_match(r->code, (PCRE2_SPTR)text, len, 0, PCRE2_NO_UTF_CHECK, m->data, m->limits);
}

enum truth policy_regex_match(const struct policy_regex *r, struct policy_matcher *m, const char *text, size_t len,
	const char **why)
{
	bool is_long = len > (MATCH_STEPS - STEPS_ALWAYS) / STEPS_BYTE;
	int n = match_within(r, m, text, len, is_long ? MATCH_STEPS : STEPS_ALWAYS + STEPS_BYTE * (uint32_t)len);

	if (n == PCRE2_ERROR_MATCHLIMIT && !is_long && m->hard_left > 0) {
		m->hard_left--;
		n = match_within(r, m, text, len, MATCH_STEPS);
	}
	if (n >= 0)
		return TRUTH_TRUE;
	if (n == PCRE2_ERROR_NOMATCH)
		return TRUTH_FALSE;
	*why = "the regular expression needs too many steps or too much memory for this value";
	return TRUTH_ERROR;
}

enum truth policy_op_regex(const struct view *a, const struct policy_operand *v, struct policy_workspace *w,
	const char **why)
{
	const char *text;
	size_t len;

	if (v->regex == NULL)
		return TRUTH_FALSE;
	if (policy_workspace_text(w, a, &text, &len) != 0) {
		*why = "its text is too long";
		return TRUTH_ERROR;
	}
	return policy_regex_match(v->regex, w->matcher, text, len, why);
}

enum truth policy_op_equals_ignore_case(const struct view *a, const struct policy_operand *v,
	struct policy_workspace *w, const char **why)
{
	return policy_op_regex(a, v, w, why);
}
