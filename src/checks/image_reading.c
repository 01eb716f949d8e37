/* Reads single values of a registry file strictly.
 *
 * Contract: whatever is wrong is said with line, place (buckets[0].versions[2].artifacts[1]) and key; the caller goes
 * on reading, so that a person gets to know more than one fault at a time, up to IMAGE_FAULTS_SAID.
 *
 * Lines: the parser unescapes texts in place, so line ends are counted before it runs. Keys keep their places, and
 * texts have no line ends in JSON, so a fault is on the line of its key. */
#include "checks/image_reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rfc3339.h"
#include "base/text.h"
#include "checks/image_registry_private.h"

void image_reading_lines(struct image_reading *rd, size_t len)
{
	const char *end = rd->text + len;
	size_t n = 0;

	for (const char *p = rd->text; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		n++;
	rd->line_ends = xcalloc(n + 1, sizeof(*rd->line_ends));
	for (const char *p = rd->text; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		rd->line_ends[rd->line_count++] = (uint32_t)(p - rd->text);
}

unsigned image_reading_line_at(const struct image_reading *rd, size_t offset)
{
	size_t low = 0, high = rd->line_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rd->line_ends[middle] < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return (unsigned)low + 1;
}

unsigned image_reading_line(const struct image_reading *rd, const struct value *v)
{
	const char *key = value_key(v, NULL);

	if (key == NULL)
		key = value_key(value_first(v), NULL);
	return key != NULL ? image_reading_line_at(rd, (size_t)(key - rd->text)) : rd->line;
}

void image_reading_fault(struct image_reading *rd, const struct value *v, const char *key, const char *format, ...)
{
	char where[120] = "", what[400];
	size_t n = 0;
	va_list args;

	if (rd->errors++ >= IMAGE_FAULTS_SAID)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (rd->bucket >= 0)
		n += (size_t)snprintf(where + n, sizeof(where) - n, "buckets[%ld]", rd->bucket);
	if (rd->version >= 0)
		n += (size_t)snprintf(where + n, sizeof(where) - n, ".versions[%ld]", rd->version);
	if (rd->artifact >= 0)
		n += (size_t)snprintf(where + n, sizeof(where) - n, ".artifacts[%ld]", rd->artifact);
	faults_error(rd->faults, rd->file, v != NULL ? image_reading_line(rd, v) : rd->line, "%s%s%.100s: %s", where,
		n > 0 && *key != '\0' ? "." : "", key, what);
}

bool image_reading_object(struct image_reading *rd, const struct value *v, const char *key, const char *const *known)
{
	if (value_type(v) != VALUE_OBJECT) {
		image_reading_fault(rd, v, key, "must be an object");
		return false;
	}
	for (const struct value *m = value_first(v); m != NULL; m = value_next(m)) {
		const char *name = value_key(m, NULL), *near = NULL;
		size_t i = 0;

		while (known[i] != NULL && strcmp(known[i], name) != 0)
			i++;
		if (known[i] != NULL)
			continue;
		near = text_nearest(name, known);
		if (near != NULL)
			image_reading_fault(rd, m, name, "this key does not exist, did you mean '%s'?", near);
		else
			image_reading_fault(rd, m, name, "this key does not exist");
	}
	return true;
}

const char *image_reading_text(struct image_reading *rd, const struct value *object, const char *key, bool required)
{
	const struct value *v = value_get(object, key);
	size_t len;
	const char *s = value_text(v, &len);

	if (value_type(v) == VALUE_NULL) {
		if (!required)
			return "";
		image_reading_fault(rd, v, key, "is missing");
		return NULL;
	}
	if (value_type(v) != VALUE_STRING || strlen(s) != len) {
		image_reading_fault(rd, v, key, "must be a text");
		return NULL;
	}
	if (required && len == 0) {
		image_reading_fault(rd, v, key, "is empty");
		return NULL;
	}
	if (len > IMAGE_TEXT_MAX) {
		image_reading_fault(rd, v, key, "is longer than %d bytes", IMAGE_TEXT_MAX);
		return NULL;
	}
	return s;
}

const char *image_reading_kept(struct image_reading *rd, const struct value *object, const char *key, bool required)
{
	const char *s = image_reading_text(rd, object, key, required);

	if (s == NULL || *s == '\0')
		return "";
	return policy_store_text(rd->r->store, s, strlen(s));
}

int64_t image_reading_time(struct image_reading *rd, const struct value *object, const char *key)
{
	const char *s = image_reading_text(rd, object, key, false);
	int64_t ms;

	if (s == NULL || *s == '\0')
		return IMAGE_NEVER;
	if (rfc3339_parse(s, &ms) != 0) {
		image_reading_fault(rd, value_get(object, key), key, "'%.60s' is no time: 2026-08-31T12:00:00Z", s);
		return IMAGE_NEVER;
	}
	return ms < IMAGE_YEAR_2_MS ? IMAGE_NEVER : ms;
}

void image_reading_labels(struct image_reading *rd, const struct value *object, const char *key)
{
	const struct value *v = value_get(object, key);

	if (value_type(v) == VALUE_NULL)
		return;
	if (value_type(v) != VALUE_OBJECT)
		image_reading_fault(rd, v, key, "must be an object of texts");
	for (const struct value *m = value_first(v); m != NULL; m = value_next(m)) {
		if (value_type(m) != VALUE_STRING)
			image_reading_fault(rd, m, key, "must be an object of texts");
	}
}

const struct value *image_reading_list(struct image_reading *rd, const struct value *object, const char *key)
{
	const struct value *v = value_get(object, key);

	if (value_type(v) != VALUE_NULL && value_type(v) != VALUE_ARRAY)
		image_reading_fault(rd, v, key, "must be a list");
	return value_type(v) == VALUE_ARRAY ? value_first(v) : NULL;
}
