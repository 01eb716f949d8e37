/* The URL parser: what it takes, what it refuses, and that libcurl reads what it takes in the same way. */
#include "test.h"

#include <curl/curl.h>

#include "base/url.h"

struct accepted {
	const char *text, *origin, *rest;
	unsigned port;
	size_t path_len;
};

static const struct accepted accepted[] = {
	{ "https://app.terraform.io", "https://app.terraform.io", "", 443, 0 },
	{ "https://app.terraform.io/", "https://app.terraform.io", "/", 443, 1 },
	{ "HTTPS://App.Terraform.IO/Path", "https://app.terraform.io", "/Path", 443, 5 },
	{ "https://app.terraform.io:443/a", "https://app.terraform.io", "/a", 443, 2 },
	{ "http://h:80", "http://h", "", 80, 0 },
	{ "http://h:443/", "http://h:443", "/", 443, 1 },
	{ "https://tfe.example.com:8443/a/b?c=d&e=/../f", "https://tfe.example.com:8443", "/a/b?c=d&e=/../f", 8443, 4 },
	{ "https://h?q", "https://h", "?q", 443, 0 },
	{ "https://h.example./x", "https://h.example", "/x", 443, 2 },
	{ "https://h/@:80", "https://h", "/@:80", 443, 5 },
	{ "https://h?@evil", "https://h", "?@evil", 443, 0 },
	{ "https://h//x", "https://h", "//x", 443, 3 },
	{ "https://h/.../..a/a../%2e%2e%2e/.hidden", "https://h", "/.../..a/a../%2e%2e%2e/.hidden", 443, 30 },
	{ "https://h/%zz%", "https://h", "/%zz%", 443, 5 },
	{ "http://127.0.0.1:1", "http://127.0.0.1:1", "", 1, 0 },
	{ "http://127.0.0.1:65535/", "http://127.0.0.1:65535", "/", 65535, 1 },
	{ "http://[::1]", "http://[::1]", "", 80, 0 },
	{ "http://[::1]:8080/x", "http://[::1]:8080", "/x", 8080, 2 },
	{ "http://[2001:DB8:0:0::1]?x", "http://[2001:db8::1]", "?x", 80, 0 },
	{ "http://[::ffff:192.0.2.1]/", "http://[::ffff:192.0.2.1]", "/", 80, 1 },
	{ "https://1.example", "https://1.example", "", 443, 0 },
	{ "https://0x7f.example", "https://0x7f.example", "", 443, 0 },
	{ "https://x1", "https://x1", "", 443, 0 },
	{ "https://xn--bcher-kva.example", "https://xn--bcher-kva.example", "", 443, 0 },
	{ "https://a-b.-c-.d", "https://a-b.-c-.d", "", 443, 0 },
};

static void takes_good_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(accepted); i++) {
		const struct accepted *want = &accepted[i];
		char why[URL_WHY] = "", *origin;
		struct url u;

		if (url_parse(want->text, &u, why))
			fail_msg("%s: %s", want->text, why);
		origin = url_origin(&u);
		assert_string_equal(origin, want->origin);
		assert_string_equal(u.rest, want->rest);
		assert_int_equal(u.port, want->port);
		assert_int_equal(u.path_len, want->path_len);
		free(origin);
	}
}

static const char *const refused[] = {
	"", "h", "//h/", "/path", "https", "https:", "https:/h", "https:h", "https:///x", "https://", "https://?x",
	"ftp://h/", "file:///etc/passwd", "javascript://h", "httpss://h", " https://h", "https://h ",
	"https://h/a b", "https://h\t/", "https://h\n/", "https://h/\r\nX: y", "https://h\x7f", "https://h/\x01",
	"https://h/\xc3\xa9", "https://\xc3\xa9/", "https://h\\.evil/", "https://h/\\", "https://h\\@evil/",
	"https:\\\\h", "https://user@h/", "https://user:pw@h/", "https://@h/", "https://h@/", "https://h:80@evil/",
	"https://h#f", "https://h/#f", "https://h/?q#f", "https://h#@evil", "https://%68/", "https://h%2eexample/",
	"https://h%00/", "https://h_x/", "https://h,x/", "https://h;x/", "https://h*/", "https://h:", "https://h:/",
	"https://h:0", "https://h:00080", "https://h:65536", "https://h:100000", "https://h:+80", "https://h:-1",
	"https://h:80a", "https://h: 80", "https://h:8 0", "https://h:80:80", "https://h:0x50", "https://:80/",
	"https://.", "https://..", "https://.h", "https://h..x", "https://h..", "https://.h.", "https://1",
	"https://127.1", "https://2130706433/", "https://0x7f000001/", "https://0x7f.1", "https://0177.0.0.1/",
	"https://127.0.0.01", "https://256.1.1.1", "https://1.2.3.4.5", "https://1.2.3.4.", "https://a.1",
	"https://a.0x1", "https://0x", "https://h.0X7F", "https://1.2.3.", "https://[", "https://[]", "https://[::1",
	"https://::1/", "https://[::1]x", "https://[::1]80", "https://[::1]:", "https://[::1%25eth0]/",
	"https://[fe80::1%eth0]", "https://[::g]", "https://[1.2.3.4]", "https://[::1]]", "https://[[::1]]",
	"https://[v1.x]/", "https://x[::1]", "https://[:::]", "https://[::1]@h/", "https://h/.", "https://h/..",
	"https://h/./x", "https://h/a/../b", "https://h/a/..", "https://h/%2e%2e/x", "https://h/.%2E/x",
	"https://h/%2e", "https://h/a/..?q", "https://h/a%2f..%2Fb", "https://h/..%5cx", "https://h/a/..%2f",
};

static void refuses_bad_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		char why[URL_WHY] = "";
		struct url u;

		if (!url_parse(refused[i], &u, why))
			fail_msg("taken: %s", refused[i]);
		assert_string_not_equal(why, "");
		assert_true(strlen(why) < URL_WHY);
	}
}

/* People must be able to tell what to change. */
static void says_why(void **state)
{
	static const struct { const char *text, *why; } table[] = {
		{ "https://user:pw@h/", "user info" }, { "ftp://h", "https:// or http://" },
		{ "https://h/ x", "byte 10 (0x20)" }, { "https://h:99999", "1 to 65535" }, { "https://h#", "fragment" },
		{ "https://2130706433", "ends in a number" }, { "https://h_x", "character other than" },
		{ "https:///x", "no host" }, { "https://[::1", "IPv6" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char why[URL_WHY] = "";
		struct url u;

		assert_int_equal(url_parse(table[i].text, &u, why), -1);
		if (!strstr(why, table[i].why))
			fail_msg("%s: %s", table[i].text, why);
	}
}

/* What libcurl takes the same text for; the host without a trailing dot. */
static void ask_curl(const char *text, char host[256], unsigned *port, char **path)
{
	CURLU *handle = curl_url();
	char *h = NULL, *p = NULL;
	size_t n;

	if (!handle || curl_url_set(handle, CURLUPART_URL, text, 0) ||
	    curl_url_get(handle, CURLUPART_HOST, &h, 0) ||
	    curl_url_get(handle, CURLUPART_PORT, &p, CURLU_DEFAULT_PORT) ||
	    curl_url_get(handle, CURLUPART_PATH, path, 0))
		fail_msg("libcurl does not take %s", text);
	n = strlen(h);
	if (n && h[n - 1] == '.')
		n--;
	assert_true(n < 256);
	memcpy(host, h, n);
	host[n] = '\0';
	*port = (unsigned)strtoul(p, NULL, 10);
	curl_free(h);
	curl_free(p);
	curl_url_cleanup(handle);
}

static void agree(const char *text)
{
	char why[URL_WHY], host[256], *path = NULL;
	unsigned port = 0;
	struct url u, again;
	char *rebuilt = NULL;

	if (url_parse(text, &u, why))
		return;
	ask_curl(text, host, &port, &path);
	/* Names in either case; IPv6 addresses in any form of the same address. */
	assert_true(asprintf(&rebuilt, "http://%s:%u", host, port) > 0);
	if (url_parse(rebuilt, &again, why))
		fail_msg("%s: libcurl's host %s: %s", text, host, why);
	assert_string_equal(again.host, u.host);
	assert_int_equal(port, u.port);
	if (u.path_len) {
		assert_int_equal(strlen(path), u.path_len);
		assert_memory_equal(path, u.rest, u.path_len);
	} else {
		assert_string_equal(path, "/");
	}
	curl_free(path);
	free(rebuilt);
}

/* Every table entry, and pieces of URLs put together in all ways that are tricky. */
static void agrees_with_libcurl(void **state)
{
	static const char *const hosts[] = { "h", "H.Example", "h.", "127.0.0.1", "127.1", "1.2.3.4.", "0x7f.1",
		"08.1.1.1",
		"[::1]", "[::FFFF:1.2.3.4]", "[1:0:0:0:0:0:0:2]", "a@b", "a:b@c", "h:1@c", "%68", "a_b", "-",
		"1.2.3.4.5", "4294967296" };
	static const char *const ports[] = { "", ":", ":1", ":80", ":443", ":080", ":65535", ":65536", ":8@h", ":8 " };
	static const char *const rests[] = { "", "/", "?", "/a?b", "//", "/./", "/a/../b", "/%2e%2e/", "/%2E./x",
		"/...", "/a%2f..",
		"?/../", "#", "/@h", "/:1", "\\", "/a;b", "/%00", "/a|b", "/\"<>^`{}" };

	(void)state;
	for (size_t i = 0; i < COUNT(accepted); i++)
		agree(accepted[i].text);
	for (size_t i = 0; i < COUNT(hosts) * COUNT(ports) * COUNT(rests); i++) {
		char *text = NULL;

		assert_true(asprintf(&text, "https://%s%s%s", hosts[i % COUNT(hosts)],
			ports[i / COUNT(hosts) % COUNT(ports)], rests[i / COUNT(hosts) / COUNT(ports)]) > 0);
		agree(text);
		free(text);
	}
}

static void keeps_limits(void **state)
{
	char text[URL_MAX + 2], why[URL_WHY];
	struct url u;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "https://h/", 10);
	text[URL_MAX + 1] = '\0';
	assert_int_equal(url_parse(text, &u, why), -1);
	text[URL_MAX] = '\0';
	assert_int_equal(url_parse(text, &u, why), 0);
	for (size_t label = 63; label <= 64; label++) {
		snprintf(text, sizeof(text), "https://%0*d.a/", (int)label, 0);
		assert_int_equal(url_parse(text, &u, why), label == 63 ? 0 : -1);
	}
	for (size_t n = 252; n <= 256; n++) {	/* the longest host has 253 characters */
		memset(text, 'a', sizeof(text));
		memcpy(text, "https://", 8);
		for (size_t i = 50; i < n; i += 50)
			text[8 + i] = '.';
		text[8 + n] = '\0';
		assert_int_equal(url_parse(text, &u, why), n <= 253 ? 0 : -1);
	}
}

static void compares_origins(void **state)
{
	static const struct { const char *a, *b; bool same; } table[] = {
		{ "https://h/a", "https://H:443/b?c", true },
		{ "https://h", "https://h.", true },
		{ "http://[::1]", "http://[0:0::0:1]:80", true },
		{ "https://h", "http://h", false },
		{ "http://h:443", "https://h", false },
		{ "https://h", "https://h:8443", false },
		{ "https://h", "https://h.evil", false },
		{ "https://app.terraform.io", "https://app.terraform.io.evil.example/", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char why[URL_WHY];
		struct url a, b;

		assert_int_equal(url_parse(table[i].a, &a, why), 0);
		assert_int_equal(url_parse(table[i].b, &b, why), 0);
		assert_int_equal(url_same_origin(&a, &b), table[i].same);
	}
}

static void resolves(void **state)
{
	static const struct { const char *base, *reference, *result; } table[] = {
		{ "http://127.0.0.1:38080/api/x?expires=1", "/api/v2/plans/p/json-output",
			"http://127.0.0.1:38080/api/v2/plans/p/json-output" },
		{ "https://H.", "/a?b", "https://h/a?b" },
		{ "https://h", "https://other/x", "https://other/x" },
		{ "https://h", "/", "https://h/" },
		{ "https://h", "//evil/x", NULL },
		{ "https://h", "/\\evil", NULL },
		{ "https://h", "///evil", NULL },
		{ "https://h", "", NULL },
		{ "https://h", "x", NULL },
		{ "https://h", "?x", NULL },
		{ "https://h", "../x", NULL },
		{ "https://h", "/../x", NULL },
		{ "https://h", "/x#y", NULL },
		{ "https://h", "ftp://h/", NULL },
		{ "https://h", "https:/x", NULL },
		{ "https://h", "x?://", NULL },
		{ "not a URL", "/x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char why[URL_WHY] = "", *text = url_resolve(table[i].base, table[i].reference, why);

		if (table[i].result)
			assert_string_equal(text, table[i].result);
		else if (text)
			fail_msg("%s at %s gave %s", table[i].reference, table[i].base, text);
		assert_int_equal(why[0] != '\0', !table[i].result);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_good_ones),
		cmocka_unit_test(refuses_bad_ones),
		cmocka_unit_test(says_why),
		cmocka_unit_test(agrees_with_libcurl),
		cmocka_unit_test(keeps_limits),
		cmocka_unit_test(compares_origins),
		cmocka_unit_test(resolves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
