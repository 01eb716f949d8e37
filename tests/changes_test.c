/* The set of checks and its runs over plans, with the check "changes" as the one that runs: its rules, unknown and
 * broken checks, unusable and absent plans, resources that are too large, downloads that begin again. */
#include "test.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/mem.h"
#include "checks/checkset.h"

/* One endpoint with these checks: (YAML: a list as under checks:). */
struct fixture {
	struct doc *doc;
	struct config config;
	struct config_endpoint endpoint;
	struct config_check checks[4];
	struct faults faults;
	struct checkset *set;
	struct outcomes *outcomes;
	unsigned done;
};

static char config_name[] = "planspool.yaml";

static void load(struct fixture *f, const char *checks)
{
	const struct doc_node *list;

	memset(f, 0, sizeof(*f));
	f->doc = doc_parse(config_name, checks, strlen(checks), &f->faults);
	assert_non_null(f->doc);
	list = f->doc->roots[0];
	assert_true(list->count <= COUNT(f->checks));
	for (size_t i = 0; i < list->count; i++) {
		f->checks[i].kind = list->items[i]->keys[0]->text;
		f->checks[i].arguments = list->items[i]->items[0];
		f->checks[i].line = list->items[i]->line;
	}
	f->config.file = config_name;
	f->endpoint.checks = f->checks;
	f->endpoint.check_count = list->count;
	f->set = checkset_load(&f->config, &f->endpoint, 0, &f->faults);
	f->outcomes = outcomes_new(SEVERITY_LOW, true);
}

static void unload(struct fixture *f)
{
	outcomes_free(f->outcomes);
	checkset_free(f->set);
	faults_free(&f->faults);
	doc_free(f->doc);
}

static void note_done(void *context)
{
	((struct fixture *)context)->done++;
}

static struct checkset_run *start(struct fixture *f)
{
	return checkset_start(f->set, STAGE_POST_PLAN, 4096, 1 << 20, f->outcomes, note_done, f);
}

/* A plan with these members after format_version, fed in pieces of n bytes. */
static void run_plan(struct fixture *f, const char *members, size_t n)
{
	struct checkset_run *run = start(f);
	char *plan = xasprintf("{\"format_version\":\"1.2\",\"configuration\":{}%s%s}", *members != '\0' ? "," : "",
		members);
	size_t len = strlen(plan);

	for (size_t at = 0; at < len; at += n)
		assert_int_equal(checkset_feed(run, plan + at, len - at < n ? len - at : n), 0);
	assert_int_equal(f->done, 0);
	checkset_end(run);
	assert_int_equal(f->done, 1);
	assert_null(checkset_plan_error(run));
	checkset_stop(run);
	free(plan);
}

/* "status id address" of each outcome, in order, joined by ", ". */
static void assert_outcomes(struct fixture *f, const char *expect)
{
	struct buf got = BUF_INIT(65536);

	for (size_t i = 0; i < outcomes_kept(f->outcomes); i++) {
		const struct outcome *one = outcomes_at(f->outcomes, i);

		buf_printf(&got, "%s%s %s%s%s", got.len > 0 ? ", " : "", outcome_status_name(one->status), one->id,
			one->address != NULL ? " " : "", one->address != NULL ? one->address : "");
	}
	assert_string_equal(buf_text(&got), expect);
	buf_free(&got);
}

#define CHANGE(address, type, mode, actions, more) \
	"{\"address\":\"" address "\",\"mode\":\"" mode "\",\"type\":\"" type "\",\"name\":\"n\"" more \
	",\"change\":{\"actions\":[" actions "],\"before\":null,\"after\":null}}"
#define MANAGED(address, actions) CHANGE(address, "t", "managed", actions, "")
#define CHANGES(list) "\"resource_changes\":[" list "]"
#define DEFERRED(list) "\"deferred_changes\":[{\"reason\":\"unknown\",\"resource_change\":" list "}]"

#define DELETE "\"delete\""
#define REPLACE "\"delete\",\"create\""
#define REPLACE_FIRST "\"create\",\"delete\""

static void test_rules(void **state)
{
	static const struct {
		const char *arguments, *plan, *expect;
	} table[] = {
		/* limits */
		{ "max_delete: 1", CHANGES(MANAGED("t.a", DELETE)), "passed changes.max_delete" },
		{ "max_delete: 0", CHANGES(MANAGED("t.a", DELETE)), "failed changes.max_delete" },
		{ "max_delete: 0", "", "passed changes.max_delete" },
		{ "max_delete: 1", CHANGES(MANAGED("t.a", DELETE) "," MANAGED("t.b", DELETE)),
			"failed changes.max_delete" },
		{ "max_delete: 0", CHANGES(MANAGED("t.a", REPLACE) "," MANAGED("t.b", REPLACE_FIRST)),
			"passed changes.max_delete" },
		{ "max_replace: 1", CHANGES(MANAGED("t.a", REPLACE) "," MANAGED("t.b", REPLACE_FIRST)),
			"failed changes.max_replace" },
		{ "max_replace: 2", CHANGES(MANAGED("t.a", REPLACE) "," MANAGED("t.b", REPLACE_FIRST)),
			"passed changes.max_replace" },
		{ "max_replace: 0", CHANGES(MANAGED("t.a", DELETE)), "passed changes.max_replace" },
		{ "{max_delete: 0, max_replace: 0}",
			CHANGES(MANAGED("t.a", "\"update\"") "," MANAGED("t.b", "\"no-op\"") ","
			MANAGED("t.c", "\"create\"") "," MANAGED("t.d", "\"read\"")),
			"passed changes.max_delete, passed changes.max_replace" },
		/* what leaves the object alive is no deletion */
		{ "{max_delete: 0, max_replace: 0, protect: ['*']}", CHANGES(MANAGED("t.a", "\"forget\"") ","
			MANAGED("t.b", "\"create\",\"forget\"") "," MANAGED("t.c", "\"forget\",\"create\"")),
			"passed changes.max_delete, passed changes.max_replace, passed changes.protect" },
		/* a deposed object is the end of an earlier replacement; data sources are not deleted */
		{ "{max_delete: 0, protect: [t]}",
			CHANGES(CHANGE("t.a", "t", "managed", DELETE, ",\"deposed\":\"abcd1234\"")),
			"passed changes.max_delete, passed changes.protect" },
		{ "{max_delete: 0, protect: [t]}", CHANGES(CHANGE("data.t.a", "t", "data", DELETE, "")),
			"passed changes.max_delete, passed changes.protect" },
		/* deferred */
		{ "max_delete: 0", DEFERRED(MANAGED("t.a", DELETE)), "failed changes.max_delete" },
		{ "max_delete: 1", CHANGES(MANAGED("t.a", DELETE)) "," DEFERRED(MANAGED("t.b", DELETE)),
			"failed changes.max_delete" },
		{ "protect: t", DEFERRED(MANAGED("t.a", REPLACE)), "failed changes.protect t.a" },
		/* protect: by type, by address, by pattern */
		{ "protect: [t]",
			CHANGES(MANAGED("t.a", DELETE) "," MANAGED("t.b", REPLACE) "," MANAGED("t.c", "\"update\"")),
			"failed changes.protect t.a, failed changes.protect t.b" },
		{ "protect: [other, t]", CHANGES(MANAGED("module.m.t.a", DELETE)),
			"failed changes.protect module.m.t.a" },
		{ "protect: [other]", CHANGES(MANAGED("t.a", DELETE)), "passed changes.protect" },
		{ "protect: [t.b]", CHANGES(MANAGED("t.a", DELETE) "," MANAGED("t.b", DELETE)),
			"failed changes.protect t.b" },
		{ "protect: ['module.core.*']",
			CHANGES(MANAGED("t.a", DELETE) "," MANAGED("module.core.t.b[0]", DELETE)),
			"failed changes.protect module.core.t.b[0]" },
		{ "protect: ['t.a[*']", CHANGES(MANAGED("t.a[1]", DELETE) "," MANAGED("t.a", DELETE)),
			"failed changes.protect t.a[1]" },
		/* what is not understood does not pass */
		{ "max_delete: 5", CHANGES(MANAGED("t.a", "\"explode\"")),
			"error changes t.a, passed changes.max_delete" },
		{ "protect: [t]", CHANGES(MANAGED("t.a", "\"delete\",\"explode\"")),
			"error changes t.a, passed changes.protect" },
		{ "max_delete: 5", CHANGES("{\"address\":\"t.a\",\"mode\":\"managed\",\"type\":\"t\",\"name\":\"n\"}"),
			"error changes t.a, passed changes.max_delete" },
		{ "max_delete: 5", "\"deferred_changes\":[{\"reason\":\"unknown\"}]",
			"error changes, passed changes.max_delete" },
		/* require_complete, before and after the changes */
		{ "require_complete: true", "\"complete\":true,\"errored\":false", "passed changes.require_complete" },
		{ "require_complete: true", CHANGES("") ",\"errored\":false,\"complete\":true",
			"passed changes.require_complete" },
		{ "require_complete: true", "\"complete\":false", "failed changes.require_complete" },
		{ "require_complete: true", "\"complete\":true,\"errored\":true", "failed changes.require_complete" },
		{ "require_complete: true", "\"errored\":true", "failed changes.require_complete" },
		{ "require_complete: true", "\"errored\":false", "unknown changes.require_complete" },
		{ "require_complete: true", "", "unknown changes.require_complete" },
		{ "require_complete: true", "\"complete\":\"true\"", "unknown changes.require_complete" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char *checks = xasprintf("[{changes: %s%s%s}]", *table[i].arguments == '{' ? "" : "{",
			table[i].arguments, *table[i].arguments == '{' ? "" : "}");

		for (size_t n = 1; n < 5000; n *= 70) {
			struct fixture f;

			load(&f, checks);
			assert_int_equal(f.faults.errors, 0);
			run_plan(&f, table[i].plan, n);
			assert_outcomes(&f, table[i].expect);
			unload(&f);
		}
		free(checks);
	}
}

static void test_texts(void **state)
{
	struct fixture f;
	struct buf list = BUF_INIT(65536);

	(void)state;
	load(&f, "[{changes: {max_delete: 3}}]");
	for (unsigned i = 0; i < 12; i++)
		buf_printf(&list, "%s{\"address\":\"t.a[%u]\",\"mode\":\"managed\",\"type\":\"t\",\"name\":\"a\","
			"\"change\":{\"actions\":[\"delete\"]}}", i > 0 ? "," : "\"resource_changes\":[", i);
	buf_puts(&list, "]");
	run_plan(&f, list.data, 1000);
	assert_string_equal(outcomes_at(f.outcomes, 0)->description, "At most 3 resources may be deleted");
	assert_string_equal(outcomes_at(f.outcomes, 0)->reason,
		"12 would be deleted: t.a[0], t.a[1], t.a[2], t.a[3], t.a[4], "
		"t.a[5], t.a[6], t.a[7], t.a[8], t.a[9], ...");
	assert_int_equal(outcomes_resources(f.outcomes), 12);
	buf_free(&list);
	unload(&f);
}

static void test_faults(void **state)
{
	static const struct {
		const char *checks, *expect;	/* the first fault */
	} table[] = {
		{ "[{pictures: {registry: x}}]",
			"planspool.yaml:1: pictures: this kind of check does not exist in this version" },
		{ "[{command: {run: x}}]",
			"planspool.yaml:1: command: this kind of check does not exist in this version" },
		{ "[{chnages: {max_delete: 1}}]",
			"planspool.yaml:1: chnages: this kind of check does not exist, did you mean 'changes'?" },
		{ "[{changes: [max_delete]}]", NULL },
		{ "[{changes: {}}]", NULL },
		{ "[{changes: {require_complete: false}}]", NULL },
		{ "[{changes: {max_delete: -1}}]", NULL },
		{ "[{changes: {max_delete: many}}]", NULL },
		{ "[{changes: {max_delte: 1}}]", NULL },
		{ "[{changes: {protect: []}}]", NULL },
		{ "[{changes: {protect: {a: b}}}]", NULL },
		{ "[{changes: {require_complete: 3}}]", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct fixture f;
		char *first, *expect;

		load(&f, table[i].checks);
		assert_int_equal(f.faults.errors, 1);
		first = fault_text(&f.faults.list[0]);
		if (table[i].expect != NULL)
			assert_string_equal(first, table[i].expect);
		/* It stays in the set, and says so in each run. */
		run_plan(&f, "", 100);
		expect = xasprintf("error %s", f.checks[0].kind);
		assert_outcomes(&f, expect);
		assert_string_equal(outcomes_at(f.outcomes, 0)->reason, first);
		free(expect);
		free(first);
		unload(&f);
	}
}

/* One error for each check, which names the byte; findings made before stay. */
static void test_unusable_plan(void **state)
{
	static const char begin[] = "{\"format_version\":\"1.2\",\"resource_changes\":[" MANAGED("t.a", DELETE) ",";
	struct fixture f;
	struct checkset_run *run;

	(void)state;
	load(&f, "[{changes: {protect: [t]}}, {changes: {max_delete: 1}}]");
	run = start(&f);
	assert_int_equal(checkset_feed(run, begin, strlen(begin)), 0);
	assert_null(checkset_plan_error(run));
	assert_int_equal(checkset_feed(run, "}", 1), -1);
	assert_int_equal(checkset_feed(run, "{", 1), -1);
	assert_non_null(checkset_plan_error(run));
	assert_outcomes(&f, "failed changes.protect t.a, error changes, error changes");
	assert_non_null(strstr(outcomes_at(f.outcomes, 1)->reason, "byte "));
	assert_int_equal(f.done, 0);
	checkset_abandon(run, false, "the rest is not wanted");
	assert_int_equal(f.done, 1);
	assert_int_equal(outcomes_kept(f.outcomes), 3);
	checkset_stop(run);
	unload(&f);

	/* Cut short: found out at the end. */
	load(&f, "[{changes: {protect: [t]}}]");
	run = start(&f);
	assert_int_equal(checkset_feed(run, begin, strlen(begin)), 0);
	checkset_end(run);
	assert_int_equal(f.done, 1);
	assert_non_null(checkset_plan_error(run));
	assert_outcomes(&f, "failed changes.protect t.a, error changes");
	checkset_stop(run);
	unload(&f);
}

static void test_no_plan(void **state)
{
	static const struct {
		bool at_stage;
		const char *expect;
	} table[] = { { true, "error images, skipped changes" }, { false, "error images, error changes" } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct fixture f;
		struct checkset_run *run;

		load(&f, "[{changes: {max_delete: 1}}, {images: x}]");
		run = start(&f);
		checkset_abandon(run, table[i].at_stage, "not checked: no plan at pre_plan");
		assert_int_equal(f.done, 1);
		assert_outcomes(&f, table[i].expect);
		assert_string_equal(outcomes_at(f.outcomes, 1)->reason, "not checked: no plan at pre_plan");
		checkset_stop(run);
		unload(&f);
	}
}

/* Said once, however many checks would have got it. */
static void test_oversize(void **state)
{
	struct fixture f;
	struct buf plan = BUF_INIT(65536);

	(void)state;
	load(&f, "[{changes: {max_delete: 0}}, {changes: {max_replace: 0}}]");
	buf_puts(&plan, "\"resource_changes\":[{\"address\":\"t.big\",\"mode\":\"managed\",\"type\":\"t\",");
	buf_puts(&plan, "\"name\":\"n\",\"x\":\"");
	for (unsigned i = 0; i < 5000; i++)
		buf_puts(&plan, "x");
	buf_puts(&plan, "\",\"change\":{\"actions\":[\"delete\"]}}]");
	run_plan(&f, plan.data, 777);
	assert_outcomes(&f, "error limits.resource t.big, passed changes.max_delete, passed changes.max_replace");
	assert_int_equal(outcomes_resources(f.outcomes), 1);
	buf_free(&plan);
	unload(&f);
}

/* Each check gets its own types, though the reader hands out those of both. */
static void test_types(void **state)
{
	struct fixture f;

	(void)state;
	load(&f, "[{changes: {protect: [a]}}, {changes: {protect: [b, a]}}, {changes: {protect: [c]}}]");
	run_plan(&f, CHANGES(CHANGE("a.x", "a", "managed", DELETE, "") "," CHANGE("b.x", "b", "managed", DELETE, "") ","
		CHANGE("d.x", "d", "managed", DELETE, "")), 64);
	assert_outcomes(&f, "failed changes.protect a.x, failed changes.protect a.x, failed changes.protect b.x, "
		"passed changes.protect");
	assert_int_equal(outcomes_resources(f.outcomes), 3);
	unload(&f);

	/* One that wants all, in either order. */
	load(&f, "[{changes: {max_delete: 0}}, {changes: {protect: [a]}}]");
	run_plan(&f, CHANGES(CHANGE("d.x", "d", "managed", DELETE, "")), 64);
	assert_outcomes(&f, "failed changes.max_delete, passed changes.protect");
	unload(&f);
	load(&f, "[{changes: {protect: [a]}}, {changes: {max_delete: 0}}]");
	run_plan(&f, CHANGES(CHANGE("d.x", "d", "managed", DELETE, "")), 64);
	assert_outcomes(&f, "failed changes.max_delete, passed changes.protect");
	unload(&f);

	/* What cannot be read is the business of the checks whose type it has, and of all when it has none. */
	load(&f, "[{changes: {protect: [a]}}, {changes: {protect: [b]}}]");
	run_plan(&f, CHANGES("{\"address\":\"a.x\",\"mode\":\"managed\",\"type\":\"a\",\"name\":\"x\"}"), 64);
	assert_outcomes(&f, "error changes a.x, passed changes.protect, passed changes.protect");
	unload(&f);
	load(&f, "[{changes: {protect: [a]}}, {changes: {protect: [b]}}]");
	run_plan(&f, CHANGES("{\"address\":\"a.x\",\"mode\":\"managed\",\"name\":\"x\"}"), 64);
	assert_outcomes(&f, "error changes a.x, error changes a.x, passed changes.protect, passed changes.protect");
	unload(&f);
}

static void test_restart(void **state)
{
	static const char first[] = "{\"format_version\":\"1.2\",\"resource_changes\":[" MANAGED("t.a", DELETE) "x";
	static const char second[] = "{\"format_version\":\"1.2\",\"resource_changes\":[" MANAGED("t.b", DELETE) "]}";
	struct fixture f;
	struct checkset_run *run;
	char *progress;

	(void)state;
	load(&f, "[{changes: {protect: [t], max_delete: 1}}, {images: x}]");
	run = start(&f);
	assert_int_equal(checkset_feed(run, first, strlen(first)), -1);
	checkset_restart(run);
	assert_null(checkset_plan_error(run));
	assert_outcomes(&f, "error images");
	assert_int_equal(checkset_feed(run, second, strlen(second)), 0);
	progress = checkset_progress(run);
	assert_non_null(strstr(progress, "1 resource, "));
	free(progress);
	checkset_end(run);
	assert_outcomes(&f, "failed changes.protect t.b, error images, passed changes.max_delete");
	assert_int_equal(f.done, 1);
	checkset_stop(run);
	unload(&f);
}

/* Stopped half-way: nothing is called, nothing leaks. */
static void test_stop(void **state)
{
	static const char begin[] = "{\"format_version\":\"1.2\",\"resource_changes\":[" MANAGED("t.a", DELETE);
	struct fixture f;
	struct checkset_run *run;

	(void)state;
	load(&f, "[{changes: {protect: [t], max_delete: 1}}]");
	run = start(&f);
	assert_int_equal(checkset_feed(run, begin, strlen(begin)), 0);
	checkset_stop(run);
	assert_int_equal(f.done, 0);
	unload(&f);
}

/* A check that could not be loaded says in each run why, and how much more is wrong with it. */
static void test_unloaded(void **state)
{
	struct fixture f;
	const char *reason;

	(void)state;
	load(&f, "[{changes: {max_delete: many, max_replace: few, protec: [a]}}]");
	checkset_stop(start(&f));
	assert_int_equal(f.faults.errors, 3);
	reason = outcomes_at(f.outcomes, 0)->reason;
	assert_non_null(strstr(reason, "'protec'"));
	assert_non_null(strstr(reason, " (and 2 more; planspool test-config says all)"));
	unload(&f);
}

static void test_hash(void **state)
{
	static const char *const checks[] = { "[{changes: {max_delete: 1}}]", "[{changes: {max_delete: 2}}]",
		"[{changes: {max_delete: '2'}}]", "[{changes: {protect: [a, b]}}]", "[{changes: {protect: [ab]}}]",
		"[{images: {max_delete: 1}}]", "[]" };
	char hashes[COUNT(checks)][CHECKSET_HASH];

	(void)state;
	for (size_t i = 0; i < COUNT(checks); i++) {
		struct fixture f;

		load(&f, checks[i]);
		assert_int_equal(strlen(checkset_hash(f.set)), 12);
		assert_int_equal(strspn(checkset_hash(f.set), "0123456789abcdef"), 12);
		memcpy(hashes[i], checkset_hash(f.set), CHECKSET_HASH);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(hashes[k], hashes[i]);
		unload(&f);
		load(&f, checks[i]);
		assert_string_equal(checkset_hash(f.set), hashes[i]);
		unload(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_unusable_plan),
		cmocka_unit_test(test_no_plan),
		cmocka_unit_test(test_oversize),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_unloaded), cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
