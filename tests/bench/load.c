/* Sends run task requests to a handler and measures.
 *
 *	load --url URL --key FILE --ca FILE --jobs N --api PORT [--connections N] [--in-flight N] [--first N]
 *	     [--plan FILE --storage PORT --certificate FILE --tls-key FILE [--delay MS]]
 *
 * Each connection is a thread that sends one signed request after another; all requests are made before the clock
 * starts. Without --plan only acceptance is measured:
 *
 *	accepted=N seconds=S per_second=R median_ms=M
 *
 * With --plan the jobs are served as HCP Terraform would (hcp.h), at most --in-flight at a time, and it prints also
 * from the first byte of a request to its final callback:
 *
 *	median_ms=M p95_ms=M max_ms=M late=R requests=N
 *
 * requests counts those of all jobs; late is the largest ratio of a job's time, the final answer's delay included, to
 * what its requests' delays add up to. With --url none nothing is sent: it serves until it is ended. Exit status 1 if
 * a request was not accepted or a job got no final callback. */
#include <curl/curl.h>
#include <getopt.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hcp.h"

#define THREADS_MAX 64
#define PATIENCE 60	/* seconds without a final callback */

struct request {
	char *body;
	struct curl_slist *headers;
	bool accepted;
};

static struct {
	const char *url, *key, *ca;
	unsigned jobs, connections, in_flight, first;
	struct hcp_options hcp;
	bool serve;
} options = { .connections = 1, .in_flight = 1000000 };

static struct request *requests;
static struct hcp_job *jobs;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned next_job;

static void *need(void *p)
{
	if (!p) {
		fputs("load: out of memory\n", stderr);
		exit(2);
	}
	return p;
}

/* What HCP Terraform sends, with this job's number in it. */
static char *make_body(unsigned n)
{
	static const char format[] = "{\"payload_version\":1,\"stage\":\"post_plan\","
	"\"access_token\":\"4QEuyyxug1f2rw.atlasv1.not-a-real-"
		"token-%u\",\"capabilities\":{\"outcomes\":true},"
		"\"configuration_version_download_url\":\"https://127.0.0.1:%u/api/v2/"
		"configuration-versions/cv-ntv3HbhJqvFzamy7/download\","
		"\"configuration_version_id\":\"cv-ntv3HbhJqvFzamy7\","
		"\"is_speculative\":false,\"organization_name\":\"acme\","
		"\"plan_json_api_url\":\"https://127.0.0.1:%u/api/v2/plans/%u/"
		"json-output\",\"project_id\":\"prj-gFVyPJ2q2Aurn5DV\",\"project_name\":\"Default Project\","
		"\"project_app_url\":"
		"\"https://app.terraform.io/app/acme/projects/DefaultProject\","
		"\"run_app_url\":\"https://app.terraform.io/app/acme/"
		"my-workspace/runs/run-i3Df5to9ELvibKpQ\",\"run_created_at\":\"2025-09-02T14:47:13.036Z\","
		"\"run_created_by\":\"username\","
		"\"run_id\":\"run-i3Df5to9ELvibKpQ\",\"run_message\":\"Triggered via UI\","
		"\"task_result_callback_url\":\"https://127.0.0.1:"
		"%u/api/v2/task-results/%u/callback\",\"task_result_enforcement_level\":\"mandatory\","
		"\"task_result_id\":\"taskrs-%06u\","
		"\"vcs_branch\":\"main\","
		"\"vcs_commit_url\":\"https://github.com/acme/infra/commit/7d8fb2a2d601edebdb7a59ad2088a966736\","
		"\"vcs_pull_request_url\":null,\"vcs_repo_url\":\"https://github.com/acme/infra\","
		"\"workspace_app_url\":"
		"\"https://app.terraform.io/app/acme/my-workspace\",\"workspace_id\":\"ws-ck4G5bb1Yei5szRh\","
		"\"workspace_name\":"
		"\"my-workspace\",\"workspace_working_directory\":\"/terraform\"}";
	unsigned api = options.hcp.api_port;
	char *body = NULL;

	if (asprintf(&body, format, n, api, api, n, api, n, options.first + n) < 0)
		need(NULL);
	return body;
}

static void make_requests(void)
{
	unsigned char key[1024], mac[crypto_auth_hmacsha512_BYTES];
	char hex[2 * sizeof(mac) + 1], header[sizeof(hex) + 64];
	FILE *f = fopen(options.key, "rb");
	size_t key_len = f ? fread(key, 1, sizeof(key), f) : 0;

	if (!key_len) {
		perror(options.key);
		exit(2);
	}
	fclose(f);
	key_len -= key[key_len - 1] == '\n';
	for (unsigned n = 0; n < options.jobs; n++) {
		crypto_auth_hmacsha512_state state;
		struct request *r = &requests[n];

		r->body = make_body(n);
		crypto_auth_hmacsha512_init(&state, key, key_len);
		crypto_auth_hmacsha512_update(&state, (const unsigned char *)r->body, strlen(r->body));
		crypto_auth_hmacsha512_final(&state, mac);
		sodium_bin2hex(hex, sizeof(hex), mac, sizeof(mac));
		snprintf(header, sizeof(header), "X-TFC-Task-Signature: %s", hex);
		r->headers = need(curl_slist_append(NULL, header));
		r->headers = need(curl_slist_append(r->headers, "Content-Type: application/json"));
		r->headers = need(curl_slist_append(r->headers, "Expect:"));
	}
}

static size_t drop(char *data, size_t size, size_t n, void *unused)
{
	(void)data;
	(void)unused;
	return size * n;
}

static void post(CURL *curl, unsigned n)
{
	struct request *r = &requests[n];
	long status = 0;

	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, r->headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(r->body));
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body);
	jobs[n].posted = hcp_now();
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	jobs[n].accepted = hcp_now();
	r->accepted = status == 200;
	if (!r->accepted)
		fprintf(stderr, "load: job %u: status %ld\n", n, status);
}

static CURL *connection(void)
{
	CURL *curl = need(curl_easy_init());

	curl_easy_setopt(curl, CURLOPT_URL, options.url);
	curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	return curl;
}

static void *work(void *unused)
{
	CURL *curl = connection();

	(void)unused;
	for (;;) {
		unsigned n;

		pthread_mutex_lock(&mutex);
		n = next_job++;
		pthread_mutex_unlock(&mutex);
		if (n >= options.jobs)
			break;
		if (options.serve && n >= options.in_flight && hcp_wait(n - options.in_flight + 1, PATIENCE) != 0)
			break;
		post(curl, n);
	}
	curl_easy_cleanup(curl);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double quantile(const uint64_t *sorted, double part)
{
	return (double)sorted[(size_t)((double)(options.jobs - 1) * part)] / 1000;
}

static int report(uint64_t began)
{
	uint64_t *times = need(calloc(options.jobs, sizeof(*times))), end = 0;
	unsigned accepted = 0, finals = 0, asked = 0;
	double late = 0;

	for (unsigned n = 0; n < options.jobs; n++) {
		accepted += requests[n].accepted;
		times[n] = jobs[n].accepted - jobs[n].posted;
		end = jobs[n].accepted > end ? jobs[n].accepted : end;
	}
	qsort(times, options.jobs, sizeof(*times), compare);
	printf("accepted=%u seconds=%.3f per_second=%.0f median_ms=%.2f\n", accepted, (double)(end - began) / 1e6,
		accepted / ((double)(end - began) / 1e6), quantile(times, 0.5));
	if (options.serve) {
		for (unsigned n = 0; n < options.jobs; n++) {
			double delay = options.hcp.delay_ms * 1000.0, own = jobs[n].requests * delay;

			asked += jobs[n].requests;
			finals += jobs[n].final != 0;
			times[n] = jobs[n].final ? jobs[n].final - jobs[n].posted : 0;
			if (own > 0 && ((double)times[n] + delay) / own > late)
				late = ((double)times[n] + delay) / own;
		}
		qsort(times, options.jobs, sizeof(*times), compare);
		printf("median_ms=%.2f p95_ms=%.2f max_ms=%.2f late=%.2f requests=%u\n", quantile(times, 0.5),
			quantile(times, 0.95), quantile(times, 1), late, asked);
	}
	free(times);
	return accepted == options.jobs && (!options.serve || finals == options.jobs) ? 0 : 1;
}

static void parse(int argc, char **argv)
{
	enum { URL = 1, KEY, CA, JOBS, CONNECTIONS, IN_FLIGHT, FIRST, API, STORAGE, CERTIFICATE, TLS_KEY, PLAN, DELAY };
	static const struct option known[] = {
		{ "url", 1, 0, URL }, { "key", 1, 0, KEY }, { "ca", 1, 0, CA }, { "jobs", 1, 0, JOBS },
		{ "connections", 1, 0, CONNECTIONS }, { "in-flight", 1, 0, IN_FLIGHT }, { "first", 1, 0, FIRST },
		{ "api", 1, 0, API }, { "storage", 1, 0, STORAGE }, { "certificate", 1, 0, CERTIFICATE },
		{ "tls-key", 1, 0, TLS_KEY }, { "plan", 1, 0, PLAN }, { "delay", 1, 0, DELAY }, { 0, 0, 0, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		unsigned n = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;

		switch (c) {
		case URL: options.url = optarg; break;
		case KEY: options.key = optarg; break;
		case CA: options.ca = optarg; break;
		case JOBS: options.jobs = n; break;
		case CONNECTIONS: options.connections = n < THREADS_MAX ? n : THREADS_MAX; break;
		case IN_FLIGHT: options.in_flight = n; break;
		case FIRST: options.first = n; break;
		case API: options.hcp.api_port = n; break;
		case STORAGE: options.hcp.storage_port = n; break;
		case CERTIFICATE: options.hcp.certificate = optarg; break;
		case TLS_KEY: options.hcp.key = optarg; break;
		case PLAN: options.hcp.plan = optarg; options.serve = true; break;
		case DELAY: options.hcp.delay_ms = n; break;
		default: exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	uint64_t began;

	parse(argc, argv);
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return 2;
	requests = need(calloc(options.jobs + 1, sizeof(*requests)));
	jobs = need(calloc(options.jobs + 1, sizeof(*jobs)));
	if (options.serve)
		hcp_serve(&options.hcp, jobs, options.jobs);
	while (strcmp(options.url, "none") == 0)
		pause();
	make_requests();
	began = hcp_now();
	for (unsigned i = 0; i < options.connections; i++)
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			return 2;
	for (unsigned i = 0; i < options.connections; i++)
		pthread_join(threads[i], NULL);
	if (options.serve)
		hcp_wait(options.jobs, PATIENCE);
	return report(began);
}
