/* What could not be checked is not passed: plans with unknown values and policies made at random, and the same plans
 * with something in the place of each unknown value. Whatever that is, a verdict of passed or failed must stay, and so
 * must a node without a verdict be without one.
 *
 * A plan is made several times from one seed: the model decides what is in it and what of it is unknown, the filling what
 * stands in its place. What may differ is excluded where it says RULE, with the reason, and nowhere else. A failure is
 * repeated by PLANSPOOL_TEST_SEED with the seed it names; PLANSPOOL_TEST_ROUNDS makes more rounds. */
#include "test.h"

#include "base/buf.h"
#include "base/mem.h"
#include "policy_random.h"
#include "policy_sound.h"

#define ROUNDS 300
#define FILLINGS 10

static size_t seen[OUTCOME_STATUSES], compared;

/* One line of verdicts: policy and address, and the status. */
struct line {
	const char *text;
	size_t key, len;
};

static struct line read_line(const char *text)
{
	struct line l = { text, 0, strcspn(text, "\n") };

	for (size_t i = 0; i < l.len; i++)
		l.key = text[i] == ' ' ? i : l.key;
	return l;
}

static bool says(const struct line *l, const char *status)
{
	return l->len > l->key && strncmp(l->text + l->key + 1, status, strlen(status)) == 0;
}

static int by_key(const struct line *a, const struct line *b)
{
	int order;

	if (a->len == 0 || b->len == 0)
		return (a->len == 0) - (b->len == 0);
	order = memcmp(a->text, b->text, a->key < b->key ? a->key : b->key);
	return order != 0 ? order : (a->key > b->key) - (a->key < b->key);
}

/* The lines of a policy in the text of all. */
static void print_policy(const char *policies, const char *line)
{
	char *id = xasprintf("{id: %.*s,", (int)strcspn(line, " "), line);
	const char *start = strstr(policies, id), *end = start != NULL ? strstr(start, "\n-") : NULL;

	if (start != NULL)
		fprintf(stderr, "%.*s\n", end != NULL ? (int)(end - start) : (int)strlen(start), start);
	free(id);
}

/* Whether a verdict may become another one when what is unknown is known. */
static bool may_become(const struct line *before, const struct line *after)
{
	if (says(before, "unknown") || says(before, "error"))
		return true;
	/* RULE: what stands in the place of an unknown value may be of a type that an operator cannot be applied to. What is
	 * unknown leaves it to other conditions, or values of the path, to decide; an error does not. */
	if (says(after, "error"))
		return true;
	compared++;
	return before->len - before->key == after->len - after->key &&
		strncmp(before->text + before->key, after->text + after->key, before->len - before->key) == 0;
}

/* The first verdict that may not have become what it is, or NULL. Both are sorted. */
static char *wrong_verdict(const char *before, const char *after)
{
	while (*before != '\0' || *after != '\0') {
		struct line b = read_line(before), a = read_line(after), none = { "", 0, 0 };
		int order = by_key(&b, &a);
		const struct line *was = order <= 0 ? &b : &none, *is = order >= 0 ? &a : &none;

		if (!may_become(was, is))
			return xasprintf("%.*s became%.*s", (int)(was->len > 0 ? was->len : is->key),
				was->len > 0 ? was->text : is->text, is->len > 0 ? (int)(is->len - is->key) : 8,
				is->len > 0 ? is->text + is->key : " nothing");
		before += order <= 0 ? b.len + (before[b.len] == '\n') : 0;
		after += order >= 0 ? a.len + (after[a.len] == '\n') : 0;
	}
	return NULL;
}

static void try_round(uint64_t seed, const char *folder, bool alone)
{
	char *policies = sound_policies(seed), *plan = sound_plan(seed, 0);
	struct checkset *set = random_set(folder, policies);
	char *before = random_verdicts(set, plan, PLAN_MAX, PLAN_MAX, NULL, seen);

	(void)alone;
	for (uint64_t i = 1; i <= FILLINGS; i++) {
		char *filled = sound_plan(seed, i), *after = random_verdicts(set, filled, PLAN_MAX, PLAN_MAX, NULL, seen);
		char *wrong = wrong_verdict(before, after);

		if (wrong != NULL) {
			/* More than a message of cmocka holds. */
			print_policy(policies, wrong);
			fprintf(stderr, "%s\nfilled:\n%s\n", plan, filled);
			fail_msg("PLANSPOOL_TEST_SEED=%llu, filling %llu: %s", (unsigned long long)seed,
				(unsigned long long)i, wrong);
		}
		free(filled);
		free(after);
	}
	checkset_free(set);
	free(before);
	free(policies);
	free(plan);
}

static void verdicts_stay(void **state)
{
	unsigned long n = random_rounds(ROUNDS, try_round);

	(void)state;
	/* They must have been about something. */
	assert_true(n == 0 || (seen[OUTCOME_PASSED] > 100 * n && seen[OUTCOME_FAILED] > 100 * n &&
		seen[OUTCOME_UNKNOWN] > 20 * n && compared > 100 * n));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(verdicts_stay) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
