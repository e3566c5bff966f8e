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

/**
 * Turns on checks for the misuse of events: an event that is added without
 * event_assign(), assigned while it is added, or used after it was freed ends
 * the process with a message. Slow, and it needs memory for each event until
 * event_free() or event_debug_unassign() forgets it. Must be called before
 * any event or base is made, and once.
 */
EVENT2_EXPORT_SYMBOL
void event_enable_debug_mode(void);

/**
 * Tells debug mode to forget an event that is not added, so that its memory
 * may be used for something else without event_free(). Without debug mode it
 * only makes the event uninitialised.
 *
 * @param ev an event that was set up by event_assign() and is not added
 */
EVENT2_EXPORT_SYMBOL
void event_debug_unassign(struct event *ev);

/**
 * Makes an event base with the default configuration: the best backend that
 * the system has and the environment does not turn off.
 *
 * @return the base, to be released with event_base_free(); NULL on failure
 */
EVENT2_EXPORT_SYMBOL
struct event_base *event_base_new(void);

/**
 * Prepares a base for use in a child process after fork(). Without it the
 * parent's and the child's loop disturb each other. All events that were
 * added are kept.
 *
 * @param base the base, in the child
 * @return 0, or -1 if some events could not be added again
 */
EVENT2_EXPORT_SYMBOL
int event_reinit(struct event_base *base);

/**
 * Runs the loop until no events are left, or event_base_loopbreak() or
 * event_base_loopexit() ends it: the same as event_base_loop() without flags.
 *
 * @param base the base
 * @return 0 if the loop was told to end, 1 if no events were left, -1 on
 *   failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_dispatch(struct event_base *base);

/**
 * The name of the backend that a base uses.
 *
 * @param eb the base
 * @return a string that is never freed, such as "epoll"
 */
EVENT2_EXPORT_SYMBOL
const char *event_base_get_method(const struct event_base *eb);

/**
 * The names of all backends in this library, best first. What the running
 * system really supports may be less.
 *
 * @return an array that ends with NULL, and belongs to the library
 */
EVENT2_EXPORT_SYMBOL
const char **event_get_supported_methods(void);

/**
 * Reads a base's monotonic clock: it never goes back, and has nothing to do
 * with the time of day.
 *
 * @param base the base
 * @param tp where the time goes
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_gettime_monotonic(struct event_base *base, struct timeval *tp);

/**
 * How many events a base has, by kind.
 *
 * @param eb the base
 * @param flags any of EVENT_BASE_COUNT_ACTIVE, EVENT_BASE_COUNT_VIRTUAL and
 *   EVENT_BASE_COUNT_ADDED
 * @return the sum of these counts; an event may count more than once
 */
EVENT2_EXPORT_SYMBOL
int event_base_get_num_events(struct event_base *eb, unsigned int flags);

/**
 * The highest counts of events a base has had, by kind.
 *
 * @param eb the base
 * @param flags any of EVENT_BASE_COUNT_ACTIVE, EVENT_BASE_COUNT_VIRTUAL and
 *   EVENT_BASE_COUNT_ADDED
 * @param clear not 0: start from 0 again
 * @return the sum of these highest counts
 */
EVENT2_EXPORT_SYMBOL
int event_base_get_max_events(struct event_base *eb, unsigned int flags,
    int clear);

/**
 * Makes a configuration for event_base_new_with_config().
 *
 * @return the configuration, to be released with event_config_free(); NULL if
 *   memory is short
 */
EVENT2_EXPORT_SYMBOL
struct event_config *event_config_new(void);

/**
 * Frees a configuration. Bases that were made with it stay as they are.
 *
 * @param cfg the configuration
 */
EVENT2_EXPORT_SYMBOL
void event_config_free(struct event_config *cfg);

/**
 * Asks for a base that does not use a certain backend.
 *
 * @param cfg the configuration
 * @param method the backend's name, as event_get_supported_methods() has it
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_config_avoid_method(struct event_config *cfg, const char *method);

/**
 * The features of the backend that a base uses.
 *
 * @param base the base
 * @return any of the EV_FEATURE_ bits
 */
EVENT2_EXPORT_SYMBOL
int event_base_get_features(const struct event_base *base);

/**
 * Asks for a base whose backend has certain features. Each call replaces the
 * request of the one before.
 *
 * @param cfg the configuration
 * @param feature EV_FEATURE_ bits; all of them are required
 * @return 0, or -1 on failure. Whether there is such a backend shows when the
 *   base is made
 */
EVENT2_EXPORT_SYMBOL
int event_config_require_features(struct event_config *cfg, int feature);

/**
 * Sets options of the base to be made.
 *
 * @param cfg the configuration
 * @param flag EVENT_BASE_FLAG_ bits, added to those that are set
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_config_set_flag(struct event_config *cfg, int flag);

/**
 * Says for how many processors work should be spread. Only the completion
 * ports of Windows care.
 *
 * @param cfg the configuration
 * @param cpus the number of processors
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_config_set_num_cpus_hint(struct event_config *cfg, int cpus);

/**
 * Has the loop look for new events after so much time or so many callbacks,
 * so that more urgent events need not wait until all that is active has been
 * run. Costs a look at the clock after each callback.
 *
 * @param cfg the configuration
 * @param max_interval the time after which the loop looks again; NULL: no
 *   limit
 * @param max_callbacks the number of callbacks after which it looks again;
 *   negative: no limit
 * @param min_priority events more urgent than this (with a lower number) are
 *   not limited
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_config_set_max_dispatch_interval(struct event_config *cfg,
    const struct timeval *max_interval, int max_callbacks, int min_priority);

/**
 * Makes an event base as a configuration wants it.
 *
 * @param cfg the configuration, which is only read; NULL: the default
 * @return the base, to be released with event_base_free(); NULL if no backend
 *   fits or something fails
 */
EVENT2_EXPORT_SYMBOL
struct event_base *event_base_new_with_config(const struct event_config *cfg);

/**
 * Frees a base. Its events are deleted, but neither freed nor are their
 * descriptors closed. Finalizers that have not run yet are run. Free the
 * objects that use the base, and all of its events, first.
 *
 * @param eb the base, whose loop is not running; NULL: the base that
 *   event_init() made
 */
EVENT2_EXPORT_SYMBOL
void event_base_free(struct event_base *eb);

/**
 * As event_base_free(), but finalizers that have not run yet are not run.
 *
 * @param eb the base, whose loop is not running; NULL: the base that
 *   event_init() made
 */
EVENT2_EXPORT_SYMBOL
void event_base_free_nofinalize(struct event_base *eb);

/**
 * Sets the function that gets all messages of the library, in place of
 * standard error. It must not call the library. Not to be changed while other
 * threads use the library.
 *
 * @param cb gets the severity (EVENT_LOG_) and one line without a newline;
 *   NULL: standard error again
 */
EVENT2_EXPORT_SYMBOL
void event_set_log_callback(event_log_cb cb);

/**
 * Sets the function that is called when the library cannot go on, because the
 * program misused it. It should not return, and must not call the library; if
 * it does return, the process exits.
 *
 * @param cb gets an exit code; NULL: the process exits with that code
 */
EVENT2_EXPORT_SYMBOL
void event_set_fatal_callback(event_fatal_cb cb);

/**
 * Turns messages for debugging the library on or off.
 *
 * @param which EVENT_DBG_ALL or EVENT_DBG_NONE
 */
EVENT2_EXPORT_SYMBOL
void event_enable_debug_logging(uint32_t which);

/**
 * Makes a base the one that an event belongs to, for events that were set up
 * by event_set(). The event must not be added or active.
 *
 * @param eb the base
 * @param ev the event
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_set(struct event_base *eb, struct event *ev);

/**
 * Runs the loop: waits for events and calls their callbacks.
 *
 * @param eb the base
 * @param flags EVLOOP_ONCE: wait until something is active, run that and
 *   return. EVLOOP_NONBLOCK: run what is active now and return.
 *   EVLOOP_NO_EXIT_ON_EMPTY: go on waiting even if no events are left
 * @return 0 if the loop ended because of its flags, event_base_loopexit() or
 *   event_base_loopbreak(), 1 if no events were left, -1 on failure (also if
 *   a loop on this base is running already)
 */
EVENT2_EXPORT_SYMBOL
int event_base_loop(struct event_base *eb, int flags);

/**
 * Ends the loop after a time: all events that are active then are still run.
 * The loop, if not running, ends after its start likewise.
 *
 * @param eb the base
 * @param tv the time to wait; NULL: now
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_loopexit(struct event_base *eb, const struct timeval *tv);

/**
 * Ends the loop after the callback that is running now. If no loop is
 * running, nothing happens.
 *
 * @param eb the base
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_loopbreak(struct event_base *eb);

/**
 * Has the loop look for new events after the callback that is running now,
 * before it runs what else is active.
 *
 * @param eb the base
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_loopcontinue(struct event_base *eb);

/**
 * Whether the loop was told to end by event_base_loopexit(). The next start
 * of the loop forgets it.
 *
 * @param eb the base
 * @return 1 if so, else 0
 */
EVENT2_EXPORT_SYMBOL
int event_base_got_exit(struct event_base *eb);

/**
 * Whether the loop was told to end by event_base_loopbreak(). The next start
 * of the loop forgets it.
 *
 * @param eb the base
 * @return 1 if so, else 0
 */
EVENT2_EXPORT_SYMBOL
int event_base_got_break(struct event_base *eb);

/**
 * An argument for event_new() and event_assign() that stands for the event
 * itself.
 *
 * @return the argument to pass as arg
 */
EVENT2_EXPORT_SYMBOL
void *event_self_cbarg(void);

/**
 * Makes an event.
 *
 * @param base the base that it belongs to
 * @param fd the descriptor to watch, the signal's number for EV_SIGNAL, or -1
 * @param events what to wait for: any of EV_TIMEOUT, EV_READ, EV_WRITE,
 *   EV_CLOSED, or EV_SIGNAL; with EV_PERSIST, EV_ET, EV_FINALIZE
 * @param callback called when it happens
 * @param callback_arg the callback's last argument
 * @return the event, not added yet, to be released with event_free(); NULL on
 *   failure
 */
EVENT2_EXPORT_SYMBOL
struct event *event_new(struct event_base *base, evutil_socket_t fd,
    short events, event_callback_fn callback, void *callback_arg);

/**
 * Sets up an event in memory of the caller's, which must not hold an event
 * that is added or active.
 *
 * @param ev the event's memory, event_get_struct_event_size() bytes
 * @param base the base that it belongs to; NULL: the one that event_init()
 *   made
 * @param fd the descriptor to watch, the signal's number for EV_SIGNAL, or -1
 * @param events what to wait for: any of EV_TIMEOUT, EV_READ, EV_WRITE,
 *   EV_CLOSED, or EV_SIGNAL; with EV_PERSIST, EV_ET, EV_FINALIZE
 * @param callback called when it happens
 * @param callback_arg the callback's last argument
 * @return 0, or -1 if EV_SIGNAL is combined with reading or writing
 */
EVENT2_EXPORT_SYMBOL
int event_assign(struct event *ev, struct event_base *base,
    evutil_socket_t fd, short events, event_callback_fn callback,
    void *callback_arg);

/**
 * Deletes and frees an event of event_new(). If its callback is running in
 * another thread, waits for it to return.
 *
 * @param ev the event
 */
EVENT2_EXPORT_SYMBOL
void event_free(struct event *ev);

/**
 * Calls a function once, when something happens, without an event of the
 * caller's.
 *
 * @param base the base
 * @param fd the descriptor to watch, or -1
 * @param events any of EV_READ, EV_WRITE, EV_CLOSED, EV_TIMEOUT; not
 *   EV_SIGNAL, not EV_PERSIST
 * @param callback the function
 * @param arg its last argument
 * @param timeout how long to wait; NULL: without end, or, if events is
 *   EV_TIMEOUT, call it at once
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_once(struct event_base *base, evutil_socket_t fd, short events,
    event_callback_fn callback, void *arg, const struct timeval *timeout);

/**
 * Starts waiting for what an event was set up for. Adding it again replaces
 * its timeout.
 *
 * @param ev the event
 * @param timeout calls the callback with EV_TIMEOUT after this time, if
 *   nothing else happens before; NULL: no timeout, or the one that is running
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_add(struct event *ev, const struct timeval *timeout);

/**
 * Removes the timeout of an event that is added; what else it waits for
 * stays.
 *
 * @param ev the event
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_remove_timer(struct event *ev);

/**
 * Stops waiting: an event that is active does not run any more. If its
 * callback is running in another thread, waits for it to return, unless the
 * event has EV_FINALIZE. Does nothing if the event is not added.
 *
 * @param ev the event
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_del(struct event *ev);

/**
 * As event_del(), but never waits for a callback that is running in another
 * thread.
 *
 * @param ev the event
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_del_noblock(struct event *ev);

/**
 * As event_del(), but waits for a callback that is running in another thread
 * even if the event has EV_FINALIZE.
 *
 * @param ev the event
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_del_block(struct event *ev);

/**
 * Makes an event active, as if what it waits for had happened. It need not be
 * added.
 *
 * @param ev the event
 * @param res what to tell the callback: EV_ bits
 * @param ncalls for an event with EV_SIGNAL: how often to call its callback
 */
EVENT2_EXPORT_SYMBOL
void event_active(struct event *ev, int res, short ncalls);

/**
 * What of some things an event is waiting for, or is active with.
 *
 * @param ev the event
 * @param events the things in question: any of EV_TIMEOUT, EV_READ, EV_WRITE,
 *   EV_CLOSED, EV_SIGNAL
 * @param tv if not NULL, and EV_TIMEOUT is in question and pending: gets the
 *   time of day at which it ends
 * @return those of events that are pending; 0: none
 */
EVENT2_EXPORT_SYMBOL
int event_pending(const struct event *ev, short events, struct timeval *tv);

/**
 * The event whose callback is running in a base's loop.
 *
 * @param base the base
 * @return the event, or NULL if none is running or the calling thread is not
 *   the loop's
 */
EVENT2_EXPORT_SYMBOL
struct event *event_base_get_running_event(struct event_base *base);

/**
 * Whether an event was set up. Only sure for memory that was zeroed before.
 *
 * @param ev the event's memory
 * @return 1 if so, else 0
 */
EVENT2_EXPORT_SYMBOL
int event_initialized(const struct event *ev);

/**
 * The descriptor, or the signal's number, of an event.
 *
 * @param ev the event
 * @return its descriptor, or -1
 */
EVENT2_EXPORT_SYMBOL
evutil_socket_t event_get_fd(const struct event *ev);

/**
 * The base of an event.
 *
 * @param ev the event
 * @return its base
 */
EVENT2_EXPORT_SYMBOL
struct event_base *event_get_base(const struct event *ev);

/**
 * What an event was set up to wait for.
 *
 * @param ev the event
 * @return EV_ bits
 */
EVENT2_EXPORT_SYMBOL
short event_get_events(const struct event *ev);

/**
 * The callback of an event.
 *
 * @param ev the event
 * @return its callback
 */
EVENT2_EXPORT_SYMBOL
event_callback_fn event_get_callback(const struct event *ev);

/**
 * The last argument of an event's callback.
 *
 * @param ev the event
 * @return the argument
 */
EVENT2_EXPORT_SYMBOL
void *event_get_callback_arg(const struct event *ev);

/**
 * The priority of an event.
 *
 * @param ev the event
 * @return its priority; 0 is the most urgent
 */
EVENT2_EXPORT_SYMBOL
int event_get_priority(const struct event *ev);

/**
 * What an event was set up with, all at once. Each place may be NULL.
 *
 * @param event the event
 * @param base_out gets its base
 * @param fd_out gets its descriptor or signal
 * @param events_out gets what it waits for
 * @param callback_out gets its callback
 * @param arg_out gets the callback's argument
 */
EVENT2_EXPORT_SYMBOL
void event_get_assignment(const struct event *event,
    struct event_base **base_out, evutil_socket_t *fd_out, short *events_out,
    event_callback_fn *callback_out, void **arg_out);

/**
 * The size of a struct event in this library, for programs that must not
 * depend on the one they were compiled with.
 *
 * @return the size in bytes
 */
EVENT2_EXPORT_SYMBOL
size_t event_get_struct_event_size(void);

/**
 * The version of the library.
 *
 * @return a string such as "2.1.12-stable"
 */
EVENT2_EXPORT_SYMBOL
const char *event_get_version(void);

/**
 * The version of the library as a number: one byte each for major, minor and
 * patch level, and one that is 0 for releases.
 *
 * @return the number, to be compared with LIBEVENT_VERSION_NUMBER
 */
EVENT2_EXPORT_SYMBOL
uint32_t event_get_version_number(void);

/**
 * Sets the number of priorities of a base: events with priority 0 are run
 * first, and those with a higher number only when nothing more urgent is
 * active. Should be called before events are made; refused while any is
 * active. New events get the priority in the middle.
 *
 * @param eb the base
 * @param npriorities how many, less than EVENT_MAX_PRIORITIES
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_priority_init(struct event_base *eb, int npriorities);

/**
 * The number of priorities of a base.
 *
 * @param eb the base; NULL: the one that event_init() made
 * @return how many
 */
EVENT2_EXPORT_SYMBOL
int event_base_get_npriorities(struct event_base *eb);

/**
 * Gives an event another priority; refused while it is active.
 *
 * @param ev the event
 * @param priority the priority, from 0 (most urgent) to
 *   event_base_get_npriorities() - 1
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_priority_set(struct event *ev, int priority);

/**
 * Prepares a base for many timeouts of the same length, which it then keeps
 * in a queue instead of a heap. At most 256 different lengths in a base.
 *
 * @param base the base
 * @param duration the length
 * @return a value to pass as the timeout to event_add(), valid as long as the
 *   base, and good for nothing else; NULL on failure
 */
EVENT2_EXPORT_SYMBOL
const struct timeval *event_base_init_common_timeout(struct event_base *base,
    const struct timeval *duration);

/**
 * Replaces the functions by which the library gets memory. To be called
 * before any other function of the library. NULL stands for the C library's
 * own.
 *
 * @param malloc_fn as malloc()
 * @param realloc_fn as realloc()
 * @param free_fn as free()
 */
EVENT2_EXPORT_SYMBOL
void event_set_mem_functions(void *(*malloc_fn)(size_t sz),
    void *(*realloc_fn)(void *ptr, size_t sz), void (*free_fn)(void *ptr));

/**
 * Writes a list of a base's events to a file, for debugging. The format may
 * change.
 *
 * @param base the base
 * @param output the file
 */
EVENT2_EXPORT_SYMBOL
void event_base_dump_events(struct event_base *base, FILE *output);

/**
 * Makes all events of a base active that wait for something on a descriptor.
 *
 * @param base the base
 * @param fd the descriptor
 * @param events what happened: EV_READ, EV_WRITE, EV_CLOSED; with EV_TIMEOUT:
 *   the events with a timeout instead
 */
EVENT2_EXPORT_SYMBOL
void event_base_active_by_fd(struct event_base *base, evutil_socket_t fd,
    short events);

/**
 * Makes all events of a base active that wait for a signal.
 *
 * @param base the base
 * @param sig the signal
 */
EVENT2_EXPORT_SYMBOL
void event_base_active_by_signal(struct event_base *base, int sig);

/**
 * Calls a function with each event of a base that is added or active. The
 * function must not add, delete or change events, nor run the loop.
 *
 * @param base the base
 * @param fn the function; a result other than 0 ends the walk
 * @param arg its last argument
 * @return what the last call of the function returned, 0 if there were no
 *   events, -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_foreach_event(struct event_base *base,
    event_base_foreach_event_cb fn, void *arg);

/**
 * The time of day, as it was when the loop last woke up: much cheaper than
 * asking the system. Outside of callbacks the system is asked.
 *
 * @param base the base; NULL: the one that event_init() made
 * @param tv gets the time
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_gettimeofday_cached(struct event_base *base,
    struct timeval *tv);

/**
 * Has the loop's idea of the time brought up to date, after a callback that
 * took long. Does nothing outside of callbacks.
 *
 * @param base the base; NULL: the one that event_init() made
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_update_cache_time(struct event_base *base);

/**
 * Frees what the library keeps for the whole process, so that tools which
 * look for leaks find nothing. No function of the library may be called
 * afterwards, and all objects must have been freed before.
 */
EVENT2_EXPORT_SYMBOL
void libevent_global_shutdown(void);

/**
 * Deletes an event and has a function called once its callback cannot be
 * running any more: from the loop, or from event_base_free(). Until then the
 * event stays in use and must not be freed. Never waits for another thread.
 *
 * @param flags 0
 * @param ev the event
 * @param callback gets the event and its callback's argument
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_finalize(unsigned int flags, struct event *ev,
    event_finalize_callback_fn callback);

/**
 * As event_finalize(), and frees the event afterwards.
 *
 * @param flags 0
 * @param ev an event of event_new()
 * @param callback gets the event and its callback's argument
 * @return 0, or -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_free_finalize(unsigned int flags, struct event *ev,
    event_finalize_callback_fn callback);

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
