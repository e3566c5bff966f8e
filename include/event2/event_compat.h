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

/** Does event_dispatch. */
EVENT2_EXPORT_SYMBOL
int event_dispatch(void);

/** Does event_get_method. */
EVENT2_EXPORT_SYMBOL
const char *event_get_method(void);

/** Does event_init. */
EVENT2_EXPORT_SYMBOL
struct event_base *event_init(void);

/** Does event_loop. */
EVENT2_EXPORT_SYMBOL
int event_loop(int a0);

/** Does event_loopbreak. */
EVENT2_EXPORT_SYMBOL
int event_loopbreak(void);

/** Does event_loopexit. */
EVENT2_EXPORT_SYMBOL
int event_loopexit(const struct timeval *a0);

/** Does event_once. */
EVENT2_EXPORT_SYMBOL
int event_once(int a0, short a1, event_callback_fn a2, void *a3,
    const struct timeval *a4);

/** Does event_priority_init. */
EVENT2_EXPORT_SYMBOL
int event_priority_init(int a0);

/** Does event_set. */
EVENT2_EXPORT_SYMBOL
void event_set(struct event *a0, int a1, short a2, event_callback_fn a3,
    void *a4);

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
