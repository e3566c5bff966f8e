/* Callbacks that the loop runs later, without an event. */
#ifndef OXI_SUITE_DEFER_INTERNAL_H
#define OXI_SUITE_DEFER_INTERNAL_H
#include "event2/event.h"
#include "event2/event_struct.h"
typedef void (*deferred_cb_fn)(struct event_callback *cb, void *arg);
void event_deferred_cb_init_(struct event_callback *cb, ev_uint8_t priority, deferred_cb_fn fn, void *arg);
int event_deferred_cb_schedule_(struct event_base *base, struct event_callback *cb);
#endif
