/* The signature of a run task request: X-TFC-Task-Signature is the hexadecimal HMAC-SHA512 of the raw body, with a key
 * of any length (HCP Terraform, "Run tasks integration", securing your run task). */
#ifndef PLANSPOOL_BASE_HMAC_H
#define PLANSPOOL_BASE_HMAC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/secret.h"

#define HMAC_HEX_SIZE 129

/* The signature of body in lower case with its NUL. */
void hmac_sign(const struct secret *key, const void *body, size_t len, char hex[HMAC_HEX_SIZE]);

/* Whether signature (hexadecimal in either case; NULL and anything malformed never match) is that of body with one of
 * the n keys. All keys are tried, each compared in constant time. */
bool hmac_verify(struct secret *const *keys, size_t n, const void *body, size_t len, const char *signature)
	__attribute__((warn_unused_result));

#endif
