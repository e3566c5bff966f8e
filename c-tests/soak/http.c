/*
 * http SECONDS: an evhttp server in one thread, clients of all kinds in others, and nothing may be lost or grow.
 *
 * The clients are plain sockets, so that they can do what no library would: stall in the middle, reset, send a byte at a time, pipeline, not read,
 * send nonsense, leave early. A well-behaved request must get its own answer, whole; a badly behaved one must not disturb the others. An
 * evhttp client in the server's loop asks too, cancels some of its requests and reuses some of its connections.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/thread.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, LARGE = 300000 };
static int port;
static int slow; /* under valgrind */
static atomic_int stop, failed;
static atomic_long good, odd, own, cancelled;
static char large[LARGE];

static void
fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (!atomic_exchange(&failed, 1)) {
		printf("soak http: FAIL ");
		vprintf(format, args);
		printf("\n");
		fflush(stdout);
	}
	va_end(args);
	atomic_store(&stop, 1);
}
static double
now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
static long
resident_kib(void)
{
	long pages = 0, skip;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file) {
		if (fscanf(file, "%ld %ld", &skip, &pages) != 2)
			pages = 0;
		fclose(file);
	}
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}
static int
descriptors(void)
{
	int n = 0;
	DIR *dir = opendir("/proc/self/fd");
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* ---- the server ---- */

static void
echo(struct evhttp_request *req, void *arg)
{
	struct evbuffer *body = evbuffer_new();
	const char *tag = evhttp_find_header(evhttp_request_get_input_headers(req), "X-Tag");
	(void)arg;
	evbuffer_add_printf(body, "%s:", tag ? tag : "none");
	evbuffer_add_buffer(body, evhttp_request_get_input_buffer(req));
	evhttp_send_reply(req, HTTP_OK, "OK", body);
	evbuffer_free(body);
}
static void
send_large(struct evhttp_request *req, void *arg)
{
	struct evbuffer *body = evbuffer_new();
	(void)arg;
	evbuffer_add_reference(body, large, LARGE, NULL, NULL);
	evhttp_send_reply(req, HTTP_OK, "OK", body);
	evbuffer_free(body);
}
/* A reply in pieces, each sent from a timer or when the one before has left; the connection may go away in between. */
static int unfinished;
struct pieces {
	struct evhttp_request *req;
	struct event *timer;
	int left, closed;
};
static void
pieces_end(struct pieces *p)
{
	event_free(p->timer);
	free(p);
	unfinished--;
}
static void
pieces_closed(struct evhttp_connection *conn, void *arg)
{
	struct pieces *p = arg;
	(void)conn;
	p->closed = 1;
}
static void
piece(evutil_socket_t fd, short what, void *arg)
{
	struct pieces *p = arg;
	struct timeval soon = { 0, 1000 };
	struct evbuffer *out;
	(void)fd, (void)what;
	if (p->closed) {
		/* A request outlives its connection until it is ended. */
		evhttp_send_reply_end(p->req);
		pieces_end(p);
		return;
	}
	if (p->left-- == 0) {
		evhttp_connection_set_closecb(evhttp_request_get_connection(p->req), NULL, NULL);
		evhttp_send_reply_end(p->req);
		pieces_end(p);
		return;
	}
	out = evbuffer_new();
	evbuffer_add_printf(out, "piece %d\n", p->left);
	evhttp_send_reply_chunk(p->req, out);
	evbuffer_free(out);
	event_add(p->timer, &soon);
}
static void
in_pieces(struct evhttp_request *req, void *arg)
{
	struct timeval at_once = { 0, 0 };
	struct pieces *p = calloc(1, sizeof(*p));
	unfinished++;
	p->req = req;
	p->left = 5;
	p->timer = evtimer_new(arg, piece, p);
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), pieces_closed, p);
	evhttp_send_reply_start(req, HTTP_OK, "OK");
	event_add(p->timer, &at_once);
}

/* ---- an evhttp client in the same loop ---- */

struct asker {
	struct event_base *base;
	struct evhttp_connection *conn;
	struct event *timer;
	struct evhttp_request *pending;
	long number;
};
static void ask(struct asker *a);
static void
asked(struct evhttp_request *req, void *arg)
{
	struct asker *a = arg;
	a->pending = NULL;
	if (req) {
		char want[64];
		struct evbuffer *in = evhttp_request_get_input_buffer(req);
		int len = snprintf(want, sizeof(want), "own-%ld:", a->number);
		if (evhttp_request_get_response_code(req) != 200 || evbuffer_get_length(in) != (size_t)len ||
		    memcmp(evbuffer_pullup(in, -1), want, (size_t)len) != 0)
			fail("evhttp client got %d, %zu bytes instead of %s", evhttp_request_get_response_code(req),
			    evbuffer_get_length(in), want);
		own++;
	}
	ask(a);
}
static void
ask(struct asker *a)
{
	/* Not from inside the callback: a new turn. */
	struct timeval soon = { 0, 500 };
	if (!stop)
		event_add(a->timer, &soon);
}
static void
ask_now(evutil_socket_t fd, short what, void *arg)
{
	struct asker *a = arg;
	char tag[32];
	(void)fd, (void)what;
	if (a->pending) {
		/* It has had its time: this one is cancelled. */
		evhttp_cancel_request(a->pending);
		a->pending = NULL;
		cancelled++;
		ask(a);
		return;
	}
	if (a->number % 7 == 6 && a->conn) {
		evhttp_connection_free(a->conn);
		a->conn = NULL;
	}
	if (!a->conn) {
		a->conn = evhttp_connection_base_new(a->base, NULL, "127.0.0.1", (ev_uint16_t)port);
		evhttp_connection_set_timeout(a->conn, 10);
	}
	a->number++;
	snprintf(tag, sizeof(tag), "own-%ld", a->number);
	a->pending = evhttp_request_new(asked, a);
	evhttp_add_header(evhttp_request_get_output_headers(a->pending), "Host", "localhost");
	evhttp_add_header(evhttp_request_get_output_headers(a->pending), "X-Tag", tag);
	if (evhttp_make_request(a->conn, a->pending, EVHTTP_REQ_GET, "/echo") != 0) {
		fail("evhttp_make_request");
		a->pending = NULL;
		return;
	}
	if (a->number % 11 == 5) {
		struct timeval short_time = { 0, (int)(a->number % 5) * 100 };
		event_add(a->timer, &short_time);
	}
}

/* ---- plain clients ---- */

static evutil_socket_t
dial(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct timeval limit = { slow ? 60 : 20, 0 };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}
static int
put(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}
/* A reader of whole replies. */
struct in {
	int fd;
	size_t start, end;
	char data[LARGE + 4096];
};
static int
more(struct in *in)
{
	ssize_t n;
	if (in->start) {
		memmove(in->data, in->data + in->start, in->end - in->start);
		in->end -= in->start;
		in->start = 0;
	}
	n = recv(in->fd, in->data + in->end, sizeof(in->data) - 1 - in->end, 0);
	if (n <= 0)
		return -1;
	in->end += (size_t)n;
	in->data[in->end] = 0;
	return 0;
}
static char *
line(struct in *in)
{
	for (;;) {
		char *from = in->data + in->start, *nl = memchr(from, '\n', in->end - in->start);
		if (nl) {
			in->start += (size_t)(nl + 1 - from);
			*nl = 0;
			if (nl > from && nl[-1] == '\r')
				nl[-1] = 0;
			return from;
		}
		if (more(in) != 0)
			return NULL;
	}
}
static char *
bytes(struct in *in, size_t len)
{
	char *from;
	while (in->end - in->start < len)
		if (more(in) != 0)
			return NULL;
	from = in->data + in->start;
	in->start += len;
	return from;
}
/* Reads one reply; the body goes to `body`, which has room for LARGE + 1 bytes. The length, or -1. */
static long
reply(struct in *in, char *body)
{
	long len = 0;
	int chunked = 0, head = 1;
	char *l;
	while ((l = line(in)) != NULL && (head || *l)) {
		if (head && strncmp(l, "HTTP/1.1 200 ", 13) != 0)
			return -1;
		head = 0;
		if (strncasecmp(l, "Content-Length: ", 16) == 0)
			len = atol(l + 16);
		if (strcasecmp(l, "Transfer-Encoding: chunked") == 0)
			chunked = 1;
	}
	if (!l || len > LARGE)
		return -1;
	if (!chunked) {
		char *from = bytes(in, (size_t)len);
		if (!from)
			return -1;
		memcpy(body, from, (size_t)len);
		body[len] = 0;
		return len;
	}
	for (len = 0;;) {
		long size;
		char *from;
		if (!(l = line(in)))
			return -1;
		size = strtol(l, NULL, 16);
		if (size == 0)
			return line(in) ? (body[len] = 0, len) : -1;
		if (len + size > LARGE || !(from = bytes(in, (size_t)size)))
			return -1;
		memcpy(body + len, from, (size_t)size);
		len += size;
		if (!line(in))
			return -1;
	}
}
static void
pause_us(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };
	nanosleep(&t, NULL);
}

/* One connection with up to twenty good requests of all kinds, some of them pipelined, some sent slowly. */
static void
well_behaved(unsigned *seed, struct in *in, char *body)
{
	char request[2048], want[512];
	int requests = 1 + rand_r(seed) % 20;
	in->fd = dial();
	in->start = in->end = 0;
	if (in->fd < 0) {
		fail("connect: %s", strerror(errno));
		return;
	}
	for (int i = 0; i < requests && !stop; i++) {
		int kind = rand_r(seed) % 6, tag = rand_r(seed), batch = kind == 5 ? 16 : 1;
		size_t len = 0;
		if (kind == 0)
			len = (size_t)sprintf(request, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
		else if (kind == 1)
			len = (size_t)sprintf(request, "GET /pieces HTTP/1.1\r\nHost: x\r\n\r\n");
		else if (kind == 2)
			len = (size_t)sprintf(request, "POST /echo HTTP/1.1\r\nHost: x\r\nX-Tag: %d\r\nContent-Length: 11\r\n\r\nhello world", tag);
		else if (kind == 3)
			len = (size_t)sprintf(request, "POST /echo HTTP/1.1\r\nHost: x\r\nX-Tag: %d\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n", tag);
		else
			for (int k = 0; k < batch; k++)
				len += (size_t)sprintf(request + len, "GET /echo HTTP/1.1\r\nHost: x\r\nX-Tag: %d\r\n\r\n", (tag & 0xffff) + k);
		if (kind == 4) { /* in small pieces */
			for (size_t at = 0; at < len; at += 7) {
				if (put(in->fd, request + at, len - at < 7 ? len - at : 7) != 0)
					break;
				pause_us(rand_r(seed) % 300);
			}
		} else if (put(in->fd, request, len) != 0) {
			fail("a good request cannot be sent: %s", strerror(errno));
			break;
		}
		for (int k = 0; k < batch; k++) {
			long have = reply(in, body);
			int same;
			if (have < 0) {
				fail("request %d of a connection, kind %d, got no good answer (%s)", i, kind, strerror(errno));
				close(in->fd);
				return;
			}
			if (kind == 0)
				same = have == LARGE && memcmp(body, large, LARGE) == 0;
			else if (kind == 1)
				same = strcmp(body, "piece 4\npiece 3\npiece 2\npiece 1\npiece 0\n") == 0;
			else {
				sprintf(want, "%d:%s", kind >= 4 ? (tag & 0xffff) + k : tag, kind == 2 || kind == 3 ? "hello world" : "");
				same = strcmp(body, want) == 0;
			}
			if (!same)
				fail("kind %d: a wrong answer of %ld bytes: %.80s", kind, have, body);
			good++;
		}
	}
	close(in->fd);
}
static void
reset(int fd)
{
	struct linger at_once = { 1, 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}
static void
badly_behaved(unsigned *seed, char *body)
{
	static const char *const some[] = {
		"GET /large HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /pieces HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly some of it",
		"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\nabc",
		"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
		"GET /echo HTTP/1.1\r\nHost: x\r\nX-Ta",
		"GET /echo HTTP/1.0\r\n\r\n",
		"FOO BAR\r\n\r\n",
		"\r\n\r\n\r\n\r\n",
		"GET / HTTP/9.9\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"GET /large HTTP/1.1\r\nHost: x\r\n\r\nGET /large HTTP/1.1\r\nHost: x\r\n\r\nGET /pieces HTTP/1.1\r\nHost: x\r\n\r\n",
		"",
	};
	const char *text = some[(unsigned)rand_r(seed) % (sizeof(some) / sizeof(*some))];
	size_t len = strlen(text), cut = rand_r(seed) % 3 ? len : (size_t)rand_r(seed) % (len + 1);
	int fd = dial();
	if (fd < 0) {
		fail("connect: %s", strerror(errno));
		return;
	}
	put(fd, text, cut);
	switch (rand_r(seed) % 6) {
	case 0: /* gone at once */
		reset(fd);
		break;
	case 1: /* gone after a while */
		pause_us(rand_r(seed) % 20000);
		reset(fd);
		break;
	case 2: /* says that no more comes, takes what there is */
		shutdown(fd, SHUT_WR);
		pause_us(rand_r(seed) % 5000);
		while (recv(fd, body, LARGE, MSG_DONTWAIT) > 0)
			;
		close(fd);
		break;
	case 3: /* reads a little, then resets */
		if (recv(fd, body, 100, MSG_DONTWAIT) < 0)
			pause_us(2000);
		reset(fd);
		break;
	case 4: /* stands there, does not read */
		pause_us(50000 + rand_r(seed) % 50000);
		close(fd);
		break;
	default:
		close(fd);
	}
	odd++;
}
static void *
clients(void *arg)
{
	unsigned seed = (unsigned)(size_t)arg * 7919;
	struct in *in = malloc(sizeof(*in));
	char *body = malloc(LARGE + 1);
	while (!stop)
		if ((size_t)arg % 2)
			badly_behaved(&seed, body);
		else
			well_behaved(&seed, in, body);
	free(in);
	free(body);
	return NULL;
}

/* ---- the course of it ---- */

struct course {
	struct event_base *base;
	double begun, seconds;
	long warm;
	int warm_fds;
};
static void
tick(evutil_socket_t fd, short what, void *arg)
{
	struct course *c = arg;
	double t = now() - c->begun;
	(void)fd, (void)what;
	if (!c->warm && t > c->seconds * 0.4) {
		c->warm = resident_kib();
		c->warm_fds = descriptors();
	}
	if (t > c->seconds)
		stop = 1;
	if (stop)
		event_base_loopexit(c->base, NULL);
}

int
main(int argc, char **argv)
{
	struct course course = { .seconds = argc > 1 ? atof(argv[1]) : 5 };
	struct event_base *base;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	struct event *ticks;
	struct timeval often = { 0, 20000 };
	struct asker askers[4];
	pthread_t threads[THREADS];
	long end_rss;
	int fds_before, fds_after = 0;

	slow = getenv("SOAK_SLOW") != NULL;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < LARGE; i++)
		large[i] = (char)(i * 31 + i / 251);
	fds_before = descriptors();
	evthread_use_pthreads();
	course.base = base = event_base_new();
	http = evhttp_new(base);
	evhttp_set_timeout(http, slow ? 60 : 5);
	evhttp_set_max_headers_size(http, 16384);
	evhttp_set_max_body_size(http, 1 << 20);
	evhttp_set_cb(http, "/echo", echo, NULL);
	evhttp_set_cb(http, "/large", send_large, NULL);
	evhttp_set_cb(http, "/pieces", in_pieces, base);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&addr, &len) != 0) {
		fail("cannot listen");
		return 1;
	}
	port = ntohs(addr.sin_port);
	/* For whoever wants to join in. */
	printf("port %d\n", port);
	fflush(stdout);
	course.begun = now();
	ticks = event_new(base, -1, EV_PERSIST, tick, &course);
	event_add(ticks, &often);
	memset(askers, 0, sizeof(askers));
	for (int i = 0; i < 4; i++) {
		askers[i].base = base;
		askers[i].timer = evtimer_new(base, ask_now, &askers[i]);
		ask(&askers[i]);
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, clients, (void *)i);
	event_base_dispatch(base);
	/* The clients end what they have begun; the server goes on for them. */
	for (int i = 0; i < THREADS; i++)
		for (;;) {
			struct timespec t;
			clock_gettime(CLOCK_REALTIME, &t);
			t.tv_nsec += 5000000;
			if (t.tv_nsec >= 1000000000)
				t.tv_sec++, t.tv_nsec -= 1000000000;
			if (pthread_timedjoin_np(threads[i], NULL, &t) == 0)
				break;
			event_base_loop(base, EVLOOP_NONBLOCK);
		}
	for (int i = 0; i < 4; i++) {
		if (askers[i].conn)
			evhttp_connection_free(askers[i].conn);
		event_free(askers[i].timer);
	}
	/* Every client has gone: the server must find out about each, and let go of it. */
	for (double until = now() + (slow ? 30 : 5); now() < until;) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		/* The base's own descriptors, the listener. */
		fds_after = descriptors();
		if (fds_after <= fds_before + 6 && !unfinished)
			break;
		pause_us(2000);
	}
	end_rss = resident_kib();
	if (!failed && unfinished)
		fail("%d requests are not finished", unfinished);
	if (!failed && fds_after > fds_before + 6)
		fail("%d descriptors are left, %d before", fds_after, fds_before);
	/* Bounded caches and the allocator's slack; a leak of one small object per request is far beyond it. */
	if (!failed && !slow && course.warm && end_rss > course.warm + course.warm / 4 + 4096)
		fail("memory grew from %ld to %ld KiB", course.warm, end_rss);
	event_free(ticks);
	evhttp_free(http);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	libevent_global_shutdown();
	if (!failed && (good < 10 || odd < 10 || own < 5))
		fail("too little was done: %ld good, %ld odd, %ld own", (long)good, (long)odd, (long)own);
	if (failed)
		return 1;
	printf("soak http: PASS %ld answers, %ld odd connections, %ld from the evhttp client (%ld cancelled), %ld KiB after warm-up, %ld at the end, %d descriptors at 40 %%\n",
	    (long)good, (long)odd, (long)own, (long)cancelled, course.warm, end_rss, course.warm_fds);
	return 0;
}
