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

/**
 * Makes a bufferevent over a socket. Writing is enabled, reading is not.
 *
 * @param base the event base whose loop serves it
 * @param fd a nonblocking socket, or -1 if it will come with
 *   bufferevent_setfd() or bufferevent_socket_connect()
 * @param options BEV_OPT_* flags
 * @return the bufferevent, to be released with bufferevent_free(), or NULL
 *   when memory is short, when BEV_OPT_THREADSAFE is asked for before
 *   evthread is set up, or when BEV_OPT_UNLOCK_CALLBACKS comes without
 *   BEV_OPT_DEFER_CALLBACKS
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_socket_new(struct event_base *base,
    evutil_socket_t fd, int options);

/**
 * Connects a socket bufferevent. When the connection stands, or has failed,
 * the event callback gets BEV_EVENT_CONNECTED or BEV_EVENT_ERROR from the
 * event loop. Data may be written at once: it goes out when the connection
 * stands.
 *
 * @param bufev a bufferevent made with bufferevent_socket_new()
 * @param addr where to; NULL if the program itself has called connect() on
 *   the bufferevent's socket
 * @param socklen the length of the address in bytes
 * @return 0 if connecting has begun, -1 if not (errno tells why; a socket
 *   that was made for this is closed again)
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_socket_connect(struct bufferevent *bufev,
    const struct sockaddr *addr, int socklen);

/**
 * Looks up a host name and connects to its addresses, one after the other,
 * until one accepts. The end is reported as by bufferevent_socket_connect();
 * a failure, or a timeout, only when the last address has failed, or timed
 * out. If the name cannot be found, the event callback gets BEV_EVENT_ERROR
 * and bufferevent_socket_get_dns_error() the code. Without a resolver the
 * call blocks until the name is found.
 *
 * @param bufev a bufferevent made with bufferevent_socket_new()
 * @param evdns_base a resolver, or NULL
 * @param family AF_INET, AF_INET6, or AF_UNSPEC for either
 * @param hostname a name, or an address in text form
 * @param port the port, 1 to 65535
 * @return 0 if the look-up has begun, -1 for bad arguments
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_socket_connect_hostname(struct bufferevent *bufev,
    struct evdns_base *evdns_base, int family, const char *hostname,
    int port);

/**
 * As bufferevent_socket_connect_hostname(), with hints for the look-up. (An
 * addition to libevent 2.1; it comes from 2.2.)
 *
 * @param bufev a bufferevent made with bufferevent_socket_new()
 * @param evdns_base a resolver, or NULL
 * @param hints_in which family, protocol and EVUTIL_AI_* flags are wanted.
 *   The type is always SOCK_STREAM.
 * @param hostname a name, or an address in text form
 * @param port the port, 1 to 65535
 * @return 0 if the look-up has begun, -1 for bad arguments
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_socket_connect_hostname_hints(struct bufferevent *bufev,
    struct evdns_base *evdns_base, const struct evutil_addrinfo *hints_in,
    const char *hostname, int port);

/**
 * Tells why the last look-up of a host name failed.
 *
 * @param bufev the bufferevent
 * @return an EVUTIL_EAI_* code for evutil_gai_strerror(), or 0
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_socket_get_dns_error(struct bufferevent *bufev);

/**
 * Moves a socket bufferevent to another event base. Only possible while it
 * waits for nothing: reading is disabled and no write waits for the socket.
 *
 * @param base the new base
 * @param bufev the bufferevent
 * @return 0, or -1 if it is of another kind or its events are pending
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_base_set(struct event_base *base, struct bufferevent *bufev);

/**
 * Tells which event base serves a bufferevent.
 *
 * @param bufev the bufferevent
 * @return its base
 */
EVENT2_EXPORT_SYMBOL
struct event_base *bufferevent_get_base(struct bufferevent *bufev);

/**
 * Sets the priority of a socket bufferevent: of its events and of its
 * deferred callbacks.
 *
 * @param bufev the bufferevent
 * @param pri 0 (the most urgent) up to one less than the base's priorities
 * @return 0, or -1 if the number is out of range, the bufferevent is of
 *   another kind, or one of its events is about to run
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_priority_set(struct bufferevent *bufev, int pri);

/**
 * Tells a bufferevent's priority.
 *
 * @param bufev the bufferevent
 * @return the priority
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_get_priority(const struct bufferevent *bufev);

/**
 * Gives up a bufferevent. From now on it calls nothing. Output that has not
 * been sent is dropped. The memory, and with BEV_OPT_CLOSE_ON_FREE the
 * socket, go as soon as no callback of it can be running, in the event loop
 * or when the base is freed. Safe inside its own callbacks and from other
 * threads.
 *
 * @param bufev the bufferevent, which must not be used afterwards
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_free(struct bufferevent *bufev);

/**
 * Sets the callbacks.
 *
 * @param bufev the bufferevent
 * @param readcb called when input has come and is at or above the read low
 *   watermark, or NULL
 * @param writecb called when the output has shrunk to the write low watermark
 *   or below, or NULL
 * @param eventcb called at the end of the stream, on errors and timeouts, and
 *   when a connection stands, or NULL
 * @param cbarg passed to each of them
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_setcb(struct bufferevent *bufev, bufferevent_data_cb readcb,
    bufferevent_data_cb writecb, bufferevent_event_cb eventcb, void *cbarg);

/**
 * Tells the callbacks that are set. Each pointer may be NULL.
 *
 * @param bufev the bufferevent
 * @param readcb_ptr receives the read callback
 * @param writecb_ptr receives the write callback
 * @param eventcb_ptr receives the event callback
 * @param cbarg_ptr receives their argument
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_getcb(struct bufferevent *bufev,
    bufferevent_data_cb *readcb_ptr, bufferevent_data_cb *writecb_ptr,
    bufferevent_event_cb *eventcb_ptr, void **cbarg_ptr);

/**
 * Gives a bufferevent another socket. The old one is not closed.
 *
 * @param bufev a bufferevent over a socket
 * @param fd the socket, nonblocking, or -1 for none
 * @return 0, or -1 if its kind has no socket
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_setfd(struct bufferevent *bufev, evutil_socket_t fd);

/**
 * Tells a bufferevent's socket. A filter tells that of what lies below.
 *
 * @param bufev the bufferevent
 * @return the socket, or -1 if there is none
 */
EVENT2_EXPORT_SYMBOL
evutil_socket_t bufferevent_getfd(struct bufferevent *bufev);

/**
 * Tells the bufferevent that a filter works on.
 *
 * @param bufev the bufferevent
 * @return the bufferevent below it, or NULL if it has none
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_get_underlying(struct bufferevent *bufev);

/**
 * Appends bytes to the output. They are sent from the event loop.
 *
 * @param bufev the bufferevent
 * @param data the bytes, which are copied
 * @param size how many
 * @return 0, or -1 when memory is short
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_write(struct bufferevent *bufev, const void *data,
    size_t size);

/**
 * Moves all bytes of a buffer to the output, without copying them. They are
 * sent from the event loop.
 *
 * @param bufev the bufferevent
 * @param buf the buffer, which is empty afterwards
 * @return 0, or -1 on failure, and then nothing is moved
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_write_buffer(struct bufferevent *bufev, struct evbuffer *buf);

/**
 * Takes bytes from the input.
 *
 * @param bufev the bufferevent
 * @param data where to put them
 * @param size how many at most
 * @return how many were there; 0 also on failure
 */
EVENT2_EXPORT_SYMBOL
size_t bufferevent_read(struct bufferevent *bufev, void *data, size_t size);

/**
 * Moves all input to the end of a buffer, without copying it.
 *
 * @param bufev the bufferevent
 * @param buf the buffer
 * @return 0, or -1 on failure, and then nothing is moved
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_read_buffer(struct bufferevent *bufev, struct evbuffer *buf);

/**
 * Tells the input buffer. It belongs to the bufferevent: take data out, but
 * add none.
 *
 * @param bufev the bufferevent
 * @return the buffer
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer *bufferevent_get_input(struct bufferevent *bufev);

/**
 * Tells the output buffer. It belongs to the bufferevent: add data, but take
 * none out.
 *
 * @param bufev the bufferevent
 * @return the buffer
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer *bufferevent_get_output(struct bufferevent *bufev);

/**
 * Enables reading, writing or both. Enabling writing calls the write callback
 * once the socket takes data.
 *
 * @param bufev the bufferevent
 * @param event EV_READ, EV_WRITE, or both
 * @return 0, or -1 when memory is short or the socket cannot be watched
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_enable(struct bufferevent *bufev, short event);

/**
 * Disables reading, writing or both. Data that has been read stays, data that
 * is not sent waits. A connect under way goes on.
 *
 * @param bufev the bufferevent
 * @param event EV_READ, EV_WRITE, or both
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_disable(struct bufferevent *bufev, short event);

/**
 * Tells what is enabled.
 *
 * @param bufev the bufferevent
 * @return EV_READ, EV_WRITE, both or neither
 */
EVENT2_EXPORT_SYMBOL
short bufferevent_get_enabled(struct bufferevent *bufev);

/**
 * Sets how long nothing may happen. After that time without a byte read, or
 * without one written while there is output, the direction is disabled and
 * the event callback gets BEV_EVENT_TIMEOUT with BEV_EVENT_READING or
 * BEV_EVENT_WRITING.
 *
 * @param bufev the bufferevent
 * @param timeout_read the time for reading, or NULL for no limit
 * @param timeout_write the time for writing, or NULL for no limit
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_set_timeouts(struct bufferevent *bufev,
    const struct timeval *timeout_read, const struct timeval *timeout_write);

/**
 * Sets watermarks, in bytes. The read callback comes only with input of at
 * least the low mark; at the high mark (0: none) reading rests until input is
 * taken. The write callback comes when the output has shrunk to the low mark;
 * the high mark is for filters, which stop feeding a bufferevent whose output
 * has reached it.
 *
 * @param bufev the bufferevent
 * @param events EV_READ, EV_WRITE or both: whose watermarks
 * @param lowmark the low watermark
 * @param highmark the high watermark
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_setwatermark(struct bufferevent *bufev, short events,
    size_t lowmark, size_t highmark);

/**
 * Tells watermarks.
 *
 * @param bufev the bufferevent
 * @param events either EV_READ or EV_WRITE
 * @param lowmark receives the low one, or NULL
 * @param highmark receives the high one, or NULL
 * @return 0, or -1 for other events
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_getwatermark(struct bufferevent *bufev, short events,
    size_t *lowmark, size_t *highmark);

/**
 * Locks a bufferevent made with BEV_OPT_THREADSAFE, together with its buffers
 * and those it shares the lock with, and holds a reference. May be nested.
 *
 * @param bufev the bufferevent
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_lock(struct bufferevent *bufev);

/**
 * Undoes one bufferevent_lock() of the same thread.
 *
 * @param bufev the bufferevent
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_unlock(struct bufferevent *bufev);

/**
 * Adds a reference, which keeps the bufferevent after bufferevent_free().
 *
 * @param bufev the bufferevent
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_incref(struct bufferevent *bufev);

/**
 * Gives up a reference.
 *
 * @param bufev the bufferevent
 * @return 1 if it was the last one, and the bufferevent is gone, else 0
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_decref(struct bufferevent *bufev);

/**
 * Moves as much data as possible now. A socket's data is on its way already;
 * pairs and filters pass on what watermarks or their functions hold back.
 *
 * @param bufev the bufferevent
 * @param iotype EV_READ, EV_WRITE or both
 * @param mode BEV_NORMAL as always, BEV_FLUSH for everything, BEV_FINISHED
 *   for everything and the end of the stream
 * @return -1 on failure, 0 if nothing was produced, 1 if something was
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_flush(struct bufferevent *bufev, short iotype,
    enum bufferevent_flush_mode mode);

/**
 * Calls the data callbacks whose low watermarks are satisfied, as if data had
 * moved.
 *
 * @param bufev the bufferevent
 * @param iotype EV_READ, EV_WRITE or both
 * @param options BEV_TRIG_IGNORE_WATERMARKS to call them in any case,
 *   BEV_TRIG_DEFER_CALLBACKS to call them from the event loop
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_trigger(struct bufferevent *bufev, short iotype,
    int options);

/**
 * Calls the event callback.
 *
 * @param bufev the bufferevent
 * @param what BEV_EVENT_* flags to pass
 * @param options BEV_TRIG_DEFER_CALLBACKS to call it from the event loop
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_trigger_event(struct bufferevent *bufev, short what,
    int options);

/**
 * Puts a filter over a bufferevent: what comes from it goes through one
 * function, what is written to it through another. The filter takes over the
 * callbacks of the bufferevent below and holds a reference on it. Both use
 * one lock.
 *
 * @param underlying the bufferevent below
 * @param input_filter treats data from below, or NULL to pass it on
 * @param output_filter treats data on its way down, or NULL to pass it on
 * @param options BEV_OPT_* flags; BEV_OPT_CLOSE_ON_FREE frees the one below
 *   too
 * @param free_context told, with ctx, when the filter is gone, or NULL
 * @param ctx passed to the functions
 * @return the filter, or NULL when memory is short
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_filter_new(struct bufferevent *underlying,
    bufferevent_filter_cb input_filter, bufferevent_filter_cb output_filter,
    int options, void (*free_context)(void *ctx), void *ctx);

/**
 * Makes two bufferevents, each of which reads what the other writes, without
 * the system. Their callbacks are always deferred.
 *
 * @param base the event base that serves both; NULL: the current one of
 *   event_init()
 * @param options BEV_OPT_* flags for both
 * @param pair receives the two
 * @return 0, or -1 as bufferevent_socket_new() fails
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_pair_new(struct event_base *base, int options,
    struct bufferevent **pair);

/**
 * Tells the other side of a pair.
 *
 * @param bufev one side
 * @return the other side, or NULL if that was freed or this is no pair
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_pair_get_partner(struct bufferevent *bufev);

/**
 * Makes a configuration of token buckets. All four numbers are in bytes, at
 * least 1 and at most EV_RATE_LIMIT_MAX; a burst is not less than its rate.
 *
 * @param read_rate how much may be read per tick on average
 * @param read_burst how much may be read in one tick
 * @param write_rate how much may be written per tick on average
 * @param write_burst how much may be written in one tick
 * @param tick_len how long a tick lasts, in whole milliseconds (less counts
 *   as one), or NULL for one second
 * @return the configuration, to be released with ev_token_bucket_cfg_free(),
 *   or NULL for bad numbers and when memory is short
 */
EVENT2_EXPORT_SYMBOL
struct ev_token_bucket_cfg *ev_token_bucket_cfg_new(size_t read_rate,
    size_t read_burst, size_t write_rate, size_t write_burst,
    const struct timeval *tick_len);

/**
 * Releases a configuration, which no bufferevent may be using any more.
 *
 * @param cfg the configuration
 */
EVENT2_EXPORT_SYMBOL
void ev_token_bucket_cfg_free(struct ev_token_bucket_cfg *cfg);

/**
 * Limits how fast a bufferevent reads and writes.
 *
 * @param bufev the bufferevent
 * @param cfg the limits, which must stay as long as they are set, or NULL for
 *   none
 * @return 0, or -1 when memory is short
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_set_rate_limit(struct bufferevent *bufev,
    struct ev_token_bucket_cfg *cfg);

/**
 * Makes a group: bufferevents that share one token bucket. They may be served
 * by different event bases.
 *
 * @param base the base whose loop fills the bucket; NULL: the current one of
 *   event_init()
 * @param cfg the limits, which are copied
 * @return the group, or NULL when memory is short
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent_rate_limit_group *bufferevent_rate_limit_group_new(
    struct event_base *base, const struct ev_token_bucket_cfg *cfg);

/**
 * Changes a group's limits.
 *
 * @param group the group
 * @param cfg the new limits, which are copied
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_rate_limit_group_set_cfg(
    struct bufferevent_rate_limit_group *group,
    const struct ev_token_bucket_cfg *cfg);

/**
 * Sets the least that a member of a group reads or writes at a time, so that
 * many members do not move a few bytes each. 64 at first; never more than a
 * tick brings.
 *
 * @param group the group
 * @param share bytes
 * @return 0, or -1 if that is too much
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_rate_limit_group_set_min_share(
    struct bufferevent_rate_limit_group *group, size_t share);

/**
 * Releases a group. Its members must have been removed or freed.
 *
 * @param group the group
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_rate_limit_group_free(
    struct bufferevent_rate_limit_group *group);

/**
 * Adds a bufferevent to a group, and takes it from the one it was in.
 *
 * @param bufev the bufferevent
 * @param group the group, which must outlive the membership
 * @return 0, or -1 when memory is short
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_add_to_rate_limit_group(struct bufferevent *bufev,
    struct bufferevent_rate_limit_group *group);

/**
 * Takes a bufferevent out of its group, if it is in one.
 *
 * @param bufev the bufferevent
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_remove_from_rate_limit_group(struct bufferevent *bufev);

/**
 * Sets the most that is read at a time.
 *
 * @param bufev the bufferevent
 * @param size bytes; 0 for the default of 16 KiB
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_set_max_single_read(struct bufferevent *bufev, size_t size);

/**
 * Sets the most that is written at a time.
 *
 * @param bufev the bufferevent
 * @param size bytes; 0 for the default
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_set_max_single_write(struct bufferevent *bufev, size_t size);

/**
 * Tells the most that is read at a time.
 *
 * @param bufev the bufferevent
 * @return bytes
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_max_single_read(struct bufferevent *bufev);

/**
 * Tells the most that is written at a time.
 *
 * @param bufev the bufferevent
 * @return bytes
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_max_single_write(struct bufferevent *bufev);

/**
 * Tells what is left in a bufferevent's own bucket for reading. May be below
 * 0.
 *
 * @param bufev the bufferevent
 * @return bytes, or EV_SSIZE_MAX if it has no limit of its own
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_read_limit(struct bufferevent *bufev);

/**
 * Tells what is left in a bufferevent's own bucket for writing. May be below
 * 0.
 *
 * @param bufev the bufferevent
 * @return bytes, or EV_SSIZE_MAX if it has no limit of its own
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_write_limit(struct bufferevent *bufev);

/**
 * Tells how much a bufferevent would read at once now, all limits considered.
 *
 * @param bufev the bufferevent
 * @return bytes
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_max_to_read(struct bufferevent *bufev);

/**
 * Tells how much a bufferevent would write at once now, all limits
 * considered.
 *
 * @param bufev the bufferevent
 * @return bytes
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_max_to_write(struct bufferevent *bufev);

/**
 * Tells a bufferevent's limits.
 *
 * @param bufev the bufferevent
 * @return what bufferevent_set_rate_limit() was given, or NULL
 */
EVENT2_EXPORT_SYMBOL
const struct ev_token_bucket_cfg *bufferevent_get_token_bucket_cfg(
    const struct bufferevent *bufev);

/**
 * Tells what is left in a group's bucket for reading. May be below 0.
 *
 * @param group the group
 * @return bytes
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_rate_limit_group_get_read_limit(
    struct bufferevent_rate_limit_group *group);

/**
 * Tells what is left in a group's bucket for writing. May be below 0.
 *
 * @param group the group
 * @return bytes
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_rate_limit_group_get_write_limit(
    struct bufferevent_rate_limit_group *group);

/**
 * Takes bytes from a bufferevent's own bucket for reading, as if they had
 * been read: for data that the program moves past the bufferevent.
 *
 * @param bufev a bufferevent with a rate limit
 * @param decr bytes; below 0 gives some back
 * @return 0, or -1 if it has no limit of its own or on failure
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_decrement_read_limit(struct bufferevent *bufev,
    ev_ssize_t decr);

/**
 * Takes bytes from a bufferevent's own bucket for writing, as if they had
 * been written: for data that the program moves past the bufferevent.
 *
 * @param bufev a bufferevent with a rate limit
 * @param decr bytes; below 0 gives some back
 * @return 0, or -1 if it has no limit of its own or on failure
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_decrement_write_limit(struct bufferevent *bufev,
    ev_ssize_t decr);

/**
 * Takes bytes from a group's bucket for reading, as if a member had read
 * them.
 *
 * @param group the group
 * @param decr bytes; below 0 gives some back
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_rate_limit_group_decrement_read(
    struct bufferevent_rate_limit_group *group, ev_ssize_t decr);

/**
 * Takes bytes from a group's bucket for writing, as if a member had written
 * them.
 *
 * @param group the group
 * @param decr bytes; below 0 gives some back
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_rate_limit_group_decrement_write(
    struct bufferevent_rate_limit_group *group, ev_ssize_t decr);

/**
 * Tells how much all members of a group have read and written since it was
 * made or last reset.
 *
 * @param group the group
 * @param total_read_out receives the bytes read, or NULL
 * @param total_written_out receives the bytes written, or NULL
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_rate_limit_group_get_totals(
    struct bufferevent_rate_limit_group *group, uint64_t *total_read_out,
    uint64_t *total_written_out);

/**
 * Sets both totals of a group to 0.
 *
 * @param group the group
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_rate_limit_group_reset_totals(
    struct bufferevent_rate_limit_group *group);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_BUFFEREVENT_H_INCLUDED_ */
