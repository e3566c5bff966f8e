/**
 * @file event2/http.h
 *
 * An HTTP/1.1 server and client, and what both need: headers, URIs, query
 * strings.
 */

#include <event2/util.h>
#include <event2/visibility.h>

/* Defined in event2/buffer.h, event2/bufferevent.h, event2/event.h ... */
struct evbuffer;
struct event_base;
struct bufferevent;
struct evconnlistener;
struct evdns_base;
struct evhttp_bound_socket;

/** Called with a bound socket, see evhttp_foreach_bound_socket(). */
typedef void evhttp_bound_socket_foreach_fn(struct evhttp_bound_socket *bound,
    void *argument);
