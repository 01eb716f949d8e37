/* Runs of the check of machine images: the order of a plan's sections, counts, registries that are replaced, broken or
 * stale, faults of arguments, and bounds. */
#include "images_fixture.h"

/* Whatever is unknown never fails, and what the order of sections is changes nothing. */
static void test_order(void **state)
{
	static const char *const parts[] = {
		CHANGES(CREATE("my_machine.a", "my_machine", "{\"x\":\"image=" OLD "\"}")),
		PRIOR(ARTIFACT_OF("data.hcp_packer_artifact.u", OLD, "")),
		CONFIG(USES("my_machine.a", "\"data.hcp_packer_artifact.u.external_identifier\""), ""),
	};
	static const unsigned orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 },
		{ 2, 1, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		char *plan = xasprintf("%s,%s,%s", parts[orders[i][0]], parts[orders[i][1]], parts[orders[i][2]]), *got;
		struct fixture f;

		start(&f, images_registry, "");
		run_plan(&f, plan);
		got = outcomes_text(&f);
		assert_string_equal(got, "failed revoked my_machine.a");
		free(got);
		free(plan);
		stop(&f);
	}
}

static void test_counts(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, images_registry, "");
	run_plan(&f, CHANGES(INSTANCE("aws_instance.a", "\"create\"", OLD) "," INSTANCE("aws_instance.b", "\"update\"",
		OLD) ","
		INSTANCE("aws_instance.c", "\"create\"", OTHER) "," INSTANCE("aws_instance.d", "\"create\"",
		"ami-0000000b") ","
		CHANGE("aws_instance.e", "aws_instance", "\"create\"", "{}", ",\"after_unknown\":{\"ami\":true}")));
	assert_int_equal(outcomes_notes(f.outcomes), 1);
	assert_string_equal(outcomes_note(f.outcomes, 0),
		"images: 2 revoked (1 blocks), 1 scheduled, 1 untracked, 1 unknown, "
		"5 checked in 5 resources; newer version for 2 of 3");
	assert_string_equal(outcomes_at(f.outcomes, 0)->body,
		"| Resource | Action | Image | Version | Revocation | Reason | Newest | From |\n"
		"| --- | --- | --- | --- | --- | --- | --- | --- |\n"
		"| aws_instance.a | create | " OLD " | ubuntu v9 | revoked since 2020-05-01T10:00Z by jane: CVE\\|1 | "
		"The image is revoked | v10, " NEW " | literal |");
	stop(&f);
}

static void replace(const struct fixture *f, const char *text)
{
	char *beside = test_file(f->folder, "new", text, strlen(text), 0644);

	assert_int_equal(rename(beside, f->path), 0);
	free(beside);
}

/* A registry that is replaced between runs: the new one counts; a bad one leaves the old one in force, and is said. */
static void test_replaced(void **state)
{
	static const struct {
		const char *file, *expect;
	} steps[] = {
		{ images_registry, "failed revoked aws_instance.a" },
		{ "{\"format\":\"images/1\",\"buckets\":[]}", "warning untracked aws_instance.a" },
		{ "{\"format\":\"images/1\",\"buckets\":[",
		"warning images.registry, warning untracked aws_instance.a" },
		{ "{\"format\":\"images/1\",\"on_untracked_image\":\"block\"}", "failed untracked aws_instance.a" },
		{ "{\"format\":\"images/1\",\"generated_at\":\"2020-01-01T00:00:00Z\",\"max_age\":\"24h\"}",
			"warning images.registry, warning untracked aws_instance.a" },
	};
	struct fixture f;

	(void)state;
	start(&f, images_registry, "");
	for (size_t i = 0; i < COUNT(steps); i++) {
		char *got;

		replace(&f, steps[i].file);
		f.done = false;
		outcomes_clear(f.outcomes);
		run_plan(&f, CHANGES(INSTANCE("aws_instance.a", "\"create\"", OLD)));
		got = outcomes_text(&f);
		assert_string_equal(got, steps[i].expect);
		free(got);
	}
	stop(&f);
}

/* Two runs at a time, with a new file between them: each keeps the registry it began with. */
static void test_shared(void **state)
{
	struct outcomes *o = outcomes_new(SEVERITY_LOW, true);
	const char *plan = "{\"format_version\":\"1.2\",\"planned_values\":{}," CHANGES(INSTANCE("aws_instance.a",
		"\"create\"", OLD)) "}";
	struct checkset_run *early;
	struct fixture f;

	(void)state;
	start(&f, images_registry, "");
	early = checkset_start(f.set, STAGE_POST_PLAN, 1 << 20, 1 << 26, o, note_done, &f);
	replace(&f, "{\"format\":\"images/1\"}");
	run_plan(&f, CHANGES(INSTANCE("aws_instance.a", "\"create\"", OLD)));
	assert_string_equal(outcomes_at(f.outcomes, 0)->id, "images.untracked");
	assert_int_equal(checkset_feed(early, plan, strlen(plan)), 0);
	checkset_end(early);
	assert_string_equal(outcomes_at(o, 0)->id, "images.revoked");
	checkset_stop(early);
	outcomes_free(o);
	stop(&f);
}

/* Without a registry: an error, and nothing but the plan's own word; then the file comes. */
static void test_no_registry(void **state)
{
	static const char *const arguments[] = { "", "on_registry_error: warn" };
	static const char *const expect[] = { "failed revoked aws_instance.b, error images.registry",
		"failed revoked aws_instance.b, warning images.registry" };

	(void)state;
	for (size_t i = 0; i < COUNT(arguments); i++) {
		struct fixture f;
		char *got;

		start(&f, "{", arguments[i]);
		assert_int_equal(f.faults.errors, 1);
		run_plan(&f, CHANGES(INSTANCE("aws_instance.a", "\"create\"", NEW) "," INSTANCE("aws_instance.b",
			"\"create\"", OTHER)) ","
			PRIOR(ARTIFACT_OF("data.hcp_packer_artifact.u", OTHER,
			",\"revoke_at\":\"2020-01-01T00:00:00Z\"")));
		got = outcomes_text(&f);
		assert_string_equal(got, expect[i]);
		free(got);
		replace(&f, images_registry);
		f.done = false;
		outcomes_clear(f.outcomes);
		run_plan(&f, CHANGES(INSTANCE("aws_instance.a", "\"create\"", NEW)));
		got = outcomes_text(&f);
		assert_string_equal(got, "passed ok aws_instance.a");
		free(got);
		stop(&f);
	}
}

/* Faults of arguments: each names its key. */
static void test_arguments(void **state)
{
	static const struct {
		const char *arguments, *fault;
	} table[] = {
		{ "untracked: maybe", "untracked: 'maybe' must be warn, block or ignore" },
		{ "untrakced: warn", "did you mean 'untracked'" },
		{ "allow: [ami-1]", "allow: each entry" },
		{ "allow: [{id: a, glob: b}]", "allow: each entry" },
		{ "allow: [{name: a}]", "name" },
		{ "types: {t: [\"a..b\"]}", "types: t: 'a..b' is no path" },
		{ "max_age: soon", "max_age: 'soon' is no duration" },
		{ "on_registry_error: pass", "on_registry_error: 'pass' must be fail or warn" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct fixture f;

		start(&f, images_registry, table[i].arguments);
		assert_int_equal(f.faults.errors, 1);
		if (strstr(f.faults.list[0].text, table[i].fault) == NULL)
			fail_msg("%s: %s", table[i].arguments, f.faults.list[0].text);
		stop(&f);
	}
}

/* More resources without an image than are kept: that it could matter is said, and only then. */
static void test_bounded(void **state)
{
	static const char *const ends[] = { "", PRIOR(ARTIFACT_OF("data.hcp_packer_artifact.u", OLD, "")) ","
		CONFIG(USES("my_machine.a", "\"data.hcp_packer_artifact.u\""), "") };
	static const char *const expect[] = { "", "unknown images" };

	(void)state;
	for (size_t t = 0; t < COUNT(ends); t++) {
		struct buf plan = BUF_INIT(64u << 20);
		struct fixture f;
		char *got;

		buf_puts(&plan, "\"resource_changes\":[");
		for (unsigned i = 0; i <= 50000; i++)
			buf_printf(&plan, "%s" CREATE("my_machine.%s[%u]", "my_machine", "{}"), i > 0 ? "," : "",
				i < 50000 ? "b" : "a", i);
		buf_printf(&plan, "]%s%s", *ends[t] != '\0' ? "," : "", ends[t]);
		start(&f, images_registry, "");
		run_plan(&f, plan.data);
		got = outcomes_text(&f);
		assert_string_equal(got, expect[t]);
		free(got);
		buf_free(&plan);
		stop(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_no_registry),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
