/* The three clocks, in milliseconds. */
#ifndef PLANSPOOL_BASE_CLOCK_H
#define PLANSPOOL_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall(void);	/* since 1970; may be set forwards and backwards: for people and for what others wrote */
int64_t clock_monotonic(void);	/* never goes backwards, counts from anywhere: for waits */
int64_t clock_boot(void);	/* as that, and counts the time the machine was suspended, where the system can tell */

#endif
