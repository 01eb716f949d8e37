#include "test.h"

#include "base/buf.h"
#include "base/mem.h"
#include "checks/check.h"
#include "checks/policy_run.h"
#include "plan/reader.h"
#include "policy_try.h"

#define ITEM_MAX (1u << 20)

static void finished(struct check_context *context)
{
	(void)context;
}

/* Feeds a plan byte by byte. */
static void feed(const struct policies *p, const char *plan, struct outcomes *outcomes)
{
	struct check_context context = { .outcomes = outcomes, .finished = finished };
	struct plan_wants wants = { .types = NULL };
	void *run = check_policies.start(p, &context);
	struct plan_reader *reader;

	check_policies.wants(p, &wants);
	wants.kinds[PLAN_END] = true;
	reader = plan_reader_new(&wants, ITEM_MAX, ITEM_MAX, check_policies.item, run);
	for (const char *at = plan; *at != '\0'; at++) {
		if (plan_reader_feed(reader, at, 1) != 0)
			fail_msg("%s", plan_reader_error(reader));
	}
	if (plan_reader_end(reader) != 0)
		fail_msg("%s", plan_reader_error(reader));
	plan_reader_free(reader);
	check_policies.stop(run);
}

static const char *word(enum outcome_status s)
{
	switch (s) {
	case OUTCOME_PASSED:
		return "pass";
	case OUTCOME_FAILED:
		return "fail";
	default:
		return outcome_status_name(s);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *verdicts(struct outcomes *outcomes, bool reasons)
{
	size_t n = outcomes_kept(outcomes);
	char **lines = xcalloc(n + 1, sizeof(*lines));
	struct buf out = BUF_INIT(1u << 20);

	for (size_t i = 0; i < n; i++) {
		const struct outcome *one = outcomes_at(outcomes, i);
		const char *address = one->address != NULL ? one->address : "-";

		lines[i] = reasons && one->reason != NULL ? xasprintf("%s %s (%s)", address, word(one->status),
			one->reason) :
			xasprintf("%s %s", address, word(one->status));
	}
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&out, "%s%s", i > 0 ? ", " : "", lines[i]);
		free(lines[i]);
	}
	free(lines);
	char *text = xstrdup(buf_text(&out));

	buf_free(&out);
	return text;
}

char *policy_try_with(const char *more, const char *definition, const char *plan, bool reasons)
{
	char *text = xasprintf("metadata: {id: T_1, name: a policy, category: general}\n%sdefinition: %s\n", more,
		definition);
	struct policies *p = xcalloc(1, sizeof(*p));
	struct faults faults = { NULL, 0, 0 };
	char *result;

	if (policy_load_text(&p->set, "policy.yaml", text, strlen(text), &faults) != 0) {
		result = xstrdup("refused");
	} else {
		struct outcomes *outcomes = outcomes_new(SEVERITY_LOW, true);

		policies_index(p);
		feed(p, plan, outcomes);
		result = verdicts(outcomes, reasons);
		outcomes_free(outcomes);
	}
	policies_free(p);
	faults_free(&faults);
	free(text);
	return result;
}

char *policy_try(const char *definition, const char *plan, bool reasons)
{
	return policy_try_with("", definition, plan, reasons);
}

char *policy_plan(const char *after, const char *unknown, const char *expressions)
{
	return xasprintf("{\"format_version\": \"1.2\", \"terraform_version\": \"1.9.0\", \"resource_changes\": "
		"[{\"address\": \"t_x.a\", "
		"\"mode\": \"managed\", \"type\": \"t_x\", \"name\": \"a\", \"change\": {\"actions\": [\"create\"], "
		"\"before\": null, "
		"\"after\": %s, \"after_unknown\": %s, \"after_sensitive\": {\"secret\": true}}}], \"configuration\": "
		"{\"root_module\": "
		"{\"resources\": [{\"address\": \"t_x.a\", \"mode\": \"managed\", \"type\": \"t_x\", \"name\": \"a\", "
		"\"expressions\": %s}]}}}", after, unknown, expressions);
}
