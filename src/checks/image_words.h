/* Findings about images in words. */
#ifndef PLANSPOOL_CHECKS_IMAGE_WORDS_H
#define PLANSPOOL_CHECKS_IMAGE_WORDS_H

#include "checks/image_finding.h"

struct image_words {
	char *image, *version, *revocation, *newest, *origin, *notes;	/* "" if there is nothing to say */
};

void image_words_make(int64_t now_ms, const struct image_finding *f, struct image_words *w);
void image_words_free(struct image_words *w);

/* All of it in one line: "create: ami-1 is ubuntu v7, revoked since ...; newest: v8, ami-2 (literal)". Allocated. */
char *image_words_reason(const struct image_words *w, const char *action);

#endif
