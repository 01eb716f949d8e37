/* A name lookup that does not come back must not hold up the loop, neither when its request is cancelled nor at a
 * time limit.
 *
 * This program brings its own getaddrinfo, which libcurl then uses: for one name it blocks its thread until it is
 * let go. */
#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "fetch.h"

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
	**out = (struct addrinfo){ .ai_family = AF_INET, .ai_addrlen = sizeof(*address),
		.ai_socktype = hints != NULL ? hints->ai_socktype : SOCK_STREAM,
		.ai_addr = (struct sockaddr *)address };
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
	fetch_prepare(&f, w, "http://stuck.test/");
	fetch_prepare(&limited, w, "http://stuck.test/");
	limited.job.connect_ms = 50;
	fetch_begin(&f);
	fetch_begin(&limited);
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
	fetch_release(&f);
	fetch_release(&limited);
	loop_timer_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_waits_for_a_lookup),
	};

	log_open("lookup_test");
	alarm(600);
	return cmocka_run_group_tests(tests, world_make, world_end);
}
