/* What kinds of checks share.
 *
 * Address patterns are those of "changes: {protect: ...}" and of skip lists: * stands for any run of characters,
 * also an empty one, also across dots and brackets; everything else stands for itself, in this case.
 * "aws_s3_bucket.logs*" thus names the bucket with count and for_each too, "*.aws_kms_key.*" every key in a module.
 *
 * Patterns come from the configuration, addresses from plans: the walk is iterative and remembers only the last
 * star, so its time is at most the product of both lengths, and nothing is allocated.
 */
#include "checks/check.h"

bool check_address_match(const char *pattern, const char *address)
{
	const char *star = NULL, *resume = NULL;

	while (*address != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			resume = address;
		} else if (*pattern == *address) {
			pattern++;
			address++;
		} else if (star != NULL) {
			/* The last star takes one character more; an earlier one need never be reconsidered. */
			pattern = star;
			address = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
