/* Taking addresses and references apart.
 *
 * Contract: text is what a plan says, so it may be anything; nothing here fails. A bracket that is not closed is no
 * key. Nothing is allocated unless it is said. */
#include "plan/address.h"

#include <string.h>

#include "base/mem.h"

#define MODULE "module."
#define MODULE_LEN (sizeof(MODULE) - 1)

size_t address_name(const char *s)
{
	return strcspn(s, ".[");
}

size_t address_key(const char *s)
{
	bool quoted = false;
	size_t n = 0;

	if (*s != '[')
		return 0;
	for (; s[n] != '\0' && (quoted || s[n] != ']'); n++) {
		if (s[n] == '\\' && quoted && s[n + 1] != '\0')
			n++;
		else if (s[n] == '"')
			quoted = !quoted;
	}
	return s[n] == ']' ? n + 1 : 0;
}

size_t address_step(const char *address, size_t *name)
{
	if (strncmp(address, MODULE, MODULE_LEN) != 0)
		return 0;
	*name = MODULE_LEN + address_name(address + MODULE_LEN);
	size_t len = *name + address_key(address + *name);

	return address[len] == '.' ? len : 0;
}

size_t address_modules(const char *address)
{
	size_t at = 0, step, name;

	while ((step = address_step(address + at, &name)) > 0)
		at += step + 1;
	return at > 0 ? at - 1 : 0;
}

const char *address_last_key(const char *address)
{
	for (;;) {
		size_t n = address_key(address);

		if (*address == '\0' || (n > 0 && address[n] == '\0'))
			return address;
		address += n > 0 ? n : 1;
	}
}

char *address_without_keys(const char *address)
{
	char *copy = xstrdup(address), *to = copy;

	while (*address != '\0') {
		size_t skip = address_key(address);

		address += skip;
		if (skip == 0)
			*to++ = *address++;
	}
	*to = '\0';
	return copy;
}

bool address_is_front(const char *reference, const char *of)
{
	size_t n = strlen(reference);

	return strncmp(of, reference, n) == 0 && (of[n] == '.' || of[n] == '[');
}
