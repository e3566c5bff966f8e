/* An evhttp server whose clients are hostile and whose program re-enters and misuses it. */
#ifdef HAVE_HTTP
#include "http_server.h"

#define GET_SLASH "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define NEXT "GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

/* The server must still serve. */
static void check_alive(void)
{
	struct conn c;
	client(&c);
	seen[0] = '\0';
	SEND(&c, NEXT);
	if (!conn_until_end(&c, 3000) || strncmp(outcome(&c), "200 =>", 6))
		fail("afterwards it does not serve: %s", outcome(&c));
	conn_close(&c);
}

/* ---- endless input ---- */
/* Sends `unit` over and over: the server must end it before `max` bytes. */
static void endless(const char *begin, const char *unit, size_t max)
{
	struct conn c;
	static char block[65536];
	size_t n = strlen(unit), filled = 0, sent = 0;
	long begun = now_ms();
	if (in_valgrind)
		max = 0;
	serve(NULL, NULL);
	client(&c);
	while (filled + n <= sizeof block) {
		memcpy(block + filled, unit, n);
		filled += n;
	}
	conn_send(&c, begin, strlen(begin));
	do {
		if (!conn_send(&c, block, filled) || c.end)
			break;
		sent += filled;
	} while (sent < max || !max);
	conn_until_end(&c, 1000);
	if (max && sent >= max)
		fail("%zu bytes were taken and the connection goes on", sent);
	else if (now_ms() - begun > (in_valgrind ? 60000 : 6000))
		fail("refused only after %ld ms", now_ms() - begun);
	if (served)
		fail("the program was called");
	conn_close(&c);
	check_alive();
	unserve();
}
#define MEGA (1024 * 1024)
static void endless_request_line(void) { endless("GET /", "aaaaaaaaaaaaaaaa", 64 * MEGA); }
static void endless_name(void) { endless("GET / HTTP/1.1\r\n", "aaaaaaaaaaaaaaaa", 64 * MEGA); }
static void endless_value(void) { endless("GET / HTTP/1.1\r\nA: ", "aaaaaaaaaaaaaaaa", 64 * MEGA); }
static void endless_fields(void) { endless("GET / HTTP/1.1\r\n", "a:b\r\n", 64 * MEGA); }
static void endless_fold(void) { endless("GET / HTTP/1.1\r\nA: b\r\n", " c\r\n", 64 * MEGA); }
static void endless_empty_fold(void) { endless("GET / HTTP/1.1\r\nA: b\r\n", " \r\n", 64 * MEGA); }
static void endless_extension(void)
{
	endless("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", "aaaaaaaaaaaaaaaa", 16 * MEGA);
}
static void endless_chunk_size(void)
{
	endless("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "0000000000000000", 16 * MEGA);
}
static void endless_trailer(void)
{
	endless("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "a: b\r\n", 64 * MEGA);
}
static void endless_trailer_line(void)
{
	endless("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ", "aaaaaaaaaaaaaaaa", 64 * MEGA);
}
/* A head of 300 KiB may be taken or refused; searching it over and over would take minutes. */
static void long_head_in_single_bytes(void)
{
	struct conn c;
	size_t i, n = in_valgrind ? 20000 : 300000;
	long begun = now_ms();
	serve(NULL, NULL);
	client(&c);
	SEND(&c, "GET / HTTP/1.1\r\nA: ");
	for (i = 0; i < n && !c.end; i++) {
		if (send(c.fd, "a", 1, MSG_NOSIGNAL) != 1 && errno != EAGAIN)
			break;
		event_base_loop(base, EVLOOP_NONBLOCK);
		if (i % 1000 == 0)
			conn_take(&c);
	}
	if (now_ms() - begun > (in_valgrind ? 60000 : 8000))
		fail("it took %ld ms", now_ms() - begun);
	conn_close(&c);
	check_alive();
	unserve();
}
/* Many tiny chunks: time must be linear. */
static void tiny_chunks(void)
{
	struct conn c;
	int i, n = in_valgrind ? 3000 : 200000;
	long begun = now_ms();
	char *all = malloc((size_t)n * 6 + 200), *p = all;
	serve(NULL, NULL);
	client(&c);
	p += sprintf(p, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (i = 0; i < n; i++)
		p += sprintf(p, "1\r\na\r\n");
	p += sprintf(p, "0\r\n\r\n" NEXT);
	conn_send(&c, all, (size_t)(p - all));
	if (!conn_until_end(&c, 5000) || strncmp(outcome(&c), "200 200 =>", 10))
		fail("%s", outcome(&c));
	if (now_ms() - begun > 15000)
		fail("it took %ld ms", now_ms() - begun);
	free(all);
	conn_close(&c);
	unserve();
}

/* ---- pipelining, half close, resets ---- */
static void pipeline_of_100(void)
{
	struct conn c;
	char all[100 * 64], *p = all, codes[8192];
	int i;
	const char *at;
	serve(NULL, NULL);
	client(&c);
	for (i = 0; i < 100; i++)
		p += sprintf(p, "GET /%d HTTP/1.1\r\nHost: h\r\n%s\r\n", i, i == 99 ? "Connection: close\r\n" : "");
	conn_send(&c, all, (size_t)(p - all));
	CHECK(conn_until_end(&c, 5000));
	read_responses(c.in, c.len, codes);
	CHECK(strlen(codes) == 400);
	CHECK(served == 100);
	for (i = 0, at = seen; i < 100 && at; i++) {
		char uri[16];
		sprintf(uri, " /%d[]", i);
		if (!(at = strstr(at, uri)))
			fail("request %d is missing or out of order", i);
	}
	conn_close(&c);
	unserve();
}
/* 100,000 pipelined requests must not recurse once for each. */
static void pipeline_endless(void)
{
	struct conn c;
	int i, n = in_valgrind ? 2000 : 100000;
	size_t one = sizeof GET_SLASH - 1;
	char *all = malloc(one * (size_t)n + sizeof NEXT);
	serve(NULL, NULL);
	client(&c);
	for (i = 0; i < n; i++)
		memcpy(all + one * (size_t)i, GET_SLASH, one);
	memcpy(all + one * (size_t)n, NEXT, sizeof NEXT);
	conn_send(&c, all, one * (size_t)n + sizeof NEXT - 1);
	CHECK(conn_until_end(&c, 10000));
	CHECK(served == n + 1);
	free(all);
	conn_close(&c);
	unserve();
}
static void half_close(void)
{
	struct conn c;
	serve(NULL, NULL);
	client(&c);
	SEND(&c, GET_SLASH "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
	shutdown(c.fd, SHUT_WR);
	CHECK(conn_until_end(&c, 3000));
	if (strcmp(outcome(&c), "200 200 => /[] /2[]"))
		fail("%s", outcome(&c));
	conn_close(&c);
	/* The end comes with the request, before the server looks. */
	seen[0] = '\0';
	conn_adopt(&c, tcp_connect(port));
	CHECK(send(c.fd, GET_SLASH, sizeof GET_SLASH - 1, 0) > 0);
	shutdown(c.fd, SHUT_WR);
	CHECK(conn_until_end(&c, 3000));
	if (strcmp(outcome(&c), "200 => /[]"))
		fail("at once: %s", outcome(&c));
	conn_close(&c);
	unserve();
}
/* The program answers after the client's half close has been seen. */
static struct evhttp_request *kept;
static void cb_nothing(struct evhttp_request *req, void *arg)
{
	(void)arg;
	note_seen(req);
	kept = req;
}
static void half_close_answered_later(void)
{
	struct conn c;
	serve(cb_nothing, NULL);
	client(&c);
	SEND(&c, GET_SLASH);
	shutdown(c.fd, SHUT_WR);
	pump_ms(20);
	CHECK(kept != NULL);
	evhttp_send_reply(kept, 200, "OK", NULL);
	CHECK(conn_until_end(&c, 3000));
	if (strcmp(outcome(&c), "200 => /[]"))
		fail("%s", outcome(&c));
	conn_close(&c);
	unserve();
}
/* An end inside a request never gives the program half of it. */
static void truncated_requests(void)
{
	static const char text[] = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n";
	static const char plain[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd";
	size_t i, k;
	serve(NULL, NULL);
	for (k = 0; k < 2; k++) {
		const char *all = k ? plain : text;
		for (i = 0; i < strlen(all); i++) {
			struct conn c;
			client(&c);
			conn_send(&c, all, i);
			shutdown(c.fd, SHUT_WR);
			if (!conn_until_end(&c, 3000))
				fail("after %zu bytes the connection is kept", i);
			if (served)
				fail("after %zu bytes the program was called", i), served = 0;
			conn_close(&c);
		}
	}
	check_alive();
	unserve();
}
static void reset_everywhere(void)
{
	static const char all[] = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd" NEXT;
	size_t i;
	int fds, k;
	serve(NULL, NULL);
	check_alive();
	fds = count_fds();
	for (i = 0; i < sizeof all; i++) {
		struct conn c;
		client(&c);
		conn_send(&c, all, i);
		conn_close(&c);
		pump();
		/* And without giving the server time in between. */
		conn_adopt(&c, tcp_connect(port));
		if (send(c.fd, all, i, MSG_NOSIGNAL) < 0)
			fail("send: %s", strerror(errno));
		conn_close(&c);
		if (i % 8 == 0)
			pump();
	}
	for (k = 0; k < 200 && count_fds() != fds; k++)
		pump_ms(10);
	if (count_fds() != fds)
		fail("%d descriptors before, %d after", fds, count_fds());
	check_alive();
	unserve();
}
/* Reset before accept: there may be no peer name to ask for. */
static void reset_before_accept(void)
{
	int i;
	serve(NULL, NULL);
	for (i = 0; i < 100; i++) {
		struct conn c;
		conn_adopt(&c, tcp_connect(port));
		conn_close(&c);
	}
	pump();
	check_alive();
	unserve();
}
static void ten_thousand_connections(void)
{
	int i, k, fds;
	serve(NULL, NULL);
	check_alive();
	fds = count_fds();
	for (i = 0; i < 100; i++) {
		struct conn c[100];
		for (k = 0; k < 100; k++)
			conn_adopt(&c[k], tcp_connect(port));
		pump();
		for (k = 0; k < 100; k++)
			if (k % 3)
				CHECK(send(c[k].fd, GET_SLASH, k % 3 == 1 ? 9 : sizeof GET_SLASH - 1, MSG_NOSIGNAL) > 0);
		pump();
		for (k = 0; k < 100; k++)
			conn_close(&c[k]);
		seen[0] = '\0';
	}
	for (k = 0; k < 300 && count_fds() != fds; k++)
		pump_ms(10);
	if (count_fds() != fds)
		fail("%d descriptors before, %d after", fds, count_fds());
	check_alive();
	unserve();
}
/* The clients stay connected and silent; the server is freed with them. */
static void free_with_idle_clients(void)
{
	struct conn c[50];
	int k;
	serve(NULL, NULL);
	for (k = 0; k < 50; k++) {
		client(&c[k]);
		conn_send(&c[k], GET_SLASH, (size_t)k % (sizeof GET_SLASH));
	}
	unserve();
	for (k = 0; k < 50; k++) {
		CHECK(conn_until_end(&c[k], 1000));
		conn_close(&c[k]);
	}
}
/* Too few descriptors: accept fails for a while, nothing spins or dies. */
static void out_of_descriptors(void)
{
	struct rlimit old, few;
	struct conn c[8];
	int k;
	serve(NULL, NULL);
	check_alive();
	getrlimit(RLIMIT_NOFILE, &old);
	for (k = 0; k < 8; k++)
		conn_adopt(&c[k], tcp_connect(port));
	few = old;
	few.rlim_cur = (rlim_t)c[7].fd + 1;
	setrlimit(RLIMIT_NOFILE, &few);
	for (k = 0; k < 8; k++)
		event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	setrlimit(RLIMIT_NOFILE, &old);
	for (k = 0; k < 8; k++)
		conn_close(&c[k]);
	pump_ms(20);
	check_alive();
	unserve();
}

/* ---- timeouts ---- */
static void silent_client_is_cut(void)
{
	struct conn a, b;
	serve(NULL, NULL);
	evhttp_set_timeout(http, 1);
	client(&a);
	client(&b);
	SEND(&b, "GET / HTT");
	CHECK(conn_until_end(&a, 4000));
	CHECK(conn_until_end(&b, 4000));
	CHECK(!served);
	conn_close(&a);
	conn_close(&b);
	check_alive();
	unserve();
}
/* One byte now and then must not keep a connection for ever. */
static void slow_loris(void)
{
	static const char *const heads[] = {"GET / HTTP/1.1\r\nA: ",
	    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n",
	    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"};
	struct conn c[3];
	int i;
	long begun;
	serve(NULL, NULL);
	evhttp_set_timeout(http, 1);
	for (i = 0; i < 3; i++) {
		client(&c[i]);
		conn_send(&c[i], heads[i], strlen(heads[i]));
	}
	begun = now_ms();
	while (now_ms() - begun < (in_valgrind ? 15000 : 5000) && !(c[0].end && c[1].end && c[2].end)) {
		for (i = 0; i < 3; i++)
			if (!c[i].end)
				conn_send(&c[i], "a", 1);
		pump_ms(50);
		for (i = 0; i < 3; i++)
			conn_take(&c[i]);
	}
	for (i = 0; i < 3; i++) {
		if (!c[i].end)
			fail("\"%s\" is kept for 5 s", shown(heads[i], strlen(heads[i])));
		conn_close(&c[i]);
	}
	check_alive();
	unserve();
}
/* A client that never reads its reply. */
static void reader_that_stops(void)
{
	struct conn c;
	int k, fds;
	serve(NULL, NULL);
	evhttp_set_timeout(http, 1);
	check_alive();
	fds = count_fds();
	client(&c);
	for (k = 0; k < 20000; k++)
		if (send(c.fd, GET_SLASH, sizeof GET_SLASH - 1, MSG_NOSIGNAL) < 0)
			break;
	for (k = 0; k < 500 && count_fds() > fds + 1; k++)
		pump_ms(10);
	if (count_fds() > fds + 1)
		fail("the connection was not given up");
	conn_close(&c);
	check_alive();
	unserve();
}

/* ---- peers without a proper address ---- */
static void unix_client(const char *own_path, int own_len)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX}, own = {.sun_family = AF_UNIX};
	struct evconnlistener *listener;
	struct conn c;
	int fd;
	seen[0] = '\0';
	base = base ? base : event_base_new();
	http = evhttp_new(base);
	evhttp_set_gencb(http, reply_ok, NULL);
	sun.sun_path[0] = '\0';
	snprintf(sun.sun_path + 1, 100, "oxievent-hostile-%d", (int)getpid());
	listener = evconnlistener_new_bind(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE, -1, (struct sockaddr *)&sun,
	    (int)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(sun.sun_path + 1)));
	if (!listener || !evhttp_bind_listener(http, listener)) {
		fail("cannot listen");
		return;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (own_len) {
		memcpy(own.sun_path, own_path, (size_t)own_len);
		if (bind(fd, (struct sockaddr *)&own, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + own_len)))
			fail("bind: %s", strerror(errno));
	}
	if (connect(fd, (struct sockaddr *)&sun,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(sun.sun_path + 1))))
		fail("connect: %s", strerror(errno));
	conn_adopt(&c, fd);
	pump();
	SEND(&c, GET_SLASH NEXT);
	CHECK(conn_until_end(&c, 2000));
	if (strcmp(outcome(&c), "200 200 => /[] /next[]"))
		fail("%s", outcome(&c));
	conn_close(&c);
	unserve();
}
static void unix_unnamed_client(void) { unix_client(NULL, 0); }
static void unix_client_with_a_long_path(void)
{
	char path[109] = "";
	size_t n;
	for (n = 24; n <= 107; n += n == 24 ? 1 : 41) {
		snprintf(path, 108, "/tmp/hostile-%d-", (int)getpid());
		memset(path + strlen(path), 'x', n - strlen(path));
		path[n] = '\0';
		unlink(path);
		unix_client(path, (int)n + (n < 107));
		unlink(path);
	}
	/* All 108 bytes, without a terminator: valgrind reads on for one. */
	if (in_valgrind)
		return;
	memset(path, 'y', sizeof path);
	memcpy(path, "/tmp/hostile-", 13);
	unix_client(path, 108);
	path[108] = '\0';
	unlink(path);
}
static void unix_client_with_an_abstract_name(void)
{
	char name[108];
	memset(name, 'z', sizeof name);
	name[0] = '\0';
	unix_client(name, 108);
}

/* ---- re-entry: what each callback may do ---- */
static int again;

static void cb_free_server(struct evhttp_request *req, void *arg)
{
	struct evhttp *h = http;
	reply_ok(req, arg);
	http = NULL;
	if (h)
		evhttp_free(h);
}
static void cb_free_server_first(struct evhttp_request *req, void *arg)
{
	struct evhttp *h = http;
	(void)req, (void)arg;
	http = NULL;
	if (h)
		evhttp_free(h);
}
static void cb_free_connection(struct evhttp_request *req, void *arg)
{
	(void)arg;
	evhttp_connection_free(evhttp_request_get_connection(req));
}
static void cb_reply_free_connection(struct evhttp_request *req, void *arg)
{
	struct evhttp_connection *con = evhttp_request_get_connection(req);
	reply_ok(req, arg);
	evhttp_connection_free(con);
}
static void cb_own_free(struct evhttp_request *req, void *arg)
{
	(void)arg;
	evhttp_request_own(req);
	evhttp_connection_free(evhttp_request_get_connection(req));
	evhttp_request_free(req);
}
static void cb_cancel(struct evhttp_request *req, void *arg)
{
	(void)arg;
	evhttp_cancel_request(req);
}
static void cb_start_free_connection(struct evhttp_request *req, void *arg)
{
	(void)arg;
	evhttp_send_reply_start(req, 200, "OK");
	evhttp_connection_free(evhttp_request_get_connection(req));
}
static void cb_loopbreak(struct evhttp_request *req, void *arg)
{
	event_base_loopbreak(base);
	reply_ok(req, arg);
}
static void cb_no_callbacks(struct evhttp_request *req, void *arg)
{
	evhttp_set_gencb(http, NULL, NULL);
	reply_ok(req, arg);
}
static void on_free_con(struct evhttp_request *req, void *arg)
{
	(void)arg;
	evhttp_connection_free(evhttp_request_get_connection(req));
}
static void on_free_server(struct evhttp_request *req, void *arg)
{
	cb_free_server_first(req, arg);
}
static void cb_complete_free_connection(struct evhttp_request *req, void *arg)
{
	evhttp_request_set_on_complete_cb(req, on_free_con, NULL);
	reply_ok(req, arg);
}
static void cb_complete_free_server(struct evhttp_request *req, void *arg)
{
	evhttp_request_set_on_complete_cb(req, on_free_server, NULL);
	reply_ok(req, arg);
}
static void con_closed(struct evhttp_connection *con, void *arg)
{
	(void)con;
	again++;
	if (!strcmp(arg, "server") && http) {
		struct evhttp *h = http;
		http = NULL;
		evhttp_free(h);
	}
	if (!strcmp(arg, "connection"))
		evhttp_connection_free(con);
	if (!strcmp(arg, "unset"))
		evhttp_connection_set_closecb(con, NULL, NULL);
}
static void cb_close_nothing(struct evhttp_request *req, void *arg)
{
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), con_closed, "nothing");
	reply_ok(req, arg);
}
static void cb_close_free_server(struct evhttp_request *req, void *arg)
{
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), con_closed, "server");
	reply_ok(req, arg);
}
static void cb_close_free_connection(struct evhttp_request *req, void *arg)
{
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), con_closed, "connection");
	reply_ok(req, arg);
}
static void cb_close_unset(struct evhttp_request *req, void *arg)
{
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), con_closed, "unset");
	reply_ok(req, arg);
}
/* Chunks: the next one from the callback of the one before. */
static void next_chunk(struct evhttp_connection *con, void *arg)
{
	struct evbuffer *b = evbuffer_new();
	(void)con;
	evbuffer_add(b, "chunk", 5);
	if (++again < 5)
		evhttp_send_reply_chunk_with_cb(arg, b, next_chunk, arg);
	else
		evhttp_send_reply_end(arg);
	evbuffer_free(b);
}
static void cb_chunks(struct evhttp_request *req, void *arg)
{
	(void)arg;
	note_seen(req);
	if (strcmp(evhttp_request_get_uri(req), "/")) {
		seen[0] = '\0';
		reply_ok(req, NULL);
		return;
	}
	again = 0;
	evhttp_send_reply_start(req, 200, "OK");
	next_chunk(NULL, req);
}
static void chunk_frees_connection(struct evhttp_connection *con, void *arg)
{
	(void)arg;
	evhttp_connection_free(con);
}
static void chunk_frees_server(struct evhttp_connection *con, void *arg)
{
	(void)con;
	cb_free_server_first(NULL, arg);
}
static void chunk_ends(struct evhttp_connection *con, void *arg)
{
	(void)con;
	evhttp_send_reply_end(arg);
}
static void with_chunk_cb(struct evhttp_request *req, void (*cb)(struct evhttp_connection *, void *))
{
	struct evbuffer *b = evbuffer_new();
	evbuffer_add(b, "chunk", 5);
	evhttp_send_reply_start(req, 200, "OK");
	evhttp_send_reply_chunk_with_cb(req, b, cb, req);
	evbuffer_free(b);
}
static void cb_chunk_frees_connection(struct evhttp_request *req, void *arg)
{
	(void)arg;
	with_chunk_cb(req, chunk_frees_connection);
}
static void cb_chunk_frees_server(struct evhttp_request *req, void *arg)
{
	(void)arg;
	with_chunk_cb(req, chunk_frees_server);
}
static void cb_chunk_ends(struct evhttp_request *req, void *arg)
{
	(void)arg;
	with_chunk_cb(req, chunk_ends);
}
static void cb_set_in_cb(struct evhttp_request *req, void *arg)
{
	char path[16];
	sprintf(path, "/%d", ++again);
	evhttp_del_cb(http, "/");
	evhttp_set_cb(http, path, cb_set_in_cb, arg);
	reply_ok(req, arg);
}

struct reentry {
	void (*cb)(struct evhttp_request *, void *);
	/* What must come, or NULL if anything may. */
	const char *wanted;
};
static void reentry(void)
{
	const struct reentry *r = this_test->arg;
	int way;
	/* The client waits, half closes, resets, or does so at once. */
	for (way = 0; way < 6; way++) {
		struct conn c;
		kept = NULL, again = 0;
		serve(r->cb, NULL);
		client(&c);
		conn_send(&c, GET_SLASH NEXT, way == 1 ? sizeof GET_SLASH - 1 : sizeof GET_SLASH NEXT - 1);
		if (way == 2)
			shutdown(c.fd, SHUT_WR);
		if (way == 3)
			conn_close(&c);
		pump_ms(3);
		if (way == 4 && http) {
			struct evhttp *h = http;
			http = NULL;
			evhttp_free(h);
		}
		if (way == 0 && r->wanted) {
			conn_until_end(&c, 3000);
			if (!one_of(outcome(&c), r->wanted))
				fail("%s, wanted %s", outcome(&c), r->wanted);
		}
		conn_close(&c);
		pump_ms(3);
		if (http)
			unserve();
		pump();
	}
}

/* The client goes while the program still holds the request. */
static int errors;
static void request_error(enum evhttp_request_error e, void *arg)
{
	(void)e, (void)arg;
	errors++;
}
static void cb_keep_with_error_cb(struct evhttp_request *req, void *arg)
{
	cb_nothing(req, arg);
	evhttp_request_set_error_cb(req, request_error);
}
static void orphan(void (*answer)(struct evhttp_request *))
{
	struct conn c;
	int way;
	for (way = 0; way < 3; way++) {
		kept = NULL;
		serve(cb_nothing, NULL);
		client(&c);
		SEND(&c, GET_SLASH);
		CHECK(kept != NULL);
		if (way == 1)
			close(c.fd), c.fd = -1;
		conn_close(&c);
		pump_ms(5);
		/* Way 2: the server goes, and the request with it; but not one that has lost its connection. */
		if (way == 2 && kept && evhttp_request_get_connection(kept))
			kept = NULL;
		if (way == 2)
			unserve();
		if (kept)
			answer(kept);
		pump();
		if (http)
			unserve();
	}
}
static void answer_reply(struct evhttp_request *req) { evhttp_send_reply(req, 200, "OK", NULL); }
static void answer_error(struct evhttp_request *req) { evhttp_send_error(req, 500, "no"); }
static void answer_body(struct evhttp_request *req)
{
	struct evbuffer *b = evbuffer_new();
	evbuffer_add_printf(b, "body");
	evhttp_send_reply(req, 200, "OK", b);
	evbuffer_free(b);
}
static void answer_chunks(struct evhttp_request *req)
{
	struct evbuffer *b = evbuffer_new();
	evbuffer_add_printf(b, "body");
	evhttp_send_reply_start(req, 200, "OK");
	evhttp_send_reply_chunk(req, b);
	pump();
	evhttp_send_reply_end(req);
	evbuffer_free(b);
}
static void orphan_reply(void) { orphan(answer_reply); }
static void orphan_error(void) { orphan(answer_error); }
static void orphan_body(void) { orphan(answer_body); }
static void orphan_chunks(void) { orphan(answer_chunks); }
/* While the reply is under way in chunks the client goes; the program notices only later. */
static void cb_start(struct evhttp_request *req, void *arg)
{
	cb_nothing(req, arg);
	evhttp_send_reply_start(req, 200, "OK");
}
static void orphan_in_the_middle(void)
{
	struct conn c;
	struct evbuffer *b = evbuffer_new();
	int i;
	serve(cb_start, NULL);
	client(&c);
	SEND(&c, GET_SLASH);
	for (i = 0; i < 5; i++) {
		evbuffer_add_printf(b, "chunk");
		evhttp_send_reply_chunk(kept, b);
		pump();
	}
	conn_close(&c);
	for (i = 0; i < 5; i++) {
		evbuffer_add_printf(b, "chunk");
		evhttp_send_reply_chunk(kept, b);
		pump_ms(2);
	}
	evhttp_send_reply_end(kept);
	pump();
	evbuffer_free(b);

	unserve();
}
/* The program is told that the client went away. */
static void error_cb_of_an_incoming_request(void)
{
	struct conn c;
	serve(cb_keep_with_error_cb, NULL);
	client(&c);
	SEND(&c, GET_SLASH);
	CHECK(kept != NULL);
	conn_close(&c);
	pump_ms(50);
	CHECK(errors == 1);
	evhttp_send_reply(kept, 200, "OK", NULL);
	unserve();
}
/* Requests behind one that is not answered yet wait for their turn. */
static void pipelined_behind_an_open_one(void)
{
	struct conn c;
	serve(cb_nothing, NULL);
	client(&c);
	SEND(&c, GET_SLASH "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
	pump_ms(20);
	if (strcmp(seen, " /[]"))
		fail("seen before the first reply:%s", seen);
	evhttp_send_reply(kept, 200, "OK", NULL);
	pump_ms(5);
	if (strcmp(seen, " /[] /2[]"))
		fail("seen after it:%s", seen);
	evhttp_send_reply(kept, 200, "OK", NULL);
	conn_close(&c);
	pump();
	unserve();
}
/* While a reply is open a client may send for ever: that must not be stored without bound. */
static void flood_behind_an_open_one(void)
{
	struct conn c;
	static char block[65536];
	size_t sent = 0;
	int stuck = 0;
	serve(cb_nothing, NULL);
	client(&c);
	SEND(&c, GET_SLASH);
	memset(block, 'G', sizeof block);
	while (sent < 256 * MEGA && stuck < 50 && !c.end) {
		ssize_t n = send(c.fd, block, sizeof block, MSG_NOSIGNAL);
		if (n > 0)
			sent += (size_t)n, stuck = 0;
		else if (errno == EAGAIN)
			stuck++, pump_ms(2);
		else
			break;
		pump();
		conn_take(&c);
	}
	if (sent >= 256 * MEGA)
		fail("%zu bytes were read behind a request that is being answered", sent);
	conn_close(&c);
	pump_ms(5);
	evhttp_send_reply(kept, 200, "OK", NULL);
	unserve();
}
static struct bufferevent *no_bufferevent(struct event_base *b, void *arg)
{
	(void)b, (void)arg;
	return NULL;
}
static void bevcb_without_bufferevent(void)
{
	struct conn c;
	serve(NULL, NULL);
	evhttp_set_bevcb(http, no_bufferevent, NULL);
	client(&c);
	SEND(&c, GET_SLASH);
	pump_ms(10);
	conn_close(&c);
	evhttp_set_bevcb(http, NULL, NULL);
	check_alive();
	unserve();
}

/* A body that is refused while it still comes: the answer must arrive. */
static void lingering_close(void)
{
	struct conn c;
	static char block[65536];
	int i;
	serve(NULL, NULL);
	evhttp_set_max_body_size(http, 1000);
#ifdef EVHTTP_SERVER_LINGERING_CLOSE
	CHECK(evhttp_set_flags(http, EVHTTP_SERVER_LINGERING_CLOSE) == 0);
#endif
	client(&c);
	memset(block, 'b', sizeof block);
	SEND(&c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6553600\r\n\r\n");
	for (i = 0; i < 100; i++)
		if (!conn_send(&c, block, sizeof block))
			break;
	CHECK(conn_until_end(&c, 5000));
	CHECK(i == 100);
	if (strcmp(outcome(&c), "413 =>"))
		fail("%s", outcome(&c));
	conn_close(&c);
	check_alive();
	unserve();
}
/* Nothing of the target may come back as markup. */
static void error_pages_are_escaped(void)
{
	struct conn c;
	serve(NULL, NULL);
	evhttp_set_gencb(http, NULL, NULL);
	client(&c);
	SEND(&c, "GET /<script>alert(1)</script> HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	CHECK(conn_until_end(&c, 2000));
	CHECK(c.len && !strncmp(c.in, "HTTP/1.1 404", 12));
	CHECK(c.len && !strstr(c.in, "<script"));
	conn_close(&c);
	unserve();
}

static const struct reentry frees_server = {cb_free_server, NULL}, frees_first = {cb_free_server_first, NULL},
	frees_con = {cb_free_connection, NULL}, reply_frees_con = {cb_reply_free_connection, NULL},
	own_frees = {cb_own_free, NULL}, cancels = {cb_cancel, NULL}, start_frees = {cb_start_free_connection, NULL},
	breaks = {cb_loopbreak, "200 200 => /[] /next[]"}, unsets = {cb_no_callbacks, "200 404 => /[]"},
	complete_con = {cb_complete_free_connection, NULL}, complete_server = {cb_complete_free_server, NULL},
	close_nothing = {cb_close_nothing, "200 200 => /[] /next[]"}, close_server = {cb_close_free_server, NULL},
	close_con = {cb_close_free_connection, NULL}, close_unset = {cb_close_unset, "200 200 => /[] /next[]"},
	chunks = {cb_chunks, "200 200 => /next[]"}, chunk_con = {cb_chunk_frees_connection, NULL},
	chunk_server = {cb_chunk_frees_server, NULL}, chunk_end = {cb_chunk_ends, "200 200 =>"},
	sets = {cb_set_in_cb, "200 200 => /[] /next[]"};

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"endless: request line", endless_request_line, HEAVY, NULL},
		{"endless: header name", endless_name, HEAVY, NULL},
		{"endless: header value", endless_value, HEAVY, NULL},
		{"endless: header fields", endless_fields, HEAVY, NULL},
		{"endless: folded value", endless_fold, HEAVY, NULL},
		{"endless: empty folded lines", endless_empty_fold, HEAVY, NULL},
		{"endless: chunk extension", endless_extension, 0, NULL},
		{"endless: chunk size", endless_chunk_size, 0, NULL},
		{"endless: trailer fields", endless_trailer, HEAVY, NULL},
		{"endless: trailer line", endless_trailer_line, HEAVY, NULL},
		{"long head in single bytes", long_head_in_single_bytes, 0, NULL},
		{"tiny chunks", tiny_chunks, 0, NULL},
		{"pipeline of 100", pipeline_of_100, 0, NULL},
		{"pipeline without end", pipeline_endless, 0, NULL},
		{"half close", half_close, 0, NULL},
		{"half close, answered later", half_close_answered_later, 0, NULL},
		{"truncated requests", truncated_requests, 0, NULL},
		{"reset everywhere", reset_everywhere, 0, NULL},
		{"reset before accept", reset_before_accept, 0, NULL},
		{"ten thousand connections", ten_thousand_connections, HEAVY, NULL},
		{"free with idle clients", free_with_idle_clients, 0, NULL},
		{"out of descriptors", out_of_descriptors, 0, NULL},
		{"timeout: silent client", silent_client_is_cut, 0, NULL},
		{"timeout: slow loris", slow_loris, 0, NULL},
		{"timeout: client that does not read", reader_that_stops, HEAVY, NULL},
		{"unix: unnamed client", unix_unnamed_client, 0, NULL},
		{"unix: client with a long path", unix_client_with_a_long_path, 0, NULL},
		{"unix: client with an abstract name", unix_client_with_an_abstract_name, 0, NULL},
		{"callback: frees the server", reentry, 0, &frees_server},
		{"callback: frees the server without a reply", reentry, 0, &frees_first},
		{"callback: frees the connection", reentry, 0, &frees_con},
		{"callback: replies and frees the connection", reentry, 0, &reply_frees_con},
		{"callback: owns, frees connection and request", reentry, 0, &own_frees},
		{"callback: cancels", reentry, 0, &cancels},
		{"callback: starts a reply and frees the connection", reentry, 0, &start_frees},
		{"callback: breaks the loop", reentry, 0, &breaks},
		{"callback: unsets itself", reentry, 0, &unsets},
		{"callback: sets others and deletes itself", reentry, 0, &sets},
		{"complete: frees the connection", reentry, 0, &complete_con},
		{"complete: frees the server", reentry, 0, &complete_server},
		{"close: nothing", reentry, 0, &close_nothing},
		{"close: frees the server", reentry, 0, &close_server},
		{"close: frees the connection", reentry, 0, &close_con},
		{"close: unsets itself", reentry, 0, &close_unset},
		{"chunk: sends the next", reentry, 0, &chunks},
		{"chunk: frees the connection", reentry, 0, &chunk_con},
		{"chunk: frees the server", reentry, 0, &chunk_server},
		{"chunk: ends the reply", reentry, 0, &chunk_end},
		{"orphan: reply", orphan_reply, 0, NULL},
		{"orphan: error", orphan_error, 0, NULL},
		{"orphan: reply with a body", orphan_body, 0, NULL},
		{"orphan: chunks", orphan_chunks, 0, NULL},
		{"orphan: in the middle of a reply", orphan_in_the_middle, 0, NULL},
		{"error callback of an incoming request", error_cb_of_an_incoming_request, 0, NULL},
		{"pipelined behind an open request", pipelined_behind_an_open_one, 0, NULL},
		{"flood behind an open request", flood_behind_an_open_one, HEAVY, NULL},
		{"bevcb without a bufferevent", bevcb_without_bufferevent, 0, NULL},
		{"lingering close", lingering_close, 0, NULL},
		{"error pages are escaped", error_pages_are_escaped, 0, NULL},
	};
	return RUN_TESTS(argc, argv, tests);
}
#else
int main(void) { return 0; }
#endif
