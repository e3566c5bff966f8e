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

/**
 * Makes a listener on a bound socket.
 *
 * @param base the event base whose loop accepts
 * @param cb called with each connection, or NULL: then nothing is accepted
 *   until evconnlistener_set_cb()
 * @param ptr passed to the callback
 * @param flags LEV_OPT_* flags; those about the socket's address have no
 *   effect here
 * @param backlog how many connections may wait; below 0 for a default, 0 if
 *   listen() has been called on the socket
 * @param fd the socket, nonblocking
 * @return the listener, to be released with evconnlistener_free(), or NULL
 *   (errno tells why; the socket stays open)
 */
EVENT2_EXPORT_SYMBOL
struct evconnlistener *evconnlistener_new(struct event_base *base,
    evconnlistener_cb cb, void *ptr, unsigned int flags, int backlog,
    evutil_socket_t fd);

/**
 * Makes a stream socket, binds it to an address, and listens on it.
 *
 * @param base the event base whose loop accepts
 * @param cb called with each connection, or NULL
 * @param ptr passed to the callback
 * @param flags LEV_OPT_* flags. On an AF_UNIX address LEV_OPT_REUSEABLE and
 *   LEV_OPT_REUSEABLE_PORT mean nothing and are passed over
 * @param backlog how many connections may wait; below 0 for a default; not 0
 * @param addr the address, or NULL
 * @param socklen its length in bytes
 * @return the listener, to be released with evconnlistener_free(), or NULL
 *   (errno tells why)
 */
EVENT2_EXPORT_SYMBOL
struct evconnlistener *evconnlistener_new_bind(struct event_base *base,
    evconnlistener_cb cb, void *ptr, unsigned int flags, int backlog,
    const struct sockaddr *addr, int socklen);

/**
 * Gives up a listener; with LEV_OPT_CLOSE_ON_FREE its socket is closed at
 * once. Safe inside its own callbacks, and from other threads with
 * LEV_OPT_THREADSAFE: a callback that is running finishes.
 *
 * @param lev the listener, which must not be used afterwards
 */
EVENT2_EXPORT_SYMBOL
void evconnlistener_free(struct evconnlistener *lev);

/**
 * Makes a disabled listener accept again.
 *
 * @param lev the listener
 * @return 0, or -1 if the socket cannot be watched
 */
EVENT2_EXPORT_SYMBOL
int evconnlistener_enable(struct evconnlistener *lev);

/**
 * Stops accepting. Connections wait in the system's queue. Does not wait for
 * a callback that runs in another thread.
 *
 * @param lev the listener
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int evconnlistener_disable(struct evconnlistener *lev);

/**
 * Tells which event base a listener uses.
 *
 * @param lev the listener
 * @return its base
 */
EVENT2_EXPORT_SYMBOL
struct event_base *evconnlistener_get_base(struct evconnlistener *lev);

/**
 * Tells the socket of a listener.
 *
 * @param lev the listener
 * @return the socket
 */
EVENT2_EXPORT_SYMBOL
evutil_socket_t evconnlistener_get_fd(struct evconnlistener *lev);

/**
 * Sets the callback. A listener that had none begins to accept, unless it is
 * disabled.
 *
 * @param lev the listener
 * @param cb the callback, or NULL
 * @param arg passed to it, and to the error callback
 */
EVENT2_EXPORT_SYMBOL
void evconnlistener_set_cb(struct evconnlistener *lev, evconnlistener_cb cb,
    void *arg);

/**
 * Sets the callback for errors of accept() that will not pass by themselves,
 * such as too many open files; errno tells which. Without one a warning is
 * logged. The listener stays enabled and tries again as long as connections
 * wait: disable it there to pause.
 *
 * @param lev the listener
 * @param errorcb the callback, or NULL
 */
EVENT2_EXPORT_SYMBOL
void evconnlistener_set_error_cb(struct evconnlistener *lev,
    evconnlistener_errorcb errorcb);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_LISTENER_H_INCLUDED_ */
