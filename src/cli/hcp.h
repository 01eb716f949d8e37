/* The API of HCP Packer (2023-01-01), or of what speaks it, one request after the other. */
#ifndef PLANSPOOL_CLI_HCP_H
#define PLANSPOOL_CLI_HCP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "base/secret.h"

#define HCP_WHY 512

struct hcp_settings {
	const char *api, *auth;			/* base URLs, without the path that is HCP's */
	const char *organization, *project;
	const char *ca_file;			/* NULL: the system's authorities */
	const struct secret *id, *secret;	/* of the service principal */
};

struct hcp;

/* NULL with the reason. Settings are borrowed. */
struct hcp *hcp_new(const struct hcp_settings *s, char why[HCP_WHY]);
void hcp_free(struct hcp *h);

enum hcp_result {
	HCP_OK,
	HCP_ABSENT,	/* it is not there (any more): 404, or 409 with code 10 */
	HCP_DENIED,	/* 403: the key may not see it */
	HCP_FAILED,	/* everything else, after all tries; hcp_why says it */
};

/* GETs what stands below the project; path begins with / and is escaped. */
enum hcp_result hcp_get(struct hcp *h, const char *path, json_t **out);
/* All pages of a list: each is called with every element under key. */
enum hcp_result hcp_list(struct hcp *h, const char *path, const char *key,
	void (*each)(void *context, const json_t *element),
	void *context);
const char *hcp_why(const struct hcp *h);

/* A text as one segment of a path or value of a query. Allocated. */
char *hcp_escape(const char *s);

#endif
