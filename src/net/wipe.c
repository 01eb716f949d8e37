/* URLs, Authorization headers and whole requests are copied by libcurl into memory of its own (the request's
 * strings, the text it sends), and it frees these without overwriting them, so that tokens would lie in the heap
 * long after they were used. libcurl lets a program bring its own allocator; this one keeps the size in front of
 * each block and overwrites the block when it is freed or moved. That costs one pass over memory that was just in
 * use, little beside the network.
 *
 * What libraries below curl copy (TLS, HTTP/2) is out of reach.
 *
 * Must be in force before anything else initializes libcurl, which keeps the first allocator it was given: every
 * use of curl in planspool goes through http_new, which calls this first. Not for several threads; http_new is not
 * either. */
#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/wipe.h"

#define PAGE ((size_t)4096)

struct block {
	_Alignas(max_align_t) size_t size;	/* of what follows */
};

static void *wipe_malloc(size_t size)
{
	struct block *b;

	if (size > SIZE_MAX - sizeof(*b))
		return NULL;
	b = malloc(sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	b->size = size;
	return b + 1;
}

/* Only the pages that hold something: of a thousand receive buffers most were never used, and writing to them
 * would make them real. */
static void wipe(char *p, size_t size)
{
	size_t n;

	for (; size > 0; p += n, size -= n) {
		n = PAGE - (uintptr_t)p % PAGE;
		if (n > size)
			n = size;
		if (p[0] != 0 || memcmp(p, p + 1, n - 1) != 0)
			explicit_bzero(p, n);
	}
}

static void wipe_free(void *p)
{
	struct block *b = p;

	if (p == NULL)
		return;
	b--;
	wipe(p, b->size);
	free(b);
}

static void *wipe_calloc(size_t n, size_t size)
{
	struct block *b;

	if (size != 0 && n > (SIZE_MAX - sizeof(*b)) / size)
		return NULL;
	b = calloc(1, sizeof(*b) + n * size);
	if (b == NULL)
		return NULL;
	b->size = n * size;
	return b + 1;
}

static void *wipe_realloc(void *p, size_t size)
{
	const struct block *old = p;
	void *moved;

	if (p == NULL)
		return wipe_malloc(size);
	old--;
	moved = wipe_malloc(size);
	if (moved == NULL)
		return NULL;
	memcpy(moved, p, old->size < size ? old->size : size);
	wipe_free(p);
	return moved;
}

static char *wipe_strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = wipe_malloc(size);

	return copy != NULL ? memcpy(copy, s, size) : NULL;
}

void wipe_curl_init(void)
{
	CURLcode e = curl_global_init_mem(CURL_GLOBAL_ALL, wipe_malloc, wipe_free, wipe_realloc, wipe_strdup,
		wipe_calloc);

	if (e != CURLE_OK) {
		log_error(NULL, "libcurl: %s", curl_easy_strerror(e));
		exit(EXIT_FAILURE);
	}
}
