/* The functions behind the table of policy_operator.c, by job: policy_compare.c (equality, order, text), policy_sets.c
 * (membership), policy_range.c (ranges of numbers and networks), policy_regex.c. All are policy_operator_fn. */
#ifndef PLANSPOOL_CHECKS_POLICY_OPERATORS_H
#define PLANSPOOL_CHECKS_POLICY_OPERATORS_H

#include "checks/policy_operator.h"

policy_operator_fn policy_op_equals, policy_op_equals_ignore_case, policy_op_exists, policy_op_any, policy_op_is_true,
	policy_op_is_empty, policy_op_starting_with, policy_op_ending_with, policy_op_greater, policy_op_greater_equal,
	policy_op_less, policy_op_less_equal;
policy_operator_fn policy_op_length_equals, policy_op_length_greater, policy_op_length_greater_equal,
	policy_op_length_less, policy_op_length_less_equal, policy_op_words_equals, policy_op_words_greater,
	policy_op_words_greater_equal, policy_op_words_less, policy_op_words_less_equal;
policy_operator_fn policy_op_contains, policy_op_within, policy_op_subset, policy_op_intersects;
policy_operator_fn policy_op_range, policy_op_cidr, policy_op_regex;

/* Preparation of the policy's value: 0, or -1 when the policy cannot be used, with static text in *why. */
int policy_prepare_regex(struct policy_operand *v, const char **why);
int policy_prepare_literal(struct policy_operand *v, const char **why);	/* the text, in any case */
int policy_prepare_nets(struct policy_operand *v, const char **why);
int policy_prepare_ranges(struct policy_operand *v, const char **why);
void policy_regex_free(struct policy_regex *r);
void policy_nets_free(struct policy_nets *n);
void policy_ranges_free(struct policy_ranges *p);

struct policy_matcher *policy_matcher_new(void);
void policy_matcher_free(struct policy_matcher *m);
/* To be called for each condition and resource: so many matches that take many steps are allowed anew. */
void policy_matcher_refill(struct policy_matcher *m);
/* A pattern of Python, matched from the start of the text or anywhere. 0 with *out, which is NULL when Python rejects
 * the pattern; -1 when Python may take it and we cannot. Then *why says what is wrong, static text. */
int policy_regex_new(const char *pattern, size_t len, bool anchored, struct policy_regex **out, const char **why);
/* TRUTH_ERROR, with why, when a limit was reached. */
enum truth policy_regex_match(const struct policy_regex *r, struct policy_matcher *m, const char *text, size_t len,
	const char **why);

/* Whether needle stands in text. */
bool policy_text_within(const char *needle, size_t needle_len, const char *text, size_t len);

#endif
