/* A report as JUnit XML, as GitLab, Jenkins and others read it: a testsuite for each policy or check, a testcase for
 * each resource that it judged.
 *
 *	outcome		element in its testcase
 *	failed		failure		type is the severity, or "failed"
 *	error		error
 *	warning		skipped		the format has no warning: shown, and fails nothing
 *	unknown		skipped		never a pass by silence
 *	skipped		skipped
 *	passed		none
 *
 * The first suite, "planspool", has one case that says that the plan was read and checked whole, with the counts:
 * readers take a file without any case for a mistake. The last case of a suite stands for what was counted and not
 * kept.
 *
 * XML 1.0 has no way to write most control characters: they are left out, and so is what is not UTF-8. What an
 * attribute would lose (line ends, tabs) is written as a character reference.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "checks/verdict.h"
#include "cli/report.h"

static const struct {
	const char *element;	/* NULL: none */
	const char *word;	/* before the message */
} statuses[OUTCOME_STATUSES] = {
	[OUTCOME_FAILED] = { "failure", NULL },
	[OUTCOME_ERROR] = { "error", NULL },
	[OUTCOME_UNKNOWN] = { "skipped", "unknown" },
	[OUTCOME_WARNING] = { "skipped", "warning" },
	[OUTCOME_SKIPPED] = { "skipped", NULL },
	[OUTCOME_PASSED] = { NULL, NULL },
};

/* ---- XML ---- */

/* One ASCII character as XML may hold it. */
static void put_character(unsigned char c)
{
	switch (c) {
	case '&':
		fputs("&amp;", stdout);
		break;
	case '<':
		fputs("&lt;", stdout);
		break;
	case '>':
		fputs("&gt;", stdout);
		break;
	case '"':
		fputs("&quot;", stdout);
		break;
	case '\t':
	case '\n':
	case '\r':
		printf("&#%u;", (unsigned)c);
		break;
	default:
		if (c >= 0x20 && c != 0x7f)
			putchar(c);
	}
}

/* One character of more than one byte. U+FFFE and U+FFFF are none in XML; U+0080 to U+009F are allowed, but control. */
static void put_wide(const char *s, size_t n)
{
	if (n == 3 && (memcmp(s, "\xef\xbf\xbe", 3) == 0 || memcmp(s, "\xef\xbf\xbf", 3) == 0))
		return;
	if (n == 2 && memcmp(s, "\xc2\xa0", 2) < 0)
		return;
	fwrite(s, 1, n, stdout);
}

/* Text for an attribute or an element. */
static void put(const char *s)
{
	size_t left = s != NULL ? strlen(s) : 0;

	while (left > 0) {
		size_t valid = text_utf8_valid(s, left);
		const char *end = s + valid;

		left -= valid;
		while (s < end) {
			size_t n = text_utf8_prefix(s, (size_t)(end - s), 1);

			if (n == 1)
				put_character((unsigned char)*s);
			else
				put_wide(s, n);
			s += n;
		}
		if (left > 0) {	/* a byte that is not UTF-8 */
			s++;
			left--;
		}
	}
}

static void attribute(const char *name, const char *value)
{
	printf(" %s=\"", name);
	put(value);
	putchar('"');
}

/* ---- suites ---- */

struct counts {
	uint64_t tests, failures, errors, skipped;
};

static void count(struct counts *c, enum outcome_status s)
{
	c->tests++;
	c->failures += s == OUTCOME_FAILED;
	c->errors += s == OUTCOME_ERROR;
	c->skipped += statuses[s].element != NULL && strcmp(statuses[s].element, "skipped") == 0;
}

static bool not_listed(const struct report *r, const struct report_rule *rule, enum outcome_status s, uint64_t *n)
{
	*n = outcomes_not_kept(r->outcomes, rule->id, s);
	return *n > 0 && s != OUTCOME_PASSED;
}

static struct counts count_rule(const struct report *r, const struct report_rule *rule)
{
	struct counts c = { 0, 0, 0, 0 };
	uint64_t rest;

	for (size_t i = 0; i < rule->n; i++)
		count(&c, rule->list[i]->status);
	for (enum outcome_status s = 0; s < OUTCOME_STATUSES; s++)
		if (not_listed(r, rule, s, &rest))
			count(&c, s);
	return c;
}

static void print_counts(const struct counts *c)
{
	printf(" tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64 "\" skipped=\"%" PRIu64 "\"",
		c->tests, c->failures, c->errors, c->skipped);
}

/* nth: of several of one name, from 0; names tell testcases apart. */
static void begin_case(const struct report *r, const char *class, const char *name, unsigned nth)
{
	char *whole = nth == 0 ? xstrdup(name) : xasprintf("%s (%u)", name, nth + 1);

	fputs("    <testcase", stdout);
	attribute("classname", class);
	attribute("name", whole);
	free(whole);
	attribute("file", strcmp(r->plan, "-") == 0 ? "stdin" : r->plan);
}

/* The element of a status, with its message and what else there is to read. */
static void print_status(const struct outcome *one, const char *reason)
{
	const char *element = statuses[one->status].element, *word = statuses[one->status].word;
	const char *severity = severity_name(one->severity);
	char *message = xasprintf("%s%s%s", word != NULL ? word : "", word != NULL ? ": " : "",
		reason != NULL ? reason : one->description != NULL ? one->description : one->id);

	printf(">\n      <%s", element);
	attribute("message", message);
	if (one->status == OUTCOME_FAILED)
		attribute("type", severity[0] != '\0' ? severity : "failed");
	else if (one->status == OUTCOME_ERROR)
		attribute("type", "error");
	putchar('>');
	put(one->description);
	for (size_t i = 0; i < 3; i++) {
		const char *const more[] = { reason, one->help, one->url };

		if (more[i] != NULL) {
			put("\n");
			put(more[i]);
		}
	}
	printf("</%s>\n    </testcase>\n", element);
	free(message);
}

static void print_rule(const struct report *r, const struct report_rule *rule)
{
	struct counts c = count_rule(r, rule);
	const char *what = rule->first->description;
	char *name = xasprintf("%s%s%s", rule->id, what != NULL ? ": " : "", what != NULL ? what : "");
	uint64_t rest;

	fputs("  <testsuite", stdout);
	attribute("name", name);
	print_counts(&c);
	puts(">");
	for (size_t i = 0; i < rule->n; i++) {
		const struct outcome *one = rule->list[i];

		begin_case(r, rule->id, one->address != NULL ? one->address : rule->id, report_nth(rule, i));
		if (statuses[one->status].element != NULL)
			print_status(one, one->reason);
		else
			puts("/>");
	}
	for (enum outcome_status s = 0; s < OUTCOME_STATUSES; s++) {
		const struct outcome more = { .status = s, .id = rule->id };
		char *text;

		if (!not_listed(r, rule, s, &rest))
			continue;
		text = xasprintf("%" PRIu64 " more %s, not listed (--all lists them)", rest, outcome_status_name(s));
		begin_case(r, rule->id, text, 0);
		print_status(&more, text);
		free(text);
	}
	puts("  </testsuite>");
	free(name);
}

void junit_print(const struct report *r)
{
	struct counts total = { 1, 0, 0, 0 };
	const struct counts one = { 1, 0, 0, 0 };
	char *text = verdict_counts(r->outcomes);
	size_t n;
	struct report_rule *rules = report_rules(r, &n);

	for (size_t i = 0; i < n; i++) {
		struct counts c = count_rule(r, &rules[i]);

		total.tests += c.tests;
		total.failures += c.failures;
		total.errors += c.errors;
		total.skipped += c.skipped;
	}
	puts("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
	fputs("<testsuites name=\"planspool\"", stdout);
	print_counts(&total);
	fputs(">\n  <testsuite name=\"planspool\"", stdout);
	print_counts(&one);
	puts(">");
	begin_case(r, "planspool", "the plan was checked", 0);
	fputs(">\n      <system-out>", stdout);
	put(text);
	printf("; policy set %s", r->hash);
	puts("</system-out>\n    </testcase>\n  </testsuite>");
	for (size_t i = 0; i < n; i++)
		print_rule(r, &rules[i]);
	puts("</testsuites>");
	report_rules_free(rules, n);
	free(text);
}
