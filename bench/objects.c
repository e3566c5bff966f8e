/* Making and freeing; memory per object. */
#include "bench.h"

static struct event_base *base;
enum { OBJECTS = 1000 };

static void
nothing(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}
static void
new_base(long ops)
{
	for (long i = 0; i < ops; i++)
		event_base_free(bench_base());
}
static evutil_socket_t ends[2];
static void
make(void)
{
	base = bench_base();
	bench_pair(ends);
}
static void
new_bufferevent(long ops)
{
	for (long i = 0; i < ops; i++) {
		struct bufferevent *bev = bufferevent_socket_new(base, ends[0], 0);
		bufferevent_enable(bev, EV_READ | EV_WRITE);
		bufferevent_free(bev);
	}
}
static void
new_event(long ops)
{
	for (long i = 0; i < ops; i++) {
		struct event *ev = event_new(base, ends[0], EV_READ, nothing, NULL);
		event_free(ev);
	}
}

static evutil_socket_t pairs[OBJECTS][2];
static void
make_pairs(void)
{
	bench_allow_descriptors();
	base = bench_base();
	for (int i = 0; i < OBJECTS; i++)
		bench_pair(pairs[i]);
}
static double
event_bytes(void)
{
	double before;
	make_pairs();
	before = bench_heap();
	for (int i = 0; i < OBJECTS; i++) {
		event_add(event_new(base, pairs[i][0], EV_READ | EV_PERSIST, nothing, NULL), NULL);
		event_add(event_new(base, pairs[i][1], EV_READ | EV_PERSIST, nothing, NULL), NULL);
	}
	return (bench_heap() - before) / (2 * OBJECTS);
}
static void
echo(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_write_buffer(bev, bufferevent_get_input(bev));
}
static double
bufferevent_bytes(void)
{
	double before;
	char block[64] = { 0 };
	make_pairs();
	before = bench_heap();
	for (int i = 0; i < OBJECTS; i++) {
		struct bufferevent *bev = bufferevent_socket_new(base, pairs[i][0], 0);
		bufferevent_setcb(bev, echo, NULL, NULL, NULL);
		bufferevent_enable(bev, EV_READ | EV_WRITE);
		CHECK(write(pairs[i][1], block, sizeof(block)) == sizeof(block));
	}
	for (int turn = 0; turn < 100; turn++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	for (int i = 0; i < OBJECTS; i++)
		CHECK(read(pairs[i][1], block, sizeof(block)) == sizeof(block));
	return (bench_heap() - before) / OBJECTS;
}
static double
evbuffer_bytes(void)
{
	double before = bench_heap();
	for (int i = 0; i < OBJECTS; i++)
		evbuffer_add(evbuffer_new(), "x", 1);
	return (bench_heap() - before) / OBJECTS;
}

const struct workload object_workloads[] = {
	{ "base_new_free", NULL, new_base, NULL },
	{ "event_new_free", make, new_event, NULL },
	{ "bufferevent_new_free", make, new_bufferevent, NULL },
	{ "memory_event", NULL, NULL, event_bytes },
	{ "memory_bufferevent", NULL, NULL, bufferevent_bytes },
	{ "memory_evbuffer", NULL, NULL, evbuffer_bytes },
	{ 0 },
};
