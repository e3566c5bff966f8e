/* Windows' own threads: the library's locks, wake-ups of the loop, bufferevents written from elsewhere. */
#include "check.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <process.h>

#define WORKERS 4
#define ROUNDS 500

static struct event_base *base;
static struct event *woken;
static volatile LONG activated;
static int ran;
static struct bufferevent *shared;
static size_t got;

static void wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	ran++;
}
static unsigned __stdcall worker(void *arg)
{
	int i;
	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		event_active(woken, EV_TIMEOUT, 1);
		InterlockedIncrement(&activated);
		if (bufferevent_write(shared, "0123456789", 10))
			return 1;
		if (i % 50 == 0)
			Sleep(1);
	}
	return 0;
}
static void reading(struct bufferevent *bev, void *arg)
{
	(void)arg;
	got += evbuffer_get_length(bufferevent_get_input(bev));
	evbuffer_drain(bufferevent_get_input(bev), (size_t)-1 / 2);
	if (got == WORKERS * ROUNDS * 10)
		event_base_loopexit(base, NULL);
}
static unsigned __stdcall runs_loop(void *arg)
{
	(void)arg;
	return event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY) == 0 ? 0 : 1;
}
static DWORD joined(HANDLE thread)
{
	DWORD code = 99;
	if (WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0)
		GetExitCodeThread(thread, &code);
	CloseHandle(thread);
	return code;
}

int main(int argc, char **argv)
{
	HANDLE workers[WORKERS], loop;
	struct bufferevent *other;
	evutil_socket_t pair[2];
	struct event *slow;
	struct timeval hour = {3600, 0};
	DWORD before;
	int i;
	begin(argc, argv);
	CHECK(evthread_use_windows_threads() == 0);
	CHECK(evthread_use_windows_threads() == 0);
	evthread_enable_lock_debugging();
	base = new_base();

	NEED(evutil_socketpair(AF_INET, SOCK_STREAM, 0, pair) == 0);
	evutil_make_socket_nonblocking(pair[0]);
	evutil_make_socket_nonblocking(pair[1]);
	shared = bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE | BEV_OPT_THREADSAFE);
	other = bufferevent_socket_new(base, pair[1], BEV_OPT_CLOSE_ON_FREE | BEV_OPT_THREADSAFE);
	woken = event_new(base, -1, EV_PERSIST, wake, NULL);
	NEED(shared && other && woken);
	bufferevent_setcb(other, reading, NULL, NULL, NULL);
	bufferevent_enable(shared, EV_WRITE);
	bufferevent_enable(other, EV_READ);
	for (i = 0; i < WORKERS; i++) {
		workers[i] = (HANDLE)_beginthreadex(NULL, 0, worker, NULL, 0, NULL);
		NEED(workers[i]);
	}
	run_loop(base, 30);
	for (i = 0; i < WORKERS; i++)
		CHECK(joined(workers[i]) == 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	CHECK(got == WORKERS * ROUNDS * 10);
	CHECK(activated == WORKERS * ROUNDS);
	CHECK(ran > 0 && ran <= WORKERS * ROUNDS);
	bufferevent_free(shared);
	bufferevent_free(other);

	/* A loop that waits in another thread is woken by an addition and by a break. */
	slow = evtimer_new(base, wake, NULL);
	loop = (HANDLE)_beginthreadex(NULL, 0, runs_loop, NULL, 0, NULL);
	NEED(slow && loop);
	Sleep(100);
	ran = 0;
	CHECK(event_add(slow, &hour) == 0);
	event_active(woken, EV_TIMEOUT, 1);
	for (i = 0; i < 100 && !ran; i++)
		Sleep(10);
	CHECK(ran == 1);
	/* event_del waits until a callback that runs elsewhere has ended. */
	CHECK(event_del(slow) == 0);
	before = GetTickCount();
	CHECK(event_base_loopbreak(base) == 0);
	CHECK(joined(loop) == 0);
	CHECK(GetTickCount() - before < 5000);
	event_free(slow);
	event_free(woken);
	event_base_free(base);
	return end();
}
