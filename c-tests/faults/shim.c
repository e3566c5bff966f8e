/* LD_PRELOAD shim that makes system calls fail on a plan, so that programs meet the faults a kernel rarely shows.
 *
 * FAULT=call:what:every[,call:what:every...]   e.g. readv:EINTR:3,writev:SHORT:2
 *   call   readv read writev write sendfile accept4 epoll_wait epoll_ctl poll select socket malloc
 *   what   an errno name below, or SHORT (the call moves at most one byte)
 *   every  the k-th, 2k-th ... call fails; "=k" only the k-th
 * FAULT_STATS=1 prints how many calls were seen and failed at exit, so that a test can tell that its plan took effect.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { C_READV, C_READ, C_WRITEV, C_WRITE, C_SENDFILE, C_ACCEPT4, C_EPOLL_WAIT, C_EPOLL_CTL, C_POLL, C_SELECT, C_SOCKET, C_MALLOC, N_CALLS };
static const char *const names[N_CALLS] = { "readv", "read", "writev", "write", "sendfile", "accept4", "epoll_wait", "epoll_ctl", "poll", "select", "socket", "malloc" };
static const struct { const char *name; int value; } faults[] = {
	{ "SHORT", -1 }, { "EINTR", EINTR }, { "EAGAIN", EAGAIN }, { "ENOMEM", ENOMEM }, { "EMFILE", EMFILE }, { "ENOSPC", ENOSPC },
	{ "ECONNRESET", ECONNRESET }, { "ECONNABORTED", ECONNABORTED }, { "EPIPE", EPIPE }, { "EIO", EIO }, { "ENOBUFS", ENOBUFS },
};
static struct plan { int fault; long every; int once; long seen, hit; } plans[N_CALLS];

static void parse(void)
{
	char *spec = getenv("FAULT"), *copy, *item, *save = NULL;
	static char buf[512];
	if (!spec)
		return;
	copy = strncpy(buf, spec, sizeof buf - 1);
	for (item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		char *what = strchr(item, ':'), *every = what ? strchr(what + 1, ':') : NULL;
		size_t i, j;
		if (!every)
			abort();
		*what++ = *every++ = '\0';
		for (i = 0; i < N_CALLS && strcmp(names[i], item); i++)
			;
		for (j = 0; j < sizeof faults / sizeof *faults && strcmp(faults[j].name, what); j++)
			;
		if (i == N_CALLS || j == sizeof faults / sizeof *faults)
			abort();
		plans[i].once = *every == '=';
		plans[i].every = atol(every + plans[i].once);
		plans[i].fault = faults[j].value;
	}
}
__attribute__((constructor)) static void start(void) { parse(); }
__attribute__((destructor)) static void stats(void)
{
	int i;
	if (!getenv("FAULT_STATS"))
		return;
	for (i = 0; i < N_CALLS; i++)
		if (plans[i].every)
			fprintf(stderr, "fault %s seen %ld hit %ld\n", names[i], plans[i].seen, plans[i].hit);
}
/* 0: let it through; -1: short; else the errno to fail with */
static int due(int call)
{
	struct plan *p = &plans[call];
	long n;
	if (!p->every)
		return 0;
	n = __atomic_add_fetch(&p->seen, 1, __ATOMIC_RELAXED);
	if (p->once ? n != p->every : n % p->every != 0)
		return 0;
	__atomic_add_fetch(&p->hit, 1, __ATOMIC_RELAXED);
	return p->fault;
}
#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, #name)
#define FAIL(call) int f = due(call); do { if (f > 0) { errno = f; return -1; } } while (0)

static int shorten(const struct iovec *v, int n, struct iovec *one)
{
	int i;
	for (i = 0; i < n && !v[i].iov_len; i++)
		;
	if (i == n)
		return 0;
	*one = v[i];
	one->iov_len = 1;
	return 1;
}
ssize_t readv(int fd, const struct iovec *v, int n)
{
	struct iovec one;
	REAL(readv);
	FAIL(C_READV);
	return f < 0 && shorten(v, n, &one) ? real(fd, &one, 1) : real(fd, v, n);
}
ssize_t writev(int fd, const struct iovec *v, int n)
{
	struct iovec one;
	REAL(writev);
	FAIL(C_WRITEV);
	return f < 0 && shorten(v, n, &one) ? real(fd, &one, 1) : real(fd, v, n);
}
/* A single vector is read and written without vectors: on sockets both names mean the same. */
static int is_socket(int fd)
{
	int type, e = errno;
	socklen_t len = sizeof type;
	int r = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	errno = e;
	return r == 0;
}
ssize_t read(int fd, void *b, size_t n)
{
	REAL(read);
	/* eight-byte reads are event counters and timers, which cannot be cut */
	FAIL(is_socket(fd) ? C_READV : C_READ);
	return real(fd, b, f < 0 && n != 8 && n ? 1 : n);
}
ssize_t write(int fd, const void *b, size_t n)
{
	REAL(write);
	FAIL(is_socket(fd) ? C_WRITEV : C_WRITE);
	return real(fd, b, f < 0 && n != 8 && n ? 1 : n);
}
ssize_t sendfile(int out, int in, off_t *off, size_t n)
{
	REAL(sendfile);
	FAIL(C_SENDFILE);
	return real(out, in, off, f < 0 && n ? 1 : n);
}
ssize_t sendfile64(int out, int in, off64_t *off, size_t n)
{
	REAL(sendfile64);
	FAIL(C_SENDFILE);
	return real(out, in, off, f < 0 && n ? 1 : n);
}
int accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	REAL(accept4);
	FAIL(C_ACCEPT4);
	return real(fd, sa, len, flags);
}
int epoll_wait(int ep, struct epoll_event *ev, int n, int ms)
{
	REAL(epoll_wait);
	FAIL(C_EPOLL_WAIT);
	return real(ep, ev, n, ms);
}
int epoll_ctl(int ep, int op, int fd, struct epoll_event *ev)
{
	REAL(epoll_ctl);
	FAIL(C_EPOLL_CTL);
	return real(ep, op, fd, ev);
}
int poll(struct pollfd *p, nfds_t n, int ms)
{
	REAL(poll);
	FAIL(C_POLL);
	return real(p, n, ms);
}
int select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *tv)
{
	REAL(select);
	FAIL(C_SELECT);
	return real(n, r, w, e, tv);
}
int socket(int d, int t, int p)
{
	REAL(socket);
	FAIL(C_SOCKET);
	return real(d, t, p);
}
