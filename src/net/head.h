/* The head of an HTTP answer, collected line by line as curl hands it over. */
#ifndef PLANSPOOL_NET_HEAD_H
#define PLANSPOOL_NET_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "net/http.h"

#define HEAD_MAX ((size_t)64 * 1024)	/* bytes of all lines of one request, interim answers included */

struct head {
	struct http_head seen;
	size_t bytes;
	bool chunked;		/* a transfer coding was applied */
	char *values[6];	/* what seen points to */
};

enum head_state { HEAD_MORE, HEAD_COMPLETE, HEAD_BAD };

void head_init(struct head *h);

/* Takes one line with its line end. HEAD_COMPLETE at the empty line behind a head that is not interim (1xx);
 * HEAD_BAD when there are more than HEAD_MAX bytes or a NUL. */
enum head_state head_line(struct head *h, const char *line, size_t len);

/* Overwrites and frees the values: a Location may be as good as a password. */
void head_clear(struct head *h);

#endif
