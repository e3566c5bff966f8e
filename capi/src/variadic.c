/* The only C in the product: functions with C variadic arguments, which stable Rust cannot define before 1.99. */
#define _GNU_SOURCE /* strchrnul; on Windows %lld and %zu */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef _WIN32
#include <winsock2.h>
/* What a DLL exports its .def file says. */
#define EXPORT
#define HIDDEN
typedef intptr_t sock_t;
#define SOCKET_ERRNO() WSAGetLastError()
#else
#define EXPORT __attribute__((visibility("default")))
/* Rust functions that this file alone calls: declared so, they are not exported. */
#define HIDDEN __attribute__((visibility("hidden")))
typedef int sock_t;
#define SOCKET_ERRNO() errno
#endif
#ifdef _MSC_VER
#define NORETURN __declspec(noreturn)
#define FMT(a, b)
#elif defined(__MINGW32__)
#define NORETURN __attribute__((noreturn))
#define FMT(a, b) __attribute__((format(gnu_printf, a, b)))
#else
#define NORETURN __attribute__((noreturn))
#define FMT(a, b) __attribute__((format(printf, a, b)))
#endif

#ifndef __GLIBC__
/* Where the first C in S is, or its end. */
static const char *find(const char *s, char c)
{
	while (*s && *s != c)
		s++;
	return s;
}
#define strchrnul find
#endif

/* Always terminates; returns what the whole text needs, or -1. */
EXPORT FMT(3, 0) int evutil_vsnprintf(char *buf, size_t buflen, const char *format, va_list ap)
{
	int r;
	if (!buflen)
		return 0;
	r = vsnprintf(buf, buflen, format, ap);
	buf[buflen - 1] = '\0';
	return r;
}

EXPORT FMT(3, 4) int evutil_snprintf(char *buf, size_t buflen, const char *format, ...)
{
	va_list ap;
	int r;
	va_start(ap, format);
	r = evutil_vsnprintf(buf, buflen, format, ap);
	va_end(ap);
	return r;
}

struct evbuffer;
/* In buffer.rs: lets the function write into the buffer's room, a second time if that was too small. */
HIDDEN int evbuffer_add_formatted_(struct evbuffer *buf, int (*format)(char *, size_t, void *), void *ctx);

struct text {
	const char *format;
	va_list ap;
};

/* The two digits of each number below 100. */
static const char pairs[] =
	"00010203040506070809101112131415161718192021222324"
	"25262728293031323334353637383940414243444546474849"
	"50515253545556575859606162636465666768697071727374"
	"75767778798081828384858687888990919293949596979899";
/* Where a number, written to end at END, begins. */
static char *decimal(char *end, unsigned long long n)
{
	for (; n > UINT_MAX; n /= 100)
		memcpy(end -= 2, pairs + n % 100 * 2, 2);
	unsigned u = (unsigned)n;
	for (; u >= 100; u /= 100)
		memcpy(end -= 2, pairs + u % 100 * 2, 2);
	if (u >= 10)
		return memcpy(end - 2, pairs + u * 2, 2);
	*--end = (char)('0' + u);
	return end;
}
static char *hex(char *end, unsigned long long n)
{
	do {
		*--end = "0123456789abcdef"[n & 15];
	} while (n >>= 4);
	return end;
}

/* memcpy, without a call for few bytes: the first and the last ones, which may overlap. */
static inline void copy(char *to, const char *from, size_t len)
{
	char first[8], last[8];
	if (len > 16) {
		memcpy(to, from, len);
	} else if (len >= 8) {
		memcpy(first, from, 8);
		memcpy(last, from + len - 8, 8);
		memcpy(to, first, 8);
		memcpy(to + len - 8, last, 8);
	} else if (len >= 4) {
		memcpy(first, from, 4);
		memcpy(last, from + len - 4, 4);
		memcpy(to, first, 4);
		memcpy(to + len - 4, last, 4);
	} else if (len) {
		to[0] = from[0];
		to[len / 2] = from[len / 2];
		to[len - 1] = from[len - 1];
	}
}

/* More than the longest number has characters. */
#define NUMBER 24

/* What protocols write: plain %s %.*s %c %d %i %u %x with l, ll or z, and %%. Returns the length, or -1 for anything
 * else and for what does not fit, to be left to the C library. */
static int write_simple(char *const to, size_t room, const char *f, va_list ap)
{
	/* Text that fits ends before the last place, which the NUL needs: programs read it where it is. */
	char *at = to, *const last = to + (room < INT_MAX ? room : INT_MAX) - 1;
	if (!room)
		return -1;
	for (;;) {
		char digits[2 * NUMBER], *const end = digits + NUMBER, *number, c;
		const char *string = f;
		size_t len;
		int longs = 0, precision = -1;
		f = strchrnul(f, '%');
		len = (size_t)(f - string);
		if (len > (size_t)(last - at))
			return -1;
		copy(at, string, len);
		at += len;
		if (!*f) {
			*at = '\0';
			return (int)(at - to);
		}
		if (f[1] == '.' && f[2] == '*' && f[3] == 's') {
			precision = va_arg(ap, int);
			f += 2;
		}
		for (c = *++f; c == 'l'; c = *++f)
			longs++;
		if (c == 'z' && !longs) {
			longs = sizeof(size_t) == sizeof(long) ? 1 : 2;
			c = *++f;
		}
		f++;
		switch (c) {
		case 's':
			string = va_arg(ap, const char *);
			if (!string || longs)
				return -1;
			len = precision < 0 ? strlen(string) : strnlen(string, (size_t)precision);
			if (len > (size_t)(last - at))
				return -1;
			copy(at, string, len);
			at += len;
			continue;
		case 'd':
		case 'i': {
			long long d = longs > 1 ? va_arg(ap, long long) : longs ? va_arg(ap, long) : va_arg(ap, int);
			number = decimal(end, d < 0 ? 0ULL - (unsigned long long)d : (unsigned long long)d);
			if (d < 0)
				*--number = '-';
			break;
		}
		case 'u':
		case 'x': {
			unsigned long long u = longs > 1 ? va_arg(ap, unsigned long long)
			    : longs ? va_arg(ap, unsigned long) : va_arg(ap, unsigned int);
			number = c == 'u' ? decimal(end, u) : hex(end, u);
			break;
		}
		case 'c':
			*(number = end - 1) = (char)va_arg(ap, int);
			break;
		case '%':
			*(number = end - 1) = '%';
			break;
		default:
			return -1;
		}
		if (longs > 2 || (longs && (c == 'c' || c == '%')) || last - at < NUMBER)
			return -1;
		/* A copy of fixed size is two moves. */
		memcpy(at, number, NUMBER);
		at += end - number;
	}
}

static int write_text(char *to, size_t room, void *ctx)
{
	struct text *t = ctx;
	va_list ap;
	int r;
	if (!t->format) {
		errno = EINVAL;
		return -1;
	}
	va_copy(ap, t->ap);
	r = write_simple(to, room, t->format, ap);
	va_end(ap);
	if (r >= 0)
		return r;
	va_copy(ap, t->ap);
	r = vsnprintf(to, room, t->format, ap);
	va_end(ap);
	return r;
}

EXPORT FMT(2, 0) int evbuffer_add_vprintf(struct evbuffer *buf, const char *fmt, va_list ap)
{
	struct text t;
	int r;
	t.format = fmt;
	va_copy(t.ap, ap);
	r = evbuffer_add_formatted_(buf, write_text, &t);
	va_end(t.ap);
	return r;
}

EXPORT FMT(2, 3) int evbuffer_add_printf(struct evbuffer *buf, const char *fmt, ...)
{
	struct text t;
	int r;
	t.format = fmt;
	va_start(t.ap, fmt);
	r = evbuffer_add_formatted_(buf, write_text, &t);
	va_end(t.ap);
	return r;
}

/* The log. Both ends are in internal.rs. */
HIDDEN void oxievent_log_line_(int severity, int errnum, const char *line);
HIDDEN NORETURN void oxievent_fatal_(int code);
enum { SEV_DEBUG, SEV_MSG, SEV_WARN, SEV_ERR, NO_ERRNO = -1 };

static FMT(3, 0) void log_line(int severity, int errnum, const char *fmt, va_list ap)
{
	char line[1024];
	if (!fmt || vsnprintf(line, sizeof(line), fmt, ap) < 0)
		line[0] = '\0';
	oxievent_log_line_(severity, errnum, line);
}
/* The arguments of the calling function from FMT on. */
#define LOG(severity, errnum, fmt) \
	do { \
		va_list ap; \
		va_start(ap, fmt); \
		log_line((severity), (errnum), (fmt), ap); \
		va_end(ap); \
	} while (0)

EXPORT NORETURN FMT(2, 3) void event_err(int status, const char *fmt, ...)
{
	int errnum = errno;
	LOG(SEV_ERR, errnum, fmt);
	oxievent_fatal_(status);
}
EXPORT NORETURN FMT(2, 3) void event_errx(int status, const char *fmt, ...)
{
	LOG(SEV_ERR, NO_ERRNO, fmt);
	oxievent_fatal_(status);
}
EXPORT NORETURN FMT(3, 4) void event_sock_err(int status, sock_t sock, const char *fmt, ...)
{
	int errnum = SOCKET_ERRNO();
	(void)sock;
	LOG(SEV_ERR, errnum, fmt);
	oxievent_fatal_(status);
}
EXPORT FMT(1, 2) void event_warn(const char *fmt, ...)
{
	int errnum = errno;
	LOG(SEV_WARN, errnum, fmt);
}
EXPORT FMT(1, 2) void event_warnx(const char *fmt, ...)
{
	LOG(SEV_WARN, NO_ERRNO, fmt);
}
EXPORT FMT(2, 3) void event_sock_warn(sock_t sock, const char *fmt, ...)
{
	int errnum = SOCKET_ERRNO();
	(void)sock;
	LOG(SEV_WARN, errnum, fmt);
}
EXPORT FMT(1, 2) void event_msgx(const char *fmt, ...)
{
	LOG(SEV_MSG, NO_ERRNO, fmt);
}
/* Formatted even when debug logging is off: the caller has asked before, the Rust side asks again. */
EXPORT FMT(1, 2) void event_debugx_(const char *fmt, ...)
{
	LOG(SEV_DEBUG, NO_ERRNO, fmt);
}
