/* Judges the words of JSON text, the part in which json-c is not strict enough. Used by json.c alone. */
#ifndef PLANSPOOL_BASE_JSONSCAN_H
#define PLANSPOOL_BASE_JSONSCAN_H

#include <stdbool.h>
#include <stddef.h>

struct jsonscan {
	const char *text;
	size_t len;
	size_t at;		/* where the scan is; on failure the byte that is wrong */
	size_t members;		/* how many members all objects of the text have together */
	const char *what;	/* what is wrong there; static text */
};

/* Text and len are set, the rest zero. False if a word is wrong. */
bool jsonscan_words(struct jsonscan *s);

#endif
