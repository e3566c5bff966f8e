/* event_base and event: order of callbacks, results, flags, counts. */
#include "common.h"
#include <event2/event_struct.h>

static struct event_base *base;
static struct event *evs[8];

static void say(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	printf("  %s: what 0x%x\n", (char *)arg, (unsigned)what);
}

static void counts(void)
{
	printf("active %d virtual %d added %d\n", event_base_get_num_events(base, EVENT_BASE_COUNT_ACTIVE),
	    event_base_get_num_events(base, EVENT_BASE_COUNT_VIRTUAL),
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED));
}

static void config(void)
{
	struct event_config *c = event_config_new();
	const char **m;
	int i;
	TITLE("config");
	TEXT(event_get_version());
	SHOW(event_get_version_number());
	SHOW(event_get_struct_event_size() == sizeof(struct event));
	for (m = event_get_supported_methods(), i = 0; m[i]; i++)
		TEXT(m[i]);
	TEXT(event_base_get_method(base));
	SHOW(event_base_get_features(base));
	SHOW(event_config_avoid_method(c, "epoll"));
	SHOW(event_config_avoid_method(c, "nonsense"));
	{
		struct event_base *b = event_base_new_with_config(c);
		TEXT(b ? event_base_get_method(b) : NULL);
		event_base_free(b);
	}
	SHOW(event_config_require_features(c, EV_FEATURE_O1 | EV_FEATURE_ET));
	NIL(event_base_new_with_config(c));
	event_config_free(c);
	c = event_config_new();
	SHOW(event_config_require_features(c, EV_FEATURE_FDS));
	{
		struct event_base *b = event_base_new_with_config(c);
		TEXT(b ? event_base_get_method(b) : NULL);
		event_base_free(b);
	}
	event_config_free(c);
	c = event_config_new();
	SHOW(event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_PRECISE_TIMER));
	SHOW(event_config_set_num_cpus_hint(c, 4));
	SHOW(event_config_set_max_dispatch_interval(c, ms(10), 5, 1));
	SHOW(event_config_set_max_dispatch_interval(c, NULL, -1, 0));
	SHOW(event_config_avoid_method(c, "epoll"));
	SHOW(event_config_avoid_method(c, "poll"));
	SHOW(event_config_avoid_method(c, "select"));
	NIL(event_base_new_with_config(c));
	event_config_free(c);
}

static void fields(void)
{
	struct event_base *b;
	evutil_socket_t fd;
	short what;
	event_callback_fn cb;
	void *arg;
	struct event e;
	struct timeval tv;
	struct event *ev = event_new(base, 7, EV_READ | EV_PERSIST, say, "x");
	TITLE("fields");
	event_get_assignment(ev, &b, &fd, &what, &cb, &arg);
	SHOW(b == base);
	SHOW(fd);
	SHOW(what);
	SHOW(cb == say);
	TEXT((char *)arg);
	event_get_assignment(ev, NULL, NULL, NULL, NULL, NULL);
	SHOW(event_get_fd(ev));
	SHOW(event_get_events(ev));
	SHOW(event_get_base(ev) == base);
	SHOW(event_get_callback(ev) == say);
	TEXT((char *)event_get_callback_arg(ev));
	SHOW(event_get_priority(ev));
	SHOW(event_initialized(ev));
	SHOW(event_pending(ev, EV_READ | EV_TIMEOUT, NULL));
	SHOW(event_priority_set(ev, 1));
	SHOW(event_priority_set(ev, -1));
	event_free(ev);
	memset(&e, 0, sizeof(e));
	SHOW(event_initialized(&e));
	SHOW(event_assign(&e, base, 1, EV_SIGNAL | EV_READ, say, NULL));
	SHOW(event_assign(&e, base, -1, 0, say, "embedded"));
	SHOW(event_initialized(&e));
	SHOW(event_add(&e, ms(1000)));
	SHOW(event_pending(&e, EV_TIMEOUT, &tv));
	SHOW(event_remove_timer(&e));
	SHOW(event_remove_timer(&e));
	SHOW(event_pending(&e, EV_TIMEOUT, NULL));
	SHOW(event_add(&e, NULL));
	SHOW(event_pending(&e, EV_TIMEOUT | EV_READ | EV_WRITE | EV_SIGNAL, NULL));
	counts();
	SHOW(event_del(&e));
	SHOW(event_del(&e));
	counts();
	NIL(event_new(base, 1, EV_SIGNAL | EV_WRITE, say, NULL));
	SHOW(event_base_set(base, &e));
	SHOW(event_base_get_npriorities(base));
}

static void stop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	printf("  %s\n", (char *)arg);
	if (*(char *)arg == 'b')
		SHOW(event_base_loopbreak(base));
	else if (*(char *)arg == 'e')
		SHOW(event_base_loopexit(base, NULL));
	else
		SHOW(event_base_loopcontinue(base));
}

static void loops(void)
{
	int i;
	TITLE("loops");
	SHOW(event_base_loop(base, 0));
	SHOW(event_base_loop(base, EVLOOP_ONCE));
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	SHOW(event_base_dispatch(base));
	SHOW(event_base_got_exit(base));
	SHOW(event_base_got_break(base));
	for (i = 0; i < 3; i++) {
		static const char *names[] = {"break", "exit", "continue"};
		evs[0] = event_new(base, -1, 0, say, "before");
		evs[1] = event_new(base, -1, 0, stop, (void *)(size_t)names[i]);
		evs[2] = event_new(base, -1, 0, say, "after");
		event_active(evs[0], EV_READ, 1);
		event_active(evs[1], EV_WRITE, 1);
		event_active(evs[2], EV_TIMEOUT, 1);
		counts();
		SHOW(event_base_loop(base, 0));
		SHOW(event_base_got_exit(base));
		SHOW(event_base_got_break(base));
		counts();
		SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
		SHOW(event_base_got_exit(base));
		SHOW(event_base_got_break(base));
		event_free(evs[0]), event_free(evs[1]), event_free(evs[2]);
	}
	SHOW(event_base_loopexit(base, ms(20)));
	SHOW(event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY));
	SHOW(event_base_got_exit(base));
	SHOW(event_base_loopbreak(base));
	SHOW(event_base_loop(base, 0));
	SHOW(event_base_got_break(base));
	SHOW(event_base_once(base, -1, EV_TIMEOUT, say, "once", ms(5)));
	SHOW(event_base_once(base, -1, EV_TIMEOUT, say, "once at once", NULL));
	SHOW(event_base_once(base, -1, EV_SIGNAL, say, "never", NULL));
	SHOW(event_base_once(base, -1, 0, say, "nothing", NULL));
	counts();
	SHOW(event_base_loop(base, EVLOOP_ONCE));
	SHOW(event_base_loop(base, 0));
}

static int again;
static void readd(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	printf("  again %d\n", again);
	if (--again > 0)
		event_add(evs[0], ms(again % 2));
}
static void count(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	printf("  tick %d\n", ++*(int *)arg);
	if (*(int *)arg == 4)
		event_del(event_base_get_running_event(base));
}
static void del_other(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	printf("  deletes %s\n", (char *)arg);
	event_del(evs[*(char *)arg - '0']);
}

static void timers(void)
{
	static const int when[] = {50, 10, 30, 14, 70, 0, 90, 38};
	static const char *names[] = {"50", "10", "30", "14", "70", "0", "90", "38"};
	const struct timeval *common, *other;
	int i, n = 0;
	TITLE("timers");
	for (i = 0; i < 8; i++) {
		evs[i] = event_new(base, -1, 0, say, (void *)(size_t)names[i]);
		event_add(evs[i], ms(when[i]));
	}
	counts();
	event_del(evs[4]);
	event_add(evs[6], ms(20));
	SHOW(event_base_loop(base, 0));
	for (i = 0; i < 8; i++)
		event_free(evs[i]);
	evs[0] = event_new(base, -1, 0, readd, NULL);
	again = 5;
	event_add(evs[0], ms(1));
	SHOW(event_base_loop(base, 0));
	event_free(evs[0]);
	evs[0] = event_new(base, -1, EV_PERSIST, count, &n);
	event_add(evs[0], ms(3));
	SHOW(event_base_loop(base, 0));
	event_free(evs[0]);
	/* Negative and zero timeouts. */
	evs[0] = event_new(base, -1, 0, say, "negative");
	{
		struct timeval tv = {-1, 0};
		SHOW(event_add(evs[0], &tv));
	}
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	event_free(evs[0]);
	/* Events that run together delete each other. */
	evs[0] = event_new(base, -1, 0, del_other, "1");
	evs[1] = event_new(base, -1, 0, del_other, "0");
	evs[2] = event_new(base, -1, 0, del_other, "2");
	for (i = 0; i < 3; i++)
		event_active(evs[i], EV_TIMEOUT, 1);
	SHOW(event_base_loop(base, 0));
	for (i = 0; i < 3; i++)
		event_free(evs[i]);
	/* Common timeouts keep the order of adding. */
	common = event_base_init_common_timeout(base, ms(15));
	NIL(common);
	other = event_base_init_common_timeout(base, ms(15));
	SHOW(common == other);
	SHOW(event_base_init_common_timeout(base, common) == common);
	other = event_base_init_common_timeout(base, ms(5));
	SHOW(common != other);
	for (i = 0; i < 6; i++) {
		evs[i] = event_new(base, -1, 0, say, (void *)(size_t)names[i]);
		event_add(evs[i], i % 2 ? common : other);
	}
	counts();
	event_del(evs[2]);
	event_add(evs[0], common);
	SHOW(event_base_loop(base, 0));
	for (i = 0; i < 6; i++)
		event_free(evs[i]);
	NIL(event_base_init_common_timeout(base, &(struct timeval){1, 2000000}));
}

static struct event ncalls_event;
static void three_times(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)arg;
	printf("  called, what 0x%x\n", (unsigned)what);
}
static void activates(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	printf("  activates %s\n", (char *)arg);
	if (again-- > 0)
		event_active(evs[*(char *)arg - '0'], EV_READ, 1);
}

static void priorities(void)
{
	struct event_base *old = base;
	int i;
	static const char *names[] = {"p0", "p1", "p2", "p3", "p0b", "p1b", "p2b", "p3b"};
	TITLE("priorities and activation");
	event_assign(&ncalls_event, base, -1, 0, three_times, NULL);
	event_active(&ncalls_event, EV_READ, 3);
	event_active(&ncalls_event, EV_WRITE, 1);
	SHOW(event_pending(&ncalls_event, EV_READ | EV_WRITE | EV_TIMEOUT, NULL));
	SHOW(event_base_loop(base, 0));
	base = event_base_new();
	SHOW(event_base_get_npriorities(base));
	SHOW(event_base_priority_init(base, 0));
	SHOW(event_base_priority_init(base, EVENT_MAX_PRIORITIES));
	SHOW(event_base_priority_init(base, 4));
	SHOW(event_base_get_npriorities(base));
	for (i = 7; i >= 0; i--) {
		evs[i] = event_new(base, -1, 0, say, (void *)(size_t)names[i]);
		SHOW(event_get_priority(evs[i]));
		SHOW(event_priority_set(evs[i], i % 4));
		event_active(evs[i], EV_TIMEOUT, 1);
	}
	SHOW(event_priority_set(evs[0], 1));
	SHOW(event_priority_set(evs[0], 4));
	SHOW(event_base_priority_init(base, 5));
	SHOW(event_base_loop(base, EVLOOP_ONCE));
	counts();
	SHOW(event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK));
	SHOW(event_base_loop(base, 0));
	for (i = 0; i < 8; i++)
		event_free(evs[i]);
	/* An event of higher priority that becomes active while others run goes first. */
	evs[0] = event_new(base, -1, 0, say, "high");
	evs[1] = event_new(base, -1, 0, activates, "0");
	evs[2] = event_new(base, -1, 0, say, "low");
	event_priority_set(evs[0], 0), event_priority_set(evs[1], 2), event_priority_set(evs[2], 2);
	again = 1;
	event_active(evs[1], EV_READ, 1);
	event_active(evs[2], EV_READ, 1);
	SHOW(event_base_loop(base, 0));
	for (i = 0; i < 3; i++)
		event_free(evs[i]);
	event_base_free(base);
	base = old;
	/* An event activates itself: it runs again in the next turn. */
	evs[0] = event_new(base, -1, 0, activates, "0");
	again = 3;
	event_active(evs[0], EV_READ, 1);
	SHOW(event_base_loop(base, EVLOOP_ONCE));
	SHOW(event_base_loop(base, 0));
	event_free(evs[0]);
	SHOW(event_base_get_max_events(base, EVENT_BASE_COUNT_ACTIVE, 1) > 0);
	SHOW(event_base_get_max_events(base, EVENT_BASE_COUNT_ACTIVE, 0));
	SHOW(event_base_get_max_events(base, EVENT_BASE_COUNT_VIRTUAL, 0) >= 0);
}

static evutil_socket_t fd[2];
static void reads(evutil_socket_t s, short what, void *arg)
{
	char c[16];
	int n = what & EV_READ ? (int)read(s, c, sizeof(c)) : -2;
	printf("  %s: what 0x%x, read %d\n", (char *)arg, (unsigned)what, n);
	if (n == 0 || n == -2)
		event_del(event_base_get_running_event(base));
}

static void io(void)
{
	int i;
	TITLE("descriptors");
	pair(fd);
	evs[0] = event_new(base, fd[0], EV_READ | EV_PERSIST, reads, "reader");
	evs[1] = event_new(base, fd[0], EV_WRITE, say, "writer");
	evs[2] = event_new(base, fd[0], EV_READ, say, "second reader");
	SHOW(event_add(evs[0], NULL));
	SHOW(event_add(evs[1], NULL));
	SHOW(event_add(evs[2], ms(1000)));
	counts();
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	counts();
	SHOW(write(fd[1], "abc", 3));
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	SHOW(event_pending(evs[2], EV_READ | EV_TIMEOUT, NULL));
	SHOW(event_pending(evs[0], EV_READ | EV_TIMEOUT, NULL));
	SHOW(event_add(evs[0], ms(10)));
	SHOW(event_base_loop(base, EVLOOP_ONCE));
	close(fd[1]);
	event_add(evs[0], NULL);
	event_add(evs[2], NULL);
	SHOW(event_base_loop(base, 0));
	for (i = 0; i < 3; i++)
		event_free(evs[i]);
	close(fd[0]);

	TITLE("edges");
	if (!(event_base_get_features(base) & EV_FEATURE_ET))
		goto closed;
	pair(fd);
	evs[0] = event_new(base, fd[0], EV_READ | EV_PERSIST | EV_ET, say, "edge");
	SHOW(event_add(evs[0], NULL));
	SHOW(write(fd[1], "a", 1));
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	SHOW(write(fd[1], "a", 1));
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	event_free(evs[0]);
	close(fd[0]), close(fd[1]);

closed:
	TITLE("closed");
	if (event_base_get_features(base) & EV_FEATURE_EARLY_CLOSE) {
		pair(fd);
		evs[0] = event_new(base, fd[0], EV_CLOSED, say, "closed");
		evs[1] = event_new(base, fd[0], EV_CLOSED | EV_READ, say, "closed or read");
		SHOW(event_add(evs[0], NULL));
		SHOW(event_add(evs[1], NULL));
		SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
		SHOW(write(fd[1], "a", 1));
		SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
		close(fd[1]);
		SHOW(event_add(evs[1], NULL));
		SHOW(event_base_loop(base, 0));
		event_free(evs[0]), event_free(evs[1]);
		close(fd[0]);
	}

	TITLE("by number");
	pair(fd);
	evs[0] = event_new(base, fd[0], EV_READ, say, "read");
	evs[1] = event_new(base, fd[0], EV_WRITE, say, "write");
	evs[2] = event_new(base, SIGUSR1, EV_SIGNAL, say, "signal");
	evs[3] = event_new(base, fd[0], EV_READ, say, "timeout");
	event_add(evs[0], NULL), event_add(evs[2], NULL), event_add(evs[3], ms(5000));
	event_base_active_by_fd(base, fd[0], EV_READ);
	event_base_active_by_fd(base, fd[1], EV_READ);
	event_base_active_by_fd(base, -1, EV_READ);
	event_base_active_by_signal(base, SIGUSR1);
	event_base_active_by_signal(base, SIGUSR2);
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	for (i = 0; i < 4; i++)
		event_free(evs[i]);
	close(fd[0]), close(fd[1]);
	counts();
}

static void signals(void)
{
	int i;
	TITLE("signals");
	evs[0] = event_new(base, SIGUSR1, EV_SIGNAL | EV_PERSIST, say, "usr1");
	evs[1] = event_new(base, SIGUSR1, EV_SIGNAL, say, "usr1 once");
	evs[2] = event_new(base, SIGUSR2, EV_SIGNAL | EV_PERSIST, say, "usr2");
	for (i = 0; i < 3; i++)
		SHOW(event_add(evs[i], NULL));
	SHOW(event_pending(evs[0], EV_SIGNAL, NULL));
	counts();
	raise(SIGUSR1);
	SHOW(event_base_loop(base, EVLOOP_ONCE));
	raise(SIGUSR1);
	raise(SIGUSR1);
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	raise(SIGUSR2);
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	SHOW(event_del(evs[0]));
	SHOW(event_add(evs[0], ms(5)));
	SHOW(event_base_loop(base, EVLOOP_ONCE));
	for (i = 0; i < 3; i++)
		event_free(evs[i]);
	{
		struct sigaction sa;
		sigaction(SIGUSR1, NULL, &sa);
		SHOW(sa.sa_handler == SIG_DFL);
	}
	NIL(evs[0] = event_new(base, -1, EV_SIGNAL, say, "bad"));
	if (evs[0]) {
		SHOW(event_add(evs[0], NULL));
		event_free(evs[0]);
	}
	evs[0] = event_new(base, 2000, EV_SIGNAL, say, "bad");
	if (evs[0]) {
		SHOW(event_add(evs[0], NULL));
		event_free(evs[0]);
	}
}

static void finalized(struct event *ev, void *arg)
{
	printf("  finalized %s, what 0x%x\n", (char *)arg, (unsigned)event_get_events(ev));
}

static void finalizers(void)
{
	struct event e;
	TITLE("finalizers");
	evs[0] = event_new(base, -1, EV_TIMEOUT, say, "heap");
	event_add(evs[0], ms(10000));
	SHOW(event_free_finalize(0, evs[0], finalized));
	event_assign(&e, base, -1, EV_TIMEOUT, say, "own");
	event_add(&e, ms(10000));
	event_active(&e, EV_TIMEOUT, 1);
	SHOW(event_finalize(0, &e, finalized));
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	counts();
	evs[0] = event_new(base, -1, EV_TIMEOUT, say, "base freed first");
	event_free_finalize(0, evs[0], finalized);
}

static int visit(const struct event_base *b, const struct event *ev, void *arg)
{
	int *n = arg;
	(void)b;
	++*n;
	return event_get_fd(ev) == 12345;
}

static void foreach(void)
{
	int n = 0;
	TITLE("foreach");
	SHOW(event_base_foreach_event(base, visit, &n));
	SHOW(n);
	pair(fd);
	evs[0] = event_new(base, fd[0], EV_READ, say, "");
	evs[1] = event_new(base, -1, 0, say, "");
	evs[2] = event_new(base, SIGUSR1, EV_SIGNAL, say, "");
	event_add(evs[0], ms(1000)), event_add(evs[1], ms(1000)), event_active(evs[2], EV_SIGNAL, 1);
	n = 0;
	SHOW(event_base_foreach_event(base, visit, &n));
	/* Internal events (of signals) may be among them. */
	SHOW(n >= 3);
	event_free(evs[0]), event_free(evs[1]), event_free(evs[2]);
	close(fd[0]), close(fd[1]);
}

static void times(void)
{
	struct timeval a, b;
	TITLE("times");
	SHOW(event_base_gettimeofday_cached(base, &a));
	SHOW(event_base_update_cache_time(base));
	SHOW(event_base_gettimeofday_cached(NULL, &b));
	SHOW(labs((long)(a.tv_sec - b.tv_sec)) <= 2);
	SHOW(event_gettime_monotonic(base, &a));
	SHOW(event_reinit(base));
	evs[0] = event_new(base, -1, 0, say, "after reinit");
	event_add(evs[0], ms(1));
	SHOW(event_base_loop(base, 0));
	event_free(evs[0]);
}

int main(void)
{
	setup();
	base = event_base_new();
	config();
	fields();
	loops();
	timers();
	priorities();
	io();
	signals();
	foreach();
	times();
	finalizers();
	event_base_free(base);
	base = event_base_new();
	evs[0] = event_new(base, -1, 0, say, "left");
	event_add(evs[0], ms(100));
	event_base_free_nofinalize(base);
	libevent_global_shutdown();
	return 0;
}
