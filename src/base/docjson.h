/* JSON that is about to be read as YAML. Used by doc.c alone. */
#ifndef PLANSPOOL_BASE_DOCJSON_H
#define PLANSPOOL_BASE_DOCJSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* How many times as long as the text the result can be. */
#define DOCJSON_GROWTH 6

/* If text (valid UTF-8) begins like a JSON object or array and is made of JSON's words only, appends it to out in a
 * form that libyaml reads as JSON means it, line by line the same. False if it is no such text; then out is as it was.
 */
bool docjson_adapt(const char *text, size_t len, struct buf *out) __attribute__((warn_unused_result));

#endif
