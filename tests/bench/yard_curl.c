/* The yardstick of jobs in flight: COUNT bare libcurl transfers at once in one multi handle, each with an easy handle
 * and a connection of its own, as large as libcurl makes them. Prints its peak memory and how long it took.
 *
 *	yard_curl CA-FILE COUNT URL-PREFIX	the number of the transfer is added to the URL */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static size_t drop(char *data, size_t size, size_t n, void *unused)
{
	(void)data;
	(void)unused;
	return size * n;
}

int main(int argc, char **argv)
{
	CURLM *multi = curl_multi_init();
	unsigned count = argc == 4 ? (unsigned)strtoul(argv[2], NULL, 10) : 0, good = 0;
	struct rusage usage;
	time_t began = time(NULL);
	CURLMsg *message;
	int running = 1, left;

	for (unsigned i = 0; i < count; i++) {
		CURL *curl = curl_easy_init();
		char url[256];

		snprintf(url, sizeof(url), "%s%u", argv[3], i);
		curl_easy_setopt(curl, CURLOPT_URL, url);
		curl_easy_setopt(curl, CURLOPT_CAINFO, argv[1]);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
		curl_multi_add_handle(multi, curl);
	}
	while (running && time(NULL) - began < 120) {
		if (curl_multi_perform(multi, &running) != CURLM_OK ||
		    curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK)
			return 2;
		while ((message = curl_multi_info_read(multi, &left)))
			good += message->msg == CURLMSG_DONE && message->data.result == CURLE_OK;
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("transfers=%u kb=%ld\n", good, usage.ru_maxrss);
	return good == count && count ? 0 : 1;
}
