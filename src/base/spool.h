/* The spool directory: the only module that knows its layout. States are directories, every move is one rename or
 * link, and what is answered is durable: file, then name. planspool-spool(5) documents it for people; the table of
 * states, events and what is on disk stands there and at the head of spool.c.
 *
 * Functions return 0 or -1 with errno unless they say otherwise. */
#ifndef PLANSPOOL_BASE_SPOOL_H
#define PLANSPOOL_BASE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/request.h"

#define SPOOL_FORMAT 1
#define SPOOL_WHY 512
#define SPOOL_ID_SIZE (CONFIG_ENDPOINT_NAME_MAX + 1 + REQUEST_RESULT_ID_MAX + 1)
#define SPOOL_NAME_SIZE 300		/* any path in the spool */
#define SPOOL_INSTANCE_SIZE 33		/* 32 hexadecimal digits */
#define SPOOL_NOBODY "00000000000000000000000000000000"	/* holds what spool_release gave up */
#define SPOOL_ENVELOPE_MAX (8u << 20)	/* an envelope is never larger */

struct spool;

enum spool_state { SPOOL_NEW, SPOOL_ACTIVE, SPOOL_DONE, SPOOL_UNDELIVERED, SPOOL_CORRUPT };
#define SPOOL_STATES 5
const char *spool_state_name(enum spool_state s);
int spool_state_parse(const char *s, enum spool_state *out);

/* Ids: "<endpoint>.<task_result_id>". spool_id is a bug's abort if the parts are not valid. */
void spool_id(const char *endpoint, const char *task_result_id, char out[SPOOL_ID_SIZE]);
bool spool_id_valid(const char *id);

/* ---- both sides ---- */

/* Opens an existing spool of our format. NULL with a reason for people that says what to do. */
struct spool *spool_open(const char *directory, char why[SPOOL_WHY]);
void spool_close(struct spool *s);

/* ---- the handler's side ---- */

/* Whether the spooler announced that it can open this seal key. */
bool spool_can_unseal(const struct spool *s, const char *seal_key_id);

/* Whether the spooler would take what this process writes: it must run as handler_user of the configuration (NULL: none), or as the
 * spool's owner. 0, or -1 with a reason. Not safe for several threads (getpwnam). */
int spool_submitter(const struct spool *s, const char *handler_user, char why[SPOOL_WHY]);

enum spool_accepted { SPOOL_ACCEPTED, SPOOL_DUPLICATE, SPOOL_REFUSED };
/* Writes an envelope durably into new/. ACCEPTED and DUPLICATE only once the job's entry is durable; REFUSED with
 * errno leaves nothing half-written, though after the link the whole job may stay. */
enum spool_accepted spool_accept(struct spool *s, const char *id, const char *envelope, size_t len);

/* 0 if this user may write jobs and there is room for one; else -1 with a reason. */
int spool_writable(struct spool *s, char why[SPOOL_WHY]);
/* Milliseconds since a spooler last showed life, by the mtimes in spoolers/; -1 if none ever did. */
int64_t spool_last_life(struct spool *s);

/* ---- the spooler's side ---- */

/* Makes what is missing of the spool, for the spooler's own user and, if handler_user is not NULL, that user's
 * group; checks rights of what is there. 0, or -1 with a reason. */
int spool_make(const char *directory, const char *handler_user, char why[SPOOL_WHY]);
int spool_announce_keys(struct spool *s, const char *const *ids, size_t n);	/* replaces seal-keys */

struct spool_entry {
	char id[SPOOL_ID_SIZE];
	int64_t mtime_ms;
};
/* Calls visit for each job in a state, in no order, until the end or until it returns false. What is no job is passed to
 * foreign (if not NULL), but for hidden names of ours. 0, or -1 with errno when some may not have been seen. */
int spool_scan(struct spool *s, enum spool_state state, bool (*visit)(void *context, const struct spool_entry *entry),
	void (*foreign)(void *context, const char *name), void *context);

enum spool_claimed {
	SPOOL_CLAIMED,		/* active/<id> is ours and holds request.json */
	SPOOL_LOST,		/* another spooler has it, or it is gone */
	SPOOL_FINISHED,		/* a duplicate of a job in done/ or undelivered/: dropped */
	SPOOL_SET_ASIDE,	/* no regular file, wrong owner, too large: set aside; why says both */
	SPOOL_TROUBLE,		/* errno; it stays in new/, or is ours in active/ already, and is tried again later */
};
/* Claims new/<id>.json for instance (the lease's name). LOST with active/<id> in place also removes the entry in
 * new/. */
enum spool_claimed spool_claim(struct spool *s, const char *id, const char *instance, uid_t handler_uid,
	char why[SPOOL_WHY]);

/* The instance that holds active/<id>. 0, or -1: ENOENT when it is gone, or holds no claim file, anything else when that cannot be
 * seen. One that is empty, which a crash left of a duplicate, is removed. */
int spool_holder(struct spool *s, const char *id, char instance[SPOOL_INSTANCE_SIZE]);
/* Takes active/<id> over from a dead holder, or up again from oneself after trouble, and removes what a crash left of it in
 * new/. CLAIMED, LOST, FINISHED or TROUBLE. */
enum spool_claimed spool_take_over(struct spool *s, const char *id, const char *from, const char *instance);

/* Gives active/<id> of this instance up as it is: SPOOL_NOBODY holds it, and any spooler takes it over. */
int spool_release(struct spool *s, const char *id, const char *instance);
/* Whether there is a lease here that is not this instance's. */
bool spool_shared(struct spool *s, const char *instance);

/* Moves what is called name in a state's directory, whatever it is, to corrupt/, under a name not used there before. A
 * folder that is not ours cannot leave new/: it gets a name there that nobody looks at. where: what it is called now. */
int spool_set_aside(struct spool *s, enum spool_state state, const char *name, char where[SPOOL_NAME_SIZE]);
/* Moves active/<id> to corrupt/ likewise. That of a job that ended is removed instead: it is what is left of a
 * duplicate. */
int spool_set_aside_active(struct spool *s, const char *id);

/* Files of a job. All are old or new after a crash, never a mixture, but the log. */
enum spool_file { SPOOL_REQUEST, SPOOL_LOG, SPOOL_OUTCOMES, SPOOL_RESULT };
int spool_read(struct spool *s, enum spool_state state, const char *id, enum spool_file file, struct buf *out);
int spool_read_log(struct spool *s, enum spool_state state, const char *id, struct buf *out);	/* the end, if it is larger */
bool spool_has(struct spool *s, enum spool_state state, const char *id, enum spool_file file);	/* not for new/ */
int spool_write_outcomes(struct spool *s, const char *id, const void *data, size_t n);
/* Publishes the final body once. 0: it is this one; 1: there was one already, which decides (read it); -1. */
int spool_publish_result(struct spool *s, const char *id, const void *data, size_t n);
/* Appends one event, a line without its newline; fsynced if durable. */
int spool_log(struct spool *s, const char *id, const char *line, bool durable);

/* Ends a job that the instance holds: active/<id> becomes done/<id> or undelivered/<id>. 0, or -1: EEXIST if there is one already,
 * ENOENT if it does not hold it any more. */
int spool_finish(struct spool *s, const char *id, const char *instance, enum spool_state to);

/* Housekeeping: files in tmp/ older than an hour; finished jobs of a state older than max_age. */
int spool_sweep(struct spool *s, int64_t now_ms);
int spool_remove(struct spool *s, enum spool_state state, const char *id);

/* ---- a person's side, safe while spoolers run ---- */

#define SPOOL_RETRIED "retried"		/* the event in a job's log from which its deadlines count anew */
/* Takes undelivered/<id> back into active/ as it is, with such an event of now in its log: a spooler goes on with
 * it. 0, or -1 with errno: ENOENT if it is not in undelivered/, EEXIST while active/<id> is there (a duplicate of it
 * that is being dropped). */
int spool_retry(struct spool *s, const char *id, int64_t now_ms);

/* Removes what has lain in done/, undelivered/ or corrupt/ since before_ms, and counts it. -1 with errno if
 * something could not be removed; the rest is all the same. */
int spool_purge(struct spool *s, enum spool_state state, int64_t before_ms, size_t *removed);

/* ---- more for both ---- */

/* What inotify may watch as a hint: the path of new/. Owned by the spool. */
const char *spool_new_path(const struct spool *s);
/* The directory of leases, for lease.h. */
int spool_lease_directory(const struct spool *s);

#endif
