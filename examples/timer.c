/* Timers: one that repeats, one that ends the loop, and one that is put off before it can fire.
 *
 *	cc timer.c $(pkg-config --cflags --libs libevent_core) -o timer
 */
#include <event2/event.h>
#include <stdio.h>

struct ticker {
	struct event *event;
	int ticks;
};

static void tick(evutil_socket_t fd, short what, void *arg)
{
	struct ticker *ticker = arg;

	(void)fd;
	(void)what;
	printf("tick %d\n", ++ticker->ticks);
	if (ticker->ticks == 5)
		event_del(ticker->event);
}

static void finish(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	puts("time is up");
	event_base_loopexit(arg, NULL);
}

static void never(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	puts("this timer was put off and must not fire");
}

int main(void)
{
	struct timeval often = { 0, 20 * 1000 }, soon = { 0, 50 * 1000 }, later = { 0, 300 * 1000 }, far = { 3600, 0 };
	struct ticker ticker = { NULL, 0 };
	struct event_base *base = event_base_new();
	struct event *end, *postponed;

	if (!base)
		return 1;
	ticker.event = event_new(base, -1, EV_PERSIST, tick, &ticker);
	end = evtimer_new(base, finish, base);
	postponed = evtimer_new(base, never, NULL);
	if (!ticker.event || !end || !postponed)
		return 1;
	event_add(ticker.event, &often);
	evtimer_add(end, &later);
	evtimer_add(postponed, &soon);
	evtimer_add(postponed, &far); /* adding a pending timer moves it */

	event_base_dispatch(base);

	printf("%s: %d ticks\n", event_base_get_method(base), ticker.ticks);
	event_free(ticker.event);
	event_free(end);
	event_free(postponed);
	event_base_free(base);
	return 0;
}
