
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
