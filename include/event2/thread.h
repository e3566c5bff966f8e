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

/** evthread_use_pthreads is there, in libevent_pthreads. */
#define EVTHREAD_USE_PTHREADS_IMPLEMENTED 1

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

/** Does evthread_enable_lock_debugging. */
EVENT2_EXPORT_SYMBOL
void evthread_enable_lock_debugging(void);

/** Does evthread_enable_lock_debuging. */
EVENT2_EXPORT_SYMBOL
void evthread_enable_lock_debuging(void);

/** Does evthread_make_base_notifiable. */
EVENT2_EXPORT_SYMBOL
int evthread_make_base_notifiable(struct event_base *a0);

/** Does evthread_set_condition_callbacks. */
EVENT2_EXPORT_SYMBOL
int evthread_set_condition_callbacks(
    const struct evthread_condition_callbacks *a0);

/** Does evthread_set_id_callback. */
EVENT2_EXPORT_SYMBOL
void evthread_set_id_callback(unsigned long (*a0)(void));

/** Does evthread_set_lock_callbacks. */
EVENT2_EXPORT_SYMBOL
int evthread_set_lock_callbacks(const struct evthread_lock_callbacks *a0);

/** Does evthread_use_pthreads. */
EVENT2_EXPORT_SYMBOL
int evthread_use_pthreads(void);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_THREAD_H_INCLUDED_ */
