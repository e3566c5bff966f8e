/* Made by cargo xtask headers. Sources: capi/src/listener.rs */
#ifndef EVENT2_LISTENER_H_INCLUDED_
#define EVENT2_LISTENER_H_INCLUDED_

/**
 * @file event2/listener.h
 *
 * A listener accepts the connections that come to a socket and hands each to
 * a callback.
 */

#include <event2/visibility.h>
#include <event2/event.h>

struct sockaddr;

/** Options of a listener. */

/** Sockets of new connections are not made nonblocking. */
#define LEV_OPT_LEAVE_SOCKETS_BLOCKING 1u
/** Freeing the listener closes its socket. */
#define LEV_OPT_CLOSE_ON_FREE 2u
/** The listening socket and those of new connections are closed by exec. */
#define LEV_OPT_CLOSE_ON_EXEC 4u
/**
 * The address can be bound again right after a listener on it was closed,
 * where that is not the default.
 */
#define LEV_OPT_REUSEABLE 8u
/**
 * The listener has a lock, so that several threads may use it. Needs
 * evthread.
 */
#define LEV_OPT_THREADSAFE 16u
/** Starts disabled: evconnlistener_enable makes it accept. */
#define LEV_OPT_DISABLED 32u
/**
 * Connections are accepted once their first data has arrived, where the
 * system can do that.
 */
#define LEV_OPT_DEFERRED_ACCEPT 64u
/**
 * Several sockets may listen on one port, and the system spreads connections
 * among them.
 */
#define LEV_OPT_REUSEABLE_PORT 128u
/** An IPv6 listener does not take IPv4 connections. */
#define LEV_OPT_BIND_IPV6ONLY 256u

#ifdef __cplusplus
extern "C" {
#endif

struct evconnlistener;
struct event_base;
struct sockaddr;

/**
 * Called with each new connection: the listener, the connection's socket
 * (yours from now on), the address of the other side (valid during the call)
 * with its length, and the listener's argument.
 */
typedef void (*evconnlistener_cb)(struct evconnlistener *listener,
    evutil_socket_t fd, struct sockaddr *addr, int socklen, void *arg);

/**
 * Called when accepting fails for good, with the listener and its argument;
 * EVUTIL_SOCKET_ERROR tells why.
 */
typedef void (*evconnlistener_errorcb)(struct evconnlistener *listener,
    void *arg);

/** Does evconnlistener_disable. */
EVENT2_EXPORT_SYMBOL
int evconnlistener_disable(struct evconnlistener *a0);

/** Does evconnlistener_enable. */
EVENT2_EXPORT_SYMBOL
int evconnlistener_enable(struct evconnlistener *a0);

/** Does evconnlistener_free. */
EVENT2_EXPORT_SYMBOL
void evconnlistener_free(struct evconnlistener *a0);

/** Does evconnlistener_get_base. */
EVENT2_EXPORT_SYMBOL
struct event_base *evconnlistener_get_base(struct evconnlistener *a0);

/** Does evconnlistener_get_fd. */
EVENT2_EXPORT_SYMBOL
int evconnlistener_get_fd(struct evconnlistener *a0);

/** Does evconnlistener_new. */
EVENT2_EXPORT_SYMBOL
struct evconnlistener *evconnlistener_new(struct event_base *a0,
    evconnlistener_cb a1, void *a2, unsigned int a3, int a4, int a5);

/** Does evconnlistener_new_bind. */
EVENT2_EXPORT_SYMBOL
struct evconnlistener *evconnlistener_new_bind(struct event_base *a0,
    evconnlistener_cb a1, void *a2, unsigned int a3, int a4,
    const struct sockaddr *a5, int a6);

/** Does evconnlistener_set_cb. */
EVENT2_EXPORT_SYMBOL
void evconnlistener_set_cb(struct evconnlistener *a0, evconnlistener_cb a1,
    void *a2);

/** Does evconnlistener_set_error_cb. */
EVENT2_EXPORT_SYMBOL
void evconnlistener_set_error_cb(struct evconnlistener *a0,
    evconnlistener_errorcb a1);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_LISTENER_H_INCLUDED_ */
