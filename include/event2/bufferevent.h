/* Made by cargo xtask headers. Sources: capi/src/bufferevent.rs */
#ifndef EVENT2_BUFFEREVENT_H_INCLUDED_
#define EVENT2_BUFFEREVENT_H_INCLUDED_

/**
 * @file event2/bufferevent.h
 *
 * A bufferevent reads into one buffer and writes from another by itself, and
 * tells the program when there is something to do: when enough data came,
 * when enough was written, and when the connection is made, ends or fails.
 *
 * There are bufferevents on sockets, pairs that are connected with each
 * other, and filters on top of another bufferevent.
 *
 * A bufferevent is used by one thread at a time, unless it was made with
 * BEV_OPT_THREADSAFE.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>

struct sockaddr;

/** The highest rate that ev_token_bucket_cfg_new takes: no limit. */
#define EV_RATE_LIMIT_MAX EV_SSIZE_MAX

/**
 * What the event callback is told. Direction and kind are combined:
 * BEV_EVENT_READING | BEV_EVENT_EOF.
 */

/** It happened while reading. */
#define BEV_EVENT_READING 0x01
/** It happened while writing. */
#define BEV_EVENT_WRITING 0x02
/** The other side ended the connection. */
#define BEV_EVENT_EOF 0x10
/** An error that ends the connection; EVUTIL_SOCKET_ERROR tells which. */
#define BEV_EVENT_ERROR 0x20
/** The timeout of the direction ran out, which was disabled thereby. */
#define BEV_EVENT_TIMEOUT 0x40
/** A connection that bufferevent_socket_connect started is there. */
#define BEV_EVENT_CONNECTED 0x80

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent;
struct bufferevent_rate_limit_group;
struct ev_token_bucket_cfg;
struct evbuffer;
struct evdns_base;
struct event_base;
struct sockaddr;

/** How a bufferevent is made. */
enum bufferevent_options {
	/**
	 * Freeing the bufferevent closes its socket or frees the bufferevent
	 * below it.
	 */
	BEV_OPT_CLOSE_ON_FREE = 1,
	/**
	 * It has a lock, so that several threads may use it. Needs evthread.
	 */
	BEV_OPT_THREADSAFE = 2,
	/**
	 * Callbacks run from the event loop, never from within a call of the
	 * program.
	 */
	BEV_OPT_DEFER_CALLBACKS = 4,
	/**
	 * Callbacks run without the bufferevent's lock. Needs
	 * BEV_OPT_DEFER_CALLBACKS.
	 */
	BEV_OPT_UNLOCK_CALLBACKS = 8
};

enum bufferevent_trigger_options {
	/**
	 * Run the callback even if the watermarks say that there is nothing
	 * to tell.
	 */
	BEV_TRIG_IGNORE_WATERMARKS = (1 << 16),
	/**
	 * Run it from the event loop, even if the bufferevent's callbacks are
	 * not deferred.
	 */
	BEV_TRIG_DEFER_CALLBACKS = 4
};

/** How eagerly bufferevent_flush and filters pass data on. */
enum bufferevent_flush_mode {
	/** As much as is sensible. */
	BEV_NORMAL = 0,
	/** All there is. */
	BEV_FLUSH = 1,
	/** All there is, and no more will follow. */
	BEV_FINISHED = 2
};

/** What a filter says about its work. */
enum bufferevent_filter_result {
	/** Something was passed on. */
	BEV_OK = 0,
	/** Nothing was passed on: it needs more input first. */
	BEV_NEED_MORE = 1,
	/** The data cannot be processed. */
	BEV_ERROR = 2
};

/**
 * Called when data has arrived, or when output has been written: the
 * bufferevent, and the argument given to bufferevent_setcb.
 */
typedef void (*bufferevent_data_cb)(struct bufferevent *bev, void *ctx);

/**
 * Called when a connection is made or fails, at its end, on errors and
 * timeouts: the bufferevent, BEV_EVENT_* bits that tell what happened in
 * which direction, and the argument given to bufferevent_setcb.
 */
typedef void (*bufferevent_event_cb)(struct bufferevent *bev, short what,
    void *ctx);

/**
 * One direction of a filter: moves data from src to dst, changing it on the
 * way. dst_limit is the most that it should put into dst (-1: no limit), mode
 * says whether to hold data back, ctx is the filter's argument.
 */
typedef enum bufferevent_filter_result (*bufferevent_filter_cb)(
    struct evbuffer *src, struct evbuffer *dst, ev_ssize_t dst_limit,
    enum bufferevent_flush_mode mode, void *ctx);

/** Does bufferevent_add_to_rate_limit_group. */
EVENT2_EXPORT_SYMBOL
int bufferevent_add_to_rate_limit_group(struct bufferevent *a0,
    struct bufferevent_rate_limit_group *a1);

/** Does bufferevent_base_set. */
EVENT2_EXPORT_SYMBOL
int bufferevent_base_set(struct event_base *a0, struct bufferevent *a1);

/** Does bufferevent_decref. */
EVENT2_EXPORT_SYMBOL
int bufferevent_decref(struct bufferevent *a0);

/** Does bufferevent_decrement_read_limit. */
EVENT2_EXPORT_SYMBOL
int bufferevent_decrement_read_limit(struct bufferevent *a0, ev_ssize_t a1);

/** Does bufferevent_decrement_write_limit. */
EVENT2_EXPORT_SYMBOL
int bufferevent_decrement_write_limit(struct bufferevent *a0, ev_ssize_t a1);

/** Does bufferevent_disable. */
EVENT2_EXPORT_SYMBOL
int bufferevent_disable(struct bufferevent *a0, short a1);

/** Does bufferevent_enable. */
EVENT2_EXPORT_SYMBOL
int bufferevent_enable(struct bufferevent *a0, short a1);

/** Does bufferevent_filter_new. */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_filter_new(struct bufferevent *a0,
    bufferevent_filter_cb a1, bufferevent_filter_cb a2, int a3, void (*a4)(
    void *ptr), void *a5);

/** Does bufferevent_flush. */
EVENT2_EXPORT_SYMBOL
int bufferevent_flush(struct bufferevent *a0, short a1,
    enum bufferevent_flush_mode a2);

/** Does bufferevent_free. */
EVENT2_EXPORT_SYMBOL
void bufferevent_free(struct bufferevent *a0);

/** Does bufferevent_get_base. */
EVENT2_EXPORT_SYMBOL
struct event_base *bufferevent_get_base(struct bufferevent *a0);

/** Does bufferevent_get_enabled. */
EVENT2_EXPORT_SYMBOL
short bufferevent_get_enabled(struct bufferevent *a0);

/** Does bufferevent_get_input. */
EVENT2_EXPORT_SYMBOL
struct evbuffer *bufferevent_get_input(struct bufferevent *a0);

/** Does bufferevent_get_max_single_read. */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_max_single_read(struct bufferevent *a0);

/** Does bufferevent_get_max_single_write. */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_max_single_write(struct bufferevent *a0);

/** Does bufferevent_get_max_to_read. */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_max_to_read(struct bufferevent *a0);

/** Does bufferevent_get_max_to_write. */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_max_to_write(struct bufferevent *a0);

/** Does bufferevent_get_output. */
EVENT2_EXPORT_SYMBOL
struct evbuffer *bufferevent_get_output(struct bufferevent *a0);

/** Does bufferevent_get_priority. */
EVENT2_EXPORT_SYMBOL
int bufferevent_get_priority(const struct bufferevent *a0);

/** Does bufferevent_get_read_limit. */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_read_limit(struct bufferevent *a0);

/** Does bufferevent_get_token_bucket_cfg. */
EVENT2_EXPORT_SYMBOL
const struct ev_token_bucket_cfg *bufferevent_get_token_bucket_cfg(
    const struct bufferevent *a0);

/** Does bufferevent_get_underlying. */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_get_underlying(struct bufferevent *a0);

/** Does bufferevent_get_write_limit. */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_write_limit(struct bufferevent *a0);

/** Does bufferevent_getcb. */
EVENT2_EXPORT_SYMBOL
void bufferevent_getcb(struct bufferevent *a0, bufferevent_data_cb *a1,
    bufferevent_data_cb *a2, bufferevent_event_cb *a3, void **a4);

/** Does bufferevent_getfd. */
EVENT2_EXPORT_SYMBOL
int bufferevent_getfd(struct bufferevent *a0);

/** Does bufferevent_getwatermark. */
EVENT2_EXPORT_SYMBOL
int bufferevent_getwatermark(struct bufferevent *a0, short a1, size_t *a2,
    size_t *a3);

/** Does bufferevent_incref. */
EVENT2_EXPORT_SYMBOL
void bufferevent_incref(struct bufferevent *a0);

/** Does bufferevent_lock. */
EVENT2_EXPORT_SYMBOL
void bufferevent_lock(struct bufferevent *a0);

/** Does bufferevent_pair_get_partner. */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_pair_get_partner(struct bufferevent *a0);

/** Does bufferevent_pair_new. */
EVENT2_EXPORT_SYMBOL
int bufferevent_pair_new(struct event_base *a0, int a1,
    struct bufferevent **a2);

/** Does bufferevent_priority_set. */
EVENT2_EXPORT_SYMBOL
int bufferevent_priority_set(struct bufferevent *a0, int a1);

/** Does bufferevent_rate_limit_group_decrement_read. */
EVENT2_EXPORT_SYMBOL
int bufferevent_rate_limit_group_decrement_read(
    struct bufferevent_rate_limit_group *a0, ev_ssize_t a1);

/** Does bufferevent_rate_limit_group_decrement_write. */
EVENT2_EXPORT_SYMBOL
int bufferevent_rate_limit_group_decrement_write(
    struct bufferevent_rate_limit_group *a0, ev_ssize_t a1);

/** Does bufferevent_rate_limit_group_free. */
EVENT2_EXPORT_SYMBOL
void bufferevent_rate_limit_group_free(
    struct bufferevent_rate_limit_group *a0);

/** Does bufferevent_rate_limit_group_get_read_limit. */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_rate_limit_group_get_read_limit(
    struct bufferevent_rate_limit_group *a0);

/** Does bufferevent_rate_limit_group_get_totals. */
EVENT2_EXPORT_SYMBOL
void bufferevent_rate_limit_group_get_totals(
    struct bufferevent_rate_limit_group *a0, uint64_t *a1, uint64_t *a2);

/** Does bufferevent_rate_limit_group_get_write_limit. */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_rate_limit_group_get_write_limit(
    struct bufferevent_rate_limit_group *a0);

/** Does bufferevent_rate_limit_group_new. */
EVENT2_EXPORT_SYMBOL
struct bufferevent_rate_limit_group *bufferevent_rate_limit_group_new(
    struct event_base *a0, const struct ev_token_bucket_cfg *a1);

/** Does bufferevent_rate_limit_group_reset_totals. */
EVENT2_EXPORT_SYMBOL
void bufferevent_rate_limit_group_reset_totals(
    struct bufferevent_rate_limit_group *a0);

/** Does bufferevent_rate_limit_group_set_cfg. */
EVENT2_EXPORT_SYMBOL
int bufferevent_rate_limit_group_set_cfg(
    struct bufferevent_rate_limit_group *a0,
    const struct ev_token_bucket_cfg *a1);

/** Does bufferevent_rate_limit_group_set_min_share. */
EVENT2_EXPORT_SYMBOL
int bufferevent_rate_limit_group_set_min_share(
    struct bufferevent_rate_limit_group *a0, size_t a1);

/** Does bufferevent_read. */
EVENT2_EXPORT_SYMBOL
size_t bufferevent_read(struct bufferevent *a0, void *a1, size_t a2);

/** Does bufferevent_read_buffer. */
EVENT2_EXPORT_SYMBOL
int bufferevent_read_buffer(struct bufferevent *a0, struct evbuffer *a1);

/** Does bufferevent_remove_from_rate_limit_group. */
EVENT2_EXPORT_SYMBOL
int bufferevent_remove_from_rate_limit_group(struct bufferevent *a0);

/** Does bufferevent_set_max_single_read. */
EVENT2_EXPORT_SYMBOL
int bufferevent_set_max_single_read(struct bufferevent *a0, size_t a1);

/** Does bufferevent_set_max_single_write. */
EVENT2_EXPORT_SYMBOL
int bufferevent_set_max_single_write(struct bufferevent *a0, size_t a1);

/** Does bufferevent_set_rate_limit. */
EVENT2_EXPORT_SYMBOL
int bufferevent_set_rate_limit(struct bufferevent *a0,
    struct ev_token_bucket_cfg *a1);

/** Does bufferevent_set_timeouts. */
EVENT2_EXPORT_SYMBOL
int bufferevent_set_timeouts(struct bufferevent *a0, const struct timeval *a1,
    const struct timeval *a2);

/** Does bufferevent_setcb. */
EVENT2_EXPORT_SYMBOL
void bufferevent_setcb(struct bufferevent *a0, bufferevent_data_cb a1,
    bufferevent_data_cb a2, bufferevent_event_cb a3, void *a4);

/** Does bufferevent_setfd. */
EVENT2_EXPORT_SYMBOL
int bufferevent_setfd(struct bufferevent *a0, int a1);

/** Does bufferevent_setwatermark. */
EVENT2_EXPORT_SYMBOL
void bufferevent_setwatermark(struct bufferevent *a0, short a1, size_t a2,
    size_t a3);

/** Does bufferevent_socket_connect. */
EVENT2_EXPORT_SYMBOL
int bufferevent_socket_connect(struct bufferevent *a0,
    const struct sockaddr *a1, int a2);

/** Does bufferevent_socket_connect_hostname. */
EVENT2_EXPORT_SYMBOL
int bufferevent_socket_connect_hostname(struct bufferevent *a0,
    struct evdns_base *a1, int a2, const char *a3, int a4);

/** Does bufferevent_socket_get_dns_error. */
EVENT2_EXPORT_SYMBOL
int bufferevent_socket_get_dns_error(struct bufferevent *a0);

/** Does bufferevent_socket_new. */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_socket_new(struct event_base *a0, int a1,
    int a2);

/** Does bufferevent_trigger. */
EVENT2_EXPORT_SYMBOL
void bufferevent_trigger(struct bufferevent *a0, short a1, int a2);

/** Does bufferevent_trigger_event. */
EVENT2_EXPORT_SYMBOL
void bufferevent_trigger_event(struct bufferevent *a0, short a1, int a2);

/** Does bufferevent_unlock. */
EVENT2_EXPORT_SYMBOL
void bufferevent_unlock(struct bufferevent *a0);

/** Does bufferevent_write. */
EVENT2_EXPORT_SYMBOL
int bufferevent_write(struct bufferevent *a0, const void *a1, size_t a2);

/** Does bufferevent_write_buffer. */
EVENT2_EXPORT_SYMBOL
int bufferevent_write_buffer(struct bufferevent *a0, struct evbuffer *a1);

/** Does ev_token_bucket_cfg_free. */
EVENT2_EXPORT_SYMBOL
void ev_token_bucket_cfg_free(struct ev_token_bucket_cfg *a0);

/** Does ev_token_bucket_cfg_new. */
EVENT2_EXPORT_SYMBOL
struct ev_token_bucket_cfg *ev_token_bucket_cfg_new(size_t a0, size_t a1,
    size_t a2, size_t a3, const struct timeval *a4);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_BUFFEREVENT_H_INCLUDED_ */
