/* evconnlistener: options, callbacks, enabling, ownership of the socket. */
#include "common.h"
#include <netinet/in.h>
#include <netinet/tcp.h>

static struct event_base *base;
static int accepted;

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
	accepted++;
	printf("  %s: connection, family %d, len %d, nonblocking %d, cloexec %d, same base %d\n", (char *)arg, sa->sa_family, len,
	    (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0,
	    evconnlistener_get_base(l) == base);
	close(fd);
}
static void on_accept_2(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
	(void)sa, (void)len;
	printf("  second callback %s\n", (char *)arg);
	close(fd);
	evconnlistener_disable(l);
}
static void on_error(struct evconnlistener *l, void *arg)
{
	printf("  error for %s\n", (char *)arg);
	evconnlistener_disable(l);
}
static void free_in_callback(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
	(void)sa, (void)len, (void)arg;
	printf("  frees itself\n");
	close(fd);
	evconnlistener_free(l);
}

static int client(struct evconnlistener *l)
{
	struct sockaddr_in sin;
	ev_socklen_t len = sizeof(sin);
	int s = socket(AF_INET, SOCK_STREAM, 0);
	getsockname(evconnlistener_get_fd(l), (struct sockaddr *)&sin, &len);
	if (connect(s, (struct sockaddr *)&sin, sizeof(sin)) < 0)
		printf("  cannot connect\n");
	return s;
}
static void turn(int n)
{
	while (n--)
		event_base_loop(base, EVLOOP_NONBLOCK);
}
static int option(evutil_socket_t fd, int level, int name)
{
	int v = -1;
	ev_socklen_t len = sizeof(v);
	getsockopt(fd, level, name, &v, &len);
	return v;
}

int main(void)
{
	static const unsigned flags[] = {0, LEV_OPT_CLOSE_ON_FREE, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_LEAVE_SOCKETS_BLOCKING,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_DISABLED,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE_PORT, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_DEFERRED_ACCEPT};
	struct sockaddr_in sin;
	struct evconnlistener *l;
	unsigned i;
	evutil_socket_t fd;
	int c[3];
	setup();
	base = event_base_new();
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(0x7f000001);
	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		printf("== flags %u\n", flags[i]);
		l = evconnlistener_new_bind(base, on_accept, "one", flags[i], 5, (struct sockaddr *)&sin, sizeof(sin));
		NIL(l);
		if (!l)
			continue;
		fd = evconnlistener_get_fd(l);
		SHOW((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
		SHOW((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
		SHOW(option(fd, SOL_SOCKET, SO_REUSEADDR) != 0);
		SHOW(option(fd, SOL_SOCKET, SO_REUSEPORT) != 0);
		SHOW(option(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
		SHOW(option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT) > 0);
		c[0] = client(l), c[1] = client(l);
		if (flags[i] & LEV_OPT_DEFERRED_ACCEPT) {
			SHOW(write(c[0], "x", 1));
			SHOW(write(c[1], "x", 1));
		}
		turn(2);
		SHOW(evconnlistener_disable(l));
		c[2] = client(l);
		if (flags[i] & LEV_OPT_DEFERRED_ACCEPT)
			SHOW(write(c[2], "x", 1));
		turn(2);
		SHOW(evconnlistener_enable(l));
		SHOW(evconnlistener_enable(l));
		turn(2);
		evconnlistener_set_cb(l, on_accept_2, "two");
		close(c[0]), close(c[1]), close(c[2]);
		c[0] = client(l);
		if (flags[i] & LEV_OPT_DEFERRED_ACCEPT)
			SHOW(write(c[0], "x", 1));
		turn(2);
		evconnlistener_set_cb(l, NULL, NULL);
		turn(1);
		evconnlistener_set_error_cb(l, on_error);
		close(c[0]);
		evconnlistener_free(l);
		SHOW(fcntl(fd, F_GETFD) >= 0);
		if (!(flags[i] & LEV_OPT_CLOSE_ON_FREE))
			close(fd);
	}
	TITLE("freed in its callback");
	l = evconnlistener_new_bind(base, free_in_callback, NULL, LEV_OPT_CLOSE_ON_FREE, 5, (struct sockaddr *)&sin,
	    sizeof(sin));
	c[0] = client(l), c[1] = client(l);
	turn(3);
	close(c[0]), close(c[1]);
	TITLE("a socket of the program's");
	fd = socket(AF_INET, SOCK_STREAM, 0);
	evutil_make_socket_nonblocking(fd);
	SHOW(bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	SHOW(listen(fd, 3));
	l = evconnlistener_new(base, on_accept, "own", LEV_OPT_CLOSE_ON_FREE, 0, fd);
	NIL(l);
	c[0] = client(l);
	turn(2);
	close(c[0]);
	evconnlistener_free(l);
	TITLE("errors");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	NIL(evconnlistener_new(base, on_accept, NULL, 0, 5, fd));
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	l = evconnlistener_new(base, on_accept, "null device", LEV_OPT_CLOSE_ON_FREE, 0, fd);
	if (l)
		evconnlistener_free(l);
	sin.sin_addr.s_addr = htonl(0x01020304);
	NIL(evconnlistener_new_bind(base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE, 5, (struct sockaddr *)&sin, sizeof(sin)));
	{
		struct evconnlistener *bound;
		ev_socklen_t len = sizeof(sin);
		sin.sin_addr.s_addr = htonl(0x7f000001);
		sin.sin_port = 0;
		bound = evconnlistener_new_bind(base, on_accept, "bound", LEV_OPT_CLOSE_ON_FREE, -1, (struct sockaddr *)&sin,
		    sizeof(sin));
		NIL(bound);
		getsockname(evconnlistener_get_fd(bound), (struct sockaddr *)&sin, &len);
		NIL(evconnlistener_new_bind(base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE, -1, (struct sockaddr *)&sin,
		    sizeof(sin)));
		evconnlistener_free(bound);
	}
	SHOW(accepted);
	event_base_free(base);
	return 0;
}
