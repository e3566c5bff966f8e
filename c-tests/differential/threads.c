/* With locks: events that other threads add, activate and delete; conditions of the program's own tables. */
#include "common.h"
#include <pthread.h>

static struct event_base *base;
static struct event *timer, *user, *stop;
static int runs;

static void say(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	printf("  %s: what 0x%x\n", (char *)arg, (unsigned)what);
	runs++;
	if (*(char *)arg == 's')
		event_base_loopbreak(base);
}
static void *adder(void *arg)
{
	(void)arg;
	usleep(20000);
	event_add(timer, ms(10));
	return NULL;
}
static void *activator(void *arg)
{
	(void)arg;
	usleep(60000);
	event_active(user, EV_WRITE, 1);
	usleep(40000);
	event_active(stop, EV_READ, 1);
	return NULL;
}
static void *breaker(void *arg)
{
	(void)arg;
	usleep(20000);
	event_base_loopbreak(base);
	return NULL;
}
static void *exiter(void *arg)
{
	(void)arg;
	usleep(20000);
	event_base_loopexit(base, NULL);
	return NULL;
}
static void slow(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	printf("  slow begins\n");
	usleep(50000);
	*(int *)arg = 1;
	printf("  slow ends\n");
}
static int done, done_at_del;
static void *deleter(void *arg)
{
	usleep(20000);
	event_del(arg);
	/* event_del waits for the callback. */
	done_at_del = done;
	return NULL;
}
static void writer_cb(struct evbuffer *b, const struct evbuffer_cb_info *i, void *arg)
{
	(void)b;
	*(size_t *)arg += i->n_added;
}
static void *writer(void *arg)
{
	int i;
	for (i = 0; i < 1000; i++)
		evbuffer_add(arg, "0123456789", 10);
	return NULL;
}

int main(void)
{
	pthread_t t[4];
	struct evbuffer *b;
	size_t added = 0;
	int i;
	setup();
	SHOW(evthread_use_pthreads());
	base = event_base_new();
	SHOW(evthread_make_base_notifiable(base));
	timer = event_new(base, -1, 0, say, "timer");
	user = event_new(base, -1, 0, say, "user");
	stop = event_new(base, -1, 0, say, "stop");
	pthread_create(&t[0], NULL, adder, NULL);
	pthread_create(&t[1], NULL, activator, NULL);
	SHOW(event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY));
	pthread_join(t[0], NULL), pthread_join(t[1], NULL);
	SHOW(runs);
	pthread_create(&t[0], NULL, breaker, NULL);
	SHOW(event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY));
	SHOW(event_base_got_break(base));
	pthread_join(t[0], NULL);
	pthread_create(&t[0], NULL, exiter, NULL);
	SHOW(event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY));
	SHOW(event_base_got_exit(base));
	pthread_join(t[0], NULL);
	event_free(timer);
	timer = event_new(base, -1, 0, slow, &done);
	event_active(timer, EV_TIMEOUT, 1);
	pthread_create(&t[0], NULL, deleter, timer);
	SHOW(event_base_loop(base, 0));
	pthread_join(t[0], NULL);
	SHOW(done_at_del);
	b = evbuffer_new();
	SHOW(evbuffer_enable_locking(b, NULL));
	SHOW(evbuffer_enable_locking(b, NULL));
	evbuffer_add_cb(b, writer_cb, &added);
	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, writer, b);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	SHOW(added);
	SHOW(evbuffer_get_length(b));
	evbuffer_free(b);
	event_free(timer), event_free(user), event_free(stop);
	{
		struct bufferevent *p[2];
		SHOW(bufferevent_pair_new(base, BEV_OPT_THREADSAFE | BEV_OPT_DEFER_CALLBACKS | BEV_OPT_UNLOCK_CALLBACKS, p));
		bufferevent_lock(p[0]);
		bufferevent_lock(p[0]);
		bufferevent_write(p[0], "x", 1);
		bufferevent_unlock(p[0]);
		bufferevent_unlock(p[0]);
		bufferevent_free(p[0]), bufferevent_free(p[1]);
	}
	event_base_free(base);
	libevent_global_shutdown();
	return 0;
}
