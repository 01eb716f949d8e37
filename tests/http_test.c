/* HTTP requests against real servers: what is sent, what is handed over, and every way in which a request can end. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "net/http.h"
#include "web.h"

/* One request and what came of it. */
struct fetch {
	struct loop *loop;
	struct http *http;
	int *left;		/* requests to wait for; the last one stops the loop */
	struct http_job job;
	struct http_request *request, *victim;	/* victim: cancelled by the data function */
	bool stop_head, stop_data, again;
	int heads, ends;
	enum http_end end;
	int status;
	int64_t length;
	char location[64], type[64], encoding[64], retry[64], reset[64], limit[64], why[HTTP_WHY];
	struct buf body;
};

struct world {
	struct loop *loop;
	struct http *http;
	struct web *web, *tls;
	char dir[64], ca[96], other_ca[96];
	int left;
};

static void copy(char to[64], const char *from)
{
	snprintf(to, 64, "%s", from != NULL ? from : "-");
}

static bool on_head(void *context, const struct http_head *head)
{
	struct fetch *f = context;

	f->heads++;
	assert_int_equal(f->body.len, 0);
	f->length = head->content_length;
	copy(f->location, head->location);
	copy(f->type, head->content_type);
	copy(f->encoding, head->content_encoding);
	copy(f->retry, head->retry_after);
	copy(f->reset, head->rate_reset);
	copy(f->limit, head->rate_limit);
	return !f->stop_head;
}

static bool on_data(void *context, const char *data, size_t len)
{
	struct fetch *f = context;

	assert_int_equal(f->heads, 1);
	assert_int_equal(buf_append(&f->body, data, len), 0);
	if (f->victim != NULL) {
		http_cancel(f->victim);
		f->victim = NULL;
		if (--*f->left == 0)
			loop_stop(f->loop);
	}
	return !f->stop_data;
}

static void on_done(void *context, enum http_end end, const struct http_head *head, const char *why)
{
	struct fetch *f = context;

	f->ends++;
	f->end = end;
	f->status = head->status;
	snprintf(f->why, sizeof(f->why), "%s", why);
	if (f->again) {
		f->again = false;
		f->heads = 0;
		buf_clear(&f->body);
		f->request = http_start(f->http, &f->job);
	} else if (--*f->left == 0) {
		loop_stop(f->loop);
	}
}

/* The job is set up for a GET of url, which the caller may change before begin. */
static void prepare(struct fetch *f, struct world *w, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void prepare(struct fetch *f, struct world *w, const char *format, ...)
{
	char url[512];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(url, sizeof(url), format, arguments);
	va_end(arguments);
	*f = (struct fetch){ .loop = w->loop, .http = w->http, .left = &w->left, .body = BUF_INIT((size_t)8 << 20) };
	f->job = (struct http_job){ .method = "GET", .url = secret_new(url, (size_t)n), .connect_ms = 20000, .total_ms = 40000,
		.head = on_head, .data = on_data, .done = on_done, .context = f };
}

static void begin(struct fetch *f)
{
	++*f->left;
	f->request = http_start(f->http, &f->job);
	assert_int_equal(f->ends, 0);
}

static void release(struct fetch *f)
{
	secret_free((struct secret *)(uintptr_t)f->job.url);
	buf_free(&f->body);
}

static void run(struct fetch *f)
{
	begin(f);
	loop_run(f->loop);
	assert_int_equal(f->ends, 1);
}

/* What is sent */

static void sends_a_bare_get(void **state)
{
	struct world *w = *state;
	struct fetch f;

	prepare(&f, w, "http://127.0.0.1:%u/echo//x?a=%%41", web_port(w->web));
	run(&f);
	assert_int_equal(f.end, HTTP_ANSWERED);
	assert_int_equal(f.status, 200);
	assert_string_equal(f.type, "text/plain");
	assert_int_equal(f.length, f.body.len);
	assert_string_equal(buf_text(&f.body),
		"GET /echo//x type=- accept=*/* auth=- expect=- encoding=- agent=test/1 body=");
	release(&f);
}

static void sends_token_and_body(void **state)
{
	struct world *w = *state;
	struct secret *token = secret_new("to.k-en", 7);
	struct fetch f;

	prepare(&f, w, "http://127.0.0.1:%u/cb", web_port(w->web));
	f.job.method = "PATCH";
	f.job.bearer = token;
	f.job.content_type = "application/vnd.api+json";
	f.job.accept = "application/json";
	f.job.body = "{\"a\":1}trailing";
	f.job.body_len = 7;
	run(&f);
	assert_string_equal(buf_text(&f.body), "PATCH /cb type=application/vnd.api+json accept=application/json"
		" auth=Bearer to.k-en expect=- encoding=- agent=test/1 body={\"a\":1}");
	/* The next request over the same connection and handle carries nothing of it. */
	release(&f);
	prepare(&f, w, "http://127.0.0.1:%u/echo", web_port(w->web));
	run(&f);
	assert_string_equal(buf_text(&f.body), "GET /echo type=- accept=*/* auth=- expect=- encoding=- agent=test/1 body=");
	release(&f);
	secret_free(token);
}

static void sends_a_large_body_without_asking(void **state)
{
	struct world *w = *state;
	size_t n = (size_t)2 << 20;
	char *body = xmalloc(n);
	struct fetch f;

	memset(body, 'b', n);
	prepare(&f, w, "http://127.0.0.1:%u/cb", web_port(w->web));
	f.job.method = "POST";
	f.job.body = body;
	f.job.body_len = n;
	f.job.idle_ms = 20000;
	run(&f);
	assert_int_equal(f.status, 200);
	assert_non_null(strstr(buf_text(&f.body), "expect=- "));
	assert_true(f.body.len > n);
	release(&f);
	free(body);
}

/* What is handed over */

static void streams_a_body(void **state)
{
	struct world *w = *state;
	struct fetch f;

	prepare(&f, w, "http://127.0.0.1:%u/big", web_port(w->web));
	run(&f);
	assert_int_equal(f.end, HTTP_ANSWERED);
	assert_int_equal(f.body.len, (size_t)3 << 20);
	assert_int_equal(strspn(buf_text(&f.body), "x"), f.body.len);
	release(&f);
}

static void does_not_follow_or_decode(void **state)
{
	struct world *w = *state;
	struct fetch f;

	prepare(&f, w, "http://127.0.0.1:%u/redirect", web_port(w->web));
	run(&f);
	assert_int_equal(f.end, HTTP_ANSWERED);
	assert_int_equal(f.status, 307);
	assert_string_equal(f.location, "/echo?secret=1");
	assert_int_equal(f.body.len, 0);
	release(&f);
	prepare(&f, w, "http://127.0.0.1:%u/gzip", web_port(w->web));
	run(&f);
	assert_int_equal(f.end, HTTP_ANSWERED);
	assert_string_equal(f.encoding, "gzip");
	assert_string_equal(buf_text(&f.body), "not gzip");
	release(&f);
}

static const struct answer {
	const char *bytes;
	bool hang_up;
	enum http_end end;
	int status, heads;
	int64_t length;
	const char *location, *retry, *reset, *limit, *body, *why;
} answers[] = {
	{ "HTTP/1.1 429 Slow\r\nRetry-After:  3\r\nX-RateLimit-Reset: 0.5 \r\nx-ratelimit-limit: 30\r\nContent-Length: 2\r\n\r\nno",
		false, HTTP_ANSWERED, 429, 1, 2, "-", "3", "0.5", "30", "no", "" },
	{ "HTTP/1.1 103 Early\r\nLocation: /early\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
		false, HTTP_ANSWERED, 302, 1, 0, "/a", "-", "-", "-", "", "" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nRetry-After: 9\r\n\r\n",
		false, HTTP_ANSWERED, 200, 1, -1, "-", "-", "-", "-", "abc", "" },
	{ "HTTP/1.1 204 No Content\r\n\r\n", false, HTTP_ANSWERED, 204, 1, -1, "-", "-", "-", "-", "", "" },
	{ "HTTP/1.0 200 OK\r\n\r\nup to the end", true, HTTP_ANSWERED, 200, 1, -1, "-", "-", "-", "-", "up to the end", "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", true, HTTP_TROUBLE, 200, 1, 100, "-", "-", "-", "-", "short",
		"95 bytes remaining" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", true, HTTP_TROUBLE, 200, 1, -1, "-", "-", "-", "-", "ab", "" },
	{ "HTTP/1.1 200 OK\r\nContent-Le", true, HTTP_TROUBLE, 200, 0, 0, "", "", "", "", "", "" },
	{ "", true, HTTP_TROUBLE, 0, 0, 0, "", "", "", "", "", "Empty reply" },
	{ "this is not HTTP at all\r\n\r\n", true, HTTP_TROUBLE, 0, 0, 0, "", "", "", "", "", "HTTP/0.9" },
};

static void reads_answers(void **state)
{
	struct world *w = *state;
	struct fetch f;
	struct raw *r;
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct answer *a = &answers[i];

		r = raw_start(w->loop, a->bytes, a->hang_up);
		prepare(&f, w, "http://127.0.0.1:%u/", raw_port(r));
		run(&f);
		if (f.end != a->end || f.status != a->status || strstr(f.why, a->why) == NULL)
			fail_msg("answer %zu: end %d, status %d, %s", i, f.end, f.status, f.why);
		assert_int_equal(f.heads, a->heads);
		assert_int_equal(f.length, a->length);
		assert_string_equal(f.location, a->location);
		assert_string_equal(f.retry, a->retry);
		assert_string_equal(f.reset, a->reset);
		assert_string_equal(f.limit, a->limit);
		assert_string_equal(buf_text(&f.body), a->body);
		release(&f);
		raw_stop(r);
	}
}

static void bounds_the_head(void **state)
{
	struct world *w = *state;
	struct buf text = BUF_INIT(200000);
	struct fetch f;
	struct raw *r;
	int i;

	buf_puts(&text, "HTTP/1.1 200 OK\r\nLocation: /x\r\n");
	for (i = 0; i < 700; i++)
		buf_printf(&text, "X-%d: %090d\r\n", i, 0);
	buf_puts(&text, "\r\n");
	assert_true(text.len > 65536);
	r = raw_start(w->loop, buf_text(&text), true);
	prepare(&f, w, "http://127.0.0.1:%u/", raw_port(r));
	run(&f);
	assert_int_equal(f.end, HTTP_TROUBLE);
	assert_int_equal(f.heads, 0);
	assert_non_null(strstr(f.why, "64 KiB"));
	release(&f);
	raw_stop(r);
	buf_free(&text);
}

/* Ends */

static void stops_when_told(void **state)
{
	struct world *w = *state;
	struct fetch f;

	prepare(&f, w, "http://127.0.0.1:%u/big", web_port(w->web));
	f.stop_head = true;
	run(&f);
	assert_int_equal(f.end, HTTP_STOPPED);
	assert_int_equal(f.status, 200);
	assert_int_equal(f.body.len, 0);
	release(&f);
	prepare(&f, w, "http://127.0.0.1:%u/big", web_port(w->web));
	f.stop_data = true;
	run(&f);
	assert_int_equal(f.end, HTTP_STOPPED);
	assert_in_range(f.body.len, 1, (size_t)3 << 20);
	release(&f);
}

static void cannot_connect(void **state)
{
	struct world *w = *state;
	struct fetch f;

	prepare(&f, w, "http://127.0.0.1:%u/path?secret=1", closed_port());
	run(&f);
	assert_int_equal(f.end, HTTP_TROUBLE);
	assert_int_equal(f.status, 0);
	assert_null(strstr(f.why, "secret"));
	release(&f);
}

static const struct {
	const char *url, *token;
} unusable[] = {
	{ "ftp://127.0.0.1/secret", NULL },
	{ "file:///secret", NULL },
	{ "http://user:secret@127.0.0.1/", NULL },
	{ "http://127.0.0.1:99999/secret", NULL },
	{ "", NULL },
	{ "http://127.0.0.1/", "secret\r\nX: y" },
	{ "http://127.0.0.1/", "" },
};

static void refuses_what_cannot_be_sent(void **state)
{
	struct world *w = *state;
	struct secret *token;
	struct fetch f;
	size_t i;

	for (i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++) {
		prepare(&f, w, "%s", unusable[i].url);
		token = unusable[i].token != NULL ? secret_new(unusable[i].token, strlen(unusable[i].token)) : NULL;
		f.job.bearer = token;
		run(&f);
		if (f.end != HTTP_REFUSED || f.heads != 0 || strstr(f.why, "secret") != NULL)
			fail_msg("case %zu: end %d, %s", i, f.end, f.why);
		release(&f);
		secret_free(token);
	}
}

/* A server that takes the request and says nothing more than the given bytes. */
static void limits_time(void **state)
{
	struct world *w = *state;
	struct raw *r = raw_start(w->loop, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", false);
	struct fetch f;

	prepare(&f, w, "http://127.0.0.1:%u/", raw_port(r));
	f.job.idle_ms = 60;
	run(&f);
	assert_int_equal(f.end, HTTP_TROUBLE);
	assert_string_equal(buf_text(&f.body), "abc");
	assert_string_equal(f.why, "no byte moved for 60 ms");
	release(&f);
	prepare(&f, w, "http://127.0.0.1:%u/", raw_port(r));
	f.job.total_ms = 60;
	f.job.idle_ms = 20000;
	run(&f);
	assert_int_equal(f.end, HTTP_TROUBLE);
	assert_non_null(strstr(f.why, "timed out"));
	release(&f);
	raw_stop(r);
}

static void cancels(void **state)
{
	struct world *w = *state;
	struct raw *r = raw_start(w->loop, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", false);
	struct fetch waiting, running, other;

	prepare(&waiting, w, "http://127.0.0.1:%u/", raw_port(r));
	prepare(&running, w, "http://127.0.0.1:%u/", raw_port(r));
	prepare(&other, w, "http://127.0.0.1:%u/big", web_port(w->web));
	begin(&waiting);
	http_cancel(waiting.request);
	w->left--;
	begin(&running);
	begin(&other);
	other.victim = running.request;	/* from within curl */
	loop_run(w->loop);
	assert_int_equal(waiting.ends + waiting.heads, 0);
	assert_int_equal(running.ends, 0);
	assert_int_equal(other.end, HTTP_ANSWERED);
	release(&waiting);
	release(&running);
	release(&other);
	raw_stop(r);
}

static void starts_anew_from_done(void **state)
{
	struct world *w = *state;
	struct fetch f;

	prepare(&f, w, "http://127.0.0.1:%u/echo", web_port(w->web));
	f.again = true;
	begin(&f);
	loop_run(w->loop);
	assert_int_equal(f.ends, 2);
	assert_int_equal(f.end, HTTP_ANSWERED);
	release(&f);
}

static void carries_many_at_once(void **state)
{
	enum { MANY = 200 };
	struct world *w = *state;
	struct fetch *f = xcalloc(MANY, sizeof(*f));
	char start[32];
	int i;

	for (i = 0; i < MANY; i++) {
		if (i % 2 == 0) {
			prepare(&f[i], w, "http://127.0.0.1:%u/%d", web_port(w->web), i);
		} else {
			prepare(&f[i], w, "https://127.0.0.1:%u/%d", web_port(w->tls), i);
			f[i].job.ca_file = w->ca;
		}
		begin(&f[i]);
	}
	loop_run(w->loop);
	for (i = 0; i < MANY; i++) {
		snprintf(start, sizeof(start), "GET /%d ", i);
		assert_int_equal(f[i].end, HTTP_ANSWERED);
		assert_int_equal(strncmp(buf_text(&f[i].body), start, strlen(start)), 0);
		release(&f[i]);
	}
	free(f);
}

/* TLS */

static void verifies_servers(void **state)
{
	struct world *w = *state;
	const char *bad[] = { w->other_ca, NULL, "/nonexistent.pem" };
	struct fetch f;
	size_t i;

	prepare(&f, w, "https://127.0.0.1:%u/ok", web_port(w->tls));
	f.job.ca_file = w->ca;
	run(&f);
	assert_int_equal(f.end, HTTP_ANSWERED);
	release(&f);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		prepare(&f, w, "https://127.0.0.1:%u/secret", web_port(w->tls));
		f.job.ca_file = bad[i];
		run(&f);
		if (f.end != HTTP_REFUSED || f.heads != 0 || strstr(f.why, "secret") != NULL)
			fail_msg("authorities %zu: end %d, %s", i, f.end, f.why);
		release(&f);
	}
	/* The right authority, but a name that is not in the certificate. */
	prepare(&f, w, "https://localhost:%u/", web_port(w->tls));
	f.job.ca_file = w->ca;
	run(&f);
	assert_int_equal(f.end, HTTP_REFUSED);
	release(&f);
	/* Not TLS at all. */
	prepare(&f, w, "https://127.0.0.1:%u/", web_port(w->web));
	f.job.ca_file = w->ca;
	run(&f);
	assert_int_equal(f.end, HTTP_TROUBLE);
	release(&f);
}

/* Name lookups: this one stands in for the system's, for one name, and blocks its thread until it is let go. */

static sem_t looked_up, let_go;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	struct sockaddr_in *address;

	(void)service;
	if (strcmp(name, "stuck.test") == 0) {
		sem_post(&looked_up);
		sem_wait(&let_go);
		sem_post(&looked_up);
		return EAI_FAIL;
	}
	*out = xcalloc(1, sizeof(**out) + sizeof(*address));
	address = (struct sockaddr_in *)(void *)(*out + 1);
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	**out = (struct addrinfo){ .ai_family = AF_INET, .ai_socktype = hints != NULL ? hints->ai_socktype : SOCK_STREAM,
		.ai_addrlen = sizeof(*address), .ai_addr = (struct sockaddr *)address };
	return 0;
}

void freeaddrinfo(struct addrinfo *a)
{
	free(a);
}

static void stop(void *context)
{
	loop_stop(context);
}

static void never_waits_for_a_lookup(void **state)
{
	struct world *w = *state;
	struct loop_timer *t = loop_timer_new(w->loop, stop, w->loop);
	struct fetch f, limited;

	if (curl_version_info(CURLVERSION_NOW)->version_num < 0x075700)
		skip();
	sem_init(&looked_up, 0, 0);
	sem_init(&let_go, 0, 0);
	prepare(&f, w, "http://stuck.test/");
	prepare(&limited, w, "http://stuck.test/");
	limited.job.connect_ms = 50;
	begin(&f);
	begin(&limited);
	while (sem_trywait(&looked_up) != 0) {
		loop_timer_set(t, 1);
		loop_run(w->loop);
	}
	/* If either end waited for its thread, the alarm would end this program. */
	http_cancel(f.request);
	w->left--;
	while (limited.ends == 0)
		loop_run(w->loop);
	assert_int_equal(limited.end, HTTP_TROUBLE);
	sem_post(&let_go);
	sem_post(&let_go);
	sem_wait(&looked_up);
	sem_wait(&looked_up);
	sem_wait(&looked_up);
	release(&f);
	release(&limited);
	loop_timer_free(t);
}

/* The world */

static void run_openssl(const char *dir, const char *name, const char *subject)
{
	char *key = xasprintf("%s/%s.key", dir, name), *certificate = xasprintf("%s/%s.pem", dir, name);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(127);
		execlp("openssl", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
			"-keyout", key, "-out", certificate, "-days", "2", "-subj", subject, "-addext", "subjectAltName=IP:127.0.0.1",
			(char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		log_panic("openssl cannot make a certificate");
	free(key);
	free(certificate);
}

static char *read_text(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name), *text;
	struct buf b = BUF_INIT(65536);

	if (fsio_read_file(AT_FDCWD, path, &b) != 0)
		log_panic("%s: %s", path, strerror(errno));
	text = xstrdup(buf_text(&b));
	buf_free(&b);
	free(path);
	return text;
}

static int make_world(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	char *key, *certificate;

	snprintf(w->dir, sizeof(w->dir), "/tmp/http_test.XXXXXX");
	if (mkdtemp(w->dir) == NULL)
		return -1;
	run_openssl(w->dir, "own", "/CN=own");
	run_openssl(w->dir, "other", "/CN=other");
	snprintf(w->ca, sizeof(w->ca), "%s/own.pem", w->dir);
	snprintf(w->other_ca, sizeof(w->other_ca), "%s/other.pem", w->dir);
	key = read_text(w->dir, "own.key");
	certificate = read_text(w->dir, "own.pem");
	w->web = web_start(NULL, NULL);
	w->tls = web_start(key, certificate);
	free(key);
	free(certificate);
	w->loop = loop_new();
	w->http = http_new(w->loop, "test/1");
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	static const char *const files[] = { "own.pem", "own.key", "other.pem", "other.key" };
	struct world *w = *state;
	size_t i;

	http_free(w->http);
	loop_free(w->loop);
	web_stop(w->web);
	web_stop(w->tls);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = xasprintf("%s/%s", w->dir, files[i]);

		unlink(path);
		free(path);
	}
	rmdir(w->dir);
	free(w);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_a_bare_get),
		cmocka_unit_test(sends_token_and_body),
		cmocka_unit_test(sends_a_large_body_without_asking),
		cmocka_unit_test(streams_a_body),
		cmocka_unit_test(does_not_follow_or_decode),
		cmocka_unit_test(reads_answers),
		cmocka_unit_test(bounds_the_head),
		cmocka_unit_test(stops_when_told),
		cmocka_unit_test(cannot_connect),
		cmocka_unit_test(refuses_what_cannot_be_sent),
		cmocka_unit_test(limits_time),
		cmocka_unit_test(cancels),
		cmocka_unit_test(starts_anew_from_done),
		cmocka_unit_test(carries_many_at_once),
		cmocka_unit_test(verifies_servers),
		cmocka_unit_test(never_waits_for_a_lookup),
	};

	log_open("http_test");
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("HTTPS_PROXY");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	alarm(120);
	return cmocka_run_group_tests(tests, make_world, end_world);
}
