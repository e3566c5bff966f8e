/* Locks and conditions as the library takes them: through whatever callbacks are installed, and none at all otherwise. */
#ifndef OXI_SUITE_EVTHREAD_INTERNAL_H
#define OXI_SUITE_EVTHREAD_INTERNAL_H
#include "event2/thread.h"
#include "event2/event-config.h"
#include "util-internal.h"

struct evthread_lock_callbacks *evthread_get_lock_callbacks(void);
#ifdef SUITE_ON_LIBEVENT
/* The tables that are in use, lock debugging included. */
extern struct evthread_lock_callbacks evthread_lock_fns_;
extern struct evthread_condition_callbacks evthread_cond_fns_;
#define oxi_lock_table() (&evthread_lock_fns_)
#define oxi_cond_table() (&evthread_cond_fns_)
#else
struct evthread_condition_callbacks *evthread_get_condition_callbacks(void);
#define oxi_lock_table() evthread_get_lock_callbacks()
#define oxi_cond_table() evthread_get_condition_callbacks()
#endif

static inline void *
oxi_lock_new(unsigned type)
{
	struct evthread_lock_callbacks *table = oxi_lock_table();
	return table->alloc ? table->alloc(type) : NULL;
}
static inline void
oxi_lock_free(void *lock, unsigned type)
{
	struct evthread_lock_callbacks *table = oxi_lock_table();
	if (lock && table->free)
		table->free(lock, type);
}
static inline void *
oxi_cond_new(void)
{
	struct evthread_condition_callbacks *table = oxi_cond_table();
	return table->alloc_condition ? table->alloc_condition(0) : NULL;
}
static inline int
oxi_cond_signal(void *cond, int all)
{
	return cond ? oxi_cond_table()->signal_condition(cond, all) : 0;
}
static inline int
oxi_cond_wait(void *cond, void *lock, const struct timeval *limit)
{
	return cond ? oxi_cond_table()->wait_condition(cond, lock, limit) : 0;
}

#define EVTHREAD_ALLOC_LOCK(var, type) ((var) = oxi_lock_new(type))
#define EVTHREAD_FREE_LOCK(var, type) oxi_lock_free((var), (type))
#define EVLOCK_LOCK(var, mode) \
	do { \
		if (var) \
			oxi_lock_table()->lock((mode), (var)); \
	} while (0)
#define EVLOCK_UNLOCK(var, mode) \
	do { \
		if (var) \
			oxi_lock_table()->unlock((mode), (var)); \
	} while (0)
#define EVTHREAD_ALLOC_COND(var) ((var) = oxi_cond_new())
#define EVTHREAD_FREE_COND(var) \
	do { \
		if (var) \
			oxi_cond_table()->free_condition(var); \
	} while (0)
#define EVTHREAD_COND_SIGNAL(var) oxi_cond_signal((var), 0)
#define EVTHREAD_COND_BROADCAST(var) oxi_cond_signal((var), 1)
#define EVTHREAD_COND_WAIT(var, lock) oxi_cond_wait((var), (lock), NULL)
#define EVTHREAD_COND_WAIT_TIMED(var, lock, limit) oxi_cond_wait((var), (lock), (limit))
#endif
