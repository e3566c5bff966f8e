/* Tests of the TLS bufferevents: every kind of link, unfriendly peers, and a program that frees at every moment.
 *   tls            runs all, each in a process of its own
 *   tls NAME...    runs these in this process (for valgrind and gdb)
 *   tls --list     prints the names */
#include "common.h"

#define VERSIONS 2
static const int versions[VERSIONS] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* ---- transfers ---- */

static void fill(struct bufferevent *bev, size_t n)
{
	static unsigned char buf[1 << 16];
	size_t at = 0;

	while (at < n) {
		size_t i, m = n - at < sizeof buf ? n - at : sizeof buf;

		/* Blocks of many sizes. */
		if (at % 3 == 1 && m > 37)
			m = 37;
		for (i = 0; i < m; ++i)
			buf[i] = pattern(at + i);
		CHECK(!bufferevent_write(bev, buf, m));
		at += m;
	}
}

/* Sends `up` bytes one way and `down` the other; the readers have a high watermark and take `limit` bytes at once. */
static void transfer(const struct how *how, size_t up, size_t down, size_t high, size_t limit)
{
	struct bufferevent *c, *s;
	struct seen a, b;
	double start = now();

	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	connect_two(how, &c, &s);
	watch(c, &a);
	watch(s, &b);
	a.limit = b.limit = limit;
	bufferevent_setwatermark(c, EV_READ, 0, high);
	bufferevent_setwatermark(s, EV_READ, 0, high);
	fill(c, up);
	fill(s, down);
	CHECK(!bufferevent_enable(c, EV_READ | EV_WRITE));
	CHECK(!bufferevent_enable(s, EV_READ | EV_WRITE));
	for (;;) {
		/* A reader that leaves something is not called for that alone. */
		size_t left_a = limit ? evbuffer_get_length(bufferevent_get_input(c)) : 0;
		size_t left_b = limit ? evbuffer_get_length(bufferevent_get_input(s)) : 0;

		if (left_a < limit + !limit && left_b < limit + !limit && a.got + left_a >= down && b.got + left_b >= up) {
			a.got += left_a;
			b.got += left_b;
			break;
		}
		if (now() - start > 25)
			break;
		run(20);
		CHECK(!a.eof && !a.error && !b.eof && !b.error);
	}
	if (a.got != down || b.got != up)
		printf("%s: got %zu of %zu and %zu of %zu\n", link_names[how->link], a.got, down, b.got, up);
	CHECK(a.got == down && b.got == up && a.connected == 1 && b.connected == 1);
	CHECK(evbuffer_get_length(bufferevent_get_output(c)) == 0);
	CHECK(evbuffer_get_length(bufferevent_get_output(s)) == 0);
	free_two(c, s);
}

static void every_link(size_t up, size_t down, size_t high, size_t limit, int options)
{
	struct how how;
	int v;

	for (how.link = 0; how.link < N_LINKS; ++how.link) {
		for (v = 0; v < VERSIONS; ++v) {
			how.version = versions[v];
			how.options = options;
			transfer(&how, up, down, high, limit);
		}
	}
}
static void test_small(void) { every_link(10, 20, 0, 0, 0); }
static void test_deferred(void) { every_link(100000, 5, 0, 0, BEV_OPT_DEFER_CALLBACKS); }
static void test_large(void) { every_link(3000000, 2000000, 0, 0, 0); }
static void test_watermark(void) { every_link(300000, 200000, 5000, 0, 0); }
static void test_watermark_deferred(void) { every_link(300000, 200000, 5000, 0, BEV_OPT_DEFER_CALLBACKS); }
/* The program takes less than a record from each callback, and the input stays at the watermark. */
static void test_watermark_slow_reader(void) { every_link(120000, 90000, 1000, 700, 0); }
static void test_watermark_of_one(void) { every_link(3000, 2000, 1, 0, 0); }
static void test_threadsafe(void)
{
	CHECK(!evthread_use_pthreads());
	event_base_free(base);
	base = event_base_new();
	every_link(200000, 100000, 3000, 0, BEV_OPT_THREADSAFE);
	every_link(200000, 100000, 0, 0, BEV_OPT_THREADSAFE | BEV_OPT_DEFER_CALLBACKS | BEV_OPT_UNLOCK_CALLBACKS);
}

/* One record, a reader that is full after a part of it, and a peer that says no more. */
static void test_record_in_parts(void)
{
	struct how how = { SOCKETS, 0, 0 };

	for (how.link = 0; how.link < N_LINKS; ++how.link) {
		struct bufferevent *c, *s;
		struct seen a, b;
		int i;

		memset(&a, 0, sizeof a);
		memset(&b, 0, sizeof b);
		connect_two(&how, &c, &s);
		watch(c, &a);
		watch(s, &b);
		bufferevent_setwatermark(s, EV_READ, 0, 500);
		bufferevent_enable(c, EV_READ);
		bufferevent_enable(s, EV_READ);
		b.stop_on = 1;
		b.limit = 100;
		fill(c, 16000);
		for (i = 0; i < 156; ++i) {
			double before = now();

			CHECK(b.got == (size_t)i * 100);
			run(2000);
			CHECK(now() - before < (getenv("TLS_SLOW") ? 20 : 1));
			CHECK(evbuffer_get_length(bufferevent_get_input(s)) <= 500);
		}
		/* The rest is below the watermark: nothing calls again, and nothing is lost. */
		CHECK(b.got == 15600 && evbuffer_get_length(bufferevent_get_input(s)) == 400);
		free_two(c, s);
	}
}

/* Reading is switched off while records wait in the session, and on again: nothing new comes from the socket. */
static void test_pause_with_pending(void)
{
	struct how how = { SOCKETS, 0, 0 };

	for (how.link = 0; how.link < N_LINKS; ++how.link) {
		struct bufferevent *c, *s;
		struct seen a, b;

		memset(&a, 0, sizeof a);
		memset(&b, 0, sizeof b);
		connect_two(&how, &c, &s);
		watch(c, &a);
		watch(s, &b);
		bufferevent_enable(c, EV_READ);
		b.limit = 10;
		bufferevent_setwatermark(s, EV_READ, 0, 10);
		fill(c, 1000);
		run(100);
		CHECK(b.connected == 1 && b.got == 0);
		bufferevent_enable(s, EV_READ);
		b.stop_on = 1;
		run(1000);
		CHECK(b.got == 10);
		bufferevent_disable(s, EV_READ);
		run(50);
		CHECK(b.got <= 20);
		b.stop_on = 0;
		bufferevent_enable(s, EV_READ);
		run(200);
		CHECK(b.got == 1000);
		free_two(c, s);
	}
}

/* Nobody spins while there is nothing to do. */
static void test_rests(void)
{
	struct how how = { SOCKETS, 0, 0 };

	for (how.link = 0; how.link < N_LINKS; ++how.link) {
		struct bufferevent *c, *s;
		struct seen a, b;
		clock_t cpu;
		int phase;

		memset(&a, 0, sizeof a);
		memset(&b, 0, sizeof b);
		connect_two(&how, &c, &s);
		watch(c, &a);
		watch(s, &b);
		bufferevent_enable(c, EV_READ);
		bufferevent_setwatermark(s, EV_READ, 0, 100);
		b.limit = 1;
		fill(c, 300000);
		bufferevent_setcb(s, NULL, NULL, NULL, NULL);
		bufferevent_enable(s, EV_READ);
		run(100);
		for (phase = 0; phase < 3; ++phase) {
			if (phase == 1)
				bufferevent_disable(s, EV_READ | EV_WRITE);
			if (phase == 2)
				bufferevent_disable(c, EV_READ | EV_WRITE);
			cpu = clock();
			run(150);
			CHECK(clock() - cpu < CLOCKS_PER_SEC / 20);
		}
		free_two(c, s);
	}
}

/* ---- rate limits ---- */

static void test_rate_limit(void)
{
	struct how how = { SOCKETS, 0, 0 };
	struct timeval tick = { 0, 50000 };
	struct ev_token_bucket_cfg *cfg = ev_token_bucket_cfg_new(4000, 4000, 4000, 4000, &tick);
	int reader;

	for (how.link = 0; how.link < OVER_PAIR; ++how.link) {
		for (reader = 0; reader < 2; ++reader) {
			struct bufferevent *c, *s;
			struct seen a, b;
			double start;

			memset(&a, 0, sizeof a);
			memset(&b, 0, sizeof b);
			connect_two(&how, &c, &s);
			watch(c, &a);
			watch(s, &b);
			bufferevent_enable(c, EV_READ);
			bufferevent_enable(s, EV_READ);
			run(50);
			CHECK(a.connected && b.connected);
			CHECK(!bufferevent_set_rate_limit(reader ? s : c, cfg));
			start = now();
			fill(c, 60000);
			while (b.got < 60000 && now() - start < 8)
				run(10);
			/* 15 ticks; a reader's session takes records at once. */
			CHECK(b.got == 60000);
			CHECK(now() - start > 0.3);
			free_two(c, s);
		}
	}
	ev_token_bucket_cfg_free(cfg);
}

/* ---- the end ---- */

/* Data and close_notify in one segment: the data comes first, whatever the callback does. */
static void end_of_data(int version, int options, int free_on, int high, int half)
{
	int fd[2];
	struct bufferevent *bev;
	struct seen s;
	struct peer p;
	unsigned char buf[70000], data[3000];
	size_t n, i;

	memset(&s, 0, sizeof s);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	evutil_make_socket_nonblocking(fd[0]);
	bev = on_socket(fd[0], 1, version, options | BEV_OPT_CLOSE_ON_FREE);
	watch(bev, &s);
	bufferevent_enable(bev, EV_READ);
	if (high)
		bufferevent_setwatermark(bev, EV_READ, 0, high);
	peer_init(&p, fd[1], 0, version);
	peer_handshake(&p);
	CHECK(s.connected == 1);
	for (i = 0; i < sizeof data; ++i)
		data[i] = pattern(i);
	for (i = 0; i < sizeof data; i += 1000) {
		CHECK(SSL_write(p.ssl, data + i, 1000) == 1000);
	}
	SSL_shutdown(p.ssl);
	n = peer_take(&p, buf, sizeof buf);
	if (half)
		n -= 10;
	CHECK(send(fd[1], buf, n, 0) == (ssize_t)n);
	if (half) {
		close(p.fd);
		p.fd = -1;
	}
	s.free_on = free_on;
	s.stop_on = free_on & 1 ? 1 : 4;
	run(300);
	if (free_on & 1) {
		CHECK(s.freed && s.got > 0 && !s.eof && !s.error);
	} else {
		CHECK(s.got == sizeof data);
		CHECK(s.eof == !half && s.error == half && s.event_after_data == 0);
	}
	if (!s.freed)
		bufferevent_free(bev);
	event_base_loop(base, EVLOOP_NONBLOCK);
	peer_free(&p);
}
static void test_data_and_close(void)
{
	int v, options, high, half;

	for (v = 0; v < VERSIONS; ++v) {
		for (options = 0; options <= BEV_OPT_DEFER_CALLBACKS; options += BEV_OPT_DEFER_CALLBACKS) {
			for (high = 0; high <= 700; high += 700) {
				for (half = 0; half < 2; ++half) {
					end_of_data(versions[v], options, 0, high, half);
					end_of_data(versions[v], options, 1, high, half);
					end_of_data(versions[v], options, 4, high, half);
				}
			}
		}
	}
}

/* The end below a filter: what was read there before is decrypted first. */
static void test_end_below(void)
{
	int dirty, link;

	for (link = OVER_SOCKETS; link < N_LINKS; ++link) {
		for (dirty = 0; dirty < 3; ++dirty) {
			struct how how = { SOCKETS, 0, 0 };
			struct bufferevent *c, *s, *below;
			struct seen a, b;

			how.link = (enum link)link;
			memset(&a, 0, sizeof a);
			memset(&b, 0, sizeof b);
			connect_two(&how, &c, &s);
			watch(c, &a);
			watch(s, &b);
			bufferevent_openssl_set_allow_dirty_shutdown(s, dirty == 2);
			CHECK(bufferevent_openssl_get_allow_dirty_shutdown(s) == (dirty == 2));
			/* (No effect where there is no TLS.) */
			bufferevent_openssl_set_allow_dirty_shutdown(bufferevent_get_underlying(s), 1);
			bufferevent_setwatermark(s, EV_READ, 0, 2000);
			b.stop_on = 4;
			bufferevent_enable(c, EV_READ);
			bufferevent_enable(s, EV_READ);
			run(100);
			CHECK(a.connected && b.connected);
			fill(c, 10000);
			if (!dirty)
				SSL_shutdown(bufferevent_openssl_get_ssl(c));
			/* The bottom writes before it goes. */
			below = bufferevent_get_underlying(c);
			if (link == OVER_PAIR) {
				bufferevent_flush(below, EV_WRITE, BEV_FINISHED);
			} else {
				int i;

				for (i = 0; i < 10; ++i)
					event_base_loop(base, EVLOOP_NONBLOCK);
			}
			bufferevent_free(c);
			run(1000);
			CHECK(b.got == 10000);
			if (b.eof != (dirty != 1) || b.error != (dirty == 1))
				printf("%s, dirty %d: eof %d, error %d\n", link_names[link], dirty, b.eof, b.error);
			if (link != OVER_PAIR || !dirty) {
				CHECK(b.eof == (dirty != 1) && b.error == (dirty == 1));
				CHECK(b.event_after_data == 0);
			}
			bufferevent_free(s);
			event_base_loop(base, EVLOOP_NONBLOCK);
		}
	}
}

/* After the peer's close_notify the other direction still works. */
static void test_half_closed(void)
{
	int fd[2], i;
	struct bufferevent *bev;
	struct seen s;
	struct peer p;
	char buf[100];

	memset(&s, 0, sizeof s);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	evutil_make_socket_nonblocking(fd[0]);
	bev = on_socket(fd[0], 1, 0, BEV_OPT_CLOSE_ON_FREE);
	watch(bev, &s);
	bufferevent_enable(bev, EV_READ);
	peer_init(&p, fd[1], 0, 0);
	peer_handshake(&p);
	SSL_shutdown(p.ssl);
	peer_pump(&p);
	s.stop_on = 4;
	run(500);
	CHECK(s.eof == 1 && !s.error);
	bufferevent_write(bev, "answer", 6);
	for (i = 0; i < 20; ++i) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		peer_pump(&p);
	}
	CHECK(SSL_read(p.ssl, buf, sizeof buf) == 6 && !memcmp(buf, "answer", 6));
	CHECK(s.eof == 1 && !s.error);
	bufferevent_free(bev);
	peer_free(&p);
}

/* ---- unfriendly peers ---- */

/* Feeds `n` bytes, `step` at once, then closes (or not), and waits for the one report. */
static void feed(int server, const unsigned char *bytes, size_t n, size_t step, int then_close, int version)
{
	int fd[2];
	struct bufferevent *bev;
	struct seen s;
	size_t at;

	memset(&s, 0, sizeof s);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	evutil_make_socket_nonblocking(fd[0]);
	bev = on_socket(fd[0], server, version, BEV_OPT_CLOSE_ON_FREE);
	watch(bev, &s);
	s.stop_on = 4;
	bufferevent_enable(bev, EV_READ);
	for (at = 0; at < n; at += step) {
		(void)!send(fd[1], bytes + at, n - at < step ? n - at : step, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (step < n)
			event_base_loop(base, EVLOOP_NONBLOCK);
	}
	if (then_close)
		shutdown(fd[1], SHUT_WR);
	if (!s.error)
		run(then_close ? 1000 : 100);
	CHECK(!s.connected && !s.eof);
	CHECK(s.error == 1 || !then_close);
	run(5);
	CHECK(s.error <= 1);
	bufferevent_free(bev);
	event_base_loop(base, EVLOOP_NONBLOCK);
	close(fd[1]);
}

static void test_garbage(void)
{
	unsigned char buf[40000];
	unsigned seed = 1;
	size_t i;
	int k, server;

	for (k = 0; k < 60; ++k) {
		for (i = 0; i < sizeof buf; ++i) {
			seed = seed * 1103515245 + 12345;
			buf[i] = (unsigned char)(seed >> 16);
		}
		/* Some look like records at first. */
		if (k % 3) {
			buf[0] = (unsigned char)(20 + k % 5);
			buf[1] = 3;
			buf[2] = 3;
			buf[3] = (unsigned char)(k % 2 ? 0 : 0x40);
		}
		for (server = 0; server < 2; ++server) {
			feed(server, buf, k * 600 + 1, k % 4 ? sizeof buf : 100, 1, k % 2 ? TLS1_2_VERSION : 0);
			feed(server, buf, 3000, sizeof buf, 0, 0);
		}
	}
	/* Nothing at all; a record that is too long; plain text. */
	for (server = 0; server < 2; ++server) {
		feed(server, buf, 0, 1, 1, 0);
		feed(server, (const unsigned char *)"\x16\x03\x01\xff\xff\x01", 6, 6, 1, 0);
		feed(server, (const unsigned char *)"GET / HTTP/1.1\r\n\r\n", 18, 18, 1, 0);
	}
	/* A flood of alerts. */
	for (i = 0; i + 7 <= sizeof buf; i += 7)
		memcpy(buf + i, "\x15\x03\x03\x00\x02\x01\x5a", 7);
	for (server = 0; server < 2; ++server)
		feed(server, buf, 7 * 3000, sizeof buf, 1, 0);
}

/* A handshake of which the peer says only the first `keep` bytes, `step` at once. True: it was long enough. */
static int cut_handshake(int server, int version, size_t keep, size_t step, int dirty_ok)
{
	int fd[2], i, done;
	size_t said = 0, n = 0, at = 0;
	struct bufferevent *bev;
	struct seen s;
	struct peer p;
	unsigned char buf[65536], in[65536];

	memset(&s, 0, sizeof s);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	evutil_make_socket_nonblocking(fd[0]);
	bev = on_socket(fd[0], server, version, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_openssl_set_allow_dirty_shutdown(bev, dirty_ok);
	watch(bev, &s);
	bufferevent_enable(bev, EV_READ);
	peer_init(&p, fd[1], !server, version);
	for (i = 0; i < 20000 && said < keep && !(SSL_is_init_finished(p.ssl) && at == n); ++i) {
		ssize_t m;

		event_base_loop(base, EVLOOP_NONBLOCK);
		while ((m = recv(fd[1], in, sizeof in, MSG_DONTWAIT)) > 0)
			BIO_write(p.in, in, (int)m);
		SSL_do_handshake(p.ssl);
		if (at == n) {
			n = peer_take(&p, buf, sizeof buf);
			at = 0;
		}
		if (at < n) {
			size_t now_ = n - at < step ? n - at : step;

			if (now_ > keep - said)
				now_ = keep - said;
			CHECK(send(fd[1], buf + at, now_, MSG_NOSIGNAL) == (ssize_t)now_ || s.error);
			at += now_;
			said += now_;
		}
	}
	done = SSL_is_init_finished(p.ssl) && at == n;
	shutdown(fd[1], SHUT_WR);
	for (i = 0; i < 200 && !s.error && !s.eof; ++i)
		run(1);
	CHECK(s.error + s.eof == 1 && s.connected <= 1);
	CHECK(s.eof == (dirty_ok && !s.error));
	if (done)
		CHECK(s.connected == 1 && s.eof == dirty_ok);
	bufferevent_free(bev);
	event_base_loop(base, EVLOOP_NONBLOCK);
	peer_free(&p);
	ERR_clear_error();
	return done;
}
static void test_cut_handshake(void)
{
	int server, v, dirty;

	for (dirty = 0; dirty < 2; ++dirty) {
		for (server = 0; server < 2; ++server) {
			for (v = 0; v < VERSIONS; ++v) {
				size_t keep = 0;

				while (!cut_handshake(server, versions[v], keep, 1 << 16, dirty))
					keep += keep % 100 < 10 ? 1 : 23;
			}
		}
	}
}
static void test_slow_handshake(void)
{
	int server, v;

	for (server = 0; server < 2; ++server) {
		for (v = 0; v < VERSIONS; ++v) {
			CHECK(cut_handshake(server, versions[v], 1 << 20, 1, 0));
			CHECK(cut_handshake(server, versions[v], 1 << 20, 7, 1));
		}
	}
}

/* What an attacker can do to a connection that stands. */
static void test_bad_records(void)
{
	int v, k;

	for (v = 0; v < VERSIONS; ++v) {
		for (k = 0; k < 8; ++k) {
			int fd[2];
			struct bufferevent *bev;
			struct seen s;
			struct peer p;
			unsigned char buf[70000];
			size_t n;

			memset(&s, 0, sizeof s);
			CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
			evutil_make_socket_nonblocking(fd[0]);
			bev = on_socket(fd[0], 1, versions[v], BEV_OPT_CLOSE_ON_FREE);
			watch(bev, &s);
			s.stop_on = 4;
			bufferevent_enable(bev, EV_READ);
			if (k == 7)
				bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
			peer_init(&p, fd[1], 0, versions[v]);
			peer_handshake(&p);
			memset(buf, 0, sizeof buf);
			buf[0] = pattern(0);
			CHECK(SSL_write(p.ssl, buf, 1) == 1);
			n = peer_take(&p, buf, sizeof buf);
			switch (k) {
			case 0: /* good, then a changed one */
				memcpy(buf + n, buf, n);
				n *= 2;
				break;
			case 1:
				buf[n - 1] ^= 1;
				break;
			case 2: /* too long */
				buf[3] = 0xff;
				break;
			case 3: /* another type */
				buf[0] = 99;
				break;
			case 4: /* a plain alert */
				memcpy(buf, "\x15\x03\x03\x00\x02\x02\x0a", n = 7);
				break;
			case 5: /* garbage behind a good one */
				memset(buf + n, 'x', 2000);
				n += 2000;
				break;
			default: /* cut off */
				n -= 3;
			}
			send(fd[1], buf, n, 0);
			if (k >= 6)
				shutdown(fd[1], SHUT_WR);
			run(500);
			CHECK(s.connected == 1);
			CHECK(s.error == (k != 7) && s.eof == (k == 7));
			CHECK(s.got == (size_t)(k == 0 || k == 5));
			if (k < 6)
				CHECK(s.ssl_error != 0);
			/* Nothing more happens to it. */
			bufferevent_write(bev, "x", 1);
			bufferevent_disable(bev, EV_READ);
			bufferevent_enable(bev, EV_READ | EV_WRITE);
			run(20);
			CHECK(s.error + s.eof == 1);
			bufferevent_free(bev);
			peer_free(&p);
			ERR_clear_error();
		}
	}
}

/* The peer's TCP connection breaks while we write. */
static void test_broken_pipe(void)
{
	int fd[2], reading;

	for (reading = 0; reading < 2; ++reading) {
		struct bufferevent *bev;
		struct seen s;
		struct peer p;

		memset(&s, 0, sizeof s);
		CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
		evutil_make_socket_nonblocking(fd[0]);
		bev = on_socket(fd[0], 1, 0, BEV_OPT_CLOSE_ON_FREE);
		watch(bev, &s);
		s.stop_on = 4;
		if (reading)
			bufferevent_enable(bev, EV_READ);
		peer_init(&p, fd[1], 0, 0);
		peer_handshake(&p);
		fill(bev, 3000000);
		run(30);
		close(p.fd);
		p.fd = -1;
		run(1000);
		CHECK(s.error == 1 && !s.eof);
		run(20);
		CHECK(s.error == 1);
		bufferevent_free(bev);
		peer_free(&p);
	}
}

/* ---- the other direction is needed ---- */

/* The peer asks for new keys, again and again, while neither side's socket takes much. */
static void test_key_updates(void)
{
	struct how how = { SOCKETS, TLS1_3_VERSION, 0 };

	for (how.link = 0; how.link < N_LINKS; ++how.link) {
		struct bufferevent *c, *s;
		struct seen a, b;
		int i, small = 4096;
		double start = now();

		memset(&a, 0, sizeof a);
		memset(&b, 0, sizeof b);
		connect_two(&how, &c, &s);
		if (how.link == SOCKETS) {
			setsockopt(bufferevent_getfd(c), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
			setsockopt(bufferevent_getfd(s), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
		}
		watch(c, &a);
		watch(s, &b);
		bufferevent_enable(c, EV_READ);
		bufferevent_enable(s, EV_READ);
		run(50);
		fill(c, 600000);
		fill(s, 600000);
		for (i = 0; i < 10; ++i) {
			/* (It refuses while a record is stuck.) */
			if (!SSL_key_update(bufferevent_openssl_get_ssl(c), SSL_KEY_UPDATE_REQUESTED))
				ERR_clear_error();
			run(5);
		}
		while ((a.got < 600000 || b.got < 600000) && now() - start < 10)
			run(10);
		CHECK(a.got == 600000 && b.got == 600000 && !a.error && !b.error);
		CHECK(bufferevent_ssl_renegotiate(c) == -1);
		CHECK(ERR_peek_error() == 0);
		free_two(c, s);
	}
}

static void test_renegotiate(void)
{
	struct how how = { SOCKETS, TLS1_2_VERSION, 0 };
	int by_server, reading, i;

	for (how.link = 0; how.link < N_LINKS; ++how.link) {
		for (by_server = 0; by_server < 2; ++by_server) {
			for (reading = 0; reading < 2; ++reading) {
				struct bufferevent *c, *s;
				struct seen a, b;
				double start = now();
				size_t n = reading ? 400000 : 0;

				memset(&a, 0, sizeof a);
				memset(&b, 0, sizeof b);
				connect_two(&how, &c, &s);
				watch(c, &a);
				watch(s, &b);
				CHECK(bufferevent_ssl_renegotiate(c) == -1); /* too early */
				bufferevent_enable(c, EV_READ);
				bufferevent_enable(s, EV_READ);
				run(50);
				CHECK(a.connected == 1 && b.connected == 1);
				if (!reading)
					bufferevent_disable(by_server ? s : c, EV_READ);
				fill(c, n);
				fill(s, n);
				for (i = 0; i < 3; ++i)
					event_base_loop(base, EVLOOP_NONBLOCK);
				CHECK(!bufferevent_ssl_renegotiate(by_server ? s : c));
				while ((a.got < n || b.got < n || (by_server ? b.connected : a.connected) < 2) &&
				    now() - start < 10)
					run(10);
				CHECK(!a.error && !b.error && !a.eof && !b.eof);
				CHECK(a.got == n && b.got == n);
				CHECK((by_server ? b.connected : a.connected) == 2);
				fill(c, 10);
				CHECK(SSL_num_renegotiations(bufferevent_openssl_get_ssl(c)) == 1);
				free_two(c, s);
			}
		}
	}
}

/* ---- freeing at every moment ---- */

static void test_free_anywhere(void)
{
	struct how how = { SOCKETS, 0, 0 };
	int v, defer, when, steps;

	for (how.link = 0; how.link < N_LINKS; ++how.link) {
		for (v = 0; v < VERSIONS; ++v) {
			for (defer = 0; defer <= BEV_OPT_DEFER_CALLBACKS; defer += BEV_OPT_DEFER_CALLBACKS) {
				how.version = versions[v];
				how.options = defer;
				/* in a callback */
				for (when = 1; when <= 8; when *= 2) {
					struct bufferevent *c, *s;
					struct seen a, b;

					memset(&a, 0, sizeof a);
					memset(&b, 0, sizeof b);
					connect_two(&how, &c, &s);
					watch(c, &a);
					watch(s, &b);
					fill(c, 50000);
					fill(s, 50000);
					bufferevent_enable(c, EV_READ);
					bufferevent_enable(s, EV_READ);
					a.free_on = when;
					b.free_on = 4;
					run(30);
					if (!a.freed)
						bufferevent_free(c);
					run(20);
					if (!b.freed)
						bufferevent_free(s);
					event_base_loop(base, EVLOOP_NONBLOCK);
				}
				/* between two turns */
				for (steps = 0; steps < 14; ++steps) {
					struct bufferevent *c, *s;
					int i;

					connect_two(&how, &c, &s);
					fill(c, 100000);
					bufferevent_enable(c, EV_READ);
					bufferevent_enable(s, EV_READ);
					for (i = 0; i < steps; ++i)
						event_base_loop(base, EVLOOP_NONBLOCK);
					free_two(c, s);
				}
			}
		}
	}
}

/* The session is the program's: it outlives its bufferevent, and goes on with another one. */
static void test_kept_session(void)
{
	int over_filter, round;

	for (over_filter = 0; over_filter < 2; ++over_filter) {
		int fd[2];
		SSL *cs = new_ssl(0, 0), *ss = new_ssl(1, 0);
		struct bufferevent *below[2] = { NULL, NULL };
		size_t i;

		CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
		for (i = 0; i < 2; ++i) {
			evutil_make_socket_nonblocking(fd[i]);
			if (over_filter)
				below[i] = bufferevent_socket_new(base, fd[i], BEV_OPT_CLOSE_ON_FREE);
		}
		for (round = 0; round < 3; ++round) {
			struct bufferevent *c, *s;
			struct seen a, b;
			enum bufferevent_ssl_state cstate = round ? BUFFEREVENT_SSL_OPEN : BUFFEREVENT_SSL_CONNECTING;
			enum bufferevent_ssl_state sstate = round ? BUFFEREVENT_SSL_OPEN : BUFFEREVENT_SSL_ACCEPTING;

			memset(&a, 0, sizeof a);
			memset(&b, 0, sizeof b);
			if (over_filter) {
				c = bufferevent_openssl_filter_new(base, below[0], cs, cstate, 0);
				s = bufferevent_openssl_filter_new(base, below[1], ss, sstate, 0);
			} else {
				c = bufferevent_openssl_socket_new(base, round ? -1 : fd[0], cs, cstate, 0);
				s = bufferevent_openssl_socket_new(base, fd[1], ss, sstate, 0);
			}
			CHECK(c && s && bufferevent_getfd(c) == fd[0]);
			watch(c, &a);
			watch(s, &b);
			bufferevent_enable(c, EV_READ);
			bufferevent_enable(s, EV_READ);
			fill(c, 30000);
			fill(s, 10);
			run(60);
			if (a.got != 10 || b.got != 30000)
				printf("over_filter %d round %d: %zu %zu %d %d err %d %d\n", over_filter, round, a.got, b.got, a.connected, b.connected, a.error, b.error);
			CHECK(a.got == 10 && b.got == 30000 && a.connected == !round && b.connected == !round);
			bufferevent_free(c);
			bufferevent_free(s);
		}
		/* Without a bufferevent a filter's session reaches nothing. */
		event_base_loop(base, EVLOOP_NONBLOCK);
		if (over_filter) {
			SSL_shutdown(cs);
			bufferevent_free(below[0]);
			bufferevent_free(below[1]);
		} else {
			close(fd[0]);
			close(fd[1]);
		}
		SSL_free(cs);
		SSL_free(ss);
		ERR_clear_error();
	}
}

/* ---- connecting ---- */

static struct bufferevent *accepted;
static struct seen accepted_seen;
static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int n, void *arg)
{
	(void)l, (void)a, (void)n, (void)arg;
	memset(&accepted_seen, 0, sizeof accepted_seen);
	accepted_seen.free_on = 4;
	accepted = on_socket(fd, 1, 0, BEV_OPT_CLOSE_ON_FREE);
	watch(accepted, &accepted_seen);
	bufferevent_enable(accepted, EV_READ);
	fill(accepted, 1000);
}
static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in sin;

	memset(&sin, 0, sizeof sin);
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((unsigned short)port);
	return sin;
}
static void test_connect(void)
{
	struct sockaddr_in good = loopback(0), bad;
	socklen_t len = sizeof good;
	struct evconnlistener *l = evconnlistener_new_bind(base, on_accept, NULL,
	    LEV_OPT_CLOSE_ON_FREE, -1, (struct sockaddr *)&good, sizeof good);
	int over, defer, fd;

	CHECK(l && !getsockname(evconnlistener_get_fd(l), (struct sockaddr *)&good, &len));
	/* A port that nobody listens on. */
	bad = loopback(0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	len = sizeof bad;
	CHECK(!bind(fd, (struct sockaddr *)&bad, sizeof bad) && !getsockname(fd, (struct sockaddr *)&bad, &len));
	for (over = 0; over < 2; ++over) {
		for (defer = 0; defer <= BEV_OPT_DEFER_CALLBACKS; defer += BEV_OPT_DEFER_CALLBACKS) {
			struct bufferevent *bev;
			struct seen s;
			int round;

			memset(&s, 0, sizeof s);
			if (over) {
				bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE | defer);
				bev = bufferevent_openssl_filter_new(base, bev, new_ssl(0, 0),
				    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE | defer);
			} else {
				bev = bufferevent_openssl_socket_new(base, -1, new_ssl(0, 0),
				    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE | defer);
			}
			CHECK(bev && bufferevent_getfd(bev) == -1);
			watch(bev, &s);
			s.stop_on = 4;
			bufferevent_enable(bev, EV_READ | EV_WRITE);
			fill(bev, 2000);
			run(20);
			CHECK(!s.error && !s.connected);
			for (round = 1; round <= 2; ++round) {
				CHECK(!bufferevent_socket_connect(bev, (struct sockaddr *)&bad, sizeof bad));
				run(500);
				CHECK(s.error == round && !s.connected && !s.eof);
				CHECK(s.last_errno == ECONNREFUSED && s.ssl_error == 0);
				run(20);
				CHECK(s.error == round);
				if (bufferevent_getfd(bev) >= 0)
					close(bufferevent_getfd(bev));
				bufferevent_setfd(bev, -1);
				if (over)
					bufferevent_setfd(bufferevent_get_underlying(bev), -1);
			}
			CHECK(!bufferevent_socket_connect(bev, (struct sockaddr *)&good, sizeof good));
			bufferevent_enable(bev, EV_READ | EV_WRITE);
			run(100);
			CHECK(s.error == 2 && s.connected == 1 && s.got == 1000);
			CHECK(accepted_seen.connected == 1 && accepted_seen.got == 2000);
			/* And another connection with the same session. */
			close(bufferevent_getfd(bev));
			bufferevent_setfd(bev, -1);
			if (over)
				bufferevent_setfd(bufferevent_get_underlying(bev), -1);
			run(50);
			CHECK(accepted_seen.freed);
			s.got = 0;
			CHECK(!bufferevent_socket_connect_hostname(bev, NULL, AF_INET, "127.0.0.1", ntohs(good.sin_port)));
			fill(bev, 70);
			run(100);
			CHECK(s.error == 2 && s.connected == 2 && s.got == 1000);
			CHECK(accepted_seen.connected == 1 && accepted_seen.got == 70);
			bufferevent_free(bev);
			run(50);
			CHECK(accepted_seen.freed);
		}
	}
	close(fd);
	evconnlistener_free(l);
}

/* ---- timeouts, pausing ---- */

static void test_timeouts(void)
{
	int over, fd[2];
	struct timeval tv = { 0, 50000 };

	for (over = 0; over < 2; ++over) {
		struct bufferevent *bev, *c, *s;
		struct seen a, b;
		struct how how = { SOCKETS, 0, 0 };

		/* Nobody answers. */
		memset(&a, 0, sizeof a);
		CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
		evutil_make_socket_nonblocking(fd[0]);
		if (over) {
			bev = bufferevent_socket_new(base, fd[0], BEV_OPT_CLOSE_ON_FREE);
			bev = bufferevent_openssl_filter_new(base, bev, new_ssl(0, 0),
			    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
		} else {
			bev = on_socket(fd[0], 0, 0, BEV_OPT_CLOSE_ON_FREE);
		}
		bufferevent_set_timeouts(bev, &tv, &tv);
		watch(bev, &a);
		bufferevent_enable(bev, EV_READ);
		run(300);
		CHECK(a.timeout == 1 && !a.error && !a.connected);
		bufferevent_free(bev);
		close(fd[1]);

		/* Nobody says anything, and then nobody reads. */
		how.link = over ? OVER_SOCKETS : SOCKETS;
		memset(&a, 0, sizeof a);
		memset(&b, 0, sizeof b);
		connect_two(&how, &c, &s);
		watch(c, &a);
		watch(s, &b);
		bufferevent_enable(c, EV_READ);
		run(50);
		CHECK(a.connected && b.connected);
		bufferevent_set_timeouts(c, &tv, NULL);
		run(200);
		CHECK(a.timeout == 1 && !a.error);
		CHECK(!(bufferevent_get_enabled(c) & EV_READ));
		if (!over) {
			bufferevent_set_timeouts(c, NULL, &tv);
			fill(c, 5000000);
			run(300);
			CHECK(a.timeout == 2 && !a.error && !(bufferevent_get_enabled(c) & EV_WRITE));
		}
		free_two(c, s);
	}
}

/* A bufferevent that wants neither direction makes no handshake until it does. */
static void test_paused_handshake(void)
{
	struct how how = { SOCKETS, 0, 0 };

	for (how.link = 0; how.link < N_LINKS; ++how.link) {
		struct bufferevent *c, *s;
		struct seen a, b;

		memset(&a, 0, sizeof a);
		memset(&b, 0, sizeof b);
		connect_two(&how, &c, &s);
		watch(c, &a);
		watch(s, &b);
		bufferevent_disable(s, EV_READ | EV_WRITE);
		bufferevent_enable(c, EV_READ);
		run(50);
		CHECK(!a.connected && !b.connected);
		bufferevent_enable(s, EV_READ);
		run(50);
		CHECK(a.connected == 1 && b.connected == 1);
		free_two(c, s);
	}
}

/* ---- who the peer is ---- */

static int reaches(const char *name)
{
	struct how how = { SOCKETS, 0, 0 };
	struct bufferevent *c, *s;
	struct seen a, b;
	const char *sni;

	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	connect_two(&how, &c, &s);
	watch(c, &a);
	watch(s, &b);
	a.stop_on = 4 | 8;
	if (bufferevent_openssl_set_hostname(c, name)) {
		free_two(c, s);
		return -1;
	}
	bufferevent_enable(c, EV_READ);
	bufferevent_enable(s, EV_READ);
	run(500);
	run(10);
	sni = SSL_get_servername(bufferevent_openssl_get_ssl(s), TLSEXT_NAMETYPE_host_name);
	if (a.connected) {
		int address = strchr(name, ':') || (name[0] >= '0' && name[0] <= '9');

		CHECK(address ? !sni : sni && !strncmp(sni, name, strlen(sni)) && sni[strlen(sni) - 1] != '.');
	} else {
		CHECK(a.error == 1 && a.ssl_error != 0);
	}
	free_two(c, s);
	ERR_clear_error();
	return a.connected;
}
static void test_hostname(void)
{
	char text[400];

	CHECK(reaches("example.test") == 1);
	CHECK(reaches("EXAMPLE.test.") == 1);
	CHECK(reaches("a.wild.test") == 1);
	CHECK(reaches("a.b.wild.test") == 0);
	CHECK(reaches("wild.test") == 0);
	CHECK(reaches("other.test") == 0);
	CHECK(reaches("test") == 0); /* only the common name */
	CHECK(reaches("127.0.0.1") == 1);
	CHECK(reaches("127.0.0.2") == 0);
	CHECK(reaches("::1") == 1);
	CHECK(reaches("::2") == 0);
	CHECK(reaches("") == -1);
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = 0;
	CHECK(reaches(text) == -1);
	CHECK(bufferevent_openssl_set_hostname(NULL, "a") == -1);
}

/* ---- the small functions ---- */

static void test_functions(void)
{
	struct bufferevent *plain = bufferevent_socket_new(base, -1, 0), *bev;
	struct how how = { OVER_SOCKETS, 0, 0 };
	struct bufferevent *c, *s;
	SSL *ssl;
	int fd[2];

	CHECK(!bufferevent_openssl_get_ssl(plain) && !bufferevent_openssl_get_ssl(NULL));
	CHECK(bufferevent_get_openssl_error(plain) == 0 && bufferevent_get_openssl_error(NULL) == 0);
	CHECK(bufferevent_openssl_get_allow_dirty_shutdown(plain) == -1);
	bufferevent_openssl_set_allow_dirty_shutdown(plain, 1);
	CHECK(bufferevent_ssl_renegotiate(plain) == -1);
	CHECK(bufferevent_ssl_get_flags(plain) == EV_UINT64_MAX);
	CHECK(bufferevent_ssl_set_flags(plain, 1) == EV_UINT64_MAX);
	CHECK(bufferevent_openssl_set_hostname(plain, "a") == -1);
	CHECK(!bufferevent_openssl_filter_new(base, NULL, new_ssl(0, 0), BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE));
	CHECK(!bufferevent_openssl_filter_new(base, plain, NULL, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE));
	CHECK(!bufferevent_openssl_socket_new(base, -1, NULL, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE));
	CHECK(!bufferevent_openssl_socket_new(base, -1, new_ssl(0, 0), (enum bufferevent_ssl_state)7, BEV_OPT_CLOSE_ON_FREE));
	bufferevent_free(plain);

	connect_two(&how, &c, &s);
	CHECK(bufferevent_get_openssl_error(c) == 0);
	CHECK(bufferevent_ssl_get_flags(c) == 0);
	CHECK(bufferevent_ssl_set_flags(c, BUFFEREVENT_SSL_BATCH_WRITE | 64) == 0);
	CHECK(bufferevent_ssl_set_flags(c, BUFFEREVENT_SSL_DIRTY_SHUTDOWN) == BUFFEREVENT_SSL_BATCH_WRITE);
	CHECK(bufferevent_openssl_get_allow_dirty_shutdown(c) == 1);
	CHECK(bufferevent_ssl_clear_flags(c, BUFFEREVENT_SSL_BATCH_WRITE) == 3 && bufferevent_ssl_get_flags(c) == 1);
	CHECK(bufferevent_getfd(c) == bufferevent_getfd(bufferevent_get_underlying(c)) && bufferevent_getfd(c) >= 0);
	CHECK(bufferevent_priority_set(c, 0) == 0);
	free_two(c, s);

	/* The session knows its socket. */
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	ssl = new_ssl(0, 0);
	SSL_set_fd(ssl, fd[0]);
	CHECK(!bufferevent_openssl_socket_new(base, fd[1], ssl, BUFFEREVENT_SSL_CONNECTING, 0));
	bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	CHECK(bev && bufferevent_getfd(bev) == fd[0] && SSL_get_fd(ssl) == fd[0]);
	CHECK(!bufferevent_setfd(bev, -1) && bufferevent_getfd(bev) == -1);
	CHECK(!bufferevent_setfd(bev, fd[0]) && bufferevent_getfd(bev) == fd[0]);
	bufferevent_free(bev);
	close(fd[1]);
}

/* A filter collects a turn's output only if it is asked to; either way the bufferevent below gets it. */
static void test_batch(void)
{
	struct how how = { OVER_PAIR, 0, 0 };
	size_t sizes[2];
	int batch, i;

	for (batch = 0; batch < 2; ++batch) {
		struct bufferevent *c, *s, *below;
		struct seen a, b;

		memset(&a, 0, sizeof a);
		memset(&b, 0, sizeof b);
		connect_two(&how, &c, &s);
		watch(c, &a);
		watch(s, &b);
		bufferevent_enable(c, EV_READ);
		bufferevent_enable(s, EV_READ);
		run(50);
		CHECK(a.connected && b.connected);
		if (batch)
			bufferevent_ssl_set_flags(c, BUFFEREVENT_SSL_BATCH_WRITE);
		below = bufferevent_get_underlying(c);
		bufferevent_disable(bufferevent_get_underlying(s), EV_READ);
		for (i = 0; i < 100; ++i) {
			unsigned char byte = pattern(i);

			bufferevent_write(c, &byte, 1);
		}
		CHECK((evbuffer_get_length(bufferevent_get_output(below)) > 0) == !batch);
		CHECK(bufferevent_flush(c, EV_WRITE, BEV_FLUSH) == (batch ? 1 : 0));
		sizes[batch] = evbuffer_get_length(bufferevent_get_output(below)) +
		    evbuffer_get_length(bufferevent_get_input(bufferevent_get_underlying(s)));
		bufferevent_enable(bufferevent_get_underlying(s), EV_READ);
		run(50);
		CHECK(b.got == 100);
		free_two(c, s);
	}
	CHECK(sizes[1] > 100 && sizes[0] > 10 * sizes[1]);
}

/* ---- a changed stream ---- */

/* Between the two ends somebody splits, and sooner or later changes, drops, repeats or cuts what passes. Whatever
 * arrives is the beginning of what was sent, and each side hears of the end once. */
static unsigned random_number(unsigned *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16 & 0x7fff;
}
static void in_the_middle(unsigned seed)
{
	int near_fd[2], far_fd[2], version, i, dir, turn, dead[2] = { 0, 0 };
	struct bufferevent *bev[2];
	struct seen s[2];
	unsigned char buf[4096];
	unsigned harm;

	memset(s, 0, sizeof s);
	harm = random_number(&seed) % 5;
	version = random_number(&seed) % 3;
	version = version < 2 ? versions[version] : 0;
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, near_fd) && !socketpair(AF_UNIX, SOCK_STREAM, 0, far_fd));
	for (i = 0; i < 2; ++i) {
		evutil_make_socket_nonblocking(near_fd[i]);
		evutil_make_socket_nonblocking(far_fd[i]);
		bev[i] = on_socket(i ? far_fd[0] : near_fd[0], i, version, BEV_OPT_CLOSE_ON_FREE);
		bufferevent_openssl_set_allow_dirty_shutdown(bev[i], random_number(&seed) % 2);
		watch(bev[i], &s[i]);
		if (random_number(&seed) % 2)
			bufferevent_setwatermark(bev[i], EV_READ, 0, 1 + random_number(&seed) % 3000);
		bufferevent_enable(bev[i], EV_READ);
		fill(bev[i], 20000);
	}
	for (turn = 0; turn < 3000 && !(dead[0] && dead[1]); ++turn) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		for (dir = 0; dir < 2; ++dir) {
			int from = dir ? far_fd[1] : near_fd[1], to = dir ? near_fd[1] : far_fd[1];
			ssize_t n = recv(from, buf, 1 + random_number(&seed) % sizeof buf, MSG_DONTWAIT);

			if (n <= 0)
				continue;
			if (harm && random_number(&seed) % 40 == 0) {
				switch (harm) {
				case 1:
					buf[random_number(&seed) % n] ^= (unsigned char)(1 << random_number(&seed) % 8);
					break;
				case 2:
					n -= random_number(&seed) % n;
					break;
				case 3:
					(void)!send(to, buf, n, MSG_NOSIGNAL | MSG_DONTWAIT);
					break;
				default:
					shutdown(to, SHUT_WR);
					dead[dir] = 1;
				}
			}
			(void)!send(to, buf, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		}
		if (s[0].got == 20000 && s[1].got == 20000)
			break;
		for (i = 0; i < 2; ++i)
			dead[i] |= s[i].eof || s[i].error;
	}
	for (i = 0; i < 2; ++i) {
		CHECK(s[i].eof + s[i].error <= 1 && s[i].connected <= 1 && s[i].got <= 20000);
		if (!harm)
			CHECK(s[i].got == 20000 && !s[i].error && !s[i].eof);
		bufferevent_free(bev[i]);
	}
	event_base_loop(base, EVLOOP_NONBLOCK);
	close(near_fd[1]);
	close(far_fd[1]);
	ERR_clear_error();
}
static void test_changed_stream(void)
{
	unsigned seed, n = getenv("TLS_SLOW") ? 20 : getenv("TLS_SEEDS") ? (unsigned)atoi(getenv("TLS_SEEDS")) : 400;

	for (seed = 1; seed <= n; ++seed)
		in_the_middle(seed * 7919);
}

/* ---- threads ---- */

static struct bufferevent *shared_bev;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static size_t written;
static void *write_pieces(void *arg)
{
	int i, j;

	(void)arg;
	for (i = 0; i < 300; ++i) {
		unsigned char buf[100];

		/* The pieces of several threads make one pattern. */
		pthread_mutex_lock(&order);
		for (j = 0; j < 100; ++j)
			buf[j] = pattern(written + j);
		CHECK(!bufferevent_write(shared_bev, buf, 100));
		written += 100;
		pthread_mutex_unlock(&order);
		if (i % 50 == 0) {
			bufferevent_disable(shared_bev, EV_READ);
			bufferevent_enable(shared_bev, EV_READ | EV_WRITE);
			CHECK(bufferevent_get_openssl_error(shared_bev) == 0);
		}
	}
	return NULL;
}
static void test_threads(void)
{
	struct how how = { SOCKETS, 0, BEV_OPT_THREADSAFE };

	event_base_free(base);
	CHECK(!evthread_use_pthreads());
	base = event_base_new();
	for (how.link = 0; how.link < N_LINKS; ++how.link) {
		struct bufferevent *c, *s;
		struct seen a, b;
		pthread_t threads[3];
		double start = now();
		int i;

		memset(&a, 0, sizeof a);
		memset(&b, 0, sizeof b);
		connect_two(&how, &c, &s);
		watch(c, &a);
		watch(s, &b);
		bufferevent_enable(c, EV_READ);
		bufferevent_enable(s, EV_READ);
		shared_bev = c;
		written = 0;
		for (i = 0; i < 3; ++i)
			CHECK(!pthread_create(&threads[i], NULL, write_pieces, NULL));
		while (b.got < 90000 && now() - start < 60)
			run(5);
		for (i = 0; i < 3; ++i)
			pthread_join(threads[i], NULL);
		CHECK(b.got == 90000 && !a.error && !b.error);
		free_two(c, s);
	}
}

/* ---- a program that acts in the middle of an operation ---- */

static struct bufferevent *meddled;
static int meddle_count, meddle_at, meddle_what;
static void meddle(int write_p, int version, int type, const void *buf, size_t len, SSL *ssl, void *arg)
{
	(void)write_p, (void)version, (void)type, (void)buf, (void)len, (void)ssl, (void)arg;
	if (!meddled || ++meddle_count != meddle_at)
		return;
	switch (meddle_what) {
	case 0:
		bufferevent_free(meddled);
		meddled = NULL;
		break;
	case 1:
		bufferevent_write(meddled, "meddled", 7);
		bufferevent_flush(meddled, EV_READ | EV_WRITE, BEV_FLUSH);
		break;
	case 2:
		bufferevent_disable(meddled, EV_READ | EV_WRITE);
		bufferevent_enable(meddled, EV_READ | EV_WRITE);
		break;
	case 3:
		bufferevent_setfd(meddled, -1);
		bufferevent_ssl_renegotiate(meddled);
		break;
	default:
		bufferevent_setcb(meddled, NULL, NULL, NULL, NULL);
		bufferevent_setwatermark(meddled, EV_READ, 0, 10);
		evbuffer_drain(bufferevent_get_input(meddled), 1000000);
		evbuffer_drain(bufferevent_get_output(meddled), 1000000);
	}
}
static void ignore_data(struct bufferevent *bev, void *arg)
{
	(void)arg;
	evbuffer_drain(bufferevent_get_input(bev), 1000000);
}
static void test_meddling(void)
{
	struct how how = { SOCKETS, 0, 0 };
	int server, i;

	for (how.link = 0; how.link < N_LINKS; ++how.link) {
		for (server = 0; server < 2; ++server) {
			for (meddle_what = 0; meddle_what < 5; ++meddle_what) {
				for (meddle_at = 1; meddle_at < 30; meddle_at += getenv("TLS_SLOW") ? 9 : 2) {
					struct bufferevent *bev[2];

					connect_two(&how, &bev[0], &bev[1]);
					meddle_count = 0;
					meddled = bev[server];
					SSL_set_msg_callback(bufferevent_openssl_get_ssl(meddled), meddle);
					for (i = 0; i < 2; ++i) {
						bufferevent_setcb(bev[i], ignore_data, NULL, NULL, NULL);
						bufferevent_enable(bev[i], EV_READ);
						fill(bev[i], 40000);
					}
					for (i = 0; i < 12; ++i)
						event_base_loop(base, EVLOOP_NONBLOCK);
					for (i = 0; i < 2; ++i) {
						if (i != server || meddled)
							bufferevent_free(bev[i]);
					}
					meddled = NULL;
					event_base_loop(base, EVLOOP_NONBLOCK);
					ERR_clear_error();
				}
			}
		}
	}
}

/* ---- no memory ---- */

static long until_failure;
static void *failing_malloc(size_t n)
{
	return until_failure > 0 && --until_failure == 0 ? NULL : malloc(n);
}
static void *failing_realloc(void *p, size_t n)
{
	return until_failure > 0 && --until_failure == 0 ? NULL : realloc(p, n);
}
static void quiet(int severity, const char *text)
{
	(void)severity, (void)text;
}
static void test_no_memory(void)
{
	struct how how = { SOCKETS, 0, 0 };
	long k;
	int used;

	event_base_free(base);
	event_set_mem_functions(failing_malloc, failing_realloc, free);
	event_set_log_callback(quiet);
	base = event_base_new();
	for (how.link = 0; how.link <= OVER_PAIR; ++how.link) {
		for (k = 1, used = 1; used; ++k) {
			int fd[2], i;
			struct bufferevent *bev[2] = { NULL, NULL }, *below[2] = { NULL, NULL };
			struct seen seen[2];

			memset(seen, 0, sizeof seen);
			CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
			until_failure = k;
			if (how.link == OVER_PAIR && bufferevent_pair_new(base, BEV_OPT_CLOSE_ON_FREE, below))
				below[0] = below[1] = NULL;
			for (i = 0; i < 2; ++i) {
				SSL *ssl = new_ssl(i, 0);
				enum bufferevent_ssl_state state = i ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING;

				evutil_make_socket_nonblocking(fd[i]);
				if (how.link == SOCKETS) {
					bev[i] = bufferevent_openssl_socket_new(base, fd[i], ssl, state, BEV_OPT_CLOSE_ON_FREE);
				} else {
					if (how.link == OVER_SOCKETS)
						below[i] = bufferevent_socket_new(base, fd[i], BEV_OPT_CLOSE_ON_FREE);
					bev[i] = bufferevent_openssl_filter_new(base, below[i], ssl, state, BEV_OPT_CLOSE_ON_FREE);
				}
				if (!bev[i])
					continue;
				watch(bev[i], &seen[i]);
				bufferevent_enable(bev[i], EV_READ);
				seen[i].stop_on = 4;
			}
			for (i = 0; i < 2; ++i) {
				unsigned char buf[5000];
				size_t n;

				for (n = 0; n < sizeof buf; ++n)
					buf[n] = pattern(n);
				if (bev[i])
					(void)!bufferevent_write(bev[i], buf, sizeof buf);
			}
			for (i = 0; i < 60; ++i)
				event_base_loop(base, EVLOOP_NONBLOCK);
			used = until_failure == 0;
			until_failure = 0;
			if (!used)
				CHECK(seen[0].got == 5000 && seen[1].got == 5000);
			for (i = 0; i < 2; ++i) {
				if (bev[i])
					bufferevent_free(bev[i]);
				else if (below[i])
					bufferevent_free(below[i]);
				if (how.link == OVER_PAIR || (!bev[i] && !below[i]))
					close(fd[i]);
			}
			event_base_loop(base, EVLOOP_NONBLOCK);
			ERR_clear_error();
			CHECK(k < 10000);
		}
	}
	event_base_free(base);
	event_set_mem_functions(NULL, NULL, NULL);
	event_set_log_callback(NULL);
	base = event_base_new();
}

/* The same for OpenSSL's own memory. */
static long openssl_until_failure;
static void *openssl_malloc(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return openssl_until_failure > 0 && --openssl_until_failure == 0 ? NULL : malloc(n);
}
static void *openssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return openssl_until_failure > 0 && --openssl_until_failure == 0 ? NULL : realloc(p, n);
}
static void openssl_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}
static void test_no_memory_openssl(void)
{
	struct how how = { SOCKETS, 0, 0 };
	long k;
	int used;

	for (how.link = 0; how.link <= OVER_PAIR; ++how.link) {
		for (k = 1, used = 1; used; k += 1 + k / 40) {
			struct bufferevent *bev[2];
			struct seen seen[2];
			int i;

			memset(seen, 0, sizeof seen);
			connect_two(&how, &bev[0], &bev[1]);
			openssl_until_failure = k;
			for (i = 0; i < 2; ++i) {
				watch(bev[i], &seen[i]);
				bufferevent_enable(bev[i], EV_READ);
				fill(bev[i], 5000);
			}
			for (i = 0; i < 60; ++i)
				event_base_loop(base, EVLOOP_NONBLOCK);
			used = openssl_until_failure == 0;
			openssl_until_failure = 0;
			for (i = 0; i < 2; ++i) {
				CHECK(seen[i].eof + seen[i].error <= 1);
				CHECK(used || seen[i].got == 5000);
			}
			free_two(bev[0], bev[1]);
			ERR_clear_error();
		}
	}
}

static const struct {
	const char *name;
	void (*f)(void);
} tests[] = {
	{ "functions", test_functions }, { "small", test_small }, { "deferred", test_deferred }, { "large", test_large },
	{ "watermark", test_watermark }, { "watermark_deferred", test_watermark_deferred },
	{ "watermark_slow_reader", test_watermark_slow_reader }, { "watermark_of_one", test_watermark_of_one },
	{ "threadsafe", test_threadsafe }, { "record_in_parts", test_record_in_parts },
	{ "pause_with_pending", test_pause_with_pending }, { "rests", test_rests }, { "rate_limit", test_rate_limit },
	{ "data_and_close", test_data_and_close }, { "end_below", test_end_below }, { "half_closed", test_half_closed },
	{ "garbage", test_garbage }, { "cut_handshake", test_cut_handshake }, { "slow_handshake", test_slow_handshake },
	{ "bad_records", test_bad_records }, { "broken_pipe", test_broken_pipe }, { "key_updates", test_key_updates },
	{ "renegotiate", test_renegotiate }, { "free_anywhere", test_free_anywhere }, { "kept_session", test_kept_session },
	{ "connect", test_connect }, { "timeouts", test_timeouts }, { "paused_handshake", test_paused_handshake },
	{ "changed_stream", test_changed_stream }, { "threads", test_threads },
	{ "hostname", test_hostname }, { "batch", test_batch }, { "no_memory", test_no_memory },
	{ "no_memory_openssl", test_no_memory_openssl }, { "meddling", test_meddling },
};
#define N_TESTS (sizeof tests / sizeof *tests)

static void run_test(size_t i)
{
	/* Before OpenSSL has allocated anything. */
	if (tests[i].f == test_no_memory_openssl)
		CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
	setup();
	tests[i].f();
	teardown();
}

int main(int argc, char **argv)
{
	size_t i, failed = 0;
	int a;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "--list")) {
		for (i = 0; i < N_TESTS; ++i)
			puts(tests[i].name);
		return 0;
	}
	for (a = 1; a < argc; ++a) {
		for (i = 0; i < N_TESTS && strcmp(tests[i].name, argv[a]); ++i)
			;
		CHECK(i < N_TESTS);
		run_test(i);
		printf("ok %s\n", tests[i].name);
	}
	if (argc > 1)
		return 0;
	for (i = 0; i < N_TESTS; ++i) {
		int status = 0;
		double start = now();
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			alarm(120);
			run_test(i);
			exit(0);
		}
		waitpid(pid, &status, 0);
		if (status)
			++failed;
		printf("%s %s (%.2f s%s)\n", status ? "FAIL" : "ok", tests[i].name, now() - start,
		    WIFSIGNALED(status) ? ", killed by a signal" : "");
	}
	printf("%zu passed, %zu failed\n", N_TESTS - failed, failed);
	return failed != 0;
}
