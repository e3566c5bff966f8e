/* Made by cargo xtask headers. Sources: capi/src/bufferevent_compat.rs */
#ifndef EVENT2_BUFFEREVENT_COMPAT_H_INCLUDED_
#define EVENT2_BUFFEREVENT_COMPAT_H_INCLUDED_

/**
 * @file event2/bufferevent_compat.h
 *
 * Names of 1.x. See event2/bufferevent.h for what replaces them.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>
#include <event2/bufferevent.h>

/** Old names of the types of callbacks. */
#define evbuffercb bufferevent_data_cb
#define everrorcb bufferevent_event_cb

/** Old names of BEV_EVENT_*. */
#define EVBUFFER_READ BEV_EVENT_READING
#define EVBUFFER_WRITE BEV_EVENT_WRITING
#define EVBUFFER_EOF BEV_EVENT_EOF
#define EVBUFFER_ERROR BEV_EVENT_ERROR
#define EVBUFFER_TIMEOUT BEV_EVENT_TIMEOUT

/** The buffers of a bufferevent. */
#define EVBUFFER_INPUT(x) bufferevent_get_input(x)
#define EVBUFFER_OUTPUT(x) bufferevent_get_output(x)

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent;

/**
 * Makes a bufferevent over a socket on the current event base. Prefer
 * bufferevent_socket_new(), which is told the base.
 *
 * @param fd a nonblocking socket
 * @param readcb called when input has come, or NULL
 * @param writecb called when the output has been sent, or NULL
 * @param errorcb called at the end of the stream, on errors and timeouts
 * @param cbarg passed to each of them
 * @return the bufferevent, to be released with bufferevent_free(), or NULL
 *   when memory is short
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_new(evutil_socket_t fd,
    bufferevent_data_cb readcb, bufferevent_data_cb writecb,
    bufferevent_event_cb errorcb, void *cbarg);

/**
 * Sets the timeouts, in seconds. Prefer bufferevent_set_timeouts().
 *
 * @param bufev the bufferevent
 * @param timeout_read seconds for reading; 0: no limit
 * @param timeout_write seconds for writing; 0: no limit
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_settimeout(struct bufferevent *bufev, int timeout_read,
    int timeout_write);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_BUFFEREVENT_COMPAT_H_INCLUDED_ */
