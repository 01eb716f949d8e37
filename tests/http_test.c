/* HTTP requests against real servers: what is sent, what is handed over, and every way in which a request can end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "fetch.h"

/* What is sent */

static void sends_a_bare_get(void **state)
{
	struct world *w = *state;
	struct fetch f;

	fetch_prepare(&f, w, "http://127.0.0.1:%u/echo//x?a=%%41", web_port(w->web));
	fetch_run(&f);
	assert_int_equal(f.end, HTTP_ANSWERED);
	assert_int_equal(f.status, 200);
	assert_string_equal(f.type, "text/plain");
	assert_int_equal(f.length, f.body.len);
	assert_string_equal(buf_text(&f.body),
		"GET /echo//x type=- accept=*/* auth=- expect=- encoding=- agent=test/1 body=");
	fetch_release(&f);
}

static void sends_token_and_body(void **state)
{
	struct world *w = *state;
	struct secret *token = secret_new("to.k-en", 7);
	struct fetch f;

	fetch_prepare(&f, w, "http://127.0.0.1:%u/cb", web_port(w->web));
	f.job.method = "PATCH";
	f.job.bearer = token;
	f.job.content_type = "application/vnd.api+json";
	f.job.accept = "application/json";
	f.job.body = "{\"a\":1}trailing";
	f.job.body_len = 7;
	fetch_run(&f);
	assert_string_equal(buf_text(&f.body), "PATCH /cb type=application/vnd.api+json accept=application/json"
		" auth=Bearer to.k-en expect=- encoding=- agent=test/1 body={\"a\":1}");
	/* The next request over the same connection and handle carries nothing of it. */
	fetch_release(&f);
	fetch_prepare(&f, w, "http://127.0.0.1:%u/echo", web_port(w->web));
	fetch_run(&f);
	assert_string_equal(buf_text(&f.body),
		"GET /echo type=- accept=*/* auth=- expect=- encoding=- agent=test/1 body=");
	fetch_release(&f);
	secret_free(token);
}

static void sends_a_large_body_without_asking(void **state)
{
	struct world *w = *state;
	size_t n = (size_t)2 << 20;
	char *body = xmalloc(n);
	struct fetch f;

	memset(body, 'b', n);
	fetch_prepare(&f, w, "http://127.0.0.1:%u/cb", web_port(w->web));
	f.job.method = "POST";
	f.job.body = body;
	f.job.body_len = n;
	f.job.idle_ms = FETCH_MS;
	fetch_run(&f);
	assert_int_equal(f.status, 200);
	assert_non_null(strstr(buf_text(&f.body), "expect=- "));
	assert_true(f.body.len > n);
	fetch_release(&f);
	free(body);
}

/* What is handed over */

static void streams_a_body(void **state)
{
	struct world *w = *state;
	struct fetch f;

	fetch_prepare(&f, w, "http://127.0.0.1:%u/big", web_port(w->web));
	fetch_run(&f);
	assert_int_equal(f.end, HTTP_ANSWERED);
	assert_int_equal(f.body.len, (size_t)3 << 20);
	assert_int_equal(strspn(buf_text(&f.body), "x"), f.body.len);
	fetch_release(&f);
}

static void does_not_follow_or_decode(void **state)
{
	struct world *w = *state;
	struct fetch f;

	fetch_prepare(&f, w, "http://127.0.0.1:%u/redirect", web_port(w->web));
	fetch_run(&f);
	assert_int_equal(f.end, HTTP_ANSWERED);
	assert_int_equal(f.status, 307);
	assert_string_equal(f.location, "/echo?secret=1");
	assert_int_equal(f.body.len, 0);
	fetch_release(&f);
	fetch_prepare(&f, w, "http://127.0.0.1:%u/gzip", web_port(w->web));
	fetch_run(&f);
	assert_int_equal(f.end, HTTP_ANSWERED);
	assert_string_equal(f.encoding, "gzip");
	assert_string_equal(buf_text(&f.body), "not gzip");
	fetch_release(&f);
}

static const struct answer {
	const char *bytes;
	bool hang_up;
	enum http_end end;
	int status, heads;
	int64_t length;
	const char *location, *retry, *reset, *limit, *body, *why;
} answers[] = {
	{ "HTTP/1.1 429 Slow\r\nRetry-After:  3\r\nX-RateLimit-Reset: 0.5 \r\nx-ratelimit-limit: 30\r\n"
		"Content-Length: 2\r\n\r\nno",
		false, HTTP_ANSWERED, 429, 1, 2, "-", "3", "0.5", "30", "no", "" },
	{ "HTTP/1.1 103 Early\r\nLocation: /early\r\n\r\n"
		"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
		false, HTTP_ANSWERED, 302, 1, 0, "/a", "-", "-", "-", "", "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n0\r\nRetry-After: 9\r\n\r\n",
		false, HTTP_ANSWERED, 200, 1, -1, "-", "-", "-", "-", "abc", "" },
	{ "HTTP/1.1 204 No Content\r\n\r\n", false, HTTP_ANSWERED, 204, 1, -1, "-", "-", "-", "-", "", "" },
	{ "HTTP/1.0 200 OK\r\n\r\nup to the end", true,
		HTTP_ANSWERED, 200, 1, -1, "-", "-", "-", "-", "up to the end", "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", true,
		HTTP_TROUBLE, 200, 1, 100, "-", "-", "-", "-", "short", "95 bytes remaining" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", true,
		HTTP_TROUBLE, 200, 1, -1, "-", "-", "-", "-", "ab", "" },
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
		fetch_prepare(&f, w, "http://127.0.0.1:%u/", raw_port(r));
		fetch_run(&f);
		if (f.end != a->end || f.status != a->status || strstr(f.why, a->why) == NULL)
			fail_msg("answer %zu: end %d, status %d, %s", i, f.end, f.status, f.why);
		assert_int_equal(f.heads, a->heads);
		assert_int_equal(f.length, a->length);
		assert_string_equal(f.location, a->location);
		assert_string_equal(f.retry, a->retry);
		assert_string_equal(f.reset, a->reset);
		assert_string_equal(f.limit, a->limit);
		assert_string_equal(buf_text(&f.body), a->body);
		fetch_release(&f);
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
	fetch_prepare(&f, w, "http://127.0.0.1:%u/", raw_port(r));
	fetch_run(&f);
	assert_int_equal(f.end, HTTP_TROUBLE);
	assert_int_equal(f.heads, 0);
	assert_non_null(strstr(f.why, "64 KiB"));
	fetch_release(&f);
	raw_stop(r);
	buf_free(&text);
}

/* Ends */

static void stops_when_told(void **state)
{
	struct world *w = *state;
	struct fetch f;

	fetch_prepare(&f, w, "http://127.0.0.1:%u/big", web_port(w->web));
	f.stop_head = true;
	fetch_run(&f);
	assert_int_equal(f.end, HTTP_STOPPED);
	assert_int_equal(f.status, 200);
	assert_int_equal(f.body.len, 0);
	fetch_release(&f);
	fetch_prepare(&f, w, "http://127.0.0.1:%u/big", web_port(w->web));
	f.stop_data = true;
	fetch_run(&f);
	assert_int_equal(f.end, HTTP_STOPPED);
	assert_in_range(f.body.len, 1, (size_t)3 << 20);
	fetch_release(&f);
}

static void cannot_connect(void **state)
{
	struct world *w = *state;
	struct fetch f;

	fetch_prepare(&f, w, "http://127.0.0.1:%u/path?secret=1", closed_port());
	fetch_run(&f);
	assert_int_equal(f.end, HTTP_TROUBLE);
	assert_int_equal(f.status, 0);
	assert_null(strstr(f.why, "secret"));
	fetch_release(&f);
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
		fetch_prepare(&f, w, "%s", unusable[i].url);
		token = unusable[i].token != NULL ? secret_new(unusable[i].token, strlen(unusable[i].token)) : NULL;
		f.job.bearer = token;
		fetch_run(&f);
		if (f.end != HTTP_REFUSED || f.heads != 0 || strstr(f.why, "secret") != NULL)
			fail_msg("case %zu: end %d, %s", i, f.end, f.why);
		fetch_release(&f);
		secret_free(token);
	}
}

static void send_more(void *context)
{
	raw_send(context, "d");
}

/* A server that takes the request and says nothing more than the given bytes, except when a timer makes it. */
static void limits_time(void **state)
{
	struct world *w = *state;
	struct raw *r = raw_start(w->loop, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", false);
	struct loop_timer *t = loop_timer_new(w->loop, send_more, r);
	struct fetch f;

	fetch_prepare(&f, w, "http://127.0.0.1:%u/", raw_port(r));
	f.job.idle_ms = 60;
	loop_timer_set(t, 30);
	fetch_run(&f);
	loop_timer_free(t);
	assert_int_equal(f.end, HTTP_TROUBLE);
	assert_int_equal(strncmp(buf_text(&f.body), "abc", 3), 0);
	assert_string_equal(f.why, "no byte moved for 60 ms");
	fetch_release(&f);
	fetch_prepare(&f, w, "http://127.0.0.1:%u/", raw_port(r));
	f.job.total_ms = 60;
	f.job.idle_ms = FETCH_MS;
	fetch_run(&f);
	assert_int_equal(f.end, HTTP_TROUBLE);
	assert_non_null(strstr(f.why, "timed out"));
	fetch_release(&f);
	raw_stop(r);
}

static void cancels(void **state)
{
	struct world *w = *state;
	struct raw *r = raw_start(w->loop, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", false);
	struct fetch waiting, running, other;

	fetch_prepare(&waiting, w, "http://127.0.0.1:%u/", raw_port(r));
	fetch_prepare(&running, w, "http://127.0.0.1:%u/", raw_port(r));
	fetch_prepare(&other, w, "http://127.0.0.1:%u/big", web_port(w->web));
	fetch_begin(&waiting);
	http_cancel(waiting.request);
	w->left--;
	fetch_begin(&running);
	fetch_begin(&other);
	other.victim = running.request;	/* from within curl */
	loop_run(w->loop);
	assert_int_equal(waiting.ends + waiting.heads, 0);
	assert_int_equal(running.ends, 0);
	assert_int_equal(other.end, HTTP_ANSWERED);
	fetch_release(&waiting);
	fetch_release(&running);
	fetch_release(&other);
	raw_stop(r);
}

static void starts_anew_from_done(void **state)
{
	struct world *w = *state;
	struct fetch f;

	fetch_prepare(&f, w, "http://127.0.0.1:%u/echo", web_port(w->web));
	f.again = true;
	fetch_begin(&f);
	loop_run(w->loop);
	assert_int_equal(f.ends, 2);
	assert_int_equal(f.end, HTTP_ANSWERED);
	fetch_release(&f);
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
			fetch_prepare(&f[i], w, "http://127.0.0.1:%u/%d", web_port(w->web), i);
		} else {
			fetch_prepare(&f[i], w, "https://127.0.0.1:%u/%d", web_port(w->tls), i);
			f[i].job.ca_file = w->ca;
		}
		fetch_begin(&f[i]);
	}
	loop_run(w->loop);
	for (i = 0; i < MANY; i++) {
		snprintf(start, sizeof(start), "GET /%d ", i);
		if (f[i].end != HTTP_ANSWERED)
			fail_msg("request %d: end %d, %s", i, f[i].end, f[i].why);
		assert_int_equal(strncmp(buf_text(&f[i].body), start, strlen(start)), 0);
		fetch_release(&f[i]);
	}
	free(f);
}

/* One more request in each turn of the loop. */
struct stream {
	struct fetch f[50];
	size_t begun;
	struct loop_timer *timer;
};

static void begin_another(void *context)
{
	struct stream *s = context;

	if (s->begun == sizeof(s->f) / sizeof(s->f[0]))
		return;
	loop_timer_set(s->timer, 0);
	fetch_begin(&s->f[s->begun++]);
}

static void begins_though_more_come(void **state)
{
	struct world *w = *state;
	struct stream *s = xcalloc(1, sizeof(*s));
	size_t i;

	s->timer = loop_timer_new(w->loop, begin_another, s);
	for (i = 0; i < sizeof(s->f) / sizeof(s->f[0]); i++)
		fetch_prepare(&s->f[i], w, "ftp://127.0.0.1/");	/* ends where it would begin */
	begin_another(s);
	loop_run(w->loop);	/* until none is under way */
	assert_in_range(s->begun, 1, 4);
	for (i = 0; i < sizeof(s->f) / sizeof(s->f[0]); i++)
		fetch_release(&s->f[i]);
	loop_timer_free(s->timer);
	free(s);
}

/* TLS */

static void verifies_servers(void **state)
{
	struct world *w = *state;
	const char *bad[] = { w->other_ca, NULL, "/nonexistent.pem" };
	struct fetch f;
	size_t i;

	fetch_prepare(&f, w, "https://127.0.0.1:%u/ok", web_port(w->tls));
	f.job.ca_file = w->ca;
	fetch_run(&f);
	assert_int_equal(f.end, HTTP_ANSWERED);
	fetch_release(&f);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fetch_prepare(&f, w, "https://127.0.0.1:%u/secret", web_port(w->tls));
		f.job.ca_file = bad[i];
		fetch_run(&f);
		if (f.end != HTTP_REFUSED || f.heads != 0 || strstr(f.why, "secret") != NULL)
			fail_msg("authorities %zu: end %d, %s", i, f.end, f.why);
		fetch_release(&f);
	}
	/* The right authority, but a name that is not in the certificate. */
	fetch_prepare(&f, w, "https://localhost:%u/", web_port(w->tls));
	f.job.ca_file = w->ca;
	fetch_run(&f);
	assert_int_equal(f.end, HTTP_REFUSED);
	fetch_release(&f);
	/* Not TLS at all. */
	fetch_prepare(&f, w, "https://127.0.0.1:%u/", web_port(w->web));
	f.job.ca_file = w->ca;
	fetch_run(&f);
	assert_int_equal(f.end, HTTP_TROUBLE);
	fetch_release(&f);
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
		cmocka_unit_test(begins_though_more_come),
		cmocka_unit_test(verifies_servers),
	};

	log_open("http_test");
	alarm(600);
	return cmocka_run_group_tests(tests, world_make, world_end);
}
