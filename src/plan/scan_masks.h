/* Blocks of 64 bytes as bit masks, one bit a byte, the first byte's the lowest. There are three ways to make them: in
 * plain C, by SSE2, and by AVX2 where the processor turns out to have it. They must not differ in a single bit
 * (tests/plan_scan_test). For plan/scan.c alone.
 *
 * PLANSPOOL_SCAN_PLAIN leaves plain C alone, for tests. */
#ifndef PLANSPOOL_PLAN_SCAN_MASKS_H
#define PLANSPOOL_PLAN_SCAN_MASKS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SCAN_BLOCK 64

struct scan_masks {
	uint64_t quote, backslash, control, high, open, close;
	uint64_t outside;	/* may stand outside of strings */
};

/* What numbers and literals are made of. */
static inline bool scan_scalar_byte(char c)
{
	return c != '\0' && strchr("0123456789+-.eEtrufalsn", c);
}

static inline void scan_masks_plain(const char *p, struct scan_masks *m)
{
	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < SCAN_BLOCK; i++) {
		unsigned char c = (unsigned char)p[i];
		uint64_t bit = (uint64_t)1 << i;

		if (c >= 0x80) {
			m->high |= bit;
			continue;
		}
		switch (c) {
		case '"': m->quote |= bit; break;
		case '\\': m->backslash |= bit; continue;
		case '{': case '[': m->open |= bit; break;
		case '}': case ']': m->close |= bit; break;
		case '\t': case '\n': case '\r': m->control |= bit; break;
		case ' ': case ',': case ':': break;
		default:
			if (c < 0x20)
				m->control |= bit;
			if (!scan_scalar_byte((char)c))
				continue;
		}
		m->outside |= bit;
	}
}

/* The exclusive-or of every bit with all bits below: from the quotes to what is between them. */
static inline uint64_t scan_spread_plain(uint64_t x)
{
	for (unsigned shift = 1; shift < 64; shift *= 2)
		x ^= x << shift;
	return x;
}

#if defined(__SSE2__) && !defined(PLANSPOOL_SCAN_PLAIN)
#define SCAN_SSE2 1
#include <emmintrin.h>

static inline __m128i scan_within(__m128i v, char first, char last)
{
	__m128i from_first = _mm_sub_epi8(v, _mm_set1_epi8(first));

	return _mm_cmpeq_epi8(_mm_min_epu8(from_first, _mm_set1_epi8((char)(last - first))), from_first);
}

static inline __m128i scan_equal(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

/* v is equal to a or b, which differ in one bit alone. */
static inline __m128i scan_either(__m128i v, char a, char b)
{
	return scan_equal(_mm_or_si128(v, _mm_set1_epi8((char)(a ^ b))), (char)(a | b));
}

static inline uint64_t scan_bits(__m128i v, unsigned shift)
{
	return (uint64_t)(unsigned)_mm_movemask_epi8(v) << shift;
}

static inline void scan_masks_sse2(const char *p, struct scan_masks *m)
{
	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < SCAN_BLOCK; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i quote = scan_equal(v, '"'), open = scan_either(v, '[', '{'), close = scan_either(v, ']', '}');
		__m128i signs = scan_within(v, '+', '.');
		__m128i structure = _mm_or_si128(_mm_or_si128(quote, open), _mm_or_si128(close, signs));
		__m128i digits = _mm_or_si128(scan_within(v, '0', ':'), scan_equal(v, ' '));
		__m128i white = _mm_or_si128(scan_within(v, '\t', '\n'), scan_equal(v, '\r'));
		__m128i letters = _mm_or_si128(_mm_or_si128(scan_either(v, 'a', 'e'), scan_either(v, 'l', 'n')),
			_mm_or_si128(scan_within(v, 'r', 'u'), _mm_or_si128(scan_equal(v, 'f'), scan_equal(v, 'E'))));

		m->quote |= scan_bits(quote, i);
		m->backslash |= scan_bits(scan_equal(v, '\\'), i);
		m->control |= scan_bits(scan_within(v, 0, 0x1f), i);
		m->high |= scan_bits(v, i);
		m->open |= scan_bits(open, i);
		m->close |= scan_bits(close, i);
		m->outside |= scan_bits(_mm_or_si128(_mm_or_si128(structure, digits), _mm_or_si128(white, letters)), i);
	}
}
#endif

/* The machine's own instruction set need not have AVX2: functions that use it are only called if scan_has_avx2(). */
#if defined(SCAN_SSE2) && defined(__x86_64__) && defined(__GNUC__)
#define SCAN_AVX2 1
#include <immintrin.h>

#define SCAN_AVX2_TARGET __attribute__((target("avx2,bmi,pclmul")))

static inline bool scan_has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("pclmul");
}

SCAN_AVX2_TARGET static inline uint64_t scan_bits_avx2(__m256i first, __m256i second)
{
	return (unsigned)_mm256_movemask_epi8(first) | (uint64_t)(unsigned)_mm256_movemask_epi8(second) << 32;
}

SCAN_AVX2_TARGET static inline uint64_t scan_equal_avx2(__m256i first, __m256i second, char c)
{
	__m256i all = _mm256_set1_epi8(c);

	return scan_bits_avx2(_mm256_cmpeq_epi8(first, all), _mm256_cmpeq_epi8(second, all));
}

SCAN_AVX2_TARGET static inline __m256i scan_control_avx2(__m256i v)
{
	return _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v);
}

/* Zero where a byte may not stand outside of strings: its low half chooses the high halves that it may have. */
SCAN_AVX2_TARGET static inline __m256i scan_outside_avx2(__m256i v)
{
	const __m256i low_halves = _mm256_broadcastsi128_si256(_mm_setr_epi8(
		1 << 2 | 1 << 3,					/* space 0 */
		1 << 3 | 1 << 6,					/* 1 a */
		(char)(1 << 2 | 1 << 3 | 1 << 7),			/* " 2 r */
		(char)(1 << 3 | 1 << 7),				/* 3 s */
		(char)(1 << 3 | 1 << 7),				/* 4 t */
		(char)(1 << 3 | 1 << 4 | 1 << 6 | 1 << 7),		/* 5 E e u */
		1 << 3 | 1 << 6,					/* 6 f */
		1 << 3,							/* 7 */
		1 << 3,							/* 8 */
		1 << 0 | 1 << 3,					/* tab 9 */
		1 << 0 | 1 << 3,					/* newline : */
		(char)(1 << 2 | 1 << 5 | 1 << 7),			/* + [ { */
		1 << 2 | 1 << 6,					/* , l */
		(char)(1 << 0 | 1 << 2 | 1 << 5 | 1 << 7),		/* return - ] } */
		1 << 2 | 1 << 6,					/* . n */
		0));
	const __m256i high_halves = _mm256_broadcastsi128_si256(_mm_setr_epi8(1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4,
		1 << 5, 1 << 6, (char)(1 << 7), 0, 0, 0, 0, 0, 0, 0, 0));
	const __m256i half = _mm256_set1_epi8(0x0f);
	__m256i may = _mm256_shuffle_epi8(low_halves, _mm256_and_si256(v, half));
	__m256i has = _mm256_shuffle_epi8(high_halves, _mm256_and_si256(_mm256_srli_epi16(v, 4), half));

	return _mm256_and_si256(may, has);
}

SCAN_AVX2_TARGET static inline void scan_masks_avx2(const char *p, struct scan_masks *m)
{
	__m256i first = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i second = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
	__m256i other_case = _mm256_set1_epi8('{' ^ '[');
	__m256i first_braces = _mm256_or_si256(first, other_case), second_braces = _mm256_or_si256(second, other_case);

	m->quote = scan_equal_avx2(first, second, '"');
	m->backslash = scan_equal_avx2(first, second, '\\');
	m->control = scan_bits_avx2(scan_control_avx2(first), scan_control_avx2(second));
	m->high = scan_bits_avx2(first, second);
	m->open = scan_equal_avx2(first_braces, second_braces, '{');
	m->close = scan_equal_avx2(first_braces, second_braces, '}');
	m->outside = ~scan_equal_avx2(scan_outside_avx2(first), scan_outside_avx2(second), 0);
}

SCAN_AVX2_TARGET static inline uint64_t scan_spread_avx2(uint64_t x)
{
	return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)x), _mm_set1_epi8(-1), 0));
}
#endif

#endif
