/* The configuration file planspool.yaml(5): read whole, checked hard, every fault said with file and line. What a
 * kind of check means is not known here: its arguments stay a document node that the checks room reads. */
#ifndef PLANSPOOL_BASE_CONFIG_H
#define PLANSPOOL_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/faults.h"
#include "base/url.h"

#define CONFIG_ENDPOINT_NAME_MAX 32

/* Severities in rising order. SEVERITY_NONE_GIVEN reaches every threshold; SEVERITY_OFF (also written NONE) is not
 * run. */
enum severity {
	SEVERITY_NONE_GIVEN, SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL,
	SEVERITY_OFF,
};
/* "HIGH" and so on in any case, MODERATE and IMPORTANT as Checkov reads them; SEVERITY_NONE_GIVEN for anything else. */
enum severity severity_parse(const char *s);
const char *severity_name(enum severity s);	/* "" for SEVERITY_NONE_GIVEN */

struct config_host {		/* an origin of hosts: or storage: */
	char *text;		/* as written; origin points into it */
	struct url origin;
	char *ca_file;		/* NULL: the system's authorities */
	char *token_file;	/* NULL: none; never set for storage */
};

struct config_check {		/* one entry of checks: */
	char *kind;
	const struct doc_node *arguments;	/* belongs to the configuration */
	unsigned line;
};

struct config_endpoint {
	char *name, *path;
	unsigned line;
	char **hmac_keys;		/* files */
	size_t hmac_key_count;		/* 0 only if unsigned_requests */
	bool unsigned_requests;
	struct config_host *hosts, *storage;
	size_t host_count, storage_count;
	char **organizations;
	size_t organization_count;	/* 0: any */
	enum severity fail_on;
	bool pass_on_error;		/* on_error: pass */
	struct config_check *checks;
	size_t check_count;
};

struct config {
	char *file;
	char *spool;
	char *seal_public;		/* file */
	char **seal_secret;		/* files; may be none on the handler's side */
	size_t seal_secret_count;
	char *handler_user;		/* NULL: the spooler's own user */
	struct config_endpoint *endpoints;
	size_t endpoint_count;
	unsigned workers;		/* 0: auto */
	int64_t scan_ms, keep_done_ms, keep_undelivered_ms;
	uint64_t limit_body, limit_plan, limit_resource, limit_configuration;
	int64_t limit_job_ms;
	struct doc *doc;
};

/* The file to read when none is named: PLANSPOOL_CONFIG from the process environment, else the compiled-in one. */
const char *config_default_path(void);

/* The configuration, freed by config_free; NULL if it has errors, which faults then has, all of them. Does not open
 * what it names. */
struct config *config_load(const char *path, struct faults *faults);
/* The same for who goes on looking for faults: with errors, as much of it as could be read, where anything but the
 * names of file and endpoints may be missing. NULL only if the file as a whole is none. */
struct config *config_read(const char *path, struct faults *faults);
void config_free(struct config *c);

/* NULL if there is none. */
const struct config_endpoint *config_endpoint_named(const struct config *c, const char *name);
const struct config_endpoint *config_endpoint_at(const struct config *c, const char *path);

/* The entry of the list with the URL's origin, or NULL. */
const struct config_host *config_host_of(const struct config_host *list, size_t n, const struct url *url);

/* Helpers for reading arguments of checks in the same manner: each says the fault itself, naming the key. */
/* Every key of node (a mapping) must be in the NULL-terminated list; false if one was not, with a suggestion in the
 * fault. */
bool config_keys(const struct doc_node *node, const char *file, const char *what, const char *const *known,
	struct faults *faults);
/* The text of a scalar (not null, not empty), or NULL with a fault. */
const char *config_text(const struct doc_node *node, const char *file, const char *key, struct faults *faults);
/* A list of such texts, or one text as a list of one. 0 with an allocated array (free each and it), or -1 with a
 * fault. */
int config_texts(const struct doc_node *node, const char *file, const char *key, struct faults *faults, char ***out,
	size_t *n);
int config_integer(const struct doc_node *node, const char *file, const char *key, int64_t min, int64_t max,
	struct faults *faults, int64_t *out);
int config_bool(const struct doc_node *node, const char *file, const char *key, struct faults *faults, bool *out);
/* path, or relative to the folder of the configuration file; allocated. */
char *config_path(const char *config_file, const char *path);

#endif
