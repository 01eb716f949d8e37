/*
 * A sender of run tasks that does not behave, for tests of the spooler: serves an API origin and a storage origin on loopback,
 * answers as a script says, and writes down every request.
 *
 *	sender -d DIRECTORY [-a PORT] [-k KEY -c CERTIFICATE] [-K KEY -C CERTIFICATE]
 *
 * -k and -c: TLS for the API; -K and -C: for storage; -a: the API's port. DIRECTORY/ports then holds "api_port=N storage_port=N".
 *
 * Requests are told apart by path: /api/v2/plans/JOB/json-output is "plan", /api/v2/task-results/JOB/callback "running" or "final"
 * by the status in its body, and /object/JOB "storage"; anything else is "other". A line "JOB WHAT ANSWER, ANSWER..." in
 * DIRECTORY/script, which is read again for each request, says how they are answered in turn; the last answer stays. Without a line
 * it is 200. An ANSWER is a status, or "close" for none, and any of these:
 *
 *	body=FILE	in DIRECTORY; default: plan.json for a plan or storage	type= encoding= location=	headers
 *	retry= reset= limit=	Retry-After, X-RateLimit-Reset, X-RateLimit-Limit
 *	cut=N		the connection ends after N bytes of the body		stall=N	waits after N bytes
 *	until=FILE	what is waited for, with the whole answer or where stall says: that DIRECTORY/FILE exists
 *
 * DIRECTORY/transcript gets a line of JSON for each request, before it is answered. token is "job" for "token-JOB", "file" for
 * "token-of-the-file"; query is "right" for "secret=q-JOB". Bodies of finals go to DIRECTORY/JOB.final.N.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "sender_script.h"

#define BODY_MAX (16u << 20)
#define CONNECTIONS_MAX 8000u	/* those of clients that died wait with the others */
#define FILE_SIZE_MAX (64u << 20)

struct origin {
	const char *name;
	const char *key, *certificate;	/* files; NULL: no TLS */
	unsigned port;			/* 0: any */
};

/* How often each (job, what) was asked for. */
struct counter {
	char *name;
	unsigned n;
	struct counter *next;
};

static struct {
	int directory;
	pthread_mutex_t mutex;		/* of the counters and the transcript */
	struct counter *counters;
} sender = { -1, PTHREAD_MUTEX_INITIALIZER, NULL };

struct asked {
	struct buf body;
	char job[128];
	const char *what;
	json_t *parsed;			/* of the body; NULL */
};

struct sending {
	struct buf body;
	size_t cut, stall;		/* SIZE_MAX: not */
	char *until;
};

/* ---- transcript ---- */

static unsigned count(const char *job, const char *what)
{
	char *name = xasprintf("%s %s", job, what);
	struct counter *c = sender.counters;

	while (c != NULL && strcmp(c->name, name) != 0)
		c = c->next;
	if (c == NULL) {
		c = xcalloc(1, sizeof *c);
		*c = (struct counter){ name, 0, sender.counters };
		sender.counters = c;
	} else {
		free(name);
	}
	return c->n++;
}

static const char *header(struct MHD_Connection *c, const char *name)
{
	const char *value = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);

	return value != NULL ? value : "";
}

static const char *token_kind(struct MHD_Connection *c, const char *job)
{
	const char *text = header(c, "Authorization");

	if (text[0] == '\0')
		return "none";
	if (strcmp(text, "Bearer token-of-the-file") == 0)
		return "file";
	return strncmp(text, "Bearer token-", 13) == 0 && strcmp(text + 13, job) == 0 ? "job" : "other";
}

static enum MHD_Result add_argument(void *context, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct buf *query = context;

	(void)kind;
	buf_printf(query, "%s%s=%s", query->len > 0 ? "&" : "", key, value != NULL ? value : "");
	return MHD_YES;
}

static const char *query_kind(struct MHD_Connection *c, const char *job)
{
	struct buf query = BUF_INIT(4096);
	char *right = xasprintf("secret=q-%s", job);
	const char *kind;

	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, add_argument, &query);
	kind = query.len == 0 ? "none" : strcmp(query.data, right) == 0 ? "right" : "wrong";
	buf_free(&query);
	free(right);
	return kind;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void append(const char *name, const char *data, size_t len)
{
	int fd = openat(sender.directory, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0 || fsio_write(fd, data, len) != 0)
		log_panic("%s cannot be written", name);
	close(fd);
}

static void transcribe(struct MHD_Connection *c, const struct origin *origin, const char *method, const char *path,
	const struct asked *asked, const struct answer *answer)
{
	json_t *attributes = json_get(json_get(asked->parsed, "data"), "attributes"), *j = json_new_object();
	json_t *outcomes = json_get(json_get(json_get(json_get(asked->parsed, "data"), "relationships"), "outcomes"), "data");
	const char *type = header(c, "Content-Type");
	char *line, *text;

	json_put_integer(j, "at", now_ms());
	json_put_string(j, "agent", header(c, "User-Agent"));
	json_put_string(j, "origin", origin->name);
	json_put_string(j, "method", method);
	json_put_string(j, "path", path);
	json_put_string(j, "job", asked->job);
	json_put_string(j, "what", asked->what);
	json_put_string(j, "token", token_kind(c, asked->job));
	json_put_string(j, "query", query_kind(c, asked->job));
	json_put_string(j, "type", type[0] == '\0' ? "none" : strcmp(type, "application/vnd.api+json") == 0 ? "right" : "wrong");
	json_put_string(j, "status", json_get_string(attributes, "status"));
	json_put_integer(j, "outcomes", (int64_t)json_count(outcomes));
	json_put_string(j, "message", json_get_string(attributes, "message"));
	json_put_integer(j, "answer", answer->status);
	line = json_text(j);
	text = xasprintf("%s\n", line);
	append("transcript", text, strlen(text));
	free(line);
	free(text);
	json_free(j);
}

/* ---- requests ---- */

/* The job in the path behind start, or "". */
static bool job_in(const char *path, const char *start, char job[128])
{
	size_t len = strlen(start);

	if (strncmp(path, start, len) != 0)
		return false;
	snprintf(job, 128, "%.*s", (int)strcspn(path + len, "/"), path + len);
	return true;
}

static void recognise(struct asked *asked, const char *path)
{
	const char *status;
	char why[JSON_WHY];

	if (strncmp(path, "http://", 7) == 0 && strchr(path + 7, '/') != NULL)
		path = strchr(path + 7, '/');	/* we are taken for a proxy */
	asked->what = "other";
	if (job_in(path, "/api/v2/plans/", asked->job)) {
		asked->what = "plan";
	} else if (job_in(path, "/object/", asked->job)) {
		asked->what = "storage";
	} else if (job_in(path, "/api/v2/task-results/", asked->job)) {
		if (json_parse(buf_text(&asked->body), asked->body.len, &asked->parsed, why) != 0)
			asked->parsed = NULL;
		status = json_get_string(json_get(json_get(asked->parsed, "data"), "attributes"), "status");
		asked->what = status == NULL ? "other" : strcmp(status, "running") == 0 ? "running" : "final";
	}
}

/* Hundreds may wait at once, and for long: looking grows rare. */
static void wait_for(const char *file)
{
	struct timespec pause = { 0, 5000000 };

	while (file != NULL && faccessat(sender.directory, file, F_OK, 0) != 0) {
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 200 * 1000000)
			pause.tv_nsec *= 2;
	}
}

static ssize_t send_part(void *context, uint64_t at, char *out, size_t max)
{
	struct sending *s = context;
	size_t n = s->body.len - (size_t)at;

	if (at >= s->cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (at >= s->stall)
		wait_for(s->until);
	else if (n > s->stall - at)
		n = s->stall - (size_t)at;
	if (n > s->cut - at)
		n = s->cut - (size_t)at;
	n = n < max ? n : max;
	memcpy(out, s->body.data + at, n);
	return (ssize_t)n;
}

static void sending_free(void *context)
{
	struct sending *s = context;

	buf_free(&s->body);
	free(s->until);
	free(s);
}

static struct sending *sending_new(const struct answer *a, const struct asked *asked)
{
	struct sending *s = xcalloc(1, sizeof *s);
	char *file = script_value(a, "body");
	bool plan = strcmp(asked->what, "plan") == 0 || strcmp(asked->what, "storage") == 0;

	*s = (struct sending){ BUF_INIT(FILE_SIZE_MAX), script_number(a, "cut"), script_number(a, "stall"),
		script_value(a, "until") };
	if (file == NULL && a->status == 200 && plan)
		file = xstrdup("plan.json");
	if (file != NULL && fsio_read_file(sender.directory, file, &s->body) != 0)
		log_panic("%s cannot be read", file);
	free(file);
	return s;
}

static enum MHD_Result reply(struct MHD_Connection *c, const struct answer *a, const struct asked *asked)
{
	static const struct { const char *key, *name; } headers[] = {
		{ "type", "Content-Type" }, { "encoding", "Content-Encoding" }, { "location", "Location" },
		{ "retry", "Retry-After" }, { "reset", "X-RateLimit-Reset" }, { "limit", "X-RateLimit-Limit" },
	};
	struct sending *s = sending_new(a, asked);
	struct MHD_Response *r;
	enum MHD_Result done;
	char *value;

	if (s->stall == SIZE_MAX)
		wait_for(s->until);
	if (a->status == 0) {
		sending_free(s);
		return MHD_NO;
	}
	r = MHD_create_response_from_callback(s->body.len, 16384, send_part, s, sending_free);
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		value = script_value(a, headers[i].key);
		if (value != NULL)
			MHD_add_response_header(r, headers[i].name, value);
		free(value);
	}
	done = MHD_queue_response(c, (unsigned)a->status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result serve(void *context, struct MHD_Connection *c, const char *path, const char *method, const char *version,
	const char *data, size_t *len, void **state)
{
	const struct origin *origin = context;
	struct asked *asked = *state;
	struct answer answer;
	enum MHD_Result done;
	char name[160];
	unsigned turn;

	(void)version;
	if (asked == NULL) {
		*state = asked = xcalloc(1, sizeof *asked);
		asked->body = (struct buf)BUF_INIT(BODY_MAX);
		return MHD_YES;
	}
	if (*len > 0) {
		done = buf_append(&asked->body, data, *len) == 0 ? MHD_YES : MHD_NO;
		*len = 0;
		return done;
	}
	recognise(asked, path);
	pthread_mutex_lock(&sender.mutex);
	turn = count(asked->job, asked->what);
	answer = script_answer(sender.directory, asked->job, asked->what, turn);
	transcribe(c, origin, method, path, asked, &answer);
	if (strcmp(asked->what, "final") == 0) {
		snprintf(name, sizeof name, "%s.final.%u", asked->job, turn + 1);
		append(name, buf_text(&asked->body), asked->body.len);
	}
	pthread_mutex_unlock(&sender.mutex);
	done = reply(c, &answer, asked);
	free(answer.text);
	return done;
}

static void forget(void *context, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode code)
{
	struct asked *asked = *state;

	(void)context, (void)c, (void)code;
	if (asked == NULL)
		return;
	buf_free(&asked->body);
	json_free(asked->parsed);
	free(asked);
	*state = NULL;
}

/* ---- the whole ---- */

static char *text_of(const char *file)
{
	struct buf text = BUF_INIT(1u << 16);
	int fd = fsio_open_linked(file);

	if (fd < 0 || fsio_read(fd, &text) != 0)
		log_panic("%s cannot be read", file);
	close(fd);
	return text.data;
}

static void listen_at(struct origin *o)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)o->port) };
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_END, 0, NULL },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_Daemon *d;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (o->key != NULL) {
		tls[0] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, text_of(o->key) };
		tls[1].ptr_value = text_of(o->certificate);
	}
	d = MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
		(o->key != NULL ? MHD_USE_TLS : 0), 0, NULL, NULL, serve, o, MHD_OPTION_SOCK_ADDR, &a,
		MHD_OPTION_NOTIFY_COMPLETED, forget, NULL, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (d == NULL)
		log_panic("the %s origin does not start", o->name);
	o->port = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port;
}

int main(int argc, char **argv)
{
	static struct origin api = { "api", NULL, NULL, 0 }, storage = { "storage", NULL, NULL, 0 };
	const char *directory = NULL;
	char *ports;
	int o;

	log_open("sender");
	while ((o = getopt(argc, argv, "d:a:k:c:K:C:")) != -1) {
		if (o == 'a')
			api.port = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == '?')
			return 2;
		else
			*(o == 'd' ? &directory : o == 'k' ? &api.key : o == 'c' ? &api.certificate : o == 'K' ? &storage.key :
				&storage.certificate) = optarg;
	}
	if (directory == NULL || (sender.directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		log_panic("needs -d DIRECTORY");
	listen_at(&api);
	listen_at(&storage);
	ports = xasprintf("api_port=%u storage_port=%u\n", api.port, storage.port);
	if (fsio_create(sender.directory, "ports.new", 0644, ports, strlen(ports)) != 0 ||
	    renameat(sender.directory, "ports.new", sender.directory, "ports") != 0)
		log_panic("ports cannot be written");
	free(ports);
	for (;;)	/* until it is killed */
		pause();
}
