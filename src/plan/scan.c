/* Blocks of 64 bytes become bit masks, one bit a byte: quotes, backslashes, brackets, and so on. What is inside of
 * strings follows from the quotes by arithmetic on the whole mask, so the cost of a block hardly depends on what is in
 * it, and only brackets and escapes are looked at one by one.
 *
 * The masks are made in plain C, by SSE2 or NEON or, where the processor has it, by AVX2 (plan/scan_masks.h); what is
 * done with them is the same code. A piece that is shorter than a block is padded with spaces, which are harmless
 * everywhere: that is slow for pieces of a few bytes, and right.
 *
 * Of several things that are wrong in a block the first one counts, so that the result does not depend on how the
 * bytes were split; and what lies behind the end of the value is never judged. */
#include "plan/scan.h"

#include <string.h>

#include "plan/scan_masks.h"

/* Compiled into each of the ways, with what its instructions make of it. */
#define MEMBERS_MAX 32	/* of an object in which one is looked for; a resource change has about ten */
#define ALWAYS_INLINE __attribute__((always_inline)) static inline

size_t scan_plain(const char *p, size_t n)
{
	size_t i = 0;

#ifdef SCAN_SPECIAL
	for (; n - i >= 16; i += 16) {
		unsigned special = SCAN_SPECIAL(p + i);

		if (special < 16)
			return i + special;
	}
#endif
	while (i < n && p[i] != '"' && p[i] != '\\' && (unsigned char)p[i] >= 0x20 && (unsigned char)p[i] < 0x80)
		i++;
	return i;
}

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

/* The bytes of a block that a backslash escapes, by arithmetic: in a run of backslashes every second one is escaped, and
 * adding a run to its own first bit carries over its whole length. *carry: whether the first byte is escaped, and then
 * whether the first one of the next block is. */
static uint64_t escaped_bytes(uint64_t backslash, bool *carry)
{
	const uint64_t even = 0x5555555555555555;
	uint64_t follows, odd_starts, ends, escaped;

	backslash &= ~(uint64_t)*carry;
	follows = backslash << 1 | (uint64_t)*carry;
	odd_starts = backslash & ~even & ~follows;
	*carry = __builtin_add_overflow(odd_starts, backslash, &ends);
	escaped = (even ^ ends << 1) & follows;
	return escaped;
}

/* Checks hexadecimal digits that are due from i on. Returns where the first is that is none, n if there is none. */
static unsigned check_hex(struct scan *s, const char *p, unsigned i, unsigned n)
{
	for (; s->hex_due && i < n; i++, s->hex_due--)
		if (scan_hex(p[i]) < 0)
			return i;
	return n;
}

/* Takes what is escaped out of the masks. Returns where the first escape is wrong, n if none is. */
static unsigned check_escapes(struct scan *s, const char *p, unsigned n, struct scan_masks *m)
{
	static const bool may_follow[256] = { ['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true, ['f'] = true,
		['n'] = true, ['r'] = true, ['t'] = true, ['u'] = true };
	uint64_t escaped = escaped_bytes(m->backslash, &s->escaped);
	unsigned wrong = check_hex(s, p, 0, n);

	if (n < SCAN_BLOCK && escaped >> n & 1) {	/* of padding: the byte is still to come */
		s->escaped = true;
		escaped &= ~((uint64_t)1 << n);
	}
	m->quote &= ~escaped;
	for (; escaped && wrong == n; escaped &= escaped - 1) {
		unsigned i = (unsigned)__builtin_ctzll(escaped);

		if (!may_follow[(unsigned char)p[i]])
			return i;
		if (p[i] == 'u') {
			s->hex_due = 4;
			wrong = check_hex(s, p, i + 1, n);
		}
	}
	return wrong;
}

ALWAYS_INLINE unsigned lowest(uint64_t mask, unsigned otherwise)
{
	return mask ? (unsigned)__builtin_ctzll(mask) : otherwise;
}

/* The analyzer loses sight of what was set in an array at an index that it does not know. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wanalyzer-use-of-uninitialized-value"

/* Opens and closes brackets up to the first byte that is wrong. Returns where the value ends or a bracket is wrong
 * (then s->what is set), n if neither. */
ALWAYS_INLINE unsigned check_brackets(struct scan *s, const char *p, uint64_t brackets, uint64_t open, unsigned n)
{
	unsigned top = s->depth;

	for (; brackets; brackets &= brackets - 1) {
		unsigned i = (unsigned)__builtin_ctzll(brackets);
		uint64_t brace = (p[i] & 0x20) != 0;

		if (i >= n)
			break;
		if (open >> i & 1) {
			if (top == s->limit) {
				s->what = "nested too deeply";
				n = i;
				break;
			}
			s->braces[top / 64] = (s->braces[top / 64] & ~((uint64_t)1 << top % 64)) | brace << top % 64;
			top++;
			continue;
		}
		if ((s->braces[(top - 1) / 64] >> (top - 1) % 64 & 1) != brace)
			s->what = "closing bracket of the wrong kind";
		else
			top--;
		if (s->what || !top) {
			n = i;
			break;
		}
	}
	s->depth = top;
	return n;
}

#pragma GCC diagnostic pop

/* Takes what is escaped out of the masks, if anything may be. Returns where the first escape is wrong, n if none is. */
ALWAYS_INLINE unsigned take_escapes(struct scan *s, const char *p, unsigned n, struct scan_masks *m)
{
	return m->backslash || s->escaped || s->hex_due ? check_escapes(s, p, n, m) : n;
}

/* Judges a block by its masks; between: what lies between the quotes in it; escape: where the first wrong one is. */
ALWAYS_INLINE enum scan_result judge(struct scan *s, const char *p, unsigned n, const struct scan_masks *m,
	uint64_t between, unsigned escape, ptrdiff_t *at)
{
	const char *what = "invalid escape in a string";
	uint64_t inside = between ^ (s->in_string ? ~(uint64_t)0 : 0);
	unsigned wrong = escape, stop = lowest((inside & m->control) | ~(inside | m->outside), n);
	ptrdiff_t utf8 = n;

	s->in_string = inside >> 63;
	if (stop < wrong) {
		wrong = stop;
		what = inside >> stop % SCAN_BLOCK & 1 ? "control character in a string" : "unexpected character";
	}
	if (m->high || s->utf8_due)
		utf8 = check_utf8(s, p, n);
	if (utf8 < (ptrdiff_t)wrong)
		what = "invalid UTF-8";
	else
		utf8 = wrong;
	if (s->form == SCAN_STRING)
		stop = lowest(m->quote & ~inside, n);
	else
		stop = check_brackets(s, p, (m->open | m->close) & ~inside, m->open, wrong);
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

static enum scan_result scan_block(struct scan *s, const char *p, unsigned n, ptrdiff_t *at)
{
	struct scan_masks m;
	unsigned escape;

	SCAN_MASKS(p, &m);
	escape = take_escapes(s, p, n, &m);
	return judge(s, p, n, &m, scan_spread_plain(m.quote), escape, at);
}

#ifdef SCAN_AVX2
SCAN_AVX2_TARGET static enum scan_result scan_blocks_avx2(struct scan *s, const char *p, size_t blocks, ptrdiff_t *at)
{
	for (size_t i = 0; i < blocks; i++, p += SCAN_BLOCK) {
		struct scan_masks m;
		unsigned escape;
		enum scan_result result;

		scan_masks_avx2(p, &m);
		escape = take_escapes(s, p, SCAN_BLOCK, &m);
		result = judge(s, p, SCAN_BLOCK, &m, scan_spread_avx2(m.quote), escape, at);
		if (result != SCAN_MORE) {
			*at += (ptrdiff_t)(i * SCAN_BLOCK);
			return result;
		}
	}
	*at = (ptrdiff_t)(blocks * SCAN_BLOCK);
	return SCAN_MORE;
}
#endif

/* Whole blocks. *at is as in scan_feed. */
static enum scan_result scan_blocks(struct scan *s, const char *p, size_t blocks, ptrdiff_t *at)
{
#ifdef SCAN_AVX2
	if (scan_has_avx2())
		return scan_blocks_avx2(s, p, blocks, at);
#endif
	for (size_t i = 0; i < blocks; i++, p += SCAN_BLOCK) {
		enum scan_result result = scan_block(s, p, SCAN_BLOCK, at);

		if (result != SCAN_MORE) {
			*at += (ptrdiff_t)(i * SCAN_BLOCK);
			return result;
		}
	}
	*at = (ptrdiff_t)(blocks * SCAN_BLOCK);
	return SCAN_MORE;
}

static enum scan_result scan_scalar(const char *p, size_t n, ptrdiff_t *at)
{
	size_t i = 0;

	while (i < n && scan_scalar_byte(p[i]))
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
	enum scan_result result;
	char padded[SCAN_BLOCK];
	size_t i;

	*at = 0;
	if (!n)
		return SCAN_MORE;
	if (s->form == SCAN_UNKNOWN) {
		s->form = *p == '{' || *p == '[' ? SCAN_CONTAINER : *p == '"' ? SCAN_STRING : SCAN_SCALAR;
		if (s->form == SCAN_SCALAR && !scan_scalar_byte(*p)) {
			s->what = "unexpected character";
			return SCAN_BAD;
		}
	}
	if (s->form == SCAN_SCALAR)
		return scan_scalar(p, n, at);
	result = scan_blocks(s, p, n / SCAN_BLOCK, at);
	i = n - n % SCAN_BLOCK;
	if (result != SCAN_MORE || i == n)
		return result;
	memset(padded, ' ', sizeof(padded));
	memcpy(padded, p + i, n - i);
	result = scan_block(s, padded, (unsigned)(n - i), at);
	*at += (ptrdiff_t)i;
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

struct raw_member {
	const char *key, *value, *end;	/* key: behind its quote; end: behind the value */
	size_t key_len;
};

/* The member that begins at p. Returns where the next one is, NULL when there is none, and with key NULL in *m when this
 * one is none either. */
static const char *take_member(const char *p, const char *end, struct raw_member *m)
{
	const char *behind_key, *colon;

	*m = (struct raw_member) { .key = NULL };
	behind_key = p < end && *p == '"' ? past_string(p, end) : NULL;
	if (!behind_key)
		return NULL;
	colon = past_space(behind_key, end);
	if (colon == end || *colon != ':')
		return NULL;
	m->value = past_space(colon + 1, end);
	m->end = past_value(m->value, end);
	if (!m->end)
		return NULL;
	m->key = p + 1;
	m->key_len = (size_t)(behind_key - 1 - m->key);
	p = past_space(m->end, end);
	return p < end && *p == ',' ? past_space(p + 1, end) : NULL;
}

static bool same_key(const struct raw_member *m, const char *key, size_t len)
{
	return m->key_len == len && memcmp(m->key, key, len) == 0;
}

const char *scan_member(const char *text, size_t n, const char *key, size_t *len)
{
	const char *end = text + n, *p = past_space(text + 1, end), *found = NULL;
	struct raw_member members[MEMBERS_MAX];

	for (size_t count = 0; p; count++) {
		if (count == MEMBERS_MAX)
			return NULL;
		p = take_member(p, end, &members[count]);
		if (!members[count].key)
			break;
		if (memchr(members[count].key, '\\', members[count].key_len))
			return NULL;
		for (size_t i = 0; i < count; i++) {
			if (same_key(&members[i], members[count].key, members[count].key_len))
				return NULL;
		}
		if (same_key(&members[count], key, strlen(key)) && *members[count].value == '"') {
			found = members[count].value + 1;
			*len = (size_t)(members[count].end - members[count].value) - 2;
		}
	}
	return found;
}
