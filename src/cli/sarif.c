/* A report as SARIF 2.1.0 (OASIS), as code scanning of GitHub and others read it: one run, a rule for each policy or
 * check, a result for each outcome.
 *
 *	outcome		kind	level		besides
 *	failed		fail	error
 *	error		fail	error		its message says that it could not be judged
 *	warning		fail	warning		failed, below the endpoint's fail_on
 *	unknown		open	none		the value is known after apply only
 *	skipped		fail	error		with a suppression, whose justification is the reason
 *	passed		pass	none
 *
 * (3.27.10: a level other than none belongs to kind "fail" alone.) A plan has no lines that mean something to a person,
 * and terraform writes it as one: the physical location is the plan file's line 1, because readers insist on a region,
 * and the resource is the logical location. The fingerprint is over rule and address (and place, among several of both),
 * so that a finding is the same one in the next plan. Outcomes that were counted and not kept are a notification of the
 * invocation. The verdict is the exit code.
 *
 * In messages, braces are doubled (3.11.5): single ones are placeholders.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/mem.h"
#include "checks/verdict.h"
#include "cli/cli.h"
#include "cli/report.h"

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#define TEXT_MAX (16u << 20)
#define FINGERPRINT "planspoolRuleAndAddress/v1"

static const struct {
	const char *kind, *level;
} statuses[OUTCOME_STATUSES] = {
	[OUTCOME_FAILED] = { "fail", "error" },
	[OUTCOME_ERROR] = { "fail", "error" },
	[OUTCOME_UNKNOWN] = { "open", "none" },
	[OUTCOME_WARNING] = { "fail", "warning" },
	[OUTCOME_SKIPPED] = { "fail", "error" },
	[OUTCOME_PASSED] = { "pass", "none" },
};

/* What GitHub sorts security findings by; NULL: not said. */
static const char *security_severity(enum severity s)
{
	switch (s) {
	case SEVERITY_CRITICAL:
		return "9.5";
	case SEVERITY_HIGH:
		return "8.0";
	case SEVERITY_MEDIUM:
		return "5.5";
	case SEVERITY_LOW:
		return "3.0";
	case SEVERITY_INFO:
		return "0.1";
	default:
		return NULL;
	}
}

/* {"text": parts joined by ": "}; NULL parts are left out. */
static json_t *message(const char *const *parts, size_t n)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	json_t *j = json_new_object();

	for (size_t i = 0; i < n; i++) {
		if (parts[i] == NULL || parts[i][0] == '\0')
			continue;
		if (text.len > 0)
			buf_puts(&text, ": ");
		for (const char *p = parts[i]; *p != '\0'; p++) {
			const char twice[] = { *p, *p, '\0' }, once[] = { *p, '\0' };

			buf_puts(&text, *p == '{' || *p == '}' ? twice : once);
		}
	}
	json_put_string(j, "text", text.len > 0 ? text.data : "-");
	buf_free(&text);
	return j;
}

/* ---- places ---- */

/* The name of a file as a URI reference (RFC 3986). Allocated. */
static char *file_uri(const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	struct buf uri = BUF_INIT(TEXT_MAX);

	if (strcmp(path, "-") == 0)
		path = "stdin";
	if (path[0] == '/')
		buf_puts(&uri, "file://");
	for (const char *p = path; *p != '\0'; p++) {
		if (strchr(plain, *p) != NULL)
			buf_printf(&uri, "%c", *p);
		else
			buf_printf(&uri, "%%%02X", (unsigned char)*p);
	}
	return uri.data != NULL ? uri.data : xstrdup("");
}

static json_t *location(const char *uri, const char *address)
{
	json_t *place = json_new_object(), *physical = json_new_object(), *artifact = json_new_object();
	json_t *region = json_new_object();

	json_put_string(artifact, "uri", uri);
	json_put_integer(region, "startLine", 1);
	json_put(physical, "artifactLocation", artifact);
	json_put(physical, "region", region);
	json_put(place, "physicalLocation", physical);
	if (address != NULL) {
		json_t *logical = json_new_object(), *list = json_new_array();

		json_put_string(logical, "fullyQualifiedName", address);
		json_put_string(logical, "kind", "resource");
		json_add(list, logical);
		json_put(place, "logicalLocations", list);
	}
	return place;
}

/* ---- rules and results ---- */

/* Whether it may stand where the schema wants an absolute URI. */
static bool is_link(const char *url)
{
	return url != NULL && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0) &&
		strspn(url, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%") ==
		strlen(url);
}

static json_t *rule_json(const struct report_rule *rule)
{
	const struct outcome *first = rule->first;
	const char *what = first->description != NULL ? first->description : rule->id;
	const char *severity = security_severity(first->severity);
	json_t *j = json_new_object();

	json_put_string(j, "id", rule->id);
	json_put(j, "shortDescription", message(&what, 1));
	if (first->help != NULL && first->help[0] != '\0') {
		json_t *help = message(&first->help, 1);

		json_put(help, "markdown", json_copy(json_get(help, "text")));
		json_put(j, "help", help);
	}
	if (is_link(first->url))
		json_put_string(j, "helpUri", first->url);
	if (severity != NULL) {
		json_t *properties = json_new_object();

		json_put_string(properties, "severity", severity_name(first->severity));
		json_put_string(properties, "security-severity", severity);
		json_put(j, "properties", properties);
	}
	return j;
}

static json_t *fingerprints(const struct outcome *one, unsigned nth)
{
	unsigned char hash[16];
	char text[2 * sizeof(hash) + 1];
	crypto_generichash_state state;
	json_t *j = json_new_object();

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const unsigned char *)one->id, strlen(one->id) + 1);
	if (one->address != NULL)
		crypto_generichash_update(&state, (const unsigned char *)one->address, strlen(one->address) + 1);
	for (; nth > 0; nth--)
		crypto_generichash_update(&state, (const unsigned char *)"+", 1);
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
	json_put_string(j, FINGERPRINT, text);
	return j;
}

static json_t *suppressions(const struct outcome *one)
{
	json_t *list = json_new_array(), *j = json_new_object();

	json_put_string(j, "kind", "external");
	json_put_string(j, "status", "accepted");
	json_put_string(j, "justification", one->reason != NULL ? one->reason : one->description);
	json_add(list, j);
	return list;
}

/* What the outcome's tags say, beside its status and severity. */
static json_t *properties_json(const struct outcome *one)
{
	json_t *j = json_new_object();

	json_put_string(j, "status", outcome_status_name(one->status));
	if (one->severity != SEVERITY_NONE_GIVEN)
		json_put_string(j, "severity", severity_name(one->severity));
	for (size_t i = 0; i < OUTCOME_TAGS; i++)
		if (one->tags[i].label != NULL)
			json_put_string(j, one->tags[i].name, one->tags[i].label);
	return j;
}

static json_t *result_json(const struct outcome *one, unsigned nth, size_t rule, const char *uri)
{
	const char *const parts[] = { one->address, one->status == OUTCOME_ERROR ? "could not be judged" : NULL,
		one->description, one->reason };
	json_t *j = json_new_object(), *locations = json_new_array();

	json_put_string(j, "ruleId", one->id);
	json_put_integer(j, "ruleIndex", (int64_t)rule);
	json_put_string(j, "kind", statuses[one->status].kind);
	json_put_string(j, "level", statuses[one->status].level);
	json_put(j, "message", message(parts, sizeof(parts) / sizeof(parts[0])));
	json_add(locations, location(uri, one->address));
	json_put(j, "locations", locations);
	json_put(j, "partialFingerprints", fingerprints(one, nth));
	if (one->status == OUTCOME_SKIPPED)
		json_put(j, "suppressions", suppressions(one));
	json_put(j, "properties", properties_json(one));
	return j;
}

/* ---- the run ---- */

/* Notifications about outcomes that are counted only. */
static json_t *notifications(const struct report *r, const struct report_rule *rules, size_t n)
{
	json_t *list = json_new_array();

	for (size_t i = 0; i < n; i++) {
		for (enum outcome_status s = 0; s < OUTCOME_STATUSES; s++) {
			uint64_t rest = outcomes_not_kept(r->outcomes, rules[i].id, s);
			json_t *j;
			char *text;
			const char *part;

			if (rest == 0 || s == OUTCOME_PASSED)
				continue;
			text = xasprintf("%s: %" PRIu64 " more %s, not listed", rules[i].id, rest,
				outcome_status_name(s));
			part = text;
			j = json_new_object();
			json_put_string(j, "level", "warning");
			json_put(j, "message", message(&part, 1));
			json_add(list, j);
			free(text);
		}
	}
	return list;
}

static json_t *tool_json(const struct report_rule *rules, size_t n)
{
	json_t *tool = json_new_object(), *driver = json_new_object(), *list = json_new_array();

	json_put_string(driver, "name", "planspool");
	json_put_string(driver, "version", PACKAGE_VERSION);
	for (size_t i = 0; i < n; i++)
		json_add(list, rule_json(&rules[i]));
	json_put(driver, "rules", list);
	json_put(tool, "driver", driver);
	return tool;
}

static json_t *run_json(const struct report *r, const struct report_rule *rules, size_t n)
{
	json_t *run = json_new_object(), *results = json_new_array(), *invocation = json_new_object();
	json_t *invocations = json_new_array(), *properties = json_new_object();
	char *uri = file_uri(r->plan), *counts = verdict_counts(r->outcomes);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < rules[i].n; k++)
			json_add(results, result_json(rules[i].list[k], report_nth(&rules[i], k), i, uri));
	json_put_bool(invocation, "executionSuccessful", true);
	json_put_integer(invocation, "exitCode", r->failed ? CLI_FAILED : CLI_OK);
	json_put(invocation, "toolExecutionNotifications", notifications(r, rules, n));
	json_add(invocations, invocation);
	json_put_string(properties, "status", r->failed ? "failed" : "passed");
	json_put_string(properties, "message", counts);
	json_put_integer(properties, "resources", (int64_t)outcomes_resources(r->outcomes));
	json_put_string(properties, "policySet", r->hash);
	json_put(run, "tool", tool_json(rules, n));
	json_put(run, "invocations", invocations);
	json_put(run, "results", results);
	json_put(run, "properties", properties);
	free(uri);
	free(counts);
	return run;
}

void sarif_print(const struct report *r)
{
	json_t *top = json_new_object(), *runs = json_new_array();
	size_t n;
	struct report_rule *rules = report_rules(r, &n);
	char *text;

	json_put_string(top, "$schema", SCHEMA);
	json_put_string(top, "version", "2.1.0");
	json_add(runs, run_json(r, rules, n));
	json_put(top, "runs", runs);
	text = json_text(top);
	puts(text);
	free(text);
	json_free(top);
	report_rules_free(rules, n);
}
