/*
 * A resolver and a server port that work for a while on a bad network.
 *
 *   dns SECONDS
 *
 * The resolver's nameserver is a raw socket of this program. It loses, delays, repeats and cuts answers, and sends
 * forged ones before the true one: other numbers, names, types, spellings, ports, owners, garbage. Each name says what
 * happens to its query and what must come out. Beside it a server port answers a raw client that sends garbage between
 * its queries.
 *
 * Checked: each question gets exactly one answer, the right one; no forged address is ever seen; the port answers
 * each query once; memory stays flat; no descriptor is left. Under valgrind (SOAK_SLOW set) times and memory do not
 * count.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>

#define IN_FLIGHT 200
#define MAX_LIVE 65536
/* No question may take longer, in seconds. */
#define MAX_AGE (slow ? 200 : 20)
/* What forged answers carry. */
#define EVIL 0x06060606

enum kind {
	PLAIN, LOST_TWICE, LATE, TOO_LATE, REPEATED, FORGED_BEFORE, SPELLING, NO_NAME, OVER_TCP, SICK, FORGED_ONLY,
	ALIASES, EMPTY, CANCELLED, SPLIT, KINDS
};
static const char *const kind_name[KINDS] = {
	"plain", "lost", "late", "toolate", "repeated", "forged", "spelling", "noname", "tcp", "sick", "evil", "aliases",
	"empty", "cancelled", "split",
};

/* One question of ours. */
struct question {
	unsigned number;
	enum kind kind;
	int type;            /* EVDNS_TYPE_A, _AAAA; 0: getaddrinfo for both */
	unsigned tries[2];   /* how often the server has seen A, AAAA */
	struct evdns_request *req;
	struct evdns_getaddrinfo_request *gai;
	struct event *cancel;
	int answered;
	int was_cancelled;
	double since;
};

static struct event_base *base;
static struct evdns_base *dns;
static int server_fd = -1, other_fd = -1;
static struct evconnlistener *tcp;
static struct question *live[MAX_LIVE]; /* by number */
static unsigned next_number, pending, spellings;
static unsigned long asked[KINDS], right[KINDS], gave_up[KINDS], forged, over_tcp;
static int launching, slow;
static int ending;

static void
fail(const char *fmt, ...)
{
	va_list ap;
	printf("soak dns: FAIL ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_exit(1);
}
static unsigned
rnd(unsigned n)
{
	return (unsigned)rand() % n;
}
static double
now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}
static long
memory_kib(void)
{
	long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%ld %ld", &size, &resident) != 2)
		fail("cannot read /proc/self/statm");
	fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}
static int
count_fds(void)
{
	int n = 0;
	DIR *d = opendir("/proc/self/fd");
	if (!d)
		fail("cannot read /proc/self/fd");
	while (readdir(d))
		++n;
	closedir(d);
	return n;
}
static void
after(int ms, event_callback_fn cb, void *arg)
{
	struct timeval tv = { ms / 1000, (ms % 1000) * 1000 };
	if (event_base_once(base, -1, EV_TIMEOUT, cb, arg, &tv) < 0)
		fail("event_base_once");
}

/* ---- messages ---- */

struct message {
	unsigned char bytes[1500];
	int len;
};
static void
put16(struct message *m, unsigned v)
{
	m->bytes[m->len++] = (unsigned char)(v >> 8);
	m->bytes[m->len++] = (unsigned char)v;
}
static void
put(struct message *m, const void *p, int n)
{
	memcpy(m->bytes + m->len, p, (size_t)n);
	m->len += n;
}
static void
put_name(struct message *m, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, ".");
		m->bytes[m->len++] = (unsigned char)n;
		put(m, text, (int)n);
		text += n + (text[n] == '.');
	}
	m->bytes[m->len++] = 0;
}
/* A query as it arrived: the end of its question, and what was asked. */
struct query {
	unsigned char bytes[600];
	int len, question_end;
	unsigned type;
	char name[300];
};
static int
parse(struct query *q, const unsigned char *p, int len)
{
	int at = 12, out = 0;
	if (len < 17 || len > (int)sizeof(q->bytes))
		return -1;
	memcpy(q->bytes, p, (size_t)len);
	q->len = len;
	while (at < len && p[at]) {
		int n = p[at++];
		if (n > 63 || at + n >= len || out + n + 1 >= (int)sizeof(q->name))
			return -1;
		if (out)
			q->name[out++] = '.';
		memcpy(q->name + out, p + at, (size_t)n);
		out += n;
		at += n;
	}
	q->name[out] = 0;
	if (at + 5 > len)
		return -1;
	q->type = (unsigned)p[at + 1] << 8 | p[at + 2];
	q->question_end = at + 5;
	return 0;
}
static void
begin_reply(struct message *m, const struct query *q, unsigned flags, unsigned answers)
{
	m->len = 0;
	put(m, q->bytes, 2);
	put16(m, 0x8180 | flags);
	put16(m, 1);
	put16(m, answers);
	put16(m, 0);
	put16(m, 0);
	put(m, q->bytes + 12, q->question_end - 12);
}
/* The address that belongs to a question; `evil`: a forger's. */
static void
put_address(struct message *m, unsigned type, unsigned number, int evil)
{
	unsigned char a[16] = { 0 };
	put16(m, type);
	put16(m, 1);
	put16(m, 0);
	put16(m, 60);
	if (type == EVDNS_TYPE_A) {
		uint32_t v = htonl(evil ? EVIL : 0x0a000000 | number % 0xffffff);
		put16(m, 4);
		put(m, &v, 4);
		return;
	}
	a[0] = evil ? 0x66 : 0xfd;
	a[12] = (unsigned char)(number >> 24);
	a[13] = (unsigned char)(number >> 16);
	a[14] = (unsigned char)(number >> 8);
	a[15] = (unsigned char)number;
	put16(m, 16);
	put(m, a, 16);
}
static void
answer_with(struct message *m, const struct query *q, unsigned number, int evil)
{
	begin_reply(m, q, 0, 1);
	put16(m, 0xc00c);
	put_address(m, q->type, number, evil);
}

/* ---- the hostile nameserver ---- */

static struct question *
find(const struct query *q, unsigned *number)
{
	char *end;
	if (q->name[0] != 'q' && q->name[0] != 'Q')
		return NULL;
	*number = (unsigned)strtoul(q->name + 1, &end, 10);
	if (*end != '.')
		return NULL;
	return live[*number % MAX_LIVE] && live[*number % MAX_LIVE]->number == *number ? live[*number % MAX_LIVE] : NULL;
}
static void
send_from(int fd, const struct message *m, const struct sockaddr_in *to)
{
	/* A full socket loses it, as networks do. */
	(void)sendto(fd, m->bytes, (size_t)m->len, 0, (const struct sockaddr *)to, sizeof(*to));
}
static void
swap_case(unsigned char *p, int len)
{
	int at = 12;
	while (at < len && p[at]) {
		int n = p[at++];
		for (; n > 0 && at < len; --n, ++at)
			if ((p[at] | 0x20) >= 'a' && (p[at] | 0x20) <= 'z')
				p[at] ^= 0x20;
	}
}
/* Something that must not be believed. */
static void
forge(const struct query *q, unsigned number, const struct sockaddr_in *to)
{
	struct message m;
	int fd = server_fd, i;
	++forged;
	answer_with(&m, q, number, 1);
	switch (rnd(12)) {
	case 0: /* another number */
		m.bytes[rnd(2)] ^= (unsigned char)(1 + rnd(255));
		break;
	case 1: /* another name */
		m.bytes[13] ^= 1;
		break;
	case 2: /* another type was asked */
		m.bytes[q->question_end - 3] ^= 0x1d;
		break;
	case 3: /* another class */
		m.bytes[q->question_end - 1] = 3;
		break;
	case 4: /* from another port */
		fd = other_fd;
		break;
	case 5: /* records of someone else's, with our address */
		begin_reply(&m, q, 0, 1);
		m.bytes[0] ^= 0x55;
		put_name(&m, "evil.test");
		put_address(&m, q->type, number, 1);
		break;
	case 6: /* no question */
		m.bytes[5] = 0;
		break;
	case 7: /* two questions */
		m.bytes[5] = 2;
		break;
	case 8: /* a query, not a reply */
		m.bytes[2] &= 0x7f;
		break;
	case 9: /* noise */
		m.len = (int)rnd(200);
		for (i = 0; i < m.len; ++i)
			m.bytes[i] = (unsigned char)rnd(256);
		break;
	case 10: /* the question's name points at itself */
		m.len = 12;
		put16(&m, 0xc00c);
		put16(&m, q->type);
		put16(&m, 1);
		break;
	default: /* nothing, or not even a header */
		m.len = (int)rnd(12);
		break;
	}
	send_from(fd, &m, to);
}
/* A true answer, some time later. */
struct later {
	struct message m;
	struct sockaddr_in to;
};
static unsigned laters;
static void
send_later(evutil_socket_t fd, short what, void *arg)
{
	struct later *l = arg;
	(void)fd;
	(void)what;
	--laters;
	if (server_fd >= 0)
		send_from(server_fd, &l->m, &l->to);
	free(l);
}
static void
delay(const struct message *m, const struct sockaddr_in *to, int ms)
{
	struct later *l = malloc(sizeof(*l));
	if (!l)
		fail("memory");
	l->m = *m;
	l->to = *to;
	++laters;
	after(ms, send_later, l);
}
static void
serve(const struct query *q, const struct sockaddr_in *to)
{
	unsigned number = 0, tries;
	struct question *w = find(q, &number);
	struct message m;
	int i;

	if (!w)
		return; /* answered or given up meanwhile */
	tries = w->tries[q->type != EVDNS_TYPE_A]++;
	answer_with(&m, q, number, 0);
	switch (w->kind) {
	case LOST_TWICE:
		if (tries < 2)
			return;
		break;
	case LATE:
		delay(&m, to, 1 + (int)rnd(40));
		return;
	case TOO_LATE:
		if (tries == 0) {
			delay(&m, to, 400 + (int)rnd(100));
			return;
		}
		break;
	case REPEATED:
		for (i = (int)rnd(4); i > 0; --i)
			send_from(server_fd, &m, to);
		delay(&m, to, (int)rnd(30));
		break;
	case FORGED_BEFORE:
		for (i = 1 + (int)rnd(6); i > 0; --i)
			forge(q, number, to);
		break;
	case SPELLING:
		/* One at a time: a server from which only other spellings come is asked without random case. */
		if (tries == 0 && q->type == EVDNS_TYPE_A) {
			struct message other;
			answer_with(&other, q, number, 1);
			swap_case(other.bytes, other.len);
			send_from(server_fd, &other, to);
		}
		break;
	case NO_NAME:
		begin_reply(&m, q, 3, 0);
		break;
	case OVER_TCP:
		begin_reply(&m, q, 0x200, 0);
		break;
	case SICK:
		if (tries == 0)
			begin_reply(&m, q, 2, 0);
		break;
	case FORGED_ONLY:
		for (i = 1 + (int)rnd(6); i > 0; --i)
			forge(q, number, to);
		return;
	case ALIASES:
		/* The records stand in an order that needs looking for them. */
		begin_reply(&m, q, 0, 4);
		put_name(&m, "last.alias.test");
		put_address(&m, q->type, number, 0);
		put_name(&m, "evil.test");
		put_address(&m, q->type, number, 1);
		put_name(&m, "first.alias.test");
		put16(&m, EVDNS_TYPE_CNAME);
		put16(&m, 1);
		put16(&m, 0);
		put16(&m, 60);
		put16(&m, 17);
		put_name(&m, "last.alias.test");
		put16(&m, 0xc00c);
		put16(&m, EVDNS_TYPE_CNAME);
		put16(&m, 1);
		put16(&m, 0);
		put16(&m, 60);
		put16(&m, 18);
		put_name(&m, "first.alias.test");
		break;
	case EMPTY:
		begin_reply(&m, q, 0, 0);
		break;
	case CANCELLED:
		if (rnd(2))
			return;
		break;
	default:
		break;
	}
	send_from(server_fd, &m, to);
}
static void
server_readable(evutil_socket_t fd, short what, void *arg)
{
	unsigned char room[1500];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct query q;
	ssize_t n;
	(void)what;
	(void)arg;
	while ((n = recvfrom(fd, room, sizeof(room), 0, (struct sockaddr *)&from, &len)) >= 0) {
		if (parse(&q, room, (int)n) == 0)
			serve(&q, &from);
		len = sizeof(from);
	}
}
/* Over TCP answers are true, may come in pieces, and the connection may end at any time. */
static void
tcp_readable(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	(void)arg;
	for (;;) {
		unsigned char head[2], room[600];
		struct query q;
		struct message m;
		unsigned number = 0, n;
		struct question *w;
		if (evbuffer_copyout(in, head, 2) < 2)
			return;
		n = (unsigned)head[0] << 8 | head[1];
		if (n > sizeof(room))
			fail("a query of %u bytes over TCP", n);
		if (evbuffer_get_length(in) < n + 2)
			return;
		evbuffer_drain(in, 2);
		evbuffer_remove(in, room, n);
		if (parse(&q, room, (int)n) < 0)
			fail("a query over TCP that cannot be read");
		++over_tcp;
		w = find(&q, &number);
		if (!w || w->kind == FORGED_ONLY)
			continue; /* silence */
		if (w->kind == NO_NAME)
			begin_reply(&m, &q, 3, 0);
		else if (w->kind == EMPTY)
			begin_reply(&m, &q, 0, 0);
		else
			answer_with(&m, &q, number, 0);
		head[0] = (unsigned char)(m.len >> 8);
		head[1] = (unsigned char)m.len;
		bufferevent_write(bev, head, 2);
		bufferevent_write(bev, m.bytes, (size_t)m.len);
	}
}
static unsigned connections;
static void
tcp_event(struct bufferevent *bev, short what, void *arg)
{
	(void)what;
	(void)arg;
	--connections;
	bufferevent_free(bev);
}
static void
tcp_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
	struct bufferevent *bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	struct timeval idle = { 3, 0 };
	(void)l;
	(void)sa;
	(void)len;
	(void)arg;
	if (!bev)
		fail("memory");
	++connections;
	bufferevent_setcb(bev, tcp_readable, NULL, tcp_event, NULL);
	bufferevent_set_timeouts(bev, &idle, &idle);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

/* ---- questions and answers ---- */

static void launch(void);

static void
finished(struct question *w)
{
	if (w->answered++)
		fail("question %u (%s) was answered twice", w->number, kind_name[w->kind]);
	if (w->cancel)
		event_free(w->cancel);
	live[w->number % MAX_LIVE] = NULL;
	spellings -= w->kind == SPELLING;
	free(w);
	--pending;
	if (launching)
		launch();
	else if (!pending && !ending)
		event_base_loopexit(base, NULL);
}
/* Checks one answer: `code` is a DNS_ERR_ code or its likeness. */
static void
judge(struct question *w, int ok, int no_name, int no_data, int cancelled, int other)
{
	int good = 0, lost = other;
	switch (w->kind) {
	case NO_NAME:
		good = no_name;
		break;
	case EMPTY:
		good = no_data;
		break;
	case FORGED_ONLY:
		good = other;
		lost = 0;
		break;
	case CANCELLED:
		good = (ok || other || cancelled);
		lost = 0;
		break;
	case SICK:
		/* There is no other server that could do better. */
		good = ok || other;
		break;
	default:
		good = ok;
		break;
	}
	if (cancelled && !w->was_cancelled)
		fail("question %u (%s) was cancelled by nobody", w->number, kind_name[w->kind]);
	if (good)
		++right[w->kind];
	else if (lost)
		++gave_up[w->kind];
	else
		fail("question %u (%s) type %d: ok %d, no name %d, no data %d", w->number, kind_name[w->kind], w->type, ok,
		    no_name, no_data);
}
static void
check_v4(const struct question *w, const void *a)
{
	uint32_t v;
	memcpy(&v, a, 4);
	if (ntohl(v) != (0x0a000000 | w->number % 0xffffff))
		fail("question %u (%s): wrong address %08x", w->number, kind_name[w->kind], (unsigned)ntohl(v));
}
static void
check_v6(const struct question *w, const void *p)
{
	const unsigned char *a = p;
	unsigned v = (unsigned)a[12] << 24 | (unsigned)a[13] << 16 | (unsigned)a[14] << 8 | a[15];
	if (a[0] != 0xfd || v != w->number)
		fail("question %u (%s): wrong IPv6 address %02x..%u", w->number, kind_name[w->kind], a[0], v);
}
static void
resolved(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	struct question *w = arg;
	int i;
	if (ending) {
		finished(w);
		return;
	}
	if (result == DNS_ERR_NONE && count == 0)
		fail("question %u: success without an address", w->number);
	for (i = 0; result == DNS_ERR_NONE && i < count; ++i) {
		if (ttl != 60)
			fail("question %u (%s): ttl %d", w->number, kind_name[w->kind], ttl);
		if (type != (w->type == EVDNS_TYPE_A ? DNS_IPv4_A : DNS_IPv6_AAAA))
			fail("question %u: an answer of type %d", w->number, type);
		if (type == DNS_IPv4_A)
			check_v4(w, (char *)addresses + 4 * i);
		else
			check_v6(w, (char *)addresses + 16 * i);
	}
	judge(w, result == DNS_ERR_NONE, result == DNS_ERR_NOTEXIST, result == DNS_ERR_NODATA, result == DNS_ERR_CANCEL,
	    /* DNS_ERR_TRUNCATED: TCP was tried and was too slow, as on a machine with too much to do. */
	    result == DNS_ERR_TIMEOUT || result == DNS_ERR_SERVERFAILED || result == DNS_ERR_TRUNCATED);
	finished(w);
}
static void
looked_up(int result, struct evutil_addrinfo *res, void *arg)
{
	struct question *w = arg;
	struct evutil_addrinfo *a;
	int n = 0;
	if (ending) {
		if (res)
			evutil_freeaddrinfo(res);
		finished(w);
		return;
	}
	for (a = res; a; a = a->ai_next, ++n) {
		if (a->ai_family == AF_INET)
			check_v4(w, &((struct sockaddr_in *)a->ai_addr)->sin_addr);
		else
			check_v6(w, &((struct sockaddr_in6 *)a->ai_addr)->sin6_addr);
	}
	if (res)
		evutil_freeaddrinfo(res);
	if ((result == 0) != (n > 0))
		fail("question %u: result %d with %d addresses", w->number, result, n);
	judge(w, result == 0, result == EVUTIL_EAI_NONAME, result == EVUTIL_EAI_NODATA || result == -5,
	    result == EVUTIL_EAI_CANCEL, result == EVUTIL_EAI_FAIL || result == EVUTIL_EAI_AGAIN);
	finished(w);
}
static void
cancel_it(evutil_socket_t fd, short what, void *arg)
{
	struct question *w = arg;
	(void)fd;
	(void)what;
	w->was_cancelled = 1;
	if (w->gai)
		evdns_getaddrinfo_cancel(w->gai);
	else
		evdns_cancel_request(dns, w->req);
}
static void
ask(enum kind kind)
{
	struct question *w = calloc(1, sizeof(*w)), *old;
	struct evutil_addrinfo hints;
	char name[64];
	if (!w)
		fail("memory");
	if (kind == SPELLING && spellings)
		kind = PLAIN;
	spellings += kind == SPELLING;
	while ((old = live[next_number % MAX_LIVE]) != NULL) {
		if (now() - old->since > MAX_AGE)
			fail("question %u (%s) has had no answer for %d s", old->number, kind_name[old->kind], MAX_AGE);
		++next_number;
	}
	w->number = next_number++;
	w->since = now();
	w->kind = kind;
	w->type = rnd(2) ? EVDNS_TYPE_A : EVDNS_TYPE_AAAA;
	if (kind == SPLIT || rnd(3) == 0)
		w->type = 0;
	live[w->number % MAX_LIVE] = w;
	++asked[kind];
	++pending;
	snprintf(name, sizeof(name), "q%u.%s.test", w->number, kind_name[kind]);
	if (w->type == 0) {
		memset(&hints, 0, sizeof(hints));
		hints.ai_family = AF_UNSPEC;
		hints.ai_socktype = SOCK_STREAM;
		w->gai = evdns_getaddrinfo(dns, name, "80", &hints, looked_up, w);
		if (!w->gai)
			fail("evdns_getaddrinfo answered at once");
	} else if (w->type == EVDNS_TYPE_A) {
		w->req = evdns_base_resolve_ipv4(dns, name, DNS_QUERY_NO_SEARCH, resolved, w);
	} else {
		w->req = evdns_base_resolve_ipv6(dns, name, DNS_QUERY_NO_SEARCH, resolved, w);
	}
	if (!w->gai && !w->req)
		fail("a question cannot be asked");
	if (kind == CANCELLED) {
		struct timeval tv = { 0, (int)rnd(20000) };
		w->cancel = evtimer_new(base, cancel_it, w);
		if (!w->cancel || evtimer_add(w->cancel, &tv) < 0)
			fail("memory");
	}
}
static void
launch(void)
{
	while (pending < IN_FLIGHT) {
		/* Those that nobody answers take long, and would be all that is left. */
		unsigned k = rnd(KINDS * 8);
		ask(k < KINDS ? (enum kind)k : k < 2 * KINDS ? FORGED_BEFORE : PLAIN);
	}
}

/* ---- a server port under a client that sends garbage ---- */

static struct evdns_server_port *port;
static int client_fd = -1;
static struct event *client_event, *client_timer;
static unsigned client_next, client_open;
static unsigned char waiting_for[65536];
static unsigned long served, replies;

static void
answer_late(evutil_socket_t fd, short what, void *arg)
{
	struct evdns_server_request *req = arg;
	(void)fd;
	(void)what;
	--laters;
	if (evdns_server_request_respond(req, DNS_ERR_NOTEXIST) < 0)
		fail("respond");
}
static void
on_request(struct evdns_server_request *req, void *arg)
{
	int i;
	(void)arg;
	++served;
	if (req->nquestions < 1 || strncasecmp(req->questions[0]->name, "client", 6))
		fail("a request that nobody sent: %s", req->nquestions ? req->questions[0]->name : "");
	switch (rnd(4)) {
	case 0: {
		unsigned char many[40 * 4] = { 10 };
		evdns_server_request_add_a_reply(req, req->questions[0]->name, 1 + (int)rnd(40), many, 60);
		break;
	}
	case 1:
		evdns_server_request_add_cname_reply(req, req->questions[0]->name, "x.client.test", 60);
		for (i = (int)rnd(30); i > 0; --i)
			evdns_server_request_add_reply(req, EVDNS_ADDITIONAL_SECTION, "x.client.test", EVDNS_TYPE_TXT,
			    EVDNS_CLASS_INET, 1, 8, 0, "\7payload");
		break;
	case 2:
		++laters;
		after((int)rnd(10), answer_late, req);
		return;
	default:
		break;
	}
	if (evdns_server_request_respond(req, DNS_ERR_NONE) < 0)
		fail("respond");
}
static void
client_send(void)
{
	while (client_open < 16) {
		struct message m;
		unsigned id = client_next++ & 0xffff;
		int i;
		m.len = 0;
		put16(&m, id);
		put16(&m, 0x0100);
		put16(&m, 1);
		put16(&m, 0);
		put16(&m, 0);
		put16(&m, 0);
		put_name(&m, "client.test");
		put16(&m, rnd(3) ? EVDNS_TYPE_A : EVDNS_TYPE_AAAA);
		put16(&m, EVDNS_CLASS_INET);
		if (send(client_fd, m.bytes, (size_t)m.len, 0) != m.len)
			fail("a query cannot be sent");
		waiting_for[id] = 1;
		++client_open;
		/* And one that is broken: replies are out of place. */
		m.bytes[4] = 0xff;
		for (i = (int)rnd(3); i > 0; --i)
			m.bytes[rnd((unsigned)m.len)] = (unsigned char)rnd(256);
		m.bytes[2] |= 0x80;
		(void)!send(client_fd, m.bytes, rnd((unsigned)m.len), 0);
	}
}
static void
client_readable(evutil_socket_t fd, short what, void *arg)
{
	unsigned char room[1500];
	ssize_t n;
	(void)what;
	(void)arg;
	while ((n = recv(fd, room, sizeof(room), 0)) >= 0) {
		unsigned id;
		if (n < 12 || n > 512 || !(room[2] & 0x80))
			fail("the port sent %ld bytes that are no reply", (long)n);
		id = (unsigned)room[0] << 8 | room[1];
		if (!waiting_for[id])
			fail("the port sent a reply to no query (%u)", id);
		waiting_for[id] = 0;
		--client_open;
		++replies;
	}
	if (launching)
		client_send();
}

/* ---- */

static int
bound(int type, struct sockaddr_in *sin)
{
	socklen_t len = sizeof(*sin);
	int fd = socket(AF_INET, type, 0);
	int big = 4 << 20;
	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)sin, sizeof(*sin)) < 0 ||
	    getsockname(fd, (struct sockaddr *)sin, &len) < 0 || evutil_make_socket_nonblocking(fd) < 0)
		fail("sockets: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
	return fd;
}
static void
new_dns(const struct sockaddr_in *sin)
{
	dns = evdns_base_new(base, 0);
	if (!dns || evdns_base_nameserver_sockaddr_add(dns, (const struct sockaddr *)sin, sizeof(*sin), 0) < 0)
		fail("evdns_base");
	if (evdns_base_set_option(dns, "timeout:", slow ? "2" : "0.3") < 0 ||
	    evdns_base_set_option(dns, "attempts:", "4") < 0 ||
	    evdns_base_set_option(dns, "max-timeouts:", "255") < 0 ||
	    evdns_base_set_option(dns, "max-inflight:", "500") < 0)
		fail("evdns_base_set_option");
}
/* The server is called down and up all the time. */
static unsigned long messages;
static void
count_message(int is_warning, const char *text)
{
	(void)is_warning;
	(void)text;
	++messages;
}
static void
nothing(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}
/* Bases that are freed with questions under way: told or not, as asked for. */
static void
free_under_way(const struct sockaddr_in *sin, int tell)
{
	unsigned i;
	new_dns(sin);
	ending = 1;
	for (i = 0; i < 50; ++i)
		ask((enum kind)(i % KINDS == CANCELLED ? PLAIN : i % KINDS));
	event_base_loop(base, EVLOOP_NONBLOCK);
	evdns_base_free(dns, tell);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_loop(base, EVLOOP_NONBLOCK);
	if (tell && pending)
		fail("%u questions were not told that the base is gone", pending);
	for (i = 0; i < MAX_LIVE; ++i) {
		free(live[i]);
		live[i] = NULL;
	}
	pending = spellings = 0;
	ending = 0;
}
static void
time_is_up(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	launching = 0;
	if (!pending)
		event_base_loopexit(base, NULL);
}
static long memory_at_start, memory_most;
static void
look_at_memory(evutil_socket_t fd, short what, void *arg)
{
	long m = memory_kib();
	(void)fd;
	(void)what;
	(void)arg;
	if (!memory_at_start)
		memory_at_start = m;
	if (m > memory_most)
		memory_most = m;
	if (launching)
		after(200, look_at_memory, NULL);
}

int
main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 10, begin = now(), took;
	struct sockaddr_in sin, other_sin, port_sin, client_sin;
	struct event *readable;
	unsigned long all = 0, ok = 0, lost = 0;
	int fds, i, n;

	slow = getenv("SOAK_SLOW") != NULL;
	srand((unsigned)time(NULL) ^ (unsigned)getpid());
	setvbuf(stdout, NULL, _IOLBF, 0);
	evdns_set_log_fn(count_message);
	fds = count_fds();
	base = event_base_new();
	if (!base)
		fail("event_base_new");
	other_fd = bound(SOCK_DGRAM, &other_sin);
	/* UDP and TCP at the same port. */
	for (i = 0; !tcp && i < 100; ++i) {
		if (server_fd >= 0)
			close(server_fd);
		server_fd = bound(SOCK_DGRAM, &sin);
		tcp = evconnlistener_new_bind(base, tcp_accept, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1,
		    (struct sockaddr *)&sin, sizeof(sin));
	}
	if (!tcp)
		fail("no port is free for both UDP and TCP");
	readable = event_new(base, server_fd, EV_READ | EV_PERSIST, server_readable, NULL);
	port = evdns_add_server_port_with_base(base, bound(SOCK_DGRAM, &port_sin), 0, on_request, NULL);
	client_fd = bound(SOCK_DGRAM, &client_sin);
	if (connect(client_fd, (struct sockaddr *)&port_sin, sizeof(port_sin)) < 0)
		fail("connect");
	client_event = event_new(base, client_fd, EV_READ | EV_PERSIST, client_readable, NULL);
	client_timer = evtimer_new(base, nothing, NULL);
	if (!readable || !port || !client_event || !client_timer || event_add(readable, NULL) < 0 ||
	    event_add(client_event, NULL) < 0)
		fail("memory");
	new_dns(&sin);

	launching = 1;
	after((int)(seconds * 1000), time_is_up, NULL);
	after((int)(seconds * 250), look_at_memory, NULL);
	launch();
	client_send();
	n = event_base_dispatch(base);
	took = now() - begin;
	if (n < 0 || pending)
		fail("%u questions are without an answer", pending);
	/* Late answers and the port's last replies. */
	for (i = 0; i < 500 && (laters || client_open); ++i) {
		struct timeval tv = { 0, 10000 };
		event_base_loopexit(base, &tv);
		event_base_dispatch(base);
	}
	if (client_open)
		fail("%u queries to the port are without a reply", client_open);
	evdns_base_free(dns, 0);
	free_under_way(&sin, 1);
	free_under_way(&sin, 0);

	evconnlistener_free(tcp);
	for (i = 0; i < 1000 && connections; ++i) {
		struct timeval tv = { 0, 10000 };
		event_base_loopexit(base, &tv);
		event_base_dispatch(base);
	}
	evdns_close_server_port(port);
	event_free(readable);
	event_free(client_event);
	event_free(client_timer);
	close(server_fd);
	server_fd = -1;
	/* What is still to be sent late finds no socket. */
	for (i = 0; i < 1000 && laters; ++i) {
		struct timeval tv = { 0, 10000 };
		event_base_loopexit(base, &tv);
		event_base_dispatch(base);
	}
	close(other_fd);
	close(client_fd);
	event_base_free(base);
	n = count_fds();
	if (n != fds)
		fail("%d descriptors are open, %d were at the start", n, fds);
	libevent_global_shutdown();

	for (i = 0; i < KINDS; ++i) {
		printf("%-10s asked %8lu right %8lu given up %6lu\n", kind_name[i], asked[i], right[i], gave_up[i]);
		all += asked[i];
		ok += right[i];
		lost += gave_up[i];
	}
	printf("%lu questions in %.1f s (%.0f/s), %lu right, %lu given up, %lu forged answers, %lu over TCP\n", all, took,
	    (double)all / took, ok, lost, forged, over_tcp);
	printf("port: %lu requests, %lu replies; %lu messages; memory %ld KiB after the warm-up, %ld at most\n", served, replies, messages,
	    memory_at_start, memory_most);
	if (!slow) {
		/* The answers that matter get through in spite of everything. */
		if (gave_up[PLAIN] * 1000 > asked[PLAIN] || lost * 100 > all)
			fail("too many questions were given up");
		if (memory_at_start && memory_most > memory_at_start + 2048)
			fail("memory grows: %ld KiB, then %ld", memory_at_start, memory_most);
	}
	printf("soak dns: PASS %lu questions, %lu forged answers, none believed\n", all, forged);
	return 0;
}
