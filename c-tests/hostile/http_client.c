/* An evhttp client whose servers are hostile, and whose program re-enters and misuses it. */
#ifdef HAVE_HTTP
#include "http_server.h"
#ifdef HAVE_DNS
#include <event2/dns.h>
#endif

/* ---- the server: raw, driven beside the loop ---- */
enum { HOLD, CLOSE, RESET, EARLY };
static int listening = -1, server_port;
static struct peer {
	struct conn c;
	int used, answered, counted;
} peers[64];
static int n_peers, requests_seen;
/* The script: what the first connection's first request gets, in pieces; every other one gets `next`. */
static const char *script;
static size_t script_len;
static long script_cut;
static int script_end, script_done;
#define NEXT_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext"

static void server_start(void)
{
	listening = bound(SOCK_STREAM, &server_port);
	n_peers = 0, script_done = 0, requests_seen = 0;
}
static void server_stop(void)
{
	int i;
	for (i = 0; i < n_peers; i++)
		if (peers[i].used)
			conn_close(&peers[i].c);
	memset(peers, 0, sizeof peers);
	n_peers = 0;
	close(listening);
}
static void send_script(struct peer *p)
{
	size_t i;
	script_done = 1;
	if (script_cut < 0) {
		for (i = 0; i < script_len; i++)
			if (!conn_send(&p->c, script + i, 1))
				break;
	} else if (conn_send(&p->c, script, (size_t)script_cut)) {
		conn_send(&p->c, script + script_cut, script_len - (size_t)script_cut);
	}
	if (script_end == CLOSE) {
		close(p->c.fd), p->c.fd = -1;
		conn_close(&p->c), p->used = 0;
	} else if (script_end == RESET) {
		conn_close(&p->c), p->used = 0;
	}
}
/* Accepts, reads and answers what there is. */
static void server_turn(void)
{
	int fd, i;
	while (n_peers < 64 && (fd = accept(listening, NULL, NULL)) >= 0) {
		struct peer *p = &peers[n_peers++];
		memset(p, 0, sizeof *p);
		conn_adopt(&p->c, fd);
		p->used = 1;
		if (script_end == EARLY && !script_done && script)
			send_script(p), p->answered++;
	}
	for (i = 0; i < n_peers; i++) {
		struct peer *p = &peers[i];
		const char *at;
		int heads = 0;
		if (!p->used)
			continue;
		conn_take(&p->c);
		for (at = p->c.in; at && (at = memmem(at, (size_t)(p->c.in + p->c.len - at), "\r\n\r\n", 4)); at += 4)
			heads++;
		requests_seen += heads - p->counted;
		p->counted = heads;
		if (p->answered < heads) {
			p->answered++;
			if (!script_done && script)
				send_script(p);
			else
				conn_send(&p->c, NEXT_REPLY, sizeof NEXT_REPLY - 1);
		} else if (p->c.end) {
			conn_close(&p->c), p->used = 0;
		}
	}
}
static int turns_until(const int *flag, int target, int ms)
{
	long end = now_ms() + (in_valgrind ? ms * 5 : ms);
	int idle = 0;
	while (*flag < target) {
		if (now_ms() > end)
			return 0;
		pump();
		server_turn();
		if (++idle > 20)
			poll(NULL, 0, 1);
	}
	return 1;
}
static void turns(int ms)
{
	long end = now_ms() + ms;
	do {
		pump();
		server_turn();
		poll(NULL, 0, 1);
	} while (now_ms() < end);
}

/* ---- the client's results ---- */
static struct evhttp_connection *con;
static char result[3][4096];
/* Requests that are done, and those that are not. */
static int done, waiting;
static char slot[3];

static void finished(struct evhttp_request *req, void *arg)
{
	char *out = result[(char *)arg - slot];
	struct evbuffer *in;
	size_t n, body;
	done++, waiting--;
	/* The third slot serves many requests. */
	if (*out && out != result[2]) {
		fail("called twice");
		return;
	}
	if (!req || !evhttp_request_get_response_code(req)) {
		strcpy(out, "error");
		return;
	}
	in = evhttp_request_get_input_buffer(req);
	body = evbuffer_get_length(in);
	n = (size_t)sprintf(out, "%d[", evhttp_request_get_response_code(req));
	if (body < 2000)
		evbuffer_copyout(in, out + n, body), n += body;
	else
		n += (size_t)sprintf(out + n, "%zu bytes", body);
	n += (size_t)sprintf(out + n, "]");
	if (evhttp_find_header(evhttp_request_get_input_headers(req), "X-A"))
		n += (size_t)sprintf(out + n, "<%.500s>", evhttp_find_header(evhttp_request_get_input_headers(req), "X-A"));
	if (evhttp_find_header(evhttp_request_get_input_headers(req), "X-T"))
		sprintf(out + n, "{%.500s}", evhttp_find_header(evhttp_request_get_input_headers(req), "X-T"));
}
static struct evhttp_request *ask(int n, enum evhttp_cmd_type type, const char *uri)
{
	struct evhttp_request *req = evhttp_request_new(finished, slot + n);
	result[n][0] = '\0';
	evhttp_add_header(evhttp_request_get_output_headers(req), "Host", "h");
	if (evhttp_make_request(con, req, type, uri))
		return NULL;
	waiting++;
	return req;
}
static void connect_client(void)
{
	base = base ? base : event_base_new();
	con = evhttp_connection_base_new(base, NULL, "127.0.0.1", (unsigned short)server_port);
	evhttp_connection_set_timeout(con, 20);
	done = 0;
}

/* ---- the matrix ---- */
struct row {
	const char *name, *raw;
	size_t len;
	/* What the first request gets. The second one gets "next" or an error. */
	const char *wanted;
	int end;
	enum evhttp_cmd_type type;
	long max_body;
};
#define R(name, raw, wanted, end) {name, raw, sizeof(raw) - 1, wanted, end, EVHTTP_REQ_GET, 0}
#define EVIL "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
#define H "HTTP/1.1 200 OK\r\n"
#define CL4 "Content-Length: 4\r\n\r\nabcd"
#define CHUNKED H "Transfer-Encoding: chunked\r\n\r\n"
#define OK4 "200[abcd]"
#define ERR "error"
static const struct row rows[] = {
	R("plain", H CL4, OK4, HOLD),
	R("empty", H "Content-Length: 0\r\n\r\n", "200[]", HOLD),
	R("until close", H "\r\nabcd", OK4, CLOSE),
	R("until close, 1.0", "HTTP/1.0 200 OK\r\n\r\nabcd", OK4, CLOSE),
	R("until reset is no success", H "\r\nabcd", ERR " | " OK4, RESET),
	R("length, then close", H CL4, OK4, CLOSE),
	R("connection: close, but held open", H "Connection: close\r\n" CL4, OK4, HOLD),
	R("connection: close among others", H "Connection: x, close\r\n" CL4, OK4, HOLD),
	R("1.0 held open", "HTTP/1.0 200 OK\r\n" CL4, OK4, HOLD),
	R("chunked", CHUNKED "4\r\nabcd\r\n0\r\n\r\n", OK4, HOLD),
	R("chunked: in pieces", CHUNKED "1\r\na\r\n3;x=y\r\nbcd\r\n00\r\n\r\n", OK4, HOLD),
	R("chunked: trailers dropped", CHUNKED "4\r\nabcd\r\n0\r\nX-T: v\r\nX-A: w\r\n\r\n", OK4, HOLD),
	R("chunked: 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ERR " | 200[0\r\n\r\n] | 200[]", CLOSE),
	R("chunk: 0x", CHUNKED "0x4\r\nabcd\r\n0\r\n\r\n", ERR, HOLD),
	R("chunk: plus", CHUNKED "+4\r\nabcd\r\n0\r\n\r\n", ERR, HOLD),
	R("chunk: minus 0", CHUNKED "-0\r\n\r\n" EVIL, ERR, HOLD),
	R("chunk: words", CHUNKED "4 xyz\r\nabcd\r\n0\r\n\r\n", ERR, HOLD),
	R("chunk: bare LF", CHUNKED "4\nabcd\n0\n\n", ERR, HOLD),
	R("chunk: no CRLF behind the data", CHUNKED "4\r\nabcdXX0\r\n\r\n", ERR, HOLD),
	R("chunk: no size", CHUNKED "\r\nabcd\r\n0\r\n\r\n", ERR, HOLD),
	R("chunk: 2^64 - 1", CHUNKED "ffffffffffffffff\r\nabcd", ERR, HOLD),
	R("chunk: 2^64 + 4", CHUNKED "10000000000000004\r\nabcd\r\n0\r\n\r\n", ERR, HOLD),
	R("chunk: no end", CHUNKED "4\r\nabcd\r\n", ERR, CLOSE),
	R("chunk: cut", CHUNKED "5\r\nabcd", ERR, CLOSE),
	R("chunk: trailer without a colon", CHUNKED "0\r\nxyz\r\n\r\n", ERR, HOLD),
	R("length: cut", H "Content-Length: 5\r\n\r\nabcd", ERR, CLOSE),
	R("length: cut by a reset", H "Content-Length: 5\r\n\r\nabcd", ERR, RESET),
	R("length: twice the same", H "Content-Length: 4\r\n" CL4, OK4 " | " ERR, HOLD),
	R("length: two", H "Content-Length: 0\r\n" CL4, ERR, HOLD),
	R("length: plus", H "Content-Length: +4\r\n\r\nabcd", ERR, HOLD),
	R("length: minus", H "Content-Length: -1\r\n\r\nabcd", ERR, HOLD),
	R("length: minus 0", H "Content-Length: -0\r\n\r\n" EVIL, ERR, HOLD),
	R("length: list", H "Content-Length: 4, 4\r\n\r\nabcd", ERR, HOLD),
	R("length: words", H "Content-Length: 4x\r\n\r\nabcd", ERR, HOLD),
	R("length: empty", H "Content-Length:\r\n\r\n" EVIL, ERR, HOLD),
	R("length: 2^63", H "Content-Length: 9223372036854775808\r\n\r\nabcd", ERR, HOLD),
	R("length: 2^64 + 4", H "Content-Length: 18446744073709551620\r\n\r\nabcd", ERR, HOLD),
	/* The coding wins, and the connection is not used again. */
	R("coding and length", H "Transfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", OK4 " | " ERR, HOLD),
	R("length and coding, evil behind", H "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n" EVIL,
	    OK4 " | " ERR, HOLD),
	R("coding: gzip", H "Transfer-Encoding: gzip\r\n\r\nabcd", ERR " | " OK4, CLOSE),
	R("coding: twice", H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", ERR, HOLD),
	R("coding: chunked, gzip", H "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", ERR, HOLD),
	R("coding: vertical tab", H "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", ERR, HOLD),
	/* Responses without a body. */
	R("204 and a body", "HTTP/1.1 204 No\r\n" CL4, "204[]", HOLD),
	R("204 and a response", "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n" EVIL, "204[]", HOLD),
	R("304 and a length", "HTTP/1.1 304 Same\r\nContent-Length: 400\r\n\r\n", "304[]", HOLD),
	{"HEAD and a length", H "Content-Length: 400\r\n\r\n", sizeof(H "Content-Length: 400\r\n\r\n") - 1, "200[]", HOLD,
	    EVHTTP_REQ_HEAD, 0},
	{"HEAD and a body", H CL4, sizeof(H CL4) - 1, "200[]", HOLD, EVHTTP_REQ_HEAD, 0},
	{"HEAD and a response", H "\r\n" EVIL, sizeof(H "\r\n" EVIL) - 1, "200[]", HOLD, EVHTTP_REQ_HEAD, 0},
	{"HEAD and chunks", H "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
	    sizeof(H "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n") - 1, "200[]", HOLD, EVHTTP_REQ_HEAD, 0},
	/* Interim responses. */
	R("100 first", "HTTP/1.1 100 Continue\r\n\r\n" H CL4, OK4, HOLD),
	R("100 with fields", "HTTP/1.1 100 Continue\r\nX-A: v\r\n\r\n" H CL4, OK4, HOLD),
	R("100, 102, 103", "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\nLink: x\r\n\r\n" H CL4, OK4 " | 103[] | 102[]", HOLD),
	R("100 with a length", "HTTP/1.1 100 C\r\nContent-Length: 4\r\n\r\n" H CL4, OK4 " | " ERR, HOLD),
	R("100, then nothing", "HTTP/1.1 100 Continue\r\n\r\n", ERR, CLOSE),
	/* More than was asked for. */
	R("a response too many", H CL4 EVIL, OK4, HOLD),
	R("a response too many, chunked", CHUNKED "4\r\nabcd\r\n0\r\n\r\n" EVIL, OK4, HOLD),
	R("junk behind", H CL4 "junk", OK4, HOLD),
	R("CRLF behind", H CL4 "\r\n", OK4, HOLD),
	R("before it was asked", H CL4, OK4 " | " ERR, EARLY),
	R("nothing", "", ERR, CLOSE),
	R("nothing but a reset", "", ERR, RESET),
	/* Status lines. */
	R("status: no reason", "HTTP/1.1 200\r\n" CL4, OK4, HOLD),
	R("status: empty reason", "HTTP/1.1 200 \r\n" CL4, OK4, HOLD),
	R("status: 999", "HTTP/1.1 999 ?\r\n" CL4, "999[abcd]", HOLD),
	R("status: two digits", "HTTP/1.1 20 OK\r\n" CL4, ERR, HOLD),
	R("status: four digits", "HTTP/1.1 2000 OK\r\n" CL4, ERR, HOLD),
	R("status: letters", "HTTP/1.1 abc OK\r\n" CL4, ERR, HOLD),
	R("status: words behind", "HTTP/1.1 200x OK\r\n" CL4, ERR, HOLD),
	R("status: 000", "HTTP/1.1 000 OK\r\n" CL4, ERR, HOLD),
	R("status: minus", "HTTP/1.1 -20 OK\r\n" CL4, ERR, HOLD),
	R("status: plus", "HTTP/1.1 +20 OK\r\n" CL4, ERR, HOLD),
	R("status: huge", "HTTP/1.1 4294967496 OK\r\n" CL4, ERR, HOLD),
	R("status: two spaces", "HTTP/1.1  200 OK\r\n" CL4, ERR, HOLD),
	R("status: none", "HTTP/1.1\r\n" CL4, ERR, HOLD),
	R("status: 2.0", "HTTP/2.0 200 OK\r\n" CL4, ERR, HOLD),
	R("status: 1.99", "HTTP/1.99 200 OK\r\n" CL4, ERR, HOLD),
	R("status: 4294967297.1", "HTTP/4294967297.1 200 OK\r\n" CL4, ERR, HOLD),
	R("status: no HTTP", "ICY 200 OK\r\n" CL4, ERR, HOLD),
	R("status: markup", "<html>\r\n</html>\r\n\r\n", ERR, HOLD),
	R("status: a request", "GET / HTTP/1.1\r\n\r\n", ERR, HOLD),
	R("status: NUL in the reason", "HTTP/1.1 200 O\0K\r\n" CL4, ERR, HOLD),
	R("status: CR in the reason", "HTTP/1.1 200 O\rK\r\n" CL4, ERR, HOLD),
	R("status: bare LF", "HTTP/1.1 200 OK\n" CL4, ERR, HOLD),
	R("status: empty line first", "\r\n" H CL4, ERR " | " OK4, HOLD),
	/* Fields. */
	R("field: folded", H "X-A: a\r\n  b\r\n" CL4, "200[abcd]<a b> | error", HOLD),
	R("field: a length in a fold", H "X-A: a\r\n Content-Length: 40\r\n" CL4, "200[abcd]<a Content-Length: 40> | error", HOLD),
	R("field: bare LF", H "X-A: a\nX-T: b\r\n" CL4, ERR, HOLD),
	R("field: NUL", H "X-A: a\0b\r\n" CL4, ERR, HOLD),
	R("field: CR", H "X-A: a\rb\r\n" CL4, ERR, HOLD),
	R("field: empty name", H ": a\r\n" CL4, ERR, HOLD),
	R("field: space before the colon", H "Content-Length : 40\r\n" CL4, ERR, HOLD),
	R("field: no colon", H "Xyz\r\n" CL4, ERR, HOLD),
	R("field: begins with a space", H " X-A: b\r\n" CL4, ERR, HOLD),
	/* A body larger than the program takes. */
	{"limit: length", H "Content-Length: 65\r\n\r\n", sizeof(H "Content-Length: 65\r\n\r\n") - 1, ERR, HOLD, EVHTTP_REQ_GET, 64},
	{"limit: chunk", CHUNKED "41\r\n", sizeof(CHUNKED "41\r\n") - 1, ERR, HOLD, EVHTTP_REQ_GET, 64},
	{"limit: until close", H "\r\n0123456789", sizeof(H "\r\n0123456789") - 1, ERR, CLOSE, EVHTTP_REQ_GET, 9},
};

static void one_response(const struct row *r, long cut, size_t len)
{
	script = r->raw, script_len = len, script_cut = cut, script_end = r->end;
	server_start();
	connect_client();
	if (r->max_body)
		evhttp_connection_set_max_body_size(con, r->max_body);
	ask(0, r->type, "/");
	ask(1, EVHTTP_REQ_GET, "/2");
	if (!turns_until(&done, 2, 3000))
		fail("cut at %ld: not finished: \"%s\", \"%s\"", cut, result[0], result[1]);
	if (len == r->len && !one_of(result[0], r->wanted))
		fail("cut at %ld: %s, wanted %s", cut, shown(result[0], strlen(result[0])), shown(r->wanted, strlen(r->wanted)));
	/* What comes once the next request is out cannot be told from its answer. */
	if (!strcmp(result[1], "200[evil]") && (cut < 0 || !strcmp(r->raw + cut, EVIL)))
		strcpy(result[1], "error");
	if (strcmp(result[1], "200[next]") && strcmp(result[1], "error"))
		fail("cut at %ld: the next request got %s", cut, shown(result[1], strlen(result[1])));
	evhttp_connection_free(con);
	pump();
	server_stop();
}
static void matrix_row(void)
{
	const struct row *r = this_test->arg;
	size_t cut;
	one_response(r, 0, r->len);
	if (!problems && r->len > 1) {
		one_response(r, -1, r->len);
		for (cut = 1; cut < r->len && problems < 3 && !in_valgrind; cut++)
			one_response(r, (long)cut, r->len);
	}
}
/* Responses that end at every byte: half of one is never a success. */
static void truncated(void)
{
	static const struct row whole[] = {
		R("", H "X-A: v\r\n" CL4, OK4, CLOSE), R("", CHUNKED "2\r\nab\r\n2\r\ncd\r\n0\r\nX: y\r\n\r\n", OK4, CLOSE),
		R("", H "X-A: v\r\n" CL4, OK4, RESET), R("", CHUNKED "2\r\nab\r\n2\r\ncd\r\n0\r\nX: y\r\n\r\n", OK4, RESET),
	};
	size_t i, n;
	for (i = 0; i < 4; i++)
		for (n = 0; n < whole[i].len && problems < 3; n += in_valgrind ? 11 : 1) {
			one_response(&whole[i], 0, n);
			if (strcmp(result[0], "error") && !(i < 4 && n >= whole[i].len))
				fail("after %zu bytes: %s", n, shown(result[0], strlen(result[0])));
		}
}

/* ---- endless responses ---- */
static void endless(const char *begin, const char *unit)
{
	static char block[65536];
	size_t n = strlen(unit), filled = 0, sent = 0, max = 64 * 1024 * 1024;
	long begun = now_ms();
	while (filled + n <= sizeof block)
		memcpy(block + filled, unit, n), filled += n;
	script = "", script_len = 0, script_cut = 0, script_end = HOLD;
	server_start();
	connect_client();
	evhttp_connection_set_max_headers_size(con, 65536);
	evhttp_connection_set_max_body_size(con, 65536);
	ask(0, EVHTTP_REQ_GET, "/");
	turns_until(&script_done, 1, 2000);
	conn_send(&peers[0].c, begin, strlen(begin));
	while (!done && sent < max && now_ms() - begun < 8000) {
		if (!conn_send(&peers[0].c, block, filled))
			break;
		sent += filled;
	}
	turns_until(&done, 1, 1000);
	if (strcmp(result[0], "error"))
		fail("after %zu bytes and %ld ms: %s", sent, now_ms() - begun, shown(result[0], strlen(result[0])));
	evhttp_connection_free(con);
	server_stop();
}
static void endless_status(void) { endless("HTTP/1.1 200 ", "aaaaaaaa"); }
static void endless_value(void) { endless(H "A: ", "aaaaaaaa"); }
static void endless_fields(void) { endless(H, "a:b\r\n"); }
static void endless_fold(void) { endless(H "A: b\r\n", " c\r\n"); }
static void endless_interim(void) { endless("", "HTTP/1.1 100 Continue\r\n\r\n"); }
static void endless_extension(void) { endless(CHUNKED "1;", "aaaaaaaa"); }
static void endless_trailer(void) { endless(CHUNKED "0\r\n", "a: b\r\n"); }
static void endless_body(void) { endless(H "\r\n", "aaaaaaaa"); }
static void endless_zeros(void) { endless(CHUNKED, "00000000"); }

/* ---- request splitting ---- */
struct split {
	const char *uri, *name, *value, *body;
	enum evhttp_cmd_type type;
};
#define X "\r\nX-Evil: 1"
static const struct split s_uri = {"/ HTTP/1.1" X "\r\nA: b", NULL, NULL, NULL, EVHTTP_REQ_GET},
	s_uri_lf = {"/ HTTP/1.1\nX-Evil: 1\nA: b", NULL, NULL, NULL, EVHTTP_REQ_GET},
	s_uri_cr = {"/\rX-Evil: 1", NULL, NULL, NULL, EVHTTP_REQ_GET},
	s_uri_two = {"/ HTTP/1.1\r\n\r\nGET /evil HTTP/1.1" X, NULL, NULL, NULL, EVHTTP_REQ_GET},
	s_uri_ctl = {"/\x01", NULL, NULL, NULL, EVHTTP_REQ_GET},
	s_uri_version = {"/ HTTP/1.1 x", NULL, NULL, NULL, EVHTTP_REQ_GET},
	s_uri_empty = {"", NULL, NULL, NULL, EVHTTP_REQ_GET},
	s_value = {"/", "X-A", "v" X, NULL, EVHTTP_REQ_GET}, s_value_lf = {"/", "X-A", "v\nX-Evil: 1", NULL, EVHTTP_REQ_GET},
	s_value_fold = {"/", "X-A", "v\r\n X-Evil: 1", NULL, EVHTTP_REQ_GET},
	s_name = {"/", "X-A: v\r\nX-Evil", "1", NULL, EVHTTP_REQ_GET}, s_host = {"/", "Host", "h" X, NULL, EVHTTP_REQ_GET},
	s_two_hosts = {"/", "Host", "other", NULL, EVHTTP_REQ_GET},
	s_method_0 = {"/", NULL, NULL, NULL, (enum evhttp_cmd_type)0},
	s_method_two = {"/", NULL, NULL, NULL, (enum evhttp_cmd_type)(EVHTTP_REQ_GET | EVHTTP_REQ_POST)},
	s_method_high = {"/", NULL, NULL, NULL, (enum evhttp_cmd_type)0x40000000},
	s_get_body = {"/", NULL, NULL, "GET /evil HTTP/1.1" X "\r\n\r\n", EVHTTP_REQ_GET};

static void splitting(void)
{
	const struct split *s = this_test->arg;
	int insert;
	for (insert = 0; insert < (s->name ? 2 : 1); insert++) {
		struct evhttp_request *req;
		const char *in, *end;
		int r;
		script = NULL, script_end = HOLD;
		server_start();
		connect_client();
		result[0][0] = '\0';
		req = evhttp_request_new(finished, slot);
		if (s->name && !insert) {
			evhttp_add_header(evhttp_request_get_output_headers(req), s->name, s->value);
		} else if (s->name) {
			struct evkeyval *kv = counted_malloc(sizeof *kv);
			memset(kv, 0, sizeof *kv);
			kv->key = strcpy(counted_malloc(strlen(s->name) + 1), s->name);
			kv->value = strcpy(counted_malloc(strlen(s->value) + 1), s->value);
			TAILQ_INSERT_TAIL(evhttp_request_get_output_headers(req), kv, next);
		}
		if (s->body)
			evbuffer_add(evhttp_request_get_output_buffer(req), s->body, strlen(s->body));
		r = evhttp_make_request(con, req, s->type, s->uri);
		turns_until(&done, 1, r == 0 ? 3000 : 20);
		turns(5);
		in = peers[0].c.in;
		if (n_peers && in) {
			/* A body is no head: only what follows as a request of its own counts. */
			end = s->body ? strstr(in, "\r\n\r\n") : NULL;
			if (end && !s->name && strcasestr(in, "Content-Length")) {
				char *length = strcasestr(in, "Content-Length:");
				if (strtoul(length + 15, NULL, 10) != strlen(s->body) || length > end)
					fail("sent: %s", shown(in, strlen(in)));
			} else if (strstr(in, "\nX-Evil") || strstr(in, "\rX-Evil") || strstr(in, "/evil")) {
				fail("sent: %s", shown(in, strlen(in)));
			}
			if (strstr(in, "(null)") || strstr(in, "\x01") || strstr(in, "\r\n "))
				fail("sent: %s", shown(in, strlen(in)));
		}
		if (r == 0 && !done)
			fail("neither refused nor answered");
		evhttp_connection_free(con);
		server_stop();
	}
}

/* ---- re-entry ---- */
static struct evhttp_request *asked[3];
static int stage;
static void do_free(void)
{
	struct evhttp_connection *c = con;
	con = NULL;
	if (c)
		evhttp_connection_free(c);
}
static void do_cancel(void)
{
	struct evhttp_request *r = asked[0];
	asked[0] = NULL;
	if (r)
		evhttp_cancel_request(r);
}
static void do_cancel_next(void)
{
	struct evhttp_request *r = asked[1];
	asked[1] = NULL;
	if (r)
		evhttp_cancel_request(r);
}
static void do_ask(void)
{
	if (stage++ < 3 && con)
		ask(2, EVHTTP_REQ_GET, "/again");
	result[2][0] = '\0';
}
static void do_break(void) { event_base_loopbreak(base); }
struct reentry {
	/* 'r': when the request is done, 'h': head, 'c': chunk, 'e': error, 'x': close. */
	char where;
	void (*act)(void);
};
static const struct reentry *entry;
static void re_done(struct evhttp_request *req, void *arg)
{
	(void)req, (void)arg;
	asked[(char *)arg - slot] = NULL;
	done++, waiting--;
	if (entry->where == 'r' && arg == slot)
		entry->act();
}
static int re_head(struct evhttp_request *req, void *arg)
{
	(void)req, (void)arg;
	if (entry->where == 'h')
		entry->act();
	return 0;
}
static int re_head_refuses(struct evhttp_request *req, void *arg)
{
	(void)req, (void)arg;
	return -1;
}
static void re_chunk(struct evhttp_request *req, void *arg)
{
	(void)arg;
	evbuffer_drain(evhttp_request_get_input_buffer(req), 1);
	if (entry->where == 'c')
		entry->act();
}
static void re_error(enum evhttp_request_error e, void *arg)
{
	(void)e;
	/* The request is not the program's any more. */
	asked[(char *)arg - slot] = NULL;
	if (entry->where == 'e')
		entry->act();
}
static void re_close(struct evhttp_connection *c, void *arg)
{
	(void)c, (void)arg;
	if (entry->where == 'x')
		entry->act();
}
static void reentry(void)
{
	static const struct row answers[] = {
		R("", H CL4, "", HOLD), R("", H CL4, "", CLOSE), R("", CHUNKED "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", "", HOLD),
		R("", CHUNKED "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", "", CLOSE), R("", H "\r\nabcd", "", CLOSE), R("", "", "", CLOSE),
		R("", "junk\r\n\r\n", "", HOLD), R("", CHUNKED "2\r\nab\r\nxx\r\n", "", HOLD), R("", H "Content-Length: 9\r\n\r\nab", "", RESET),
	};
	size_t i;
	int flags, pieces;
	entry = this_test->arg;
	for (i = 0; i < sizeof answers / sizeof *answers; i++)
		for (pieces = -1; pieces < 1; pieces++)
			for (flags = 0; flags < 2; flags++) {
				int n;
				/* Who is freed on completion is not freed or emptied by the program as well. */
				if (flags && entry->act != do_ask && entry->act != do_break)
					continue;
				script = answers[i].raw, script_len = answers[i].len, script_cut = pieces, script_end = answers[i].end;
				server_start();
				connect_client();
				stage = 0;
				waiting = 0;
				if (flags)
					evhttp_connection_free_on_completion(con);
				evhttp_connection_set_closecb(con, re_close, NULL);
				for (n = 0; n < 2 && con; n++) {
					asked[n] = evhttp_request_new(re_done, slot + n);
					evhttp_request_set_header_cb(asked[n], re_head);
					evhttp_request_set_chunked_cb(asked[n], re_chunk);
					evhttp_request_set_error_cb(asked[n], re_error);
					if (evhttp_make_request(con, asked[n], EVHTTP_REQ_GET, "/"))
						asked[n] = NULL;
					else
						waiting++;
				}
				turns(in_valgrind ? 30 : 8);
				if (con && (!flags || waiting))
					do_free();
				con = NULL;
				server_stop();
				turns(0);
			}
}

/* ---- the rest of a connection's life ---- */
static void refused(void)
{
	int closed;
	close(bound(SOCK_DGRAM, &closed));
	server_port = 1;
	connect_client();
	ask(0, EVHTTP_REQ_GET, "/");
	ask(1, EVHTTP_REQ_GET, "/");
	CHECK(turns_until(&done, 2, 3000));
	CHECK(!strcmp(result[0], "error") && !strcmp(result[1], "error"));
	evhttp_connection_free(con);
}
static void refused_with_retries(void)
{
	struct timeval soon = {0, 1000};
	server_port = 1;
	connect_client();
	evhttp_connection_set_retries(con, 3);
	evhttp_connection_set_initial_retry_tv(con, &soon);
	ask(0, EVHTTP_REQ_GET, "/");
	CHECK(turns_until(&done, 1, 3000));
	CHECK(!strcmp(result[0], "error"));
	evhttp_connection_free(con);
	/* Freed while it waits to try again. */
	connect_client();
	evhttp_connection_set_retries(con, -1);
	ask(0, EVHTTP_REQ_GET, "/");
	pump_ms(20);
	evhttp_connection_free(con);
}
/* It gives everything back, also when the connect fails. */
static void freed_on_completion(void)
{
	int way;
	for (way = 0; way < 3; way++) {
		script = way == 2 ? "junk\r\n\r\n" : NULL, script_len = 8, script_cut = 0, script_end = HOLD;
		server_start();
		if (way == 0)
			close(listening), listening = open("/dev/null", O_RDONLY | O_CLOEXEC);
		connect_client();
		evhttp_connection_free_on_completion(con);
		ask(0, EVHTTP_REQ_GET, "/");
		CHECK(turns_until(&done, 1, 3000));
		pump_ms(5);
		server_stop();
		pump();
	}
}
static void closed_while_idle(void)
{
	int i;
	script = H CL4, script_len = strlen(script), script_cut = 0, script_end = CLOSE;
	server_start();
	connect_client();
	for (i = 0; i < 3; i++) {
		done = 0, script_done = 0;
		ask(0, EVHTTP_REQ_GET, "/");
		CHECK(turns_until(&done, 1, 3000));
		if (strcmp(result[0], "200[abcd]"))
			fail("request %d: %s", i, result[0]);
		turns(5);
	}
	/* And with the close seen only when the next request goes out. */
	done = 0, script_done = 0, script_end = HOLD;
	ask(0, EVHTTP_REQ_GET, "/");
	CHECK(turns_until(&done, 1, 3000));
	for (i = 0; i < n_peers; i++)
		if (peers[i].used)
			conn_close(&peers[i].c), peers[i].used = 0;
	done = 0;
	ask(0, EVHTTP_REQ_GET, "/");
	CHECK(turns_until(&done, 1, 3000));
	evhttp_connection_free(con);
	server_stop();
}
static void queue_of_50(void)
{
	int i;
	for (i = 0; i < 2; i++) {
		int n;
		script = i ? "junk\r\n\r\n" : NULL, script_len = 8, script_cut = 0, script_end = HOLD;
		server_start();
		connect_client();
		for (n = 0; n < 50; n++) {
			ask(2, EVHTTP_REQ_GET, "/");
		}
		turns_until(&done, 50, 5000);
		if (done != 50)
			fail("%d of 50 came back", done);
		evhttp_connection_free(con);
		server_stop();
	}
}
static void freed_with_a_queue(void)
{
	int ms;
	for (ms = 0; ms < 4; ms++) {
		script = "HTTP/1.1 200 OK\r\nContent-Le", script_len = strlen(script), script_cut = 0, script_end = HOLD;
		server_start();
		connect_client();
		ask(0, EVHTTP_REQ_GET, "/");
		ask(1, EVHTTP_REQ_GET, "/");
		ask(2, EVHTTP_REQ_GET, "/");
		if (ms)
			turns(ms * 2);
		evhttp_connection_free(con);
		server_stop();
		pump();
	}
}
static void cancel_at_each_stage(void)
{
	static const char all[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n";
	size_t n;
	for (n = 0; n < sizeof all; n += 3) {
		struct evhttp_request *r[3];
		int which;
		for (which = 0; which < 3; which++) {
			script = all, script_len = n, script_cut = 0, script_end = HOLD;
			server_start();
			connect_client();
			r[0] = ask(0, EVHTTP_REQ_GET, "/");
			r[1] = ask(1, EVHTTP_REQ_GET, "/");
			r[2] = ask(2, EVHTTP_REQ_GET, "/");
			if (n > 3)
				turns_until(&script_done, 1, 1000);
			pump();
			evhttp_cancel_request(r[which]);
			pump();
			if (which == 0) {
				/* The others go on, on a new connection. */
				script = NULL;
				done = 0;
				CHECK(turns_until(&done, 2, 3000));
				CHECK(!strcmp(result[1], "200[next]"));
				CHECK(!strcmp(result[2], "200[next]"));
			}
			evhttp_connection_free(con);
			server_stop();
		}
	}
}
static void silent_server_times_out(void)
{
	script = "HTTP/1.1 200 OK\r\n", script_len = 10, script_cut = 0, script_end = HOLD;
	server_start();
	connect_client();
	evhttp_connection_set_timeout(con, 1);
	ask(0, EVHTTP_REQ_GET, "/");
	CHECK(turns_until(&done, 1, 4000));
	CHECK(!strcmp(result[0], "error"));
	evhttp_connection_free(con);
	server_stop();
}
/* The header callback says no. */
static void head_refused(void)
{
	struct evhttp_request *req;
	script = H CL4, script_len = strlen(script), script_cut = 0, script_end = HOLD;
	server_start();
	connect_client();
	result[0][0] = '\0';
	req = evhttp_request_new(finished, slot);
	evhttp_request_set_header_cb(req, re_head_refuses);
	CHECK(evhttp_make_request(con, req, EVHTTP_REQ_GET, "/") == 0);
	CHECK(turns_until(&done, 1, 3000));
	evhttp_connection_free(con);
	server_stop();
}
/* The program's own field goes out as it is, and none is made up. */
static void proxy_connection(void)
{
	int own;
	for (own = 0; own < 2; own++) {
		struct evhttp_request *req;
		script = NULL, script_end = HOLD;
		server_start();
		connect_client();
		result[0][0] = '\0';
		req = evhttp_request_new(finished, slot);
		if (own)
			evhttp_add_header(evhttp_request_get_output_headers(req), "Proxy-Connection", "mine");
		CHECK(evhttp_make_request(con, req, EVHTTP_REQ_GET, "http://h/") == 0);
		CHECK(turns_until(&done, 1, 3000));
		CHECK((peers[0].c.in && strcasestr(peers[0].c.in, "Proxy-Connection: mine")) == own);
		if (!own)
			CHECK(!strcasestr(peers[0].c.in, "Proxy-Connection"));
		evhttp_connection_free(con);
		server_stop();
	}
}
/* A server that answers before it has read a large body, and closes. */
static void early_answer_to_a_large_body(void)
{
	struct evhttp_request *req;
	char *big = calloc(1, 8 * 1024 * 1024);
	int flag;
	for (flag = 0; flag < 2; flag++) {
		script = "HTTP/1.1 413 Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd", script_len = strlen(script);
		script_cut = 0, script_end = CLOSE;
		server_start();
		connect_client();
#ifdef EVHTTP_CON_READ_ON_WRITE_ERROR
		if (flag)
			CHECK(evhttp_connection_set_flags(con, EVHTTP_CON_READ_ON_WRITE_ERROR) == 0);
#endif
		result[0][0] = '\0';
		req = evhttp_request_new(finished, slot);
		evbuffer_add(evhttp_request_get_output_buffer(req), big, 8 * 1024 * 1024);
		CHECK(evhttp_make_request(con, req, EVHTTP_REQ_POST, "/") == 0);
		CHECK(turns_until(&done, 1, 5000));
		if (strcmp(result[0], "413[abcd]") && strcmp(result[0], "error"))
			fail("%s", result[0]);
		evhttp_connection_free(con);
		server_stop();
	}
	free(big);
}
#ifdef HAVE_DNS
static void names_that_fail(void)
{
	struct evdns_base *dns;
	int dead, fd = bound(SOCK_DGRAM, &dead), way;
	char server[64];
	close(fd);
	base = event_base_new();
	snprintf(server, sizeof server, "127.0.0.1:%d", dead);
	for (way = 0; way < 3; way++) {
		dns = evdns_base_new(base, 0);
		if (way)
			evdns_base_nameserver_ip_add(dns, server);
		evdns_base_set_option(dns, "timeout", "0.2");
		evdns_base_set_option(dns, "attempts", "1");
		con = evhttp_connection_base_new(base, dns, "does-not-exist.example", 80);
		done = 0;
		ask(0, EVHTTP_REQ_GET, "/");
		if (way < 2) {
			CHECK(turns_until(&done, 1, 6000));
			CHECK(!strcmp(result[0], "error"));
		}
		evhttp_connection_free(con);
		evdns_base_free(dns, way & 1);
		pump_ms(5);
	}
}
#endif

int main(int argc, char **argv)
{
	static const struct reentry table[] = {
		{'r', do_free}, {'r', do_cancel}, {'r', do_cancel_next}, {'r', do_ask}, {'r', do_break},
		{'h', do_free}, {'h', do_cancel}, {'h', do_cancel_next}, {'h', do_ask}, {'h', do_break},
		{'c', do_free}, {'c', do_cancel}, {'c', do_cancel_next}, {'c', do_ask}, {'c', do_break},
		{'e', do_free}, {'e', do_cancel_next}, {'e', do_ask},
		{'x', do_cancel_next}, {'x', do_ask},
	};
	static const struct { void (*act)(void); const char *name; } acts[] = {
		{do_free, "frees the connection"}, {do_cancel, "cancels the request"}, {do_cancel_next, "cancels the next request"},
		{do_ask, "asks again"}, {do_break, "breaks the loop"},
	};
	static const struct test rest[] = {
		{"truncated at each byte", truncated, 0, NULL},
		{"endless: status line", endless_status, 0, NULL}, {"endless: value", endless_value, 0, NULL},
		{"endless: fields", endless_fields, 0, NULL}, {"endless: fold", endless_fold, 0, NULL},
		{"endless: interim responses", endless_interim, HEAVY, NULL}, {"endless: chunk extension", endless_extension, 0, NULL},
		{"endless: trailer", endless_trailer, HEAVY, NULL}, {"endless: body", endless_body, 0, NULL},
		{"endless: zeros", endless_zeros, 0, NULL},
		{"split: URI", splitting, 0, &s_uri}, {"split: URI, LF", splitting, 0, &s_uri_lf}, {"split: URI, CR", splitting, 0, &s_uri_cr},
		{"split: URI, two requests", splitting, 0, &s_uri_two}, {"split: URI, control byte", splitting, 0, &s_uri_ctl},
		{"split: URI, version", splitting, 0, &s_uri_version}, {"split: URI, empty", splitting, 0, &s_uri_empty},
		{"split: value", splitting, 0, &s_value}, {"split: value, LF", splitting, 0, &s_value_lf},
		{"split: value, fold", splitting, 0, &s_value_fold}, {"split: name", splitting, 0, &s_name},
		{"split: host", splitting, 0, &s_host}, {"split: host once", splitting, 0, &s_two_hosts},
		{"split: method 0", splitting, 0, &s_method_0}, {"split: two methods", splitting, 0, &s_method_two},
		{"split: unknown method", splitting, 0, &s_method_high}, {"split: body of GET", splitting, 0, &s_get_body},
		{"refused", refused, 0, NULL}, {"refused, with retries", refused_with_retries, 0, NULL},
		{"freed on completion", freed_on_completion, 0, NULL}, {"closed while idle", closed_while_idle, 0, NULL},
		{"queue of 50", queue_of_50, 0, NULL}, {"freed with a queue", freed_with_a_queue, 0, NULL},
		{"cancel at each stage", cancel_at_each_stage, 0, NULL}, {"silent server", silent_server_times_out, 0, NULL},
		{"proxy connection", proxy_connection, 0, NULL},
		{"head refused", head_refused, 0, NULL}, {"early answer to a large body", early_answer_to_a_large_body, 0, NULL},
#ifdef HAVE_DNS
		{"names that fail", names_that_fail, 0, NULL},
#endif
	};
	static struct test tests[256];
	static char names[64][96];
	size_t n = 0, i, k;
	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		tests[n++] = (struct test){rows[i].name, matrix_row, 0, &rows[i]};
	for (i = 0; i < sizeof table / sizeof *table; i++) {
		for (k = 0; acts[k].act != table[i].act; k++)
			;
		sprintf(names[i], "callback of the %s: %s", table[i].where == 'r' ? "request" : table[i].where == 'h' ? "head" :
		    table[i].where == 'c' ? "chunk" : table[i].where == 'e' ? "error" : "close", acts[k].name);
		tests[n++] = (struct test){names[i], reentry, 0, &table[i]};
	}
	memcpy(tests + n, rest, sizeof rest);
	n += sizeof rest / sizeof *rest;
	return run_tests(argc, argv, tests, n);
}
#else
int main(void) { return 0; }
#endif
