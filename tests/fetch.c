/* What the tests of HTTP requests share. Certificates are made by openssl(1) in a folder of their own, which is
 * removed at the end. A request's head and data functions check the order in which they are called. */
#include <errno.h>
#include <fcntl.h>
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

#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "fetch.h"

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

void fetch_prepare(struct fetch *f, struct world *w, const char *format, ...)
{
	char url[512];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(url, sizeof(url), format, arguments);
	va_end(arguments);
	*f = (struct fetch){ .loop = w->loop, .http = w->http, .left = &w->left, .body = BUF_INIT((size_t)8 << 20) };
	f->job = (struct http_job){ .method = "GET", .url = secret_new(url, (size_t)n), .connect_ms = FETCH_MS,
		.total_ms = FETCH_MS,
		.head = on_head, .data = on_data, .done = on_done, .context = f };
}

void fetch_begin(struct fetch *f)
{
	++*f->left;
	f->request = http_start(f->http, &f->job);
	assert_int_equal(f->ends, 0);
}

void fetch_release(struct fetch *f)
{
	secret_free((struct secret *)(uintptr_t)f->job.url);
	buf_free(&f->body);
}

void fetch_run(struct fetch *f)
{
	fetch_begin(f);
	loop_run(f->loop);
	assert_int_equal(f->ends, 1);
}

static void run_openssl(const char *dir, const char *name, const char *subject)
{
	char *key = xasprintf("%s/%s.key", dir, name), *certificate = xasprintf("%s/%s.pem", dir, name);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(127);
		execlp("openssl", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
			"ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
			"-subj", subject, "-addext", "subjectAltName=IP:127.0.0.1",
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

int world_make(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	char *key, *certificate;

	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("HTTPS_PROXY");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
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

int world_end(void **state)
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
