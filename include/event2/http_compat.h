/* Made by cargo xtask headers. Sources: capi/src/http_compat.rs */
#ifndef EVENT2_HTTP_COMPAT_H_INCLUDED_
#define EVENT2_HTTP_COMPAT_H_INCLUDED_

/**
 * @file event2/http_compat.h
 *
 * The functions of 1.x, which work on the base that event_init made last.
 * They are not safe with several threads.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>

/** An old name. */
#define evhttp_request_uri evhttp_request_get_uri

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
struct evhttp;
struct evhttp_connection;

/**
 * evhttp_connection_base_new with the current base, and look-ups that block.
 *
 * @param address the server's name or address
 * @param port its port
 * @return the connection, or NULL if memory is short
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_connection *evhttp_connection_new(const char *address,
    uint16_t port);

/**
 * Makes a server on the current base that listens.
 *
 * @param address a host's name or numeric address; NULL for any
 * @param port the port; 0 for a free one
 * @return the server, or NULL
 */
EVENT2_EXPORT_SYMBOL
struct evhttp *evhttp_start(const char *address, uint16_t port);

/**
 * Sets the base of a connection that has not been used.
 *
 * @param evcon the connection
 * @param base the base
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_base(struct evhttp_connection *evcon,
    struct event_base *base);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_HTTP_COMPAT_H_INCLUDED_ */
