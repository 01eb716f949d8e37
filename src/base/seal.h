/* Sealing: what is secret in a request is encrypted for the spooler (libsodium crypto_box_seal: X25519,
 * XSalsa20-Poly1305) before anything is written. The handler holds the public key only. A key's id is the first 16
 * hexadecimal digits of the BLAKE2b-256 of its public key. Key files hold one line of base64 (URL-safe, no padding). */
#ifndef PLANSPOOL_BASE_SEAL_H
#define PLANSPOOL_BASE_SEAL_H

#include <stddef.h>

#include "base/secret.h"

#define SEAL_ID_SIZE 17
#define SEAL_PUBLIC_BYTES 32
#define SEAL_WHY 256

struct seal_public {
	unsigned char key[SEAL_PUBLIC_BYTES];
	char id[SEAL_ID_SIZE];
};

struct seal_secret {
	struct secret *key;
	struct seal_public public_half;
};

/* All: 0, or -1 with a reason for people in why. seal_keygen never overwrites: seal.pub (0644) and seal.key (0600) in
 * dir. */
int seal_keygen(const char *dir, struct seal_public *made, char why[SEAL_WHY]);
int seal_public_load(const char *path, struct seal_public *out, char why[SEAL_WHY]);
int seal_secret_load(const char *path, struct seal_secret *out, char why[SEAL_WHY]);	/* free with seal_secret_free */
void seal_secret_free(struct seal_secret *s);

/* The sealed bytes in base64, allocated. */
char *seal_close(const struct seal_public *key, const void *data, size_t len);

/* What was sealed; NULL if the text is damaged or none of the n keys has that id and opens it. */
struct secret *seal_open(const struct seal_secret *keys, size_t n, const char *id, const char *sealed);

#endif
