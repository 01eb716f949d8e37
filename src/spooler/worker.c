/*
 * A worker: one thread, one loop, any number of jobs.
 *
 * It is a forked child of the supervisor and works by what it inherited: settings, spool, lease, one end of a channel. It takes up
 * the jobs that it is told to, says when it is done with each, and ends when it is told to finish and no job is left, or at once
 * when the channel ends (the supervisor is gone) or the lease is not held any more (somebody else may have taken the jobs over).
 * The board shows the supervisor when its loop last went round or it turned to a job, and with which job it is busy.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/clock.h"
#include "base/log.h"
#include "spooler/job.h"
#include "spooler/worker.h"

struct worker {
	struct job_world world;		/* first: over gets it */
	const struct worker_start *start;
	struct loop_timer *alive;
	unsigned jobs;
	bool finishing;
};

static void say(struct worker *w, char what, const char *id)
{
	char message[WORKER_MESSAGE_MAX];
	size_t len = strlen(id);

	message[0] = what;
	memcpy(message + 1, id, len);
	if (send(w->start->channel, message, 1 + len, MSG_NOSIGNAL) < 0)
		_exit(EXIT_FAILURE);
}

static void over(struct job_world *world, const char *id, bool again)
{
	struct worker *w = (struct worker *)world;

	w->jobs--;
	say(w, again ? WORKER_LATER : WORKER_ENDED, id);
	if (w->finishing && w->jobs == 0)
		loop_stop(world->api.loop);
}

static void on_message(void *context, int fd, unsigned events)
{
	struct worker *w = context;
	char message[WORKER_MESSAGE_MAX + 1];
	ssize_t n = recv(fd, message, WORKER_MESSAGE_MAX, MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		_exit(EXIT_FAILURE);
	message[n] = '\0';
	switch (message[0]) {
	case WORKER_RUN:
		w->jobs++;
		job_take_up(&w->world, message + 1);
		break;
	case WORKER_FINISH:
		w->finishing = true;
		if (w->jobs == 0)
			loop_stop(w->world.api.loop);
		break;
	default:
		log_panic("a message that no supervisor sends");
	}
}

static void on_turn(void *context, bool awake)
{
	struct worker *w = context;

	w->start->board->job[0] = '\0';
	w->start->board->alive_ms = clock_monotonic();
	if (awake && !lease_held(w->start->lease)) {
		log_error(NULL, "the lease was not renewed in time, so another spooler may have taken over: worker stops");
		_exit(EXIT_FAILURE);
	}
}

/* With nothing to do, too, it shows that it lives. */
static void on_alive(void *context)
{
	struct worker *w = context;

	loop_timer_set(w->alive, WORKER_ALIVE_MS);
}

/* A child's signals are its parent's business: a ^C in the terminal reaches both. */
static void reset_signals(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	sigset_t none;

	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
#ifdef __linux__
	/* The end of the channel says the same, but a worker may be far from its loop then. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}

void worker_run(const struct worker_start *start)
{
	struct worker w = { .start = start };
	struct loop *loop;

	reset_signals();
	loop = loop_new();
	w.world = (struct job_world){
		.api = { .loop = loop, .http = http_new(loop, PLANSPOOL_USER_AGENT), .pacer = pacer_new(loop, start->workers),
			.at_work = job_at_work },
		.spool = start->spool, .settings = start->settings, .instance = lease_instance(start->lease),
		.board = start->board, .over = over,
	};
	loop_watch(loop, start->channel, LOOP_READ, on_message, &w);
	loop_on_turn(loop, on_turn, &w);
	w.alive = loop_timer_new(loop, on_alive, &w);
	loop_timer_set(w.alive, WORKER_ALIVE_MS);
	loop_run(loop);
	loop_timer_free(w.alive);
	pacer_free(w.world.api.pacer);
	http_free(w.world.api.http);
	loop_free(loop);
	exit(EXIT_SUCCESS);
}
