/* Sealing what is secret in a request for the spooler alone.
 *
 * crypto_box_seal makes a key pair for each box and throws its secret half away: whoever sealed cannot open again,
 * which is what the handler, the part of planspool that faces the network, should be able to do and no more. A box
 * says nothing about who sealed it; what it belongs to is written inside (envelope.c).
 *
 * Key files hold one line of base64. They are made only where neither of the two exists: an overwritten seal.key would
 * make every job that lies sealed in the spool unreadable. A crash in between leaves seal.key alone, which keygen
 * names and which is safe to remove, since nothing was ever sealed for it.
 *
 * The id only tells which key to try; it is no proof of anything.
 */
#include "base/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define KEY_TEXT_SIZE sodium_base64_ENCODED_LEN(SEAL_PUBLIC_BYTES, VARIANT)	/* its NUL included */
#define PUBLIC_FILE "seal.pub"
#define SECRET_FILE "seal.key"

_Static_assert(SEAL_PUBLIC_BYTES == crypto_box_PUBLICKEYBYTES && SEAL_PUBLIC_BYTES == crypto_box_SECRETKEYBYTES,
	"both halves of a key have the same size");

static void name_key(struct seal_public *key)
{
	unsigned char hash[crypto_generichash_BYTES];

	crypto_generichash(hash, sizeof(hash), key->key, sizeof(key->key), NULL, 0);
	sodium_bin2hex(key->id, sizeof(key->id), hash, (SEAL_ID_SIZE - 1) / 2);
}

/* The line of a key file for 32 bytes. */
static void key_line(const unsigned char key[SEAL_PUBLIC_BYTES], char line[KEY_TEXT_SIZE + 1])
{
	size_t n;

	sodium_bin2base64(line, KEY_TEXT_SIZE, key, SEAL_PUBLIC_BYTES, VARIANT);
	n = strlen(line);
	line[n] = '\n';
	line[n + 1] = '\0';
}

static bool key_from_text(const char *text, size_t len, unsigned char key[SEAL_PUBLIC_BYTES])
{
	size_t got = 0;

	return !sodium_base642bin(key, SEAL_PUBLIC_BYTES, text, len, NULL, &got, NULL, VARIANT) &&
		got == SEAL_PUBLIC_BYTES;
}

static int make_file(int dirfd, const char *dir, const char *name, mode_t mode, const unsigned char *key,
	char why[SEAL_WHY])
{
	char line[KEY_TEXT_SIZE + 1];
	int result;

	key_line(key, line);
	result = fsio_create(dirfd, name, mode, line, strlen(line));
	if (result)
		snprintf(why, SEAL_WHY, "%s/%s: %s", dir, name,
			errno == EEXIST ? "exists already, and keys are never overwritten" : strerror(errno));
	sodium_memzero(line, sizeof(line));
	return result;
}

/* Both files, durable, or none of them. */
static int make_files(int dirfd, const char *dir, const unsigned char *pk, const unsigned char *sk, char why[SEAL_WHY])
{
	if (make_file(dirfd, dir, SECRET_FILE, 0600, sk, why))
		return -1;
	if (make_file(dirfd, dir, PUBLIC_FILE, 0644, pk, why))
		goto fail;
	if (!fsio_sync(dirfd))
		return 0;
	snprintf(why, SEAL_WHY, "%s: %s", dir, strerror(errno));
	(void)unlinkat(dirfd, PUBLIC_FILE, 0);
fail:
	(void)unlinkat(dirfd, SECRET_FILE, 0);
	return -1;
}

int seal_keygen(const char *dir, struct seal_public *made, char why[SEAL_WHY])
{
	unsigned char sk[crypto_box_SECRETKEYBYTES];
	int dirfd, result;

	secret_setup();
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0) {
		snprintf(why, SEAL_WHY, "%s: %s", dir, strerror(errno));
		return -1;
	}
	crypto_box_keypair(made->key, sk);
	name_key(made);
	result = make_files(dirfd, dir, made->key, sk, why);
	sodium_memzero(sk, sizeof(sk));
	close(dirfd);
	return result;
}

static size_t line_length(const char *text, size_t len)
{
	if (len && text[len - 1] == '\n')
		len--;
	if (len && text[len - 1] == '\r')
		len--;
	return len;
}

int seal_public_load(const char *path, struct seal_public *out, char why[SEAL_WHY])
{
	struct buf text = BUF_INIT(1024);
	int fd, result = -1;

	secret_setup();
	fd = fsio_open_linked(path);
	if (fd < 0) {
		snprintf(why, SEAL_WHY, "%s: %s", path, fsio_why(errno));
		return -1;
	}
	if (fsio_read(fd, &text) && errno != EMSGSIZE) {
		snprintf(why, SEAL_WHY, "%s: %s", path, strerror(errno));
	} else if (!text.len || !key_from_text(text.data, line_length(text.data, text.len), out->key)) {
		snprintf(why, SEAL_WHY, "%s: not a public seal key, as planspool keygen seal makes them", path);
	} else {
		name_key(out);
		result = 0;
	}
	buf_free(&text);
	close(fd);
	return result;
}

int seal_secret_load(const char *path, struct seal_secret *out, char why[SEAL_WHY])
{
	_Static_assert(SEAL_WHY >= SECRET_WHY, "secret_load writes its reason into ours");
	struct secret *text;
	unsigned char key[crypto_box_SECRETKEYBYTES];
	int result = -1;

	memset(out, 0, sizeof(*out));
	text = secret_load(path, why);
	if (!text)
		return -1;
	if (!key_from_text(secret_data(text), secret_len(text), key) ||
	    crypto_scalarmult_base(out->public_half.key, key)) {
		snprintf(why, SEAL_WHY, "%s: not a secret seal key, as planspool keygen seal makes them", path);
	} else {
		out->key = secret_new(key, sizeof(key));
		name_key(&out->public_half);
		result = 0;
	}
	sodium_memzero(key, sizeof(key));
	secret_free(text);
	return result;
}

void seal_secret_free(struct seal_secret *s)
{
	secret_free(s->key);
	s->key = NULL;
}

char *seal_close(const struct seal_public *key, const void *data, size_t len)
{
	size_t box_len, text_size;
	unsigned char *box;
	char *text;

	secret_setup();
	if (__builtin_add_overflow(len, crypto_box_SEALBYTES, &box_len) || box_len > SIZE_MAX / 2)
		mem_panic("planspool: too much to seal");
	box = xmalloc(box_len);
	if (crypto_box_seal(box, data, len, key->key))
		mem_panic("planspool: sealing failed");
	text_size = sodium_base64_encoded_len(box_len, VARIANT);
	text = xmalloc(text_size);
	sodium_bin2base64(text, text_size, box, box_len, VARIANT);
	free(box);
	return text;
}

static struct secret *open_box(const struct seal_secret *key, const unsigned char *box, size_t box_len)
{
	char *room;
	struct secret *s = secret_room(box_len - crypto_box_SEALBYTES, &room);

	if (!crypto_box_seal_open((unsigned char *)room, box, box_len, key->public_half.key,
		(const unsigned char *)secret_data(key->key)))
		return s;
	secret_free(s);
	return NULL;
}

struct secret *seal_open(const struct seal_secret *keys, size_t n, const char *id, const char *sealed)
{
	size_t len = strlen(sealed), box_len = 0;
	unsigned char *box = xmalloc(len);
	struct secret *opened = NULL;

	secret_setup();
	if (sodium_base642bin(box, len, sealed, len, NULL, &box_len, NULL, VARIANT) || box_len < crypto_box_SEALBYTES)
		goto out;
	for (size_t i = 0; i < n && !opened; i++)
		if (strcmp(keys[i].public_half.id, id) == 0)
			opened = open_box(&keys[i], box, box_len);
out:
	free(box);
	return opened;
}
