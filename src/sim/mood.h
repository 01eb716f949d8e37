/* The sender's moods: which answers are given instead of the usual ones, and when. */
#ifndef PLANSPOOL_SIM_MOOD_H
#define PLANSPOOL_SIM_MOOD_H

#include <stddef.h>
#include <stdint.h>

enum mood_kind { MOOD_PLAN, MOOD_CONFIGURATION, MOOD_STORAGE, MOOD_RUNNING, MOOD_FINAL, MOOD_KINDS };

enum mood_end {
	MOOD_ANSWER,	/* the status */
	MOOD_DROP,	/* the connection is closed without an answer */
	MOOD_LOST,	/* the same, after the callback has been taken */
	MOOD_CUT,	/* 200, and the connection is closed halfway through the body */
};

struct mood_answer {
	enum mood_end end;
	unsigned status;		/* 0 for DROP and LOST */
	size_t times;
	int64_t after_ms;		/* how long to wait before */
	char *retry_after, *reset;	/* headers; NULL: none */
};

struct mood {
	struct mood_answer *answers[MOOD_KINDS];
	size_t count[MOOD_KINDS];
};

#define MOOD_WHY 160
/* Reads "KIND=ANSWER,ANSWER..." and forgets what was said of that kind before. 0, or -1 with the reason. */
int mood_set(struct mood *m, const char *text, char why[MOOD_WHY]);
void mood_free(struct mood *m);

/* The answer to the n-th request of the kind, from 0; NULL: the usual one. */
const struct mood_answer *mood_at(const struct mood *m, enum mood_kind kind, size_t n);

extern const char mood_help[];	/* the syntax, for --help */

#endif
