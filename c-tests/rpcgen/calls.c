/* Calls between a server and a client in one loop: queued, paused, failing, and freed from every callback. */
#include "everything.gen.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/rpc.h>
#include <event2/rpc_struct.h>
#include <event2/tag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

EVRPC_HEADER(Add, leaf, chain)
EVRPC_GENERATE(Add, leaf, chain)
EVRPC_HEADER(Other, leaf, chain)
EVRPC_GENERATE(Other, leaf, chain)
EVRPC_HEADER(Back, leaf, leaf)
EVRPC_GENERATE(Back, leaf, leaf)

static int checks, failures;
#define CHECK(x) check(!!(x), #x, __LINE__)
static void check(int ok, const char *what, int line) {
	++checks;
	if (!ok) {
		++failures;
		printf("line %d: not so: %s\n", line, what);
	}
}

static struct event_base *base;
static struct evhttp *http;
static struct evrpc_base *server;
static struct evrpc_pool *pool;
static ev_uint16_t port;

/* ---- the server's side ---- */

static enum { AT_ONCE, KEEP, UNREGISTER, FREE_BASE } manner;
static EVRPC_STRUCT(Add) *kept[64];
static int n_kept, n_served;

static void fill(EVRPC_STRUCT(Add) *rpc) {
	ev_uint32_t n = 0;
	CHECK(EVTAG_GET(rpc->request, number, &n) == 0);
	CHECK(evrpc_get_request((struct evrpc_req_generic *)rpc) == rpc->request);
	CHECK(evrpc_get_reply((struct evrpc_req_generic *)rpc) == rpc->reply);
	EVTAG_ASSIGN(rpc->reply, value, n + 1);
}
static void on_add(EVRPC_STRUCT(Add) *rpc, void *arg) {
	CHECK(arg == &port && EVRPC_REQUEST_HTTP(rpc) != NULL);
	++n_served;
	fill(rpc);
	if (manner == KEEP) {
		kept[n_kept++] = rpc;
		return;
	}
	if (manner == UNREGISTER)
		CHECK(EVRPC_UNREGISTER(server, Add) == 0);
	if (manner == FREE_BASE) {
		evrpc_free(server);
		server = NULL;
	}
	EVRPC_REQUEST_DONE(rpc);
}

/* Forgets to fill in the reply. */
static void on_back(EVRPC_STRUCT(Back) *rpc, void *arg) {
	(void)arg;
	EVRPC_REQUEST_DONE(rpc);
}

static void begin(void) {
	struct evhttp_bound_socket *bound;
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	base = event_base_new();
	http = evhttp_new(base);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&sin, &len);
	port = ntohs(sin.sin_port);
	server = evrpc_init(http);
	CHECK(EVRPC_REGISTER(server, Add, leaf, chain, on_add, &port) == 0);
	pool = evrpc_pool_new(base);
	manner = AT_ONCE;
	n_kept = n_served = 0;
}
static void add_connection(void) {
	evrpc_pool_add_connection(pool, evhttp_connection_base_new(base, NULL, "127.0.0.1", port));
}
static void end(void) {
	evrpc_pool_free(pool);
	evrpc_free(server);
	evhttp_free(http);
	event_base_free(base);
}

/* ---- the client's side ---- */

struct one {
	struct leaf *request;
	struct chain *reply;
	int calls, error, with_answer, order;
	ev_uint32_t value;
	void (*then)(struct one *);
};
static int n_ended;

static struct one *one(ev_uint32_t n) {
	struct one *o = (struct one *)calloc(1, sizeof(*o));
	o->request = leaf_new();
	o->reply = chain_new();
	EVTAG_ASSIGN(o->request, number, n);
	return o;
}
static void drop(struct one *o) {
	leaf_free(o->request);
	chain_free(o->reply);
	free(o);
}
static void ended(struct evrpc_status *status, struct leaf *request, struct chain *reply, void *arg) {
	struct one *o = (struct one *)arg;
	CHECK(request == o->request && reply == o->reply);
	++o->calls;
	o->order = ++n_ended;
	o->error = status->error;
	o->with_answer = status->http_req != NULL;
	if (EVTAG_GET(reply, value, &o->value) == -1)
		o->value = 0;
	if (o->then)
		o->then(o);
}
static int call(struct one *o) { return EVRPC_MAKE_REQUEST(Add, pool, o->request, o->reply, ended, o); }

static void out_of_time(evutil_socket_t fd, short what, void *arg) {
	(void)fd, (void)what, (void)arg;
	CHECK(!"it ended in time");
	event_base_loopbreak(base);
}
/* Turns the loop until n calls have ended, or so many milliseconds have passed. */
static void until(int n, int ms) {
	struct timeval far_off = {20, 0}, tv = {ms / 1000, ms % 1000 * 1000};
	struct event *guard = event_new(base, -1, 0, out_of_time, NULL);
	event_add(guard, &far_off);
	if (ms)
		event_base_loopexit(base, &tv), event_base_loop(base, 0);
	else
		while (n_ended < n && !event_base_got_break(base))
			event_base_loop(base, EVLOOP_ONCE);
	event_free(guard);
}
static int result(struct one *o) {
	int error = o->calls == 1 ? o->error : -1;
	drop(o);
	return error;
}
/* One call on a connection of its own; how it ended. */
static int single(void) {
	struct one *o = one(7);
	int before = n_ended;
	CHECK(call(o) == 0);
	until(before + 1, 0);
	CHECK(o->error != 0 || o->value == 8);
	return result(o);
}

/* ---- the tests ---- */

static void many(void) {
	struct one *all[100];
	int i;
	begin();
	n_ended = 0;
	for (i = 0; i < 50; ++i)
		CHECK(call(all[i] = one((ev_uint32_t)i)) == 0);
	CHECK(n_ended == 0);
	add_connection();
	add_connection();
	for (; i < 100; ++i)
		CHECK(call(all[i] = one((ev_uint32_t)i)) == 0);
	until(100, 0);
	for (i = 0; i < 100; ++i) {
		CHECK(all[i]->value == (ev_uint32_t)i + 1 && all[i]->with_answer);
		CHECK(abs(all[i]->order - i) < 4);
		CHECK(result(all[i]) == EVRPC_STATUS_ERR_NONE);
	}
	end();
}

static void answers_later(void) {
	struct one *a, *b;
	begin();
	add_connection();
	add_connection();
	manner = KEEP;
	n_ended = 0;
	a = one(1), b = one(2);
	CHECK(call(a) == 0 && call(b) == 0);
	until(0, 100);
	CHECK(n_kept == 2 && n_ended == 0);
	/* What is being served outlives its registration and its base. */
	CHECK(EVRPC_UNREGISTER(server, Add) == 0 && EVRPC_UNREGISTER(server, Add) == -1);
	EVRPC_REQUEST_DONE(kept[1]);
	until(1, 0);
	CHECK(b->calls == 1 && b->value == 3 && a->calls == 0);
	evrpc_free(server);
	server = NULL;
	EVRPC_REQUEST_DONE(kept[0]);
	until(2, 0);
	CHECK(a->value == 2);
	CHECK(result(a) == EVRPC_STATUS_ERR_NONE && result(b) == EVRPC_STATUS_ERR_NONE);
	CHECK(single() == EVRPC_STATUS_ERR_BADPAYLOAD);
	end();
}

static void in_the_servers_callback(void) {
	begin();
	add_connection();
	manner = UNREGISTER;
	CHECK(single() == EVRPC_STATUS_ERR_NONE);
	CHECK(single() == EVRPC_STATUS_ERR_BADPAYLOAD);
	CHECK(EVRPC_REGISTER(server, Add, leaf, chain, on_add, &port) == 0);
	manner = FREE_BASE;
	CHECK(single() == EVRPC_STATUS_ERR_NONE && server == NULL);
	end();
}

static void told_of_back(struct evrpc_status *status, struct leaf *request, struct leaf *reply, void *arg) {
	CHECK(request != NULL && leaf_complete(reply) == -1);
	*(int *)arg = status->error;
	++n_ended;
}
static void unfinished_reply(void) {
	struct leaf *request = leaf_new(), *reply = leaf_new();
	int error = -1;
	begin();
	add_connection();
	EVTAG_ASSIGN(request, number, 1);
	n_ended = 0;
	CHECK(EVRPC_REGISTER(server, Back, leaf, leaf, on_back, NULL) == 0);
	CHECK(EVRPC_MAKE_REQUEST(Back, pool, request, reply, told_of_back, &error) == 0);
	until(1, 0);
	CHECK(error == EVRPC_STATUS_ERR_BADPAYLOAD);
	leaf_free(request), leaf_free(reply);
	end();
}

static void registering(void) {
	struct evrpc *mine = (struct evrpc *)calloc(1, sizeof(*mine));
	begin();
	CHECK(EVRPC_REGISTER(server, Add, leaf, chain, on_add, &port) == -1);
	CHECK(EVRPC_REGISTER(server, Other, leaf, chain, on_add, &port) == 0);
	mine->uri = strdup("Mine");
	mine->request_new = (void *(*)(void *))leaf_new_with_arg;
	mine->request_free = (void (*)(void *))leaf_free;
	mine->request_unmarshal = (int (*)(void *, struct evbuffer *))leaf_unmarshal;
	mine->reply_new = (void *(*)(void *))chain_new_with_arg;
	mine->reply_free = (void (*)(void *))chain_free;
	mine->reply_complete = (int (*)(void *))chain_complete;
	mine->reply_marshal = (void (*)(struct evbuffer *, void *))chain_marshal;
	CHECK(evrpc_register_rpc(server, mine, (void (*)(struct evrpc_req_generic *, void *))on_add, &port) == 0);
	CHECK(mine->base == server && mine->cb_arg == &port);
	add_connection();
	{
		struct one *o = one(4);
		n_ended = 0;
		CHECK(evrpc_send_request_generic(pool, o->request, o->reply,
		    (void (*)(struct evrpc_status *, void *, void *, void *))ended, o, "Mine",
		    (void (*)(struct evbuffer *, void *))leaf_marshal, (void (*)(void *))chain_clear,
		    (int (*)(void *, struct evbuffer *))chain_unmarshal) == 0);
		until(1, 0);
		CHECK(o->value == 5 && result(o) == EVRPC_STATUS_ERR_NONE);
	}
	CHECK(evrpc_unregister_rpc(server, "Mine") == 0 && evrpc_unregister_rpc(server, "Nobody") == -1);
	end();
}

/* ---- hooks ---- */

static int answers_of_hooks[4], calls_of_hooks[4];
static void *places[4];
static void *paused_at[4];
static int hook(void *ctx, struct evhttp_request *req, struct evbuffer *buf, void *arg) {
	int at = (int)(size_t)arg;
	++calls_of_hooks[at];
	CHECK(ctx != NULL && req != NULL && buf != NULL);
	CHECK(evrpc_hook_get_connection(ctx) != NULL);
	/* It is not paused yet. */
	CHECK(evrpc_resume_request(places[at], ctx, EVRPC_CONTINUE) == -1);
	paused_at[at] = ctx;
	return answers_of_hooks[at];
}
static void begin_with_hooks(void) {
	int i;
	begin();
	add_connection();
	places[0] = pool, places[1] = server, places[2] = server, places[3] = pool;
	for (i = 0; i < 4; ++i) {
		answers_of_hooks[i] = EVRPC_CONTINUE;
		calls_of_hooks[i] = 0;
		CHECK(evrpc_add_hook(places[i], i % 2 ? EVRPC_INPUT : EVRPC_OUTPUT, hook, (void *)(size_t)i) != NULL);
	}
}
/* 0: the client sends, 1: the server gets, 2: the server sends, 3: the client gets. */
static const int when_stopped[4] = {EVRPC_STATUS_ERR_UNSTARTED, EVRPC_STATUS_ERR_BADPAYLOAD,
    EVRPC_STATUS_ERR_BADPAYLOAD, EVRPC_STATUS_ERR_HOOKABORTED};

static void hooks_stop_calls(void) {
	int i;
	begin_with_hooks();
	CHECK(single() == EVRPC_STATUS_ERR_NONE);
	for (i = 0; i < 4; ++i) {
		answers_of_hooks[i] = i % 2 ? EVRPC_TERMINATE : 77;
		CHECK(single() == when_stopped[i]);
		answers_of_hooks[i] = EVRPC_CONTINUE;
		CHECK(single() == EVRPC_STATUS_ERR_NONE);
	}
	CHECK(calls_of_hooks[0] == 9 && calls_of_hooks[1] == 8);
	end();
}
static void hooks_pause_calls(void) {
	int i, stop;
	begin_with_hooks();
	for (i = 0; i < 4; ++i)
		for (stop = 0; stop < 2; ++stop) {
			struct one *o = one(7);
			int before = n_ended, seen = calls_of_hooks[i];
			answers_of_hooks[i] = EVRPC_PAUSE;
			CHECK(call(o) == 0);
			while (calls_of_hooks[i] == seen)
				event_base_loop(base, EVLOOP_ONCE);
			until(0, 20);
			CHECK(o->calls == 0);
			CHECK(evrpc_resume_request(places[i], NULL, EVRPC_CONTINUE) == -1);
			CHECK(evrpc_resume_request(places[i] == pool ? (void *)server : (void *)pool, paused_at[i], EVRPC_CONTINUE) == -1);
			CHECK(evrpc_resume_request(places[i], paused_at[i], stop ? EVRPC_TERMINATE : EVRPC_CONTINUE) == 0);
			CHECK(evrpc_resume_request(places[i], paused_at[i], EVRPC_CONTINUE) == -1);
			until(before + 1, 0);
			CHECK(result(o) == (stop ? when_stopped[i] : EVRPC_STATUS_ERR_NONE));
			answers_of_hooks[i] = EVRPC_CONTINUE;
		}
	end();
}
static void freed_while_paused(void) {
	int i;
	for (i = 0; i < 4; ++i) {
		struct one *o = one(7);
		begin_with_hooks();
		answers_of_hooks[i] = EVRPC_PAUSE;
		n_ended = 0;
		CHECK(call(o) == 0);
		while (calls_of_hooks[i] == 0)
			event_base_loop(base, EVLOOP_ONCE);
		if (places[i] == pool) {
			evrpc_pool_free(pool);
			pool = NULL;
			until(0, 30);
			CHECK(o->calls == 0);
			drop(o);
		} else {
			evrpc_free(server);
			server = NULL;
			until(1, 0);
			CHECK(result(o) == EVRPC_STATUS_ERR_BADPAYLOAD);
		}
		end();
	}
}
static void *handles[3];
static int n_changed;
static int changing(void *ctx, struct evhttp_request *req, struct evbuffer *buf, void *arg) {
	(void)ctx, (void)req, (void)buf;
	++n_changed;
	if (arg == (void *)1) {
		CHECK(evrpc_remove_hook(server, EVRPC_INPUT, handles[0]) == 1);
		CHECK(evrpc_remove_hook(server, EVRPC_INPUT, handles[0]) == 0);
		CHECK(evrpc_remove_hook(server, EVRPC_INPUT, handles[1]) == 1);
		handles[2] = evrpc_add_hook(server, EVRPC_INPUT, changing, (void *)3);
	}
	CHECK(arg != (void *)2);
	return EVRPC_CONTINUE;
}
static void hooks_change_hooks(void) {
	begin();
	add_connection();
	handles[0] = evrpc_add_hook(server, EVRPC_INPUT, changing, (void *)1);
	handles[1] = evrpc_add_hook(server, EVRPC_INPUT, changing, (void *)2);
	CHECK(single() == EVRPC_STATUS_ERR_NONE && n_changed == 2);
	CHECK(single() == EVRPC_STATUS_ERR_NONE && n_changed == 3);
	CHECK(evrpc_remove_hook(server, EVRPC_OUTPUT, handles[2]) == 0);
	CHECK(evrpc_remove_hook(server, EVRPC_INPUT, handles[2]) == 1);
	CHECK(single() == EVRPC_STATUS_ERR_NONE && n_changed == 3);
	end();
}
static int frees_all(void *ctx, struct evhttp_request *req, struct evbuffer *buf, void *arg) {
	(void)ctx, (void)req, (void)buf;
	if (arg) {
		evrpc_pool_free(pool);
		pool = NULL;
	} else {
		evrpc_free(server);
		server = NULL;
	}
	return EVRPC_PAUSE;
}
static void hooks_free_their_owner(void) {
	int i;
	for (i = 0; i < 4; ++i) {
		struct one *o = one(7);
		int of_pool = i == 0 || i == 3;
		begin();
		add_connection();
		CHECK(evrpc_add_hook(of_pool ? (void *)pool : (void *)server, i % 2 ? EVRPC_INPUT : EVRPC_OUTPUT, frees_all,
		    of_pool ? (void *)1 : NULL) != NULL);
		n_ended = 0;
		CHECK(call(o) == 0);
		until(0, 60);
		CHECK(of_pool ? o->calls == 0 : o->error == EVRPC_STATUS_ERR_BADPAYLOAD);
		CHECK(of_pool ? pool == NULL : server == NULL);
		drop(o);
		end();
	}
}
static int remembers(void *ctx, struct evhttp_request *req, struct evbuffer *buf, void *arg) {
	char name[20];
	int i;
	(void)req, (void)buf, (void)arg;
	for (i = 0; i < 50; ++i) {
		sprintf(name, "key %d", i);
		evrpc_hook_add_meta(ctx, name, name, strlen(name) + 1);
	}
	evrpc_hook_add_meta(ctx, "key 7", "another", 8);
	evrpc_hook_add_meta(ctx, "empty", NULL, 0);
	evrpc_hook_add_meta(ctx, "nothing", NULL, 3);
	evrpc_hook_add_meta(NULL, "x", "y", 1);
	evrpc_hook_add_meta(ctx, NULL, "y", 1);
	return EVRPC_CONTINUE;
}
static int recalls(void *ctx, struct evhttp_request *req, struct evbuffer *buf, void *arg) {
	void *data = NULL;
	size_t len = 9;
	(void)req, (void)buf;
	CHECK(evrpc_hook_find_meta(ctx, "key 7", &data, &len) == 0 && len == 6 && !strcmp((char *)data, "key 7"));
	CHECK(evrpc_hook_find_meta(ctx, "empty", &data, &len) == 0 && len == 0);
	CHECK(evrpc_hook_find_meta(ctx, "nothing", &data, &len) == -1);
	CHECK(evrpc_hook_find_meta(ctx, "key 50", &data, &len) == -1);
	CHECK(evrpc_hook_find_meta(NULL, "key 7", &data, &len) == -1);
	CHECK(evrpc_hook_find_meta(ctx, NULL, &data, &len) == -1);
	CHECK(evrpc_hook_find_meta(ctx, "key 7", NULL, NULL) == 0);
	++*(int *)arg;
	return EVRPC_CONTINUE;
}
static void meta_data(void) {
	int recalled = 0;
	begin();
	add_connection();
	evrpc_add_hook(pool, EVRPC_OUTPUT, remembers, NULL);
	evrpc_add_hook(pool, EVRPC_INPUT, recalls, &recalled);
	evrpc_add_hook(server, EVRPC_INPUT, remembers, NULL);
	evrpc_add_hook(server, EVRPC_OUTPUT, recalls, &recalled);
	CHECK(single() == EVRPC_STATUS_ERR_NONE && recalled == 2);
	end();
}

/* ---- failures ---- */

static void in_time(void) {
	struct one *a, *b, *c;
	begin();
	add_connection();
	evrpc_pool_set_timeout(pool, 1);
	manner = KEEP;
	n_ended = 0;
	a = one(1), b = one(2);
	CHECK(call(a) == 0 && call(b) == 0);
	until(1, 0);
	CHECK(a->error == EVRPC_STATUS_ERR_TIMEOUT && !a->with_answer && b->calls == 0);
	/* The next has its turn, and all of its time. */
	manner = AT_ONCE;
	CHECK(call(c = one(3)) == 0);
	until(3, 0);
	CHECK(result(a) == EVRPC_STATUS_ERR_TIMEOUT);
	CHECK(result(b) == EVRPC_STATUS_ERR_NONE && result(c) == EVRPC_STATUS_ERR_NONE);
	CHECK(n_kept == 1);
	EVRPC_REQUEST_DONE(kept[0]);
	end();
}
static void nobody_there(void) {
	struct one *o = one(1);
	begin();
	n_ended = 0;
	evrpc_pool_add_connection(pool, evhttp_connection_base_new(base, NULL, "127.0.0.1", 1));
	CHECK(call(o) == 0);
	until(1, 0);
	CHECK(!o->with_answer && result(o) == EVRPC_STATUS_ERR_TIMEOUT);
	end();
}
static void frees_pool(struct one *o) {
	(void)o;
	evrpc_pool_free(pool);
	pool = NULL;
}
static void calls_again(struct one *o) {
	o->then = NULL;
	o->calls = 0;
	chain_clear(o->reply);
	CHECK(call(o) == 0);
}
static void in_the_clients_callback(void) {
	struct one *o, *queued;
	begin();
	add_connection();
	n_ended = 0;
	o = one(7);
	o->then = calls_again;
	CHECK(call(o) == 0);
	until(2, 0);
	CHECK(o->value == 8 && result(o) == EVRPC_STATUS_ERR_NONE);
	o = one(7);
	o->then = frees_pool;
	queued = one(8);
	CHECK(call(o) == 0 && call(queued) == 0);
	until(3, 0);
	until(0, 20);
	CHECK(o->calls == 1 && queued->calls == 0);
	drop(o), drop(queued);
	end();
}
static void a_pool_with_calls(void) {
	struct one *a, *b;
	struct evhttp_connection *con;
	begin();
	con = evhttp_connection_base_new(base, NULL, "127.0.0.1", port);
	evrpc_pool_add_connection(pool, con);
	evrpc_pool_add_connection(pool, con);
	manner = KEEP;
	n_ended = 0;
	a = one(1), b = one(2);
	CHECK(call(a) == 0 && call(b) == 0);
	until(0, 60);
	CHECK(n_kept == 1);
	/* A connection that was taken out does not call back for a pool that is gone. */
	evrpc_pool_remove_connection(pool, con);
	evrpc_pool_remove_connection(pool, con);
	evrpc_pool_free(pool);
	pool = NULL;
	EVRPC_REQUEST_DONE(kept[0]);
	until(0, 60);
	CHECK(a->calls == 0 && b->calls == 0);
	drop(a), drop(b);
	evhttp_connection_free(con);
	end();
}
static void contexts(void) {
	struct one *o = one(7);
	struct evrpc_request_wrapper *ctx;
	struct evrpc_pool *other;
	begin();
	other = evrpc_pool_new(base);
	n_ended = 0;
	ctx = EVRPC_MAKE_CTX(Add, leaf, chain, other, o->request, o->reply, NULL, NULL);
	CHECK(evrpc_request_get_pool(ctx) == other);
	evrpc_request_set_pool(ctx, pool);
	evrpc_request_set_cb(ctx, (void (*)(struct evrpc_status *, void *, void *, void *))ended, o);
	evrpc_hook_add_meta(ctx, "a", "b", 2);
	CHECK(evrpc_make_request(ctx) == 0 && evrpc_make_request(ctx) == -1);
	evrpc_request_set_pool(ctx, other);
	CHECK(evrpc_request_get_pool(ctx) == pool);
	evrpc_pool_free(other);
	add_connection();
	until(1, 0);
	CHECK(o->value == 8 && result(o) == EVRPC_STATUS_ERR_NONE);
	end();
}

/* What is no request of such a call is refused, whatever it is. */
static int n_refused, n_bodies;
static void refused(struct evhttp_request *req, void *arg) {
	(void)arg;
	++n_bodies;
	n_refused += req != NULL && evhttp_request_get_response_code(req) == HTTP_SERVUNAVAIL;
}
static void raw_requests(void) {
	static const char good[] = "\1\1\7\2\3abc";
	struct evhttp_connection *con;
	int i, n = 0;
	begin();
	con = evhttp_connection_base_new(base, NULL, "127.0.0.1", port);
	for (i = 0; i < 60; ++i) {
		struct evhttp_request *req = evhttp_request_new(refused, NULL);
		char body[sizeof(good)];
		memcpy(body, good, sizeof(good));
		if (i < 8)
			evbuffer_add(evhttp_request_get_output_buffer(req), body, (size_t)(i == 3 ? 0 : i));
		else
			body[i % 8] ^= (char)(1 << i % 7), body[(i * 3) % 8] = (char)0xff,
			    evbuffer_add(evhttp_request_get_output_buffer(req), body, sizeof(good) - 1);
		evhttp_add_header(evhttp_request_get_output_headers(req), "Host", "x");
		CHECK(evhttp_make_request(con, req, i == 9 ? EVHTTP_REQ_GET : EVHTTP_REQ_POST, "/.rpc.Add") == 0);
		++n;
	}
	while (n_bodies < n)
		event_base_loop(base, EVLOOP_ONCE);
	if (n_refused + n_served != n || n_refused < 40)
		printf("%d refused, %d served\n", n_refused, n_served);
	CHECK(n_refused + n_served == n && n_refused >= 40);
	evhttp_connection_free(con);
	end();
}

static void nulls(void) {
	struct evrpc_base *b = evrpc_init(NULL);
	struct one *o = one(1);
	evrpc_free(NULL);
	CHECK(evrpc_unregister_rpc(NULL, "x") == -1 && evrpc_unregister_rpc(b, NULL) == -1);
	CHECK(EVRPC_REGISTER(b, Add, leaf, chain, on_add, &port) == -1);
	CHECK(EVRPC_REGISTER((struct evrpc_base *)NULL, Add, leaf, chain, on_add, &port) == -1);
	CHECK(evrpc_register_generic(b, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) == -1);
	CHECK(evrpc_register_rpc(b, NULL, NULL, NULL) == -1);
	evrpc_free(b);
	evrpc_request_done(NULL);
	CHECK(evrpc_get_request(NULL) == NULL && evrpc_get_reply(NULL) == NULL);
	evrpc_pool_free(NULL);
	evrpc_pool_add_connection(NULL, NULL);
	evrpc_pool_remove_connection(NULL, NULL);
	evrpc_pool_set_timeout(NULL, 1);
	CHECK(evrpc_make_request(NULL) == -1);
	CHECK(evrpc_add_hook(NULL, EVRPC_INPUT, hook, NULL) == NULL && evrpc_remove_hook(NULL, EVRPC_INPUT, NULL) == 0);
	CHECK(evrpc_resume_request(NULL, NULL, EVRPC_CONTINUE) == -1);
	CHECK(evrpc_hook_get_connection(NULL) == NULL);
	CHECK(evrpc_request_get_pool(NULL) == NULL);
	evrpc_request_set_pool(NULL, NULL);
	evrpc_request_set_cb(NULL, NULL, NULL);
	begin();
	CHECK(evrpc_add_hook(pool, EVRPC_INPUT, NULL, NULL) == NULL);
	CHECK(evrpc_add_hook(pool, (enum EVRPC_HOOK_TYPE)5, hook, NULL) == NULL);
	evrpc_pool_add_connection(pool, NULL);
	CHECK(evrpc_make_request_ctx(pool, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) == NULL);
	CHECK(evrpc_send_request_Add(NULL, o->request, o->reply, ended, o) == -1);
	CHECK(o->calls == 1 && o->error == EVRPC_STATUS_ERR_UNSTARTED);
	add_connection();
	/* Without functions there is no message. */
	CHECK(evrpc_send_request_generic(pool, o->request, o->reply,
	    (void (*)(struct evrpc_status *, void *, void *, void *))ended, o, "Add", NULL, NULL, NULL) == 0);
	CHECK(o->calls == 2 && o->error == EVRPC_STATUS_ERR_UNSTARTED);
	end();
	drop(o);
}

/* Each allocation of the library fails once, in everything from making a server to the end of a call: nothing may
 * crash or leak, and a call that was begun ends once. */
static long until_failure = -1;
static void *failing_malloc(size_t n) { return until_failure >= 0 && until_failure-- == 0 ? NULL : malloc(n); }
static void *failing_realloc(void *p, size_t n) {
	return until_failure >= 0 && until_failure-- == 0 ? NULL : realloc(p, n);
}
static int nothing(void *ctx, struct evhttp_request *req, struct evbuffer *buf, void *arg) {
	(void)req, (void)buf, (void)arg;
	evrpc_hook_add_meta(ctx, "key", "data", 4);
	return EVRPC_CONTINUE;
}
static void a_whole_life(long k, int *ok) {
	struct one *o = one(7);
	int begun = 0;
	begin();
	n_ended = 0;
	evrpc_pool_set_timeout(pool, 1);
	until_failure = k;
	if (EVRPC_REGISTER(server, Other, leaf, chain, on_add, &port) == 0)
		CHECK(EVRPC_UNREGISTER(server, Other) == 0);
	evrpc_add_hook(pool, EVRPC_OUTPUT, nothing, NULL);
	evrpc_add_hook(pool, EVRPC_INPUT, nothing, NULL);
	evrpc_add_hook(server, EVRPC_INPUT, nothing, NULL);
	evrpc_add_hook(server, EVRPC_OUTPUT, nothing, NULL);
	{
		struct evhttp_connection *con = evhttp_connection_base_new(base, NULL, "127.0.0.1", port);
		evrpc_pool_add_connection(pool, con);
		if (con != NULL) {
			begun = call(o) == 0;
			CHECK(begun || o->calls == 1);
			/* A connection that could not be added does not take part, and a call waits for one that does. */
			if (begun && o->calls == 0) {
				struct timeval tv = {3, 0};
				struct event *guard;
				long left = until_failure;
				until_failure = -1;
				guard = event_new(base, -1, 0, out_of_time, NULL);
				event_add(guard, &tv);
				evrpc_pool_remove_connection(pool, con);
				evrpc_pool_add_connection(pool, con);
				until_failure = left;
				while (n_ended < 1 && !event_base_got_break(base))
					event_base_loop(base, EVLOOP_ONCE);
				left = until_failure;
				until_failure = -1;
				event_free(guard);
				until_failure = left;
			}
			CHECK(o->calls == 1);
		}
	}
	*ok = until_failure < 0;
	until_failure = -1;
	drop(o);
	end();
}
static int no_memory(void) {
	long k;
	int more = 1;
	event_set_mem_functions(failing_malloc, failing_realloc, free);
	for (k = 0; more && k < 2000; ++k)
		a_whole_life(k, &more);
	CHECK(k > 40 && k < 2000);
	printf("%ld allocations, %d checks, %d failures\n", k, checks, failures);
	return failures != 0;
}

int main(int argc, char **argv) {
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {{"many", many}, {"answers_later", answers_later}, {"in_the_servers_callback", in_the_servers_callback},
	    {"unfinished_reply", unfinished_reply}, {"registering", registering}, {"hooks_stop_calls", hooks_stop_calls}, {"hooks_pause_calls", hooks_pause_calls},
	    {"freed_while_paused", freed_while_paused}, {"hooks_change_hooks", hooks_change_hooks},
	    {"hooks_free_their_owner", hooks_free_their_owner}, {"meta_data", meta_data}, {"in_time", in_time},
	    {"nobody_there", nobody_there}, {"in_the_clients_callback", in_the_clients_callback},
	    {"a_pool_with_calls", a_pool_with_calls}, {"contexts", contexts}, {"raw_requests", raw_requests}, {"nulls", nulls}};
	size_t i;
	if (argc > 1 && !strcmp(argv[1], "nomem")) {
		int failed = no_memory();
		libevent_global_shutdown();
		return failed;
	}
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); ++i)
		if (argc < 2 || !strcmp(argv[1], tests[i].name)) {
			int before = failures;
			tests[i].run();
			if (failures != before)
				printf("%s: failed\n", tests[i].name);
		}
	libevent_global_shutdown();
	printf("%d checks, %d failures\n", checks, failures);
	return failures != 0;
}
