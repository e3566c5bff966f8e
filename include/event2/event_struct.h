/* Made by cargo xtask headers. Sources: src/abi */
#ifndef EVENT2_EVENT_STRUCT_H_INCLUDED_
#define EVENT2_EVENT_STRUCT_H_INCLUDED_

/**
 * @file event2/event_struct.h
 *
 * The inside of an event, for programs that place a struct event in structs
 * of their own and set it up with event_assign. Such a program depends on
 * its size. Members belong to the library: use the functions of
 * event2/event.h.
 *
 * The links of queues have the members that the macros of sys/queue.h
 * expect; that header is neither needed nor disturbed.
 */

#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>
#include <event2/keyvalq_struct.h>

/** Where an event stands. For the library's own use. */

#define EVLIST_TIMEOUT 0x01
#define EVLIST_INSERTED 0x02
#define EVLIST_SIGNAL 0x04
#define EVLIST_ACTIVE 0x08
#define EVLIST_INTERNAL 0x10
#define EVLIST_ACTIVE_LATER 0x20
#define EVLIST_FINALIZING 0x40
#define EVLIST_INIT 0x80

/** All of the above. For the library's own use. */
#define EVLIST_ALL 0xff

#ifdef __cplusplus
extern "C" {
#endif

struct event;
struct event_base;
struct event_callback;
struct event_dlist;
struct event_list;

/**
 * What stands on an active queue: the head of every struct event, or an
 * internal callback on its own.
 */
struct event_callback {
	struct {
		struct event_callback *tqe_next;
		struct event_callback **tqe_prev;
	} evcb_active_next;
	short evcb_flags;
	uint8_t evcb_pri;
	uint8_t evcb_closure;
	union {
		void (*evcb_callback)(evutil_socket_t, short, void *);
		void (*evcb_selfcb)(struct event_callback *, void *);
		void (*evcb_evfinalize)(struct event *, void *);
		void (*evcb_cbfinalize)(struct event_callback *, void *);
	} evcb_cb_union;
	void *evcb_arg;
};

/**
 * An event. It belongs to the program, which may place it inside structs of
 * its own, and is linked into the queues of its base: reading or writing
 * members is for the library alone, except where a program needs the size.
 */
struct event {
	struct event_callback ev_evcallback;
	union {
		struct {
			struct event *tqe_next;
			struct event **tqe_prev;
		} ev_next_with_common_timeout;
		int min_heap_idx;
	} ev_timeout_pos;
	evutil_socket_t ev_fd;
	struct event_base *ev_base;
	union {
		struct {
			struct {
				struct event *le_next;
				struct event **le_prev;
			} ev_io_next;
			struct timeval ev_timeout;
		} ev_io;
		struct {
			struct {
				struct event *le_next;
				struct event **le_prev;
			} ev_signal_next;
			short ev_ncalls;
			short *ev_pncalls;
		} ev_signal;
	} ev_;
	short ev_events;
	short ev_res;
	struct timeval ev_timeout;
};

/** A tail queue of events, for TAILQ_* of sys/queue.h. */
struct event_list {
	struct event *tqh_first;
	struct event **tqh_last;
};

/** A list of events, for LIST_* of sys/queue.h. */
struct event_dlist {
	struct event *lh_first;
};

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_EVENT_STRUCT_H_INCLUDED_ */
