/*
 * One base in a thread of its own: an evhttp server, a DNS server and resolver, bufferevents. Other threads use them at the same time in
 * every way that evthread_use_pthreads allows. Run under helgrind and memcheck, which judge.
 */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS = 3, ROUNDS = 12 };
#define CHECK(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			_exit(1); \
		} \
	} while (0)

static struct event_base *base;
static struct evdns_base *dns;
static int web_port, echo_port;

/* What threads wait for. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int resolved, looked_up, answered, echoed;
static void
count(int *what)
{
	pthread_mutex_lock(&lock);
	++*what;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}
static void
wait_until(int *what, int value)
{
	pthread_mutex_lock(&lock);
	while (*what < value)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}
static int
local_port(int fd)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	CHECK(getsockname(fd, (struct sockaddr *)&addr, &len) == 0);
	return ntohs(addr.sin_port);
}

static void
serve(struct evhttp_request *req, void *arg)
{
	struct evbuffer *body = evbuffer_new();
	(void)arg;
	evbuffer_add_printf(body, "you asked for %s", evhttp_request_get_uri(req));
	evhttp_send_reply(req, HTTP_OK, "OK", body);
	evbuffer_free(body);
}
static void
answer(struct evdns_server_request *req, void *arg)
{
	const ev_uint32_t address = htonl(INADDR_LOOPBACK);
	(void)arg;
	for (int i = 0; i < req->nquestions; i++)
		if (req->questions[i]->type == EVDNS_TYPE_A)
			CHECK(evdns_server_request_add_a_reply(req, req->questions[i]->name, 1, &address, 60) == 0);
	CHECK(evdns_server_request_respond(req, 0) == 0);
}
static void
echo(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_write_buffer(bev, bufferevent_get_input(bev));
}
static void
gone(struct bufferevent *bev, short what, void *arg)
{
	(void)arg;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		bufferevent_free(bev);
}
static void
accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr, int len, void *arg)
{
	struct bufferevent *bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_THREADSAFE);
	(void)listener, (void)addr, (void)len, (void)arg;
	bufferevent_setcb(bev, echo, NULL, gone, NULL);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

/* ---- what the other threads do ---- */

static void
on_address(int result, char type, int n, int ttl, void *addresses, void *arg)
{
	(void)ttl, (void)addresses, (void)arg;
	CHECK(result == DNS_ERR_CANCEL || (result == DNS_ERR_NONE && type == DNS_IPv4_A && n == 1));
	count(&resolved);
}
/* A look-up's handle is good until its callback runs, in the loop's thread: so that thread cancels. */
struct lookup {
	struct evdns_getaddrinfo_request *handle;
	int told;
};
static struct lookup lookups[THREADS][ROUNDS];
static void
on_lookup(int result, struct evutil_addrinfo *list, void *arg)
{
	((struct lookup *)arg)->told = 1;
	CHECK(result == EVUTIL_EAI_CANCEL || (result == 0 && list));
	if (list)
		evutil_freeaddrinfo(list);
	count(&looked_up);
}
static void
stop(evutil_socket_t fd, short what, void *arg)
{
	struct lookup *l = arg;
	(void)fd, (void)what;
	if (!l->told && l->handle)
		evdns_getaddrinfo_cancel(l->handle);
}
static void
on_reply(struct evhttp_request *req, void *arg)
{
	(void)arg;
	CHECK(req && evhttp_request_get_response_code(req) == 200);
	count(&answered);
}
/* evhttp objects belong to the loop's thread; any thread may ask it to do something. */
static void
ask(evutil_socket_t fd, short what, void *conn)
{
	struct evhttp_request *req = evhttp_request_new(on_reply, NULL);
	(void)fd, (void)what;
	evhttp_add_header(evhttp_request_get_output_headers(req), "Host", "localhost");
	CHECK(evhttp_make_request(conn, req, EVHTTP_REQ_GET, "/some/page") == 0);
}
static void
forget(evutil_socket_t fd, short what, void *conn)
{
	(void)fd, (void)what;
	evhttp_connection_free(conn);
	count(&answered);
}
static void
got_echo(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	(void)arg;
	if (evbuffer_get_length(in) >= 1000) {
		evbuffer_drain(in, evbuffer_get_length(in));
		count(&echoed);
	}
}
static void *
user(void *arg)
{
	int me = (int)(size_t)arg;
	char host[64], block[1000];
	struct evhttp_connection *conn = evhttp_connection_base_new(base, dns, "web.test", (ev_uint16_t)web_port);
	struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_THREADSAFE);
	struct evutil_addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	memset(block, me, sizeof(block));
	bufferevent_setcb(bev, got_echo, NULL, NULL, NULL);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	CHECK(bufferevent_socket_connect_hostname(bev, dns, AF_INET, "echo.test", echo_port) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct evdns_request *query;
		struct lookup *l = &lookups[me][i];
		snprintf(host, sizeof(host), "host-%d-%d.test", me, i);
		query = evdns_base_resolve_ipv4(dns, host, 0, on_address, NULL);
		CHECK(query);
		l->handle = evdns_getaddrinfo(dns, host, "80", &hints, on_lookup, l);
		if (i % 4 == 3)
			CHECK(event_base_once(base, -1, EV_TIMEOUT, stop, l, NULL) == 0);
		if (i % 3 == 2)
			evdns_base_set_option(dns, "timeout:", "4");
		CHECK(evdns_base_count_nameservers(dns) == 1);
		CHECK(event_base_once(base, -1, EV_TIMEOUT, ask, conn, NULL) == 0);
		CHECK(bufferevent_write(bev, block, sizeof(block)) == 0);
		bufferevent_lock(bev);
		(void)evbuffer_get_length(bufferevent_get_output(bev));
		bufferevent_unlock(bev);
		wait_until(&resolved, i + 1);
	}
	wait_until(&resolved, THREADS * ROUNDS);
	wait_until(&looked_up, THREADS * ROUNDS);
	wait_until(&answered, THREADS * ROUNDS);
	wait_until(&echoed, 1);
	bufferevent_free(bev);
	CHECK(event_base_once(base, -1, EV_TIMEOUT, forget, conn, NULL) == 0);
	return NULL;
}
static void *
run_loop(void *arg)
{
	(void)arg;
	event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

int
main(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct evdns_server_port *dns_port;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct evconnlistener *listener;
	pthread_t loop, users[THREADS];
	char text[64];
	int fd;

	signal(SIGPIPE, SIG_IGN);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	evthread_use_pthreads();
	base = event_base_new();
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK(bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	evutil_make_socket_nonblocking(fd);
	dns_port = evdns_add_server_port_with_base(base, fd, 0, answer, NULL);
	dns = evdns_base_new(base, 0);
	snprintf(text, sizeof(text), "127.0.0.1:%d", local_port(fd));
	CHECK(dns_port && dns && evdns_base_nameserver_ip_add(dns, text) == 0);
	http = evhttp_new(base);
	evhttp_set_gencb(http, serve, NULL);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	CHECK(bound);
	web_port = local_port(evhttp_bound_socket_get_fd(bound));
	listener = evconnlistener_new_bind(base, accepted, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_THREADSAFE, -1, (struct sockaddr *)&addr, sizeof(addr));
	CHECK(listener);
	echo_port = local_port(evconnlistener_get_fd(listener));

	CHECK(pthread_create(&loop, NULL, run_loop, NULL) == 0);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&users[i], NULL, user, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(users[i], NULL);
	wait_until(&answered, THREADS * ROUNDS + THREADS);
	/* Let the echo server see that its clients are gone. */
	usleep(100000);
	event_base_loopbreak(base);
	pthread_join(loop, NULL);
	event_base_loop(base, EVLOOP_NONBLOCK);

	evconnlistener_free(listener);
	evhttp_free(http);
	evdns_base_free(dns, 1);
	evdns_close_server_port(dns_port);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	close(fd);
	libevent_global_shutdown();
	printf("%d queries, %d look-ups, %d pages\n", resolved, looked_up, THREADS * ROUNDS);
	return 0;
}
