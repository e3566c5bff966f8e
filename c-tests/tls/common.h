/* What the TLS tests share: a certificate made on the spot, links of every kind, and a peer of our own. */
#ifndef TLS_COMMON_H
#define TLS_COMMON_H
#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/bufferevent_struct.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <event2/util.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(x) \
	do { \
		if (!(x)) { \
			printf("%s:%d: %s\n", __FILE__, __LINE__, #x); \
			fflush(stdout); \
			_exit(1); \
		} \
	} while (0)

/* What one test may vary. */
enum link { SOCKETS, OVER_SOCKETS, OVER_PAIR, OVER_FILTER, OVER_TLS, N_LINKS };
struct how {
	enum link link;
	int version; /* 0: the best */
	int options;
};
extern const char *const link_names[N_LINKS];

extern struct event_base *base;
extern SSL_CTX *server_ctx, *client_ctx;

void setup(void);
void teardown(void);
SSL *new_ssl(int server, int version);
/* Two TLS bufferevents that are connected with each other. */
void connect_two(const struct how *how, struct bufferevent **client, struct bufferevent **server);
void free_two(struct bufferevent *client, struct bufferevent *server);
/* A TLS bufferevent on one end of a socket pair. */
struct bufferevent *on_socket(int fd, int server, int version, int options);

/* Counts what a bufferevent reports. */
struct seen {
	int connected, eof, error, timeout, reads, writes, last_errno;
	int event_after_data; /* bytes in the input when EOF or ERROR came */
	size_t got, limit;
	unsigned long ssl_error;
	int free_on; /* what frees the bufferevent: 1 read, 2 write, 4 any event, 8 CONNECTED */
	int stop_on; /* the same events leave the loop */
	int freed;
	unsigned char *data;
};
void watch(struct bufferevent *bev, struct seen *s);
/* Runs the loop for at most `ms`, or until something leaves it. */
void run(int ms);
double now(void);
unsigned char pattern(size_t at);

/* A TLS peer over a descriptor, by hand. */
struct peer {
	SSL *ssl;
	BIO *in, *out;
	int fd;
};
void peer_init(struct peer *p, int fd, int server, int version);
void peer_free(struct peer *p);
/* Moves what has arrived into the session and what it wants to say to the descriptor. */
void peer_pump(struct peer *p);
/* The handshake, with the loop running on the other side. */
void peer_handshake(struct peer *p);
/* What the session has to say, as bytes, not sent. */
size_t peer_take(struct peer *p, unsigned char *to, size_t max);
#endif
