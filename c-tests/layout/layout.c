/*
 * The layout of the public structs, as a C compiler sees our headers: every size and offset that is recorded in
 * ../abi/layout.json, for x86_64 and for i386 (32-bit time_t). It only has to compile: `cargo xtask headers --check`
 * does that.
 */
#include <event2/bufferevent.h>
#include <event2/bufferevent_struct.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/thread.h>
#include <stddef.h>

#ifdef __LP64__
#define BITS(sixty_four, thirty_two) (sixty_four)
#else
#define BITS(sixty_four, thirty_two) (thirty_two)
#endif
#define SIZE(type, n64, n32, align64, align32) \
	_Static_assert(sizeof(type) == BITS(n64, n32), "size of " #type); \
	_Static_assert(_Alignof(type) == BITS(align64, align32), "alignment of " #type)
#define AT(type, field, at64, at32, n64, n32) \
	_Static_assert(offsetof(type, field) == BITS(at64, at32), "offset of " #field); \
	_Static_assert(sizeof(((type *)0)->field) == BITS(n64, n32), "size of " #field)

SIZE(struct event, 128, 64, 8, 4);
AT(struct event, ev_evcallback, 0, 0, 40, 20);
AT(struct event, ev_timeout_pos, 40, 20, 16, 8);
AT(struct event, ev_timeout_pos.ev_next_with_common_timeout, 40, 20, 16, 8);
AT(struct event, ev_timeout_pos.ev_next_with_common_timeout.tqe_next, 40, 20, 8, 4);
AT(struct event, ev_timeout_pos.ev_next_with_common_timeout.tqe_prev, 48, 24, 8, 4);
AT(struct event, ev_timeout_pos.min_heap_idx, 40, 20, 4, 4);
AT(struct event, ev_fd, 56, 28, 4, 4);
AT(struct event, ev_base, 64, 32, 8, 4);
AT(struct event, ev_, 72, 36, 32, 16);
AT(struct event, ev_.ev_io, 72, 36, 32, 16);
AT(struct event, ev_.ev_io.ev_io_next, 72, 36, 16, 8);
AT(struct event, ev_.ev_io.ev_io_next.le_next, 72, 36, 8, 4);
AT(struct event, ev_.ev_io.ev_io_next.le_prev, 80, 40, 8, 4);
AT(struct event, ev_.ev_io.ev_timeout, 88, 44, 16, 8);
AT(struct event, ev_.ev_signal, 72, 36, 32, 16);
AT(struct event, ev_.ev_signal.ev_signal_next, 72, 36, 16, 8);
AT(struct event, ev_.ev_signal.ev_signal_next.le_next, 72, 36, 8, 4);
AT(struct event, ev_.ev_signal.ev_signal_next.le_prev, 80, 40, 8, 4);
AT(struct event, ev_.ev_signal.ev_ncalls, 88, 44, 2, 2);
AT(struct event, ev_.ev_signal.ev_pncalls, 96, 48, 8, 4);
AT(struct event, ev_events, 104, 52, 2, 2);
AT(struct event, ev_res, 106, 54, 2, 2);
AT(struct event, ev_timeout, 112, 56, 16, 8);

SIZE(struct event_callback, 40, 20, 8, 4);
AT(struct event_callback, evcb_active_next, 0, 0, 16, 8);
AT(struct event_callback, evcb_active_next.tqe_next, 0, 0, 8, 4);
AT(struct event_callback, evcb_active_next.tqe_prev, 8, 4, 8, 4);
AT(struct event_callback, evcb_flags, 16, 8, 2, 2);
AT(struct event_callback, evcb_pri, 18, 10, 1, 1);
AT(struct event_callback, evcb_closure, 19, 11, 1, 1);
AT(struct event_callback, evcb_cb_union, 24, 12, 8, 4);
AT(struct event_callback, evcb_cb_union.evcb_callback, 24, 12, 8, 4);
AT(struct event_callback, evcb_cb_union.evcb_selfcb, 24, 12, 8, 4);
AT(struct event_callback, evcb_cb_union.evcb_evfinalize, 24, 12, 8, 4);
AT(struct event_callback, evcb_cb_union.evcb_cbfinalize, 24, 12, 8, 4);
AT(struct event_callback, evcb_arg, 32, 16, 8, 4);

SIZE(struct event_list, 16, 8, 8, 4);
AT(struct event_list, tqh_first, 0, 0, 8, 4);
AT(struct event_list, tqh_last, 8, 4, 8, 4);

SIZE(struct event_dlist, 8, 4, 8, 4);
AT(struct event_dlist, lh_first, 0, 0, 8, 4);

SIZE(struct evkeyval, 32, 16, 8, 4);
AT(struct evkeyval, next, 0, 0, 16, 8);
AT(struct evkeyval, next.tqe_next, 0, 0, 8, 4);
AT(struct evkeyval, next.tqe_prev, 8, 4, 8, 4);
AT(struct evkeyval, key, 16, 8, 8, 4);
AT(struct evkeyval, value, 24, 12, 8, 4);

SIZE(struct evkeyvalq, 16, 8, 8, 4);
AT(struct evkeyvalq, tqh_first, 0, 0, 8, 4);
AT(struct evkeyvalq, tqh_last, 8, 4, 8, 4);

SIZE(struct event_watermark, 16, 8, 8, 4);
AT(struct event_watermark, low, 0, 0, 8, 4);
AT(struct event_watermark, high, 8, 4, 8, 4);

SIZE(struct bufferevent, 392, 196, 8, 4);
AT(struct bufferevent, ev_base, 0, 0, 8, 4);
AT(struct bufferevent, be_ops, 8, 4, 8, 4);
AT(struct bufferevent, ev_read, 16, 8, 128, 64);
AT(struct bufferevent, ev_write, 144, 72, 128, 64);
AT(struct bufferevent, input, 272, 136, 8, 4);
AT(struct bufferevent, output, 280, 140, 8, 4);
AT(struct bufferevent, wm_read, 288, 144, 16, 8);
AT(struct bufferevent, wm_write, 304, 152, 16, 8);
AT(struct bufferevent, readcb, 320, 160, 8, 4);
AT(struct bufferevent, writecb, 328, 164, 8, 4);
AT(struct bufferevent, errorcb, 336, 168, 8, 4);
AT(struct bufferevent, cbarg, 344, 172, 8, 4);
AT(struct bufferevent, timeout_read, 352, 176, 16, 8);
AT(struct bufferevent, timeout_write, 368, 184, 16, 8);
AT(struct bufferevent, enabled, 384, 192, 2, 2);

SIZE(struct evbuffer_ptr, 24, 12, 8, 4);
AT(struct evbuffer_ptr, pos, 0, 0, 8, 4);
AT(struct evbuffer_ptr, internal_, 8, 4, 16, 8);
AT(struct evbuffer_ptr, internal_.chain, 8, 4, 8, 4);
AT(struct evbuffer_ptr, internal_.pos_in_chain, 16, 8, 8, 4);

SIZE(struct evbuffer_cb_info, 24, 12, 8, 4);
AT(struct evbuffer_cb_info, orig_size, 0, 0, 8, 4);
AT(struct evbuffer_cb_info, n_added, 8, 4, 8, 4);
AT(struct evbuffer_cb_info, n_deleted, 16, 8, 8, 4);

SIZE(struct evthread_lock_callbacks, 40, 24, 8, 4);
AT(struct evthread_lock_callbacks, lock_api_version, 0, 0, 4, 4);
AT(struct evthread_lock_callbacks, supported_locktypes, 4, 4, 4, 4);
AT(struct evthread_lock_callbacks, alloc, 8, 8, 8, 4);
AT(struct evthread_lock_callbacks, free, 16, 12, 8, 4);
AT(struct evthread_lock_callbacks, lock, 24, 16, 8, 4);
AT(struct evthread_lock_callbacks, unlock, 32, 20, 8, 4);

SIZE(struct evthread_condition_callbacks, 40, 20, 8, 4);
AT(struct evthread_condition_callbacks, condition_api_version, 0, 0, 4, 4);
AT(struct evthread_condition_callbacks, alloc_condition, 8, 4, 8, 4);
AT(struct evthread_condition_callbacks, free_condition, 16, 8, 8, 4);
AT(struct evthread_condition_callbacks, signal_condition, 24, 12, 8, 4);
AT(struct evthread_condition_callbacks, wait_condition, 32, 16, 8, 4);

int main(void)
{
	return event_get_struct_event_size() == sizeof(struct event) ? 0 : 1;
}
