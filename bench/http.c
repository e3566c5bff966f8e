/* evhttp: a server on loopback with a plain client (one write, one read each), client and server together, URIs and header lists. */
#include "bench.h"
#include <arpa/inet.h>
#include <errno.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/queue.h>

static struct event_base *base;
static struct evhttp *server;
static int port;
static evutil_socket_t client;
static char request[16384], reply[1 << 20];
static size_t request_len, reply_len;
static char big[65536];

static void
small(struct evhttp_request *req, void *arg)
{
	struct evbuffer *body = evbuffer_new();
	(void)arg;
	evbuffer_add(body, "hello", 5);
	evhttp_send_reply(req, HTTP_OK, "OK", body);
	evbuffer_free(body);
}
static void
many_headers(struct evhttp_request *req, void *arg)
{
	static const char *const names[] = { "X-Header-0", "X-Header-1", "X-Header-2", "X-Header-3", "X-Header-4", "X-Header-5",
		"X-Header-6", "X-Header-7", "X-Header-8", "X-Header-9", "X-Header-10", "X-Header-11", "X-Header-12", "X-Header-13",
		"X-Header-14", "X-Header-15", "X-Header-16", "X-Header-17", "X-Header-18", "X-Header-19" };
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	for (int i = 0; i < 20; i++)
		evhttp_add_header(headers, names[i], "a value of usual length");
	small(req, arg);
}
static void
large(struct evhttp_request *req, void *arg)
{
	struct evbuffer *body = evbuffer_new();
	(void)arg;
	evbuffer_add_reference(body, big, sizeof(big), NULL, NULL);
	evhttp_send_reply(req, HTTP_OK, "OK", body);
	evbuffer_free(body);
}

static void
make_server(void (*cb)(struct evhttp_request *, void *))
{
	struct evhttp_bound_socket *bound;
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	base = bench_base();
	server = evhttp_new(base);
	CHECK(server);
	evhttp_set_gencb(server, cb, NULL);
	bound = evhttp_bind_socket_with_handle(server, "127.0.0.1", 0);
	CHECK(bound);
	CHECK(getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&addr, &len) == 0);
	port = ntohs(addr.sin_port);
}
static evutil_socket_t
connect_client(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	evutil_socket_t fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	evutil_make_socket_nonblocking(fd);
	return fd;
}
/* Sends what is in `request` and takes `size` bytes of answer; 0: as much as one whole answer, whose length is returned. */
static size_t
exchange(evutil_socket_t fd, size_t size)
{
	size_t have = 0;
	int empty = 0;
	CHECK(write(fd, request, request_len) == (ssize_t)request_len);
	while (size == 0 || have < size) {
		ssize_t n;
		event_base_loop(base, have || empty ? EVLOOP_NONBLOCK : EVLOOP_ONCE);
		n = read(fd, reply + have, sizeof(reply) - 1 - have);
		CHECK(n > 0 || (n < 0 && errno == EAGAIN));
		if (n > 0) {
			have += (size_t)n;
			empty = 0;
		} else if (++empty > 2) { /* the kernel waits for a timer of its own */
			struct pollfd in = { .fd = fd, .events = POLLIN };
			poll(&in, 1, 1);
		}
		if (size == 0 && have) {
			char *end, *len;
			reply[have] = 0;
			end = strstr(reply, "\r\n\r\n");
			len = strstr(reply, "Content-Length: ");
			if (end && len)
				size = (size_t)(end + 4 - reply) + strtoul(len + 16, NULL, 10);
		}
	}
	CHECK(have == size);
	return size;
}
static void
set_request(int headers)
{
	request_len = (size_t)sprintf(request, "GET /path?query=1 HTTP/1.1\r\nHost: localhost\r\n");
	for (int i = 0; i < headers; i++)
		request_len += (size_t)sprintf(request + request_len, "X-Header-%d: a value of usual length\r\n", i);
	request_len += (size_t)sprintf(request + request_len, "\r\n");
}
static void
prepare(void (*cb)(struct evhttp_request *, void *), int headers)
{
	make_server(cb);
	client = connect_client();
	set_request(headers);
	reply_len = exchange(client, 0);
}
static void prepare_small(void) { prepare(small, 0); }
static void prepare_headers_in(void) { prepare(small, 19); }
static void prepare_headers_out(void) { prepare(many_headers, 0); }
static void prepare_large(void) { prepare(large, 0); }
static void
prepare_pipelined(void)
{
	size_t one;
	prepare(small, 0);
	one = request_len;
	for (int i = 1; i < 16; i++)
		memcpy(request + (size_t)i * one, request, one);
	request_len *= 16;
	reply_len *= 16;
}
static void
serve(long ops)
{
	for (long i = 0; i < ops; i++)
		exchange(client, reply_len);
}

/* evhttp on both ends, over one connection that is kept. */
static struct evhttp_connection *conn;
static long left;
static void answered(struct evhttp_request *req, void *arg);
static void
ask(void)
{
	struct evhttp_request *req = evhttp_request_new(answered, NULL);
	evhttp_add_header(evhttp_request_get_output_headers(req), "Host", "localhost");
	CHECK(evhttp_make_request(conn, req, EVHTTP_REQ_GET, "/path?query=1") == 0);
}
static void
answered(struct evhttp_request *req, void *arg)
{
	(void)arg;
	CHECK(req && evhttp_request_get_response_code(req) == 200);
	CHECK(evbuffer_get_length(evhttp_request_get_input_buffer(req)) == 5);
	if (--left > 0)
		ask();
}
static void
round_trips(long ops)
{
	left = ops;
	ask();
	while (left > 0)
		event_base_loop(base, EVLOOP_ONCE);
}
static void
prepare_round_trip(void)
{
	make_server(small);
	conn = evhttp_connection_base_new(base, NULL, "127.0.0.1", (ev_uint16_t)port);
	CHECK(conn);
	round_trips(2);
}

static const char path[] = "/some/path with blanks/and \"quotes\"/?and=a&query=of&some=length#here";
static void
encode(long ops)
{
	CHECK(sizeof(path) - 1 == 68);
	for (long i = 0; i < ops; i++)
		free(evhttp_uriencode(path, 68, 0));
}
static void
parse(long ops)
{
	for (long i = 0; i < ops; i++) {
		struct evhttp_uri *uri = evhttp_uri_parse("http://user@www.example.com:8080/a/path/of/some/length?query=1&other=2#part");
		CHECK(uri);
		evhttp_uri_free(uri);
	}
}
static struct evkeyvalq list;
static void
prepare_list(void)
{
	char name[16];
	TAILQ_INIT(&list);
	for (int i = 0; i < 19; i++) {
		snprintf(name, sizeof(name), "X-Header-%d", i);
		evhttp_add_header(&list, name, "a value");
	}
	evhttp_add_header(&list, "Content-Type", "text/plain");
}
static void
find(long ops)
{
	for (long i = 0; i < ops; i++)
		CHECK(evhttp_find_header(&list, "content-type"));
}

/* A connection that has served a request and waits for the next. */
static double
connection_bytes(void)
{
	enum { CONNECTIONS = 1000 };
	static evutil_socket_t fds[CONNECTIONS];
	double before;
	bench_allow_descriptors();
	prepare(small, 0);
	before = bench_heap();
	for (int i = 0; i < CONNECTIONS; i++) {
		fds[i] = connect_client();
		exchange(fds[i], reply_len);
	}
	return (bench_heap() - before) / CONNECTIONS;
}

const struct workload http_workloads[] = {
	{ "http_small", prepare_small, serve, NULL },
	{ "http_20_request_headers", prepare_headers_in, serve, NULL },
	{ "http_20_reply_headers", prepare_headers_out, serve, NULL },
	{ "http_64k_reply", prepare_large, serve, NULL },
	{ "http_16_pipelined", prepare_pipelined, serve, NULL },
	{ "http_round_trip", prepare_round_trip, round_trips, NULL },
	{ "uri_encode_68", NULL, encode, NULL },
	{ "uri_parse", NULL, parse, NULL },
	{ "header_find_20", prepare_list, find, NULL },
	{ "memory_http_connection", NULL, NULL, connection_bytes },
	{ 0 },
};
