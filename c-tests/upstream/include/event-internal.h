/* The few things inside the event loop that tests reach for. */
#ifndef OXI_SUITE_EVENT_INTERNAL_H
#define OXI_SUITE_EVENT_INTERNAL_H
#include "event2/event.h"
#include "event2/event_struct.h"

#define ev_flags ev_evcallback.evcb_flags

/* Only these two descriptor pairs are looked at. oxievent keeps them first in its base; plain libevent 2.1.12 on x86_64, on
 * which this driver can be checked too, has them elsewhere. */
#ifdef SUITE_ON_LIBEVENT
struct event_base {
	char skipped_1[168];
	struct {
		evutil_socket_t ev_signal_pair[2];
	} sig;
	char skipped_2[500 - 168 - 2 * sizeof(evutil_socket_t)];
	evutil_socket_t th_notify_fd[2];
};
#else
struct event_base {
	struct {
		evutil_socket_t ev_signal_pair[2];
	} sig;
	evutil_socket_t th_notify_fd[2];
};
#endif

/* Checks what the base knows about itself. */
void event_base_assert_ok_(struct event_base *base);
void event_base_add_virtual_(struct event_base *base);
void event_active_later_(struct event *ev, int res);
int event_callback_activate_(struct event_base *base, struct event_callback *cb);
void event_callback_finalize_(struct event_base *base, unsigned flags, struct event_callback *cb,
    void (*finalizer)(struct event_callback *, void *));
#endif
