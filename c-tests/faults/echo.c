/* A server and a client in one process, over loopback TCP: what is sent must come back, whatever single calls do.
 * usage: echo [bytes [k]]   with k, the k-th allocation of the library fails, once. Prints "ok BYTES" when all came back equal, "lost: reason" when the transport reported an error
 * (which only a fault plan with real errors may cause). Anything else is a failure. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct event_base *base;
static size_t total = 300000, sent, got;
static const char *lost;
static char why[128];

static unsigned char byte_at(size_t i) { return (unsigned char)(i * 131 + (i >> 8) * 7); }

static void finish(const char *reason)
{
	if (!lost)
		lost = reason;
	event_base_loopbreak(base);
}
static void server_read(struct bufferevent *bev, void *arg)
{
	(void)arg;
	if (bufferevent_write_buffer(bev, bufferevent_get_input(bev)) < 0)
		finish("server cannot write");
}
static void server_event(struct bufferevent *bev, short what, void *arg)
{
	(void)arg;
	if (what & BEV_EVENT_ERROR) {
		snprintf(why, sizeof why, "server %s", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
		finish(why);
	}
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		bufferevent_free(bev);
}
static void accepted(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
	struct bufferevent *bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	(void)l; (void)sa; (void)len; (void)arg;
	if (!bev) {
		evutil_closesocket(fd);
		finish("server bufferevent_socket_new");
		return;
	}
	bufferevent_setcb(bev, server_read, NULL, server_event, NULL);
	if (bufferevent_enable(bev, EV_READ | EV_WRITE) < 0)
		finish("server enable");
}
static void accept_error(struct evconnlistener *l, void *arg)
{
	(void)l; (void)arg; /* retried by the loop: the listener stays enabled */
}
static void client_write(struct bufferevent *bev, void *arg)
{
	unsigned char piece[4096];
	size_t n = total - sent < sizeof piece ? total - sent : sizeof piece, i;
	(void)arg;
	if (!n)
		return;
	for (i = 0; i < n; i++)
		piece[i] = byte_at(sent + i);
	if (bufferevent_write(bev, piece, n) < 0) {
		finish("client write");
		return;
	}
	sent += n;
}
static void client_read(struct bufferevent *bev, void *arg)
{
	unsigned char piece[1000];
	size_t n, i;
	(void)arg;
	while ((n = bufferevent_read(bev, piece, sizeof piece)) > 0)
		for (i = 0; i < n; i++, got++)
			if (piece[i] != byte_at(got)) {
				printf("byte %zu differs\n", got);
				exit(1);
			}
	if (got == total)
		event_base_loopbreak(base);
}
static void client_event(struct bufferevent *bev, short what, void *arg)
{
	(void)arg;
	if (what & BEV_EVENT_CONNECTED)
		client_write(bev, NULL);
	else if (what & BEV_EVENT_ERROR) {
		snprintf(why, sizeof why, "client %s", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
		finish(why);
	} else if (what & BEV_EVENT_EOF)
		finish("client eof");
}
static void too_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd; (void)what; (void)arg;
	printf("stalled: sent %zu got %zu of %zu\n", sent, got, total);
	exit(1);
}
static long allocations, failing;
static void *counted_malloc(size_t n) { return ++allocations == failing ? NULL : malloc(n); }
static void *counted_realloc(void *p, size_t n) { return ++allocations == failing ? NULL : realloc(p, n); }

int main(int argc, char **argv)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof sin;
	struct evconnlistener *l;
	struct bufferevent *c;
	struct event *guard;
	struct timeval limit = { 15, 0 };
	if (argc > 1)
		total = (size_t)atol(argv[1]);
	if (argc > 2) {
		failing = atol(argv[2]);
		event_set_mem_functions(counted_malloc, counted_realloc, free);
	}
	memset(&sin, 0, sizeof sin);
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!(base = event_base_new()))
		return puts("lost: event_base_new"), 0;
	l = evconnlistener_new_bind(base, accepted, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1, (struct sockaddr *)&sin, sizeof sin);
	if (!l)
		return event_base_free(base), puts("lost: listener"), 0;
	evconnlistener_set_error_cb(l, accept_error);
	getsockname(evconnlistener_get_fd(l), (struct sockaddr *)&sin, &len);
	guard = evtimer_new(base, too_late, NULL);
	c = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!guard || !c || evtimer_add(guard, &limit) < 0)
		finish("set-up");
	else {
		bufferevent_setcb(c, client_read, client_write, client_event, NULL);
		if (bufferevent_enable(c, EV_READ | EV_WRITE) < 0 || bufferevent_socket_connect(c, (struct sockaddr *)&sin, (int)sizeof sin) < 0)
			finish("connect");
		else
			event_base_dispatch(base);
	}
	if (c)
		bufferevent_free(c);
	if (guard)
		event_free(guard);
	evconnlistener_free(l);
	event_base_free(base);
	if (failing)
		printf("allocations %ld\n", allocations);
	if (lost)
		printf("lost: %s\n", lost);
	else if (got == total)
		printf("ok %zu\n", got);
	else
		return printf("ended early: sent %zu got %zu\n", sent, got), 1;
	return 0;
}
