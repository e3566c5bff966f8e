/* Made by cargo xtask headers. Sources: capi/src/event_compat.rs */
#ifndef EVENT2_EVENT_COMPAT_H_INCLUDED_
#define EVENT2_EVENT_COMPAT_H_INCLUDED_

/**
 * @file event2/event_compat.h
 *
 * The functions of 1.x, which work on one base for the whole process: the
 * one that event_init made last. They are not safe with several threads.
 * Each tells which function of event2/event.h replaces it.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>
#include <event2/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event;
struct event_base;

/**
 * Makes a base, and makes it the current base of the functions in this
 * header. Old: use event_base_new().
 *
 * @return the base; on failure the process ends
 */
EVENT2_EXPORT_SYMBOL
struct event_base *event_init(void);

/**
 * Runs the current base's loop. Old: use event_base_dispatch().
 *
 * @return as event_base_dispatch()
 */
EVENT2_EXPORT_SYMBOL
int event_dispatch(void);

/**
 * Runs the current base's loop. Old: use event_base_loop().
 *
 * @param flags EVLOOP_ONCE and EVLOOP_NONBLOCK
 * @return as event_base_loop()
 */
EVENT2_EXPORT_SYMBOL
int event_loop(int flags);

/**
 * Ends the current base's loop after a time. Old: use event_base_loopexit().
 *
 * @param tv the time to wait; NULL: now
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_loopexit(const struct timeval *tv);

/**
 * Ends the current base's loop after the running callback. Old: use
 * event_base_loopbreak().
 *
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_loopbreak(void);

/**
 * Calls a function once, on the current base. Old: use event_base_once().
 *
 * @param fd the descriptor to watch, or -1
 * @param events any of EV_READ, EV_WRITE, EV_TIMEOUT
 * @param callback the function
 * @param arg its last argument
 * @param timeout how long to wait, or NULL
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_once(evutil_socket_t fd, short events, void (*callback)(
    evutil_socket_t, short, void*), void *arg, const struct timeval *timeout);

/**
 * The name of the current base's backend. Old: use event_base_get_method().
 *
 * @return a string that is never freed, or NULL if there is no current base
 */
EVENT2_EXPORT_SYMBOL
const char *event_get_method(void);

/**
 * Sets the number of priorities of the current base. Old: use
 * event_base_priority_init().
 *
 * @param npriorities how many
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_priority_init(int npriorities);

/**
 * Sets up an event for the current base. Old: use event_assign() or
 * event_new().
 *
 * @param ev the event's memory
 * @param fd the descriptor to watch, or the signal's number
 * @param events what to wait for: EV_ bits
 * @param callback called when it happens
 * @param arg the callback's last argument
 */
EVENT2_EXPORT_SYMBOL
void event_set(struct event *ev, evutil_socket_t fd, short events,
    void (*callback)(evutil_socket_t, short, void*), void *arg);

/** Timers, under two names. */
#define evtimer_set(ev, cb, arg) event_set((ev), -1, 0, (cb), (arg))
#define timeout_set(ev, cb, arg) event_set((ev), -1, 0, (cb), (arg))
#define timeout_add(ev, tv) event_add((ev), (tv))
#define timeout_del(ev) event_del(ev)
#define timeout_pending(ev, tv) event_pending((ev), EV_TIMEOUT, (tv))
#define timeout_initialized(ev) event_initialized(ev)

/** Signals, under two names. */
#define evsignal_set(ev, x, cb, arg) \
	event_set((ev), (x), EV_SIGNAL | EV_PERSIST, (cb), (arg))
#define signal_set(ev, x, cb, arg) \
	event_set((ev), (x), EV_SIGNAL | EV_PERSIST, (cb), (arg))
#define signal_add(ev, tv) event_add((ev), (tv))
#define signal_del(ev) event_del(ev)
#define signal_pending(ev, tv) event_pending((ev), EV_SIGNAL, (tv))
#define signal_initialized(ev) event_initialized(ev)

/** What an event waits on: its socket, or its signal. */
#define EVENT_FD(ev) ((int)event_get_fd(ev))
#define EVENT_SIGNAL(ev) event_get_signal(ev)

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_EVENT_COMPAT_H_INCLUDED_ */
