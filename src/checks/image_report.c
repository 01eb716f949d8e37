/* Findings about images as outcomes, and their counts.
 *
 * Contract: one outcome for each resource and image, shown alone, with the class and the action as tags and a table as
 * body. What a class means for the verdict depends on what happens to the resource:
 *
 *			created, replaced	updated in place	unchanged
 *	revoked		failed			warning			skipped (shown, no verdict)
 *	scheduled	warning			warning			skipped
 *	incomplete, untracked, marketplace, floating
 *			by its rule: block fails, warn warns, ignore passes; an update never fails, unchanged passes
 *	outdated	warning			warning			passed
 *	ok		passed			passed			passed
 *	unknown		unknown, which never fails
 *	ambiguous	as the worst of its versions
 *
 * Rules: what the configuration says; else, for marketplace and floating, the rule for untracked; that comes from the
 * configuration, else from the registry, else it is warn. A floating image that the registry knows is never blocked
 * unless floating says so.
 *
 * Sensitive ids are checked and not shown. Texts come from plans and registries: the body escapes them as markdown,
 * reasons are escaped by whoever prints them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "checks/image_finding.h"
#include "checks/image_words.h"
#include "checks/markdown.h"

#define BODY_MAX 100000

static const char *const actions[] = {
	[IMAGE_CREATE] = "create", [IMAGE_REPLACE] = "replace", [IMAGE_UPDATE] = "update",
		[IMAGE_UNCHANGED] = "unchanged",
	[IMAGE_DEFERRED] = "deferred",
};

static const struct {
	const char *id, *description, *help;
} looks[CLASSES] = {
	[CLASS_REVOKED] = { "images.revoked", "The image is revoked",
		"Use the newest version of the image, or have the revocation lifted in the registry." },
	[CLASS_SCHEDULED] = { "images.scheduled", "The image is scheduled for revocation",
		"Move to the newest version of the image before that date." },
	[CLASS_INCOMPLETE] = { "images.incomplete",
	"The image is of an incomplete version, whose build did not end well",
		"Use a version whose build is complete." },
	[CLASS_OUTDATED] = { "images.outdated", "The image is outdated: its bucket has a newer version", NULL },
	[CLASS_OK] = { "images.ok", "The image is ok", NULL },
	[CLASS_AMBIGUOUS] = { "images.ambiguous", "The image is ambiguous: several versions have it", NULL },
	[CLASS_UNTRACKED] = { "images.untracked", "The image is untracked: the registry does not have it",
		"Use an image of the registry, add this one to it, or allow it in planspool's configuration." },
	[CLASS_MARKETPLACE] = { "images.marketplace", "The image is a marketplace image, which no registry has",
		"Use an image of the registry, or allow this one in planspool's configuration." },
	[CLASS_FLOATING] = { "images.floating",
	"The image is floating: its id stands for whatever is newest at the time",
		"Name one image or version." },
	[CLASS_UNKNOWN] = { "images.unknown", "The image is unknown until apply", NULL },
};

static enum image_rule rule_untracked(const struct image_run *run)
{
	enum image_rule registry = run->registry != NULL ? image_registry_untracked(run->registry) : IMAGE_RULE_UNSET;

	if (run->check->untracked != IMAGE_RULE_UNSET)
		return run->check->untracked;
	return registry != IMAGE_RULE_UNSET ? registry : IMAGE_RULE_WARN;
}

static enum image_rule rule_of(const struct image_run *run, const struct image_finding *f)
{
	const struct images *check = run->check;

	switch (f->worst) {
	case CLASS_INCOMPLETE:
		return check->incomplete != IMAGE_RULE_UNSET ? check->incomplete : IMAGE_RULE_WARN;
	case CLASS_MARKETPLACE:
		return check->marketplace != IMAGE_RULE_UNSET ? check->marketplace : rule_untracked(run);
	case CLASS_FLOATING:
		if (check->floating != IMAGE_RULE_UNSET)
			return check->floating;
		return f->version != NULL ? IMAGE_RULE_WARN : rule_untracked(run);
	default:
		return rule_untracked(run);
	}
}

static enum outcome_status status_of(const struct image_run *run, const struct image_finding *f)
{
	enum image_action action = f->resource->action;
	bool new = action == IMAGE_CREATE || action == IMAGE_REPLACE, unchanged = action == IMAGE_UNCHANGED;
	enum image_rule rule;

	switch (f->worst) {
	case CLASS_REVOKED:
		return new ? OUTCOME_FAILED : unchanged ? OUTCOME_SKIPPED : OUTCOME_WARNING;
	case CLASS_SCHEDULED:
		return unchanged ? OUTCOME_SKIPPED : OUTCOME_WARNING;
	case CLASS_OUTDATED:
		return unchanged ? OUTCOME_PASSED : OUTCOME_WARNING;
	case CLASS_INCOMPLETE:
	case CLASS_UNTRACKED:
	case CLASS_MARKETPLACE:
	case CLASS_FLOATING:
		rule = f->allowed != NULL || unchanged ? IMAGE_RULE_IGNORE : rule_of(run, f);
		if (rule == IMAGE_RULE_BLOCK && new)
			return OUTCOME_FAILED;
		return rule == IMAGE_RULE_IGNORE ? OUTCOME_PASSED : OUTCOME_WARNING;
	case CLASS_UNKNOWN:
		return OUTCOME_UNKNOWN;
	default:
		return OUTCOME_PASSED;
	}
}

/* | Resource | Action | Image | Version | Revocation | Reason | Newest | From | */
static char *table(const struct image_finding *f, const struct image_words *w)
{
	const char *const heads[] = { "Resource", "Action", "Image", "Version", "Revocation", "Reason", "Newest",
		"From" };
	const char *const cells[] = { f->resource->address, actions[f->resource->action], w->image, w->version,
		w->revocation,
		*w->notes != '\0' ? w->notes : looks[f->class].description, w->newest, w->origin };
	struct buf out = BUF_INIT(BODY_MAX), cell = BUF_INIT(BODY_MAX / 10);
	char *text;

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		buf_printf(&out, "| %s ", heads[i]);
	buf_puts(&out, "|\n");
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		buf_puts(&out, "| --- ");
	buf_puts(&out, "|\n");
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		buf_clear(&cell);
		if (markdown_text(&cell, cells[i]) != 0)
			buf_puts(&cell, "...");
		buf_printf(&out, "| %s ", buf_text(&cell));
	}
	buf_puts(&out, "|");
	text = xstrdup(buf_text(&out));
	buf_free(&cell);
	buf_free(&out);
	return text;
}

static void count(struct image_counts *counts, const struct image_finding *f, enum outcome_status status)
{
	counts->images++;
	counts->classes[f->class]++;
	if (f->class == CLASS_AMBIGUOUS)
		counts->classes[f->worst]++;
	if (status == OUTCOME_FAILED)
		counts->blocking[f->worst]++;
	counts->known += f->version != NULL && f->class != CLASS_FLOATING;
	counts->newer += f->newest != NULL;
}

void image_report(const struct image_run *run, const struct image_finding *f, struct image_counts *counts)
{
	enum outcome_status status = status_of(run, f);
	struct outcome one = {
		.status = status, .id = looks[f->class].id, .address = f->resource->address,
		.description = looks[f->class].description, .alone = true,
		.tags = { { "Image", image_class_name(f->class) }, { "Action", actions[f->resource->action] } },
	};
	char *description = NULL, *reason, *body;
	struct image_words w;

	count(counts, f, status);
	if (!outcomes_keeps(run->outcomes, one.id, status)) {
		outcomes_add(run->outcomes, &one);
		return;
	}
	image_words_make(run->now_ms, f, &w);
	if (f->class == CLASS_AMBIGUOUS) {
		description = xasprintf("%s; the worst of them is %s", looks[f->class].description,
			image_class_name(f->worst));
		one.description = description;
	}
	one.help = status != OUTCOME_PASSED ? looks[f->worst].help : NULL;
	one.reason = reason = image_words_reason(&w, actions[f->resource->action]);
	one.body = body = table(f, &w);
	outcomes_add(run->outcomes, &one);
	image_words_free(&w);
	free(description);
	free(reason);
	free(body);
}

static void put_count(struct buf *out, const struct image_counts *counts, enum image_class class, bool always)
{
	if (counts->classes[class] == 0 && !always)
		return;
	buf_printf(out, "%s%" PRIu64 " %s", out->len > 0 ? ", " : "images: ", counts->classes[class],
		image_class_name(class));
	if (counts->blocking[class] > 0)
		buf_printf(out, " (%" PRIu64 " %s)", counts->blocking[class], counts->blocking[class] == 1 ? "blocks" :
			"block");
}

void image_report_counts(const struct image_run *run, const struct image_counts *counts)
{
	struct buf out = BUF_INIT(4096);

	put_count(&out, counts, CLASS_REVOKED, true);
	put_count(&out, counts, CLASS_SCHEDULED, true);
	put_count(&out, counts, CLASS_UNTRACKED, true);
	put_count(&out, counts, CLASS_MARKETPLACE, false);
	put_count(&out, counts, CLASS_FLOATING, false);
	put_count(&out, counts, CLASS_INCOMPLETE, false);
	put_count(&out, counts, CLASS_AMBIGUOUS, false);
	put_count(&out, counts, CLASS_UNKNOWN, false);
	buf_printf(&out, ", %" PRIu64 " checked in %" PRIu64 " %s", counts->images, counts->resources,
		counts->resources == 1 ? "resource" : "resources");
	if (counts->known > 0)
		buf_printf(&out, "; newer version for %" PRIu64 " of %" PRIu64, counts->newer, counts->known);
	outcomes_add_note(run->outcomes, buf_text(&out));
	buf_free(&out);
}
