/* Findings about images in words: the parts of a reason, and the cells of a table.
 *
 * Contract: every part is a text of its own, "" when there is nothing to say. Each text that comes from a plan or a
 * registry is cut at TEXT_SHOWN_MAX bytes. Sensitive ids are not in them; a data source's address is, as addresses
 * never are sensitive. Nothing is escaped here: whoever prints or sends does that for the place where it goes. */
#include "checks/image_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define TEXT_SHOWN_MAX 300	/* bytes of one text */
#define PART_MAX 65536		/* more than all of them together */
#define DAY_MS INT64_C(86400000)

static void put(struct buf *out, const char *s)
{
	size_t n = strlen(s), cut = text_utf8_cut(s, n, TEXT_SHOWN_MAX);

	buf_printf(out, "%.*s%s", (int)cut, s, cut < n ? "..." : "");
}

static void put_version(struct buf *out, const struct image_version *v)
{
	put(out, v->bucket->name);
	buf_puts(out, " ");
	put(out, v->name);
}

static void put_date(struct buf *out, int64_t ms)
{
	char text[TEXT_TIME_SIZE];

	text_time(ms, text);
	buf_printf(out, "%.16sZ", text);
}

/* "revoked since 2026-07-01T09:00Z by jane (inherited from base v2): CVE-2026-1234" */
static void put_revocation(int64_t now_ms, struct buf *out, const struct image_finding *f)
{
	const struct image_version *v = f->version;
	int64_t days = (f->revoke_ms - now_ms) / DAY_MS;

	if (f->worst == CLASS_REVOKED) {
		buf_puts(out, "revoked");
		if (f->revoke_ms != IMAGE_NEVER) {
			buf_puts(out, " since ");
			put_date(out, f->revoke_ms);
		}
	} else if (f->worst == CLASS_SCHEDULED) {
		buf_puts(out, "to be revoked on ");
		put_date(out, f->revoke_ms);
		buf_printf(out, ", %" PRId64 " %s left", days, days == 1 ? "day" : "days");
	} else {
		return;
	}
	if (v != NULL && *v->author != '\0') {
		buf_puts(out, " by ");
		put(out, v->author);
	}
	if (v != NULL && *v->inherited != '\0') {
		buf_puts(out, " (inherited from ");
		put(out, v->inherited);
		buf_puts(out, ")");
	}
	if (v != NULL && *v->message != '\0') {
		buf_puts(out, ": ");
		put(out, v->message);
	}
}

/* "v8, ami-0abc" */
static void put_newest(struct buf *out, const struct image_finding *f)
{
	if (f->newest == NULL)
		return;
	put(out, f->newest->name);
	buf_puts(out, ", ");
	if (f->replacement != NULL) {
		put(out, f->replacement->id);
	} else {
		buf_puts(out, "which has no image");
		if (f->artifact != NULL) {
			buf_puts(out, " for ");
			put(out, f->artifact->platform);
			buf_puts(out, " ");
			put(out, f->artifact->region);
		}
	}
}

static void put_origin(struct buf *out, const struct image_finding *f)
{
	bool by_value = f->use != NULL && (f->use->text != NULL || f->use->kind == IMAGE_ANYWHERE);

	if (f->source != NULL) {
		buf_puts(out, by_value ? "data source " : "reference to ");
		put(out, f->source->address);
	} else if (f->text != NULL) {
		buf_puts(out, "literal");
	}
}

/* What there is to say of the versions behind an id. */
static void put_versions(struct buf *out, const struct image_finding *f)
{
	if (f->class == CLASS_AMBIGUOUS) {
		for (size_t i = 0; i < f->hit_count && i < IMAGE_HITS_LISTED; i++) {
			buf_puts(out, i > 0 ? ", " : "");
			put_version(out, f->hits[i]);
		}
		if (f->hit_count > IMAGE_HITS_LISTED)
			buf_printf(out, " and %zu more", f->hit_count - IMAGE_HITS_LISTED);
	} else if (f->version != NULL) {
		put_version(out, f->version);
	} else if (f->source != NULL && *f->source->bucket != '\0') {
		put(out, f->source->bucket);
		if (*f->source->fingerprint != '\0') {
			buf_puts(out, " ");
			put(out, f->source->fingerprint);
		}
	}
}

static void note(struct buf *out, const char *before, const char *text, const char *behind)
{
	buf_printf(out, "%s%s", out->len > 0 ? "; " : "", before);
	put(out, text);
	buf_puts(out, behind);
}

static void put_channel(struct buf *out, const struct image_finding *f)
{
	note(out, "channel ", f->source->channel, " now points to ");
	put(out, f->channel_now);
}

static void put_notes(struct buf *out, const struct image_finding *f)
{
	if (f->from_plan)
		note(out, "that is the plan's word, as the registry does not have it", "", "");
	if (f->template_name != NULL)
		note(out, "the template is ", f->template_name, "");
	if (f->channel_now != NULL)
		put_channel(out, f);
	if (f->use != NULL && f->use->previous != NULL)
		note(out, "in place of ", f->use->previous, f->moved_from_revoked ? ", whose version was revoked" : "");
	if (f->allowed != NULL)
		note(out, "allowed by ", f->allowed, "");
	if (f->class == CLASS_FLOATING && f->version != NULL)
		note(out, "the version named is the newest now", "", "");
	if (f->resource->action == IMAGE_DEFERRED)
		note(out, "the change is deferred", "", "");
	else if (f->class == CLASS_UNKNOWN && f->source != NULL && f->source->deferred)
		note(out, "the data source is read during apply", "", "");
	else if (f->class == CLASS_UNKNOWN && f->text != NULL)
		note(out, "the plan does not have the template's name", "", "");
}

static void put_image(struct buf *out, const struct image_finding *f)
{
	bool at_place = f->use != NULL && f->use->kind != IMAGE_ANYWHERE;
	bool sensitive = at_place ? f->use->sensitive : f->source != NULL && f->source->sensitive;

	if (f->text != NULL)
		put(out, sensitive ? "(sensitive)" : f->text);
}

static char *part(void (*write)(struct buf *out, const struct image_finding *f), const struct image_finding *f)
{
	struct buf out = BUF_INIT(PART_MAX);
	char *text;

	write(&out, f);
	text = xstrdup(buf_text(&out));
	buf_free(&out);
	return text;
}

void image_words_make(int64_t now_ms, const struct image_finding *f, struct image_words *w)
{
	struct buf revocation = BUF_INIT(PART_MAX);

	put_revocation(now_ms, &revocation, f);
	w->revocation = xstrdup(buf_text(&revocation));
	buf_free(&revocation);
	w->image = part(put_image, f);
	w->version = part(put_versions, f);
	w->newest = part(put_newest, f);
	w->origin = part(put_origin, f);
	w->notes = part(put_notes, f);
}

void image_words_free(struct image_words *w)
{
	free(w->revocation);
	free(w->image);
	free(w->version);
	free(w->newest);
	free(w->origin);
	free(w->notes);
}

char *image_words_reason(const struct image_words *w, const char *action)
{
	struct buf out = BUF_INIT(8 * PART_MAX);
	const struct { const char *before, *text, *behind; } parts[] = {
		{ " is ", w->version, "" }, { ", ", w->revocation, "" }, { "; newest: ", w->newest, "" },
			{ "; ", w->notes, "" },
		{ " (", w->origin, ")" },
	};
	char *text;

	buf_printf(&out, "%s: %s", action, *w->image != '\0' ? w->image : "an image whose id is not known");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (*parts[i].text != '\0')
			buf_printf(&out, "%s%s%s", parts[i].before, parts[i].text, parts[i].behind);
	}
	text = xstrdup(buf_text(&out));
	buf_free(&out);
	return text;
}
