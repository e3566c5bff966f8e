/* What the programs share: counted checks, a base of the wanted kind, loopback addresses. */
#ifndef OXI_WINDOWS_CHECK_H
#define OXI_WINDOWS_CHECK_H
#include <event2/event.h>
#include <event2/thread.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;
/* The program was called with the word iocp: bases have completion ports. */
static int iocp;

#define CHECK(what) \
	do { \
		if (what) { \
			passed++; \
		} else { \
			failed++; \
			printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #what); \
			fflush(stdout); \
		} \
	} while (0)
/* The same for what the rest depends on. */
#define NEED(what) \
	do { \
		if (!(what)) { \
			printf("%s:%d: cannot go on: %s (socket error %d)\n", __FILE__, __LINE__, #what, EVUTIL_SOCKET_ERROR()); \
			printf("%d passed, %d failed\n", passed, failed + 1); \
			exit(1); \
		} \
	} while (0)

static inline void begin(int argc, char **argv)
{
	WSADATA data;
	NEED(WSAStartup(MAKEWORD(2, 2), &data) == 0);
	iocp = argc > 1 && strcmp(argv[1], "iocp") == 0;
	if (iocp)
		NEED(evthread_use_windows_threads() == 0);
}

static inline int end(void)
{
	libevent_global_shutdown();
	WSACleanup();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}

static inline struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;
	NEED(config != NULL);
	if (iocp) {
		NEED(event_config_set_flag(config, EVENT_BASE_FLAG_STARTUP_IOCP) == 0);
		NEED(event_config_set_num_cpus_hint(config, 2) == 0);
	}
	base = event_base_new_with_config(config);
	event_config_free(config);
	NEED(base != NULL);
	return base;
}

/* Lets the loop run until it has nothing to do, or for so many seconds: then the program ends as failed. */
static inline void too_long(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	printf("the loop does not end\n%d passed, %d failed\n", passed, failed + 1);
	exit(1);
}
static inline void run_loop(struct event_base *base, int seconds)
{
	struct timeval limit = {seconds, 0};
	struct event *guard = evtimer_new(base, too_long, NULL);
	NEED(guard != NULL);
	/* Not an event that the loop waits for: it would never end. */
	event_add(guard, &limit);
	do {
		CHECK(event_base_loop(base, EVLOOP_ONCE) >= 0);
	} while (event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE |
		     EVENT_BASE_COUNT_VIRTUAL) > 1 &&
	    !event_base_got_exit(base) && !event_base_got_break(base));
	event_free(guard);
}

static inline struct sockaddr_in loopback(int port)
{
	struct sockaddr_in sin;
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((unsigned short)port);
	return sin;
}
static inline int port_of(evutil_socket_t fd)
{
	struct sockaddr_in sin;
	int len = sizeof(sin);
	NEED(getsockname(fd, (struct sockaddr *)&sin, &len) == 0);
	return ntohs(sin.sin_port);
}
#endif
