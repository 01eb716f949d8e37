/* The body of the callback: JSON:API, by the schema of run task results (structured-run-task-result-schema.json),
 * with its quirks: attributes and relationships that would be empty are left out, as it asks for at least one
 * character and one element; the key is outcome-id, as in HashiCorp's example and every client, not outcome_id; a
 * URL that is not plain http(s) breaks the run page, so it is left out.
 *
 * One outcome stands for all hits of one id and status, worst first; passed ones are only counted in the message, as
 * a list of what is fine hides what is not. Each outcome's body lists the addresses with their reasons, then says
 * what to do. Outcomes that ask for it (a machine image of a resource) come alone, with a body and tags of their own.
 * Three bounds: the schema's for each attribute, OUTCOMES_SENT outcomes, and BODY_TOTAL bytes over all: beyond that
 * outcomes come without their bodies. What is cut is counted in a last outcome.
 *
 * Lengths in characters are the schema's; the body of an outcome is bounded in bytes, which is never more.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/markdown.h"
#include "checks/verdict.h"

#define ID_MAX 64
#define DESCRIPTION_MAX 1000
#define URL_LENGTH_MAX 500
#define OUTCOME_BODY_MAX 10000
#define HELP_SHOWN_MAX 4000		/* bytes of an outcome's body that what to do may take */
#define LINE_TEXT_MAX 1000		/* bytes of one address or reason in a body */
#define OUTCOMES_SENT 250
#define BODY_TOTAL 800000		/* bytes of outcomes, well under the 1 MB that is documented */

/* How a status looks on the run page. */
static const struct {
	const char *label, *level;
} looks[OUTCOME_STATUSES] = {
	[OUTCOME_FAILED] = { "Failed", "error" },
	[OUTCOME_ERROR] = { "Error", "error" },
	[OUTCOME_UNKNOWN] = { "Unknown", "warning" },
	[OUTCOME_WARNING] = { "Warning", "warning" },
	[OUTCOME_SKIPPED] = { "Skipped", "info" },
	[OUTCOME_PASSED] = { "Passed", "none" },
};

static const struct {
	const char *label, *level;
} severities[] = {
	[SEVERITY_INFO] = { "Info", "info" },
	[SEVERITY_LOW] = { "Low", "info" },
	[SEVERITY_MEDIUM] = { "Medium", "warning" },
	[SEVERITY_HIGH] = { "High", "error" },
	[SEVERITY_CRITICAL] = { "Critical", "error" },
};

/* The outcomes of one id and status: a run of the kept ones. */
struct group {
	size_t first, end;
	uint64_t total;		/* with those not kept */
};

static struct group group_at(struct outcomes *o, size_t i)
{
	const struct outcome *first = outcomes_at(o, i);
	struct group g = { .first = i, .end = i + 1 };

	while (!first->alone && g.end < outcomes_kept(o) && outcomes_at(o, g.end)->status == first->status &&
			strcmp(outcomes_at(o, g.end)->id, first->id) == 0)
		g.end++;
	g.total = g.end - i + (first->alone ? 0 : outcomes_not_kept(o, first->id, first->status));
	return g;
}

/* Puts at most max characters on one line under key; nothing if there is no text. */
static void put_text(json_t *object, const char *key, const char *s, size_t max)
{
	struct buf line = BUF_INIT(4 * 65536);
	size_t n;

	if (s != NULL && text_escape(&line, s, text_utf8_cut(s, strlen(s), 65536)) == 0 && line.len > 0) {
		n = text_utf8_prefix(line.data, line.len, max);
		if (n < line.len) {
			n = text_utf8_prefix(line.data, line.len, max - 3);
			line.len = n;
			line.data[n] = '\0';
			buf_puts(&line, "...");
		}
		json_put_string(object, key, line.data);
	}
	buf_free(&line);
}

static bool url_usable(const char *url)
{
	if (url == NULL || strlen(url) > URL_LENGTH_MAX)
		return false;
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return false;
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("\"<>\\^`{|}", *p) != NULL)
			return false;
	return true;
}

static void put_tag(json_t *tags, const char *name, const char *label, const char *level)
{
	json_t *list = json_new_array(), *one = json_new_object();

	json_put_string(one, "label", label);
	json_put_string(one, "level", level);
	json_add(list, one);
	json_put(tags, name, list);
}

/* The first LINE_TEXT_MAX bytes through one of the markdown functions. */
static void put_markdown(struct buf *out, const char *s, int (*write)(struct buf *out, const char *s))
{
	struct buf line = BUF_INIT(8 * LINE_TEXT_MAX);
	size_t n = text_utf8_cut(s, strlen(s), LINE_TEXT_MAX);

	if (text_escape(&line, s, n) != 0 || write(out, buf_text(&line)) != 0 || s[n] != '\0')
		buf_puts(out, "...");
	buf_free(&line);
}

/* "- `address`: reason" */
static void list_line(struct buf *line, const struct outcome *one)
{
	buf_puts(line, "- ");
	if (one->address != NULL)
		put_markdown(line, one->address, markdown_code);
	if (one->address != NULL && one->reason != NULL)
		buf_puts(line, ": ");
	if (one->reason != NULL)
		put_markdown(line, one->reason, markdown_text);
	buf_puts(line, "\n");
}

/* Markdown of ours, at most max bytes of it. */
static void put_whole(struct buf *out, const char *markdown, size_t max)
{
	size_t n = text_utf8_cut(markdown, strlen(markdown), max);

	buf_printf(out, "%.*s%s\n", (int)n, markdown, markdown[n] != '\0' ? "\n\n..." : "");
}

/* The markdown of a group, NULL if there is nothing to say. Allocated. */
static char *group_body(struct outcomes *o, const struct group *g)
{
	struct buf out = BUF_INIT(2 * OUTCOME_BODY_MAX);
	const char *help = outcomes_at(o, g->first)->help;
	size_t help_len = help != NULL ? text_utf8_cut(help, strlen(help), HELP_SHOWN_MAX) : 0;
	bool whole = outcomes_at(o, g->first)->alone && outcomes_at(o, g->first)->body != NULL;
	uint64_t listed = 0;
	char *text = NULL;

	if (whole) {
		put_whole(&out, outcomes_at(o, g->first)->body, OUTCOME_BODY_MAX - help_len - 100);
		listed = g->total;
	}
	for (size_t i = g->first; !whole && i < g->end; i++) {
		const struct outcome *one = outcomes_at(o, i);
		struct buf line = BUF_INIT(128 * LINE_TEXT_MAX);
		bool fits = true;

		if (one->address != NULL || one->reason != NULL) {
			list_line(&line, one);
			fits = out.len + line.len + help_len + 100 <= OUTCOME_BODY_MAX;
			if (fits)
				buf_puts(&out, line.data);
		}
		buf_free(&line);
		if (!fits)
			break;
		listed++;
	}
	if (out.len > 0 && listed < g->total)
		buf_printf(&out, "- and %" PRIu64 " more\n", g->total - listed);
	if (help_len > 0)
		buf_printf(&out, "%s%.*s%s", out.len > 0 ? "\n" : "", (int)help_len, help,
			help[help_len] != '\0' ? "\n\n..." : "");
	if (out.len > 0)
		text = xstrdup(out.data);
	buf_free(&out);
	return text;
}

/* "Bucket must not be public (12 resources)": the number where it is seen without opening the body. */
static void put_description(json_t *attributes, struct outcomes *o, const struct group *g)
{
	const struct outcome *first = outcomes_at(o, g->first);
	const char *what = first->description != NULL ? first->description : first->reason;
	char *counted;

	if (what != NULL && first->alone && first->address != NULL) {
		counted = xasprintf("%.*s: %.*s", (int)text_utf8_prefix(what, strlen(what), DESCRIPTION_MAX / 2), what,
			(int)text_utf8_prefix(first->address, strlen(first->address), DESCRIPTION_MAX / 2 - 2),
			first->address);
		put_text(attributes, "description", counted, DESCRIPTION_MAX);
		free(counted);
	} else if (what != NULL && g->total > 1 && first->address != NULL) {
		counted = xasprintf("%.*s (%" PRIu64 " resources)",
			(int)text_utf8_prefix(what, strlen(what), DESCRIPTION_MAX - 40), what, g->total);
		put_text(attributes, "description", counted, DESCRIPTION_MAX);
		free(counted);
	} else {
		put_text(attributes, "description", what, DESCRIPTION_MAX);
	}
}

static json_t *resource(json_t *attributes)
{
	json_t *one = json_new_object();

	json_put_string(one, "type", "task-result-outcomes");
	json_put(one, "attributes", attributes);
	return one;
}

static json_t *group_json(struct outcomes *o, const struct group *g)
{
	const struct outcome *first = outcomes_at(o, g->first);
	json_t *attributes = json_new_object(), *tags = json_new_object();
	char *body = group_body(o, g);

	put_text(attributes, "outcome-id", first->id, ID_MAX);
	put_description(attributes, o, g);
	put_tag(tags, "Status", looks[first->status].label, looks[first->status].level);
	if (first->severity > SEVERITY_NONE_GIVEN && first->severity <= SEVERITY_CRITICAL)
		put_tag(tags, "Severity", severities[first->severity].label, severities[first->severity].level);
	for (size_t i = 0; first->alone && i < OUTCOME_TAGS; i++) {
		if (first->tags[i].label != NULL)
			put_tag(tags, first->tags[i].name, first->tags[i].label, looks[first->status].level);
	}
	json_put(attributes, "tags", tags);
	json_put_string(attributes, "body", body);
	if (url_usable(first->url))
		json_put_string(attributes, "url", first->url);
	free(body);
	return resource(attributes);
}

/* What was left out, as the last outcome. */
struct left_out {
	uint64_t outcomes[OUTCOME_STATUSES];	/* groups of each status */
	uint64_t groups, bodies;
};

static json_t *left_out_json(const struct left_out *left)
{
	json_t *attributes = json_new_object(), *tags = json_new_object();
	struct buf text = BUF_INIT(DESCRIPTION_MAX);

	if (left->groups > 0) {
		buf_printf(&text, "%" PRIu64 " more outcomes are not shown (", left->groups);
		for (enum outcome_status s = 0, n = 0; s < OUTCOME_STATUSES; s++)
			if (left->outcomes[s] > 0)
				buf_printf(&text, "%s%" PRIu64 " %s", n++ > 0 ? ", " : "", left->outcomes[s],
					outcome_status_name(s));
		buf_puts(&text, ")");
	}
	if (left->bodies > 0)
		buf_printf(&text, "%s%" PRIu64 " outcomes are shown without their details, which would be too large",
			text.len > 0 ? "; " : "", left->bodies);
	json_put_string(attributes, "outcome-id", "planspool.more");
	json_put_string(attributes, "description", text.data);
	put_tag(tags, "Status", "Not shown", "warning");
	json_put(attributes, "tags", tags);
	buf_free(&text);
	return resource(attributes);
}

static size_t size_of(const json_t *j)
{
	char *text = json_text(j);
	size_t n = strlen(text);

	free(text);
	return n;
}

/* How many outcomes of those that come alone were not kept; at the last of one id and status, else 0. */
static uint64_t lost_behind(struct outcomes *o, size_t end)
{
	const struct outcome *last = outcomes_at(o, end - 1);

	if (!last->alone || (end < outcomes_kept(o) && outcomes_at(o, end)->status == last->status &&
			strcmp(outcomes_at(o, end)->id, last->id) == 0))
		return 0;
	return outcomes_not_kept(o, last->id, last->status);
}

/* With one for those that were not kept. */
static size_t count_groups(struct outcomes *o)
{
	size_t n = 0, lost = 0;

	for (size_t i = 0; i < outcomes_kept(o) && outcomes_at(o, i)->status != OUTCOME_PASSED; n++) {
		i = group_at(o, i).end;
		lost = lost > 0 || lost_behind(o, i) > 0;
	}
	return n + lost;
}

/* The array of outcomes; empty when there is nothing but passed ones. */
static json_t *outcomes_json(struct outcomes *o)
{
	json_t *list = json_new_array();
	struct left_out left = { .groups = 0 };
	/* With more than fit, one place is kept for the last outcome. */
	size_t room = count_groups(o) > OUTCOMES_SENT ? OUTCOMES_SENT - 1 : OUTCOMES_SENT;
	size_t used = 0;

	for (size_t i = 0; i < outcomes_kept(o) && outcomes_at(o, i)->status != OUTCOME_PASSED;) {
		struct group g = group_at(o, i);
		json_t *one = NULL;
		uint64_t lost = lost_behind(o, g.end);
		bool bare = false;
		size_t size = 0;

		i = g.end;
		left.groups += lost;
		left.outcomes[outcomes_at(o, g.first)->status] += lost;
		if (json_count(list) < room) {
			one = group_json(o, &g);
			size = size_of(one);
			if (used + size > BODY_TOTAL && json_has(json_get(one, "attributes"), "body")) {
				json_remove(json_get(one, "attributes"), "body");
				bare = true;
				size = size_of(one);
			}
		}
		if (one == NULL || used + size > BODY_TOTAL + BODY_TOTAL / 10) {
			json_free(one);
			left.groups++;
			left.outcomes[outcomes_at(o, g.first)->status]++;
			continue;
		}
		used += size;
		left.bodies += bare;
		json_add(list, one);
	}
	if (left.groups > 0 || (left.bodies > 0 && json_count(list) < OUTCOMES_SENT))
		json_add(list, left_out_json(&left));
	return list;
}

static json_t *plain(const char *status, const char *message, json_t **data)
{
	json_t *top = json_new_object(), *attributes = json_new_object();
	char *text = verdict_message_text(message);

	*data = json_new_object();
	json_put_string(*data, "type", "task-results");
	json_put_string(attributes, "status", status);
	if (*text != '\0')
		json_put_string(attributes, "message", text);
	free(text);
	json_put(*data, "attributes", attributes);
	json_put(top, "data", *data);
	return top;
}

static char *text_and_free(json_t *top)
{
	char *text = json_text(top);

	json_free(top);
	return text;
}

char *verdict_plain_body(const char *status, const char *message)
{
	json_t *data;

	return text_and_free(plain(status, message, &data));
}

char *verdict_body(struct outcomes *o, bool pass_on_error, const char *note, const char *hash,
	const char *url)
{
	char *message = verdict_message(o, pass_on_error, note, hash);
	json_t *data, *list = outcomes_json(o);
	json_t *top = plain(verdict_failed(o, pass_on_error) ? "failed" : "passed", message, &data);

	if (url_usable(url))
		json_put_string(json_get(data, "attributes"), "url", url);
	if (json_count(list) > 0) {
		json_t *relationships = json_new_object(), *relationship = json_new_object();

		json_put(relationship, "data", list);
		json_put(relationships, "outcomes", relationship);
		json_put(data, "relationships", relationships);
	} else {
		json_free(list);
	}
	free(message);
	return text_and_free(top);
}

char *verdict_reduced(const char *body, size_t len, unsigned level)
{
	char why[JSON_WHY];
	json_t *top = NULL, *data, *attributes;
	const char *type;
	char *text = NULL;

	if (json_parse(body, len, &top, why) != 0)
		return NULL;
	data = json_get(top, "data");
	attributes = json_get(data, "attributes");
	type = json_get_string(data, "type");
	if (type == NULL || strcmp(type, "task-results") != 0 || json_get_string(attributes, "status") == NULL)
		goto out;
	if (level == 0) {
		text = xstrndup(body, len);
	} else {
		json_remove(data, "relationships");
		if (level > 1)
			json_remove(attributes, "url");
		text = json_text(top);
	}
out:
	json_free(top);
	return text;
}
