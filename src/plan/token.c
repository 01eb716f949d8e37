/* Strings are unescaped towards their beginning: an escape is never shorter than the UTF-8 it stands for, so the text
 * fits into the place of its source. Runs of ordinary bytes are found in bulk (plan/scan.h).
 *
 * A \u0000 becomes a NUL inside of the text, which is why lengths are returned. Surrogates must come in pairs (RFC
 * 8259, section 8.2, leaves lone ones to the reader: nothing that Terraform writes has one, and they have no UTF-8).
 *
 * Numbers are only checked; what they mean is left to whoever asks for their text. */
#include "plan/token.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "plan/scan.h"

static char *wrong(struct token_fault *fault, const char *at, const char *what)
{
	fault->at = at;
	fault->what = what;
	return NULL;
}

/* Four hexadecimal digits at p, or -1 with the fault. */
static long hex4(const char *p, const char *end, struct token_fault *fault)
{
	long code = 0;

	for (int i = 0; i < 4; i++, p++) {
		int digit = p < end ? scan_hex(*p) : -1;

		if (digit < 0) {
			wrong(fault, p, "invalid escape in a string");
			return -1;
		}
		code = code * 16 + digit;
	}
	return code;
}

static char *put_utf8(char *out, unsigned long code)
{
	if (code < 0x80) {
		*out++ = (char)code;
	} else if (code < 0x800) {
		*out++ = (char)(0xc0 | code >> 6);
		*out++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*out++ = (char)(0xe0 | code >> 12);
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
		*out++ = (char)(0x80 | (code & 0x3f));
	} else {
		*out++ = (char)(0xf0 | code >> 18);
		*out++ = (char)(0x80 | (code >> 12 & 0x3f));
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
		*out++ = (char)(0x80 | (code & 0x3f));
	}
	return out;
}

/* The escape whose backslash is at p goes to *out. Returns what follows it. */
static char *unescape(char *p, const char *end, char **out, struct token_fault *fault)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const char *name = p[1] ? strchr(names, p[1]) : NULL;
	long code, low;

	if (name) {
		*(*out)++ = bytes[name - names];
		return p + 2;
	}
	if (p[1] != 'u')
		return wrong(fault, p + 1, "invalid escape in a string");
	code = hex4(p + 2, end, fault);
	if (code < 0)
		return NULL;
	if (code >= 0xdc00 && code <= 0xdfff)
		return wrong(fault, p, "lone surrogate in a string");
	if (code < 0xd800 || code > 0xdfff) {
		*out = put_utf8(*out, (unsigned long)code);
		return p + 6;
	}
	if (p[6] != '\\' || p[7] != 'u')
		return wrong(fault, p, "lone surrogate in a string");
	low = hex4(p + 8, end, fault);
	if (low < 0)
		return NULL;
	if (low < 0xdc00 || low > 0xdfff)
		return wrong(fault, p, "lone surrogate in a string");
	*out = put_utf8(*out, 0x10000 + ((unsigned long)(code - 0xd800) << 10) + (unsigned long)(low - 0xdc00));
	return p + 12;
}

/* The length of the UTF-8 character at p, 0 if it is none. */
static size_t utf8_at(const char *p, const char *end)
{
	uint8_t low, high;
	int follow = scan_utf8_lead((unsigned char)*p, &low, &high);

	if (follow < 0 || end - p <= follow)
		return 0;
	for (int i = 1; i <= follow; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c < low || c > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return (size_t)follow + 1;
}

char *token_string(char *p, const char *end, size_t *len, struct token_fault *fault)
{
	char *start = p, *out = p;

	for (;;) {
		size_t n = scan_plain(p, (size_t)(end - p));

		if (!n && p < end && (unsigned char)*p >= 0x80) {
			n = utf8_at(p, end);
			if (!n)
				return wrong(fault, p, "invalid UTF-8");
		}
		if (n) {
			if (out != p)
				memmove(out, p, n);
			out += n;
			p += n;
		} else if (p == end) {
			return wrong(fault, p, "string without end");
		} else if (*p == '"') {
			break;
		} else if (*p == '\\') {
			p = unescape(p, end, &out, fault);
			if (!p)
				return NULL;
		} else {
			return wrong(fault, p, "control character in a string");
		}
	}
	*out = '\0';
	*len = (size_t)(out - start);
	return p + 1;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

char *token_number(char *p, struct token_fault *fault)
{
	if (*p == '-')
		p++;
	if (!digit(*p))
		return wrong(fault, p, "invalid number");
	if (*p == '0' && digit(p[1]))
		return wrong(fault, p, "number with a leading zero");
	while (digit(*p))
		p++;
	if (*p == '.') {
		p++;
		if (!digit(*p))
			return wrong(fault, p, "invalid number");
		while (digit(*p))
			p++;
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		if (*p == '+' || *p == '-')
			p++;
		if (!digit(*p))
			return wrong(fault, p, "invalid number");
		while (digit(*p))
			p++;
	}
	return p;
}
