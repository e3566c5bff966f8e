/* Made by cargo xtask headers. Sources: capi/src/event.rs */
#ifndef EVENT2_EVENT_H_INCLUDED_
#define EVENT2_EVENT_H_INCLUDED_

/**
 * @file event2/event.h
 *
 * The event loop. An event_base waits for many events at once: sockets that
 * can be read or written, signals, timeouts, and calls of event_active. For
 * each that happens it runs the callback of its event.
 *
 *     struct event_base *base = event_base_new();
 *     struct event *ev = event_new(base, fd, EV_READ | EV_PERSIST, on_read,
 *         my_data);
 *     event_add(ev, NULL);
 *     event_base_dispatch(base);
 *     event_free(ev);
 *     event_base_free(base);
 *
 * An event is made (event_new, event_assign), added (event_add: from now on
 * it is pending), becomes active when what it waits for happens, and runs
 * its callback. Without EV_PERSIST it is no longer pending then.
 *
 * Threads: call evthread_use_pthreads (event2/thread.h) before making a base
 * that several threads will use. Then every function may be called from any
 * thread, and only one thread runs the loop of a base.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <stdio.h>
#include <event2/util.h>

/** event_set_mem_functions is there. */
#define EVENT_SET_MEM_FUNCTIONS_IMPLEMENTED

/** Old names of EVENT_LOG_*. */
#define _EVENT_LOG_DEBUG EVENT_LOG_DEBUG
#define _EVENT_LOG_MSG EVENT_LOG_MSG
#define _EVENT_LOG_WARN EVENT_LOG_WARN
#define _EVENT_LOG_ERR EVENT_LOG_ERR

/** What an event waits for, and what happened. */

/**
 * The event's timeout ran out. Ignored when an event is made: any event can
 * be added with a timeout.
 */
#define EV_TIMEOUT 0x01
/** The socket can be read. */
#define EV_READ 0x02
/** The socket can be written. */
#define EV_WRITE 0x04
/** A signal was delivered; the event's socket is the signal's number. */
#define EV_SIGNAL 0x08
/**
 * The event stays added after its callback ran, and its timeout starts anew.
 */
#define EV_PERSIST 0x10
/**
 * Edge triggered: reported once per change, where the backend can do that.
 */
#define EV_ET 0x20
/**
 * event_del does not wait for a callback that runs in another thread; for
 * events that are freed with event_free_finalize or after event_finalize.
 */
#define EV_FINALIZE 0x40
/**
 * The other side closed the connection, noticed without reading all of its
 * data, where the backend can do that.
 */
#define EV_CLOSED 0x80

/** How event_base_loop runs. */

/** Wait until something becomes active, run what is active, then return. */
#define EVLOOP_ONCE 0x01
/** Do not wait: run what is active or ready now, then return. */
#define EVLOOP_NONBLOCK 0x02
/** Go on waiting when no events are left, until told to stop. */
#define EVLOOP_NO_EXIT_ON_EMPTY 0x04

/**
 * What event_base_get_num_events and event_base_get_max_events count: active
 * events, virtual ones (which keep the loop running without being added),
 * added ones.
 */
#define EVENT_BASE_COUNT_ACTIVE 1u
#define EVENT_BASE_COUNT_VIRTUAL 2u
#define EVENT_BASE_COUNT_ADDED 4u
/** Severities of log messages. */
#define EVENT_LOG_DEBUG 0
#define EVENT_LOG_MSG 1
#define EVENT_LOG_WARN 2
#define EVENT_LOG_ERR 3
/** For event_enable_debug_logging: no debugging messages, or all of them. */
#define EVENT_DBG_NONE 0
#define EVENT_DBG_ALL 0xffffffffu
/** The most priorities that a base can have. */
#define EVENT_MAX_PRIORITIES 256
/**
 * The version of libevent that these headers stand in for; event_get_version
 * tells that of the library in use.
 */
#define LIBEVENT_VERSION "2.1.12-stable"
/**
 * The same as a number: major, minor and patch level, one byte each from the
 * top.
 */
#define LIBEVENT_VERSION_NUMBER 0x02010c00

#ifdef __cplusplus
extern "C" {
#endif

struct event;
struct event_base;
struct event_config;

/**
 * What a backend can do. event_base_get_features tells,
 * event_config_require_features demands.
 */
enum event_method_feature {
	/** Edge-triggered events (EV_ET). */
	EV_FEATURE_ET = 1,
	/**
	 * Adding, deleting and triggering one event takes the same time
	 * however many there are.
	 */
	EV_FEATURE_O1 = 2,
	/** Any kind of file descriptor, not only sockets. */
	EV_FEATURE_FDS = 4,
	/** A closed connection is noticed without reading (EV_CLOSED). */
	EV_FEATURE_EARLY_CLOSE = 8
};

/** How a base works, for event_config_set_flag. */
enum event_base_config_flag {
	/** No lock for the base: only one thread ever uses it. */
	EVENT_BASE_FLAG_NOLOCK = 1,
	/**
	 * The EVENT_* environment variables do not influence the choice of
	 * the backend.
	 */
	EVENT_BASE_FLAG_IGNORE_ENV = 2,
	/** Windows: start the completion port together with the base. */
	EVENT_BASE_FLAG_STARTUP_IOCP = 4,
	/**
	 * Ask for the time whenever a timeout is added instead of once per
	 * turn of the loop.
	 */
	EVENT_BASE_FLAG_NO_CACHE_TIME = 8,
	/**
	 * epoll: collect changes and hand them over once per turn. Wrong for
	 * descriptors made with dup().
	 */
	EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST = 16,
	/**
	 * Prefer the clock of finest resolution and precise waiting, even if
	 * they cost more.
	 */
	EVENT_BASE_FLAG_PRECISE_TIMER = 32
};

/**
 * What an event runs: its socket or signal number (-1 for a plain timer),
 * what happened (EV_* bits), and the argument it was made with.
 */
typedef void (*event_callback_fn)(evutil_socket_t fd, short what, void *arg);

/**
 * Called once an event that is being finalized is no longer in use: the
 * event, and its argument.
 */
typedef void (*event_finalize_callback_fn)(struct event *ev, void *arg);

/**
 * Receives the library's messages: one of EVENT_LOG_*, and one line of text
 * without a line end. It must not call the library.
 */
typedef void (*event_log_cb)(int severity, const char *msg);

/**
 * Called on an error the library cannot go on from, with a code
 * (unspecified). It must not return.
 */
typedef void (*event_fatal_cb)(int err);

/**
 * Called for one event by event_base_foreach_event. Any result but 0 ends the
 * walk. It runs with the base locked: it must neither change events nor call
 * the base.
 */
typedef int (*event_base_foreach_event_cb)(const struct event_base *base,
    const struct event *ev, void *arg);

/** Does event_active. */
EVENT2_EXPORT_SYMBOL
void event_active(struct event *a0, int a1, short a2);

/** Does event_add. */
EVENT2_EXPORT_SYMBOL
int event_add(struct event *a0, const struct timeval *a1);

/** Does event_assign. */
EVENT2_EXPORT_SYMBOL
int event_assign(struct event *a0, struct event_base *a1, int a2, short a3,
    event_callback_fn a4, void *a5);

/** Does event_base_active_by_fd. */
EVENT2_EXPORT_SYMBOL
void event_base_active_by_fd(struct event_base *a0, int a1, short a2);

/** Does event_base_active_by_signal. */
EVENT2_EXPORT_SYMBOL
void event_base_active_by_signal(struct event_base *a0, int a1);

/** Does event_base_dispatch. */
EVENT2_EXPORT_SYMBOL
int event_base_dispatch(struct event_base *a0);

/** Does event_base_dump_events. */
EVENT2_EXPORT_SYMBOL
void event_base_dump_events(struct event_base *a0, FILE *a1);

/** Does event_base_foreach_event. */
EVENT2_EXPORT_SYMBOL
int event_base_foreach_event(struct event_base *a0,
    event_base_foreach_event_cb a1, void *a2);

/** Does event_base_free. */
EVENT2_EXPORT_SYMBOL
void event_base_free(struct event_base *a0);

/** Does event_base_free_nofinalize. */
EVENT2_EXPORT_SYMBOL
void event_base_free_nofinalize(struct event_base *a0);

/** Does event_base_get_features. */
EVENT2_EXPORT_SYMBOL
int event_base_get_features(const struct event_base *a0);

/** Does event_base_get_max_events. */
EVENT2_EXPORT_SYMBOL
int event_base_get_max_events(struct event_base *a0, unsigned int a1, int a2);

/** Does event_base_get_method. */
EVENT2_EXPORT_SYMBOL
const char *event_base_get_method(const struct event_base *a0);

/** Does event_base_get_npriorities. */
EVENT2_EXPORT_SYMBOL
int event_base_get_npriorities(struct event_base *a0);

/** Does event_base_get_num_events. */
EVENT2_EXPORT_SYMBOL
int event_base_get_num_events(struct event_base *a0, unsigned int a1);

/** Does event_base_get_running_event. */
EVENT2_EXPORT_SYMBOL
struct event *event_base_get_running_event(struct event_base *a0);

/** Does event_base_gettimeofday_cached. */
EVENT2_EXPORT_SYMBOL
int event_base_gettimeofday_cached(struct event_base *a0, struct timeval *a1);

/** Does event_base_got_break. */
EVENT2_EXPORT_SYMBOL
int event_base_got_break(struct event_base *a0);

/** Does event_base_got_exit. */
EVENT2_EXPORT_SYMBOL
int event_base_got_exit(struct event_base *a0);

/** Does event_base_init_common_timeout. */
EVENT2_EXPORT_SYMBOL
const struct timeval *event_base_init_common_timeout(struct event_base *a0,
    const struct timeval *a1);

/** Does event_base_loop. */
EVENT2_EXPORT_SYMBOL
int event_base_loop(struct event_base *a0, int a1);

/** Does event_base_loopbreak. */
EVENT2_EXPORT_SYMBOL
int event_base_loopbreak(struct event_base *a0);

/** Does event_base_loopcontinue. */
EVENT2_EXPORT_SYMBOL
int event_base_loopcontinue(struct event_base *a0);

/** Does event_base_loopexit. */
EVENT2_EXPORT_SYMBOL
int event_base_loopexit(struct event_base *a0, const struct timeval *a1);

/** Does event_base_new. */
EVENT2_EXPORT_SYMBOL
struct event_base *event_base_new(void);

/** Does event_base_new_with_config. */
EVENT2_EXPORT_SYMBOL
struct event_base *event_base_new_with_config(const struct event_config *a0);

/** Does event_base_once. */
EVENT2_EXPORT_SYMBOL
int event_base_once(struct event_base *a0, int a1, short a2,
    event_callback_fn a3, void *a4, const struct timeval *a5);

/** Does event_base_priority_init. */
EVENT2_EXPORT_SYMBOL
int event_base_priority_init(struct event_base *a0, int a1);

/** Does event_base_set. */
EVENT2_EXPORT_SYMBOL
int event_base_set(struct event_base *a0, struct event *a1);

/** Does event_base_update_cache_time. */
EVENT2_EXPORT_SYMBOL
int event_base_update_cache_time(struct event_base *a0);

/** Does event_config_avoid_method. */
EVENT2_EXPORT_SYMBOL
int event_config_avoid_method(struct event_config *a0, const char *a1);

/** Does event_config_free. */
EVENT2_EXPORT_SYMBOL
void event_config_free(struct event_config *a0);

/** Does event_config_new. */
EVENT2_EXPORT_SYMBOL
struct event_config *event_config_new(void);

/** Does event_config_require_features. */
EVENT2_EXPORT_SYMBOL
int event_config_require_features(struct event_config *a0, int a1);

/** Does event_config_set_flag. */
EVENT2_EXPORT_SYMBOL
int event_config_set_flag(struct event_config *a0, int a1);

/** Does event_config_set_max_dispatch_interval. */
EVENT2_EXPORT_SYMBOL
int event_config_set_max_dispatch_interval(struct event_config *a0,
    const struct timeval *a1, int a2, int a3);

/** Does event_config_set_num_cpus_hint. */
EVENT2_EXPORT_SYMBOL
int event_config_set_num_cpus_hint(struct event_config *a0, int a1);

/** Does event_debug_unassign. */
EVENT2_EXPORT_SYMBOL
void event_debug_unassign(struct event *a0);

/** Does event_del. */
EVENT2_EXPORT_SYMBOL
int event_del(struct event *a0);

/** Does event_del_block. */
EVENT2_EXPORT_SYMBOL
int event_del_block(struct event *a0);

/** Does event_del_noblock. */
EVENT2_EXPORT_SYMBOL
int event_del_noblock(struct event *a0);

/** Does event_enable_debug_logging. */
EVENT2_EXPORT_SYMBOL
void event_enable_debug_logging(uint32_t a0);

/** Does event_enable_debug_mode. */
EVENT2_EXPORT_SYMBOL
void event_enable_debug_mode(void);

/** Does event_finalize. */
EVENT2_EXPORT_SYMBOL
int event_finalize(unsigned int a0, struct event *a1,
    event_finalize_callback_fn a2);

/** Does event_free. */
EVENT2_EXPORT_SYMBOL
void event_free(struct event *a0);

/** Does event_free_finalize. */
EVENT2_EXPORT_SYMBOL
int event_free_finalize(unsigned int a0, struct event *a1,
    event_finalize_callback_fn a2);

/** Does event_get_assignment. */
EVENT2_EXPORT_SYMBOL
void event_get_assignment(const struct event *a0, struct event_base **a1,
    int *a2, short *a3, event_callback_fn *a4, void **a5);

/** Does event_get_base. */
EVENT2_EXPORT_SYMBOL
struct event_base *event_get_base(const struct event *a0);

/** Does event_get_callback. */
EVENT2_EXPORT_SYMBOL
event_callback_fn event_get_callback(const struct event *a0);

/** Does event_get_callback_arg. */
EVENT2_EXPORT_SYMBOL
void *event_get_callback_arg(const struct event *a0);

/** Does event_get_events. */
EVENT2_EXPORT_SYMBOL
short event_get_events(const struct event *a0);

/** Does event_get_fd. */
EVENT2_EXPORT_SYMBOL
int event_get_fd(const struct event *a0);

/** Does event_get_priority. */
EVENT2_EXPORT_SYMBOL
int event_get_priority(const struct event *a0);

/** Does event_get_struct_event_size. */
EVENT2_EXPORT_SYMBOL
size_t event_get_struct_event_size(void);

/** Does event_get_supported_methods. */
EVENT2_EXPORT_SYMBOL
const char **event_get_supported_methods(void);

/** Does event_get_version. */
EVENT2_EXPORT_SYMBOL
const char *event_get_version(void);

/** Does event_get_version_number. */
EVENT2_EXPORT_SYMBOL
uint32_t event_get_version_number(void);

/** Does event_gettime_monotonic. */
EVENT2_EXPORT_SYMBOL
int event_gettime_monotonic(struct event_base *a0, struct timeval *a1);

/** Does event_initialized. */
EVENT2_EXPORT_SYMBOL
int event_initialized(const struct event *a0);

/** Does event_new. */
EVENT2_EXPORT_SYMBOL
struct event *event_new(struct event_base *a0, int a1, short a2,
    event_callback_fn a3, void *a4);

/** Does event_pending. */
EVENT2_EXPORT_SYMBOL
int event_pending(const struct event *a0, short a1, struct timeval *a2);

/** Does event_priority_set. */
EVENT2_EXPORT_SYMBOL
int event_priority_set(struct event *a0, int a1);

/** Does event_reinit. */
EVENT2_EXPORT_SYMBOL
int event_reinit(struct event_base *a0);

/** Does event_remove_timer. */
EVENT2_EXPORT_SYMBOL
int event_remove_timer(struct event *a0);

/** Does event_self_cbarg. */
EVENT2_EXPORT_SYMBOL
void *event_self_cbarg(void);

/** Does event_set_fatal_callback. */
EVENT2_EXPORT_SYMBOL
void event_set_fatal_callback(event_fatal_cb a0);

/** Does event_set_log_callback. */
EVENT2_EXPORT_SYMBOL
void event_set_log_callback(event_log_cb a0);

/** Does event_set_mem_functions. */
EVENT2_EXPORT_SYMBOL
void event_set_mem_functions(void *(*a0)(size_t sz), void *(*a1)(void *ptr,
    size_t sz), void (*a2)(void *ptr));

/** Does libevent_global_shutdown. */
EVENT2_EXPORT_SYMBOL
void libevent_global_shutdown(void);

/** Timers: events with no socket, only a timeout (in event_add). */
#define evtimer_new(b, cb, arg) event_new((b), -1, 0, (cb), (arg))
#define evtimer_assign(ev, b, cb, arg) \
	event_assign((ev), (b), -1, 0, (cb), (arg))
#define evtimer_add(ev, tv) event_add((ev), (tv))
#define evtimer_del(ev) event_del(ev)
#define evtimer_pending(ev, tv) event_pending((ev), EV_TIMEOUT, (tv))
#define evtimer_initialized(ev) event_initialized(ev)

/** Events for the signal x. They stay added until evsignal_del. */
#define evsignal_new(b, x, cb, arg) \
	event_new((b), (x), EV_SIGNAL | EV_PERSIST, (cb), (arg))
#define evsignal_assign(ev, b, x, cb, arg) \
	event_assign((ev), (b), (x), EV_SIGNAL | EV_PERSIST, (cb), (arg))
#define evsignal_add(ev, tv) event_add((ev), (tv))
#define evsignal_del(ev) event_del(ev)
#define evsignal_pending(ev, tv) event_pending((ev), EV_SIGNAL, (tv))
#define evsignal_initialized(ev) event_initialized(ev)

/** Events of the program's own: they run when it calls evuser_trigger. */
#define evuser_new(b, cb, arg) event_new((b), -1, 0, (cb), (arg))
#define evuser_trigger(ev) event_active((ev), 0, 0)
#define evuser_del(ev) event_del(ev)
#define evuser_pending(ev, tv) event_pending((ev), 0, (tv))
#define evuser_initialized(ev) event_initialized(ev)

/** The signal that an event waits for. */
#define event_get_signal(ev) ((int)event_get_fd(ev))

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_EVENT_H_INCLUDED_ */
