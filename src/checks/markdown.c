/* Text from elsewhere inside markdown of ours. HCP Terraform renders the body of an outcome as markdown on the run
 * page, and resource addresses (for_each keys) and reasons can hold anything that the author of a plan wanted them
 * to: links, images, HTML, the end of our list.
 *
 * Which renderer is used is not documented, so this relies on the oldest common ground only: < > & become entities,
 * other active characters get a backslash, and a code span is fenced by one more backtick than the longest run
 * inside it. Line ends and control characters become spaces, so that no block construct can begin; what is active
 * only at the beginning of a line (#, +, -, 1.) is harmless then, as our own text always comes first. Bare URLs are
 * broken up, because many renderers turn them into links by themselves. An underscore inside a word is active
 * nowhere and stays readable.
 */
#include "checks/markdown.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

#define ALWAYS_ACTIVE "\\`*[]|~@!#"
#define ESCAPED ALWAYS_ACTIVE "_:."	/* all that ever gets a backslash */

static bool control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

static bool word(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0x80;
}

static const struct {
	char c;
	const char *name;
} entities[] = { { '<', "&lt;" }, { '>', "&gt;" }, { '&', "&amp;" } };
#define ENTITIES (sizeof entities / sizeof *entities)

static const char *entity(char c)
{
	for (size_t i = 0; i < ENTITIES; i++)
		if (entities[i].c == c)
			return entities[i].name;
	return NULL;
}

/* Whether the character at s + i would mean something. */
static bool active(const char *s, size_t i)
{
	char c = s[i];

	if (strchr(ALWAYS_ACTIVE, c) != NULL)
		return true;
	if (c == '_')
		return i == 0 || !word((unsigned char)s[i - 1]) || !word((unsigned char)s[i + 1]);
	if (c == ':')
		return s[i + 1] == '/';
	if (c == '.')
		return i >= 3 && memcmp(s + i - 3, "www", 3) == 0;
	return false;
}

int markdown_text(struct buf *out, const char *s)
{
	for (size_t i = 0; s[i] != '\0'; i++) {
		const char *e = entity(s[i]);
		int r;

		if (control((unsigned char)s[i]))
			r = buf_append(out, " ", 1);
		else if (e != NULL)
			r = buf_append(out, e, strlen(e));
		else if (active(s, i))
			r = buf_append(out, (const char[]){ '\\', s[i] }, 2);
		else
			r = buf_append(out, s + i, 1);
		if (r != 0)
			return -1;
	}
	return 0;
}

int markdown_plain(struct buf *out, const char *s)
{
	size_t skip;

	for (; *s != '\0'; s += skip) {
		char c = *s;

		skip = 1;
		for (size_t i = 0; i < ENTITIES; i++) {
			if (text_starts(s, entities[i].name)) {
				c = entities[i].c;
				skip = strlen(entities[i].name);
			}
		}
		if (c == '\\' && s[1] != '\0' && strchr(ESCAPED, s[1]) != NULL) {
			c = s[1];
			skip = 2;
		}
		if (buf_append(out, &c, 1) != 0)
			return -1;
	}
	return 0;
}

int markdown_code(struct buf *out, const char *s)
{
	size_t run = 0, longest = 0, n = strlen(s);
	bool pad;

	for (size_t i = 0; i < n; i++) {
		run = s[i] == '`' ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	/* A renderer takes one space off each side when there is one on both. */
	pad = n == 0 || longest > 0 || (s[0] == ' ' && s[n - 1] == ' ');
	for (size_t i = 0; i <= longest; i++)
		if (buf_append(out, "`", 1) != 0)
			return -1;
	if (pad && buf_append(out, " ", 1) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (buf_append(out, control((unsigned char)s[i]) ? " " : s + i, 1) != 0)
			return -1;
	if (pad && buf_append(out, " ", 1) != 0)
		return -1;
	for (size_t i = 0; i <= longest; i++)
		if (buf_append(out, "`", 1) != 0)
			return -1;
	return 0;
}
