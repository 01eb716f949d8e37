/* Callback bodies (HCP Terraform, "Run tasks integration", run task callback, and HashiCorp's JSON schema
 * run-tasks/runtask-result): a JSON:API document of type task-results (or task_results) with a status of running,
 * passed or failed, a message and a URL within their lengths, and outcomes under relationships.
 *
 * Lengths are counted in characters. What the schema leaves open is accepted here too. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sim/callback.h"

#define OUTCOMES_MAX 250

struct rule {
	const char *key;
	size_t max;		/* characters */
	bool is_url, needed;
};

static const struct rule result_rules[] = {
	{ "message", 1000, false, false },
	{ "url", 500, true, false },
	{ NULL, 0, false, false },
};

static const struct rule outcome_rules[] = {
	{ "outcome-id", 64, false, true },
	{ "description", 1000, false, true },
	{ "body", 1000000, false, false },
	{ "url", 500, true, false },
	{ NULL, 0, false, false },
};

static int check_texts(const json_t *attributes, const struct rule *rules, const char *what, char why[CALLBACK_WHY])
{
	const char *s;
	size_t n;

	for (; rules->key != NULL; rules++) {
		if (!json_has(attributes, rules->key) && !rules->needed)
			continue;
		s = json_get_string(attributes, rules->key);
		n = s != NULL ? text_utf8_length(s, strlen(s)) : 0;
		if (n == 0 || n > rules->max) {
			snprintf(why, CALLBACK_WHY, "%s: %s must be a text of 1 to %zu characters", what, rules->key,
				rules->max);
			return -1;
		}
		if (rules->is_url && strncmp(s, "http://", 7) != 0 && strncmp(s, "https://", 8) != 0) {
			snprintf(why, CALLBACK_WHY, "%s: %s must begin with http:// or https://", what, rules->key);
			return -1;
		}
	}
	return 0;
}

static int check_outcomes(const json_t *list, char why[CALLBACK_WHY])
{
	const json_t *outcome;
	const char *type;
	char what[40];
	size_t i, n = json_count(list);

	if (!json_is_array(list) || n == 0 || n > OUTCOMES_MAX) {
		snprintf(why, CALLBACK_WHY, "relationships.outcomes.data must be a list of 1 to %d outcomes",
			OUTCOMES_MAX);
		return -1;
	}
	for (i = 0; i < n; i++) {
		outcome = json_at(list, i);
		type = json_get_string(outcome, "type");
		snprintf(what, sizeof(what), "outcome %zu", i + 1);
		if (type == NULL || strcmp(type, "task-result-outcomes") != 0) {
			snprintf(why, CALLBACK_WHY, "%s: type must be task-result-outcomes", what);
			return -1;
		}
		if (check_texts(json_get(outcome, "attributes"), outcome_rules, what, why) != 0)
			return -1;
	}
	return 0;
}

static int check(json_t *document, const struct callback *c, char why[CALLBACK_WHY])
{
	static const char *const statuses[] = { "running", "passed", "failed", NULL };
	const json_t *data = json_get(document, "data"), *relationships = json_get(data, "relationships");
	const char *type = json_get_string(data, "type");
	size_t i;

	if (type == NULL || (strcmp(type, "task-results") != 0 && strcmp(type, "task_results") != 0)) {
		snprintf(why, CALLBACK_WHY, "data.type must be task-results");
		return -1;
	}
	for (i = 0; c->status != NULL && statuses[i] != NULL && strcmp(statuses[i], c->status) != 0; i++)
		;
	if (c->status == NULL || statuses[i] == NULL) {
		snprintf(why, CALLBACK_WHY, "data.attributes.status must be running, passed or failed");
		return -1;
	}
	if (check_texts(json_get(data, "attributes"), result_rules, "data.attributes", why) != 0)
		return -1;
	return json_has(relationships, "outcomes") ? check_outcomes(c->outcomes, why) : 0;
}

void callback_parts(json_t *document, struct callback *out)
{
	const json_t *data = json_get(document, "data"), *attributes = json_get(data, "attributes");

	out->document = document;
	out->status = json_get_string(attributes, "status");
	out->message = json_get_string(attributes, "message");
	out->url = json_get_string(attributes, "url");
	out->outcomes = json_get(json_get(json_get(data, "relationships"), "outcomes"), "data");
}

int callback_read(const char *body, size_t len, struct callback *out, char why[CALLBACK_WHY])
{
	char parse_why[JSON_WHY];
	json_t *document = NULL;

	*out = (struct callback){ 0 };
	if (json_parse(body, len, &document, parse_why) != 0) {
		snprintf(why, CALLBACK_WHY, "the body is no JSON: %s", parse_why);
		return -1;
	}
	callback_parts(document, out);
	if (check(document, out, why) == 0)
		return 0;
	json_free(document);
	*out = (struct callback){ 0 };
	return -1;
}
