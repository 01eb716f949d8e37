/* JSON that is about to be read as YAML.
 *
 * Nearly all JSON is YAML, and reading it as such keeps one reader, one tree and one set of limits for both. What is
 * left is inside of strings: YAML's escapes know no surrogate pairs, and libyaml refuses DEL, C1 controls, U+FEFF and
 * noncharacters as they are and takes U+0085, U+2028 and U+2029 for line breaks. Pairs are written out as the
 * character they mean, and the others as escapes. Outside of strings only numbers with an exponent are touched, since
 * 1e3 is text by the rules of YAML 1.1 (docscalar.c) and 1.0e+3 is not; so lines stay what they are.
 *
 * Whether a text is JSON at all is judged by its first character and its words (jsonscan.h), not by its order: what is
 * wrong with that is libyaml's to say, with the line. A text that only looks like JSON (unquoted keys, comments) is
 * YAML and stays as it is.
 */
#include "base/docjson.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonscan.h"
#include "base/mem.h"

static void put(struct buf *out, const char *data, size_t n)
{
	if (buf_append(out, data, n))
		mem_panic("planspool: out of memory for JSON");
}

static uint32_t hex4(const char *s)
{
	char digits[5] = { s[0], s[1], s[2], s[3], '\0' };

	return (uint32_t)strtoul(digits, NULL, 16);
}

static void put_pair(struct buf *out, const char *escape)
{
	uint32_t code = 0x10000 + ((hex4(escape + 2) - 0xd800) << 10) + (hex4(escape + 8) - 0xdc00);
	const char bytes[] = { (char)(0xf0 | code >> 18), (char)(0x80 | (code >> 12 & 0x3f)),
		(char)(0x80 | (code >> 6 & 0x3f)), (char)(0x80 | (code & 0x3f)) };

	put(out, bytes, sizeof(bytes));
}

/* The length of a character that libyaml would not leave alone, and its escape; 0 for all others. */
static size_t troublesome(const char *s, size_t n, char escape[8])
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned code;
	size_t len;

	if (p[0] == 0x7f) {
		code = p[0];
		len = 1;
	} else if (n >= 2 && p[0] == 0xc2 && p[1] < 0xa0) {
		code = p[1];
		len = 2;
	} else if (n >= 3 && (p[0] & 0xf0) == 0xe0) {
		code = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
		len = code == 0x2028 || code == 0x2029 || code == 0xfeff || code >= 0xfffe ? 3 : 0;
	} else {
		return 0;
	}
	snprintf(escape, 8, "\\u%04x", code & 0xffff);
	return len;
}

/* The length of the number that begins at s, without its sign; 0 if none does. */
static size_t number_length(const char *s, size_t len)
{
	size_t n = 0;

	if (len == 0 || s[0] < '0' || s[0] > '9')
		return 0;
	while (n < len && s[n] != '\0' && strchr("0123456789.+-eE", s[n]) != NULL)
		n++;
	return n;
}

/* Where the exponent of a number begins; its length if it has none. */
static size_t mantissa_length(const char *number, size_t len)
{
	size_t n = 0;

	while (n < len && number[n] != 'e' && number[n] != 'E')
		n++;
	return n;
}

/* With the point and the sign of the exponent that YAML wants. */
static void put_number(struct buf *out, const char *number, size_t len, size_t mantissa)
{
	put(out, number, mantissa);
	if (memchr(number, '.', mantissa) == NULL)
		put(out, ".0", 2);
	put(out, "e", 1);
	if (number[mantissa + 1] != '+' && number[mantissa + 1] != '-')
		put(out, "+", 1);
	put(out, number + mantissa + 1, len - mantissa - 1);
}

static void adapt(const char *text, size_t len, struct buf *out)
{
	size_t plain = 0, n;
	bool string = false;

	for (size_t i = 0; i < len; i += n) {
		size_t number = string ? 0 : number_length(text + i, len - i);
		size_t mantissa = mantissa_length(text + i, number);
		bool unicode = text[i] == '\\' && text[i + 1] == 'u';
		uint32_t code = unicode ? hex4(text + i + 2) : 0;
		bool pair = code >= 0xd800 && code <= 0xdfff;
		char escape[8];
		size_t trouble = troublesome(text + i, len - i, escape);

		string ^= text[i] == '"';
		n = number ? number : pair ? 12 : trouble ? trouble : text[i] == '\\' ? 2 : 1;
		if (mantissa == number && !pair && !trouble)
			continue;
		put(out, text + plain, i - plain);
		if (number)
			put_number(out, text + i, number, mantissa);
		else if (pair)
			put_pair(out, text + i);
		else
			put(out, escape, strlen(escape));
		plain = i + n;
	}
	put(out, text + plain, len - plain);
}

bool docjson_adapt(const char *text, size_t len, struct buf *out)
{
	struct jsonscan scan = { .text = text, .len = len };
	size_t start = 0;

	while (start < len && (text[start] == ' ' || text[start] == '\t' || text[start] == '\r' || text[start] == '\n'))
		start++;
	if (start == len || (text[start] != '{' && text[start] != '[') || !jsonscan_words(&scan))
		return false;
	adapt(text, len, out);
	return true;
}
