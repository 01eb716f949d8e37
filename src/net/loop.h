/* The event loop: descriptors, timers, signals and what runs beside them, in one thread. Handlers are a function
 * and a context. The one place that knows which system this is (epoll). */
#ifndef PLANSPOOL_NET_LOOP_H
#define PLANSPOOL_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_fd;
struct loop_timer;

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 };

struct loop *loop_new(void);	/* ends the process when it cannot, as every function here does */
/* Forgets what is still watched; timers must be freed before. A forked child may free its parent's loop, and do
 * nothing else with it. Signals stay blocked. */
void loop_free(struct loop *l);

/* Level-triggered: fn is called in every turn in which one of events is the case. LOOP_HANGUP comes unasked and
 * maybe alone: the other side is gone or the descriptor has an error; reading or writing then says which. A
 * descriptor is watched once at a time, can wait (no regular file), and is unwatched before it is closed. */
typedef void loop_fd_fn(void *context, int fd, unsigned events);
struct loop_fd *loop_watch(struct loop *l, int fd, unsigned events, loop_fd_fn *fn, void *context);
void loop_rewatch(struct loop_fd *w, unsigned events);
void loop_unwatch(struct loop_fd *w);	/* may be called from any handler, its own too */

/* A timer runs once, never early, and not in the turn in which it was set. Setting it again moves it. Milliseconds. */
typedef void loop_timer_fn(void *context);
struct loop_timer *loop_timer_new(struct loop *l, loop_timer_fn *fn, void *context);
void loop_timer_set(struct loop_timer *t, int64_t in_ms);	/* from now; negative counts as 0 */
void loop_timer_clear(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);	/* NULL is fine; may be called from its own handler */

/* Delivers a signal as an event; it is blocked otherwise, also in children until they unblock it. */
typedef void loop_signal_fn(void *context, int signal);
void loop_signal(struct loop *l, int signal, loop_signal_fn *fn, void *context);

/* Called before the loop waits and after it woke, for a watchdog. May be NULL. */
void loop_on_turn(struct loop *l, void (*fn)(void *context, bool awake), void *context);

void loop_run(struct loop *l);	/* until loop_stop; may be run again */
void loop_stop(struct loop *l);	/* no further handler is called; outside loop_run: the next one returns at once */

int64_t loop_now(const struct loop *l);	/* milliseconds on a clock that only goes forward, as of this turn */

#endif
