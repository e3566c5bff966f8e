/* The interface of 1.x, and evtag. */
#include "common.h"
#include <event.h>

static struct event e[4];
static int n;

static void say(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	printf("  %s: what 0x%x\n", (char *)arg, (unsigned)what);
	if (++n == 3)
		event_loopbreak();
}
static void on_read(struct bufferevent *b, void *arg)
{
	char *line;
	while ((line = evbuffer_readline(EVBUFFER_INPUT(b))) != NULL) {
		printf("  %s: %s\n", (char *)arg, line);
		bufferevent_write(b, "ok\n", 3);
		free(line);
	}
}
static void on_write(struct bufferevent *b, void *arg)
{
	printf("  %s: written, %zu left\n", (char *)arg, EVBUFFER_LENGTH(EVBUFFER_OUTPUT(b)));
}
static void on_error(struct bufferevent *b, short what, void *arg)
{
	(void)b;
	printf("  %s: error 0x%x eof %d\n", (char *)arg, (unsigned)what, (what & EVBUFFER_EOF) != 0);
	event_loopexit(NULL);
}

static void show(struct evbuffer *b)
{
	size_t i, len = evbuffer_get_length(b);
	unsigned char *p = evbuffer_pullup(b, -1);
	printf("  %zu:", len);
	for (i = 0; i < len; i++)
		printf(" %02x", p[i]);
	printf("\n");
}

static void tags(void)
{
	static const ev_uint64_t numbers[] = {0, 1, 15, 16, 255, 256, 0xabc, 0xffff, 0x12345678, 0xffffffff, 0x123456789abULL,
	    0xffffffffffffffffULL};
	struct evbuffer *b = evbuffer_new(), *d = evbuffer_new();
	struct timeval tv = {1234567890, 654321};
	ev_uint32_t tag, num, len;
	ev_uint64_t big;
	unsigned i;
	char *s, fixed[4];
	TITLE("tags");
	evtag_init();
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		evtag_encode_int(b, (ev_uint32_t)numbers[i]);
		show(b);
		evbuffer_drain(b, 100);
		evtag_encode_int64(b, numbers[i]);
		show(b);
		evbuffer_drain(b, 100);
		evtag_marshal_int(b, (ev_uint32_t)numbers[i], (ev_uint32_t)numbers[i]);
		show(b);
		SHOW(evtag_peek(b, &tag));
		SHOW(tag);
		SHOW(evtag_peek_length(b, &len));
		SHOW(len);
		SHOW(evtag_payload_length(b, &len));
		SHOW(len);
		SHOW(evtag_unmarshal_int(b, tag, &num));
		SHOW(num);
		evtag_marshal_int64(b, 7, numbers[i]);
		SHOW(evtag_unmarshal_int64(b, 7, &big) > 0);
		SHOW(big == numbers[i]);
		evtag_marshal_int64(b, 7, numbers[i]);
		SHOW(evtag_unmarshal_int(b, 7, &num) > 0);
		SHOW(evbuffer_get_length(b));
		evbuffer_drain(b, 100);
	}
	evtag_marshal_string(b, 300, "a string");
	evtag_marshal_timeval(b, 301, &tv);
	evtag_marshal(b, 302, "data", 4);
	evbuffer_add(d, "whole buffer", 12);
	evtag_marshal_buffer(b, 303, d);
	SHOW(evbuffer_get_length(d));
	evtag_marshal(b, 304, NULL, 0);
	show(b);
	SHOW(evtag_unmarshal_string(b, 300, &s));
	TEXT(s);
	free(s);
	memset(&tv, 0, sizeof(tv));
	SHOW(evtag_unmarshal_timeval(b, 301, &tv));
	SHOW(tv.tv_sec);
	SHOW(tv.tv_usec);
	SHOW(evtag_unmarshal_fixed(b, 302, fixed, 4));
	SHOW(evtag_unmarshal(b, &tag, d));
	SHOW(tag);
	SHOW(evbuffer_get_length(d));
	SHOW(evtag_consume(b));
	SHOW(evbuffer_get_length(b));
	SHOW(evtag_consume(b));
	SHOW(evtag_peek(b, &tag));
	SHOW(evtag_unmarshal_header(b, &tag));
	/* Incomplete and wrong. */
	evtag_marshal_string(b, 5, "abcdef");
	SHOW(evtag_unmarshal_fixed(b, 6, fixed, 4));
	SHOW(evbuffer_get_length(b));
	evbuffer_drain(b, 100);
	evtag_marshal_string(b, 5, "abcdef");
	SHOW(evtag_unmarshal_fixed(b, 5, fixed, 4));
	SHOW(evbuffer_get_length(b));
	evbuffer_drain(b, 100);
	evtag_marshal_timeval(b, 5, &tv);
	SHOW(evtag_unmarshal_timeval(b, 6, &tv));
	SHOW(evbuffer_get_length(b));
	evbuffer_drain(b, 100);
	evbuffer_add(b, "\x05\x10\x10only", 7);
	SHOW(evtag_unmarshal_header(b, &tag));
	SHOW(evbuffer_get_length(b));
	evbuffer_drain(b, 100);
	evbuffer_add(b, "\x80\x80\x80", 3);
	SHOW(evtag_peek(b, &tag));
	evbuffer_add(b, "\x80\x1f", 2);
	SHOW(evtag_peek(b, &tag));
	evbuffer_drain(b, 100);
	evbuffer_add(b, "\x05\x9f\xff\xff\xff\xff\xff", 7);
	SHOW(evtag_payload_length(b, &len));
	evbuffer_free(b);
	evbuffer_free(d);
}

int main(void)
{
	evutil_socket_t fd[2];
	struct bufferevent *a;
	char got[32];
	setup();
	SHOW(event_init() != NULL);
	TEXT(event_get_method());
	event_set(&e[0], -1, 0, say, "timer");
	evtimer_set(&e[1], say, "timer 2");
	signal_set(&e[2], SIGUSR1, say, "signal");
	SHOW(event_add(&e[0], ms(5)));
	SHOW(evtimer_add(&e[1], ms(15)));
	SHOW(signal_add(&e[2], NULL));
	SHOW(evtimer_pending(&e[0], NULL));
	SHOW(signal_pending(&e[2], NULL));
	SHOW(EVENT_SIGNAL(&e[2]) == SIGUSR1);
	SHOW(EVENT_FD(&e[0]));
	raise(SIGUSR1);
	SHOW(event_dispatch());
	SHOW(signal_del(&e[2]));
	SHOW(event_loop(EVLOOP_NONBLOCK));
	SHOW(event_once(-1, EV_TIMEOUT, say, "once", ms(1)));
	SHOW(event_loop(EVLOOP_ONCE));
	SHOW(event_priority_init(3));
	event_set(&e[3], -1, 0, say, "priority");
	SHOW(event_priority_set(&e[3], 2));
	SHOW(event_loopexit(ms(5)));
	SHOW(event_dispatch());
	TITLE("bufferevent");
	pair(fd);
	a = bufferevent_new(fd[0], on_read, on_write, on_error, "a");
	NIL(a);
	bufferevent_settimeout(a, 5, 5);
	SHOW(bufferevent_enable(a, EV_READ));
	SHOW(write(fd[1], "one\ntwo\nrest", 12));
	event_loop(EVLOOP_ONCE);
	event_loop(EVLOOP_NONBLOCK);
	SHOW(read(fd[1], got, sizeof(got)));
	close(fd[1]);
	SHOW(event_dispatch());
	bufferevent_free(a);
	close(fd[0]);
	tags();
	return 0;
}
