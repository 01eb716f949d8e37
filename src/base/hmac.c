/* The signature of a run task request: hexadecimal HMAC-SHA512 of the raw body.
 *
 * It is computed over the bytes as received, before anything is parsed. Keys may have any length (RFC 2104: longer
 * ones than a block are hashed first), so the one-shot function of libsodium, which wants 32 bytes, is not used.
 *
 * Verifying takes the same steps whichever key matches, and compares in constant time: an answer's time tells neither
 * how much of a signature was right nor which of several keys was meant. That a signature is malformed may show, since
 * the sender knows that anyway. With no keys nothing ever matches; endpoints without a key are the caller's to know.
 */
#include "base/hmac.h"

#include <sodium.h>
#include <string.h>

#define MAC_BYTES crypto_auth_hmacsha512_BYTES

_Static_assert(HMAC_HEX_SIZE == MAC_BYTES * 2 + 1, "the hexadecimal form of the signature");

static void compute(const struct secret *key, const void *body, size_t len, unsigned char mac[MAC_BYTES])
{
	crypto_auth_hmacsha512_state state;

	secret_setup();
	crypto_auth_hmacsha512_init(&state, (const unsigned char *)secret_data(key), secret_len(key));
	crypto_auth_hmacsha512_update(&state, body, len);
	crypto_auth_hmacsha512_final(&state, mac);
	sodium_memzero(&state, sizeof(state));
}

void hmac_sign(const struct secret *key, const void *body, size_t len, char hex[HMAC_HEX_SIZE])
{
	unsigned char mac[MAC_BYTES];

	compute(key, body, len, mac);
	sodium_bin2hex(hex, HMAC_HEX_SIZE, mac, sizeof(mac));
	sodium_memzero(mac, sizeof(mac));
}

bool hmac_verify(struct secret *const *keys, size_t n, const void *body, size_t len, const char *signature)
{
	unsigned char given[MAC_BYTES], mac[MAC_BYTES];
	bool match = false;

	if (!signature || strnlen(signature, HMAC_HEX_SIZE) != HMAC_HEX_SIZE - 1 ||
	    sodium_hex2bin(given, sizeof(given), signature, HMAC_HEX_SIZE - 1, NULL, NULL, NULL))
		return false;
	for (size_t i = 0; i < n; i++) {
		compute(keys[i], body, len, mac);
		match |= sodium_memcmp(mac, given, sizeof(mac)) == 0;
	}
	sodium_memzero(mac, sizeof(mac));
	return match;
}
