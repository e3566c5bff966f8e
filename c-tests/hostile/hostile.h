/*
 * The frame of the hostile programs: each case runs in a process of its own with a time limit, and must end without a
 * crash, an exit that the library made, an allocation left or a descriptor left. They use public headers only, so that
 * they run on any libevent 2.1 (see README.md).
 */
#ifndef HOSTILE_H
#define HOSTILE_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Not under valgrind: too slow there. */
#define HEAVY 1
/* The case does not free everything it made. */
#define LEAKS 2

struct test {
	const char *name;
	void (*run)(void);
	int flags;
	/* For a function that serves several cases. */
	const void *arg;
};
static const struct test *this_test;

/* ---- allocations: counted, and the k-th can be made to fail ---- */
static long allocations, living, fail_at, fail_count = 1;

static inline int refuse_allocation(void)
{
	long n = __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
	return fail_at && n >= fail_at && n < fail_at + fail_count;
}
static inline void *counted_malloc(size_t n)
{
	void *p = refuse_allocation() ? NULL : malloc(n ? n : 1);
	if (p)
		__atomic_add_fetch(&living, 1, __ATOMIC_RELAXED);
	else
		errno = ENOMEM;
	return p;
}
static inline void *counted_realloc(void *old, size_t n)
{
	void *p = refuse_allocation() ? NULL : realloc(old, n ? n : 1);
	if (p && !old)
		__atomic_add_fetch(&living, 1, __ATOMIC_RELAXED);
	if (!p)
		errno = ENOMEM;
	return p;
}
static inline void counted_free(void *p)
{
	if (p)
		__atomic_sub_fetch(&living, 1, __ATOMIC_RELAXED);
	free(p);
}

/* ---- judging ---- */
static int problems, in_valgrind;

__attribute__((format(printf, 1, 2))) static inline void fail(const char *format, ...)
{
	va_list ap;
	if (++problems > 12)
		return;
	printf("    ");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}
#define CHECK(e) \
	do { \
		if (!(e)) \
			fail("line %d: not so: %s", __LINE__, #e); \
	} while (0)

static inline long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

/* A string with its odd bytes shown. Good until the fourth call after it. */
static inline const char *shown(const void *bytes, size_t n)
{
	static char room[4][1200];
	static int turn;
	char *out = room[turn++ & 3], *p = out;
	const unsigned char *s = bytes;
	size_t i;
	for (i = 0; i < n && p - out < 1100; i++) {
		if (s[i] == '\r')
			p += sprintf(p, "\\r");
		else if (s[i] == '\n')
			p += sprintf(p, "\\n");
		else if (s[i] < ' ' || s[i] > '~')
			p += sprintf(p, "\\x%02x", s[i]);
		else
			*p++ = (char)s[i];
	}
	sprintf(p, i < n ? "..." : "");
	return out;
}

static inline int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;
	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static inline void quiet_log(int severity, const char *msg)
{
	if (getenv("HOSTILE_LOG"))
		printf("    log %d: %s\n", severity, msg);
}

/* ---- the loop, driven by hand beside the sockets of the adversary ---- */
static struct event_base *base;

/* All that can be done now. */
static inline void pump(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_loop(base, EVLOOP_NONBLOCK);
}
/* For a while. */
static inline void pump_ms(int ms)
{
	long end = now_ms() + ms;
	do {
		pump();
		poll(NULL, 0, 1);
	} while (now_ms() < end);
}
/* Until `*flag` is set; whether it was within `ms`. */
static inline int pump_until(const volatile int *flag, int ms)
{
	long end = now_ms() + (in_valgrind ? ms * 5 : ms);
	int idle = 0;
	while (!*flag) {
		if (now_ms() > end)
			return 0;
		pump();
		if (!*flag && idle++ > 2)
			poll(NULL, 0, 1);
	}
	return 1;
}

/* ---- a raw connection ---- */
struct conn {
	int fd;
	/* 1 after the peer's end, 2 after a reset */
	int end;
	char *in;
	size_t len, room;
};

static inline void conn_adopt(struct conn *c, int fd)
{
	memset(c, 0, sizeof *c);
	c->fd = fd;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}
/* Takes what has arrived; whether anything did. */
static inline int conn_take(struct conn *c)
{
	int any = 0;
	while (!c->end) {
		ssize_t n;
		if (c->room - c->len < 4097) {
			c->room = c->room ? c->room * 2 : 8192;
			c->in = realloc(c->in, c->room);
		}
		n = recv(c->fd, c->in + c->len, c->room - c->len - 1, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		any = 1;
		if (n > 0)
			c->len += (size_t)n;
		else
			c->end = n == 0 ? 1 : 2;
		c->in[c->len] = '\0';
	}
	return any;
}
/* Sends all of it, while the loop runs; 0 once the peer takes no more. */
static inline int conn_send(struct conn *c, const void *bytes, size_t n)
{
	const char *p = bytes;
	long end = now_ms() + 5000;
	while (n) {
		ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL);
		if (sent >= 0) {
			p += sent, n -= (size_t)sent;
		} else if (errno == EAGAIN) {
			if (now_ms() > end || c->end)
				return 0;
			conn_take(c);
			pump();
		} else {
			return 0;
		}
	}
	pump();
	conn_take(c);
	return 1;
}
#define SEND(c, text) conn_send(c, text, sizeof(text) - 1)
/* Until the peer has ended; whether it did within `ms`. */
static inline int conn_until_end(struct conn *c, int ms)
{
	long end = now_ms() + (in_valgrind ? ms * 5 : ms);
	struct pollfd p = {c->fd, POLLIN, 0};
	while (!c->end) {
		pump();
		if (!conn_take(c)) {
			if (now_ms() > end)
				return 0;
			poll(&p, 1, 1);
		}
	}
	return 1;
}
/* Until `text` has come; whether it did within `ms`. */
static inline int conn_until_text(struct conn *c, const char *text, int ms)
{
	long end = now_ms() + (in_valgrind ? ms * 5 : ms);
	struct pollfd p = {c->fd, POLLIN, 0};
	for (;;) {
		pump();
		conn_take(c);
		if (c->len && memmem(c->in, c->len, text, strlen(text)))
			return 1;
		if (c->end || now_ms() > end)
			return 0;
		poll(&p, 1, 1);
	}
}
/* A reset, so that no port is left in TIME_WAIT. */
static inline void conn_close(struct conn *c)
{
	struct linger now = {1, 0};
	if (c->fd >= 0) {
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
		close(c->fd);
	}
	free(c->in);
	memset(c, 0, sizeof *c);
	c->fd = -1;
}

static inline int tcp_connect(int port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, (struct sockaddr *)&sin, sizeof sin) < 0) {
		printf("    connect: %s\n", strerror(errno));
		_exit(3);
	}
	return fd;
}
/* A socket bound to a free port of 127.0.0.1; listening if it is a stream. */
static inline int bound(int type, int *port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof sin;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&sin, len) < 0 || (type == SOCK_STREAM && listen(fd, 128) < 0))
		_exit(3);
	getsockname(fd, (struct sockaddr *)&sin, &len);
	*port = ntohs(sin.sin_port);
	return fd;
}

/* ---- running the cases ---- */
static int result_pipe[2];

/* The child: the case, then what it left behind. */
static inline void run_case(const struct test *t)
{
	int fds;
	char done = 'd';
	setvbuf(stdout, NULL, _IOLBF, 0);
	event_set_mem_functions(counted_malloc, counted_realloc, counted_free);
	event_set_log_callback(quiet_log);
	fds = count_fds();
	this_test = t;
	t->run();
	fail_at = 0;
	if (base)
		event_base_free(base);
	libevent_global_shutdown();
	if (!(t->flags & LEAKS)) {
		if (living)
			fail("%ld allocations were not given back", living);
		if (count_fds() != fds)
			fail("%d descriptors before, %d after", fds, count_fds());
	}
	fflush(stdout);
	if (write(result_pipe[1], &done, 1) != 1)
		_exit(4);
	exit(problems ? 1 : 0);
}

static inline int run_tests(int argc, char **argv, const struct test *tests, size_t n)
{
	int passed = 0, failed = 0, limit;
	size_t i;
	in_valgrind = getenv("HOSTILE_VALGRIND") != NULL;
	limit = in_valgrind ? 150 : 40;
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < n; i++) {
		int status, k, wanted = argc < 2;
		char done = 0;
		pid_t child;
		for (k = 1; k < argc; k++)
			wanted |= strstr(tests[i].name, argv[k]) != NULL;
		if (!wanted || (in_valgrind && (tests[i].flags & HEAVY)))
			continue;
		fflush(stdout);
		if (pipe2(result_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
			return 2;
		child = fork();
		if (child == 0) {
			alarm((unsigned)limit);
			run_case(&tests[i]);
		}
		waitpid(child, &status, 0);
		if (read(result_pipe[0], &done, 1) < 0)
			done = 0;
		close(result_pipe[0]), close(result_pipe[1]);
		if (WIFSIGNALED(status))
			printf("    %s\n", WTERMSIG(status) == SIGALRM ? "it hangs" : strsignal(WTERMSIG(status)));
		else if (done != 'd')
			printf("    the library ended the process with status %d\n", WEXITSTATUS(status));
		else if (WEXITSTATUS(status) > 1)
			printf("    status %d%s\n", WEXITSTATUS(status), in_valgrind ? " (valgrind)" : "");
		if (done == 'd' && WIFEXITED(status) && WEXITSTATUS(status) == 0)
			passed++, printf("PASS %s\n", tests[i].name);
		else
			failed++, printf("FAIL %s\n", tests[i].name);
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? 1 : 0;
}
#define RUN_TESTS(argc, argv, tests) run_tests(argc, argv, tests, sizeof(tests) / sizeof *(tests))
#endif
