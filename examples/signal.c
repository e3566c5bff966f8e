/* Signals as events: SIGUSR1 and SIGHUP are counted, SIGTERM ends the loop.
 *
 *	cc signal.c $(pkg-config --cflags --libs libevent_core) -o signal
 */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int usr1, hup;

static void count(evutil_socket_t signo, short what, void *arg)
{
	int *counter = arg;

	(void)what;
	printf("signal %s, number %d\n", signo == SIGUSR1 ? "USR1" : "HUP", ++*counter);
	fflush(stdout);
}

static void terminate(evutil_socket_t signo, short what, void *arg)
{
	(void)signo;
	(void)what;
	event_base_loopbreak(arg);
}

int main(void)
{
	struct event_base *base = event_base_new();
	struct event *events[3];
	int i;

	if (!base)
		return 1;
	events[0] = evsignal_new(base, SIGUSR1, count, &usr1);
	events[1] = evsignal_new(base, SIGHUP, count, &hup);
	events[2] = evsignal_new(base, SIGTERM, terminate, base);
	for (i = 0; i < 3; ++i)
		if (!events[i] || evsignal_add(events[i], NULL))
			return 1;
	printf("ready %ld\n", (long)getpid());
	fflush(stdout);

	event_base_dispatch(base);

	printf("USR1 %d, HUP %d, terminated\n", usr1, hup);
	for (i = 0; i < 3; ++i)
		event_free(events[i]);
	event_base_free(base);
	return 0;
}
