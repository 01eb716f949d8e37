/*
 * The clocks of the system in one unit. clock_gettime cannot fail for these.
 */
#include <time.h>

#include "base/clock.h"

static int64_t milliseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall(void)
{
	return milliseconds(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
	return milliseconds(CLOCK_MONOTONIC);
}

int64_t clock_boot(void)
{
#ifdef CLOCK_BOOTTIME
	return milliseconds(CLOCK_BOOTTIME);
#else
	return milliseconds(CLOCK_MONOTONIC);
#endif
}
