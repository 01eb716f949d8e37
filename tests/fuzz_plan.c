/* Feeds any bytes to the plan reader and holds it to what must be true of all of them: the same items and the same
 * error however the bytes are cut, and no failure of the scanner on what the strict parser takes. Built with a
 * fuzzer's main, or with this one (the default), which runs the files named on the command line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/scan.h"
#include "plan_transcript.h"

#define LARGE (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t odd_pieces(void *context, size_t at, size_t left)
{
	uint32_t *seed = context;
	size_t n;

	(void)at;
	*seed = *seed * 1664525u + 1013904223u;
	n = *seed >> 8 & 3 ? *seed >> 10 & 7 : *seed >> 10 & 511;
	return n < left ? n : left;
}

static void compare_pieces(const struct plan_wants *wants, uint64_t max_item, const char *text, size_t size)
{
	uint32_t seed = (uint32_t)size;
	char *whole = transcript(wants, max_item, LARGE, text, size, NULL, NULL);
	char *pieces = transcript(wants, max_item, LARGE, text, size, odd_pieces, &seed);

	if (strcmp(whole, pieces) != 0) {
		fprintf(stderr, "cut:\n%s\nwhole:\n%s\n", pieces, whole);
		abort();
	}
	free(whole);
	free(pieces);
}

/* What the strict parser takes, the scanner takes too. */
static void compare_scanner(const char *text, size_t size)
{
	struct value_arena *arena = value_arena_new();
	struct value_fault fault;
	struct scan s;
	ptrdiff_t at;
	char *copy = xmalloc(size + 1);

	memcpy(copy, text, size);
	if (size && (*text == '{' || *text == '[' ||
		*text == '"') && value_parse(arena, copy, size, SCAN_DEPTH, &fault)) {
		scan_begin(&s, SCAN_DEPTH);
		if (scan_feed(&s, text, size, &at) != SCAN_DONE || strspn(text + at, " \t\r\n") < size - (size_t)at)
			abort();
	}
	free(copy);
	value_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "terraform_data", "aws_s3_bucket" };
	struct plan_wants all = transcript_all();
	struct plan_wants some = { .kinds = { [PLAN_RESOURCE_CHANGE] = true, [PLAN_CONFIG_CALL] = true },
		.types = types,
		.type_count = 2 };
	char *text = xmalloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	compare_pieces(&all, LARGE, text, size);
	compare_pieces(&some, 200, text, size);
	compare_scanner(text, size);
	free(text);
	return 0;
}

#ifndef PLANSPOOL_FUZZER_MAIN
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct buf b = BUF_INIT(LARGE);
		FILE *f = fopen(argv[i], "rb");
		char piece[4096];
		size_t n;

		if (!f) {
			perror(argv[i]);
			return 2;
		}
		while ((n = fread(piece, 1, sizeof(piece), f)) > 0) {
			if (buf_append(&b, piece, n) < 0) {
				perror(argv[i]);
				return 2;
			}
		}
		fclose(f);
		LLVMFuzzerTestOneInput((const uint8_t *)buf_text(&b), b.len);
		buf_free(&b);
	}
	return 0;
}
#endif
