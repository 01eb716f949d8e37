/*
 * Fills a spool with jobs for tests: mkjobs SPOOL SEAL-KEY API [ENDPOINT] < LIST
 *
 * Each line of LIST is "NAME" or "NAME AGE": the task result id, and how many seconds ago the request came. The
 * requests are those of spooler_lib.sh's accept_job: endpoint prod if none is named, URLs at the origin API. They are
 * accepted as the handler accepts them, ten thousand in a few seconds. Exit status 0 or 1, with a reason on standard error.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/envelope.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/spool.h"

static int make_job(struct spool *spool, const struct seal_public *key, const char *api, const char *endpoint, const char *name,
	long age)
{
	char *body = xasprintf("{\"payload_version\":1,\"stage\":\"post_plan\",\"task_result_id\":\"%s\","
		"\"organization_name\":\"acme\",\"access_token\":\"token-%s\","
		"\"plan_json_api_url\":\"%s/api/v2/plans/%s/json-output\","
		"\"task_result_callback_url\":\"%s/api/v2/task-results/%s/callback?secret=q-%s\"}",
		name, name, api, name, api, name, name);
	char id[SPOOL_ID_SIZE], why[REQUEST_WHY] = "not a run task's request", *envelope, *path;
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) - age } };
	enum spool_accepted how;
	struct request request;

	if (request_parse(body, strlen(body), &request, why) != REQUEST_RUN_TASK) {
		log_error(NULL, "%s: %s", name, why);
		return -1;
	}
	spool_id(endpoint, name, id);
	envelope = envelope_make(&request, endpoint, id, (int64_t)times[1].tv_sec * 1000, key);
	how = spool_accept(spool, id, envelope, strlen(envelope));
	path = xasprintf("%s/%s.json", spool_new_path(spool), id);
	if (age > 0)
		(void)utimensat(AT_FDCWD, path, times, 0);
	free(path);
	free(envelope);
	request_free(&request);
	free(body);
	return how == SPOOL_ACCEPTED ? 0 : -1;
}

int main(int argc, char **argv)
{
	char why[SPOOL_WHY], seal_why[SEAL_WHY], line[256], name[128];
	struct seal_public key;
	struct spool *spool;
	int failed = 0;
	long age;

	if (argc < 4 || argc > 5)
		return EXIT_FAILURE;
	log_open("mkjobs");
	secret_setup();
	spool = spool_open(argv[1], why);
	if (spool == NULL || seal_public_load(argv[2], &key, seal_why) != 0) {
		log_error(NULL, "%s", spool == NULL ? why : seal_why);
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof line, stdin) != NULL) {
		age = 0;
		if (sscanf(line, "%127s %ld", name, &age) >= 1 && make_job(spool, &key, argv[3], argc == 5 ? argv[4] : "prod", name, age) != 0) {
			log_error(NULL, "%s is not accepted", name);
			failed = 1;
		}
	}
	spool_close(spool);
	return failed;
}
