/* Timers, active events, and how the loop ends. */
#include "check.h"

static char order[64];
static void note(evutil_socket_t fd, short what, void *arg)
{
	CHECK(fd == -1);
	CHECK(what == EV_TIMEOUT);
	strcat(order, arg);
}
static int ticks;
static void tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	if (++ticks == 5)
		event_del(arg);
}
static void count(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	++*(int *)arg;
}
static void stop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	event_base_loopbreak(arg);
}

int main(int argc, char **argv)
{
	struct event_base *base;
	struct timeval begun, ended, t, cached;
	const struct timeval *common;
	struct event *e[3], *many[500], *ev;
	int i, n = 0;
	begin(argc, argv);
	base = new_base();
	CHECK(strcmp(event_base_get_method(base), "win32") == 0);

	e[0] = evtimer_new(base, note, "c");
	e[1] = evtimer_new(base, note, "a");
	e[2] = evtimer_new(base, note, "b");
	for (i = 0; i < 3; i++) {
		static const int ms[] = {150, 50, 100};
		t.tv_sec = 0, t.tv_usec = ms[i] * 1000;
		CHECK(evtimer_add(e[i], &t) == 0);
		CHECK(evtimer_pending(e[i], &t));
	}
	evutil_gettimeofday(&begun, NULL);
	CHECK(event_base_dispatch(base) == 1);
	evutil_gettimeofday(&ended, NULL);
	evutil_timersub(&ended, &begun, &t);
	CHECK(strcmp(order, "abc") == 0);
	CHECK(t.tv_sec == 0 && t.tv_usec >= 120000 && t.tv_usec < 800000);
	for (i = 0; i < 3; i++)
		event_free(e[i]);

	ev = event_new(base, -1, EV_PERSIST, tick, event_self_cbarg());
	t.tv_sec = 0, t.tv_usec = 10000;
	event_add(ev, &t);
	CHECK(event_base_dispatch(base) == 1);
	CHECK(ticks == 5);
	event_free(ev);

	t.tv_sec = 0, t.tv_usec = 30000;
	common = event_base_init_common_timeout(base, &t);
	CHECK(common != NULL);
	for (i = 0; i < 500; i++) {
		many[i] = evtimer_new(base, count, &n);
		event_add(many[i], i % 2 ? common : &t);
	}
	CHECK(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED) >= 500);
	for (i = 0; i < 500; i += 5)
		event_del(many[i]);
	event_base_dispatch(base);
	CHECK(n == 400);
	for (i = 0; i < 500; i++)
		event_free(many[i]);

	/* Active by hand, with priorities; once; break and exit. */
	n = 0;
	CHECK(event_base_once(base, -1, EV_TIMEOUT, count, &n, NULL) == 0);
	ev = event_new(base, -1, 0, count, &n);
	event_active(ev, EV_READ, 1);
	CHECK(event_base_loop(base, EVLOOP_NONBLOCK) == 1);
	CHECK(n == 2);
	event_free(ev);
	ev = event_new(base, -1, EV_PERSIST, stop, base);
	t.tv_usec = 1000;
	event_add(ev, &t);
	CHECK(event_base_dispatch(base) == 0);
	CHECK(event_base_got_break(base));
	t.tv_usec = 50000;
	event_del(ev);
	event_base_loopexit(base, &t);
	CHECK(event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY) == 0);
	CHECK(event_base_got_exit(base));
	event_free(ev);
	CHECK(event_base_gettimeofday_cached(base, &cached) == 0);
	CHECK(cached.tv_sec > 1500000000);
	event_base_free(base);
	return end();
}
