/* Made by cargo xtask headers. Sources: capi/openssl/src/lib.rs */
#ifndef EVENT2_BUFFEREVENT_SSL_H_INCLUDED_
#define EVENT2_BUFFEREVENT_SSL_H_INCLUDED_

/**
 * @file event2/bufferevent_ssl.h
 *
 * Bufferevents that encrypt what is written and decrypt what is read, with
 * OpenSSL, over a socket or on top of another bufferevent. The program needs
 * libevent_openssl besides.
 *
 * What the peer has sent before the end of its stream is always there, and
 * the read callback has been called, before BEV_EVENT_EOF is.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>
#include <event2/bufferevent.h>
#include <event2/util.h>

/**
 * For bufferevent_ssl_set_flags(): an end of the transport without a proper
 * end of the TLS stream is reported as BEV_EVENT_EOF, not as BEV_EVENT_ERROR.
 * An attacker who can cut the connection can then shorten what the peer sent.
 */
#define BUFFEREVENT_SSL_DIRTY_SHUTDOWN 1
/**
 * For bufferevent_ssl_set_flags(): a filter puts what is written in one turn
 * of the loop together into few records, as a TLS bufferevent over a socket
 * always does.
 */
#define BUFFEREVENT_SSL_BATCH_WRITE 2

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent;
struct event_base;
struct ssl_st;

/** How far a TLS session is when a bufferevent is made for it. */
enum bufferevent_ssl_state {
	/** The handshake is complete. */
	BUFFEREVENT_SSL_OPEN = 0,
	/** It is a client, and the handshake is to be made. */
	BUFFEREVENT_SSL_CONNECTING = 1,
	/** It is a server, and the handshake is to be made. */
	BUFFEREVENT_SSL_ACCEPTING = 2
};

/**
 * Makes a TLS bufferevent on top of another bufferevent: what is written is
 * encrypted and written to that one, what that one reads is decrypted.
 *
 * From now on the other bufferevent belongs to this one: its callbacks are
 * replaced, it is enabled, its read watermarks are cleared. Whether the
 * handshake is complete is told with BEV_EVENT_CONNECTED; only then data
 * flows. The handshake needs both directions and goes on as long as one of
 * them is enabled.
 *
 * @param base the event base, that of the other bufferevent
 * @param underlying the bufferevent below: of a socket, of a pair, a filter,
 *   or again one of TLS
 * @param ssl the session (an SSL * of OpenSSL), whose BIO is replaced
 * @param state whether the handshake has been made, or which side we are
 * @param options BEV_OPT_* flags. With BEV_OPT_CLOSE_ON_FREE the bufferevent
 *   below and the session are freed with this one; and the session also when
 *   this function fails
 * @return the bufferevent, to be released with bufferevent_free(), or NULL
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_openssl_filter_new(struct event_base *base,
    struct bufferevent *underlying, struct ssl_st *ssl,
    enum bufferevent_ssl_state state, int options);

/**
 * Makes a TLS bufferevent over a socket.
 *
 * Whether the handshake is complete is told with BEV_EVENT_CONNECTED; only
 * then data flows. The handshake needs both directions and goes on as long as
 * one of them is enabled (writing is from the beginning). Nobody checks who
 * the peer is unless the session is told to: see
 * bufferevent_openssl_set_hostname().
 *
 * @param base the event base whose loop serves it
 * @param fd a nonblocking socket; or -1: the one that the session has been
 *   given with SSL_set_fd(), or, if it has none, one that comes with
 *   bufferevent_setfd() or bufferevent_socket_connect()
 * @param ssl the session (an SSL * of OpenSSL)
 * @param state whether the handshake has been made, or which side we are
 * @param options BEV_OPT_* flags. With BEV_OPT_CLOSE_ON_FREE the socket is
 *   closed and the session freed with the bufferevent; and the session also
 *   when this function fails
 * @return the bufferevent, to be released with bufferevent_free(), or NULL,
 *   for example when the session has another socket
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_openssl_socket_new(struct event_base *base,
    evutil_socket_t fd, struct ssl_st *ssl, enum bufferevent_ssl_state state,
    int options);

/**
 * Whether an end of the connection without a proper end of the TLS stream is
 * reported as BEV_EVENT_EOF.
 *
 * @param bev a TLS bufferevent
 * @return 1 or 0, or -1 if it is no TLS bufferevent
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_openssl_get_allow_dirty_shutdown(struct bufferevent *bev);

/**
 * Says how an end of the connection without a proper end of the TLS stream (a
 * "dirty shutdown") is reported: as BEV_EVENT_ERROR, which is the default, or
 * as BEV_EVENT_EOF. Whoever can cut the connection can shorten what the peer
 * has sent: allow it only where the protocol above TLS tells the end of its
 * messages itself.
 *
 * @param bev a TLS bufferevent; another kind is left alone
 * @param allow_dirty_shutdown not 0 to report it as BEV_EVENT_EOF
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_openssl_set_allow_dirty_shutdown(struct bufferevent *bev,
    int allow_dirty_shutdown);

/**
 * The session of a TLS bufferevent.
 *
 * @param bufev a TLS bufferevent
 * @return the session (an SSL * of OpenSSL), which stays the bufferevent's,
 *   or NULL if it is of another kind
 */
EVENT2_EXPORT_SYMBOL
struct ssl_st *bufferevent_openssl_get_ssl(struct bufferevent *bufev);

/**
 * Begins another handshake on a connection that stands. BEV_EVENT_CONNECTED
 * tells when it is complete. TLS 1.3 has no such thing; and with OpenSSL 3 a
 * server takes it from a client only if SSL_OP_ALLOW_CLIENT_RENEGOTIATION is
 * set.
 *
 * @param bev a TLS bufferevent
 * @return 0, or -1 if that is not possible
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_ssl_renegotiate(struct bufferevent *bev);

/**
 * Takes the latest error that OpenSSL has reported on a TLS bufferevent; call
 * it again for those before.
 *
 * @param bev a TLS bufferevent
 * @return the error, as ERR_get_error() gives it, or 0 if there is none
 *   (left), or if it is no TLS bufferevent. The last of several is the result
 *   of SSL_get_error()
 */
EVENT2_EXPORT_SYMBOL
unsigned long bufferevent_get_openssl_error(struct bufferevent *bev);

/**
 * Makes a client accept only the server of that name: sends the name to the
 * server (SNI), and lets the handshake fail unless the server's certificate
 * is valid for it and comes from an authority that the session trusts (see
 * SSL_CTX_set_default_verify_paths()). An IP address is looked for among the
 * certificate's addresses, and not sent.
 *
 * To be called before the handshake begins, best when the bufferevent has
 * just been made. An addition: libevent 2.1 has no such function.
 *
 * @param bev a TLS bufferevent
 * @param name the host's name as the user knows it, or an IPv4 or IPv6
 *   address
 * @return 0, or -1 if it is no TLS bufferevent, the name is empty or too
 *   long, or memory is short: then nothing is verified yet, and the
 *   connection should not be used
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_openssl_set_hostname(struct bufferevent *bev,
    const char *name);

/**
 * The flags of a TLS bufferevent. An addition, as in libevent 2.2.
 *
 * @param bev a TLS bufferevent
 * @return BUFFEREVENT_SSL_* flags, or EV_UINT64_MAX if it is of another kind
 */
EVENT2_EXPORT_SYMBOL
uint64_t bufferevent_ssl_get_flags(struct bufferevent *bev);

/**
 * Sets flags of a TLS bufferevent. An addition, as in libevent 2.2.
 *
 * @param bev a TLS bufferevent
 * @param flags BUFFEREVENT_SSL_* flags; others stay as they are
 * @return the flags as they were, or EV_UINT64_MAX if it is of another kind
 */
EVENT2_EXPORT_SYMBOL
uint64_t bufferevent_ssl_set_flags(struct bufferevent *bev, uint64_t flags);

/**
 * Clears flags of a TLS bufferevent. An addition, as in libevent 2.2.
 *
 * @param bev a TLS bufferevent
 * @param flags BUFFEREVENT_SSL_* flags; others stay as they are
 * @return the flags as they were, or EV_UINT64_MAX if it is of another kind
 */
EVENT2_EXPORT_SYMBOL
uint64_t bufferevent_ssl_clear_flags(struct bufferevent *bev, uint64_t flags);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_BUFFEREVENT_SSL_H_INCLUDED_ */
