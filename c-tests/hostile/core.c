/* What libevent 2.1.12 gets wrong in its core (NEEDS.md section 1; README.md here says which case is for which row). */
#include "hostile.h"
#include <event2/thread.h>
#include <pthread.h>
#include <sys/stat.h>

static void nothing(evutil_socket_t fd, short what, void *arg) { (void)fd, (void)what, (void)arg; }
static void sleep_ms(int ms) { poll(NULL, 0, ms); }

static void reference_behind_an_empty_block(void)
{
	int order;
	for (order = 0; order < 3; order++) {
		struct evbuffer *o = evbuffer_new(), *i = evbuffer_new();
		char got[16] = "";
		evbuffer_add(i, "some data", 9);
		CHECK(evbuffer_expand(o, 100) == 0);
		CHECK(evbuffer_add_buffer_reference(o, i) == 0);
		if (order == 1)
			evbuffer_free(i), i = NULL;
		evbuffer_add(o, "!", 1);
		CHECK(evbuffer_remove(o, got, 10) == 10 && !memcmp(got, "some data!", 10));
		if (order == 2 && i)
			evbuffer_drain(i, 4);
		evbuffer_free(o);
		if (i)
			evbuffer_free(i);
	}
}
static void tiny_and_huge_ticks(void)
{
	static const struct timeval ticks[] = {{0, 1}, {0, 500}, {0, 999}, {0, 1000}, {100000000, 0}, {0x7fffffff, 999999}};
	size_t i;
	base = event_base_new();
	for (i = 0; i < sizeof ticks / sizeof *ticks; i++) {
		struct ev_token_bucket_cfg *cfg = ev_token_bucket_cfg_new(1000, 1000, 1000, 1000, &ticks[i]);
		struct bufferevent *pair[2];
		if (!cfg)
			continue;
		bufferevent_pair_new(base, 0, pair);
		CHECK(bufferevent_set_rate_limit(pair[0], cfg) == 0);
		bufferevent_get_read_limit(pair[0]);
		bufferevent_write(pair[0], "x", 1);
		pump();
		bufferevent_set_rate_limit(pair[0], NULL);
		bufferevent_free(pair[0]), bufferevent_free(pair[1]);
		ev_token_bucket_cfg_free(cfg);
	}
}
static short seen_what;
static void note_what(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)arg;
	seen_what |= what;
}
static void read_and_timeout_at_once(void)
{
	int fds[2], persist;
	base = event_base_new();
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	CHECK(write(fds[1], "x", 1) == 1);
	for (persist = 0; persist < 2; persist++) {
		struct event *ev = event_new(base, fds[0], EV_READ | (persist ? EV_PERSIST : 0), note_what, NULL);
		struct timeval tv = {0, 5000};
		seen_what = 0;
		event_add(ev, &tv);
		sleep_ms(15);
		event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
		if (!(seen_what & EV_READ))
			fail("persist %d: told %d only", persist, seen_what);
		event_free(ev);
	}
	close(fds[0]), close(fds[1]);
}
static void failed_bufferevent_read(void)
{
	struct bufferevent *b;
	char room[4];
	base = event_base_new();
	b = bufferevent_socket_new(base, -1, 0);
	CHECK(bufferevent_read(b, room, 4) == 0);
	evbuffer_unfreeze(bufferevent_get_input(b), 0);
	evbuffer_add(bufferevent_get_input(b), "data", 4);
	evbuffer_freeze(bufferevent_get_input(b), 1);
	CHECK(bufferevent_read(b, room, 4) == 0);
	bufferevent_free(b);
}
static int temp_file(const char *text)
{
	char name[] = "/tmp/hostile-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);
	unlink(name);
	if (write(fd, text, strlen(text)) < 0)
		fail("write");
	return fd;
}
static void file_offset_is_left_alone(void)
{
	static const unsigned flags[] = {0, EVBUF_FS_DISABLE_MMAP, EVBUF_FS_DISABLE_SENDFILE,
	    EVBUF_FS_DISABLE_MMAP | EVBUF_FS_DISABLE_SENDFILE};
	size_t i;
	for (i = 0; i < 4; i++) {
		int fd = temp_file("0123456789");
		struct evbuffer_file_segment *s;
		struct evbuffer *b = evbuffer_new();
		char got[8] = "";
		lseek(fd, 3, SEEK_SET);
		s = evbuffer_file_segment_new(fd, 2, 5, flags[i]);
		CHECK(s && evbuffer_add_file_segment(b, s, 1, 3) == 0);
		if (s)
			evbuffer_file_segment_free(s);
		/* Not all kinds can be read without a socket. */
		if (evbuffer_copyout(b, got, 3) == 3 && strcmp(got, "345"))
			fail("flags %u: %s", flags[i], got);
		CHECK(lseek(fd, 0, SEEK_CUR) == 3);
		evbuffer_free(b);
		close(fd);
	}
}
static void empty_files(void)
{
	int before = count_fds(), i;
	for (i = 0; i < 3; i++) {
		struct evbuffer *b = evbuffer_new();
		int fd = temp_file(i == 2 ? "abc" : "");
		evbuffer_set_flags(b, i == 1 ? EVBUFFER_FLAG_DRAINS_TO_FD : 0);
		if (evbuffer_add_file(b, fd, i == 2 ? 100 : 0, i == 2 ? 10 : 0) < 0 && count_fds() > before)
			close(fd);
		evbuffer_free(b);
	}
	CHECK(count_fds() == before);
}
/* The data of a freed bufferevent's buffer lives on elsewhere, with locks. */
static void shared_data_outlives_its_lock(void)
{
	struct bufferevent *pair[2];
	struct evbuffer *other;
	char got[8] = "";
	evthread_use_pthreads();
	base = event_base_new();
	CHECK(bufferevent_pair_new(base, BEV_OPT_THREADSAFE, pair) == 0);
	bufferevent_enable(pair[1], EV_READ);
	bufferevent_write(pair[0], "data", 4);
	pump();
	other = evbuffer_new();
	CHECK(evbuffer_add_buffer_reference(other, bufferevent_get_input(pair[1])) == 0);
	bufferevent_free(pair[0]), bufferevent_free(pair[1]);
	pump();
	CHECK(evbuffer_remove(other, got, 4) == 4 && !strcmp(got, "data"));
	evbuffer_free(other);
}
static void *delete_soon(void *ev)
{
	sleep_ms(100);
	event_del(ev);
	return NULL;
}
static void deleted_timer_wakes_the_loop(void)
{
	struct timeval tv = {3, 0};
	struct event *ev;
	pthread_t t;
	long begun = now_ms();
	evthread_use_pthreads();
	base = event_base_new();
	ev = event_new(base, -1, 0, nothing, NULL);
	event_add(ev, &tv);
	pthread_create(&t, NULL, delete_soon, ev);
	event_base_dispatch(base);
	if (now_ms() - begun > 1500)
		fail("the loop ended after %ld ms", now_ms() - begun);
	pthread_join(t, NULL);
	event_free(ev);
}
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int accepting;
static void accept_slowly(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
	(void)l, (void)sa, (void)len, (void)arg;
	close(fd);
	accepting = 1;
	sleep_ms(50);
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	event_base_loopbreak(base);
}
static void *disable_locked(void *l)
{
	while (!accepting)
		sleep_ms(1);
	pthread_mutex_lock(&mutex);
	evconnlistener_disable(l);
	pthread_mutex_unlock(&mutex);
	return NULL;
}
static void listener_disabled_by_a_thread(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof sin;
	struct evconnlistener *l;
	pthread_t t;
	int fd;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	evthread_use_pthreads();
	base = event_base_new();
	l = evconnlistener_new_bind(base, accept_slowly, NULL, LEV_OPT_THREADSAFE | LEV_OPT_CLOSE_ON_FREE, 8, (struct sockaddr *)&sin, sizeof sin);
	getsockname(evconnlistener_get_fd(l), (struct sockaddr *)&sin, &len);
	fd = tcp_connect(ntohs(sin.sin_port));
	alarm(in_valgrind ? 40 : 8);
	pthread_create(&t, NULL, disable_locked, l);
	event_base_dispatch(base);
	pthread_join(t, NULL);
	evconnlistener_free(l);
	close(fd);
	pump();
}
static void *use_pthreads(void *arg)
{
	(void)arg;
	CHECK(evthread_use_pthreads() == 0);
	return NULL;
}
static void use_pthreads_from_all_sides(void)
{
	pthread_t t[8];
	int i;
	for (i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, use_pthreads, NULL);
	for (i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	base = event_base_new();
	CHECK(evthread_make_base_notifiable(base) == 0);
}
static size_t first_read;
static void note_size(struct bufferevent *b, void *arg)
{
	(void)arg;
	if (!first_read)
		first_read = evbuffer_get_length(bufferevent_get_input(b));
}
static void large_reads(void)
{
	static char big[65536];
	struct bufferevent *b;
	int fds[2], size = 1 << 20;
	base = event_base_new();
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	CHECK(write(fds[1], big, sizeof big) == sizeof big);
	b = bufferevent_socket_new(base, fds[0], BEV_OPT_CLOSE_ON_FREE);
	CHECK(bufferevent_set_max_single_read(b, 65536) == 0);
	bufferevent_setcb(b, note_size, NULL, NULL, NULL);
	bufferevent_enable(b, EV_READ);
	event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	if (first_read != 65536)
		fail("the first read brought %zu of 65536 bytes", first_read);
	bufferevent_free(b);
	close(fds[1]);
}
static void errno_of_a_failed_bind(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct evconnlistener *l;
	int taken, fd = bound(SOCK_STREAM, &taken);
	base = event_base_new();
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((unsigned short)taken);
	errno = 0;
	l = evconnlistener_new_bind(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE, 8, (struct sockaddr *)&sin, sizeof sin);
	CHECK(!l && errno == EADDRINUSE);
	close(fd);
}
static void reuse_on_unix_sockets(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct evconnlistener *l;
	base = event_base_new();
	snprintf(sun.sun_path + 1, 60, "hostile-reuse-%d", (int)getpid());
	l = evconnlistener_new_bind(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 8, (struct sockaddr *)&sun, 40);
	CHECK(l != NULL);
	if (l)
		evconnlistener_free(l);
	pump();
}
static void random_bytes(void)
{
	unsigned char a[64], b[64];
	int i, k, used[256] = {0}, many = 0;
	evutil_secure_rng_add_bytes("seed", 4);
	evutil_secure_rng_get_bytes(a, sizeof a);
	evutil_secure_rng_get_bytes(b, sizeof b);
	CHECK(memcmp(a, b, sizeof a));
	for (i = 0; i < 100; i++) {
		evutil_secure_rng_get_bytes(a, sizeof a);
		for (k = 0; k < 64; k++)
			many += !used[a[k]]++;
	}
	CHECK(many == 256);
}
static void formatted_text_ends(void)
{
	char room[8];
	memset(room, 'x', sizeof room);
	CHECK(evutil_snprintf(room, 4, "%s", "abcdef") == 6 && !strcmp(room, "abc"));
	CHECK(evutil_snprintf(room, 1, "%d", 12345) == 5 && !room[0]);
	room[0] = 'x';
	evutil_snprintf(room, 0, "%d", 1);
	CHECK(room[0] == 'x');
}
static void mixed_address_lists(void)
{
	struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *a = NULL, *b = NULL, *last;
	CHECK(evutil_getaddrinfo("127.0.0.1", "80", &hints, &a) == 0);
	CHECK(evutil_getaddrinfo("localhost", "80", &hints, &b) == 0 || 1);
	for (last = a; last && last->ai_next; last = last->ai_next)
		;
	if (last && b)
		last->ai_next = b;
	if (a)
		evutil_freeaddrinfo(a);
}
/* Adding more than fits into a size must fail, not wrap. */
static void sizes_that_wrap(void)
{
	struct evbuffer *b = evbuffer_new();
	static char one[1];
	evbuffer_add(b, "abc", 3);
	CHECK(evbuffer_expand(b, (size_t)-1) == -1);
	CHECK(evbuffer_expand(b, (size_t)-4) == -1);
	CHECK(evbuffer_add(b, one, (size_t)-1) == -1);
	CHECK(evbuffer_prepend(b, one, (size_t)-2) == -1);
	CHECK(evbuffer_reserve_space(b, -1, NULL, 2) == -1 || 1);
	CHECK(evbuffer_get_length(b) == 3);
	evbuffer_free(b);
}
static void long_addresses(void)
{
	struct sockaddr_storage ss;
	int len = sizeof ss;
	size_t n = in_valgrind ? 100000 : 5 << 20;
	char *text = malloc(n + 16);
	memset(text, '1', n);
	text[0] = '[';
	strcpy(text + n, "]:80");
	CHECK(evutil_parse_sockaddr_port(text, (struct sockaddr *)&ss, &len) == -1);
	text[0] = '1';
	CHECK(evutil_parse_sockaddr_port(text, (struct sockaddr *)&ss, &len) == -1);
	free(text);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"reference behind an empty block", reference_behind_an_empty_block, 0, NULL}, {"tiny and huge ticks", tiny_and_huge_ticks, 0, NULL},
		{"read and timeout at once", read_and_timeout_at_once, 0, NULL}, {"failed bufferevent_read", failed_bufferevent_read, 0, NULL},
		{"file offset is left alone", file_offset_is_left_alone, 0, NULL}, {"empty files", empty_files, 0, NULL},
		{"shared data outlives its lock", shared_data_outlives_its_lock, LEAKS, NULL},
		{"deleted timer wakes the loop", deleted_timer_wakes_the_loop, LEAKS, NULL},
		{"listener disabled by a thread", listener_disabled_by_a_thread, LEAKS, NULL},
		{"evthread_use_pthreads from all sides", use_pthreads_from_all_sides, LEAKS, NULL}, {"large reads", large_reads, 0, NULL},
		{"errno of a failed bind", errno_of_a_failed_bind, 0, NULL}, {"reuse on unix sockets", reuse_on_unix_sockets, 0, NULL},
		{"random bytes", random_bytes, 0, NULL}, {"formatted text ends", formatted_text_ends, 0, NULL},
		{"mixed address lists", mixed_address_lists, 0, NULL}, {"sizes that wrap", sizes_that_wrap, 0, NULL},
		{"long addresses", long_addresses, 0, NULL},
	};
	return RUN_TESTS(argc, argv, tests);
}
