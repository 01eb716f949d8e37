/* Times as other programs write them (RFC 3339): any number of fractional digits, Z or an offset. Ours are
 * text_time. */
#ifndef PLANSPOOL_BASE_RFC3339_H
#define PLANSPOOL_BASE_RFC3339_H

#include <stdint.h>

/* Milliseconds since 1970, the rest cut off. 0, or -1 if it is no such time. */
int rfc3339_parse(const char *s, int64_t *unix_ms);

#endif
