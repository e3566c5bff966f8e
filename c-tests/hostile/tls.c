/*
 * TLS bufferevents against a peer whose bytes are cut, split, changed or missing, and a program that frees in every
 * callback. The peer is OpenSSL over memory: what it wants to send passes through our hands first.
 */
#ifdef HAVE_SSL
#include "hostile.h"
#include <event2/bufferevent_ssl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static SSL_CTX *server_ctx, *client_ctx;

static void make_contexts(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 360000);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)"good.example", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_sign(cert, key, EVP_sha256());
	server_ctx = SSL_CTX_new(TLS_server_method());
	client_ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_use_certificate(server_ctx, cert);
	SSL_CTX_use_PrivateKey(server_ctx, key);
	SSL_CTX_set_num_tickets(server_ctx, 0);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* ---- the peer ---- */
static struct {
	SSL *ssl;
	BIO *in, *out;
	struct conn c;
	/* Bytes that may still be sent; sent so far; in pieces of one byte; the byte to change. */
	long budget, sent, flip;
	int single, ready, got_close;
	size_t taken;
	char got[1 << 20];
	size_t got_len;
} peer;

static void peer_flush(void)
{
	char bytes[16384];
	int n;
	while ((n = BIO_read(peer.out, bytes, sizeof bytes)) > 0) {
		long i, use = peer.budget < n ? peer.budget : n;
		if (peer.flip >= peer.sent && peer.flip < peer.sent + n)
			bytes[peer.flip - peer.sent] ^= 0x40;
		peer.sent += n;
		peer.budget -= use;
		if (!peer.single)
			conn_send(&peer.c, bytes, (size_t)use);
		else
			for (i = 0; i < use; i++)
				conn_send(&peer.c, bytes + i, 1);
	}
}
static void peer_turn(void)
{
	int n;
	conn_take(&peer.c);
	if (peer.c.len > peer.taken) {
		BIO_write(peer.in, peer.c.in + peer.taken, (int)(peer.c.len - peer.taken));
		peer.taken = peer.c.len;
	}
	if (!peer.ready)
		peer.ready = SSL_do_handshake(peer.ssl) == 1;
	if (peer.ready)
		while (peer.got_len < sizeof peer.got &&
		    (n = SSL_read(peer.ssl, peer.got + peer.got_len, (int)(sizeof peer.got - peer.got_len))) > 0)
			peer.got_len += (size_t)n;
	if (SSL_get_shutdown(peer.ssl) & SSL_RECEIVED_SHUTDOWN)
		peer.got_close = 1;
	ERR_clear_error();
	peer_flush();
}
/* All that both can do. */
static void turns(int n)
{
	while (n--) {
		pump();
		peer_turn();
	}
	pump();
}
static int turns_until(const int *flag, int ms)
{
	long end = now_ms() + (in_valgrind ? ms * 8 : ms);
	while (!*flag) {
		if (now_ms() > end)
			return 0;
		turns(1);
		if (!*flag)
			poll(NULL, 0, 1);
	}
	return 1;
}

/* ---- the victim ---- */
/* Filter or not, server or not. */
static int as_filter, as_server;
static struct bufferevent *bev, *below;
/* What happened: C connected, d data, E end, X error, T timeout. */
static char story[256];
static char data[1 << 20];
static size_t data_len;
static int connected, ended, drained, free_in;
/* 'C', 'E', 'X', 'r' (read), 'w' (write): where the victim is freed. */
static void free_victim(void)
{
	struct bufferevent *b = bev;
	bev = NULL;
	if (b)
		bufferevent_free(b);
}
static void tell(char what)
{
	size_t n = strlen(story);
	if (n < sizeof story - 1 && (what != 'd' || !n || story[n - 1] != 'd'))
		story[n] = what, story[n + 1] = '\0';
}
static void take_data(void)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t n = evbuffer_get_length(in);
	if (n && data_len + n <= sizeof data) {
		tell('d');
		evbuffer_remove(in, data + data_len, n);
		data_len += n;
	}
}
static void on_read(struct bufferevent *b, void *arg)
{
	(void)b, (void)arg;
	if (free_in == 'r')
		free_victim();
	else
		take_data();
}
static void on_write(struct bufferevent *b, void *arg)
{
	(void)b, (void)arg;
	drained = 1;
	if (free_in == 'w')
		free_victim();
}
static void on_event(struct bufferevent *b, short what, void *arg)
{
	char c = what & BEV_EVENT_CONNECTED ? 'C' : what & BEV_EVENT_EOF ? 'E' : what & BEV_EVENT_ERROR ? 'X' : 'T';
	(void)b, (void)arg;
	if (c == 'C')
		connected = 1;
	else {
		take_data();
		ended = 1;
	}
	tell(c);
	if (free_in == c)
		free_victim();
}
/* Both have made the handshake. */
static int settle(void)
{
	return turns_until(&connected, 3000) && turns_until(&peer.ready, 3000);
}
static void begin(void)
{
	int fds[2];
	SSL *ssl = SSL_new(as_server ? server_ctx : client_ctx);
	enum bufferevent_ssl_state state = as_server ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING;
	base = base ? base : event_base_new();
	story[0] = '\0';
	data_len = 0, connected = ended = drained = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
		_exit(3);
	memset(&peer, 0, sizeof peer - sizeof peer.got - sizeof peer.got_len);
	peer.got_len = 0;
	peer.ssl = SSL_new(as_server ? client_ctx : server_ctx);
	peer.in = BIO_new(BIO_s_mem()), peer.out = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(peer.in, -1), BIO_set_mem_eof_return(peer.out, -1);
	SSL_set_bio(peer.ssl, peer.in, peer.out);
	if (as_server)
		SSL_set_connect_state(peer.ssl);
	else
		SSL_set_accept_state(peer.ssl);
	peer.budget = 1L << 40, peer.flip = -1;
	conn_adopt(&peer.c, fds[1]);
	below = NULL;
	if (as_filter) {
		below = bufferevent_socket_new(base, fds[0], BEV_OPT_CLOSE_ON_FREE);
		bev = bufferevent_openssl_filter_new(base, below, ssl, state, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	} else {
		bev = bufferevent_openssl_socket_new(base, fds[0], ssl, state, BEV_OPT_CLOSE_ON_FREE);
	}
	bufferevent_setcb(bev, on_read, on_write, on_event, NULL);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}
static void finish(void)
{
	free_victim();
	pump();
	SSL_free(peer.ssl);
	conn_close(&peer.c);
	pump();
}
static void peer_close_transport(void)
{
	close(peer.c.fd);
	peer.c.fd = -1;
	peer.c.end = 1;
}
#define EACH_KIND for (as_filter = 0; as_filter < 2; as_filter++) for (as_server = 0; as_server < 2; as_server++)
#define WHERE as_filter ? "filter" : "socket", as_server ? "server" : "client"

static void plain(void)
{
	EACH_KIND for (int single = 0; single < 2; single++) {
		begin();
		peer.single = single;
		CHECK(settle());
		SSL_write(peer.ssl, "hello", 5);
		SSL_shutdown(peer.ssl);
		turns(5);
		CHECK(turns_until(&ended, 3000));
		if (strcmp(story, "CdE") || data_len != 5)
			fail("%s %s: %s, %zu bytes", WHERE, story, data_len);
		finish();
	}
}
/* Bytes that are no TLS. */
static void garbage(void)
{
	static const char *const texts[] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff", "\x16\x03\x01\x40\x01zzzzzzzzzzzzzzz",
	    "\x15\x03\x01\0\2\2\x28", "\x80\x2e\1\3\1", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x17\x03\x03\0\5abcde",
	    "\x16\x03\x01\0\4\1\xff\xff\xff", "\x14\x03\x03\0\1\1"};
	size_t i;
	EACH_KIND for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		size_t n = i == 3 || i == 7 || i == 6 ? 12 : strlen(texts[i]);
		char room[64] = "";
		begin();
		memcpy(room, texts[i], strlen(texts[i]) + 8 < 40 ? strlen(texts[i]) + 1 : 20);
		conn_send(&peer.c, room, n);
		pump_ms(2);
		peer_close_transport();
		if (!turns_until(&ended, 3000) || connected)
			fail("%s %s: text %zu: %s", WHERE, i, story);
		finish();
	}
}
/* The peer's bytes end after `cut`. */
static void truncated_with(int dirty)
{
	long total, cut;
	EACH_KIND {
		begin();
		settle();
		SSL_write(peer.ssl, "hello", 5);
		SSL_shutdown(peer.ssl);
		turns(5);
		turns_until(&ended, 1000);
		total = peer.sent;
		finish();
		for (cut = 0; cut < total && problems < 5; cut += in_valgrind ? 211 : cut > 40 && cut < total - 120 ? 5 : 1) {
			int i, whole;
			begin();
			if (dirty)
				bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
			peer.budget = cut;
			for (i = 0; i < 8; i++) {
				turns(1);
				if (peer.ready && i == 4) {
					SSL_write(peer.ssl, "hello", 5);
					SSL_shutdown(peer.ssl);
				}
			}
			/* This connection's own bytes are counted: signatures differ in length. */
			whole = SSL_get_shutdown(peer.ssl) & SSL_SENT_SHUTDOWN && cut >= peer.sent;
			peer_close_transport();
			if (!turns_until(&ended, 3000))
				fail("%s %s cut at %ld of %ld: nothing told", WHERE, cut, total);
			/* Without a close_notify it is no end that can be trusted. */
			if (!dirty && strchr(story, 'E') && !whole)
				fail("%s %s cut at %ld of %ld: %s", WHERE, cut, total, story);
			if (dirty && connected && !strchr(story, 'E') && cut > total - 10)
				fail("%s %s dirty, cut at %ld of %ld: %s", WHERE, cut, total, story);
			if (strlen(story) > 1 && (strchr(story, 'E') || strchr(story, 'X')) &&
			    strcspn(story, "EX") != strlen(story) - 1)
				fail("%s %s cut at %ld: told more than once: %s", WHERE, cut, story);
			finish();
		}
	}
}
static void truncated(void) { truncated_with(0); }
static void truncated_dirty(void) { truncated_with(1); }
/* A changed bit anywhere: an error, never wrong data. */
static void flipped(void)
{
	long total, at;
	EACH_KIND {
		begin();
		settle();
		SSL_write(peer.ssl, "hello", 5);
		turns(5);
		total = peer.sent;
		finish();
		for (at = 0; at < total && problems < 5; at += in_valgrind ? 307 : at < total - 60 ? 7 : 1) {
			int i;
			begin();
			peer.flip = at;
			for (i = 0; i < 8; i++) {
				turns(1);
				if (peer.ready && i == 4)
					SSL_write(peer.ssl, "hello", 5);
			}
			turns(2);
			if (data_len && memcmp(data, "hello", data_len))
				fail("%s %s flip at %ld: %s", WHERE, at, shown(data, data_len));
			peer_close_transport();
			turns_until(&ended, 2000);
			finish();
		}
	}
}
/* Data and close_notify and the end of the transport at once: the data comes first. */
static void all_at_once(void)
{
	static char big[300000];
	size_t sizes[] = {1, 100, 16384, 16385, 100000, 300000}, i;
	memset(big, 'b', sizeof big);
	for (int notify = 0; notify < 2; notify++)
		EACH_KIND for (i = 0; i < 6; i++) {
			begin();
			settle();
			turns(3);
			/* One flight, into the socket before the victim looks. */
			SSL_write(peer.ssl, big, (int)sizes[i]);
			if (notify)
				SSL_shutdown(peer.ssl);
			{
				char *all = malloc(400000);
				int n = BIO_read(peer.out, all, 400000), sent = 0, size = 1 << 20;
				setsockopt(peer.c.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
				while (sent < n) {
					ssize_t k = send(peer.c.fd, all + sent, (size_t)(n - sent), MSG_NOSIGNAL);
					if (k > 0)
						sent += (int)k;
					else
						pump();
				}
				free(all);
			}
			peer_close_transport();
			if (!turns_until(&ended, 3000))
				fail("%s %s %zu bytes: %s", WHERE, sizes[i], story);
			if (strcmp(story, notify ? "CdE" : "CdX") || data_len != sizes[i])
				fail("%s %s %zu bytes, notify %d: %s, %zu bytes came", WHERE, sizes[i], notify, story, data_len);
			finish();
		}
}
/* The program looks at the input only when the end is told. */
static char last_input[16];
static void on_end_only(struct bufferevent *b, short what, void *arg)
{
	(void)arg;
	if (what & BEV_EVENT_CONNECTED) {
		connected = 1;
		return;
	}
	ended = 1;
	evbuffer_copyout(bufferevent_get_input(b), last_input, sizeof last_input);
	free_victim();
}
static void data_before_the_end(void)
{
	EACH_KIND {
		begin();
		bufferevent_setcb(bev, NULL, NULL, on_end_only, NULL);
		settle();
		turns(3);
		memset(last_input, 0, sizeof last_input);
		SSL_write(peer.ssl, "hel", 3);
		SSL_write(peer.ssl, "lo", 2);
		SSL_shutdown(peer.ssl);
		turns(3);
		CHECK(turns_until(&ended, 3000));
		if (memcmp(last_input, "hello", 5))
			fail("%s %s: only \"%s\" was there at the end", WHERE, last_input);
		finish();
	}
}
static void frees(void)
{
	static const char where[] = "CEXrw";
	int way;
	EACH_KIND for (const char *w = where; *w; w++) for (way = 0; way < 3; way++) {
		begin();
		free_in = *w;
		if (*w == 'w')
			bufferevent_write(bev, "out", 3);
		turns(6);
		if (way == 1)
			peer.flip = peer.sent + 10;
		SSL_write(peer.ssl, "hello", 5);
		SSL_write(peer.ssl, "world", 5);
		if (way == 0)
			SSL_shutdown(peer.ssl);
		turns(3);
		peer_close_transport();
		turns(5);
		free_in = 0;
		finish();
	}
}
/* Freed at each step of the handshake, with output waiting. */
static void freed_during_handshake(void)
{
	int step;
	EACH_KIND for (step = 0; step < 6; step++) {
		begin();
		bufferevent_write(bev, "early", 5);
		turns(step);
		finish();
	}
}
/* With a high watermark all still comes, piece by piece. */
static void watermarks(void)
{
	static char big[200000];
	static const struct { size_t low, high; } marks[] = {{0, 1}, {0, 10}, {0, 16384}, {0, 20000}, {100, 100}, {5000, 6000}};
	size_t i;
	for (i = 0; i < sizeof big; i++)
		big[i] = (char)(i % 251);
	EACH_KIND for (i = 0; i < sizeof marks / sizeof *marks; i++) {
		size_t want = marks[i].high < 100 ? 3000 : in_valgrind ? 40000 : sizeof big;
		long end;
		begin();
		settle();
		bufferevent_setwatermark(bev, EV_READ, marks[i].low, marks[i].high);
		SSL_write(peer.ssl, big, (int)want);
		SSL_shutdown(peer.ssl);
		end = now_ms() + (in_valgrind ? 60000 : 6000);
		while (!ended && now_ms() < end)
			turns(1);
		if (data_len != want || memcmp(data, big, want) || strcmp(story, "CdE"))
			fail("%s %s low %zu high %zu: %zu of %zu bytes, %s", WHERE, marks[i].low, marks[i].high, data_len, want, story);
		finish();
	}
}
/* Reading is off while data comes, and on again when nothing more does. */
static void disabled_meanwhile(void)
{
	EACH_KIND {
		begin();
		settle();
		turns(3);
		bufferevent_disable(bev, EV_READ);
		SSL_write(peer.ssl, "hello", 5);
		turns(5);
		CHECK(data_len == 0);
		bufferevent_enable(bev, EV_READ);
		turns(5);
		pump_ms(5);
		if (data_len != 5)
			fail("%s %s: %zu bytes", WHERE, data_len);
		finish();
	}
}
static void both_directions(void)
{
	static char big[500000];
	EACH_KIND {
		size_t in = 0;
		long end = now_ms() + (in_valgrind ? 60000 : 8000);
		begin();
		settle();
		bufferevent_write(bev, big, sizeof big);
		while ((data_len < sizeof big || peer.got_len < sizeof big) && now_ms() < end) {
			if (in < sizeof big) {
				int n = SSL_write(peer.ssl, big + in, in + 20000 < sizeof big ? 20000 : (int)(sizeof big - in));
				in += n > 0 ? (size_t)n : 0;
			}
			turns(1);
		}
		if (data_len != sizeof big || peer.got_len != sizeof big)
			fail("%s %s: %zu in, %zu out", WHERE, data_len, peer.got_len);
		finish();
	}
}
/* The peer asks for new keys over and over. */
static void key_updates(void)
{
	EACH_KIND {
		int i;
		begin();
		settle();
		for (i = 0; i < 50; i++) {
			SSL_key_update(peer.ssl, i % 2);
			SSL_write(peer.ssl, "x", 1);
			turns(1);
		}
		turns(5);
		if (data_len != 50)
			fail("%s %s: %zu of 50 bytes, %s", WHERE, data_len, story);
		bufferevent_write(bev, "y", 1);
		turns(5);
		CHECK(peer.got_len == 1);
		finish();
	}
}
static void alert(void)
{
	EACH_KIND {
		begin();
		settle();
		turns(3);
		/* A plain alert between records. */
		conn_send(&peer.c, "\x15\x03\x03\0\2\2\x28", 7);
		turns(3);
		CHECK(turns_until(&ended, 2000));
		if (strcmp(story, "CX"))
			fail("%s %s: %s", WHERE, story);
		finish();
	}
}
/* After the peer's close_notify the program may still write. */
static void half_closed(void)
{
	EACH_KIND {
		begin();
		settle();
		SSL_shutdown(peer.ssl);
		turns(3);
		CHECK(turns_until(&ended, 2000));
		if (strcmp(story, "CE"))
			fail("%s %s: %s", WHERE, story);
		bufferevent_write(bev, "late", 4);
		turns(5);
		finish();
	}
}
static void peer_that_does_not_read(void)
{
	static char big[4 << 20];
	EACH_KIND {
		int i;
		begin();
		settle();
		bufferevent_write(bev, big, sizeof big);
		for (i = 0; i < 20; i++)
			pump();
		peer_close_transport();
		pump_ms(5);
		finish();
	}
}
static void connect_refused(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(1)};
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	base = event_base_new();
	story[0] = '\0', ended = 0, as_filter = 0, as_server = 0;
	bev = bufferevent_openssl_socket_new(base, -1, SSL_new(client_ctx), BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, on_read, on_write, on_event, NULL);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	if (bufferevent_socket_connect(bev, (struct sockaddr *)&sin, sizeof sin) == 0)
		CHECK(pump_until(&ended, 3000));
	pump_ms(5);
	if (strcmp(story, "X"))
		fail("%s", story);
	/* Nothing was wrong with TLS. */
	CHECK(bufferevent_get_openssl_error(bev) == 0);
	free_victim();
}
static void not_tls(void)
{
	struct bufferevent *other;
	base = event_base_new();
	other = bufferevent_socket_new(base, -1, 0);
	CHECK(bufferevent_get_openssl_error(other) == 0);
	CHECK(bufferevent_openssl_get_ssl(other) == NULL);
	CHECK(bufferevent_ssl_renegotiate(other) == -1);
	CHECK(bufferevent_openssl_get_allow_dirty_shutdown(other) == -1);
	bufferevent_openssl_set_allow_dirty_shutdown(other, 1);
	bufferevent_free(other);
}
static void renegotiate(void)
{
	EACH_KIND {
		begin();
		bufferevent_ssl_renegotiate(bev);
		settle();
		/* TLS 1.3 has none; the connection lives on. */
		bufferevent_ssl_renegotiate(bev);
		turns(5);
		SSL_write(peer.ssl, "hello", 5);
		turns(5);
		if (strchr(story, 'X') == NULL && data_len != 5)
			fail("%s %s: %s", WHERE, story);
		finish();
	}
}
/* Objects made and thrown away at once. */
static void unused_objects(void)
{
	int state, options;
	base = event_base_new();
	for (state = 0; state < 3; state++)
		for (options = 0; options < 16; options++) {
			SSL *ssl = SSL_new(state == 2 ? server_ctx : client_ctx);
			int close_it = options & BEV_OPT_CLOSE_ON_FREE;
			bev = bufferevent_openssl_socket_new(base, -1, ssl, (enum bufferevent_ssl_state)state, options & ~BEV_OPT_THREADSAFE);
			if (bev)
				bufferevent_free(bev);
			pump();
			if (!close_it)
				SSL_free(ssl);
		}
	bev = NULL;
}
#ifdef BUFFEREVENT_SSL_DIRTY_SHUTDOWN
/* An addition of ours: the peer's name. */
static void wrong_host_name(void)
{
	for (as_filter = 0; as_filter < 2; as_filter++) {
		as_server = 0;
		begin();
		CHECK(bufferevent_openssl_set_hostname(bev, "bad.example") == 0);
		turns(6);
		CHECK(turns_until(&ended, 3000));
		if (connected || strcmp(story, "X"))
			fail("%s", story);
		CHECK(bufferevent_openssl_set_hostname(bev, "") == -1);
		CHECK(bufferevent_openssl_set_hostname(bev, NULL) == -1);
		finish();
	}
}
#endif

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"plain", plain, 0, NULL}, {"garbage", garbage, 0, NULL}, {"truncated", truncated, 0, NULL},
		{"truncated, dirty shutdown allowed", truncated_dirty, 0, NULL}, {"flipped bits", flipped, 0, NULL},
		{"data, close and end at once", all_at_once, 0, NULL}, {"data before the end", data_before_the_end, 0, NULL},
		{"freed in callbacks", frees, 0, NULL}, {"freed during the handshake", freed_during_handshake, 0, NULL},
		{"watermarks", watermarks, 0, NULL}, {"disabled meanwhile", disabled_meanwhile, 0, NULL},
		{"both directions", both_directions, 0, NULL}, {"key updates", key_updates, 0, NULL}, {"alert", alert, 0, NULL},
		{"half closed", half_closed, 0, NULL}, {"peer that does not read", peer_that_does_not_read, 0, NULL},
		{"connect refused", connect_refused, 0, NULL}, {"not TLS", not_tls, 0, NULL}, {"renegotiate", renegotiate, 0, NULL},
		{"unused objects", unused_objects, 0, NULL},
#ifdef BUFFEREVENT_SSL_DIRTY_SHUTDOWN
		{"wrong host name", wrong_host_name, 0, NULL},
#endif
	};
	int r;
	make_contexts();
	r = RUN_TESTS(argc, argv, tests);
	SSL_CTX_free(server_ctx), SSL_CTX_free(client_ctx);
	return r;
}
#else
int main(void) { return 0; }
#endif
