/* evrpc: calls whose bytes are cut, changed, too long or none; servers that answer the same way; who frees in callbacks. */
#if defined(HAVE_RPC) && defined(HAVE_HTTP)
#include "http_server.h"
#include <event2/rpc.h>
#include <event2/rpc_struct.h>
#include <event2/tag.h>

/* A message of one text and one number, as event_rpcgen.py would make it. */
struct msg {
	char *text;
	ev_uint32_t number;
	int has_number;
};
static int msgs;
static struct msg *msg_new_with_arg(void *arg)
{
	(void)arg;
	msgs++;
	return calloc(1, sizeof(struct msg));
}
static void msg_clear(struct msg *m)
{
	free(m->text);
	memset(m, 0, sizeof *m);
}
static void msg_free(struct msg *m)
{
	msgs--;
	msg_clear(m);
	free(m);
}
static int msg_complete(struct msg *m) { return m->text ? 0 : -1; }
static void msg_marshal(struct evbuffer *b, const struct msg *m)
{
	evtag_marshal_string(b, 1, m->text);
	if (m->has_number)
		evtag_marshal_int(b, 2, m->number);
}
static int msg_unmarshal(struct msg *m, struct evbuffer *b)
{
	ev_uint32_t tag;
	while (evbuffer_get_length(b)) {
		char *s;
		if (evtag_peek(b, &tag) == -1)
			return -1;
		if (tag == 1 && !m->text) {
			if (evtag_unmarshal_string(b, 1, &s) == -1)
				return -1;
			m->text = strdup(s);
			counted_free(s);
		} else if (tag == 2 && !m->has_number) {
			if (evtag_unmarshal_int(b, 2, &m->number) == -1)
				return -1;
			m->has_number = 1;
		} else {
			return -1;
		}
	}
	return msg_complete(m);
}
EVRPC_HEADER(Message, msg, msg)
EVRPC_GENERATE(Message, msg, msg)

static struct evrpc_base *rpcs;
static int called;
static EVRPC_STRUCT(Message) *kept;
static void on_message(EVRPC_STRUCT(Message) *rpc, void *arg)
{
	struct msg *in = rpc->request, *out = rpc->reply;
	called++;
	if (arg) {
		kept = rpc;
		return;
	}
	out->text = strdup(in->text);
	out->number = in->number, out->has_number = in->has_number;
	EVRPC_REQUEST_DONE(rpc);
}
static void rpc_serve(void *arg)
{
	serve(NULL, NULL);
	rpcs = evrpc_init(http);
	EVRPC_REGISTER(rpcs, Message, msg, msg, on_message, arg);
	called = 0;
}
static void rpc_unserve(void)
{
	pump();
	if (rpcs) {
		EVRPC_UNREGISTER(rpcs, Message);
		evrpc_free(rpcs);
	}
	rpcs = NULL;
	unserve();
	if (msgs)
		fail("%d messages were not freed", msgs);
}
/* Posts a body; the status. */
static int post(const char *method, const void *body, size_t n)
{
	struct conn c;
	char head[256];
	int status;
	client(&c);
	sprintf(head, "%s /.rpc.Message HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", method, n);
	conn_send(&c, head, strlen(head));
	conn_send(&c, body, n);
	if (!conn_until_end(&c, 3000))
		fail("no end");
	status = c.len > 12 ? atoi(c.in + 9) : 0;
	conn_close(&c);
	return status;
}
static size_t good_body(unsigned char *room)
{
	struct evbuffer *b = evbuffer_new();
	size_t n;
	evtag_marshal_string(b, 1, "some text");
	evtag_marshal_int(b, 2, 0x12345);
	n = evbuffer_get_length(b);
	evbuffer_remove(b, room, n);
	evbuffer_free(b);
	return n;
}
static void malformed_calls(void)
{
	unsigned char body[64];
	size_t n = good_body(body), i, v;
	int status;
	rpc_serve(NULL);
	status = post("POST", body, n);
	CHECK(status == 200 && called == 1);
	for (i = 0; i < n; i++) {
		status = post("POST", body, i);
		/* The text alone is whole. */
		if (status == 200 && i < 11)
			fail("%zu of %zu bytes: %d", i, n, status);
	}
	for (i = 0; i < n && !problems; i++)
		for (v = 0; v < 256; v += in_valgrind ? 63 : 5) {
			unsigned char old = body[i];
			body[i] = (unsigned char)v;
			status = post("POST", body, n);
			if (status != 200 && (status < 400 || status > 599))
				fail("byte %zu as %zu: status %d", i, v, status);
			body[i] = old;
		}
	/* Lengths that are too large. */
	{
		static const ev_uint32_t lengths[] = {1000, 0x7fffffff, 0x80000000, 0xffffffff};
		for (i = 0; i < 4; i++) {
			struct evbuffer *b = evbuffer_new();
			unsigned char bytes[32];
			evbuffer_add(b, "\1", 1);
			evtag_encode_int(b, lengths[i]);
			evbuffer_add(b, "abc", 3);
			n = evbuffer_get_length(b);
			evbuffer_remove(b, bytes, n);
			evbuffer_free(b);
			status = post("POST", bytes, n);
			if (status == 200)
				fail("length %u: taken", lengths[i]);
		}
	}
	n = good_body(body);
	called = 0;
	CHECK(post("GET", "", 0) != 200);
	CHECK(post("PUT", body, n) != 200);
	CHECK(called == 0);
	CHECK(post("POST", body, n) == 200);
	rpc_unserve();
}
/* The caller goes while the program works; the RPC goes while a call is open. */
static void orphans(void)
{
	unsigned char body[64];
	size_t n = good_body(body);
	int way;
	for (way = 0; way < 3; way++) {
		struct conn c;
		char head[256];
		kept = NULL;
		rpc_serve("keep");
		client(&c);
		sprintf(head, "POST /.rpc.Message HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", n);
		conn_send(&c, head, strlen(head));
		conn_send(&c, body, n);
		pump_ms(3);
		CHECK(kept != NULL);
		if (way == 1)
			conn_close(&c), pump_ms(3);
		if (way == 2 && kept)
			EVRPC_UNREGISTER(rpcs, Message);
		if (kept) {
			kept->reply->text = strdup("late");
			EVRPC_REQUEST_DONE(kept);
		}
		pump_ms(3);
		conn_close(&c);
		if (way == 2) {
			evrpc_free(rpcs);
			rpcs = NULL;
		}
		rpc_unserve();
	}
}

/* ---- the client ---- */
static const void *answer_bytes;
static size_t answer_len;
static int answer_code, status_error, finished;
static void answer(struct evhttp_request *req, void *arg)
{
	struct evbuffer *b = evbuffer_new();
	(void)arg;
	evbuffer_add(b, answer_bytes, answer_len);
	if (answer_code)
		evhttp_send_reply(req, answer_code, "OK", b);
	else
		evhttp_connection_free(evhttp_request_get_connection(req));
	evbuffer_free(b);
}
static struct evrpc_pool *pool;
static int free_pool;
static void replied(struct evrpc_status *status, struct msg *request, struct msg *reply, void *arg)
{
	(void)request, (void)arg;
	finished++;
	status_error = status->error;
	if (!status->error && !reply->text)
		fail("success without a text");
	if (free_pool && pool) {
		struct evrpc_pool *p = pool;
		pool = NULL;
		evrpc_pool_free(p);
	}
}
static int call(void)
{
	struct msg *request = msg_new_with_arg(NULL), *reply = msg_new_with_arg(NULL);
	struct evhttp_connection *con;
	request->text = strdup("text");
	pool = evrpc_pool_new(base);
	con = evhttp_connection_base_new(base, NULL, "127.0.0.1", (unsigned short)port);
	evrpc_pool_add_connection(pool, con);
	evrpc_pool_set_timeout(pool, 2);
	finished = 0, status_error = -1;
	if (EVRPC_MAKE_REQUEST(Message, pool, request, reply, replied, NULL) < 0)
		fail("make_request");
	if (!pump_until(&finished, 5000))
		fail("neither success nor error");
	pump();
	if (finished > 1)
		fail("told %d times", finished);
	if (pool)
		evrpc_pool_free(pool);
	pool = NULL;
	msg_free(request), msg_free(reply);
	return status_error;
}
static void malformed_replies(void)
{
	unsigned char body[64];
	size_t n = good_body(body), i;
	for (free_pool = 0; free_pool < 2; free_pool++) {
		serve(answer, NULL);
		answer_bytes = body, answer_code = 200;
		answer_len = n;
		CHECK(call() == EVRPC_STATUS_ERR_NONE);
		for (i = 0; i < 11; i++) {
			answer_len = i;
			if (call() == EVRPC_STATUS_ERR_NONE)
				fail("%zu of %zu bytes: success", i, n);
		}
		answer_len = n;
		for (i = 0; i < n; i++) {
			body[i] ^= 0x80;
			call();
			body[i] ^= 0x80;
		}
		answer_code = 404;
		CHECK(call() != EVRPC_STATUS_ERR_NONE);
		answer_code = 503;
		CHECK(call() != EVRPC_STATUS_ERR_NONE);
		answer_code = 0;
		CHECK(call() != EVRPC_STATUS_ERR_NONE);
		unserve();
		/* Nobody there. */
		CHECK(call() != EVRPC_STATUS_ERR_NONE);
	}
	free_pool = 0;
	CHECK(msgs == 0);
}
/* A pool that goes while calls wait. */
static void freed_pool(void)
{
	struct msg *m[6];
	int i, way;
	for (way = 0; way < 3; way++) {
		serve(way == 2 ? answer : NULL, NULL);
		answer_code = 200, answer_len = 0;
		pool = evrpc_pool_new(base);
		if (way)
			evrpc_pool_add_connection(pool, evhttp_connection_base_new(base, NULL, "127.0.0.1", (unsigned short)port));
		for (i = 0; i < 6; i++)
			m[i] = msg_new_with_arg(NULL), m[i]->text = strdup("t");
		finished = 0;
		for (i = 0; i < 3; i++)
			EVRPC_MAKE_REQUEST(Message, pool, m[2 * i], m[2 * i + 1], replied, NULL);
		if (way == 2)
			event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
		evrpc_pool_free(pool);
		pool = NULL;
		pump_ms(3);
		for (i = 0; i < 6; i++)
			msg_free(m[i]);
		unserve();
	}
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"malformed calls", malformed_calls, 0, NULL}, {"orphans", orphans, 0, NULL},
		{"malformed replies", malformed_replies, 0, NULL}, {"freed pool", freed_pool, 0, NULL},
	};
	return RUN_TESTS(argc, argv, tests);
}
#else
int main(void) { return 0; }
#endif
