/* Made by cargo xtask headers. Sources: capi/src/thread.rs */
#ifndef EVENT2_THREAD_H_INCLUDED_
#define EVENT2_THREAD_H_INCLUDED_

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

/**
 * Bits of a lock's mode: for writing, for reading (locks of the read-write
 * kind only), and not waiting.
 */
#define EVTHREAD_WRITE 0x04
#define EVTHREAD_READ 0x08
#define EVTHREAD_TRY 0x10
/** Version of struct evthread_lock_callbacks. */
#define EVTHREAD_LOCK_API_VERSION 1
/** A lock that its holder can take again. The library needs this kind. */
#define EVTHREAD_LOCKTYPE_RECURSIVE 1
/** A lock with many readers or one writer. Never asked for as yet. */
#define EVTHREAD_LOCKTYPE_READWRITE 2
/** Version of struct evthread_condition_callbacks. */
#define EVTHREAD_CONDITION_API_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
struct evthread_condition_callbacks;
struct evthread_lock_callbacks;

/** The locks that the library is to use. */
struct evthread_lock_callbacks {
	/** EVTHREAD_LOCK_API_VERSION. */
	int lock_api_version;
	/**
	 * EVTHREAD_LOCKTYPE_* bits of the kinds that alloc can make; 0: the
	 * plain kind alone.
	 */
	unsigned int supported_locktypes;
	/** Makes a lock of the given kind (0: plain); NULL on failure. */
	void *(*alloc)(unsigned int locktype);
	/** Frees a lock that nobody holds. */
	void (*free)(void *lock, unsigned int locktype);
	/**
	 * Takes a lock. 0 once it is held; with EVTHREAD_TRY, nonzero if
	 * another thread has it.
	 */
	int (*lock)(unsigned int mode, void *lock);
	/** Gives a lock back. 0, or nonzero on failure. */
	int (*unlock)(unsigned int mode, void *lock);
};

/** The condition variables that the library is to use. */
struct evthread_condition_callbacks {
	/** EVTHREAD_CONDITION_API_VERSION. */
	int condition_api_version;
	/**
	 * Makes a condition variable (the argument is 0 as yet); NULL on
	 * failure.
	 */
	void *(*alloc_condition)(unsigned int condtype);
	/** Frees one that nobody waits on. */
	void (*free_condition)(void *cond);
	/**
	 * Wakes one waiting thread, or all with broadcast. Called with the
	 * lock held. 0, or -1 on failure.
	 */
	int (*signal_condition)(void *cond, int broadcast);
	/**
	 * Gives lock back, waits, and takes it again; at most for timeout
	 * (NULL: for ever). 0 when woken, 1 at the timeout, -1 on failure.
	 */
	int (*wait_condition)(void *cond,
			      void *lock,
			      const struct timeval *timeout);
};

#ifdef _WIN32
/**
 * Sets up the locks, condition variables and thread numbers of Windows. To be
 * called before any other function of the library.
 *
 * @return 0, or -1 if other locks are set already
 */
EVENT2_EXPORT_SYMBOL
int evthread_use_windows_threads(void);
#endif

/**
 * Sets the functions that make and take locks. To be called before any other
 * function of the library, and only by programs that do not use
 * evthread_use_pthreads.
 *
 * @param cbs the functions, which are copied; NULL takes away those that were
 *   set
 * @return 0, or -1 if one of them is missing or others are set already
 */
EVENT2_EXPORT_SYMBOL
int evthread_set_lock_callbacks(const struct evthread_lock_callbacks *cbs);

/**
 * Sets the functions for condition variables. To be called before any other
 * function of the library, after the locks.
 *
 * @param cbs the functions, which are copied; NULL takes away those that were
 *   set
 * @return 0, or -1 if one of them is missing or others are set already
 */
EVENT2_EXPORT_SYMBOL
int evthread_set_condition_callbacks(
    const struct evthread_condition_callbacks *cbs);

/**
 * Sets the function that tells which thread is running.
 *
 * @param id_fn returns a number that no other running thread has
 */
EVENT2_EXPORT_SYMBOL
void evthread_set_id_callback(unsigned long (*id_fn)(void));

/**
 * Makes a base's loop wake up when another thread changes the base. Bases
 * made after locks were set up have this already.
 *
 * @return 0, or -1 if base is NULL or the system refuses
 */
EVENT2_EXPORT_SYMBOL
int evthread_make_base_notifiable(struct event_base *base);

/**
 * Has the use of every lock checked: unlocking what the thread does not hold,
 * waiting on a condition without the lock, taking a lock twice that does not
 * allow it. A mistake is logged and ends the process. Costs time: for finding
 * bugs. To be called once, before any lock is made.
 */
EVENT2_EXPORT_SYMBOL
void evthread_enable_lock_debugging(void);

/** evthread_enable_lock_debugging under its first, misspelt name. */
EVENT2_EXPORT_SYMBOL
void evthread_enable_lock_debuging(void);

#ifndef _WIN32
/**
 * Sets up pthread mutexes and conditions as the library's locks. To be called
 * before any other function of the library; calling it again, or from several
 * threads at once, does no harm.
 *
 * @return 0, or -1 if other locks or conditions are set already
 */
EVENT2_EXPORT_SYMBOL
int evthread_use_pthreads(void);
#endif

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_THREAD_H_INCLUDED_ */
