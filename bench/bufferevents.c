/* Bufferevents that echo: over a socket (the client is two plain calls), a pair, a filter. */
#include "bench.h"

static struct event_base *base;
static evutil_socket_t client;
static struct bufferevent *near, *beyond;
static size_t size;
static char block[16384];

static void
echo(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_write_buffer(bev, bufferevent_get_input(bev));
}
static void
make_socket(size_t n)
{
	evutil_socket_t ends[2];
	base = bench_base();
	bench_pair(ends);
	client = ends[0];
	size = n;
	near = bufferevent_socket_new(base, ends[1], BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(near, echo, NULL, NULL, NULL);
	bufferevent_enable(near, EV_READ | EV_WRITE);
}
static void socket_64(void) { make_socket(64); }
static void socket_16k(void) { make_socket(16384); }
static void
echo_socket(long ops)
{
	for (long i = 0; i < ops; i++) {
		CHECK(write(client, block, size) == (ssize_t)size);
		for (size_t have = 0; have < size;) {
			ssize_t n;
			event_base_loop(base, EVLOOP_ONCE);
			n = read(client, block, sizeof(block));
			if (n > 0)
				have += (size_t)n;
		}
	}
}

static long left;
static void
answered(struct bufferevent *bev, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	(void)arg;
	if (evbuffer_get_length(input) < size)
		return;
	evbuffer_drain(input, size);
	if (--left > 0)
		bufferevent_write(bev, block, size);
}
static enum bufferevent_filter_result
through(struct evbuffer *from, struct evbuffer *to, ev_ssize_t limit, enum bufferevent_flush_mode mode, void *arg)
{
	(void)limit, (void)mode, (void)arg;
	return evbuffer_add_buffer(to, from) == 0 ? BEV_OK : BEV_ERROR;
}
static void
make_pair(int filtered)
{
	struct bufferevent *ends[2];
	base = bench_base();
	size = 64;
	CHECK(bufferevent_pair_new(base, 0, ends) == 0);
	near = ends[0];
	beyond = ends[1];
	if (filtered) {
		near = bufferevent_filter_new(near, through, through, 0, NULL, NULL);
		beyond = bufferevent_filter_new(beyond, through, through, 0, NULL, NULL);
	}
	bufferevent_setcb(near, answered, NULL, NULL, NULL);
	bufferevent_setcb(beyond, echo, NULL, NULL, NULL);
	bufferevent_enable(near, EV_READ | EV_WRITE);
	bufferevent_enable(beyond, EV_READ | EV_WRITE);
}
static void pair_64(void) { make_pair(0); }
static void filter_64(void) { make_pair(1); }
static void
echo_pair(long ops)
{
	left = ops;
	bufferevent_write(near, block, size);
	while (left > 0)
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

const struct workload bufferevent_workloads[] = {
	{ "bufferevent_echo_64", socket_64, echo_socket, NULL },
	{ "bufferevent_echo_16k", socket_16k, echo_socket, NULL },
	{ "bufferevent_pair_echo", pair_64, echo_pair, NULL },
	{ "bufferevent_filter_echo", filter_64, echo_pair, NULL },
	{ 0 },
};
