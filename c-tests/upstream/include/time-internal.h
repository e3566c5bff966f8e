/* Sleeping and the monotonic timer. */
#ifndef OXI_SUITE_TIME_INTERNAL_H
#define OXI_SUITE_TIME_INTERNAL_H
#include "event2/util.h"
#include <sys/time.h>

/* The tests keep one on their stack; what is inside is the library's business. At least as large as its own. */
struct evutil_monotonic_timer {
	ev_uint64_t opaque[5];
};

int evutil_configure_monotonic_time_(struct evutil_monotonic_timer *timer, int flags);
int evutil_gettime_monotonic_(struct evutil_monotonic_timer *timer, struct timeval *now);
void evutil_usleep_(const struct timeval *pause);
#endif
