/*
 * The supervisor.
 *
 * It finds jobs by scanning new/ and active/ (every "scan" of the configuration, and at once when inotify hints at
 * something new), gives each to a worker, and knows which jobs are under way. It never works on a job itself and
 * never opens a connection.
 *
 *	found					what is done
 *	new/<id>.json				a worker claims it
 *	active/<id>, held by a dead spooler	taken over, then carried by a worker
 *	active/<id>, held by a living one	left alone
 *	active/<id>, held by us, nobody's	carried by a worker (its worker died)
 *
 * A job whose worker died of it gets a line in its log and runs alone in a worker from then on; blame() says what
 * becomes of it. HUP loads everything anew, and keeps what is in force if there is any fault in it. TERM and INT end
 * claiming; what is finished within GRACE_MS is, the rest stays in active/ for the next start. Exits with 0, or 1 when
 * the lease was lost or, with --once, jobs may be left because the spool could not be looked through.
 */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/notify.h"
#include "spooler/backlog.h"
#include "spooler/crew.h"
#include "spooler/hint.h"
#include "spooler/housekeeping.h"
#include "spooler/journal.h"
#include "spooler/orphan.h"
#include "spooler/roster.h"
#include "spooler/schedule.h"
#include "spooler/supervisor.h"

#define GRACE_MS 10000
#ifndef PLANSPOOL_HOUSEKEEPING_MS	/* tests have less patience */
#define PLANSPOOL_HOUSEKEEPING_MS 60000
#endif
#define HOUSEKEEPING_MORE_MS 100
#define WORKERS_AUTO_MAX 8
#define GIVE_MS 50		/* a job that no worker could be told of is offered again after this */
#define GIVE_ALONE_MS 1000	/* one that no worker of its own could be had for, after this */
#define FOREIGN_A_SCAN 100
#define SCAN_MORE_MS 1000	/* the longest time between scans while there is more than there was room for */

struct supervisor {
	const char *config_path;
	struct settings *settings;
	struct spool *spool;
	struct lease *lease;
	struct lease_watch *others;
	struct loop *loop;
	struct crew *crew;
	struct roster *roster;
	struct hint *hint;
	struct loop_timer *scan, *give, *renew, *housekeeping, *grace, *alive;
	int64_t give_at_ms;		/* loop time for which the timer "give" is set; 0: it is not */
	bool more;			/* than there was room for, at the last scan */
	size_t scan_again_at;		/* when so few jobs are under way */
	bool once, stopping;
	int status;
};

static unsigned worker_count(const struct settings *settings)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (settings->config->workers > 0)
		return settings->config->workers;
	return cpus < 1 ? 1 : cpus > WORKERS_AUTO_MAX ? WORKERS_AUTO_MAX : (unsigned)cpus;
}

/* ---- giving jobs to workers ---- */

/* Jobs that wait are offered again at that time: the next scan may be a day away. */
static void give_again(struct supervisor *s, int64_t at_ms)
{
	if (s->stopping || (s->give_at_ms != 0 && s->give_at_ms <= at_ms))
		return;
	s->give_at_ms = at_ms;
	loop_timer_set(s->give, at_ms - loop_now(s->loop));
}

/* A worker hears of a few hundred jobs at once, and some wait after trouble. */
static void give(void *context, struct roster_entry *entry)
{
	struct supervisor *s = context;
	int64_t now = loop_now(s->loop);

	if (entry->worker != NULL)
		return;
	if (entry->not_before_ms > now) {
		give_again(s, entry->not_before_ms);
		return;
	}
	entry->worker = crew_assign(s->crew, entry->id, entry->alone);
	if (entry->worker == NULL)
		give_again(s, now + (entry->alone ? GIVE_ALONE_MS : GIVE_MS));
}

static void on_give(void *context)
{
	struct supervisor *s = context;

	s->give_at_ms = 0;
	if (!s->stopping)
		roster_each(s->roster, give, s);
}

static void take_up(struct supervisor *s, const struct spool_entry *found)
{
	struct roster_entry *entry;
	struct journal_story story;

	/* A network file system may show a name twice in one listing. */
	if (roster_find(s->roster, found->id) != NULL)
		return;
	entry = roster_add(s->roster, found->id);
	entry->alone = journal_read(s->spool, SPOOL_ACTIVE, found->id, &story) == 0 && story.blamed > 0;
	entry->class = backlog_class(found->mtime_ms, clock_wall());
	give(s, entry);
}

/* The entry is given to nobody for a while, which grows from time to time. */
static void put_off(const struct supervisor *s, struct roster_entry *entry)
{
	entry->wait_ms = schedule_backoff(entry->wait_ms, randombytes_random());
	entry->not_before_ms = loop_now(s->loop) + entry->wait_ms;
}

static void job_ended(void *context, const char *id, bool again)
{
	struct supervisor *s = context;
	struct roster_entry *entry = roster_find(s->roster, id);

	if (entry == NULL)
		return;
	if (again) {
		entry->worker = NULL;
		put_off(s, entry);
		give(s, entry);
		return;
	}
	roster_remove(s->roster, entry);
	if (roster_count(s->roster) == s->scan_again_at)
		loop_timer_set(s->scan, 0);
}

/* A worker died of this job. It is given to another one after a while, so that it does not keep everybody busy with that, until
 * there is no hope: job.c answers it failed after BLAMED_FAILED deaths, and when workers die of that, too, it is ended here. What
 * is not even claimed has no log: its deaths are counted in the roster, and nobody can be answered. */
static void blame(struct supervisor *s, struct roster_entry *entry, const char *how)
{
	char name[SPOOL_NAME_SIZE], where[SPOOL_NAME_SIZE];
	struct journal_story story;

	entry->alone = true;
	put_off(s, entry);
	if (spool_has(s->spool, SPOOL_ACTIVE, entry->id, SPOOL_REQUEST)) {
		(void)journal(s->spool, entry->id, true, JOURNAL_BLAMED, "the worker that was busy with this job %s", how);
		if (journal_read(s->spool, SPOOL_ACTIVE, entry->id, &story) != 0 || story.blamed < BLAMED_GIVEN_UP)
			return;
		(void)journal(s->spool, entry->id, true, "undelivered", "workers die even of answering it");
		if (spool_finish(s->spool, entry->id, lease_instance(s->lease), SPOOL_UNDELIVERED) != 0)
			return;
	} else {
		snprintf(name, sizeof name, "%s.json", entry->id);
		if (++entry->deaths < BLAMED_FAILED || spool_set_aside(s->spool, SPOOL_NEW, name, where) != 0)
			return;
		log_error(entry->id, "workers die of claiming it; it is %s now", where);
	}
	roster_remove(s->roster, entry);
}

struct death {
	struct supervisor *supervisor;
	const struct crew_worker *worker;
};

static void orphan(void *context, struct roster_entry *entry)
{
	const struct death *death = context;

	if (entry->worker == death->worker)
		entry->worker = NULL;
}

static void worker_died(void *context, const struct crew_worker *worker, const char *blamed, const char *how)
{
	struct supervisor *s = context;
	struct death death = { s, worker };
	struct roster_entry *entry = blamed == NULL ? NULL : roster_find(s->roster, blamed);

	roster_each(s->roster, orphan, &death);
	if (entry != NULL)
		blame(s, entry, how);
	if (s->stopping && crew_size(s->crew) == 0)
		loop_stop(s->loop);
	else if (!s->stopping)
		loop_timer_set(s->scan, 0);
}

/* ---- finding jobs ---- */

/* Jobs may be there that could not be seen or taken: the next scan may be a day away, and with --once there is none. */
static void trouble(struct supervisor *s)
{
	if (s->once)
		s->status = EXIT_FAILURE;
	else
		s->more = true;
}

static void adopt(struct supervisor *s, const struct spool_entry *entry)
{
	enum orphan orphan = orphan_adopt(s->spool, s->lease, s->others, entry);

	if (orphan == ORPHAN_YES)
		take_up(s, entry);
	else if (orphan == ORPHAN_TROUBLE)
		trouble(s);
}

struct found {
	struct supervisor *supervisor;
	enum spool_state state;
	struct backlog backlog;
	unsigned foreign;
};

static bool collect(void *context, const struct spool_entry *entry)
{
	struct found *found = context;
	struct supervisor *s = found->supervisor;
	enum orphan orphan;

	if (roster_find(s->roster, entry->id) != NULL)
		return true;
	orphan = found->state == SPOOL_NEW ? ORPHAN_YES : orphan_is(s->spool, s->lease, s->others, entry);
	if (orphan == ORPHAN_YES)
		backlog_add(&found->backlog, entry);
	else if (orphan == ORPHAN_TROUBLE)
		trouble(s);
	return true;
}

static void count_carried(void *context, struct roster_entry *entry)
{
	backlog_carried(context, entry->id, entry->class);
}

/* Moving things away takes its time, and the lease must be renewed: the rest is left to the next scan. */
static void foreign(void *context, const char *name)
{
	struct found *found = context;

	if (found->foreign++ < FOREIGN_A_SCAN)
		housekeeping_set_aside(found->supervisor->spool, found->state, name);
	else
		found->supervisor->more = true;
}

/* Finds the jobs in a state and calls take for those that there is room for: more than the workers can carry would only
 * be a second queue. */
static void scan(struct supervisor *s, enum spool_state state,
	void (*take)(struct supervisor *s, const struct spool_entry *found))
{
	struct found found = { .supervisor = s, .state = state };

	backlog_open(&found.backlog, clock_wall(), (size_t)worker_count(s->settings) * crew_places());
	roster_each(s->roster, count_carried, &found.backlog);
	if (spool_scan(s->spool, state, collect, foreign, &found) != 0) {
		log_error(NULL, "%s/ cannot be scanned: %s", spool_state_name(state), strerror(errno));
		trouble(s);
	}
	backlog_choose(&found.backlog);
	for (size_t i = 0; i < found.backlog.n; i++)
		take(s, &found.backlog.list[i]);
	s->more = s->more || found.backlog.more;
	backlog_close(&found.backlog);
}

static void stop(struct supervisor *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	(void)notify(NOTIFY_STOPPING);
	hint_free(s->hint);
	s->hint = NULL;
	loop_timer_clear(s->scan);
	crew_finish(s->crew);
	loop_timer_set(s->grace, GRACE_MS);
	if (crew_size(s->crew) == 0)
		loop_stop(s->loop);
}

/* Hints are not listened to while there is more, so that a scan must not be long in coming. */
static void scan_later(struct supervisor *s)
{
	int64_t usual_ms = s->settings->config->scan_ms;

	loop_timer_set(s->scan, s->more && usual_ms > SCAN_MORE_MS ? SCAN_MORE_MS : usual_ms);
}

static void on_scan(void *context)
{
	struct supervisor *s = context;

	if (s->stopping)
		return;
	s->more = false;
	scan(s, SPOOL_ACTIVE, adopt);
	scan(s, SPOOL_NEW, take_up);
	roster_each(s->roster, give, s);
	scan_later(s);
	s->scan_again_at = s->more ? roster_count(s->roster) / 2 : s->once ? 0 : SIZE_MAX;
	if (s->once && roster_count(s->roster) == 0 && !s->more)
		stop(s);
}

static void on_hint(void *context)
{
	struct supervisor *s = context;

	/* With a backlog, a scan for each request that comes in would be all that there is time for. */
	if (s->more)
		return;
	scan(s, SPOOL_NEW, take_up);
	if (s->more)
		scan_later(s);
}

/* ---- time ---- */

static void on_renew(void *context)
{
	struct supervisor *s = context;
	bool removed = false;

	if (lease_renew(s->lease) != 0) {
		removed = errno == ENOENT;
		log_error(NULL, "the lease cannot be renewed: %s", strerror(errno));
	}
	if (removed || !lease_held(s->lease)) {
		log_error(NULL, "the lease is lost, so another spooler may have taken over: stopping");
		s->status = EXIT_FAILURE;
		stop(s);
		crew_kill(s->crew);
	}
	/* A spooler that was started since, with other keys, has replaced ours. */
	if (!settings_announced(s->settings, s->spool) && settings_announce(s->settings, s->spool) != 0)
		log_error(NULL, "seal-keys cannot be written: %s", strerror(errno));
	loop_timer_set(s->renew, LEASE_RENEW_MS);
}

static void on_housekeeping(void *context)
{
	struct supervisor *s = context;

	bool more = housekeeping(s->spool, s->others, s->settings->config);

	loop_timer_set(s->housekeeping, more ? HOUSEKEEPING_MORE_MS : PLANSPOOL_HOUSEKEEPING_MS);
}

static void on_grace(void *context)
{
	struct supervisor *s = context;

	log_info(NULL, "%zu jobs are left for the next start", roster_count(s->roster));
	crew_kill(s->crew);
}

static void on_alive(void *context)
{
	struct supervisor *s = context;
	int64_t every = notify_watchdog_ms();

	if (every == 0)
		return;
	(void)notify(NOTIFY_ALIVE);
	loop_timer_set(s->alive, every);
}

/* ---- signals ---- */

static void on_hangup(void *context, int signal)
{
	struct supervisor *s = context;
	struct faults faults = { NULL, 0, 0 };
	struct settings *settings;

	(void)signal;
	if (s->stopping)
		return;
	(void)notify(NOTIFY_RELOADING);
	settings = settings_load(s->config_path, &faults);
	if (settings != NULL && strcmp(settings->config->spool, s->settings->config->spool) != 0)
		faults_error(&faults, s->config_path, 0, "spool: cannot be changed by a reload; restart planspoold");
	faults_log(&faults);
	if (settings == NULL || faults.errors > 0) {
		log_error(NULL, "not reloaded: what was in force stays in force");
		settings_free(settings);
	} else {
		if (settings_announce(settings, s->spool) != 0)
			log_error(NULL, "seal-keys cannot be written: %s", strerror(errno));
		settings_compare(settings, s->settings);
		crew_staff(s->crew, settings, worker_count(settings));
		settings_free(s->settings);
		s->settings = settings;
		log_info(NULL, "reloaded");
	}
	faults_free(&faults);
	(void)notify(NOTIFY_READY);
}

static void on_terminate(void *context, int signal)
{
	struct supervisor *s = context;

	if (s->stopping) {
		crew_kill(s->crew);
		return;
	}
	log_info(NULL, "signal %d: stopping, with %zu jobs under way", signal, roster_count(s->roster));
	stop(s);
}

/* ---- the whole ---- */

static void start(struct supervisor *s)
{
	s->crew = crew_new(s->loop, s->spool, s->lease, &(struct crew_events){ job_ended, worker_died, s });
	s->scan = loop_timer_new(s->loop, on_scan, s);
	s->give = loop_timer_new(s->loop, on_give, s);
	s->renew = loop_timer_new(s->loop, on_renew, s);
	s->housekeeping = loop_timer_new(s->loop, on_housekeeping, s);
	s->grace = loop_timer_new(s->loop, on_grace, s);
	s->alive = loop_timer_new(s->loop, on_alive, s);
	loop_signal(s->loop, SIGTERM, on_terminate, s);
	loop_signal(s->loop, SIGINT, on_terminate, s);
	loop_signal(s->loop, SIGHUP, on_hangup, s);
	s->hint = hint_new(s->loop, spool_new_path(s->spool), on_hint, s);
	crew_staff(s->crew, s->settings, worker_count(s->settings));
	loop_timer_set(s->scan, 0);
	loop_timer_set(s->housekeeping, 0);
	loop_timer_set(s->renew, LEASE_RENEW_MS);
	loop_timer_set(s->alive, 0);
}

int supervise(const char *config_path, struct settings *settings, struct spool *spool, struct lease *lease, bool once)
{
	struct supervisor s = {
		.config_path = config_path, .settings = settings, .spool = spool, .lease = lease, .once = once,
		.others = lease_watch_new(spool), .loop = loop_new(), .roster = roster_new(), .status = EXIT_SUCCESS,
	};

	start(&s);
	log_info(NULL, "working on %s with %u workers for %u jobs each", settings->config->spool, worker_count(settings), crew_places());
	(void)notify(NOTIFY_READY);
	loop_run(s.loop);
	hint_free(s.hint);
	loop_timer_free(s.scan);
	loop_timer_free(s.give);
	loop_timer_free(s.renew);
	loop_timer_free(s.housekeeping);
	loop_timer_free(s.grace);
	loop_timer_free(s.alive);
	crew_free(s.crew);
	roster_free(s.roster);
	lease_watch_free(s.others);
	loop_free(s.loop);
	settings_free(s.settings);
	return s.status;
}
