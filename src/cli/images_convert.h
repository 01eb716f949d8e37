/* From the shapes of HCP Packer's API to those of a registry file. */
#ifndef PLANSPOOL_CLI_IMAGES_CONVERT_H
#define PLANSPOOL_CLI_IMAGES_CONVERT_H

#include "base/json.h"

/* A version of the API, with its builds or those given (an array; NULL: its own), as one of the registry. */
json_t *images_convert_version(const json_t *version, const json_t *builds);
/* Whether the version should have builds, and has none in it. */
bool images_convert_lacks_builds(const json_t *version);
/* A bucket of the API without its versions and channels. */
json_t *images_convert_bucket(const json_t *bucket);
/* "warn", "block", or NULL: on_untracked_image of the hosted run task's settings. */
const char *images_convert_untracked(const json_t *config);

#endif
