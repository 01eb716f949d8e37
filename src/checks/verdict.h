/* The verdict of a run task, its message, and the callback's body within every documented limit (run task result
 * schema). */
#ifndef PLANSPOOL_CHECKS_VERDICT_H
#define PLANSPOOL_CHECKS_VERDICT_H

#include <stdbool.h>

#include "checks/outcome.h"

#define VERDICT_MESSAGE_MAX 1000	/* characters; runtask-result.json */

/* failed if any outcome has failed, or there is an error and errors do not pass. */
bool verdict_failed(struct outcomes *o, bool pass_on_error);

/* "2 failed, 1 warning, 40 passed; 120 resources", then what checks have to say of themselves. Allocated. */
char *verdict_counts(struct outcomes *o);

/* The message of a callback: counts, then the worst findings, in at most VERDICT_MESSAGE_MAX characters; words in
 * brackets that the terraform CLI would take for colours are rewritten. note (may be NULL) comes first: "not
 * checked: ...". hash (may be NULL) is that of the set of checks and comes last. Allocated. */
char *verdict_message(struct outcomes *o, bool pass_on_error, const char *note, const char *hash);

/* Any text as a message: at most VERDICT_MESSAGE_MAX characters, control characters but line ends escaped, no
 * colours. Allocated. */
char *verdict_message_text(const char *s);

/* The JSON:API body of the final callback: status, message, url (NULL: none), outcomes grouped by policy and status,
 * worst first, at most 250; what is cut is counted in the last. Allocated. */
char *verdict_body(struct outcomes *o, bool pass_on_error, const char *note, const char *hash,
	const char *url);

/* A body with only a message: {"data": {"type": "task-results", "attributes": {"status", "message"}}}. status is
 * "running", "passed" or "failed"; message goes through verdict_message_text. Allocated. */
char *verdict_plain_body(const char *status, const char *message);

/* The same final with less, for a sender that answered 422: level 0 is body itself, 1 without outcomes, 2 only
 * status and message. Allocated; NULL if body is none of ours. */
char *verdict_reduced(const char *body, size_t len, unsigned level);

#endif
