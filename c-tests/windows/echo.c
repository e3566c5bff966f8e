/* An echo server and its clients: listener, bufferevents, half-closed and refused connections, timeouts. */
#include "check.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#define CLIENTS 20
#define BYTES 300000

static struct event_base *base;
static int served, clients_done, refused, timed_out, connected;

static void server_read(struct bufferevent *bev, void *arg)
{
	(void)arg;
	CHECK(bufferevent_write_buffer(bev, bufferevent_get_input(bev)) == 0);
}
static void flushed(struct bufferevent *bev, void *arg)
{
	(void)arg;
	if (evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		bufferevent_free(bev);
}
static void server_event(struct bufferevent *bev, short what, void *arg)
{
	(void)arg;
	CHECK(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR));
	served++;
	bufferevent_disable(bev, EV_READ);
	if (evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		bufferevent_free(bev);
	else
		bufferevent_setcb(bev, NULL, flushed, server_event, NULL);
}
static void accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr, int len, void *arg)
{
	struct bufferevent *bev;
	(void)arg;
	CHECK(len == (int)sizeof(struct sockaddr_in));
	CHECK(((struct sockaddr_in *)addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	bev = bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
	NEED(bev != NULL);
	bufferevent_setcb(bev, server_read, NULL, server_event, NULL);
	CHECK(bufferevent_enable(bev, EV_READ | EV_WRITE) == 0);
}

struct client {
	struct bufferevent *bev;
	size_t sent, got;
	int number;
};
static unsigned char byte_at(const struct client *c, size_t at)
{
	return (unsigned char)(at * 7 + at / 251 + (size_t)c->number);
}
static void client_send(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;
	unsigned char piece[7919];
	size_t n = 0;
	if (c->sent == BYTES)
		return;
	while (n < sizeof(piece) && c->sent < BYTES)
		piece[n++] = byte_at(c, c->sent++);
	CHECK(bufferevent_write(bev, piece, n) == 0);
}
static void client_read(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;
	unsigned char piece[4096];
	size_t n, i, wrong = 0;
	while ((n = bufferevent_read(bev, piece, sizeof(piece))) > 0)
		for (i = 0; i < n; i++)
			wrong += piece[i] != byte_at(c, c->got++);
	CHECK(wrong == 0);
	if (c->got == BYTES) {
		clients_done++;
		bufferevent_free(bev);
		free(c);
	}
}
static void client_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *c = arg;
	if (what & BEV_EVENT_CONNECTED) {
		connected++;
		client_send(bev, c);
		return;
	}
	printf("client %d: event 0x%x after %d of %d bytes\n", c->number, what, (int)c->got, BYTES);
	CHECK(!"the connection lives");
	bufferevent_free(bev);
	free(c);
}
static void refused_event(struct bufferevent *bev, short what, void *arg)
{
	(void)arg;
	CHECK(what & BEV_EVENT_ERROR);
	CHECK(!(what & BEV_EVENT_CONNECTED));
	refused++;
	bufferevent_free(bev);
}
static void idle_event(struct bufferevent *bev, short what, void *arg)
{
	(void)arg;
	if (what & BEV_EVENT_CONNECTED)
		return;
	CHECK((what & (BEV_EVENT_TIMEOUT | BEV_EVENT_READING)) == (BEV_EVENT_TIMEOUT | BEV_EVENT_READING));
	timed_out++;
	bufferevent_free(bev);
}
static void stop_when_done(evutil_socket_t fd, short what, void *arg)
{
	static int calls;
	if (++calls == 400)
		printf("done %d, refused %d, timed out %d, served %d\n", clients_done, refused, timed_out, served);
	(void)fd, (void)what, (void)arg;
	if (clients_done == CLIENTS && refused == 1 && timed_out == 1 && served == CLIENTS + 1)
		event_base_loopexit(base, NULL);
}

int main(int argc, char **argv)
{
	struct sockaddr_in sin = loopback(0);
	struct evconnlistener *listener;
	struct event *watch;
	struct timeval tick = {0, 20000}, idle = {0, 300000};
	struct bufferevent *bev;
	evutil_socket_t nobody;
	int i, port;
	begin(argc, argv);
	base = new_base();
	listener = evconnlistener_new_bind(base, accepted, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1,
	    (struct sockaddr *)&sin, sizeof(sin));
	NEED(listener != NULL);
	port = port_of(evconnlistener_get_fd(listener));
	sin = loopback(port);
	for (i = 0; i < CLIENTS; i++) {
		struct client *c = calloc(1, sizeof(*c));
		NEED(c != NULL);
		c->number = i;
		c->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE | (i % 2 ? BEV_OPT_DEFER_CALLBACKS : 0));
		NEED(c->bev != NULL);
		bufferevent_setcb(c->bev, client_read, client_send, client_event, c);
		CHECK(bufferevent_enable(c->bev, EV_READ | EV_WRITE) == 0);
		CHECK(bufferevent_socket_connect(c->bev, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	}
	/* One that says nothing and is given up. */
	bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	NEED(bev != NULL);
	bufferevent_setcb(bev, NULL, NULL, idle_event, NULL);
	CHECK(bufferevent_set_timeouts(bev, &idle, NULL) == 0);
	CHECK(bufferevent_enable(bev, EV_READ) == 0);
	CHECK(bufferevent_socket_connect(bev, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	/* One that finds nobody: a port that was bound and is free again. */
	nobody = socket(AF_INET, SOCK_STREAM, 0);
	sin = loopback(0);
	NEED(bind(nobody, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	sin = loopback(port_of(nobody));
	evutil_closesocket(nobody);
	bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	NEED(bev != NULL);
	bufferevent_setcb(bev, NULL, NULL, refused_event, NULL);
	CHECK(bufferevent_enable(bev, EV_READ | EV_WRITE) == 0);
	CHECK(bufferevent_socket_connect(bev, (struct sockaddr *)&sin, sizeof(sin)) == 0);

	watch = event_new(base, -1, EV_PERSIST, stop_when_done, NULL);
	NEED(watch != NULL);
	event_add(watch, &tick);
	run_loop(base, 30);
	CHECK(connected == CLIENTS);
	CHECK(clients_done == CLIENTS);
	CHECK(refused == 1);
	CHECK(timed_out == 1);
	event_free(watch);
	evconnlistener_free(listener);
	event_base_free(base);
	return end();
}
