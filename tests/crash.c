/*
 * Makes a planspoold of its own for tests, whose workers die of certain jobs. Functions are wrapped by the linker
 * (-Wl,--wrap): intake of a job with crash-intake in its id ends the worker with SIGABRT, and a plan with one of these
 * words in its first part
 *
 *	crash-always	ends the worker with SIGABRT
 *	crash-once	does so unless the file $CRASH_ONCE exists, which it makes
 *	crash-stall	lets it stand still for ever
 *
 * while all others go their usual way. libcurl ends the worker when a connection has crash-curl to read. An error of
 * the sender with crash-answer in it ends the worker too.
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "checks/checkset.h"
#include "spooler/intake.h"

int __real_checkset_feed(struct checkset_run *run, const char *data, size_t len);
int __wrap_checkset_feed(struct checkset_run *run, const char *data, size_t len);

static int first_time(void)
{
	const char *file = getenv("CRASH_ONCE");

	return file != NULL && open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) >= 0;
}

int __wrap_checkset_feed(struct checkset_run *run, const char *data, size_t len)
{
	if (memmem(data, len, "crash-always", 12) != NULL)
		abort();
	if (memmem(data, len, "crash-once", 10) != NULL && first_time())
		abort();
	while (memmem(data, len, "crash-stall", 11) != NULL)
		pause();
	return __real_checkset_feed(run, data, len);
}

enum intake_end __real_intake(struct job_world *world, const char *id, struct intake *out);
enum intake_end __wrap_intake(struct job_world *world, const char *id, struct intake *out);

enum intake_end __wrap_intake(struct job_world *world, const char *id, struct intake *out)
{
	if (strstr(id, "crash-intake") != NULL)
		abort();
	return __real_intake(world, id, out);
}

CURLMcode __real_curl_multi_socket_action(CURLM *multi, curl_socket_t s, int events, int *running);
CURLMcode __wrap_curl_multi_socket_action(CURLM *multi, curl_socket_t s, int events, int *running);

CURLMcode __wrap_curl_multi_socket_action(CURLM *multi, curl_socket_t s, int events, int *running)
{
	char arrived[4096];
	ssize_t n = s == CURL_SOCKET_TIMEOUT ? -1 : recv(s, arrived, sizeof arrived, MSG_PEEK | MSG_DONTWAIT);

	if (n > 0 && memmem(arrived, (size_t)n, "crash-curl", 10) != NULL)
		abort();
	return __real_curl_multi_socket_action(multi, s, events, running);
}

int __real_json_parse(const char *text, size_t len, json_t **out, char why[JSON_WHY]);
int __wrap_json_parse(const char *text, size_t len, json_t **out, char why[JSON_WHY]);

int __wrap_json_parse(const char *text, size_t len, json_t **out, char why[JSON_WHY])
{
	if (memmem(text, len, "crash-answer", 12) != NULL)
		abort();
	return __real_json_parse(text, len, out, why);
}
