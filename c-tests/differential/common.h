/*
 * For programs whose output must be the same on the original library and on ours: nothing that depends on addresses,
 * descriptors, ports or time may be printed.
 */
#ifndef COMMON_H
#define COMMON_H
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <event2/util.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Prints an expression and its value. */
#define SHOW(e) printf("%s = %lld\n", #e, (long long)(e))
/* Only whether it is negative, zero or positive. */
#define SIGN(e) printf("%s %s 0\n", #e, (e) < 0 ? "<" : (e) > 0 ? ">" : "==")
/* Only whether it is NULL. */
#define NIL(e) printf("%s %s NULL\n", #e, (e) ? "!=" : "==")
#define TEXT(e) show_text(#e, (e))
#define TITLE(t) printf("== %s\n", t)

static inline void show_text(const char *what, const char *s)
{
	printf("%s = %s%s%s\n", what, s ? "\"" : "", s ? s : "NULL", s ? "\"" : "");
}

static inline struct timeval *ms(int n)
{
	static struct timeval tv[8];
	static int next;
	struct timeval *t = &tv[next++ % 8];
	t->tv_sec = n / 1000;
	t->tv_usec = n % 1000 * 1000;
	return t;
}

static inline void die_silently(int severity, const char *msg)
{
	(void)severity, (void)msg;
}

/* Ends a program that hangs, and keeps log messages (whose wording is free) out of the comparison. */
static inline void setup(void)
{
	alarm(20);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	event_set_log_callback(die_silently);
}

static inline void pair(evutil_socket_t fd[2])
{
	if (evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		abort();
	evutil_make_socket_nonblocking(fd[0]);
	evutil_make_socket_nonblocking(fd[1]);
}
#endif
