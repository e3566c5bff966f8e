/* Made by cargo xtask headers. Sources: src/abi */
#ifndef EVENT2_BUFFEREVENT_STRUCT_H_INCLUDED_
#define EVENT2_BUFFEREVENT_STRUCT_H_INCLUDED_

/**
 * @file event2/bufferevent_struct.h
 *
 * The inside of a bufferevent, for programs written before there were
 * functions for it. A program that includes this depends on the layout.
 */

#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>
#include <event2/event_struct.h>
#include <event2/bufferevent.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent;
struct bufferevent_ops;
struct evbuffer;
struct event;
struct event_base;
struct event_watermark;

/** Watermarks of one direction, in bytes; 0 as the high one means none. */
struct event_watermark {
	size_t low;
	size_t high;
};

/**
 * The part of a bufferevent that programs may look at. Functions exist for
 * all of it: use them where you can. Never make one of these yourself, nor
 * copy it: the library's own part follows in memory.
 */
struct bufferevent {
	/** The base it runs on. */
	struct event_base *ev_base;
	/** The library's. */
	const struct bufferevent_ops *be_ops;
	/** The events of its socket, where it has one. */
	struct event ev_read;
	struct event ev_write;
	/** Received data. Owned by the bufferevent. */
	struct evbuffer *input;
	/** Data to send. Owned by the bufferevent. */
	struct evbuffer *output;
	/** Watermarks of the two directions. */
	struct event_watermark wm_read;
	struct event_watermark wm_write;
	/** The callbacks, and their argument. */
	bufferevent_data_cb readcb;
	bufferevent_data_cb writecb;
	bufferevent_event_cb errorcb;
	void *cbarg;
	/** Timeouts; 0 for none. */
	struct timeval timeout_read;
	struct timeval timeout_write;
	/** The enabled directions: EV_READ, EV_WRITE. */
	short enabled;
};

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_BUFFEREVENT_STRUCT_H_INCLUDED_ */
