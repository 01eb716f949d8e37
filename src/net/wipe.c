/* URLs, Authorization headers and whole requests are copied by libcurl into memory of its own (the request's strings,
 * the text it sends), and it frees these without overwriting them, so that tokens would lie in the heap long after they
 * were used. libcurl lets a program bring its own allocator; this one keeps the size in front of each block.
 *
 * Small blocks come from the heap and are overwritten when they are freed or moved. Large ones, the receive buffers
 * above all, are pages of their own, which the kernel takes back as they are and gives to nobody unwiped. Overwriting
 * those would be worse than a waste: of a thousand receive buffers most pages were never used, and writing makes them
 * real.
 *
 * What libraries below curl copy (TLS, HTTP/2) is out of reach.
 *
 * Must be in force before anything else initializes libcurl, which keeps the first allocator it was given: every use of
 * curl in planspool goes through http_new, which calls this first. Not for several threads; http_new is not either. */
#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "net/wipe.h"

#if defined(__GNUC__) && !defined(__clang__)
/* The analyzer loses sight of a block once only the memory behind its head is handed out. */
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

#define LARGE ((size_t)8192)

struct block {
	_Alignas(max_align_t) size_t size;	/* of what follows */
};

/* Zeroed. */
static void *map_large(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED ? p : NULL;
}

static void *wipe_malloc(size_t size)
{
	struct block *b;

	if (size > SIZE_MAX - sizeof(*b))
		return NULL;
	b = size < LARGE ? malloc(sizeof(*b) + size) : map_large(sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	b->size = size;
	return b + 1;
}

static void wipe_free(void *p)
{
	struct block *b = p;

	if (p == NULL)
		return;
	b--;
	if (b->size < LARGE) {
		explicit_bzero(p, b->size);
		free(b);
	} else if (munmap(b, sizeof(*b) + b->size) != 0) {
		log_panic("memory of libcurl cannot be given back");
	}
}

static void *wipe_calloc(size_t n, size_t size)
{
	void *p;

	if (size != 0 && n > SIZE_MAX / size)
		return NULL;
	p = wipe_malloc(n * size);
	if (p != NULL && n * size < LARGE)
		memset(p, 0, n * size);
	return p;
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
