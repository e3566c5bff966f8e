/* Two loops in two threads wake each other in turn; an operation is one hop. */
#include "bench.h"
#include <pthread.h>

struct side {
	struct event_base *base;
	struct event *turn;
	struct side *peer;
	long left;
};
static struct side sides[2];

static void
hop(evutil_socket_t fd, short what, void *arg)
{
	struct side *me = arg;
	(void)fd, (void)what;
	if (me->left-- > 0)
		event_active(me->peer->turn, EV_TIMEOUT, 0);
	if (me->left <= 0)
		event_base_loopbreak(me->base);
}
static void
make(void)
{
	CHECK(evthread_use_pthreads() == 0);
	for (int i = 0; i < 2; i++) {
		sides[i].base = bench_base();
		sides[i].peer = &sides[1 - i];
		sides[i].turn = event_new(sides[i].base, -1, EV_PERSIST, hop, &sides[i]);
	}
}
static void *
loop(void *arg)
{
	event_base_loop(((struct side *)arg)->base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}
static void
ping_pong(long ops)
{
	pthread_t thread;
	sides[0].left = sides[1].left = ops / 2;
	CHECK(pthread_create(&thread, NULL, loop, &sides[1]) == 0);
	event_active(sides[0].turn, EV_TIMEOUT, 0);
	loop(&sides[0]);
	pthread_join(thread, NULL);
}

const struct workload thread_workloads[] = {
	{ "cross_thread_hop", make, ping_pong, NULL },
	{ 0 },
};
