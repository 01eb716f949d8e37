/* Blocks of 64 bytes become bit masks, one bit a byte: quotes, backslashes, brackets, and so on. What is inside of
 * strings follows from the quotes by arithmetic on the whole mask, so the cost of a block hardly depends on what is in
 * it, and only brackets and escapes are looked at one by one.
 *
 * There are two ways to make the masks, by SSE2 and in plain C; the choice is made in this file, once. A piece that is
 * shorter than a block is padded with spaces, which are harmless everywhere: that is slow for pieces of a few bytes,
 * and right.
 *
 * Of several things that are wrong in a block the first one counts, so that the result does not depend on how the
 * bytes were split; and what lies behind the end of the value is never judged. */
#include "plan/scan.h"

#include <string.h>

#if defined(__SSE2__) && !defined(PLANSPOOL_SCAN_PLAIN)
#define SCAN_SSE2 1
#include <emmintrin.h>
#else
#define SCAN_SSE2 0
#endif

#define BLOCK 64

struct masks {
	uint64_t quote, backslash, control, high, open, close;
	uint64_t outside;	/* may stand outside of strings */
};

static bool scalar_byte(char c)
{
	return c != '\0' && strchr("0123456789+-.eEtrufalsn", c);
}

#if SCAN_SSE2
static __m128i within(__m128i v, char first, char last)
{
	__m128i from_first = _mm_sub_epi8(v, _mm_set1_epi8(first));

	return _mm_cmpeq_epi8(_mm_min_epu8(from_first, _mm_set1_epi8((char)(last - first))), from_first);
}

static __m128i equal(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

/* v is equal to a or b, which differ in one bit alone. */
static __m128i either(__m128i v, char a, char b)
{
	return equal(_mm_or_si128(v, _mm_set1_epi8((char)(a ^ b))), (char)(a | b));
}

static uint64_t bits(__m128i v, unsigned shift)
{
	return (uint64_t)(unsigned)_mm_movemask_epi8(v) << shift;
}

static void classify(const char *p, struct masks *m)
{
	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i quote = equal(v, '"'), open = either(v, '[', '{'), close = either(v, ']', '}');
		__m128i structure = _mm_or_si128(_mm_or_si128(quote, open), _mm_or_si128(close, within(v, '+', '.')));
		__m128i digits = _mm_or_si128(within(v, '0', ':'), equal(v, ' '));
		__m128i white = _mm_or_si128(within(v, '\t', '\n'), equal(v, '\r'));
		__m128i letters = _mm_or_si128(_mm_or_si128(either(v, 'a', 'e'), either(v, 'l', 'n')),
			_mm_or_si128(within(v, 'r', 'u'), _mm_or_si128(equal(v, 'f'), equal(v, 'E'))));

		m->quote |= bits(quote, i);
		m->backslash |= bits(equal(v, '\\'), i);
		m->control |= bits(within(v, 0, 0x1f), i);
		m->high |= bits(v, i);
		m->open |= bits(open, i);
		m->close |= bits(close, i);
		m->outside |= bits(_mm_or_si128(_mm_or_si128(structure, digits), _mm_or_si128(white, letters)), i);
	}
}

size_t scan_plain(const char *p, size_t n)
{
	size_t i = 0;

	for (; n - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i special = _mm_or_si128(_mm_or_si128(equal(v, '"'), equal(v, '\\')), within(v, 0, 0x1f));
		unsigned found = (unsigned)_mm_movemask_epi8(_mm_or_si128(special, v));

		if (found)
			return i + (unsigned)__builtin_ctz(found);
	}
	while (i < n && p[i] != '"' && p[i] != '\\' && (unsigned char)p[i] >= 0x20 && (unsigned char)p[i] < 0x80)
		i++;
	return i;
}
#else
static void classify(const char *p, struct masks *m)
{
	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < BLOCK; i++) {
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
			if (!scalar_byte((char)c))
				continue;
		}
		m->outside |= bit;
	}
}

size_t scan_plain(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] != '"' && p[i] != '\\' && (unsigned char)p[i] >= 0x20 && (unsigned char)p[i] < 0x80)
		i++;
	return i;
}
#endif

int scan_utf8_lead(unsigned char c, uint8_t *low, uint8_t *high)
{
	/* RFC 3629, section 4: the second byte's range keeps out overlong forms, surrogates and what is above
	 * U+10FFFF. */
	static const struct { uint8_t first, last, low, high, follow; } leads[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 1 }, { 0xe0, 0xe0, 0xa0, 0xbf, 2 }, { 0xe1, 0xec, 0x80, 0xbf, 2 },
		{ 0xed, 0xed, 0x80, 0x9f, 2 }, { 0xee, 0xef, 0x80, 0xbf, 2 }, { 0xf0, 0xf0, 0x90, 0xbf, 3 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 3 }, { 0xf4, 0xf4, 0x80, 0x8f, 3 },
	};

	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		if (c >= leads[i].first && c <= leads[i].last) {
			*low = leads[i].low;
			*high = leads[i].high;
			return leads[i].follow;
		}
	}
	return -1;
}

int scan_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Where the first character begins that is not UTF-8; n if there is none. */
static ptrdiff_t check_utf8(struct scan *s, const char *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (s->utf8_due) {
			if (c < s->utf8_low || c > s->utf8_high)
				return (ptrdiff_t)i - s->utf8_seen;
			s->utf8_low = 0x80;
			s->utf8_high = 0xbf;
			s->utf8_due--;
			s->utf8_seen++;
		} else if (c >= 0x80) {
			int follow = scan_utf8_lead(c, &s->utf8_low, &s->utf8_high);

			if (follow < 0)
				return i;
			s->utf8_due = (uint8_t)follow;
			s->utf8_seen = 1;
		}
	}
	return n;
}

/* Whether the byte may follow a backslash. Strings with policies in them are full of escapes: no search in a text. */
static bool escape_byte(char c)
{
	switch (c) {
	case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't': case 'u':
		return true;
	default:
		return false;
	}
}

/* Takes what is escaped out of the masks. Returns where the first escape is wrong, n if none is. */
static unsigned check_escapes(struct scan *s, const char *p, unsigned n, struct masks *m)
{
	unsigned i = 0;

	while (i < n) {
		if (s->hex_due) {
			if (scan_hex(p[i]) < 0)
				return i;
			s->hex_due--;
			i++;
		} else if (s->escaped) {
			if (!escape_byte(p[i]))
				return i;
			s->escaped = false;
			s->hex_due = p[i] == 'u' ? 4 : 0;
			m->quote &= ~((uint64_t)1 << i);
			m->backslash &= ~((uint64_t)1 << i);
			i++;
		} else {
			uint64_t left = m->backslash >> i;

			if (!left)
				return n;
			i += (unsigned)__builtin_ctzll(left) + 1;
			s->escaped = true;
		}
	}
	return n;
}

/* The exclusive-or of every bit with all bits below: from the quotes to what is between them. */
static uint64_t spread(uint64_t x)
{
	for (unsigned shift = 1; shift < 64; shift *= 2)
		x ^= x << shift;
	return x;
}

static unsigned lowest(uint64_t mask, unsigned otherwise)
{
	return mask ? (unsigned)__builtin_ctzll(mask) : otherwise;
}

/* Opens and closes brackets up to the first byte that is wrong. Returns where the value ends or a bracket is wrong
 * (then s->what is set), n if neither. */
static unsigned check_brackets(struct scan *s, const char *p, uint64_t brackets, uint64_t open, unsigned n)
{
	for (; brackets; brackets &= brackets - 1) {
		unsigned i = (unsigned)__builtin_ctzll(brackets);
		unsigned top = s->depth;
		uint64_t brace = (p[i] & 0x20) != 0;

		if (i >= n)
			return n;
		if (open >> i & 1) {
			if (top == s->limit) {
				s->what = "nested too deeply";
				return i;
			}
			s->braces[top / 64] = (s->braces[top / 64] & ~((uint64_t)1 << top % 64)) | brace << top % 64;
			s->depth = top + 1;
			continue;
		}
		top--;
		if ((s->braces[top / 64] >> top % 64 & 1) != brace) {
			s->what = "closing bracket of the wrong kind";
			return i;
		}
		s->depth = top;
		if (!top)
			return i;
	}
	return n;
}

static enum scan_result scan_block(struct scan *s, const char *p, unsigned n, ptrdiff_t *at)
{
	struct masks m;
	const char *what = NULL;
	bool open_before = s->in_string;
	unsigned wrong = n, stop;
	ptrdiff_t utf8 = n;
	uint64_t inside;

	classify(p, &m);
	if (m.backslash || s->escaped || s->hex_due) {
		wrong = check_escapes(s, p, n, &m);
		what = "invalid escape in a string";
	}
	inside = spread(m.quote) ^ (open_before ? ~(uint64_t)0 : 0);
	s->in_string = inside >> 63;
	stop = lowest((inside & m.control) | ~(inside | m.outside), n);
	if (stop < wrong) {
		wrong = stop;
		what = inside >> stop & 1 ? "control character in a string" : "unexpected character";
	}
	if (m.high || s->utf8_due)
		utf8 = check_utf8(s, p, n);
	if (utf8 < (ptrdiff_t)wrong)
		what = "invalid UTF-8";
	else
		utf8 = wrong;
	if (s->form == SCAN_STRING)
		stop = lowest(m.quote & ~inside, n);
	else
		stop = check_brackets(s, p, (m.open | m.close) & ~inside, m.open, wrong);
	if (s->what && (ptrdiff_t)stop < utf8) {
		*at = stop;
		return SCAN_BAD;
	}
	if ((ptrdiff_t)stop < utf8) {
		*at = (ptrdiff_t)stop + 1;
		return SCAN_DONE;
	}
	*at = utf8;
	if (utf8 == (ptrdiff_t)n)
		return SCAN_MORE;
	s->what = what;
	return SCAN_BAD;
}

static enum scan_result scan_scalar(const char *p, size_t n, ptrdiff_t *at)
{
	size_t i = 0;

	while (i < n && scalar_byte(p[i]))
		i++;
	*at = (ptrdiff_t)i;
	return i == n ? SCAN_MORE : SCAN_DONE;
}

void scan_begin(struct scan *s, unsigned limit)
{
	memset(s, 0, sizeof(*s));
	s->limit = limit;
}

enum scan_result scan_feed(struct scan *s, const char *p, size_t n, ptrdiff_t *at)
{
	enum scan_result result = SCAN_MORE;
	char padded[BLOCK];
	size_t i = 0;

	*at = 0;
	if (!n)
		return SCAN_MORE;
	if (s->form == SCAN_UNKNOWN) {
		s->form = *p == '{' || *p == '[' ? SCAN_CONTAINER : *p == '"' ? SCAN_STRING : SCAN_SCALAR;
		if (s->form == SCAN_SCALAR && !scalar_byte(*p)) {
			s->what = "unexpected character";
			return SCAN_BAD;
		}
	}
	if (s->form == SCAN_SCALAR)
		return scan_scalar(p, n, at);
	for (; result == SCAN_MORE && n - i >= BLOCK; i += BLOCK)
		result = scan_block(s, p + i, BLOCK, at);
	if (result != SCAN_MORE) {
		*at += (ptrdiff_t)(i - BLOCK);
		return result;
	}
	if (i < n) {
		memset(padded, ' ', sizeof(padded));
		memcpy(padded, p + i, n - i);
		result = scan_block(s, padded, (unsigned)(n - i), at);
		*at += (ptrdiff_t)i;
	} else {
		*at = (ptrdiff_t)n;
	}
	return result;
}

/* From the opening quote at p to behind the closing one; NULL if it is not there. */
static const char *past_string(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		p += scan_plain(p, (size_t)(end - p));
		if (p < end && *p == '"')
			return p + 1;
		if (p < end && *p == '\\')
			p++;
	}
	return NULL;
}

static const char *past_value(const char *p, const char *end)
{
	struct scan s;
	ptrdiff_t at;

	if (p < end && *p == '"')
		return past_string(p, end);
	scan_begin(&s, SCAN_DEPTH);
	return scan_feed(&s, p, (size_t)(end - p), &at) == SCAN_DONE ? p + at : NULL;
}

static const char *past_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

const char *scan_member(const char *text, size_t n, const char *key, size_t *len)
{
	const char *end = text + n, *p = past_space(text + 1, end);
	size_t key_len = strlen(key);

	while (p < end && *p == '"') {
		const char *name = p + 1, *value;
		bool found;

		p = past_string(p, end);
		if (!p)
			return NULL;
		found = (size_t)(p - 1 - name) == key_len && memcmp(name, key, key_len) == 0;
		p = past_space(p, end);
		if (p == end || *p != ':')
			return NULL;
		value = past_space(p + 1, end);
		p = past_value(value, end);
		if (!p)
			return NULL;
		if (found) {
			*len = *value == '"' ? (size_t)(p - value) - 2 : 0;
			return *value == '"' ? value + 1 : NULL;
		}
		p = past_space(p, end);
		if (p == end || *p != ',')
			return NULL;
		p = past_space(p + 1, end);
	}
	return NULL;
}
