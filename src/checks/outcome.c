/* Outcomes of one run of the checks, collected with bounds.
 *
 * A plan can have millions of resources and a policy can fail on each of them, so what is kept is bounded twice: by
 * OUTCOME_HITS_KEPT for one id and status, and by TEXT_MAX bytes of text over all; the rest is counted. The first
 * hit of each id and status is always kept: there are as many as the configuration has policies. With keep_all (the
 * command line's --all) there is no bound, as the user asked for everything.
 *
 * All texts are copied once into a pool and shared from there: a thousand hits of a policy hold its description and
 * help once, and a hundred policies that fail on a resource hold its address once. In the pool an id also finds its
 * groups (one for each status), so that adding costs one look-up. A passed outcome that is only counted costs none.
 *
 * Texts are cut at sizes that nothing legitimate reaches, never inside a character, and bytes that are not UTF-8 are
 * escaped: whoever prints or sends outcomes can rely on UTF-8.
 */
#include "checks/outcome.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/markdown.h"

#define TEXT_MAX (16u << 20)
#define ID_MAX 256
#define ADDRESS_MAX 4096
#define LINE_MAX_BYTES 4096	/* description, reason */
#define HELP_MAX 20000
#define BODY_MAX 20000
#define LABEL_MAX 64
#define NOTE_MAX 500
#define URL_KEPT_MAX 2048

/* All outcomes of one id and status. */
struct group {
	uint64_t total, kept;
	uint64_t number;		/* order in which groups came up */
	enum severity severity;		/* the highest of its outcomes */
};

struct text {
	struct group *groups;		/* OUTCOME_STATUSES of them, if it is an id; else NULL */
	uint64_t hash;
	size_t len;
	char s[];
};

struct kept {
	struct outcome one;
	const struct group *group;
	uint64_t sequence;
};

struct outcomes {
	enum severity fail_on;
	bool keep_all, sorted;
	uint64_t resources;
	uint64_t counts[OUTCOME_STATUSES];
	struct text **pool;		/* open addressing; room is a power of two, at most half of it used */
	size_t pool_used, pool_room, pool_bytes;
	char **notes;
	size_t note_count;
	uint64_t groups;
	struct kept *kept;
	size_t kept_count, kept_room;
};

static const char *const status_names[OUTCOME_STATUSES] = {
	[OUTCOME_FAILED] = "failed", [OUTCOME_ERROR] = "error", [OUTCOME_UNKNOWN] = "unknown",
	[OUTCOME_WARNING] = "warning", [OUTCOME_SKIPPED] = "skipped", [OUTCOME_PASSED] = "passed",
};

const char *outcome_status_name(enum outcome_status s)
{
	return status_names[s];
}

struct outcomes *outcomes_new(enum severity fail_on, bool keep_all)
{
	struct outcomes *o = xcalloc(1, sizeof(*o));

	o->fail_on = fail_on;
	o->keep_all = keep_all;
	return o;
}

static void empty(struct outcomes *o)
{
	for (size_t i = 0; i < o->pool_room; i++) {
		if (o->pool[i] != NULL)
			free(o->pool[i]->groups);
		free(o->pool[i]);
	}
	free(o->pool);
	free(o->kept);
	for (size_t i = 0; i < o->note_count; i++)
		free(o->notes[i]);
	free(o->notes);
}

void outcomes_clear(struct outcomes *o)
{
	struct outcomes fresh = { .fail_on = o->fail_on, .keep_all = o->keep_all };

	empty(o);
	*o = fresh;
}

void outcomes_free(struct outcomes *o)
{
	if (o == NULL)
		return;
	empty(o);
	free(o);
}

/* FNV-1a, mixed at the end: the low bits choose the slot. */
static uint64_t hash_of(const char *s, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
	return h ^ (h >> 32);
}

/* The slot where the text is, or where it would go. */
static struct text **slot_of(struct text **pool, size_t room, const char *s, size_t n, uint64_t hash)
{
	size_t i = (size_t)hash & (room - 1);

	while (pool[i] != NULL && (pool[i]->hash != hash || pool[i]->len != n || memcmp(pool[i]->s, s, n) != 0))
		i = (i + 1) & (room - 1);
	return &pool[i];
}

static void grow(struct outcomes *o)
{
	size_t room = o->pool_room == 0 ? 64 : o->pool_room * 2;
	struct text **pool = xcalloc(room, sizeof(struct text *));

	for (size_t i = 0; i < o->pool_room; i++) {
		struct text *t = o->pool[i];

		if (t != NULL)
			*slot_of(pool, room, t->s, t->len, t->hash) = t;
	}
	free(o->pool);
	o->pool = pool;
	o->pool_room = room;
}

static struct text *pooled(struct outcomes *o, const char *s, size_t n)
{
	uint64_t hash = hash_of(s, n);
	struct text **slot;

	if (o->pool_used * 2 >= o->pool_room)
		grow(o);
	slot = slot_of(o->pool, o->pool_room, s, n, hash);
	if (*slot == NULL) {
		struct text *t = xmalloc(sizeof(*t) + n + 1);

		t->groups = NULL;
		t->hash = hash;
		t->len = n;
		memcpy(t->s, s, n);
		t->s[n] = '\0';
		*slot = t;
		o->pool_used++;
		o->pool_bytes += sizeof(*t) + n + 1;
	}
	return *slot;
}

/* The pool's copy of s, at most max bytes of it; NULL for NULL and for "". */
static struct text *copy(struct outcomes *o, const char *s, size_t max)
{
	size_t n;

	if (s == NULL || *s == '\0')
		return NULL;
	n = strlen(s);
	if (n > max || text_utf8_valid(s, n) != n) {
		/* Room for every byte of the limit escaped, and for the mark. */
		struct buf clean = BUF_INIT(4 * max + 8);
		struct text *t;
		size_t cut = n <= max ? n : max - 3;

		if (text_utf8_valid(s, n) == n) {
			cut = text_utf8_cut(s, n, cut);
			buf_printf(&clean, "%.*s", (int)cut, s);
		} else if (text_escape(&clean, s, cut) != 0) {
			buf_clear(&clean);
		}
		if (cut < n)
			buf_puts(&clean, "...");
		t = pooled(o, buf_text(&clean), clean.len);
		buf_free(&clean);
		return t;
	}
	return pooled(o, s, n);
}

static const char *text_of(const struct text *t)
{
	return t != NULL ? t->s : NULL;
}

/* A failed outcome below the threshold only warns; one without severity reaches every threshold. */
static enum outcome_status judged(const struct outcomes *o, const struct outcome *one)
{
	if (one->status == OUTCOME_FAILED && one->severity != SEVERITY_NONE_GIVEN && one->severity < o->fail_on)
		return OUTCOME_WARNING;
	return one->status;
}

static void keep(struct outcomes *o, const struct outcome *one, enum outcome_status status, const char *id,
	const struct group *group)
{
	struct kept *k;

	if (o->kept_count == o->kept_room) {
		o->kept_room = o->kept_room == 0 ? 64 : o->kept_room * 2;
		o->kept = xreallocarray(o->kept, o->kept_room, sizeof(*o->kept));
	}
	k = &o->kept[o->kept_count];
	k->one.status = status;
	k->one.severity = one->severity;
	k->one.id = id;
	k->one.address = text_of(copy(o, one->address, ADDRESS_MAX));
	k->one.description = text_of(copy(o, one->description, LINE_MAX_BYTES));
	k->one.reason = text_of(copy(o, one->reason, LINE_MAX_BYTES));
	k->one.help = text_of(copy(o, one->help, HELP_MAX));
	k->one.url = text_of(copy(o, one->url, URL_KEPT_MAX));
	k->one.body = text_of(copy(o, one->body, BODY_MAX));
	for (size_t i = 0; i < OUTCOME_TAGS; i++) {
		k->one.tags[i].name = one->tags[i].name;
		k->one.tags[i].label = text_of(copy(o, one->tags[i].label, LABEL_MAX));
	}
	k->one.alone = one->alone;
	k->group = group;
	k->sequence = o->kept_count++;
	o->sorted = false;
}

void outcomes_add(struct outcomes *o, const struct outcome *one)
{
	enum outcome_status status = judged(o, one);
	struct text *id;
	struct group *group;

	o->counts[status]++;
	if (status == OUTCOME_PASSED && !o->keep_all)
		return;
	id = copy(o, one->id, ID_MAX);
	if (id == NULL)
		id = pooled(o, "unnamed", strlen("unnamed"));
	if (id->groups == NULL)
		id->groups = xcalloc(OUTCOME_STATUSES, sizeof(*id->groups));
	group = &id->groups[status];
	if (group->total++ == 0)
		group->number = o->groups++;
	if (one->severity > group->severity)
		group->severity = one->severity;
	if (!o->keep_all && group->kept > 0 && (group->kept >= OUTCOME_HITS_KEPT || o->pool_bytes >= TEXT_MAX))
		return;
	group->kept++;
	keep(o, one, status, id->s, group);
}

bool outcomes_keep_all(const struct outcomes *o)
{
	return o->keep_all;
}

bool outcomes_keeps(const struct outcomes *o, const char *id, enum outcome_status s)
{
	size_t n = strlen(id);
	const struct text *t;

	if (o->keep_all || s == OUTCOME_PASSED || o->pool_room == 0)
		return o->keep_all || s != OUTCOME_PASSED;
	t = *slot_of(o->pool, o->pool_room, id, n, hash_of(id, n));
	if (t == NULL || t->groups == NULL || t->groups[s].kept == 0)
		return true;
	return t->groups[s].kept < OUTCOME_HITS_KEPT && o->pool_bytes < TEXT_MAX;
}

void outcomes_check_failed_to_run(struct outcomes *o, const char *check, const char *format, ...)
{
	struct outcome one = { .status = OUTCOME_ERROR, .id = check, .description = "The check could not run" };
	char *reason;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&reason, format, args);
	va_end(args);
	if (n < 0)
		reason = NULL;
	one.reason = reason;
	outcomes_add(o, &one);
	free(reason);
}

void outcomes_add_note(struct outcomes *o, const char *note)
{
	const struct text *t = copy(o, note, NOTE_MAX);

	if (t == NULL)
		return;
	o->notes = xreallocarray(o->notes, o->note_count + 1, sizeof(*o->notes));
	o->notes[o->note_count++] = xstrdup(t->s);
}

size_t outcomes_notes(const struct outcomes *o)
{
	return o->note_count;
}

const char *outcomes_note(const struct outcomes *o, size_t i)
{
	return o->notes[i];
}

void outcomes_set_resources(struct outcomes *o, uint64_t n)
{
	o->resources = n;
}

uint64_t outcomes_resources(const struct outcomes *o)
{
	return o->resources;
}

uint64_t outcomes_count(const struct outcomes *o, enum outcome_status s)
{
	return o->counts[s];
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_weight(const void *left, const void *right)
{
	const struct kept *a = left, *b = right;
	int r = order(a->one.status, b->one.status);

	if (r == 0)
		r = order(b->group->severity, a->group->severity);
	if (r == 0)
		r = order(a->group->number, b->group->number);
	if (r == 0)
		r = order(a->sequence, b->sequence);
	return r;
}

size_t outcomes_kept(const struct outcomes *o)
{
	return o->kept_count;
}

const struct outcome *outcomes_at(struct outcomes *o, size_t i)
{
	if (!o->sorted && o->kept_count > 0) {
		qsort(o->kept, o->kept_count, sizeof(*o->kept), by_weight);
		o->sorted = true;
	}
	return &o->kept[i].one;
}

uint64_t outcomes_not_kept(struct outcomes *o, const char *id, enum outcome_status s)
{
	size_t n = strlen(id);
	const struct text *t;

	if (o->pool_room == 0)
		return 0;
	t = *slot_of(o->pool, o->pool_room, id, n, hash_of(id, n));
	if (t == NULL || t->groups == NULL)
		return 0;
	return t->groups[s].total - t->groups[s].kept;
}

json_t *outcome_json(const struct outcome *one)
{
	/* Every byte of a reason escaped as an entity, the help, and the space between. */
	struct buf body = BUF_INIT(5 * LINE_MAX_BYTES + BODY_MAX + HELP_MAX + 64);
	json_t *j = json_new_object(), *tags = NULL;

	json_put_string(j, "id", one->id);
	json_put_string(j, "status", outcome_status_name(one->status));
	if (one->severity != SEVERITY_NONE_GIVEN)
		json_put_string(j, "severity", severity_name(one->severity));
	json_put_string(j, "address", one->address);
	json_put_string(j, "description", one->description);
	if (one->body != NULL)
		buf_puts(&body, one->body);
	else if (one->reason != NULL && markdown_text(&body, one->reason) != 0)
		buf_clear(&body);
	if (one->help != NULL)
		buf_printf(&body, "%s%s", body.len > 0 ? "\n\n" : "", one->help);
	if (body.len > 0)
		json_put_string(j, "body", body.data);
	for (size_t i = 0; i < OUTCOME_TAGS; i++) {
		if (one->tags[i].label == NULL)
			continue;
		if (tags == NULL)
			tags = json_new_object();
		json_put_string(tags, one->tags[i].name, one->tags[i].label);
	}
	if (tags != NULL)
		json_put(j, "tags", tags);
	json_put_string(j, "url", one->url);
	buf_free(&body);
	return j;
}

char *outcomes_lines(struct outcomes *o, size_t max, size_t *n)
{
	struct buf text = BUF_INIT(max);
	bool fits = true;

	for (*n = 0; fits && *n < outcomes_kept(o); *n += fits) {
		json_t *j = outcome_json(outcomes_at(o, *n));
		char *line = json_text(j);
		size_t len = strlen(line);

		line[len] = '\n';	/* in place of its NUL */
		fits = buf_append(&text, line, len + 1) == 0;
		free(line);
		json_free(j);
	}
	return text.data == NULL ? xstrdup("") : text.data;
}
