/* An HTTP server and client on loopback: bodies of all kinds, errors, kept connections, names. */
#include "check.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#define BIG 1000000

static struct event_base *base;
static struct evhttp_connection *con;
static int done, port, chunks;

static void hello(struct evhttp_request *req, void *arg)
{
	struct evbuffer *body = evbuffer_new();
	struct evkeyvalq query;
	(void)arg;
	CHECK(evhttp_request_get_command(req) == EVHTTP_REQ_GET);
	CHECK(strcmp(evhttp_find_header(evhttp_request_get_input_headers(req), "X-Asked"), "yes") == 0);
	CHECK(evhttp_parse_query_str(evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req)), &query) == 0);
	CHECK(strcmp(evhttp_find_header(&query, "name"), "a b") == 0);
	evhttp_clear_headers(&query);
	evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", "text/plain");
	evbuffer_add_printf(body, "hello");
	evhttp_send_reply(req, 200, "OK", body);
	evbuffer_free(body);
}
static void post(struct evhttp_request *req, void *arg)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	(void)arg;
	CHECK(evhttp_request_get_command(req) == EVHTTP_REQ_POST);
	CHECK(evbuffer_get_length(in) == BIG);
	evhttp_send_reply(req, 200, "OK", in);
}
static void send_chunk(struct evhttp_connection *c, void *arg)
{
	struct evhttp_request *req = arg;
	struct evbuffer *b = evbuffer_new();
	(void)c;
	if (chunks++ == 5) {
		evhttp_send_reply_end(req);
	} else {
		evbuffer_add_printf(b, "chunk %d;", chunks);
		evhttp_send_reply_chunk_with_cb(req, b, send_chunk, req);
	}
	evbuffer_free(b);
}
static void chunked(struct evhttp_request *req, void *arg)
{
	(void)arg;
	chunks = 0;
	evhttp_send_reply_start(req, 200, "OK");
	send_chunk(NULL, req);
}

struct want {
	const char *uri;
	int code;
	const char *body;
	size_t len;
};
static void ask(int number);
static const struct want wanted[] = {
    {"/hello?name=a%20b", 200, "hello", 5},
    {"/post", 200, NULL, BIG},
    {"/chunked", 200, "chunk 1;chunk 2;chunk 3;chunk 4;chunk 5;", 40},
    {"/nothing", 404, NULL, 0},
    {"/hello?name=a+b", 200, "hello", 5},
};
#define WANTED (int)(sizeof(wanted) / sizeof(*wanted))

static void answered(struct evhttp_request *req, void *arg)
{
	const struct want *want = arg;
	struct evbuffer *in;
	NEED(req != NULL);
	in = evhttp_request_get_input_buffer(req);
	CHECK(evhttp_request_get_response_code(req) == want->code);
	if (want->len)
		CHECK(evbuffer_get_length(in) == want->len);
	if (want->body)
		CHECK(memcmp(evbuffer_pullup(in, -1), want->body, want->len) == 0);
	if (++done < WANTED)
		ask(done);
	else
		event_base_loopexit(base, NULL);
}
static void ask(int number)
{
	const struct want *want = &wanted[number];
	struct evhttp_request *req = evhttp_request_new(answered, (void *)want);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	int is_post = strcmp(want->uri, "/post") == 0;
	evhttp_add_header(headers, "Host", "localhost");
	evhttp_add_header(headers, "X-Asked", "yes");
	if (is_post) {
		char *body = malloc(BIG);
		memset(body, 'p', BIG);
		evbuffer_add(evhttp_request_get_output_buffer(req), body, BIG);
		free(body);
	}
	CHECK(evhttp_make_request(con, req, is_post ? EVHTTP_REQ_POST : EVHTTP_REQ_GET, want->uri) == 0);
}
static void refused(struct evhttp_request *req, void *arg)
{
	CHECK(req == NULL || evhttp_request_get_response_code(req) == 0);
	event_base_loopexit(arg, NULL);
}

int main(int argc, char **argv)
{
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct evhttp_uri *uri;
	struct evhttp_request *req;
	char *text;
	begin(argc, argv);
	base = new_base();
	http = evhttp_new(base);
	NEED(http != NULL);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	NEED(bound != NULL);
	port = port_of(evhttp_bound_socket_get_fd(bound));
	CHECK(evhttp_set_cb(http, "/hello", hello, NULL) == 0);
	CHECK(evhttp_set_cb(http, "/post", post, NULL) == 0);
	CHECK(evhttp_set_cb(http, "/chunked", chunked, NULL) == 0);
	CHECK(evhttp_set_cb(http, "/chunked", chunked, NULL) == -1);

	con = evhttp_connection_base_new(base, NULL, "127.0.0.1", (ev_uint16_t)port);
	NEED(con != NULL);
	evhttp_connection_set_timeout(con, 10);
	ask(0);
	run_loop(base, 30);
	CHECK(done == WANTED);
	evhttp_connection_free(con);

	/* Nobody listens any more. */
	evhttp_free(http);
	con = evhttp_connection_base_new(base, NULL, "127.0.0.1", (ev_uint16_t)port);
	NEED(con != NULL);
	req = evhttp_request_new(refused, base);
	CHECK(evhttp_make_request(con, req, EVHTTP_REQ_GET, "/") == 0);
	run_loop(base, 30);
	evhttp_connection_free(con);

	uri = evhttp_uri_parse("http://user@host:81/path?q#f");
	CHECK(uri && evhttp_uri_get_port(uri) == 81 && strcmp(evhttp_uri_get_host(uri), "host") == 0);
	evhttp_uri_free(uri);
	text = evhttp_encode_uri("a b/c");
	CHECK(text && strcmp(text, "a%20b%2Fc") == 0);
	free(text);
	event_base_free(base);
	return end();
}
