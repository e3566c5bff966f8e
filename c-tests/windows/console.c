/* Ctrl-C and Ctrl-Break of the console: they arrive on a thread of Windows' own, and the loop runs the callback in its thread. */
#include "check.h"
#include <signal.h>
#include <windows.h>

static DWORD loop_thread;
static int seen[32];
static struct event_base *base;
/* Wine cannot send Ctrl-Break: wine_break.c. */
static int refused;

static void got(evutil_socket_t sig, short what, void *arg)
{
	CHECK(what == EV_SIGNAL && sig > 0 && sig < 32);
	CHECK(GetCurrentThreadId() == loop_thread);
	seen[sig & 31]++;
	event_base_loopexit(arg, NULL);
}
static void press(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	/* To every process of this console. */
	if (GenerateConsoleCtrlEvent(*(DWORD *)arg, 0))
		return;
	NEED(*(DWORD *)arg == CTRL_BREAK_EVENT);
	refused = 1;
	event_base_loopbreak(base);
}
static DWORD WINAPI press_later(void *arg)
{
	Sleep(50);
	press(-1, 0, arg);
	return 0;
}

int main(int argc, char **argv)
{
	static struct {
		int signal;
		DWORD key;
	} keys[] = {{SIGINT, CTRL_C_EVENT}, {SIGBREAK, CTRL_BREAK_EVENT}};
	struct timeval soon = {0, 50000};
	unsigned i;
	begin(argc, argv);
	loop_thread = GetCurrentThreadId();
	/* Ctrl-C may have been switched off by whoever started us. */
	SetConsoleCtrlHandler(NULL, FALSE);
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct event *ev, *timer;
		HANDLE thread;
		base = new_base();
		ev = evsignal_new(base, keys[i].signal, got, base);
		timer = evtimer_new(base, press, &keys[i].key);
		/* A console of its own, so that nobody else is interrupted; Wine's does not survive its first. */
		FreeConsole();
		NEED(AllocConsole());
		NEED(ev && timer);
		/* Twice the same event: the runtime forgets a handler when it has called it. */
		CHECK(evsignal_add(ev, NULL) == 0);
		event_add(timer, &soon);
		run_loop(base, 10);
		CHECK(seen[keys[i].signal] == !refused);
		if (!refused) {
			/* While the loop sleeps with nothing else to do. */
			thread = CreateThread(NULL, 0, press_later, &keys[i].key, 0, NULL);
			NEED(thread != NULL);
			run_loop(base, 10);
			CHECK(seen[keys[i].signal] == 2);
			WaitForSingleObject(thread, INFINITE);
			CloseHandle(thread);
		}
		event_free(timer);
		event_free(ev);
		event_base_free(base);
	}
	return end();
}
