/* Dispatching: readable descriptors, activations, one-shot callbacks, signals. */
#include "bench.h"
#include <signal.h>

static struct event_base *base;
static long left;

/* A ring of socket pairs: a byte that arrives at one is passed on to the next, so `ACTIVE` are always readable. */
enum { ACTIVE = 100 };
struct link {
	struct event ev;
	evutil_socket_t in, out;
	struct link *next;
};
static struct link *ring;
static const struct timeval *ring_timeout;
static int ring_oneshot;

static void
pass_on(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;
	char byte;
	(void)what;
	CHECK(read(fd, &byte, 1) == 1);
	if (ring_oneshot)
		event_add(&link->ev, ring_timeout);
	if (left > 0) {
		left--;
		CHECK(write(link->next->out, &byte, 1) == 1);
	}
}
static void
make_ring(int count, const struct timeval *timeout, int oneshot)
{
	bench_allow_descriptors();
	base = bench_base();
	ring = calloc((size_t)count, sizeof(*ring));
	ring_timeout = timeout;
	ring_oneshot = oneshot;
	for (int i = 0; i < count; i++) {
		evutil_socket_t ends[2];
		bench_pair(ends);
		ring[i].in = ends[0];
		ring[i].out = ends[1];
		ring[i].next = &ring[(i + 1) % count];
		event_assign(&ring[i].ev, base, ring[i].in, EV_READ | (oneshot ? 0 : EV_PERSIST), pass_on, &ring[i]);
		CHECK(event_add(&ring[i].ev, timeout) == 0);
	}
	for (int i = 0; i < ACTIVE; i++)
		CHECK(write(ring[(long)i * count / ACTIVE].out, "x", 1) == 1);
}
static const struct timeval ten_seconds = { 10, 0 };
static void io_1000(void) { make_ring(1000, NULL, 0); }
static void io_9000(void) { make_ring(9000, NULL, 0); }
static void io_timeout_9000(void) { make_ring(9000, &ten_seconds, 0); }
static void io_oneshot_1000(void) { make_ring(1000, NULL, 1); }
static void
turn_ring(long ops)
{
	left = ops;
	while (left > 0)
		event_base_loop(base, EVLOOP_ONCE);
}

/* An event made active again by its own callback. */
static struct event *user;
static void
again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	if (--left > 0)
		event_active(user, EV_TIMEOUT, 0);
}
static void
make_user(void)
{
	base = bench_base();
	user = event_new(base, -1, 0, again, NULL);
}
static void
make_user_locked(void)
{
	CHECK(evthread_use_pthreads() == 0);
	make_user();
}
static void
activate(long ops)
{
	left = ops;
	event_active(user, EV_TIMEOUT, 0);
	event_base_loop(base, 0);
}

static void
count_down(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	left--;
}
static void
make_base(void)
{
	base = bench_base();
}
static void
once(long ops)
{
	static const struct timeval now = { 0, 0 };
	while (ops > 0) {
		long some = ops < 100 ? ops : 100;
		left = some;
		for (long i = 0; i < some; i++)
			CHECK(event_base_once(base, -1, EV_TIMEOUT, count_down, NULL, &now) == 0);
		while (left > 0)
			event_base_loop(base, EVLOOP_NONBLOCK);
		ops -= some;
	}
}

/* Adding and deleting a readable-event of a descriptor that another event keeps registered: no system call in it. */
static struct event *kept, *other;
static void
make_shared_fd(void)
{
	evutil_socket_t ends[2];
	base = bench_base();
	bench_pair(ends);
	kept = event_new(base, ends[0], EV_READ | EV_PERSIST, count_down, NULL);
	other = event_new(base, ends[0], EV_READ | EV_PERSIST, count_down, NULL);
	event_add(kept, NULL);
}
static void
make_shared_fd_locked(void)
{
	CHECK(evthread_use_pthreads() == 0);
	make_shared_fd();
}
static void
add_del(long ops)
{
	for (long i = 0; i < ops; i++) {
		event_add(other, NULL);
		event_del(other);
	}
}

static void
make_signal(void)
{
	base = bench_base();
	event_add(event_new(base, SIGUSR1, EV_SIGNAL | EV_PERSIST, count_down, NULL), NULL);
}
static void
deliver(long ops)
{
	for (long i = 0; i < ops; i++) {
		left = 1;
		raise(SIGUSR1);
		while (left > 0)
			event_base_loop(base, EVLOOP_ONCE);
	}
}

const struct workload loop_workloads[] = {
	{ "io_1000", io_1000, turn_ring, NULL },
	{ "io_9000", io_9000, turn_ring, NULL },
	{ "io_timeout_9000", io_timeout_9000, turn_ring, NULL },
	{ "io_oneshot_1000", io_oneshot_1000, turn_ring, NULL },
	{ "active", make_user, activate, NULL },
	{ "active_locked", make_user_locked, activate, NULL },
	{ "once", make_base, once, NULL },
	{ "add_del", make_shared_fd, add_del, NULL },
	{ "add_del_locked", make_shared_fd_locked, add_del, NULL },
	{ "signal", make_signal, deliver, NULL },
	{ 0 },
};
