
/**
 * @file event2/listener.h
 *
 * A listener accepts the connections that come to a socket and hands each to
 * a callback.
 */

#include <event2/visibility.h>
#include <event2/event.h>

struct sockaddr;
