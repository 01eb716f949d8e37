/* The scanner's ways of making a block's masks, each that this machine has against plain C: every bit of every mask,
 * the search in 16 bytes, and the spreading of bits. A block ends where its memory does, at any alignment. */
#include "bare.h"

#include <string.h>

#include "plan/scan_masks.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const fields[] = { "quote", "backslash", "control", "high", "open", "close", "outside" };
#define MASKS COUNT(fields)
_Static_assert(sizeof(struct scan_masks) == MASKS * sizeof(uint64_t), "each mask has its name");

/* The first one says what is right. NULL: the way has no such function of its own. */
static const struct way {
	const char *name;
	void (*masks)(const char *p, struct scan_masks *m);
	unsigned (*special)(const char *p);
	uint64_t (*spread)(uint64_t x);
} ways[] = {
	{ "plain C", scan_masks_plain, NULL, scan_spread_plain },
#ifdef SCAN_SSE2
	{ "SSE2", scan_masks_sse2, scan_special_sse2, NULL },
#endif
#ifdef SCAN_NEON
	{ "NEON", scan_masks_neon, scan_special_neon, NULL },
#endif
#ifdef SCAN_AVX2
	{ "AVX2", scan_masks_avx2, NULL, scan_spread_avx2 },
#endif
};

/* Of the ways above the last one alone may be missing in the processor. */
static size_t count_ways(void)
{
#ifdef SCAN_AVX2
	if (!scan_has_avx2())
		return COUNT(ways) - 1;
#endif
	return COUNT(ways);
}

static void compare_masks(const struct way *way, const char *p, const struct scan_masks *right)
{
	struct scan_masks m;
	uint64_t found[MASKS], expected[MASKS];

	memset(&m, 0x5a, sizeof(m));
	way->masks(p, &m);
	memcpy(found, &m, sizeof(m));
	memcpy(expected, right, sizeof(m));
	for (size_t i = 0; i < MASKS; i++) {
		if (found[i] != expected[i])
			fail("%s: %s is %016jx, not %016jx, in: %.64s", way->name, fields[i], (uintmax_t)found[i],
				(uintmax_t)expected[i], p);
		if (way->spread && way->spread(found[i]) != ways[0].spread(found[i]))
			fail("%s: wrong spread of %016jx", way->name, (uintmax_t)found[i]);
	}
}

static void compare_special(const struct way *way, const char *p, const struct scan_masks *right)
{
	uint64_t special = right->quote | right->backslash | right->control | right->high;

	for (unsigned i = 0; i < SCAN_BLOCK; i += 16, special >>= 16) {
		unsigned expected = (unsigned)__builtin_ctz((unsigned)(special & 0xffff) | 1u << 16);

		if (way->special(p + i) != expected)
			fail("%s: the search ends at %u, not at %u, in: %.16s", way->name, way->special(p + i), expected, p + i);
	}
}

static void compare(const char *p)
{
	struct scan_masks right;

	ways[0].masks(p, &right);
	for (size_t i = 1; i < count_ways(); i++) {
		compare_masks(&ways[i], p, &right);
		if (ways[i].special)
			compare_special(&ways[i], p, &right);
	}
}

/* Each byte in each place, among bytes of each class. */
static void test_every_byte(char *p)
{
	static const unsigned char around[] = { ' ', 'x', 'e', '0', '"', '\\', '{', ']', '\t', 0, 0x1f, 0x7f, 0x80, 0xff };

	for (size_t kind = 0; kind < sizeof(around); kind++) {
		memset(p, around[kind], SCAN_BLOCK);
		for (unsigned at = 0; at < SCAN_BLOCK; at++) {
			for (unsigned c = 0; c < 256; c++) {
				p[at] = (char)c;
				compare(p);
			}
			p[at] = (char)around[kind];
		}
	}
}

/* What JSON gives a meaning to and what is next to it in ASCII, with any bytes among it; each eighth block has those
 * alone. */
static void test_noise(char *p, unsigned rounds)
{
	static const char common[] =
		"\"\"\\\\{}[],: \t\r\n0123456789+-.eEtrufalsn\1\x1f\xc3\xa9ghijkopqvwxyzAZ!#/;<@|~\x7f";

	for (unsigned round = 0; round < rounds; round++) {
		uint64_t any = round % 8 ? random_bits() & random_bits() : ~(uint64_t)0, bytes = 0;

		for (unsigned i = 0; i < SCAN_BLOCK; i++, bytes >>= 8) {
			if (i % 8 == 0)
				bytes = random_bits();
			p[i] = any >> i & 1 ? (char)bytes : common[(bytes & 0xff) % (sizeof(common) - 1)];
		}
		compare(p);
	}
}

int main(void)
{
	const char *factor = getenv("PLANSPOOL_TEST_STRIDE");	/* under valgrind or emulation */
	unsigned stride = factor ? (unsigned)strtoul(factor, NULL, 10) : 1;

	for (size_t i = 0; i < count_ways(); i++)
		puts(ways[i].name);
	for (unsigned shift = 0; shift < SCAN_BLOCK; shift++) {
		char *memory = malloc(shift + SCAN_BLOCK);

		if (!memory)
			fail("out of memory");
		if (shift == 0)
			test_every_byte(memory);
		test_noise(memory + shift, 32000 / stride);
		free(memory);
	}
	return 0;
}
