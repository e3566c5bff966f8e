/* A TCP echo server: a listener, and one bufferevent per connection whose input moves to its output without a copy.
 * A client that sends but does not read is made to wait once 256 KiB stand in its output.
 *
 *	cc echo-server.c $(pkg-config --cflags --libs libevent) -o echo-server
 *	./echo-server [PORT]		port 0, the default, takes a free one
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HIGH (256 * 1024)

static unsigned long connections, bytes;

static void readable(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev), *out = bufferevent_get_output(bev);

	(void)arg;
	bytes += evbuffer_get_length(in);
	evbuffer_add_buffer(out, in);
	if (evbuffer_get_length(out) > HIGH)
		bufferevent_disable(bev, EV_READ);
}

/* Called when the output has drained to the low-water mark. */
static void writable(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_enable(bev, EV_READ);
}

static void closing(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_free(bev);
}

static void eventful(struct bufferevent *bev, short what, void *arg)
{
	if ((what & BEV_EVENT_EOF) && evbuffer_get_length(bufferevent_get_output(bev)) > 0) {
		/* The peer has said all; it still gets the rest of its echo. */
		bufferevent_disable(bev, EV_READ);
		bufferevent_setwatermark(bev, EV_WRITE, 0, 0);
		bufferevent_setcb(bev, NULL, closing, eventful, arg);
		return;
	}
	bufferevent_free(bev);
}

static void accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int len, void *arg)
{
	struct event_base *base = evconnlistener_get_base(listener);
	struct bufferevent *bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)peer;
	(void)len;
	(void)arg;
	if (!bev) {
		evutil_closesocket(fd);
		return;
	}
	++connections;
	bufferevent_setcb(bev, readable, writable, eventful, NULL);
	bufferevent_setwatermark(bev, EV_WRITE, HIGH / 4, 0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void accept_failed(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	fprintf(stderr, "accept: %s\n", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	event_base_loopexit(evconnlistener_get_base(listener), NULL);
}

static void terminate(evutil_socket_t signo, short what, void *arg)
{
	(void)signo;
	(void)what;
	event_base_loopexit(arg, NULL);
}

int main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct evconnlistener *listener;
	struct event *term;
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	if (!base)
		return 1;
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((unsigned short)(argc > 1 ? atoi(argv[1]) : 0));
	listener = evconnlistener_new_bind(base, accepted, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1,
	    (struct sockaddr *)&sin, sizeof(sin));
	if (!listener) {
		perror("evconnlistener_new_bind");
		return 1;
	}
	evconnlistener_set_error_cb(listener, accept_failed);
	term = evsignal_new(base, SIGTERM, terminate, base);
	if (!term || event_add(term, NULL))
		return 1;
	if (getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&sin, &len))
		return 1;
	printf("port %d\n", ntohs(sin.sin_port));
	fflush(stdout);

	event_base_dispatch(base);

	printf("%lu connections, %lu bytes\n", connections, bytes);
	evconnlistener_free(listener);
	event_free(term);
	event_base_free(base);
	return 0;
}
