/* What surrounds the loop: memory functions, messages, fatal errors, debug mode, dumps, forks. */
#include "common.h"
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <sys/wait.h>

static long balance, allocations, refuse = -1;
static void *my_malloc(size_t n)
{
	if (refuse == 0)
		return NULL;
	if (refuse > 0)
		refuse--;
	balance++, allocations++;
	return malloc(n);
}
static void *my_realloc(void *p, size_t n)
{
	if (refuse == 0)
		return NULL;
	if (!p)
		balance++;
	return realloc(p, n);
}
static void my_free(void *p)
{
	if (p)
		balance--;
	free(p);
}

static void log_severity(int severity, const char *msg)
{
	printf("  message, severity %d, %s, line end %d\n", severity, *msg ? "text" : "empty", strchr(msg, '\n') != NULL);
}
static void fatal(int code)
{
	printf("  fatal %s\n", code ? "error" : "0");
	fflush(stdout);
	_exit(7);
}
static void say(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	printf("  %s: what 0x%x\n", (char *)arg, (unsigned)what);
}

/* Runs f in a child of its own. */
static void child(const char *name, void (*f)(void))
{
	int status;
	pid_t pid;
	printf("== %s\n", name);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(5);
		f();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("exit %d\n", WEXITSTATUS(status));
}

static void memory(void)
{
	struct event_base *base;
	struct evbuffer *b;
	struct event *ev;
	struct bufferevent *p[2];
	int i;
	event_set_mem_functions(my_malloc, my_realloc, my_free);
	base = event_base_new();
	b = evbuffer_new();
	ev = event_new(base, SIGUSR1, EV_SIGNAL, say, NULL);
	event_add(ev, ms(1000));
	evbuffer_add_printf(b, "%10000d", 1);
	evbuffer_add_reference(b, "ref", 3, NULL, NULL);
	free(evbuffer_readln(b, NULL, EVBUFFER_EOL_LF));
	bufferevent_pair_new(base, BEV_OPT_DEFER_CALLBACKS, p);
	bufferevent_write(p[0], "x", 1);
	event_base_loop(base, EVLOOP_NONBLOCK);
	bufferevent_free(p[0]), bufferevent_free(p[1]);
	event_base_loop(base, EVLOOP_NONBLOCK);
	SHOW(allocations > 0);
	event_free(ev);
	evbuffer_free(b);
	event_base_free(base);
	libevent_global_shutdown();
	SHOW(balance);
	for (i = 0; i < 3; i++) {
		refuse = 0;
		NIL(evbuffer_new());
		NIL(event_base_new());
		NIL(event_config_new());
		NIL(evutil_monotonic_timer_new());
		refuse = -1;
	}
	b = evbuffer_new();
	refuse = 0;
	SHOW(evbuffer_add(b, "abc", 3));
	SHOW(evbuffer_add_printf(b, "abc"));
	SHOW(evbuffer_expand(b, 100));
	SHOW(evbuffer_add_reference(b, "abc", 3, NULL, NULL));
	SHOW(evbuffer_get_length(b));
	refuse = -1;
	SHOW(evbuffer_add(b, "abc", 3));
	SHOW(evbuffer_get_length(b));
	evbuffer_free(b);
}

static void messages(void)
{
	struct event_base *base = event_base_new();
	struct event *ev;
	evutil_socket_t fd[2];
	event_set_log_callback(log_severity);
	event_set_fatal_callback(fatal);
	printf("closed descriptor\n");
	pair(fd);
	ev = event_new(base, fd[0], EV_READ, say, "x");
	close(fd[0]);
	SHOW(event_add(ev, NULL));
	event_free(ev);
	printf("regular file\n");
	fd[0] = open("/proc/self/exe", O_RDONLY);
	ev = event_new(base, fd[0], EV_READ, say, "x");
	SHOW(event_add(ev, NULL));
	event_free(ev);
	close(fd[0]), close(fd[1]);
	printf("loop in a loop\n");
	printf("signal and read\n");
	NIL(event_new(base, 1, EV_SIGNAL | EV_READ, say, NULL));
	printf("close twice\n");
	event_base_free(base);
}

static struct event_base *nested_base;
static void nested(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	SHOW(event_base_loop(nested_base, EVLOOP_NONBLOCK));
}
static void reentrant(void)
{
	struct event *ev;
	event_set_log_callback(log_severity);
	nested_base = event_base_new();
	ev = event_new(nested_base, -1, 0, nested, NULL);
	event_active(ev, EV_READ, 1);
	SHOW(event_base_loop(nested_base, EVLOOP_NONBLOCK));
	event_free(ev);
	event_base_free(nested_base);
}

static void debug_setup(void)
{
	event_set_log_callback(log_severity);
	event_set_fatal_callback(fatal);
	event_enable_debug_mode();
}
static void debug_good(void)
{
	struct event_base *base;
	struct event e, *ev;
	debug_setup();
	base = event_base_new();
	event_assign(&e, base, -1, 0, say, "e");
	event_add(&e, ms(1));
	event_base_loop(base, 0);
	event_debug_unassign(&e);
	ev = event_new(base, -1, 0, say, "x");
	event_add(ev, ms(1));
	event_free(ev);
	event_base_free(base);
}
static void debug_not_assigned(void)
{
	struct event e;
	debug_setup();
	event_base_new();
	memset(&e, 0, sizeof(e));
	event_add(&e, NULL);
}
static void debug_assign_added(void)
{
	struct event e;
	struct event_base *base;
	debug_setup();
	base = event_base_new();
	event_assign(&e, base, -1, 0, say, "e");
	event_add(&e, ms(1000));
	event_assign(&e, base, -1, 0, say, "e");
}
static void debug_blocking(void)
{
	evutil_socket_t fd[2];
	struct event e;
	struct event_base *base;
	debug_setup();
	base = event_base_new();
	if (evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		abort();
	event_assign(&e, base, fd[0], EV_READ | EV_ET, say, "e");
	SHOW(event_add(&e, NULL));
}
static void debug_too_late(void)
{
	event_set_log_callback(log_severity);
	event_set_fatal_callback(fatal);
	event_base_new();
	event_new(event_base_new(), -1, 0, say, NULL);
	event_enable_debug_mode();
}
static void debug_twice(void)
{
	debug_setup();
	event_enable_debug_mode();
}
static void no_callback(void)
{
	struct event_base *base = event_base_new();
	struct event *ev = event_new(base, -1, 0, say, "added to no base");
	ev->ev_base = NULL;
	event_set_log_callback(log_severity);
	SHOW(event_add(ev, NULL));
	SHOW(event_del(ev));
	event_active(ev, EV_READ, 1);
}

static void dump(void)
{
	struct event_base *base = event_base_new();
	struct event *ev[5];
	char line[256];
	FILE *f = tmpfile();
	evutil_socket_t fd[2];
	int i;
	pair(fd);
	ev[0] = event_new(base, fd[0], EV_READ | EV_PERSIST, say, NULL);
	ev[1] = event_new(base, fd[0], EV_WRITE, say, NULL);
	ev[2] = event_new(base, -1, 0, say, NULL);
	ev[3] = event_new(base, -1, EV_PERSIST, say, NULL);
	ev[4] = event_new(base, fd[1], EV_READ, say, NULL);
	event_add(ev[0], NULL), event_add(ev[1], ms(500)), event_add(ev[2], ms(700)), event_active(ev[3], EV_READ, 1);
	event_add(ev[4], NULL), event_active(ev[4], EV_READ, 1);
	event_base_dump_events(base, f);
	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		char *p = line, *q;
		/* Pointers, descriptors and times out. */
		while ((q = strstr(p, "0x")) != NULL) {
			*q = '*';
			for (p = q + 1; (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f') || *p == 'x'; p++)
				*p = '*';
		}
		for (p = line; *p; p++)
			if (*p >= '0' && *p <= '9')
				*p = '#';
		if ((p = strstr(line, "Timeout=")) != NULL)
			strcpy(p, "Timeout=\n");
		/* A descriptor may have one or two digits, pointers any number. */
		for (p = q = line; *p; p++)
			if (!((*p == '*' || *p == '#') && q > line && q[-1] == *p) && !(*p == ' ' && p[1] == '#'))
				*q++ = *p;
		*q = 0;
		printf("%s", line);
	}
	for (i = 0; i < 5; i++)
		event_free(ev[i]);
	fclose(f);
	event_base_free(base);
}

static void forked(void)
{
	struct event_base *base = event_base_new();
	evutil_socket_t fd[2];
	struct event *ev, *sig;
	int status;
	pid_t pid;
	pair(fd);
	ev = event_new(base, fd[0], EV_READ, say, "read");
	sig = event_new(base, SIGUSR1, EV_SIGNAL, say, "signal");
	event_add(ev, NULL), event_add(sig, NULL);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		SHOW(event_reinit(base));
		raise(SIGUSR1);
		SHOW(write(fd[1], "x", 1));
		SHOW(event_base_loop(base, 0));
		fflush(stdout);
		_exit(3);
	}
	waitpid(pid, &status, 0);
	SHOW(WEXITSTATUS(status));
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	SHOW(event_pending(sig, EV_SIGNAL, NULL));
}

int main(void)
{
	setup();
	alarm(0);
	child("memory functions", memory);
	child("messages", messages);
	child("loop in a loop", reentrant);
	child("debug mode, no fault", debug_good);
	child("debug mode, not assigned", debug_not_assigned);
	child("debug mode, assigned while added", debug_assign_added);
	child("debug mode, blocking socket", debug_blocking);
	child("debug mode, too late", debug_too_late);
	child("debug mode, twice", debug_twice);
	child("no base", no_callback);
	child("dump", dump);
	child("fork", forked);
	return 0;
}
