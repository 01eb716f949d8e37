/* The head of an HTTP answer (RFC 9110, section 5). curl has checked the syntax and hands over one whole line a
 * call, for every head that arrives: interim answers (100, 103) come first, each ends with an empty line, and a
 * status line begins anew.
 *
 * Kept are only the headers of the table below, the first of each name, without the white space around the value.
 * A line that begins with white space continues an old one (obs-fold); nobody sends such values, so it is ignored.
 * Content-Length counts only if no transfer coding was applied, and if it is a plain number; curl itself refuses
 * answers in which it contradicts itself.
 *
 * What is kept belongs to the request and is overwritten when it ends: Location is the address of a plan in a
 * store that asks for nothing else. Limits: HEAD_MAX bytes in all, so a value is no longer than that. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/head.h"

static const struct {
	const char *name;
	size_t field;
} headers[] = {
	{ "location", offsetof(struct http_head, location) },
	{ "content-type", offsetof(struct http_head, content_type) },
	{ "content-encoding", offsetof(struct http_head, content_encoding) },
	{ "retry-after", offsetof(struct http_head, retry_after) },
	{ "x-ratelimit-reset", offsetof(struct http_head, rate_reset) },
	{ "x-ratelimit-limit", offsetof(struct http_head, rate_limit) },
};
_Static_assert(sizeof(headers) / sizeof(headers[0]) == sizeof(((struct head *)0)->values) / sizeof(char *),
	"a value for each header");

void head_init(struct head *h)
{
	*h = (struct head){ .seen = { .content_length = -1 } };
}

static void forget_values(struct head *h)
{
	size_t i;

	for (i = 0; i < sizeof(h->values) / sizeof(h->values[0]); i++) {
		if (h->values[i] != NULL)
			explicit_bzero(h->values[i], strlen(h->values[i]));
		free(h->values[i]);
		h->values[i] = NULL;
	}
}

void head_clear(struct head *h)
{
	forget_values(h);
	head_init(h);
}

static void begin(struct head *h, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	size_t i, at = space != NULL ? (size_t)(space - line) + 1 : len;

	forget_values(h);
	h->seen = (struct http_head){ .content_length = -1 };
	h->chunked = false;
	for (i = at; i < len && i < at + 3 && line[i] >= '0' && line[i] <= '9'; i++)
		h->seen.status = h->seen.status * 10 + (line[i] - '0');
}

static void keep(struct head *h, const char *name, size_t name_len, const char *value, size_t len)
{
	char number[24];
	size_t i;

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (strlen(headers[i].name) != name_len || strncasecmp(headers[i].name, name, name_len) != 0)
			continue;
		if (h->values[i] == NULL) {
			h->values[i] = xstrndup(value, len);
			memcpy((char *)&h->seen + headers[i].field, &h->values[i], sizeof(char *));
		}
		return;
	}
	if (name_len == strlen("transfer-encoding") && strncasecmp(name, "transfer-encoding", name_len) == 0)
		h->chunked = true;
	if (name_len != strlen("content-length") || strncasecmp(name, "content-length", name_len) != 0)
		return;
	if (len >= sizeof(number))
		return;
	memcpy(number, value, len);
	number[len] = '\0';
	if (text_integer(number, 0, INT64_MAX, &h->seen.content_length) != 0)
		h->seen.content_length = -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum head_state head_line(struct head *h, const char *line, size_t len)
{
	const char *colon, *value;

	h->bytes += len;
	if (h->bytes > HEAD_MAX || memchr(line, '\0', len) != NULL)
		return HEAD_BAD;
	while (len > 0 && is_blank(line[len - 1]))
		len--;
	if (len == 0) {
		if (h->chunked)
			h->seen.content_length = -1;
		return h->seen.status >= 200 ? HEAD_COMPLETE : HEAD_MORE;
	}
	if (is_blank(line[0]))
		return HEAD_MORE;
	if (len > 5 && strncmp(line, "HTTP/", 5) == 0) {
		begin(h, line, len);
		return HEAD_MORE;
	}
	colon = memchr(line, ':', len);
	if (colon == NULL)
		return HEAD_MORE;
	for (value = colon + 1; value < line + len && is_blank(*value); value++)
		;
	keep(h, line, (size_t)(colon - line), value, (size_t)(line + len - value));
	return HEAD_MORE;
}
