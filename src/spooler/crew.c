/*
 * The crew of workers.
 *
 * A worker is forked, not executed, so that it shares what the supervisor has loaded (policies, keys) without reading
 * anything again: a reload makes new workers and lets the old ones finish. Supervisor and worker talk over a socket of
 * packets (worker.h); a worker that stands still for PLANSPOOL_STALL_MS (its loop has not gone round since, nor has it
 * turned to a job) is killed. A worker that dies by itself, or by that, blames the job that its board shows; one that we
 * end blames none. When we stood still ourselves (a stopped process group, a machine that was suspended), so did the
 * workers, and their time counts from then on.
 *
 * Old workers finish what they carry after a reload, which takes an hour when a sender is down. Of those that a row of
 * reloads leaves as many may stay as there are new ones, but at least FINISHING_MAX: beyond that the oldest is ended, and
 * its jobs go on in others from what is on disk.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "spooler/crew.h"
#include "spooler/worker.h"

#ifndef PLANSPOOL_STALL_MS		/* tests have less patience */
#define PLANSPOOL_STALL_MS 30000
#endif
#define WATCH_MS 1000
#define LATE_MS (2 * WORKER_ALIVE_MS)	/* whose loop went round longer ago may stand still */
#define ALONE_MAX 32		/* workers at once for jobs that were blamed: some may wait for their senders */
#define FINISHING_MAX 8
#define RESTART_MS 1000		/* a worker that died is replaced after this, so that a bug at start does not spin */

#define PLACES_MAX 1152		/* 1024 of one endpoint, see backlog.c */
#define OWN_DESCRIPTORS 32	/* of a worker itself */
#define JOB_DESCRIPTORS 4	/* of a job: two connections, a file, and a connection that is kept */

unsigned crew_places(void)
{
	size_t all = fsio_descriptors(), places = all > OWN_DESCRIPTORS ? (all - OWN_DESCRIPTORS) / JOB_DESCRIPTORS : 0;

	return places < 1 ? 1 : places > PLACES_MAX ? PLACES_MAX : (unsigned)places;
}

struct crew_worker {
	LIST_ENTRY(crew_worker) link;
	struct crew *crew;
	pid_t pid;
	int channel;
	struct loop_fd *watch;
	struct worker_board *board;
	unsigned jobs;
	bool alone, ended_by_us, stalled;
	bool finishing, told;		/* gets no more jobs; has been told so */
};

struct crew {
	struct loop *loop;
	struct spool *spool;
	const struct lease *lease;
	struct crew_events events;
	const struct settings *settings;
	unsigned wanted;
	LIST_HEAD(crew_list, crew_worker) workers;
	struct loop_timer *watchdog, *replace;
	int64_t watched_ms, awake_since_ms;	/* when on_watch last ran; since when it has done so without a gap */
	bool replacing;			/* the timer is set: further deaths do not put it off */
};

/* ---- messages ---- */

static bool tell(struct crew_worker *w, char what, const char *id)
{
	char message[WORKER_MESSAGE_MAX];
	size_t len = strlen(id);

	message[0] = what;
	memcpy(message + 1, id, len);
	return send(w->channel, message, 1 + len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

/* A worker that does not hear it (its channel is full) is told again by the watchdog. */
static void finish(struct crew_worker *w)
{
	w->finishing = true;
	if (!w->told)
		w->told = tell(w, WORKER_FINISH, "");
}

static void on_message(void *context, int fd, unsigned events)
{
	struct crew_worker *w = context;
	char message[WORKER_MESSAGE_MAX + 1];
	ssize_t n = recv(fd, message, WORKER_MESSAGE_MAX, MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {	/* it is ending; SIGCHLD says the rest */
		loop_unwatch(w->watch);
		w->watch = NULL;
		return;
	}
	message[n] = '\0';
	w->jobs--;
	w->crew->events.ended(w->crew->events.context, message + 1, message[0] == WORKER_LATER);
}

/* ---- starting ---- */

static void become_worker(struct crew_worker *w, int channel)
{
	struct worker_start start = {
		.settings = w->crew->settings, .spool = w->crew->spool, .lease = w->crew->lease, .board = w->board,
		.channel = channel, .workers = w->crew->wanted,
	};
	struct crew_worker *other;

	/* The other workers must see the end of their channels when the supervisor goes, and not when we do. */
	LIST_FOREACH(other, &w->crew->workers, link)
		close(other->channel);
	loop_free(w->crew->loop);
	worker_run(&start);
}

static struct crew_worker *start(struct crew *c, bool alone)
{
	struct crew_worker *w = xcalloc(1, sizeof *w);
	int channel[2] = { -1, -1 };

	w->crew = c;
	w->alone = alone;
	w->board = mmap(NULL, sizeof *w->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->board == MAP_FAILED || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) != 0)
		goto trouble;
	w->board->alive_ms = clock_monotonic();
	w->pid = fork();
	if (w->pid < 0)
		goto trouble;
	if (w->pid == 0) {
		close(channel[0]);
		become_worker(w, channel[1]);
	}
	close(channel[1]);
	w->channel = channel[0];
	w->watch = loop_watch(c->loop, w->channel, LOOP_READ, on_message, w);
	LIST_INSERT_HEAD(&c->workers, w, link);
	return w;
trouble:
	log_error(NULL, "a worker cannot be started: %s", strerror(errno));
	for (int i = 0; i < 2; i++)
		if (channel[i] >= 0)
			close(channel[i]);
	if (w->board != MAP_FAILED)
		(void)munmap(w->board, sizeof *w->board);
	free(w);
	return NULL;
}

static void replace_later(struct crew *c)
{
	if (!c->replacing)
		loop_timer_set(c->replace, RESTART_MS);
	c->replacing = true;
}

/* Starts what is missing. */
static void replace(void *context)
{
	struct crew *c = context;
	struct crew_worker *w;
	unsigned there = 0;

	c->replacing = false;
	LIST_FOREACH(w, &c->workers, link)
		there += !w->alone && !w->finishing;
	while (there < c->wanted && start(c, false) != NULL)
		there++;
	if (there < c->wanted)
		replace_later(c);
}

static void end_worker(struct crew_worker *w)
{
	w->ended_by_us = true;
	(void)kill(w->pid, SIGKILL);
}

/* Of the workers that finish what they carry for old settings, ends the oldest beyond what may stay. The list has the youngest
 * first. */
static void end_oldest(struct crew *c)
{
	unsigned may_stay = c->wanted > FINISHING_MAX ? c->wanted : FINISHING_MAX;
	unsigned there = 0;
	struct crew_worker *w;

	LIST_FOREACH(w, &c->workers, link)
		if (w->finishing && !w->alone && w->jobs > 0 && ++there > may_stay)
			end_worker(w);
}

void crew_staff(struct crew *c, const struct settings *settings, unsigned n)
{
	struct crew_worker *w;

	LIST_FOREACH(w, &c->workers, link)
		finish(w);
	c->settings = settings;
	c->wanted = n;
	if (n > 0)
		end_oldest(c);
	replace(c);
}

/* ---- giving jobs ---- */

/* Whether a job is better given to the other one: what a worker that stands still is given waits until it is ended. */
static bool better(const struct crew_worker *other, const struct crew_worker *w)
{
	int64_t late = clock_monotonic() - LATE_MS;
	bool other_late = other->board->alive_ms < late, w_late = w->board->alive_ms < late;

	return other_late != w_late ? w_late : other->jobs < w->jobs;
}

static struct crew_worker *least_busy(struct crew *c)
{
	struct crew_worker *w, *best = NULL;

	LIST_FOREACH(w, &c->workers, link)
		if (!w->alone && !w->finishing && w->jobs < crew_places() && (best == NULL || better(w, best)))
			best = w;
	return best;
}

static unsigned alone_count(const struct crew *c)
{
	const struct crew_worker *w;
	unsigned n = 0;

	LIST_FOREACH(w, &c->workers, link)
		n += w->alone;
	return n;
}

const struct crew_worker *crew_assign(struct crew *c, const char *id, bool alone)
{
	struct crew_worker *w;
	bool heard;

	if (c->wanted == 0)
		return NULL;
	w = !alone ? least_busy(c) : alone_count(c) < ALONE_MAX ? start(c, true) : NULL;
	if (w == NULL)
		return NULL;
	heard = tell(w, WORKER_RUN, id);
	w->jobs += heard;
	if (alone)
		finish(w);
	return heard ? w : NULL;
}

/* ---- ending ---- */

static void reap(struct crew_worker *w, int status)
{
	struct crew *c = w->crew;
	char how[80], blamed[SPOOL_ID_SIZE];
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (w->stalled)
		snprintf(how, sizeof how, "stood still for %d s and was ended", PLANSPOOL_STALL_MS / 1000);
	else if (WIFSIGNALED(status))
		snprintf(how, sizeof how, "was ended by signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof how, "exited with status %d", WEXITSTATUS(status));
	memcpy(blamed, w->board->job, sizeof blamed);
	blamed[sizeof blamed - 1] = '\0';
	if (w->watch != NULL) {
		/* What it said last is still in the channel. */
		while (w->watch != NULL && w->jobs > 0) {
			unsigned before = w->jobs;

			on_message(w, w->channel, LOOP_READ);
			if (w->jobs == before)
				break;
		}
		if (w->watch != NULL)
			loop_unwatch(w->watch);
	}
	if (!clean && !w->ended_by_us)
		log_error(blamed[0] != '\0' ? blamed : NULL, "worker %ld %s", (long)w->pid, how);
	LIST_REMOVE(w, link);
	close(w->channel);
	c->events.died(c->events.context, w, clean || w->ended_by_us || blamed[0] == '\0' ? NULL : blamed, how);
	(void)munmap(w->board, sizeof *w->board);
	free(w);
}

static void on_child(void *context, int signal)
{
	struct crew *c = context;
	struct crew_worker *w, *next;
	int status;

	(void)signal;
	for (w = LIST_FIRST(&c->workers); w != NULL; w = next) {
		next = LIST_NEXT(w, link);
		if (waitpid(w->pid, &status, WNOHANG) == w->pid)
			reap(w, status);
	}
	replace_later(c);
}

static void on_watch(void *context)
{
	struct crew *c = context;
	int64_t now = clock_monotonic(), since;
	struct crew_worker *w;

	if (now - c->watched_ms > 3 * WATCH_MS)
		c->awake_since_ms = now;
	c->watched_ms = now;
	LIST_FOREACH(w, &c->workers, link) {
		since = w->board->alive_ms > c->awake_since_ms ? w->board->alive_ms : c->awake_since_ms;
		if (now - since > PLANSPOOL_STALL_MS && !w->stalled && kill(w->pid, SIGKILL) == 0)
			w->stalled = true;
		if (w->finishing)
			finish(w);
	}
	loop_timer_set(c->watchdog, WATCH_MS);
}

void crew_finish(struct crew *c)
{
	crew_staff(c, c->settings, 0);
}

void crew_kill(struct crew *c)
{
	struct crew_worker *w;

	c->wanted = 0;
	LIST_FOREACH(w, &c->workers, link)
		end_worker(w);
}

size_t crew_size(const struct crew *c)
{
	const struct crew_worker *w;
	size_t n = 0;

	LIST_FOREACH(w, &c->workers, link)
		n++;
	return n;
}

struct crew *crew_new(struct loop *l, struct spool *spool, const struct lease *lease, const struct crew_events *events)
{
	struct crew *c = xcalloc(1, sizeof *c);

	*c = (struct crew){
		.loop = l, .spool = spool, .lease = lease, .events = *events, .watched_ms = clock_monotonic(),
		.awake_since_ms = clock_monotonic(),
	};
	LIST_INIT(&c->workers);
	c->watchdog = loop_timer_new(l, on_watch, c);
	c->replace = loop_timer_new(l, replace, c);
	loop_timer_set(c->watchdog, WATCH_MS);
	loop_signal(l, SIGCHLD, on_child, c);
	return c;
}

void crew_free(struct crew *c)
{
	loop_timer_free(c->watchdog);
	loop_timer_free(c->replace);
	free(c);
}
