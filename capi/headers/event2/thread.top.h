
/**
 * @file event2/thread.h
 *
 * Locks. Without a call of evthread_use_pthreads, or of the two functions
 * that set locks and conditions, the library takes no locks, and its objects
 * must each be used by one thread at a time. Call it first: an object that
 * was made before it has no lock.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>

struct timeval;

#ifdef _WIN32
/** evthread_use_windows_threads is there. */
#define EVTHREAD_USE_WINDOWS_THREADS_IMPLEMENTED 1
#else
/** evthread_use_pthreads is there, in libevent_pthreads. */
#define EVTHREAD_USE_PTHREADS_IMPLEMENTED 1
#endif
