/* Finds images in resource changes as they go by, and keeps what must wait for the rest of the plan.
 *
 * Contract: two ways lead to an image. At the places of image_types.c any value counts. Elsewhere only ids that can be
 * nothing else (AMI ids, Azure resource ids, Google paths, UUIDs, ULIDs), and only as candidates: they count if a data
 * source of HCP Packer turns out to have given them, which is known when prior_state comes behind all resources. Of
 * those a hash is kept.
 *
 * Memory: 64 bytes for a place and its image's text once for the plan; 72 for a candidate; 40 for a resource, with its
 * address. Resources without any id are kept too, because the configuration may show that they refer to a data source,
 * but only BARE_MAX of them; for more there is a hash for each resource of the configuration, so that it can be said if
 * it mattered.
 *
 * An id that is there several times in one resource is one use. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "checks/image_run.h"
#include "plan/address.h"

#define BARE_MAX 50000
#define TEXT_KEPT_MAX 2048	/* bytes: no id is longer */

struct collecting {
	struct image_run *run;
	struct image_resource *resource;
	struct image_use **last;
	struct policy_hashes seen;	/* uses of the resource, so that each is kept once */
	struct policy_hashes before;
	const char *previous;		/* the first image before the change */
	bool collecting_before;
};

/* Adds a use unless the resource has it. */
static struct image_use *use(struct collecting *c, int kind, uint64_t what)
{
	uint64_t hash = policy_store_hash(c->run->store, what, &kind, sizeof(kind));
	struct image_use *u;

	if (policy_hashes_has(&c->seen, hash))
		return NULL;
	policy_hashes_add(&c->seen, hash);
	u = policy_store_get(c->run->store, sizeof(*u));
	*c->last = u;
	c->last = &u->next;
	return u;
}

/* The text of a place; of a block publisher:offer:sku:version. */
static char *place_text(const struct image_row *row, const struct value *v)
{
	static const char *const names[] = { "publisher", "offer", "sku", "version" };
	struct buf out = BUF_INIT(4 * TEXT_KEPT_MAX + 8);
	size_t len;
	const char *s = value_text(v, &len);
	char *text;

	if (row->kind != ROW_MARKET)
		return xstrndup(s, text_utf8_cut(s, len, TEXT_KEPT_MAX));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		s = value_text(value_get(v, names[i]), &len);
		buf_printf(&out, "%s%.*s", i > 0 ? ":" : "", s != NULL ? (int)text_utf8_cut(s, len, TEXT_KEPT_MAX) : 1,
			s != NULL ? s : "*");
	}
	text = xstrdup(buf_text(&out));
	buf_free(&out);
	return text;
}

static void place_found(void *context, const struct image_row *row, const struct image_place *place)
{
	struct collecting *c = context;
	int kind = row->kind == ROW_MARKET ? IMAGE_MARKET : row->kind == ROW_VSPHERE ? IMAGE_VSPHERE : IMAGE_AT_PATH;
	char *text = place->value != NULL ? place_text(row, place->value) : NULL;
	uint64_t hash = text != NULL ? policy_store_hash(c->run->store, 1, text, strlen(text)) : 0;
	struct image_use *u;

	if (c->collecting_before) {
		policy_hashes_add(&c->before, hash);
		if (c->previous == NULL && !place->sensitive)
			c->previous = policy_store_word(c->run->store, text);
	} else if ((u = use(c, kind, hash)) != NULL) {
		u->text = text != NULL ? policy_store_word(c->run->store, text) : NULL;
		u->kind = kind;
		u->google = row->kind == ROW_GOOGLE;
		u->sensitive = place->sensitive;
		if (c->previous != NULL && text != NULL && !policy_hashes_has(&c->before, hash))
			u->previous = c->previous;
	}
	free(text);
}

uint64_t image_uses_match(const struct image_run *run, const struct image_id *id)
{
	bool azure = id->form == IMAGE_ARM || id->form == IMAGE_ARM_VERSION || id->form == IMAGE_ARM_GALLERY;

	return image_index_hash(&run->index, RUN_MATCH, id->key, strlen(id->key), azure ? id->scope : NULL);
}

static void text_found(struct collecting *c, const char *text, size_t len)
{
	struct image_use *u;
	struct image_id id;
	uint64_t match;

	if (!image_is_ulid(text, len) && (!image_may_be_strong(text, len) || strlen(text) != len))
		return;
	image_normalise(text, false, &id);
	match = image_uses_match(c->run, &id);
	if ((id.strong || image_is_ulid(text, len)) && (u = use(c, IMAGE_ANYWHERE, match)) != NULL) {
		u->kind = IMAGE_ANYWHERE;
		u->match = match;
	}
	image_id_free(&id);
}

/* Every text in the values. Depth is the parser's. */
static void look_anywhere(struct collecting *c, const struct value *v)
{
	size_t len;
	const char *text;

	for (const struct value *e = value_first(v); e != NULL; e = value_next(e)) {
		if (value_type(e) == VALUE_STRING) {
			text = value_text(e, &len);
			text_found(c, text, len);
		} else {
			look_anywhere(c, e);
		}
	}
}

static enum image_action action_of(const struct resource_change *change, bool deferred)
{
	if (deferred)
		return IMAGE_DEFERRED;
	if (change->actions & CHANGE_CREATE)
		return change->actions & (CHANGE_DELETE | CHANGE_FORGET) ? IMAGE_REPLACE : IMAGE_CREATE;
	return change->actions & CHANGE_UPDATE ? IMAGE_UPDATE : IMAGE_UNCHANGED;
}

/* Whether there is room for a resource that has no image so far. */
static bool keep_bare(struct image_run *run, const char *config)
{
	if (run->bare_count < BARE_MAX) {
		run->bare_count++;
		return true;
	}
	policy_hashes_add(&run->dropped, policy_store_hash(run->store, 2, config, strlen(config)));
	return false;
}

void image_uses_add(struct image_run *run, const struct resource_change *change, bool deferred)
{
	struct image_resource resource = { .action = action_of(change, deferred) };
	struct collecting c = { .run = run, .resource = &resource, .last = &resource.uses };
	size_t rows;
	const struct image_row *row = image_types_find(&run->check->types, change->type, &rows);
	char *config = address_without_keys(change->address);
	struct image_resource *kept;

	for (size_t i = 0; i < rows; i++) {
		c.collecting_before = resource.action == IMAGE_UPDATE;
		if (c.collecting_before)
			image_row_walk(&row[i], change->before, NULL, change->before_sensitive, place_found, &c);
		c.collecting_before = false;
		image_row_walk(&row[i], change->after, change->after_unknown, change->after_sensitive, place_found, &c);
	}
	look_anywhere(&c, change->after);
	policy_hashes_free(&c.before);
	policy_hashes_free(&c.seen);
	if (resource.uses != NULL || keep_bare(run, config)) {
		kept = policy_store_get(run->store, sizeof(*kept));
		*kept = resource;
		kept->address = policy_store_text(run->store, change->address, strlen(change->address));
		kept->config = strcmp(config, change->address) == 0 ? kept->address :
			policy_store_word(run->store, config);
		*run->last_resource = kept;
		run->last_resource = &kept->next;
	}
	free(config);
}
