#include "common.h"

const char *const link_names[N_LINKS] = { "sockets", "over sockets", "over a pair", "over a filter", "over TLS" };
struct event_base *base;
SSL_CTX *server_ctx, *client_ctx;

static EVP_PKEY *make_key(void)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);

	CHECK(c && EVP_PKEY_keygen_init(c) > 0);
	CHECK(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(c, NID_X9_62_prime256v1) > 0);
	CHECK(EVP_PKEY_keygen(c, &key) > 0);
	EVP_PKEY_CTX_free(c);
	return key;
}

static X509 *make_cert(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *name;
	X509_EXTENSION *san;

	CHECK(x && X509_set_version(x, 2));
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	name = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:example.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1");
	CHECK(san && X509_add_ext(x, san, -1));
	X509_EXTENSION_free(san);
	CHECK(X509_sign(x, key, EVP_sha256()));
	return x;
}

void setup(void)
{
	EVP_PKEY *key = make_key();
	X509 *cert = make_cert(key);

	signal(SIGPIPE, SIG_IGN);
	server_ctx = SSL_CTX_new(TLS_server_method());
	client_ctx = SSL_CTX_new(TLS_client_method());
	CHECK(server_ctx && client_ctx);
#ifdef SSL_OP_ALLOW_CLIENT_RENEGOTIATION
	SSL_CTX_set_options(server_ctx, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
#endif
	CHECK(SSL_CTX_use_certificate(server_ctx, cert) && SSL_CTX_use_PrivateKey(server_ctx, key));
	CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(client_ctx), cert));
	X509_free(cert);
	EVP_PKEY_free(key);
	base = event_base_new();
	CHECK(base);
}
void teardown(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
	CHECK(ERR_peek_error() == 0);
	libevent_global_shutdown();
}

SSL *new_ssl(int server, int version)
{
	SSL *ssl = SSL_new(server ? server_ctx : client_ctx);

	CHECK(ssl);
	if (version) {
		SSL_set_min_proto_version(ssl, version);
		SSL_set_max_proto_version(ssl, version);
	}
	return ssl;
}

static void socket_pair(int fd[2])
{
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	evutil_make_socket_nonblocking(fd[0]);
	evutil_make_socket_nonblocking(fd[1]);
}

static struct bufferevent *filtered(struct bufferevent *below, int server, const struct how *how)
{
	struct bufferevent *bev = bufferevent_openssl_filter_new(base, below, new_ssl(server, how->version),
	    server ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING, how->options | BEV_OPT_CLOSE_ON_FREE);

	CHECK(bev && bufferevent_get_underlying(bev) == below);
	return bev;
}

struct bufferevent *on_socket(int fd, int server, int version, int options)
{
	struct bufferevent *bev = bufferevent_openssl_socket_new(base, fd, new_ssl(server, version),
	    server ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING, options);

	CHECK(bev && bufferevent_getfd(bev) == fd);
	return bev;
}

void connect_two(const struct how *how, struct bufferevent **client, struct bufferevent **server)
{
	int fd[2], options = how->options | BEV_OPT_CLOSE_ON_FREE;
	struct bufferevent *below[2];

	if (how->link == OVER_PAIR) {
		CHECK(!bufferevent_pair_new(base, options, below));
	} else {
		socket_pair(fd);
		if (how->link == SOCKETS) {
			*client = on_socket(fd[0], 0, how->version, options);
			*server = on_socket(fd[1], 1, how->version, options);
			return;
		}
		if (how->link == OVER_TLS) {
			below[0] = on_socket(fd[0], 0, how->version, options);
			below[1] = on_socket(fd[1], 1, how->version, options);
		} else {
			below[0] = bufferevent_socket_new(base, fd[0], options);
			below[1] = bufferevent_socket_new(base, fd[1], options);
		}
		if (how->link == OVER_FILTER) {
			below[0] = bufferevent_filter_new(below[0], NULL, NULL, options, NULL, NULL);
			below[1] = bufferevent_filter_new(below[1], NULL, NULL, options, NULL, NULL);
		}
	}
	CHECK(below[0] && below[1]);
	*client = filtered(below[0], 0, how);
	*server = filtered(below[1], 1, how);
}
void free_two(struct bufferevent *client, struct bufferevent *server)
{
	bufferevent_free(client);
	bufferevent_free(server);
	event_base_loop(base, EVLOOP_NONBLOCK);
}

unsigned char pattern(size_t at)
{
	return (unsigned char)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

static void stop_or_free(struct bufferevent *bev, struct seen *s, int what)
{
	if (s->stop_on & what)
		event_base_loopbreak(base);
	if (s->free_on & what) {
		s->freed = 1;
		bufferevent_free(bev);
	}
}
static void on_read(struct bufferevent *bev, void *arg)
{
	struct seen *s = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	unsigned char buf[4096];
	int n, i;

	++s->reads;
	/* A limited reader takes no more than that at once. */
	while ((n = evbuffer_remove(in, buf, s->limit && s->limit < sizeof buf ? s->limit : sizeof buf)) > 0) {
		for (i = 0; i < n; ++i)
			CHECK(buf[i] == pattern(s->got + i));
		s->got += n;
		if (s->limit)
			break;
	}
	stop_or_free(bev, s, 1);
}
static void on_write(struct bufferevent *bev, void *arg)
{
	struct seen *s = arg;

	++s->writes;
	stop_or_free(bev, s, 2);
}
static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct seen *s = arg;

	s->last_errno = errno;
	if (what & BEV_EVENT_CONNECTED) {
		++s->connected;
		stop_or_free(bev, s, 8);
		if (s->freed)
			return;
	}
	if (what & BEV_EVENT_EOF)
		++s->eof;
	if (what & BEV_EVENT_ERROR) {
		++s->error;
		s->ssl_error = bufferevent_get_openssl_error(bev);
	}
	if (what & BEV_EVENT_TIMEOUT)
		++s->timeout;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		s->event_after_data = (int)evbuffer_get_length(bufferevent_get_input(bev));
	if (!(what & BEV_EVENT_CONNECTED))
		stop_or_free(bev, s, 4);
}
void watch(struct bufferevent *bev, struct seen *s)
{
	bufferevent_setcb(bev, on_read, on_write, on_event, s);
}

static void time_is_up(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	event_base_loopbreak(base);
}
void run(int ms)
{
	struct timeval tv;
	struct event *timer = evtimer_new(base, time_is_up, NULL);

	/* Under valgrind everything takes longer. */
	if (getenv("TLS_SLOW"))
		ms *= atoi(getenv("TLS_SLOW"));
	tv.tv_sec = ms / 1000;
	tv.tv_usec = ms % 1000 * 1000;
	CHECK(timer && !evtimer_add(timer, &tv));
	event_base_dispatch(base);
	event_free(timer);
}
double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

void peer_init(struct peer *p, int fd, int server, int version)
{
	p->ssl = new_ssl(server, version);
	p->in = BIO_new(BIO_s_mem());
	p->out = BIO_new(BIO_s_mem());
	p->fd = fd;
	BIO_set_mem_eof_return(p->in, -1);
	SSL_set_bio(p->ssl, p->in, p->out);
	if (server)
		SSL_set_accept_state(p->ssl);
	else
		SSL_set_connect_state(p->ssl);
}
void peer_free(struct peer *p)
{
	SSL_free(p->ssl);
	if (p->fd >= 0)
		close(p->fd);
}
size_t peer_take(struct peer *p, unsigned char *to, size_t max)
{
	int n = BIO_read(p->out, to, (int)max);

	return n > 0 ? (size_t)n : 0;
}
void peer_pump(struct peer *p)
{
	unsigned char buf[65536];
	ssize_t n;
	size_t m;

	while ((n = recv(p->fd, buf, sizeof buf, MSG_DONTWAIT)) > 0)
		BIO_write(p->in, buf, (int)n);
	while ((m = peer_take(p, buf, sizeof buf)) > 0) {
		size_t at = 0;

		while (at < m && (n = send(p->fd, buf + at, m - at, MSG_NOSIGNAL)) >= 0)
			at += n;
	}
}
void peer_handshake(struct peer *p)
{
	int i;

	for (i = 0; i < 200 && !SSL_is_init_finished(p->ssl); ++i) {
		peer_pump(p);
		ERR_clear_error();
		SSL_do_handshake(p->ssl);
		peer_pump(p);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	CHECK(SSL_is_init_finished(p->ssl));
	for (i = 0; i < 5; ++i)
		event_base_loop(base, EVLOOP_NONBLOCK);
	ERR_clear_error();
}
