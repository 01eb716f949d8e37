/* The verdict of a run task and its message. The body with the outcomes is verdict_body.c.
 *
 * The message is all that the terraform CLI shows, and it goes through a colour interpreter there that eats [red]
 * and its like (see colourless). It is written so that it reads well as lines and also when a web page makes one
 * line of them:
 *
 *	Failed: 2 failed, 1 warning, 40 passed; 120 resources.
 *	Failed CKV2_ACME_1 (HIGH): Bucket must not be public: aws_s3_bucket.logs, aws_s3_bucket.b and 3 more.
 *	Policy set 3f2a9c01d4e5.
 *
 * Findings come worst first, one line for each id and status, as many as fit in VERDICT_MESSAGE_MAX characters; a line
 * counts the rest. The last line tells the set of checks; the worst finding does not give way to it. The texts in it
 * come from plans and policies: control characters are escaped, and a cut never divides a character.
 */
#include "checks/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define ADDRESSES_SHOWN 3	/* of one finding */
#define FINDING_MAX 400		/* characters */
#define NOTE_MAX 500		/* characters */
#define COUNTS_NOTE_MAX 200	/* characters of what one check says of itself */
#define COUNTS_MAX 300		/* characters behind which no more of that is said */
#define REST_MAX 40		/* characters kept for "and N more." */
#define SET_MAX 30		/* and for the set of checks */

bool verdict_failed(struct outcomes *o, bool pass_on_error)
{
	return outcomes_count(o, OUTCOME_FAILED) > 0 || (outcomes_count(o, OUTCOME_ERROR) > 0 && !pass_on_error);
}

/* Appends at most max characters. */
static void put_cut(struct buf *out, const char *s, size_t max)
{
	size_t len = strlen(s);

	if (text_utf8_prefix(s, len, max) == len)
		buf_puts(out, s);
	else
		buf_printf(out, "%.*s...", (int)text_utf8_prefix(s, len, max - 3), s);
}

/* Appends text from elsewhere: on one line, at most max characters. */
static void put(struct buf *out, const char *s, size_t max)
{
	struct buf clean = BUF_INIT(4 * 65536);

	if (text_escape(&clean, s, text_utf8_cut(s, strlen(s), 65536)) == 0)
		put_cut(out, buf_text(&clean), max);
	buf_free(&clean);
}

static size_t length(const struct buf *b)
{
	return text_utf8_length(buf_text(b), b->len);
}

char *verdict_counts(struct outcomes *o)
{
	static const char *const plural[OUTCOME_STATUSES] = { [OUTCOME_ERROR] = "s", [OUTCOME_WARNING] = "s" };
	struct buf out = BUF_INIT(65536);
	uint64_t resources = outcomes_resources(o);
	char *text;

	for (enum outcome_status s = 0; s < OUTCOME_STATUSES; s++) {
		uint64_t n = outcomes_count(o, s);

		/* "0 passed" stands for nothing at all. */
		if (n == 0 && (s != OUTCOME_PASSED || out.len > 0))
			continue;
		buf_printf(&out, "%s%" PRIu64 " %s%s", out.len > 0 ? ", " : "", n, outcome_status_name(s),
			n != 1 && plural[s] != NULL ? plural[s] : "");
	}
	buf_printf(&out, "; %" PRIu64 " %s", resources, resources == 1 ? "resource" : "resources");
	for (size_t i = 0; i < outcomes_notes(o); i++) {
		buf_puts(&out, "; ");
		put(&out, outcomes_note(o, i), COUNTS_NOTE_MAX);
		if (length(&out) > COUNTS_MAX)
			break;
	}
	text = xstrdup(buf_text(&out));
	buf_free(&out);
	return text;
}

/* A word in brackets could be a colour: [bold] becomes (bold). Colours are single words of letters, digits, - and _
 * that do not begin with a digit (mitchellh/colorstring); an index, [0] or ["k"], never is one and stays. */
static void colourless(char *s)
{
	for (char *open = strchr(s, '['); open != NULL; open = strchr(open + 1, '[')) {
		size_t n = strspn(open + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

		if (n > 0 && open[n + 1] == ']' && strspn(open + 1, "0123456789") < n) {
			*open = '(';
			open[n + 1] = ')';
		}
	}
}

/* The finding that begins at the i-th outcome, as a line. Returns where the next one begins; *n is how many outcomes
 * it stands for. */
static size_t finding(struct outcomes *o, size_t i, struct buf *line, uint64_t *n)
{
	const struct outcome *first = outcomes_at(o, i);
	size_t kept = outcomes_kept(o), end = i, shown = 0;

	buf_puts(line, outcome_status_name(first->status));
	line->data[0] = (char)(line->data[0] - 'a' + 'A');
	buf_puts(line, " ");
	put(line, first->id, 80);
	if (first->severity != SEVERITY_NONE_GIVEN)
		buf_printf(line, " (%s)", severity_name(first->severity));
	if (first->description != NULL) {
		buf_puts(line, ": ");
		put(line, first->description, 150);
	}
	for (; end < kept; end++) {
		const struct outcome *one = outcomes_at(o, end);

		if (one->status != first->status || strcmp(one->id, first->id) != 0)
			break;
		if (one->address == NULL || shown == ADDRESSES_SHOWN)
			continue;
		buf_puts(line, shown++ == 0 ? ": " : ", ");
		put(line, one->address, 100);
	}
	*n = end - i + outcomes_not_kept(o, first->id, first->status);
	/* Without addresses the reason is the finding; with several it would be that of one of them. */
	if (first->reason != NULL && (shown == 0 || *n == 1)) {
		buf_puts(line, ": ");
		put(line, first->reason, 200);
		shown = 1;
	}
	if (shown > 0 && *n > shown)
		buf_printf(line, " and %" PRIu64 " more", *n - shown);
	buf_puts(line, ".");
	return end;
}

static void put_findings(struct outcomes *o, struct buf *out)
{
	uint64_t left = 0;
	size_t shown = 0;

	for (enum outcome_status s = 0; s < OUTCOME_PASSED; s++)
		left += outcomes_count(o, s);
	for (size_t i = 0; i < outcomes_kept(o) && outcomes_at(o, i)->status != OUTCOME_PASSED;) {
		struct buf line = BUF_INIT(65536);
		struct buf cut = BUF_INIT(65536);
		uint64_t n;
		bool fits;

		i = finding(o, i, &line, &n);
		put_cut(&cut, buf_text(&line), FINDING_MAX);
		fits = length(out) + 1 + length(&cut) + REST_MAX + (shown > 0 ? SET_MAX : 0) <= VERDICT_MESSAGE_MAX;
		if (fits) {
			buf_printf(out, "\n%s", buf_text(&cut));
			shown++;
			left -= n < left ? n : left;
		}
		buf_free(&cut);
		buf_free(&line);
		if (!fits)
			break;
	}
	if (left > 0)
		buf_printf(out, "\nAnd %" PRIu64 " more.", left);
}

char *verdict_message_text(const char *s)
{
	struct buf lines = BUF_INIT(5 * 65536), out = BUF_INIT(4 * VERDICT_MESSAGE_MAX + 8);
	size_t left = text_utf8_cut(s, strlen(s), 65536);
	char *text;

	while (left > 0) {
		const char *end = memchr(s, '\n', left);
		size_t n = end != NULL ? (size_t)(end - s) : left;

		if (text_escape(&lines, s, n) != 0)
			break;
		if (end == NULL)
			break;
		buf_puts(&lines, "\n");
		s += n + 1;
		left -= n + 1;
	}
	put_cut(&out, buf_text(&lines), VERDICT_MESSAGE_MAX);
	text = xstrdup(buf_text(&out));
	colourless(text);
	buf_free(&lines);
	buf_free(&out);
	return text;
}

char *verdict_message(struct outcomes *o, bool pass_on_error, const char *note, const char *hash)
{
	struct buf out = BUF_INIT(65536);
	char *counts = verdict_counts(o), *text;

	if (note != NULL && *note != '\0') {
		put(&out, note, NOTE_MAX);
		buf_puts(&out, "\n");
	}
	buf_printf(&out, "%s: %s.", verdict_failed(o, pass_on_error) ? "Failed" : "Passed", counts);
	put_findings(o, &out);
	if (hash != NULL && length(&out) + SET_MAX <= VERDICT_MESSAGE_MAX)
		buf_printf(&out, "\nPolicy set %s.", hash);
	text = verdict_message_text(buf_text(&out));
	free(counts);
	buf_free(&out);
	return text;
}
