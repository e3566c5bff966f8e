/* A line-based chat. The first line of a client is its name; each further line goes to all others.
 *
 * Watermarks keep the server's memory bounded: input is read up to MAX_LINE bytes, and a client whose line is longer is told so
 * and dropped; a client that does not read its mail is dropped once MAX_MAIL bytes wait for it. A client that says nothing
 * for IDLE seconds gets a reminder.
 *
 *	cc chat.c $(pkg-config --cflags --libs libevent) -o chat
 *	./chat [PORT]
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define MAX_LINE 1024
#define MAX_MAIL (1024 * 1024)
#define IDLE 30

struct client {
	TAILQ_ENTRY(client) next;
	struct bufferevent *bev;
	char *name;
};

static TAILQ_HEAD(, client) clients = TAILQ_HEAD_INITIALIZER(clients);

static void broadcast(const struct client *from, const char *verb, const char *text);

static void forget(struct client *client, const char *why)
{
	TAILQ_REMOVE(&clients, client, next);
	bufferevent_free(client->bev);
	if (client->name)
		broadcast(client, "left:", why);
	free(client->name);
	free(client);
}

/* `from` may be off the list already. */
static void broadcast(const struct client *from, const char *verb, const char *text)
{
	struct client *client;

	TAILQ_FOREACH(client, &clients, next) {
		struct evbuffer *out = bufferevent_get_output(client->bev);

		if (client == from || !client->name)
			continue;
		if (evbuffer_get_length(out) > MAX_MAIL) {
			/* Not here: the list is being walked. The loop reports the error soon. */
			bufferevent_trigger_event(client->bev, BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
			continue;
		}
		evbuffer_add_printf(out, "%s %s %s\n", from->name, verb, text);
	}
}

static void readable(struct bufferevent *bev, void *arg)
{
	struct client *client = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	char *line;

	while ((line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF))) {
		if (!client->name) {
			client->name = line;
			bufferevent_write(bev, "welcome\n", 8);
			broadcast(client, "joined:", "hello");
			continue;
		}
		broadcast(client, "says:", line);
		free(line);
	}
	if (evbuffer_get_length(in) >= MAX_LINE)
		forget(client, "line too long");
}

static void eventful(struct bufferevent *bev, short what, void *arg)
{
	if (what & BEV_EVENT_TIMEOUT) {
		bufferevent_write(bev, "are you there?\n", 15);
		bufferevent_enable(bev, EV_READ); /* a timeout has switched it off */
		return;
	}
	forget(arg, (what & BEV_EVENT_EOF) ? "bye" : "connection lost");
}

static void accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int len, void *arg)
{
	struct timeval idle = { IDLE, 0 };
	struct client *client = calloc(1, sizeof(*client));

	(void)peer;
	(void)len;
	(void)arg;
	if (client)
		client->bev = bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client || !client->bev) {
		free(client);
		evutil_closesocket(fd);
		return;
	}
	TAILQ_INSERT_TAIL(&clients, client, next);
	bufferevent_setcb(client->bev, readable, NULL, eventful, client);
	bufferevent_setwatermark(client->bev, EV_READ, 0, MAX_LINE);
	bufferevent_set_timeouts(client->bev, &idle, NULL);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
}

static void terminate(evutil_socket_t signo, short what, void *arg)
{
	(void)signo;
	(void)what;
	event_base_loopbreak(arg);
}

int main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct evconnlistener *listener;
	struct event *term;
	struct client *client;
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
	term = evsignal_new(base, SIGTERM, terminate, base);
	if (!listener || !term || event_add(term, NULL))
		return 1;
	if (getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&sin, &len))
		return 1;
	printf("port %d\n", ntohs(sin.sin_port));
	fflush(stdout);

	event_base_dispatch(base);

	while ((client = TAILQ_FIRST(&clients)))
		forget(client, "the server ends");
	evconnlistener_free(listener);
	event_free(term);
	event_base_free(base);
	puts("ended");
	return 0;
}
