/* bufferevents on sockets, pairs and filters: which callbacks run, in which order, with what. */
#include "common.h"
#include <event2/bufferevent_struct.h>
#include <netinet/in.h>

static struct event_base *base;
static int finished;

static void on_read(struct bufferevent *bev, void *arg)
{
	char out[64];
	size_t n;
	printf("  %s: read callback, %zu bytes:", (char *)arg, evbuffer_get_length(bufferevent_get_input(bev)));
	while ((n = bufferevent_read(bev, out, sizeof(out))) > 0)
		printf(" %.*s", (int)n, out);
	printf("\n");
}
static void on_write(struct bufferevent *bev, void *arg)
{
	printf("  %s: write callback, %zu left\n", (char *)arg, evbuffer_get_length(bufferevent_get_output(bev)));
}
static void on_event(struct bufferevent *bev, short what, void *arg)
{
	printf("  %s: event 0x%x, enabled %d\n", (char *)arg, (unsigned)what, bufferevent_get_enabled(bev));
	finished++;
}
static void keep(struct bufferevent *bev, void *arg)
{
	printf("  %s: has %zu bytes\n", (char *)arg, evbuffer_get_length(bufferevent_get_input(bev)));
}

static void turn(int n)
{
	while (n--)
		event_base_loop(base, EVLOOP_NONBLOCK);
}
static void run(int milliseconds)
{
	event_base_loopexit(base, ms(milliseconds));
	event_base_dispatch(base);
}

static void accessors(void)
{
	struct bufferevent *b = bufferevent_socket_new(base, -1, 0);
	bufferevent_data_cb r, w;
	bufferevent_event_cb e;
	void *arg;
	size_t lo, hi;
	TITLE("accessors");
	SHOW(bufferevent_get_enabled(b));
	SHOW(bufferevent_getfd(b));
	SHOW(bufferevent_get_base(b) == base);
	SHOW(bufferevent_get_priority(b));
	NIL(bufferevent_get_underlying(b));
	NIL(bufferevent_pair_get_partner(b));
	NIL(bufferevent_get_input(b));
	SHOW(bufferevent_get_input(b) != bufferevent_get_output(b));
	SHOW(b->input == bufferevent_get_input(b));
	SHOW(b->output == bufferevent_get_output(b));
	SHOW(b->ev_base == base);
	bufferevent_setcb(b, on_read, on_write, on_event, "x");
	bufferevent_getcb(b, &r, &w, &e, &arg);
	SHOW(r == on_read && w == on_write && e == on_event);
	SHOW(b->readcb == on_read && b->cbarg == arg);
	TEXT((char *)arg);
	bufferevent_getcb(b, NULL, NULL, NULL, NULL);
	SHOW(bufferevent_enable(b, EV_READ));
	SHOW(bufferevent_get_enabled(b));
	SHOW(bufferevent_disable(b, EV_READ | EV_WRITE));
	SHOW(bufferevent_get_enabled(b));
	bufferevent_setwatermark(b, EV_READ, 10, 20);
	SHOW(bufferevent_getwatermark(b, EV_READ, &lo, &hi));
	SHOW(lo);
	SHOW(hi);
	SHOW(bufferevent_getwatermark(b, EV_WRITE, &lo, &hi));
	SHOW(lo);
	SHOW(bufferevent_getwatermark(b, EV_READ | EV_WRITE, &lo, &hi));
	SHOW(bufferevent_getwatermark(b, EV_READ, NULL, NULL));
	SHOW(bufferevent_priority_set(b, 0));
	SHOW(bufferevent_priority_set(b, 1));
	SHOW(bufferevent_set_timeouts(b, ms(10), NULL));
	SHOW(bufferevent_set_timeouts(b, NULL, NULL));
	SHOW(bufferevent_base_set(base, b));
	SHOW(bufferevent_flush(b, EV_WRITE, BEV_FLUSH));
	SHOW(bufferevent_get_max_to_read(b));
	SHOW(bufferevent_get_max_to_write(b));
	SHOW(bufferevent_get_max_single_read(b));
	SHOW(bufferevent_get_max_single_write(b));
	SHOW(bufferevent_set_max_single_read(b, 1000));
	SHOW(bufferevent_get_max_single_read(b));
	SHOW(bufferevent_set_max_single_read(b, 0));
	SHOW(bufferevent_get_max_single_read(b));
	SHOW(bufferevent_get_read_limit(b) == EV_SSIZE_MAX);
	SHOW(bufferevent_get_write_limit(b) == EV_SSIZE_MAX);
	SHOW(bufferevent_socket_get_dns_error(b));
	SHOW(bufferevent_read(b, &lo, sizeof(lo)));
	SHOW(bufferevent_write(b, "abc", 3));
	SHOW(evbuffer_get_length(bufferevent_get_output(b)));
	bufferevent_incref(b);
	SHOW(bufferevent_decref(b));
	bufferevent_lock(b);
	bufferevent_unlock(b);
	bufferevent_free(b);
	NIL(b = bufferevent_socket_new(base, -1, BEV_OPT_UNLOCK_CALLBACKS));
}

static void sockets(int options)
{
	struct bufferevent *a, *b;
	evutil_socket_t fd[2];
	printf("== sockets, options %d\n", options);
	pair(fd);
	a = bufferevent_socket_new(base, fd[0], options);
	b = bufferevent_socket_new(base, fd[1], options);
	bufferevent_setcb(a, on_read, on_write, on_event, "a");
	bufferevent_setcb(b, on_read, on_write, on_event, "b");
	SHOW(bufferevent_get_enabled(a));
	SHOW(bufferevent_write(a, "hello", 5));
	turn(2);
	SHOW(bufferevent_enable(b, EV_READ));
	turn(2);
	SHOW(bufferevent_write(b, "one", 3));
	SHOW(bufferevent_write(b, "two", 3));
	SHOW(bufferevent_enable(a, EV_READ));
	turn(3);
	/* Low watermark. */
	bufferevent_setwatermark(a, EV_READ, 5, 0);
	bufferevent_write(b, "1234", 4);
	turn(3);
	bufferevent_write(b, "5", 1);
	turn(3);
	/* High watermark. The original calls a callback that drains nothing without end. */
	bufferevent_setwatermark(a, EV_READ, 0, 4);
	bufferevent_write(b, "ABCDEFGHIJ", 10);
	turn(5);
	bufferevent_setcb(a, NULL, NULL, on_event, "a");
	bufferevent_write(b, "abcdefgh", 8);
	turn(4);
	SHOW(evbuffer_get_length(bufferevent_get_input(a)));
	evbuffer_drain(bufferevent_get_input(a), 2);
	turn(4);
	SHOW(evbuffer_get_length(bufferevent_get_input(a)));
	bufferevent_setwatermark(a, EV_READ, 0, 0);
	turn(4);
	SHOW(evbuffer_get_length(bufferevent_get_input(a)));
	/* Triggers. */
	bufferevent_setcb(a, on_read, on_write, on_event, "a");
	bufferevent_trigger(a, EV_READ | EV_WRITE, 0);
	turn(2);
	bufferevent_trigger(a, EV_READ, BEV_TRIG_IGNORE_WATERMARKS);
	turn(2);
	bufferevent_trigger_event(a, BEV_EVENT_READING | BEV_EVENT_ERROR, 0);
	turn(2);
	bufferevent_trigger(a, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
	printf("  triggered\n");
	turn(2);
	/* Write watermark. */
	bufferevent_disable(b, EV_READ);
	bufferevent_setwatermark(a, EV_WRITE, 3, 0);
	bufferevent_write(a, "xyz", 3);
	turn(3);
	/* Writing while disabled. */
	bufferevent_setwatermark(a, EV_WRITE, 0, 0);
	bufferevent_disable(a, EV_WRITE);
	bufferevent_write(a, "later", 5);
	turn(2);
	SHOW(evbuffer_get_length(bufferevent_get_output(a)));
	bufferevent_enable(a, EV_WRITE);
	turn(2);
	bufferevent_enable(b, EV_READ);
	turn(2);
	/* End of file. */
	if (options & BEV_OPT_CLOSE_ON_FREE) {
		bufferevent_write(b, "last words", 10);
		turn(2);
		bufferevent_free(b);
		turn(3);
		SHOW(bufferevent_get_enabled(a));
		bufferevent_write(a, "nobody", 6);
		turn(3);
		SHOW(bufferevent_get_enabled(a));
		bufferevent_free(a);
		turn(2);
		SHOW(fcntl(fd[0], F_GETFD));
	} else {
		shutdown(fd[1], SHUT_WR);
		turn(2);
		bufferevent_free(a);
		bufferevent_free(b);
		turn(2);
		SHOW(fcntl(fd[0], F_GETFD) >= 0);
		close(fd[0]), close(fd[1]);
	}
}

static void timeouts(void)
{
	struct bufferevent *a;
	evutil_socket_t fd[2];
	char big[65536];
	int i;
	TITLE("timeouts");
	pair(fd);
	a = bufferevent_socket_new(base, fd[0], BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(a, on_read, on_write, on_event, "a");
	bufferevent_set_timeouts(a, ms(20), ms(40));
	bufferevent_enable(a, EV_READ | EV_WRITE);
	run(60);
	SHOW(bufferevent_get_enabled(a));
	bufferevent_enable(a, EV_READ);
	SHOW(write(fd[1], "x", 1));
	run(60);
	memset(big, 'x', sizeof(big));
	for (i = 0; i < 32; i++)
		bufferevent_write(a, big, sizeof(big));
	bufferevent_enable(a, EV_WRITE);
	run(100);
	SHOW(bufferevent_get_enabled(a));
	SHOW(evbuffer_get_length(bufferevent_get_output(a)) > 0);
	bufferevent_free(a);
	close(fd[1]);
}

static void pairs(int options)
{
	struct bufferevent *p[2];
	printf("== pairs, options %d\n", options);
	SHOW(bufferevent_pair_new(base, options, p));
	SHOW(bufferevent_pair_get_partner(p[0]) == p[1]);
	SHOW(bufferevent_get_enabled(p[0]));
	SHOW(bufferevent_getfd(p[0]));
	SHOW(bufferevent_setfd(p[0], 1));
	bufferevent_setcb(p[0], on_read, on_write, on_event, "p0");
	bufferevent_setcb(p[1], on_read, on_write, on_event, "p1");
	SHOW(bufferevent_write(p[0], "early", 5));
	turn(2);
	SHOW(bufferevent_enable(p[1], EV_READ));
	turn(2);
	SHOW(bufferevent_write(p[0], "more", 4));
	printf("  written\n");
	turn(2);
	bufferevent_setwatermark(p[1], EV_READ, 4, 8);
	bufferevent_write(p[0], "123", 3);
	turn(2);
	bufferevent_write(p[0], "456789abc", 9);
	turn(2);
	SHOW(evbuffer_get_length(bufferevent_get_output(p[0])));
	bufferevent_setwatermark(p[1], EV_READ, 0, 0);
	turn(2);
	SHOW(evbuffer_get_length(bufferevent_get_output(p[0])));
	bufferevent_disable(p[0], EV_WRITE);
	bufferevent_write(p[0], "held", 4);
	turn(2);
	SHOW(bufferevent_flush(p[0], EV_WRITE, BEV_FLUSH));
	turn(2);
	bufferevent_enable(p[0], EV_WRITE | EV_READ);
	turn(2);
	bufferevent_set_timeouts(p[0], ms(10), NULL);
	run(30);
	SHOW(bufferevent_flush(p[0], EV_WRITE, BEV_FINISHED));
	turn(2);
	bufferevent_free(p[0]);
	turn(2);
	NIL(bufferevent_pair_get_partner(p[1]));
	SHOW(bufferevent_write(p[1], "x", 1));
	turn(2);
	bufferevent_free(p[1]);
	turn(2);
}

/* Doubles letters on the way in, and removes 'x' on the way out. */
static enum bufferevent_filter_result in_filter(struct evbuffer *src, struct evbuffer *dst, ev_ssize_t limit,
    enum bufferevent_flush_mode mode, void *ctx)
{
	unsigned char c;
	int n = 0;
	(void)ctx;
	while (evbuffer_remove(src, &c, 1) == 1) {
		evbuffer_add(dst, &c, 1);
		evbuffer_add(dst, &c, 1);
		n++;
	}
	printf("  in filter: %d, limit %ld, mode %d\n", n, (long)limit, (int)mode);
	return n ? BEV_OK : BEV_NEED_MORE;
}
static enum bufferevent_filter_result out_filter(struct evbuffer *src, struct evbuffer *dst, ev_ssize_t limit,
    enum bufferevent_flush_mode mode, void *ctx)
{
	unsigned char c;
	int n = 0;
	(void)ctx;
	(void)limit;
	while (evbuffer_remove(src, &c, 1) == 1) {
		if (c == '!') {
			printf("  out filter: error\n");
			return BEV_ERROR;
		}
		if (c != 'x')
			evbuffer_add(dst, &c, 1), n++;
	}
	printf("  out filter: %d, mode %d\n", n, (int)mode);
	return n ? BEV_OK : BEV_NEED_MORE;
}
static void free_context(void *ctx)
{
	printf("  context %s freed\n", (char *)ctx);
}

static void filters(void)
{
	struct bufferevent *p[2], *f;
	TITLE("filters");
	SHOW(bufferevent_pair_new(base, 0, p));
	f = bufferevent_filter_new(p[0], in_filter, out_filter, BEV_OPT_CLOSE_ON_FREE, free_context, "ctx");
	NIL(f);
	SHOW(bufferevent_get_underlying(f) == p[0]);
	SHOW(bufferevent_getfd(f));
	SHOW(bufferevent_get_enabled(f));
	bufferevent_setcb(f, on_read, on_write, on_event, "f");
	bufferevent_setcb(p[1], on_read, on_write, on_event, "p1");
	bufferevent_enable(f, EV_READ | EV_WRITE);
	bufferevent_enable(p[1], EV_READ | EV_WRITE);
	bufferevent_write(p[1], "abc", 3);
	turn(3);
	bufferevent_write(f, "1x2x3", 5);
	turn(3);
	bufferevent_write(f, "xxx", 3);
	turn(3);
	SHOW(bufferevent_flush(f, EV_WRITE, BEV_FLUSH));
	turn(3);
	bufferevent_setwatermark(f, EV_READ, 0, 6);
	bufferevent_setcb(f, NULL, on_write, on_event, "f");
	bufferevent_write(p[1], "abcdefgh", 8);
	turn(3);
	SHOW(evbuffer_get_length(bufferevent_get_input(f)));
	evbuffer_drain(bufferevent_get_input(f), 100);
	turn(3);
	bufferevent_write(f, "!", 1);
	turn(3);
	bufferevent_free(p[1]);
	turn(3);
	bufferevent_free(f);
	turn(3);
}

static void connecting(void)
{
	struct sockaddr_in sin;
	ev_socklen_t len = sizeof(sin);
	struct bufferevent *b;
	int l = socket(AF_INET, SOCK_STREAM, 0), s;
	TITLE("connecting");
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	evutil_inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
	if (bind(l, (struct sockaddr *)&sin, sizeof(sin)) < 0 || listen(l, 5) < 0)
		abort();
	getsockname(l, (struct sockaddr *)&sin, &len);
	b = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(b, on_read, on_write, on_event, "client");
	SHOW(bufferevent_write(b, "hello", 5));
	SHOW(bufferevent_socket_connect(b, (struct sockaddr *)&sin, sizeof(sin)));
	SHOW(bufferevent_getfd(b) >= 0);
	run(50);
	s = accept(l, NULL, NULL);
	{
		char got[16];
		SHOW(read(s, got, sizeof(got)));
	}
	close(s);
	bufferevent_enable(b, EV_READ);
	run(30);
	bufferevent_free(b);
	close(l);
	b = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(b, on_read, on_write, on_event, "refused");
	SHOW(bufferevent_socket_connect(b, (struct sockaddr *)&sin, sizeof(sin)));
	run(50);
	bufferevent_free(b);
	b = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(b, on_read, on_write, on_event, "by name");
	SHOW(bufferevent_socket_connect_hostname(b, NULL, AF_INET, "127.0.0.1", ntohs(sin.sin_port)));
	run(50);
	bufferevent_free(b);
}

static void limits(void)
{
	struct ev_token_bucket_cfg *cfg;
	struct bufferevent_rate_limit_group *g;
	struct bufferevent *p[2], *a, *b;
	evutil_socket_t fd[2];
	ev_uint64_t in, out;
	TITLE("rate limits");
	NIL(ev_token_bucket_cfg_new(0, 1, 1, 1, NULL));
	NIL(ev_token_bucket_cfg_new(10, 1, 1, 1, NULL));
	NIL(ev_token_bucket_cfg_new((size_t)-1, (size_t)-1, 1, 1, NULL));
	cfg = ev_token_bucket_cfg_new(10, 20, 100, 200, ms(50));
	NIL(cfg);
	pair(fd);
	a = bufferevent_socket_new(base, fd[0], BEV_OPT_CLOSE_ON_FREE);
	b = bufferevent_socket_new(base, fd[1], BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(a, keep, on_write, on_event, "a");
	bufferevent_setcb(b, keep, on_write, on_event, "b");
	SHOW(bufferevent_set_rate_limit(a, cfg));
	SHOW(bufferevent_get_token_bucket_cfg(a) == cfg);
	SHOW(bufferevent_get_read_limit(a));
	SHOW(bufferevent_get_write_limit(a));
	SHOW(bufferevent_get_max_to_read(a));
	SHOW(bufferevent_get_max_to_write(a));
	SHOW(bufferevent_decrement_read_limit(a, 15));
	SHOW(bufferevent_get_read_limit(a));
	SHOW(bufferevent_decrement_write_limit(a, 300));
	SHOW(bufferevent_get_write_limit(a));
	SHOW(bufferevent_set_rate_limit(a, NULL));
	NIL(bufferevent_get_token_bucket_cfg(a));
	SHOW(bufferevent_get_read_limit(a) == EV_SSIZE_MAX);
	g = bufferevent_rate_limit_group_new(base, cfg);
	NIL(g);
	SHOW(bufferevent_rate_limit_group_set_min_share(g, 5));
	SHOW(bufferevent_add_to_rate_limit_group(a, g));
	SHOW(bufferevent_add_to_rate_limit_group(b, g));
	SHOW(bufferevent_add_to_rate_limit_group(b, g));
	SHOW(bufferevent_rate_limit_group_get_read_limit(g));
	SHOW(bufferevent_rate_limit_group_get_write_limit(g));
	SHOW(bufferevent_rate_limit_group_decrement_read(g, 5));
	SHOW(bufferevent_rate_limit_group_get_read_limit(g));
	bufferevent_rate_limit_group_get_totals(g, &in, &out);
	SHOW(in);
	SHOW(out);
	SHOW(bufferevent_remove_from_rate_limit_group(b));
	SHOW(bufferevent_remove_from_rate_limit_group(b));
	bufferevent_free(a);
	bufferevent_free(b);
	turn(2);
	bufferevent_rate_limit_group_free(g);
	SHOW(bufferevent_pair_new(base, 0, p));
	SHOW(bufferevent_set_rate_limit(p[0], cfg));
	bufferevent_free(p[0]), bufferevent_free(p[1]);
	ev_token_bucket_cfg_free(cfg);
}

static void buffers(void)
{
	struct bufferevent *p[2];
	struct evbuffer *e = evbuffer_new();
	TITLE("whole buffers");
	bufferevent_pair_new(base, 0, p);
	bufferevent_setcb(p[1], keep, NULL, on_event, "p1");
	bufferevent_enable(p[1], EV_READ);
	evbuffer_add_printf(e, "a buffer");
	SHOW(bufferevent_write_buffer(p[0], e));
	SHOW(evbuffer_get_length(e));
	turn(2);
	SHOW(bufferevent_read_buffer(p[1], e));
	SHOW(evbuffer_get_length(e));
	/* Input cannot be added to, output not taken from. */
	SHOW(evbuffer_add(bufferevent_get_input(p[1]), "x", 1));
	SHOW(evbuffer_prepend(bufferevent_get_input(p[1]), "x", 1));
	bufferevent_disable(p[0], EV_WRITE);
	bufferevent_write(p[0], "abc", 3);
	SHOW(evbuffer_drain(bufferevent_get_output(p[0]), 1));
	SHOW(evbuffer_get_length(bufferevent_get_output(p[0])));
	bufferevent_free(p[0]), bufferevent_free(p[1]);
	evbuffer_free(e);
	turn(2);
}

int main(void)
{
	setup();
	base = event_base_new();
	accessors();
	sockets(0);
	sockets(BEV_OPT_CLOSE_ON_FREE);
	sockets(BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	timeouts();
	pairs(0);
	pairs(BEV_OPT_DEFER_CALLBACKS);
	filters();
	connecting();
	limits();
	buffers();
	event_base_free(base);
	return 0;
}
