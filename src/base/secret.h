/* Bytes that must never be seen: keys, tokens, sealed parts. They live in guarded memory (sodium_malloc: no swap, no
 * core dump, wiped when freed) and have a type of their own that no log function takes. */
#ifndef PLANSPOOL_BASE_SECRET_H
#define PLANSPOOL_BASE_SECRET_H

#include <stddef.h>

struct secret;

#define SECRET_WHY 256

/* Makes libsodium ready; may be called any number of times. All functions of secret.h, hmac.h and seal.h do. */
void secret_setup(void);

/* All three end the process when guarded memory cannot be had. A NUL follows the bytes and is not counted. */
struct secret *secret_new(const void *data, size_t len);
/* Of len zero bytes; *room is where they are to be written. */
struct secret *secret_room(size_t len, char **room);
void secret_free(struct secret *s);			/* NULL is fine */

const char *secret_data(const struct secret *s);
size_t secret_len(const struct secret *s);

/* Reads a file of at most 64 KiB that others cannot read (no permission bits for others; a regular file after
 * following links), without one trailing newline (\n or \r\n). NULL with a reason for people in why: missing, empty,
 * too open, too large. */
struct secret *secret_load(const char *path, char why[SECRET_WHY]);

#endif
