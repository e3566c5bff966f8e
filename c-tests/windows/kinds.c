/* Bufferevents that are no sockets or more than sockets: pairs, filters, rate limits; raw socket events. */
#include "check.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_struct.h>
#include <event2/event_struct.h>

static int got_all;
static void upper(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	if (evbuffer_get_length(in) < 10)
		return;
	CHECK(memcmp(evbuffer_pullup(in, -1), "HELLOWORLD", 10) == 0);
	evbuffer_drain(in, 10);
	got_all++;
	event_base_loopexit(arg, NULL);
}
static enum bufferevent_filter_result raise_letters(struct evbuffer *from, struct evbuffer *to, ev_ssize_t limit,
    enum bufferevent_flush_mode mode, void *arg)
{
	char c;
	(void)limit, (void)mode, (void)arg;
	while (evbuffer_remove(from, &c, 1) == 1) {
		c = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
		evbuffer_add(to, &c, 1);
	}
	return BEV_OK;
}
static int fired, wrote;
static void readable(evutil_socket_t fd, short what, void *arg)
{
	char buf[16];
	CHECK(what == EV_READ);
	CHECK(recv(fd, buf, sizeof(buf), 0) == 5);
	fired++;
	event_base_loopexit(arg, NULL);
}
static void writable(evutil_socket_t fd, short what, void *arg)
{
	(void)arg;
	CHECK(what == EV_WRITE);
	CHECK(send(fd, "bytes", 5, 0) == 5);
	wrote++;
}
static void drained(struct bufferevent *bev, void *arg)
{
	size_t *n = arg;
	*n += evbuffer_get_length(bufferevent_get_input(bev));
	evbuffer_drain(bufferevent_get_input(bev), (size_t)-1 / 2);
}

int main(int argc, char **argv)
{
	struct event_base *base;
	struct bufferevent *pair[2], *filter, *sock[2];
	struct event *ev;
	struct event on_stack;
	struct ev_token_bucket_cfg *limit;
	struct timeval tick = {0, 100000}, second = {0, 700000};
	evutil_socket_t fds[2];
	size_t total = 0;
	char block[20000];
	begin(argc, argv);
	base = new_base();

	NEED(bufferevent_pair_new(base, 0, pair) == 0);
	filter = bufferevent_filter_new(pair[1], raise_letters, NULL, BEV_OPT_CLOSE_ON_FREE, NULL, NULL);
	NEED(filter != NULL);
	bufferevent_setcb(filter, upper, NULL, NULL, base);
	bufferevent_enable(filter, EV_READ);
	bufferevent_enable(pair[0], EV_WRITE);
	bufferevent_write(pair[0], "hello", 5);
	bufferevent_write(pair[0], "world", 5);
	run_loop(base, 10);
	CHECK(got_all == 1);
	bufferevent_free(pair[0]);
	bufferevent_free(filter);

	/* Events on sockets, one of them in the program's own memory. */
	NEED(evutil_socketpair(AF_INET, SOCK_STREAM, 0, fds) == 0);
	evutil_make_socket_nonblocking(fds[0]);
	evutil_make_socket_nonblocking(fds[1]);
	ev = event_new(base, fds[0], EV_READ | EV_PERSIST, readable, base);
	CHECK(event_assign(&on_stack, base, fds[1], EV_WRITE, writable, NULL) == 0);
	CHECK(event_get_struct_event_size() == sizeof(struct event));
	CHECK(on_stack.ev_fd == fds[1]);
	CHECK(event_add(ev, NULL) == 0 && event_add(&on_stack, NULL) == 0);
	run_loop(base, 10);
	CHECK(fired == 1 && wrote == 1);
	event_free(ev);
	event_del(&on_stack);

	/* 2000 bytes per tick of 100 ms: 20000 cannot have come through in 0.7 s. */
	sock[0] = bufferevent_socket_new(base, fds[0], BEV_OPT_CLOSE_ON_FREE);
	sock[1] = bufferevent_socket_new(base, fds[1], BEV_OPT_CLOSE_ON_FREE);
	NEED(sock[0] && sock[1]);
	limit = ev_token_bucket_cfg_new(2000, 2000, 2000, 2000, &tick);
	CHECK(limit && bufferevent_set_rate_limit(sock[0], limit) == 0);
	memset(block, 'b', sizeof(block));
	bufferevent_setcb(sock[1], drained, NULL, NULL, &total);
	bufferevent_enable(sock[0], EV_WRITE);
	bufferevent_enable(sock[1], EV_READ);
	bufferevent_write(sock[0], block, sizeof(block));
	event_base_loopexit(base, &second);
	event_base_dispatch(base);
	CHECK(total >= 2000 && total <= 18000);
	bufferevent_set_rate_limit(sock[0], NULL);
	event_base_loopexit(base, &second);
	event_base_dispatch(base);
	CHECK(total == sizeof(block));
	CHECK(bufferevent_getfd(sock[0]) == fds[0]);
	bufferevent_free(sock[0]);
	bufferevent_free(sock[1]);
	ev_token_bucket_cfg_free(limit);
	event_base_free(base);
	return end();
}
