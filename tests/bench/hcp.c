/* The sender's side: libmicrohttpd with a thread for each connection, so that an answer is held back by sleeping. What
 * a request is about is told by its path, which ends in the job's number:
 *
 *	GET   /api/v2/plans/N/json-output	307 to the storage origin
 *	GET   /object/N				the plan
 *	PATCH /api/v2/task-results/N/callback	running or final, by the status in the body */
#include "hcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BODY_KEPT 512		/* the status stands at the beginning */
#define CONNECTIONS 8192

struct asked {
	size_t len;
	char body[BODY_KEPT + 1];
};

static struct {
	struct hcp_options options;
	struct hcp_job *jobs;
	unsigned count, finals;
	char *plan;
	size_t plan_len;
	pthread_mutex_t mutex;
	pthread_cond_t finished;
} hcp = { .mutex = PTHREAD_MUTEX_INITIALIZER, .finished = PTHREAD_COND_INITIALIZER };

uint64_t hcp_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void note(unsigned n, const struct asked *a, bool callback)
{
	bool final = callback && !strstr(a->body, "\"status\":\"running\"");
	uint64_t now = hcp_now();

	pthread_mutex_lock(&hcp.mutex);
	if (n < hcp.count) {
		hcp.jobs[n].requests++;
		if (final && !hcp.jobs[n].final) {
			hcp.jobs[n].final = now;
			hcp.finals++;
			pthread_cond_broadcast(&hcp.finished);
		}
	}
	pthread_mutex_unlock(&hcp.mutex);
}

static enum MHD_Result respond(struct MHD_Connection *c, unsigned status, const char *location, bool plan)
{
	static char nothing[1];
	struct MHD_Response *r = MHD_create_response_from_buffer(plan ? hcp.plan_len : 0, plan ? hcp.plan : nothing,
		MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (location)
		MHD_add_response_header(r, "Location", location);
	if (plan)
		MHD_add_response_header(r, "Content-Type", "application/json");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

/* The number behind the given beginning of a path. */
static bool numbered(const char *path, const char *start, unsigned *n)
{
	size_t len = strlen(start);

	if (strncmp(path, start, len) != 0)
		return false;
	*n = (unsigned)strtoul(path + len, NULL, 10);
	return true;
}

static enum MHD_Result answer(void *unused, struct MHD_Connection *c, const char *path, const char *method,
	const char *version, const char *data, size_t *size, void **state)
{
	struct asked *a = *state;
	char location[128];
	bool callback;
	unsigned n = 0;

	(void)unused;
	(void)method;
	(void)version;
	if (!a) {
		a = calloc(1, sizeof(*a));
		if (!a)
			die("calloc");
		*state = a;
		return MHD_YES;
	}
	if (*size) {
		size_t room = BODY_KEPT - a->len, take = *size < room ? *size : room;

		memcpy(a->body + a->len, data, take);
		a->len += take;
		*size = 0;
		return MHD_YES;
	}
	callback = numbered(path, "/api/v2/task-results/", &n);
	if (callback || numbered(path, "/api/v2/plans/", &n) || numbered(path, "/object/", &n))
		note(n, a, callback);
	usleep(hcp.options.delay_ms * 1000);
	if (callback)
		return respond(c, 200, NULL, false);
	if (numbered(path, "/object/", &n))
		return respond(c, 200, NULL, true);
	if (!numbered(path, "/api/v2/plans/", &n))
		return respond(c, 404, NULL, false);
	snprintf(location, sizeof(location), "https://127.0.0.1:%u/object/%u", hcp.options.storage_port, n);
	return respond(c, 307, location, false);
}

static void completed(void *unused, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode how)
{
	(void)unused;
	(void)c;
	(void)how;
	free(*state);
	*state = NULL;
}

static char *read_file(const char *name, size_t *len)
{
	FILE *f = fopen(name, "rb");
	char *text = NULL;
	size_t n = 0, cap = 0, got = 0;

	if (!f)
		die(name);
	do {
		n += got;
		if (cap - n < 65536) {
			cap += 65536 + cap;
			text = realloc(text, cap);
			if (!text)
				die("realloc");
		}
		got = fread(text + n, 1, cap - n - 1, f);
	} while (got);
	fclose(f);
	text[n] = '\0';
	*len = n;
	return text;
}

static void listen_on(unsigned port, const char *certificate, const char *key)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };

	if (!MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_TLS, (uint16_t)port,
	    NULL, NULL, answer, NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_HTTPS_MEM_CERT, certificate,
	    MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
	    MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096, MHD_OPTION_THREAD_STACK_SIZE, (size_t)(128 << 10), MHD_OPTION_END))
		die("listening");
}

void hcp_serve(const struct hcp_options *o, struct hcp_job *jobs, unsigned count)
{
	size_t len;
	char *certificate = read_file(o->certificate, &len), *key = read_file(o->key, &len);

	hcp.options = *o;
	hcp.jobs = jobs;
	hcp.count = count;
	hcp.plan = read_file(o->plan, &hcp.plan_len);
	listen_on(o->api_port, certificate, key);
	listen_on(o->storage_port, certificate, key);
}

int hcp_wait(unsigned finals, unsigned seconds)
{
	int status = 0;

	pthread_mutex_lock(&hcp.mutex);
	while (hcp.finals < finals && status == 0) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += seconds;
		if (pthread_cond_timedwait(&hcp.finished, &hcp.mutex, &until) == ETIMEDOUT)
			status = -1;
	}
	pthread_mutex_unlock(&hcp.mutex);
	return status;
}
