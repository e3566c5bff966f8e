/* TLS: an echo server and its clients in one program.
 *
 * The server has a certificate for "localhost", made on the spot. A client that trusts it and asks for that name gets its
 * lines back; one that was sent to the wrong server finds out before it has said anything.
 *
 *   cc tls-echo.c $(pkg-config --cflags --libs libevent_openssl openssl)
 */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES 1000

static SSL_CTX *server_ctx, *client_ctx;
static struct sockaddr_in address;

/* ---- the certificate: a real server loads one with SSL_CTX_use_certificate_chain_file() ---- */

static int make_certificate(void)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	X509 *cert = X509_new();
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
	int ok;

	ok = maker && cert && names && EVP_PKEY_keygen_init(maker) > 0 &&
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(maker, NID_X9_62_prime256v1) > 0 &&
	    EVP_PKEY_keygen(maker, &key) > 0 && X509_set_version(cert, 2) &&
	    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) && X509_gmtime_adj(X509_getm_notBefore(cert), -60) &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), 3600) && X509_set_pubkey(cert, key) &&
	    X509_add_ext(cert, names, -1) && X509_sign(cert, key, EVP_sha256()) &&
	    SSL_CTX_use_certificate(server_ctx, cert) && SSL_CTX_use_PrivateKey(server_ctx, key) &&
	    /* A real client calls SSL_CTX_set_default_verify_paths() instead. */
	    X509_STORE_add_cert(SSL_CTX_get_cert_store(client_ctx), cert);
	X509_EXTENSION_free(names);
	EVP_PKEY_CTX_free(maker);
	EVP_PKEY_free(key);
	X509_free(cert);
	return ok;
}

/* ---- the server ---- */

static void echo(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_write_buffer(bev, bufferevent_get_input(bev));
}
static void gone(struct bufferevent *bev, short what, void *arg)
{
	(void)arg;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		bufferevent_free(bev);
}
static void accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int len, void *arg)
{
	struct timeval patience = { 10, 0 };
	SSL *ssl = SSL_new(server_ctx);
	struct bufferevent *bev = ssl ? bufferevent_openssl_socket_new(evconnlistener_get_base(listener), fd, ssl,
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE) : NULL;

	(void)peer, (void)len, (void)arg;
	if (!bev) {
		evutil_closesocket(fd);
		return;
	}
	bufferevent_setcb(bev, echo, NULL, gone, NULL);
	bufferevent_set_timeouts(bev, &patience, &patience);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

/* ---- the client ---- */

struct client {
	const char *server;
	int back;
};

static void start(struct event_base *base, struct client *client);

static void answered(struct bufferevent *bev, void *arg)
{
	struct client *client = arg;
	struct event_base *base = bufferevent_get_base(bev);
	char *line;

	while ((line = evbuffer_readln(bufferevent_get_input(bev), NULL, EVBUFFER_EOL_LF))) {
		if (atoi(line) == client->back)
			++client->back;
		free(line);
	}
	if (client->back < LINES)
		return;
	printf("%s: %d lines came back over %s\n", client->server, client->back,
	    SSL_get_version(bufferevent_openssl_get_ssl(bev)));
	/* Tells the server that this is the proper end. */
	SSL_shutdown(bufferevent_openssl_get_ssl(bev));
	bufferevent_free(bev);
	client->server = "example.com";
	client->back = 0;
	start(base, client);
}
static void happened(struct bufferevent *bev, short what, void *arg)
{
	struct client *client = arg;
	int i;

	if (what & BEV_EVENT_CONNECTED) {
		for (i = 0; i < LINES; ++i)
			evbuffer_add_printf(bufferevent_get_output(bev), "%d\n", i);
		return;
	}
	printf("%s: %s\n", client->server,
	    X509_verify_cert_error_string(SSL_get_verify_result(bufferevent_openssl_get_ssl(bev))));
	event_base_loopbreak(bufferevent_get_base(bev));
	bufferevent_free(bev);
}
static void start(struct event_base *base, struct client *client)
{
	SSL *ssl = SSL_new(client_ctx);
	struct bufferevent *bev = ssl ? bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
	    BEV_OPT_CLOSE_ON_FREE) : NULL;

	if (!bev || bufferevent_openssl_set_hostname(bev, client->server))
		exit(1);
	bufferevent_setcb(bev, answered, NULL, happened, client);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	/* bufferevent_socket_connect_hostname() would look the name up; both names shall lead here. */
	if (bufferevent_socket_connect(bev, (struct sockaddr *)&address, sizeof(address)))
		exit(1);
}

int main(void)
{
	struct event_base *base = event_base_new();
	struct client client = { "localhost", 0 };
	struct evconnlistener *listener;
	socklen_t len = sizeof(address);

	signal(SIGPIPE, SIG_IGN);
	server_ctx = SSL_CTX_new(TLS_server_method());
	client_ctx = SSL_CTX_new(TLS_client_method());
	if (!base || !server_ctx || !client_ctx || !make_certificate()) {
		ERR_print_errors_fp(stderr);
		return 1;
	}
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = evconnlistener_new_bind(base, accepted, NULL, LEV_OPT_CLOSE_ON_FREE, -1,
	    (struct sockaddr *)&address, sizeof(address));
	if (!listener || getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &len))
		return 1;
	start(base, &client);
	event_base_dispatch(base);

	evconnlistener_free(listener);
	event_base_free(base);
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
	return 0;
}
