/*
 * What a program may do wrong when it answers: header fields, reasons and codes that would split the response, bodies
 * where none may be, calls in a wrong order. The stream of responses must stay readable, and nothing may be added to it.
 */
#ifdef HAVE_HTTP
#include "http_server.h"

#define NEXT "GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

struct misuse {
	void (*answer)(struct evhttp_request *req, const struct misuse *m);
	const char *a, *b;
	int code;
	/* The request's first line, or NULL for GET / HTTP/1.1. */
	const char *line;
	/* The outcomes that may be, without what the program saw; NULL: any that can be read. */
	const char *wanted;
};

static struct evbuffer *body(const char *text)
{
	struct evbuffer *b = evbuffer_new();
	evbuffer_add(b, text, strlen(text));
	return b;
}
static void reply_with(struct evhttp_request *req, int code, const char *reason, const char *text)
{
	struct evbuffer *b = body(text);
	evhttp_send_reply(req, code, reason, b);
	evbuffer_free(b);
}
static void add_header(struct evhttp_request *req, const struct misuse *m)
{
	evhttp_add_header(evhttp_request_get_output_headers(req), m->a, m->b);
	reply_with(req, 200, "OK", "ok");
}
static void refused_header(struct evhttp_request *req, const struct misuse *m)
{
	if (evhttp_add_header(evhttp_request_get_output_headers(req), m->a, m->b) != -1)
		fail("evhttp_add_header takes it");
	reply_with(req, 200, "OK", "ok");
}
static char *own_text(const char *s)
{
	char *p = counted_malloc(strlen(s) + 1);
	return strcpy(p, s);
}
/* Programs may put fields into the public list themselves. */
static void insert_header(struct evhttp_request *req, const struct misuse *m)
{
	struct evkeyval *kv = counted_malloc(sizeof *kv);
	memset(kv, 0, sizeof *kv);
	kv->key = own_text(m->a);
	kv->value = own_text(m->b);
	TAILQ_INSERT_TAIL(evhttp_request_get_output_headers(req), kv, next);
	reply_with(req, 200, "OK", "ok");
}
static void reason(struct evhttp_request *req, const struct misuse *m) { reply_with(req, m->code, m->a, "ok"); }
static void reason_of_start(struct evhttp_request *req, const struct misuse *m)
{
	struct evbuffer *b = body("ok");
	evhttp_send_reply_start(req, m->code, m->a);
	evhttp_send_reply_chunk(req, b);
	evhttp_send_reply_end(req);
	evbuffer_free(b);
}
static void error_page(struct evhttp_request *req, const struct misuse *m) { evhttp_send_error(req, m->code, m->a); }
static void no_body(struct evhttp_request *req, const struct misuse *m) { evhttp_send_reply(req, m->code, m->a, NULL); }
static void twice(struct evhttp_request *req, const struct misuse *m)
{
	(void)m;
	reply_with(req, 200, "OK", "ok");
	reply_with(req, 200, "OK", "second");
}
static void reply_and_error(struct evhttp_request *req, const struct misuse *m)
{
	(void)m;
	reply_with(req, 200, "OK", "ok");
	evhttp_send_error(req, 500, NULL);
}
static void start_twice(struct evhttp_request *req, const struct misuse *m)
{
	(void)m;
	evhttp_send_reply_start(req, 200, "OK");
	reason_of_start(req, &(struct misuse){.code = 200, .a = "OK"});
}
static void start_and_reply(struct evhttp_request *req, const struct misuse *m)
{
	(void)m;
	evhttp_send_reply_start(req, 200, "OK");
	reply_with(req, 200, "OK", "ok");
}
static void chunk_behind_the_end(struct evhttp_request *req, const struct misuse *m)
{
	struct evbuffer *b = body("ok");
	(void)m;
	evhttp_send_reply_start(req, 200, "OK");
	evhttp_send_reply_chunk(req, b);
	evhttp_send_reply_end(req);
	evbuffer_add(b, "late", 4);
	evhttp_send_reply_chunk(req, b);
	evbuffer_free(b);
}
static void end_twice(struct evhttp_request *req, const struct misuse *m)
{
	struct evbuffer *b = body("ok");
	(void)m;
	evhttp_send_reply_start(req, 200, "OK");
	evhttp_send_reply_chunk(req, b);
	evhttp_send_reply_end(req);
	evhttp_send_reply_end(req);
	evbuffer_free(b);
}
static void empty_chunks(struct evhttp_request *req, const struct misuse *m)
{
	struct evbuffer *b = body("ok"), *none = evbuffer_new();
	(void)m;
	evhttp_send_reply_start(req, 200, "OK");
	evhttp_send_reply_chunk(req, none);
	evhttp_send_reply_chunk(req, b);
	evhttp_send_reply_chunk(req, none);
	evhttp_send_reply_end(req);
	evbuffer_free(b), evbuffer_free(none);
}
static void coding_of_its_own(struct evhttp_request *req, const struct misuse *m)
{
	evhttp_add_header(evhttp_request_get_output_headers(req), m->a, m->b);
	reason_of_start(req, &(struct misuse){.code = 200, .a = "OK"});
}

#define EVIL "\r\nX-Evil: 1"
#define LINE_10 "GET / HTTP/1.0"
#define HEAD_LINE "HEAD / HTTP/1.1"
#define FINE "200 200"
static const struct named {
	const char *name;
	struct misuse m;
} all[] = {
	{"header: CRLF and a field in the value", {refused_header, "X-A", "v" EVIL, 0, NULL, FINE}},
	{"header: LF in the value", {refused_header, "X-A", "v\nX-Evil: 1", 0, NULL, FINE}},
	{"header: CR in the value", {refused_header, "X-A", "v\rX-Evil: 1", 0, NULL, FINE}},
	{"header: CRLF at the end of the value", {refused_header, "X-A", "v\r\n", 0, NULL, FINE}},
	{"header: a whole response in the value", {refused_header, "X-A", "v\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 0, NULL, FINE}},
	{"header: fold in the value", {add_header, "X-A", "v\r\n X-Evil: 1", 0, NULL, FINE}},
	{"header: fold with a tab", {add_header, "X-A", "v\r\n\tX-Evil: 1", 0, NULL, FINE}},
	{"header: fold of LF", {add_header, "X-A", "v\n X-Evil: 1", 0, NULL, FINE}},
	{"header: CRLF in the name", {refused_header, "X-A: v\r\nX-Evil", "1", 0, NULL, FINE}},
	{"header: colon in the name", {add_header, "X-A: v", "1", 0, NULL, FINE}},
	{"header: empty name", {add_header, "", "1", 0, NULL, FINE}},
	{"header: space behind the name", {add_header, "X-A ", "1", 0, NULL, FINE}},
	{"header: control bytes", {add_header, "X-A", "a\x01z\x7f", 0, NULL, FINE}},
	{"header: bytes above ASCII", {add_header, "X-A", "\xe4\xf6", 0, NULL, FINE}},
	{"inserted: CRLF and a field in the value", {insert_header, "X-A", "v" EVIL, 0, NULL, FINE}},
	{"inserted: CRLF in the name", {insert_header, "X-A: v\r\nX-Evil", "1", 0, NULL, FINE}},
	{"inserted: empty name", {insert_header, "", "1", 0, NULL, FINE}},
	{"inserted: two lengths", {insert_header, "Content-Length", "2\r\nContent-Length: 9", 0, NULL, FINE}},
	{"reason: CRLF and a field", {reason, "OK" EVIL, NULL, 200, NULL, FINE}},
	{"reason: LF", {reason, "OK\nX-Evil: 1", NULL, 200, NULL, FINE}},
	{"reason: CR", {reason, "OK\rX-Evil: 1", NULL, 200, NULL, FINE}},
	{"reason: a whole response", {reason, "OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 Evil" EVIL "\r\n", NULL, 200, NULL, FINE}},
	{"reason: control bytes", {reason, "O\x01K", NULL, 200, NULL, FINE}},
	{"reason: empty", {reason, "", NULL, 200, NULL, FINE}},
	{"reason: NULL", {reason, NULL, NULL, 200, NULL, FINE}},
	{"reason: CRLF, chunked", {reason_of_start, "OK" EVIL, NULL, 200, NULL, FINE}},
	{"reason: NULL, chunked", {reason_of_start, NULL, NULL, 200, NULL, FINE}},
	{"reason: CRLF in an error", {error_page, "No" EVIL, NULL, 500, NULL, "500"}},
	{"reason: markup in an error", {error_page, "<script>", NULL, 500, NULL, "500"}},
	{"reason: NULL in an error", {error_page, NULL, NULL, 503, NULL, "503"}},
	{"code: -1", {reason, "OK", NULL, -1, NULL, NULL}},
	{"code: 0", {reason, "OK", NULL, 0, NULL, NULL}},
	{"code: 99", {reason, "OK", NULL, 99, NULL, NULL}},
	{"code: 1000", {reason, "OK", NULL, 1000, NULL, NULL}},
	{"code: INT_MIN", {reason, "OK", NULL, -2147483647 - 1, NULL, NULL}},
	{"code: error -1", {error_page, NULL, NULL, -1, NULL, NULL}},
	{"code: error 0", {error_page, NULL, NULL, 0, NULL, NULL}},
	{"code: error 1000000", {error_page, NULL, NULL, 1000000, NULL, NULL}},
	{"code: 204 with a body", {reason, "Empty", NULL, 204, NULL, "204 200"}},
	{"code: 304 with a body", {reason, "Same", NULL, 304, NULL, "304 200"}},
	{"code: 204 with chunks", {reason_of_start, "Empty", NULL, 204, NULL, "204 200"}},
	{"code: 304 with chunks", {reason_of_start, "Same", NULL, 304, NULL, "304 200"}},
	{"code: 101 with a body", {reason, "Switch", NULL, 101, NULL, NULL}},
	{"body: none", {no_body, "OK", NULL, 200, NULL, FINE}},
	{"body: HEAD", {reason, "OK", NULL, 200, HEAD_LINE, FINE}},
	{"body: HEAD, chunked", {reason_of_start, "OK", NULL, 200, HEAD_LINE, FINE}},
	{"body: HEAD, error page", {error_page, NULL, NULL, 500, HEAD_LINE, "500"}},
	{"body: length and chunks", {coding_of_its_own, "Content-Length", "2", 0, NULL, FINE}},
	{"body: 1.0 has no chunks", {reason_of_start, "OK", NULL, 200, LINE_10, NULL}},
	{"body: 1.0, kept alive", {reason_of_start, "OK", NULL, 200, LINE_10 "\r\nConnection: keep-alive", NULL}},
	{"order: reply twice", {twice, NULL, NULL, 0, NULL, FINE}},
	{"order: reply, then an error", {reply_and_error, NULL, NULL, 0, NULL, FINE " | 200"}},
	{"order: start twice", {start_twice, NULL, NULL, 0, NULL, FINE}},
	{"order: start, then a reply", {start_and_reply, NULL, NULL, 0, NULL, NULL}},
	{"order: chunk behind the end", {chunk_behind_the_end, NULL, NULL, 0, NULL, FINE}},
	{"order: end twice", {end_twice, NULL, NULL, 0, NULL, FINE}},
	{"order: empty chunks", {empty_chunks, NULL, NULL, 0, NULL, FINE}},
};

static void answer(struct evhttp_request *req, void *arg)
{
	const struct misuse *m = arg;
	if (strcmp(evhttp_request_get_uri(req), "/")) {
		reply_with(req, 200, "OK", "ok");
		return;
	}
	if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD)
		evhttp_add_header(evhttp_request_get_output_headers(req), "X-Method", "HEAD");
	m->answer(req, m);
}
static void misuse(void)
{
	const struct misuse *m = this_test->arg;
	struct conn c;
	char request[512], codes[8192];
	int n;
	serve(answer, (void *)(uintptr_t)m);
	client(&c);
	n = snprintf(request, sizeof request, "%s\r\nHost: h\r\n\r\n" NEXT, m->line ? m->line : "GET / HTTP/1.1");
	conn_send(&c, request, (size_t)n);
	if (!conn_until_end(&c, 2000)) {
		/* Not to answer at all is a way out of what cannot be answered. */
		if (m->wanted)
			fail("no end");
	}
	read_responses(c.in ? c.in : "", c.len, codes);
	if (*codes)
		codes[strlen(codes) - 1] = '\0';
	if (m->wanted ? !one_of(codes, m->wanted) : strstr(codes, "junk") || strstr(codes, "cut"))
		fail("responses \"%s\", wanted \"%s\"", codes, m->wanted ? m->wanted : "any");
	if (c.len && (memmem(c.in, c.len, "\nX-Evil", 7) || memmem(c.in, c.len, "\rX-Evil", 7)))
		fail("the program's text has become a field");
	if (c.len && memmem(c.in, c.len, "\r\n ", 3))
		fail("a folded field was sent");
	if (c.len && memmem(c.in, c.len, "\r\n\r\n", 4) &&
	    strstr(memmem(c.in, c.len, "\r\n\r\n", 4), "<script"))
		fail("markup was sent");
	if (problems)
		fail("sent: %s", shown(c.in, c.len));
	else if (c.len) {
		/* Line ends are CRLF in every head. */
		const char *end = memmem(c.in, c.len, "\r\n\r\n", 4), *p;
		for (p = c.in; end && p < end; p++)
			if ((*p == '\r') != (p[1] == '\n') && !(*p != '\r' && p[1] != '\n'))
				fail("bare CR or LF in the head: %s", shown(c.in, c.len));
		if (end && memmem(c.in, (size_t)(end - c.in), "Transfer-Encoding", 17) &&
		    memmem(c.in, (size_t)(end - c.in), "Content-Length", 14))
			fail("coding and length: %s", shown(c.in, c.len));
		if (m->line && strstr(m->line, "1.0") && memmem(c.in, c.len, "chunked", 7))
			fail("chunks for HTTP/1.0: %s", shown(c.in, c.len));
	}
	conn_close(&c);
	unserve();
}
/* The Date is a date. */
static void date(void)
{
	struct conn c;
	const char *d;
	size_t n;
	struct tm tm;
	serve(NULL, NULL);
	client(&c);
	SEND(&c, NEXT);
	CHECK(conn_until_end(&c, 2000));
	d = c.len ? header_in(c.in, c.in + c.len, "Date", &n) : NULL;
	CHECK(d && n == 29 && strptime(d, "%a, %d %b %Y %H:%M:%S GMT", &tm));
	CHECK(d && labs((long)(timegm(&tm) - time(NULL))) < 5);
	conn_close(&c);
	unserve();
}

/* An escaped NUL must not cut a text short. */
static void escaped_nul(void)
{
	struct evkeyvalq q;
	size_t n = 0;
	char *text = evhttp_decode_uri("a%00b");
	CHECK(text == NULL);
	if (text)
		counted_free(text);
	text = evhttp_uridecode("a%00b", 0, &n);
	CHECK(text && n == 3 && !memcmp(text, "a\0b", 4));
	if (text)
		counted_free(text);
	if (evhttp_parse_query_str("a=b%00c", &q) == 0 && evhttp_find_header(&q, "a"))
		CHECK(strcmp(evhttp_find_header(&q, "a"), "b"));
	evhttp_clear_headers(&q);
}
int main(int argc, char **argv)
{
	static struct test tests[sizeof all / sizeof *all + 2];
	size_t i, n = sizeof all / sizeof *all;
	for (i = 0; i < n; i++)
		tests[i] = (struct test){all[i].name, misuse, 0, &all[i].m};
	tests[n] = (struct test){"date", date, 0, NULL};
	tests[n + 1] = (struct test){"escaped NUL", escaped_nul, 0, NULL};
	return RUN_TESTS(argc, argv, tests);
}
#else
int main(void) { return 0; }
#endif
