/* What a request looks like to libcurl, and what curl's verdicts mean to us.
 *
 * The options in short: http and https only; no redirects, cookies, netrc, user names in URLs, HTTP/0.9 or
 * decoding of bodies; the URL is sent byte for byte, because it may be signed; TLS 1.2 at least, always verified;
 * no signals; descriptors are closed on exec.
 *
 * Authorities: with ca_file these alone. Without, the system's; if curl knows a bundle file, its folder of single
 * files is switched off, because only then curl (7.87) reads the bundle once for all connections instead of once
 * for each.
 *
 * The bearer token goes into a header of this one request. Since redirects are not followed it can reach no other
 * host. A token with bytes that do not belong into a header is refused rather than sent.
 *
 * HTTP/2 is used where TLS negotiates it, but a request never waits for another one's connection in the hope to
 * share it (CURLOPT_PIPEWAIT): a host that accepts connections and then says nothing would hold up all of them,
 * one after the other. */
#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/url.h"
#include "net/transfer.h"

#define BEARER_MAX 16384

#if LIBCURL_VERSION_NUM < 0x075500
#define PROTOCOLS CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS)
#else
#define PROTOCOLS CURLOPT_PROTOCOLS_STR, "http,https"
#endif

/* Options are remembered as failed, so that their callers need not ask each time. */
#define SET(...) do { if (e == CURLE_OK) e = curl_easy_setopt(easy, __VA_ARGS__); } while (0)

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *a)
{
	(void)context, (void)purpose;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void add_header(struct curl_slist **headers, const char *line)
{
	struct curl_slist *more = curl_slist_append(*headers, line);

	if (more == NULL)
		log_panic("out of memory for a header");
	*headers = more;
}

static void add_named(struct curl_slist **headers, const char *name, const char *value)
{
	struct buf line = BUF_INIT(1024);

	buf_printf(&line, "%s: %s", name, value);
	add_header(headers, buf_text(&line));
	buf_free(&line);
}

static const char *add_bearer(struct curl_slist **headers, const struct secret *bearer)
{
	static const char start[] = "Authorization: Bearer ";
	struct buf line = BUF_INIT(sizeof(start) + BEARER_MAX);
	const char *token = secret_data(bearer), *why = NULL;
	size_t i, len = secret_len(bearer);
	char *room;

	for (i = 0; i < len && token[i] > 0x20 && token[i] < 0x7f; i++)
		;
	if (len == 0 || i < len)
		return "the token is empty or has characters that cannot be sent in a header";
	/* Room for all at once: growing would leave a part of the token behind. */
	room = buf_reserve(&line, sizeof(start) - 1 + len);
	if (room == NULL) {
		why = "the token is too long to be sent";
	} else {
		memcpy(room, start, sizeof(start) - 1);
		memcpy(room + sizeof(start) - 1, token, len);
		room[sizeof(start) - 1 + len] = '\0';
		line.len += sizeof(start) - 1 + len;
		add_header(headers, buf_text(&line));
	}
	buf_wipe(&line);
	return why;
}

static CURLcode set_fixed(CURL *easy)
{
	CURLcode e = CURLE_OK;

	SET(CURLOPT_NOSIGNAL, 1L);
	SET(PROTOCOLS);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
#if LIBCURL_VERSION_NUM >= 0x075700
	SET(CURLOPT_CA_CACHE_TIMEOUT, 60L);
	/* Else ending a transfer waits for its lookup, and with it the whole loop. */
	SET(CURLOPT_QUICK_EXIT, 1L);
#endif
	return e;
}

static CURLcode set_authorities(CURL *easy, const char *ca_file)
{
	CURLcode e = CURLE_OK;
	bool bundle = ca_file != NULL;

#if LIBCURL_VERSION_NUM >= 0x074600
	bundle = bundle || curl_version_info(CURLVERSION_NOW)->cainfo != NULL;
#endif
	if (ca_file != NULL)
		SET(CURLOPT_CAINFO, ca_file);
	if (bundle)
		SET(CURLOPT_CAPATH, NULL);
	return e;
}

static CURLcode set_body(CURL *easy, const struct http_job *job)
{
	CURLcode e = CURLE_OK;

	if (job->body == NULL && strcmp(job->method, "GET") == 0) {
		SET(CURLOPT_HTTPGET, 1L);
		return e;
	}
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(job->body != NULL ? job->body_len : 0));
	SET(CURLOPT_POSTFIELDS, job->body != NULL ? job->body : "");
	SET(CURLOPT_CUSTOMREQUEST, job->method);
	return e;
}

int transfer_setup(CURL *easy, const struct http_job *job, const char *user_agent, struct curl_slist **headers,
	char why[HTTP_WHY])
{
	const char *text = secret_data(job->url), *unusable = NULL;
	const char *const *more;
	char url_why[URL_WHY];
	struct url url;
	CURLcode e;

	add_header(headers, "Expect:");
	if (job->content_type != NULL)
		add_named(headers, "Content-Type", job->content_type);
	if (job->accept != NULL)
		add_named(headers, "Accept", job->accept);
	for (more = job->headers; more != NULL && *more != NULL; more++)
		add_header(headers, *more);
	if (strlen(text) != secret_len(job->url))
		unusable = "the URL has a NUL in it";
	else if (url_parse(text, &url, url_why) != 0)
		unusable = url_why;
	else if (job->bearer != NULL)
		unusable = add_bearer(headers, job->bearer);
	if (unusable != NULL) {
		snprintf(why, HTTP_WHY, "%s", unusable);
		return -1;
	}
	e = set_fixed(easy);
	SET(CURLOPT_URL, text);
	SET(CURLOPT_USERAGENT, user_agent);
	SET(CURLOPT_HTTPHEADER, *headers);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)job->connect_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)job->total_ms);
	if (e == CURLE_OK)
		e = set_authorities(easy, job->ca_file);
	if (e == CURLE_OK)
		e = set_body(easy, job);
	if (e == CURLE_OK)
		return 0;
	transfer_why(e, "", why);
	return -1;
}

static const struct {
	CURLcode code;
	enum http_end end;
} ends[] = {
	{ CURLE_PEER_FAILED_VERIFICATION, HTTP_REFUSED },
	{ CURLE_SSL_CACERT_BADFILE, HTTP_REFUSED },
	{ CURLE_SSL_ISSUER_ERROR, HTTP_REFUSED },
	{ CURLE_SSL_INVALIDCERTSTATUS, HTTP_REFUSED },
	{ CURLE_URL_MALFORMAT, HTTP_REFUSED },
};

enum http_end transfer_end(CURLcode code)
{
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends[i].code == code)
			return ends[i].end;
	return HTTP_TROUBLE;
}

void transfer_why(CURLcode code, const char *error, char why[HTTP_WHY])
{
	const char *word = error[0] != '\0' ? error : curl_easy_strerror(code), *shown;
	size_t len, used = 0, i;

	for (; *word != '\0'; word += len) {
		len = strcspn(word, " ");
		shown = word;
		for (i = 0; i < len && word[i] != '?' && word[i] != '&' && strncmp(word + i, "://", 3) != 0; i++)
			;
		if (i < len)
			shown = "(URL)";
		for (i = 0; used < HTTP_WHY - 1 && (shown == word ? i < len : shown[i] != '\0'); i++)
			why[used++] = shown[i] >= 0x20 && shown[i] < 0x7f ? shown[i] : '.';
		len += strspn(word + len, " ");
		if (word[len] != '\0' && used < HTTP_WHY - 1)
			why[used++] = ' ';
	}
	why[used] = '\0';
}
