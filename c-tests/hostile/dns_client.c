/* The resolver against forged answers, dead and malicious servers, odd files, and a program that re-enters it. */
#ifdef HAVE_DNS
#include "dns.h"

/* ---- a name server, driven beside the loop ---- */
struct query {
	unsigned char b[1500];
	size_t n, question_end;
	unsigned id, type;
	char name[300];
	struct sockaddr_in from;
	int fd;
	/* TCP: on this connection. */
	struct conn *tcp;
};
struct server {
	int fd, port, tcp;
	struct conn tcps[8];
	int n_tcps;
	size_t taken[8];
	int queries, tcp_queries;
	void (*answer)(struct server *, struct query *);
};
static struct server servers[3];
static int n_servers;
static struct evdns_base *dns;

static struct server *server_new(void (*answer)(struct server *, struct query *))
{
	struct server *s = &servers[n_servers++];
	memset(s, 0, sizeof *s);
	s->fd = bound(SOCK_DGRAM, &s->port);
	s->tcp = -1;
	s->answer = answer;
	return s;
}
/* The TCP port of the same number, which another program may have: then both are taken anew. */
static void server_tcp(struct server *s)
{
	int tries, one = 1;
	s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(s->tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	for (tries = 0; tries < 50; tries++) {
		struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((unsigned short)s->port)};
		sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		if (!bind(s->tcp, (struct sockaddr *)&sin, sizeof sin)) {
			listen(s->tcp, 8);
			return;
		}
		close(s->fd);
		s->fd = bound(SOCK_DGRAM, &s->port);
	}
	fail("TCP: %s", strerror(errno));
}
static void servers_stop(void)
{
	int i, k;
	for (i = 0; i < n_servers; i++) {
		for (k = 0; k < servers[i].n_tcps; k++)
			conn_close(&servers[i].tcps[k]);
		if (servers[i].fd >= 0)
			close(servers[i].fd);
		if (servers[i].tcp >= 0)
			close(servers[i].tcp);
	}
	n_servers = 0;
}
static int understand(struct query *q)
{
	q->question_end = q->n > 12 ? name_end(q->b, q->n, 12) + 4 : 4;
	if (q->question_end == 4 || q->question_end > q->n) {
		fail("a query that cannot be read: %s", shown(q->b, q->n));
		return 0;
	}
	q->id = get16(q->b);
	q->type = get16(q->b + q->question_end - 4);
	name_text(q->b, q->n, 12, q->name);
	return 1;
}
static void servers_turn(void)
{
	int i, k, fd;
	for (i = 0; i < n_servers; i++) {
		struct server *s = &servers[i];
		struct query q;
		socklen_t len = sizeof q.from;
		ssize_t n;
		while (s->fd >= 0 && (n = recvfrom(s->fd, q.b, sizeof q.b, 0, (struct sockaddr *)&q.from, &len)) > 0) {
			q.n = (size_t)n, q.fd = s->fd, q.tcp = NULL;
			s->queries++;
			if (understand(&q) && s->answer)
				s->answer(s, &q);
		}
		while (s->tcp >= 0 && s->n_tcps < 8 && (fd = accept(s->tcp, NULL, NULL)) >= 0) {
			s->taken[s->n_tcps] = 0;
			conn_adopt(&s->tcps[s->n_tcps++], fd);
		}
		for (k = 0; k < s->n_tcps; k++) {
			struct conn *c = &s->tcps[k];
			conn_take(c);
			while (c->len >= s->taken[k] + 2) {
				const unsigned char *p = (unsigned char *)c->in + s->taken[k];
				size_t size = get16(p);
				if (c->len < s->taken[k] + 2 + size || size > sizeof q.b)
					break;
				memcpy(q.b, p + 2, size);
				q.n = size, q.fd = -1, q.tcp = c;
				s->taken[k] += 2 + size;
				s->tcp_queries++;
				if (understand(&q) && s->answer)
					s->answer(s, &q);
			}
		}
	}
}
static void reply_bytes(const struct query *q, const struct message *m)
{
	if (q->tcp) {
		unsigned char size[2] = {(unsigned char)(m->n >> 8), (unsigned char)m->n};
		conn_send(q->tcp, size, 2);
		conn_send(q->tcp, m->b, m->n);
	} else {
		sendto(q->fd, m->b, m->n, 0, (const struct sockaddr *)&q->from, sizeof q->from);
	}
}
/* Header and question of a reply. */
static void begin(struct message *m, const struct query *q, unsigned flags, unsigned answers)
{
	put_header(m, q->id, flags, 1, answers, 0, 0);
	put(m, q->b + 12, q->question_end - 12);
}
static const unsigned char good_address[16] = {1, 2, 3, 4}, evil_address[16] = {6, 6, 6, 6};
static void put_answer(struct message *m, unsigned type, const void *address)
{
	put16(m, 0xc00c);
	put_record(m, type, 1, 60, address, type == 28 ? 16 : 4);
}
static void good(struct server *s, struct query *q)
{
	struct message m;
	(void)s;
	begin(&m, q, 0x8180, 1);
	if (q->type == 12) {
		struct message name = {.n = 0};
		put_name(&name, "host.example");
		put16(&m, 0xc00c);
		put_record(&m, 12, 1, 60, name.b, name.n);
	} else {
		put_answer(&m, q->type, good_address);
	}
	reply_bytes(q, &m);
}

/* ---- the resolver's results ---- */
static char result[4096];
static int done, last_type;
static void resolved(int err, char type, int count, int ttl, void *addresses, void *arg)
{
	char text[64] = "";
	size_t n;
	int i;
	(void)ttl;
	done++;
	last_type = type;
	if (arg)
		strcpy(result, arg);
	if (err) {
		sprintf(result + strlen(result), "err %d ", err);
		return;
	}
	n = (size_t)sprintf(result + strlen(result), "%d:%d", type, count);
	n = strlen(result);
	for (i = 0; i < count && n < 3500; i++) {
		if (type == DNS_IPv4_A)
			inet_ntop(AF_INET, (char *)addresses + 4 * i, text, sizeof text);
		else if (type == DNS_IPv6_AAAA)
			inet_ntop(AF_INET6, (char *)addresses + 16 * i, text, sizeof text);
		n += (size_t)sprintf(result + n, " %s", type == DNS_PTR ? ((char **)addresses)[i] : text);
	}
}
static int turns_until(const int *flag, int target, int ms)
{
	long end = now_ms() + (in_valgrind ? ms * 4 : ms);
	int idle = 0;
	while (*flag < target) {
		if (now_ms() > end)
			return 0;
		pump();
		servers_turn();
		if (++idle > 10)
			poll(NULL, 0, 1);
	}
	return 1;
}
static void turns(int ms)
{
	long end = now_ms() + ms;
	do {
		pump();
		servers_turn();
		poll(NULL, 0, 1);
	} while (now_ms() < end);
}
static void resolver(const char *timeout, const char *attempts)
{
	int i;
	base = base ? base : event_base_new();
	dns = evdns_base_new(base, 0);
	evdns_base_set_option(dns, "timeout", timeout);
	evdns_base_set_option(dns, "initial-probe-timeout", "0.1");
	evdns_base_set_option(dns, "attempts", attempts);
	for (i = 0; i < n_servers; i++) {
		char text[64];
		sprintf(text, "127.0.0.1:%d", servers[i].port);
		if (evdns_base_nameserver_ip_add(dns, text))
			fail("cannot add %s", text);
	}
	result[0] = '\0', done = 0;
}
static void resolver_free(void)
{
	evdns_base_free(dns, 1);
	pump();
	servers_stop();
	pump();
}
#define NAME "www.example.com"
/* Asks for NAME's address and waits. */
static const char *lookup(const char *name, int ms)
{
	result[0] = '\0', done = 0;
	if (!evdns_base_resolve_ipv4(dns, name, DNS_QUERY_NO_SEARCH, resolved, NULL)) {
		if (!done)
			turns(5);
		return done ? result : "refused";
	}
	if (!turns_until(&done, 1, ms))
		return "nothing";
	if (done != 1)
		fail("called %d times", done);
	return result;
}

/* ---- forged answers ---- */
typedef void forge_fn(struct server *, struct query *, struct message *);
static int side_fd = -1;
struct forgery {
	forge_fn *make;
	/* Where it comes from: 0 the server itself, 1 another port, 2 another address. */
	int source;
	/* The good answer's result may come, or these as well; with `final` only these. */
	const char *also;
	int final;
};
static const struct forgery *forgery;
static int forge_alone;

static void forged(struct server *s, struct query *q)
{
	struct message m = {.n = 0};
	forgery->make(s, q, &m);
	if (m.n && forgery->source) {
		sendto(side_fd, m.b, m.n, 0, (struct sockaddr *)&q->from, sizeof q->from);
	} else if (m.n) {
		reply_bytes(q, &m);
	}
	if (!forge_alone) {
		pump();
		good(s, q);
	}
}
static void f_plain(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	put_answer(m, 1, evil_address);
}
static void f_id(struct server *s, struct query *q, struct message *m) { f_plain(s, q, m), m->b[1] ^= 1; }
static void f_not_a_reply(struct server *s, struct query *q, struct message *m) { f_plain(s, q, m), m->b[2] &= 0x7f; }
static void f_type(struct server *s, struct query *q, struct message *m) { f_plain(s, q, m), m->b[q->question_end - 3] = 28; }
static void f_class(struct server *s, struct query *q, struct message *m) { f_plain(s, q, m), m->b[q->question_end - 1] = 3; }
/* Only the first time: a second try may do without random letters. */
static void f_case(struct server *s, struct query *q, struct message *m)
{
	size_t i;
	if (s->queries > 1)
		return;
	f_plain(s, q, m);
	for (i = 13; i < q->question_end - 5; i++)
		if (m->b[i] >= 'A')
			m->b[i] ^= 0x20;
}
static void f_letter(struct server *s, struct query *q, struct message *m) { f_plain(s, q, m), m->b[14] = 'x'; }
static void f_other_name(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	put_header(m, q->id, 0x8180, 1, 1, 0, 0);
	put_name(m, "evil.example");
	put16(m, 1), put16(m, 1);
	put_answer(m, 1, evil_address);
}
static void f_longer_name(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	put_header(m, q->id, 0x8180, 1, 1, 0, 0);
	put(m, q->b + 12, q->question_end - 12 - 5);
	put8(m, 4), put(m, "evil", 4), put8(m, 0);
	put16(m, 1), put16(m, 1);
	put_answer(m, 1, evil_address);
}
static void f_dots_in_a_label(struct server *s, struct query *q, struct message *m)
{
	size_t n = strlen(q->name);
	(void)s;
	put_header(m, q->id, 0x8180, 1, 1, 0, 0);
	put8(m, (unsigned)n), put(m, q->name, n), put8(m, 0);
	put16(m, 1), put16(m, 1);
	put_answer(m, 1, evil_address);
}
static void f_nul_in_a_label(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	put_header(m, q->id, 0x8180, 1, 1, 0, 0);
	put(m, q->b + 12, 8);
	m->b[20] = 4, m->n = 21;
	put(m, "com\0", 4), put8(m, 0);
	put16(m, 1), put16(m, 1);
	put_answer(m, 1, evil_address);
}
static void f_no_question(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	put_header(m, q->id, 0x8180, 0, 1, 0, 0);
	put_name(m, NAME);
	put_record(m, 1, 1, 60, evil_address, 4);
}
static void f_two_questions(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	put_header(m, q->id, 0x8180, 2, 1, 0, 0);
	put(m, q->b + 12, q->question_end - 12);
	put(m, q->b + 12, q->question_end - 12);
	put_answer(m, 1, evil_address);
}
static void f_owner(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	put_name(m, "evil.example");
	put_record(m, 1, 1, 60, evil_address, 4);
}
static void f_owner_suffix(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	put16(m, 0xc000 | 16);
	put_record(m, 1, 1, 60, evil_address, 4);
}
static void f_answer_class(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	put16(m, 0xc00c);
	put_record(m, 1, 3, 60, evil_address, 4);
}
static void f_short_data(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	put16(m, 0xc00c);
	put_record(m, 1, 1, 60, evil_address, 3);
}
static void f_long_data(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	put16(m, 0xc00c);
	put_record(m, 1, 1, 60, evil_address, 5);
}
static void f_no_data(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	put16(m, 0xc00c);
	put_record(m, 1, 1, 60, evil_address, 0);
}
static void f_data_beyond(struct server *s, struct query *q, struct message *m)
{
	f_plain(s, q, m);
	m->b[m->n - 6] = 0xff, m->b[m->n - 5] = 0xff;
}
static void f_counts(struct server *s, struct query *q, struct message *m)
{
	f_plain(s, q, m);
	m->b[6] = m->b[7] = m->b[8] = m->b[9] = m->b[10] = m->b[11] = 0xff;
}
static void f_questions_65535(struct server *s, struct query *q, struct message *m) { f_plain(s, q, m), m->b[4] = m->b[5] = 0xff; }
static void f_loop_in_the_question(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	put_header(m, q->id, 0x8180, 1, 1, 0, 0);
	put16(m, 0xc00c);
	put16(m, 1), put16(m, 1);
	put_answer(m, 1, evil_address);
}
static void f_loop_in_the_owner(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	put16(m, 0xc000 | (unsigned)m->n);
	put_record(m, 1, 1, 60, evil_address, 4);
}
static void f_loop_of_two(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 2);
	put16(m, 0xc000 | (unsigned)(m->n + 2));
	put16(m, 0xc000 | (unsigned)(m->n - 2));
	put_record(m, 1, 1, 60, evil_address, 4);
}
static void f_pointer_beyond(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	put16(m, 0xffff);
	put_record(m, 1, 1, 60, evil_address, 4);
}
static void f_pointer_forward(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	put16(m, 0xc000 | (unsigned)(m->n + 16));
	put_record(m, 1, 1, 60, good_address, 4);
	put(m, q->b + 12, q->question_end - 16);
}
static void f_label_of_64(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	put8(m, 0x40), put(m, "evil", 4), put8(m, 0);
	put_record(m, 1, 1, 60, evil_address, 4);
}
static void f_name_of_300(struct server *s, struct query *q, struct message *m)
{
	int i;
	(void)s;
	begin(m, q, 0x8180, 1);
	for (i = 0; i < 5; i++)
		put8(m, 63), memset(m->b + m->n, 'a', 63), m->n += 63;
	put8(m, 0);
	put_record(m, 1, 1, 60, evil_address, 4);
}
static void f_nothing(struct server *s, struct query *q, struct message *m) { (void)s, (void)q, put8(m, 0), m->n = 1; }
static void f_header_only(struct server *s, struct query *q, struct message *m) { (void)s, put_header(m, q->id, 0x8180, 0, 0, 0, 0); }
static void f_junk(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	memset(m->b + m->n, 0xc0, 400), m->n += 400;
}
static void f_oversized(struct server *s, struct query *q, struct message *m)
{
	f_plain(s, q, m);
	memcpy(m->b + q->question_end + 12, good_address, 4);
	m->b[7] = 1;
	m->n = 60000;
}
static void f_flood_of_ids(struct server *s, struct query *q, struct message *m)
{
	int i;
	f_plain(s, q, m);
	for (i = 0; i < 300; i++) {
		if ((unsigned)i == q->id)
			continue;
		m->b[0] = (unsigned char)(i >> 8), m->b[1] = (unsigned char)i;
		reply_bytes(q, m);
		if (i % 50 == 0)
			pump();
	}
	m->n = 0;
}
/* CNAMEs. */
static void put_cname(struct message *m, const char *owner, const char *target)
{
	struct message t = {.n = 0};
	put_name(&t, target);
	if (owner)
		put_name(m, owner);
	else
		put16(m, 0xc00c);
	put_record(m, 5, 1, 60, t.b, t.n);
}
static void f_cname(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 3);
	put_cname(m, NULL, "b.example");
	put_cname(m, "b.example", "c.example");
	put_name(m, "C.EXAMPLE");
	put_record(m, 1, 1, 60, good_address, 4);
}
static void f_cname_backwards(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 3);
	put_name(m, "c.example");
	put_record(m, 1, 1, 60, good_address, 4);
	put_cname(m, "b.example", "c.example");
	put_cname(m, NULL, "b.example");
}
static void f_cname_not_followed(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 2);
	put_cname(m, NULL, "b.example");
	put_name(m, "c.example");
	put_record(m, 1, 1, 60, evil_address, 4);
}
static void f_cname_loop(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 3);
	put_cname(m, NULL, "b.example");
	put_cname(m, "b.example", "a.example");
	put_cname(m, "a.example", "b.example");
}
static void f_cname_to_itself(struct server *s, struct query *q, struct message *m)
{
	(void)s;
	begin(m, q, 0x8180, 1);
	put16(m, 0xc00c), put16(m, 5), put16(m, 1), put32(m, 60), put16(m, 2), put16(m, 0xc00c);
}
static void f_cname_of_500(struct server *s, struct query *q, struct message *m)
{
	char a[32], b[32];
	int i;
	(void)s;
	begin(m, q, 0x8180, 501);
	for (i = 0; i < 500; i++) {
		sprintf(a, "n%d.example", i), sprintf(b, "n%d.example", i + 1);
		put_cname(m, i ? a : NULL, b);
	}
	put_name(m, b);
	put_record(m, 1, 1, 60, good_address, 4);
}
/* Codes. */
static unsigned rcode;
static void f_code(struct server *s, struct query *q, struct message *m) { (void)s, begin(m, q, 0x8180 | rcode, 0); }
static void f_empty(struct server *s, struct query *q, struct message *m) { (void)s, begin(m, q, 0x8180, 0); }

#define GOOD "1:1 1.2.3.4"
static void forgery_case(void)
{
	const char *is;
	int evil;
	forgery = this_test->arg;
	/* Without a true answer it takes a timeout: once is enough. */
	for (forge_alone = 0; forge_alone < (in_valgrind ? 1 : 2); forge_alone++) {
		struct server *s = server_new(forged);
		if (forgery->source) {
			struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((unsigned short)s->port)};
			int port;
			if (forgery->source == 1) {
				side_fd = bound(SOCK_DGRAM, &port);
			} else {
				side_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
				sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
				if (bind(side_fd, (struct sockaddr *)&sin, sizeof sin))
					fail("127.0.0.2: %s", strerror(errno));
			}
		}
		resolver(in_valgrind ? "3" : "0.2", "1");
		is = lookup(NAME, 5000);
		evil = strstr(is, "6.6.6.6") != NULL;
		if (evil)
			fail("believed: %s", is);
		else if (!strcmp(is, "nothing"))
			fail("no result in 5 s");
		else if (strcmp(is, GOOD) && !forge_alone && !forgery->also)
			fail("the true answer behind it is not taken: %s", is);
		else if (forgery->also && forgery->final && strcmp(is, forgery->also))
			fail("%s, wanted %s", is, forgery->also);
		if (strncmp(is, "err", 3) == 0 && last_type != DNS_IPv4_A)
			fail("the error comes with type %d", last_type);
		resolver_free();
		if (side_fd >= 0)
			close(side_fd), side_fd = -1;
	}
}
static void code_case(void)
{
	rcode = (unsigned)(uintptr_t)this_test->arg;
	{
		static struct forgery f = {f_code, 0, "", 0};
		struct test t = *this_test;
		t.arg = &f;
		this_test = &t;
		forge_alone = 1;
		forgery = &f;
		server_new(forged);
		resolver("0.3", "2");
		{
			const char *is = lookup(NAME, 8000);
			char wanted[32];
			sprintf(wanted, "err %u ", rcode);
			/* A code of the server's is told, not turned into a timeout. */
			if (strcmp(is, rcode <= 5 ? wanted : "err 16 ") && strncmp(is, "err ", 4))
				fail("%s, wanted %s", is, wanted);
			if (rcode <= 5 && strcmp(is, wanted))
				fail("%s, wanted %s", is, wanted);
		}
		resolver_free();
	}
}
/* The second server knows what the first refuses to tell. */
static void servfail_then_good(void)
{
	static struct forgery f = {f_code, 0, "", 0};
	int i;
	rcode = 2, forgery = &f, forge_alone = 1;
	for (i = 0; i < 2; i++) {
		const char *is;
		server_new(i ? good : forged);
		server_new(i ? forged : good);
		resolver("0.3", "3");
		is = lookup(NAME, 5000);
		if (strcmp(is, GOOD))
			fail("%s", is);
		resolver_free();
	}
}
/* A true answer, cut at each byte: what is left is never half believed. */
static size_t cut_at;
static void cut_answer(struct server *s, struct query *q)
{
	struct message m;
	(void)s;
	begin(&m, q, 0x8180, 2);
	put_answer(&m, 1, evil_address);
	put_answer(&m, 1, evil_address);
	if (cut_at < m.n)
		m.n = cut_at;
	else
		cut_at = 100000;
	if (m.n)
		reply_bytes(q, &m);
	pump();
	good(s, q);
}
static void truncated(void)
{
	size_t n;
	for (n = 0; n < 200 && cut_at < 100000; n += in_valgrind ? 11 : 1) {
		const char *is;
		cut_at = n;
		server_new(cut_answer);
		resolver("0.2", "1");
		is = lookup(NAME, 5000);
		if (cut_at < 100000 && strstr(is, "6.6.6.6"))
			fail("cut at %zu: %s", n, is);
		if (!strcmp(is, "nothing"))
			fail("cut at %zu: no result", n);
		resolver_free();
	}
}
static void three_times(struct server *s, struct query *q) { good(s, q), good(s, q), good(s, q); }
static void duplicated(void)
{
	server_new(three_times);
	resolver("0.3", "2");
	if (strcmp(lookup(NAME, 3000), GOOD))
		fail("%s", result);
	turns(20);
	CHECK(done == 1);
	resolver_free();
}
static struct query late_query;
static void keep_query(struct server *s, struct query *q) { (void)s, late_query = *q; }
static void late(void)
{
	struct server *s = server_new(keep_query);
	resolver("0.2", "1");
	if (strncmp(lookup(NAME, 6000), "err", 3))
		fail("%s", result);
	good(s, &late_query);
	turns(20);
	CHECK(done == 1);
	resolver_free();
}

/* ---- TC and TCP ---- */
enum { T_GOOD, T_SPLIT, T_REFUSED, T_CLOSED, T_FORGED_ID, T_FORGED_NAME, T_EMPTY_FRAME, T_SHORT_FRAME, T_LONG_FRAME, T_TC_AGAIN,
       T_SILENT, T_LARGE, T_TWO };
static int tcp_way;
static void truncating(struct server *s, struct query *q)
{
	struct message m;
	unsigned char size[2];
	size_t i;
	if (!q->tcp) {
		begin(&m, q, 0x8380, 0);
		reply_bytes(q, &m);
		return;
	}
	begin(&m, q, 0x8180, 1);
	put_answer(&m, q->type, good_address);
	switch (tcp_way) {
	case T_GOOD:
		good(s, q);
		break;
	case T_SPLIT:
		size[0] = (unsigned char)(m.n >> 8), size[1] = (unsigned char)m.n;
		conn_send(q->tcp, size, 1), pump();
		conn_send(q->tcp, size + 1, 1), pump();
		for (i = 0; i < m.n; i++)
			conn_send(q->tcp, m.b + i, 1), pump();
		break;
	case T_CLOSED:
		shutdown(q->tcp->fd, SHUT_RDWR);
		break;
	case T_FORGED_ID:
		m.b[0] ^= 1, memcpy(m.b + m.n - 4, evil_address, 4);
		reply_bytes(q, &m);
		break;
	case T_FORGED_NAME:
		m.b[13] = 'x', memcpy(m.b + m.n - 4, evil_address, 4);
		reply_bytes(q, &m);
		break;
	case T_EMPTY_FRAME:
		conn_send(q->tcp, "\0\0", 2);
		break;
	case T_SHORT_FRAME:
		conn_send(q->tcp, "\0\1x", 3);
		break;
	case T_LONG_FRAME:
		conn_send(q->tcp, "\xff\xff", 2);
		conn_send(q->tcp, m.b, m.n);
		shutdown(q->tcp->fd, SHUT_RDWR);
		break;
	case T_TC_AGAIN:
		begin(&m, q, 0x8380, 0);
		reply_bytes(q, &m);
		break;
	case T_LARGE:
		begin(&m, q, 0x8180, 4000);
		for (i = 0; i < 4000; i++)
			put_answer(&m, q->type, good_address);
		reply_bytes(q, &m);
		break;
	case T_TWO:
		reply_bytes(q, &m), reply_bytes(q, &m);
		break;
	}
}
static void over_tcp(void)
{
	struct server *s = server_new(truncating);
	const char *is;
	tcp_way = (int)(uintptr_t)this_test->arg;
	if (tcp_way != T_REFUSED)
		server_tcp(s);
	resolver("0.3", "2");
	is = lookup(NAME, 10000);
	if (strstr(is, "6.6.6.6"))
		fail("believed: %s", is);
	if (!strcmp(is, "nothing"))
		fail("no result in 10 s");
	if ((tcp_way == T_GOOD || tcp_way == T_SPLIT || tcp_way == T_TWO) && strcmp(is, GOOD))
		fail("%s", is);
	if (tcp_way == T_LARGE && strncmp(is, "1:", 2))
		fail("%s", is);
	/* And the next one. */
	if (tcp_way == T_GOOD || tcp_way == T_TWO) {
		is = lookup("second.example.com", 5000);
		if (strcmp(is, GOOD))
			fail("the next: %s", is);
	}
	resolver_free();
}
static void freed_during_tcp(void)
{
	struct server *s = server_new(truncating);
	tcp_way = T_SILENT;
	server_tcp(s);
	resolver("1", "2");
	evdns_base_resolve_ipv4(dns, NAME, DNS_QUERY_NO_SEARCH, resolved, NULL);
	turns(20);
	resolver_free();
}
static void cancelled_during_tcp(void)
{
	struct server *s = server_new(truncating);
	struct evdns_request *r;
	tcp_way = T_SILENT;
	server_tcp(s);
	resolver("1", "2");
	r = evdns_base_resolve_ipv4(dns, NAME, DNS_QUERY_NO_SEARCH, resolved, NULL);
	turns(20);
	evdns_cancel_request(dns, r);
	turns(20);
	CHECK(done == 1);
	resolver_free();
}

/* ---- servers that do not answer ---- */
static void all_dead(void)
{
	int way;
	for (way = 0; way < 2; way++) {
		long begun = now_ms();
		int i;
		/* Silent, or with nobody on the port. */
		for (i = 0; i < 3; i++) {
			struct server *s = server_new(NULL);
			if (way)
				close(s->fd), s->fd = -1;
		}
		resolver("0.2", "2");
		if (strncmp(lookup(NAME, 8000), "err", 3))
			fail("%s", *result ? result : "no result in 8 s");
		/* All are known to be down now. */
		if (strncmp(lookup("other.example.com", 8000), "err", 3))
			fail("the second: %s", *result ? result : "no result in 8 s");
		if (now_ms() - begun > (in_valgrind ? 40000 : 10000))
			fail("it took %ld ms", now_ms() - begun);
		resolver_free();
	}
}
static void no_servers(void)
{
	resolver("0.2", "2");
	if (!strcmp(lookup(NAME, 8000), "nothing"))
		fail("no result in 8 s");
	resolver_free();
}
/* A server that comes back is used again. */
static int mute;
static void sometimes(struct server *s, struct query *q)
{
	if (!mute)
		good(s, q);
}
static void server_recovers(void)
{
	server_new(sometimes);
	resolver("0.2", "1");
	mute = 1;
	if (strncmp(lookup(NAME, 5000), "err", 3))
		fail("%s", result);
	lookup(NAME, 3000);
	lookup(NAME, 3000);
	mute = 0;
	turns(1000);
	if (strcmp(lookup(NAME, 5000), GOOD))
		fail("afterwards: %s", result);
	resolver_free();
}
static void suspend_and_resume(void)
{
	char text[64];
	struct server *s = server_new(good);
	resolver("0.3", "2");
	evdns_base_resolve_ipv4(dns, NAME, DNS_QUERY_NO_SEARCH, resolved, NULL);
	evdns_base_clear_nameservers_and_suspend(dns);
	turns(20);
	evdns_base_resolve_ipv4(dns, "b.example", DNS_QUERY_NO_SEARCH, resolved, NULL);
	turns(20);
	CHECK(done == 0);
	sprintf(text, "127.0.0.1:%d", s->port);
	CHECK(evdns_base_nameserver_ip_add(dns, text) == 0);
	CHECK(evdns_base_resume(dns) == 0);
	CHECK(turns_until(&done, 2, 5000));
	CHECK(evdns_base_count_nameservers(dns) == 1);
	resolver_free();
}
/* With the flag the loop ends when nothing is asked. */
static void loop_ends_when_inactive(void)
{
	int i;
	for (i = 0; i < 2; i++) {
		long begun = now_ms();
		char text[64];
		struct server *s = server_new(good);
		base = event_base_new();
		dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
		sprintf(text, "127.0.0.1:%d", s->port);
		evdns_base_nameserver_ip_add(dns, text);
		if (i) {
			if (strcmp(lookup(NAME, 3000), GOOD))
				fail("%s", result);
		}
		alarm(in_valgrind ? 40 : 10);
		event_base_dispatch(base);
		if (now_ms() - begun > 8000)
			fail("the loop took %ld ms", now_ms() - begun);
		resolver_free();
		event_base_free(base);
		base = NULL;
	}
}

/* ---- names ---- */
static void odd_names(void)
{
	static char label[80], name[400];
	size_t i;
	static const struct { const char *name; int ok; } names[] = {
		{"", -1}, {".", -1}, {"..", 0}, {"a..b", 0}, {".a", 0}, {"a.", 1}, {"a..", 0}, {"a b.c", -1}, {"\x01.c", -1}, {"\xff.c", -1},
	};
	server_new(good);
	resolver("0.3", "1");
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		const char *is = lookup(names[i].name, 4000);
		if (!strcmp(is, "nothing"))
			fail("\"%s\": no result", names[i].name);
		if (names[i].ok == 0 && !strcmp(is, GOOD))
			fail("\"%s\": %s", names[i].name, is);
		if (names[i].ok == 1 && strcmp(is, GOOD))
			fail("\"%s\": %s", names[i].name, is);
	}
	memset(label, 'a', 63);
	sprintf(name, "%s.b", label);
	if (strcmp(lookup(name, 4000), GOOD))
		fail("label of 63: %s", result);
	memset(label, 'a', 64);
	sprintf(name, "%s.b", label);
	if (!strcmp(lookup(name, 4000), GOOD))
		fail("label of 64: %s", result);
	for (i = 1; i < 330; i++) {
		const char *is;
		memset(name, 'a', i);
		name[i] = '\0';
		if (i > 50)
			name[50] = '.';
		if (i > 100)
			name[100] = '.';
		if (i > 150)
			name[150] = '.';
		if (i > 200)
			name[200] = '.';
		if (i > 250)
			name[250] = '.';
		if (i == 51 || i == 101 || i == 151 || i == 201 || i == 251 || (i > 64 && i < 245) || (in_valgrind && i > 256))
			continue;
		is = lookup(name, 4000);
		if (i <= 253 && i > 60 && strcmp(is, GOOD))
			fail("name of %zu: %s", i, is);
		if (i > 253 && !strcmp(is, GOOD))
			fail("name of %zu: %s", i, is);
		if (problems > 3)
			break;
	}
	resolver_free();
}
/* PTR: the name asked for, and what comes back. */
static const char *ptr_target;
static size_t ptr_len;
static char ptr_question[300];
static void answer_ptr(struct server *s, struct query *q)
{
	struct message m;
	(void)s;
	strcpy(ptr_question, q->name);
	begin(&m, q, 0x8180, 1);
	put16(&m, 0xc00c);
	put_record(&m, 12, 1, 60, ptr_target, ptr_len);
	reply_bytes(q, &m);
}
static const char *reverse(void)
{
	struct in_addr in;
	inet_pton(AF_INET, "192.0.2.33", &in);
	result[0] = '\0', done = 0;
	if (!evdns_base_resolve_reverse(dns, &in, 0, resolved, NULL))
		return "refused";
	return turns_until(&done, 1, 5000) ? result : "nothing";
}
static void reverse_lookups(void)
{
	static char labels[300];
	struct in6_addr in6;
	const char *is;
	size_t n;
	server_new(answer_ptr);
	resolver("0.3", "1");
	ptr_target = "\4host\7example", ptr_len = 14;
	is = reverse();
	if (strcmp(is, "2:1 host.example"))
		fail("%s", is);
	if (strcasecmp(ptr_question, "33.2.0.192.in-addr.arpa"))
		fail("asked for %s", ptr_question);
	inet_pton(AF_INET6, "2001:db8::f1:23", &in6);
	done = 0, result[0] = '\0';
	CHECK(evdns_base_resolve_reverse_ipv6(dns, &in6, 0, resolved, NULL) != NULL);
	CHECK(turns_until(&done, 1, 5000));
	if (strcmp(result, "2:1 host.example"))
		fail("IPv6: %s", result);
	if (strcasecmp(ptr_question, "3.2.0.0.1.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"))
		fail("asked for %s", ptr_question);
	/* Long names: 64 and more bytes, up to 253. */
	for (n = 1; n <= 4; n++) {
		size_t i;
		for (i = 0; i < n; i++)
			labels[i * 62] = 61, memset(labels + i * 62 + 1, 'a' + (int)i, 61);
		labels[n * 62] = 0;
		ptr_target = labels, ptr_len = n * 62 + 1;
		is = reverse();
		if (strncmp(is, "2:1 a", 5) || strlen(is) != 4 + n * 62 - 1)
			fail("name of %zu bytes: %s", n * 62 - 1, is);
	}
	/* Names that are none: dots, NUL and control bytes in labels must not pass as another name. */
	ptr_target = "\7a.b.com", ptr_len = 9;
	is = reverse();
	if (!strcmp(is, "2:1 a.b.com"))
		fail("dots in a label: %s", is);
	ptr_target = "\5a\0b.c\3com", ptr_len = 11;
	is = reverse();
	if (!strcmp(is, "2:1 a"))
		fail("NUL in a label: %s", is);
	ptr_target = "\3a\nb\3com", ptr_len = 9;
	is = reverse();
	if (strchr(is, '\n'))
		fail("LF in a label");
	ptr_target = "\4host", ptr_len = 5;
	is = reverse();
	if (!strncmp(is, "2:1", 3))
		fail("name without an end: %s", is);
	ptr_target = "\xc0\xff", ptr_len = 2;
	if (!strncmp(reverse(), "2:1", 3))
		fail("pointer beyond the end: %s", result);
	ptr_target = "", ptr_len = 0;
	if (!strncmp(reverse(), "2:1", 3))
		fail("no name: %s", result);
	resolver_free();
}

/* ---- files ---- */
static char file_name[64];
static void write_file(const char *text, size_t n)
{
	FILE *f;
	sprintf(file_name, "/tmp/hostile-dns-%d", (int)getpid());
	f = fopen(file_name, "w");
	fwrite(text, 1, n, f);
	fclose(f);
}
static void odd_files(void)
{
	static const char *const lines[] = {
		"nameserver", "nameserver \n", "nameserver 1.2.3.4.5\n", "nameserver ::zz\n", "nameserver 127.0.0.1:99999\n", "search\n",
		"search a b c d e f g h i j k l m n o p q r s t u v w x y z\n", "domain\n", "domain .\n", "options\n", "options ndots:\n",
		"options ndots:99999999999999999999\n", "options timeout:-1 attempts:0 max-inflight:0 bind-to:nonsense\n",
		"options ndots:-1\noptions timeout:1e308\noptions max-timeouts:4294967295\n", "\0\0\0\0", "#\n;\n", "\r\n\r\n", "127.0.0.1",
		"127.0.0.1 \n", "::1%%lo host\n", "1.2.3.4 a b c # d\n", "300.1.1.1 x\n", "fe80::1%9999999999 x\n",
	};
	size_t i, big = 8 * 1024 * 1024;
	char *text = malloc(big);
	resolver("0.3", "1");
	for (i = 0; i < sizeof lines / sizeof *lines; i++) {
		write_file(lines[i], strlen(lines[i]) ? strlen(lines[i]) : 4);
		evdns_base_resolv_conf_parse(dns, DNS_OPTION_SEARCH | DNS_OPTION_MISC, file_name);
		evdns_base_load_hosts(dns, file_name);
	}
	/* Large ones: refused or read, in bounded time. */
	{
		static const char *const units[] = {"a", "nameserver 127.0.0.1\n", "search a.b\n", "1.2.3.4 some.host\n", "options ndots:1 ", "\n", "\0\0\0"};
		for (i = 0; i < sizeof units / sizeof *units; i++) {
			size_t unit = strlen(units[i]) ? strlen(units[i]) : 3, n = 0, max = in_valgrind ? 40000 : big;
			long begun = now_ms();
			while (n + unit <= max)
				memcpy(text + n, units[i], unit), n += unit;
			write_file(text, n);
			evdns_base_load_hosts(dns, file_name);
			if (i != 1)
				evdns_base_resolv_conf_parse(dns, DNS_OPTION_SEARCH | DNS_OPTION_MISC, file_name);
			if (now_ms() - begun > (in_valgrind ? 30000 : 3000))
				fail("file of \"%s\": %ld ms", units[i], now_ms() - begun);
		}
	}
	free(text);
	CHECK(evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/does/not/exist") == 1);
	CHECK(evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/") != 0);
	CHECK(evdns_base_load_hosts(dns, "/does/not/exist") != 0);
	CHECK(evdns_base_load_hosts(dns, "/") != 0);
	CHECK(evdns_base_resolv_conf_parse(dns, DNS_OPTION_SEARCH | DNS_OPTION_MISC, "/dev/null") != 1);
	unlink(file_name);
	resolver_free();
}
/* A file without a nameserver line means the local host. */
static void no_nameserver_line(void)
{
	resolver("0.3", "1");
	write_file("search example\n", 15);
	CHECK(evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, file_name) == 6 || evdns_base_count_nameservers(dns) == 1);
	CHECK(evdns_base_count_nameservers(dns) == 1);
	unlink(file_name);
	resolver_free();
}
static struct evutil_addrinfo *addresses;
static int info_err = -1000;
static void info(int err, struct evutil_addrinfo *ai, void *arg)
{
	(void)arg;
	done++;
	info_err = err;
	addresses = ai;
	if (!err && !ai)
		fail("success without an address");
	if (err && ai)
		fail("an error with addresses");
}
/* Look-ups in a long hosts file cost no more than in a short one. */
static void long_hosts_file(void)
{
	size_t n = 0, i, count = in_valgrind ? 500 : 1500;
	char *text = malloc(count * 48);
	long begun;
	resolver("0.3", "1");
	for (i = 0; i < count; i++)
		n += (size_t)sprintf(text + n, "10.0.%zu.%zu host%zu.example\n", i / 250, i % 250, i);
	write_file(text, n);
	CHECK(evdns_base_load_hosts(dns, file_name) == 0);
	begun = now_ms();
	for (i = 0; i < (in_valgrind ? 200 : 20000); i++) {
		struct evutil_addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
		char host[32];
		sprintf(host, "HOST%zu.example", count - 1 - i % 10);
		done = 0;
		evdns_getaddrinfo(dns, host, NULL, &hints, info, NULL);
		if (!done || info_err) {
			fail("%s: %d", host, info_err);
			break;
		}
		evutil_freeaddrinfo(addresses);
	}
	if (!in_valgrind && now_ms() - begun > 1000)
		fail("20000 look-ups took %ld ms", now_ms() - begun);
	free(text);
	unlink(file_name);
	resolver_free();
}

/* ---- re-entry ---- */
enum { E_FREE, E_FREE_FAIL, E_CANCEL_OTHER, E_RESOLVE, E_SUSPEND, E_CLEAR_SEARCH, E_BREAK, E_HOSTS };
static int act, acted;
static struct evdns_request *running[4];
static void reenter(int err, char type, int count, int ttl, void *a, void *arg)
{
	struct evdns_base *d = dns;
	(void)err, (void)type, (void)count, (void)ttl, (void)a;
	done++;
	running[(size_t)arg] = NULL;
	if (acted++)
		return;
	switch (act) {
	case E_FREE:
	case E_FREE_FAIL:
		dns = NULL;
		evdns_base_free(d, act == E_FREE_FAIL);
		break;
	case E_CANCEL_OTHER:
		if (running[1])
			evdns_cancel_request(dns, running[1]);
		if (running[2])
			evdns_cancel_request(dns, running[2]);
		break;
	case E_RESOLVE:
		evdns_base_resolve_ipv4(dns, "again.example", DNS_QUERY_NO_SEARCH, reenter, (void *)3);
		break;
	case E_SUSPEND:
		evdns_base_clear_nameservers_and_suspend(dns);
		evdns_base_resume(dns);
		break;
	case E_CLEAR_SEARCH:
		evdns_base_search_clear(dns);
		evdns_base_search_add(dns, "x.example");
		break;
	case E_BREAK:
		event_base_loopbreak(base);
		break;
	case E_HOSTS:
		evdns_base_clear_host_addresses(dns);
		break;
	}
}
static void reentry(void)
{
	static const struct forgery nx = {f_code, 0, "", 0}, junk = {f_junk, 0, "", 0}, empty = {f_empty, 0, "", 0}, tc = {f_header_only, 0, "", 0};
	static const struct forgery *const kinds[] = {NULL, &nx, &junk, &empty, &tc};
	size_t k;
	int way;
	act = (int)(uintptr_t)this_test->arg;
	rcode = 3;
	/* Answered, refused, junk, empty; with search list or without; and never. */
	for (k = 0; k < 6; k++)
		for (way = 0; way < 2; way++) {
			size_t i;
			forge_alone = 1;
			forgery = k < 5 ? kinds[k] : NULL;
			server_new(k == 5 ? NULL : forgery ? forged : good);
			resolver("0.05", "1");
			evdns_base_search_add(dns, "a.example");
			evdns_base_search_add(dns, "b.example");
			acted = 0;
			for (i = 0; i < 3; i++) {
				static const char *const n[] = {"one", "two", "three"};
				running[i] = evdns_base_resolve_ipv4(dns, n[i], way ? 0 : DNS_QUERY_NO_SEARCH, reenter, (void *)i);
			}
			turns(in_valgrind ? 150 : 70);
			if (dns)
				evdns_base_free(dns, way);
			dns = NULL;
			pump();
			servers_stop();
			memset(running, 0, sizeof running);
		}
}
static void cancel_everywhere(void)
{
	int i;
	for (i = 0; i < 4; i++) {
		struct evdns_request *r;
		server_new(i == 3 ? NULL : good);
		resolver("0.1", "2");
		r = evdns_base_resolve_ipv4(dns, NAME, 0, resolved, NULL);
		if (i == 1)
			pump();
		if (i == 2)
			servers_turn();
		if (i == 3)
			turns(150);
		evdns_cancel_request(dns, r);
		turns(30);
		CHECK(done == 1);
		if (strcmp(result, "err 69 "))
			fail("stage %d: %s", i, result);
		resolver_free();
	}
}
static void freed_while_asking(void)
{
	int fail_requests, stage, i;
	for (fail_requests = 0; fail_requests < 2; fail_requests++)
		for (stage = 0; stage < 4; stage++) {
			server_new(stage == 3 ? NULL : keep_query);
			resolver("0.2", "2");
			for (i = 0; i < 200; i++)
				evdns_base_resolve_ipv4(dns, NAME, 0, resolved, NULL);
			if (stage)
				turns(stage * 10);
			evdns_base_free(dns, fail_requests);
			turns(10);
			if (fail_requests ? done != 200 : done != 0)
				fail("fail_requests %d: %d of 200 called", fail_requests, done);
			servers_stop();
			result[0] = '\0';
		}
}
/* More than may be under way at once; all come. */
static void thousand_at_once(void)
{
	int i;
	server_new(good);
	resolver("1", "3");
	evdns_base_set_option(dns, "max-inflight", "7");
	for (i = 0; i < 1000; i++)
		evdns_base_resolve_ipv4(dns, NAME, DNS_QUERY_NO_SEARCH, resolved, "");
	CHECK(turns_until(&done, 1000, 15000));
	resolver_free();
}

/* ---- getaddrinfo ---- */
static int a_way, aaaa_way;
static void answer_families(struct server *s, struct query *q)
{
	struct message m;
	int way = q->type == 28 ? aaaa_way : a_way;
	if (way == 0) {
		good(s, q);
	} else if (way == 1) {
		begin(&m, q, 0x8180, 0);
		reply_bytes(q, &m);
	} else if (way == 2) {
		begin(&m, q, 0x8183, 0);
		reply_bytes(q, &m);
	} else if (way == 3) {
		begin(&m, q, 0x8182, 0);
		reply_bytes(q, &m);
	}
}
static int count_family(int family)
{
	struct evutil_addrinfo *ai;
	int n = 0;
	for (ai = addresses; ai; ai = ai->ai_next)
		n += ai->ai_family == family;
	return n;
}
static void families(void)
{
	int i;
	for (i = 0; i < 25; i++) {
		struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
		a_way = i % 5, aaaa_way = i / 5;
		if (in_valgrind && (a_way == 4 || aaaa_way == 4))
			continue;
		server_new(answer_families);
		resolver("0.2", "1");
		done = 0, addresses = NULL, info_err = -1000;
		evdns_getaddrinfo(dns, NAME, "80", &hints, info, NULL);
		if (!turns_until(&done, 1, 5000)) {
			fail("A %d, AAAA %d: no result", a_way, aaaa_way);
		} else {
			if ((info_err == 0) != (!a_way || !aaaa_way))
				fail("A %d, AAAA %d: result %d", a_way, aaaa_way, info_err);
			if (!info_err && (count_family(AF_INET) != !a_way || count_family(AF_INET6) != !aaaa_way))
				fail("A %d, AAAA %d: %d and %d addresses", a_way, aaaa_way, count_family(AF_INET), count_family(AF_INET6));
		}
		if (addresses)
			evutil_freeaddrinfo(addresses);
		addresses = NULL;
		turns(5);
		if (done != 1)
			fail("called %d times", done);
		resolver_free();
	}
}
static void ask_info(const char *node, const char *service, int family, int flags, int type, int wanted_ok)
{
	struct evutil_addrinfo hints = {.ai_family = family, .ai_flags = flags, .ai_socktype = type};
	done = 0, addresses = NULL, info_err = -1000;
	evdns_getaddrinfo(dns, node, service, &hints, info, NULL);
	if (!turns_until(&done, 1, 5000))
		fail("%s %s: no result", node, service);
	else if (wanted_ok != -1 && (info_err == 0) != wanted_ok)
		fail("%s %s family %d flags %d: %d", node ? node : "NULL", service ? service : "NULL", family, flags, info_err);
	if (addresses)
		evutil_freeaddrinfo(addresses);
	addresses = NULL;
}
static void info_arguments(void)
{
	a_way = aaaa_way = 0;
	server_new(answer_families);
	resolver("0.3", "1");
	ask_info("127.0.0.1", "80", AF_UNSPEC, 0, SOCK_STREAM, 1);
	ask_info("::1", "80", AF_UNSPEC, 0, SOCK_STREAM, 1);
	ask_info("127.0.0.1", NULL, AF_INET6, 0, SOCK_STREAM, -1);
	ask_info("::1", NULL, AF_INET, 0, SOCK_STREAM, -1);
	ask_info(NULL, "80", AF_INET, EVUTIL_AI_PASSIVE, SOCK_STREAM, 1);
	ask_info(NULL, "80", AF_INET, 0, SOCK_STREAM, 1);
	ask_info(NULL, NULL, AF_INET, 0, SOCK_STREAM, 0);
	ask_info("www.example.com", "80", AF_INET, EVUTIL_AI_NUMERICHOST, SOCK_STREAM, 0);
	ask_info("www.example.com", "no-such-service", AF_INET, 0, SOCK_STREAM, 0);
	ask_info("www.example.com", "http", AF_INET, EVUTIL_AI_NUMERICSERV, SOCK_STREAM, 0);
	ask_info("www.example.com", "99999", AF_INET, 0, SOCK_STREAM, 0);
	ask_info("www.example.com", "-1", AF_INET, 0, SOCK_STREAM, 0);
	ask_info("www.example.com", "80", 12345, 0, SOCK_STREAM, -1);
	ask_info("www.example.com", "80", AF_INET, EVUTIL_AI_CANONNAME, SOCK_STREAM, 1);
	ask_info("www.example.com", "80", AF_UNSPEC, 0, 0, 1);
	ask_info("", "80", AF_INET, 0, SOCK_STREAM, -1);
	ask_info("a..b", "80", AF_INET, 0, SOCK_STREAM, 0);
	ask_info("1.2.3", "80", AF_INET, 0, SOCK_STREAM, -1);
	ask_info("[::1]", "80", AF_INET6, 0, SOCK_STREAM, -1);
	ask_info("fe80::1%lo", "80", AF_INET6, 0, SOCK_STREAM, -1);
	resolver_free();
}
static struct evdns_getaddrinfo_request *info_request;
static int info_act;
static void info_reenter(int err, struct evutil_addrinfo *ai, void *arg)
{
	struct evdns_base *d = dns;
	(void)err, (void)arg;
	done++;
	if (ai)
		evutil_freeaddrinfo(ai);
	if (acted++)
		return;
	if (info_act == 0)
		dns = NULL, evdns_base_free(d, 1);
	else if (info_act == 1)
		dns = NULL, evdns_base_free(d, 0);
	else if (info_act == 2)
		evdns_getaddrinfo(dns, "again.example", "80", NULL, info_reenter, NULL);
	else if (info_act == 3 && info_request)
		evdns_getaddrinfo_cancel(info_request);
}
static void info_reentry(void)
{
	for (info_act = 0; info_act < 4; info_act++)
		for (a_way = 0; a_way < 5; a_way++)
			for (aaaa_way = 0; aaaa_way < 5; aaaa_way += 2) {
				struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
				server_new(answer_families);
				resolver("0.05", "1");
				acted = 0, info_request = NULL;
				evdns_getaddrinfo(dns, NAME, "80", &hints, info_reenter, NULL);
				if (info_act == 3)
					info_request = evdns_getaddrinfo(dns, NAME, "80", &hints, info, NULL);
				addresses = NULL;
				turns(in_valgrind ? 60 : 20);
				if (addresses)
					evutil_freeaddrinfo(addresses);
				addresses = NULL;
				if (dns)
					evdns_base_free(dns, 1);
				dns = NULL;
				pump();
				if (addresses)
					evutil_freeaddrinfo(addresses);
				servers_stop();
			}
	problems = 0;
}
static void info_cancel(void)
{
	int stage;
	for (stage = 0; stage < 4; stage++) {
		struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
		struct evdns_getaddrinfo_request *r;
		a_way = stage == 3 ? 0 : 4, aaaa_way = 4;
		server_new(answer_families);
		resolver("1", "1");
		info_err = -1000, addresses = NULL;
		r = evdns_getaddrinfo(dns, NAME, "80", &hints, info, NULL);
		if (stage == 1)
			pump();
		if (stage > 1)
			turns(20);
		if (r && !done)
			evdns_getaddrinfo_cancel(r);
		turns(10);
		CHECK(done == 1);
		if (info_err != EVUTIL_EAI_CANCEL)
			fail("stage %d: %d", stage, info_err);
		if (addresses)
			evutil_freeaddrinfo(addresses);
		resolver_free();
	}
}

int main(int argc, char **argv)
{
	static const struct { const char *name; struct forgery f; } forgeries[] = {
		{"forged: id", {f_id, 0, NULL, 0}}, {"forged: port", {f_plain, 1, NULL, 0}}, {"forged: address", {f_plain, 2, NULL, 0}},
		{"forged: a query", {f_not_a_reply, 0, NULL, 0}}, {"forged: question's type", {f_type, 0, NULL, 0}},
		{"forged: question's class", {f_class, 0, NULL, 0}}, {"forged: letter case", {f_case, 0, "", 0}},
		{"forged: a letter", {f_letter, 0, NULL, 0}}, {"forged: another name", {f_other_name, 0, NULL, 0}},
		{"forged: longer name", {f_longer_name, 0, NULL, 0}}, {"forged: dots in a label", {f_dots_in_a_label, 0, NULL, 0}},
		{"forged: NUL in a label", {f_nul_in_a_label, 0, NULL, 0}}, {"forged: no question", {f_no_question, 0, NULL, 0}},
		{"forged: two questions", {f_two_questions, 0, NULL, 0}}, {"forged: owner", {f_owner, 0, "", 0}},
		{"forged: owner is the end of the name", {f_owner_suffix, 0, "", 0}}, {"forged: answer's class", {f_answer_class, 0, "", 0}},
		{"malformed: 3 bytes of address", {f_short_data, 0, "", 0}}, {"malformed: 5 bytes of address", {f_long_data, 0, "", 0}},
		{"malformed: no address", {f_no_data, 0, "", 0}}, {"malformed: data beyond the end", {f_data_beyond, 0, "", 0}},
		{"malformed: counts of 65535", {f_counts, 0, "", 0}}, {"malformed: 65535 questions", {f_questions_65535, 0, NULL, 0}},
		{"malformed: loop in the question", {f_loop_in_the_question, 0, NULL, 0}},
		{"malformed: loop in the owner", {f_loop_in_the_owner, 0, "", 0}}, {"malformed: loop of two", {f_loop_of_two, 0, "", 0}},
		{"malformed: pointer beyond the end", {f_pointer_beyond, 0, "", 0}}, {"malformed: pointer forward", {f_pointer_forward, 0, "", 0}},
		{"malformed: label of 64", {f_label_of_64, 0, "", 0}}, {"malformed: name of 300", {f_name_of_300, 0, "", 0}},
		{"malformed: one byte", {f_nothing, 0, NULL, 0}}, {"malformed: header only", {f_header_only, 0, NULL, 0}},
		{"malformed: junk", {f_junk, 0, "", 0}}, {"oversized", {f_oversized, 0, "", 0}}, {"flood of ids", {f_flood_of_ids, 0, "", 0}},
		{"cname: chain", {f_cname, 0, GOOD, 1}}, {"cname: chain backwards", {f_cname_backwards, 0, GOOD, 1}},
		{"cname: address of another", {f_cname_not_followed, 0, "", 0}}, {"cname: loop", {f_cname_loop, 0, "", 0}},
		{"cname: to itself", {f_cname_to_itself, 0, "", 0}}, {"cname: chain of 500", {f_cname_of_500, 0, "", 0}},
		{"empty answer", {f_empty, 0, "err 70 ", 1}},
	};
	static const struct test rest[] = {
		{"code: FORMERR", code_case, 0, (void *)1}, {"code: SERVFAIL", code_case, 0, (void *)2}, {"code: NXDOMAIN", code_case, 0, (void *)3},
		{"code: NOTIMP", code_case, 0, (void *)4}, {"code: REFUSED", code_case, 0, (void *)5}, {"code: 15", code_case, 0, (void *)15},
		{"SERVFAIL here, an answer there", servfail_then_good, 0, NULL}, {"truncated at each byte", truncated, 0, NULL},
		{"duplicated", duplicated, 0, NULL}, {"late", late, 0, NULL},
		{"TCP: answer", over_tcp, 0, (void *)T_GOOD}, {"TCP: single bytes", over_tcp, 0, (void *)T_SPLIT},
		{"TCP: nobody there", over_tcp, 0, (void *)T_REFUSED}, {"TCP: closed", over_tcp, 0, (void *)T_CLOSED},
		{"TCP: forged id", over_tcp, 0, (void *)T_FORGED_ID}, {"TCP: forged name", over_tcp, 0, (void *)T_FORGED_NAME},
		{"TCP: empty frame", over_tcp, 0, (void *)T_EMPTY_FRAME}, {"TCP: short frame", over_tcp, 0, (void *)T_SHORT_FRAME},
		{"TCP: frame that does not end", over_tcp, 0, (void *)T_LONG_FRAME}, {"TCP: truncated again", over_tcp, 0, (void *)T_TC_AGAIN},
		{"TCP: silent", over_tcp, 0, (void *)T_SILENT}, {"TCP: large answer", over_tcp, 0, (void *)T_LARGE},
		{"TCP: two answers", over_tcp, 0, (void *)T_TWO}, {"TCP: freed meanwhile", freed_during_tcp, 0, NULL},
		{"TCP: cancelled meanwhile", cancelled_during_tcp, 0, NULL},
		{"all servers dead", all_dead, 0, NULL}, {"no servers", no_servers, 0, NULL}, {"server recovers", server_recovers, 0, NULL},
		{"suspend and resume", suspend_and_resume, 0, NULL}, {"loop ends when inactive", loop_ends_when_inactive, 0, NULL},
		{"odd names", odd_names, 0, NULL}, {"reverse look-ups", reverse_lookups, 0, NULL}, {"odd files", odd_files, 0, NULL},
		{"no nameserver line", no_nameserver_line, 0, NULL}, {"long hosts file", long_hosts_file, 0, NULL},
		{"callback: frees the base", reentry, 0, (void *)E_FREE}, {"callback: frees the base, failing requests", reentry, 0, (void *)E_FREE_FAIL},
		{"callback: cancels others", reentry, 0, (void *)E_CANCEL_OTHER}, {"callback: asks again", reentry, 0, (void *)E_RESOLVE},
		{"callback: suspends and resumes", reentry, 0, (void *)E_SUSPEND}, {"callback: clears the search list", reentry, 0, (void *)E_CLEAR_SEARCH},
		{"callback: breaks the loop", reentry, 0, (void *)E_BREAK}, {"callback: clears hosts", reentry, 0, (void *)E_HOSTS},
		{"cancel everywhere", cancel_everywhere, 0, NULL}, {"freed while asking", freed_while_asking, 0, NULL},
		{"thousand at once", thousand_at_once, 0, NULL}, {"getaddrinfo: families", families, 0, NULL},
		{"getaddrinfo: arguments", info_arguments, 0, NULL}, {"getaddrinfo: re-entry", info_reentry, 0, NULL},
		{"getaddrinfo: cancel", info_cancel, 0, NULL},
	};
	static struct test tests[sizeof forgeries / sizeof *forgeries + sizeof rest / sizeof *rest];
	size_t n = sizeof forgeries / sizeof *forgeries, i;
	for (i = 0; i < n; i++)
		tests[i] = (struct test){forgeries[i].name, forgery_case, 0, &forgeries[i].f};
	memcpy(tests + n, rest, sizeof rest);
	return RUN_TESTS(argc, argv, tests);
}
#else
int main(void) { return 0; }
#endif
