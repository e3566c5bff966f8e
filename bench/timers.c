/* Timers: moved about, pushed later, expired, added and deleted. */
#include "bench.h"

static struct event_base *base;
static struct event *timers;
static long count, left;

static void
fired(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	left--;
}
static void
add(long i, long microseconds)
{
	struct timeval tv = { microseconds / 1000000, microseconds % 1000000 };
	event_add(&timers[i], &tv);
}
static void
make(long n)
{
	base = bench_base();
	count = n;
	timers = calloc((size_t)n, sizeof(*timers));
	for (long i = 0; i < n; i++)
		evtimer_assign(&timers[i], base, fired, NULL);
}
/* Far away: between 100 and 1100 seconds. */
static long
far(void)
{
	return 100000000 + (long)bench_random(1000000000);
}
static void
make_far(long n)
{
	make(n);
	for (long i = 0; i < n; i++)
		add(i, far());
}
static void far_100k(void) { make_far(100000); }
static void far_1m(void) { make_far(1000000); }
static void
reschedule(long ops)
{
	for (long i = 0; i < ops; i++)
		add((long)bench_random((uint32_t)count), far());
}

/* A connection's idle timeout: the same distance from now, again and again, so each deadline moves later. */
static void
same_100k(void)
{
	make(100000);
	for (long i = 0; i < count; i++)
		add(i, 100000000);
}
static void
push_later(long ops)
{
	for (long i = 0; i < ops; i++)
		add((long)bench_random((uint32_t)count), 100000000);
}

static void make_100k(void) { make(100000); }
static void make_1m(void) { make(1000000); }
static void
expire(long ops)
{
	while (ops > 0) {
		long some = ops < count ? ops : count;
		left = some;
		for (long i = 0; i < some; i++)
			add(i, bench_random(1000));
		while (left > 0)
			event_base_loop(base, EVLOOP_ONCE);
		ops -= some;
	}
}
static void
add_delete(long ops)
{
	while (ops > 0) {
		long some = ops < count ? ops : count;
		for (long i = 0; i < some; i++)
			add(i, far());
		for (long i = 0; i < some; i++)
			event_del(&timers[i]);
		ops -= some;
	}
}

const struct workload timer_workloads[] = {
	{ "timer_reschedule_100k", far_100k, reschedule, NULL },
	{ "timer_reschedule_1m", far_1m, reschedule, NULL },
	{ "timer_push_later_100k", same_100k, push_later, NULL },
	{ "timer_expire_100k", make_100k, expire, NULL },
	{ "timer_add_delete_1m", make_1m, add_delete, NULL },
	{ 0 },
};
