/* The scanner's ways of looking at a block, compared: what the compiler or the processor chose (SSE2, NEON, AVX2)
 * against plain C, which is compiled into this test under other names. Both must take, end and complain at the same
 * byte with the same words, whatever they are fed. */
#include "bare.h"

#include <string.h>

#include "plan/scan.h"

#define PLANSPOOL_SCAN_PLAIN
#define scan_begin plain_begin
#define scan_feed plain_feed
#define scan_plain plain_plain
#define scan_utf8_lead plain_utf8_lead
#define scan_hex plain_hex
#define scan_member plain_member
enum scan_result plain_feed(struct scan *s, const char *p, size_t n, ptrdiff_t *at);
void plain_begin(struct scan *s, unsigned limit);
size_t plain_plain(const char *p, size_t n);
int plain_utf8_lead(unsigned char c, uint8_t *low, uint8_t *high);
int plain_hex(char c);
const char *plain_member(const char *text, size_t n, const char *key, size_t *len);
#include "plan/scan.c"
#undef scan_begin
#undef scan_feed
#undef scan_plain

/* Feeds both in the same pieces, of the given size; 0: of any sizes. */
static void compare(const char *text, size_t len, size_t piece)
{
	struct scan a, b;
	enum scan_result result = SCAN_MORE;

	scan_begin(&a, 8);
	plain_begin(&b, 8);
	for (size_t i = 0; i < len && result == SCAN_MORE;) {
		size_t n = piece ? piece : 1 + chance(200);
		ptrdiff_t at_a = -9, at_b = -9;

		n = n < len - i ? n : len - i;
		result = scan_feed(&a, text + i, n, &at_a);
		if (result != plain_feed(&b, text + i, n, &at_b) || at_a != at_b ||
		    strcmp(a.what ? a.what : "", b.what ? b.what : "") != 0)
			fail("%s at %td against %s at %td, from byte %zu of: %.*s", a.what ? a.what : "-", at_a,
				b.what ? b.what : "-", at_b, i, (int)len, text);
		if (a.depth != b.depth || a.in_string != b.in_string || a.utf8_due != b.utf8_due || a.hex_due != b.hex_due)
			fail("another state, behind %zu bytes from byte %zu of: %.*s", n, i, (int)len, text);
		i += n;
	}
	for (size_t i = 0; i < len; i++) {
		if (scan_plain(text + i, len - i) != plain_plain(text + i, len - i))
			fail("search from byte %zu of: %.*s", i, (int)len, text);
	}
}

/* Two blocks and something; wide characters, escapes and brackets stand at various places of a block. */
static const char sample[] =
	"{\"address\":\"aws_s3_bucket.logs[0]\",\"values\":{\"n\":[1,-2.5e+3,true,false,null],\"text\":\"na\xc3\xafve "
	"\xe2\x98\x83 \\\"quoted\\\" \\\\ \\u00e9\\n\", \"deep\" : [ [ {} , { \"a\" : \"}]\" } ] ]\t,\r\n"
	"\"emoji\":\"\xf0\x9f\x98\x80\"},\"last\":0E1}";

/* Each byte in each place. */
static void test_every_byte(void)
{
	char text[sizeof(sample)];

	for (size_t i = 0; i < sizeof(sample) - 1; i++) {
		for (unsigned c = 0; c < 256; c++) {
			memcpy(text, sample, sizeof(sample));
			text[i] = (char)c;
			compare(text, sizeof(sample) - 1, sizeof(sample));
			compare(text, sizeof(sample) - 1, 0);
		}
	}
}

/* The sample at each distance from a block's beginning, cut into each size of pieces. */
static void test_every_place(void)
{
	for (size_t shift = 0; shift < 64; shift++) {
		char text[64 + sizeof(sample)];

		memset(text, ' ', shift + 1);
		*text = '[';
		memcpy(text + shift + 1, sample, sizeof(sample) - 1);
		text[shift + sizeof(sample)] = ']';
		for (size_t piece = 1; piece < 140; piece++)
			compare(text, shift + sizeof(sample), piece);
	}
}

static void test_noise(void)
{
	static const char common[] = "\"\"\"\"\\\\{}[]{}[],,::  01ntrue\\u00\"\n\xc3\xa9\xe2\x98\x83";
	static const char first[] = "{[\"0n";

	for (unsigned round = 0; round < 100000; round++) {
		char text[400];
		size_t len = 1 + chance(sizeof(text));

		text[0] = first[chance(5)];
		for (size_t i = 1; i < len; i++)
			text[i] = chance(200) ? chance(3) ? (char)('a' + chance(6)) : common[chance(sizeof(common) - 1)]
				: (char)chance(256);
		compare(text, len, 0);
	}
}

int main(void)
{
	test_every_byte();
	test_every_place();
	test_noise();
	return 0;
}
