/* planspool-sim(1): a stand-in for HCP Terraform. It serves an API origin and a storage origin, posts one or more
 * signed run task requests, takes the callbacks, and prints how it went.
 *
 * Everything runs in one thread on the event loop. Ends with 0 (passed, or the verification was accepted), 1
 * (failed) or 2 (no answer, a broken protocol, or it could not begin). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "sim/archive.h"
#include "sim/page.h"
#include "sim/report.h"
#include "sim/run.h"
#include "sim/serve.h"

#define PEM_MAX 65536

static char *read_pem(const char *path)
{
	struct buf b = BUF_INIT(PEM_MAX);
	char *text = NULL;

	if (fsio_read_file(AT_FDCWD, path, &b) != 0)
		log_error(NULL, "%s: %s", path, strerror(errno));
	else
		text = xstrdup(buf_text(&b));
	buf_wipe(&b);
	return text;
}

/* Sees to it that the descriptor, which may be -1, is that of a file. */
static int take_file(struct file *f, int fd, const char *path)
{
	struct stat st;

	f->fd = fd;
	if (fd < 0 || fstat(fd, &st) != 0) {
		log_error(NULL, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		log_error(NULL, "%s: not a file", path);
		return -1;
	}
	f->size = (uint64_t)st.st_size;
	return 0;
}

static int open_files(struct sim *s)
{
	const struct options *o = s->options;
	char why[ARCHIVE_WHY];
	int fd;

	s->plan.content_type = "application/json";
	s->configuration.content_type = "application/x-gzip";
	if (o->plan != NULL && take_file(&s->plan, open(o->plan, O_RDONLY | O_CLOEXEC | O_NONBLOCK), o->plan) != 0)
		return -1;
	if (o->config_dir == NULL)
		return 0;
	fd = archive_make(o->config_dir, why);
	if (fd < 0) {
		log_error(NULL, "--config-dir: %s", why);
		return -1;
	}
	return take_file(&s->configuration, fd, o->config_dir);
}

static int open_sites(struct sim *s)
{
	const struct options *o = s->options;
	struct site_setup setup = { .listen = o->listen, .url_host = o->url_host, .answer = serve_api,
		.sent = run_answer_sent, .context = s };
	char *key = NULL, *certificate = NULL, why[160];
	int result = -1;

	if (o->tls_key != NULL) {
		key = read_pem(o->tls_key);
		certificate = read_pem(o->tls_cert);
		if (key == NULL || certificate == NULL)
			goto out;
	}
	setup.key_pem = key;
	setup.certificate_pem = certificate;
	s->api = site_new(s->loop, &setup, why);
	if (s->api != NULL) {
		setup.listen = o->storage_listen;
		setup.answer = serve_storage;
		s->storage = site_new(s->loop, &setup, why);
	}
	if (s->storage == NULL)
		log_error(NULL, "%s", why);
	else
		result = 0;
out:
	if (key != NULL)
		explicit_bzero(key, strlen(key));
	free(key);
	free(certificate);
	return result;
}

static int begin(struct sim *s)
{
	const struct options *o = s->options;
	char why[SECRET_WHY];

	if (open_files(s) != 0)
		return -1;
	if (o->hmac_key != NULL) {
		s->key = secret_load(o->hmac_key, why);
		if (s->key == NULL) {
			log_error(NULL, "%s", why);
			return -1;
		}
	}
	s->endpoint = secret_new(o->endpoint, strlen(o->endpoint));
	s->loop = loop_new();
	s->http = http_new(s->loop, "TFC/1.0 (+https://app.terraform.io; TFC)");
	if (open_sites(s) != 0)
		return -1;
	run_start_all(s);
	return 0;
}

static void show(const struct run *r)
{
	if (r->sim->options->json)
		report_json(r);
	else
		page_print(r);
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct sim s = { .options = &o, .plan = { .fd = -1 }, .configuration = { .fd = -1 } };
	int status = 2;
	size_t i;

	log_open("planspool-sim");
	if (options_read(&o, argc, argv) != 0)
		goto out;
	if (o.help || o.version) {
		if (o.help)
			options_help();
		else
			puts("planspool-sim " PACKAGE_VERSION);
		status = 0;
		goto out;
	}
	s.out = o.json ? stderr : stdout;
	if (begin(&s) != 0)
		goto out;
	loop_run(s.loop);
	for (i = 0; i < s.count; i++)
		show(&s.runs[i]);
	status = report_status(&s);
out:
	site_free(s.api);
	site_free(s.storage);
	run_free_all(&s);
	if (s.http != NULL)
		http_free(s.http);
	if (s.loop != NULL)
		loop_free(s.loop);
	secret_free(s.key);
	secret_free(s.endpoint);
	if (s.plan.fd >= 0)
		close(s.plan.fd);
	if (s.configuration.fd >= 0)
		close(s.configuration.fd);
	options_free(&o);
	return fflush(stdout) == 0 ? status : 2;
}
