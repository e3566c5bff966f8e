/* TLS bufferevents that echo, both ends in this process. */
#include "bench.h"
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static struct event_base *base;
static struct bufferevent *near;
static size_t size, got;
static long left;
static char block[16384];
static int open_ends;

static SSL_CTX *
server_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	CHECK(ctx && key && cert);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)"bench", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	CHECK(X509_sign(cert, key, EVP_sha256()));
	CHECK(SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1);
	return ctx;
}
static void
opened(struct bufferevent *bev, short what, void *arg)
{
	(void)bev, (void)arg;
	CHECK(what == BEV_EVENT_CONNECTED);
	open_ends++;
}
static void
echo(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_write_buffer(bev, bufferevent_get_input(bev));
}
static void
answered(struct bufferevent *bev, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	(void)arg;
	got += evbuffer_get_length(input);
	evbuffer_drain(input, evbuffer_get_length(input));
	if (got < size)
		return;
	got = 0;
	if (--left > 0)
		bufferevent_write(bev, block, size);
}
static void
echoes(long ops)
{
	left = ops;
	bufferevent_write(near, block, size);
	while (left > 0)
		event_base_loop(base, EVLOOP_ONCE);
}
static void
make(size_t n)
{
	evutil_socket_t ends[2];
	struct bufferevent *beyond;
	size = n;
	base = bench_base();
	bench_pair(ends);
	near = bufferevent_openssl_socket_new(base, ends[0], SSL_new(SSL_CTX_new(TLS_client_method())), BUFFEREVENT_SSL_CONNECTING, 0);
	beyond = bufferevent_openssl_socket_new(base, ends[1], SSL_new(server_context()), BUFFEREVENT_SSL_ACCEPTING, 0);
	CHECK(near && beyond);
	bufferevent_setcb(near, answered, NULL, opened, NULL);
	bufferevent_setcb(beyond, echo, NULL, opened, NULL);
	bufferevent_enable(near, EV_READ | EV_WRITE);
	bufferevent_enable(beyond, EV_READ | EV_WRITE);
	while (open_ends < 2)
		event_base_loop(base, EVLOOP_ONCE);
	echoes(10);
}
static void tls_64(void) { make(64); }
static void tls_16k(void) { make(16384); }

const struct workload tls_workloads[] = {
	{ "tls_echo_64", tls_64, echoes, NULL },
	{ "tls_echo_16k", tls_16k, echoes, NULL },
	{ 0 },
};
