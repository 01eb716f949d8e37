/* Tells plans from what people send instead: UTF-16 from a PowerShell redirect, compressed or binary plans, state
 * files, the log stream of `terraform plan -json`, the redacted plan that HCP Terraform's own pages use. Each is
 * refused by name, with what to do.
 *
 * The first byte decides, because no two of them, and no JSON, share one; what is JSON but no plan is known by its
 * sections once the object is complete, whatever their order.
 *
 * The major format versions 0 and 1 are read: the rule is that a minor version only adds things. */
#include <stdio.h>
#include <string.h>

#include "plan/reader_parts.h"

#define HOW "`terraform show -json PLANFILE` makes one"

size_t reader_start(struct plan_reader *r, const char *p, size_t n)
{
	static const struct { unsigned char byte; const char *what; } others[] = {
		{ 0xff, "UTF-16, not UTF-8: convert it (in PowerShell: Out-File -Encoding utf8)" },
		{ 0xfe, "UTF-16, not UTF-8: convert it (in PowerShell: Out-File -Encoding utf8)" },
		{ 0x00, "UTF-16 or UTF-32, not UTF-8: convert it" },
		{ 0x1f, "compressed (gzip): decompress it first" },
		{ 'P', "a binary plan file or a plan for people, not JSON: " HOW },
		{ '[', "an array, not an object: no plan JSON: " HOW },
	};
	unsigned char c = (unsigned char)*p;

	(void)n;
	if (c == 0xef && r->bytes == 0) {
		r->phase = PHASE_MARK_2;
		return 1;
	}
	if (c == '{') {
		reader_open(r, GRAMMAR_TOP, false, false);
		return 1;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (others[i].byte == c)
			return reader_fail(r, r->bytes, "%s", others[i].what);
	}
	return reader_fail(r, r->bytes, "not an object: no plan JSON: " HOW);
}

size_t reader_byte_order_mark(struct plan_reader *r, const char *p, size_t n)
{
	bool second = r->phase == PHASE_MARK_2;

	(void)n;
	if ((unsigned char)*p != (second ? 0xbb : 0xbf))
		return reader_fail(r, 0, "not an object: no plan JSON: " HOW);
	r->phase = second ? PHASE_MARK_3 : PHASE_START;
	return 1;
}

size_t reader_unexpected(struct plan_reader *r, char c, const char *due)
{
	if (c == '\0' && r->bytes <= 4)
		return reader_fail(r, r->bytes, "UTF-16 or UTF-32, not UTF-8: convert it");
	return reader_fail(r, r->bytes, "%s", due);
}

void reader_judge(struct plan_reader *r)
{
	static const struct { unsigned has, lacks; const char *what; } others[] = {
		{ 1u << GRAMMAR_HAS_LOG, 1u << GRAMMAR_HAS_VERSION,
			"the log stream of `terraform plan -json`, not a plan: plan with -out, then " HOW },
		{ 1u << GRAMMAR_HAS_REDACTED, 1u << GRAMMAR_HAS_VERSION,
			"a redacted plan (json-output-redacted), not a plan: json-output is needed" },
		{ 1u << GRAMMAR_HAS_STATE_FILE, 1u << GRAMMAR_HAS_VERSION, "a state file, not a plan: " HOW },
		{ 0, 1u << GRAMMAR_HAS_VERSION, "not a Terraform plan: no format_version: " HOW },
		{ 1u << GRAMMAR_HAS_STATE, 1u << GRAMMAR_HAS_PLAN, "looks like a state, not a plan: " HOW },
		{ 0, 1u << GRAMMAR_HAS_PLAN,
			"not a Terraform plan: none of planned_values, resource_changes and configuration: " HOW },
		{ 1u << GRAMMAR_HAS_PLANNED, 1u << GRAMMAR_HAS_CHANGE,
			"planned_values has resources, but resource_changes has none: not a whole plan: " HOW },
	};

	if (r->marks & 1u << GRAMMAR_HAS_CHANGES)
		r->marks |= 1u << GRAMMAR_HAS_PLAN;
	if (plan_reader_resources(r) > 0)
		r->marks |= 1u << GRAMMAR_HAS_CHANGE;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if ((r->marks & others[i].has) == others[i].has && !(r->marks & others[i].lacks)) {
			reader_fail(r, r->bytes, "%s", others[i].what);
			return;
		}
	}
}

void reader_check_version(struct plan_reader *r, const struct value *version)
{
	size_t len, major, minor;
	const char *text = value_text(version, &len);

	if (value_type(version) == VALUE_STRING && len <= 32) {
		major = strspn(text, "0123456789");
		minor = text[major] == '.' ? strspn(text + major + 1, "0123456789") : 0;
		if (major && minor && major + 1 + minor == len) {
			if (major != 1 || *text > '1')
				reader_fail(r, r->start,
					"plan format version %s is not supported (0.x and 1.x are)", text);
			return;
		}
	}
	reader_fail(r, r->start, "format_version is not of the form \"major.minor\"");
}
