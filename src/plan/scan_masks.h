/* Blocks of 64 bytes as bit masks, one bit a byte, the first byte's the lowest. There are four ways to make them: in
 * plain C anywhere, by SSE2 or NEON where the compiler builds for a processor that has it, and by AVX2 where the
 * processor turns out to have it. They must not differ in a single bit (tests/plan_masks_test). For plan/scan.c alone.
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

/* What may stand outside of strings: a byte's low half chooses a set of high halves that it may have, its high half one
 * bit in that set. */
static const uint8_t scan_low_halves[16] = {
	1 << 2 | 1 << 3,			/* space 0 */
	1 << 3 | 1 << 6,			/* 1 a */
	1 << 2 | 1 << 3 | 1 << 7,		/* " 2 r */
	1 << 3 | 1 << 7,			/* 3 s */
	1 << 3 | 1 << 7,			/* 4 t */
	1 << 3 | 1 << 4 | 1 << 6 | 1 << 7,	/* 5 E e u */
	1 << 3 | 1 << 6,			/* 6 f */
	1 << 3,					/* 7 */
	1 << 3,					/* 8 */
	1 << 0 | 1 << 3,			/* tab 9 */
	1 << 0 | 1 << 3,			/* newline : */
	1 << 2 | 1 << 5 | 1 << 7,		/* + [ { */
	1 << 2 | 1 << 6,			/* , l */
	1 << 0 | 1 << 2 | 1 << 5 | 1 << 7,	/* return - ] } */
	1 << 2 | 1 << 6,			/* . n */
	0,
};
static const uint8_t scan_high_halves[16] = { 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7 };

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

/* Where the first of 16 bytes is that a string does not take as it is; 16 if there is none. */
static inline unsigned scan_special_sse2(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i special = _mm_or_si128(_mm_or_si128(scan_equal(v, '"'), scan_equal(v, '\\')), scan_within(v, 0, 0x1f));

	return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(_mm_or_si128(special, v)) | 1u << 16);
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

SCAN_AVX2_TARGET static inline __m256i scan_table_avx2(const uint8_t table[16])
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

/* Zero where a byte may not stand outside of strings. */
SCAN_AVX2_TARGET static inline __m256i scan_outside_avx2(__m256i v)
{
	const __m256i low_halves = scan_table_avx2(scan_low_halves), high_halves = scan_table_avx2(scan_high_halves);
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

/* Little endian alone: the bytes of a vector become a number as they lie. */
#if defined(__AARCH64EL__) && defined(__ARM_NEON) && !defined(PLANSPOOL_SCAN_PLAIN)
#define SCAN_NEON 1
#include <arm_neon.h>

/* Of bytes that are 0 or 0xff: each keeps the bit of its place among eight, and neighbours are added until the eight
 * are one byte. */
static inline uint64_t scan_bits_neon(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
	uint8x16_t places = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
	uint8x16_t first = vpaddq_u8(vandq_u8(a, places), vandq_u8(b, places));
	uint8x16_t second = vpaddq_u8(vandq_u8(c, places), vandq_u8(d, places));
	uint8x16_t all = vpaddq_u8(first, second);

	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

static inline uint64_t scan_equal_neon(uint8x16x4_t v, char c)
{
	uint8x16_t all = vdupq_n_u8((uint8_t)c);

	return scan_bits_neon(vceqq_u8(v.val[0], all), vceqq_u8(v.val[1], all), vceqq_u8(v.val[2], all),
		vceqq_u8(v.val[3], all));
}

static inline uint64_t scan_below_neon(uint8x16x4_t v, uint8_t bound)
{
	uint8x16_t all = vdupq_n_u8(bound);

	return scan_bits_neon(vcltq_u8(v.val[0], all), vcltq_u8(v.val[1], all), vcltq_u8(v.val[2], all),
		vcltq_u8(v.val[3], all));
}

static inline uint8x16_t scan_outside_neon(uint8x16_t v)
{
	uint8x16_t may = vqtbl1q_u8(vld1q_u8(scan_low_halves), vandq_u8(v, vdupq_n_u8(0x0f)));
	uint8x16_t has = vqtbl1q_u8(vld1q_u8(scan_high_halves), vshrq_n_u8(v, 4));

	return vtstq_u8(may, has);
}

static inline unsigned scan_special_neon(const char *p)
{
	uint8x16_t v = vld1q_u8((const uint8_t *)p);
	uint8x16_t ascii = vcltq_u8(vsubq_u8(v, vdupq_n_u8(0x20)), vdupq_n_u8(0x60));
	uint8x16_t marks = vorrq_u8(vceqq_u8(v, vdupq_n_u8('"')), vceqq_u8(v, vdupq_n_u8('\\')));
	uint16x8_t special = vreinterpretq_u16_u8(vornq_u8(marks, ascii));
	uint64_t halves = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(special, 4)), 0);	/* four bits a byte */

	return halves ? (unsigned)__builtin_ctzll(halves) / 4 : 16;
}

static inline void scan_masks_neon(const char *p, struct scan_masks *m)
{
	const uint8_t *bytes = (const uint8_t *)p;
	uint8x16x4_t v = { { vld1q_u8(bytes), vld1q_u8(bytes + 16), vld1q_u8(bytes + 32), vld1q_u8(bytes + 48) } };
	uint8x16_t other_case = vdupq_n_u8('{' ^ '[');
	uint8x16x4_t braces = { { vorrq_u8(v.val[0], other_case), vorrq_u8(v.val[1], other_case),
		vorrq_u8(v.val[2], other_case), vorrq_u8(v.val[3], other_case) } };

	m->quote = scan_equal_neon(v, '"');
	m->backslash = scan_equal_neon(v, '\\');
	m->control = scan_below_neon(v, 0x20);
	m->high = ~scan_below_neon(v, 0x80);
	m->open = scan_equal_neon(braces, '{');
	m->close = scan_equal_neon(braces, '}');
	m->outside = scan_bits_neon(scan_outside_neon(v.val[0]), scan_outside_neon(v.val[1]),
		scan_outside_neon(v.val[2]), scan_outside_neon(v.val[3]));
}
#endif

/* The way of all processors that the compiler builds for. */
#if defined(SCAN_SSE2)
#define SCAN_MASKS scan_masks_sse2
#define SCAN_SPECIAL scan_special_sse2
#elif defined(SCAN_NEON)
#define SCAN_MASKS scan_masks_neon
#define SCAN_SPECIAL scan_special_neon
#else
#define SCAN_MASKS scan_masks_plain
#endif

#endif
