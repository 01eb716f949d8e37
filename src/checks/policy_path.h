/* Attribute paths (planspool-policies(5), PATHS): dots between keys and indexes, * for any index. */
#ifndef PLANSPOOL_CHECKS_POLICY_PATH_H
#define PLANSPOOL_CHECKS_POLICY_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "checks/policy_view.h"

#define POLICY_PATH_MAX 1024	/* bytes of a path */

/* What stands at a path: missing if nothing does. When something above the place is unknown, that is returned and
 * *under is true. */
struct view policy_path_find(const struct view *root, const char *path, size_t len, bool *under);

/* Gets what a path selects; under as above. Returns false to end the walk. */
typedef bool policy_visit_fn(void *context, const struct view *v, bool under);

/* Whether a path is one with wildcards: text without spaces, then ".*". */
bool policy_path_wildcard(const char *path);
/* A part of it that Checkov cannot use (it reads parts as regular expressions), or NULL. */
const char *policy_path_bad_part(const char *path, char *part, size_t size);
/* Visits all that a path with wildcards selects: the place where every ".*" is left out, then those where every * is an
 * index. false if visit ended the walk. */
bool policy_path_select(const struct view *root, const char *path, policy_visit_fn *visit, void *context);

#endif
