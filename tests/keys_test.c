/* Keys: reading secrets from files, signing and verifying, sealing. */
#include "test.h"

#include <pthread.h>

#include "base/hmac.h"
#include "base/seal.h"
#include "base/secret.h"

/* HMAC-SHA-512 of RFC 4231; a number for a key or for data is that many bytes of the first byte of its text. */
static const struct vector {
	size_t key_len;
	const char *key;
	size_t data_len;
	const char *data;
	const char *mac;
} vectors[] = {
	{ 20, "\x0b", 0, "Hi There",
	  "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
	  "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
	{ 0, "Jefe", 0, "what do ya want for nothing?",
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
	{ 20, "\xaa", 50, "\xdd",
	  "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
	  "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb" },
	{ 131, "\xaa", 0, "Test Using Larger Than Block-Size Key - Hash Key First",
	  "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	  "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
	{ 131, "\xaa", 0, "This is a test using a larger than block-size key and a larger than block-size data. "
	  "The key needs to be hashed before being used by the HMAC algorithm.",
	  "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
	  "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58" },
	/* A request as another sender made and signed it. */
	{ 0, "test-hmac-key-1", 0,
		"{\"payload_version\":1,\"stage\":\"post_plan\",\"capabilities\":{\"outcomes\":false},"
	  "\"configuration_version_id\":\"37e68b75-f00c-4ff1-ad67-7521786f21af\",\"is_speculative\":false,"
	  "\"organization_name\":\"default\","
	  "\"plan_json_api_url\":\"/api/v2/plans/plan-run-60ff90b1808e4483/json-output\","
	  "\"run_created_at\":\"2026-11-23T04:02:42.222Z\",\"run_id\":\"run-60ff90b1808e4483\","
	  "\"run_message\":\"tfe_driver\",\"task_result_callback_url\":\"http://127.0.0.1:38080/api/v2/task-results/"
	  "taskrs-8bb50c09-329a-4e3c-8f4a-770fbc9efb9a/callback?expires=1795406653&signature="
	  "79e6d82f266556b15b33598a7cd1ccb77f19878ef54b48d1aab65728b4d26e42\","
	  "\"task_result_enforcement_level\":\"mandatory\","
	  "\"task_result_id\":\"taskrs-8bb50c09-329a-4e3c-8f4a-770fbc9efb9a\","
	  "\"workspace_id\":\"ws-0303ec39a4ff4169\",\"workspace_name\":\"drv-1a206920363\","
	  "\"workspace_working_directory\":\"\"}",
	  "826497b0d6a1a95d25f3756bc62ec501d79b10c4f673eddf6605366c5d24648f"
	  "d2933db34f1d6dbbc6797d14df578ec072b84e99826d9fdf8844363474acf43d" },
};

static struct secret *repeated(size_t n, const char *text)
{
	char bytes[256];

	if (!n)
		return secret_new(text, strlen(text));
	memset(bytes, text[0], n);
	return secret_new(bytes, n);
}

static void signs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct secret *key = repeated(vectors[i].key_len, vectors[i].key);
		struct secret *data = repeated(vectors[i].data_len, vectors[i].data);
		char hex[HMAC_HEX_SIZE];

		hmac_sign(key, secret_data(data), secret_len(data), hex);
		assert_string_equal(hex, vectors[i].mac);
		assert_true(hmac_verify(&key, 1, secret_data(data), secret_len(data), hex));
		secret_free(key);
		secret_free(data);
	}
}

static void verifies(void **state)
{
	struct secret *keys[] = { secret_new("one", 3), secret_new("two", 3), secret_new("", 0) };
	char hex[HMAC_HEX_SIZE], other[HMAC_HEX_SIZE + 2];

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		hmac_sign(keys[i], "body", 4, hex);
		assert_true(hmac_verify(keys, COUNT(keys), "body", 4, hex));
		assert_false(hmac_verify(keys, i, "body", 4, hex));
		assert_false(hmac_verify(keys, COUNT(keys), "bodY", 4, hex));
		assert_false(hmac_verify(keys, COUNT(keys), "body", 3, hex));
		for (size_t at = 0; at < HMAC_HEX_SIZE - 1; at++) {	/* each digit counts, in either case */
			memcpy(other, hex, sizeof(hex));
			if (other[at] >= 'a')
				other[at] = (char)(other[at] - 'a' + 'A');
			assert_true(hmac_verify(keys, COUNT(keys), "body", 4, other));
			other[at] = hex[at] == '0' ? '1' : '0';
			assert_false(hmac_verify(keys, COUNT(keys), "body", 4, other));
			other[at] = 'g';
			assert_false(hmac_verify(keys, COUNT(keys), "body", 4, other));
			other[at] = '\0';
			assert_false(hmac_verify(keys, COUNT(keys), "body", 4, other));
		}
		snprintf(other, sizeof(other), "%s0", hex);
		assert_false(hmac_verify(keys, COUNT(keys), "body", 4, other));
		assert_false(hmac_verify(keys, COUNT(keys), "body", 4, hex + 1));
	}
	assert_false(hmac_verify(keys, COUNT(keys), "body", 4, NULL));
	assert_false(hmac_verify(keys, COUNT(keys), "body", 4, ""));
	for (size_t i = 0; i < COUNT(keys); i++)
		secret_free(keys[i]);
}

static void reads_key_files(void **state)
{
	static const struct { const char *data; size_t len; const char *key; } table[] = {
		{ "key", 3, "key" }, { "key\n", 4, "key" }, { "key\r\n", 5, "key" }, { "key\n\n", 5, "key\n" },
		{ " key \n", 6, " key " }, { "key\r", 4, "key\r" }, { "a\nb", 3, "a\nb" },
	};
	char *folder = test_folder(), *path, why[SECRET_WHY];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct secret *s;

		path = test_file(folder, "key", table[i].data, table[i].len, 0640);
		s = secret_load(path, why);
		assert_non_null(s);
		assert_int_equal(secret_len(s), strlen(table[i].key));
		assert_string_equal(secret_data(s), table[i].key);
		secret_free(s);
		free(path);
	}
	test_remove(folder);
}

static void expect_refusal(const char *path, const char *reason)
{
	char why[SECRET_WHY] = "";
	struct secret *s = secret_load(path, why);

	assert_null(s);
	if (!strstr(why, reason) || !strstr(why, path))
		fail_msg("%s", why);
}

static void refuses_key_files(void **state)
{
	static char large[65537];
	char *folder = test_folder(), *path, *link = NULL, why[SECRET_WHY];
	struct secret *s;

	(void)state;
	path = test_file(folder, "open", "key", 3, 0644);
	expect_refusal(path, "chmod");
	assert_int_equal(chmod(path, 0602), 0);
	expect_refusal(path, "chmod");
	free(path);
	path = test_file(folder, "empty", "", 0, 0600);
	expect_refusal(path, "empty");
	free(path);
	path = test_file(folder, "newline", "\r\n", 2, 0600);
	expect_refusal(path, "empty");
	free(path);
	memset(large, 'k', sizeof(large));
	path = test_file(folder, "large", large, 65537, 0600);
	expect_refusal(path, "larger");
	free(path);
	path = test_file(folder, "largest", large, 65536, 0600);
	s = secret_load(path, why);
	assert_int_equal(secret_len(s), 65536);
	secret_free(s);
	assert_true(asprintf(&link, "%s/link", folder) > 0);
	assert_int_equal(symlink("largest", link), 0);
	s = secret_load(link, why);
	assert_non_null(s);
	secret_free(s);
	assert_int_equal(unlink(link), 0);
	expect_refusal(link, "No such file");
	assert_int_equal(mkfifo(link, 0600), 0);
	expect_refusal(link, "not a regular file");
	expect_refusal(folder, "not a regular file");
	free(link);
	free(path);
	test_remove(folder);
}

static void keeps_secrets(void **state)
{
	char *room;
	struct secret *s = secret_new("a\0b", 3), *blank = secret_room(4, &room);

	(void)state;
	assert_int_equal(secret_len(s), 3);
	assert_memory_equal(secret_data(s), "a\0b", 4);
	assert_memory_equal(secret_data(blank), "\0\0\0\0", 5);
	memcpy(room, "wxyz", 4);
	assert_string_equal(secret_data(blank), "wxyz");
	secret_free(s);
	secret_free(blank);
	secret_free(NULL);
}

/* Secrets of all sizes beside one another, freed in another order than made, are never mixed up. */
static void keeps_many_secrets(void **state)
{
	static const size_t sizes[] = { 0, 1, 40, 510, 511, 512, 513, 4096, 5000 };
	static struct secret *all[1000];
	char bytes[5000];

	(void)state;
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = round; i < COUNT(all); i += round + 1) {
			secret_free(all[i]);
			memset(bytes, (int)(i % 251), sizeof(bytes));
			all[i] = secret_new(bytes, sizes[(i + round) % COUNT(sizes)]);
		}
		for (size_t i = 0; i < COUNT(all); i++) {
			size_t n = secret_len(all[i]);

			memset(bytes, (int)(i % 251), sizeof(bytes));
			assert_memory_equal(secret_data(all[i]), bytes, n);
			assert_int_equal(secret_data(all[i])[n], '\0');
		}
	}
	for (size_t i = 0; i < COUNT(all); i++)
		secret_free(all[(i * 7) % COUNT(all)]);
}

/* The first one keeps the block that both are in. */
static void overwrites_what_is_freed(void **state)
{
	struct secret *first = secret_new("first", 5), *second = secret_new("second", 6);
	const char *where = secret_data(second);

	(void)state;
	secret_free(second);
	assert_memory_equal(where, "\0\0\0\0\0\0", 6);
	secret_free(first);
}

static void *make_and_free(void *context)
{
	for (int i = 0; i < 2000; i++) {
		struct secret *a = secret_new(context, 1), *b = secret_new(context, 1);

		if (*secret_data(a) != *(char *)context || *secret_data(b) != *(char *)context)
			return context;
		secret_free(a);
		secret_free(b);
	}
	return NULL;
}

static void keeps_secrets_of_threads(void **state)
{
	static char names[] = "ab";
	pthread_t threads[2];
	void *result;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_and_free, &names[i]), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
}

static char *in(const char *folder, const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
	return path;
}

static void makes_keys(void **state)
{
	char *folder = test_folder(), *pub = in(folder, "seal.pub"), *key = in(folder, "seal.key"), why[SEAL_WHY] = "";
	struct seal_public made, read;
	struct seal_secret secret;
	struct stat st;
	mode_t mask = umask(077);

	(void)state;
	assert_int_equal(seal_keygen(folder, &made, why), 0);
	umask(mask);
	assert_int_equal(strlen(made.id), SEAL_ID_SIZE - 1);
	assert_int_equal(stat(pub, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_size, 44);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(seal_public_load(pub, &read, why), 0);
	assert_memory_equal(&read, &made, sizeof(made));
	assert_int_equal(seal_secret_load(key, &secret, why), 0);
	assert_memory_equal(&secret.public_half, &made, sizeof(made));
	seal_secret_free(&secret);
	seal_secret_free(&secret);

	/* Never overwritten, and nothing half made is left. */
	assert_int_equal(seal_keygen(folder, &read, why), -1);
	assert_non_null(strstr(why, "never overwritten"));
	assert_int_equal(unlink(key), 0);
	assert_int_equal(seal_keygen(folder, &read, why), -1);
	assert_int_equal(access(key, F_OK), -1);
	assert_int_equal(seal_public_load(pub, &read, why), 0);
	assert_memory_equal(&read, &made, sizeof(made));
	assert_int_equal(seal_keygen("/nonexistent", &read, why), -1);
	assert_non_null(strstr(why, "/nonexistent"));
	free(pub);
	free(key);
	test_remove(folder);
}

static void refuses_what_is_no_key(void **state)
{
	static const char *const texts[] = { "", "\n", "AAAA\n", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/\n", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\n", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n",
		" AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA x\n" };
	char *folder = test_folder(), why[SEAL_WHY];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		char *path = test_file(folder, "seal", texts[i], strlen(texts[i]), 0600);
		struct seal_public public_key;
		struct seal_secret secret;

		why[0] = '\0';
		if (!seal_public_load(path, &public_key, why) || !strstr(why, path))
			fail_msg("public: '%s': %s", texts[i], why);
		why[0] = '\0';
		if (!seal_secret_load(path, &secret, why) || !strstr(why, path))
			fail_msg("secret: '%s': %s", texts[i], why);
		assert_null(secret.key);
		free(path);
	}
	test_remove(folder);
}

/* Three key pairs, as a spooler has them while one is being replaced. */
static void make_three(struct seal_secret keys[3])
{
	for (size_t i = 0; i < 3; i++) {
		char *folder = test_folder(), *path = in(folder, "seal.key"), why[SEAL_WHY];
		struct seal_public made;

		assert_int_equal(seal_keygen(folder, &made, why), 0);
		assert_int_equal(seal_secret_load(path, &keys[i], why), 0);
		free(path);
		test_remove(folder);
	}
}

static void seals(void **state)
{
	struct seal_secret keys[3];
	const char *id;

	(void)state;
	make_three(keys);
	for (size_t i = 0; i < 3; i++) {
		char *sealed = seal_close(&keys[i].public_half, "a\0b", 3);
		struct secret *opened;

		id = keys[i].public_half.id;
		opened = seal_open(keys, 3, id, sealed);
		assert_non_null(opened);
		assert_int_equal(secret_len(opened), 3);
		assert_memory_equal(secret_data(opened), "a\0b", 3);
		secret_free(opened);
		assert_null(seal_open(keys, i, id, sealed));
		assert_null(seal_open(keys, 3, keys[(i + 1) % 3].public_half.id, sealed));
		assert_null(seal_open(keys, 3, "", sealed));
		for (size_t at = 0; sealed[at]; at++) {		/* damaged anywhere */
			char was = sealed[at];

			sealed[at] = was == 'A' ? 'B' : 'A';
			assert_null(seal_open(keys, 3, id, sealed));
			sealed[at] = was;
		}
		sealed[strlen(sealed) - 1] = '\0';
		assert_null(seal_open(keys, 3, id, sealed));
		free(sealed);
	}
	id = keys[0].public_half.id;
	assert_null(seal_open(keys, 3, id, ""));
	assert_null(seal_open(keys, 3, id, "AAAA"));
	assert_null(seal_open(keys, 3, id, "not base64!"));
	for (size_t i = 0; i < 3; i++)
		seal_secret_free(&keys[i]);
}

static void seals_nothing_and_much(void **state)
{
	static char much[1 << 20];
	struct seal_secret keys[3];

	(void)state;
	make_three(keys);
	memset(much, 'm', sizeof(much));
	for (size_t n = 0; n <= sizeof(much); n += sizeof(much)) {
		char *sealed = seal_close(&keys[0].public_half, much, n);
		struct secret *opened = seal_open(keys, 1, keys[0].public_half.id, sealed);

		assert_non_null(opened);
		assert_int_equal(secret_len(opened), n);
		assert_memory_equal(secret_data(opened), much, n);
		secret_free(opened);
		free(sealed);
	}
	for (size_t i = 0; i < 3; i++)
		seal_secret_free(&keys[i]);
}

/* The documented form of a key's id, so that people can compute it. */
static void names_keys(void **state)
{
	static const char line[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";	/* 32 zero bytes */
	char *folder = test_folder(), *path = test_file(folder, "seal.pub", line, strlen(line), 0644), why[SEAL_WHY];
	struct seal_public key;

	(void)state;
	assert_int_equal(seal_public_load(path, &key, why), 0);
	assert_string_equal(key.id, "89eb0d6a8a691dae");
	free(path);
	test_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs),
		cmocka_unit_test(verifies),
		cmocka_unit_test(reads_key_files),
		cmocka_unit_test(refuses_key_files),
		cmocka_unit_test(keeps_secrets),
		cmocka_unit_test(keeps_many_secrets),
		cmocka_unit_test(overwrites_what_is_freed),
		cmocka_unit_test(keeps_secrets_of_threads),
		cmocka_unit_test(makes_keys),
		cmocka_unit_test(refuses_what_is_no_key),
		cmocka_unit_test(seals),
		cmocka_unit_test(seals_nothing_and_much),
		cmocka_unit_test(names_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
