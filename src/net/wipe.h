/* Memory for libcurl that is overwritten before it is given back. */
#ifndef PLANSPOOL_NET_WIPE_H
#define PLANSPOOL_NET_WIPE_H

/* Initializes libcurl with it. May be called again; ends the process on failure. */
void wipe_curl_init(void);

#endif
