
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
