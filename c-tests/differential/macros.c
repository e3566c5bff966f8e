/*
 * Every function-like macro of the core's headers, with an effect that can be checked, and the fields that old programs
 * use. `cargo xtask headers --check` compiles it in every language mode, `cargo xtask differential` runs it.
 */
#include <event.h>
#include <event2/listener.h>
#include <event2/thread.h>
#if defined(TAILQ_ENTRY) || defined(TAILQ_HEAD) || defined(LIST_ENTRY) || defined(LIST_HEAD)
#error "macros of sys/queue.h are left defined"
#endif
#include <sys/queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>

static int failures;
#define CHECK(x) \
	do { \
		if (!(x)) { \
			printf("failed, line %d: %s\n", __LINE__, #x); \
			failures++; \
		} \
	} while (0)

static int calls;
static void count_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd; (void)what; (void)arg;
	calls++;
}

static void util_macros(void)
{
	struct timeval a = { 1, 600000 }, b = { 2, 700000 }, r;
	int s;
	ev_uint64_t u64 = EV_UINT64_MAX;
	ev_int64_t i64 = EV_INT64_MIN;
	ev_off_t off = 0;
	ev_ssize_t ss = EV_SSIZE_MIN;
	ev_uintptr_t up = 0;
	ev_intptr_t ip = 0;
	ev_socklen_t sl = 0;
	ev_uint8_t u8 = EV_UINT8_MAX;
	ev_int8_t i8 = EV_INT8_MIN;
	ev_uint16_t u16 = EV_UINT16_MAX;
	ev_int16_t i16 = EV_INT16_MIN;
	ev_uint32_t u32 = EV_UINT32_MAX;
	ev_int32_t i32 = EV_INT32_MIN;
	struct evutil_addrinfo hints;
	struct evbuffer_iovec vec[2];

	memset(&hints, 0, sizeof(hints));
	hints.ai_flags = EVUTIL_AI_PASSIVE | EVUTIL_AI_NUMERICHOST;
	vec[0].iov_base = &hints;
	vec[0].iov_len = sizeof(hints);
	CHECK(vec[0].iov_len == sizeof(struct addrinfo));
	CHECK(u64 + 1 == 0 && i64 < 0 && off == 0 && ss < 0 && up == 0);
	CHECK(ip == 0 && sl == 0 && u8 == 255 && i8 == -128 && u16 == 65535);
	CHECK(i16 == -32768 && u32 == 4294967295u && i32 < 0);

	evutil_timeradd(&a, &b, &r);
	CHECK(r.tv_sec == 4 && r.tv_usec == 300000);
	evutil_timersub(&b, &a, &r);
	CHECK(r.tv_sec == 1 && r.tv_usec == 100000);
	CHECK(evutil_timercmp(&a, &b, <) && evutil_timercmp(&b, &a, >=));
	CHECK(evutil_timercmp(&a, &a, ==) && evutil_timercmp(&a, &b, !=));
	CHECK(evutil_timerisset(&r));
	evutil_timerclear(&r);
	CHECK(!evutil_timerisset(&r));
	CHECK(evutil_gettimeofday(&r, NULL) == 0);
	CHECK(evutil_offsetof(struct timeval, tv_usec) == sizeof(r.tv_sec));

	s = (int)socket(AF_INET, SOCK_STREAM, 0);
	CHECK(s != EVUTIL_INVALID_SOCKET);
	CHECK(EVUTIL_CLOSESOCKET(s) == 0);
	EVUTIL_SET_SOCKET_ERROR(EINVAL);
	CHECK(EVUTIL_SOCKET_ERROR() == EINVAL);
	CHECK(evutil_socket_geterror(0) == EINVAL);
	CHECK(strlen(evutil_socket_error_to_string(EINVAL)) > 0);
}

static void event_macros(struct event_base *base)
{
	struct event fixed, *ev;
	struct timeval soon = { 0, 1000 }, later = { 60, 0 };

	ev = evtimer_new(base, count_cb, NULL);
	CHECK(evtimer_initialized(ev));
	CHECK(evtimer_add(ev, &soon) == 0);
	CHECK(evtimer_pending(ev, NULL));
	CHECK(event_base_loop(base, EVLOOP_ONCE) == 0 && calls == 1);
	CHECK(evtimer_del(ev) == 0);
	event_free(ev);

	CHECK(evtimer_assign(&fixed, base, count_cb, NULL) == 0);
	CHECK(fixed.ev_base == base && fixed.ev_fd == -1);
	CHECK(fixed.ev_events == 0 && fixed.ev_res == 0);
	CHECK(fixed.ev_evcallback.evcb_flags & EVLIST_INIT);
	CHECK(evtimer_add(&fixed, &later) == 0 && evtimer_del(&fixed) == 0);

	ev = evsignal_new(base, SIGUSR1, count_cb, NULL);
	CHECK(evsignal_initialized(ev));
	CHECK(event_get_signal(ev) == SIGUSR1 && EVENT_SIGNAL(ev) == SIGUSR1);
	CHECK(EVENT_FD(ev) == SIGUSR1);
	CHECK(evsignal_add(ev, NULL) == 0 && evsignal_pending(ev, NULL));
	CHECK(evsignal_del(ev) == 0);
	event_free(ev);
	CHECK(evsignal_assign(&fixed, base, SIGUSR1, count_cb, NULL) == 0);
	CHECK(fixed.ev_fd == SIGUSR1 && fixed.ev_events ==
	    (EV_SIGNAL | EV_PERSIST));

	ev = evuser_new(base, count_cb, NULL);
	CHECK(evuser_initialized(ev) && !evuser_pending(ev, NULL));
	evuser_trigger(ev);
	CHECK(event_base_loop(base, EVLOOP_NONBLOCK) >= 0 && calls == 2);
	CHECK(evuser_del(ev) == 0);
	event_free(ev);
}

static void compat_macros(struct event_base *base)
{
	struct event t, s;
	struct timeval later = { 60, 0 };

	evtimer_set(&t, count_cb, NULL);
	CHECK(event_base_set(base, &t) == 0);
	evsignal_set(&s, SIGUSR1, count_cb, NULL);
	CHECK(event_base_set(base, &s) == 0);
	timeout_set(&t, count_cb, NULL);
	CHECK(event_base_set(base, &t) == 0);
	CHECK(timeout_initialized(&t));
	CHECK(timeout_add(&t, &later) == 0 && timeout_pending(&t, NULL));
	CHECK(timeout_del(&t) == 0);
	signal_set(&s, SIGUSR1, count_cb, NULL);
	CHECK(event_base_set(base, &s) == 0);
	CHECK(signal_initialized(&s));
	CHECK(signal_add(&s, NULL) == 0 && signal_pending(&s, NULL));
	CHECK(signal_del(&s) == 0);
	CHECK(_EVENT_LOG_DEBUG == EVENT_LOG_DEBUG);
	CHECK(_EVENT_LOG_MSG == EVENT_LOG_MSG);
	CHECK(_EVENT_LOG_WARN == EVENT_LOG_WARN);
	CHECK(_EVENT_LOG_ERR == EVENT_LOG_ERR);
}

static void buffer_macros(struct event_base *base)
{
	struct evbuffer *b = evbuffer_new();
	struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);
	evbuffercb cb = NULL;
	everrorcb ecb = NULL;

	encode_int(b, 7);
	encode_int64(b, 7);
	evbuffer_drain(b, evbuffer_get_length(b));
	evbuffer_add(b, "abc", 4);
	CHECK(EVBUFFER_LENGTH(b) == 4);
	CHECK(strcmp((const char *)EVBUFFER_DATA(b), "abc") == 0);
	evbuffer_free(b);
	bufferevent_setcb(bev, cb, cb, ecb, NULL);
	CHECK(EVBUFFER_INPUT(bev) == bufferevent_get_input(bev));
	CHECK(EVBUFFER_OUTPUT(bev) == bufferevent_get_output(bev));
	/* Fields which old programs read directly. */
	CHECK(bev->ev_base == base && bev->input == EVBUFFER_INPUT(bev));
	CHECK(bev->output == EVBUFFER_OUTPUT(bev));
	CHECK(bev->enabled == EV_WRITE && bev->ev_read.ev_fd == -1);
	CHECK(EVBUFFER_READ == BEV_EVENT_READING);
	bufferevent_free(bev);
}

/* The lists can be walked with the macros of the system. */
static void queues(void)
{
	struct evkeyvalq list;
	struct evkeyval a, b, *at;
	struct event e, *ev;
	struct event_list events;
	int n = 0;

	TAILQ_INIT(&list);
	TAILQ_INSERT_TAIL(&list, &a, next);
	TAILQ_INSERT_HEAD(&list, &b, next);
	TAILQ_FOREACH(at, &list, next)
		n++;
	CHECK(n == 2 && TAILQ_FIRST(&list) == &b);
	TAILQ_REMOVE(&list, &b, next);
	CHECK(TAILQ_NEXT(&a, next) == NULL);
	memset(&e, 0, sizeof(e));
	TAILQ_INIT(&events);
	TAILQ_INSERT_TAIL(&events, &e, ev_timeout_pos.ev_next_with_common_timeout);
	TAILQ_FOREACH(ev, &events, ev_timeout_pos.ev_next_with_common_timeout)
		CHECK(ev == &e);
}

int main(void)
{
	struct event_base *base = event_base_new();

	CHECK(strcmp(event_get_version(), LIBEVENT_VERSION) == 0);
	CHECK(event_get_version_number() == LIBEVENT_VERSION_NUMBER);
	CHECK(event_get_struct_event_size() == sizeof(struct event));
	util_macros();
	event_macros(base);
	compat_macros(base);
	buffer_macros(base);
	queues();
	event_base_free(base);
	return failures != 0;
}
