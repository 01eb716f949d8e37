/* A YAML 1.1 or JSON file as a tree that remembers lines; the one module that knows libyaml.
 *
 * libyaml delivers events and knows no limits, so these are kept here: the size before it sees the text, the depth and
 * the number of nodes as they come, the number of anchors. An alias is a pointer to the node it names; it must be
 * complete, so no tree contains itself. A fault of syntax or a limit ends the reading; the others (tags, equal
 * keys) are collected, since the rest still makes sense, and make the result unusable all the same.
 *
 * Text is checked for UTF-8 beforehand (a byte order mark is taken off), because libyaml would guess other encodings.
 * JSON is nearly YAML; docjson.c rewrites the little of it that libyaml reads differently, in a way that changes no
 * line.
 *
 * Files are opened following links, must be regular, and are read whole before anything is judged.
 */
#include "base/doc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/docbuild.h"
#include "base/docjson.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/text.h"

#define BYTES_MAX (4 * 1024 * 1024)
#define ANCHORS_MAX 1000

struct anchor {
	char *name;
	struct doc_node *node;	/* NULL while it is being read */
	size_t size;		/* of the tree, aliases followed */
	unsigned height;	/* 1 for a scalar */
};

struct reader {
	struct docbuild build;
	yaml_parser_t parser;
	const char *text;
	struct anchor *anchors;
	size_t anchor_count;
};

static bool fail(struct reader *r, unsigned line, const char *what)
{
	faults_error(r->build.faults, r->build.doc->file, line, "%s", what);
	return false;
}

static unsigned line_of(const yaml_event_t *e)
{
	return (unsigned)e->start_mark.line + 1;
}

static unsigned line_at(const char *text, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

static bool next_event(struct reader *r, yaml_event_t *e)
{
	const yaml_parser_t *p = &r->parser;
	unsigned line;

	if (yaml_parser_parse(&r->parser, e))
		return true;
	if (p->error == YAML_MEMORY_ERROR)
		mem_panic("planspool: out of memory for YAML");
	line = p->error == YAML_READER_ERROR ? line_at(r->text, p->problem_offset) : (unsigned)p->problem_mark.line + 1;
	if (p->context)		/* "while parsing a flow sequence": where that began helps more than where it failed */
		faults_error(r->build.faults, r->build.doc->file, line, "%s that begins in line %zu: %s", p->context,
			p->context_mark.line + 1, p->problem);
	else
		faults_error(r->build.faults, r->build.doc->file, line, "%s", p->problem ? p->problem : "not YAML");
	return false;
}

static struct anchor *find_anchor(const struct reader *r, const char *name)
{
	for (size_t i = r->anchor_count; i-- > 0;)
		if (strcmp(r->anchors[i].name, name) == 0)
			return &r->anchors[i];
	return NULL;
}

/* Makes, or makes anew, the anchor that an event carries. *index is -1 if it carries none. */
static bool open_anchor(struct reader *r, const yaml_char_t *name, unsigned line, long *index)
{
	struct anchor *a;

	*index = -1;
	if (!name)
		return true;
	a = find_anchor(r, (const char *)name);
	if (!a) {
		if (r->anchor_count == ANCHORS_MAX)
			return fail(r, line, "more than 1000 anchors");
		r->anchors = xreallocarray(r->anchors, r->anchor_count + 1, sizeof(*r->anchors));
		a = &r->anchors[r->anchor_count++];
		a->name = xstrdup((const char *)name);
	}
	a->node = NULL;
	*index = a - r->anchors;
	return true;
}

static void check_tag(struct reader *r, const yaml_char_t *tag, const char *expected, unsigned line)
{
	if (tag && strcmp((const char *)tag, expected) != 0)
		faults_error(r->build.faults, r->build.doc->file, line, "the tag '%.64s' is not supported",
			(const char *)tag);
}

/* Reads the value that begins with event e at this depth; *height is how many levels it has. NULL after a fault that
 * ends the reading. */
static struct doc_node *read_value(struct reader *r, const yaml_event_t *e, unsigned depth, unsigned *height);

static struct doc_node *read_scalar(struct reader *r, const yaml_event_t *e)
{
	const char *text = (const char *)e->data.scalar.value;
	struct doc_node *node;

	if (strlen(text) != e->data.scalar.length)
		fail(r, line_of(e), "a NUL (\\0) in a text is not supported");
	node = docbuild_node(&r->build, DOC_SCALAR, line_of(e));
	if (!node)
		return NULL;
	node->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = xstrdup(text);
	node->len = strlen(text);
	if (e->data.scalar.tag)
		docbuild_tag(&r->build, node, (const char *)e->data.scalar.tag);
	return node;
}

static struct doc_node *read_alias(struct reader *r, const yaml_event_t *e, unsigned depth, unsigned *height)
{
	const char *name = (const char *)e->data.alias.anchor;
	const struct anchor *a = find_anchor(r, name);

	if (!a) {
		faults_error(r->build.faults, r->build.doc->file, line_of(e), "alias '*%.64s' has no anchor before it",
			name);
		return NULL;
	}
	if (!a->node) {
		faults_error(r->build.faults, r->build.doc->file, line_of(e),
			"alias '*%.64s' stands inside its own anchor", name);
		return NULL;
	}
	if (depth + a->height - 1 > DOC_DEPTH_MAX) {
		fail(r, line_of(e), "nested more than 64 levels deep");
		return NULL;
	}
	if (!docbuild_count(&r->build, a->size, line_of(e)))
		return NULL;
	*height = a->height;
	return a->node;
}

/* Reads children up to the event that ends their container. */
static bool read_children(struct reader *r, unsigned depth, yaml_event_type_t end, struct docbuild_list *out,
	unsigned *height)
{
	yaml_event_t e;
	struct doc_node *node;
	unsigned h = 1;

	for (;;) {
		if (!next_event(r, &e))
			return false;
		if (e.type == end)
			break;
		node = read_value(r, &e, depth + 1, &h);
		yaml_event_delete(&e);
		if (!node)
			return false;
		docbuild_push(out, node);
		if (h + 1 > *height)
			*height = h + 1;
	}
	yaml_event_delete(&e);
	return true;
}

static struct doc_node *read_sequence(struct reader *r, const yaml_event_t *e, unsigned depth, unsigned *height)
{
	struct docbuild_list items = { NULL, 0 };
	struct doc_node *node;

	check_tag(r, e->data.sequence_start.tag, DOC_TAG "seq", line_of(e));
	node = docbuild_node(&r->build, DOC_SEQUENCE, line_of(e));
	if (node && read_children(r, depth, YAML_SEQUENCE_END_EVENT, &items, height))
		docbuild_sequence(node, &items);
	else
		node = NULL;
	free(items.list);
	return node;
}

static void take_mapping(struct reader *r, struct doc_node *node, const struct docbuild_list *children)
{
	struct docbuild_list keys = { NULL, 0 }, values = { NULL, 0 };

	for (size_t i = 0; i + 1 < children->n; i += 2) {
		if (children->list[i]->kind != DOC_SCALAR) {
			fail(r, children->list[i]->line, "a key must be a text, not a list or a mapping");
			continue;
		}
		docbuild_push(&keys, children->list[i]);
		docbuild_push(&values, children->list[i + 1]);
	}
	docbuild_mapping(&r->build, node, &keys, &values);
	free(keys.list);
	free(values.list);
}

static struct doc_node *read_mapping(struct reader *r, const yaml_event_t *e, unsigned depth, unsigned *height)
{
	struct docbuild_list children = { NULL, 0 };
	struct doc_node *node;

	check_tag(r, e->data.mapping_start.tag, DOC_TAG "map", line_of(e));
	node = docbuild_node(&r->build, DOC_MAPPING, line_of(e));
	if (node && read_children(r, depth, YAML_MAPPING_END_EVENT, &children, height))
		take_mapping(r, node, &children);
	else
		node = NULL;
	free(children.list);
	return node;
}

static struct doc_node *read_value(struct reader *r, const yaml_event_t *e, unsigned depth, unsigned *height)
{
	const yaml_char_t *anchor = e->type == YAML_SCALAR_EVENT ? e->data.scalar.anchor :
		e->type == YAML_SEQUENCE_START_EVENT ? e->data.sequence_start.anchor :
		e->type == YAML_MAPPING_START_EVENT ? e->data.mapping_start.anchor : NULL;
	size_t before = r->build.size;
	struct doc_node *node;
	long index;

	if (depth > DOC_DEPTH_MAX) {
		fail(r, line_of(e), "nested more than 64 levels deep");
		return NULL;
	}
	if (!open_anchor(r, anchor, line_of(e), &index))
		return NULL;
	*height = 1;
	if (e->type == YAML_ALIAS_EVENT)
		node = read_alias(r, e, depth, height);
	else if (e->type == YAML_SCALAR_EVENT)
		node = read_scalar(r, e);
	else if (e->type == YAML_SEQUENCE_START_EVENT)
		node = read_sequence(r, e, depth, height);
	else
		node = read_mapping(r, e, depth, height);
	if (node && index >= 0) {
		r->anchors[index].node = node;
		r->anchors[index].size = r->build.size - before;
		r->anchors[index].height = *height;
	}
	return node;
}

static void forget_anchors(struct reader *r)
{
	for (size_t i = 0; i < r->anchor_count; i++)
		free(r->anchors[i].name);
	r->anchor_count = 0;
}

/* What stands between two "---", or behind the last: nothing. */
static bool is_empty_document(const yaml_event_t *e)
{
	return e->type == YAML_SCALAR_EVENT && e->data.scalar.length == 0 && e->data.scalar.tag == NULL &&
		e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* Reads all documents of the stream. */
static bool read_stream(struct reader *r)
{
	struct docbuild_list roots = { NULL, 0 };
	bool fine = true, more = true;

	while (fine && more) {
		yaml_event_t e;
		struct doc_node *root;
		unsigned height;

		if (!next_event(r, &e)) {
			fine = false;
			break;
		}
		if (e.type == YAML_STREAM_END_EVENT) {
			more = false;
		} else if (e.type == YAML_DOCUMENT_START_EVENT) {
			forget_anchors(r);
		} else if (e.type != YAML_STREAM_START_EVENT && e.type != YAML_DOCUMENT_END_EVENT &&
			!is_empty_document(&e)) {
			root = read_value(r, &e, 1, &height);
			if (root)
				docbuild_push(&roots, root);
			else
				fine = false;
		}
		yaml_event_delete(&e);
	}
	r->build.doc->roots = roots.list;
	r->build.doc->count = roots.n;
	return fine;
}

static bool read_text(struct reader *r, const char *text, size_t len)
{
	bool fine;

	if (!yaml_parser_initialize(&r->parser))
		mem_panic("planspool: out of memory for YAML");
	r->text = text;
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, len);
	fine = read_stream(r);
	yaml_parser_delete(&r->parser);
	forget_anchors(r);
	free(r->anchors);
	return fine;
}

struct doc *doc_parse(const char *file, const char *text, size_t len, struct faults *faults)
{
	struct doc *doc = xcalloc(1, sizeof(*doc));
	struct reader r = { .build = { .doc = doc, .faults = faults } };
	struct buf json = BUF_INIT(BYTES_MAX * DOCJSON_GROWTH);
	size_t errors = faults->errors, valid;
	bool fine = false;

	doc->file = xstrdup(file);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	valid = text_utf8_valid(text, len <= BYTES_MAX ? len : 0);
	if (len > BYTES_MAX)
		fail(&r, 0, "larger than 4 MiB");
	else if (valid < len)
		fail(&r, line_at(text, valid), "not UTF-8");
	else if (docjson_adapt(text, len, &json))
		fine = read_text(&r, buf_text(&json), json.len);
	else
		fine = read_text(&r, text, len);
	buf_free(&json);
	if (fine && faults->errors == errors)
		return doc;
	doc_free(doc);
	return NULL;
}

struct doc *doc_load(const char *path, struct faults *faults)
{
	struct buf text = BUF_INIT(BYTES_MAX);
	struct doc *doc = NULL;
	int fd = fsio_open_linked(path);

	if (fd < 0) {
		faults_error(faults, path, 0, "%s", fsio_why(errno));
		return NULL;
	}
	if (fsio_read(fd, &text))
		faults_error(faults, path, 0, "%s", errno == EMSGSIZE ? "larger than 4 MiB" : strerror(errno));
	else
		doc = doc_parse(path, buf_text(&text), text.len, faults);
	close(fd);
	buf_free(&text);
	return doc;
}

void doc_free(struct doc *doc)
{
	if (!doc)
		return;
	for (size_t i = 0; i < doc->node_count; i++) {
		free(doc->nodes[i]->text);
		free(doc->nodes[i]->keys);
		free(doc->nodes[i]->items);
		free(doc->nodes[i]);
	}
	free(doc->nodes);
	free(doc->roots);
	free(doc->file);
	free(doc);
}

const struct doc_node *doc_get(const struct doc_node *node, const char *key)
{
	if (!node || node->kind != DOC_MAPPING)
		return NULL;
	for (size_t i = 0; i < node->count; i++)
		if (strcmp(node->keys[i]->text, key) == 0)
			return node->items[i];
	return NULL;
}
