/* Regular expressions of policies, under PCRE2.
 *
 * Contract: patterns are Python's as PCRE2 reads them, matched from the start of the text and not anchored at its end;
 * both dialects agree on nearly everything policies use, and nothing is translated (planspool-policies(5),
 * DIFFERENCES). A pattern that does not compile matches nothing, as in Checkov; policy_warn.c says so when the policy
 * is loaded.
 *
 * Hostile patterns and texts: matching has limits on steps, depth and memory. Reaching one is an error for that
 * resource, never a hang and never a verdict. Patterns longer than 4 KiB do not compile. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "checks/policy_operators.h"
#include "checks/policy_text.h"

#define PATTERN_MAX 4096
#define MATCH_STEPS 500000
#define MATCH_DEPTH 5000
#define MATCH_HEAP_KIB 8192

struct policy_regex {
	pcre2_code *code;
};

struct policy_matcher {
	pcre2_match_context *limits;
	pcre2_match_data *data;
};

static struct policy_regex *compile(const char *pattern, size_t len, uint32_t options)
{
	int code;
	PCRE2_SIZE offset;

	if (len > PATTERN_MAX)
		return NULL;
	pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern, len, options | PCRE2_UTF, &code, &offset,
		NULL);
	if (re == NULL)
		return NULL;
	struct policy_regex *r = xmalloc(sizeof(*r));

	r->code = re;
	return r;
}

void policy_prepare_regex(struct policy_operand *v)
{
	v->regex = compile(v->text, v->text_len, PCRE2_ANCHORED | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C);
}

void policy_prepare_literal(struct policy_operand *v)
{
	v->regex = compile(v->text, v->text_len, PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_LITERAL | PCRE2_CASELESS);
}

struct policy_regex *policy_regex_search(const char *pattern, size_t len)
{
	return compile(pattern, len, PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C);
}

void policy_regex_free(struct policy_regex *r)
{
	if (r == NULL)
		return;
	pcre2_code_free(r->code);
	free(r);
}

struct policy_matcher *policy_matcher_new(void)
{
	struct policy_matcher *m = xcalloc(1, sizeof(*m));

	m->limits = pcre2_match_context_create(NULL);
	m->data = pcre2_match_data_create(1, NULL);
	if (m->limits == NULL || m->data == NULL)
		log_panic("out of memory");
	pcre2_set_match_limit(m->limits, MATCH_STEPS);
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

enum truth policy_regex_match(const struct policy_regex *r, struct policy_matcher *m, const char *text, size_t len,
	const char **why)
{
	/* Plan text has been checked to be UTF-8. */
	int n = pcre2_match(r->code, (PCRE2_SPTR)text, len, 0, PCRE2_NO_UTF_CHECK, m->data, m->limits);

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
	if (policy_text(a, &w->a, &text, &len) != 0) {
		*why = "its text is too long";
		return TRUTH_ERROR;
	}
	return policy_regex_match(v->regex, w->matcher, text, len, why);
}

enum truth policy_op_equals_ignore_case(const struct view *a, const struct policy_operand *v,
	struct policy_workspace *w, const char **why)
{
	if (v->regex == NULL) {
		*why = "the policy's value is too long";
		return TRUTH_ERROR;
	}
	return policy_op_regex(a, v, w, why);
}
