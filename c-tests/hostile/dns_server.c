/* A DNS server port: malformed queries, answers of every size, names that end where the room ends, calls in a wrong order. */
#ifdef HAVE_DNS
#include "dns.h"

static struct evdns_server_port *port_object;
static int server_fd, server_port, client_fd, called;
static void (*answer)(struct evdns_server_request *);
static struct evdns_server_request *kept;

static void on_query(struct evdns_server_request *req, void *arg)
{
	(void)arg;
	called++;
	if (answer)
		answer(req);
	else if (evdns_server_request_respond(req, 0) < 0)
		fail("respond");
}
static void port_new(void)
{
	int unused;
	base = base ? base : event_base_new();
	server_fd = bound(SOCK_DGRAM, &server_port);
	client_fd = bound(SOCK_DGRAM, &unused);
	port_object = evdns_add_server_port_with_base(base, server_fd, 0, on_query, NULL);
	called = 0;
}
static void port_free(void)
{
	if (port_object)
		evdns_close_server_port(port_object);
	port_object = NULL;
	pump();
	close(server_fd), close(client_fd);
}
static void ask_bytes(const void *p, size_t n)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((unsigned short)server_port)};
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (sendto(client_fd, p, n, 0, (struct sockaddr *)&sin, sizeof sin) < 0)
		fail("sendto: %s", strerror(errno));
	pump();
}
static unsigned char reply[70000];
/* A reply's size; 0 if none comes. */
static size_t take_reply(void)
{
	ssize_t n;
	pump();
	n = recv(client_fd, reply, sizeof reply, MSG_DONTWAIT);
	return n > 0 ? (size_t)n : 0;
}
static void question(struct message *m, const char *name, unsigned type)
{
	put_header(m, 0x1234, 0x0100, 1, 0, 0, 0);
	put_name(m, name);
	put16(m, type), put16(m, 1);
}
static void check_alive(void)
{
	struct message m;
	void (*old)(struct evdns_server_request *) = answer;
	answer = NULL;
	while (take_reply())
		;
	question(&m, "alive.example", 1);
	ask_bytes(m.b, m.n);
	if (take_reply() < 12 || get16(reply) != 0x1234)
		fail("afterwards it does not answer");
	answer = old;
}
/* Whether a reply can be read to its end, all records whole; -1 if not, otherwise the answers in it. */
static size_t skip_name(size_t n, size_t at)
{
	size_t jumps = 0, length = 0;
	size_t end = 0;
	while (at < n) {
		if (!reply[at])
			return length > 255 ? 0 : end ? end : at + 1;
		if (reply[at] >= 0xc0) {
			size_t to;
			if (at + 1 >= n || ++jumps > 64)
				return 0;
			if (!end)
				end = at + 2;
			to = get16(reply + at) & 0x3fff;
			if (to >= at)
				return 0;
			at = to;
		} else if (reply[at] < 64) {
			length += reply[at] + 1u;
			at += reply[at] + 1u;
		} else {
			return 0;
		}
	}
	return 0;
}
static int read_reply(size_t n)
{
	size_t at = 12;
	unsigned i, records;
	if (n < 12)
		return -1;
	for (i = 0; i < get16(reply + 4); i++)
		if (!(at = skip_name(n, at)) || (at += 4) > n)
			return -1;
	records = get16(reply + 6) + get16(reply + 8) + get16(reply + 10);
	for (i = 0; i < records; i++) {
		if (!(at = skip_name(n, at)) || at + 10 > n)
			return -1;
		at += 10u + get16(reply + at + 8);
		if (at > n)
			return -1;
	}
	return at == n ? (int)get16(reply + 6) : -1;
}

/* ---- malformed queries ---- */
static void malformed(void)
{
	struct message m;
	size_t i, n;
	port_new();
	/* Cut at each byte. */
	question(&m, "www.example.com", 1);
	for (i = 0; i < m.n; i++)
		ask_bytes(m.b, i);
	CHECK(called == 0);
	/* Each byte in turn another. */
	for (i = 0; i < m.n; i++)
		for (n = 0; n < 256; n += in_valgrind ? 37 : 5) {
			unsigned char old = m.b[i];
			m.b[i] = (unsigned char)n;
			ask_bytes(m.b, m.n);
			m.b[i] = old;
			if (n % 50 == 0)
				take_reply();
		}
	check_alive();
	/* Counts. */
	question(&m, "www.example.com", 1);
	m.b[4] = m.b[5] = 0xff;
	ask_bytes(m.b, m.n);
	m.b[6] = m.b[7] = m.b[8] = m.b[9] = m.b[10] = m.b[11] = 0xff;
	ask_bytes(m.b, m.n);
	put_header(&m, 1, 0x0100, 0, 0, 0, 0);
	ask_bytes(m.b, m.n);
	/* 100 questions. */
	put_header(&m, 1, 0x0100, 100, 0, 0, 0);
	for (i = 0; i < 100; i++)
		put_name(&m, "a.b"), put16(&m, 1), put16(&m, 1);
	ask_bytes(m.b, m.n);
	/* Pointers: to itself, forward, beyond; a chain of them. */
	put_header(&m, 1, 0x0100, 1, 0, 0, 0);
	put16(&m, 0xc00c), put16(&m, 1), put16(&m, 1);
	ask_bytes(m.b, m.n);
	m.b[13] = 0x0e;
	ask_bytes(m.b, m.n);
	m.b[12] = m.b[13] = 0xff;
	ask_bytes(m.b, m.n);
	put_header(&m, 1, 0x0100, 1, 0, 0, 0);
	for (i = 0; i < 500; i++)
		put16(&m, 0xc000 | (unsigned)(m.n - 2));
	ask_bytes(m.b, m.n);
	put_header(&m, 1, 0x0100, 1, 0, 0, 0);
	for (i = 0; i < 8; i++)
		put8(&m, 63), memset(m.b + m.n, 'a', 63), m.n += 63;
	put8(&m, 0), put16(&m, 1), put16(&m, 1);
	ask_bytes(m.b, m.n);
	/* A response, and other operations. */
	called = 0;
	question(&m, "www.example.com", 1);
	m.b[2] |= 0x80;
	ask_bytes(m.b, m.n);
	CHECK(called == 0);
	m.b[2] = 0x28;
	ask_bytes(m.b, m.n);
	CHECK(called == 0);
	/* The largest datagram. */
	question(&m, "www.example.com", 1);
	memset(m.b + m.n, 'x', sizeof m.b - m.n);
	ask_bytes(m.b, 65507);
	check_alive();
	port_free();
}

/* ---- answers of each size ---- */
static int n_answers;
static void answer_many(struct evdns_server_request *req)
{
	int i;
	char address[4] = {1, 2, 3, 4};
	for (i = 0; i < n_answers; i++)
		if (evdns_server_request_add_a_reply(req, req->questions[0]->name, 1, address, 60))
			break;
	if (evdns_server_request_respond(req, 0) < 0)
		evdns_server_request_respond(req, 2);
}
/* EDNS in the query: how much its sender takes. */
static void ask_many(int n, unsigned edns)
{
	struct message m;
	size_t size, limit = edns > 512 ? edns : 512;
	int got;
	n_answers = n;
	question(&m, "www.example.com", 1);
	if (edns) {
		m.b[11] = 1;
		put8(&m, 0), put16(&m, 41), put16(&m, edns), put32(&m, 0), put16(&m, 0);
	}
	ask_bytes(m.b, m.n);
	size = take_reply();
	got = read_reply(size);
	if (!size)
		fail("%d addresses, EDNS %u: no reply", n, edns);
	else if (got < 0)
		fail("%d addresses, EDNS %u: %zu bytes that cannot be read", n, edns, size);
	else if (size > limit && size > 1500)
		fail("%d addresses, EDNS %u: %zu bytes", n, edns, size);
	else if (got < n && !(reply[2] & 2) && (reply[3] & 15) == 0)
		fail("%d addresses, EDNS %u: %d without TC", n, edns, got);
}
static void sizes(void)
{
	static const unsigned edns[] = {0, 0, 512, 1232, 4096, 65535};
	size_t i;
	int n;
	port_new();
	answer = answer_many;
	for (i = 0; i < 6; i++)
		for (n = 0; n < 5000 && problems < 4; n += n < 130 ? (in_valgrind ? 7 : 1) : n)
			ask_many(n, edns[i]);
	check_alive();
	port_free();
}
/* Names of each length as the last answer, so that one of them ends exactly where the room does. */
static size_t fill, name_len;
static void answer_name(struct evdns_server_request *req)
{
	static char text[70000], name[300];
	size_t i;
	for (i = 0; i < name_len && i < 299; i++)
		name[i] = i % 60 == 59 ? '.' : 'a';
	name[i] = '\0';
	if (i && name[i - 1] == '.')
		name[i - 1] = 'b';
	memset(text, 'x', sizeof text);
	evdns_server_request_add_reply(req, EVDNS_ANSWER_SECTION, "www.example.com", 16, 1, 60, (int)fill, 0, text);
	evdns_server_request_add_reply(req, EVDNS_ANSWER_SECTION, name, 12, 1, 60, -1, 1, name);
	if (evdns_server_request_respond(req, 0) < 0)
		evdns_server_request_respond(req, 2);
}
static void names_at_the_end(void)
{
	static const size_t rooms[] = {512, 1232, 1500, 4096};
	struct message m;
	size_t r, k;
	port_new();
	answer = answer_name;
	for (r = 0; r < 4; r++)
		for (k = 0; k < 140 && problems < 4; k += in_valgrind ? 3 : 1)
			for (name_len = 20; name_len < 260; name_len += 70) {
				size_t size;
				question(&m, "www.example.com", 1);
				if (r) {
					m.b[11] = 1;
					put8(&m, 0), put16(&m, 41), put16(&m, (unsigned)rooms[r]), put32(&m, 0), put16(&m, 0);
				}
				/* Header, question, first record, second record's fixed part. */
				fill = rooms[r] - 12 - 21 - 12 - 12 - k;
				ask_bytes(m.b, m.n);
				size = take_reply();
				if (!size)
					fail("fill %zu, name %zu: no reply", fill, name_len);
				else if (read_reply(size) < 0)
					fail("fill %zu, name %zu: %zu bytes that cannot be read", fill, name_len, size);
			}
	check_alive();
	port_free();
}
/* Names that cannot be sent. */
static void answer_odd_names(struct evdns_server_request *req)
{
	static char text[70000], label[400];
	static const char *const names[] = {"", ".", "..", "a..b", ".a", "a.", "a b", "\x01"};
	size_t i;
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		evdns_server_request_add_a_reply(req, names[i], 1, "\1\2\3\4", 60);
		evdns_server_request_add_cname_reply(req, "x", names[i], 60);
		evdns_server_request_add_ptr_reply(req, NULL, "x", names[i], 60);
	}
	memset(label, 'a', 399);
	for (i = 60; i < 399; i += 17) {
		label[i] = '\0';
		evdns_server_request_add_a_reply(req, label, 1, "\1\2\3\4", 60);
		evdns_server_request_add_cname_reply(req, "x", label, 60);
		label[i] = 'a';
	}
	evdns_server_request_add_a_reply(req, "x", 0, "", 60);
	evdns_server_request_add_a_reply(req, "x", -1, "", 60);
	evdns_server_request_add_a_reply(req, "x", 20000, text, 60);
	evdns_server_request_add_aaaa_reply(req, "x", 5000, text, -1);
	evdns_server_request_add_reply(req, EVDNS_ANSWER_SECTION, "x", 16, 1, 60, 65535, 0, text);
	evdns_server_request_add_reply(req, EVDNS_ANSWER_SECTION, "x", 16, 1, 60, 65536, 0, text);
	evdns_server_request_add_reply(req, EVDNS_ANSWER_SECTION, "x", 16, 1, 60, -5, 0, text);
	evdns_server_request_add_reply(req, EVDNS_ANSWER_SECTION, "x", 16, 1, 60, 0, 0, NULL);
	evdns_server_request_add_reply(req, 99, "x", 16, 1, 60, 1, 0, text);
	evdns_server_request_add_reply(req, -1, "x", 16, 1, 60, 1, 0, text);
	evdns_server_request_add_reply(req, EVDNS_AUTHORITY_SECTION, "x", -1, -1, -1, 1, 0, text);
	evdns_server_request_set_flags(req, 0xffff);
	if (evdns_server_request_respond(req, 0xffff) < 0 && evdns_server_request_respond(req, 2) < 0)
		evdns_server_request_drop(req);
}
static void odd_names(void)
{
	struct message m;
	size_t n;
	port_new();
	answer = answer_odd_names;
	question(&m, "www.example.com", 1);
	ask_bytes(m.b, m.n);
	n = take_reply();
	if (n && read_reply(n) < 0)
		fail("%zu bytes that cannot be read", n);
	check_alive();
	port_free();
}
/* The question is sent back as it came, letter case and all. */
static void echo(void)
{
	struct message m;
	size_t n;
	port_new();
	question(&m, "wWw.ExAmPlE.cOm", 1);
	ask_bytes(m.b, m.n);
	n = take_reply();
	CHECK(n >= m.n && !memcmp(reply + 12, m.b + 12, m.n - 12));
	CHECK(n >= 12 && get16(reply) == 0x1234 && (reply[2] & 0x80));
	/* Labels that look like others when they are text. */
	put_header(&m, 7, 0x0100, 1, 0, 0, 0);
	put8(&m, 3), put(&m, "a.b", 3), put8(&m, 4), put(&m, "c\0de", 4), put8(&m, 0);
	put16(&m, 1), put16(&m, 1);
	ask_bytes(m.b, m.n);
	n = take_reply();
	if (n && memcmp(reply + 12, m.b + 12, m.n - 12) && get16(reply + 4))
		fail("another question comes back: %s", shown(reply, n));
	check_alive();
	port_free();
}

/* ---- calls in a wrong order ---- */
static void answer_keep(struct evdns_server_request *req) { kept = req; }
static void answer_drop(struct evdns_server_request *req) { CHECK(evdns_server_request_drop(req) == 0); }
static void answer_close(struct evdns_server_request *req)
{
	evdns_close_server_port(port_object);
	port_object = NULL;
	CHECK(evdns_server_request_respond(req, 0) == 0);
}
static void answer_close_and_keep(struct evdns_server_request *req)
{
	evdns_close_server_port(port_object);
	port_object = NULL;
	kept = req;
}
static void answer_error_then_more(struct evdns_server_request *req)
{
	CHECK(evdns_server_request_add_a_reply(req, "x", 1, "\1\2\3\4", 60) == 0);
	CHECK(evdns_server_request_respond(req, 5) == 0);
}
static void life(void)
{
	struct message m;
	int way;
	struct sockaddr_storage from;
	for (way = 0; way < 7; way++) {
		port_new();
		kept = NULL;
		answer = way == 0 ? answer_drop : way == 1 ? answer_close : way == 2 ? answer_close_and_keep :
		    way == 6 ? answer_error_then_more : answer_keep;
		question(&m, "www.example.com", 1);
		ask_bytes(m.b, m.n);
		CHECK(called == 1);
		if (kept) {
			CHECK(evdns_server_request_get_requesting_addr(kept, (struct sockaddr *)&from, sizeof from) == sizeof(struct sockaddr_in));
			CHECK(evdns_server_request_get_requesting_addr(kept, (struct sockaddr *)&from, 1) < 0);
		}
		if (way == 3) {
			/* The port is closed while the request lives. */
			evdns_close_server_port(port_object);
			port_object = NULL;
			pump();
		}
		if (way == 4) {
			/* Many requests at once, answered backwards. */
			struct evdns_server_request *all[50];
			int i;
			evdns_server_request_respond(kept, 0);
			for (i = 0; i < 50; i++) {
				ask_bytes(m.b, m.n);
				all[i] = kept;
			}
			for (i = 49; i > 0; i--)
				CHECK(evdns_server_request_respond(all[i], 0) == 0);
			kept = all[0];
		}
		if (kept && way == 5)
			evdns_server_request_drop(kept);
		else if (kept)
			evdns_server_request_respond(kept, 0);
		pump();
		port_free();
	}
}
/* A socket that takes no more for a while: replies wait, none is sent twice, and closing gives them back. */
static void full_socket(void)
{
	struct message m;
	int one = 1, i;
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(9)};
	port_new();
	setsockopt(server_fd, SOL_SOCKET, SO_SNDBUF, &one, sizeof one);
	answer = answer_many;
	n_answers = 80;
	question(&m, "www.example.com", 1);
	for (i = 0; i < 500; i++)
		ask_bytes(m.b, m.n);
	(void)sin;
	pump();
	port_free();
}
static void not_a_socket(void)
{
	struct evdns_server_port *p;
	int fds[2];
	base = event_base_new();
	CHECK(pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0);
	p = evdns_add_server_port_with_base(base, fds[0], 0, on_query, NULL);
	CHECK(write(fds[1], "x", 1) == 1);
	for (int i = 0; i < 10; i++)
		event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	if (p)
		evdns_close_server_port(p);
	event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	close(fds[0]), close(fds[1]);
}
/* Random queries made of a good one. */
static void random_queries(void)
{
	struct message m;
	unsigned seed = 1;
	int i, n = in_valgrind ? 500 : 20000;
	port_new();
	answer = answer_many;
	n_answers = 3;
	for (i = 0; i < n; i++) {
		int k, changes;
		question(&m, "www.example.com", 1);
		put8(&m, 0), put16(&m, 41), put16(&m, 1232), put32(&m, 0), put16(&m, 0);
		seed = seed * 1103515245u + 12345u;
		changes = (int)(seed >> 16) % 6;
		for (k = 0; k < changes; k++) {
			seed = seed * 1103515245u + 12345u;
			m.b[2 + (seed >> 8) % (m.n - 2)] = (unsigned char)(seed >> 20);
		}
		ask_bytes(m.b, m.n - (seed >> 16) % 3);
		k = (int)take_reply();
		if (k && read_reply((size_t)k) < 0 && problems < 5)
			fail("query %s: reply %s", shown(m.b, m.n), shown(reply, (size_t)k));
	}
	check_alive();
	port_free();
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"malformed queries", malformed, 0, NULL}, {"random queries", random_queries, 0, NULL}, {"answers of each size", sizes, 0, NULL},
		{"names that end at the end", names_at_the_end, 0, NULL}, {"names that cannot be sent", odd_names, 0, NULL},
		{"question comes back", echo, 0, NULL}, {"order of calls", life, 0, NULL}, {"full socket", full_socket, 0, NULL},
		{"not a socket", not_a_socket, 0, NULL},
	};
	return RUN_TESTS(argc, argv, tests);
}
#else
int main(void) { return 0; }
#endif
