/* What a policy sees of a value in a plan: the value as Checkov would have normalised it (planspool-policies(5),
 * VALUES), without making a copy. A view is a small thing passed around by value; it points into the plan item and
 * lives as long. */
#ifndef PLANSPOOL_CHECKS_POLICY_VIEW_H
#define PLANSPOOL_CHECKS_POLICY_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/value.h"

enum view_type { VIEW_MISSING, VIEW_NULL, VIEW_UNKNOWN, VIEW_BOOL, VIEW_NUMBER, VIEW_STRING, VIEW_LIST, VIEW_OBJECT };

enum view_style {
	/* the values of a resource: true and false as text are booleans, a single block is its object */
	VIEW_PLAIN,
	VIEW_ELEMENT,	/* elements of a list of scalars or of lists: as they are */
	VIEW_DECODED,	/* a decoded JSON document: a list of one element is that element */
	VIEW_RAW,	/* as it is: values in a policy */
};

struct policy_node;

struct view {
	enum view_type type;
	enum view_style style;
	bool tags;		/* container: it stands under the key tags */
	bool blocks;		/* list: only its objects are elements */
	bool boolean;
	const char *text;	/* string or number, NUL behind it */
	size_t len;
	const struct value *value;
	const struct value *mask;	/* its part of after_unknown; of an unknown value the true that says so */
	const struct policy_node *node;	/* the root of a node: its members are found by policy_node.c */
};

/* A value of a policy, or of a JSON document that a policy looks into, or a text or boolean of our own. */
struct view view_raw(const struct value *v);
struct view view_text(const char *text, size_t len);
/* A member with this key of an object that itself stands under the key tags or not. v NULL is a missing one, unless the
 * mask says that it is unknown. */
struct view view_plain(const struct value *v, const struct value *mask, const char *key, bool parent_tags);
struct view view_decoded(const struct value *v);
struct view view_root(const struct policy_node *node);
extern const struct view view_missing;

bool view_absent(const struct view *v);		/* missing or null */
bool view_truthy(const struct view *v);		/* Python's truth: not null, false, zero or empty */
bool view_equals_text(const struct view *v, const char *text);	/* a string equal to text */

/* A member of an object; missing if there is none, or v is no object. */
struct view view_member(const struct view *v, const char *key, size_t len);
/* Elements of a list, or members of an object. */
struct view view_at(const struct view *v, size_t index);
size_t view_count(const struct view *v);

struct view_iterator {
	const struct value *next, *mask;
	bool masked;		/* the members that only the mask has come now */
	size_t index;		/* of the one that view_next returned */
	size_t count;
	const char *key;	/* of an object's member */
	size_t key_len;
};
void view_start(struct view_iterator *it, const struct view *container);
/* The next element or member in *out, or false when there is none. */
bool view_next(struct view_iterator *it, const struct view *container, struct view *out);

/* The only element of a list if it is unknown: should it be a block, the list is that block and has its members. Missing
 * for all else. */
struct view view_unknown_block(const struct view *v);

/* Whether something in it is unknown. */
bool view_has_unknown(const struct view *v);

#endif
