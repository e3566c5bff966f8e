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

/** Does bufferevent_new. */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_new(int a0, bufferevent_data_cb a1,
    bufferevent_data_cb a2, bufferevent_event_cb a3, void *a4);

/** Does bufferevent_settimeout. */
EVENT2_EXPORT_SYMBOL
void bufferevent_settimeout(struct bufferevent *a0, int a1, int a2);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_BUFFEREVENT_COMPAT_H_INCLUDED_ */
