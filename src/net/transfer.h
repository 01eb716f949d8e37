/* A curl easy handle set up for one request: every option that does not depend on the loop. */
#ifndef PLANSPOOL_NET_TRANSFER_H
#define PLANSPOOL_NET_TRANSFER_H

#include <curl/curl.h>

#include "net/http.h"

/* Sets easy, fresh or reset, up for the job. 0, or -1 with the reason, for people, in why. *headers must stay as
 * long as easy uses them, and is freed by curl_slist_free_all also on failure. */
int transfer_setup(CURL *easy, const struct http_job *job, const char *user_agent, struct curl_slist **headers,
	char why[HTTP_WHY]);

/* What a failure means: HTTP_TROUBLE or HTTP_REFUSED. */
enum http_end transfer_end(CURLcode code);

/* Why, for people: curl's own words (its error buffer, or "" if it wrote none) without anything that may be a URL. */
void transfer_why(CURLcode code, const char *error, char why[HTTP_WHY]);

#endif
