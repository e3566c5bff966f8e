/** Timers, under two names. */
#define evtimer_set(ev, cb, arg) event_set((ev), -1, 0, (cb), (arg))
#define timeout_set(ev, cb, arg) event_set((ev), -1, 0, (cb), (arg))
#define timeout_add(ev, tv) event_add((ev), (tv))
#define timeout_del(ev) event_del(ev)
#define timeout_pending(ev, tv) event_pending((ev), EV_TIMEOUT, (tv))
#define timeout_initialized(ev) event_initialized(ev)

/** Signals, under two names. */
#define evsignal_set(ev, x, cb, arg) \
	event_set((ev), (x), EV_SIGNAL | EV_PERSIST, (cb), (arg))
#define signal_set(ev, x, cb, arg) \
	event_set((ev), (x), EV_SIGNAL | EV_PERSIST, (cb), (arg))
#define signal_add(ev, tv) event_add((ev), (tv))
#define signal_del(ev) event_del(ev)
#define signal_pending(ev, tv) event_pending((ev), EV_SIGNAL, (tv))
#define signal_initialized(ev) event_initialized(ev)

/** What an event waits on: its socket, or its signal. */
#define EVENT_FD(ev) ((int)event_get_fd(ev))
#define EVENT_SIGNAL(ev) event_get_signal(ev)
