/* Tells the service manager how the program is doing: sd_notify(3) and sd_watchdog_enabled(3) of systemd, without its
 * library. */
#ifndef PLANSPOOL_BASE_NOTIFY_H
#define PLANSPOOL_BASE_NOTIFY_H

#include <stdint.h>

enum notify_state {
	NOTIFY_READY,		/* started, or done with reloading */
	NOTIFY_RELOADING,	/* READY follows, whether the reload worked or not */
	NOTIFY_STOPPING,
	NOTIFY_ALIVE,		/* what the watchdog waits for */
};

/* Sends one state. 0, also when nobody asked for it (no NOTIFY_SOCKET in the environment); -1 if it could not be sent
 * (logged). */
int notify(enum notify_state state);

/* How often to send NOTIFY_ALIVE, in milliseconds: half of what the watchdog allows. 0 if this process has none. */
int64_t notify_watchdog_ms(void);

#endif
