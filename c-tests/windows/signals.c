/* The signals that Windows has, and what the loop of this system is. */
#include "check.h"
#include <signal.h>

static int seen[32];
static void got(evutil_socket_t sig, short what, void *arg)
{
	CHECK(what == EV_SIGNAL);
	CHECK(sig > 0 && sig < 32);
	seen[sig]++;
	if (arg)
		event_base_loopexit(arg, NULL);
}
static void raise_it(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	raise(*(int *)arg);
}
static void by_hand(int sig)
{
	seen[sig] += 100;
	signal(sig, by_hand);
}

int main(int argc, char **argv)
{
	static int numbers[] = {SIGINT, SIGTERM, SIGBREAK};
	struct event_base *base;
	struct event_config *config;
	const char **methods;
	struct timeval soon = {0, 50000};
	unsigned i;
	begin(argc, argv);
	methods = event_get_supported_methods();
	CHECK(methods && methods[0] && strcmp(methods[0], "win32") == 0 && !methods[1]);

	base = new_base();
	CHECK(strcmp(event_base_get_method(base), "win32") == 0);
	for (i = 0; i < 3; i++) {
		struct event *ev, *timer = evtimer_new(base, raise_it, &numbers[i]);
		signal(numbers[i], by_hand);
		ev = evsignal_new(base, numbers[i], got, base);
		NEED(ev && timer);
		CHECK(evsignal_add(ev, NULL) == 0);
		CHECK(evsignal_pending(ev, NULL));
		/* Raised before the loop runs, and while it waits. */
		raise(numbers[i]);
		run_loop(base, 10);
		CHECK(seen[numbers[i]] == 1);
		event_add(timer, &soon);
		run_loop(base, 10);
		CHECK(seen[numbers[i]] == 2);
		CHECK(evsignal_del(ev) == 0);
		/* The program's own action is back. */
		raise(numbers[i]);
		CHECK(seen[numbers[i]] == 102);
		signal(numbers[i], SIG_DFL);
		event_free(ev);
		event_free(timer);
	}
	event_base_free(base);

	/* A backend that is not wanted. */
	config = event_config_new();
	CHECK(event_config_avoid_method(config, "win32") == 0);
	CHECK(event_base_new_with_config(config) == NULL);
	event_config_free(config);
	/* Features that select lacks. */
	config = event_config_new();
	CHECK(event_config_require_features(config, EV_FEATURE_ET) == 0);
	CHECK(event_base_new_with_config(config) == NULL);
	event_config_free(config);
	return end();
}
