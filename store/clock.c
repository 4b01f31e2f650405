#include <time.h>

#include "core/when.h"
#include "store/internal.h"

static uint64_t read_clock(clockid_t which)
{
	struct timespec t;

	(void)clock_gettime(which, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

uint64_t clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

void clock_start(struct store_clock *c, uint64_t wall)
{
	c->wall = wall;
	c->boot = read_clock(CLOCK_BOOTTIME);
}

uint64_t clock_now(const struct store_clock *c)
{
	return c->wall + (read_clock(CLOCK_BOOTTIME) - c->boot);
}
